"""What a trial is, before it is run: everything that its numbers depend on, and nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

if TYPE_CHECKING:
    from gan_repro.models.base import Model

SCHEMA_VERSION = 1

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
"""Part of a file's name, and so without a way out of its folder."""


class DataSpec(BaseModel):
    """Which images: a name to load them by, and the hash that says that they are these."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """`Dataset.sha256`: the bytes of train, valid and test."""
    fold: int | None = None


class EvaluationSpec(BaseModel):
    """How samples are scored, and how training is watched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: str = "authors"
    protocol_version: int = 1
    n_samples: int = Field(10_000, ge=2, le=1_000_000)
    track_every: int = Field(5, ge=0)
    """Epochs between looks at the validation likelihood (refined sigma); 0 means never."""
    patience: int | None = Field(None, ge=1)
    """Stop once the validation likelihood has not risen for so many epochs; None means never."""
    looks: int = Field(1, ge=1)
    """How many looks (evaluations on validation images) in a row are averaged. The best generator is that of
    the last look of the window whose mean is highest; of single, noisy looks the highest is in part luck."""
    scored: Literal["best", "last"] = "best"
    """Which generator's score is the trial's: the best on validation images, or the last."""

    @model_serializer(mode="wrap")
    def _without_newer_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Trials recorded before these fields were there keep their ids.
        written: dict[str, Any] = dump(self)
        for name in ("looks", "scored"):
            if getattr(self, name) == type(self).model_fields[name].default:
                written.pop(name, None)
        return written


class TrialSpec(BaseModel):
    """One model with one configuration, on one data set, from one seed, under one protocol."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    model: Name
    model_version: int
    config: dict[str, Any]
    """The model's full configuration, as JSON values: defaults written out."""
    data: DataSpec
    seed: int = Field(ge=0, lt=2**63)
    evaluation: EvaluationSpec = EvaluationSpec()

    @field_validator("schema_version")
    @classmethod
    def _known_schema(cls, value: int) -> int:
        if value != SCHEMA_VERSION:
            raise ValueError(f"schema version {value} is not the {SCHEMA_VERSION} that this program reads")
        return value

    @field_validator("config")
    @classmethod
    def _config_is_json(cls, value: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"a configuration is made of finite JSON values: {error}") from error
        return value

    @model_validator(mode="after")
    def _patience_needs_tracking(self) -> TrialSpec:
        if self.evaluation.patience is not None and not self.evaluation.track_every:
            raise ValueError("patience needs track_every of at least 1")
        return self

    def canonical_json(self) -> str:
        """Write the spec in its one spelling: sorted keys, no spaces."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @property
    def id(self) -> str:
        """Model, data set, seed, and 12 digits of the SHA-256 of the canonical JSON."""
        digest = hashlib.sha256(self.canonical_json().encode()).hexdigest()[:12]
        fold = "" if self.data.fold is None else f"-fold{self.data.fold}"
        return f"{self.model}-{self.data.name}{fold}-seed{self.seed}-{digest}"

    def title(self, row: str | None = None) -> str:
        """Name this trial for messages and progress bars: row (or model), data set, fold and seed."""
        fold = "" if self.data.fold is None else f" fold {self.data.fold}"
        return f"{row or self.model} {self.data.name}{fold} seed {self.seed}"


def make_spec(
    model: str,
    data: DataSpec,
    *,
    seed: int,
    settings: dict[str, Any] | None = None,
    evaluation: EvaluationSpec | None = None,
) -> TrialSpec:
    """Make a spec with the model's configuration written out in full.

    Raises:
        ValueError: an unknown model, or settings that its `Config` refuses.
    """
    from gan_repro import models

    kind = models.model_class(model)
    return TrialSpec(
        model=model,
        model_version=kind.version,
        config=kind.Config(**(settings or {})).model_dump(mode="json"),
        data=data,
        seed=seed,
        evaluation=evaluation or EvaluationSpec(),
    )


def checked_kind(spec: TrialSpec) -> type[Model]:
    """Return the class of the spec's model, once it is known that this program runs what the spec says.

    Raises:
        ValueError: it does not; or an unknown model or protocol.
    """
    from gan_repro import models
    from gan_repro.parzen.protocols import get_protocol

    kind, protocol = models.model_class(spec.model), get_protocol(spec.evaluation.protocol)
    asked = (spec.model_version, spec.evaluation.protocol_version)
    if asked != (kind.version, protocol.version):
        raise ValueError(
            f"trial {spec.id} asks for version {asked[0]} of {spec.model} and version {asked[1]} of protocol "
            f"{protocol.name}; here are versions {kind.version} and {protocol.version}; plan the trial anew"
        )
    return kind
