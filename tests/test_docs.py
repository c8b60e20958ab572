"""The site: it builds without a warning, its notebook runs, and its figures are those of the records."""

from __future__ import annotations

import argparse
import html
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gan_repro
from gan_repro.__main__ import COMMANDS
from gan_repro.experiments.results import load_results
from gan_repro.paper import printed
from gan_repro.parzen.protocols import AUTHORS_SIGMAS
from gan_repro.search.log import log_path, read_log
from gan_repro.tables.collect import recorded_table
from gan_repro.tables.render import render
from gan_repro.trials.presets import completest, row_under
from gan_repro.trials.records import TrialRecord
from gan_repro.verdicts.evidence import Evidence
from gan_repro.verdicts.judge import judge
from tests.factories.published import adversarial_nets

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; its notebook is executed for it."""
    pytest.importorskip("myst_nb", reason="the extra docs is not installed")
    folder = tmp_path_factory.mktemp("site") / "html"
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        str(DOCS),
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def text_of(page: Path) -> str:
    """What a reader sees of a page, on one line."""
    body = page.read_text(encoding="utf-8").partition("<article")[2].partition("</article>")[0]
    return " ".join(html.unescape(re.sub("<[^>]+>", "", body)).split())


@pytest.mark.slow
def test_every_page_is_in_the_site(site: Path) -> None:
    for page in [*DOCS.glob("*.md"), *DOCS.glob("*.ipynb")]:
        assert (site / f"{page.stem}.html").is_file(), page.name


@pytest.mark.slow
def test_the_reference_holds_every_option_of_every_command(site: Path) -> None:
    page = text_of(site / "commands.html")
    for name, (module, about) in COMMANDS.items():
        parser = argparse.ArgumentParser(prog=f"gan-repro {name}")
        importlib.import_module(module).configure(parser)
        assert f"usage: {parser.prog} [-h]" in page
        assert about[1:] in page
        for action in parser._actions:
            assert all(option in page for option in action.option_strings), action


@pytest.mark.slow
def test_the_reference_holds_what_the_package_offers(site: Path) -> None:
    pages = "".join((site / f"{name}.html").read_text("utf-8") for name in ("api", "records", "data"))
    offered = ["gan_repro.score", "gan_repro.load_results", "gan_repro.load_submissions"]
    offered += ["gan_repro.data.load", "gan_repro.parzen.log_density", "gan_repro.parzen.evaluate"]
    offered += ["gan_repro.models.get", "gan_repro.models.register", "gan_repro.trials.run"]
    offered += ["gan_repro.integrations.torchmetrics.ParzenLogLikelihood.compute"]
    for name in offered:
        assert f'id="{name}"' in pages, name
    for field in TrialRecord.model_fields:
        assert f'id="gan_repro.trials.records.TrialRecord.{field}"' in pages, field
    assert "The model’s full configuration, as JSON values: defaults written out." in text_of(
        site / "records.html"
    )


@pytest.mark.slow
def test_the_notebook_ran_from_top_to_bottom(site: Path) -> None:
    page, shown = (site / "notebook.html").read_text("utf-8"), text_of(site / "notebook.html")
    cells = json.loads((DOCS / "notebook.ipynb").read_text("utf-8"))["cells"]
    count = sum(cell["cell_type"] == "code" for cell in cells)
    assert page.count('class="cell_input docutils container"') == count
    assert re.search(r"log-likelihood -?\d+\.\d ± \d\.\d \(authors\), .* over 497 test images", shown)
    assert "0 to 1 as black to white" in shown
    assert re.search(r'<img [^>]*src="_images/[0-9a-f]+\.png"', page)
    reference = gan_repro.score(gan_repro.data.load("digits").train, "digits", "authors", device="cpu")
    value = re.search(r"training images 0 authors (-?\d+\.\d+)", shown)
    assert value, shown
    assert float(value[1]) == pytest.approx(reference.mean, abs=0.01)
    assert "Traceback" not in shown


def test_the_notebook_is_kept_without_what_it_printed() -> None:
    for cell in json.loads((DOCS / "notebook.ipynb").read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@pytest.mark.slow
def test_no_link_of_the_site_leads_out_of_it(site: Path) -> None:
    for page in site.glob("*.html"):
        body = page.read_text("utf-8").partition("<article")[2].partition("</article>")[0]
        for target in re.findall(r'href="([^"#]+)', body):
            assert target.startswith("https://") or (site / target).is_file(), (page.name, target)
    assert "REPORT.md" in text_of(site / "why-not-225.html")


def number(pattern: str, page: str) -> float:
    """The one number in a page's text that a pattern finds."""
    text = " ".join((DOCS / page).read_text(encoding="utf-8").split())
    found = re.findall(pattern, text)
    assert len(found) == 1, (pattern, found)
    return float(found[0].replace(",", ""))


