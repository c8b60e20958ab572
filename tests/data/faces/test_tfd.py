"""On a made-up file with TFD's layout, whose faces are digits: the true file is given out on request only."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from gan_repro import data
from gan_repro.data.__main__ import main
from gan_repro.data.faces import tfd
from gan_repro.parzen.__main__ import main as score
from tests.factories.tfd_file import MadeUp

Write = Callable[[Path, dict[str, Any]], None]


def write_plain(path: Path, variables: dict[str, Any]) -> None:
    scipy.io.savemat(path, variables)


def write_compressed(path: Path, variables: dict[str, Any]) -> None:
    scipy.io.savemat(path, variables, do_compression=True)


def write_hdf5(path: Path, variables: dict[str, Any]) -> None:
    """As MATLAB does with -v7.3: dimensions in reverse, behind 512 bytes of its own."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in variables.items():
            file[name] = array.T
    with path.open("r+b") as opened:
        opened.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")


WRITERS = {"5": write_plain, "7": write_compressed, "7.3": write_hdf5}


@pytest.fixture(params=WRITERS)
def write(request: pytest.FixtureRequest) -> Write:
    return WRITERS[request.param]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file is looked for, in the folder that GAN_REPRO_DATA names."""
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("GAN_REPRO_DATA", str(tmp_path / "own"))
    return tmp_path / "own" / "TFD_48x48.mat"


def refusal() -> str:
    with pytest.raises(data.DataUnavailable) as caught:
        data.load("tfd", fold=0)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_all_folds_are_read(write: Write, path: Path, made_up: MadeUp) -> None:
    write(path, {**made_up.variables(), "labs_id": np.zeros((200, 1)), "another": np.zeros(3)})
    folds = data.load_folds("tfd")
    assert len(folds) == 5
    for fold, dataset in enumerate(folds):
        assert dataset.train_pixels is folds[0].train_pixels
        assert dataset.sha256 == data.load("tfd", fold=fold).sha256
        for part, code in (("train", 0), ("valid", 2), ("test", 3)):
            expected = made_up.images[made_up.folds[:, fold] == code].reshape(-1, 2304)
            np.testing.assert_array_equal(getattr(dataset, f"{part}_pixels"), expected)
    assert not any("stand-in" in note for note in folds[0].notes)


def test_samples_are_scored_on_each_fold(
    path: Path, made_up: MadeUp, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file's whole way: training images of it stand in for a model's samples."""
    made_up.write(path)
    samples = path.with_name("samples.npy")
    np.save(samples, data.load("tfd", fold=0).train)
    capsys.readouterr()
    scores = []
    for fold in range(5):
        options = ["--dataset", "tfd", "--fold", str(fold), "--json"]
        assert score([str(samples), *options]) == 0
        scores.append(json.loads(capsys.readouterr().out))
    assert len({report["log_likelihood"]["value"] for report in scores}) == 5
    assert {report["dataset"]["n_test"] for report in scores} == {10}


@pytest.mark.parametrize("labels", [{}, {"labs_ex": np.zeros((199, 1))}], ids=["missing", "too few"])
def test_labels_do_not_matter_nor_the_type_of_folds(
    labels: dict[str, Any], write: Write, path: Path, made_up: MadeUp
) -> None:
    write(path, {"images": made_up.images, "folds": made_up.folds.astype(np.float64), **labels})
    np.testing.assert_array_equal(tfd.read(None).folds, made_up.folds)


