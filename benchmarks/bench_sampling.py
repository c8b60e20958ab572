"""What a sample costs, and what an independent one does: the price of a Markov chain, measured.

The nets have the references' sizes and two epochs of 2,000 MNIST images behind them: enough that their chains
move, far from trained. Training changes how fast a chain mixes and not what a step of it costs; the effective
sizes of trained models' samples stand in the trial records (`mixing`).
"""

from __future__ import annotations

from statistics import median

from benchmarks.common import BEST_PLACES, MODELS, ONLY_TESTED, at_each, cut, images, in_turn, pick

SAMPLES = 10_000


class Sampling:
    """2,500 samples as a trial draws them, and 10,000 consecutive states of a hundred long chains.

    A trial gives each sample a chain of its own. Consecutive states are worth fewer samples. Where a model
    has no chains, its samples stand for states, each worth one.
    """

    version = "3"
    params = [MODELS, BEST_PLACES]
    param_names = ["model", "place"]
    timeout = 900

    def setup_cache(self) -> dict[tuple[str, str], dict[str, float]]:
        return {
            (model, place): found
            for model in MODELS
            for place, found in at_each(
                BEST_PLACES, lambda device, model=model: measure(model, device)
            ).items()
        }

    setup_cache.timeout = 900  # type: ignore[attr-defined]

    def setup(self, measured: dict[tuple[str, str], dict[str, float]], model: str, place: str) -> None:
        self.found = pick(measured, (model, place))

    def track_per_sample(self, measured: object, model: str, place: str) -> float:
        return 1000 * self.found["seconds a sample"]

    track_per_sample.unit = "ms"  # type: ignore[attr-defined]

    def track_per_effective_state(self, measured: object, model: str, place: str) -> float:
        return 1000 * self.found["seconds for states"] / self.found["effective states"]

    track_per_effective_state.unit = "ms"  # type: ignore[attr-defined]

    def track_effective_states(self, measured: object, model: str, place: str) -> float:
        return self.found["effective states"]

    track_effective_states.unit = "of 10,000"  # type: ignore[attr-defined]


def measure(name: str, device: str) -> dict[str, float]:
    """Train a little, draw samples and states, and say what they cost and are worth."""
    import torch

    from gan_repro import models
    from gan_repro.stats.mixing import diagnose
    from gan_repro.trials.presets import get_preset

    smaller = get_preset("smoke").cut(name, "mnist").settings if ONLY_TESTED else {}
    model = models.get(name, **{**smaller, "epochs": 2}, device=device).fit(images(2000))
    generator = torch.Generator(device).manual_seed(0)
    count, few = cut(SAMPLES, 500), cut(SAMPLES, 500) // 4
    rivals = {
        "samples": lambda: model.sample(few, generator=generator),
        "states": lambda: model.sample_consecutive(count, generator=generator),
    }
    drawn = rivals["states"]()
    if drawn is None:
        del rivals["states"]
    seconds = in_turn(rivals, device, repetitions=3)
    states, shape = drawn or (model.sample(count, generator=generator), model.chain_shape(count))
    per_sample = median(seconds["samples"]) / few
    return {
        "seconds a sample": per_sample,
        "seconds for states": median(seconds["states"]) if drawn else count * per_sample,
        "effective states": diagnose(states.cpu().numpy(), shape).effective_sample_size,
    }
