"""What "Generative Adversarial Nets" (arXiv 1406.2661) printed and claimed. Nothing measured here.

Only the last row of Table 1 was measured for that paper; the others were copied from older ones.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from gan_repro.stats.estimate import Estimate, Over


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(_Fact):
    """A row of Table 1: mean test log-likelihood by Parzen windows, nats."""

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

COPIED: dict[tuple[str, str], tuple[str, str]] = {
    ("dbn", "mnist"): ("137.89", "2.11"),
    ("dbn", "tfd"): ("1908.80", "65.94"),
    ("cae", "mnist"): ("121.17", "1.59"),
    ("cae", "tfd"): ("2110.09", "49.15"),
    ("gsn", "mnist"): ("214", "1.1"),
    ("gsn", "tfd"): ("1890", "29"),
}
"""By model and data set, value and error as the row's source prints them: Bengio et al., ICML 2013, Table 1;
Bengio et al., ICML 2014, Table 1 and supplement C. As text, because the digits printed say how to round."""

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


class LaterResult(_Fact):
    """A number published later under the same kind of score; protocols differ in what `note` says."""

    label: str
    mnist: str | None
    tfd: str | None
    source: str
    note: str


_EVAE = "quoted in the eVAE paper, Table 2"
LATER_RESULTS: tuple[LaterResult, ...] = (
    LaterResult(
        label="GMMN", mnist="147 ± 2", tfd="2085 ± 25",
        source="Li, Swersky, Zemel, ICML 2015, Table 1",
        note="MNIST split 55,000 / 5,000; finer sigma grid; tuned on validation Parzen likelihood",
    ),
    LaterResult(
        label="GMMN+AE", mnist="282 ± 2", tfd="2204 ± 20",
        source="Li, Swersky, Zemel, ICML 2015, Table 1", note="as GMMN",
    ),
    LaterResult(
        label="Diffusion", mnist="220 ± 1.9", tfd=None,
        source="Sohl-Dickstein et al., ICML 2015, Table 2",
        note="the GAN authors' script; printed as bits, which are nats",
    ),
    LaterResult(
        label="Conditional GAN", mnist="132 ± 1.8", tfd=None,
        source="Mirza, Osindero, 2014", note="1,000 samples of each class",
    ),
    LaterResult(label="Adversarial autoencoder", mnist="340 ± 2", tfd="2252 ± 16", source=_EVAE,
                note="10,000 samples"),
    LaterResult(label="VAE", mnist="325 ± 2", tfd="2180 ± 20", source="eVAE paper",
                note="10,000 samples"),
    LaterResult(label="eVAE", mnist="337 ± 2", tfd="2371 ± 20", source="eVAE paper",
                note="10,000 samples"),
)  # fmt: skip
"""Where published later results stand, as printed there."""


class Claim(_Fact):
    """One checkable statement. What decides it stands in `gan_repro.verdicts.judge`."""

    id: str
    place: str
    """Where the paper says it."""
    says: str
    """In our words."""
    kind: Literal["printed", "argued", "reading"]
    """A printed number; a statement of the text; or not said by the paper, but commonly read out of it."""


def _claim(id: str, place: str, says: str, kind: Literal["printed", "argued", "reading"] = "argued") -> Claim:
    return Claim(id=id, place=place, says=says, kind=kind)


_NETS = {"dbn": "DBNs", "cae": "stacked CAEs", "gsn": "deep GSNs", "gan": "adversarial nets"}


def _row_claims(dataset: Literal["mnist", "tfd"]) -> tuple[Claim, ...]:
    name = dataset.upper()
    claims = []
    for row in TABLE_1:
        estimate = row.mnist if dataset == "mnist" else row.tfd
        number = f"{estimate.value:g} ± {estimate.standard_error:g} nats on {name}"
        described = "" if row.model == "gan" else ", as their source describes them,"
        says = f"{_NETS[row.model]}{described} score {number}"
        claims.append(_claim(f"{dataset}-{row.model}", "Table 1", says, "printed"))
    return tuple(claims)


CLAIMS: tuple[Claim, ...] = (
    *_row_claims("mnist"),
    _claim(
        "mnist-order",
        "Table 1",
        "on MNIST adversarial nets stand above the deep GSN, that above the DBN, that above the stacked CAE",
        "printed",
    ),
    _claim(
        "mnist-bold",
        "Table 1",
        "on MNIST adversarial nets alone are best (bold: above each other row)",
        "printed",
    ),
    *_row_claims("tfd"),
    _claim(
        "tfd-order",
        "Table 1",
        "on TFD the stacked CAE stands above adversarial nets, those above the DBN, that above the deep GSN",
        "printed",
    ),
    _claim(
        "tfd-bold",
        "Table 1",
        "on TFD the stacked CAE and adversarial nets are both best (bold), as if not to be told apart",
        "printed",
    ),
    _claim(
        "copied-rows",
        "Table 1",
        "the rows of DBN, CAE and GSN are their sources' numbers, rounded",
        "printed",
    ),
    _claim(
        "error-over-examples",
        "Table 1, caption",
        "the ± on MNIST is the standard error of the mean across test examples",
    ),
    _claim(
        "error-covers-training",
        "Table 1, as often read",
        "the printed ± is as large as the spread between trainings from different seeds",
        "reading",
    ),
    _claim(
        "estimator-poor",
        "Section 5",
        "the Parzen estimate does not behave well in high dimension (the authors' own caveat)",
    ),
    _claim(
        "competitive-samples",
        "Section 5",
        "the samples are at least competitive with those of earlier models",
    ),
    _claim(
        "optimal-discriminator",
        "Proposition 1",
        "for a fixed G the best discriminator is p_data / (p_data + p_g)",
    ),
    _claim(
        "value-at-optimum",
        "Theorem 1",
        "with D at its best the value is -log 4 + 2 JSD(p_data, p_g), so -log 4 where p_g = p_data",
    ),
    _claim(
        "convergence",
        "Proposition 2 and Figure 1",
        "given enough capacity, training brings p_g to p_data, and D to 1/2 everywhere",
    ),
    _claim(
        "non-saturating",
        "Section 3",
        "early in training, maximising log D(G(z)) gives G stronger gradients than minimising"
        " log(1 - D(G(z)))",
    ),
    _claim("not-memorised", "Figure 2", "the samples are not copies of training images"),
    _claim("no-markov-chain", "Figure 2 and Section 6", "samples need no Markov chain and are uncorrelated"),
    _claim("interpolation", "Figure 3", "on a straight line between points in z the images change smoothly"),
    _claim(
        "helvetica",
        "Section 6",
        "if G is trained too much without updating D, it maps many z to the same x and loses diversity",
    ),
    _claim(
        "sharp-distributions",
        "Section 6",
        "adversarial nets can represent very sharp, even degenerate distributions",
    ),
)
"""In the order of the paper's table and sections."""
