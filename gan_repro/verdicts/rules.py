"""The rules that turn records into verdicts, as rules.toml states them."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

FOLDER = Path(__file__).parent
FILE = FOLDER / "rules.toml"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(_Part):
    """What all rules say of themselves."""

    version: int
    date: AwareDatetime
    what: str
    """In words."""
    claims: tuple[str, ...] = ()
    """Ids of the claims that it decides."""
    without_control: str = ""
    """Why its claims have no control of their own (`verdicts.controls`), where they have none."""


class RowAsPublished(_Part):
    """How a row is sampled as its source does."""

    source: str
    silent_on: tuple[str, ...] = ()
    """What moves the number and is not in the source."""
    epochs: int | None = None
    scored: str | None = None
    chains: int | None = None
    burn_in: int | None = None
    thinning: int | None = None
    start: str | None = None
    sigmas: tuple[float, ...] = ()
    """Bandwidths that the source fixes."""
    beside: str | dict[str, int] = ""
    """Another way of sampling or scoring, which is reported next to it and decides nothing."""


class AsPublished(Rule):
    """How the four rows are trained and sampled, so far as their sources say."""

    seeds: tuple[int, ...]
    protocol: str
    gan: RowAsPublished
    dbn: RowAsPublished
    cae: RowAsPublished
    gsn: RowAsPublished

    def row(self, name: str) -> RowAsPublished:
        """Give what is said of a row."""
        found: RowAsPublished = getattr(self, name)
        return found


class BestBySearch(Rule):
    """How the best settings of each row are found."""

    seeds: tuple[int, ...]
    candidates: int
    protocol: str


class SamplingEnvelope(Rule):
    """Over which ways of running the chains a score is measured."""

    chains: tuple[int, ...]
    burn_in: tuple[int, ...]
    converged: str


class SeedRule(Rule):
    """A test over training seeds."""

    significance: float
    minimum_seeds: int


class NumberRule(SeedRule):
    """Whether a printed number is met, to within a margin in nats."""

    margin: float
    seeds_of_a_verdict: tuple[int, ...]


class TieRule(SeedRule):
    """Whether two rows are alike, to within a margin in nats."""

    margin: float


class SpreadRule(SeedRule):
    """Whether printed errors cover the spread over training seeds."""


class CollapseRates(_Part):
    """Which recipes are trained how often to see how many collapse."""

    recipes: tuple[str, ...]
    seeds: int
    epochs: int
    threads: int
    interval: str


class CollapseRule(Rule):
    """When a trained net has collapsed."""

    threshold: float
    rates: CollapseRates


class QualityRule(SeedRule):
    """Whether samples are as good as those of earlier models."""

    measure: str


class Bound(_Part):
    """Where the interval of a finding must lie for a claim to hold."""

    finding: str
    low: float | None = None
    high: float | None = None
    times: str | None = None
    """Name of a finding whose value is the unit of `low` and `high`."""


class Witness(_Part):
    """A second experiment, which can keep a claim from holding."""

    experiment: str
    findings: str
    """With what the names of its findings begin, one a net; a seed ends them."""
    margin: float
    """It speaks against the claim where the 95 % interval of every such finding lies above this."""


class FindingRule(Rule):
    """Bounds on the findings of an experiment."""

    experiment: str
    experiment_version: int = 1
    """The experiment's earliest version whose findings are evidence."""
    minimum_seeds: int
    bounds: tuple[Bound, ...]
    witness: Witness | None = None
    caution: str = ""


class CopyRule(Rule):
    """Whether numbers are copies of others."""

    units_of_the_last_digit: int


class ErrorRule(Rule):
    """Whether two errors are of one size."""

    factor: float
    minimum_seeds: int


class GrowthRule(Rule):
    """How much a score still rises with the number of samples."""

    experiment: str
    minimum_seeds: int
    margin: float
    samples: tuple[int, int]


class Rules(BaseModel):
    """All rules, by their names in the file: those with code of their own are fields, others are bounds."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, FindingRule]

    as_published: AsPublished
    best_by_search: BestBySearch
    sampling_envelope: SamplingEnvelope
    number: NumberRule
    order: SeedRule
    spread: SpreadRule
    collapse: CollapseRule
    sample_quality: QualityRule
    tfd_number: NumberRule = Field(alias="tfd-number")
    tfd_order: SeedRule = Field(alias="tfd-order")
    tfd_bold: TieRule = Field(alias="tfd-bold")
    copied_rows: CopyRule = Field(alias="copied-rows")
    error_over_examples: ErrorRule = Field(alias="error-over-examples")
    estimator_poor: GrowthRule = Field(alias="estimator-poor")

    def named(self) -> dict[str, Rule]:
        """Give every rule by its name in the file."""
        fields = type(self).model_fields
        named = {field.alias or name: getattr(self, name) for name, field in fields.items()}
        return named | self.__pydantic_extra__


@functools.cache
def rules() -> Rules:
    """Read the file.

    Raises:
        ValueError: it does not say what it should.
    """
    return Rules.model_validate(contents())


def contents() -> dict[str, dict[str, Any]]:
    """Give what the file says, by rule."""
    return tomllib.loads(FILE.read_text("utf-8"))
