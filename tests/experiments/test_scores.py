"""Variants of the protocol against the protocols themselves, arithmetic, and closed forms."""

import math
from itertools import pairwise

import numpy as np
import pytest

from gan_repro.experiments import chain_habits, sample_count, scores, sensitivity
from gan_repro.experiments.record import ExperimentProvenance, ExperimentRecord
from gan_repro.models.gan.model import GAN
from gan_repro.parzen import evaluate, log_density
from tests.factories.records import WHERE


@pytest.fixture(scope="module")
def images(digits):
    return digits.train[:400], digits.valid, digits.test


def test_variants_agree_with_the_named_protocols(images):
    found = sensitivity.variants(*images, maximum=16)
    for variant, protocol in (
        ("few grid", "authors"),
        ("all grid", "authors-folds"),
        ("all continuous", "refined"),
    ):
        expected = evaluate(*images, protocol=protocol).mean
        assert found[variant].mean() == pytest.approx(expected, abs=0.02), variant


def test_dividing_by_one_more_raises_every_score_by_arithmetic(images):
    found = sensitivity.variants(*images, maximum=16)
    expected = 64 * math.log(17 / 16)
    np.testing.assert_allclose(found["pixels 256"] - found["few continuous"], expected, atol=0.05)
    assert (found["pixels 256"] - found["few continuous"]).mean() == pytest.approx(expected, abs=1e-3)


def test_dequantised_pixels_stay_in_their_cells(digits):
    noisy = sensitivity.dequantised(digits.test_pixels, digits, np.random.default_rng(0))
    assert np.array_equal(np.floor(noisy.astype(float) * 17 - 1e-6).clip(0), digits.test_pixels)


def test_an_effect_has_errors_over_images_and_over_draws():
    constant = [np.full(100, 1.0), np.full(100, 3.0)]
    found = scores.effect([constant], "x")
    assert (found.value, found.standard_error) == (2, pytest.approx(1))  # sd sqrt 2 over sqrt 2
    one = scores.effect([[np.array([0.0, 2.0])]], "x")
    assert (one.value, one.standard_error, one.over) == (1, pytest.approx(1), "test examples")
    two_trials = scores.effect([constant, constant], "x")
    assert two_trials.standard_error == pytest.approx(1 / math.sqrt(2))


def test_a_spread_is_pooled_within_groups():
    found = scores.pooled_spread([[1.0, 3.0], [11.0, 13.0]], "draws", "x")
    assert found.value == pytest.approx(math.sqrt(2))
    assert found.interval[0] < found.value < found.interval[1]
    assert scores.pooled_spread([[1.0], [5.0]], "draws", "x") is None


def test_blocks_together_are_the_density_of_all(images):
    samples, _, test = images
    sizes = sample_count.block_sizes(10, 400)
    assert sum(sizes) == 400
    starts = np.cumsum([0, *sizes])
    blocks = [log_density(test, samples[a:b], [0.2, 0.4]) for a, b in pairwise(starts)]
    together = sample_count.combine(blocks, sizes)
    np.testing.assert_allclose(together, log_density(test, samples, [0.2, 0.4]), atol=2e-4)


def test_draws_are_disjoint_and_of_the_right_size():
    sizes = sample_count.block_sizes(10, 1000)
    for count, number in ((10, 10), (30, 3), (100, 10), (300, 3), (1000, 1)):
        found = sample_count.draws(sizes, count)
        assert len(found) == number
        assert all(sum(sizes[draw]) == count for draw in found)
        assert all(a.stop <= b.start for a, b in pairwise(found))
    sizes = sample_count.block_sizes(10, 100_000)
    assert (sum(sizes), len(sizes)) == (100_000, 10 + 99 + 90)
    for count, number in ((300, 33), (3000, 33), (10_000, 10), (100_000, 1)):
        assert len(sample_count.draws(sizes, count)) == number
    with pytest.raises(ValueError, match="15 samples"):
        sample_count.draws(sizes, 15)


def test_samples_drawn_in_batches_count_as_drawn_at_once(context, monkeypatch):
    settings = sample_count.Settings(dataset="digits", counts=(50, 500, 1000), n_valid=50, n_test=60, steps=9)
    drawn, sample = [], GAN.sample

    def counted(self, n, *, generator):
        drawn.append(n)
        return sample(self, n, generator=generator)

    monkeypatch.setattr(GAN, "sample", counted)
    whole = sample_count.run(settings, context)
    assert drawn == [50] * 10 + [500]
    monkeypatch.setattr(sample_count, "BATCH", 200)
    parts = sample_count.run(settings, context)
    assert drawn[11:] == [50] * 10 + [200, 200, 100]
    for name, finding in whole.findings.items():
        # The same noise in other matrices: products round in another way, and nothing else differs.
        assert parts.findings[name].value == pytest.approx(finding.value, abs=1e-3), name


def test_sample_count_runs(context):
    settings = sample_count.Settings(dataset="digits", counts=(50, 500, 1000), n_valid=50, n_test=60, steps=9)
    outcome = sample_count.run(settings, context)
    assert [row[0] for row in outcome.series["curve"]] == [50, 500, 1000]
    found = outcome.findings
    rise = found[sample_count.score_name(1000)].value - found[sample_count.score_name(50)].value
    assert found[sample_count.effect_name(50, 1000)].value == pytest.approx(rise)
    assert sample_count.spread_name(1000) not in found


def test_an_effect_of_which_only_steps_are_known_is_their_sum(context, tmp_path):
    settings = sample_count.Settings(dataset="digits", counts=(50, 500, 1000), n_valid=50, n_test=60, steps=9)
    result = sample_count.run(settings, context)
    direct = sample_count.effect_name(50, 1000)

    def recorded(findings):
        return ExperimentRecord(
            name="sample-count", settings={}, provenance=ExperimentProvenance(**WHERE),
            findings=findings, series=result.series,
        )  # fmt: skip

    whole = sample_count.effect_between(recorded(result.findings), 50, 1000)
    assert whole == result.findings[direct]
    steps = {name: finding for name, finding in result.findings.items() if name != direct}
    summed = sample_count.effect_between(recorded(steps), 50, 1000)
    assert summed.value == pytest.approx(whole.value)
    assert (summed.interval, summed.standard_error) == (None, None)
    assert sample_count.effect_between(recorded(steps), 50, 2000) is None


def test_sensitivity_runs_on_recorded_models(context):
    settings = sensitivity.Settings(models=("gan", "gsn"), dataset="digits", draws=2, n_test=100)
    found = sensitivity.run(settings, context).findings
    shift = found["pixels-256-arithmetic"].value
    assert shift == pytest.approx(64 * math.log(17 / 16))
    assert found["pixels-256/gan"].value == pytest.approx(shift, abs=0.05)
    assert {"sigma-continuous/gsn", "spread-draws/gan"} <= found.keys()


def test_chain_habits_run_on_a_recorded_model(context):
    settings = chain_habits.Settings(models=("gsn",), dataset="digits", n_test=50, long_chains=10)
    found = chain_habits.run(settings, context).findings
    # The image is a centre of its own density, and other images are not.
    itself, kept = (
        chain_habits.finding_name(habit, "gsn")
        for habit in (chain_habits.TEST_IMAGE_ITSELF, chain_habits.TEST_IMAGE_KEPT)
    )
    assert found[itself].value > found[kept].value
    thinned = found[chain_habits.finding_name(chain_habits.THINNED, "gsn")]
    assert thinned.n == 4
    assert thinned.value != 0, "thinning acts on chains of several states"