def trial_of(row: str, seed: int) -> TrialRecord:
    """The longest published training of a row on MNIST."""
    trials = [
        record
        for record in load_results(ROOT / "results").trials
        if record.spec.data.name == "mnist" and record.spec.seed == seed
        if row_under(completest(record.provenance.preset, record.spec), record.spec) == row
    ]
    return max(trials, key=lambda record: len(record.learning_curve))


PAGE = "why-not-225.md"
REPORT = (ROOT / "REPORT.md").read_text("utf-8")


def cells() -> dict[str, dict[str, Any]]:
    results = load_results(ROOT / "results")
    rows = json.loads(render(recorded_table(results.trials, "mnist", results.experiments), "json"))["rows"]
    return {row["row"]: row["columns"] for row in rows}


def test_why_not_225_shows_the_scores_of_the_table() -> None:
    table = cells()
    expected = {
        r"best rate of a search, three seeds \| 100 epochs \| (\d+\.\d)": ("gan", "Best by search"),
        r"k-means centroids, no model \| (\d+\.\d)": ("kmeans", "As published"),
        r"true training images \| (\d+\.\d)": ("train-set", "As published"),
        r"DBN, printed as 138 \| (\d+\.\d)": ("dbn", "Best by search"),
        r"stacked CAE, printed as 121 \| (\d+\.\d)": ("cae", "Best by search"),
        r"deep GSN of 6 epochs, printed as 214 \| (\d+\.\d)": ("gsn", "Best by search"),
    }
    for pattern, (row, column) in expected.items():
        assert number(pattern, PAGE) == round(table[row][column]["score"]["value"], 1), pattern
    score = table["gan"]["Best by search"]["score"]
    assert number(r"163.7 ± (\d\.\d)", PAGE) == round(score["standard_error"], 1)
    assert (score["over"], score["n"]) == ("training seeds", 3)
    short = [net.score.log_likelihood.value for net in adversarial_nets("standard").values()]
    assert len(short) == 3
    assert number(r"three seeds \| 100 epochs \| (\d+\.\d) ± 1.9", PAGE) == round(np.mean(short), 1)
    error = np.std(short, ddof=1) / 3**0.5
    assert number(r"100 epochs \| 159.2 ± (\d\.\d)", PAGE) == round(error, 1)
    assert number(r"nets of 100 epochs, printed as 225 \| (\d+\.\d)", PAGE) == round(np.mean(short), 1)
    for row, pattern in {
        "dbn": "DBN, printed as",
        "cae": "CAE, printed as",
        "gsn": "GSN of 6 epochs, printed as",
    }.items():
        value = printed(row, "mnist")
        assert value is not None
        assert number(rf"{pattern} (\d+)", PAGE) == value.value
    value = printed("gan", "mnist")
    assert value is not None
    assert f"{value.value:g} ± {value.standard_error:g} nats" in (DOCS / PAGE).read_text("utf-8")


def test_why_not_225_tells_the_single_trainings_as_recorded() -> None:
    stopped = trial_of("gan-early-stopping", 2)
    scores = stopped.candidates["best"].scores
    authors = scores["authors"].log_likelihood
    assert number(r"785 epochs \| (\d+\.\d)", PAGE) == round(authors.value, 1)
    assert number(r"206.8 ± (\d\.\d)", PAGE) == round(authors.standard_error or 0, 1)
    assert number(r"rule of ours \| (\d+) epochs", PAGE) == len(stopped.learning_curve)
    for page in (PAGE, "results.md"):
        text = " ".join((DOCS / page).read_text("utf-8").split())
        for seed, net in adversarial_nets("paper").items():
            assert re.search(rf"seed {seed}\b[^.]{{0,60}} {net.score.log_likelihood}", text), (page, seed)
    came_back = trial_of("gan-alternating", 2).score.log_likelihood.value
    assert number(r"had collapsed on one and scored (\d+\.\d) on another", PAGE) == round(came_back, 1)


