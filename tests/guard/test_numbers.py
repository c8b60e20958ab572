"""Degenerate models and samples: a right answer, by closed form, or a right refusal."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_repro import data, models
from gan_repro.experiments.results import load_results
from gan_repro.models.baselines import Baseline
from gan_repro.parzen.__main__ import main as parzen_main
from gan_repro.parzen.density import log_density
from gan_repro.parzen.protocols import AUTHORS_SIGMAS, GridEdgeWarning, choose_sigma, evaluate
from gan_repro.search.__main__ import fit_candidate, score_candidate
from gan_repro.tables.cell import cell_text
from gan_repro.tables.collect import cell_from
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.spec import DataSpec, EvaluationSpec, TrialSpec, make_spec
from gan_repro.trials.store import RecordStore
from tests.factories.trials import TINY_GAN

D = 784
NATS = 1e-4
"""What float32 distances may cost."""
RANDOM = np.random.default_rng(0)
IMAGES = (RANDOM.random((300, D)) * (RANDOM.random((300, D)) < 0.2)).astype(np.float32)
VALID, TEST = IMAGES[:100], IMAGES[100:]


def one_gaussian(points: np.ndarray, center: np.ndarray, sigma: float) -> np.ndarray:
    """Log-density, nats, of points (n, d) under a single Gaussian: what N equal samples amount to."""
    squares = np.square(points.astype(np.float64) - center.astype(np.float64)).sum(axis=1)
    return -squares / (2 * sigma**2) - points.shape[1] * math.log(sigma * math.sqrt(2 * math.pi))


COLLAPSED = {
    "all black": np.zeros(D, np.float32),
    "all white": np.ones(D, np.float32),
    "all grey": np.full(D, 0.5, np.float32),
    "one image": IMAGES[7],
    "a third, which no binary number is": np.full(D, 1 / 3, np.float32),
}


@pytest.mark.parametrize("center", COLLAPSED.values(), ids=COLLAPSED)
def test_ten_thousand_equal_samples_are_one_gaussian(center: np.ndarray) -> None:
    samples = np.tile(center, (10_000, 1))
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("ignore", GridEdgeWarning)
        result = evaluate(samples, VALID, TEST)
    curve = {sigma: one_gaussian(VALID, center, sigma).mean() for sigma in AUTHORS_SIGMAS}
    best = max(curve, key=lambda sigma: curve[sigma])
    expected = one_gaussian(TEST, center, best)
    assert result.sigma == pytest.approx(best)
    assert result.at_grid_edge == (best in (AUTHORS_SIGMAS[0], AUTHORS_SIGMAS[-1]))
    np.testing.assert_allclose(result.log_likelihood, expected, rtol=1e-6, atol=NATS)
    assert result.mean == pytest.approx(expected.mean())
    assert result.standard_error == pytest.approx(expected.std() / math.sqrt(len(TEST)))


def test_one_sample_is_one_gaussian_too() -> None:
    result = evaluate(IMAGES[:1], VALID, TEST)
    np.testing.assert_allclose(
        result.log_likelihood, one_gaussian(TEST, IMAGES[0], result.sigma), rtol=1e-6, atol=NATS
    )
    assert result.n_samples == 1


def test_refined_sigma_of_a_collapse_is_the_root_mean_square() -> None:
    """For one Gaussian the best sigma^2 is the mean squared distance over d."""
    center = np.full(D, 0.5, np.float32)
    choice = choose_sigma(np.tile(center, (1000, 1)), VALID, protocol="refined")
    best = math.sqrt(np.square(VALID.astype(np.float64) - center).sum(axis=1).mean() / D)
    assert choice.sigma == pytest.approx(best, rel=0.01)
    assert choice.valid_mean == pytest.approx(one_gaussian(VALID, center, best).mean(), abs=0.01)


def test_one_test_image_has_a_score_and_no_error() -> None:
    result = evaluate(IMAGES[:50], VALID, TEST[:1])
    assert result.standard_error is None
    assert result.estimate.standard_error is None
    assert math.isfinite(result.mean)


@pytest.mark.filterwarnings("ignore::gan_repro.parzen.protocols.GridEdgeWarning")
@pytest.mark.parametrize("n", [1, 2, 99])
def test_few_validation_images_are_all_used(n: int) -> None:
    result = evaluate(IMAGES[:50], VALID[:n], TEST)
    assert result.n_valid == n
    assert result.valid_mean == pytest.approx(log_density(VALID[:n], IMAGES[:50], [result.sigma]).mean())


@pytest.mark.parametrize("protocol", ["authors", "refined"])
@pytest.mark.parametrize(("far", "edge"), [(False, 0), (True, -1)])
def test_a_sigma_at_the_edge_is_flagged(protocol: str, far: bool, edge: int) -> None:
    """Samples that are the validation images want sigma at 0; white ones, on black images, want it at 1."""
    black = np.zeros_like(VALID)
    images = (np.ones((10, D), np.float32), black, black) if far else (VALID, VALID, TEST)
    with pytest.warns(GridEdgeWarning, match="at the edge of the grid"):
        result = evaluate(*images, protocol=protocol)
    assert result.at_grid_edge
    assert result.sigma == pytest.approx(AUTHORS_SIGMAS[edge])
    assert math.isfinite(result.mean)


@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_a_part_without_images_is_refused(part: str, digits: data.Dataset) -> None:
    with pytest.raises(ValueError, match=f"the {part} part holds no images"):
        replace(digits, **{f"{part}_pixels": digits.train_pixels[:0]})


@pytest.mark.parametrize(
    ("points", "centers"),
    [(TEST[:0], TEST), (TEST, TEST[:0]), (TEST[:0], TEST[:0])],
    ids=["0 n", "n 0", "0 0"],
)
def test_a_score_of_nothing_or_on_nothing_is_refused(points: np.ndarray, centers: np.ndarray) -> None:
    with pytest.raises(ValueError, match="nothing to score"):
        log_density(points, centers, [0.2])


@pytest.mark.parametrize("sigma", [0.0, -0.2, math.nan, math.inf, -math.inf])
def test_a_sigma_that_is_no_width_is_refused(sigma: float) -> None:
    with pytest.raises(ValueError, match="positive numbers"):
        log_density(TEST, TEST, [0.2, sigma])


@pytest.mark.parametrize("scale", [1e-30, 1e-38, 1e-42])
def test_values_near_nought_are_nought(scale: float) -> None:
    tiny = (IMAGES[:20] * scale).astype(np.float32)
    expected = one_gaussian(TEST, np.zeros(D), 0.2)
    np.testing.assert_allclose(log_density(TEST, tiny, [0.2])[:, 0], expected, rtol=1e-6, atol=NATS)


@pytest.mark.parametrize("value", [1e3, 1e6, 1e12])
def test_far_samples_have_the_density_that_the_formula_gives(value: float) -> None:
    centers = np.full((3, D), value, np.float32)
    expected = one_gaussian(TEST, centers[0], 0.2)
    np.testing.assert_allclose(log_density(TEST, centers, [0.2])[:, 0], expected, rtol=1e-5)


def test_a_far_sample_among_near_ones_changes_only_the_count() -> None:
    near = IMAGES[:10]
    mixed = np.concatenate([near, np.full((10, D), 1e15, np.float32)])
    gap = log_density(TEST, near, [0.2]) - log_density(TEST, mixed, [0.2])
    np.testing.assert_allclose(gap, math.log(2), atol=1e-3)


# --- trials of models that go wrong -----------------------------------------------------------------------


class Settled(Baseline):
    """Gives whatever it is told to."""

    name = "settled"
    given: Any = None

    def sample(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        """N samples, (n, d)."""
        return type(self).given(n, self.fitted().shape[1])


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Settled]]:
    monkeypatch.setattr(models.PLUGGED, "things", {})
    yield models.register(Settled)
    Settled.given = None


def trial(results: Path, digits: data.Dataset, model: str, **settings: Any) -> tuple[TrialSpec, TrialRecord]:
    spec = make_spec(
        model,
        DataSpec(name="digits", sha256=digits.sha256),
        seed=1,
        settings=settings,
        evaluation=EvaluationSpec(n_samples=100, track_every=1),
    )
    return spec, run(spec, RunOptions(results=results, progress_position=None, device="cpu"))


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_constant_generator_has_the_score_of_one_gaussian(
    value: float, settled: type[Settled], digits: data.Dataset, tmp_path: Path
) -> None:
    settled.given = lambda n, d: torch.full((n, d), value)
    spec, record = trial(tmp_path, digits, "settled")
    assert record.status == "done"
    expected = one_gaussian(digits.test, np.full(64, value), record.score.sigma)
    assert record.score.log_likelihood.value == pytest.approx(expected.mean())
    assert RecordStore(tmp_path).read(spec) == record


BROKEN: dict[str, tuple[Any, str, str]] = {
    "NaN": (lambda n, d: torch.full((n, d), math.nan), "diverged", "not all finite"),
    "infinity": (lambda n, d: torch.full((n, d), math.inf), "diverged", "not all finite"),
    "one NaN": (
        lambda n, d: torch.zeros(n, d).index_fill(0, torch.tensor([3]), math.nan),
        "diverged",
        "not all finite",
    ),
    "values at the end of the range": (
        lambda n, d: torch.full((n, d), torch.finfo(torch.float32).max),
        "diverged",
        "log-likelihood is",
    ),
    "float64 past float32": (
        lambda n, d: torch.full((n, d), 1e200, dtype=torch.float64),
        "diverged",
        "log-likelihood is",
    ),
    "too few samples": (lambda n, d: torch.zeros(n - 1, d), "error", "asked for (100, 64)"),
    "no samples": (lambda n, d: torch.zeros(0, d), "error", "asked for (100, 64)"),
    "samples of another size": (lambda n, d: torch.zeros(n, d + 1), "error", "asked for (100, 64)"),
    "images instead of rows": (lambda n, d: torch.zeros(n, 8, 8), "error", "asked for (100, 64)"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_a_generator_that_fails_is_recorded_as_failed_and_shown(
    case: tuple[Any, str, str], settled: type[Settled], digits: data.Dataset, tmp_path: Path
) -> None:
    settled.given, status, reason = case
    spec, record = trial(tmp_path, digits, "settled")
    assert record.status == status
    assert reason in str(record.reason)
    assert str(record.reason).isprintable()
    assert not record.candidates
    assert RecordStore(tmp_path).read(spec) == record
    assert cell_text(cell_from([record])) == f"seed 1 {status}: {record.reason}"


def test_memory_that_is_not_there_says_nothing_of_the_model(
    settled: type[Settled], digits: data.Dataset, tmp_path: Path
) -> None:
    """It is the machine's fault: no record says that the model failed, and the trial can be run elsewhere."""
    settled.given = lambda n, d: torch.zeros(2**50, d)
    with pytest.raises(RuntimeError, match="memory"):
        trial(tmp_path, digits, "settled")
    assert list(load_results(tmp_path).trials) == []


