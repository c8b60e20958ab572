"""Experiments on images: exact neighbours, known paths, and tiny runs on the digits."""

import copy

import numpy as np
import pytest
import torch

from gan_repro.experiments import helvetica, interpolation, loss_early, memorisation
from gan_repro.experiments.neighbours import nearest
from gan_repro.experiments.trained import NoModelError, load, recorded
from gan_repro.models import get
from gan_repro.trials.store import RecordStore
from gan_repro.util.files import sha256_of_array


def test_neighbours_are_exact():
    rng = np.random.default_rng(0)
    images = rng.random((300, 20), dtype=np.float32)
    points = np.concatenate([images[[7, 250]], rng.random((20, 20), dtype=np.float32)])
    distances, rows = nearest(points, images)
    brute = np.sqrt(((points[:, None].astype(float) - images[None].astype(float)) ** 2).sum(axis=2))
    np.testing.assert_array_equal(rows, brute.argmin(axis=1))
    np.testing.assert_allclose(distances, brute.min(axis=1), rtol=1e-12)
    assert list(distances[:2]) == [0, 0]


def test_a_recorded_generator_comes_back_bit_for_bit(small_results, context):
    (record,) = recorded(list(RecordStore(small_results)), "gan", "digits")
    samples = load(record, context).samples()
    assert sha256_of_array(samples) == record.candidates["best"].samples_sha256


def test_a_checkpoint_of_another_trial_is_refused(small_results, context, tmp_path):
    gan, gsn = (recorded(list(RecordStore(small_results)), name, "digits")[0] for name in ("gan", "gsn"))
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    theirs = (small_results / "checkpoints" / f"{gsn.spec.id}.pt").read_bytes()
    (folder / f"{gan.spec.id}.pt").write_bytes(theirs)
    elsewhere = type(context)(tmp_path)
    with pytest.raises(NoModelError, match=r"holds another trial; make it with: python -m gan_repro.table1"):
        load(gan, elsewhere)
    (folder / f"{gan.spec.id}.pt").write_bytes(theirs[:100])
    with pytest.raises(NoModelError, match="cannot be read"):
        load(gan, elsewhere)


def test_memories_are_told_from_new_images(digits):
    train, test = digits.train, digits.test
    few = train[: len(test)]
    copies = memorisation._nearest_is_first(few[:50], few, test)
    assert copies.mean() == 1
    new = memorisation._nearest_is_first(digits.valid, few, test)
    assert 0.35 < new.mean() < 0.65
    assert list(memorisation._nearest_is_first(few[:2], few, few)) == [0.5, 0.5]


def test_memorisation_runs_on_a_recorded_model(context):
    outcome = memorisation.run(memorisation.Settings(dataset="digits", n=30, n_pool=100), context)
    assert outcome.trial_ids[0].startswith("gan-digits-seed1")
    assert outcome.findings["distance_ratio"].value > 0
    assert outcome.arrays["grid"].shape == (24, 64)
    assert outcome.arrays["grid"].dtype == np.uint8


def test_an_even_path_has_even_steps_and_a_jump_has_one():
    even = np.linspace(0, 1, 9)[None, :, None] * np.ones(5)
    steps = interpolation.step_lengths(even)
    np.testing.assert_allclose(steps, np.sqrt(5) / 8)
    assert interpolation.unevenness(steps) == pytest.approx(1)
    jump = np.repeat(np.eye(2), 4, axis=0)[None]
    np.testing.assert_allclose(interpolation.step_lengths(jump)[0], [0, 0, 0, np.sqrt(2), 0, 0, 0])
    assert interpolation.unevenness(interpolation.step_lengths(jump)) == pytest.approx(7)
    assert interpolation.unevenness(np.zeros((1, 7))) == 1


def test_interpolation_runs_on_a_recorded_model(context):
    settings = interpolation.Settings(dataset="digits", pairs=5, parts=8, n_neighbour_pairs=2)
    outcome = interpolation.run(settings, context)
    found = outcome.findings
    assert found["largest_step_ratio"].value >= 1
    assert found["path_ratio"].value >= 1
    assert outcome.arrays["strips"].shape == (24, 64)


