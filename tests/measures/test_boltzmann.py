"""Partition functions and bounds against sums over every state."""

import itertools
import math

import numpy as np
import pytest
import torch

from gan_repro.measures.boltzmann import base_bias, binarise, partition_function, variational_bound
from gan_repro.models.rbm import RBM
from gan_repro.util.seeds import generator


def states(n):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n)), dtype=torch.float64)


def random_rbm(visible, hidden, seed, scale=1.0):
    random = generator(seed, "test-rbm")
    weights, a, b = (
        scale * torch.randn(shape, generator=random, dtype=torch.float64)
        for shape in ((visible, hidden), (visible,), (hidden,))
    )
    return RBM(weights, a, b)


def joint_log_weight(rbm, v, h):
    """-E(v, h) for all pairs of rows, (len(v), len(h))."""
    return v @ rbm.weights @ h.T + (v @ rbm.visible_bias)[:, None] + h @ rbm.hidden_bias


def exact_log_z(rbm):
    v, h = states(len(rbm.visible_bias)), states(len(rbm.hidden_bias))
    return float(torch.logsumexp(joint_log_weight(rbm, v, h).flatten(), 0))


def exact_dbn(rbms):
    """Log-probability of every binary image under a DBN of two RBMs, by enumeration."""
    bottom, top = rbms
    v, h = states(len(bottom.visible_bias)), states(len(bottom.hidden_bias))
    log_h = torch.logsumexp(joint_log_weight(top, h, states(len(top.hidden_bias))), 1) - exact_log_z(top)
    logits = h @ bottom.weights.T + bottom.visible_bias
    log_v_given_h = v @ logits.T - torch.nn.functional.softplus(logits).sum(1)
    return v, torch.logsumexp(log_v_given_h + log_h, 1)


def exact_bound(rbms, v):
    """Sum over h of q(h | v) (log p(v, h) - log q(h | v)), by enumeration."""
    bottom, top = rbms
    h = states(len(bottom.hidden_bias))
    logits = v @ bottom.weights + bottom.hidden_bias
    log_q = logits @ h.T - torch.nn.functional.softplus(logits).sum(1, keepdim=True)
    down = h @ bottom.weights.T + bottom.visible_bias
    log_v = v @ down.T - torch.nn.functional.softplus(down).sum(1)
    log_h = torch.logsumexp(joint_log_weight(top, h, states(len(top.hidden_bias))), 1) - exact_log_z(top)
    return (log_q.exp() * (log_v + log_h - log_q)).sum(1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_log_z_is_the_sum_over_all_states(seed):
    rbm = random_rbm(8, 6, seed)
    found = partition_function(
        rbm, torch.zeros(8), chains=200, distributions=500, generator=generator(seed, "ais")
    )
    exact = exact_log_z(rbm)
    assert found.log_z == pytest.approx(exact, abs=0.05)
    assert abs(found.log_z - exact) < 4 * found.standard_error
    assert 1 <= found.effective_chains <= 200


def test_without_weights_log_z_is_exact_from_any_base():
    rbm = random_rbm(5, 4, 1)
    rbm.weights.zero_()
    rbm.hidden_bias.zero_()
    found = partition_function(
        rbm, rbm.visible_bias, chains=3, distributions=2, generator=generator(0, "ais")
    )
    assert found.log_z == pytest.approx(exact_log_z(rbm), abs=1e-12)


def test_the_bound_is_exact_where_the_posterior_is():
    # With the top RBM the bottom one upside down, the DBN is the bottom RBM (Hinton et al. 2006, Section 4).
    bottom = random_rbm(6, 5, 4)
    top = RBM(bottom.weights.T.clone(), bottom.hidden_bias, bottom.visible_bias)
    v, exact = exact_dbn([bottom, top])
    np.testing.assert_allclose(exact, bottom_log_probability(bottom, v), atol=1e-10)
    found = variational_bound(
        [bottom, top], v.numpy(), exact_log_z(top), draws=400, generator=generator(1, "q")
    )
    np.testing.assert_allclose(found, exact, atol=0.4)
    assert np.mean(found - exact.numpy()) == pytest.approx(0, abs=0.05)


def bottom_log_probability(rbm, v):
    return torch.logsumexp(joint_log_weight(rbm, v, states(len(rbm.hidden_bias))), 1) - exact_log_z(rbm)


def test_the_bound_lies_below_the_truth():
    rbms = [random_rbm(6, 5, 5), random_rbm(5, 4, 6)]
    v, exact = exact_dbn(rbms)
    assert float(exact.exp().sum()) == pytest.approx(1)
    log_z = exact_log_z(rbms[-1])
    found = variational_bound(rbms, v.numpy(), log_z, draws=300, generator=generator(2, "q"))
    assert (found < exact.numpy()).all()
    np.testing.assert_allclose(found.mean(), exact_bound(rbms, v).mean(), atol=0.05)


def test_one_rbm_needs_no_bound():
    rbm = random_rbm(6, 5, 7)
    v = states(6)
    found = variational_bound([rbm], v.numpy(), exact_log_z(rbm), draws=1, generator=generator(0, "q"))
    np.testing.assert_allclose(found, bottom_log_probability(rbm, v), atol=1e-10)


def test_gaussian_units_and_grey_images_are_refused():
    rbm = random_rbm(4, 3, 8)
    gaussian = RBM(rbm.weights, rbm.visible_bias, rbm.hidden_bias, gaussian=True)
    with pytest.raises(ValueError, match="Gaussian"):
        partition_function(gaussian, torch.zeros(4), chains=2, distributions=2, generator=generator(0, "x"))
    with pytest.raises(ValueError, match="binary images"):
        variational_bound([rbm], np.full((2, 4), 0.5), 0.0, draws=1, generator=generator(0, "x"))
    with pytest.raises(ValueError, match="at least 2 chains"):
        partition_function(rbm, torch.zeros(4), chains=1, distributions=2, generator=generator(0, "x"))


def test_binarised_images_have_the_grey_levels_as_means():
    grey = np.tile([0.0, 0.25, 1.0], (4000, 1))
    drawn = binarise(grey, generator(3, "bits"))
    assert set(np.unique(drawn)) == {0, 1}
    np.testing.assert_allclose(drawn.mean(axis=0), [0, 0.25, 1], atol=0.03)
    np.testing.assert_allclose(
        torch.sigmoid(base_bias(torch.from_numpy(drawn))), [1 / 4002, 0.25, 4001 / 4002], atol=0.03
    )


def test_the_same_seed_gives_the_same_log_z():
    rbm = random_rbm(5, 4, 9)
    first, again, other = (
        partition_function(rbm, torch.zeros(5), chains=5, distributions=20, generator=generator(s, "ais"))
        for s in (1, 1, 2)
    )
    assert first == again
    assert first.log_z != other.log_z
    assert math.isfinite(first.log_z)
