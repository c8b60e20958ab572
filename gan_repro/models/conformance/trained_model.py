"""What a model that trains by minibatches promises besides: to stop anywhere and go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from gan_repro.models.base import EpochLog
from gan_repro.models.conformance.case import (
    BATCH_SIZE,
    BATCHES,
    N_SAMPLES,
    Case,
    ConformanceError,
    draw,
    require,
    require_same,
    through_a_file,
)
from gan_repro.models.training import TrainedModel

STOPS = (1, 4, BATCHES, BATCHES + 1, 2 * BATCHES - 1)
"""After how many updates a training is cut off."""


class Watcher:
    """Records logs and states between epochs, acts after one update, and may end the fit after an epoch."""

    def __init__(
        self,
        update: int = -1,
        act: Callable[[TrainedModel], object] = lambda model: None,
        last_epoch: int | None = None,
    ) -> None:
        self.update, self.act, self.last_epoch = update, act, last_epoch
        self.logs: list[EpochLog] = []
        self.states: list[dict[str, Any]] = []

    def after_batch(self, model: TrainedModel) -> None:
        """Act, if this is the update."""
        if model.updates == self.update:
            self.act(model)

    def after_epoch(self, model: TrainedModel, log: EpochLog) -> bool:
        """Keep log and state."""
        self.logs.append(log)
        self.states.append(model.state())
        return model.epoch == self.last_epoch


class Killed(Exception):  # noqa: N818
    """Stands for a process that ends in the middle of an epoch."""


def killed_and_resumed_is_the_same_run(case: Case) -> None:
    """Cut off after any update and resumed from its state, training gives the same bits."""
    watcher = Watcher()
    straight = case.new().fit(case.train, observer=watcher)
    for update in STOPS:
        saved: dict[str, Any] = {}

        def save_and_die(model: TrainedModel, saved: dict[str, Any] = saved) -> None:
            saved.update(through_a_file(model.state()))
            raise Killed

        first, second = Watcher(update, save_and_die), Watcher()
        try:
            case.new().fit(case.train, observer=first)
        except Killed:
            pass
        else:
            raise ConformanceError(f"its observer did not hear of update {update}")
        resumed = case.new().fit(case.train, observer=second, state=saved)
        where = f"a training cut off after update {update} and resumed"
        require_same(resumed.state(), straight.state(), f"{where}: state")
        require(first.logs + second.logs == watcher.logs, f"{where}: its logs differ")
        require_same(draw(resumed), draw(straight), f"{where}: samples")


def resumed_between_epochs_is_the_same_run(case: Case) -> None:
    """The state between two epochs resumes to the same bits."""
    watcher = Watcher()
    straight = case.new().fit(case.train, observer=watcher)
    resumed = case.new().fit(case.train, state=through_a_file(watcher.states[0]))
    require_same(resumed.state(), straight.state(), "a training resumed after an epoch: state")


def stopped_stays_stopped(case: Case) -> None:
    """A training that its observer ended does not go on when it is resumed."""
    stopped = case.new().fit(case.train, observer=Watcher(last_epoch=1))
    require((stopped.epoch, stopped.updates) == (1, BATCHES), "it trained on after its observer ended it")
    resumed = case.new().fit(case.train, state=through_a_file(stopped.state()))
    require_same(resumed.state(), stopped.state(), "a training that was ended, and resumed: state")


def saved_state_is_a_copy(case: Case) -> None:
    """What `state()` gave does not change as training goes on."""
    kept: list[dict[str, Any]] = []
    watcher = Watcher(4, lambda model: kept.extend([model.state(), through_a_file(model.state())]))
    case.new().fit(case.train, observer=watcher)
    require_same(kept[0], kept[1], "a state that was kept while training went on")


def watching_changes_nothing(case: Case) -> None:
    """An observer that draws samples on the way does not change the training."""
    watched = case.new().fit(case.train, observer=Watcher(4, draw))
    require_same(watched.state(), case.fitted().state(), "a training that was watched: state")


def state_of_other_settings_is_refused(case: Case) -> None:
    """The state of another seed or other settings is refused."""
    state = case.fitted().state()
    for other in (case.new(seed=1), case.new(batch_size=BATCH_SIZE + 1)):
        try:
            other.fit(case.train, state=state)
        except ValueError as error:
            require(
                "belongs to" in str(error), f"a state of other settings is refused in other words: {error}"
            )
        else:
            raise ConformanceError("it goes on from a state of another seed or other settings")


def parameters_carry_over(case: Case) -> None:
    """The parameters are all that samples depend on."""
    first, second = case.fitted(seed=0), case.fitted(seed=1)
    require(not torch.equal(draw(first), draw(second)), "two seeds give the same samples")
    second.load_parameters(through_a_file(first.parameters_copy()))
    require_same(draw(first), draw(second), "samples of another model given its parameters")


def untrained_model_gives_samples(case: Case) -> None:
    """After no epoch at all there are samples."""
    require(
        bool(draw(case.fitted(epochs=0)).isfinite().all()), "a sample of the untrained model is not finite"
    )


def logs_tell_losses_and_rates(case: Case) -> None:
    """After each epoch the observer hears of losses and of the learning rate."""
    watcher = Watcher()
    case.new().fit(case.train, observer=watcher)
    require([log.epoch for log in watcher.logs] == [1, 2], "the logs do not count the epochs")
    told = all(log.losses and log.learning_rate > 0 for log in watcher.logs)
    require(told, "a log lacks losses or a learning rate above 0")


def chain_shape_fits_the_samples(case: Case) -> None:
    """The chains that it tells of hold as many samples as were asked for."""
    for n in N_SAMPLES:
        chains, per_chain = case.new().chain_shape(n)
        fits = (chains - 1) * per_chain < n <= chains * per_chain
        require(fits, f"{chains} chains of {per_chain} are not the shape of {n} samples")


CHECKS: tuple[Callable[[Case], None], ...] = (
    killed_and_resumed_is_the_same_run,
    resumed_between_epochs_is_the_same_run,
    stopped_stays_stopped,
    saved_state_is_a_copy,
    watching_changes_nothing,
    state_of_other_settings_is_refused,
    parameters_carry_over,
    untrained_model_gives_samples,
    logs_tell_losses_and_rates,
    chain_shape_fits_the_samples,
)
