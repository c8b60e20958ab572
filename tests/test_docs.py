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
from gan_repro.experiments import chains
from gan_repro.experiments.quality_record import (
    AS_PUBLISHED,
    BEST_BY_SEARCH,
    SETS,
    QualityPoint,
    series_name,
)
from gan_repro.paper import printed
from gan_repro.parzen.protocols import AUTHORS_SIGMAS
from gan_repro.search.log import log_path, read_log
from gan_repro.tables.collapse import short_trainings
from gan_repro.tables.collect import recorded_table
from gan_repro.tables.render import render
from gan_repro.trials.presets import completest, row_under
from gan_repro.trials.records import TrialRecord
from tests.factories.published import adversarial_nets, published_record, ruling

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


def numbers(pattern: str, page: str) -> list[float]:
    """The numbers in the one place of a page's text that a pattern finds."""
    text = " ".join((DOCS / page).read_text(encoding="utf-8").split())
    found = list(re.finditer(pattern, text))
    assert len(found) == 1, (pattern, found)
    return [float(group.replace(",", "")) for group in found[0].groups()]


def number(pattern: str, page: str) -> float:
    """The one number in a page's text that a pattern finds."""
    (found,) = numbers(pattern, page)
    return found


def trial_of(row: str, seed: int) -> TrialRecord:
    """The longest published training of a row on MNIST."""
    trials = [
        record
        for record in published_record().trials
        if record.spec.data.name == "mnist" and record.spec.seed == seed
        if row_under(completest(record.provenance.preset, record.spec), record.spec) == row
    ]
    return max(trials, key=lambda record: len(record.learning_curve))


PAGE = "why-not-225.md"
REPORT = (ROOT / "REPORT.md").read_text("utf-8")


def cells() -> dict[str, dict[str, Any]]:
    results = published_record()
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
    assert number(r"its best, after \d+ epochs \| (\d+) epochs", PAGE) == len(stopped.learning_curve)
    assert number(r"its best, after (\d+) epochs", PAGE) == stopped.candidates["best"].epoch
    for page in (PAGE, "results.md"):
        text = " ".join((DOCS / page).read_text("utf-8").split())
        for seed, net in adversarial_nets("paper").items():
            assert re.search(rf"seed {seed}\b[^.]{{0,60}} {net.score.log_likelihood}", text), (page, seed)
    came_back = trial_of("gan-alternating", 2).score.log_likelihood.value
    assert number(r"had collapsed on one and scored (\d+\.\d) on another", PAGE) == round(came_back, 1)


def test_why_not_225_tells_what_each_choice_was_worth() -> None:
    """Of the first three seeds, as REPORT.md has it."""
    seeds = (1, 2, 3)
    table = REPORT.split("| The table's score ")[1]
    lines = {seed: re.findall(rf"^\| {seed} +\|.*$", table, re.MULTILINE)[0] for seed in seeds}
    cells = {seed: [cell.strip() for cell in line.split("|")[3:-1]] for seed, line in lines.items()}
    text = " ".join((DOCS / PAGE).read_text("utf-8").split())
    patterns = {
        1: r"another (\d\.\d), (\d\.\d) and (\d\.\d):",
        2: r"test images take (\d\.\d), (\d\.\d) and (\d\.\d) nats",
        3: r"gives nothing \((-?\d\.\d), (-?\d\.\d) and (-?\d\.\d)\)",
        4: r"and cost (\d+\.\d), (\d+\.\d) and (\d+\.\d) nats",
        5: r"have ended them after ([\d,]+), ([\d,]+) and ([\d,]+) epochs",
    }
    for column, pattern in patterns.items():
        said = re.findall(pattern, text)
        assert len(said) == 1, pattern
        shown = [cells[seed][column].removeprefix("after ").removesuffix(" epochs") for seed in seeds]
        assert list(said[0]) == [cell.lstrip("+-" if column == 4 else "+") for cell in shown]
    whole = adversarial_nets("paper")
    refined = [whole[seed].candidates["last"].scores["refined"] for seed in seeds]
    said = re.findall(
        r"have (\d+\.\d) nats \(seed 1.*?\), (\d+\.\d) \(seed 2.*?\) and (\d+\.\d) \(seed 3", text
    )
    assert said == [tuple(f"{score.valid_mean:.1f}" for score in refined)]
    said = re.findall(r"they would have (\d+\.\d), (\d+\.\d) and (\d+\.\d)\.", text)
    assert said == [tuple(f"{score.log_likelihood.value:.1f}" for score in refined)]
    scores = [whole[seed].score.log_likelihood.value for seed in seeds]
    mean, error = np.mean(scores), np.std(scores, ddof=1) / 3**0.5
    for page in (DOCS / PAGE, DOCS / "results.md", ROOT / "README.md"):
        assert f"{mean:.1f} ± {error:.1f}" in page.read_text("utf-8"), page
    claim = (ROOT / "results" / "report" / "claims.md").read_text("utf-8").split("## `mnist-gan`")[1]
    low, high = re.findall(r"90 % interval \[(\d+\.\d), (\d+\.\d)\]", claim)[0]
    assert f"90 % interval, {low} to {high}," in text
    needed = re.findall(r"it would take (\d+) seeds", claim)[0]
    assert f"it would take {needed} seeds" in text
    confirmed = re.findall(r"printed numbers, 5 seeds, deviation 3.5: .*? holds (\d+)%", claim)[0]
    assert f"confirm a true 225 in {confirmed} of 100 cases" in text


