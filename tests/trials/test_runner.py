"""One trial from spec to record: resumed, refused, diverged, done once."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gan_repro.models.gan.model import GAN
from gan_repro.trials import environment, monitor, trial_run
from gan_repro.trials.checkpoint import checkpoint_path, epochs_saved, write_checkpoint
from gan_repro.trials.records import best_epoch
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.store import RecordStore
from gan_repro.util.seeds import generator
from tests.factories.trials import TINY_STACK, numbers, quiet


def test_a_trial_ends_in_a_record_with_everything_in_it(tiny_spec, tmp_path):
    spec = tiny_spec()
    record = run(spec, quiet(tmp_path, preset="smoke", smaller=("few units",)))
    assert record.status == "done"
    assert [point.epoch for point in record.learning_curve] == [1, 2, 3, 4]
    best = max(record.learning_curve, key=lambda point: point.valid_mean)
    assert record.candidates["best"].epoch == best.epoch
    assert record.candidates["last"].epoch == 4
    assert len(record.score.sigma_curve) == 10
    assert record.score.log_likelihood.over == "test examples"
    assert record.score.log_likelihood.n == 497
    assert {d["id"] for d in record.deviations} >= {"gan-random-streams"}
    assert record.provenance.preset == "smoke"
    assert record.provenance.environment["threads"] == 1
    assert record.provenance.environment["torch"] == torch.__version__
    assert RecordStore(tmp_path).read(spec) == record


def test_the_best_candidate_is_the_best_on_validation_images(tiny_spec, tmp_path):
    """Its parameters must be those of its epoch: a run that ends there has the same samples."""
    record = run(tiny_spec(epochs=8, learning_rate=0.5), quiet(tmp_path))
    best = record.candidates["best"]
    assert best.epoch < 8, "pick settings under which the last epoch is not the best"
    short = run(tiny_spec(epochs=best.epoch, learning_rate=0.5), quiet(tmp_path))
    assert short.candidates["last"].samples_sha256 == best.samples_sha256
    assert record.candidates["last"].samples_sha256 != best.samples_sha256


def test_same_seed_same_bits_other_seed_other_bits(tiny_spec, tmp_path):
    one = run(tiny_spec(), quiet(tmp_path / "a"))
    two = run(tiny_spec(), quiet(tmp_path / "b"))
    other = run(tiny_spec(seed=2), quiet(tmp_path / "a"))
    assert numbers(one) == numbers(two)
    assert one.candidates["last"].samples_sha256 != other.candidates["last"].samples_sha256


def test_a_finished_trial_is_not_run_again_unless_fresh(tiny_spec, tmp_path, monkeypatch):
    spec = tiny_spec()
    first = run(spec, quiet(tmp_path))
    fits = []
    fit = GAN.fit
    monkeypatch.setattr(GAN, "fit", lambda *a, **k: fits.append(1) or fit(*a, **k))
    assert run(spec, quiet(tmp_path)) == first
    assert not fits
    again = run(spec, quiet(tmp_path, fresh=True))
    assert fits == [1]
    assert numbers(again) == numbers(first)
    assert again.provenance.resumed == 0


def test_stopped_and_resumed_ends_like_a_straight_run(tiny_spec, tmp_path):
    spec = tiny_spec()
    straight = run(spec, quiet(tmp_path / "straight"))
    # Asked after every update: 40 in all, 10 an epoch. Stop within the second epoch, then within the third.
    begun = set()
    for stop_after in (14, 11):
        calls = iter(range(1, 1000))
        cut = run(spec, quiet(tmp_path / "cut", stop_requested=lambda c=calls, s=stop_after: next(c) > s))
        assert cut.status == "interrupted"
        assert "run the same command again" in cut.reason
        assert not cut.candidates
        begun.add(cut.provenance.begun)
        time.sleep(1.1)  # times are whole seconds
    resumed = run(spec, quiet(tmp_path / "cut"))
    assert resumed.provenance.resumed == 2
    assert {resumed.provenance.begun} == begun
    assert resumed.provenance.begun < resumed.provenance.started
    assert numbers(resumed) == numbers(straight)


def test_a_trial_that_was_moved_says_where_it_ran(tiny_spec, tmp_path, monkeypatch):
    here = environment.describe("cpu")
    commits = {"one": "a" * 40, "two": "b" * 40, "three": "a" * 40}

    def attempt(machine, updates=None):
        monkeypatch.setattr(environment, "describe", lambda device: {**here, "processor": machine})
        monkeypatch.setattr(environment, "code_version", lambda: (commits[machine], machine == "two"))
        calls = iter(range(1, 1000))
        stop = {} if updates is None else {"stop_requested": lambda: next(calls) > updates}
        return run(tiny_spec(), quiet(tmp_path, **stop)).provenance

    def earlier(provenance):
        return [(o.environment["processor"], o.commit[0], o.dirty) for o in provenance.earlier]

    assert earlier(attempt("one", 5)) == []
    assert earlier(attempt("one", 5)) == []
    assert earlier(attempt("two", 5)) == [("one", "a", False)]
    assert earlier(attempt("two", 5)) == [("one", "a", False)]
    last = attempt("three")
    assert earlier(last) == [("one", "a", False), ("two", "b", True)]
    assert (last.environment["processor"], last.commit, last.dirty) == ("three", "a" * 40, False)
    assert [origin.environment["processor"] for origin in last.origins] == ["one", "two", "three"]
    assert RecordStore(tmp_path).read(tiny_spec()).provenance == last


def test_a_checkpoint_from_before_origins_were_kept_is_taken_up(tiny_spec, tmp_path):
    spec, calls = tiny_spec(), iter(range(1, 1000))
    run(spec, quiet(tmp_path, stop_requested=lambda: next(calls) > 14))
    path = checkpoint_path(tmp_path, spec)
    saved = torch.load(path, weights_only=True)
    del saved["watch"]["origins"], saved["watch"]["begun"]
    torch.save(saved, path)
    record = run(spec, quiet(tmp_path))
    assert (record.status, record.provenance.resumed, record.provenance.earlier) == ("done", 1, ())
    assert record.provenance.begun is None


def test_a_checkpoint_of_an_earlier_commit_is_taken_up(tiny_spec, tmp_path):
    """The file was written by commit a535693, after 24 of 40 updates; trainings of its day go on."""
    spec = tiny_spec()
    path = checkpoint_path(tmp_path / "earlier", spec)
    path.parent.mkdir(parents=True)
    path.write_bytes(Path(__file__).with_name("checkpoint_of_commit_a535693.pt").read_bytes())
    assert epochs_saved(path, spec) == 2
    record, straight = run(spec, quiet(tmp_path / "earlier")), run(spec, quiet(tmp_path / "straight"))
    assert record.provenance.resumed == 1
    assert [str(origin.commit)[:7] for origin in record.provenance.earlier] == ["a535693"]
    # The first half ran on another machine, whose last digits may differ.
    for one, other in zip(record.learning_curve, straight.learning_curve, strict=True):
        assert one.losses == pytest.approx(other.losses, rel=1e-3)
        assert one.valid_mean == pytest.approx(other.valid_mean, abs=1)


def test_counting_epochs_reads_no_tensor_unless_asked_to(tiny_spec, tmp_path):
    spec = tiny_spec()
    run(spec, quiet(tmp_path))
    path = checkpoint_path(tmp_path, spec)
    assert (epochs_saved(path, spec), epochs_saved(path, spec, checksums=True)) == (4, 4)
    content = bytearray(path.read_bytes())
    weight = torch.load(path, weights_only=True)["model"]["tensors"]["g0/weight"].numpy().tobytes()
    content[content.index(weight)] ^= 1
    path.write_bytes(content)
    assert (epochs_saved(path, spec), epochs_saved(path, spec, checksums=True)) == (4, None)


def test_a_checkpoint_is_held_once_as_it_is_written(tmp_path):
    net = {"tensor": torch.zeros(2**21)}  # 8 MiB
    tracemalloc.start()
    try:
        write_checkpoint(tmp_path / "net.pt", {}, net)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 2**23 <= peak < 1.5 * 2**23


def test_a_lost_record_is_made_again_from_the_checkpoint(tiny_spec, tmp_path):
    spec = tiny_spec(epochs=60, learning_rate=2.0, evaluation={"patience": 3})
    record = run(spec, quiet(tmp_path))
    assert record.candidates["last"].epoch == record.candidates["best"].epoch + 3 < 60
    RecordStore(tmp_path).path(spec).unlink()
    assert numbers(run(spec, quiet(tmp_path))) == numbers(record)


def test_the_scored_generator_is_the_one_asked_for(tiny_spec, tmp_path):
    spec = tiny_spec(epochs=9, learning_rate=1.0, evaluation={"looks": 3, "scored": "last"})
    calls = iter(range(1, 1000))
    # Cut off between the looks that are averaged, and gone on with.
    run(spec, quiet(tmp_path / "cut", stop_requested=lambda: next(calls) > 14 * 5))
    record = run(spec, quiet(tmp_path / "cut"))
    assert numbers(record) == numbers(run(spec, quiet(tmp_path / "straight")))
    best, last = record.candidates["best"], record.candidates["last"]
    assert last.epoch == 9
    assert best.epoch == best_epoch(record.learning_curve, 3) < 9
    assert record.score == last.scores["authors"] != best.scores["authors"]


KILLED = """
    import os, signal, sys
    from dataclasses import replace
    from pathlib import Path
    from gan_repro.trials.runner import RunOptions, run
    from gan_repro.trials.spec import TrialSpec

    updates = iter(range(1, 26))

    def die():
        if next(updates) == 25:
            os.kill(os.getpid(), signal.SIGKILL)

    options = RunOptions(device="cpu", checkpoint_seconds=0, progress_position=None, stop_requested=die)
    spec = TrialSpec.model_validate_json(sys.argv[1])
    run(spec, replace(options, results=Path(sys.argv[2])))
