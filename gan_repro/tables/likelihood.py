"""The likelihood of trained nets under their own density, where it can be bounded (`true-likelihood`).

Two kinds of number that cannot be set beside each other: log-densities of grey levels, of adversarial nets
with Gaussian noise on each pixel, and log-probabilities of binarised images, of DBNs. Rows whose samples are
states of Markov chains have neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict

from gan_repro.experiments.record import ExperimentRecord, Finding
from gan_repro.experiments.true_likelihood import (
    GAP,
    LOWER,
    NAME,
    OWN_LOWER,
    OWN_UPPER,
    PARZEN,
    SIGMA,
    TRAIN_MINUS_TEST,
    finding_name,
)
from gan_repro.tables.cell import CUT
from gan_repro.trials.presets import row_under
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.rows import label

_NOTE = (
    "Nats. By Parzen windows: of the same images, with the sigma that suits Parzen windows best."
    " Adversarial nets: the generator with Gaussian noise of standard deviation sigma on each pixel, sigma"
    " chosen on validation images; bounds by annealed importance sampling. Images of the net's own have both"
    " bounds: the gap says how far a lower bound is off on these; on test images it may be off by more. DBN:"
    " a bound of the log-probability of binarised images, which is no density of grey levels and not to be"
    " compared with the rows above it. ± over images of one net. Stacked CAE and deep GSN: their samples"
    " are states of Markov chains, whose density nobody can evaluate, so that there is no likelihood to"
    " bound."
)
_ROWS = ("gan", "dbn")
_COLUMNS: Mapping[str, str] = {
    SIGMA: "Sigma",
    LOWER: "Test images, at least",
    PARZEN: "The same by Parzen windows",
    TRAIN_MINUS_TEST: "Training minus test images",
    OWN_LOWER: "Images of its own, at least",
    OWN_UPPER: "At most",
    GAP: "Gap",
}


class Likelihood(BaseModel):
    """The bounds of one net."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: str
    seed: int
    """Of training."""
    findings: Mapping[str, Finding]
    """By what they are of, as in the experiment."""
    cut: bool = False
    """Whether the net is smaller or trained for less than the reference's."""


def likelihoods(
    records: Iterable[TrialRecord], experiments: Mapping[str, ExperimentRecord], dataset: str
) -> tuple[Likelihood, ...]:
    """Read the bounds of a data set's nets, by row and seed; empty where none is recorded.

    Args:
        records: the trials, of any data set.
        experiments: by name.
        dataset: whose table it is for.
    """
    record = experiments.get(NAME)
    if record is None or record.settings.get("dataset") != dataset:
        return ()
    smaller = {
        (row_under(r.provenance.preset, r.spec), r.spec.seed)
        for r in records
        if r.spec.id in record.trial_ids and r.provenance.smaller
    }
    found = []
    for row in _ROWS:
        for seed in record.seeds:
            of_net = {
                what: finding
                for what in _COLUMNS
                if (finding := record.findings.get(finding_name(what, f"{row}_{seed}"))) is not None
            }
            if of_net:
                found.append(Likelihood(row=row, seed=seed, findings=of_net, cut=(row, seed) in smaller))
    return tuple(found)


def likelihood_grid(found: tuple[Likelihood, ...]) -> tuple[list[str], list[list[str]]]:
    """A row a net, a column a quantity; empty cells where a net has none."""
    rows = [
        [_name(each), str(each.seed), *(_cell(what, each.findings.get(what)) for what in _COLUMNS)]
        for each in found
    ]
    return ["Net", "Seed", *_COLUMNS.values()], rows


def notes(found: tuple[Likelihood, ...]) -> str:
    """What the table says, in sentences."""
    cut = f" {CUT}: a net that is smaller or trained for less than the reference's."
    return _NOTE + (cut if any(each.cut for each in found) else "")


def _name(each: Likelihood) -> str:
    return f"{label(each.row)} {CUT}" if each.cut else label(each.row)


def _cell(what: str, finding: Finding | None) -> str:
    if finding is None:
        return ""
    if what == SIGMA:
        return f"{finding.value:.3f}"
    error = "" if finding.standard_error is None else f" ± {finding.standard_error:.1f}"
    return f"{finding.value:.1f}{error}"
