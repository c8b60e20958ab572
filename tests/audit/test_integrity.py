"""An edited number is found, wherever it stands, and named."""

import json
import shutil
import subprocess

import pytest

from gan_repro.audit import seal
from gan_repro.audit.__main__ import check, main
from gan_repro.audit.integrity import check_records
from gan_repro.audit.record_checks import check_origins, check_record
from gan_repro.audit.seal import SEAL, check_seal, own_runs, read_seal, write_seal
from gan_repro.experiments.results import load_results
from gan_repro.report.__main__ import main as report
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.store import RecordStore
from tests.factories.records import experiment, folder, refresh, trial, trials

RECORDS = [
    *trials("gan", [156.0]),
    *trials("dbn", [197.0, 199.0]),
    *trials("train-set", [243.0, 242.0]),
    *trials("kmeans", [335.0]),
]


@pytest.fixture
def results(tmp_path):
    return folder(tmp_path, RECORDS, (experiment("helvetica", diversity_ratio=(0.2, 0.4)),))


def edit(path, *steps, change):
    """Change what stands at `steps` of a JSON file, and nothing else; the new value."""
    whole = json.loads(path.read_text())
    inner = whole
    for step in steps[:-1]:
        inner = inner[step]
    inner[steps[-1]] = change(inner[steps[-1]])
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    return inner[steps[-1]]


def float_leaves(value, steps=()):
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from float_leaves(inner, (*steps, key))
    elif isinstance(value, float):
        yield steps


def texts(problems):
    return "\n".join(map(str, problems))


def test_a_folder_as_it_should_be_has_nothing_to_report(results, capsys):
    assert check(results).problems == []
    assert main(["--results", str(results)]) == 0
    out = capsys.readouterr().out
    assert "6 full-size trials and 1 experiments hold together" in out
    assert "cannot be told" in out


@pytest.mark.parametrize("record", [RECORDS[0], RECORDS[1]], ids=lambda record: record.spec.model)
def test_every_float_of_a_record_is_covered_by_its_seal(tmp_path, record, monkeypatch):
    monkeypatch.setattr(seal, "version_with_hash", lambda *_: None)  # there is no git to ask, many times
    results = tmp_path / "results"
    path = RecordStore(results).write(record)
    write_seal(results)
    sound = path.read_bytes()
    leaves = list(float_leaves(json.loads(sound)["candidates"]))
    assert len(leaves) > 60
    for steps in leaves:
        edit(path, "candidates", *steps, change=lambda value: value + 1e-3)
        assert [problem.where for problem in check_seal(results)] == [f"trials/{path.name}"], steps
        path.write_bytes(sound)
    assert check_seal(results) == []


SCORE = ("candidates", "best", "scores", "authors")
REDUNDANT = [
    ((*SCORE, "sigma"), "authors.sigma 0.167"),
    ((*SCORE, "valid_mean"), "authors.valid_mean is not the curve's"),
    ((*SCORE, "sigma_curve", 2, 1), "authors.valid_mean is not the curve's"),
    ((*SCORE, "sigma_curve", 5, 0), "not on the protocol's grid"),
    (("candidates", "best", "scores", "refined", "sigma"), "refined.sigma 0.191"),
    (("candidates", "best", "mixing", "effective_sample_size"), "is not the 10000 samples"),
    (("candidates", "best", "mixing", "autocorrelation_time"), "is not the slowest projection's"),
    (("candidates", "last", "scores", "authors", "log_likelihood", "value"), "are of one epoch and differ"),
]


@pytest.mark.parametrize(("steps", "named"), REDUNDANT, ids=[".".join(map(str, s)) for s, _ in REDUNDANT])
def test_a_resealed_edit_is_found_where_numbers_are_redundant(tmp_path, steps, named):
    results = tmp_path / "results"
    path = RecordStore(results).write(RECORDS[1])
    edit(path, *steps, change=lambda value: value + 1e-3)
    write_seal(results)
    assert check_seal(results) == []
    assert named in texts(check_records(results).problems)


