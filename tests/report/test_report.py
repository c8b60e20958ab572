"""REPORT.md says what the records say and what they lack, and so it does in this repository."""

import re
import subprocess
import sys
from pathlib import Path

from gan_repro import paper, report
from gan_repro.audit.__main__ import check
from gan_repro.audit.seal import own_runs
from gan_repro.verdicts.evidence import Evidence
from gan_repro.verdicts.judge import experiments_read, judge
from tests.factories.records import experiment, folder, trial, trials

ROOT = Path(__file__).parents[2]


def section(text, heading):
    return text.split(f"\n## {heading}")[1].split("\n## ")[0]


def test_the_records_of_this_repository_hold_and_are_what_is_printed():
    results = ROOT / "results"
    own = {Path(name).stem for name in own_runs(results)}
    assert [str(problem) for problem in check(results) if problem.where not in own] == []


def test_an_empty_folder_gives_a_report_that_claims_nothing(tmp_path):
    text = report.render(tmp_path)
    assert "225 ± 2 nats on MNIST: cannot be told" in text
    assert "0 held, 0 did not, and of 8 it cannot be told" in text
    assert "No reference has been scored" in text
    assert "No trial on this data set is recorded" in text
    missing = section(text, "What is missing")
    for name in experiments_read():
        assert f"experiment `{name}` has not been recorded" in missing
    assert "Adversarial nets on TFD: no full-size trial" in missing


def test_every_claim_stands_with_its_verdict_and_the_trials_behind_it(tmp_path):
    records = trials("gan", [224.0, 226.0, 225.5], preset="paper") + trials("kmeans", [335.0])
    results = folder(tmp_path, records)
    text = report.render(results)
    for verdict in judge(Evidence.load(results)):
        details = text.split(f"### `{verdict.claim}`: ")[1].split("###")[0]
        assert details.startswith(verdict.ruling)
        assert all(f"`{id}`" in details for id in verdict.trials)
    assert "225 ± 2 nats on MNIST: holds" in text
    made = section(text, "How each number was made")
    assert "python -m gan_repro.table1 --datasets mnist --preset paper --models gan --seeds 3 --fresh" in made
    assert all(f"`{record.spec.id}`" in made for record in records)
    assert "k-means centroids on MNIST: 4 of the 5 seeds of preset paper" in text


def test_runs_of_smaller_presets_change_nothing(tmp_path):
    full = trials("gan", [156.0])
    one = report.render(folder(tmp_path / "one", full))
    two = report.render(folder(tmp_path / "two", [*full, trial("gan", 1, 40.0, preset="quick")]))
    assert one == two


def test_failed_trials_stay_visible(tmp_path):
    failed = trial("gan", 1, 0.0).model_copy(
        update={"status": "diverged", "reason": "NaN in epoch 3", "candidates": {}}
    )
    text = report.render(folder(tmp_path, [failed]))
    assert f"`{failed.spec.id}` is diverged: NaN in epoch 3" in section(text, "What is missing")


def test_text_of_records_is_text_and_no_markup(tmp_path):
    def told(text):
        failed = trial("gan", 1, 0.0).model_copy(update={"status": "error", "reason": text, "candidates": {}})
        done = trial("kmeans", 1, 335.0)
        where = done.provenance.model_copy(
            update={"environment": {**done.provenance.environment, "device": text}}
        )
        measured = experiment("memorisation", nearest_is_training=(0.4, 0.5))
        finding = measured.findings["nearest_is_training"].model_copy(update={"what": text})
        measured = measured.model_copy(update={"findings": {"nearest_is_training": finding}})
        records = [failed, done.model_copy(update={"provenance": where})]
        return report.render(folder(tmp_path / text[:1], records, (measured,)))

    sound, hostile = told("harmless"), told("<script>x</script>\n# | $x$")
    assert len(hostile.splitlines()) == len(sound.splitlines())
    assert hostile.count(r"\<script>") >= 4, "reason, device and finding, in cells and in sentences"
    assert not re.search(r"(?<!\\)<script|(?<!\\)\$x", hostile)


def test_what_the_protocol_costs_is_held_against_the_printed_margin(tmp_path):
    record = experiment("sensitivity", coarse_grid=(4.0, 7.0), variance_share=(0.1, 0.2))
    nats = record.findings["coarse_grid"].model_copy(update={"unit": "nats"})
    record = record.model_copy(update={"findings": {**record.findings, "coarse_grid": nats}})
    text = report.render(folder(tmp_path, trials("gan", [156.0]), (record,)))
    lines = section(text, "What the protocol's choices cost").splitlines()
    assert "11 nats above the next row" in "\n".join(lines)
    row = next(line for line in lines if "`coarse_grid`" in line)
    assert "5.5 nats, 95 % interval [4, 7] over training seeds (n = 5)" in row
    assert row.endswith("| 0.50 |")
    assert next(line for line in lines if "`variance_share`" in line).endswith("|  |")


def test_figures_are_shown_with_what_they_were_made_from(tmp_path):
    records = trials("gan", [156.0])
    results = folder(tmp_path, records, (experiment("game-1d", jsd_end=(0.0, 0.1)),))
    (results / "figures").mkdir()
    for name in ("learning_curves_mnist", "game_1d", "scores_mnist"):
        (results / "figures" / f"{name}.png").write_bytes(b"")
    whole = report.render(results)
    assert "(results/figures/scores_mnist.png)" in section(whole, "Where a score stands")
    text = section(whole, "Figures")
    assert "(results/figures/learning_curves_mnist.png)" in text
    assert f"Made from `{records[0].spec.id}`." in text
    assert "Made from experiment `game-1d`." in text


def test_later_results_stand_beside_ours_by_height(tmp_path):
    text = section(report.render(folder(tmp_path, trials("kmeans", [330.0]))), "Where a score stands")
    order = [
        text.index(name) for name in ("| eVAE |", "| **k-means centroids** |", "| VAE |", "| Diffusion |")
    ]
    assert order == sorted(order)
    assert {later.label for later in paper.LATER_RESULTS} >= {"GMMN", "Diffusion", "Conditional GAN"}
    # Remembered and not confirmed in a source: must not stand in print.
    assert not any(number in text for number in ("427", "2522", "305 ±", "445"))


def test_help_answers_without_the_heavy_libraries():
    for command in ("gan_repro.report", "gan_repro.audit"):
        code = (
            f"import sys, runpy; sys.argv = ['x', '--help']\n"
            f"try: runpy.run_module('{command}', run_name='__main__')\n"
            "except SystemExit: pass\n"
            "sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0, command
