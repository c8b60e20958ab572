"""What every model promises: samples that are images, and the same bits from the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError

from gan_repro.models.base import Model, NotFittedError
from gan_repro.models.conformance.case import (
    N_SAMPLES,
    Case,
    ConformanceError,
    draw,
    require,
    require_same,
)


def samples_are_images(case: Case) -> None:
    """Samples are float32 (n, d) in [0, 1], for any n."""
    model = case.fitted()
    for n in N_SAMPLES:
        samples = draw(model, n)
        shape = (n, case.train.shape[1])
        require(
            tuple(samples.shape) == shape, f"{n} samples have the shape {tuple(samples.shape)}, not {shape}"
        )
        require(samples.dtype == torch.float32, f"samples are {samples.dtype}, not float32")
        require(bool(samples.isfinite().all()), "a sample is not finite")
        require(0 <= float(samples.min()) <= float(samples.max()) <= 1, "a sample lies outside [0, 1]")


class _Silent:
    """Watches a fit and does nothing."""

    def after_batch(self, model: Model) -> None:
        """Do nothing."""

    def after_epoch(self, model: Model, log: Any) -> bool:
        """Go on."""
        return False


def a_trial_fits_it(case: Case) -> None:
    """A trial, which knows a model by what `Model` promises alone, fits and saves it."""
    model = case.new()
    require(isinstance(model, Model), "it is no gan_repro.models.base.Model")
    require(model.fit_observed(case.train, _Silent()) is model, "fit_observed does not return the model")
    before = draw(model)
    require_same(before, draw(case.fitted()), "what fit_observed gives, beside fit,")
    stateless = (model.state() is None, model.epoch is None)
    require(
        stateless == (not case.trained,) * 2,
        "state and epoch are for models that train, and for all of these",
    )
    model.load_parameters(model.parameters_copy())
    require_same(draw(model), before, "what is drawn with its own parameters put back")


def same_seed_same_bits(case: Case) -> None:
    """Two fits from one seed give the same samples."""
    require_same(draw(case.fitted()), draw(case.fitted()), "a second fit from the same seed")


def other_generator_other_samples(case: Case) -> None:
    """One fitted model gives other samples to another generator."""
    # No model is exempt: those of a fixed set of images (train-set, kmeans) draw the order they give them in.
    model = case.fitted()
    differ = not torch.equal(draw(model, seed=0), draw(model, seed=1))
    require(differ, "two generators are given the same samples; draw every random number from `generator`")


def sampling_changes_nothing(case: Case) -> None:
    """Sampling leaves the model as it was."""
    model = case.fitted()
    require_same(draw(model), draw(model), "a second draw with the same generator")


def fitting_leaves_the_images(case: Case) -> None:
    """Neither fitting nor what is done to samples changes the training images."""
    images = case.train.copy()
    draw(case.new().fit(images)).zero_()
    require(np.array_equal(images, case.train), "the training images were changed")


def arrays_and_tensors_are_alike(case: Case) -> None:
    """Training images may be a NumPy array or a tensor."""
    from_tensor = draw(case.new().fit(torch.tensor(case.train)))
    require_same(draw(case.fitted()), from_tensor, "a fit to a tensor of the same images")


def global_random_state_is_left_alone(case: Case) -> None:
    """The global generators of Python, NumPy and torch are neither read nor moved."""
    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002  what is checked
    drawn = []
    try:
        for seed in (1, 2):
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            torch.manual_seed(seed)
            before = _global_states()
            drawn.append(draw(case.fitted()))
            require_same(_global_states(), before, "the global random state")
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        torch.set_rng_state(kept[2])
    require_same(drawn[0], drawn[1], "a fit under another global seed")


def _global_states() -> dict[str, Any]:
    legacy = str(np.random.get_state())  # noqa: NPY002
    return {"python": random.getstate(), "numpy": legacy, "torch": torch.get_rng_state()}


SPOILT: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "with a NaN": lambda images: np.where(images > 0.9, np.nan, images),
    "from 0 to 255": lambda images: 255 * images,
    "of bytes": lambda images: (255 * images).astype(np.uint8),
    "of one axis": lambda images: images[0],
    "of three axes": lambda images: images.reshape(-1, 8, 8),
    "without a row": lambda images: images[:0],
}
"""What is no matrix of images in [0, 1]."""


def bad_images_are_refused(case: Case) -> None:
    """What is no matrix of images in [0, 1] is refused with a ValueError about training images."""
    for what, spoil in SPOILT.items():
        try:
            case.new().fit(spoil(case.train))
        except ValueError as error:
            require(
                "training images" in str(error),
                f"images {what} are refused without the words 'training images'; as_training_images"
                " (gan_repro.models.tensors) checks them",
            )
        else:
            raise ConformanceError(
                f"images {what} are taken; as_training_images (gan_repro.models.tensors) checks"
            )


def samples_before_fit_are_refused(case: Case) -> None:
    """`sample` before `fit` raises `NotFittedError`."""
    try:
        draw(case.new())
    except NotFittedError:
        return
    raise ConformanceError("it gives samples before it is fitted")


def settings_are_checked(case: Case) -> None:
    """Settings survive JSON, and unknown ones are refused."""
    config = case.new().config
    require(
        type(config).model_validate_json(config.model_dump_json()) == config, "settings do not survive JSON"
    )
    try:
        case.new(no_such_setting=1)
    except ValidationError:
        return
    raise ConformanceError("an unknown setting is taken")


def deviations_say_everything(case: Case) -> None:
    """Each deviation from the reference has an id of its own, and says what, why and to what effect."""
    deviations = case.new().active_deviations()
    full = all(text.strip() for deviation in deviations for text in deviation.model_dump().values())
    require(full, "a deviation leaves something unsaid")
    require(len({d.id for d in deviations}) == len(deviations), "two deviations have one id")


CHECKS: tuple[Callable[[Case], None], ...] = (
    samples_are_images,
    a_trial_fits_it,
    same_seed_same_bits,
    other_generator_other_samples,
    sampling_changes_nothing,
    fitting_leaves_the_images,
    arrays_and_tensors_are_alike,
    global_random_state_is_left_alone,
    bad_images_are_refused,
    samples_before_fit_are_refused,
    settings_are_checked,
    deviations_say_everything,
)
"""Of every model."""
