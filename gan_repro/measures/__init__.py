"""Second opinions beside the Parzen score: the true likelihood, and the quality of samples.

- `measure_samples`: KID, precision and recall, density and coverage, a classifier two-sample test,
  the Frechet distance and class balance of a set of samples, each with its error and the same of real
  images.
- `ais`: log-likelihood of a generator with Gaussian noise, bounded from below and above.
- `boltzmann`: log-likelihood of a deep belief net on binary images, bounded from below.

A contractive autoencoder and a GSN define no density to evaluate: their chains have a stationary distribution
that is known by its samples alone.
"""

from gan_repro.util.lazy import attach

__getattr__ = attach(
    __name__, {"measure_samples": "yardstick", "Yardstick": "yardstick", "Quality": "quality"}
)
