"""Each claim stands with what the controls of its rule gave, and with its rule's words once."""

import re
from dataclasses import replace

import pytest

from gan_repro import paper
from gan_repro.report.claims import claim_details, claims
from gan_repro.verdicts import lock, rules
from gan_repro.verdicts.controls import kept
from gan_repro.verdicts.controls.base import answered, skipped
from gan_repro.verdicts.controls.kept import keep, kept_path, read_kept
from tests.factories.records import material, table_rows, trial, trials

CONTROLS = (
    answered("helvetica", "a collapsed pair", "holds", "holds", "a tenth of the spread"),
    answered("helvetica", "a pair that is not", "does not hold", "holds"),
    skipped("not-memorised", "training images", "does not hold", "no MNIST here"),
)


def test_right_answers_are_counted_and_wrong_ones_named(monkeypatch):
    monkeypatch.setattr("gan_repro.report.claims.WITHOUT", {"mnist-dbn": "it is arithmetic"})
    made = material(controls=CONTROLS)
    rows = {cells[-1]: cells for cells in table_rows(claims(made)).values() if cells}
    assert rows["`helvetica`"][3:5] == ["1 of 2", "a tenth of the spread"]
    assert rows["`not-memorised`"][3:5] == ["", ""]
    text = claim_details(made)
    assert "a collapsed pair: holds is right, answered holds; sees a tenth of the spread." in text
    assert "a pair that is not: does not hold is right, answered holds, **wrongly**." in text
    assert "not made: no MNIST here." in text
    assert "No control of its own: it is arithmetic." in text


def test_without_kept_controls_nothing_is_said_of_them():
    assert not re.search(r"\| \d+ of \d+ ", claims(material()))
    assert "No control" not in claim_details(material())


def test_claims_on_tfd_stand_apart_while_none_is_judged():
    apart = "Of the claims on the Toronto Face Database nothing is judged"
    above, below = claims(material()).split(apart)
    on_tfd = {claim.id for claim in paper.CLAIMS if claim.id.startswith("tfd-")}
    assert set(re.findall(r"`(tfd-\w+)`", below)) == on_tfd
    assert "`tfd-" not in above
    judged = [trial("gan", seed, 2057.0 + seed, dataset="tfd", preset="paper") for seed in (1, 2, 3)]
    text = claims(material(judged))
    assert apart not in text
    assert set(re.findall(r"`(tfd-\w+)`", text)) == on_tfd


def test_controls_of_an_earlier_rule_are_not_counted():
    made = material(controls=(*CONTROLS, replace(answered("mnist-dbn", "x", "holds", "holds"), stale=True)))
    rows = {cells[-1]: cells for cells in table_rows(claims(made)).values() if cells}
    assert rows["`mnist-dbn`"][3] == "not run since the rule was changed"
    details = claim_details(made)
    assert details.count("Controls: not run since the rule was changed; `gan-repro report --controls`") == 1
    assert "x: holds is right" not in details


def test_answers_are_stale_once_their_rule_has_changed(tmp_path, monkeypatch):
    numbers = [answered(claim, "a case", "holds", "holds") for claim in ("mnist-dbn", "tfd-gan", "tfd-order")]
    keep(tmp_path, [*CONTROLS, *numbers])
    texts = {name: dict(content) for name, content in rules.contents().items()}
    texts["number"]["margin"] = 11.0
    for module in (kept, lock):
        monkeypatch.setattr(module, "contents", lambda: texts)
    stale = {control.claim for control in read_kept(tmp_path) if control.stale}
    assert stale == {"mnist-dbn", "tfd-gan"}, "the numbers of TFD are judged as those of MNIST"
    keep(tmp_path, numbers)
    assert read_kept(tmp_path) == tuple(numbers)


def test_the_words_of_a_rule_stand_once():
    rules = re.findall(r"- Rule `([\w-]+)`: (.*)\.", claim_details(material()))
    told = [name for name, words in rules if not words.startswith("as of ")]
    assert len(told) == len(set(told)) < len(rules)


def test_the_outcome_is_kept_beside_the_records(tmp_path):
    assert read_kept(tmp_path) == ()
    keep(tmp_path, CONTROLS)
    assert read_kept(tmp_path) == CONTROLS
    kept_path(tmp_path).write_text("{")
    with pytest.raises(ValueError, match=r"controls\.json holds no controls"):
        read_kept(tmp_path)


def test_a_verdict_says_how_long_its_nets_were_trained():
    records = trials("gan", [220.0, 221.0, 222.0], preset="paper")
    said = claim_details(material(records)).split("## `mnist-gan`")[1].split("## ")[0]
    assert "The adversarial nets among them were trained for 2,000 epochs (seeds 1, 2, 3)." in said
    assert "were trained for" not in claim_details(material())