"""


def test_killed_and_run_again_it_ends_with_the_same_bits(tiny_spec, tmp_path):
    spec = tiny_spec()
    command = [sys.executable, "-c", textwrap.dedent(KILLED), spec.canonical_json(), str(tmp_path / "killed")]
    killed = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=600)
    assert killed.returncode == -signal.SIGKILL
    assert RecordStore(tmp_path / "killed").read(spec) is None
    resumed = run(spec, quiet(tmp_path / "killed"))
    assert resumed.provenance.resumed == 1
    straight = run(spec, quiet(tmp_path / "straight"))
    assert numbers(resumed) == numbers(straight)


def test_looks_and_samples_are_drawn_where_the_model_says(tiny_spec, tmp_path, monkeypatch):
    """A model of one's own may draw on the CPU, wherever its tensors lie."""
    drawn = []

    def noted(*axes, device):
        drawn.append((axes[2], str(device)))
        return generator(*axes)

    monkeypatch.setattr(GAN, "random_device", torch.device("cuda", 7))
    for module in (monitor, trial_run):
        monkeypatch.setattr(module, "generator", noted)
    run(tiny_spec(epochs=1), quiet(tmp_path))
    assert set(drawn) >= {("tracking", "cuda:7"), ("samples", "cuda:7")}
    assert {device for _, device in drawn} == {"cuda:7"}


