from __future__ import annotations

import numpy as np
import pytest

from gan_repro import data
from gan_repro.data import digits as module


def test_the_cut(digits: data.Dataset) -> None:
    assert [part.shape for part in (digits.train, digits.valid, digits.test)] == [
        (1000, 64),
        (300, 64),
        (497, 64),
    ]
    assert digits.image_shape == (8, 8)
    assert (digits.train.min(), digits.train.max()) == (0, 1)
    assert digits.sha256 == "1e9da73c72dbb1eef38673c665ab2b3a2a5a5cd014fdfb82540df33c71cd0f57"


def test_each_image_is_in_one_part(digits: data.Dataset) -> None:
    from sklearn.datasets import load_digits

    everything = np.concatenate([digits.train_pixels, digits.valid_pixels, digits.test_pixels])
    original = load_digits().data
    np.testing.assert_array_equal(np.sort(everything, axis=0), np.sort(original, axis=0))
    assert sorted(map(bytes, everything)) == sorted(map(bytes, original.astype(np.uint8)))


def test_other_digits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_pixels", lambda: np.zeros((1797, 64), np.uint8))
    with pytest.raises(data.DataUnavailable, match="another release of scikit-learn"):
        data.load("digits")
    assert [check.state for check in module.verify(None)] == ["corrupt"]
