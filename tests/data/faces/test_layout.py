from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_repro.data.dataset import Pixels, digests
from gan_repro.data.faces import layout as faces
from gan_repro.data.faces import own as own_faces
from gan_repro.data.faces.layout import TEST, TRAIN, UNLABELED, VALID, FaceSet
from tests.factories.tfd_file import MadeUp


def make(made_up: MadeUp, **options: Any) -> FaceSet:
    return FaceSet("made-up", made_up.images, made_up.folds, **options)


def test_a_cut_takes_the_images_with_the_codes(made_up: MadeUp) -> None:
    for fold in range(5):
        dataset = make(made_up, notes=("a note",)).cut(fold)
        codes = made_up.folds[:, fold]
        for part, code in (("train", UNLABELED), ("valid", VALID), ("test", TEST)):
            expected = made_up.images[codes == code].reshape(-1, 2304)
            np.testing.assert_array_equal(getattr(dataset, f"{part}_pixels"), expected)
        assert (dataset.name, dataset.fold, dataset.notes) == ("made-up", fold, ("a note",))
        assert dataset.image_shape == (48, 48)


def test_all_folds_share_one_array_of_unlabeled_images(made_up: MadeUp) -> None:
    face_set = make(made_up)
    trains = [face_set.cut(fold).train_pixels for fold in range(5)]
    assert all(train is trains[0] for train in trains)
    assert not trains[0].flags.writeable, "one fold could change the images of the others"


