"""Experiments on images: exact neighbours, known paths, and tiny runs on the digits."""

import copy

import numpy as np
import pytest
import torch

from gan_repro.experiments import helvetica, independence, interpolation, loss_early, memorisation
from gan_repro.experiments.recorded import recorded
from gan_repro.experiments.trained import NoModelError, load
from gan_repro.models import get
from gan_repro.models.gan.model import GAN, GANConfig, Hidden
from gan_repro.trials.checkpoint import checkpoint_path
from gan_repro.trials.store import RecordStore
from gan_repro.util.files import sha256_of_array


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
    with pytest.raises(NoModelError, match=r"holds another trial; make it with: gan-repro table"):
        load(gan, elsewhere)
    (folder / f"{gan.spec.id}.pt").write_bytes(theirs[:100])
    with pytest.raises(NoModelError, match="cannot be read"):
        load(gan, elsewhere)


def test_a_checkpoint_with_one_changed_bit_is_refused(small_results, context, tmp_path):
    (record,) = recorded(list(RecordStore(small_results)), "gan", "digits")
    path = checkpoint_path(small_results, record.spec)
    content = bytearray(path.read_bytes())
    weights = load(record, context).model.parameters()["g0/weight"].numpy().tobytes()
    assert content.count(weights) > 0
    content[content.index(weights) + 100] ^= 1
    (tmp_path / "checkpoints").mkdir()
    checkpoint_path(tmp_path, record.spec).write_bytes(content)
    with pytest.raises(NoModelError, match=r"cannot be read .*checksum.*make it with: gan-repro table"):
        load(record, type(context)(tmp_path))


def test_copies_of_any_training_image_count_new_images_not(digits):
    train, held_out, test = digits.train, digits.valid, digits.test
    assert memorisation.copied(train, train, held_out).mean() == 1
    assert memorisation.copied(held_out, train, held_out).mean() == pytest.approx(-len(train) / len(held_out))
    new = memorisation.copied(test, train, held_out)
    assert abs(new.mean()) < 4 * new.std() / len(new) ** 0.5
    half = np.concatenate([test[:100], train[-100:]])
    assert memorisation.copied(half, train, held_out).mean() == pytest.approx(0.5, abs=0.15)


def test_memorisation_runs_on_a_recorded_model(context):
    result = memorisation.run(memorisation.Settings(dataset="digits", n=30), context)
    assert result.trial_ids[0].startswith("gan-digits-seed1")
    found = result.findings
    assert found[memorisation.DISTANCE_RATIO].value > 0
    assert found[memorisation.COPIED_SHARE].n == 1
    assert found[memorisation.COPIED_SHARE].interval is None, "one net has no interval over nets"
    assert memorisation.DistancePoint(*result.series[memorisation.DISTANCES][-1]).quantile == 1
    assert result.arrays["grid"].shape == (24, 64)
    assert result.arrays["grid"].dtype == np.uint8


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
    result = interpolation.run(settings, context)
    assert result.findings[interpolation.LARGEST_STEP_RATIO].value >= 1
    assert result.findings[interpolation.PATH_RATIO].value >= 1
    assert interpolation.StepPoint(*result.series[interpolation.STEPS][0]).place == 1 / 16
    assert result.arrays["strips"].shape == (24, 64)


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
    z = before.draw_noise(20, before.noise)
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


def test_both_losses_are_compared_on_the_same_nets(digits):
    """The copy takes the same step but for the loss, and leaves nothing behind."""
    train = torch.from_numpy(digits.train)
    nets = {"generator_hidden": (Hidden(units=8),), "discriminator_hidden": (4,), "discriminator_range": 0.5}
    both = loss_early.BothLosses(GANConfig(epochs=0, **nets), seed=1)
    both.early = 2
    configs = {loss: GANConfig(epochs=0, generator_loss=loss, **nets) for loss in loss_early.LOSSES}
    alone = {loss: GAN(config, seed=1) for loss, config in configs.items()}
    for model in (both, *alone.values()):
        model.fit(train)
    for _ in range(2):
        before = {n: v.clone() for n, v in both.optimiser_tensors().items() if n.startswith("g")}
        saturating = copy.deepcopy(both)
        both.train_batch(train[:50])
        both.updates += 1
        GAN.train_batch(alone["non-saturating"], train[:50])
        alone["non-saturating"].updates += 1
        saturating.config = alone["saturating"].config
        GAN.train_batch(saturating, train[:50])
        saturating.updates += 1
        ours, other = both.norms[-1]
        assert ours == pytest.approx(loss_early.gradient_norm(both, before), rel=1e-6)
        assert other == pytest.approx(loss_early.gradient_norm(saturating, before), rel=1e-6)
        assert ours != pytest.approx(other, rel=0.1)
    for name, tensor in alone["non-saturating"].parameters().items():
        assert torch.equal(both.parameters()[name], tensor)


def test_losses_are_paired_and_counted(context):
    settings = loss_early.Settings(
        seeds=(1, 2), dataset="digits", generator_units=8, discriminator_units=4, updates=12, early=5,
        every=2, looks=3, n_samples=50, n_valid=50,
    )  # fmt: skip
    result = loss_early.run(settings, context)
    assert result.findings[loss_early.GRADIENT_RATIO].n == 2
    # While D is undecided the two losses have the same gradient.
    assert result.findings[loss_early.GRADIENT_RATIO_FIRST].value == pytest.approx(1, abs=0.05)
    curve = [loss_early.LossPoint(*row) for row in result.series[loss_early.likelihood_series("saturating")]]
    assert [point.updates for point in curve] == [4, 8, 12]


def test_diversity_and_coverage_of_known_sets():
    corners = np.array([[0.0, 0], [3, 0], [0, 4]])
    assert helvetica.diversity(corners) == pytest.approx((3 + 4 + 5) / 3)
    assert helvetica.diversity(np.zeros((5, 2))) == 0
    assert helvetica.coverage(np.array([[0.1, 0], [2.9, 0], [3.1, 0]]), corners) == 2


def test_a_frozen_discriminator_stays_a_balanced_one_moves(digits):
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
        dataset="digits", branch_updates=5, n_samples=30, clusters=5, n_clustered=100
    )
    result = helvetica.run(settings, context)
    assert result.trial_ids[0].startswith("gan-digits-seed1")
    assert result.findings[helvetica.DIVERSITY_RATIO].n == 1
    points = [helvetica.DiversityPoint(*row) for row in result.series[helvetica.DIVERSITY]]
    assert [point.ratio for point in points] == [1, 10, helvetica.FROZEN]
    assert result.findings["diversity_frozen"].value == pytest.approx(points[-1].diversity)


def test_independent_samples_are_worth_one_repeated_ones_less(context):
    result = independence.run(independence.Settings(dataset="digits", n=400), context)
    assert result.findings[independence.AUTOCORRELATION_TIME].value < 1.5
    images = np.random.default_rng(0).random((40, 20))
    assert independence.slowest_time(images.repeat(10, axis=0)) > 5
