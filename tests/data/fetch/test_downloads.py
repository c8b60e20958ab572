from __future__ import annotations

import hashlib
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from gan_repro.data.fetch import downloads
from gan_repro.data.fetch.sources import SourceFailed

URL = "https://example.org/file.gz"
CONTENT = b"what was asked for"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MakeClient = Callable[[str], Path]

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins for pip and npm are shell scripts")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A web that holds one file; the list it returns fills with the options of each request."""
    asked: list[dict[str, Any]] = []

    def get(url: str, **options: Any) -> requests.Response:
        asked.append(options)
        response = requests.Response()
        response.url, response.status_code = url, 200 if url == URL else 404
        response.raw = io.BytesIO(CONTENT)
        return response

    monkeypatch.setattr(requests, "get", get)
    return asked


@pytest.fixture
def make_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeClient:
    """Makes a shell script take the place of both pip (as this interpreter) and npm."""

    def make(script: str) -> Path:
        client = tmp_path / "bin" / "npm"
        client.parent.mkdir()
        client.write_text(f"#!/bin/sh\n{script}\n")
        client.chmod(0o755)
        monkeypatch.setenv("PATH", f"{client.parent}:/usr/bin:/bin")
        monkeypatch.setattr(sys, "executable", str(client))
        return client

    return make


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def test_https_gives_the_file(answer: list[dict[str, Any]], scratch: Path) -> None:
    assert downloads.https(URL, f"sha256:{SHA256}", scratch).read_bytes() == CONTENT
    assert answer[0]["timeout"] == (4, 30)
    assert answer[0]["allow_redirects"] is False


def test_https_refuses_other_bytes(answer: list[dict[str, Any]], scratch: Path) -> None:
    with pytest.raises(SourceFailed, match="not the file expected"):
        downloads.https(URL, "md5:00000000000000000000000000000000", scratch)
    assert not list(scratch.iterdir())


def test_a_large_file_is_not_taken_past_its_size(
    answer: list[dict[str, Any]], scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "CHUNK", 4)
    content = CONTENT * 100
    monkeypatch.setattr(sys.modules[__name__], "CONTENT", content)
    known = f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert downloads.https(URL, known, scratch, size=len(content)).read_bytes() == content
    (tmp,) = scratch.iterdir()
    tmp.unlink()
    with pytest.raises(SourceFailed, match=r"file\.gz is larger than the 1,000 bytes"):
        downloads.https(URL, known, scratch, size=1000)
    assert not list(scratch.iterdir())


def test_https_names_an_error_status(answer: list[dict[str, Any]], scratch: Path) -> None:
    with pytest.raises(SourceFailed, match=r"https://example\.org/other answered 404"):
        downloads.https("https://example.org/other", f"sha256:{SHA256}", scratch)


def test_https_names_a_dead_line_in_a_few_words(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def get(*_: Any, **__: Any) -> None:
        raise requests.ConnectionError("pages of it (Caused by NameResolutionError('more pages'))")

    monkeypatch.setattr(requests, "get", get)
    with pytest.raises(SourceFailed, match=r"^cannot be reached \(NameResolutionError\)$"):
        downloads.https(URL, f"sha256:{SHA256}", scratch)


@pytest.mark.parametrize("url", ["http://example.org/file", "ftp://example.org/file", "file:///etc/passwd"])
def test_nothing_but_https_is_downloaded(url: str, scratch: Path) -> None:
    with pytest.raises(ValueError, match="https only"):
        downloads.https(url, f"sha256:{SHA256}", scratch)


PACKAGES = [(downloads.pip_wheel, "a.whl", "pip download"), (downloads.npm_tarball, "a.tgz", "pack a@1")]


@posix
@pytest.mark.parametrize(("fetch", "name", "words"), PACKAGES)
def test_a_package_client_gives_the_file(
    fetch: Callable[..., Path], name: str, words: str, make_client: MakeClient, scratch: Path
) -> None:
    make_client(f"echo \"$@\" > arguments; printf '{CONTENT.decode()}' > {name}")
    assert fetch("a", "1", SHA256, scratch).read_bytes() == CONTENT
    assert words in (scratch / "arguments").read_text()


@posix
@pytest.mark.parametrize(("fetch", "name", "words"), PACKAGES)
def test_a_package_with_other_bytes_is_refused(
    fetch: Callable[..., Path], name: str, words: str, make_client: MakeClient, scratch: Path
) -> None:
    make_client(f"echo other > {name}")
    with pytest.raises(SourceFailed, match=f"{name} has SHA-256 .* expected {SHA256}"):
        fetch("a", "1", SHA256, scratch)


@posix
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            "echo 'ERROR: first'; echo 'ERROR: no such package' >&2; echo done; exit 1",
            "ERROR: no such package",
        ),
        (
            "echo 'WARNING: Retrying (Retry(total=0))'; echo 'ERROR: nothing found'; exit 1",
            r"nothing found \(the index cannot",
        ),
        (
            "echo npm error code E404; echo npm error 404 not there; echo npm error log; exit 1",
            "404 not there",
        ),
        ("echo No module named pip; exit 1", "No module named pip"),
        ("exit 3", "exit code 3"),
        ("exit 0", "left 0 files"),
        ("touch a.whl b.whl", "left 2 files"),
    ],
)
def test_why_a_package_client_failed_is_said(
    script: str, reason: str, make_client: MakeClient, scratch: Path
) -> None:
    make_client(script)
    with pytest.raises(SourceFailed, match=reason):
        downloads.pip_wheel("a", "1", SHA256, scratch)


@posix
def test_a_package_client_that_hangs_is_stopped(
    make_client: MakeClient, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The sleeping grandchild keeps the output open after its parent is gone.
    make_client("sleep 60; echo late")
    monkeypatch.setattr(downloads, "CLIENT_SECONDS", 0.1)
    with pytest.raises(SourceFailed, match=r"did not finish within 0\.1 seconds"):
        downloads.npm_tarball("a", "1", SHA256, scratch)


@posix
def test_a_large_package_is_given_time_and_a_cache_of_its_own(
    make_client: MakeClient, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_client(f"echo \"$@\" > arguments; sleep 0.3; printf '{CONTENT.decode()}' > a.tgz")
    monkeypatch.setattr(downloads, "CLIENT_SECONDS", 0.1)
    monkeypatch.setattr(downloads, "SLOWEST_LINE", 0.1)
    assert downloads.npm_tarball("a", "1", SHA256, scratch, size=100).read_bytes() == CONTENT
    assert f"--cache {scratch / 'cache'}" in (scratch / "arguments").read_text()


@posix
def test_a_package_that_does_not_end_is_stopped(
    make_client: MakeClient, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_client("mkdir cache; head -c 5000000 /dev/zero > cache/tmp; sleep 600")
    start = time.monotonic()
    with pytest.raises(SourceFailed, match="a is larger than the 1,000 bytes"):
        downloads.npm_tarball("a", "1", SHA256, scratch, size=1000)
    assert time.monotonic() - start < 600, "it was waited for"


def test_missing_clients_are_a_reason(scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceFailed, match="npm is not installed"):
        downloads.npm_tarball("a", "1", SHA256, scratch)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(SourceFailed, match="python cannot be run: No such file"):
        downloads.pip_wheel("a", "1", SHA256, scratch)
