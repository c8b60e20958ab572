"""``gan-repro data``: list the data sets, fetch or import one, or verify what is on this machine.

Data goes to stdout, tab-separated; talk goes to stderr. Exit codes: 0 all is well, 1 a data set could not
be had or is not as it should be, 2 bad usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gan_repro import data
from gan_repro.util import arguments, console
from gan_repro.util.files import sha256_of_array


def run(options: argparse.Namespace) -> int:
    """Do what the verb says; the exit status.

    Raises:
        ValueError: bad usage.
        DataUnavailable: a data set cannot be had, or a source not be imported.
    """
    if options.verb == "list":
        print(*(f"{name}\t{data.entry(name).about}" for name in data.names()), sep="\n")
        return 0
    if options.verb == "import-faces":
        return _import_faces(options.source)
    name = data.resolve(options.name, options.root)
    return {"fetch": _fetch, "verify": _verify}[options.verb](name, options.root)


def _fetch(name: str, root: Path | None) -> int:
    folds = data.load_folds(name, root=root) if data.entry(name).folds else (data.load(name, root=root),)
    for dataset in folds:
        fold = "" if dataset.fold is None else f"fold {dataset.fold} "
        shape = "x".join(map(str, dataset.image_shape))
        for part in ("train", "valid", "test"):
            pixels = getattr(dataset, f"{part}_pixels")
            print(name, fold + part, len(pixels), shape, sha256_of_array(pixels), sep="\t")
    for note in folds[0].notes:
        console.log.info("%s", f"{name}: {note}")
    return 0


def _import_faces(source: Path) -> int:
    from gan_repro.data.faces import import_ as face_import

    if not source.exists():
        raise ValueError(f"{source} is not there; SOURCE must be a .csv file or a folder")
    if source.is_file() and source.suffix.lower() != ".csv":
        raise ValueError(f"{source} is neither a .csv file nor a folder; unpack an archive first")
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
    how_to_get = data.entry(name).how_to_get or f"gan-repro data fetch {name}"
    if "corrupt" in states:
        console.log.warning("%s: a file is not the true one; move it away, then %s", name, how_to_get)
    elif "missing" in states:
        console.log.warning("%s: not complete on this machine; %s", name, how_to_get)
    return 0 if states == {"ok"} else 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = "The data sets: which there are, getting one, checking what is on this machine."
    parser.epilog = (
        "Environment: GAN_REPRO_DATA, a folder with data sets of your own; GAN_REPRO_CACHE, where "
        "downloads are kept. Exit code 1: a data set could not be had or is damaged."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list | fetch | verify | import-faces")
    verbs.add_parser("list", help="print name and description of each data set")
    fetch = verbs.add_parser(
        "fetch", help="get a data set; print part, size, shape and SHA-256 of its pixels, fold by fold"
    )
    verify = verbs.add_parser("verify", help="check the files on this machine; no downloads")
    for reader in (fetch, verify):
        reader.add_argument("name", type=_known, metavar="NAME", help="one of: " + ", ".join(data.names()))
        reader.add_argument("--root", type=Path, metavar="DIR", help="a folder of yours to look into first")
    importing = verbs.add_parser(
        "import-faces",
        help="make fer2013 of your copy of it, or own_faces of a folder of images",
        epilog="What has the pixels of FER2013, by SHA-256, becomes the data set fer2013; other images "
        "become own_faces. Prints name, number of faces, file and SHA-256; what is passed over is counted on "
        "stderr. The import before is replaced.",
    )
    importing.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="fer2013.csv or icml_face_data.csv, or a folder with one of them, with strips 48 pixels wide, "
        "or with face images (.png, .jpg, .webp, .tif, .pgm, .ppm, .bmp, .gif)",
    )
    verify.epilog = "With --root only that folder is checked."


_known = arguments.checked_by(lambda name: name == data.FACES or data.entry(name))

main = console.command_line("gan_repro.data", configure, run)

if __name__ == "__main__":
    sys.exit(main())
