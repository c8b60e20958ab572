"""The four recipes of `update-order` differ in what they say they differ in, and in nothing else."""

import numpy as np
import pytest
import torch

from gan_repro.experiments import update_order
from gan_repro.experiments.update_order import (
    ORDER_EFFECT,
    RANDOMNESS_EFFECT,
    RECIPES,
    Alternating,
    Simultaneous,
    look,
)
from gan_repro.models.gan.model import GAN, GANConfig, Hidden

NETS = {"generator_hidden": (Hidden(units=8),), "discriminator_hidden": (4,), "discriminator_range": 0.5}


def stepped(recipe, digits, rows, learning_rate):
    """The recipe's nets after one update on these rows of the images, in float64."""
    config = GANConfig(epochs=0, learning_rate=learning_rate, update=RECIPES[recipe].update, **NETS)
    model = RECIPES[recipe].model(config, seed=1)
    model.dtype = torch.float64
    train = torch.from_numpy(digits.train)
    model.fit(train)
    model.train_batch(train[rows].double())
    return model


def alike(net, one, other):
    """Whether the gradients that moved a net are the same in two models."""
    here, there = (m.optimiser_tensors() for m in (one, other))
    names = [name for name in here if name.startswith(net) and name.endswith("velocity")]
    assert names
    return all((here[name] - there[name]).norm() < 1e-4 * here[name].norm() for name in names)


@pytest.mark.parametrize("recipe", RECIPES)
def test_g_meets_d_before_its_step_or_after(digits, recipe):
    # The same nets and random numbers, other images: D moves elsewhere, and only a G that meets it notices.
    one, other = (stepped(recipe, digits, rows, 1.0) for rows in (slice(50), slice(50, 100)))
    assert not alike("d", one, other)
    assert alike("g", one, other) is recipe.startswith("simultaneous")


@pytest.mark.parametrize("recipe", RECIPES)
def test_g_has_the_random_numbers_of_ds_pass_or_its_own(digits, recipe):
    # With so short a step D stays where it was, and only the random numbers are left to differ.
    released, model = (stepped(name, digits, slice(50), 1e-6) for name in ("simultaneous", recipe))
    assert alike("g", released, model) is (recipe in ("simultaneous", "alternating_same"))


@pytest.mark.parametrize("recipe", ["simultaneous", "alternating_same", "alternating"])
def test_ds_step_is_the_released_one_whatever_g_does_after_it(digits, recipe):
    assert alike("d", *(stepped(name, digits, slice(50), 1.0) for name in ("simultaneous", recipe)))


def test_with_its_own_randomness_each_step_is_as_if_alone(digits):
    train = torch.from_numpy(digits.train)
    batch = train[:50].double()
    both, g_alone, d_alone = (Simultaneous(GANConfig(epochs=0, **NETS), seed=1) for _ in range(3))
    for model in (both, g_alone, d_alone):
        model.dtype = torch.float64
        model.fit(train)
    for_d, for_g = (g_alone.draw_noise(50, g_alone.noise) for _ in range(2))
    g_alone.step(batch[:0], g_alone.generate(for_g), update_discriminator=False)
    d_alone.noise.set_state(g_alone.noise.get_state())
    d_alone.step(batch, d_alone.generate(for_d), update_generator=False)
    both.train_batch(batch)
    assert alike("g", both, g_alone)
    assert alike("d", both, d_alone)


def test_the_recipes_trained_are_those_tested(monkeypatch):
    made = {}
    monkeypatch.setattr(GAN, "fit", lambda model, train, observer: model)
    for recipe in RECIPES:
        made[recipe], _ = update_order._train(update_order.Settings(), 1, recipe, torch.zeros(1, 4))
    assert {name: type(model) for name, model in made.items()} == {
        "simultaneous": GAN, "simultaneous_own": Simultaneous, "alternating_same": Alternating,
        "alternating": GAN,
    }  # fmt: skip
    released = GANConfig().model_dump()
    for name, model in made.items():
        changed = {key for key, value in model.config.model_dump().items() if value != released[key]}
        assert changed - {"epochs"} == ({"update"} if name == "alternating" else set())


def test_a_look_tells_a_collapse_from_images(digits):
    images = digits.valid
    itself, one_image = look(images, images), look(np.round(images[:1]).repeat(len(images), axis=0), images)
    assert (itself["diversity"], itself["slope"]) == (1, 1)
    assert (one_image["diversity"], one_image["slope"]) == (0, 0)
    assert itself["likelihood"] > one_image["likelihood"]
    halved = look(images / 2, images)
    assert halved["diversity"] == pytest.approx(0.5)


def test_every_recipe_is_trained_from_every_seed_and_compared(context):
    settings = update_order.Settings(
        seeds=(1, 2),
        dataset="digits",
        generator_units=8,
        discriminator_units=4,
        epochs=2,
        n_samples=50,
        n_valid=60,
    )
    outcome = update_order.run(settings, context)
    found = outcome.findings
    assert {finding.n for finding in found.values()} == {2}
    mean = {recipe: found[f"likelihood_{recipe}"].value for recipe in RECIPES}
    assert found[ORDER_EFFECT].value == pytest.approx(
        (mean["alternating_same"] + mean["alternating"] - mean["simultaneous"] - mean["simultaneous_own"]) / 2
    )
    assert found[RANDOMNESS_EFFECT].value == pytest.approx(
        (mean["simultaneous_own"] + mean["alternating"] - mean["simultaneous"] - mean["alternating_same"]) / 2
    )
    assert [row[0] for row in outcome.series["generator loss alternating"]] == [1, 2]
    assert outcome.series["discriminator loss alternating"][-1][1] == pytest.approx(
        found["discriminator_alternating"].value, rel=1e-3
    )
    assert update_order.run(settings, context) == outcome
