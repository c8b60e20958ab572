from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_repro import data
from gan_repro.data.__main__ import main
from gan_repro.data.dataset import Pixels
from gan_repro.data.faces import fer2013
from gan_repro.data.faces import import_ as face_import
from gan_repro.data.faces import own as own_faces
from gan_repro.data.faces.resize import centre_square, resize
from gan_repro.data.fetch import store
from gan_repro.util.files import sha256_of_array

Capture = pytest.CaptureFixture[str]
N_ROWS = 60
ROWS = {"train": np.r_[0:12, 20, 13:19], "valid": np.arange(25, 40), "test": np.arange(41, 60)}
"""Out of order, and with rows left out."""


@pytest.fixture
def pixels(monkeypatch: pytest.MonkeyPatch) -> Pixels:
    """The rows of a small CSV file in the place of FER2013's."""
    pixels = np.random.default_rng(0).integers(0, 256, (N_ROWS, 48, 48), np.uint8)
    digests = {part: sha256_of_array(pixels[rows]) for part, rows in ROWS.items()}
    monkeypatch.setattr(fer2013, "rows", lambda: ROWS)
    monkeypatch.setattr(fer2013, "PIXELS_SHA256", digests)
    parts = {part: pixels[rows] for part, rows in ROWS.items()}
    monkeypatch.setattr(fer2013, "FACES_SHA256", fer2013.assemble(parts).sha256)
    return pixels


def write_csv(path: Path, pixels: Pixels, heading: tuple[str, ...] = ("emotion", "pixels", "Usage")) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        for image in pixels:
            cells = {"pixels": " ".join(map(str, image.ravel())), "emotion": "3", "Usage": "Training"}
            writer.writerow([cells[name.strip()] for name in heading])
    return path


