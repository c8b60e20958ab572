"""Precision, recall, density and coverage by brute force, by prdc and torch-fidelity, and where known."""

import numpy as np
import pytest

from gan_repro.measures.jackknife import Value, bounds
from gan_repro.measures.neighbours import neighbour_measures, neighbourhood


def values(samples, images, **ks):
    return {name: v.value for name, v in neighbour_measures(samples, neighbourhood(images, **ks)).items()}


def by_brute_force(samples, images, *, precision_k, density_k):
    """The definitions, in float64 and with all distances at once."""

    def distances(a, b):
        return np.linalg.norm(a[:, None] - b, axis=2)

    def radii(points, k):
        return np.sort(distances(points, points), axis=1)[:, k, None]  # a point is its own nearest

    x, y = samples.astype(np.float64), images.astype(np.float64)
    between = distances(y, x)
    in_ball = between < radii(y, density_k)
    return {
        "precision": (between < radii(y, precision_k)).any(axis=0).mean(),
        "recall": (radii(x, precision_k) > between.T).any(axis=0).mean(),
        "density": in_ball.sum(axis=0).mean() / density_k,
        "coverage": in_ball.any(axis=1).mean(),
    }


@pytest.mark.parametrize(("precision_k", "density_k"), [(3, 5), (4, 2)])
def test_all_four_are_what_their_definitions_give(features, precision_k, density_k):
    ks = {"precision_k": precision_k, "density_k": density_k}
    expected = by_brute_force(*features, **ks)
    assert values(*features, **ks) == pytest.approx(expected, abs=1e-12)
    assert min(expected.values()) > 0.2, "none of them is at an end, where a mistake would not show"


@pytest.mark.parametrize("k", [3, 5])
def test_all_four_are_what_prdc_computes(features, k):
    prdc = pytest.importorskip("prdc", reason="prdc is not installed: pip install prdc")
    samples, images = features
    theirs = prdc.compute_prdc(images, samples, nearest_k=k)
    assert values(samples, images, precision_k=k, density_k=k) == pytest.approx(theirs, abs=1e-12)


def test_precision_and_recall_are_what_torch_fidelity_computes(features, torch_fidelity):
    import torch
    from torch_fidelity.metric_prc import calculate_precision_recall_full

    samples, images = features
    precision, recall = calculate_precision_recall_full(*(torch.from_numpy(f).double() for f in features))
    found = values(samples, images)
    assert (found["precision"], found["recall"]) == pytest.approx((precision, recall), abs=1e-6)


def test_far_away_nothing_is_covered():
    random = np.random.default_rng(0)
    images, samples = random.normal(size=(200, 3)), random.normal(100, 1, (100, 3))
    assert values(samples, images) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_one_lost_mode_costs_recall_and_coverage():
    random = np.random.default_rng(1)
    modes = np.repeat([[0.0, 0.0], [50.0, 0.0]], 200, axis=0)
    images = modes + random.normal(size=(400, 2))
    found = values(images[:200] + 1e-3, images)
    assert found["precision"] > 0.95
    assert found["recall"] == pytest.approx(0.5, abs=0.03)
    assert found["coverage"] == pytest.approx(0.5, abs=0.03)


def test_errors_are_the_spread_over_draws():
    random = np.random.default_rng(2)
    real = neighbourhood(random.normal(size=(400, 3)))
    draws = [neighbour_measures(random.normal(0.4, 1.2, (400, 3)), real) for _ in range(50)]
    for name, slack in (("precision", 1.4), ("density", 1.4), ("coverage", 1.4), ("recall", 2.0)):
        spread = np.std([draw[name].value for draw in draws], ddof=1)
        error = np.mean([draw[name].standard_error for draw in draws])
        # Of recall it is too large: where samples are left out, the balls about the others grow.
        assert spread / 1.4 < error < slack * spread, name


def test_distances_are_exact_far_from_the_origin(features):
    samples, images = (part + np.float32(300) for part in features)
    exact = values(samples.astype(np.float64), images.astype(np.float64))
    near = values(samples - np.float32(300), images - np.float32(300))
    assert exact == pytest.approx(near, abs=0.003)


def test_too_few_for_k_are_refused(features):
    samples, images = features
    with pytest.raises(ValueError, match="5 images are too few for the 5 nearest"):
        neighbourhood(images[:5])
    with pytest.raises(ValueError, match="3 samples a group are too few for the 3 nearest"):
        neighbour_measures(samples[:39], neighbourhood(images))


def test_errors_are_those_of_leaving_groups_out(features):
    samples, images = features[0][:60], features[1][:80]
    real = neighbourhood(images)
    found = neighbour_measures(samples, real, groups=5)
    without = [neighbour_measures(np.delete(samples, rows, 0), real, groups=4) for rows in bounds(60, 5)]
    for name, value in found.items():
        expected = Value.of(value.value, [measures[name].value for measures in without])
        assert value.standard_error == pytest.approx(expected.standard_error), name
