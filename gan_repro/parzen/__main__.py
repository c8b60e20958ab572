"""``python -m gan_repro.parzen SAMPLES``: `gan_repro.scoring` under the authors' protocol alone."""

from __future__ import annotations

import sys
from functools import partial

from gan_repro.scoring import __main__ as scoring  # it stands above this package, which it uses
from gan_repro.util import console

configure, run = partial(scoring.configure, protocol="authors"), scoring.run
main = console.command_line("gan_repro.parzen", configure, run)

if __name__ == "__main__":
    sys.exit(main())