def test_another_md5_is_told_and_no_more(
    path: Path, made_up: MadeUp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plain(path, made_up.variables())
    data.load("tfd", fold=1)
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    told = capsys.readouterr().err
    assert f"{path} has MD5 {digest}, not 9d113650c197719b750ecc6864faf87c as reported" in told
    assert main(["verify", "tfd"]) == 0
    assert f"ok\t{path}\thas MD5 {digest}" in capsys.readouterr().out
    monkeypatch.setattr(tfd, "MD5", digest)
    data.load("tfd", fold=1)
    assert capsys.readouterr().err == ""


def test_without_the_file_the_message_says_what_to_do(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal()
    assert "TFD_48x48.mat is not on this machine" in message
    assert "given out on request" in message
    assert "GAN_REPRO_DATA" in message
    assert main(["fetch", "tfd"]) == 1
    assert main(["verify", "tfd"]) == 1
    assert "given out on request" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["own/tfd", "own/faces/TFD", "cache/tfd", "root"])
def test_the_other_places(place: str, path: Path, tmp_path: Path, made_up: MadeUp) -> None:
    (tmp_path / place).mkdir(parents=True)
    write_plain(tmp_path / place / path.name, made_up.variables())
    root = tmp_path / place if place == "root" else None
    assert data.resolve("faces", root) == "tfd"
    assert len(data.load_folds("tfd", root=root)) == 5


BAD_VARIABLES: dict[str, tuple[dict[str, Any], str]] = {
    "images missing": ({"images": None}, r"has no variable 'images', but faces, folds, labs_ex"),
    "folds missing": ({"folds": None}, r"has no variable 'folds'"),
    "flat": ({"images": np.zeros((200, 2304), np.uint8)}, r"shape \(n, 48, 48\), not \(200, 2304\)"),
    "96 x 96": ({"images": np.zeros((200, 96, 96), np.uint8)}, "images are 96 x 96 pixels, expected 48 x 48"),
    "four folds": ({"folds": np.zeros((200, 4), np.uint8)}, r"folds must have the shape \(200, 5\)"),
    "rows": ({"folds": np.zeros((199, 5), np.uint8)}, r"folds must have the shape \(200, 5\)"),
    "floats": ({"images": np.zeros((200, 48, 48))}, "holds images as (double|float64), expected bytes"),
    "only one part": ({"folds": np.zeros((200, 5), np.uint8)}, "fold 0 has no valid images"),
}


@pytest.mark.parametrize("case", BAD_VARIABLES)
def test_another_layout_is_one_sentence(case: str, write: Write, path: Path, made_up: MadeUp) -> None:
    changes, message = BAD_VARIABLES[case]
    variables = made_up.variables() | {"faces": np.zeros((2, 2))} | changes
    write(path, {name: array for name, array in variables.items() if array is not None})
    assert re.match(rf"tfd: {re.escape(str(path))} .*{message}", refusal())
    assert [check.state for check in tfd.verify(None)] == ["corrupt"]


def test_a_code_out_of_range_is_named(write: Write, path: Path, made_up: MadeUp) -> None:
    made_up.folds[123, 4] = 7
    write(path, made_up.variables())
    assert "image 123 has the code 7 in fold 4" in refusal()


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.99])
def test_a_file_cut_short_is_one_sentence(share: float, write: Write, path: Path, made_up: MadeUp) -> None:
    write(path, made_up.variables())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "cut short" in refusal()


@pytest.mark.parametrize("content", [b"", b"P", b"no .mat file" * 100, b"\x89HDF\r\n\x1a\n" + bytes(600)])
def test_what_is_no_mat_file_is_one_sentence(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    assert "cannot be read as a .mat file" in refusal()


def test_cells_structs_and_objects_are_refused_unread(
    path: Path, made_up: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scipy.io, "loadmat", lambda *_, **__: pytest.fail("the arrays were read"))
    cell = np.full((2, 2), "text", object)
    for images, kind in ((cell, "cell"), ({"field": 1}, "struct"), ("text", "char")):
        write_plain(path, made_up.variables() | {"images": images})
        assert f"holds 'images' as {kind}, expected an array of numbers" in refusal()


def test_no_variable_is_read_that_is_not_wanted(
    path: Path, made_up: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plain(path, made_up.variables() | {"another": np.zeros(3)})
    loadmat, asked = scipy.io.loadmat, []

    def spy(*arguments: Any, **options: Any) -> Any:
        asked.append(options["variable_names"])
        return loadmat(*arguments, **options)

    monkeypatch.setattr(scipy.io, "loadmat", spy)
    tfd.read(None)
    assert asked == [["images", "folds"]]


def test_absurd_sizes_are_refused_unread(
    write: Write, path: Path, made_up: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, made_up.variables())
    monkeypatch.setattr(scipy.io, "loadmat", lambda *_, **__: pytest.fail("the arrays were read"))
    monkeypatch.setattr("gan_repro.data.faces.layout.MAX_IMAGES", 199)
    assert "there are 200 images, expected 1 to 199" in refusal()
    monkeypatch.setattr(tfd, "MAX_BYTES", 1000)
    assert "more than the 1,000 that are read" in refusal()


def test_a_file_of_version_7_3_without_h5py(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(600))
    monkeypatch.setitem(sys.modules, "h5py", None)
    message = refusal()
    assert "pip install h5py" in message
    assert "-v7" in message


@pytest.mark.parametrize("trick", ["external storage", "external link", "virtual"])
def test_a_file_that_takes_its_pixels_from_another_is_refused(
    trick: str, path: Path, tmp_path: Path, made_up: MadeUp
) -> None:
    h5py = pytest.importorskip("h5py")
    secret = tmp_path / "secret"
    shape = (48, 48, 200)
    with h5py.File(path, "w") as file:
        file["folds"] = made_up.folds.T
        if trick == "external storage":
            secret.write_bytes(bytes(made_up.images.nbytes))
            file.create_dataset("images", shape, np.uint8, external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
        else:
            with h5py.File(secret, "w") as other:
                other["images"] = made_up.images.T
            if trick == "external link":
                file["images"] = h5py.ExternalLink(str(secret), "images")
            else:
                layout = h5py.VirtualLayout(shape, np.uint8)
                layout[:] = h5py.VirtualSource(str(secret), "images", shape)
                file.create_virtual_dataset("images", layout)
    assert "has no variable 'images'" in refusal()
