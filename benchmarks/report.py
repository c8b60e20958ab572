"""docs/performance.md, made from what asv recorded: ``python -m benchmarks.report [--check]``.

A pure function of results/asv: of every machine there, and of every benchmark, the newest commit with results
of it, so that a part of the suite can be recorded anew. A dash stands for what was skipped, "failed" for what
failed.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tabulate import tabulate

from benchmarks.common import BEST_PLACES, MODELS, PLACES, REPETITIONS
from benchmarks.recorded import Run, read
from gan_repro.util.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "asv"
PAGE = ROOT / "docs" / "performance.md"

_FROZEN = "plain, D frozen in G's step"
_SPEEDUP = "bench_training.AgainstPlainPyTorch.track_speedup"
_STEPS = [
    ("in times of its products", "≤ 1.15, 1.25", "track_ratio_to_products"),
    ("times faster by --products onednn", "", "track_speedup_by_onednn"),
    ("times faster in bfloat16", "≥ 1.5", "track_speedup_by_bfloat16"),
]
# What, the limit, the benchmark, and its parameters before place and statistic.
_LIMITS = [
    (
        "Parzen, the authors' protocol, in times of its bare matrix products",
        "≤ 0.6",
        "bench_parzen.AuthorsProtocol.track_ratio_to_products",
        (),
    ),
    ("the same with 100,000 samples", "≤ 0.4", "bench_many_samples.ManySamples.track_ratio_to_products", ()),
    *(
        (f"{model.upper()} step, {what}", limit, f"bench_training.AgainstProducts.{benchmark}", (model,))
        for what, limit, benchmark in _STEPS
        for model in MODELS
    ),
    ("GAN step, times faster than plain PyTorch", "≥ 1.5", _SPEEDUP, ("plain",)),
    ("the same, if plain PyTorch spares D's gradients in G's step", "", _SPEEDUP, (_FROZEN,)),
    ("the same under torch.compile", "", _SPEEDUP, ("plain, compiled",)),
]

_HEAD = f"""# Performance

Made by `python -m benchmarks.report` from what asv recorded in `results/asv`; a test holds the two together.

A ratio is taken in one process in which the rivals take turns, {REPETITIONS} times (with 100,000 samples 3)
after a warm-up that does not count: the median of the ratios, and in brackets the worst. Products are
`torch.mm` of the shapes that the work cannot do without, on operands that are laid out already. Images are
MNIST's. Steps are those of nets that have trained for ten epochs of 2,000 images. A step by oneDNN
(`--products onednn`) or in bfloat16 (`--precision bfloat16`) is held against the same step by default:
float32, by the library that torch chose. bfloat16 rounds factors, and so trains another net.

To record anew, on a machine that does nothing else (with `--quick` every time is taken once, ratios as
always: about ten minutes from a fresh clone):

