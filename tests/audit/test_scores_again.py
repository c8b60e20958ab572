"""Recorded scores of rows that train nothing, made again from nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_repro import data, models
from gan_repro.audit.replay import DENSITY_TOLERANCE
from gan_repro.experiments.results import load_results
from gan_repro.parzen import evaluate
from gan_repro.trials.records import TrialRecord
from gan_repro.util.files import sha256_of_array
from gan_repro.util.seeds import generator

SEEDS = {"train-set": (1, 2, 3), "gaussian": (1, 2)}
RECORDS = {
    record.spec.id: record
    for record in load_results().trials
    if record.spec.data.name == "mnist" and record.spec.seed in SEEDS.get(record.spec.model, ())
}


@pytest.mark.mnist
@pytest.mark.parametrize("protocol", ["authors", "refined"])
@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_score_is_the_recorded_one(record: TrialRecord, protocol: str, mnist: data.Dataset) -> None:
    if protocol == "refined" and record.spec.seed > 1:
        pytest.skip("one of each is enough")
    spec, recorded = record.spec, record.scored
    model = models.get(spec.model, **spec.config, seed=spec.seed).fit(mnist.train)
    random = generator(spec.seed, spec.model, "samples", device=torch.device("cpu"))
    samples = model.sample(spec.evaluation.n_samples, generator=random)
    if sha256_of_array(samples.numpy()) != recorded.samples_sha256:
        assert spec.model == "gaussian"
        pytest.skip("this processor rounds Gaussian noise in another way")
    found, expected = evaluate(samples, mnist.valid, mnist.test, protocol=protocol), recorded.scores[protocol]
    near = {"rel": 0, "abs": DENSITY_TOLERANCE}
    assert found.sigma == pytest.approx(expected.sigma, rel=1e-4)
    assert found.mean == pytest.approx(expected.log_likelihood.value, **near)
    assert found.standard_error == pytest.approx(expected.log_likelihood.standard_error, **near)
    assert found.valid_mean == pytest.approx(expected.valid_mean, **near)
    assert np.array(found.sigma_curve)[:, 1] == pytest.approx(np.array(expected.sigma_curve)[:, 1], **near)
