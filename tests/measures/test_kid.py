"""KID against the formula written out, torch-fidelity's code, and distributions whose KID is known."""

import numpy as np
import pytest

from gan_repro.measures.kid import image_term, kid, split_kid


def written_out(x, y):
    """The unbiased estimate in float64, from whole kernel matrices."""
    x, y = x.astype(np.float64), y.astype(np.float64)

    def kernel(a, b):
        return (a @ b.T / a.shape[1] + 1) ** 3

    def pairs(a):
        k = kernel(a, a)
        return (k.sum() - np.trace(k)) / (len(a) * (len(a) - 1))

    return pairs(x) + pairs(y) - 2 * kernel(x, y).mean()


def test_it_is_the_unbiased_estimate(features):
    samples, images = features
    assert kid(samples, images).value == pytest.approx(written_out(samples, images), rel=1e-5)


def test_it_is_what_torch_fidelity_computes(features, torch_fidelity):
    import torch
    from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

    samples, images = (part[:400] for part in features)
    theirs = kid_features_to_metric(
        torch.from_numpy(samples).double(), torch.from_numpy(images).double(),
        kid_subsets=1, kid_subset_size=400, verbose=False,
    )  # fmt: skip
    assert kid(samples, images).value == pytest.approx(theirs[KEY_METRIC_KID_MEAN], rel=1e-5)


def test_its_error_is_the_spread_over_draws():
    random = np.random.default_rng(1)
    images = random.normal(size=(500, 4)).astype(np.float32)
    draws = [kid(random.normal(0.5, 1, (400, 4)), images) for _ in range(60)]
    spread = np.std([draw.value for draw in draws], ddof=1)
    assert np.mean([draw.standard_error for draw in draws]) == pytest.approx(spread, rel=0.25)


def test_it_is_zero_on_average_where_nothing_differs():
    random = np.random.default_rng(2)
    values = [
        kid(random.normal(size=(60, 3)), random.normal(size=(80, 3)), groups=2).value for _ in range(300)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(300)
    assert min(values) < 0


def test_halves_of_the_same_images_differ_as_two_draws_do():
    random = np.random.default_rng(3)
    images = random.normal(size=(201, 3)).astype(np.float32)
    found = split_kid(images, 3, np.random.default_rng(4))
    again = np.random.default_rng(4)
    for value in found:
        order = again.permutation(201)
        halves = images[order[:100]], images[order[100:200]]
        assert value == pytest.approx(written_out(*halves), abs=1e-6)


def test_the_images_own_term_may_be_given(features):
    samples, images = features
    assert kid(samples, images, within_images=image_term(images)) == kid(samples, images)


def test_too_few_samples_are_refused(features):
    with pytest.raises(ValueError, match="19 samples in 10 groups and 500 images are too few"):
        kid(features[0][:19], features[1])
    with pytest.raises(ValueError, match="two halves"):
        split_kid(features[1][:3], 2, np.random.default_rng(0))
