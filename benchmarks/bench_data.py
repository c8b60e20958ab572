"""Loading a data set that is on this machine already, and handing out its batches."""

from __future__ import annotations

from benchmarks.common import ONLY_TESTED, images


class Load:
    """From the cache to checked float32 images."""

    version = "1"
    params = [["mnist", "digits"]]
    param_names = ["name"]
    timeout = 300

    def setup(self, name: str) -> None:
        from gan_repro import data

        if name == "mnist" and ONLY_TESTED:
            raise NotImplementedError("a test downloads nothing")
        try:
            data.load(name)
        except data.DataUnavailable as error:
            raise NotImplementedError(str(error)) from error

    def time_load(self, name: str) -> None:
        from gan_repro import data

        data.load(name)

    def peakmem_load(self, name: str) -> None:
        from gan_repro import data

        data.load(name)


class Batches:
    """One epoch of MNIST in shuffled batches of 100, without a model: what `fit` spends outside its steps."""

    version = "1"
    timeout = 300

    def setup(self) -> None:
        import torch

        from benchmarks.common import use

        use("cpu-1-thread")
        self.train = torch.from_numpy(images(50_000))
        self.order = torch.randperm(len(self.train), generator=torch.Generator().manual_seed(0))

    def time_epoch(self) -> None:
        for index in self.order.split(100):
            self.train[index]