def test_why_not_225_says_what_the_rules_rule() -> None:
    text = " ".join((DOCS / PAGE).read_text("utf-8").split())
    assert f"**{ruling('mnist-gan')}**" in text
    said = re.search(
        r"three seeds it sees a miss of (\d+) nats, with five of (\d+), and .* from (\w+) on", text
    )
    assert said
    sees = re.search(
        r"(\d+) nats off, 3 seeds, deviation 3.5; (\d+) nats off, 5 seeds, .* from (\d+) seeds on", REPORT
    )
    assert sees
    assert said.groups() == (*sees.groups()[:2], {"8": "eight"}[sees[3]])
    scatter = re.findall(r"\| mean .*?, deviation (\d\.\d) ", REPORT)[0]
    assert f"These three scatter by {scatter} nats" in text
    report = (ROOT / "results/report/training.md").read_text("utf-8")
    scatter, above = re.findall(r"\| (\d\.\d) +\| \+(\d\.\d) +\|", report)[0]
    assert number(r"look scatters by (\d\.\d) nats", PAGE) == float(scatter)
    assert number(r"stood (\d\.\d) above its neighbours", PAGE) == float(above)


def test_what_bfloat16_changes_is_quoted_as_recorded() -> None:
    findings = published_record().experiments["precision"].findings
    difference = findings["difference_refined"]
    assert difference.interval
    assert number(r"validation likelihood by (\d\.\d) ±", "table.md") == round(difference.value, 1)
    assert number(r"3\.2 ± (\d\.\d) nats", "table.md") == round(difference.standard_error or 0, 1)
    assert number(r"interval (-?\d+\.\d) to", "table.md") == round(difference.interval[0], 1)
    assert number(r"interval -?\d+\.\d to (\d+\.\d)", "table.md") == round(difference.interval[1], 1)
    assert number(r"took (\d\.\d+) times as long", "table.md") == round(findings["speedup"].value, 2)


def test_the_pages_quote_the_quality_of_samples() -> None:
    findings = published_record().experiments["sample-quality"].findings

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
    findings = published_record().experiments["true-likelihood"].findings
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
    assert numbers(r"from (\d+) at 5 steps to (\d+) at 500 for the stacked CAE", "chains.md") == [
        short[1],
        long[1],
    ]
    assert numbers(r"For the deep GSN it goes from (\d+) to (\d+)\.", "chains.md") == [short[2], long[2]]


def test_the_page_on_chains_tells_of_the_gsns_as_published() -> None:
    results = published_record()
    record = results.experiments["chains"]
    nets = [r for r in results.trials if r.spec.model == "gsn" and r.spec.id in record.trial_ids]
    assert [net.spec.seed for net in nets] == [1, 2, 3]
    assert {net.spec.config["epochs"] for net in nets} == {100}
    scores = [round(net.score.log_likelihood.value, 1) for net in nets]
    assert numbers(r"5 steps they score (\d+\.\d), (\d+\.\d) and (\d+\.\d)\.", "chains.md") == scores
    ways = [chains.published_scores(record, chains.ONE_CHAIN, "gsn", sigma) for sigma in (0.2, 0.23, None)]
    assert numbers(
        r"have (\d+\.\d) on average at the code's sigma of 0.20, (\d+\.\d) at .*? and (\d+\.\d) at the sigma",
        "chains.md",
    ) == [round(float(np.mean(list(way.values()))), 1) for way in ways]
    gains = []
    for net in nets:
        looks = {p.epoch: p.valid_mean for p in net.learning_curve if p.valid_mean is not None}
        gains.append((looks[100] - looks[90]) / 10)
    assert number(r"still gained (\d\.\d) nats an epoch", "chains.md") == round(float(np.mean(gains)), 1)


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


