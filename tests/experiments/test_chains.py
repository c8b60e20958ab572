"""Chains run in every way, gone on from where they were cut off, and their convergence as arviz has it."""

import numpy as np
import pytest

from gan_repro.experiments import chains
from gan_repro.experiments.base import Context
from gan_repro.experiments.chains import (
    EnvelopePoint,
    envelope,
    envelope_series,
    published_name,
    published_scores,
)
from gan_repro.experiments.trained import NoModelError, load_all
from gan_repro.stats import mixing
from tests.factories.experiments import as_record

TINY = chains.Settings(
    models=("gsn",), dataset="digits", chains=(1, 10, 100), burn_in=(1, 3), n_samples=100, long_chains=5,
    published_burn_in=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def result(small_results):
    return chains.run(TINY, Context(small_results))


def test_a_chain_from_a_test_image_is_told_as_one(small_results, tmp_path, monkeypatch, capsys):
    (net,) = load_all(Context(small_results), "gsn", "digits")
    monkeypatch.setattr(chains, "load_rows", lambda *_, **__: [("gsn", [net])])
    small = TINY.model_copy(update={"chains": (100,), "burn_in": (1,)})
    chains.run(small, Context(tmp_path))
    told = [line.split(": ")[1].partition(", ")[2] for line in capsys.readouterr().err.splitlines()]
    assert told == ["100 chains, burn-in 1", "one chain from test image 0", "5 chains, burn-in 2"]


def test_every_way_of_running_the_chains_is_scored(result):
    (id,) = result.trial_ids
    points = [EnvelopePoint(*row) for row in result.series[envelope_series(id)]]
    assert [(p.chains, p.burn_in) for p in points] == [(c, b) for c in (1, 10, 100) for b in (1, 3)]
    assert len({p.test_authors for p in points}) == 6, "each way gives other samples"
    assert all(p.test_refined >= p.test_authors - 5 for p in points)
    assert all((p.r_hat == -1) == (p.chains == 100) for p in points), "one state a chain shows no convergence"
    assert all(0 < p.effective_sample_size <= 200 for p in points if p.chains < 100)


def test_trials_of_other_seeds_are_left_out(small_results):
    with pytest.raises(NoModelError):
        chains.run(TINY.model_copy(update={"seeds": (2,)}), Context(small_results))


def test_rows_are_sampled_as_published_with_the_source_s_sigmas(result):
    record = as_record("chains", result)
    one = published_scores(record, chains.ONE_CHAIN, "gsn")
    assert set(one) == {1}
    assert published_scores(record, chains.ONE_CHAIN, "gsn", 0.2)[1] != one[1]
    many = record.findings[published_name(chains.LONG_CHAINS, "gsn", 1)]
    assert (many.n, many.over) == (497, "test examples")
    assert "from test image 0" in record.findings[published_name(chains.ONE_CHAIN, "gsn", 1)].what
    low, high = envelope(record, {result.trial_ids[0]: "gsn"}, "gsn")
    assert low < high
    assert envelope(record, {}, "gsn") is None


def test_the_first_sample_as_published_is_the_test_image(small_results):
    (trained,) = load_all(Context(small_results), "gsn", "digits")
    samples = chains.sample(trained, 20, 1, 0, from_image=True)
    np.testing.assert_array_equal(samples[0], trained.dataset.test[0])
    again = chains.sample(trained, 20, 1, 0, from_image=True)
    np.testing.assert_array_equal(samples, again)


def test_a_run_goes_on_from_the_cells_it_has(small_results, result, monkeypatch):
    drawn = []
    sample = chains.sample
    monkeypatch.setattr(chains, "sample", lambda *a, **k: drawn.append(a[2:]) or sample(*a, **k))
    assert chains.run(TINY, Context(small_results)) == result
    assert drawn == []
    kept = sorted((small_results / "checkpoints" / "chains").glob("*-10-3-*.json"))
    assert len(kept) == 1
    kept[0].unlink()
    assert chains.run(TINY, Context(small_results)) == result
    assert drawn == [(10, 3)]
    other = TINY.model_copy(update={"n_samples": 99})
    chains.run(other, Context(small_results))
    assert len(drawn) > 6, "other settings are other cells"


def test_chains_that_stand_still_apart_are_recorded_as_far_apart(small_results, monkeypatch, tmp_path):
    two = chains.Settings(
        models=("gsn",), dataset="digits", chains=(2,), burn_in=(0,), n_samples=40, long_chains=2,
        gsn_sigmas=(),
    )  # fmt: skip

    def stuck(trained, n, count, burn_in, **_):
        return np.repeat(trained.dataset.test[[0, 1]], n // 2, axis=0)

    monkeypatch.setattr(chains, "sample", stuck)
    context = Context(tmp_path)
    rows = [("gsn", load_all(Context(small_results), "gsn", "digits"))]
    monkeypatch.setattr(chains, "load_rows", lambda *_, **__: rows)
    first, again = (chains.run(two, context) for _ in range(2))
    assert first == again, "what was kept says the same"
    ((point,),) = as_record("chains", first).series.values()
    assert EnvelopePoint(*point).r_hat == chains.LARGEST_R_HAT


def walks(phi, shape, shift=0.0, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=shape)
    for t in range(1, shape[1]):
        noise[:, t] = phi * noise[:, t - 1] + (1 - phi**2) ** 0.5 * noise[:, t]
    return noise + shift * np.arange(shape[0])[:, None]


@pytest.mark.parametrize(
    ("phi", "shape", "shift"),
    [(0.0, (4, 500), 0), (0.9, (4, 501), 0), (0.5, (3, 400), 1), (0.99, (1, 1000), 0)],
)
def test_split_r_hat_is_that_of_arviz(phi, shape, shift):
    arviz_stats = pytest.importorskip("arviz_stats.base", reason="arviz-stats is the oracle").array_stats
    series = walks(phi, shape, shift)
    even = series[:, : shape[1] // 2 * 2]
    # arviz refuses a single chain, whose two halves are what is compared.
    halves = even.reshape(2 * shape[0], -1)
    expected = float(arviz_stats.rhat(halves, chain_axis=0, draw_axis=1, method="identity"))
    assert mixing.split_r_hat(series) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_the_effective_sample_size_is_near_that_of_arviz(phi):
    arviz_stats = pytest.importorskip("arviz_stats.base", reason="arviz-stats is the oracle").array_stats
    series = walks(phi, (4, 2000))
    expected = float(arviz_stats.ess(series, chain_axis=0, draw_axis=1, method="mean"))
    assert series.size / mixing.autocorrelation_time(series) == pytest.approx(expected, rel=0.15)


def test_chains_that_cannot_converge_are_told():
    apart = walks(0.0, (4, 100), shift=10.0)
    assert mixing.split_r_hat(apart) > 2
    assert mixing.split_r_hat(np.ones((2, 10))) == 1
    assert mixing.split_r_hat(np.repeat([[0.0], [1.0]], 10, axis=1)) == float("inf")
    with pytest.raises(ValueError, match="at least 4 are needed"):
        mixing.split_r_hat(np.zeros((2, 3)))
    assert mixing.convergence(np.random.default_rng(0).random((30, 5)), 10, 3) == (None, None)
