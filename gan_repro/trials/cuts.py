"""What each preset makes smaller, row by row. Numbers only: how a preset is used stands in `presets`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict


class Cut(BaseModel):
    """What a preset changes for one model, and why that is smaller."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: dict[str, Any] = {}
    """Entries of the model's `Config` that differ from the reference's (`rows.reference_settings`)."""
    evaluation: dict[str, Any] = {}
    """Entries of `EvaluationSpec` that differ from its defaults."""
    smaller: tuple[str, ...] = ()
    """Each cut in words, for the record."""
    minutes: float
    """Rough length on one core of a 2.6 GHz server CPU, for the plan; records know better."""


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

_SMOKE_LAYER = Cut(
    settings={"epochs": 1, "layers": [64], "batch_size": 500},
    evaluation=_SMOKE_SCORE,
    smaller=("1 epoch, a layer of 64, batches of 500", *_SMOKE_WORDS),
    minutes=0.1,
)

_QUICK_FACES = {"n_samples": 2000}
_QUICK_FACES_WORDS = "2,000 samples scored instead of 10,000"


def _sigmoid(units: int) -> dict[str, Any]:
    """A hidden layer as the authors' face and CIFAR-10 nets have them below the output."""
    return {"units": units, "activation": "sigmoid", "bias": -2.0}


def _convolution(channels: int, kernel: int, padding: int, pool: int) -> dict[str, int]:
    sizes = {"kernel": kernel, "padding": padding, "pool": pool, "pool_stride": 2}
    return {"channels": channels, "pieces": 2, **sizes}


_MEDIUM_FACES = {
    "generator_hidden": [{"units": 1200}, _sigmoid(1200)],
    "front": [{"units": 1200}, _sigmoid(100)],
    "discriminator_hidden": [300, 300],
}
_MEDIUM_FACES_WORDS = "hidden layers of 1200 units instead of 8000 in G, of 300x5 instead of 1200x5 in D"
_MEDIUM_COLOUR = {
    "generator_hidden": [{"units": 1200}, {"units": 1200, "activation": "sigmoid"}],
    "discriminator_hidden": [240, 240],
}
_MEDIUM_COLOUR_WORDS = "hidden layers of 1200 units instead of 8000 in G, of 240x5 instead of 1600x5 in D"
_MEDIUM_CONVOLUTIONAL = {
    "generator_hidden": [{"units": 1200}, {"units": 1000, "activation": "sigmoid"}],
    "deconvolution": {"size": 10, "channels": 10, "kernel": 5, "stride": 3},
    "discriminator_convolutions": [
        _convolution(8, 8, 4, 4), _convolution(8, 8, 3, 4), _convolution(32, 5, 3, 2),
    ],
    "discriminator_hidden": [100],
}  # fmt: skip
_MEDIUM_CONVOLUTIONAL_WORDS = (
    "1200 and 10x10x10 units instead of 8000 and 10x10x80 in G, 8, 8 and 32 channels instead of 32, 32"
    " and 192, and 100x5 units instead of 500x5 in D"
)

_SMOKE_GAN = Cut(
    settings={
        "epochs": 1,
        "generator_hidden": [{"units": 64}],
        "discriminator_hidden": [16],
        "batch_size": 500,
    },
    evaluation=_SMOKE_SCORE,
    smaller=("1 epoch, one hidden layer of 64 and of 16x5 units, batches of 500", *_SMOKE_WORDS),
    minutes=0.1,
)


def _gan_epochs(epochs: int, minutes: float) -> Cut:
    """So many epochs of the full-size nets for MNIST."""
    return Cut(
        settings={"epochs": epochs},
        smaller=(f"{epochs} epochs; the reference trains until its validation likelihood stops rising",),
        minutes=minutes,
    )