def save(pixels: Pixels, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def strips(folder: Path, pixels: Pixels) -> Path:
    for part, rows in ROWS.items():
        save(pixels[rows].reshape(-1, 48), folder / f"faces_{part}.png")
    return folder


def refusal(source: Path, capsys: Capture) -> str:
    """What the command says of a source that it refuses; the cache is as it was."""
    before = sorted(store.cache_folder("").parent.rglob("*"))
    assert main(["import-faces", str(source)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sorted(store.cache_folder("").parent.rglob("*")) == before
    last = captured.err.splitlines()[-1]
    assert last.startswith("nothing was imported: ")
    return last


@pytest.mark.parametrize("heading", [("emotion", "pixels", "Usage"), ("emotion", " Usage", " pixels")])
def test_both_forms_of_the_csv_file(
    heading: tuple[str, ...], pixels: Pixels, tmp_path: Path, capsys: Capture
) -> None:
    path = write_csv(tmp_path / "any.csv", pixels, heading)
    assert main(["import-faces", str(path)]) == 0
    name, n, file, digest = capsys.readouterr().out.strip().split("\t")
    assert (name, n, digest) == ("fer2013", "53", fer2013.FACES_SHA256)
    assert Path(file) == store.cache_folder("fer2013") / "fer2013_48x48.npz"
    np.testing.assert_array_equal(fer2013.read(None).images, pixels[np.concatenate(list(ROWS.values()))])
    assert main(["verify", "fer2013"]) == 0


def test_a_folder_with_the_csv_file_or_with_its_strips(pixels: Pixels, tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    write_csv(tmp_path / "csv" / "icml_face_data.csv", pixels)
    save(pixels[0], tmp_path / "csv" / "image.png")
    of_csv, path = face_import.import_faces(tmp_path / "csv")
    path.unlink()
    of_strips, _ = face_import.import_faces(strips(tmp_path / "strips", pixels))
    assert of_strips.name == of_csv.name == "fer2013"
    assert of_strips.sha256 == of_csv.sha256
    assert path.exists()


def test_strips_with_other_pixels_are_not_fer2013(pixels: Pixels, tmp_path: Path) -> None:
    pixels[30, 7, 7] ^= 1
    made, path = face_import.import_faces(strips(tmp_path / "fer2013", pixels))
    assert (made.name, path.name) == ("own_faces", "own_faces_48x48.npz")
    # test, train, valid: in the order of the names.
    np.testing.assert_array_equal(made.images, pixels[np.r_[ROWS["test"], ROWS["train"], ROWS["valid"]]])
    assert data.resolve("faces") == "orl"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pixels", "picture", "has no column 'pixels'"),
        ("3,", "3,256 ", "row 0: the pixels are not whole numbers from 0 to 255"),
        ("3,", "3,x ", "row 0: the pixels are not whole numbers from 0 to 255"),
        ("3,", "3,7 ", r"row 0: there are 2305 pixels, expected 48 x 48 = 2304"),
        ("3,", "", "row 0: the pixels are not whole numbers"),
        ("3,", '3,"', "unexpected end of data|field larger than field limit"),
    ],
)
def test_a_bad_csv_file_is_one_sentence(
    old: str, new: str, message: str, pixels: Pixels, tmp_path: Path, capsys: Capture
) -> None:
    path = write_csv(tmp_path / "fer2013.csv", pixels)
    path.write_text(path.read_text().replace(old, new, 1))
    told = refusal(path, capsys)
    assert str(path) in told
    assert re.search(message, told)


def test_a_csv_file_cut_short(pixels: Pixels, tmp_path: Path, capsys: Capture) -> None:
    assert "ends before row 59" in refusal(write_csv(tmp_path / "fer2013.csv", pixels[:50]), capsys)
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    assert "has no column 'pixels'" in refusal(empty, capsys)
    empty.write_bytes(b"\xff\xfe\x00pixels")
    assert "is not FER2013's CSV file" in refusal(empty, capsys)


def test_other_pixels_in_the_csv_file_are_refused(pixels: Pixels, tmp_path: Path, capsys: Capture) -> None:
    pixels[30, 0, 0] ^= 1
    path = write_csv(tmp_path / "fer2013.csv", pixels)
    told = refusal(path, capsys)
    assert "is not FER2013: the valid faces have SHA-256" in told
    assert f"its MD5 is {hashlib.md5(path.read_bytes()).hexdigest()}, expected f8428a1e" in told


def test_an_absurd_csv_file_is_not_read(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "fer2013.csv"
    with path.open("wb") as file:
        file.truncate(2_000_000_000)
    assert "holds 2,000,000,000 bytes" in refusal(path, capsys)


def folder_of_images(folder: Path) -> list[Pixels]:
    """40 colour images of many sizes and three formats, and what should become of them."""
    expected = []
    for index in range(40):
        rng = np.random.default_rng(index)
        shape = (int(rng.integers(30, 130)), int(rng.integers(30, 130)), 3)
        suffix, mode = [("png", "RGB"), ("bmp", "RGB"), ("pgm", "L")][index % 3]
        image = Image.fromarray(rng.integers(0, 256, shape, np.uint8)).convert(mode)
        path = folder / f"person {index // 8}" / f"{index:02}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
        expected.append(resize(centre_square(np.asarray(image.convert("L"))), 48))
    return expected


def test_a_folder_of_images_becomes_own_faces(tmp_path: Path, capsys: Capture) -> None:
    expected = folder_of_images(tmp_path / "images")
    (tmp_path / "images" / "read me.txt").write_text("not an image")
    (tmp_path / "images" / "._00.png").write_bytes(b"what some systems leave behind")
    assert main(["import-faces", str(tmp_path / "images")]) == 0
    assert capsys.readouterr().out.startswith("own_faces\t40\t")
    folds = data.load_folds("own_faces")
    stack = np.stack(expected).reshape(40, 2304)
    # In the order of the paths: 32 train, and blocks of 2, 2, 2, 1 and 1.
    blocks = np.split(stack[32:], [2, 4, 5, 7])
    for fold, dataset in enumerate(folds):
        np.testing.assert_array_equal(dataset.train_pixels, stack[:32])
        np.testing.assert_array_equal(dataset.test_pixels, blocks[fold])
        np.testing.assert_array_equal(dataset.valid_pixels, blocks[(fold + 1) % 5])
        assert "reproduces no number of the paper" in dataset.notes[0]
    assert main(["verify", "own_faces"]) == 0


def test_exact_copies_are_left_out(pixels: Pixels, tmp_path: Path, capsys: Capture) -> None:
    save(pixels[:40].reshape(-1, 48), tmp_path / "images" / "a.png")
    save(pixels[[3, 50, 4]].reshape(-1, 48), tmp_path / "images" / "b.png")
    made = face_import.from_folder(tmp_path / "images")
    np.testing.assert_array_equal(made.images, pixels[[*range(40), 50]])
    assert "left out 2 exact copies" in capsys.readouterr().err


def test_too_few_images(pixels: Pixels, tmp_path: Path, capsys: Capture) -> None:
    save(pixels[:24].reshape(-1, 48), tmp_path / "a.png")
    assert "24 different faces are too few" in refusal(tmp_path, capsys)
    save(pixels[24], tmp_path / "b.png")
    folds = face_import.from_folder(tmp_path).folds
    assert ((folds == 3).sum(axis=0) == 1).all()
    assert len(folds) == own_faces.MIN_IMAGES


def test_a_folder_without_images(tmp_path: Path, capsys: Capture) -> None:
    assert "holds neither fer2013.csv nor icml_face_data.csv nor images" in refusal(tmp_path, capsys)


def test_too_many_images(
    pixels: Pixels, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_repro.data.faces.layout.MAX_IMAGES", 30)
    save(pixels[:31].reshape(-1, 48), tmp_path / "a.png")
    assert "holds more than the 30 faces" in refusal(tmp_path, capsys)


def test_a_damaged_image_is_named(tmp_path: Path, capsys: Capture) -> None:
    folder_of_images(tmp_path)
    path = tmp_path / "person 0" / "00.png"
    content = path.read_bytes()
    for damaged in (b"", b"no image", content[: len(content) // 2], b"%!PS-Adobe-3.0 EPSF-3.0\n"):
        path.write_bytes(damaged)
        assert f"{path} cannot be read as a face image" in refusal(tmp_path, capsys)


def test_sixteen_bits_are_refused(tmp_path: Path, capsys: Capture) -> None:
    Image.fromarray(np.full((48, 48), 40_000, np.uint16)).save(tmp_path / "a.png")
    assert "save it with 8 bits a channel" in refusal(tmp_path, capsys)


def test_an_image_beyond_pillows_limit_is_refused(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 48 * 48 * 20)
    for faces in (21, 41):
        save(np.zeros((48 * faces, 48), np.uint8), tmp_path / "a.png")
        assert "exceeds limit" in refusal(tmp_path, capsys)
    assert Image.MAX_IMAGE_PIXELS == 48 * 48 * 20
    save(np.zeros((48 * 20, 48), np.uint8), tmp_path / "a.png")
    assert face_import.read_image(tmp_path / "a.png").shape == (20, 48, 48)


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    upright = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    tags = Image.Exif()
    tags[0x0112] = 6  # the camera was held on its side
    Image.fromarray(np.rot90(upright)).save(tmp_path / "a.png", exif=tags)
    np.testing.assert_array_equal(face_import.read_image(tmp_path / "a.png"), upright[None])


@pytest.mark.parametrize("name", ["nowhere", "nowhere.csv", "fer2013.tar.gz"])
def test_a_source_of_no_kind_is_bad_usage(name: str, tmp_path: Path, capsys: Capture) -> None:
    if name.endswith("gz"):
        (tmp_path / name).write_bytes(b"an archive")
    assert main(["import-faces", str(tmp_path / name)]) == 2
    assert f"{name} is n" in capsys.readouterr().err


def test_a_second_import_takes_the_place_of_the_first(pixels: Pixels, tmp_path: Path) -> None:
    save(pixels[:30].reshape(-1, 48), tmp_path / "a.png")
    _, path = face_import.import_faces(tmp_path)
    save(pixels[30:].reshape(-1, 48), tmp_path / "b.png")
    made, again = face_import.import_faces(tmp_path)
    assert again == path
    assert own_faces.read(None).sha256 == made.sha256
    assert [left.name for left in path.parent.iterdir()] == [path.name]


def test_a_cache_that_cannot_be_written(
    pixels: Pixels, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(pixels.reshape(-1, 48), tmp_path / "images" / "a.png")
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GAN_REPRO_CACHE", str(tmp_path / "file"))
    assert main(["import-faces", str(tmp_path / "images")]) == 1
    assert "nothing was imported" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".webp", ".tif", ".tiff", ".gif", ".PNG", ".jfif"])
def test_faces_in_every_usual_format_are_read(suffix: str, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (own_faces.MIN_IMAGES, 48, 48), np.uint8)
    for number, image in enumerate(images):
        kind = {".tif": "TIFF", ".jfif": "JPEG"}.get(suffix, suffix[1:].upper())
        Image.fromarray(image).save(tmp_path / f"{number:03}{suffix}", format=kind)
    made, _ = face_import.import_faces(tmp_path)
    assert len(made.images) == len(images)


def test_what_is_passed_over_is_counted(pixels: Pixels, tmp_path: Path, capsys: Capture) -> None:
    source = strips(tmp_path / "faces", pixels)
    for name in ("notes.txt", "more.txt", "face.heic", "LICENCE"):
        (source / name).write_text("x")
    assert main(["import-faces", str(source)]) == 0
    told = capsys.readouterr().err
    assert "passed over 4 files that are no images to it: 2 .txt, 1 .heic, 1 without a suffix" in told


def test_linked_folders_are_gone_into_once(pixels: Pixels, tmp_path: Path) -> None:
    inside, outside = tmp_path / "source", tmp_path / "elsewhere"
    inside.mkdir()
    strips(outside, pixels)
    (inside / "linked").symlink_to(outside)
    (inside / "again").symlink_to(outside)
    (outside / "back").symlink_to(inside)
    found, passed_over = face_import.images_below(inside)
    assert [path.name for path in found] == ["faces_test.png", "faces_train.png", "faces_valid.png"]
    assert not passed_over
