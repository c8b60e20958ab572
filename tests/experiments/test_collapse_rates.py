"""The experiment `collapse-rates`: which trainings count as collapsed, and what a cut-off run keeps."""

import pytest
import torch

from gan_repro import models
from gan_repro.experiments import collapse_rates
from gan_repro.experiments.base import Context
from gan_repro.experiments.collapse_rates import Settings, TrainingPoint
from gan_repro.models.base import DivergedError
from gan_repro.stats.intervals import share_interval
from gan_repro.verdicts.rules import rules

SMALL = Settings(
    recipes=("gan", "gan-searched"), dataset="digits", seeds=(1, 2), epochs=1, generator_units=8,
    discriminator_units=4, n_samples=50,
)  # fmt: skip


@pytest.fixture
def one_image(monkeypatch):
    """Let the nets of the searched rate draw one image again and again, the others noise."""

    def sample(model, n, *, generator):
        samples = torch.rand((n, 64), generator=generator)
        return samples[:1].expand(n, -1) if model.config.learning_rate == 0.2 else samples

    monkeypatch.setattr(models.model_class("gan"), "sample", sample)


def test_only_the_recipe_that_lost_its_spread_collapsed(one_image, tmp_path):
    result = collapse_rates.run(SMALL, Context(tmp_path))
    points = {row: [TrainingPoint(*p) for p in result.series[row]] for row in SMALL.recipes}
    assert [p.seed for p in points["gan"]] == [1, 2]
    assert all(p.spread < 1e-6 for p in points["gan-searched"])
    assert all(p.spread > rules().collapse.threshold for p in points["gan"])
    assert (result.findings["gan"].value, result.findings["gan-searched"].value) == (0, 1)
    limits = share_interval(1.0, 2)
    assert result.findings["gan-searched"].interval == (limits.low, limits.high)


def test_a_training_that_was_kept_is_not_run_again(tmp_path, monkeypatch):
    first = collapse_rates.run(SMALL, Context(tmp_path))
    monkeypatch.setattr(collapse_rates, "train", lambda *_, **__: pytest.fail("it trains again"))
    assert collapse_rates.run(SMALL, Context(tmp_path)) == first
    with pytest.raises(pytest.fail.Exception):
        collapse_rates.run(SMALL.model_copy(update={"epochs": 2}), Context(tmp_path))


def test_a_training_that_diverged_counts_as_collapsed(tmp_path, monkeypatch):
    def diverge(model, train, *, observer=None):
        raise DivergedError("a loss is no longer finite")

    monkeypatch.setattr(models.model_class("gan"), "fit", diverge)
    result = collapse_rates.run(SMALL, Context(tmp_path))
    assert [result.findings[row].value for row in SMALL.recipes] == [1, 1]
    assert result.series["gan"] == [[1, 0.0], [2, 0.0]]


def test_the_real_run_is_the_one_the_rule_fixes():
    fixed, settings = rules().collapse.rates, Settings()
    assert settings.recipes == tuple(fixed.recipes)
    assert (len(settings.seeds), settings.epochs) == (fixed.seeds, fixed.epochs)
