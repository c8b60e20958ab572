"""bfloat16 beside float32: pairs that differ in the rounding alone, kept one by one, and what is found."""

import pytest

from gan_repro import experiments, models
from gan_repro.experiments import precision, trainings
from gan_repro.experiments.base import Context
from gan_repro.experiments.precision import (
    COLLAPSED,
    PRECISIONS,
    SECONDS,
    SPEEDUP,
    TimedOutcome,
    difference_name,
    finding_name,
)
from gan_repro.models.base import DivergedError
from gan_repro.models.precision import require

TINY = precision.Settings(
    seeds=(1, 2), dataset="digits", generator_units=16, discriminator_units=8, epochs=2, n_samples=100
)


def skip_without_bfloat16():
    try:
        require("bfloat16", "cpu")
    except ValueError as error:
        pytest.skip(str(error))


def trained(authors, spread=0.9, seconds=1.0):
    valid = None if authors is None else {"authors": authors, "refined": authors + 1}
    return TimedOutcome(valid=valid, relative_spread=None if authors is None else spread, seconds=seconds)


def found(monkeypatch, tmp_path, nets):
    """The findings where training gives these nets, by precision and seed."""
    monkeypatch.setattr(precision, "require", lambda asked, device: None)
    monkeypatch.setattr(precision, "_train", lambda s, c, i, seed, asked: nets[asked][seed])
    settings = TINY.model_copy(update={"seeds": tuple(nets["float32"])})
    return precision.run(settings, Context(tmp_path)).findings


def test_the_difference_is_paired_by_seed(monkeypatch, tmp_path):
    nets = {
        "float32": {1: trained(100.0, seconds=2), 2: trained(110.0, seconds=2), 3: trained(120.0, seconds=2)},
        "bfloat16": {1: trained(101.0), 2: trained(112.0), 3: trained(123.0)},
    }
    findings = found(monkeypatch, tmp_path, nets)
    for protocol in ("authors", "refined"):
        difference = findings[difference_name(protocol)]
        # 1, 2 and 3: mean 2, standard error 1 / sqrt(3), and Student's quantile 4.3027 of two degrees.
        assert difference.value == pytest.approx(2)
        assert difference.interval == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-4)
        assert (difference.over, difference.n, difference.unit) == ("training seeds", 3, "nats")
    assert findings[finding_name("authors", "float32")].value == pytest.approx(110)
    assert findings[finding_name("refined", "bfloat16")].value == pytest.approx(113)
    assert findings[finding_name(SECONDS, "float32")].value == 2
    assert findings[SPEEDUP].value == pytest.approx(2)


def test_collapsed_and_diverged_nets_leave_the_mean(monkeypatch, tmp_path):
    nets = {
        "float32": {1: trained(100.0), 2: trained(-300.0, spread=0.1), 3: trained(120.0)},
        "bfloat16": {1: trained(104.0), 2: trained(112.0), 3: trained(None)},
    }
    findings = found(monkeypatch, tmp_path, nets)
    assert (findings[difference_name("authors")].value, findings[difference_name("authors")].n) == (4, 1)
    assert [findings[finding_name(COLLAPSED, p)].value for p in PRECISIONS] == pytest.approx([1 / 3, 1 / 3])
    nets["bfloat16"] = {seed: trained(None) for seed in (1, 2, 3)}
    none = found(monkeypatch, tmp_path / "none", nets)
    assert difference_name("authors") not in none
    assert none[finding_name(COLLAPSED, "bfloat16")].value == 1


@pytest.mark.parametrize("diverging", PRECISIONS)
def test_a_net_that_diverges_in_its_first_epoch_has_no_time(diverging, monkeypatch, tmp_path):
    skip_without_bfloat16()
    fit = models.model_class("gan").fit

    def diverge(model, images, *, observer=None):
        if model.config.precision == diverging and model.seed == 1:
            raise DivergedError("a loss is no longer finite")
        return fit(model, images, observer=observer)

    monkeypatch.setattr(models.model_class("gan"), "fit", diverge)
    findings = precision.run(TINY, Context(tmp_path)).findings
    timed = {p: findings[finding_name(SECONDS, p)] for p in PRECISIONS}
    assert {p: timed[p].n for p in PRECISIONS} == {p: 1 if p == diverging else 2 for p in PRECISIONS}
    assert findings[SPEEDUP].n == 1
    assert precision.run(TINY, Context(tmp_path)).findings == findings, "what was kept says the same"


def test_without_any_time_there_is_no_speedup(monkeypatch, tmp_path):
    nets = {p: {1: trained(None, seconds=None), 2: trained(100.0)} for p in PRECISIONS}
    nets["float32"][2] = trained(None, seconds=None)
    findings = found(monkeypatch, tmp_path, nets)
    assert SPEEDUP not in findings
    assert finding_name(SECONDS, "float32") not in findings
    assert findings[finding_name(SECONDS, "bfloat16")].n == 1


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("precision")
    skip_without_bfloat16()
    return folder, experiments.run("precision", TINY, results=folder)


def test_a_small_run_is_recorded(recorded):
    _, record = recorded
    assert record.seeds == (1, 2)
    for p in PRECISIONS:
        assert record.findings[finding_name(SECONDS, p)].value > 0
        assert record.findings[finding_name(COLLAPSED, p)].n == 2


def test_nets_of_a_pair_differ_by_the_rounding_alone(recorded, monkeypatch, tmp_path):
    made = []
    gan = trainings.GAN
    monkeypatch.setattr(
        trainings, "GAN", lambda config, seed: made.append((seed, config)) or gan(config, seed=seed)
    )
    precision.run(TINY, Context(tmp_path))
    assert [(seed, config.precision) for seed, config in made] == [(s, p) for s in (1, 2) for p in PRECISIONS]
    assert (
        len({config.model_copy(update={"precision": "float32"}).model_dump_json() for _, config in made}) == 1
    )
    kept = {path.name.rpartition("-")[0] for path in (tmp_path / "checkpoints/precision").iterdir()}
    assert kept == {f"{p}-seed{seed}" for p in PRECISIONS for seed in (1, 2)}


def test_a_run_goes_on_with_the_next_training(recorded, monkeypatch):
    folder, record = recorded
    asked = []
    train = precision._train
    monkeypatch.setattr(precision, "_train", lambda *given: asked.append(given[3:]) or train(*given))
    again = experiments.run("precision", TINY, results=folder)
    assert (asked, again.findings) == ([], record.findings)
    next((folder / "checkpoints/precision").glob("bfloat16-seed2-*")).unlink()
    experiments.run("precision", TINY, results=folder)
    assert asked == [(2, "bfloat16")]
    precision.run(TINY.model_copy(update={"epochs": 1}), Context(folder))
    assert len(asked) == 5, "other settings are other trainings"


def test_without_bfloat16_nothing_is_trained(monkeypatch, tmp_path):
    def refuse(asked, device):
        if asked == "bfloat16":
            raise ValueError("this processor has none")

    monkeypatch.setattr(precision, "require", refuse)
    monkeypatch.setattr(precision, "_train", lambda *given: pytest.fail("it trained"))
    with pytest.raises(ValueError, match="this processor has none"):
        precision.run(TINY, Context(tmp_path))
