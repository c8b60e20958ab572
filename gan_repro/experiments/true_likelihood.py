"""The log-likelihood that the Parzen score was meant to estimate, where a model has one.

Adversarial nets: G with Gaussian noise on each pixel is a density (Wu et al. 2017). Sigma is chosen on
validation images; test images get a lower bound by annealed importance sampling, as many training images
another one (a net that remembers its training images knows them better), and images of the net's own a
lower and an upper bound, whose gap says how far the lower ones can be off. Beside them stands the Parzen
score of the same test images.

DBN: a lower bound of the log-probability of binarised test images, from the top RBM's partition function.
It is no log-density of grey levels, and cannot be set beside the others.

Stacked CAE and GSN: their samples are states of Markov chains whose stationary density nobody can evaluate,
so there is no likelihood to bound, and this experiment has no row for them.

Runs of hours, saved in `checkpoints/true-likelihood`, one folder a trial: killed and called again, they go
on. Findings are named by `finding_name`. The series ROW_SEED has a row a test image: its lower bound, and the
effective number of chains behind it; "own ROW_SEED" a row an image of the net's own, its lower and its upper
bound; "sigma ROW_SEED" the validation curve (sigma, nats).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from gan_repro.experiments import base
from gan_repro.experiments.base import Context, ExperimentResult, difference_of, evenly_spaced, mean_of
from gan_repro.experiments.dbn_likelihood import DBNSettings, bound_dbn
from gan_repro.experiments.record import Finding
from gan_repro.experiments.trained import Trained, load_rows
from gan_repro.measures.ais import AISSettings
from gan_repro.measures.decoders import decoder_of
from gan_repro.measures.likelihood import bound_likelihood, choose_sigma
from gan_repro.parzen.protocols import evaluate

VERSION = 2

NAME = "true-likelihood"
LOWER, LOG_Z, TRAIN_MINUS_TEST, PARZEN = "lower", "log_z", "train_minus_test", "parzen"
OWN_LOWER, OWN_UPPER, GAP = "own_lower", "own_upper", "gap"
EFFECTIVE_CHAINS, SIGMA = "effective_chains", "sigma"
"""Begin the name of a finding, which a row and a seed end."""

_BASE_IMAGES = 1000
"""Training images whose codes give the RBM without weights its biases."""


class Settings(base.Settings):
    """Which models, on how many images, and for how long."""

    rows: tuple[str, ...] = Field(("gan", "dbn"), min_length=1)
    dataset: str = "mnist"
    seeds: tuple[int, ...] = (1,)
    """Of the trials that are measured."""
    n_valid: int = Field(20, ge=1)
    """Images on which sigma is chosen."""
    n_test: int = Field(100, ge=2)
    """Test images, evenly spaced, and as many training images."""
    n_simulated: int = Field(20, ge=2)
    """Images of the net's own, for the gap."""
    smallest_sigma: float = Field(0.05, gt=0)
    """Where the search for sigma ends."""
    distributions: int = Field(2500, ge=1)
    chains: int = Field(16, ge=1)
    leapfrogs: int = Field(6, ge=1)
    """Steps of each transition; of 2, 6 and 20, six left the smallest gap for equally many steps in all."""
    schedule: Literal["geometric", "sigmoid", "linear"] = "geometric"
    pilot_distributions: int = Field(200, ge=1)
    dbn_chains: int = Field(100, ge=2)
    dbn_distributions: int = Field(10_000, ge=1)
    dbn_draws: int = Field(100, ge=1)
    seed: int = 0
    """Of the annealing runs."""

    @property
    def dbn(self) -> DBNSettings:
        """What concerns the DBN."""
        return DBNSettings(self.dbn_chains, self.dbn_distributions, self.dbn_draws, self.seed)

    @property
    def ais(self) -> AISSettings:
        """What concerns the annealing of generators."""
        return AISSettings(
            distributions=self.distributions,
            chains=self.chains,
            leapfrogs=self.leapfrogs,
            schedule=self.schedule,
            pilot_distributions=self.pilot_distributions,
            seed=self.seed,
        )


