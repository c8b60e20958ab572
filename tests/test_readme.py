"""What stands in README.md and beside the records is what the records say."""

import re
import subprocess
from pathlib import Path

import pytest

from gan_repro import models, trials
from gan_repro.tables import columns
from gan_repro.tables.table import SUFFIXES
from gan_repro.trials.store import RecordStore, load_record

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def tracked(folder: str) -> list[Path]:
    """The files of a folder that git keeps: a user's own trials may lie beside them."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", folder]
    listed = subprocess.run(command, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name.endswith(".json")]


RECORDS = tracked("results/trials")


def block(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", README, re.DOTALL)
    assert found, f"README.md has no block between <!-- {name} --> and <!-- /{name} -->"
    return found[1].strip()


@pytest.mark.parametrize("form", SUFFIXES)
def test_the_recorded_tables_are_made_from_the_records_to_the_byte(form):
    table = columns.recorded_table(RecordStore(ROOT / "results"), "mnist")
    path = ROOT / "results" / f"table1_mnist.{SUFFIXES[form]}"
    assert path.read_text(encoding="utf-8") == table.render(form), f"{path.name} is stale; run table1 again"


def test_the_readme_shows_the_recorded_table():
    full_size = columns.recorded_table(RecordStore(ROOT / "results"), "mnist", ("paper", "standard"))
    assert block("recorded") == full_size.render("md").split("\n\n")[0].strip()


@pytest.mark.skipif(not RECORDS, reason="not a git checkout: recorded trials cannot be told from others")
def test_a_trial_of_the_adversarial_net_of_at_least_100_epochs_is_recorded():
    records = [record for record in map(load_record, RECORDS) if record.status == "done"]
    epochs = [record.candidates["last"].epoch for record in records if record.spec.model == "gan"]
    assert max(epochs) >= 100


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_recorded_trials_are_clean_of_a_known_commit_and_finished_or_on_their_way(path):
    record = load_record(path)
    # A training of days is recorded as far as it has come.
    assert record.status == "done" or (record.status == "interrupted" and record.learning_curve)
    assert record.provenance.dirty is False
    assert re.fullmatch("[0-9a-f]{40}", record.provenance.commit)


def test_ci_runs_the_readmes_test_command():
    assert "<!-- tests -->" in (ROOT / ".ci" / "run").read_text()
    assert "-m pytest" in README.split("<!-- tests -->")[1].split("```")[1]


def test_the_readmes_example_of_a_model_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    example = README.split("<!-- example -->")[1].split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(models, "_REGISTERED", {})
    exec(compile(example, "README.md", "exec"), {"__name__": "readme"})
    value = re.match(r"(-?\d+\.\d) ± \d", capsys.readouterr().out)
    assert value, "the example prints no score"
    gaussian = trials.run(trials.make_spec("gaussian", trials.source("digits"), seed=1))
    assert float(value[1]) > gaussian.score.log_likelihood.value + 5


def test_a_name_that_is_taken_is_refused():
    class Impostor:
        name = "gan"

    with pytest.raises(ValueError, match="is there already"):
        models.register(Impostor)
