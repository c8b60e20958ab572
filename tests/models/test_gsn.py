"""The deep GSN against its equations written out, and the reference's sampling habits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from gan_repro.models.base import DivergedError, EpochLog
from gan_repro.models.gsn import GSN, GSNConfig
from gan_repro.models.training import TrainedModel
from gan_repro.util.seeds import generator

TINY = GSNConfig(epochs=1, batch_size=8, layers=(7, 5), chains=3, burn_in=4)


def images(n: int = 16, d: int = 6) -> Tensor:
    return torch.rand(n, d, generator=generator(0, "images"), dtype=torch.float64)


def fitted(config: GSNConfig = TINY, **changed: object) -> GSN:
    return GSN(config.model_copy(update=changed), dtype=torch.float64).fit(images())


def without_noise(**changed: object) -> GSN:
    """Deterministic but for the Bernoulli draws of x."""
    return fitted(epochs=0, hidden_noise=0.0, salt_and_pepper=0.0, **changed)


@pytest.mark.parametrize("layers", [(), (7, 0), (-5,)])
def test_layers_without_units_are_refused(layers: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="layers"):
        GSNConfig(layers=layers)


def test_first_two_steps_are_the_equations() -> None:
    model = without_noise()
    (W0, W1), (b0, b1, b2) = model.weights, model.biases
    x = images(3)
    walk = model._walk(model.weights, model.biases, x, generator(1))
    h1 = torch.tanh(x @ W0 + b1)
    p1 = torch.sigmoid(h1 @ W0.T + b0)
    torch.testing.assert_close(torch.sigmoid(next(walk)), p1)
    h2 = torch.tanh(h1 @ W1 + b2)
    x2 = (torch.rand(3, 6, generator=generator(1), dtype=torch.float64) < p1).double()
    h1 = torch.tanh(x2 @ W0 + h2 @ W1.T + b1)
    torch.testing.assert_close(next(walk), h1 @ W0.T + b0)


def test_update_is_the_reference_form_of_momentum() -> None:
    model = without_noise(walkbacks=1)
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in model.trainable().items()}
    momenta = {name: torch.zeros_like(tensor) for name, tensor in leaves.items()}
    for batch in images().split(8):
        h1 = torch.tanh(batch @ leaves["W0"] + leaves["b1"])
        loss = binary_cross_entropy(torch.sigmoid(h1 @ leaves["W0"].T + leaves["b0"]), batch)
        used = [name for name in leaves if name not in ("W1", "b2")]
        for name, gradient in zip(used, torch.autograd.grad(loss, [leaves[n] for n in used]), strict=True):
            momenta[name] = 0.5 * momenta[name] + 0.5 * gradient
            leaves[name] = (leaves[name] - 0.25 * momenta[name]).detach().requires_grad_()
        assert model.train_batch(batch)["loss"] == pytest.approx(loss.item())
    for name, tensor in model.trainable().items():
        torch.testing.assert_close(tensor, leaves[name].detach())


def test_gradient_reaches_the_top_layer_through_the_walk() -> None:
    model = without_noise(walkbacks=2, momentum=0.0, learning_rate=1.0)
    before = model.parameters_copy()
    model.train_batch(images())
    change = {name: (tensor - before[name]).abs().max() for name, tensor in model.trainable().items()}
    assert all(size > 0 for size in change.values())


def test_walkback_loss_is_a_sum_over_steps() -> None:
    losses = [
        float(without_noise(walkbacks=steps).train_batch(images())["loss"]) / steps for steps in (1, 2, 4)
    ]
    assert losses == pytest.approx([losses[0]] * 3, rel=0.2)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_any_depth_trains_and_samples(depth: int) -> None:
    model = fitted(layers=(7, 5, 4, 3)[:depth])
    assert model.sample(10, generator=generator(0)).isfinite().all()


def test_salt_and_pepper_rates() -> None:
    model = fitted()
    grey = torch.full((400, 500), 0.3, dtype=torch.float64)
    noisy = model._corrupted(grey, generator(0))
    shares = [float((noisy == value).double().mean()) for value in (0.0, 1.0, 0.3)]
    assert shares == pytest.approx([0.2, 0.2, 0.6], abs=0.01)
    redrawn = model._redrawn(grey, generator(0))
    assert set(redrawn.unique().tolist()) == {0.0, 1.0}
    assert float(redrawn.mean()) == pytest.approx(0.6 * 0.3 + 0.2, abs=0.01)


def test_hidden_noise_before_and_after_the_activation() -> None:
    model = fitted()
    top = model._noisy(2, torch.zeros(20_000, 5, dtype=torch.float64), generator(0))
    expected = np.tanh(2 * np.random.default_rng(0).standard_normal(100_000)).var() + 4
    assert float(top.var()) == pytest.approx(expected, rel=0.03)


class Rates:
    """Collects the learning rate of each update and of each epoch's log."""

    def __init__(self) -> None:
        self.batches: list[float] = []
        self.epochs: list[float] = []

    def after_batch(self, model: TrainedModel) -> None:
        self.batches.append(model.learning_rate)

    def after_epoch(self, model: TrainedModel, log: EpochLog) -> bool:
        self.epochs.append(log.learning_rate)
        return False


def test_learning_rate_shrinks_after_each_epoch() -> None:
    rates = Rates()
    GSN(TINY.model_copy(update={"epochs": 3})).fit(images().float(), observer=rates)
    expected = [0.25 * 0.995**epoch for epoch in range(3)]
    assert rates.epochs == pytest.approx(expected)
    assert rates.batches == pytest.approx(np.repeat(expected, 2).tolist())


def test_rows_come_chain_by_chain() -> None:
    model = fitted(chains=3, burn_in=2, thinning=1)
    assert model.chain_shape(7) == (3, 3)
    assert model.chain_shape(4) == (2, 2)
    samples = model.sample(6, generator=generator(0))
    thinned = fitted(chains=3, burn_in=3, thinning=2).sample(3, generator=generator(0))
    torch.testing.assert_close(samples.reshape(3, 2, 6)[:, 1], thinned)


def test_start_image_is_the_first_of_one_chain() -> None:
    model, start = fitted(), images()[0]
    samples = model.sample(9, generator=generator(0), start=start)
    assert samples.shape == (9, 6)
    assert torch.equal(samples[0], start)
    assert not torch.equal(samples, model.sample(9, generator=generator(0), start=images()[1]))
    assert torch.equal(model.sample(1, generator=generator(0), start=start)[0], start)


def test_training_lowers_the_loss() -> None:
    rng = np.random.default_rng(0)
    bars = np.repeat(rng.integers(0, 2, (100, 1)), 16, axis=1) * np.tile([1.0, 0.0], 8)
    losses: list[float] = []

    class Losses(Rates):
        def after_epoch(self, model: TrainedModel, log: EpochLog) -> bool:
            losses.append(log.losses["loss"])
            return False

    config = GSNConfig(epochs=15, batch_size=10, layers=(20, 20), hidden_noise=0.5, learning_rate=5.0)
    GSN(config).fit(bars.astype(np.float32), observer=Losses())
    assert losses[-1] < 0.5 * losses[0]


def test_divergence_is_told() -> None:
    with pytest.raises(DivergedError, match="gsn"):
        GSN(TINY.model_copy(update={"learning_rate": 1e38, "epochs": 3})).fit(images().float())
