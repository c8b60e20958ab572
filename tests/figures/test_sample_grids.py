"""Every tile is the image it should be, to the byte, and no photograph of a person ever is one."""

import numpy as np
import pytest
import torch

from gan_repro import figures
from gan_repro.figures import sample_grids as pictures
from gan_repro.stats.neighbours import nearest

SHAPE = (28, 28)


def images(n, d=784, seed=0):
    return np.random.default_rng(seed).random((n, d)).astype(np.float32)


def seeded(seed=7):
    return torch.Generator().manual_seed(seed)


def chosen(samples, seed=7):
    return samples[torch.randperm(len(samples), generator=seeded(seed))[:20].numpy()]


def sample_grid(name, samples, train, image_shape, **options):
    return pictures.draw_grid(pictures.choose_grid(name, samples, train, **options), image_shape)


def board_of(figure):
    (drawn,) = figure.images
    return np.asarray(drawn.get_array())


def tile(figure, row, column, shape=SHAPE, zoom=3):
    """The image at a place of a drawn grid, in its own size; it must be drawn in blocks of one colour."""
    height, width = zoom * shape[0] + 8, zoom * shape[1] + 8
    cell = board_of(figure)[row * height : (row + 1) * height, column * width : (column + 1) * width]
    inside = cell[4:-4, 4:-4]
    small = inside[::zoom, ::zoom]
    np.testing.assert_array_equal(small.repeat(zoom, axis=0).repeat(zoom, axis=1), inside)
    return small


def texts(figure):
    return [text.get_text() for text in figure.texts]


# --- grids -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shape", "zoom"), [("mnist", SHAPE, 3), ("digits", (8, 8), 10), ("cifar10", (32, 32, 3), 3)]
)
def test_a_grid_holds_its_samples_and_their_neighbours(name, shape, zoom):
    samples, train = images(30, np.prod(shape), 1), images(50, np.prod(shape), 2)
    figure = sample_grid(name, samples, train, shape, generator=seeded())
    shown = chosen(samples)
    neighbours = [np.square(train - sample).sum(axis=1).argmin() for sample in shown[4::5]]
    for row in range(4):
        expected = [*shown[5 * row : 5 * row + 5], train[neighbours[row]]]
        for column, image in enumerate(expected):
            pixels = np.broadcast_to(np.rint(image * 255).reshape(*shape[:2], -1), (*shape[:2], 3))
            np.testing.assert_array_equal(tile(figure, row, column, shape, zoom), pixels)
    assert board_of(figure).shape[1] == 6 * (zoom * shape[1] + 8)
    assert "20 of 30 samples, drawn at random (seed 7)" in texts(figure)[0]


def test_the_last_column_alone_stands_in_frames():
    figure = sample_grid("mnist", images(20), images(3), SHAPE, generator=seeded())
    orange = (board_of(figure) == pictures._FRAME).all(axis=2)
    assert not orange[:, : 5 * 92].any()
    cell = orange[92:184, 5 * 92 :]
    assert cell[1:4, 1:-1].all()
    assert cell[1:-1, -4:-1].all()


@pytest.mark.parametrize(
    ("name", "wish"),
    [("tfd", True), ("fer2013", True), ("orl", True), ("unheard-of", True), ("mnist", False)],
)
def test_where_neighbours_are_not_shown_their_distance_is(name, wish):
    samples, train = images(20, seed=1), images(50, seed=2)
    figure = sample_grid(name, samples, train, SHAPE, generator=seeded(), show_neighbours=wish)
    assert board_of(figure).shape == (4 * 92, 5 * 92, 3)
    notes = texts(figure)[:4]
    for note, distance in zip(notes, nearest(chosen(samples)[4::5], train)[0] ** 2, strict=True):
        assert note.startswith("nearest of 50")
        assert note.endswith(f"= {distance:.4g}")


@pytest.mark.parametrize("noise", [0, 1e-3])
def test_a_photograph_among_the_samples_is_refused(noise):
    """A model that remembers its training images must not bring them in as its samples."""
    train, samples = images(50, seed=2), images(20, seed=1)
    samples[13] = np.clip(train[31] + np.float32(noise), 0, 1)
    with pytest.raises(ValueError, match=r"1 of the samples are training images of orl \(row 31"):
        sample_grid("orl", samples, train, SHAPE, generator=seeded(), show_neighbours=False)
    sample_grid("mnist", samples, train, SHAPE, generator=seeded())


def test_neighbours_are_sought_as_the_model_sees_images():
    normalised = 4 * images(60, 3072) - 2
    samples, train = normalised[:20] * np.float32(0.3), normalised[20:]
    # Half as bright as the sample, it is nearer than any other; shown, it is the same picture.
    train[17] = chosen(samples)[9] * np.float32(0.5)
    figure = sample_grid(
        "cifar10",
        samples,
        train,
        (32, 32, 3),
        generator=seeded(),
        view=lambda rows: 0.5 + rows / (2 * np.abs(rows).max(axis=1, keepdims=True)),
    )
    np.testing.assert_allclose(tile(figure, 1, 4, (32, 32)).astype(int), tile(figure, 1, 5, (32, 32)), atol=1)
    with pytest.raises(ValueError, match=r"pixels must lie in \[0, 1\]"):
        sample_grid("cifar10", samples, train, (32, 32, 3), generator=seeded())


def test_the_same_generator_gives_the_same_bytes(tmp_path):
    samples, train = images(100, seed=1), images(50, seed=2)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        figure = sample_grid("tfd", samples, train, SHAPE, generator=seeded(seed))
        figures.save(figure, tmp_path / name)
    first, second, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == second
    assert first != other


def test_the_file_holds_the_tiles_pixel_for_pixel(tmp_path):
    from PIL import Image

    figure = sample_grid("mnist", images(20), images(3), SHAPE, generator=seeded())
    figures.save(figure, tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as picture:
        saved = np.asarray(picture.convert("RGB"))
    board = board_of(figure)
    np.testing.assert_array_equal(saved[: len(board)], board)


@pytest.mark.parametrize(
    ("samples", "shape", "message"),
    [
        (images(19), SHAPE, "shows 20 samples, and there are 19"),
        (images(20) + np.float32(0.5), SHAPE, r"in \[0, 1\], not between"),
        (images(20) * np.float32(np.nan), SHAPE, "not finite"),
        (images(20), (28, 27), r"rows \(n, 756\), not \(20, 784\)"),
        (images(20), (14, 28, 2), r"not \(14, 28, 2\)"),
        (images(20), (784,), r"not \(784,\)"),
    ],
)
def test_what_are_no_images_is_refused(samples, shape, message):
    with pytest.raises(ValueError, match=message):
        sample_grid("mnist", samples, images(5), shape, generator=seeded())


# --- strips ------------------------------------------------------------------------------------------------


def test_a_strip_is_a_row_of_images():
    strips = images(2 * 7).reshape(2, 7, 784)
    figure = pictures.interpolation_strips(strips, SHAPE)
    for row in range(2):
        for column in range(7):
            pixels = np.rint(strips[row, column] * 255).reshape(28, 28, 1)
            np.testing.assert_array_equal(tile(figure, row, column), np.broadcast_to(pixels, (28, 28, 3)))
    with pytest.raises(ValueError, match=r"\(strips, steps, d\), not \(14, 784\)"):
        pictures.interpolation_strips(strips[0].repeat(2, axis=0), SHAPE)
