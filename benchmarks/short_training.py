"""Does the adversarial nets' training of preset quick collapse? One line a seed, for docs/quick.md.

    python -m benchmarks.short_training --threads 1 --seeds 1 2 3 4 5 6 7 8 9 10

Spread is that of the samples in times of that of the training images: the square root of the mean over pixels
of the variance across images. Below the threshold of gan_repro/verdicts/rules.toml a net counts as collapsed.
Prints rows of a Markdown table: seed, threads, spread, test log-likelihood in nats, CPU seconds.
"""

from __future__ import annotations

import argparse
import time


def main() -> None:
    """Train each seed as the preset does, with so many threads, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    options = parser.parse_args()

    import torch

    from gan_repro import data, models
    from gan_repro.parzen import evaluate
    from gan_repro.stats.spread import spread
    from gan_repro.trials.presets import get_preset
    from gan_repro.util.seeds import generator

    torch.set_num_threads(options.threads)
    mnist = data.load("mnist")
    settings = get_preset("quick").cut("gan", "mnist").settings
    for seed in options.seeds:
        started = time.process_time()
        model = models.get("gan", seed=seed, **settings).fit(mnist.train)
        seconds = time.process_time() - started
        samples = model.sample(10_000, generator=generator(seed, "gan", "samples")).numpy()
        score = evaluate(samples, mnist.valid, mnist.test).estimate
        ratio = spread(samples) / spread(mnist.train)
        print(f"| {seed} | {options.threads} | {ratio:.3f} | {score} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
