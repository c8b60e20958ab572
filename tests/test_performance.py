"""docs/performance.md is what the recorded benchmarks give, and nothing that they did not measure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import bench_parzen, recorded, report

RATIO = "bench_parzen.AuthorsProtocol.track_ratio_to_products"
SECONDS = "bench_parzen.Samples.time_density"


def record(
    folder: Path, results: dict[str, list], *, date: int = 1, commit: str = "a" * 40, name: str = "quiet"
) -> None:
    machine = {"machine": name, "cpu": "a processor", "num_cpu": "2", "os": "Linux 6"}
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "machine.json").write_text(json.dumps(machine))
    data = {
        "commit_hash": commit,
        "date": date,
        "params": machine,
        "python": "3.11",
        "requirements": {"torch": "2.13.0"},
        "result_columns": ["result", "params", "version"],
        "results": results,
    }
    (folder / name / f"{commit[:8]}-env.json").write_text(json.dumps(data))


def ratio_results(median: float | None) -> dict[str, list]:
    places = ["'cpu-1-thread'", "'cpu-2-threads'", "'cuda'"]
    values = [median, 1.19, 1.2, 1.9, float("nan"), float("nan")]
    return {RATIO: [values, [places, ["'median'", "'worst'"]], "1"]}


def line(page: str, start: str) -> list[str]:
    (found,) = (row for row in page.splitlines() if row.startswith(f"| {start}"))
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_the_page_is_what_the_recorded_results_give() -> None:
    assert report.main(["--check"]) == 0


def test_a_ratio_has_its_worst_and_a_skipped_one_a_dash(tmp_path: Path) -> None:
    record(tmp_path, ratio_results(0.5))
    page = report.render(recorded.read(tmp_path))
    assert line(page, "Parzen, the authors' protocol")[1:] == ["≤ 0.6", "0.5 (1.19)", "**1.2 (1.9)**", "–"]
    assert "a processor, 2 cores, Linux 6; Python 3.11, torch 2.13.0.\n" in page
    assert "Measured at commit aaaaaaaaaa (1970-01-01).\n" in page


def test_a_median_beyond_its_limit_is_bold_by_threads(tmp_path: Path) -> None:
    places, statistics = ["'cpu-1-thread'", "'cpu-2-threads'", "'cuda'"], ["'median'", "'worst'"]
    step = [[1.2, 1.2, 1.2, 1.4, 9.0, 9.0], [["'gan'"], places, statistics], "2"]
    plain = [[1.5, 1.2, 1.4, 1.4, 1.0, 1.0], [["'plain'"], places, statistics], "2"]
    results = {
        "bench_training.AgainstProducts.track_ratio_to_products": step,
        "bench_training.AgainstPlainPyTorch.track_speedup": plain,
        "bench_parzen.Memory.time_density": [[0.2, 2.5], [["100000", "1000000"]], "2"],
        "bench_parzen.Memory.track_megabytes_beyond_the_file": [[80, 501], [["100000", "1000000"]], "2"],
        "bench_import.Help.track_seconds": [[0.4, 0.51], [["'quick'", "'slow'"]], "1"],
    }
    record(tmp_path, results)
    page = report.render(recorded.read(tmp_path))
    assert line(page, "GAN step, in times")[1:] == [
        "≤ 1.15 (2 threads: 1.25)", "**1.2**", "1.2 (1.4)", "9"
    ]  # fmt: skip
    assert line(page, "GAN step, times faster than")[1:] == ["≥ 1.5", "1.5 (1.2)", "**1.4**", "1"]
    assert line(page, "Parzen, 1,000,000 samples")[1:3] == ["≤ 12", "**12.5**"]
    assert line(page, "Parzen, MB beyond")[1:3] == ["≤ 500", "**501**"]
    assert line(page, "`python -m quick")[1:] == ["≤ 0.5", "0.4"]
    assert line(page, "`python -m slow")[1:] == ["≤ 0.5", "**0.51**"]


def test_what_an_older_version_of_a_benchmark_measured_is_told(tmp_path: Path) -> None:
    name, sizes = "bench_parzen.Memory", [["100000", "1000000"]]
    for version, told in (("1", True), (bench_parzen.Memory.version, False)):
        results = {
            f"{name}.{what}": [[0.2, 2.5], sizes, version]
            for what in ("time_density", "track_megabytes_beyond_the_file")
        }
        record(tmp_path, {**results, "bench_training.Step.time_update": [[1], [["'gone'"]], "1"]})
        page = report.render(recorded.read(tmp_path))
        said = f"and not anew: `{name}` (1, now {bench_parzen.Memory.version}).\n"
        for words in (said, "which read too low", "were black"):
            assert (words in page) == told, words


def test_a_machine_that_saw_only_older_code_says_so(tmp_path: Path) -> None:
    record(tmp_path, ratio_results(0.5), date=1)
    record(tmp_path, ratio_results(0.5), date=2, commit="b" * 40, name="other")
    page = report.render(recorded.read(tmp_path))
    assert page.count("older code than") == 1
    assert "This is older code than all that was measured on other." in page.split("## quiet")[1]
    record(tmp_path, {SECONDS: [[0.2], [["'cuda'"], ["1000"]], "1"]}, date=3, commit="c" * 40)
    assert "older code than" not in report.render(recorded.read(tmp_path))


def test_what_failed_is_not_hidden(tmp_path: Path) -> None:
    record(tmp_path, ratio_results(None))
    page = report.render(recorded.read(tmp_path))
    assert line(page, "Parzen, the authors' protocol")[2] == "failed (1.19)"


def test_a_benchmark_that_never_started_failed_throughout(tmp_path: Path) -> None:
    record(tmp_path, {RATIO: [None, ratio_results(1)[RATIO][1], "1"]})
    page = report.render(recorded.read(tmp_path))
    assert line(page, "Parzen, the authors' protocol")[2:] == ["failed"] * 3


def test_growth_is_told_in_times_of_the_smallest(tmp_path: Path) -> None:
    places, sizes = ["'cpu-2-threads'", "'cuda'"], ["1000", "10000"]
    nan = float("nan")
    record(tmp_path, {SECONDS: [[0.02, 0.21, nan, nan], [places, sizes], "1"]})
    page = report.render(recorded.read(tmp_path))
    assert line(page, "1,000 ")[1:] == ["0.02", "1", "–", "–"]
    assert line(page, "10,000 ")[1:] == ["0.21", "10.5", "–", "–"]


def test_the_newest_commit_of_a_machine_counts(tmp_path: Path) -> None:
    record(tmp_path, ratio_results(1.5), date=2, commit="b" * 40)
    record(tmp_path, ratio_results(1.7), date=1, commit="c" * 40)
    (run,) = recorded.read(tmp_path)
    assert run.commits == ("b" * 40,)


def test_what_the_newest_commit_lacks_comes_from_an_older_one(tmp_path: Path) -> None:
    sizes = [["'cpu-2-threads'", "'cuda'"], ["1000"]]
    record(tmp_path, ratio_results(1.5), date=2, commit="b" * 40)
    old = {**ratio_results(1.7), SECONDS: [[0.02, float("nan")], sizes, "1"]}
    record(tmp_path, old, date=1, commit="c" * 40)
    page = report.render(recorded.read(tmp_path))
    assert line(page, "Parzen, the authors' protocol")[2] == "**1.5 (1.19)**"
    assert line(page, "1,000 ")[1] == "0.02"
    commits = "bbbbbbbbbb (1970-01-01), cccccccccc (1970-01-01)"
    assert f"Each number is of the newest commit that has it: {commits}.\n" in page


def test_an_empty_folder_gives_a_page_that_says_so(tmp_path: Path) -> None:
    assert "Nothing is recorded yet." in report.render(recorded.read(tmp_path))


def test_a_stale_page_is_found_and_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "PAGE", tmp_path / "docs" / "performance.md")
    assert report.main(["--check"]) == 1
    assert report.main([]) == 0
    assert report.main(["--check"]) == 0
    report.PAGE.write_text("edited by hand")
    assert report.main(["--check"]) == 1
    assert report.PAGE.read_text() == "edited by hand"
    assert "stale" in capsys.readouterr().err


@pytest.mark.parametrize(("now", "named"), [(1.5, True), (1.12, False), (0.9, False)])
def test_a_ratio_that_grew_by_a_tenth_is_named(tmp_path: Path, now: float, named: bool) -> None:
    record(tmp_path, ratio_results(1.1), date=1, commit="b" * 40)
    record(tmp_path, ratio_results(now), date=2, commit="c" * 40)
    (run,) = recorded.read(tmp_path)
    assert bool(run.regressions()) == named
    assert (f"{RATIO} (cpu-1-thread): 1.1 before, {now:.3g} now" in report.render([run])) == named


def test_another_version_of_a_benchmark_is_no_regression(tmp_path: Path) -> None:
    old = ratio_results(1.1)
    old[RATIO][2] = "0"
    record(tmp_path, old, date=1, commit="b" * 40)
    record(tmp_path, ratio_results(1.9), date=2, commit="c" * 40)
    (run,) = recorded.read(tmp_path)
    assert run.regressions() == []


def test_a_falling_speedup_is_a_regression(tmp_path: Path) -> None:
    name = "bench_training.AgainstPlainPyTorch.track_speedup"
    parameters = [["'plain'"], ["'cpu-1-thread'"], ["'median'"]]
    record(tmp_path, {name: [[1.6], parameters, "2"]}, date=1, commit="b" * 40)
    record(tmp_path, {name: [[1.2], parameters, "2"]}, date=2, commit="c" * 40)
    (run,) = recorded.read(tmp_path)
    assert run.regressions() == [f"{name} (plain cpu-1-thread): 1.6 before, 1.2 now"]
