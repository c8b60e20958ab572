"""What "Generative Adversarial Nets" (arXiv 1406.2661) printed, with where it says so. Nothing measured here.

Only the last row of Table 1 was measured for that paper; the others were copied from older ones.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from gan_repro.estimate import Estimate, Over


class Row(BaseModel):
    """A row of Table 1: mean test log-likelihood by Parzen windows, nats."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    """Our name of the model."""
    label: str
    """As printed."""
    mnist: Estimate
    """The error is across test examples of one trained model."""
    tfd: Estimate
    """The error is across the folds of the data set."""
    bold: frozenset[str]
    """Data sets under which the number is printed in bold."""
    source: str
    """Where the numbers were measured."""


def _printed(value: float, error: float, over: Over, n: int) -> Estimate:
    return Estimate(value=value, standard_error=error, over=over, n=n)


def _row(
    model: str, label: str, mnist: tuple[float, float], tfd: tuple[float, float], bold: set[str], source: str
) -> Row:
    return Row(
        model=model,
        label=label,
        mnist=_printed(*mnist, over="test examples", n=10_000),
        tfd=_printed(*tfd, over="folds", n=5),
        bold=frozenset(bold),
        source=source,
    )


TABLE_1: tuple[Row, ...] = (
    _row("dbn", "DBN", (138, 2), (1909, 66), set(), "Bengio, Mesnil, Dauphin, Rifai, ICML 2013, Table 1"),
    _row("cae", "Stacked CAE", (121, 1.6), (2110, 50), {"tfd"}, "Bengio et al., ICML 2013, Table 1"),
    _row("gsn", "Deep GSN", (214, 1.1), (1890, 29), set(), "Bengio et al., ICML 2014, Table 1"),
    _row("gan", "Adversarial nets", (225, 2), (2057, 26), {"mnist", "tfd"}, "measured for the paper"),
)

LABELS = {row.model: row.label for row in TABLE_1} | {
    "train-set": "Training images as samples",
    "kmeans": "k-means centroids",
    "gaussian": "Gaussian per pixel",
}
"""How each row of our tables is called, in the order in which they stand."""


def printed(model: str, dataset: str) -> Estimate | None:
    """What Table 1 prints for a model on a data set, or None where it prints nothing."""
    for row in TABLE_1:
        if row.model == model and dataset in ("mnist", "tfd"):
            return row.mnist if dataset == "mnist" else row.tfd
    return None
