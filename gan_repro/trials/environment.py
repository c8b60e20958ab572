"""The machine a trial runs on, described as read back and not as asked for."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import torch

import gan_repro
from gan_repro.models.denormals import can_flush
from gan_repro.trials.records import Environment, Origin
from gan_repro.util.device import float32_precision, on_card
from gan_repro.util.text import first_line

_LIBRARIES = ("numpy", "scipy", "scikit-learn")


def origin(device: str, products: str = "torch", denormals: str = "kept") -> Origin:
    """Read back code and machine, before something runs, and note how its training computes.

    Args:
        device: on which it runs.
        products: who takes its matrix products (`gan_repro.models.products`).
        denormals: whether they are flushed or kept (`gan_repro.models.denormals`).
    """
    commit, dirty = code_version()
    environment = describe(device)
    # Records from before there was a choice do not speak of it.
    if products != "torch":
        environment["products"] = products
    if denormals == "flushed" and not on_card(device) and can_flush():
        environment["denormals"] = denormals
    return Origin(commit=commit, dirty=dirty, environment=environment)


def describe(device: str) -> Environment:
    """Read back device, threads, determinism flags and versions."""
    card = on_card(device)
    return {
        "device": torch.cuda.get_device_name(device) if card else "cpu",
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "tf32": card and float32_precision() != ("ieee",) * 3,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cuda": torch.version.cuda if card else None,
        "cudnn": torch.backends.cudnn.version() if card else None,
        "driver": _driver() if card else None,
        # A card's generator deals its numbers out among these.
        "multiprocessors": torch.cuda.get_device_properties(device).multi_processor_count if card else None,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        # With its local part (+cpu, +cu130), which the installed metadata may lack.
        "torch": str(torch.__version__),
        **{library: metadata.version(library) for library in _LIBRARIES},
    }


def device_kind(environment: Environment) -> str:
    """The kind of device, ``cpu`` or ``cuda``, that ran in a recorded environment and drew its noise."""
    return "cpu" if environment.get("device") == "cpu" else "cuda"


def checkout() -> Path:
    """The folder that holds the package: a checkout, or where it was installed."""
    return Path(__file__).resolve().parents[2]


def code_version() -> tuple[str | None, bool | None]:
    """Find the commit of the checkout that the package runs from, and whether its code was changed since.

    (None, None) where the package does not lie in a git checkout. Results do not count as code.
    """
    root, package = checkout(), gan_repro.__name__
    if not (root / ".git").exists():
        return None, None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--", package, "pyproject.toml", "constraints.txt")
    except (OSError, subprocess.SubprocessError):
        return None, None
    return commit, bool(changes)


def why_no_commit() -> str | None:
    """Say why records made here cannot name the commit that made them; None where they can."""
    root = checkout()
    if not (root / ".git").exists():
        return f"gan_repro {gan_repro.__version__} does not run from a git clone"
    try:
        _git(root, "rev-parse", "HEAD")
    except subprocess.CalledProcessError as error:
        if "safe.directory" in error.stderr:
            return (
                f"git does not trust {root}, which belongs to somebody else;"
                f" git config --global --add safe.directory {root} changes that"
            )
        return f"git cannot read {root} ({error.stderr.strip().splitlines()[0]})"
    except (OSError, subprocess.SubprocessError) as error:
        return f"git cannot be run here ({first_line(error)})"
    return None


def peak_memory() -> int:
    """Return the largest resident size of this process so far, bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # not on Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def forget_peak_memory(device: str) -> None:
    """Begin anew to watch how much of a card's memory is used."""
    if on_card(device):
        torch.cuda.reset_peak_memory_stats(device)


def peak_card_memory(device: str) -> int | None:
    """The most of a card's memory that tensors took since `forget_peak_memory`, bytes; None on the CPU."""
    return torch.cuda.max_memory_allocated(device) if on_card(device) else None


def _git(root: Path, *arguments: str) -> str:
    # No locks: a look at the repository must leave nothing in it, also where it is cut off.
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    return subprocess.run(  # noqa: S603  fixed words and our own path, no shell
        command, check=True, capture_output=True, text=True, timeout=20
    ).stdout.strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _driver() -> str | None:
    """The version of NVIDIA's driver; None where its own tool does not tell."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(  # noqa: S603  fixed words, no shell
            command, check=True, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.partition("\n")[0].strip() or None