```bash
asv machine --yes --machine NAME
asv run --machine NAME
python -m benchmarks.report
```
"""

_PEERS_NOTE = (
    "The authors' protocol on two threads, scaled up from fewer test images where it takes minutes. The "
    "error is the largest over 20 test images at sigma 0.17, against differences in float64; a dash "
    "stands where a library returns the density itself, which is 0 or infinite for some of them."
)

_SAMPLING_NOTE = (
    "After two epochs of 2,000 images. A sample as a trial draws it: from a chain of its own, with its "
    "burn-in. States: 10,000 consecutive ones of 100 long chains, worth what their autocorrelation leaves of "
    "them and never less than one a chain. What states are worth depends on training, and stands for trained "
    "models in the trial records. Adversarial nets have no chain: a sample is one pass of noise through G."
)


def render(runs: Sequence[Run]) -> str:
    """The page, Markdown."""
    if not runs:
        return _HEAD + "\nNothing is recorded yet.\n"
    return "\n".join([_HEAD, *(_section(run) for run in runs)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; with ``--check`` only say whether it is what the results give (exit status 1: not)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is stale")
    options = parser.parse_args(arguments)
    runs = read(RESULTS)
    for run in runs:
        for regression in run.regressions():
            print(f"{run.machine['machine']}: slower than before: {regression}", file=sys.stderr)
    page = render(runs)
    if not options.check:
        PAGE.parent.mkdir(exist_ok=True)
        atomic_write(PAGE, page)
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
        print(f"{PAGE.name} is stale; run python -m benchmarks.report", file=sys.stderr)
        return 1
    return 0


def _section(run: Run) -> str:
    machine = run.machine
    commits = ", and for what was not measured there ".join(commit[:10] for commit in run.commits)
    about = (
        f"{machine.get('cpu', '?')}, {machine.get('num_cpu', '?')} cores, {machine.get('os', '?')}; Python "
        f"{run.python}, torch {run.torch}; commit {commits}."
    )
    parts = [
        (f"## {machine['machine']}", about),
        ("### Limits", _limits(run)),
        ("### Slower than at the commit before, by more than a tenth", _slower(run)),
        ("### Others' ways to the Parzen density", _peers(run)),
        ("### How cost grows", _growth(run)),
        ("### Training steps", _steps(run)),
        ("### What a sample costs", f"{_sampling(run)}\n\n{_SAMPLING_NOTE}"),
        ("### Before anything happens", _waiting(run)),
    ]
    return "\n".join(f"{title}\n\n{text}\n" for title, text in parts)


def _slower(run: Run) -> str:
    found = run.regressions()
    if found:
        return "\n".join(f"- {regression}" for regression in found)
    return "Nothing that is recorded at two commits." if run.earlier else "Only one commit is recorded."


def _limits(run: Run) -> str:
    rows = [
        [what, limit, *(run.with_worst(benchmark, *first, place) for place in PLACES)]
        for what, limit, benchmark, first in _LIMITS
    ]
    memory = run.show("bench_parzen.Memory.track_megabytes_beyond_the_file", 1_000_000)
    rows.append(["Parzen, MB beyond a mapped file of 1,000,000 samples", "≤ 500", memory, "", ""])
    return _table(["", "limit", *map(_spoken, PLACES)], rows)


def _peers(run: Run) -> str:
    seconds = "bench_parzen.Peers.track_seconds"
    peers = [parameters for name, parameters in run.values if name == seconds]
    rows = [
        [
            peer[0],
            run.show(seconds, *peer),
            run.times(seconds, peer, ("gan_repro",)),
            run.show("bench_parzen.Peers.track_largest_error", *peer),
        ]
        for peer in peers
    ]
    return f"{_table(['', 's', 'times ours', 'largest error, nats'], rows)}\n\n{_PEERS_NOTE}"


def _growth(run: Run) -> str:
    tables = []
    for name, what in (("Samples", "samples"), ("Dimensions", "dimensions"), ("Sigmas", "sigmas")):
        benchmark = f"bench_parzen.{name}.time_density"
        tables.append(_grown(run, benchmark, what, BEST_PLACES))
    tables.append(
        _grown(run, "bench_training.Seeds.time_training", "seeds of the GAN, 20 updates each", None)
    )
    tables.append(_grown(run, "bench_parzen.Memory.time_density", "samples in a mapped file", None))
    note = (
        "1,000 test images under one sigma on 10,000 samples of 784 pixels, with one of these numbers varied."
    )
    return "\n\n".join([note, *tables])


def _grown(run: Run, benchmark: str, what: str, places: Sequence[str] | None) -> str:
    """Seconds, and times the first row, for the last parameter of a benchmark."""
    sizes = sorted({parameters[-1] for name, parameters in run.values if name == benchmark})
    starts = [(place,) for place in places] if places else [()]
    headers = [what]
    for start in starts:
        headers += [f"{_spoken(*start)} s".strip(), "times the first"]
    rows = []
    for size in sizes:
        row = [f"{size:,}"]
        for start in starts:
            here = (*start, size)
            row += [run.show(benchmark, *here), run.times(benchmark, here, (*start, sizes[0]))]
        rows.append(row)
    return _table(headers, rows)


def _steps(run: Run) -> str:
    milliseconds, older = (
        "bench_training.AgainstProducts.track_milliseconds",
        "bench_training.Step.time_update",
    )
    trained = any(name == milliseconds for name, _ in run.values)
    rows = [
        [
            model.upper(),
            *(
                run.show(milliseconds, model, place, "median")
                if trained
                else run.show(older, model, place, scale=1e3)
                for place in PLACES
            ),
        ]
        for model in MODELS
    ]
    return _table(["ms for a batch of 100", *map(_spoken, PLACES)], rows)


def _sampling(run: Run) -> str:
    rows = []
    for model, place in itertools.product(MODELS, BEST_PLACES):
        names = ("per_sample", "effective_states", "per_effective_state")
        row = [run.show(f"bench_sampling.Sampling.track_{name}", model, place) for name in names]
        if set(row) != {"–"}:
            rows.append([model.upper(), _spoken(place), *row])
    headers = ["", "on", "ms a sample", "10,000 states are worth", "ms an independent state"]
    return _table(headers, rows)


def _waiting(run: Run) -> str:
    rows = [
        ["`import gan_repro`", "", run.show("bench_import.timeraw_import_package")],
        ["`import gan_repro.models.gan.model`", "", run.show("bench_import.timeraw_import_models")],
        ["MNIST, from the cache", "", run.show("bench_data.Load.time_load", "mnist")],
    ]
    benchmark = "bench_import.Help.track_seconds"
    for parameters in (parameters for name, parameters in run.values if name == benchmark):
        rows.append([f"`python -m {parameters[0]} --help`", "≤ 0.5", run.show(benchmark, *parameters)])
    return _table(["", "limit", "s"], rows)


def _spoken(place: str = "") -> str:
    return {"cpu-1-thread": "1 thread", "cpu-2-threads": "2 threads", "cuda": "CUDA"}.get(place, place)


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return tabulate(list(rows), headers=headers, tablefmt="github", disable_numparse=True)


if __name__ == "__main__":
    sys.exit(main())
