"""What a model is told, and what it says about itself: settings and deviations from its reference."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from gan_repro.models.precision import Precision


class Deviation(BaseModel):
    """One way in which a model here differs from its reference; every record carries these."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    what: str
    why: str
    expected_effect: str


class ModelConfig(BaseModel):
    """Settings of a model. The defaults are the reference's own values; unknown keys are refused.

    A trial's id hashes the dump of its settings. A field added after trials were recorded therefore goes
    into `newer_fields`, its default being what the model did without it: it is then left out of the dump as
    long as it has that default, and the recorded trials keep their ids.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    newer_fields: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_newer_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = dump(self)
        for name in self.newer_fields:
            if getattr(self, name) == type(self).model_fields[name].get_default(call_default_factory=True):
                written.pop(name, None)
        return written


class TrainingConfig(ModelConfig):
    """Settings that every model trained by minibatches has."""

    epochs: int = Field(ge=0)
    """Passes over the training images, all stages together."""
    batch_size: int = Field(ge=1)

    def last_part_begins(self) -> int:
        """Return after how many epochs the last part of the model begins training; 0: all train at once.

        Up to there the model is not `complete`, and no generator of it the best.
        """
        return 0


class PrecisionConfig(TrainingConfig):
    """Settings of a model whose training takes its matrix products by `gan_repro.models.precision`."""

    newer_fields: ClassVar[frozenset[str]] = frozenset({"precision"})

    precision: Precision = "float32"
    """Of the factors of a training step's products; "bfloat16" is faster where the processor has it."""


ROUNDED_PRODUCTS = Deviation(
    id="products-in-bfloat16",
    what="a training step takes its matrix products with factors rounded to bfloat16 and float32 sums; "
    "parameters, velocities, losses and samples stay float32, and so do convolutions",
    why="it is faster on processors with AVX512-BF16 or AMX",
    expected_effect="that of other rounding; the experiment `precision` compares outcomes with float32",
)
"""What holds of a training in bfloat16."""
