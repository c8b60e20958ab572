"""Plug-ins: models, rows and data sets of others, from an installed package or from one file.

A package offers them by entry points (groups `gan_repro.models`, `gan_repro.rows`, `gan_repro.datasets`), and
is imported once a name of its own is asked for. A file, which `--plugin` names, registers what it has as it
runs. Nothing that we call by a name ourselves is ever looked for there.
"""

from __future__ import annotations

import hashlib
import re
import sys
import traceback
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from gan_repro.util.files import read_regular
from gan_repro.util.text import describe_error, one_line

_Thing = TypeVar("_Thing")

_MOST_BYTES = 2**20


class PluginError(ValueError):
    """A plug-in is not there, is broken, or offers what cannot be taken; one sentence."""

    exit_status = 2


@dataclass(frozen=True)
class PluginPackage:
    """An installed distribution that offers entry points of ours."""

    name: str
    version: str

    def told(self) -> dict[str, str]:
        """For a record."""
        return {"package": self.name, "version": self.version}

    def load(self) -> None:
        """Make sure that the package is here; what it offers is loaded when it is asked for.

        Raises:
            PluginError: it is not.
        """
        try:
            metadata.version(self.name)
        except metadata.PackageNotFoundError as error:
            raise PluginError(
                f"plug-in {self.name} {self.version} is not installed on this machine; install it here, too"
            ) from error


@dataclass(frozen=True)
class PluginFile:
    """A file of Python that registers models, rows or data sets, with its content: it runs on any machine."""

    path: str
    content: bytes

    @classmethod
    def read(cls, path: Path | str) -> PluginFile:
        """Read the file, without running it.

        Raises:
            PluginError: it cannot be read.
        """
        try:
            return cls(str(path), read_regular(Path(path), _MOST_BYTES))
        except OSError as error:
            reason = error.strerror or error
            raise PluginError(one_line(f"plug-in {path} cannot be read: {reason}")) from error

    @property
    def sha256(self) -> str:
        """Of the content."""
        return hashlib.sha256(self.content).hexdigest()

    def told(self) -> dict[str, str]:
        """For a record: which content, but not where on this machine it lies."""
        return {"file": Path(self.path).name, "sha256": self.sha256}

    def load(self) -> None:
        """Run the file, once in a process.

        Raises:
            PluginError: it cannot be run, or registers nothing.
        """
        name = f"gan_repro_plugin_{self.sha256[:12]}"
        if name in sys.modules:
            return
        module = sys.modules[name] = ModuleType(name)
        module.__file__ = self.path
        try:
            with _providing(self):
                exec(compile(self.content, self.path, "exec"), vars(module))  # noqa: S102  what it is for
            if not any(self in registry.sources.values() for registry in _registries):
                raise PluginError(
                    f"plug-in {self.path} registers nothing; it calls models.register, trials.register or"
                    " data.register for what it has"
                )
        except BaseException as error:
            del sys.modules[name]
            for registry in _registries:
                registry.forget(self)
            if isinstance(error, (PluginError, KeyboardInterrupt)):
                raise
            raise PluginError(
                one_line(f"plug-in {self.path}{_line(error, self.path)}: {describe_error(error)}")
            ) from error


Plugin = PluginPackage | PluginFile

_registries: list[Registry[Any]] = []
_provider: Plugin | None = None
"""Whose code is being imported now."""


@contextmanager
def _providing(plugin: Plugin) -> Iterator[None]:
    global _provider
    before, _provider = _provider, plugin
    try:
        yield
    finally:
        _provider = before


def loaded() -> tuple[Plugin, ...]:
    """List the plug-ins of which something was taken in this process."""
    found = (source for registry in _registries for source in registry.sources.values())
    return tuple(dict.fromkeys(source for source in found if source is not None))


class Registry(Generic[_Thing]):
    """What others add to one kind of our things, by name.

    Args:
        kind: what the things are called in messages.
        group: of the entry points.
        ours: the names that are taken.
        refusal: of a name and a thing, what is wrong with it; None where nothing is.
    """

    def __init__(
        self, kind: str, group: str, ours: Container[str], refusal: Callable[[str, Any], str | None]
    ) -> None:
        self.kind, self.group, self.ours, self.refusal = kind, group, ours, refusal
        self.things: dict[str, _Thing] = {}
        self.sources: dict[str, Plugin | None] = {}
        """Where each came from; None for what the program itself registered."""
        _registries.append(self)

    def names(self) -> tuple[str, ...]:
        """List what is registered, and so loaded."""
        return tuple(self.things)

    def offered(self) -> tuple[str, ...]:
        """List the names that installed packages offer; nothing of theirs is imported."""
        return tuple(sorted({point.name for point in metadata.entry_points(group=self.group)}))

    def add(self, name: str, thing: _Thing) -> None:
        """Register a thing.

        Raises:
            ValueError: the name is taken or no name, or the thing is not of the kind.
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
            raise ValueError(
                f"{name!r} is no name for a {self.kind}; use up to 64 letters, digits, dots, - and _"
            )
        if name in self.ours or self.things.get(name, thing) is not thing:
            raise ValueError(f"a {self.kind} called {name!r} is there already; choose another name")
        if (wrong := self.refusal(name, thing)) is not None:
            raise ValueError(f"{self.kind} {name} {wrong}")
        self.things.setdefault(name, thing)
        self.sources.setdefault(name, _provider)

    def find(self, name: str) -> _Thing | None:
        """Return what is registered under a name, or else what an installed package offers under it.

        Raises:
            PluginError: that package is broken, or two offer it.
        """
        if name not in self.things and name not in self.ours:
            self._load(name)
        return self.things.get(name)

    def source(self, name: str) -> Plugin | None:
        """Return where a thing came from; None for ours, for the program's own, and for what is nowhere."""
        self.find(name)
        return self.sources.get(name) if name in self.things else None

    def forget(self, plugin: Plugin) -> None:
        """Drop what a plug-in registered."""
        for name in [name for name, source in self.sources.items() if source == plugin]:
            del self.sources[name]
            self.things.pop(name, None)

    def _load(self, name: str) -> None:
        points = metadata.entry_points(group=self.group, name=name)
        if not points:
            return
        by_package = {PluginPackage(p.dist.name, p.dist.version): p for p in points if p.dist is not None}
        if len(by_package) > 1:
            offering = " and ".join(sorted(package.name for package in by_package))
            raise PluginError(f"{offering} both offer a {self.kind} called {name!r}; uninstall one of them")
        ((package, point),) = by_package.items()
        try:
            with _providing(package):
                self.add(name, point.load())
        except (Exception, SystemExit) as error:
            reason = str(error) if isinstance(error, ValueError) else describe_error(error)
            whose = f"plug-in {package.name} {package.version}, {self.kind} {name}"
            raise PluginError(one_line(f"{whose}, cannot be loaded: {reason}")) from error


def _line(error: BaseException, path: str) -> str:
    """Where in the file it happened."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return f", line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f", line {lines[-1]}" if lines else ""
