"""The spaces in which samples are compared: the frozen net's features, and raw pixels.

The net's weights are a published file, `results/weights/mnist-digit-network.safetensors`, beside a JSON that
says how it was trained, how well it tells digits apart, and the SHA-256 of the weights. A file that does not
match is refused, since other weights are another yardstick.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gan_repro.data.fetch.store import cache_folder
from gan_repro.measures.network import EPOCHS, SHAPES, DigitNetwork, train
from gan_repro.util import folders
from gan_repro.util.files import atomic_write, read_regular, sha256_of_array
from gan_repro.util.text import one_line

Floats = npt.NDArray[np.floating]

SEED = 1
NAME = "mnist-digit-network"
_FOLDER = "weights"

_LARGEST = 1 << 24
"""Bytes of a weights file that is read at most; the true one has less than a megabyte."""


@dataclass(frozen=True)
class NetworkCard:
    """What is known of the weights; the JSON beside them."""

    name: str
    architecture: dict[str, tuple[int, ...]]
    """Shape of each layer's weights."""
    seed: int
    epochs: int
    accuracy_valid: float
    """Share of the 10,000 validation images whose digit it tells."""
    accuracy_test: float
    train_sha256: str
    """Of the bytes of the training images."""
    labels_sha256: str
    weights_sha256: str
    """Of the file of weights."""
    torch: str
    """Version that trained it."""


def default_folder() -> Path:
    """The published weights' folder in a clone; of an installed package, a folder in the user's cache."""
    return _published() or cached_folder()


def cached_folder() -> Path:
    """The folder of the user's cache: a net trained anew goes there, and so replaces no published one."""
    return cache_folder(_FOLDER)


def load_network(folder: Path | None = None) -> tuple[DigitNetwork, NetworkCard]:
    """Read the net from `default_folder`, or one that `train_network` wrote into another folder.

    Raises:
        ValueError: a file is missing, damaged or not the one that the JSON describes; one sentence says how
            to get it again.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    folder = default_folder() if folder is None else folder
    weights, card = _paths(folder)
    if folder == _published():
        clone = shlex.quote(str(folder.parent.parent))
        cure = f"get it again from the repository: git -C {clone} checkout -- 'results/weights/{NAME}.*'"
    else:
        cure = f"train it with: python -m gan_repro.measures train-network --out {shlex.quote(str(folder))}"
    try:
        content, said = read_regular(weights, _LARGEST), json.loads(read_regular(card, _LARGEST))
        known = NetworkCard(**said)
        network = DigitNetwork(load(content))
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise ValueError(
            f"the net for features cannot be read from {weights}: {one_line(error)}; {cure}"
        ) from error
    if _sha256(content) != known.weights_sha256:
        raise ValueError(f"{weights} is not the file that {card.name} describes (other SHA-256); {cure}")
    return network, known


def train_network(folder: Path, *, root: Path | None = None, log: Any = print) -> NetworkCard:
    """Train the net on MNIST's training images and write weights and JSON; about a minute of one core.

    Nothing is written before all is computed. The two files cannot take their names in the same instant: cut
    off in between, new weights stand beside an old JSON or none, a pair that `load_network` refuses.

    Args:
        folder: where the two files go.
        root: the user's own folder with MNIST's files.
        log: told a line after each epoch.

    Raises:
        DataUnavailable: images or labels cannot be had.
        OSError: the folder cannot be written.
    """
    import torch
    from safetensors.torch import save

    from gan_repro import data
    from gan_repro.data import mnist_labels

    images, labels = data.load("mnist", root=root), mnist_labels.load(root)
    network = train(
        images.train,
        labels.train,
        seed=SEED,
        after_epoch=lambda epoch, loss: log(f"epoch {epoch} of {EPOCHS}: cross-entropy {loss:.4f} nats"),
    )
    content = save({name: tensor.contiguous() for name, tensor in network.tensors.items()})
    card = NetworkCard(
        name=NAME,
        architecture=dict(SHAPES),
        seed=SEED,
        epochs=EPOCHS,
        accuracy_valid=_accuracy(network, images.valid, labels.valid),
        accuracy_test=_accuracy(network, images.test, labels.test),
        train_sha256=sha256_of_array(images.train_pixels),
        labels_sha256=sha256_of_array(labels.train),
        weights_sha256=_sha256(content),
        torch=torch.__version__,
    )
    weights, card_path = _paths(folder)
    atomic_write(weights, content)
    atomic_write(card_path, json.dumps(asdict(card), indent=1) + "\n")
    return card


def _accuracy(network: DigitNetwork, images: Floats, labels: npt.NDArray[np.uint8]) -> float:
    return float(np.mean(network.classes(network.features(images)) == labels))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _paths(folder: Path) -> tuple[Path, Path]:
    return folder / f"{NAME}.safetensors", folder / f"{NAME}.json"


def _published() -> Path | None:
    published = folders.published_folder()
    return None if published is None else published / _FOLDER