@pytest.mark.parametrize("loss", loss_early.LOSSES)
def test_the_gradient_read_back_is_that_of_autograd(digits, loss):
    train = torch.from_numpy(digits.train)
    model = get("gan", seed=1, epochs=0, generator_loss=loss, generator_hidden=[{"units": 6}],
                discriminator_hidden=[4], keep_input=1, keep_hidden=1, discriminator_range=0.5)  # fmt: skip
    model.dtype = torch.float64
    model.fit(train)
    before = copy.deepcopy(model)
    batch = train[:20].double()
    model.train_batch(batch)
    model.updates += 1
    leaves = {name: p.clone().requires_grad_() for name, p in before.parameters().items()}
    z = before._draw_noise(20, before.noise)
    with torch.enable_grad():
        fake = torch.relu(z @ leaves["g0/weight"] + leaves["g0/bias"])
        fake = torch.sigmoid(fake @ leaves["g_out/weight"] + leaves["g_out/bias"])
        d0, d_out = before.discriminator["d0"], before.discriminator["d_out"]
        hidden = (fake @ d0.weight + d0.bias).view(20, 5, -1).amax(dim=1)
        odds = hidden @ d_out.weight + d_out.bias
        sign = 1 if loss == "saturating" else -1
        value = -sign * torch.nn.functional.softplus(sign * odds).mean()
        gradients = torch.autograd.grad(value, list(leaves.values()))
    expected = torch.sqrt(sum(g.square().sum() for g in gradients))
    assert loss_early.gradient_norm(model, None) == pytest.approx(float(expected), rel=1e-9)


def test_losses_are_paired_and_counted(context):
    settings = loss_early.Settings(
        seeds=(1, 2), dataset="digits", generator_units=8, discriminator_units=4, updates=12, early=5,
        looks=3, n_samples=50, n_valid=50,
    )  # fmt: skip
    outcome = loss_early.run(settings, context)
    assert outcome.findings["gradient_ratio"].n == 2
    # Same nets, same streams: while D is undecided the two losses have the same gradient.
    assert outcome.findings["gradient_ratio_first"].value == pytest.approx(1, abs=0.05)
    assert [row[0] for row in outcome.series["likelihood saturating"]] == [4, 8, 12]


def test_diversity_and_coverage_of_known_sets():
    corners = np.array([[0.0, 0], [3, 0], [0, 4]])
    assert helvetica.diversity(corners) == pytest.approx((3 + 4 + 5) / 3)
    assert helvetica.diversity(np.zeros((5, 2))) == 0
    assert helvetica.coverage(np.array([[0.1, 0], [2.9, 0], [3.1, 0]]), corners) == 2


def test_a_frozen_discriminator_stays_as_it_was_and_a_balanced_one_does_not(digits):
    settings = helvetica.Settings(dataset="digits", branch_updates=4)
    train = torch.from_numpy(digits.train)
    pair = get("gan", seed=1, epochs=1, generator_hidden=[{"units": 8}], discriminator_hidden=[4]).fit(train)
    weights = pair.discriminator["d0"].weight.clone()
    for ratio, same in ((helvetica.FROZEN, True), (1, False)):
        branch = helvetica._branch(pair, 1, settings, ratio, train)
        assert torch.equal(branch.discriminator["d0"].weight, weights) is same
        # D is still so near nought that G's weights may not move by a float, but its velocities do.
        velocities = (net.generator["g_out"].weight_velocity for net in (branch, pair))
        assert not torch.equal(*velocities)
        assert torch.equal(pair.discriminator["d0"].weight, weights)


def test_helvetica_runs_on_a_recorded_pair(context):
    settings = helvetica.Settings(
        seeds=(1, 2), dataset="digits", branch_updates=5, n_samples=30, clusters=5, n_clustered=100
    )
    outcome = helvetica.run(settings, context)
    assert outcome.trial_ids[0].startswith("gan-digits-seed1")
    assert outcome.findings["diversity_ratio"].n == 2
    assert [row[0] for row in outcome.series["diversity"]] == [1, 10, helvetica.FROZEN]