def test_a_resealed_edit_leaves_tables_and_report_behind(results):
    path = results / "trials" / f"{RECORDS[0].spec.id}.json"
    for name in ("best", "last"):
        steps = ("candidates", name, "scores", "authors", "log_likelihood", "value")
        edit(path, *steps, change=lambda value: value + 0.1)
    write_seal(results)
    problems = check(results).problems
    names = {problem.where for problem in problems}
    tables = {f"table1_mnist.{s}" for s in ("md", "csv", "json", "tex")}
    assert names >= {*tables, "README.md", "REPORT.md", "trials.md"}
    assert "156.0 ± " in texts(problems)
    assert "156.1 ± " in texts(problems)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("results/table1_mnist.md", "243.", "244."),
        ("results/table1_mnist.csv", "335.0", "335.1"),
        ("results/table1_mnist.json", "335.0", "335.1"),
        ("results/table1_mnist.tex", "156.0", "157.0"),
        ("README.md", "156.0", "225.0"),
        ("REPORT.md", "| **cannot be told** |", "| **holds** |"),
        ("REPORT.md", "138 ± 2", "137 ± 2"),
    ],
)
def test_an_edited_number_in_print_is_named(results, name, old, new, capsys):
    path = results.parent / name
    text = path.read_text(encoding="utf-8")
    # In the table's tidy form 243 reads 242.5; any of its digits will do.
    old, new = (old, new) if old in text else ("242.", "241.")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert main(["--results", str(results)]) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"{path.name}: ")
    assert new in out
    assert out.endswith("1 thing does not hold\n")


def test_a_file_that_is_gone_or_new_is_named(results):
    trial_file = results / "trials" / f"{RECORDS[-1].spec.id}.json"
    trial_file.unlink()
    (results / "table1_mnist.csv").unlink()
    found = texts(check(results).problems)
    assert f"trials/{trial_file.name}: was sealed and is gone" in found
    assert "table1_mnist.csv: cannot be read" in found
    new = RecordStore(results).write(trial("gan", 2, 150.0))
    # Without git nothing tells a record that was added from somebody's own run.
    assert own_runs(results) == [f"trials/{new.name}"]
    assert "not sealed" not in texts(check_seal(results))


def test_an_edited_experiment_is_named(results):
    path = results / "experiments" / "helvetica.json"
    edit(path, "findings", "diversity_ratio", "value", change=lambda value: value + 1e-3)
    found = texts(check(results).problems)
    assert "experiments/helvetica.json: was edited after it was sealed" in found
    edit(path, "findings", "diversity_ratio", "value", change=lambda value: value + 9)
    refresh(results)
    assert "experiment helvetica: findings.diversity_ratio.value lies outside its own interval" in texts(
        check(results).problems
    )


def test_git_tells_own_runs_apart_and_names_edited_numbers(results):
    repository = results.parent

    def git(*arguments):
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", repository, *identity, *arguments], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "as it was")
    assert check_seal(results) == []
    own = RecordStore(results).write(trial("gan", 2, 150.0))
    assert check_seal(results) == []
    assert own_runs(results) == [f"trials/{own.name}"]
    git("add", ".")
    assert "is not sealed" in texts(check_seal(results))
    git("rm", "-qf", str(own))
    path = results / "trials" / f"{RECORDS[0].spec.id}.json"
    edit(path, *SCORE, "log_likelihood", "value", change=lambda value: value + 1e-3)
    git("commit", "-qam", "edited")
    named = "candidates.best.scores.authors.log_likelihood.value was 156.0, is 156.001"
    assert named in texts(check_seal(results))
    # This repository is whole, and does not know the commit that the records name.
    assert f"commit {'c' * 40} is not in this repository" in texts(check_records(results).problems)


