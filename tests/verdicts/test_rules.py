"""Rules are read whole, locked, and make verdicts exploratory when they are changed."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from gan_repro import experiments, paper
from gan_repro.experiments import chains, game_1d, sharp_distributions
from gan_repro.experiments.planar import SHAPES, Sharpness
from gan_repro.verdicts import __main__ as command
from gan_repro.verdicts import lock, rules
from gan_repro.verdicts.judge import DECIDERS
from gan_repro.verdicts.lock import digest, read_lock, standing, write_lock
from gan_repro.verdicts.rules import FindingRule

BEFORE, AFTER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


def test_every_claim_has_one_rule_that_names_it():
    ids = [claim.id for claim in paper.CLAIMS]
    named = [claim for rule in rules.rules().named().values() for claim in rule.claims]
    assert sorted(named) == sorted(ids) == sorted(DECIDERS)
    assert all(claim in rules.rules().named()[decider.rule].claims for claim, decider in DECIDERS.items())


def test_the_rules_are_those_that_were_locked():
    locked = read_lock()
    assert {name: entry.sha256 for name, entry in locked.items()} == {
        name: digest(content) for name, content in rules.contents().items()
    }


def test_the_rules_of_the_first_file_are_as_they_were_fixed():
    """The digests of 27 November 2026, before the trainings that they judge."""
    fixed = {"number": "87fbeee63e53", "order": "9c36af937e5c", "as_published": "dda9cbb6cb2b"}
    assert {name: digest(rules.contents()[name])[:12] for name in fixed} == fixed


def test_what_began_before_its_rule_is_exploratory():
    assert standing("number", [AFTER, AFTER]).kind == "confirmatory"
    mixed = standing("number", [AFTER, BEFORE])
    assert mixed.kind == "exploratory"
    assert "1 of the 2 that it judges began before" in mixed.reason
    date = rules.rules().number.date
    assert standing("number", [date]).kind == "confirmatory"
    assert standing("number", [date - timedelta(seconds=1)]).kind == "exploratory"
    assert standing("number", []).kind == "nothing judged"


@pytest.mark.parametrize("changed", ["number", "sampling_envelope", "collapse"])
def test_a_changed_rule_is_exploratory_by_itself(monkeypatch, changed):
    """Also where what it builds on was changed, and whatever its trials."""
    texts = {name: dict(content) for name, content in rules.contents().items()}
    texts[changed]["what"] += " But not on Sundays."
    monkeypatch.setattr(lock, "contents", lambda: texts)
    found = standing("number", [AFTER])
    assert found.kind == "exploratory"
    assert f"rule {changed} was changed since it was locked (version 1 of 2026-11-27)" in found.reason
    assert standing("copied-rows", [AFTER]).kind == "confirmatory"


def test_a_change_of_the_date_alone_is_seen_too(monkeypatch):
    locked = read_lock()
    earlier = locked["number"].model_copy(update={"date": BEFORE})
    assert standing("number", [AFTER], {**locked, "number": earlier}).kind == "exploratory"
    without = {name: entry for name, entry in locked.items() if name != "number"}
    assert "has not been locked" in standing("number", [AFTER], without).reason


FIRST = datetime(2026, 11, 27, 13, 20, tzinfo=UTC)
"""The date of the earliest rules."""


def changed_rule(monkeypatch, name, **changes):
    texts = {rule: dict(content) for rule, content in rules.contents().items()}
    texts[name] |= changes
    monkeypatch.setattr(lock, "contents", lambda: texts)


def test_locking_asks_for_a_new_version(monkeypatch, tmp_path):
    path = tmp_path / "lock.json"
    assert set(write_lock(path, FIRST)) == set(rules.contents())
    assert write_lock(path) == []
    changed_rule(monkeypatch, "order", significance=0.1, date=AFTER)
    with pytest.raises(ValueError, match=r"rule order was changed; give it a version above 1"):
        write_lock(path, AFTER)
    changed_rule(monkeypatch, "order", significance=0.1, date=AFTER, version=2)
    assert write_lock(path, AFTER) == ["order"]
    assert json.loads(path.read_text())["order"]["version"] == 2


@pytest.mark.parametrize("changes", [{"version": 2, "significance": 0.1}, {}], ids=["changed", "date alone"])
def test_a_rule_cannot_be_dated_back(monkeypatch, tmp_path, changes):
    """With a date after its old one and before its evidence, a changed rule would pass for an old one."""
    path = tmp_path / "lock.json"
    write_lock(path, FIRST)
    locked, now = path.read_bytes(), AFTER
    changed_rule(monkeypatch, "order", date=now - timedelta(hours=1), **changes)
    with pytest.raises(
        ValueError, match=r"order is new or changed and dated 2026-11-30 23:00; .* 2026-12-01"
    ):
        write_lock(path, now)
    assert path.read_bytes() == locked
    changed_rule(monkeypatch, "order", date=now - timedelta(minutes=5), **changes)
    assert write_lock(path, now) == ["order"]


def test_a_new_rule_cannot_be_dated_back(tmp_path):
    with pytest.raises(ValueError, match="give it the date at which it is locked, 2026-12-01 00:00 UTC"):
        write_lock(tmp_path / "lock.json", AFTER)


def test_the_digest_leaves_version_and_date_out():
    content = rules.contents()["number"]
    assert digest(content) == digest({**content, "version": 9, "date": AFTER})
    assert digest(content) != digest({**content, "margin": 11.0})


def test_the_command_shows_every_rule(capsys):
    assert command.main([]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == len(rules.contents())
    assert all(line.endswith("  locked") for line in out)


def test_the_experiments_settings_are_those_of_the_rules():
    envelope, ours = rules.rules().sampling_envelope, chains.Settings()
    published = rules.rules().as_published
    assert (ours.chains, ours.burn_in) == (envelope.chains, envelope.burn_in)
    assert ours.gsn_sigmas == published.gsn.sigmas
    assert published.dbn.chains == published.cae.chains == published.gsn.chains == 1
    assert isinstance(published.dbn.beside, dict)
    assert ours.long_chains == published.dbn.beside["chains"]
    assert ours.published_burn_in == published.dbn.burn_in == published.cae.burn_in
    assert f"below {chains.CONVERGED_BELOW}" in envelope.converged


@pytest.mark.parametrize("name", [n for n, r in rules.rules().named().items() if isinstance(r, FindingRule)])
def test_rules_read_findings_that_their_experiment_names(name):
    rule = rules.rules().named()[name]
    module = experiments.module(rule.experiment)
    named = {value for key, value in vars(module).items() if key.isupper() and isinstance(value, str)}
    if module is sharp_distributions:  # whose names are made of a measure's and a shape's
        each = {shape.name: [Sharpness(1, 0, 1)] for shape in SHAPES}
        named = set(module.findings(each, each))
    read = {bound.finding for bound in rule.bounds} | {bound.times for bound in rule.bounds} - {None}
    assert read <= named
    assert rule.experiment_version <= module.VERSION


def test_the_bounds_of_the_theory_are_on_findings_of_a_run():
    tiny = game_1d.Settings(seeds=(1,), updates=2, early=1, discriminator_updates=1, hidden=2, batch_size=4)
    found = game_1d.run(tiny, experiments.base.Context()).findings
    for name in ("optimal-discriminator", "value-at-optimum", "convergence"):
        rule = rules.rules().named()[name]
        assert {bound.finding for bound in rule.bounds} <= set(found)
