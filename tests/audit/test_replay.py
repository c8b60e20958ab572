"""A recorded trial comes back to the bit, and one that was doctored does not."""

import json

import numpy as np
import pytest

from gan_repro.audit.__main__ import main
from gan_repro.audit.replay import DENSITY_TOLERANCE, TOLERANCE, compare, draw, replay, tolerance
from gan_repro.trials.images import source
from gan_repro.trials.presets import get_preset, make_plan
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.spec import DataSpec
from gan_repro.trials.store import RecordStore
from tests.factories.records import trial, trials


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The smoke preset's adversarial net on digits, run and recorded."""
    folder = tmp_path_factory.mktemp("recorded") / "results"
    (planned,) = make_plan(get_preset("smoke"), [source("digits")], ["gan"], 1)
    options = RunOptions(
        results=folder, device="cpu", progress_position=None, preset=planned.preset, smaller=planned.smaller
    )
    return run(planned.spec, options)


def quiet():
    return RunOptions(device="cpu", progress_position=None)


def doctored(record, value):
    best = record.candidates["best"]
    score = best.scores["authors"]
    estimate = score.log_likelihood.model_copy(update={"value": value})
    scores = {**best.scores, "authors": score.model_copy(update={"log_likelihood": estimate})}
    candidates = {**record.candidates, "best": best.model_copy(update={"scores": scores})}
    return record.model_copy(update={"candidates": candidates})


def elsewhere(record):
    environment = {**record.provenance.environment, "torch": "9.9.9"}
    return record.model_copy(
        update={"provenance": record.provenance.model_copy(update={"environment": environment})}
    )


def moved_here(record):
    earlier = (elsewhere(record).provenance.origins[-1],)
    return record.model_copy(update={"provenance": record.provenance.model_copy(update={"earlier": earlier})})


def test_a_trial_comes_back_to_the_bit(recorded):
    again = replay(recorded, quiet())
    assert (again.exact, again.difference, again.problems) == (True, 0.0, ())
    assert str(again) == f"{recorded.spec.id}: the same samples, and +0 nats"


def test_a_doctored_number_is_caught_and_named(recorded):
    value = recorded.score.log_likelihood.value
    again = replay(doctored(recorded, value + 1.1e-3), quiet())
    (problem,) = again.problems
    assert problem.where == recorded.spec.id
    assert problem.what == (
        f"candidates.best.scores.authors.log_likelihood.value is recorded as {value + 1.1e-3},"
        f" and came out as {value}"
    )


def test_a_density_may_differ_in_its_last_digits_alone(recorded):
    """Samples and losses must be the same bits; log-likelihoods are as exact as is promised."""

    def changed(**of_looks):
        curve = [
            point.model_copy(update={name: change(getattr(point, name)) for name, change in of_looks.items()})
            for point in recorded.learning_curve
            if point.valid_mean is not None
        ]
        kept = [point for point in recorded.learning_curve if point.valid_mean is None]
        curve = tuple(sorted(curve + kept, key=lambda point: point.epoch))
        return recorded.model_copy(update={"learning_curve": curve})

    value = recorded.score.log_likelihood.value
    assert compare(doctored(recorded, value + 0.9 * DENSITY_TOLERANCE), recorded).problems == ()
    assert compare(changed(valid_mean=lambda mean: mean + 9e-4), recorded).problems == ()
    assert compare(changed(sigma=lambda sigma: sigma + 9e-4), recorded).problems == ()
    assert "valid_mean" in str(compare(changed(valid_mean=lambda mean: mean + 2e-3), recorded).problems[0])
    assert "sigma" in str(compare(changed(sigma=lambda sigma: sigma + 2e-3), recorded).problems[0])
    other = changed(losses=lambda losses: {name: loss + 1e-9 for name, loss in losses.items()})
    assert "losses" in str(compare(other, recorded).problems[0])


def test_a_record_from_before_a_field_was_added_comes_back_too(recorded):
    def candidates(change):
        text = json.loads(recorded.model_dump_json())
        for candidate in text["candidates"].values():
            change(candidate)
        return TrialRecord.model_validate_json(json.dumps(text))

    older = candidates(lambda candidate: candidate.pop("chains"))
    assert compare(older, recorded).problems == ()
    doctored = candidates(lambda candidate: candidate.update(chains=7))
    assert all("chains is recorded as 7" in problem.what for problem in compare(doctored, recorded).problems)
    assert len(compare(doctored, recorded).problems) == 2


