"""Whole trials on a card beside the CPU: what is the same, what is not, and what their records say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from gan_repro import models, table1
from gan_repro.audit.replay import replay
from gan_repro.models.gan.recipes import RECIPES
from gan_repro.models.training import TrainedModel
from gan_repro.trials.environment import describe
from gan_repro.trials.records import TrialRecord
from gan_repro.trials.runner import RunOptions, run
from gan_repro.trials.spec import TrialSpec
from gan_repro.util.device import prepare
from tests.cuda import ON_A_CARD
from tests.factories.plugins import forget_plugins
from tests.models.test_conformance import CASES
from tests.trials.conftest import digits_spec, tiny_spec

__all__ = ["digits_spec", "tiny_spec"]

pytestmark = ON_A_CARD

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _flags_restored():
    yield
    prepare("cpu")


def trial(spec: TrialSpec, results: Path, device: str) -> TrialRecord:
    return run(spec, RunOptions(results=results / device, device=device, progress_position=None))


@pytest.fixture
def spec_of(tiny_spec):
    def make(case: str) -> TrialSpec:
        settings = CASES[case].whole_settings
        if case == "train-set":
            return tiny_spec(case)
        return tiny_spec(CASES[case].model, evaluation={"n_samples": 40}, **settings)

    return make


@pytest.mark.parametrize("case", CASES)
def test_a_trial_of_every_model_is_done(case: str, spec_of, tmp_path) -> None:
    record = trial(spec_of(case), tmp_path, "cuda")
    assert record.status == "done", record.reason
    assert record.provenance.peak_card_memory > 0
    assert record.provenance.reseeded == ()


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_takes_a_step(name: str) -> None:
    """At the released depth and kinds of layers, but a few units wide."""
    settings: dict[str, Any] = dict(RECIPES[name])
    pixels = 48 * 48 if name.startswith("tfd") else 32 * 32 * 3 if name.startswith("cifar") else 28 * 28
    for net in ("generator_hidden", "front"):
        if settings.get(net):
            settings[net] = [{**layer, "units": min(layer["units"], 100)} for layer in settings[net]]
    settings |= {"discriminator_hidden": (6, 5), "epochs": 1, "batch_size": 4, "front_epoch": None}
    settings.pop("front", None)
    if settings.get("deconvolution"):
        settings["generator_hidden"] = [{"units": 20}, {"units": 100 * 3, "activation": "sigmoid"}]
        settings["deconvolution"] = {**settings["deconvolution"], "channels": 3}
        settings["discriminator_convolutions"] = [
            {**layer, "channels": 2} for layer in settings["discriminator_convolutions"]
        ]
        settings["discriminator_hidden"] = (5,)
    train = torch.rand(8, pixels, generator=torch.Generator().manual_seed(0))
    model = models.get("gan", device="cuda", **settings).fit(train)
    samples = model.sample(3, generator=torch.Generator("cuda").manual_seed(0))
    assert samples.device.type == "cuda"
    assert samples.isfinite().all()


@pytest.mark.parametrize("name", ["train-set", "kmeans"])
def test_rows_that_train_nothing_are_the_same_everywhere(name: str, spec_of, tmp_path) -> None:
    here, there = (trial(spec_of(name), tmp_path, device) for device in ("cpu", "cuda"))
    assert here.candidates["best"].samples_sha256 == there.candidates["best"].samples_sha256
    assert here.score.sigma == there.score.sigma
    assert there.score.log_likelihood.value == pytest.approx(here.score.log_likelihood.value, abs=1e-3)


def test_the_gaussian_row_is_the_same_up_to_rounding(spec_of, tmp_path) -> None:
    here, there = (trial(spec_of("gaussian"), tmp_path, device) for device in ("cpu", "cuda"))
    assert there.score.log_likelihood.value == pytest.approx(here.score.log_likelihood.value, abs=1e-2)


@pytest.mark.parametrize("name", ["gan", "dbn", "cae", "gsn"])
def test_a_seed_fixes_start_and_order_but_not_the_noise(name: str, spec_of, digits) -> None:
    spec, seen, nets = spec_of(name), {}, {}
    kind = models.model_class(name)
    for device in ("cpu", "cuda"):
        net: TrainedModel = kind(kind.Config(**spec.config), seed=spec.seed, device=device)
        batches: list[Any] = []
        net.train_batch = lambda batch, kept=batches: kept.append(batch.cpu().tolist()) or {}  # type: ignore[method-assign]
        nets[device], seen[device] = net.fit(digits.train[:130]), batches
    assert seen["cpu"] == seen["cuda"]
    for key, tensor in nets["cpu"].parameters().items():
        assert torch.allclose(tensor, nets["cuda"].parameters()[key].cpu()), key
    noise = [torch.rand(5, generator=net.noise, device=net.device).cpu() for net in nets.values()]
    assert not torch.equal(*noise)


def test_a_record_says_what_the_cards_numbers_hang_on() -> None:
    prepare("cuda", 1)
    environment = describe("cuda")
    assert environment["device"] == torch.cuda.get_device_name("cuda")
    assert environment["deterministic_algorithms"] is True
    assert environment["tf32"] is False
    assert environment["multiprocessors"] >= 1
    assert {"cuda", "cudnn", "driver"} <= environment.keys()
    torch.backends.cudnn.conv.fp32_precision = "tf32"
    assert describe("cuda")["tf32"] is True


def test_a_replay_knows_bits_from_other_noise(tiny_spec, tmp_path) -> None:
    record = trial(tiny_spec(), tmp_path, "cuda")
    again = replay(record, RunOptions(device="cuda", progress_position=None))
    assert (again.exact, again.problems) == (True, ())
    elsewhere = replay(record, RunOptions(device="cpu", progress_position=None))
    assert (elsewhere.exact, elsewhere.same_kind) == (False, False)
    assert elsewhere.problems or "other noise" in str(elsewhere)


def test_the_readmes_example_runs_on_a_card(tmp_path, capsys) -> None:
    (tmp_path / "mixture.py").write_text(README.split("<!-- example -->\n```python\n")[1].split("```")[0])
    table = ["--rows", "mixture", "--preset", "smoke", "--datasets", "digits", "--device", "cuda"]
    table += ["--workers", "1", "--runs", str(tmp_path), "--plugin", str(tmp_path / "mixture.py")]
    try:
        # A single worker on a card is a process of its own, which would not find the pretend one.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("gan_repro.trials.execution.sweep.on_card", lambda device: False)
            assert table1.main(table) == 0
    finally:
        forget_plugins()
    assert "10 Gaussians" in capsys.readouterr().out
