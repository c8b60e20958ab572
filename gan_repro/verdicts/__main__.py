"""Show the rules that verdicts are decided by, or lock them.

    python -m gan_repro.verdicts [--lock]

Prints each rule's name, version, date and digest. With --lock, for those who make the records, it writes
rules.lock.json beside the rules: a rule that differs from its lock makes its verdicts exploratory. Exit 0,
or 2 where a rule was changed without a new version and date.
"""

from __future__ import annotations

import argparse
import sys

from gan_repro.util import console


def run(options: argparse.Namespace) -> int:
    """Show or lock the rules; the exit status.

    Raises:
        ValueError: a rule was changed without a new version and date.
        OSError: the lock cannot be written.
    """
    from gan_repro.verdicts.lock import LOCK, digest, read_lock, write_lock
    from gan_repro.verdicts.rules import contents

    if options.lock:
        print(f"locked in {LOCK}: {', '.join(write_lock()) or 'nothing new'}")
        return 0
    locked = read_lock()
    for name, content in contents().items():
        found = locked.get(name)
        state = "not locked" if found is None else "locked"
        if found is not None and found.sha256 != digest(content):
            state = "changed since it was locked"
        print(f"{name}  version {content['version']}  {content['date']}  {digest(content)[:12]}  {state}")
    return 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "Show the rules that verdicts are decided by."
    parser.add_argument(
        "--lock", action="store_true", help="write the digest of every rule to rules.lock.json"
    )


main = console.command_line("gan_repro.verdicts", configure, run)

if __name__ == "__main__":
    sys.exit(main())
