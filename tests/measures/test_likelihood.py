"""Bounds on a generator's likelihood against closed forms; runs that are cut short and go on."""

import numpy as np
import pytest
import torch

from gan_repro.measures import saved_runs
from gan_repro.measures.ais import AISSettings, effective_sample_size, log_mean_exp
from gan_repro.measures.hmc import transition
from gan_repro.measures.ladder import ladder, spread_under_prior
from gan_repro.measures.latent import Decoder, evaluate, normal
from gan_repro.measures.likelihood import bound_likelihood, choose_sigma, simulate
from gan_repro.util.seeds import generator
from tests.measures.conftest import linear_gaussian, scaled_uniform

SHORT = AISSettings(distributions=300, chains=200, leapfrogs=4, pilot_distributions=60)
TINY = AISSettings(distributions=8, chains=3, leapfrogs=2, pilot_distributions=4)


@pytest.mark.parametrize("known", [linear_gaussian(), scaled_uniform()], ids=["normal", "uniform"])
def test_the_bounds_meet_at_the_closed_form(known):
    found = bound_likelihood(known.decoder, known.images, known.sigma, SHORT, simulated=16)
    np.testing.assert_allclose(found.lower, known.log_likelihood, atol=0.1)
    assert abs(found.gap.mean()) < 0.1
    assert 0.4 < found.acceptance < 0.9
    assert (found.effective_chains > 100).all()


@pytest.mark.parametrize("schedule", ["sigmoid", "linear"])
def test_published_schedules_give_the_same_number(schedule):
    known = linear_gaussian()
    settings = AISSettings(
        distributions=300, chains=200, leapfrogs=4, pilot_distributions=60, schedule=schedule
    )
    found = bound_likelihood(known.decoder, known.images, known.sigma, settings, simulated=2)
    np.testing.assert_allclose(found.lower, known.log_likelihood, atol=0.15)


def test_too_short_a_run_shows_in_the_gap():
    known = linear_gaussian(k=4, d=30, sigma=0.1)
    settings = AISSettings(distributions=10, chains=4, leapfrogs=3, pilot_distributions=10)
    found = bound_likelihood(known.decoder, known.images, known.sigma, settings, simulated=6)
    short_by = float(np.mean(known.log_likelihood - found.lower))
    assert short_by > 3
    assert found.gap.mean() > 3


def test_weights_are_unbiased_however_short_the_run():
    # The mean over very many chains of w is p(x) at four rungs too, whatever the steps.
    known = linear_gaussian(k=1, d=2, sigma=1.0, n=1)
    settings = AISSettings(distributions=4, chains=40_000, leapfrogs=2, pilot_distributions=4)
    found = bound_likelihood(known.decoder, known.images, 1.0, settings, simulated=1)
    np.testing.assert_allclose(found.lower, known.log_likelihood, atol=0.02)


def test_inverse_weights_are_unbiased_on_the_models_own_images():
    # With one chain an image, the mean over images of p(x) / w is 1.
    known = linear_gaussian(k=1, d=2, sigma=1.0, n=1)
    settings = AISSettings(distributions=10, chains=1, leapfrogs=2, pilot_distributions=4)
    found = bound_likelihood(known.decoder, known.images, 1.0, settings, simulated=20_000)
    _, images = simulate(known.decoder, 20_000, 1.0, settings.seed)
    exact = known.exact(images.numpy())
    assert np.exp(exact - found.simulated_upper).mean() == pytest.approx(1, abs=0.02)
    assert np.exp(found.simulated_lower - exact).mean() == pytest.approx(1, abs=0.02)
    assert (found.simulated_upper - exact).mean() > 0.01


def test_transitions_leave_the_posterior_as_it_is():
    known = linear_gaussian(k=2, d=4, n=1)
    images, n = torch.from_numpy(known.images), 100_000
    random = generator(1, "posterior")
    jacobian = torch.autograd.functional.jacobian(
        lambda z: known.decoder.mean(z[None])[0], torch.zeros(2).double()
    )
    precision = known.sigma**-2
    covariance = torch.linalg.inv(torch.eye(2).double() + precision * jacobian.T @ jacobian)
    mean = (
        precision * covariance @ jacobian.T @ (images[0] - known.decoder.mean(torch.zeros(1, 2).double())[0])
    )
    start = (
        mean + torch.randn(n, 2, generator=random, dtype=torch.float64) @ torch.linalg.cholesky(covariance).T
    )
    point = evaluate(known.decoder, images, start)
    for _ in range(3):
        point, probability = transition(
            known.decoder, images, point, precision, torch.tensor([0.2]).double(), 3, random
        )
    assert 0.2 < float(probability.mean()) < 0.99
    torch.testing.assert_close(point.u.mean(0), mean, atol=0.01, rtol=0)
    torch.testing.assert_close(torch.cov(point.u.T), covariance, atol=0, rtol=0.03)


