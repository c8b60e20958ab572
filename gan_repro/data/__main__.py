"""``python -m gan_repro.data``: list the data sets, fetch or import one, or verify what is on this machine.

Data goes to stdout, tab-separated; talk goes to stderr. Exit codes: 0 all is well, 1 a data set could not
be had or is not as it should be, 2 bad usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from gan_repro import data
from gan_repro.util.console import command
from gan_repro.util.files import sha256_of_array


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.command == "list":
        print(*(f"{name}\t{data.entry(name).about}" for name in data.names()), sep="\n")
        return 0
    if chosen.command == "import-faces":
        if not chosen.source.exists():
            parser.error(f"{chosen.source} is not there; SOURCE must be a .csv file or a folder")
        if chosen.source.is_file() and chosen.source.suffix.lower() != ".csv":
            parser.error(f"{chosen.source} is neither a .csv file nor a folder; unpack an archive first")
        return _guarded(_import_faces, chosen.source)
    name = data.resolve(chosen.name, chosen.root)
    try:
        data.entry(name)
    except ValueError as error:
        parser.error(str(error))
    return _guarded({"fetch": _fetch, "verify": _verify}[chosen.command], name, chosen.root)


def _guarded(command: Callable[..., int], *arguments: object) -> int:
    """Run a command; what goes wrong with data is one message and exit code 1."""
    try:
        return command(*arguments)
    except data.DataUnavailable as error:
        print(error, file=sys.stderr)
        return 1


def _fetch(name: str, root: Path | None) -> int:
    folds = data.load_folds(name, root=root) if data.entry(name).folds else (data.load(name, root=root),)
    for dataset in folds:
        fold = "" if dataset.fold is None else f"fold {dataset.fold} "
        shape = "x".join(map(str, dataset.image_shape))
        for part in ("train", "valid", "test"):
            pixels = getattr(dataset, f"{part}_pixels")
            print(name, fold + part, len(pixels), shape, sha256_of_array(pixels), sep="\t")
    for note in folds[0].notes:
        print(f"{name}: {note}", file=sys.stderr)
    return 0


def _import_faces(source: Path) -> int:
    from gan_repro.data.faces import import_ as face_import

    try:
        made, path = face_import.import_faces(source)
    except (ValueError, OSError) as error:
        raise data.DataUnavailable(f"nothing was imported: {error}") from error
    print(made.name, len(made.images), path, made.sha256, sep="\t")
    return 0


def _verify(name: str, root: Path | None) -> int:
    checks = data.entry(name).module().verify(root)
    for check in checks:
        print(check.state, check.what, check.detail, sep="\t")
    states = {check.state for check in checks}
    how_to_get = data.entry(name).how_to_get or f"python -m gan_repro.data fetch {name}"
    if "corrupt" in states:
        print(f"{name}: a file is not the true one; delete it, then {how_to_get}", file=sys.stderr)
    elif "missing" in states:
        print(f"{name}: not complete on this machine; {how_to_get}", file=sys.stderr)
    return 0 if states == {"ok"} else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gan_repro.data",
        description="The data sets: which there are, getting one, checking what is on this machine.",
        epilog="Environment: GAN_REPRO_DATA, a folder with data sets of your own; GAN_REPRO_CACHE, where "
        "downloads are kept. Exit code 1: a data set could not be had or is damaged.",
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="list | fetch | verify | import-faces"
    )
    commands.add_parser("list", help="print name and description of each data set")
    fetch = commands.add_parser(
        "fetch", help="get a data set; print part, size, shape and SHA-256 of its pixels, fold by fold"
    )
    verify = commands.add_parser("verify", help="check the files on this machine; no downloads")
    for reader in (fetch, verify):
        reader.add_argument("name", metavar="NAME", help="one of: " + ", ".join(data.names()))
        reader.add_argument("--root", type=Path, metavar="DIR", help="a folder of yours to look into first")
    importing = commands.add_parser(
        "import-faces",
        help="make fer2013 of your copy of it, or own_faces of a folder of images",
        epilog="What has the pixels of FER2013, by SHA-256, becomes the data set fer2013; other images "
        "become own_faces. Prints name, number of faces, file and SHA-256. The import before is replaced.",
    )
    importing.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="fer2013.csv or icml_face_data.csv, or a folder with one of them, with strips 48 pixels wide, "
        "or with face images (.png, .jpg, .pgm, .ppm, .bmp)",
    )
    verify.epilog = "With --root only that folder is checked."
    return parser


if __name__ == "__main__":
    sys.exit(main())
