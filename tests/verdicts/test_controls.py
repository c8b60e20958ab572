"""The controls are answered rightly, and a rule that was broken on purpose makes them fail."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from gan_repro import data, paper
from gan_repro.audit.__main__ import main
from gan_repro.experiments import memorisation
from gan_repro.stats.neighbours import nearest
from gan_repro.verdicts import controls, findings, judge, numbers
from gan_repro.verdicts.controls import images, plane, rows, seeds, theory
from gan_repro.verdicts.controls.base import smallest_seen
from gan_repro.verdicts.rules import Bound, rules

QUICK = (
    seeds.order_controls, seeds.spread_controls, seeds.error_controls, seeds.copy_controls,
    seeds.quality_controls, theory.estimator_controls, theory.game_controls, theory.loss_controls,
    plane.sharpness_controls, rows.silent_controls, rows.tfd_controls,
)  # fmt: skip


def wrong(found):
    return [(control.claim, control.case, control.answer) for control in found if not control.right]


@pytest.mark.parametrize("group", QUICK, ids=lambda group: group.__name__)
def test_simulated_controls_are_answered_rightly(group):
    found = list(group())
    assert wrong(found) == []
    for claim in {control.claim for control in found}:
        assert len({c.expected for c in found if c.claim == claim}) >= 2, "a positive and a negative one"


@pytest.mark.slow
def test_the_numbers_err_seldom_and_see_what_they_say(monkeypatch):
    monkeypatch.setattr(seeds, "_REPETITIONS", 100)
    assert wrong(seeds.number_controls()) == []


@pytest.mark.slow
@pytest.mark.mnist
def test_controls_on_real_images_are_answered_rightly(mnist):
    found = list(controls.run_controls([images.image_controls]))
    assert wrong(found) == []
    assert {c.claim for c in found} == {"not-memorised", "interpolation", "helvetica", "no-markov-chain"}


def the_old_share(samples, train, held_out):
    """Whether the nearest among equally many training and held-out images is a training one."""
    pool = min(len(train) // 5, len(held_out))
    ours, others = (nearest(samples, kind[:pool])[0] for kind in (train, held_out))
    return np.where(ours == others, 0.5, ours < others).astype(float)


@pytest.mark.slow
@pytest.mark.mnist
def test_the_old_rule_on_memorisation_does_not_pass_its_controls(mnist, monkeypatch, capsys):
    """A pool of a fifth of the training images, and 0.6 as the bound: a pure copier was not told."""
    rule = (
        rules()
        .named()["not-memorised"]
        .model_copy(update={"bounds": (Bound(finding="copied_share", high=0.6),)})
    )
    decider = replace(judge.DECIDERS["not-memorised"], decide=partial(findings.decide_by_bounds, rule=rule))
    monkeypatch.setitem(judge.DECIDERS, "not-memorised", decider)
    monkeypatch.setattr(memorisation, "copied", the_old_share)
    group = lambda: images.memorisation_controls(mnist, 100)  # noqa: E731
    monkeypatch.setattr(controls, "GROUPS", [group])
    monkeypatch.setattr(controls.run_controls, "__defaults__", ([group],))
    assert main(["--controls"]) == 1
    out = capsys.readouterr().out
    assert "controls are answered wrongly" in out
    copier = next(line for line in out.splitlines() if "| training images " in line)
    assert "| cannot be told |" in copier.replace("  ", "").replace(" |", " |")


def test_a_rule_that_says_yes_to_all_is_found(monkeypatch):
    monkeypatch.setattr(seeds, "ruling", lambda *_: "holds")
    monkeypatch.setattr(seeds, "_REPETITIONS", 20)
    assert any("5 nats off" in case for _, case, _ in wrong(seeds.number_controls()))
    monkeypatch.setattr(numbers, "ruling", lambda *_: "holds")


def test_without_mnist_its_controls_are_skipped_with_the_reason(monkeypatch):
    def unavailable(name):
        raise data.DataUnavailable("no network | no cache")

    monkeypatch.setattr(images.data, "load", unavailable)
    found = list(images.image_controls())
    assert all(control.right and "no network" in control.skipped for control in found)
    assert r"skipped: MNIST is not here: no network \| no cache" in controls.markdown(found)


def test_what_the_source_leaves_open_is_not_passed_over(monkeypatch):
    monkeypatch.setattr(numbers, "SOURCE_SILENT", "does not hold")
    assert {claim for claim, *_ in wrong(rows.silent_controls())} == {"mnist-dbn", "mnist-cae", "mnist-gsn"}


def test_a_tie_is_no_order(monkeypatch):
    monkeypatch.setattr(rows, "tie_ruling", lambda *_: "holds")
    assert [case for _, case, _ in wrong(rows.tfd_controls())] == [
        "simulated, 200 nats apart", "simulated, alike, scattering by 200 nats"
    ]  # fmt: skip


def test_every_claim_has_controls_or_a_reason():
    with_controls = {control.claim for group in QUICK for control in group()} | {"mnist-gan"}
    with_controls |= {"not-memorised", "interpolation", "helvetica", "no-markov-chain"}
    assert with_controls | set(controls.WITHOUT) == {claim.id for claim in paper.CLAIMS}
    assert not with_controls & set(controls.WITHOUT)


def test_the_smallest_effect_is_found():
    effects = [float(e) for e in range(100)]
    assert smallest_seen(lambda rng, x: "yes" if x + rng.uniform(-1, 1) > 40 else "no", effects, "yes") == 41
    assert smallest_seen(lambda rng, x: "no", effects, "yes") is None
