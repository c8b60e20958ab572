"""All measures of a set of samples at once: what comes out, and what is refused."""

import json
import math

import numpy as np
import pytest

from gan_repro.data.dataset import Dataset
from gan_repro.measures import measure_samples
from gan_repro.measures import yardstick as yardstick_module
from gan_repro.measures.names import NAMES
from gan_repro.measures.quality import Quality
from gan_repro.measures.yardstick import Yardstick, check_samples


@pytest.fixture(scope="module")
def noise():
    """A data set called mnist whose images are noise: 150 to validate and 150 to test."""
    random = np.random.default_rng(0)
    pixels = random.integers(256, size=(400, 784)).astype(np.uint8)
    return Dataset("mnist", pixels[:100], pixels[100:250], pixels[250:], (28, 28))


@pytest.fixture(scope="module")
def samples():
    return np.random.default_rng(1).random((200, 784), dtype=np.float32)


@pytest.fixture(scope="module")
def everything(noise, samples):
    return measure_samples(samples, noise)


def test_everything_is_measured_in_both_spaces(everything):
    found = everything
    measured = [(measure.space, measure.name) for measure in found.measures]
    assert measured == [
        *(("network", n) for n in NAMES),
        *(("pixels", n) for n in NAMES if n != "class-balance"),
    ]
    assert (found.n_samples, found.n_given, found.n_images, found.n_real) == (200, 200, 150, 150)
    assert len(found.network_sha256) == 64
    for measure in found.measures:
        assert math.isfinite(measure.samples.value)
        assert math.isfinite(measure.real.value)
    assert found.value("kid", "pixels").over == "draws of samples"
    with pytest.raises(KeyError, match="class-balance was not measured in the space of pixels"):
        found.value("class-balance", "pixels")


def test_it_turns_into_json(noise, samples):
    said = json.loads(json.dumps(measure_samples(samples, noise, "kid").to_dict(), allow_nan=False))
    assert [measure["space"] for measure in said["measures"]] == ["network", "pixels"]
    assert said["settings"] == {"groups": 10, "precision_k": 3, "density_k": 5}


def test_json_turns_back_into_measures(everything):
    said = json.loads(json.dumps(everything.to_dict()))
    assert Quality.from_dict(said) == everything
    with pytest.raises(ValueError, match="were not taken with"):
        Quality.from_dict({**said, "settings": {"groups": 5}})
    with pytest.raises(ValueError, match="no measures of samples"):
        Quality.from_dict({"settings": said["settings"]})


def test_some_measures_alone_are_those_of_all(noise, samples, everything):
    some = measure_samples(samples, noise, ["coverage", "kid"])
    assert [measure.name for measure in some.measures] == ["kid", "coverage"] * 2
    assert set(some.measures) < set(everything.measures)


def test_worse_samples_are_measured_as_worse(noise, samples, everything):
    dark = measure_samples(samples * 0.5, noise, ["kid", "coverage", "two-sample"])
    good = everything
    for name in ("kid", "two-sample"):
        assert dark.value(name, "pixels").value > good.value(name, "pixels").value
    assert dark.value("coverage", "pixels").value < good.value("coverage", "pixels").value


def test_other_data_sets_are_measured_as_pixels(digits):
    found = measure_samples(digits.train[:120], digits, "kid")
    assert [measure.space for measure in found.measures] == ["pixels"]
    assert found.network_sha256 is None
    assert "no net for features" in found.notes[0]


def test_of_many_samples_a_random_choice_is_measured(noise, samples, monkeypatch):
    monkeypatch.setattr(yardstick_module, "MOST", 120)
    first, again = (measure_samples(samples, noise, "kid", seed=1) for _ in range(2))
    assert (first.n_samples, first.n_given) == (120, 200)
    assert first == again
    assert first != measure_samples(samples, noise, "kid", seed=2)


def test_real_images_are_measured_once(noise, samples):
    said = []
    yardstick = Yardstick(noise)
    for _ in range(2):
        yardstick.measure(samples, "kid", log=said.append)
    assert len([line for line in said if "real images" in line]) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s[:, :-1], r"floats of shape \(n, 784\) .* not float32 of shape \(200, 783\)"),
        (lambda s: [[0.0] * 784, [0.0]], "every row as long as the others"),
        (lambda s: (s * 255).astype(np.uint8), "not uint8"),
        (lambda s: s[:99], "99 samples are too few for 5 nearest neighbours"),
        (lambda s: np.where(np.arange(200)[:, None] == 7, np.nan, s), "1 samples hold NaN .* row 7"),
        (lambda s: s * 2, r"must lie in \[0, 1\]"),
        (lambda s: s - 0.5, r"must lie in \[0, 1\]"),
    ],
)
def test_bad_samples_are_refused_in_one_sentence(noise, samples, change, message):
    with pytest.raises(ValueError, match=message) as error:
        measure_samples(change(samples), noise)
    assert "\n" not in str(error.value)


def test_unknown_measures_are_refused(noise, samples):
    for asked in ("nonsense", ["kid", "nonsense"]):
        with pytest.raises(ValueError, match="no measure is called 'nonsense'; there are: all, kid"):
            measure_samples(samples, noise, asked)


def test_images_and_rounding_are_taken():
    rows = check_samples(np.full((100, 28, 28), 1 + 1e-7), (28, 28))
    assert (rows.shape, rows.max()) == ((100, 784), 1)
