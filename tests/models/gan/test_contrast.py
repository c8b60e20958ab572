"""Contrast normalisation against pylearn2's formula in NumPy, and its way back."""

import numpy as np
import torch

from gan_repro.models.gan.contrast import ContrastNormalization


def images(n=50, d=30):
    return np.random.default_rng(0).random((n, d))


def test_it_is_pylearn2s_formula():
    x = images()
    x[7] = 0.3
    centred = x - x.mean(axis=1)[:, None]
    divisors = np.sqrt((centred**2).sum(axis=1)) / 55
    divisors[divisors < 1e-8] = 1
    normalized = ContrastNormalization(torch.from_numpy(x)).normalize(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(normalized, centred / divisors[:, None], rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.delete(np.linalg.norm(normalized, axis=1), 7), 55)


def test_images_without_contrast_stay_so_in_single_precision():
    flat = torch.full((1, 3072), 0.7)
    assert float(ContrastNormalization(flat).normalize(flat).abs().max()) < 1e-6


def test_the_way_back_has_the_average_mean_and_contrast():
    x = torch.from_numpy(images(n=5000))
    contrast = ContrastNormalization(x)
    direction = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 30)))
    direction -= direction.mean()
    direction *= 55 / direction.norm()
    back = contrast.invert(direction)
    expected = x.mean() + direction / 55 * (x - x.mean(dim=1, keepdim=True)).norm(dim=1).mean()
    torch.testing.assert_close(back, expected.clamp(0, 1))
    assert float(contrast.invert(100 * direction).max()) == 1
    assert float(contrast.invert(100 * direction).min()) == 0


def test_images_of_one_mean_and_contrast_come_back_as_they_were():
    x = torch.from_numpy(images())
    centred = x - x.mean(dim=1, keepdim=True)
    alike = 0.5 + 0.5 * centred / centred.norm(dim=1, keepdim=True)
    contrast = ContrastNormalization(alike)
    torch.testing.assert_close(contrast.invert(contrast.normalize(alike)), alike)
