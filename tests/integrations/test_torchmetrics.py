"""The metric of torchmetrics gives the very number that `score` gives, in one process and in two."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import multiprocessing

import gan_repro
from gan_repro import data
from gan_repro.scoring import SampleWarning
from tests.measures.conftest import stand_in
from tests.scoring.helpers import made_up

try:
    importlib.import_module("torchvision")
except ImportError:
    stand_in()  # torchmetrics imports torch-fidelity where it is installed, be it without torchvision

from gan_repro.integrations.torchmetrics import ParzenLogLikelihood

PARTS = {0: (slice(0, 70), slice(70, 130)), 1: (slice(130, 220),)}
"""Which of the samples each of two processes has, a batch each."""


def digits_samples() -> torch.Tensor:
    noise = torch.rand(220, 64, generator=torch.Generator().manual_seed(1))
    return (torch.from_numpy(data.load("digits").train[:220]) + 0.1 * noise).clamp(0, 1)


def filled(*batches: Any, **options: Any) -> ParzenLogLikelihood:
    metric = ParzenLogLikelihood("digits", device="cpu", **options)
    for batch in batches:
        metric.update(batch)
    return metric


@pytest.mark.parametrize("protocol", ["authors", "refined", ("refined", "authors")])
def test_it_agrees_with_score_to_the_bit(protocol: Any) -> None:
    samples = digits_samples()
    metric = filled(*samples.split(75), protocol=protocol)
    expected = gan_repro.score(samples, "digits", protocol, device="cpu")
    value = metric.compute()
    assert value.dtype == torch.float64
    assert value.item() == expected.mean
    report = metric.report()
    assert report.samples.rows_sha256 == expected.samples.rows_sha256
    assert {name: result.mean for name, result in report.results.items()} == {
        name: result.mean for name, result in expected.results.items()
    }


CONTAINERS = {
    "images": lambda x: x.reshape(-1, 8, 8),
    "images with a channel": lambda x: x.reshape(-1, 1, 8, 8),
    "float64": lambda x: x.double(),
    "an array": lambda x: x.numpy(),
    "bytes": lambda x: (x * 255).round().byte(),
    "bfloat16": lambda x: x.bfloat16(),
    "with a gradient": lambda x: x.clone().requires_grad_(),
}


@pytest.mark.parametrize("form", CONTAINERS)
def test_it_takes_what_score_takes(form: str) -> None:
    samples = CONTAINERS[form](digits_samples())
    metric = filled(samples[:100], samples[100:])
    assert metric.compute().item() == gan_repro.score(samples, "digits", "authors", device="cpu").mean


def test_a_stated_range_holds_for_each_batch() -> None:
    samples = digits_samples() * 2 - 1
    metric = filled(*samples.split(60), value_range=(-1, 1))
    expected = gan_repro.score(samples, "digits", "authors", (-1, 1), device="cpu")
    assert metric.compute().item() == expected.mean


@pytest.mark.parametrize("layout", [None, "channels-first"])
def test_colour_images_keep_their_order(layout: str | None) -> None:
    dataset = made_up((4, 5, 3))
    samples = torch.rand(120, 60 if layout else 3 * 20, generator=torch.Generator().manual_seed(2))
    if not layout:
        samples = samples.reshape(120, 3, 4, 5)
    metric = ParzenLogLikelihood(dataset, layout=layout, device="cpu")
    metric.update(samples[:50])
    metric.update(samples[50:])
    assert metric.compute().item() == gan_repro.score(samples, dataset, "authors", layout=layout).mean


def test_of_more_samples_as_many_are_drawn_as_score_draws() -> None:
    samples = digits_samples()
    metric = filled(*samples.split(50), n_samples=150)
    expected = gan_repro.score(samples, "digits", "authors", n_samples=150, device="cpu")
    assert metric.compute().item() == expected.mean


def test_reset_forgets_all_samples() -> None:
    first, second = digits_samples()[:110], digits_samples()[110:]
    metric = filled(first)
    before = metric.compute().item()
    metric.reset()
    metric.update(second)
    assert metric.compute().item() == gan_repro.score(second, "digits", "authors", device="cpu").mean
    assert metric.compute().item() != before
    assert metric.report().samples.n == 110


def test_more_samples_after_a_score_change_it() -> None:
    samples = digits_samples()
    metric = filled(samples[:120])
    assert metric.compute().item() != gan_repro.score(samples, "digits", "authors", device="cpu").mean
    metric.update(samples[120:])
    assert metric.compute().item() == gan_repro.score(samples, "digits", "authors", device="cpu").mean


def in_process(rank: int, folder: str, parts: dict[int, tuple[slice, ...]]) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=len(parts)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # compute before update, where a process has nothing
        metric = filled(*(digits_samples()[part] for part in parts[rank]))
        values = [metric.compute().item(), metric.report().mean]
        n = metric.report().samples.n
        own = len(metric.pixels)  # the state of this process is its own again
    Path(folder, f"rank{rank}").write_text(" ".join([*(value.hex() for value in values), str(n), str(own)]))
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize("parts", [PARTS, {0: (slice(0, 150),), 1: ()}], ids=["uneven", "one has none"])
def test_two_processes_give_the_score_of_all_samples(
    parts: dict[int, tuple[slice, ...]], tmp_path: Path
) -> None:
    multiprocessing.spawn(in_process, (str(tmp_path), parts), nprocs=2)
    together = torch.cat([digits_samples()[part] for rank in (0, 1) for part in parts[rank]])
    expected = gan_repro.score(together, "digits", "authors", device="cpu").mean.hex()
    for rank in (0, 1):
        told = (tmp_path / f"rank{rank}").read_text().split()
        assert told == [expected, expected, str(len(together)), str(len(parts[rank]))]


BAD = {
    "bytes as floats": (lambda x: x * 255, "divide by 255"),
    "another shape": (lambda x: x[:, :60], "60"),
    "a single image": (lambda x: x[0], "64"),
    "no numbers": (lambda x: torch.full_like(x, float("nan")), "NaN"),
    "words": (lambda x: "samples", "str is no samples"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_batch_that_cannot_be_scored_is_refused_at_once(case: str) -> None:
    change, says = BAD[case]
    metric = filled()
    with pytest.raises(ValueError, match=says) as refused:
        metric.update(change(digits_samples()))
    assert "\n" not in str(refused.value)


def test_too_few_samples_have_no_score() -> None:
    with pytest.raises(ValueError, match="50 samples are too few"):
        filled(digits_samples()[:50]).compute()
    metric = filled()
    metric._update_count = 1  # what torchmetrics itself would warn of
    with pytest.raises(ValueError, match=r"no samples to score; call update\(samples\)"):
        metric.compute()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"dataset": "digit"}, "did you mean digits?"),
        ({"dataset": "digits", "protocol": "best"}, "no protocol is called 'best'"),
        ({"dataset": "digits", "layout": "sideways"}, "no layout is called"),
        ({"dataset": "digits", "value_range": (1, 0)}, "value_range"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_collected(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ParzenLogLikelihood(**options)


def test_what_can_hardly_be_meant_is_told() -> None:
    same = np.repeat(digits_samples().numpy()[:1], 120, axis=0)
    with pytest.warns(SampleWarning):
        filled(same).compute()


def test_without_the_extra_one_sentence_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['torchmetrics'] = None; import gan_repro.integrations.torchmetrics"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "needs more: pip install 'gan-repro[torchmetrics]'" in done.stderr.splitlines()[-1]