def test_why_not_225_tells_what_each_choice_was_worth() -> None:
    """Of seeds 1 and 3, which ended first, as REPORT.md has it."""
    table = REPORT.split("| The table's score ")[1]
    lines = {seed: re.findall(rf"^\| {seed} +\|.*$", table, re.MULTILINE)[0] for seed in (1, 3)}
    cells = {seed: [cell.strip() for cell in line.split("|")[3:-1]] for seed, line in lines.items()}
    text = " ".join((DOCS / PAGE).read_text("utf-8").split())
    patterns = {
        1: r"another (\d\.\d) and (\d\.\d):",
        2: r"test images take (\d\.\d) and (\d\.\d) nats",
        3: r"gives nothing \((-\d\.\d) and (-\d\.\d)\)",
        4: r"and cost (\d\.\d) and (\d\.\d) nats",
        5: r"have ended them after ([\d,]+) and ([\d,]+) epochs",
    }
    for column, pattern in patterns.items():
        said = re.findall(pattern, text)
        assert len(said) == 1, pattern
        shown = [cells[seed][column].removeprefix("after ").removesuffix(" epochs") for seed in (1, 3)]
        assert list(said[0]) == [cell.lstrip("+-" if column == 4 else "+") for cell in shown]
    whole = adversarial_nets("paper")
    refined = [whole[seed].candidates["last"].scores["refined"] for seed in (1, 3)]
    said = re.findall(r"have (\d+\.\d) nats \(seed 1.*?\) and (\d+\.\d) \(seed 3", text)
    assert said == [tuple(f"{score.valid_mean:.1f}" for score in refined)]
    said = re.findall(r"they would have (\d+\.\d) and (\d+\.\d)\.", text)
    assert said == [tuple(f"{score.log_likelihood.value:.1f}" for score in refined)]


def test_why_not_225_says_what_the_rules_rule() -> None:
    ruling = next(v.ruling for v in judge(Evidence.load(ROOT / "results")) if v.claim == "mnist-gan")
    text = " ".join((DOCS / PAGE).read_text("utf-8").split())
    assert f"**{ruling}**" in text
    said = re.search(
        r"three seeds it sees a miss of (\d+) nats, with five of (\d+), and .* from (\w+) on", text
    )
    assert said
    sees = re.search(r"(\d+) nats off, 3 seeds; (\d+) nats off, 5 seeds; .* from (\d+) seeds on", REPORT)
    assert sees
    assert said.groups() == (*sees.groups()[:2], {"8": "eight"}[sees[3]])
    report = (ROOT / "results/report/training.md").read_text("utf-8")
    scatter, above = re.findall(r"\| (\d\.\d) +\| \+(\d\.\d) +\|", report)[0]
    assert number(r"look scatters by (\d\.\d) nats", PAGE) == float(scatter)
    assert number(r"stood (\d\.\d) above its neighbours", PAGE) == float(above)


def test_what_bfloat16_changes_is_quoted_as_recorded() -> None:
    findings = load_results(ROOT / "results").experiments["precision"].findings
    difference = findings["difference_refined"]
    assert difference.interval
    assert number(r"validation likelihood by (\d\.\d) ±", "table.md") == round(difference.value, 1)
    assert number(r"3\.2 ± (\d\.\d) nats", "table.md") == round(difference.standard_error or 0, 1)
    assert number(r"interval (-?\d+\.\d) to", "table.md") == round(difference.interval[0], 1)
    assert number(r"interval -?\d+\.\d to (\d+\.\d)", "table.md") == round(difference.interval[1], 1)
    assert number(r"took (\d\.\d+) times as long", "table.md") == round(findings["speedup"].value, 2)


