"""What a user waits for: no command loads what it does not need to say what it is for."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import gan_repro
from gan_repro.__main__ import COMMANDS
from gan_repro.__main__ import main as gan_repro_main
from gan_repro.util import console

PACKAGE = Path(gan_repro.__file__).parent
HEAVY = {"torch", "scipy", "sklearn", "pandas", "matplotlib"}
"""Each takes longer to import than the half second in which ``--help`` is to answer."""


def commands() -> list[str]:
    """Every module of the package that can be run."""
    found = [
        path for path in PACKAGE.rglob("*.py") if '\nif __name__ == "__main__":' in path.read_text("utf-8")
    ]
    parts = [path.relative_to(PACKAGE.parent).with_suffix("").parts for path in found]
    return sorted(".".join(part).removesuffix(".__main__") for part in parts)


SUBCOMMANDS = sorted(COMMANDS)


def heavy_after(code: str) -> set[str]:
    """Which of `HEAVY` a fresh interpreter has imported once it has run some code."""
    code = f"import runpy, sys\ntry:\n    {code}\nexcept SystemExit as ended:\n    assert not ended.code\n"
    code += f"print('heavy:', *{HEAVY!r} & sys.modules.keys())"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].removeprefix("heavy:").split())


def test_the_package_alone_imports_nothing_heavy() -> None:
    assert heavy_after("import gan_repro") == set()


def test_the_check_finds_what_is_imported() -> None:
    assert heavy_after("import gan_repro.stats.mixing") == {"scipy"}


@pytest.mark.parametrize("command", commands())
def test_help_imports_nothing_heavy(command: str) -> None:
    run = f"sys.argv[1:] = ['--help']; runpy.run_module({command!r}, run_name='__main__')"
    assert heavy_after(run) == set()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], *([name, "--help"] for name in SUBCOMMANDS)]
)
def test_gan_repro_answers_without_what_it_does_not_need(arguments: list[str]) -> None:
    run = f"from gan_repro.__main__ import main; main({arguments!r})"
    assert heavy_after(run) == set()


def test_gan_repro_imports_no_subcommand_to_list_them() -> None:
    code = """
import sys
from gan_repro.__main__ import main
try:
    main(["--help"])
except SystemExit:
    print("found:", *sorted(name for name in sys.modules if name.startswith("gan_repro.")))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].split()[1:] == [
        "gan_repro.__main__", "gan_repro.util", "gan_repro.util.console", "gan_repro.util.text",
    ]  # fmt: skip
    assert all(name in done.stdout for name in SUBCOMMANDS)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_has_the_common_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for options in ([name, "--version"], ["--version", name]):
        with pytest.raises(SystemExit) as ended:
            gan_repro_main(options)
        assert ended.value.code == 0
        assert capsys.readouterr().out == f"gan-repro {gan_repro.__version__}\n"
    module = importlib.import_module(COMMANDS[name][0])
    parser = argparse.ArgumentParser()
    module.configure(parser)
    assert callable(module.run)


@pytest.mark.parametrize("command", commands())
def test_every_command_ends_as_all_do(command: str) -> None:
    """In one sentence and a known exit status, whatever its own code lets through (`console.command`)."""
    package = importlib.util.find_spec(command)
    assert package is not None
    main = importlib.import_module(f"{command}.__main__" if package.submodule_search_locations else command)
    assert main.main.__code__ is console.command(main.main).__code__


def test_the_commands_are_found() -> None:
    assert {"gan_repro.table1", "gan_repro.parzen", "gan_repro.data"} <= set(commands())