def test_short_steps_are_hardly_ever_rejected():
    known = linear_gaussian(k=2, d=4, n=1)
    images, random = torch.from_numpy(known.images), generator(2, "short")
    point = evaluate(known.decoder, images, torch.randn(500, 2, generator=random, dtype=torch.float64))
    _, probability = transition(
        known.decoder, images, point, known.sigma**-2, torch.tensor([0.01]).double(), 20, random
    )
    assert float(probability.mean()) > 0.99


def test_sigma_is_chosen_where_the_likelihood_is_highest():
    known = linear_gaussian(n=40)
    sigma, curve = choose_sigma(known.decoder, known.images, 0.1, SHORT)
    assert sigma == pytest.approx(0.4, rel=0.25)
    sigmas = np.array([point[0] for point in curve])
    assert (np.diff(sigmas) < 0).all()
    assert sigmas[-1] == pytest.approx(0.1)
    near = int(np.argmin(np.abs(sigmas - known.sigma)))
    assert curve[near][1] == pytest.approx(known.log_likelihood.mean(), abs=0.5)


def test_the_gap_is_told_before_the_images_which_take_longest():
    known, lines = linear_gaussian(), []
    found = bound_likelihood(known.decoder, known.images, known.sigma, TINY, simulated=2, log=lines.append)
    told = next(n for n, line in enumerate(lines) if "a gap of" in line)
    assert lines[told] == f"AIS, 8 distributions: a gap of {found.gap.mean():.1f} nats"
    assert any(line.startswith("AIS, lower: 8 of 8") for line in lines[told:])
    assert not any(line.startswith("AIS, lower:") for line in lines[:told])


def test_a_finished_run_is_written_once_and_read_back(tmp_path, monkeypatch):
    known, written, write = linear_gaussian(), [], saved_runs.atomic_write
    monkeypatch.setattr(saved_runs, "atomic_write", lambda *what: written.append(what) or write(*what))

    def bounded():
        return bound_likelihood(
            known.decoder, known.images, known.sigma, TINY, simulated=2, folder=tmp_path / "bounds"
        )

    first = bounded()
    sigma = choose_sigma(known.decoder, known.images, 0.1, TINY, folder=tmp_path / "sigma")
    assert len(written) == 4, "three runs for the bounds, one for sigma"
    np.testing.assert_array_equal(bounded().lower, first.lower)
    assert choose_sigma(known.decoder, known.images, 0.1, TINY, folder=tmp_path / "sigma") == sigma
    assert len(written) == 4


def test_a_run_that_is_cut_short_ends_with_the_same_bits(tmp_path, monkeypatch):
    known = linear_gaussian()
    whole = bound_likelihood(known.decoder, known.images, known.sigma, TINY, simulated=2)
    monkeypatch.setattr(saved_runs, "SAVE_SECONDS", 0)
    lines = []

    def stop_at(last):
        def log(line):
            lines.append(line)
            if len(lines) == last:
                raise KeyboardInterrupt

        return log

    for last in (3, 12, 20):
        with pytest.raises(KeyboardInterrupt):
            bound_likelihood(
                known.decoder,
                known.images,
                known.sigma,
                TINY,
                simulated=2,
                folder=tmp_path,
                log=stop_at(last),
            )
    assert "minutes left" in lines[-1]
    found = bound_likelihood(known.decoder, known.images, known.sigma, TINY, simulated=2, folder=tmp_path)
    assert found.to_dict() == whole.to_dict()


def test_the_choice_of_sigma_goes_on_where_it_was(tmp_path, monkeypatch):
    known = linear_gaussian()
    whole = choose_sigma(known.decoder, known.images, 0.2, TINY)
    monkeypatch.setattr(saved_runs, "SAVE_SECONDS", 0)

    def stop(line):
        if "pilot" not in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        choose_sigma(known.decoder, known.images, 0.2, TINY, folder=tmp_path, log=stop)
    assert (tmp_path / "ais.pt").exists()
    assert choose_sigma(known.decoder, known.images, 0.2, TINY, folder=tmp_path) == whole


def test_another_runs_file_is_refused(tmp_path):
    known = linear_gaussian()
    bound_likelihood(known.decoder, known.images, known.sigma, TINY, simulated=2, folder=tmp_path)
    with pytest.raises(ValueError, match="other settings; delete"):
        bound_likelihood(known.decoder, known.images, 0.3, TINY, simulated=2, folder=tmp_path)
    other = Decoder(lambda z: known.decoder.mean(z) + 1, known.decoder.prior, torch.float64)
    with pytest.raises(ValueError, match="another model"):
        bound_likelihood(other, known.images, known.sigma, TINY, simulated=2, folder=tmp_path)
    (tmp_path / "ais.pt").write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"ais.pt cannot be read .*; delete"):
        bound_likelihood(known.decoder, known.images, known.sigma, TINY, simulated=2, folder=tmp_path)