def test_the_pages_quote_the_quality_of_samples() -> None:
    findings = load_results(ROOT / "results").experiments["sample-quality"].findings

    def kid(what: str) -> float:
        """Of a set of samples, the mean over seeds 1 to 3."""
        return float(np.mean([findings[f"kid/{what}/seed{seed}"].value for seed in (1, 2, 3)]))

    searched = [round(kid(f"best by search/{row}"), 2) for row in ("dbn", "cae", "gsn")]
    published = [round(kid(f"as published/{row}"), 2) for row in ("dbn", "cae", "gsn")]
    for page in (PAGE, "../README.md"):
        assert number(r"(?:epochs have|ahead of the three,) (0\.\d+)", page) == round(
            kid("as published/gan"), 3
        )
        assert number(r"(?:search, has|against) (0\.27)", page) == min(searched + published)
    text = " ".join((DOCS / "measures.md").read_text("utf-8").split())
    said = re.search(r"DBN (\S+), stacked CAE (\S+) and deep GSN (\S+) at the best of their search", text)
    assert said
    assert [float(value) for value in said.groups()] == searched
    said = re.search(r"stacked CAE and deep GSN have (\S+), (\S+) and (\S+)\. By", text)
    assert said
    assert [float(value) for value in said.groups()] == published


def test_the_pages_quote_the_likelihood() -> None:
    findings = load_results(ROOT / "results").experiments["true-likelihood"].findings
    text = " ".join((DOCS / "measures.md").read_text("utf-8").split())
    said = re.search(
        r"at least (\d+) ± (\d+) nats on 100 test images, .* say (\d+) ± (\d+)\. On 20 images of its own"
        r" the bounds are (\d+) ± (\d+) and (\d+) ± (\d+), with a gap of (\S+) ± (\S+):",
        text,
    )
    assert said
    for place, what in enumerate(("lower", "parzen", "own_lower", "own_upper", "gap")):
        finding, digits = findings[f"{what}_gan_1"], 1 if what == "gap" else 0
        found = [float(number) for number in said.groups()[2 * place : 2 * place + 2]]
        assert found == [round(finding.value, digits), round(finding.standard_error, digits)]
    gap = findings["train_minus_test_gan_1"]
    said = re.search(
        r"images are (\d+) nats likelier than test images, with an interval from (\S+) to (\d+)", text
    )
    assert [int(n) for n in said.groups()] == [round(gap.value), *(round(end) for end in gap.interval)]
    assert number(r"The DBN's bound is (\S+) ±", "measures.md") == round(findings["lower_dbn_1"].value, 1)


def test_the_page_on_chains_quotes_the_experiment() -> None:
    report = (ROOT / "REPORT.md").read_text("utf-8")
    cells = dict(re.findall(r"\| 10,000 +\| (5|500) +\| ([-\d.|\s]+?) \|\n", report))
    short, long = ([round(float(v)) for v in cells[steps].split("|")] for steps in ("5", "500"))
    said = (
        r"from (\d+) at 5 steps to (\d+) at 500 for the stacked CAE, and from (\d+) to (\d+) for the deep GSN"
    )
    found = re.search(said, " ".join((DOCS / "chains.md").read_text("utf-8").split()))
    assert found
    assert [int(v) for v in found.groups()] == [short[1], long[1], short[2], long[2]]


def test_the_pages_quote_the_search_and_the_protocol() -> None:
    quoted = {"dbn": r"worth (\d+) nats for the DBN", "cae": r"DBN, (\d+) for the stacked CAE"}
    for row, pattern in (quoted | {"gsn": r"CAE and (\d+) for the deep GSN"}).items():
        log = read_log(log_path(ROOT / "results", row, "mnist"))
        assert log.best_chains
        long = next(t for t in log.chains if t.settings == {"chains": 100, "burn_in": 100})
        gain = (log.best_chains.valid_mean or 0) - (long.valid_mean or 0)
        assert number(pattern, "chains.md") == round(gain)
    assert number(r"ten values lie (\d+) % apart", "parzen.md") == round(
        100 * (AUTHORS_SIGMAS[1] / AUTHORS_SIGMAS[0] - 1)
    )
