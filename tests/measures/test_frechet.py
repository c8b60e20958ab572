"""The Frechet distance by its formula, by torch-fidelity, and where it is known in closed form."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from gan_repro.measures.frechet import Moments, distance, frechet_distance, moments


def gaussian(mean, deviations):
    d = np.asarray(deviations, float)
    return Moments(np.asarray(mean, float), float((d**2).sum()), np.diag(d))


def test_between_gaussians_with_common_axes():
    found = distance(gaussian([0, 1], [1, 2]), gaussian([3, 1], [2, 5]))
    assert found == pytest.approx(9 + 1 + 9)


def test_it_is_what_its_formula_gives(features):
    samples, images = (part.astype(np.float64) for part in features)
    x, y = (np.cov(part, rowvar=False) for part in (samples, images))
    means = np.square(samples.mean(axis=0) - images.mean(axis=0)).sum()
    expected = means + np.trace(x + y - 2 * sqrtm(x @ y).real)
    assert frechet_distance(samples, moments(images)).value == pytest.approx(expected, rel=1e-9)


def test_it_is_what_torch_fidelity_computes(features, torch_fidelity):
    import torch
    from torch_fidelity.metric_fid import (
        KEY_METRIC_FID,
        fid_features_to_statistics,
        fid_statistics_to_metric,
    )

    samples, images = features
    statistics = (fid_features_to_statistics(torch.from_numpy(part).double()) for part in features)
    theirs = fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID]
    assert frechet_distance(samples, moments(images)).value == pytest.approx(theirs, rel=1e-9)


def test_pixels_that_never_change_do_no_harm():
    random = np.random.default_rng(0)
    images = np.concatenate([random.normal(size=(300, 3)), np.zeros((300, 2))], axis=1)
    assert frechet_distance(images, moments(images), groups=2).value == pytest.approx(0, abs=1e-9)


def test_its_error_is_the_spread_over_draws():
    random = np.random.default_rng(1)
    real = moments(random.normal(size=(2000, 3)))
    draws = [frechet_distance(random.normal(0.5, 1, (500, 3)), real) for _ in range(60)]
    spread = np.std([draw.value for draw in draws], ddof=1)
    assert np.mean([draw.standard_error for draw in draws]) == pytest.approx(spread, rel=0.25)


def test_one_row_has_no_moments():
    with pytest.raises(ValueError, match="1 rows have no covariance"):
        moments(np.zeros((1, 3)))