def test_the_seed_decides():
    known = linear_gaussian()
    runs = [
        bound_likelihood(
            known.decoder, known.images, known.sigma, AISSettings(**{**vars(TINY), "seed": seed}), simulated=2
        )
        for seed in (1, 1, 2)
    ]
    assert runs[0].to_dict() == runs[1].to_dict()
    assert (runs[0].lower != runs[2].lower).all()


def test_bad_input_is_one_sentence():
    known = linear_gaussian()
    for images, message in [
        (known.images[:, :-1], "makes images of 6 pixels"),
        (np.full((2, 6), np.nan), "image 0 .* NaN"),
    ]:
        with pytest.raises(ValueError, match=message):
            bound_likelihood(known.decoder, images, known.sigma, TINY)
    with pytest.raises(ValueError, match="sigma must be a positive"):
        bound_likelihood(known.decoder, known.images, 0.0, TINY)
    with pytest.raises(ValueError, match="chains must be at least 1"):
        AISSettings(chains=0)
    with pytest.raises(ValueError, match="acceptance"):
        AISSettings(acceptance=1.0)
    broken = Decoder(lambda z: known.decoder.mean(z) * float("nan"), known.decoder.prior, torch.float64)
    with pytest.raises(ArithmeticError, match="not finite"):
        bound_likelihood(broken, known.images, known.sigma, TINY)


def test_ladders_begin_at_the_prior_and_end_at_the_posterior():
    for schedule in ("geometric", "sigmoid", "linear"):
        assert ladder(0.5, 1, schedule).tolist() == [0, 4]
        rungs = ladder(0.5, 100, schedule)
        assert (rungs[0], rungs[-1]) == (0, pytest.approx(4))
        assert (rungs.diff() > 0).all()
    assert ladder(0.5, 100, "sigmoid")[1] < ladder(0.5, 100, "linear")[1] / 4


def test_the_geometric_ladder_keeps_its_ratio():
    rungs = ladder(0.1, 50, "geometric", prior_spread=20)
    assert rungs[1] == pytest.approx(0.1 / 20)
    ratios = (rungs[2:] / rungs[1:-1]).numpy()
    np.testing.assert_allclose(ratios, (100 * 20 / 0.1) ** (1 / 49))
    assert rungs[-1] == pytest.approx(100)


def test_the_first_rung_is_no_longer_than_that_of_even_rungs():
    for spread in (0.0, 1e-9, 1e-3):
        rungs = ladder(0.1, 50, "geometric", prior_spread=spread)
        assert rungs[1] == pytest.approx(100 / 50)
        assert (rungs.diff() > 0).all()


def test_the_spread_under_the_prior():
    # mu(z) = z in one dimension: |x - z|^2 / 2 at x = 0 is half a chi-squared number, of deviation 1/sqrt 2.
    decoder = Decoder(lambda z: z, normal(1), torch.float64)
    spread = spread_under_prior(decoder, torch.zeros(3000, 1).double(), generator(0, "spread"))
    assert spread == pytest.approx(0.5**0.5, rel=0.15)


def test_a_constant_ratio_of_rungs_finds_the_best_mode():
    """Of many modes, chains that go up even rungs end in worse ones, by more nats than the bound is off."""
    frequencies = torch.tensor([1.0, 3.0]).double()
    decoder = Decoder(
        lambda z: torch.cat([(z.unsqueeze(2) * frequencies).sin().flatten(1), 0.3 * z], 1),
        normal(3),
        torch.float64,
    )
    gaps = {}
    for schedule in ("geometric", "sigmoid", "linear"):
        settings = AISSettings(
            distributions=200, chains=4, leapfrogs=5, pilot_distributions=50, schedule=schedule
        )
        _, images = simulate(decoder, 12, 0.05, settings.seed)
        found = bound_likelihood(decoder, images[:1].numpy(), 0.05, settings, simulated=12)
        gaps[schedule] = found.gap.mean()
    assert gaps["geometric"] < gaps["sigmoid"] / 2 < gaps["linear"] / 2


def test_means_and_sizes_of_weights():
    log_weights = torch.tensor([[0.0, 0.0, 0.0, 0.0], [-1000.0, -1000.0, 0.0, -1000.0]]).double()
    np.testing.assert_allclose(effective_sample_size(log_weights), [4, 1])
    np.testing.assert_allclose(log_mean_exp(log_weights), [0, -np.log(4)])
