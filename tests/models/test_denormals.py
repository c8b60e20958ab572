"""Denormal numbers are zero while a model trains, unless they are to be kept, and come back afterwards."""

import numpy as np
import pytest
import torch

from gan_repro import models
from gan_repro.models import training
from gan_repro.models.denormals import flushed_denormals

DENORMAL = torch.tensor(1e-310, dtype=torch.float64)

pytestmark = pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor cannot flush")


def test_denormals_are_zero_inside_and_kept_outside():
    with flushed_denormals():
        assert float(DENORMAL * 1.0) == 0
    assert float(DENORMAL * 1.0) > 0


def test_a_caller_who_flushes_goes_on_flushing():
    torch.set_flush_denormal(True)
    try:
        with flushed_denormals():
            pass
        assert float(DENORMAL * 1.0) == 0
    finally:
        torch.set_flush_denormal(False)


def test_an_error_inside_restores_the_flag():
    with pytest.raises(RuntimeError), flushed_denormals():
        raise RuntimeError
    assert float(DENORMAL * 1.0) > 0


def net(train, flush, monkeypatch):
    """Blank pixels and dead inputs: velocities that only decay, until they are denormal."""
    if not flush:
        monkeypatch.setattr(training.TrainedModel, "denormals", "kept")
    settings = {
        "epochs": 12,
        "batch_size": 10,
        "noise_dimension": 8,
        "generator_hidden": [{"units": 16}],
        "discriminator_hidden": [8],
        "momentum": 0.6,
    }
    return models.get("gan", seed=3, **settings).fit(train)


def test_a_short_training_has_the_same_parameters_either_way(monkeypatch):
    train = np.zeros((400, 20), np.float32)
    train[:, :4] = np.random.default_rng(0).random((400, 4)).round()
    train[0] = 1.0  # a pixel that is on once, and so has a velocity to lose
    flushed = net(train, True, monkeypatch)
    kept = net(train, False, monkeypatch)
    tiny = torch.finfo(torch.float32).tiny
    velocities = torch.cat([v.flatten().abs() for v in kept.optimiser_tensors().values()])
    assert int(((velocities > 0) & (velocities < tiny)).sum()) > 0, "no denormal number arose"
    for name, tensor in flushed.parameters().items():
        assert torch.equal(tensor, kept.parameters()[name]), name


@pytest.mark.parametrize(("denormals", "there"), [("flushed", False), ("kept", True)])
def test_a_model_says_how_its_updates_treat_them(denormals, there):
    class Look:
        seen: list[float] = []  # noqa: RUF012

        def after_batch(self, model):
            self.seen.append(float(DENORMAL * 1.0))

        def after_epoch(self, model, log):
            return False

    model = models.get("cae", epochs=1, layers=[4])
    model.denormals = denormals
    model.fit(np.random.default_rng(0).random((40, 6)).astype(np.float32), observer=Look())
    assert Look.seen
    assert (min(Look.seen) > 0) is there


def test_the_observer_sees_numbers_as_they_are():
    class Look:
        seen: list[float] = []  # noqa: RUF012

        def after_batch(self, model):
            pass

        def after_epoch(self, model, log):
            self.seen.append(float(DENORMAL * 1.0))
            return False

    train = np.random.default_rng(0).random((40, 6)).astype(np.float32)
    models.get("cae", epochs=2, layers=[4]).fit(train, observer=Look())
    assert len(Look.seen) == 2
    assert min(Look.seen) > 0
