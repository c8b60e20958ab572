"""What samples cost: from the times and the mixing of chains that a cell's trials recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from gan_repro.models.chains import LONG_CHAINS, chain_shape
from gan_repro.stats.sums import mean
from gan_repro.trials.records import TrialRecord


class Sampling(BaseModel):
    """What samples cost in the trials of a cell: means over them, wall-clock, on the cell's device."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chains: int | None
    """How many chains the scored samples came from; None where they are independent by construction."""
    seconds_per_sample: float
    seconds_per_effective_sample: float | None
    """Of the scored samples: each begun on its own counts in full. None where chains gave several each."""
    autocorrelation_time: float | None = None
    """Consecutive states of a chain that are worth one independent sample; None without chains."""
    seconds_per_effective_state: float | None = None
    """What an independent sample costs if it is taken from consecutive states of a chain."""
    at_least: bool = False
    """Whether the autocorrelation reaches over the whole chains, so that both numbers are lower bounds."""


_COSTS = (
    "seconds_per_sample",
    "seconds_per_effective_sample",
    "autocorrelation_time",
    "seconds_per_effective_state",
)


def sampling_cost(records: Sequence[TrialRecord]) -> Sampling:
    """The means over finished trials, of each number over those that tell it."""
    each = [_of_one(record) for record in records]
    means: Mapping[str, list[float]] = {
        name: [value for one in each if (value := getattr(one, name)) is not None] for name in _COSTS
    }
    update = {name: mean(values) if values else None for name, values in means.items()}
    return each[0].model_copy(update=update | {"at_least": any(one.at_least for one in each)})


def _of_one(record: TrialRecord) -> Sampling:
    candidate, seconds = record.scored, record.provenance.seconds
    # The last state is sampled too, where it is another than the best.
    draws = 1 if candidate.epoch == record.candidates["last"].epoch else 2
    n, mixing = record.spec.evaluation.n_samples, candidate.mixing
    per_sample = seconds.get("sampling", 0.0) / (draws * n)
    if mixing is None:
        return Sampling(chains=None, seconds_per_sample=per_sample, seconds_per_effective_sample=per_sample)
    states_a_chain = chain_shape(n, LONG_CHAINS)[1]
    consecutive = seconds.get("consecutive sampling", 0.0) / draws
    return Sampling(
        chains=candidate.chains,
        seconds_per_sample=per_sample,
        seconds_per_effective_sample=per_sample if candidate.chains == n else None,
        autocorrelation_time=mixing.autocorrelation_time,
        seconds_per_effective_state=consecutive / mixing.effective_sample_size,
        at_least=mixing.autocorrelation_time >= states_a_chain * (1 - 1e-9),
    )
