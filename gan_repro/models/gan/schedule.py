"""The adversarial nets' learning rate and momentum, as pylearn2 has them; a second stage begins them anew."""

from __future__ import annotations

import math

from gan_repro.models.gan.config import GANConfig


def learning_rate(config: GANConfig, update: int, front_update: int) -> float:
    """Return the step size of an update (from 0): learning_rate / decay^update, not below the floor.

    `front_update` is the one with which the second stage begins.
    """
    decayed = config.learning_rate * math.exp(
        -_restarted(update, front_update) * math.log(config.learning_rate_decay)
    )
    return max(decayed, config.learning_rate_floor)


def momentum(config: GANConfig, epoch: int, front_epoch: int) -> float:
    """Return the momentum of an epoch (from 0), rising linearly to its final value."""
    # MomentumAdjustor is advanced once before the first epoch, so epoch 1 has the initial value.
    part = min(_restarted(epoch, front_epoch) / (config.momentum_epochs - 1), 1.0)
    return config.momentum + (config.final_momentum - config.momentum) * part


def _restarted(count: int, restart: int) -> int:
    """Count from 0 again once `restart` is reached."""
    return count - restart if count >= restart else count
