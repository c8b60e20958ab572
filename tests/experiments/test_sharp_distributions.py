"""Sharp distributions: known widths are measured, collapse is no sharpness, ranks are those of maps."""

import numpy as np
import pytest
import torch

from gan_repro.experiments import sharp_distributions, surface
from gan_repro.experiments.base import Context
from gan_repro.experiments.planar import RING_WIDTH, Masses, Ring, Sharpness, sharpness
from gan_repro.experiments.sharp_distributions import COVERS, PlanarPoint, Settings
from gan_repro.experiments.small_net import Net
from gan_repro.experiments.trained import load_all
from gan_repro.measures.decoders import decoder_of
from gan_repro.util.seeds import generator

TINY = Settings(
    seeds=(1, 2), hidden=4, batch_size=8, updates=2, levels=(0.1, 0.3), encoder_updates=2, walkback=2,
    burn_in=1, n_samples=20, jacobians=2,
)  # fmt: skip


@pytest.mark.parametrize("shape", [Ring(), Masses()], ids=lambda shape: shape.name)
def test_a_shapes_own_points_have_its_width_and_cover_it(shape):
    found = sharpness(shape, shape.draw(20_000, generator(0, "points")).numpy())
    assert found.width == pytest.approx(1 if shape.name == "ring" else 0, abs=0.03)
    assert found.stray == 0
    assert found.coverage > 0.999


def test_a_blurred_ring_is_as_wide_as_its_blur():
    points = Ring().draw(50_000, generator(0, "points")).numpy()
    blurred = points * (1 + np.random.default_rng(0).normal(0, 3 * RING_WIDTH, (len(points), 1)))
    assert sharpness(Ring(), blurred).width == pytest.approx(np.sqrt(10), rel=0.03)


def test_the_distance_to_a_mass_is_told_in_half_the_gap():
    masses = Masses()
    middle = (masses.places[:1] + masses.places[1:2]) / 2
    assert sharpness(masses, np.repeat(middle, 10, axis=0)).width == pytest.approx(1)


@pytest.mark.parametrize("shape", [Ring(), Masses()], ids=lambda shape: shape.name)
def test_one_point_is_sharp_and_covers_one_cell(shape):
    point = shape.draw(1, generator(0, "points")).numpy()
    found = sharpness(shape, np.repeat(point, 50, axis=0))
    assert found.coverage == pytest.approx(1 / shape.cells)


def test_samples_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="have diverged"):
        sharpness(Ring(), np.array([[1.0, 0.0], [np.nan, 0.0]]))


def test_chains_count_where_they_cover_the_data():
    narrow, covering = Sharpness(0.1, 0, 0.3), Sharpness(3.0, 0, COVERS)
    assert sharp_distributions.sharpest([narrow, covering, Sharpness(5.0, 0, 1)]) == covering
    assert sharp_distributions.sharpest([Sharpness(0.1, 0, 0.2), narrow]) == narrow


def test_nets_and_chains_are_set_side_by_side():
    nets = {"ring": [Sharpness(1, 0, 1), Sharpness(2, 0, 1)], "masses": [Sharpness(0.1, 0, 1)] * 2}
    chains = {"ring": [Sharpness(4, 0, 1), Sharpness(8, 0, 1)], "masses": [Sharpness(0.1, 0, 1)] * 2}
    found = sharp_distributions.findings(nets, chains)
    assert found["width_ring"].value == 1.5
    assert found["chains_width_ring"].value == 6
    assert found["width_against_chains"].value == pytest.approx(0.5)


def test_a_run_is_the_same_again_and_has_what_its_rule_reads(tmp_path, capsys):
    (tmp_path / "trials").mkdir()
    first = sharp_distributions.run(TINY, Context(tmp_path))
    assert sharp_distributions.run(TINY, Context(tmp_path)) == first
    assert {"width_ring", "stray_masses", "coverage_ring", "width_against_chains"} <= first.findings.keys()
    points = [PlanarPoint(*point) for point in first.series["chains masses"]]
    assert [(point.seed, point.level) for point in points] == [(1, 0.1), (1, 0.3), (2, 0.1), (2, 0.3)]
    assert not any(name.startswith("jacobian") for name in first.findings)
    assert "Jacobian on mnist is left out: no finished trial of gan" in capsys.readouterr().err


def test_a_net_of_one_dimension_is_what_it_was():
    net = Net(3, generator(1, "net"), affine=(1.5, 0.5))
    x = torch.linspace(-1, 1, 5)[:, None]
    w1, b1, w2, b2, w3, b3 = net.parameters
    expected = 1.5 + 0.5 * x + torch.tanh(torch.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3
    assert torch.equal(net(x), expected)


def test_the_rank_of_a_linear_map_is_its_own():
    random = np.random.default_rng(0)
    matrix = torch.from_numpy(random.normal(size=(6, 2)) @ random.normal(size=(2, 30))).float()
    found = surface.measure(lambda z: z @ matrix, torch.zeros(3, 6))
    assert (found.rank, found.pixels, found.noise) == (2, 30, 6)
    values = surface.singular_values(lambda z: z @ matrix, torch.zeros(6))
    assert values[:2] == pytest.approx(np.linalg.svd(matrix.numpy())[1][:2], rel=1e-5)


def test_directions_of_equal_strength_are_counted():
    frame = torch.linalg.qr(torch.from_numpy(np.random.default_rng(0).normal(size=(30, 5))))[0].T.float()
    found = surface.measure(lambda z: 3 * z @ frame, torch.zeros(1, 5))
    assert found.directions == pytest.approx(5, rel=1e-4)
    assert surface.measure(lambda z: 0 * z @ frame, torch.zeros(1, 5)).rank == 0


def test_a_recorded_generator_has_a_rank(context):
    found = surface.of_recorded((1,), 2, context, dataset="digits")
    rank, directions = (found[f"{name}_digits/seed1"].value for name in (surface.RANK, surface.DIRECTIONS))
    (trained,) = load_all(context, "gan", "digits")
    decoder = decoder_of(trained.model)
    expected = []
    for z in decoder.prior.draw(2, generator(1, "surface")).float():
        jacobian = torch.autograd.functional.jacobian(lambda at: decoder.mean(at[None])[0], z)
        energy = np.square(np.linalg.svd(jacobian.double().numpy())[1])
        expected.append((np.linalg.matrix_rank(jacobian.numpy()), energy.sum() ** 2 / (energy**2).sum()))
    assert (rank, directions) == pytest.approx(np.mean(expected, axis=0), rel=1e-4)
    assert found["jacobian_rank_digits"].value == rank
    assert "64 times float32's rounding of the largest" in found["jacobian_rank_digits"].what
    assert "10 dimensions of noise to 64 pixels" in found["jacobian_rank_digits"].what
    assert surface.of_recorded((7,), 2, context, dataset="digits") == {}
