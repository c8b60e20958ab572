"""Classifier two-sample test: how often a classifier that was trained to tells samples from images.

As many samples as images, half of each to train on, the other half to test. Where the two have one
distribution the accuracy on the test half is one half, with the standard deviation 1 / (2 sqrt(n_test)); 1
means that every single one is recognised. The classifier has one hidden layer of 64 units, trained for 20
epochs at most.

Reference: Lopez-Paz, Oquab, "Revisiting classifier two-sample tests" (ICLR 2017), Section 3.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

HIDDEN = 64
EPOCHS = 20

FEWEST = 20
"""Samples, and images, below which there is too little to train and to test on."""


@dataclass(frozen=True)
class TwoSampleTest:
    """What the classifier found."""

    accuracy: float
    """Share of held-out samples and images that it tells; 0.5 where it cannot."""
    standard_error: float | None
    """Over the held-out samples and images; None where all or none are told, whose error is undefined."""
    p_value: float
    """Of so high an accuracy where samples and images have one distribution (normal approximation)."""
    n: int
    """How many samples and images were held out."""


def two_sample_test(samples: Floats, images: Floats, *, seed: int) -> TwoSampleTest:
    """Train a classifier on half of the features of samples and images, and test it on the rest.

    Args:
        samples: (m, d); of the larger of the two sets, random rows are left out.
        images: (n, d).
        seed: of the halves and of the classifier.

    Raises:
        ValueError: there are fewer than 20 of either.
    """
    from scipy.stats import norm
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    n = min(len(samples), len(images))
    if n < FEWEST:
        raise ValueError(
            f"{n} samples or images are too few to train and test a classifier; give at least {FEWEST}"
        )
    random = np.random.default_rng(seed)
    half = n // 2
    parts = [features[random.permutation(len(features))[: 2 * half]] for features in (samples, images)]
    train, test = (
        np.concatenate([part[rows] for part in parts]) for rows in (slice(half), slice(half, None))
    )
    labels = np.repeat([0, 1], half)
    # Features that hardly ever differ from 0 must not be blown up by their own spread.
    centre, spread = train.mean(axis=0), np.sqrt(np.mean(train.var(axis=0)))
    scale = spread if spread > 0 else 1.0
    classifier = MLPClassifier((HIDDEN,), max_iter=EPOCHS, random_state=int(random.integers(2**31)))
    with warnings.catch_warnings():
        # The number of epochs is the setting, not an accident.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit((train - centre) / scale, labels)
    accuracy = float(np.mean(classifier.predict((test - centre) / scale) == labels))
    error = math.sqrt(accuracy * (1 - accuracy) / len(test)) or None
    p_value = float(norm.sf((accuracy - 0.5) * 2 * math.sqrt(len(test))))
    return TwoSampleTest(accuracy, error, p_value, len(test))
