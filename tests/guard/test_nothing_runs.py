"""Data are data: nothing in a file is executed, nothing is downloaded unchecked, nothing reaches a shell."""

from __future__ import annotations

import ast
import gzip
import hashlib
import importlib.util
import io
import pickle
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import torch

import gan_repro
from gan_repro import data
from gan_repro.data import mnist, mnist_labels, mnist_sources
from gan_repro.data.__main__ import main as data_main
from gan_repro.data.fetch import downloads, pickles
from gan_repro.data.fetch.sources import Files, SourceFailed
from gan_repro.parzen.__main__ import main as parzen_main
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.store import RecordStore
from tests.factories.records import record
from tests.guard.oracle import cases, status_of
from tests.guard.test_checkpoints import laid_out, spec_of

GOOD = np.random.default_rng(0).random((120, 64), dtype=np.float32)


class Canary:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.trace,)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    """One that is known to sing; the test fails if it has sung again by the end."""
    canary = Canary(tmp_path / "it ran")
    pickle.loads(pickle.dumps(canary))
    assert canary.trace.exists(), "the pickle is harmless, so the test would prove nothing"
    canary.trace.unlink()
    yield canary
    assert not canary.trace.exists(), "code out of a data file was executed"


def objects(canary: Canary) -> np.ndarray:
    return np.array([[canary] * 64] * 120, dtype=object)


def second_member(path: Path, canary: Canary) -> None:
    """A sound torch.save whose pickle is exchanged for another, checksums and all."""
    torch.save({"samples": torch.from_numpy(GOOD)}, path)
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, content in members.items():
            new.writestr(name, pickle.dumps(canary) if name.endswith("data.pkl") else content)


def pickle_in_hdf5(path: Path, canary: Canary) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file["samples"] = np.void(pickle.dumps(canary))


SAMPLES: dict[str, tuple[str, Callable[[Path, Canary], object]]] = {
    "an array of objects": (".npy", lambda path, canary: np.save(path, objects(canary))),
    "a column of objects": (
        ".npy",
        lambda path, canary: np.save(path, np.array([(canary, 1)] * 120, [("a", "O"), ("b", "f4")])),
    ),
    "a pickle": (".npy", lambda path, canary: path.write_bytes(pickle.dumps(canary))),
    "an archive of objects": (".npz", lambda path, canary: np.savez(path, samples=objects(canary))),
    "an object beside an array": (
        ".npz",
        lambda path, canary: np.savez(path, samples=objects(canary), other=GOOD),
    ),
    "a pickle of an archive": (".npz", lambda path, canary: path.write_bytes(pickle.dumps(canary))),
    "a tensor and an object": (
        ".pt",
        lambda path, canary: torch.save({"samples": torch.from_numpy(GOOD), "x": canary}, path),
    ),
    "an object": (".pt", lambda path, canary: torch.save(canary, path)),
    "an object, before zip": (
        ".pt",
        lambda path, canary: torch.save(canary, path, _use_new_zipfile_serialization=False),
    ),
    "a pickle of a tensor": (".pt", lambda path, canary: path.write_bytes(pickle.dumps(canary))),
    "objects in an array of torch's": (".pth", lambda path, canary: torch.save(objects(canary), path)),
    "objects in an array, before zip": (
        ".pth",
        lambda path, canary: torch.save(objects(canary), path, _use_new_zipfile_serialization=False),
    ),
    "a pickle of a table": (".csv", lambda path, canary: path.write_bytes(pickle.dumps(canary))),
    "a pickle of MATLAB's": (".mat", lambda path, canary: path.write_bytes(pickle.dumps(canary))),
    "a pickle of HDF5": (".h5", lambda path, canary: path.write_bytes(pickle.dumps(canary))),
    "a pickle inside HDF5": (".h5", pickle_in_hdf5),
    "an exchanged pickle": (".pt", second_member),
}