def test_sealing_says_what_it_changes(results, capsys):
    path = results / "trials" / f"{RECORDS[0].spec.id}.json"
    path.write_text(path.read_text() + "\n")
    (results / "experiments" / "helvetica.json").unlink()
    main(["--results", str(results), "--seal"])
    out = capsys.readouterr().out
    assert f"changed: trials/{path.name}" in out
    assert "gone: experiments/helvetica.json" in out
    sums = subprocess.run(["sha256sum", "--check", "--quiet", SEAL], cwd=results, check=False)
    assert sums.returncode == 0, "the seal is not what sha256sum reads"


def test_only_whole_records_are_sealed(results):
    weights = results / "weights"
    (weights / "folder.json").mkdir(parents=True)
    for name in (".trial.safetensors.x.part", "notes.txt", "a trial.json"):
        (weights / name).write_text("{}")
    write_seal(results)
    sealed = [name for name in read_seal(results) if name.startswith("weights/")]
    assert sealed == ["weights/a trial.json"]
    assert check_seal(results) == []


def test_a_seal_that_cannot_be_read_is_named(results):
    (results / SEAL).write_text("nonsense\n")
    assert texts(check_seal(results)) == f"{SEAL}: line 1 is not a SHA-256 and a name"


def changed(record, **changes) -> TrialRecord:
    return record.model_copy(update=changes)


def provenance(record, **changes) -> TrialRecord:
    return changed(record, provenance=record.provenance.model_copy(update=changes))


def moved(record, **changes) -> TrialRecord:
    return provenance(record, earlier=(record.provenance.origins[-1].model_copy(update=changes),))