def test_a_deviation_may_be_said_in_other_words_but_not_be_gone(recorded):
    other_words = [{**deviation, "what": "in other words"} for deviation in recorded.deviations]
    assert compare(recorded.model_copy(update={"deviations": tuple(other_words)}), recorded).problems == ()
    one_less = recorded.model_copy(update={"deviations": recorded.deviations[1:]})
    assert "deviations" in str(compare(recorded, one_less).problems[0])


def test_doctored_samples_are_caught(recorded):
    best = recorded.candidates["best"].model_copy(update={"samples_sha256": "0" * 64})
    record = recorded.model_copy(update={"candidates": {**recorded.candidates, "best": best}})
    (problem,) = compare(record, recorded).problems
    assert "candidates.best.samples_sha256" in problem.what


def test_on_another_machine_scores_are_compared_in_tolerance(recorded):
    value = recorded.score.log_likelihood.value
    near = elsewhere(doctored(recorded, value + 0.9 * TOLERANCE["trained"]))
    far = elsewhere(doctored(recorded, value + 1.1 * TOLERANCE["trained"]))
    assert not compare(near, recorded).exact
    assert compare(near, recorded).problems == ()
    assert "on another machine" in str(compare(near, recorded))
    (problem,) = compare(far, recorded).problems
    assert "10 are allowed on another machine" in problem.what


def test_of_a_trial_that_was_moved_half_way_no_bits_are_compared(recorded):
    value = recorded.score.log_likelihood.value
    again = compare(moved_here(doctored(recorded, value + 0.5)), recorded)
    assert (again.exact, again.problems) == (False, ())
    stayed = recorded.model_copy(
        update={"provenance": recorded.provenance.model_copy(update={"earlier": recorded.provenance.origins})}
    )
    assert compare(stayed, recorded).exact


def test_what_trains_nothing_is_held_to_a_closer_tolerance():
    assert tolerance(trial("train-set", 1, 243.0)) == TOLERANCE["reference"]
    assert tolerance(trial("gan", 1, 156.0)) == TOLERANCE["trained"]
    assert tolerance(trial("dbn", 1, 197.0)) == TOLERANCE["chains"]


def test_a_trial_that_fails_now_is_a_problem(recorded):
    failed = recorded.model_copy(update={"status": "error", "reason": "no memory", "candidates": {}})
    (problem,) = compare(recorded, failed).problems
    assert problem.what == "was recorded as done and ended as error: no memory"


def test_the_draw_is_random_but_stated_and_keeps_to_the_time(recorded):
    records = trials("gan", [1.0, 2.0, 3.0, 4.0, 5.0])
    slow = records[0].provenance.model_copy(update={"seconds": {"training": 3600.0}})
    records[0] = records[0].model_copy(update={"provenance": slow})
    old = trial("train-set", 1, 243.0)
    records.append(old.model_copy(update={"spec": old.spec.model_copy(update={"model_version": 99})}))
    records.append(records[1].model_copy(update={"status": "interrupted", "reason": "stopped"}))
    drawn = {seed: [r.spec.seed for r in draw(records, seed=seed, minutes=10)][:2] for seed in range(20)}
    again = draw(list(reversed(records[:5])), seed=3, minutes=10)
    assert drawn[3] == [r.spec.seed for r in again][:2]
    assert {seed for chosen in drawn.values() for seed in chosen} == {2, 3, 4, 5}
    assert all(len(set(chosen)) == 2 for chosen in drawn.values())
    assert len(draw(records, seed=0, minutes=10)) == 4
    assert len(draw(records, seed=0, minutes=61)) == 5


