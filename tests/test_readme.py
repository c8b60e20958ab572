"""What stands in README.md and beside the records is what the records say."""

import argparse
import importlib
import importlib.util
import json
import re
import shlex
import statistics
import subprocess
from pathlib import Path

import pytest

from gan_repro import models
from gan_repro.__main__ import COMMANDS
from gan_repro.__main__ import main as gan_repro_main
from gan_repro.experiments import chains
from gan_repro.paper import printed
from gan_repro.tables.collect import recorded_table
from gan_repro.tables.render import SUFFIXES, first_table, render
from gan_repro.tables.table import headline
from gan_repro.trials.presets import FULL_SIZE
from gan_repro.trials.records import load_record
from gan_repro.util.console import add_plugin, load_plugins
from tests.factories.plugins import forget_plugins
from tests.factories.published import adversarial_nets, published_record, ruling

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
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
def test_recorded_tables_come_from_the_records_to_the_byte(form):
    results = published_record()
    table = recorded_table(results.trials, "mnist", results.experiments)
    path = ROOT / "results" / f"table1_mnist.{SUFFIXES[form]}"
    assert path.read_text(encoding="utf-8") == render(table, form), f"{path.name} is stale; run report"


def test_the_readme_shows_the_recorded_table():
    results = published_record()
    trials = [record for record in results.trials if record.provenance.preset in FULL_SIZE]
    table = recorded_table(trials, "mnist", results.experiments)
    assert block("recorded") == first_table(headline(table))


@pytest.mark.skipif(not RECORDS, reason="not a git checkout: recorded trials cannot be told from others")
def test_an_adversarial_trial_of_100_epochs_is_recorded():
    records = [record for record in map(load_record, RECORDS) if record.status == "done"]
    epochs = [record.candidates["last"].epoch for record in records if record.spec.model == "gan"]
    assert max(epochs) >= 100


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_recorded_trials_are_of_clean_and_known_commits(path):
    record = load_record(path)
    # A training of days is recorded as far as it has come.
    assert record.status == "done" or (record.status == "interrupted" and record.learning_curve)
    assert record.provenance.dirty is False
    assert re.fullmatch("[0-9a-f]{40}", record.provenance.commit)


def test_ci_runs_the_readmes_test_command():
    assert ".ci/readme_block tests" in (ROOT / ".ci" / "run").read_text()
    assert "-m pytest" in commands("tests")


