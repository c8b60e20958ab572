"""The log of a search: every candidate with its score, one JSON file a model and data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from gan_repro.util.files import read_regular

_MAX_LOG_BYTES = 2**20


class Tried(BaseModel):
    """One candidate and what came of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    settings: dict[str, Any]
    valid_mean: float | None
    """Mean validation log-likelihood, nats, at the refined sigma; None if training diverged."""
    sigma: float | None
    seconds: float
    """Training, sampling and scoring."""


class SearchLog(BaseModel):
    """A search, finished or not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    model_version: int
    dataset: str
    data_sha256: str
    seed: int
    n_samples: int
    common: dict[str, Any]
    tried: tuple[Tried, ...] = ()
    chains: tuple[Tried, ...] = ()
    """The second round: the best of `tried`, sampled in each of the ways of `CHAINS`."""

    @property
    def best(self) -> Tried | None:
        """The trained candidate with the highest validation likelihood."""
        return _best(self.tried)

    @property
    def best_chains(self) -> Tried | None:
        """The way of sampling it with the highest validation likelihood."""
        return _best(self.chains)


def _best(candidates: Sequence[Tried]) -> Tried | None:
    scored = [tried for tried in candidates if tried.valid_mean is not None]
    return max(scored, key=lambda tried: float(tried.valid_mean or 0), default=None)


def log_path(results: Path, model: str, dataset: str) -> Path:
    """Where the log of a search stands."""
    return results / "search" / f"{model}_{dataset}.json"


def read_log(path: Path) -> SearchLog:
    """Read a log.

    Raises:
        ValueError: the file is not one, with the reason in one sentence.
    """
    try:
        return SearchLog.model_validate_json(read_regular(path, _MAX_LOG_BYTES))
    except ValidationError as error:
        raise ValueError(f"{path} is not a search log: {error.errors()[0]['msg']}") from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
