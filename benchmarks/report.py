"""docs/performance.md, made from what asv recorded: ``python -m benchmarks.report [--check]``.

A pure function of results/asv: of every machine there, and of every benchmark, the newest commit with results
of it, so that a part of the suite can be recorded anew. A dash stands for what was skipped, "failed" for what
failed.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.common import BEST_PLACES, MODELS, PLACES, REPETITIONS
from benchmarks.limits import SECONDS_OF_HELP, limits
from benchmarks.recorded import Run, read, spoken, table
from gan_repro.util.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "asv"
PAGE = ROOT / "docs" / "performance.md"

_HEAD = f"""# Performance

Made by `python -m benchmarks.report` from what asv recorded in `results/asv`; a test holds the two together.

A ratio is taken in one process in which the rivals take turns, {REPETITIONS} times (with 100,000 samples 3)
after a warm-up that does not count: the median of the ratios, and in brackets the worst. A median beyond its
limit is bold; a card is held to none yet. Products are `torch.mm` of the dense shapes, on operands that are
laid out already: those of a step's passes forward and backward; for the density every point by every sample,
of which it computes a part, so that its ratio may lie below 1. Images are MNIST's. Steps are those of nets
that have trained for ten epochs of 2,000 images. A step by oneDNN (`--products onednn`) or in bfloat16
(`--precision bfloat16`) is held against the same step by default: float32, by the library that torch chose.
bfloat16 rounds factors, and so trains another net.

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


_GROWTH_NOTE = (
    "1,000 test images under one sigma on 10,000 samples of 784 pixels, with one of these numbers varied."
)
# The benchmark, what grows, of what sizes it is, and what was different in its version 1.
_GROWTH_BESIDE = [
    (
        "bench_training.Seeds.time_training",
        "seeds of the GAN, 20 updates each",
        "Batches of 100 images; one thread a seed, as many seeds at once as there are cores.",
        "Recorded in version 1, in which every seed also converted all of MNIST to float32.",
    ),
    (
        "bench_parzen.Memory.time_density",
        "samples in a mapped file",
        "50 test images under one sigma on one thread; the samples are 10,000 images again and again.",
        "Recorded in version 1, in which all samples after the first 10,000 were black: 100,000 were nine "
        "tenths black, 1,000,000 all but a hundredth.",
    ),
]


def render(runs: Sequence[Run]) -> str:
    """The page, Markdown."""
    if not runs:
        return _HEAD + "\nNothing is recorded yet.\n"
    return "\n".join([_HEAD, *(_section(run, runs) for run in runs)])


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


def _section(run: Run, runs: Sequence[Run]) -> str:
    machine = run.machine
    about = (
        f"{machine.get('cpu', '?')}, {machine.get('num_cpu', '?')} cores, {machine.get('os', '?')}; Python "
        f"{run.python}, torch {run.torch}.\n{_measured_at(run, runs)}"
    )
    parts = [
        (f"## {machine['machine']}", about),
        ("### Limits", limits(run)),
        ("### Slower than at the commit before, by more than a tenth", _slower(run)),
        ("### Others' ways to the Parzen density", _peers(run)),
        ("### How cost grows", _growth(run)),
        ("### Training steps", _steps(run)),
        ("### What a sample costs", f"{_sampling(run)}\n\n{_SAMPLING_NOTE}"),
        ("### Before anything happens", _waiting(run)),
    ]
    return "\n".join(f"{title}\n\n{text}\n" for title, text in parts)


def _measured_at(run: Run, runs: Sequence[Run]) -> str:
    """Which code the numbers are of, and what of it has changed since."""
    days = [f"{datetime.fromtimestamp(date, UTC):%Y-%m-%d}" for date in run.dates]
    commits = [f"{commit[:10]} ({day})" for commit, day in zip(run.commits, days, strict=True)]
    if len(commits) == 1:
        said = [f"Measured at commit {commits[0]}."]
    else:
        said = [f"Each number is of the newest commit that has it: {', '.join(commits)}."]
    newer = [other.machine["machine"] for other in runs if max(run.dates) < min(other.dates)]
    if newer:
        said.append(f"This is older code than all that was measured on {' and '.join(newer)}.")
    outdated = [f"`{group}` ({version}, now {today})" for group, (version, today) in run.outdated().items()]
    if outdated:
        said.append(f"Measured in an older version of the benchmark, and not anew: {', '.join(outdated)}.")
    return "\n".join(said)


def _slower(run: Run) -> str:
    found = run.regressions()
    if found:
        return "\n".join(f"- {regression}" for regression in found)
    return "Nothing that is recorded at two commits." if run.earlier else "Only one commit is recorded."


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
    return f"{table(['', 's', 'times ours', 'largest error, nats'], rows)}\n\n{_PEERS_NOTE}"


def _growth(run: Run) -> str:
    tables = [_GROWTH_NOTE]
    for name, what in (("Samples", "samples"), ("Dimensions", "dimensions"), ("Sigmas", "sigmas")):
        benchmark = f"bench_parzen.{name}.time_density"
        tables.append(_grown(run, benchmark, what, BEST_PLACES))
    for benchmark, what, note, before in _GROWTH_BESIDE:
        tables.append(f"{note} {before}" if run.versions.get(benchmark) == "1" else note)
        tables.append(_grown(run, benchmark, what, None))
    return "\n\n".join(tables)


def _grown(run: Run, benchmark: str, what: str, places: Sequence[str] | None) -> str:
    """Seconds, and times the first row, for the last parameter of a benchmark."""
    sizes = sorted({parameters[-1] for name, parameters in run.values if name == benchmark})
    starts = [(place,) for place in places] if places else [()]
    headers = [what]
    for start in starts:
        headers += [f"{spoken(*start)} s".strip(), "times the first"]
    rows = []
    for size in sizes:
        row = [f"{size:,}"]
        for start in starts:
            here = (*start, size)
            row += [run.show(benchmark, *here), run.times(benchmark, here, (*start, sizes[0]))]
        rows.append(row)
    return table(headers, rows)


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
    return table(["ms for a batch of 100", *map(spoken, PLACES)], rows)


def _sampling(run: Run) -> str:
    rows = []
    for model, place in itertools.product(MODELS, BEST_PLACES):
        names = ("per_sample", "effective_states", "per_effective_state")
        row = [run.show(f"bench_sampling.Sampling.track_{name}", model, place) for name in names]
        if set(row) != {"–"}:
            rows.append([model.upper(), spoken(place), *row])
    headers = ["", "on", "ms a sample", "10,000 states are worth", "ms an independent state"]
    return table(headers, rows)


def _waiting(run: Run) -> str:
    rows = [
        ["`import gan_repro`", "", run.show("bench_import.timeraw_import_package")],
        ["`import gan_repro.models.gan.model`", "", run.show("bench_import.timeraw_import_models")],
        ["MNIST, from the cache", "", run.show("bench_data.Load.time_load", "mnist")],
    ]
    benchmark = "bench_import.Help.track_seconds"
    for parameters in (parameters for name, parameters in run.values if name == benchmark):
        seconds = SECONDS_OF_HELP.mark(run.show(benchmark, *parameters), run.value(benchmark, *parameters))
        rows.append([f"`python -m {parameters[0]} --help`", str(SECONDS_OF_HELP), seconds])
    return table(["", "limit", "s"], rows)


if __name__ == "__main__":
    sys.exit(main())
