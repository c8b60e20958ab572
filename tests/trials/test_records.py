"""Records are kept whole and found by their spec alone; damaged ones are named and make room for new ones."""

import json

import pytest

from gan_repro.trials.records import CurvePoint, RecordError, TrialRecord, best_epoch, load_record
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.store import RecordStore


@pytest.fixture(scope="module")
def record(digits, tmp_path_factory):
    from gan_repro.trials.spec import DataSpec, EvaluationSpec, make_spec

    spec = make_spec(
        "train-set",
        DataSpec(name="digits", sha256=digits.sha256),
        seed=1,
        evaluation=EvaluationSpec(n_samples=100),
    )
    return run(spec, RunOptions(results=tmp_path_factory.mktemp("results"), preset="smoke"))


@pytest.fixture
def store(tmp_path, record):
    store = RecordStore(tmp_path)
    store.write(record)
    return store


def test_a_record_survives_being_written_and_read(store, record):
    assert store.read(record.spec) == record
    assert list(store) == [record]


def test_writing_the_same_record_twice_changes_nothing(store, record):
    before = store.path(record.spec).read_bytes()
    store.write(record)
    assert store.path(record.spec).read_bytes() == before
    assert [path.name for path in store.folder.iterdir()] == [store.path(record.spec).name]


def test_a_finished_record_with_other_numbers_is_kept_aside(store, record, capsys):
    candidates = {
        which: c.model_copy(update={"samples_sha256": "0" * 64}) for which, c in record.candidates.items()
    }
    store.write(record.model_copy(update={"candidates": candidates}))
    assert store.read(record.spec).candidates["best"].samples_sha256 == "0" * 64
    aside = list((store.folder / "superseded").glob("*.json"))
    assert len(aside) == 1
    assert TrialRecord.model_validate_json(aside[0].read_text()) == record
    assert "differs from the earlier record" in capsys.readouterr().err


def test_what_is_not_finished_leaves_a_finished_record_in_place(store, record, capsys):
    stopped = record.model_copy(update={"status": "interrupted", "reason": "stopped", "candidates": {}})
    store.write(stopped)
    assert store.read(record.spec) == record
    assert "interrupted this time; the finished record stays" in capsys.readouterr().err


def _edited(change):
    def damage(path):
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return damage


DAMAGES = {
    "empty": lambda path: path.write_text(""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "not JSON": lambda path: path.write_bytes(b"\x80\x04\x95"),
    "another thing": lambda path: path.write_text("[1, 2]"),
    "unknown key": _edited(lambda content: content.update(extra=1)),
    "missing key": _edited(lambda content: content.pop("status")),
    "unknown status": _edited(lambda content: content.update(status="fine")),
    "foreign schema": _edited(lambda content: content["spec"].update(schema_version=99)),
    "another spec": _edited(lambda content: content["spec"].update(seed=7)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_reading_a_damaged_record_names_it_and_moves_nothing(store, record, capsys, damage):
    path = store.path(record.spec)
    damage(path)
    content = path.read_bytes()
    with pytest.raises(RecordError, match=path.name):
        load_record(path)
    assert store.read(record.spec) is None
    assert list(store) == []
    assert capsys.readouterr().err.count(f"warning: {path.name}") == 2
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_new_run_sets_a_damaged_record_aside(store, record, capsys, damage):
    path = store.path(record.spec)
    damage(path)
    assert store.read_or_set_aside(record.spec) is None
    assert f"set aside as {path.name}.corrupt" in capsys.readouterr().err
    assert path.with_suffix(".json.corrupt").exists()
    assert not path.exists()


@pytest.mark.parametrize("lacking", ["best", "last"])
def test_a_done_record_has_the_generator_that_is_scored(record, lacking):
    content = record.model_dump(mode="json")
    content["spec"]["evaluation"]["scored"] = "last"
    assert TrialRecord.model_validate(content).score
    del content["candidates"][lacking]
    with pytest.raises(ValueError, match=f"its {lacking} generator has no score under authors, refined"):
        TrialRecord.model_validate(content)


def test_a_record_of_absurd_size_is_not_read(store, record, monkeypatch):
    monkeypatch.setattr("gan_repro.trials.records.MAX_RECORD_BYTES", 10)
    with pytest.raises(RecordError, match="larger than any such file"):
        load_record(store.path(record.spec))


def looks(*values):
    return [
        CurvePoint(epoch=epoch, losses={}, learning_rate=0.1, valid_mean=value)
        for epoch, value in enumerate(values, start=1)
    ]


def test_the_best_epoch_is_the_last_of_the_best_looks_in_a_row():
    curve = looks(0.0, 9.0, 0.0, None, 5.0, 5.0, 5.0, 1.0)
    assert best_epoch(curve, 1) == 2
    assert best_epoch(curve, 3) == 7
    assert best_epoch(curve, 7) == 8
    assert best_epoch(curve, 8) is None


def test_of_equal_means_the_first_counts():
    assert best_epoch(looks(1.0, 2.0, 2.0), 1) == 2