def test_images_that_folds_share_are_hashed_once(made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    face_set, read = make(made_up), []
    folds = [face_set.cut(fold) for fold in range(5)]
    parts = [fold.train_pixels.tobytes() + fold.valid_pixels.tobytes() for fold in folds]
    whole = [part + fold.test_pixels.tobytes() for part, fold in zip(parts, folds, strict=True)]
    contiguous = np.ascontiguousarray
    monkeypatch.setattr(np, "ascontiguousarray", lambda array: read.append(array) or contiguous(array))
    assert digests(folds) == [hashlib.sha256(content).hexdigest() for content in whole]
    assert sum(array is folds[0].train_pixels for array in read) == 1


def test_where_labelled_images_train_each_fold_has_its_own(made_up: MadeUp) -> None:
    labelled = FaceSet("made-up", made_up.images[150:], made_up.folds[150:], training=TRAIN)
    for fold in range(5):
        expected = made_up.images[made_up.folds[:, fold] == TRAIN].reshape(-1, 2304)
        np.testing.assert_array_equal(labelled.cut(fold).train_pixels, expected)


def test_augmentation_sees_the_training_part_alone(made_up: MadeUp) -> None:
    seen: list[Pixels] = []

    def twice(pixels: Pixels) -> Pixels:
        seen.append(pixels)
        return np.concatenate([pixels, 255 - pixels])

    plain, augmented = make(made_up).cut(2), make(made_up, augment=twice).cut(2)
    assert [len(pixels) for pixels in seen] == [150]
    np.testing.assert_array_equal(augmented.train_pixels[:150], plain.train_pixels)
    np.testing.assert_array_equal(augmented.valid_pixels, plain.valid_pixels)
    np.testing.assert_array_equal(augmented.test_pixels, plain.test_pixels)


def test_five_folds_are_disjoint_and_complete() -> None:
    groups = np.random.default_rng(0).integers(0, 5, 103)
    codes = faces.five_folds(groups)
    assert codes.dtype == np.uint8
    assert ((codes == TEST).sum(axis=1) == 1).all(), "each image is tested on once"
    for fold in range(5):
        np.testing.assert_array_equal(codes[:, fold] == TEST, groups == fold)
        np.testing.assert_array_equal(codes[:, fold] == VALID, groups == (fold + 1) % 5)


BAD: dict[str, tuple[Any, str]] = {
    "images flat": (lambda m: m.images.reshape(200, -1), r"shape \(n, 48, 48\), not \(200, 2304\)"),
    "another size": (lambda m: np.zeros((200, 96, 96), np.uint8), "are 96 x 96 pixels, expected 48 x 48"),
    "no image": (lambda m: m.images[:0], "there are 0 images"),
    "too few rows of folds": (lambda m: m.images[:199], r"folds must have the shape \(199, 5\)"),
    "images of floats": (lambda m: m.images / 255, r"images must be bytes \(uint8\), not float64"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_images_are_one_sentence(case: str, made_up: MadeUp) -> None:
    spoil, message = BAD[case]
    made_up.images = spoil(made_up)
    with pytest.raises(ValueError, match=message) as caught:
        make(made_up)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("code", [4, 255, -1, 1.5, np.nan])
def test_a_code_out_of_range_is_named(code: float, made_up: MadeUp) -> None:
    folds = made_up.folds.astype(np.float64)
    folds[17, 3] = code
    with pytest.raises(ValueError, match=rf"^image 17 has the code {code:.1f} in fold 3; codes are 0 unlab"):
        FaceSet("made-up", made_up.images, folds)


def test_codes_of_any_number_type_are_read(made_up: MadeUp) -> None:
    expected = make(made_up).sha256
    for kind in (np.float64, np.int64, np.uint16):
        assert FaceSet("made-up", made_up.images, made_up.folds.astype(kind)).sha256 == expected


@pytest.mark.parametrize(("code", "name"), [(VALID, "valid"), (TEST, "test")])
def test_a_fold_without_a_part_is_named(code: int, name: str, made_up: MadeUp) -> None:
    made_up.folds[made_up.folds[:, 2] == code, 2] = TRAIN
    with pytest.raises(ValueError, match=rf"^fold 2 has no {name} images \(code {code}\)$"):
        make(made_up)


def test_without_unlabeled_images_there_is_nothing_to_train_on(made_up: MadeUp) -> None:
    with pytest.raises(ValueError, match=r"^fold 0 has no unlabeled images"):
        FaceSet("made-up", made_up.images[150:], made_up.folds[150:])


def test_folds_that_disagree_on_the_unlabeled_images_are_refused(made_up: MadeUp) -> None:
    made_up.folds[0, 4] = TRAIN
    with pytest.raises(ValueError, match="differ in which images are unlabeled"):
        make(made_up)


def test_what_is_written_is_read_back(made_up: MadeUp, tmp_path: Path) -> None:
    written = make(made_up)
    faces.write(tmp_path / "a.npz", written)
    found = faces.read(tmp_path / "a.npz", "made-up", ("a note",))
    assert (found.sha256, found.notes, found.images.dtype) == (written.sha256, ("a note",), np.uint8)
    assert found.sha256 is found.sha256, "hashed again"
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert (tmp_path / "a.npz").stat().st_size < 1.1 * made_up.images.nbytes, "not kept as bytes"


def test_a_damaged_file_is_refused(made_up: MadeUp, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    faces.write(path, make(made_up))
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"no archive", content[:5000] + b"?" + content[5001:]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"^it cannot be read as a face file"):
            faces.read(path, "made-up", ())


@pytest.mark.parametrize("name", ["images", "folds", "sha256"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no array"])
def test_a_member_that_is_no_array_is_refused(
    name: str, content: bytes, made_up: MadeUp, tmp_path: Path
) -> None:
    path = tmp_path / "a.npz"
    faces.write(path, make(made_up))
    with zipfile.ZipFile(path) as old:
        members = {member: old.read(member) for member in old.namelist()} | {f"{name}.npy": content}
    with zipfile.ZipFile(path, "w") as new:
        for member, bytes_of_member in members.items():
            new.writestr(member, bytes_of_member)
    with pytest.raises(ValueError, match=r"^(it cannot be read as a face file|its images and folds have)"):
        faces.read(path, "made-up", ())


def test_other_pixels_than_were_written_are_refused(made_up: MadeUp, tmp_path: Path) -> None:
    path, digest = tmp_path / "a.npz", np.array(make(made_up).sha256)
    made_up.images[3, 4, 5] ^= 1
    np.savez(path, images=made_up.images, folds=made_up.folds, sha256=digest)
    with pytest.raises(ValueError, match="as when it was written"):
        faces.read(path, "made-up", ())


def test_a_file_of_pickles_is_refused_unread(made_up: MadeUp, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return open, (str(tmp_path / "was-here"), "w")

    np.savez(tmp_path / "a.npz", images=np.array([Evil()]), folds=made_up.folds, sha256=np.array(""))
    with pytest.raises(ValueError, match="pickle"):
        faces.read(tmp_path / "a.npz", "made-up", ())
    assert not (tmp_path / "was-here").exists()


PROCESS = """
import re, sys
import gan_repro.data

def peak():
    # ru_maxrss would not do: it starts with what the parent process had.
    with open("/proc/self/status") as status:
        return 1024 * int(re.search("VmHWM:\\s*(\\d+) kB", status.read())[1])

before = peak()
folds = gan_repro.data.load_folds("own_faces", root=sys.argv[1])
assert all(fold.train_pixels is folds[0].train_pixels for fold in folds)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_loading_takes_little_more_memory_than_the_bytes(tmp_path: Path) -> None:
    """As many images as FER2013 has: 78 MB. Once read, once more for the parts, and some room."""
    images = np.random.default_rng(0).integers(0, 256, (33_870, 48, 48), np.uint8)
    faces.write(tmp_path / own_faces.FILE_NAME, own_faces.assemble(images))
    command = [sys.executable, "-c", PROCESS, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert images.nbytes < int(done.stdout) < 3 * images.nbytes
