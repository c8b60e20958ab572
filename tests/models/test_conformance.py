"""What every registered model promises, run over the registry; a new model needs one entry in `SETTINGS`.

Settings that make another model of it than its defaults do stand in `VARIANTS` and are held to the same.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from gan_repro import models
from gan_repro.models.base import EpochLog, Model, NotFittedError
from gan_repro.models.training import TrainedModel
from gan_repro.util.seeds import generator

SETTINGS: dict[str, dict[str, Any]] = {
    "gan": {
        "epochs": 2,
        "batch_size": 20,
        "noise_dimension": 5,
        "generator_hidden": ({"units": 12}, {"units": 10, "activation": "sigmoid"}),
        "discriminator_hidden": (6, 5),
        "pieces": 2,
    },
    "dbn": {"epochs": 2, "batch_size": 20, "layers": (12, 10), "chains": 4, "burn_in": 3, "thinning": 2},
    "cae": {"epochs": 2, "batch_size": 20, "layers": (12, 10), "chains": 4, "burn_in": 3, "thinning": 2},
    "gsn": {"epochs": 2, "batch_size": 20, "layers": (12, 10), "chains": 4, "burn_in": 3, "thinning": 2},
    "train-set": {},
    "kmeans": {"n_clusters": 40, "max_iterations": 3},
    "gaussian": {},
}
"""Sizes at which a model trains in a moment. Training here has 7 batches an epoch, the last one short."""

_GAN_CONVOLUTION = {"channels": 3, "pieces": 2, "kernel": 3, "padding": 1, "pool": 3, "pool_stride": 2}

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "gan in two stages": (
        "gan",
        {
            "noise": "gaussian",
            "generator_hidden": ({"units": 12}, {"units": 10, "activation": "sigmoid", "bias": -2}),
            "output_nonzero": 4,
            "front": ({"units": 9}, {"units": 5, "activation": "sigmoid", "bias": -2}),
            "front_epoch": 1,
            "max_column_norm": 0.8,
        },
    ),
    "gan with one linear layer": (
        "gan",
        {"generator_hidden": ({"units": 12, "activation": "sigmoid"},), "output_activation": "linear"},
    ),
    "gan of normalised contrast": (
        "gan",
        {"preprocessing": "gcn", "output_activation": "linear", "output_range": 0.5},
    ),
    "gan of convolutions": (
        "gan",
        {
            "preprocessing": "gcn",
            "output_activation": "linear",
            "image_shape": (8, 8, 1),
            "generator_hidden": ({"units": 12}, {"units": 16, "activation": "sigmoid"}),
            "deconvolution": {"size": 2, "channels": 4, "kernel": 5, "stride": 3},
            "discriminator_convolutions": (_GAN_CONVOLUTION, {**_GAN_CONVOLUTION, "pool": 2}),
            "discriminator_hidden": (5,),
        },
    ),
    "dbn of faces": ("dbn", {"visible": "gaussian"}),
}
"""Model and settings, on top of those in `SETTINGS`."""

CASES = (*models.names(), *VARIANTS)


def model_of(case: str) -> str:
    """The registered model that a case is about."""
    return VARIANTS[case][0] if case in VARIANTS else case


TRAINED = [case for case in CASES if issubclass(models.model_class(model_of(case)), TrainedModel)]
BATCHES = 7


@pytest.fixture(scope="module")
def train() -> np.ndarray:
    return (load_digits().data[:130] / 16).astype(np.float32)


def settings_of(name: str) -> dict[str, Any]:
    if name not in SETTINGS:
        pytest.fail(
            f"add tiny settings for {name!r} to SETTINGS in {__file__}, so that its promises are tested"
        )
    return SETTINGS[name]


def new(name: str, *, seed: int = 0, device: str = "cpu", **changed: Any) -> Any:
    model = model_of(name)
    variant = VARIANTS[name][1] if name in VARIANTS else {}
    return models.get(model, seed=seed, device=device, **{**settings_of(model), **variant, **changed})


def draw(model: Any, n: int = 30, *, seed: int = 0, device: str = "cpu") -> torch.Tensor:
    return torch.as_tensor(model.sample(n, generator=generator(seed, "samples", device=device)))


class Watcher:
    """Records logs and states between epochs, acts after one batch, and may end the fit after an epoch."""

    def __init__(
        self,
        update: int = -1,
        act: Callable[[TrainedModel], None] = lambda model: None,
        last_epoch: int | None = None,
    ) -> None:
        self.update, self.act, self.last_epoch = update, act, last_epoch
        self.logs: list[EpochLog] = []
        self.states: list[dict[str, Any]] = []

    def after_batch(self, model: TrainedModel) -> None:
        if model.updates == self.update:
            self.act(model)

    def after_epoch(self, model: TrainedModel, log: EpochLog) -> bool:
        self.logs.append(log)
        self.states.append(model.state())
        return model.epoch == self.last_epoch


class Killed(Exception):  # noqa: N818
    """Stands for a process that ends in the middle of an epoch."""


def through_a_file(state: Mapping[str, Any]) -> dict[str, Any]:
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def assert_same(left: Any, right: Any, where: str = "state") -> None:
    """Equal bits, through nested mappings."""
    if isinstance(left, Mapping):
        assert left.keys() == right.keys(), where
        for key in left:
            assert_same(left[key], right[key], f"{where}[{key!r}]")
    elif isinstance(left, torch.Tensor):
        assert left.dtype == right.dtype, where
        assert torch.equal(left, right), where
    else:
        assert left == right, where


@pytest.mark.parametrize("name", CASES)
class TestEveryModel:
    @pytest.mark.parametrize("n", [1, 7, 13, 30])
    def test_samples_are_images(self, name: str, n: int, train: np.ndarray) -> None:
        samples = draw(new(name).fit(train), n)
        assert samples.shape == (n, train.shape[1])
        assert samples.dtype == torch.float32
        assert samples.isfinite().all()
        assert samples.min() >= 0
        assert samples.max() <= 1

    def test_a_trial_fits_it_like_anybody_else(self, name: str, train: np.ndarray) -> None:
        """A trial knows a model by what `Model` promises alone."""
        model = new(name)
        assert isinstance(model, Model)
        assert model.fit_observed(train, Watcher()) is model
        assert torch.equal(draw(model), draw(new(name).fit(train)))
        assert (model.state() is None) == (model.epoch is None) == (name not in TRAINED)
        before = draw(model)
        model.load_parameters(model.parameters_copy())
        assert torch.equal(draw(model), before)

    def test_same_seed_same_bits(self, name: str, train: np.ndarray) -> None:
        assert torch.equal(draw(new(name).fit(train)), draw(new(name).fit(train)))

    def test_other_seed_other_bits(self, name: str, train: np.ndarray) -> None:
        first, second = draw(new(name, seed=0).fit(train), seed=0), draw(new(name, seed=1).fit(train), seed=1)
        assert not torch.equal(first, second)

    def test_sampling_leaves_the_model_as_it_was(self, name: str, train: np.ndarray) -> None:
        model = new(name).fit(train)
        assert torch.equal(draw(model), draw(model))

    def test_fitting_leaves_the_images_as_they_were(self, name: str, train: np.ndarray) -> None:
        images = train.copy()
        draw(new(name).fit(images)).zero_()
        np.testing.assert_array_equal(images, train)

    def test_arrays_and_tensors_are_the_same_to_it(self, name: str, train: np.ndarray) -> None:
        assert torch.equal(draw(new(name).fit(train)), draw(new(name).fit(torch.tensor(train))))

    def test_global_random_state_is_neither_read_nor_moved(self, name: str, train: np.ndarray) -> None:
        samples = []
        for seed in (1, 2):
            seed_globally(seed)
            before = global_states()
            samples.append(draw(new(name).fit(train)))
            assert_same(global_states(), before, "global random state")
        assert torch.equal(*samples)

    @pytest.mark.parametrize(
        "spoil",
        [
            pytest.param(lambda images: np.where(images > 0.9, np.nan, images), id="nan"),
            pytest.param(lambda images: 255 * images, id="0..255"),
            pytest.param(lambda images: (255 * images).astype(np.uint8), id="bytes"),
            pytest.param(lambda images: images[0], id="1-d"),
            pytest.param(lambda images: images.reshape(-1, 8, 8), id="3-d"),
            pytest.param(lambda images: images[:0], id="empty"),
        ],
    )
    def test_bad_images_are_refused(self, name: str, spoil: Callable, train: np.ndarray) -> None:
        with pytest.raises(ValueError, match="training images"):
            new(name).fit(spoil(train))

    def test_samples_before_fit_are_refused(self, name: str) -> None:
        with pytest.raises(NotFittedError, match="fit"):
            draw(new(name))

    def test_settings_survive_json(self, name: str) -> None:
        config = new(name).config
        assert type(config).model_validate_json(config.model_dump_json()) == config

    def test_unknown_settings_are_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="no_such_setting"):
            models.get(model_of(name), no_such_setting=1)

    def test_deviations_say_everything(self, name: str) -> None:
        deviations = new(name).active_deviations()
        assert all(text.strip() for deviation in deviations for text in deviation.model_dump().values())
        assert len({deviation.id for deviation in deviations}) == len(deviations)

    @pytest.mark.cuda
    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
    def test_trains_and_samples_on_a_card(self, name: str, train: np.ndarray) -> None:
        samples = draw(new(name, device="cuda").fit(train), device="cuda")
        assert samples.device.type == "cuda"
        assert samples.isfinite().all()


@pytest.mark.parametrize("name", TRAINED)
class TestTrainedModels:
    @pytest.mark.parametrize("update", [1, 4, BATCHES, BATCHES + 1, 2 * BATCHES - 1])
    def test_killed_and_resumed_is_the_same_run(self, name: str, update: int, train: np.ndarray) -> None:
        saved = {}

        def save_and_die(model: TrainedModel) -> None:
            saved.update(through_a_file(model.state()))
            raise Killed

        straight_watcher, first, second = Watcher(), Watcher(update, save_and_die), Watcher()
        straight = new(name).fit(train, observer=straight_watcher)
        with pytest.raises(Killed):
            new(name).fit(train, observer=first)
        resumed = new(name).fit(train, observer=second, state=saved)

        assert_same(resumed.state(), straight.state())
        assert first.logs + second.logs == straight_watcher.logs
        assert torch.equal(draw(resumed), draw(straight))

    def test_resumed_between_epochs_is_the_same_run(self, name: str, train: np.ndarray) -> None:
        watcher = Watcher()
        straight = new(name).fit(train, observer=watcher)
        resumed = new(name).fit(train, state=through_a_file(watcher.states[0]))
        assert_same(resumed.state(), straight.state())

    def test_stopped_stays_stopped(self, name: str, train: np.ndarray) -> None:
        stopped = new(name).fit(train, observer=Watcher(last_epoch=1))
        assert (stopped.epoch, stopped.updates) == (1, BATCHES)
        resumed = new(name).fit(train, state=through_a_file(stopped.state()))
        assert_same(resumed.state(), stopped.state())

    def test_saved_state_is_a_copy(self, name: str, train: np.ndarray) -> None:
        states: list[dict[str, Any]] = []
        watcher = Watcher(4, lambda model: states.extend([model.state(), through_a_file(model.state())]))
        new(name).fit(train, observer=watcher)
        assert_same(*states)

    def test_watching_changes_nothing(self, name: str, train: np.ndarray) -> None:
        watched = new(name).fit(train, observer=Watcher(4, lambda model: draw(model)))
        assert_same(watched.state(), new(name).fit(train).state())

    def test_state_of_other_settings_is_refused(self, name: str, train: np.ndarray) -> None:
        state = new(name).fit(train).state()
        for other in (new(name, seed=1), new(name, batch_size=21)):
            with pytest.raises(ValueError, match="belongs to"):
                other.fit(train, state=state)

    def test_parameters_carry_over(self, name: str, train: np.ndarray) -> None:
        first, second = new(name, seed=0).fit(train), new(name, seed=1).fit(train)
        assert not torch.equal(draw(first), draw(second))
        second.load_parameters(through_a_file(first.parameters_copy()))
        assert torch.equal(draw(first), draw(second))

    def test_untrained_model_gives_samples(self, name: str, train: np.ndarray) -> None:
        assert draw(new(name, epochs=0).fit(train)).isfinite().all()

    def test_logs_tell_losses_and_rates(self, name: str, train: np.ndarray) -> None:
        watcher = Watcher()
        new(name).fit(train, observer=watcher)
        assert [log.epoch for log in watcher.logs] == [1, 2]
        assert all(log.losses and log.learning_rate > 0 for log in watcher.logs)

    @pytest.mark.parametrize("n", [1, 7, 13, 30])
    def test_chain_shape_fits_the_samples(self, name: str, n: int) -> None:
        chains, per_chain = new(name).chain_shape(n)
        assert (chains - 1) * per_chain < n <= chains * per_chain


def seed_globally(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the legacy state is what is under test
    torch.manual_seed(seed)


def global_states() -> dict[str, Any]:
    legacy = np.random.get_state()  # noqa: NPY002
    return {"python": random.getstate(), "numpy": str(legacy), "torch": torch.get_rng_state()}


def test_model_without_settings_here_is_told_what_to_do() -> None:
    with pytest.raises(pytest.fail.Exception, match="add tiny settings for 'my-model'"):
        settings_of("my-model")
