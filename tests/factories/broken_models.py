"""Two models that keep every promise of `gan_repro.models.conformance`, and models that break one each."""

from __future__ import annotations

import torch
from pydantic import ConfigDict, Field

from gan_repro.models.base import Deviation, ModelConfig, NotFittedError, TrainingConfig
from gan_repro.models.baselines import PixelGaussian
from gan_repro.models.conformance import every_model, trained_model
from gan_repro.models.training import TrainedModel


class Promising(PixelGaussian):
    """It keeps every promise."""

    name = "promising"


class TooBright(Promising):
    def sample(self, n, *, generator):
        return super().sample(n, generator=generator) + 1


class Short(Promising):
    def sample(self, n, *, generator):
        return super().sample(n, generator=generator)[1:]


class Double(Promising):
    def sample(self, n, *, generator):
        return super().sample(n, generator=generator).double()


class NotItself(Promising):
    def fit_observed(self, train, observer, state=None):
        return type(self)(self.config, seed=self.seed).fit(train)


class OfTheClock(Promising):
    draws = 0

    def sample(self, n, *, generator):
        OfTheClock.draws += 1
        return (super().sample(n, generator=generator) + 1e-6 * OfTheClock.draws).clamp(0, 1)


class Constant(Promising):
    def sample(self, n, *, generator):
        return self.fitted().mean(0).repeat(n, 1)


class OfItsSeed(Promising):
    def sample(self, n, *, generator):
        return super().sample(n, generator=torch.Generator().manual_seed(self.seed))


class Spender(Promising):
    def sample(self, n, *, generator):
        self._images = self.fitted() / 2
        return super().sample(n, generator=generator)


class Scribbler(Promising):
    def fit(self, train):
        super().fit(train)
        train[:1] = 0
        return self


class ArraysOnly(Promising):
    def fit(self, train):
        return super().fit(train * (1 if type(train).__name__ == "ndarray" else 0.5))


class Global(Promising):
    def sample(self, n, *, generator):
        return torch.rand(n, self.fitted().shape[1])


class Trusting(Promising):
    def fit(self, train):
        self._images = torch.as_tensor(train).float()
        return self


class Eager(Promising):
    def sample(self, n, *, generator):
        try:
            return super().sample(n, generator=generator)
        except NotFittedError:
            return torch.zeros(n, 64)


class Unchecked(ModelConfig):
    model_config = ConfigDict(extra="ignore")


class Unchecking(Promising):
    Config = Unchecked


class HalfWritten(ModelConfig):
    shade: int = Field(1, exclude=True)


class Lossy(Promising):
    Config, tiny = HalfWritten, {"shade": 2}


class Terse(Promising):
    deviations = (Deviation(id="a", what="other noise", why=" ", expected_effect="none"),)


class Repetitive(Promising):
    deviations = 2 * (Deviation(id="a", what="other noise", why="it is faster", expected_effect="none"),)


class OnePass(TrainingConfig):
    epochs: int = 1
    batch_size: int = 10


class Reconstructions(TrainedModel):
    """An autoencoder of one layer with what docs/contributing.md asks of a model that trains, and no more."""

    name = "reconstructions"
    Config = OnePass

    def build(self, train, generator):
        self.weights = 0.1 * torch.randn(train.shape[1], 9, generator=generator)

    def train_batch(self, batch):
        noisy = batch + 0.1 * torch.randn(batch.shape, generator=self.noise)
        hidden = noisy @ self.weights
        error = hidden @ self.weights.T - batch
        gradient = error.T @ hidden + noisy.T @ (error @ self.weights)
        self.weights -= self.learning_rate / len(batch) * gradient
        return {"squared error": error.square().mean()}

    def sample(self, n, *, generator):
        self.require_fitted()
        noise = torch.randn(n, self.weights.shape[1], generator=generator)
        return (noise @ self.weights.T).clamp(0, 1)

    def parameters(self):
        return {"weights": self.weights}

    @property
    def learning_rate(self):
        return 0.01


class Forgetful(Reconstructions):
    def _load(self, state):
        super()._load({**state, "noise": torch.Generator().manual_seed(1).get_state()})


class Restless(Reconstructions):
    def _load(self, state):
        super()._load({**state, "stopped": False})


class Lazy(Reconstructions):
    def state(self):
        return {**super().state(), "tensors": self._tensors()}


class Meddling(Reconstructions):
    def sample(self, n, *, generator):
        return super().sample(n, generator=self.noise)


class Credulous(Reconstructions):
    def _load(self, state):
        super()._load({**state, "seed": self.seed, "config": self.config.model_dump_json()})


class Withholding(Reconstructions):
    def parameters(self):
        return {}


class OfTheTrained(Reconstructions):
    def sample(self, n, *, generator):
        return super().sample(n, generator=generator) / (self.updates > 0)


class Mute(Reconstructions):
    def train_batch(self, batch):
        super().train_batch(batch)
        return {}


class Rateless(Reconstructions):
    learning_rate = 0


class Chained(Reconstructions):
    def chain_shape(self, n):
        return 1, 1


BROKEN = {
    every_model.samples_are_images: (TooBright, Short, Double),
    every_model.a_trial_fits_it: (NotItself,),
    every_model.same_seed_same_bits: (OfTheClock, Global),
    every_model.other_generator_other_samples: (Constant, OfItsSeed),
    every_model.sampling_changes_nothing: (Spender, OfTheClock),
    every_model.fitting_leaves_the_images: (Scribbler,),
    every_model.arrays_and_tensors_are_alike: (ArraysOnly,),
    every_model.global_random_state_is_left_alone: (Global,),
    every_model.bad_images_are_refused: (Trusting,),
    every_model.samples_before_fit_are_refused: (Eager,),
    every_model.settings_are_checked: (Unchecking, Lossy),
    every_model.deviations_say_everything: (Terse, Repetitive),
    trained_model.killed_and_resumed_is_the_same_run: (Forgetful,),
    trained_model.resumed_between_epochs_is_the_same_run: (Forgetful,),
    trained_model.stopped_stays_stopped: (Restless,),
    trained_model.saved_state_is_a_copy: (Lazy,),
    trained_model.watching_changes_nothing: (Meddling,),
    trained_model.state_of_other_settings_is_refused: (Credulous,),
    trained_model.parameters_carry_over: (Withholding,),
    trained_model.untrained_model_gives_samples: (OfTheTrained,),
    trained_model.logs_tell_losses_and_rates: (Mute, Rateless),
    trained_model.chain_shape_fits_the_samples: (Chained,),
}
"""The models that break a promise, by the check that finds it."""
