"""The commands as processes: closed pipes, full disks, terminals and names of another alphabet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.guard.oracle import sentence_of

DATA = "gan_repro.data"


def start(module: str, *arguments: str | bytes, **options: Any) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **options.pop("environment", {})}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([sys.executable, "-m", module, *arguments], env=environment, **options)


def end(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=900)
    return process.returncode, (out or b"").decode(), err.decode()


def test_a_reader_who_goes_away_is_no_reason_for_a_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        status, _, err = end(start(DATA, "list", stdout=closed))
    assert (status, err) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_output_that_does_not_fit_is_one_sentence() -> None:
    with open("/dev/full", "wb") as full:
        status, _, err = end(start(DATA, "list", stdout=full))
    assert status == 2
    assert "No space left on device" in sentence_of(err)


def test_a_terminal_of_few_characters_gets_escapes() -> None:
    """Rather than the end of a long training in a UnicodeEncodeError."""
    code = """
import sys
from gan_repro.util.console import command
sys.exit(command(lambda: print("225 \\u00b1 2 \\udcff") or 0)())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, rb"225 \xb1 2 \udcff" + b"\n", b"")


@pytest.mark.parametrize("locale", ["C", "POSIX", "xx_XX.nonsense"])
def test_the_locale_does_not_matter(locale: str, tmp_path: Path) -> None:
    environment = {"LC_ALL": locale, "LANG": locale, "PYTHONUTF8": "0"}
    process = start(
        DATA, "verify", "mnist", "--root", os.fsencode(tmp_path) + b"/\xff\xc3\xa4", environment=environment
    )
    status, out, err = end(process)
    assert status == 1
    assert out.count("missing") == 2
    assert "not complete on this machine" in sentence_of(err)


def test_a_bad_file_is_one_sentence_of_a_real_process(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "samples.npy")
    status, out, err = end(start("gan_repro.parzen", str(tmp_path / "samples.npy"), "--dataset", "digits"))
    assert (status, out) == (2, "")
    assert "not a file" in sentence_of(err)


def test_the_home_of_nobody_is_only_a_folder_that_is_not_there() -> None:
    status, _, err = end(start(DATA, "verify", "mnist", environment={"GAN_REPRO_DATA": "~nobody-here/x"}))
    assert status in (0, 1)
    assert "Traceback" not in err


def test_ctrl_c_while_it_waits_is_exit_130(tmp_path: Path) -> None:
    code = """
import sys, time
from gan_repro.util.console import command

@command
def main():
    print("ready", flush=True)
    time.sleep(60)

sys.exit(main())
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    status, _, err = end(process)
    assert status == 130
    assert "interrupted" in sentence_of(err)
