"""One command brings all that is printed in line with the records, and touches nothing else."""

import re
import shutil

import pytest

from gan_repro.report.__main__ import main
from gan_repro.report.check import check_printed, differences
from gan_repro.report.printed import Material, printed
from gan_repro.trials.store import RecordStore
from gan_repro.util.folders import SEAL
from tests.factories.records import folder, trial, trials
from tests.guard.oracle import tree

BEFORE, AFTER = "# Ours | 156.0\n\n<!-- recorded -->\n", "\n<!-- /recorded -->\n\nSee 156.0 ± 1.5 above.\n"


@pytest.fixture
def results(tmp_path):
    begun = trial("gan", 2, 0.0).model_copy(update={"status": "interrupted", "candidates": {}})
    results = folder(tmp_path, [*trials("gan", [156.0]), begun])
    readme = tmp_path / "README.md"
    table = readme.read_text().split("<!-- recorded -->\n")[1].split("\n<!-- /recorded -->")[0]
    readme.write_text(BEFORE + table + AFTER)
    return results


def test_a_new_trial_reaches_tables_readme_and_report(results, capsys):
    assert check_printed(results) == []
    RecordStore(results).write(trial("kmeans", 1, 335.0))
    behind = {problem.where for problem in check_printed(results)}
    tables = {f"table1_mnist.{suffix}" for suffix in ("md", "csv", "json", "tex")}
    assert behind >= tables | {"README.md", "REPORT.md", "trials.md"}
    assert main(["--results", str(results)]) == 0
    assert check_printed(results) == []
    assert {line.rsplit("/")[-1] for line in capsys.readouterr().out.splitlines()} >= behind
    readme = (results.parent / "README.md").read_text()
    assert readme.startswith(BEFORE)
    assert readme.endswith(AFTER)
    assert "| k-means centroids" in readme
    assert "335.0 ±" in readme


def test_a_readme_without_marks_is_kept_and_marks_asked_for(results):
    path = results.parent / "README.md"
    path.write_text("# Ours\n")
    assert main(["--results", str(results)]) == 0
    assert path.read_text() == "# Ours\n"
    assert [problem.where for problem in check_printed(results)] == ["README.md"]


def test_the_report_of_ones_own_runs_lies_with_them(results, tmp_path, capsys):
    runs = tmp_path / "elsewhere" / "runs"
    shutil.copytree(results, runs)
    (runs / SEAL).unlink()
    beside = {runs.parent / name: f"# {name} of others\n" for name in ("README.md", "REPORT.md")}
    for path, text in beside.items():
        path.write_text(text)
    assert check_printed(runs) == [], "no report is needed"
    texts = printed(Material.read(runs))
    assert "REPORT.md" in [difference.where for difference in differences(texts, runs)]
    (runs / "table1_mnist.tex").unlink()
    cure = f"run python -m gan_repro.report --results {runs}"
    assert [str(problem) for problem in check_printed(runs)] == [f"table1_mnist.tex: cannot be read; {cure}"]

    assert main(["--results", str(runs)]) == 0
    assert {path: path.read_text() for path in beside} == beside
    report = (runs / "REPORT.md").read_text()
    assert "from the records in `runs/` by\n`python -m gan_repro.report --results runs`;" in report
    assert "results/" not in report
    linked = [runs / target for target in re.findall(r"\]\(((?!http)[^)]+)\)", report)]
    assert linked
    assert [path for path in linked if not path.exists()] == []
    assert main(["--results", str(runs), "--check"]) == 0


@pytest.mark.parametrize("other", ["--check", "--html=page.html"])
def test_controls_are_refused_where_nothing_is_written(results, other, capsys):
    before = tree(results)
    assert main(["--results", str(results), "--controls", other]) == 2
    assert "leave out --check and --html" in capsys.readouterr().err
    assert tree(results) == before


def test_damaged_controls_are_named(results, capsys):
    (results / "controls.json").write_text("{")
    assert main(["--results", str(results)]) == 1
    assert "controls.json" in capsys.readouterr().err


def test_the_page_is_the_only_file_that_is_written(results, tmp_path, capsys):
    pytest.importorskip("plotly")
    RecordStore(results).write(trial("kmeans", 1, 335.0))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    page = tmp_path / "page.html"
    assert main(["--results", str(results), "--html", str(page)]) == 0
    assert capsys.readouterr().out == f"{page}\n"
    assert "335.0" in page.read_text()
    assert {path: path.read_bytes() for path in before} == before
    assert main(["--results", str(results), "--html", str(page), "--check"]) == 0
    page.write_text("")
    assert main(["--results", str(results), "--html", str(page), "--check"]) == 1


def test_a_damaged_record_is_named_and_left_where_it_is(results, capsys):
    damaged = results / "trials" / "gan-mnist-seed9-000000000000.json"
    damaged.write_text("{")
    assert main(["--results", str(results)]) == 1
    told = capsys.readouterr()
    assert damaged.name in told.err
    assert "REPORT.md" in told.out
    assert damaged.read_text() == "{"
