"""Plug-ins of somebody else: a file, and a package with entry points."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gan_repro import data, models
from gan_repro.trials import rows

MODEL = '''
import torch
from gan_repro import models
from gan_repro.models.baselines import Baseline
from gan_repro.trials.rows import Cut, Row, register


class Blur(Baseline):
    """The mean of a few training images as a sample."""

    name = "{name}"

    def sample(self, n, *, generator):
        images = self.fitted()
        rows = torch.randint(len(images), (3, n), generator=generator)
        return images[rows].mean(0)


SMOKE = Cut(evaluation={{"n_samples": 200}}, smaller=("200 samples",), minutes=0.1)
ROW = Row(
    name="{name}",
    model="{name}",
    label="Blurred | images",
    settings={{"digits": {{}}}},
    cuts={{"smoke": SMOKE}},
)
'''

DATA = '''
"""The digits upside down."""

from gan_repro import data
from gan_repro.data.dataset import Dataset
from gan_repro.data.fetch.store import Check


def load(fold, root):
    whole = data.load("digits")
    parts = (whole.train_pixels, whole.valid_pixels, whole.test_pixels)
    return Dataset("{name}", *(part[:, ::-1].copy() for part in parts), image_shape=(8, 8), maximum=16)


def verify(root):
    return [Check("ok", "{name}", "")]


ENTRY = data.Entry(__name__, "the digits upside down; no download", image_shape=(8, 8))
'''

REGISTER = """
models.register(Blur)
register(ROW)
"""


def plugin_file(folder: Path, name: str = "blur", more: str = "") -> Path:
    """A file that registers a model and a row of one name."""
    path = folder / f"{name}.py"
    path.write_text(MODEL.format(name=name) + REGISTER + more, encoding="utf-8")
    return path


def plugin_package(folder: Path, target: Path, name: str = "theirs") -> None:
    """Build a package that offers a model, a row and a data set, and install it with pip into `target`."""
    source = folder / name
    (source / name).mkdir(parents=True)
    (source / name / "__init__.py").write_text("")
    (source / name / "model.py").write_text(MODEL.format(name=f"{name}-blur"))
    (source / name / "flipped.py").write_text(DATA.format(name=f"{name}-digits"))
    (source / "pyproject.toml").write_text(
        f"""
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "1.2"

[project.entry-points."gan_repro.models"]
{name}-blur = "{name}.model:Blur"

[project.entry-points."gan_repro.rows"]
{name}-blur = "{name}.model:ROW"

[project.entry-points."gan_repro.datasets"]
{name}-digits = "{name}.flipped:ENTRY"

[tool.setuptools]
packages = ["{name}"]
"""
    )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    command += ["--no-index", "--disable-pip-version-check", "--target", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)


def forget_plugins() -> None:
    """Make this process know no plug-in, as a new one does not."""
    for registry in (models.PLUGGED, rows.PLUGGED, data.PLUGGED):
        registry.things.clear()
        registry.sources.clear()
    for name in [name for name in sys.modules if name.startswith(("gan_repro_plugin_", "theirs."))]:
        del sys.modules[name]
