"""A CUDA card that is not there: its tensors say ``cuda:0`` and hold real numbers, computed on the CPU.

    python -m pytest -p tests.pretend_card -m cuda

A pytest plugin, for a process of its own: whether there is a card is asked while tests are collected. Like a
card it refuses CPU tensors as partners, generators of another device, `numpy()` and, in deterministic mode,
what a card cannot do in a fixed order. It has a generator with a state of 16 bytes and numbers of its own. It
counts what it is told to do and how often somebody waits for it. What it cannot see stands in
docs/reliability.md.

A tensor of the card is a subclass without memory (`CardTensor`) around one of the CPU. Operations reach
`__torch_dispatch__`, below autograd, which takes the wrapping off and puts it on again. What names a device
or a generator never gets so far in a build without CUDA, and is caught at the call (`_Calls`).
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("cuda", 0)
NAME = "a card that is not there"

counts: Counter[str] = Counter()
"""`operations` (views left out) and `synchronisations` so far."""

_MOVES = {"copy_", "_to_copy"}
_TAKES_CPU_INDICES = {"index", "index_put", "index_put_"}
_NO_FIXED_ORDER = {"bincount", "cumsum", "histc", "kthvalue", "median", "put_"}
"""Of those that `torch.use_deterministic_algorithms` lists, what might be tempting here."""


class CardTensor(Tensor):
    """A tensor of the card; `inner` holds its numbers."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> CardTensor:
        return Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device="meta",  # of a device that this build does not know, torch could not keep track
        )

    def __init__(self, inner: Tensor) -> None:
        self.inner = inner

    device = property(lambda self: DEVICE)
    is_cuda = property(lambda self: True)

    def __repr__(self) -> str:
        return f"CardTensor({tuple(self.shape)}, {self.dtype})"

    def numpy(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first")

    __array__ = numpy

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.inner.clone().__reduce_ex__(protocol)

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = func.overloadpacket.__name__
        _check_partners(func, name, args, kwargs)
        if name in _NO_FIXED_ORDER and torch.are_deterministic_algorithms_enabled():
            raise RuntimeError(f"{name} does not have a deterministic implementation")
        to_cpu = "device" in kwargs and kwargs["device"] is not None and kwargs["device"].type == "cpu"
        tensors = _tensors((args, kwargs))
        crossing = any(not isinstance(tensor, CardTensor) for tensor in tensors)
        counts["operations"] += not func.is_view
        counts["synchronisations"] += to_cpu or (name in _MOVES and crossing) or _waits(func, name, tensors)
        result = func(*tree_map(_unwrap, args), **tree_map(_unwrap, kwargs | _on_cpu(kwargs)))
        if to_cpu or (name == "copy_" and not isinstance(args[0], CardTensor)):
            return result
        return return_and_correct_aliasing(func, args, kwargs, tree_map(_wrap, result))


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _check_partners(func: Any, name: str, args: Any, kwargs: Any) -> None:
    partners = _tensors((args[0], args[2:]) if name in _TAKES_CPU_INDICES else (args, kwargs))
    strangers = [tensor for tensor in partners if not isinstance(tensor, CardTensor)]
    # A number of the CPU goes along with a kernel as an argument.
    takes_numbers = torch.Tag.pointwise in func.tags or name.startswith("index_put")
    if not strangers or name in _MOVES or (takes_numbers and not any(tensor.ndim for tensor in strangers)):
        return
    raise RuntimeError(
        f"{func}: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and "
        f"cpu (shapes {[tuple(tensor.shape) for tensor in strangers]})"
    )


def _waits(func: Any, name: str, tensors: list[Tensor]) -> bool:
    """Whether the CPU must know a result of the card, or the card indices of the CPU, to go on."""
    if name in _TAKES_CPU_INDICES:
        return any(t.dtype == torch.bool or not isinstance(t, CardTensor) for t in tensors[1:])
    return bool({torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape} & set(func.tags))


def _on_cpu(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {"device": "cpu", "pin_memory": False}.items() if key in kwargs}


def _unwrap(value: Any) -> Any:
    return value.inner if isinstance(value, CardTensor) else value


def _wrap(value: Any) -> Any:
    return CardTensor(value) if type(value) is Tensor else value


class _Calls(TorchFunctionMode):
    """What torch would do with devices and generators if it knew of a card."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name in ("to", "cuda"):
            return self._to(func, name, args, kwargs)
        if name == "where" and isinstance(args[0], CardTensor):
            # A number becomes a tensor of the card before the operation is dispatched.
            dtype = next(value.dtype for value in args[1:] if isinstance(value, Tensor))
            args = [v if isinstance(v, Tensor) else CardTensor(torch.tensor(v, dtype=dtype)) for v in args]
        device = kwargs.get("device")
        on_card = isinstance(args[0], CardTensor) if device is None and args else _is_card(device)
        generator = kwargs.get("generator")
        if generator is not None and on_card != _is_card(generator.device):
            raise RuntimeError(
                f"{name}: Expected a '{'cuda' if on_card else 'cpu'}' device type for generator but found "
                f"'{generator.device.type}'"
            )
        if not _is_card(device):
            return func(*args, **kwargs)
        counts["operations"] += 1
        return _wrap(func(*tree_map(_unwrap, args), **kwargs | {"device": "cpu"}))

    @staticmethod
    def _to(func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        tensor, *rest = args
        if name == "cuda":
            rest, kwargs = [DEVICE], {}
        if rest and isinstance(rest[0], Tensor):
            rest = [rest[0].device, rest[0].dtype]
        named = [kwargs.get("device"), *rest]
        if not any(isinstance(value, (str, torch.device)) and _is_card(value) for value in named):
            return func(tensor, *rest, **kwargs)
        if "device" in kwargs:
            kwargs["device"] = "cpu"
        rest = ["cpu" if isinstance(value, (str, torch.device)) else value for value in rest]
        if isinstance(tensor, CardTensor):
            moved = func(tensor.inner, *rest, **kwargs)
            return tensor if moved is tensor.inner else CardTensor(moved)
        counts["operations"] += 1
        counts["synchronisations"] += 1
        return CardTensor(func(tensor, *rest, **kwargs | {"copy": True}))


def _is_card(device: Any) -> bool:
    if device is None:
        return False
    device = torch.device(device)
    if device.type == "cuda" and device.index:
        raise RuntimeError(f"CUDA error: invalid device ordinal {device.index}")
    return device.type == "cuda"


class CardGenerator(torch.Generator):
    """Other numbers than the CPU's from the same seed, and a state of 16 bytes."""

    device = property(lambda self: DEVICE)
    _states: ClassVar[dict[bytes, Tensor]] = {}

    def manual_seed(self, seed: int) -> CardGenerator:
        super().manual_seed(seed ^ 0xC0DA)
        return self

    def get_state(self) -> Tensor:
        state = super().get_state()
        short = sha256(state.numpy().tobytes()).digest()[:16]
        self._states[short] = state
        return torch.tensor(list(short), dtype=torch.uint8)

    def set_state(self, state: Tensor) -> None:
        if state.numel() != 16:
            raise RuntimeError("RNG state is wrong size")
        super().set_state(self._states[state.numpy().tobytes()])


class _AnyGenerator(torch.Generator):
    def __new__(cls, device: Any = "cpu") -> Any:
        return CardGenerator() if _is_card(device) else _CPU_GENERATOR()


_CPU_GENERATOR = torch.Generator


def _synchronize(device: Any = None) -> None:
    counts["synchronisations"] += 1


def here() -> bool:
    """Whether this process was told that there is such a card."""
    return torch.Generator is _AnyGenerator


def pytest_configure(config: pytest.Config) -> None:
    """Put the card in, for as long as the process lives."""
    torch.Generator = _AnyGenerator  # type: ignore[misc]
    cuda: dict[str, Any] = {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "get_device_name": lambda device=None: NAME,
        "get_device_properties": lambda device=None: SimpleNamespace(name=NAME, multi_processor_count=1),
        "synchronize": _synchronize,
        "reset_peak_memory_stats": lambda device=None: None,
        "max_memory_allocated": lambda device=None: 2**20,
    }
    for name, pretended in cuda.items():
        setattr(torch.cuda, name, pretended)
    _Calls().__enter__()
