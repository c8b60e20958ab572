"""What is installed: one version everywhere, locks that agree, and files that builds must hold."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import gan_repro

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONSTRAINTS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
)
LOCK = (ROOT / "requirements.lock").read_text()


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_has_the_constraints_versions_with_hashes() -> None:
    locked = dict(re.findall(r"^([\w.-]+)==(\S+) \\\n    --hash=sha256:[0-9a-f]{64}", LOCK, re.MULTILINE))
    expected = {canonical(name): version for name, version in CONSTRAINTS.items() if name != "torch"}
    assert {canonical(name): version for name, version in locked.items()} == expected


def test_torch_is_the_same_version_wherever_it_is_named() -> None:
    for name in ("README.md", "Dockerfile", "docs/install.md"):
        named = re.findall(r"torch==([\d.]+\d)", (ROOT / name).read_text())
        assert named, name
        assert set(named) == {CONSTRAINTS["torch"]}, name


def test_every_requirement_is_pinned() -> None:
    extras = PROJECT["optional-dependencies"].values()
    for requirement in [*PROJECT["dependencies"], *(each for extra in extras for each in extra)]:
        name = re.match(r"[\w.-]+", requirement)
        assert name
        assert canonical(name[0]) in {canonical(pinned) for pinned in CONSTRAINTS}, requirement


def test_the_metadata_are_complete() -> None:
    assert {
        "authors",
        "classifiers",
        "keywords",
        "urls",
        "readme",
        "license",
        "description",
    } <= PROJECT.keys()
    for minor in (11, 12, 13):
        assert f"Programming Language :: Python :: 3.{minor}" in PROJECT["classifiers"]
        assert f'"3.{minor}"' in (ROOT / ".github/workflows/ci.yml").read_text()
    cff = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (\S+)$", cff, re.MULTILINE)[1] == gan_repro.__version__  # type: ignore[index]


def test_package_data_cover_every_file_that_is_no_python() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    package = ROOT / "gan_repro"
    held = {path for pattern in patterns["gan_repro"] for path in package.glob(pattern)}
    files = {path for path in package.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
    assert files <= held, sorted(str(path) for path in files - held)


def test_the_page_on_installing_names_every_extra() -> None:
    page = (ROOT / "docs" / "install.md").read_text()
    named = set(re.findall(r"^\| `([\w-]+)` \| [^|]+ \|$", page, re.MULTILINE))
    assert set(PROJECT["optional-dependencies"]) <= named