def test_results_tells_how_far_the_older_models_are_above_print() -> None:
    table = cells()
    above = []
    for row in ("dbn", "cae", "gsn"):
        value = printed(row, "mnist")
        assert value is not None
        above.append(round(table[row]["Best by search"]["score"]["value"] - value.value))
    assert numbers(r"above their rows in the paper, by (\d+), (\d+) and (\d+) nats", "results.md") == above


def test_results_quotes_the_search() -> None:
    gains = []
    for row in ("dbn", "cae", "gsn"):
        log = read_log(log_path(ROOT / "results", row, "mnist"))
        ways = {(t.settings["chains"], t.settings["burn_in"]): t.valid_mean or 0 for t in log.chains}
        gains.append(max(value for (chains, _), value in ways.items() if chains == 10_000) - ways[100, 100])
        if row == "cae":
            said = numbers(r"the search scores (\d+) nats .*? 5 steps .*? and (\d+) after 50", "results.md")
            assert said == [round(ways[10_000, 5]), round(ways[10_000, 50])]
    ends = numbers(r"chains from noise worth (\d+) to (\d+) nats more", "results.md")
    assert ends == [round(min(gains)), round(max(gains))]
    log = read_log(log_path(ROOT / "results", "gan", "mnist"))
    released, faster = (
        next(t.valid_mean or 0 for t in log.tried if t.settings == {"learning_rate": rate})
        for rate in (0.1, 0.2)
    )
    assert log.best
    assert log.best.valid_mean == faster
    said = numbers(r"worth (\d+) nats after its seven epochs \((\d+) against (\d+),", "results.md")
    assert said == [round(value) for value in (faster - released, faster, released)]


def test_results_quotes_the_variants_of_the_recipe() -> None:
    released = adversarial_nets("standard")
    leads = [
        (trial_of("gan-searched", seed).learning_curve[-1].valid_mean or 0)
        - (released[seed].learning_curve[-1].valid_mean or 0)
        for seed in (1, 2, 3)
    ]
    said = numbers(r"after 100 epochs (\d+) ± (\d+) of them are left \(three seeds\)", "results.md")
    assert said == [round(np.mean(leads)), round(np.std(leads, ddof=1) / 3**0.5)]

    def scores(row: str, *seeds: int) -> list[float]:
        return [round(trial_of(row, seed).score.log_likelihood.value, 1) for seed in seeds]

    said = numbers(r"Gaussian noise: (\S+) and (\S+) nats from seeds 2 and 3", "results.md")
    assert said == scores("gan-gaussian-noise", 2, 3)
    said = numbers(r"\(released: (\S+) and (\S+)\), and from seed 1", "results.md")
    assert said == [round(released[seed].score.log_likelihood.value, 1) for seed in (2, 3)]
    assert [number(r"collapse of .*? that lasts \((\S+)\)\. Alt", "results.md")] == scores(
        "gan-gaussian-noise", 1
    )
    said = numbers(r"settings: (\S+) nats from seed 2, and collapses from seed 1 \((\S+)\) and", "results.md")
    assert said == scores("gan-alternating", 2, 1)
    curve = trial_of("gan-alternating", 3).learning_curve
    best = max(point.valid_mean for point in curve if point.valid_mean is not None)
    assert numbers(r"and 3 \((-\d+) at best in (\d+) epochs\)", "results.md") == [round(best), len(curve)]


def test_results_quotes_the_order_of_updates() -> None:
    effect = published_record().experiments["update-order"].findings["order_effect"]
    assert effect.interval
    assert effect.n == 3
    said = numbers(r"is worth (-\d+) nats, with a 95 % interval from (-\d+) to (\d+)\)", "results.md")
    assert said == [round(value) for value in (effect.value, *effect.interval)]


def test_measures_quotes_kid_of_what_needs_no_net() -> None:
    findings = published_record().experiments["sample-quality"].findings

    def kid(row: str) -> float:
        return float(np.mean([findings[f"kid/baseline/{row}/seed{seed}"].value for seed in (1, 2, 3)]))

    said = numbers(r"real images (\S+), margin of the rule (\S+)\): training images (\S+),", "measures.md")
    assert said == [
        round(value, 4) for value in (findings["kid/real"].value, findings["margin"].value, kid("train-set"))
    ]
    assert number(r"centroids of k-means (0\.\d+), DBN", "measures.md") == round(kid("kmeans"), 2)
    assert number(r"a Gaussian per pixel (\d\.\d+)\.", "measures.md") == round(kid("gaussian"), 2)


