"""How much of the references' own sizes and lengths a run spends. A preset only lists what it makes smaller.

The defaults in the models are the references' values; everything below is a cut, and every record says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from gan_repro.trials.spec import DataSpec, EvaluationSpec, TrialSpec, make_spec

# Written down before the first recorded trial was run; a preset takes as many as it says, from the left.
SEEDS = (1, 2, 3, 4, 5)


class Cut(BaseModel):
    """What a preset changes for one model, and why that is smaller."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: dict[str, Any] = {}
    """Entries of the model's `Config` that differ from its defaults."""
    evaluation: dict[str, Any] = {}
    """Entries of `EvaluationSpec` that differ from its defaults."""
    smaller: tuple[str, ...] = ()
    """Each cut in words, for the record."""
    minutes: float
    """Rough length on one core of a 2.6 GHz server CPU, for the plan; records know better."""


class Preset(BaseModel):
    """A named budget."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    n_seeds: int
    cuts: Mapping[str, Cut]
    """By model."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that this preset runs, fixed in advance."""
        return SEEDS[: self.n_seeds]

    def cut(self, model: str) -> Cut:
        """What this preset changes for a model.

        Raises:
            ValueError: it says nothing of that model.
        """
        if model not in self.cuts:
            raise ValueError(
                f"preset {self.name} has no entry for model {model}; add one to trials/presets.py"
            )
        return self.cuts[model]


# The reference's own learning rate goes with its length; for a few epochs gan_repro.search found these.
_GSN_SHORT = {"learning_rate": 2.0, "hidden_noise": 1.5}
_GSN_SHORT_WORDS = "learning rate 2 and hidden noise 1.5 (reference: 0.25 and 2), searched for short training"

_SMOKE_SCORE = {"n_samples": 1000, "track_every": 1}
_SMOKE_WORDS = ("1,000 samples scored instead of 10,000",)

_SMOKE_STACK = Cut(
    settings={"epochs": 2, "layers": [64, 64], "batch_size": 500},
    evaluation=_SMOKE_SCORE,
    smaller=("2 epochs, layers of 64, batches of 500", *_SMOKE_WORDS),
    minutes=0.1,
)

PRESETS: dict[str, Preset] = {
    "smoke": Preset(
        name="smoke",
        description="seconds; shows that everything runs, says nothing about the models",
        n_seeds=1,
        cuts={
            "gan": Cut(
                settings={
                    "epochs": 1,
                    "generator_hidden": [{"units": 64}],
                    "discriminator_hidden": [16],
                    "batch_size": 500,
                },
                evaluation=_SMOKE_SCORE,
                smaller=("1 epoch, one hidden layer of 64 and of 16x5 units, batches of 500", *_SMOKE_WORDS),
                minutes=0.1,
            ),
            "dbn": _SMOKE_STACK,
            "cae": _SMOKE_STACK,
            "gsn": Cut(
                settings={"epochs": 1, "layers": [64, 64], "batch_size": 500},
                evaluation=_SMOKE_SCORE,
                smaller=("1 epoch, layers of 64, batches of 500", *_SMOKE_WORDS),
                minutes=0.2,
            ),
            "train-set": Cut(evaluation=_SMOKE_SCORE, smaller=_SMOKE_WORDS, minutes=0.1),
            "kmeans": Cut(
                settings={"n_clusters": 1000, "max_iterations": 1},
                evaluation=_SMOKE_SCORE,
                smaller=("1,000 centroids, 1 iteration", *_SMOKE_WORDS),
                minutes=0.1,
            ),
            "gaussian": Cut(evaluation=_SMOKE_SCORE, smaller=_SMOKE_WORDS, minutes=0.1),
        },
    ),
    "quick": Preset(
        name="quick",
        description="every model within 10 minutes on 2 cores",
        n_seeds=1,
        cuts={
            "gan": Cut(
                settings={"epochs": 10},
                smaller=("10 epochs; the reference trains until its validation likelihood stops rising",),
                minutes=4.5,
            ),
            "dbn": Cut(settings={"epochs": 8}, smaller=("8 epochs instead of 40",), minutes=1.2),
            "cae": Cut(settings={"epochs": 8}, smaller=("8 epochs instead of 40",), minutes=1.2),
            "gsn": Cut(
                settings={"epochs": 2, "layers": [500, 500], **_GSN_SHORT},
                smaller=(
                    "2 epochs of the reference's 100 to 600, layers of 500 units instead of 1500",
                    _GSN_SHORT_WORDS,
                ),
                minutes=1.2,
            ),
            "train-set": Cut(minutes=0.3),
            "kmeans": Cut(
                settings={"max_iterations": 3}, smaller=("3 iterations of Lloyd's algorithm",), minutes=1.5
            ),
            "gaussian": Cut(minutes=0.3),
        },
    ),
    "standard": Preset(
        name="standard",
        description="the references' sizes, at most 45 minutes of training a trial on 2 cores",
        n_seeds=3,
        cuts={
            "gan": Cut(
                settings={"epochs": 100},
                smaller=("100 epochs; the reference trains until its validation likelihood stops rising",),
                minutes=40,
            ),
            "dbn": Cut(minutes=10),
            "cae": Cut(minutes=9),
            "gsn": Cut(
                settings={"epochs": 6, **_GSN_SHORT},
                evaluation={"track_every": 1},
                smaller=("6 epochs of the reference's 100 to 600", _GSN_SHORT_WORDS),
                minutes=18,
            ),
            "train-set": Cut(minutes=0.3),
            "kmeans": Cut(minutes=8),
            "gaussian": Cut(minutes=0.3),
        },
    ),
    "paper": Preset(
        name="paper",
        description="the references' sizes and lengths",
        n_seeds=5,
        cuts={
            "gan": Cut(evaluation={"patience": 100}, minutes=800),
            "dbn": Cut(minutes=10),
            "cae": Cut(minutes=9),
            "gsn": Cut(minutes=600),
            "train-set": Cut(minutes=0.3),
            "kmeans": Cut(minutes=8),
            "gaussian": Cut(minutes=0.3),
        },
    ),
}


def get_preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        ValueError: there is none; the message lists those there are.
    """
    if name not in PRESETS:
        raise ValueError(f"no preset is called {name!r}; known presets: {', '.join(PRESETS)}")
    return PRESETS[name]


def preset_spec(preset: Preset, model: str, data: DataSpec, seed: int) -> TrialSpec:
    """The trial that a preset runs for a model, a data set and a seed.

    Raises:
        ValueError: the preset says nothing of that model.
    """
    cut = preset.cut(model)
    return make_spec(
        model, data, seed=seed, settings=cut.settings, evaluation=EvaluationSpec(**cut.evaluation)
    )
