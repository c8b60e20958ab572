"""Reads back what `ScoreReport.to_json` and ``gan-repro score --json`` write (`export`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, StringConstraints, model_validator

from gan_repro.stats.estimate import Estimate

_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Text = Annotated[str, StringConstraints(max_length=1000)]


class _Part(BaseModel):
    # What is not needed may be there: a later version says more.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ExportedSamples(_Part):
    """How many samples were scored, and the hash of their file."""

    n: PositiveInt
    sha256: _Sha256


class ExportedReading(_Part):
    """How the samples were read; see `report.SampleFacts`."""

    rows_sha256: _Sha256
    shape: tuple[int, ...]
    dtype: _Text
    layout: _Text | None
    value_range: tuple[float, float]


class ExportedDataset(_Part):
    """What they were scored on."""

    name: _Text
    fold: int | None
    sha256: _Sha256


class ExportedProtocol(_Part):
    """By which rule sigma was chosen."""

    name: _Text
    version: PositiveInt


class ExportedResult(_Part):
    """The score under one protocol, nats."""

    protocol: ExportedProtocol
    log_likelihood: Estimate
    per_image: tuple[float, ...] | None = None
    """The log-likelihood of each test image, (n_test,), where it was asked for."""


class ExportedReport(ExportedResult):
    """A report; the main protocol's result stands at its top."""

    samples: ExportedSamples
    read_as: ExportedReading
    dataset: ExportedDataset
    device: _Text
    other_protocols: tuple[ExportedResult, ...] = Field(default=())

    @property
    def results(self) -> tuple[ExportedResult, ...]:
        """The result under each protocol, the main one first."""
        return (self, *self.other_protocols)

    @model_validator(mode="after")
    def _counts_agree(self) -> ExportedReport:
        for result in self.results:
            if result.per_image is not None and len(result.per_image) != result.log_likelihood.n:
                raise ValueError(
                    f"{len(result.per_image)} values per image do not make the mean over "
                    f"{result.log_likelihood.n}"
                )
        return self