def test_a_net_that_diverges_is_recorded_with_its_curve(
    digits: data.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gan = models.model_class("gan")
    train_batch = gan.train_batch

    def no_number_in_the_third_epoch(self: Any, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        losses = train_batch(self, batch)
        return {name: loss * math.nan if self.epoch == 2 else loss for name, loss in losses.items()}

    monkeypatch.setattr(gan, "train_batch", no_number_in_the_third_epoch)
    _, record = trial(tmp_path, digits, "gan", **TINY_GAN)
    assert record.status == "diverged"
    assert "became nan in epoch 3" in str(record.reason)
    assert "diverged" in cell_text(cell_from([record]))
    assert [point.epoch for point in record.learning_curve] == [1, 2]
    assert all(point.losses for point in record.learning_curve)
    assert all(math.isfinite(loss) for point in record.learning_curve for loss in point.losses.values())


def test_a_validation_likelihood_that_is_no_number_is_divergence(
    digits: data.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples may be finite and still too large to be scored."""
    sample = models.model_class("gan").sample

    def huge(self: Any, n: int, *, generator: torch.Generator) -> torch.Tensor:
        return sample(self, n, generator=generator) + 3e38

    monkeypatch.setattr(models.model_class("gan"), "sample", huge)
    spec, record = trial(tmp_path, digits, "gan", **TINY_GAN)
    assert record.status == "diverged"
    assert "validation log-likelihood" in str(record.reason)
    assert RecordStore(tmp_path).read(spec) == record


def test_the_search_leaves_a_diverged_candidate_without_a_score(
    settled: type[Settled], digits: data.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled.given = lambda n, d: torch.full((n, d), 3e38)
    monkeypatch.setattr("gan_repro.search.__main__.N_SAMPLES", 200)
    fitted, _ = fit_candidate("settled", {}, digits)
    assert score_candidate(fitted, {}, digits).valid_mean is None


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_the_command_scores_a_collapsed_generator(
    value: float, digits: data.Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    np.save(tmp_path / "samples.npy", np.full((10_000, 64), value, np.float32))
    arguments = [str(tmp_path / "samples.npy"), "--dataset", "digits", "--json", "--device", "cpu"]
    assert parzen_main(arguments) == 0
    report = json.loads(capsys.readouterr().out)
    expected = one_gaussian(digits.test, np.full(64, value), report["sigma"])
    assert report["log_likelihood"]["value"] == pytest.approx(expected.mean())