def test_the_command_replays_and_tells(recorded, tmp_path, capsys):
    results = tmp_path / "results"
    RecordStore(results).write(recorded)
    arguments = [
        "--results",
        str(results),
        "--replay",
        "3",
        "--seed",
        "5",
        "--minutes",
        "2",
        "--device",
        "cpu",
    ]
    main(arguments)
    out = capsys.readouterr().out
    assert "replaying 1 of the 1 trials that took at most 2 minutes (asked for 3, drawn with seed 5)" in out
    assert f"replayed {recorded.spec.id}: the same samples, and +0 nats" in out
    RecordStore(results).write(doctored(recorded, np.pi))
    assert main(arguments) == 1
    assert "is recorded as 3.14" in capsys.readouterr().out


def test_a_trial_is_replayed_on_its_kind_of_device(recorded, tmp_path, capsys, monkeypatch):
    environment = {**recorded.provenance.environment, "device": "NVIDIA H100"}
    provenance = recorded.provenance.model_copy(update={"environment": environment})
    on_card = recorded.model_copy(update={"provenance": provenance})
    results = tmp_path / "results"
    RecordStore(results).write(on_card)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    main(["--results", str(results), "--replay", "1"])
    said = capsys.readouterr().out
    assert "1 were recorded on a card, which is not here, and are left out" in said
    assert main(["--results", str(results), "--replay", "1", "--device", "cuda"]) == 2


def test_what_is_missing_is_said_and_others_are_replayed(recorded, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GAN_REPRO_DATA", str(tmp_path / "nothing"))
    results = tmp_path / "results"
    not_here = [
        r.model_copy(
            update={"spec": r.spec.model_copy(update={"data": DataSpec(name="tfd", sha256="a" * 64)})}
        )
        for r in trials("gan", [1.0, 2.0, 3.0])
    ]
    for record in not_here:
        RecordStore(results).write(record)
    replaying = ["--results", str(results), "--replay", "1", "--device", "cpu", "--minutes", "600"]
    assert main(replaying) == 1
    out, err = capsys.readouterr()
    assert out.count("of tfd no trial is replayed") == 1
    assert "TFD_48x48.mat" in err
    RecordStore(results).write(recorded)
    main(replaying)
    out = capsys.readouterr().out
    assert "replaying 1 of the 4 trials" in out
    assert f"replayed {recorded.spec.id}: the same samples, and +0 nats" in out


@pytest.mark.parametrize("arguments", [["--replay", "-1"], ["--minutes", "0"], ["--minutes", "soon"]])
def test_bad_usage_is_refused(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def made_with(record, **said):
    """The record of a training whose environment says this; nothing of what is None."""
    environment = {**record.provenance.environment, **said}
    environment = {name: value for name, value in environment.items() if value is not None}
    changed = record.provenance.model_copy(update={"environment": environment})
    return record.model_copy(update={"provenance": changed})


def by_onednn(record):
    return made_with(record, products="onednn")


def test_denormals_are_treated_as_when_it_was_recorded(recorded):
    assert recorded.provenance.environment["denormals"] == "flushed"
    assert replay(recorded, quiet()).exact
    before = made_with(recorded, denormals=None)  # as records were until denormals were flushed
    assert not compare(before, recorded).exact, "flushing changes last digits"
    assert replay(before, quiet()).exact


def test_the_recorded_library_takes_the_products_again(recorded, monkeypatch):
    asked = []

    def noted(spec, options):
        asked.append(options.products)
        return recorded

    monkeypatch.setattr("gan_repro.audit.replay.run", noted)
    monkeypatch.setattr("gan_repro.audit.replay.require", lambda products, device: None)
    replay(recorded, quiet())
    replay(by_onednn(recorded), quiet())
    assert asked == ["torch", "onednn"]


def test_as_many_threads_train_again(recorded, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "gan_repro.audit.replay.run", lambda spec, options: asked.append(options.threads) or recorded
    )
    for threads in (1, 4, None):  # None: records of before threads were noted
        replay(made_with(recorded, threads=threads), quiet())
    assert asked == [1, 4, 1]


def test_where_it_cannot_be_had_no_bits_are_asked(recorded, monkeypatch):
    def refuse(products, device):
        raise ValueError("not here")

    monkeypatch.setattr("gan_repro.audit.replay.require", refuse)
    again = replay(by_onednn(recorded), quiet())
    assert not again.exact
    assert again.problems == ()
