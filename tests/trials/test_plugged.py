"""A trial of somebody else's model: wherever it runs, and its record says whose it is."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gan_repro import data, models
from gan_repro.experiments.results import load_results
from gan_repro.trials import rows
from gan_repro.trials.execution.dask_cluster import Cluster
from gan_repro.trials.execution.processes import Processes
from gan_repro.trials.execution.sweep import sweep
from gan_repro.trials.plugged import find_plugged
from gan_repro.trials.presets import Planned, get_preset, make_plan
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.spec import DataSpec
from gan_repro.util.plugins import PluginFile, PluginPackage
from tests.factories.plugins import forget_plugins, plugin_file
from tests.factories.trials import numbers, quiet


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What a test plugs in is gone after it."""
    yield
    forget_plugins()


@pytest.fixture
def plugin(tmp_path: Path) -> PluginFile:
    """A file with a row, loaded; on disk it is gone."""
    path = plugin_file(tmp_path)
    file = PluginFile.read(path)
    file.load()
    path.unlink()
    return file


def plan_of(images: DataSpec, *names: str, seeds: int = 1) -> list[Planned]:
    return make_plan(get_preset("smoke"), [images], names, seeds)


def records_of(outcomes) -> list[TrialRecord]:
    assert all(outcome.record is not None for outcome in outcomes), outcomes
    return [outcome.record for outcome in outcomes]


def test_the_row_is_planned_as_it_says(plugin, digits_spec) -> None:
    ours, theirs = plan_of(digits_spec, "gaussian", "blur")
    assert rows.names("digits")[-1] == "blur"
    assert rows.label("blur") == "Blurred | images"
    assert "blur" not in rows.names("cifar10")
    assert "blur" not in get_preset("smoke").rows("digits")
    assert (theirs.smaller, theirs.minutes) == (("200 samples",), 0.1)
    assert theirs.spec.evaluation.n_samples == 200
    whole = get_preset("paper").spec("blur", digits_spec, 1)
    assert whole.evaluation.n_samples == 10_000
    assert get_preset("paper").cut("blur", "digits").smaller == ()
    assert get_preset("smoke").row_of(theirs.spec) == "blur"
    assert get_preset("smoke").row_of(ours.spec) == "gaussian"


def test_the_record_tells_the_file_and_keeps_the_id(plugin, digits_spec, tmp_path) -> None:
    plan = plan_of(digits_spec, "gaussian", "blur")
    ours, theirs = records_of(sweep(plan, quiet(tmp_path, plugins=(plugin,)))[0])
    assert ours.provenance.plugins == ()
    assert [(p.kind, p.name, p.file, p.sha256) for p in theirs.provenance.plugins] == [
        ("row", "blur", "blur.py", plugin.sha256),
        ("model", "blur", "blur.py", plugin.sha256),
    ]
    assert theirs.spec.id == plan[1].spec.id
    assert "plugin" not in theirs.spec.canonical_json()


def test_local_workers_find_it(plugin, digits_spec, tmp_path) -> None:
    plan = plan_of(digits_spec, "blur", seeds=2)
    here = records_of(sweep(plan, quiet(tmp_path / "here", plugins=(plugin,)))[0])
    executor = Processes(multiprocessing.RawArray("d", 2))
    options = quiet(tmp_path / "there", plugins=(plugin,))
    there = records_of(sweep(plan, options, executor=executor)[0])
    assert [numbers(record) for record in here] == [numbers(record) for record in there]
    assert there[0].provenance.plugins == here[0].provenance.plugins
    lost = sweep(plan[:1], quiet(tmp_path / "lost"), executor=Processes(multiprocessing.RawArray("d", 1)))
    assert "no model is called 'blur'" in (lost[0][0].problem or "")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_workers_of_a_cluster_find_it(plugin, digits_spec, tmp_path) -> None:
    import distributed

    plan = plan_of(digits_spec, "blur")
    options = quiet(tmp_path / "results", plugins=(plugin,))
    lacking = replace(options, results=tmp_path / "lacking", plugins=(PluginPackage("theirs", "1.2"),))
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=tmp_path
    ) as cluster:
        address = cluster.scheduler_address
        (record,) = records_of(sweep(plan, options, executor=Cluster(address))[0])
        assert {p.sha256 for p in record.provenance.plugins} == {plugin.sha256}
        (lost,) = sweep(plan, lacking, executor=Cluster(address))[0]
        assert "plug-in theirs 1.2 is not installed on this machine" in (lost.problem or "")


def test_a_record_of_a_file_that_is_not_loaded_is_told(plugin, digits_spec, tmp_path) -> None:
    (record,) = records_of(sweep(plan_of(digits_spec, "blur"), quiet(tmp_path, plugins=(plugin,)))[0])
    assert find_plugged([record]) == {}
    assert load_results(tmp_path).problems == ()
    forget_plugins()
    said = "uses model blur of a plug-in that is not here; give --plugin blur.py"
    assert find_plugged([record]) == {record.spec.id: said}
    results = load_results(tmp_path)
    assert [str(problem) for problem in results.problems] == [f"{record.spec.id}.json {said}"]
    assert results.trials == (record,)
    assert models.PLUGGED.names() == ()


def test_what_is_no_model_row_or_data_set_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^model x is no subclass of gan_repro\.models\.base\.Model$"):
        models.register(type("X", (), {"name": "x"}))
    with pytest.raises(ValueError, match="has a class whose `name` is 'gaussian'; make both names one"):
        models.PLUGGED.add("x", models.model_class("gaussian"))
    with pytest.raises(ValueError, match=r"^row x is no gan_repro\.trials\.rows\.Row$"):
        rows.PLUGGED.add("x", 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^row x has the name 'gan' in it; make both one$"):
        rows.PLUGGED.add("x", rows.ROWS["gan"])
    with pytest.raises(ValueError, match=r"^data set x is no gan_repro\.data\.Entry$"):
        data.register("x", 1)  # type: ignore[arg-type]