@cases(SAMPLES)
@pytest.mark.usefixtures("fast_digits")
def test_code_in_samples_does_not_run(
    case: tuple[str, Callable[[Path, Canary], object]],
    canary: Canary,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    suffix, write = case
    path = tmp_path / f"samples{suffix}"
    write(path, canary)
    assert status_of(parzen_main, [str(path), "--dataset", "digits", "--device", "cpu"]) == 2
    assert str(path) in capsys.readouterr().err


CHECKPOINTS: dict[str, Callable[[Path, Canary], object]] = {
    "a pickle": lambda path, canary: path.write_bytes(pickle.dumps(canary)),
    "an object": lambda path, canary: torch.save(canary, path),
    "an object, before zip": lambda path, canary: torch.save(
        canary, path, _use_new_zipfile_serialization=False
    ),
    "an object in the watch": lambda path, canary: torch.save({"watch": canary, "model": {}}, path),
    "an object in the model": lambda path, canary: torch.save({"watch": {}, "model": canary}, path),
    "an exchanged pickle": second_member,
}


@cases(CHECKPOINTS)
def test_code_in_a_checkpoint_does_not_run(
    case: Callable[[Path, Canary], object],
    canary: Canary,
    digits: data.Dataset,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spec = spec_of(digits, 1)

    class Empty:
        checkpoint = b""

    Empty.spec = spec  # type: ignore[attr-defined]
    case(laid_out(tmp_path, Empty), canary)  # type: ignore[arg-type]
    assert run(spec, RunOptions(results=tmp_path, progress_position=None, device="cpu")).status == "done"
    assert "set aside as" in capsys.readouterr().err


CACHES: dict[str, Callable[[Canary], bytes]] = {
    "a pickle": pickle.dumps,
    "a packed pickle": lambda canary: gzip.compress(pickle.dumps(canary)),
    "a pickle among arrays": lambda canary: pickle.dumps(((GOOD, GOOD), (canary, GOOD), (GOOD, GOOD))),
}


@cases({f"{place}: {name}": (place, make) for place in ("own", "cache") for name, make in CACHES.items()})
def test_code_in_a_data_file_does_not_run(
    case: tuple[str, Callable[[Canary], bytes]], canary: Canary, tiny: Files, cache: Path, tmp_path: Path
) -> None:
    place, make = case
    folder = cache if place == "cache" else tmp_path / "own"
    folder.mkdir(parents=True)
    for name in tiny:
        (folder / name).write_bytes(make(canary))
        (folder / f"{name}.gz").write_bytes(make(canary))
    arguments = ["fetch", "mnist"] + (["--root", str(folder)] if place == "own" else [])
    assert status_of(data_main, arguments) == 1


def test_code_in_the_pickle_of_mnist_does_not_run(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(pickle.dumps(((canary, 0), (GOOD, 0), (GOOD, 0))))
    with pytest.raises(SourceFailed, match="SHA-256"):
        mnist_sources.files_of_pickle(mnist.pair(), packed)
    # Nor would it if its digest were the one known.
    monkeypatch.setattr(mnist_sources, "PICKLE_SHA256", hashlib.sha256(packed).hexdigest())
    with pytest.raises(SourceFailed, match="which no array needs"):
        mnist_sources.files_of_pickle(mnist.pair(), packed)


PICKLES: dict[str, bytes] = {
    "os.system": b"cos\nsystem\n(S'true'\ntR.",
    "a builtin": b"cbuiltins\neval\n(S'1'\ntR.",
    "a builtin of Python 2": b"c__builtin__\neval\n(S'1'\ntR.",
    "numpy.load": b"cnumpy\nload\n(S'x'\ntR.",
    "an attribute of an allowed name": b"\x80\x04\x8c\x05numpy\x8c\x0bndarray.sum\x93.",
    "an extension": b"\x80\x02\x82\x01.",
    "a persistent name": b"Pfile\n.",
    "a name that is no text": b"\x80\x04K\x01K\x02\x93.",
    "a call of a number": b"K\x01)R.",
}


@cases({f"pickle: {name}": content for name, content in PICKLES.items()})
def test_a_pickle_that_names_anything_but_arrays_is_refused(case: bytes) -> None:
    with pytest.raises(ValueError, match="refused"):
        pickles.load_arrays(io.BytesIO(case))


def test_code_in_a_mat_file_does_not_run(canary: Canary, tmp_path: Path) -> None:
    if importlib.util.find_spec("gan_repro.data.faces.tfd") is None:
        pytest.skip("there is no reader of .mat files")
    root = tmp_path / "own"
    for folder in (root, root / "tfd"):
        folder.mkdir()
        for name in ("TFD_48x48.mat", "tfd_48x48.mat"):
            (folder / name).write_bytes(pickle.dumps(canary))
    assert status_of(data_main, ["verify", "tfd", "--root", str(root)]) in (1, 2)
    assert status_of(data_main, ["fetch", "tfd", "--root", str(root)]) in (1, 2)


def test_a_record_that_names_code_is_text(canary: Canary, tmp_path: Path) -> None:
    """Deviations, reasons and cuts are strings from top to bottom; they reach tables as such."""
    code = f"__import__('pathlib').Path({str(canary.trace)!r}).touch()"
    hostile = record(status="error", reason=code)
    store = RecordStore(tmp_path)
    store.write(hostile)
    assert store.read(hostile.spec) == hostile


SHA256 = f"sha256:{hashlib.sha256(b'x').hexdigest()}"
UNCHECKED: dict[str, tuple[str, Any]] = {
    "plain http": ("http://example.org/file", SHA256),
    "ftp": ("ftp://example.org/file", SHA256),
    "a file": ("file:///etc/hostname", SHA256),
    "http in capitals": ("HTTP://example.org/file", SHA256),
    "no scheme": ("example.org/file", SHA256),
    "a line before the scheme": ("\nhttps://example.org/file", SHA256),
    "no hash": ("https://example.org/file", None),
    "an empty hash": ("https://example.org/file", ""),
    "a hash without its kind": ("https://example.org/file", SHA256.removeprefix("sha256:")),
    "a hash cut short": ("https://example.org/file", SHA256[:-1]),
    "a hash of an unknown kind": ("https://example.org/file", "crc32:00000000"),
}


@cases({f"download: {name}": case for name, case in UNCHECKED.items()})
def test_nothing_is_asked_for_in_the_open_or_unchecked(
    case: tuple[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "get", None)
    with pytest.raises(ValueError, match=r"https only|checked by a hash"):
        downloads.https(*case, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_download_without_end_is_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            self.given += 1024
            return bytes(1024)

    endless = Endless()

    def get(url: str, **options: object) -> requests.Response:
        response = requests.Response()
        response.status_code, response.raw = 200, endless
        return response

    monkeypatch.setattr(requests, "get", get)
    monkeypatch.setattr(downloads, "LARGEST", 100_000)
    with pytest.raises(SourceFailed, match="sends more than 100,000 bytes"):
        downloads.https("https://example.org/file", SHA256, tmp_path)
    assert endless.given < 200_000


def test_mnist_comes_over_https_and_every_file_of_it_has_a_hash() -> None:
    assert all(mirror.startswith("https://") for mirror in mnist_sources.MIRRORS)
    for pair in (mnist.pair(), mnist_labels.pair()):
        assert pair.gz_hashes.keys() == {pair.train.name, pair.test.name}
    packages = (mnist_sources.WHEEL_SHA256, mnist_sources.TARBALL_SHA256, mnist_sources.PICKLE_SHA256)
    hashes = (*packages, mnist.TRAIN.sha256, mnist_labels.TRAIN.sha256)
    assert all(len(digest) == 64 for digest in hashes)


# --- what the code itself may say -------------------------------------------------------------------------

SOURCES = sorted(Path(gan_repro.__file__).parent.rglob("*.py"))
MODULE_OF_PLUGINS = "gan_repro/util/plugins.py"
MODULE_OF_PICKLES = "gan_repro/data/fetch/pickles.py"
MODULE_OF_WRITING = "gan_repro/util/files.py"
SCRATCH = {"gan_repro/data/fetch/downloads.py": "into a scratch folder that is removed"}
"""Modules that write elsewhere than through `files.atomic_write`, and where."""


MODE = re.compile(r"[rwaxbtU+]+([|:].*)?")
WRITES_INTO = {
    "numpy.save": 0, "numpy.savez": 0, "numpy.savez_compressed": 0, "numpy.savetxt": 0, "savefig": 0,
    "to_csv": 0, "to_json": 0, "json.dump": 1, "torch.save": 1,
}  # fmt: skip
"""Functions and methods that write, and which argument says into what."""
WRITES_A_FILE = (
    "write_text", "write_bytes", "write_image", "write_html", "tofile", "mkstemp", "fdopen",
    "save_file", "save_model", "copyfile", "copy2", "copytree",
)  # fmt: skip


def called(source: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a module, with the full name of what is called, however the module imports it."""
    tree = ast.parse(source)
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, dot, rest = ast.unparse(node.func).partition(".")
            yield names.get(first, first) + dot + rest, node


def keyword(call: ast.Call, name: str) -> object:
    return next((ast.unparse(entry.value) for entry in call.keywords if entry.arg == name), None)


def executes(function: str, call: ast.Call) -> bool:
    """Whether a call may run what it reads."""
    last = function.rpartition(".")[2]
    if function.startswith("subprocess.") and "(" not in function:
        # A list, never a string.
        return keyword(call, "shell") not in (None, "False") or not isinstance(
            call.args[0], ast.List | ast.Name
        )
    if function == "torch.load":
        return keyword(call, "weights_only") != "True"
    if function == "numpy.load":
        return keyword(call, "allow_pickle") != "False"
    return (
        function in ("eval", "exec", "compile", "__import__", "joblib.load")
        or function.startswith(("os.system", "os.popen", "os.exec", "os.spawn", "marshal.", "pickle."))
        or function.startswith(("shelve.", "dill.", "cloudpickle."))
        or keyword(call, "shell") not in (None, "False")
        # Archives are read in memory.
        or last in ("read_pickle", "extractall", "extract", "unpack_archive")
    )


def writes(function: str, call: ast.Call) -> bool:
    """Whether a call may write a file other than into what `atomic_write` gives, or into memory."""
    last = function.rpartition(".")[2]
    place = WRITES_INTO.get(function, WRITES_INTO.get(last))
    if place is not None:
        named = [entry.value for entry in call.keywords if entry.arg in ("file", "f", "fp", "path_or_buf")]
        into = [ast.unparse(argument) for argument in [*call.args[place : place + 1], *named]]
        return any(name not in ("file", "buffer") for name in into)
    if function == "os.open":
        return ast.unparse(call.args[0]) != "os.devnull"
    if last in ("open", "ZipFile", "TarFile", "GzipFile", "File"):
        # The mode is the first argument of a path's `open`, and the second one of all others.
        modes = [*call.args[1:2], *(entry.value for entry in call.keywords if entry.arg == "mode")]
        texts = [given.value for given in [*call.args[:1], *modes] if isinstance(given, ast.Constant)]
        return not all(isinstance(mode, ast.Constant) for mode in modes) or any(
            MODE.fullmatch(str(text)) and set(re.split(r"[|:]", str(text))[0]) & set("wax+") for text in texts
        )
    return last in WRITES_A_FILE


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(SOURCES[0].parent)) for path in SOURCES])
def test_no_module_can_execute_what_it_reads(path: Path) -> None:
    name = path.relative_to(Path(gan_repro.__file__).parents[1]).as_posix()
    # A file that the user names with --plugin is a program, and no data.
    allowed = {MODULE_OF_PLUGINS: ("exec", "compile"), MODULE_OF_PICKLES: ("pickle.UnpicklingError",)}
    for function, call in called(path.read_text(encoding="utf-8")):
        assert function in allowed.get(name, ()) or not executes(function, call), f"{name}:{call.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(SOURCES[0].parent)) for path in SOURCES])
def test_only_atomic_write_writes(path: Path) -> None:
    """A file that is opened for writing in any other way could be left half-written."""
    name = path.relative_to(Path(gan_repro.__file__).parents[1]).as_posix()
    if name == MODULE_OF_WRITING or name in SCRATCH:
        return
    for function, call in called(path.read_text(encoding="utf-8")):
        assert not writes(function, call), f"{name}:{call.lineno}: {function}"


EXECUTES = """
exec(text)
import numpy as np; np.load(path)
import numpy; numpy.load(path, allow_pickle=True)
from numpy import load; load(path)
import torch; torch.load(path)
from torch import load as read; read(path, weights_only=False)
from pickle import loads; loads(text)
from os import system; system(text)
pandas.read_pickle(path)
archive.extractall(folder)
import subprocess; subprocess.run('ls')
from subprocess import run; run(command, shell=True)
""".strip().splitlines()
WRITES = """
open(path, 'w')
open(path, mode='ab')
open(path, mode)
path.open('w')
path.open('r+')
path.open(mode='x')
path.write_text(text)
gzip.open(path, 'wt')
tarfile.open(path, 'w|gz')
tarfile.open(path, 'w:gz')
zipfile.ZipFile(path, 'w')
h5py.File(path, 'a')
figure.savefig(path)
frame.to_csv(path)
frame.to_csv(path_or_buf=path)
import numpy as np; np.save(path, x)
from numpy import savez; savez(path, x=x)
import torch; torch.save(x, path)
import json; json.dump(x, other)
from safetensors.torch import save_file; save_file(x, path)
os.open(path, os.O_WRONLY)
""".strip().splitlines()
HARMLESS = """
import numpy as np; np.load(file, allow_pickle=False)
from torch import load; load(file, weights_only=True)
from safetensors.torch import load; load(content)
from re import compile; compile(text)
import subprocess; subprocess.run(['ls'])
open(path)
path.open()
path.open('rb')
archive.open(member)
tarfile.open(path, mode='r|gz')
zipfile.ZipFile(file)
Image.open(path, formats=FORMATS)
figure.savefig(file)
figure.to_json()
frame.to_csv(buffer, index=False)
import torch; torch.save(x, buffer)
import json; json.dump(x, file)
os.open(os.devnull, os.O_WRONLY)
""".strip().splitlines()


@pytest.mark.parametrize("source", [*EXECUTES, *WRITES, *HARMLESS])
def test_what_the_two_rules_above_find_in_a_line(source: str) -> None:
    calls = list(called(source))
    assert any(executes(*call) for call in calls) == (source in EXECUTES)
    assert any(writes(*call) for call in calls) == (source in WRITES)
