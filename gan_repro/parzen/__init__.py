"""The Parzen log-likelihood: density, choice of sigma, the named protocols. Knows no model and no data set.

``python -m gan_repro.parzen SAMPLES`` scores a file of samples. Torch is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_repro.util.lazy import attach

if TYPE_CHECKING:
    from gan_repro.parzen.density import log_density as log_density
    from gan_repro.parzen.density import log_density_stream as log_density_stream
    from gan_repro.parzen.protocols import GridEdgeWarning as GridEdgeWarning
    from gan_repro.parzen.protocols import ParzenResult as ParzenResult
    from gan_repro.parzen.protocols import choose_sigma as choose_sigma
    from gan_repro.parzen.protocols import evaluate as evaluate

__getattr__ = attach(
    __name__,
    {
        "GridEdgeWarning": "protocols",
        "ParzenResult": "protocols",
        "choose_sigma": "protocols",
        "evaluate": "protocols",
        "log_density": "density",
        "log_density_stream": "density",
    },
)