def test_a_diverging_model_is_recorded_as_such(tiny_spec, tmp_path):
    record = run(tiny_spec(learning_rate=1e30), quiet(tmp_path))
    assert record.status == "diverged"
    assert "became" in record.reason or "not all finite" in record.reason
    assert not record.candidates


def test_a_model_that_fails_is_recorded_with_its_reason(tiny_spec, tmp_path):
    record = run(tiny_spec("train-set", evaluation={"n_samples": 2000}), quiet(tmp_path))
    assert record.status == "error"
    assert "holds 1000 images and cannot give 2000" in record.reason


def test_other_images_than_planned_are_refused(tiny_spec, tmp_path):
    spec = tiny_spec()
    wrong = spec.model_copy(update={"data": spec.data.model_copy(update={"sha256": "0" * 64})})
    with pytest.raises(ValueError, match="use the same images or plan the trial anew"):
        run(wrong, quiet(tmp_path))
    assert not list((tmp_path / "trials").glob("*")) if (tmp_path / "trials").exists() else True


class Trap:
    def __reduce__(self):
        return (os.mkdir, (Trap.target,))


@pytest.mark.parametrize("content", ["empty", "truncated", "pickle", "another trial"])
def test_unusable_checkpoints_are_set_aside_and_never_run(tiny_spec, tmp_path, capsys, content):
    spec = tiny_spec()
    straight = run(spec, quiet(tmp_path / "straight"))
    checkpoint = checkpoint_path(tmp_path, spec)
    checkpoint.parent.mkdir()
    Trap.target = str(tmp_path / "executed")
    if content == "empty":
        checkpoint.write_bytes(b"")
    elif content == "truncated":
        good = checkpoint_path(tmp_path / "straight", spec).read_bytes()
        checkpoint.write_bytes(good[: len(good) // 2])
    elif content == "pickle":
        checkpoint.write_bytes(pickle.dumps(Trap()))
    else:
        other = tiny_spec(seed=2)
        run(other, quiet(tmp_path))
        checkpoint_path(tmp_path, other).rename(checkpoint)
    record = run(spec, quiet(tmp_path))
    assert numbers(record) == numbers(straight)
    assert record.provenance.resumed == 0
    assert not (tmp_path / "executed").exists()
    assert "set aside as" in capsys.readouterr().err
    assert checkpoint.with_suffix(".corrupt").exists()


def test_two_at_once_train_only_once(tiny_spec, tmp_path, monkeypatch):
    fits = []
    fit = GAN.fit
    monkeypatch.setattr(GAN, "fit", lambda *a, **k: fits.append(1) or fit(*a, **k))
    records = []
    threads = [
        threading.Thread(target=lambda: records.append(run(tiny_spec(), quiet(tmp_path)))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fits == [1]
    assert records[0] == records[1]


def test_a_gpu_that_is_not_there_is_refused(tiny_spec, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ValueError, match="use --device cpu"):
        run(tiny_spec(), RunOptions(results=tmp_path, device="cuda"))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu_the_same_seed_gives_the_same_bits(tiny_spec, tmp_path):
    records = [run(tiny_spec(), RunOptions(results=tmp_path / name, device="cuda")) for name in "ab"]
    assert records[0].status == "done"
    assert numbers(records[0]) == numbers(records[1])


@pytest.mark.parametrize(("model", "chained"), [("dbn", True), ("gsn", True), ("gan", False)])
def test_samples_from_chains_come_with_what_they_are_worth(tiny_spec, tmp_path, model, chained):
    settings = {"epochs": 1, "layers": [12], "chains": 4, "burn_in": 2} if chained else {}
    record = run(tiny_spec(model, **settings), quiet(tmp_path))
    mixing = record.candidates["best"].mixing
    assert (mixing is not None) == chained
    if chained:
        assert 0 < mixing.effective_sample_size <= 100 * 2.1
        assert mixing.autocorrelation_time == pytest.approx(100 / mixing.effective_sample_size)


def test_a_stack_without_its_top_is_never_the_best(tiny_spec, tmp_path, monkeypatch):
    """Else the row of a deep model could show a shallow one."""
    falling = iter([50.0, 40.0, 3.0, 2.0])

    def choose(*arguments, **options):
        choice = choose_sigma(*arguments, **options)
        return replace(choice, valid_mean=next(falling))

    choose_sigma = monitor.choose_sigma
    monkeypatch.setattr(monitor, "choose_sigma", choose)
    settings = {"epochs": 4, "layers": [12, 10], "chains": 4, "burn_in": 2}
    record = run(tiny_spec("dbn", **settings), quiet(tmp_path))
    assert [point.valid_mean for point in record.learning_curve] == [50.0, 40.0, 3.0, 2.0]
    assert record.candidates["best"].epoch == 3


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("gan", {"epochs": 1, "front": [{"units": 10}], "front_epoch": 1}),
        ("dbn", {**TINY_STACK, "epochs": 1}),
        ("cae", {**TINY_STACK, "epoch_shares": [1, 0]}),
    ],
)
def test_a_model_whose_last_part_never_trained_has_no_score(tiny_spec, tmp_path, model, settings):
    """It is another model than the row names: a shallower stack, or a net without its front."""
    record = run(tiny_spec(model, **settings), quiet(tmp_path))
    assert (record.status, record.candidates) == ("error", {})
    assert "training ended before its last part began; raise epochs" in record.reason
    assert len(record.learning_curve) == settings["epochs"]


def test_a_collapsed_net_is_called_so(tiny_spec, tmp_path, monkeypatch, capsys):
    spread_out = run(tiny_spec("train-set"), quiet(tmp_path))
    assert spread_out.candidates["last"].spread == pytest.approx(1, abs=0.1)
    assert spread_out.collapsed is False

    sample = GAN.sample
    monkeypatch.setattr(GAN, "sample", lambda *a, **k: 0.5 + 0.01 * (sample(*a, **k) - 0.5))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    record = run(tiny_spec(), quiet(tmp_path, progress_position=0))
    assert record.status == "done"
    assert record.candidates["last"].spread < 0.1
    assert record.collapsed is True
    assert "samples=collapsed" in capsys.readouterr().err


def test_a_collapse_on_the_way_is_told_where_there_is_no_bar(tiny_spec, tmp_path, monkeypatch, capsys):
    """Not at its beginning, when the samples of every net are nearly alike."""
    spreads = iter([0.01, 1.0, 0.01, 0.01, 0.01, 0.01])

    def shrinking(self, n, *, generator):
        noise = torch.rand((n, 64), generator=generator)
        return 0.5 + next(spreads) * (noise - 0.5)

    monkeypatch.setattr(GAN, "sample", shrinking)
    run(tiny_spec(), quiet(tmp_path))
    lines = [line for line in capsys.readouterr().err.splitlines() if "collapsed" in line]
    assert lines == ["gan digits seed 1: collapsed, by its samples after epoch 3"]


def test_an_older_record_does_not_say_whether_its_net_collapsed(tiny_spec, tmp_path):
    record = run(tiny_spec(), quiet(tmp_path))
    older = {
        name: candidate.model_copy(update={"spread": None}) for name, candidate in record.candidates.items()
    }
    assert record.model_copy(update={"candidates": older}).collapsed is None
    assert record.model_copy(update={"candidates": {}}).collapsed is None


def test_a_fresh_run_of_the_same_bits_supersedes_nothing(tiny_spec, tmp_path):
    record = run(tiny_spec("gaussian"), quiet(tmp_path))
    older = record.candidates["best"].model_copy(update={"spread": None})
    store = RecordStore(tmp_path)
    store.write(record.model_copy(update={"candidates": {"best": older, "last": older}}))
    assert run(tiny_spec("gaussian"), quiet(tmp_path, fresh=True)).candidates == record.candidates
    assert not (store.folder / "superseded").exists()
