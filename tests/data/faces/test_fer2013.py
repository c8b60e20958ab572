from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gan_repro import data
from gan_repro.data.__main__ import main
from gan_repro.data.dataset import Pixels
from gan_repro.data.faces import fer2013 as module
from gan_repro.data.faces import layout as faces
from gan_repro.data.fetch import store
from gan_repro.util.files import sha256_of_array

Parts = dict[str, Pixels]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Parts:
    """30 / 11 / 12 images in the place of FER2013's parts."""
    pixels = np.random.default_rng(0).integers(0, 256, (53, 48, 48), np.uint8)
    parts = dict(zip(("train", "valid", "test"), np.split(pixels, [30, 41]), strict=True))
    digests = {part: sha256_of_array(images) for part, images in parts.items()}
    monkeypatch.setattr(module, "PIXELS_SHA256", digests)
    monkeypatch.setattr(module, "FACES_SHA256", module.assemble(parts).sha256)
    return parts


@pytest.mark.fer2013
def test_the_real_faces(fer2013: tuple[data.Dataset, ...]) -> None:
    first = fer2013[0]
    assert sha256_of_array(first.train_pixels) == module.PIXELS_SHA256["train"]
    labelled = np.empty((7066, 2304), np.uint8)
    for fold, dataset in enumerate(fer2013):
        assert dataset.train_pixels is first.train_pixels
        assert dataset.train_pixels.dtype == np.uint8
        assert "reproduces no number of the paper" in dataset.notes[0]
        labelled[fold::5] = dataset.test_pixels
    valid, test = np.split(labelled, [3510])
    assert sha256_of_array(valid) == module.PIXELS_SHA256["valid"]
    assert sha256_of_array(test) == module.PIXELS_SHA256["test"]
    assert [len(dataset.test_pixels) for dataset in fer2013] == [1414, 1413, 1413, 1413, 1413]
    assert first.sha256 == "ab67bdca3de91e6425c94b7e22d8401994865e61e2a536062c5977960750c2f6"


def test_the_folds_are_those_of_the_docstring(tiny: Parts) -> None:
    face_set = module.assemble(tiny)
    labelled = np.concatenate([tiny["valid"], tiny["test"]]).reshape(23, 2304)
    for fold in range(5):
        dataset = face_set.cut(fold)
        np.testing.assert_array_equal(dataset.train_pixels, tiny["train"].reshape(30, 2304))
        np.testing.assert_array_equal(dataset.test_pixels, labelled[fold::5])
        np.testing.assert_array_equal(dataset.valid_pixels, labelled[(fold + 1) % 5 :: 5])


def test_other_pixels_are_refused(tiny: Parts) -> None:
    tiny["test"][0, 0, 0] ^= 1
    with pytest.raises(ValueError, match="the test faces have SHA-256"):
        module.assemble(tiny)


def test_the_rows_of_the_csv_file() -> None:
    rows = module.rows()
    assert {part: len(numbers) for part, numbers in rows.items()} == {
        "train": 26_804,
        "valid": 3_510,
        "test": 3_556,
    }
    everything = np.concatenate(list(rows.values()))
    assert len(np.unique(everything)) == len(everything)
    # The official parts are the rows to 28,708, to 32,297 and to 35,886.
    for part, first, last in (("train", 0, 28_708), ("valid", 28_709, 32_297), ("test", 32_298, 35_886)):
        assert (rows[part].min(), rows[part].max()) == (first, last)


def test_the_file_is_found_in_the_users_folder_and_in_the_cache(tiny: Parts, tmp_path: Path) -> None:
    face_set = module.assemble(tiny)
    faces.write(store.cache_folder("fer2013") / module.FILE_NAME, face_set)
    assert data.load("fer2013", fold=3).sha256 == face_set.cut(3).sha256
    assert data.resolve("faces") == "fer2013"
    assert [check.state for check in module.verify(None)] == ["ok"]
    assert [check.state for check in module.verify(tmp_path / "own")] == ["missing"]
    faces.write(tmp_path / "own" / module.FILE_NAME, face_set)
    assert data.load_folds("fer2013", root=tmp_path / "own")[4].sha256 == face_set.cut(4).sha256


def test_faces_of_another_set_are_not_taken_for_fer2013(tiny: Parts) -> None:
    path = store.cache_folder("fer2013") / module.FILE_NAME
    tiny["train"][0, 0, 0] ^= 1
    images = np.concatenate(list(tiny.values()))
    folds = np.zeros((53, 5), np.uint8)
    folds[30:] = faces.five_folds(np.arange(23) % 5)
    faces.write(path, faces.FaceSet("fer2013", images, folds))
    with pytest.raises(data.DataUnavailable, match=r"not FER2013's .*; delete it and import it again"):
        data.load("fer2013", fold=0)
    assert [check.state for check in module.verify(None)] == ["corrupt"]


def test_without_the_file_the_message_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "fer2013"]) == 1
    assert "run python -m gan_repro.data import-faces" in capsys.readouterr().err
    assert main(["verify", "fer2013"]) == 1
    assert "python -m gan_repro.data import-faces" in capsys.readouterr().err