# mnist.yaml has no termination: by its 2,000 epochs here the rate has fallen to 2 % of where it started, and
# the last generator is scored. Beside it stands the one after the ten best looks in a row.
_PAPER_GAN = Cut(evaluation={"looks": 10, "scored": "last"}, minutes=600)
_PATIENT_GAN = Cut(evaluation={"patience": 100}, minutes=250)
# At mnist.yaml's rate of 0.1 so few epochs can end in a collapse; at that of gan_repro.search none was seen.
_QUICK_GAN = Cut(
    settings={
        "epochs": 15,
        "learning_rate": 0.2,
        "generator_hidden": [{"units": 600}, {"units": 600}],
        "discriminator_hidden": [120, 120],
    },
    smaller=(
        "15 epochs; the reference trains 2,000",
        "hidden layers of 600 units instead of 1200 in G, of 120x5 instead of 240x5 in D",
        "learning rate 0.2 (reference: 0.1), searched for short training",
    ),
    minutes=1.5,
)
_GAN_VARIANTS = ("gan-searched", "gan-gaussian-noise", "gan-alternating")

SMOKE: Mapping[str, Cut] = {
    "gan": _SMOKE_GAN,
    **dict.fromkeys(_GAN_VARIANTS, _SMOKE_GAN),
    "dbn": _SMOKE_STACK,
    "cae": _SMOKE_STACK,
    "gsn": Cut(
        settings={"epochs": 1, "layers": [64, 64], "batch_size": 500},
        evaluation=_SMOKE_SCORE,
        smaller=("1 epoch, layers of 64, batches of 500", *_SMOKE_WORDS),
        minutes=0.2,
    ),
    "gan/faces": Cut(
        settings={
            "epochs": 2,
            "front_epoch": 1,
            "generator_hidden": [{"units": 100}, _sigmoid(100)],
            "front": [{"units": 32}, _sigmoid(100)],
            "discriminator_hidden": [16, 16],
            "batch_size": 500,
        },
        evaluation=_SMOKE_SCORE,
        smaller=(
            "1 epoch and 1 more, layers of 100, 32 and 16x5 units, batches of 500",
            *_SMOKE_WORDS,
        ),
        minutes=0.1,
    ),
    "gan/colour": Cut(
        settings={
            "epochs": 1,
            "generator_hidden": [{"units": 64}, _sigmoid(64)],
            "discriminator_hidden": [16, 16],
            "batch_size": 500,
        },
        evaluation=_SMOKE_SCORE,
        smaller=("1 epoch, layers of 64 and of 16x5 units, batches of 500", *_SMOKE_WORDS),
        minutes=0.2,
    ),
    "gan-convolutional": Cut(
        settings={
            "epochs": 1,
            "generator_hidden": [{"units": 64}, _sigmoid(200)],
            "deconvolution": {"size": 10, "channels": 2, "kernel": 5, "stride": 3},
            "discriminator_convolutions": [_convolution(1, 4, 2, 4), _convolution(2, 4, 1, 4)],
            "discriminator_hidden": [16],
            "batch_size": 500,
        },
        evaluation=_SMOKE_SCORE,
        smaller=("1 epoch, 64 and 10x10x2 units, 4 and 4 channels, big batches", *_SMOKE_WORDS),
        minutes=0.3,
    ),
    "gan-single-layer": Cut(
        settings={
            "epochs": 1,
            "generator_hidden": [_sigmoid(100)],
            "discriminator_hidden": [16, 16],
            "batch_size": 500,
        },
        evaluation=_SMOKE_SCORE,
        smaller=("1 epoch, layers of 100 and of 16x5 units, batches of 500", *_SMOKE_WORDS),
        minutes=0.1,
    ),
    "dbn-1": _SMOKE_LAYER,
    "cae-1": _SMOKE_LAYER,
    "train-set": Cut(evaluation=_SMOKE_SCORE, smaller=_SMOKE_WORDS, minutes=0.1),
    "kmeans": Cut(
        settings={"n_clusters": 1000, "max_iterations": 1},
        evaluation=_SMOKE_SCORE,
        smaller=("1,000 centroids, 1 iteration", *_SMOKE_WORDS),
        minutes=0.1,
    ),
    "gaussian": Cut(evaluation=_SMOKE_SCORE, smaller=_SMOKE_WORDS, minutes=0.1),
}