@pytest.mark.parametrize(
    ("record", "named"),
    [
        (
            provenance(RECORDS[0], dirty=True),
            "provenance.dirty is true: it was made from a tree that differed",
        ),
        (moved(RECORDS[0], dirty=True), "provenance.earlier.0.dirty is true"),
        (
            moved(RECORDS[0], environment={"device": "cpu"}),
            "provenance.earlier.0.environment.torch is missing",
        ),
        (provenance(RECORDS[0], dirty=None), "provenance.dirty is missing"),
        (provenance(RECORDS[0], commit=None), "provenance.commit is missing"),
        (provenance(RECORDS[0], commit="main"), "is no commit"),
        (provenance(RECORDS[0], environment={"device": "cpu"}), "environment.torch is missing"),
        (provenance(RECORDS[0], finished="2025-01-01T00:00:00+00:00"), "finished is before started"),
        (provenance(RECORDS[0], begun="2099-01-01T00:00:00+00:00"), "begun is after finished"),
        (provenance(RECORDS[0], begun=RECORDS[0].provenance.finished, resumed=1), "begun is after started"),
        (provenance(RECORDS[0], begun="2024-01-01T00:00:00"), "begun is no time"),
        (provenance(RECORDS[0], begun="then"), "begun is no time"),
        (provenance(RECORDS[0], seconds={"training": 9999.0}), "seconds add up to more"),
        (provenance(RECORDS[0], smaller=()), "smaller is not what preset standard cuts"),
        (provenance(RECORDS[0], preset="paper"), "runs another trial today"),
        (provenance(RECORDS[0], preset="huge"), "preset 'huge' is not known"),
        (changed(RECORDS[0], deviations=()), "deviations are not those of gan"),
        (
            changed(RECORDS[0], learning_curve=RECORDS[0].learning_curve[:-1]),
            "the learning curve ends with 99",
        ),
        (
            changed(RECORDS[0], learning_curve=RECORDS[0].learning_curve[1:]),
            "does not count the epochs from 1",
        ),
        (changed(RECORDS[0], status="diverged"), "is diverged without a reason"),
        (
            changed(RECORDS[0], candidates={"best": RECORDS[0].candidates["best"]}),
            "holds the candidates best",
        ),
        (
            changed(
                RECORDS[0],
                learning_curve=tuple(
                    p.model_copy(update={"valid_mean": 500.0}) if p.epoch == 50 else p
                    for p in RECORDS[0].learning_curve
                ),
            ),
            "candidates.best.epoch is 100, which is not where the learning curve is highest",
        ),
        (
            changed(RECORDS[0], spec=RECORDS[0].spec.model_copy(update={"model_version": 99})),
            "was made with version 99 of gan",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_hold_in_a_record_is_said(record, named):
    assert named in "; ".join([*check_record(record), *check_origins(record.provenance)])


@pytest.mark.parametrize("record", RECORDS[:3] + RECORDS[-1:], ids=lambda record: record.spec.id)
def test_sound_records_pass(record):
    assert check_record(record) == []


def test_a_best_before_the_top_layer_trains_is_no_best():
    """The curve of a stack may be highest early; only what has its top layer counts."""
    dbn = RECORDS[1]
    curve = tuple(
        p.model_copy(update={"valid_mean": 500.0}) if p.epoch == 5 else p for p in dbn.learning_curve
    )
    assert check_record(changed(dbn, learning_curve=curve)) == []


def test_a_best_before_the_front_trains_is_no_best():
    """Nor does a net of two stages count before its second has begun."""
    gan = trial("gan", 1, 1900.0, dataset="fer2013")
    begins = gan.spec.config["front_epoch"]
    single_looks = gan.spec.evaluation.model_copy(update={"looks": 1})
    gan = changed(gan, spec=gan.spec.model_copy(update={"evaluation": single_looks}))

    def found(epoch):
        curve = [
            p.model_copy(update={"valid_mean": 5000.0 if p.epoch == epoch else float(p.epoch)})
            for p in gan.learning_curve
        ]
        return "; ".join(check_record(changed(gan, learning_curve=tuple(curve))))

    assert "not where the learning curve is highest" not in found(begins)
    assert "not where the learning curve is highest" in found(begins + 1)


def test_seeds_are_fixed_in_advance_and_taken_from_the_left(tmp_path):
    store = RecordStore(tmp_path / "results")
    for record in (trial("train-set", 1, 243.0), trial("train-set", 3, 242.0), trial("kmeans", 1, 335.0)):
        store.write(record)
    odd = trial("kmeans", 2, 333.0)
    store.write(changed(odd, spec=odd.spec.model_copy(update={"seed": 17})))
    store.write(changed(RECORDS[0], spec=RECORDS[0].spec.model_copy(update={"config": {}})))
    store.write(RECORDS[0])
    found = texts(check_records(tmp_path / "results").problems)
    # Nothing is cut of this row, so three presets run the same trials.
    assert "train-set on mnist, preset quick/standard/paper: seed 2 is missing" in found
    assert "seed 17 was not fixed in advance" in found


def test_seeds_that_did_not_end_are_told_beside_those_that_did(results, capsys):
    """Not dropped: what is said of the row rests on the survivors."""
    stopped = changed(trial("gan", 2, 0.0), status="interrupted", reason="stopped", candidates={})
    RecordStore(results).write(stopped)
    refresh(results)
    assert main(["--results", str(results)]) == 0
    told = "note: gan on mnist, preset standard: seed 2 is interrupted: what is said of it rests on the seeds"
    assert told in capsys.readouterr().err


def test_a_finished_trial_waits_for_the_seeds_before_it(results):
    waiting = RecordStore(results / "waiting").write(trial("gan", 3, 158.0))
    refresh(results)
    assert check(results).problems == []
    assert f"waiting/trials/{waiting.name}" in read_seal(results)
    assert [r.spec.seed for r in load_results(results).waiting] == [3]

    edit(waiting, "candidates", "last", "epoch", change=lambda epoch: epoch + 1)
    assert waiting.name in texts(check(results).problems)
    RecordStore(results / "waiting").write(trial("gan", 3, 158.0))
    weights = results / "waiting" / "weights"
    weights.mkdir()
    (weights / f"{waiting.stem}.safetensors").write_bytes(b"others")
    refresh(results)
    assert f"{waiting.stem}: " in texts(check(results).problems)
    shutil.rmtree(weights)
    RecordStore(results).write(trial("gan", 2, 157.0))
    refresh(results)
    assert f"{waiting.stem}: waits for nothing" in texts(check(results).problems)
    RecordStore(results).write(trial("gan", 3, 158.0))
    refresh(results)
    assert f"{waiting.stem}: is recorded and waits, too" in texts(check(results).problems)
    waiting.write_text("{")
    assert f"waiting/{waiting.name}: " in texts(check(results).problems)


def test_of_ones_own_runs_is_said_what_cannot_be_checked(tmp_path, capsys):
    """As from an installed package: no seal, no commit, no git, no printed tables."""
    results = tmp_path / "runs"
    records = [trial("gan", 1, 156.0, commit=None, dirty=None), trial("gan", 2, 157.0, dirty=True)]
    for record in records:
        RecordStore(results).write(record)
    assert main(["--results", str(results)]) == 0
    out, told = capsys.readouterr()
    assert f"note: {records[0].spec.id}: provenance.commit is missing" in told
    assert f"note: {records[1].spec.id}: provenance.dirty is true" in told
    assert "note: SHA256SUMS: is not there" in told
    assert "your own runs in" in out
    # What does not hold in a record is no matter of whose it is.
    edit(results / "trials" / f"{records[0].spec.id}.json", *SCORE, "sigma", change=lambda s: s + 1e-3)
    assert main(["--results", str(results)]) == 1


def test_an_archive_without_git_is_checked_as_far_as_it_goes(results, capsys):
    assert main(["--results", str(results)]) == 0
    assert "no history of the repository is here" in capsys.readouterr().err
    own = RecordStore(results).write(trial("gan", 2, 150.0, commit=None, dirty=None))
    assert [problem.where for problem in check(results).problems if problem.where in own.stem] == []
    sealed = results / "trials" / f"{RECORDS[0].spec.id}.json"
    edit(sealed, "provenance", "commit", change=lambda _: None)
    write_seal(results)
    assert f"{RECORDS[0].spec.id}: provenance.commit is missing" in texts(check(results).problems)


def test_trials_on_other_pixels_are_named(tmp_path):
    store = RecordStore(tmp_path / "results")
    first, second = trial("train-set", 1, 243.0), trial("train-set", 2, 242.0)
    other = second.spec.data.model_copy(update={"sha256": "6" * 64})
    store.write(first)
    store.write(changed(second, spec=second.spec.model_copy(update={"data": other})))
    assert "has other pixels of mnist than" in texts(check_records(tmp_path / "results").problems)


def test_damaged_and_misnamed_records_are_named_and_left_alone(results):
    damaged = results / "trials" / "gan-mnist-seed9-000000000000.json"
    damaged.write_text("{")
    found = texts(check(results).problems)
    assert f"{damaged.name} is not a trial record" in found
    assert damaged.exists()


def test_a_folder_without_trials_is_bad_usage(tmp_path, capsys):
    assert main(["--results", str(tmp_path)]) == 2
    assert "holds no trials" in capsys.readouterr().err


def test_report_check_names_the_first_differing_line(results, capsys):
    assert report(["--results", str(results), "--check"]) == 0
    path = results.parent / "REPORT.md"
    path.write_text(path.read_text().replace("335.0", "999.0"))
    assert report(["--results", str(results), "--check"]) == 1
    out = capsys.readouterr().out
    assert "REPORT.md: line " in out
    assert "999.0" in out
    assert "335.0" in out
    assert report(["--results", str(results)]) == 0
    assert report(["--results", str(results), "--check"]) == 0
