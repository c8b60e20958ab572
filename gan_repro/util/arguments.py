"""Types of command-line arguments: each refuses bad text with one sentence, which argparse prints."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

from gan_repro.util.device import check_name

_MOST_DIGITS = 9
_MINUTES_A_YEAR = 365 * 24 * 60


def count(text: str, *, least: int = 0) -> int:
    """A whole number of at least `least`."""
    if not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) < least:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number of at least {least}, or is too large"
        )
    return int(text)


def positive_count(text: str) -> int:
    """A whole number of at least 1."""
    return count(text, least=1)


def minutes(text: str) -> float:
    """A positive number of minutes, at most a year."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value <= _MINUTES_A_YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of minutes, at most a year")
    return value


def address(text: str) -> str:
    """The address of a Dask scheduler."""
    if not re.fullmatch(r"(tcp|tls)://\S+:\d{1,5}", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an address like tcp://HOST:PORT or tls://HOST:PORT"
        )
    return text


def checked_by(check: Callable[[str], object]) -> Callable[[str], str]:
    """A type that takes a name for which `check` raises no ValueError, and refuses with its message."""

    def name(text: str) -> str:
        try:
            check(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
        return text

    return name


device = checked_by(check_name)
"""A device to compute on; whether it is there is asked once the command runs."""


def add_products(parser: argparse.ArgumentParser) -> None:
    """Add the option that says who takes float32 matrix products; see `gan_repro.models.products`."""
    parser.add_argument(
        "--products",
        choices=("torch", "onednn"),
        default="torch",
        help="who takes the float32 matrix products: the library torch chose (default), or oneDNN, which was"
        " faster on an AMD EPYC with AVX-512; it changes last digits, as another number of threads does",
    )