QUICK: Mapping[str, Cut] = {
    "gan": _QUICK_GAN,
    **dict.fromkeys(_GAN_VARIANTS, _QUICK_GAN),
    # Smaller nets at the searched rate are the row above; this one keeps its size.
    "gan-searched": _gan_epochs(10, minutes=2.5),
    "dbn": Cut(
        settings={"epochs": 8},
        evaluation={"track_every": 8},
        smaller=("8 epochs instead of 40",),
        minutes=2,
    ),
    "cae": Cut(
        settings={"epochs": 8},
        evaluation={"track_every": 8},
        smaller=("8 epochs instead of 40",),
        minutes=1.5,
    ),
    "gsn": Cut(
        settings={"epochs": 2, "layers": [500, 500], **_GSN_SHORT},
        smaller=(
            "2 epochs of the reference's 100 to 600, layers of 500 units instead of 1500",
            _GSN_SHORT_WORDS,
        ),
        minutes=1.2,
    ),
    "gan/faces": Cut(
        settings={
            "epochs": 8,
            "front_epoch": 5,
            "generator_hidden": [{"units": 400}, _sigmoid(400)],
            "front": [{"units": 400}, _sigmoid(100)],
            "discriminator_hidden": [80, 80],
            "discriminator_range": 0.05,
        },
        evaluation={**_QUICK_FACES, "track_every": 4},
        smaller=(
            "5 epochs and 3 more instead of 50 and 22; layers of 400 and of 80x5 units instead of 8000"
            " and 1200x5; weights of D from +-0.05 instead of 0.005, from where so few updates get nowhere",
            _QUICK_FACES_WORDS,
        ),
        minutes=0.3,
    ),
    "gan-single-layer": Cut(
        settings={
            "epochs": 12,
            "generator_hidden": [_sigmoid(400)],
            "discriminator_hidden": [80, 80],
            "discriminator_range": 0.05,
        },
        evaluation={**_QUICK_FACES, "track_every": 4},
        smaller=(
            "12 epochs instead of 72; layers of 400 and of 80x5 units instead of 8000 and 1200x5; weights of"
            " D from +-0.05 instead of 0.005, from where so few updates get nowhere",
            _QUICK_FACES_WORDS,
        ),
        minutes=0.3,
    ),
    "dbn/faces": Cut(
        settings={"epochs": 8},
        evaluation={**_QUICK_FACES, "track_every": 4},
        smaller=("8 epochs instead of 40", _QUICK_FACES_WORDS),
        minutes=0.3,
    ),
    "cae/faces": Cut(
        settings={"epochs": 4, "layers": [500, 500]},
        evaluation={**_QUICK_FACES, "track_every": 2},
        smaller=("4 epochs instead of 40, layers of 500 units instead of 1000", _QUICK_FACES_WORDS),
        minutes=0.4,
    ),
    "gsn/faces": Cut(
        settings={"epochs": 1, "layers": [300, 300], **_GSN_SHORT},
        evaluation={**_QUICK_FACES, "track_every": 1},
        smaller=(
            "1 epoch of the reference's 100 to 600, layers of 300 units instead of 1500",
            _GSN_SHORT_WORDS,
            _QUICK_FACES_WORDS,
        ),
        minutes=0.4,
    ),
    "train-set/faces": Cut(evaluation=_QUICK_FACES, smaller=(_QUICK_FACES_WORDS,), minutes=0.1),
    "kmeans/faces": Cut(
        settings={"n_clusters": 2000, "max_iterations": 2},
        evaluation=_QUICK_FACES,
        smaller=("2,000 centroids, 2 iterations of Lloyd's algorithm", _QUICK_FACES_WORDS),
        minutes=0.3,
    ),
    "gaussian/faces": Cut(evaluation=_QUICK_FACES, smaller=(_QUICK_FACES_WORDS,), minutes=0.1),
    "gan/colour": Cut(
        settings={"epochs": 4, **_MEDIUM_COLOUR},
        smaller=("4 epochs", _MEDIUM_COLOUR_WORDS),
        minutes=4,
    ),
    "gan-convolutional": Cut(
        settings={"epochs": 1, **_MEDIUM_CONVOLUTIONAL},
        smaller=("1 epoch", _MEDIUM_CONVOLUTIONAL_WORDS),
        minutes=4,
    ),
    "dbn-1": Cut(settings={"epochs": 4}, smaller=("4 epochs instead of 20",), minutes=0.8),
    "cae-1": Cut(settings={"epochs": 4}, smaller=("4 epochs instead of 20",), minutes=0.8),
    "train-set": Cut(minutes=0.3),
    "kmeans": Cut(
        settings={"max_iterations": 3}, smaller=("3 iterations of Lloyd's algorithm",), minutes=1.5
    ),
    "gaussian": Cut(minutes=0.3),
}