def test_measures_quotes_the_accuracy_of_its_net() -> None:
    told = json.loads((ROOT / "results/weights/mnist-digit-network.json").read_text("utf-8"))
    said = numbers(r"it tells (\S+) % of the test digits \((\S+) % of the validation", "measures.md")
    assert said == [round(100 * told[f"accuracy_{part}"], 2) for part in ("test", "valid")]


def test_measures_quotes_the_sharp_distributions() -> None:
    findings = published_record().experiments["sharp-distributions"].findings
    value = {name: finding.value for name, finding in findings.items()}
    said = numbers(r"width of the ring (\S+) times its own \(chains (\S+)\)", "measures.md")
    assert said == [round(value[name], 2) for name in ("width_ring", "chains_width_ring")]
    said = numbers(r"masses (\S+) of half the gap \(chains (\S+)\)", "measures.md")
    assert said == [round(value[name], 3) for name in ("width_masses", "chains_width_masses")]
    said = numbers(r"stray (\d+) % and (\d+) % \(chains (\d+) % and (\d+) %\)", "measures.md")
    strays = ("stray_ring", "stray_masses", "chains_stray_ring", "chains_stray_masses")
    assert said == [round(100 * value[name]) for name in strays]
    assert number(r"(0\.\d+) times the width of chains", "measures.md") == round(
        value["width_against_chains"], 2
    )
    for what, name in (("rank is", "jacobian_rank_mnist"), ("ratio", "jacobian_directions_mnist")):
        finding = findings[name]
        said = numbers(rf"{what} (\d+\.\d) ± (\d\.\d)", "measures.md")
        assert said == [round(finding.value, 1), round(finding.standard_error or 0, 1)]


def test_measures_says_which_bound_of_sharpness_is_not_told() -> None:
    findings = published_record().experiments["sharp-distributions"].findings
    most = {"width_ring": 2, "width_masses": 0.1, "stray_ring": 0.1, "stray_masses": 0.1}
    ends = {name: (findings[name].interval or ())[1] for name in most}
    assert [name for name in most if ends[name] > most[name]] == ["stray_masses"]
    assert all((findings[f"coverage_{shape}"].interval or ())[0] >= 0.7 for shape in ("ring", "masses"))
    said = numbers(r"of strays among the masses, (\d+) to (\d+) %, passes its bound", "measures.md")
    assert said == [round(100 * end) for end in findings["stray_masses"].interval or ()]
    assert ruling("sharp-distributions") == "cannot be told"


def test_readme_says_whose_precision_and_density_are_nearer() -> None:
    """DBN, run in both ways, beside the adversarial nets: by the digits told, no farther from real images."""
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    said = "by precision and density (docs/measures.md) the DBN is as near to real images, or nearer"
    assert said in readme
    series = published_record().experiments["sample-quality"].series
    for measure in ("precision", "density"):
        points = [QualityPoint(*point) for point in series[series_name(measure, "network")]]
        (real,) = (point.value for point in points if point.set < 0)

        def distance(way: str, row: str, real: float = real, points: Any = points) -> float:
            sets = [place for place, made in enumerate(SETS) if (made.way, made.row) == (way, row)]
            return abs(float(np.mean([point.value for point in points if point.set in sets])) - real)

        for way in (AS_PUBLISHED, BEST_BY_SEARCH):
            assert distance(way, "dbn") < distance(AS_PUBLISHED, "gan") + 0.005, (measure, way)
        assert distance(AS_PUBLISHED, "dbn") < distance(AS_PUBLISHED, "gan") - 0.01


def test_how_often_a_recipe_collapses_is_quoted_as_counted() -> None:
    record = published_record().experiments["collapse-rates"]
    rows = ("gan-alternating", "gan", "gan-gaussian-noise", "gan-searched")
    counted = [short_trainings(record, row) for row in rows]
    said = numbers(
        r"Of (\d+) trainings of (\d+) epochs each .* (\d+) with alternating updates had collapsed, (\d+)"
        r" by the released recipe, (\d+) with Gaussian noise and (\d+) at the searched rate",
        "results.md",
    )
    assert {of.trained for of in counted} == {said[0]}
    assert said[1:] == [record.settings["epochs"], *(of.collapsed for of in counted)]