def commands(mark: str) -> str:
    done = subprocess.run([ROOT / ".ci" / "readme_block", mark], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_mark_that_is_not_there_is_said():
    done = subprocess.run([ROOT / ".ci" / "readme_block", "nothing"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "no commands between <!-- nothing -->" in done.stderr


def test_it_is_short_enough_to_be_read():
    assert len(README.splitlines()) <= 140


def test_the_numbers_of_the_answer_are_those_of_the_records():
    answer = README.split("![")[0]
    cells = {cell["row"]: cell["columns"] for cell in recorded_rows()}
    expected = {
        r"deep GSN score (\d+)": cells["dbn"]["Best by search"],
        r"deep GSN score \d+, (\d+)": cells["cae"]["Best by search"],
        r"deep GSN score \d+, \d+ and (\d+)": cells["gsn"]["Best by search"],
        r"k-means centroids, (\d+)": cells["kmeans"]["As published"],
        r"true images \((\d+)\)": cells["train-set"]["As published"],
    }
    for pattern, cell in expected.items():
        found = re.search(pattern, " ".join(answer.split()))
        assert found, pattern
        assert int(found[1]) == round(cell["score"]["value"]), pattern
    where = re.search(r"where (\d+), (\d+) and (\d+) are printed", " ".join(answer.split()))
    assert where
    assert [int(n) for n in where.groups()] == [printed(row, "mnist").value for row in ("dbn", "cae", "gsn")]
    assert f"**{ruling('mnist-gan')}" in answer


def test_the_answer_tells_of_short_and_of_whole_trainings():
    """Every whole one that there is, those that wait included, and no other."""
    answer = " ".join(README.split("![")[0].split())
    short, whole = (
        {seed: net.score.log_likelihood for seed, net in adversarial_nets(preset).items()}
        for preset in ("standard", "paper")
    )
    said = re.search(r"\(after 100 epochs (\d+)\)", answer)
    assert said
    assert len(short) == 3
    assert int(said[1]) == round(sum(score.value for score in short.values()) / 3)
    told = re.search(r"three adversarial nets score (\d+\.\d), (\d+\.\d) and (\d+\.\d) nats on MNIST", answer)
    assert told
    assert list(told.groups()) == [f"{whole[seed].value:.1f}" for seed in sorted(whole)]
    scores = [score.value for score in whole.values()]
    mean, error = statistics.mean(scores), statistics.stdev(scores) / len(scores) ** 0.5
    assert f"**{mean:.1f} ± {error:.1f} where" in answer


def test_the_answer_says_how_far_the_chains_move_a_score():
    answer = " ".join(README.split("![")[0].split())
    ends = r"between (-?\d+) and (-?\d+)"
    said = re.search(rf"DBNs {ends}, CAEs {ends} and GSNs of 100 epochs {ends}", answer)
    assert said
    record = published_record().experiments["chains"]
    rows = {id: id.partition("-")[0] for id in record.trial_ids}
    found = [end for row in ("dbn", "cae", "gsn") for end in chains.envelope(record, rows, row)]
    assert [int(number) for number in said.groups()] == [round(end) for end in found]
    of_gsn = [
        chains.published_scores(record, chains.ONE_CHAIN, "gsn", sigma).values() for sigma in (0.2, 0.23)
    ]
    said = re.search(r"two sigmas, at which its chain scores (\d+) and (\d+)\.", answer)
    assert said
    assert [int(number) for number in said.groups()] == [round(statistics.mean(found)) for found in of_gsn]
    assert f"**are {ruling('mnist-dbn')}**" in answer
    assert ruling("mnist-gsn") == ruling("mnist-cae") == ruling("mnist-dbn")


def recorded_rows():
    results = published_record()
    return json.loads(render(recorded_table(results.trials, "mnist", results.experiments), "json"))["rows"]


def test_its_links_work_on_the_package_index_too():
    """A picture that is not there shows its words; a link that leads nowhere is a broken one."""
    assert re.findall(r"(?<!!)\[[^\]]*\]\((?!https://)[^)]*\)", README) == []
    for path in re.findall(r"\b(?:docs/[\w-]+\.md|[A-Z]+\.(?:md|cff)|results/\S+\.png)", README):
        assert (ROOT / path).is_file(), path


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_the_links_of_the_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


EXAMPLES = {"data": "mnist", "experiments": "game-1d"}
"""What NAME may be, by command; else a model, which is a row, too."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_is_one(page, example):
    text = page.read_text(encoding="utf-8")
    for line in re.findall(r"(?:^|`|/)gan-repro ([a-z][^`\n#]*)", text, re.MULTILINE):
        example = EXAMPLES.get(line.split()[0], "gan")
        name, *arguments = shlex.split(line.replace("NAME", example).replace("mine.toml", "quick"))
        assert name in COMMANDS, line
        load_plugins(arguments)
        parser = argparse.ArgumentParser()
        importlib.import_module(COMMANDS[name][0]).configure(parser)
        add_plugin(parser)
        if arguments:
            parser.parse_args(arguments)
    for module in re.findall(r"python -m (gan_repro(?:\.\w+)*)", text):
        assert importlib.util.find_spec(module), module


@pytest.mark.slow
def test_the_score_that_it_shows_is_the_one_that_is_printed(mnist, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    making, scoring = commands("samples").strip().rsplit("\n", 1)
    exec(shlex.split(making)[2], {})
    assert gan_repro_main(shlex.split(scoring)[1:]) == 0
    shown = re.search(r"`(log-likelihood .*?)`", README)
    assert shown
    assert capsys.readouterr().out.startswith(shown[1])


@pytest.fixture
def example(tmp_path, monkeypatch):
    """README's example as the file that it calls it, in the folder where commands are run."""
    text = README.split("<!-- example -->")[1].split("```python\n")[1].split("```")[0]
    (tmp_path / "mixture.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield
    forget_plugins()


def shown(command: str) -> list[str]:
    """The words of a command that README or docs/contributing.md names."""
    found = re.search(rf"`gan-repro ({command} [^`]*--plugin mixture[^`]*)`", README + CONTRIBUTING)
    assert found, command
    return shlex.split(found[1])


def test_the_readmes_example_keeps_every_promise(example, capsys):
    assert gan_repro_main(shown("check-model")) == 0
    assert capsys.readouterr().out.endswith("mixture: all promises are kept\n")


def test_the_readmes_example_is_a_row_of_the_table(example, capsys):
    smaller = ["--preset", "smoke", "--datasets", "digits", "--workers", "1", "--format", "json"]
    assert gan_repro_main([*shown("table"), "gaussian", *smaller]) == 0
    cells = {row["label"]: row["columns"] for row in json.loads(capsys.readouterr().out)["rows"]}
    assert list(cells)[-1] == "10 Gaussians"
    scores = {label: cell["This run (smoke)"]["score"]["value"] for label, cell in cells.items() if cell}
    assert scores["10 Gaussians"] > scores["Gaussian per pixel"] + 5


def test_a_name_that_is_taken_is_refused():
    class Impostor:
        name = "gan"

    with pytest.raises(ValueError, match="is there already"):
        models.register(Impostor)