STANDARD: Mapping[str, Cut] = {
    "gan": _gan_epochs(100, minutes=40),
    **dict.fromkeys(_GAN_VARIANTS, _gan_epochs(100, minutes=40)),
    "dbn": Cut(minutes=10),
    "cae": Cut(minutes=9),
    "gsn": Cut(
        settings={"epochs": 6, **_GSN_SHORT},
        evaluation={"track_every": 1},
        smaller=("6 epochs of the reference's 100 to 600", _GSN_SHORT_WORDS),
        minutes=18,
    ),
    "gan/faces": Cut(
        settings={"epochs": 36, "front_epoch": 25, **_MEDIUM_FACES},
        smaller=("25 epochs and 11 more instead of 50 and 22", _MEDIUM_FACES_WORDS),
        minutes=40,
    ),
    "gan-single-layer": Cut(
        settings={
            "epochs": 36,
            "generator_hidden": [_sigmoid(1200)],
            "discriminator_hidden": [300, 300],
        },
        smaller=("36 epochs instead of 72", _MEDIUM_FACES_WORDS),
        minutes=40,
    ),
    "gan/colour": Cut(
        settings={"epochs": 6, **_MEDIUM_COLOUR},
        smaller=(
            "6 epochs; the reference has no termination",
            _MEDIUM_COLOUR_WORDS,
        ),
        minutes=25,
    ),
    "gan-convolutional": Cut(
        settings={"epochs": 2, **_MEDIUM_CONVOLUTIONAL},
        smaller=("2 epochs; the reference has no termination", _MEDIUM_CONVOLUTIONAL_WORDS),
        minutes=30,
    ),
    "dbn-1": Cut(minutes=5),
    "cae-1": Cut(minutes=5),
    "train-set": Cut(minutes=0.3),
    "kmeans": Cut(minutes=8),
    "gaussian": Cut(minutes=0.3),
}

PAPER: Mapping[str, Cut] = {
    "gan": _PAPER_GAN,
    **dict.fromkeys(_GAN_VARIANTS, _PAPER_GAN),
    "gan-early-stopping": _PATIENT_GAN,
    "gan-no-early-stopping": Cut(minutes=600),
    "dbn": Cut(minutes=10),
    "cae": Cut(minutes=9),
    "gsn": Cut(minutes=600),
    "gan/faces": Cut(minutes=3000),
    "gan-single-layer": Cut(minutes=3000),
    "gan/colour": Cut(evaluation={"patience": 100}, minutes=9000),
    "gan-convolutional": Cut(evaluation={"patience": 100}, minutes=9000),
    "dbn-1": Cut(minutes=5),
    "cae-1": Cut(minutes=5),
    "train-set": Cut(minutes=0.3),
    "kmeans": Cut(minutes=8),
    "gaussian": Cut(minutes=0.3),
}
