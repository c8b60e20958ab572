"""The net whose features samples are measured on: what it computes, that it trains alike, that files are
checked."""

import json
import shutil

import numpy as np
import pytest
import torch

from gan_repro.measures import __main__ as command
from gan_repro.measures import features
from gan_repro.measures.features import default_folder, load_network
from gan_repro.measures.network import SHAPES, WIDTH, DigitNetwork, train
from gan_repro.util import folders
from gan_repro.util.files import sha256_of_file


def stripes(n, seed=0):
    """Images (n, 784) of ten kinds, a bright row each, in noise; and their kinds."""
    random = np.random.default_rng(seed)
    kinds = random.integers(10, size=n)
    images = 0.3 * random.random((n, 28, 28))
    images[np.arange(n), 2 * kinds + 4] = 1
    return images.reshape(n, 784).astype(np.float32), kinds.astype(np.uint8)


def test_it_learns_and_the_seed_decides_every_bit():
    images, kinds = stripes(600)
    told = []
    first = train(images, kinds, seed=1, epochs=4, after_epoch=lambda epoch, loss: told.append((epoch, loss)))
    assert [epoch for epoch, _ in told] == [1, 2, 3, 4]
    assert told[-1][1] < told[0][1] / 4
    new_images, new_kinds = stripes(200, seed=1)
    assert np.mean(first.classes(first.features(new_images)) == new_kinds) > 0.95
    again, other = (train(images, kinds, seed=seed, epochs=4) for seed in (1, 2))
    for name, tensor in first.tensors.items():
        assert torch.equal(tensor, again.tensors[name])
    assert not torch.equal(first.tensors["dense/weight"], other.tensors["dense/weight"])
    before = [DigitNetwork.initial(seed).tensors["dense/weight"] for seed in (1, 2)]
    assert not torch.equal(*before)


def test_features_have_unit_mean_square_on_the_training_images():
    images, kinds = stripes(300)
    network = train(images, kinds, seed=1, epochs=1)
    assert np.mean(network.features(images) ** 2) == pytest.approx(1, rel=1e-4)


def test_rescaling_changes_no_log_odds(monkeypatch):
    network = DigitNetwork.initial(3)
    from gan_repro.measures.network import rescaled

    x = torch.from_numpy(stripes(5)[0])
    scaled = rescaled(network, 7.0)
    torch.testing.assert_close(scaled.hidden(x), network.hidden(x) / 7)
    torch.testing.assert_close(scaled.log_odds(scaled.hidden(x)), network.log_odds(network.hidden(x)))


def test_features_do_not_depend_on_how_images_are_grouped(monkeypatch):
    network, (images, _) = DigitNetwork.initial(1), stripes(25)
    whole = network.features(images)
    assert whole.shape == (25, WIDTH)
    monkeypatch.setattr("gan_repro.measures.network._BLOCK", 7)
    np.testing.assert_allclose(network.features(images), whole, rtol=1e-5, atol=1e-6)


def test_tensors_of_another_net_are_refused():
    tensors = DigitNetwork.initial(1).tensors
    with pytest.raises(ValueError, match="differ in dense/weight, extra"):
        DigitNetwork({**tensors, "dense/weight": torch.zeros(2, 2), "extra": torch.zeros(1)})


def test_the_published_weights_are_those_described():
    network, card = load_network()
    weights = default_folder() / f"{features.NAME}.safetensors"
    assert sha256_of_file(weights) == card.weights_sha256
    assert {name: tuple(shape) for name, shape in card.architecture.items()} == SHAPES
    assert card.accuracy_test > 0.98
    assert set(network.tensors) == {f"{layer}/{part}" for layer in SHAPES for part in ("weight", "bias")}


@pytest.mark.mnist
def test_the_published_net_tells_digits_apart_as_it_says(mnist):
    from gan_repro.data import DataUnavailable, mnist_labels

    try:
        labels = mnist_labels.load()
    except DataUnavailable as error:
        pytest.skip(str(error))
    network, card = load_network()
    right = network.classes(network.features(mnist.test)) == labels.test
    assert np.mean(right) == pytest.approx(card.accuracy_test, abs=2e-4)


@pytest.fixture
def copy(tmp_path):
    """The published files, to be damaged."""
    for path in default_folder().glob(f"{features.NAME}.*"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_a_changed_weight_is_noticed(copy):
    path = copy / f"{features.NAME}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"not the file that .*json describes"):
        load_network(copy)


@pytest.mark.parametrize("damage", ["missing", "torn", "not-json", "other-keys"])
def test_a_damaged_file_is_one_sentence_with_a_cure(copy, damage):
    weights, card = (copy / f"{features.NAME}.{end}" for end in ("safetensors", "json"))
    if damage == "missing":
        weights.unlink()
    elif damage == "torn":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "not-json":
        card.write_text("{")
    else:
        card.write_text(json.dumps({"name": "x"}))
    with pytest.raises(
        ValueError, match=r"cannot be read .*python -m gan_repro\.measures train-network"
    ) as error:
        load_network(copy)
    assert "\n" not in str(error.value)


def test_an_installed_package_keeps_the_net_in_the_cache(copy, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_REPRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(folders, "published_folder", lambda: None)
    assert default_folder() == tmp_path / "cache" / "weights"
    with pytest.raises(ValueError, match="train-network"):
        load_network()
    shutil.copytree(copy, tmp_path / "cache" / "weights", ignore=shutil.ignore_patterns("cache"))
    assert load_network()[1].name == features.NAME


def test_a_damaged_published_net_is_had_from_the_repository(copy, monkeypatch):
    monkeypatch.setattr(folders, "published_folder", lambda: copy)
    (copy / "weights").mkdir()
    with pytest.raises(ValueError, match=rf"git -C \S+ checkout -- 'results/weights/{features.NAME}\.\*'"):
        load_network()


@pytest.fixture
def few_digits(monkeypatch):
    """MNIST with 60 images, on which the net trains in a moment."""
    from gan_repro import data
    from gan_repro.data import mnist_labels
    from gan_repro.data.dataset import Dataset

    images, kinds = stripes(60)
    pixels = np.rint(images * 255).astype(np.uint8)
    made = Dataset("mnist", pixels[:40], pixels[40:50], pixels[50:], (28, 28))
    monkeypatch.setattr(data, "load", lambda name, root=None: made)
    labels = mnist_labels.MnistLabels(kinds[:40], kinds[40:50], kinds[50:])
    monkeypatch.setattr(mnist_labels, "load", lambda root=None: labels)


@pytest.mark.usefixtures("few_digits")
def test_the_command_never_writes_over_the_published_net(tmp_path, monkeypatch):
    published = tmp_path / "results" / "weights"
    published.mkdir(parents=True)
    monkeypatch.setattr(folders, "published_folder", lambda: published.parent)
    monkeypatch.setenv("GAN_REPRO_CACHE", str(tmp_path / "cache"))
    assert command.main(["train-network"]) == 0
    assert list(published.iterdir()) == []
    assert load_network(tmp_path / "cache" / "weights")[1].name == features.NAME


@pytest.mark.usefixtures("few_digits")
def test_a_training_cut_off_at_its_end_writes_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(features, "_accuracy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        features.train_network(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("few_digits")
def test_the_command_writes_both_files(tmp_path, capsys):
    assert command.main(["train-network", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["weights_sha256"] == load_network(tmp_path)[1].weights_sha256
    assert "epoch 6 of 6" in said.err
