"""What comes of a short training of preset quick? One line a seed, for docs/quick.md.

    python -m benchmarks.short_training --row gan --threads 1 --seeds 1 2 3 4 5 6 7 8 9 10

Spread is that of the samples in times of that of the training images: the square root of the mean over pixels
of the variance across images. Below the threshold of gan_repro/verdicts/rules.toml a net counts as collapsed.
Prints rows of a Markdown table: seed, threads, spread, test log-likelihood in nats, CPU seconds to train.
With --validation, as for a search, the validation images take the place of the test images.
"""

from __future__ import annotations

import argparse
import time


def main() -> None:
    """Train each seed as the preset does, with so many threads, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--row", default="gan")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    parser.add_argument("--validation", action="store_true", help="never look at a test image")
    options = parser.parse_args()

    import torch

    from gan_repro import data, models
    from gan_repro.parzen import evaluate
    from gan_repro.stats.spread import spread
    from gan_repro.trials.images import source
    from gan_repro.trials.presets import get_preset
    from gan_repro.util.seeds import generator

    torch.set_num_threads(options.threads)
    mnist = data.load("mnist")
    for seed in options.seeds:
        spec = get_preset("quick").spec(options.row, source("mnist"), seed)
        started = time.process_time()
        model = models.get(spec.model, seed=seed, **spec.config).fit(mnist.train)
        seconds = time.process_time() - started
        samples = model.sample(spec.evaluation.n_samples, generator=generator(seed, spec.model, "samples"))
        judges = mnist.valid if options.validation else mnist.test
        score = evaluate(samples.numpy(), mnist.valid, judges).estimate
        ratio = spread(samples.numpy()) / spread(mnist.train)
        print(f"| {seed} | {options.threads} | {ratio:.3f} | {score} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