def run(settings: Settings, context: Context) -> ExperimentResult:
    """Bound what can be bounded.

    Raises:
        NoModelError: no trained model of any of the rows is here.
    """
    findings: dict[str, Finding] = {}
    series: dict[str, list[list[float]]] = {}
    ids = []
    for row, nets in load_rows(context, settings.rows, settings.dataset, seeds=settings.seeds):
        for trained in nets:
            name = f"{row}_{trained.record.spec.seed}"
            if trained.record.spec.model == "dbn":
                train = evenly_spaced(trained.dataset.train, _BASE_IMAGES)
                test = evenly_spaced(trained.dataset.test, settings.n_test)
                log_z, lower = bound_dbn(trained, train, test, settings.dbn, context.log)
                found = {LOG_Z: log_z, LOWER: lower}
            else:
                found, curves = _of_generator(trained, settings, context, name)
                series |= curves
            findings |= {finding_name(what, name): finding for what, finding in found.items()}
            ids.append(trained.record.spec.id)
    return ExperimentResult(findings, series, tuple(ids))


def _of_generator(
    trained: Trained, settings: Settings, context: Context, name: str
) -> tuple[dict[str, Finding], dict[str, list[list[float]]]]:
    """Bound a net that is called ROW_SEED: findings by what they are of, series by name."""
    images, decoder = trained.dataset, decoder_of(trained.model)
    test = evenly_spaced(images.test, settings.n_test)
    both = np.concatenate([test, evenly_spaced(images.train, settings.n_test)])
    context.log(f"true-likelihood: {trained.label}, choosing sigma on {settings.n_valid} validation images")
    folder = context.results / "checkpoints" / NAME / trained.record.spec.id
    sigma, curve = choose_sigma(
        decoder,
        evenly_spaced(images.valid, settings.n_valid),
        settings.smallest_sigma,
        settings.ais,
        folder=folder / "sigma",
        log=context.log,
    )
    context.log(f"true-likelihood: {trained.label}, sigma {sigma:.4f}")
    bounds = bound_likelihood(
        decoder,
        both,
        sigma,
        settings.ais,
        simulated=settings.n_simulated,
        folder=folder / "bounds",
        log=context.log,
    )
    n = len(test)
    on_test, on_train = bounds.lower[:n], bounds.lower[n:]
    parzen = evaluate(trained.samples(), images.valid, test)
    of = f"of {trained.label} at sigma {sigma:.4f}"
    own = {"over": "simulated images", "unit": "nats"}
    findings = {
        LOWER: mean_of(
            on_test, over="test examples", unit="nats", what=f"lower bound of the mean log-density {of}"
        ),
        OWN_LOWER: mean_of(bounds.simulated_lower, what=f"the same of images of its own {of}", **own),
        OWN_UPPER: mean_of(bounds.simulated_upper, what=f"upper bound of the same images {of}", **own),
        GAP: mean_of(bounds.gap, what=f"upper minus lower bound on images of its own {of}", **own),
        TRAIN_MINUS_TEST: difference_of(
            on_train, on_test, over="training and test images", unit="nats",
            what=f"lower bound of training images minus that of test images {of}",
        ),
        EFFECTIVE_CHAINS: mean_of(
            bounds.effective_chains[:n], over="test examples", unit="chains",
            what=f"effective sample size of the weights behind the lower bound {of}, of {settings.chains}",
        ),
        PARZEN: mean_of(
            parzen.log_likelihood, over="test examples", unit="nats",
            what=f"Parzen score of {trained.label} on the same test images",
        ),
        SIGMA: Finding(value=sigma, unit="grey level", what=f"sigma chosen for {trained.label}"),
    }  # fmt: skip
    rows = np.stack([bounds.lower, bounds.effective_chains], axis=1)[:n]
    own_bounds = np.stack([bounds.simulated_lower, bounds.simulated_upper], axis=1)
    thinned = curve[:: max(1, len(curve) // 50)]
    series = {
        name: rows.round(3).tolist(),
        f"own {name}": own_bounds.round(3).tolist(),
        f"sigma {name}": [list(point) for point in thinned],
    }
    return findings, series


def finding_name(what: str, name: str) -> str:
    """Name a finding of a net that is called ROW_SEED."""
    return f"{what}_{name}"
