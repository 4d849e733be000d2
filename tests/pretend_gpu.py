"""A pretend GPU, to find out without one whether a lesson keeps its tensors on the right device.

A pretend tensor says that it is on the device `meta` and keeps its numbers in an ordinary tensor,
with which it computes. Whatever a GPU refuses is refused: operands from two devices, a CPU
generator, `.numpy()`. So `COURSE_DEVICE=meta` in a kernel that called :func:`start` runs a lesson
as `cuda` would, with the CPU's numbers. It shows wrong devices; it cannot show a GPU's rounding.
"""

import contextlib

import torch
from torch import nn
from torch.optim import optimizer
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

aten = torch.ops.aten
DEVICE = torch.device("meta")
PACKING = aten._pack_padded_sequence.default  # lengths and batch sizes stay on the CPU
MAY_MIX = {aten.copy_.default, aten._to_copy.default, PACKING}
MAY_MIX |= {aten._pack_padded_sequence_backward.default}
INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default}
INDEXING |= {aten._index_put_impl_.default}
_generators: set[int] = set()  # those that were made for the pretend device
_for_good = contextlib.ExitStack()


class Pretend(torch.Tensor):
    """A tensor on the pretend device; ``inner`` holds its numbers."""

    count = 0  # how many were made
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner):
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=DEVICE,
        )
        made.inner = inner
        cls.count += 1
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _run(func, args, kwargs or {})

    def __format__(self, spec):
        return format(self.inner.detach(), spec)

    def __repr__(self, **_):
        return f"Pretend({self.inner.detach()!r})"

    def tolist(self):
        return self.inner.tolist()


class PretendGPU(TorchDispatchMode):
    """While it is entered, tensors can be made on the pretend device."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return _run(func, args, kwargs or {})


def _here(value) -> bool:
    """Whether `value` is a tensor in this machine's memory, other than a single number."""
    return isinstance(value, torch.Tensor) and not isinstance(value, Pretend) and value.dim() > 0


def _refuse_mixtures(func, args, kwargs) -> None:
    values = tree_leaves((args, kwargs))
    if func in INDEXING and isinstance(args[0], Pretend):
        values = tree_leaves(args[2:])  # the places themselves may be on either device
    shapes = [tuple(value.shape) for value in values if _here(value)]
    if shapes and any(isinstance(value, Pretend) for value in tree_leaves((args, kwargs))):
        raise RuntimeError(f"expected all tensors on one device, but {func} got {shapes} on cpu")


def _run(func, args, kwargs):
    """Compute with the inner tensors; what comes out is on the device of what went in."""
    if func not in MAY_MIX:
        _refuse_mixtures(func, args, kwargs)
    pretend = [value for value in tree_leaves((args, kwargs)) if isinstance(value, Pretend)]
    there = isinstance(args[0], Pretend) if func is aten.copy_.default else bool(pretend)
    if kwargs.get("device") is not None:
        there = torch.device(kwargs["device"]) == DEVICE
        kwargs = kwargs | {"device": torch.device("cpu")}
    generator = kwargs.get("generator")
    if there and generator is not None and generator._cdata not in _generators:
        raise RuntimeError(f"expected a generator of the tensors' device, but {func} got a CPU one")
    owners = {id(value.inner): value for value in pretend}
    if torch.Tag.inplace_view in func.tags and pretend:  # the outside gets its new shape, too
        with no_dispatch():
            func(*args, **kwargs)
    args, kwargs = tree_map(lambda x: x.inner if isinstance(x, Pretend) else x, (args, kwargs))
    result = func(*args, **kwargs)

    if not there:
        return result
    if func is PACKING:
        return Pretend(result[0]), result[1]

    def wrapped(value):  # what was changed in place keeps its owner
        if not isinstance(value, torch.Tensor):
            return value
        known = owners.get(id(value))
        return Pretend(value) if known is None else known

    return tree_map(wrapped, result)


class _Generator(torch.Generator):
    def __new__(cls, device="cpu"):
        made = super().__new__(cls, "cpu")
        if torch.device(device) == DEVICE:
            _generators.add(made._cdata)
        return made


@contextlib.contextmanager
def pretence():
    """The mode, with optimisers, modules and generators that go along."""
    supported, apply, generator = (
        optimizer._get_fused_kernels_supported_devices,
        nn.Module._apply,
        torch.Generator,
    )

    def moving(self, *args, **kwargs):  # parameters stay the same objects, as on a real GPU
        before = torch.__future__.get_swap_module_params_on_conversion()
        torch.__future__.set_swap_module_params_on_conversion(True)
        try:
            return apply(self, *args, **kwargs)
        finally:
            torch.__future__.set_swap_module_params_on_conversion(before)

    optimizer._get_fused_kernels_supported_devices = lambda: [*supported(), DEVICE.type]
    nn.Module._apply, torch.Generator = moving, _Generator
    try:
        with PretendGPU():
            yield
    finally:
        optimizer._get_fused_kernels_supported_devices = supported
        nn.Module._apply, torch.Generator = apply, generator


def start() -> None:
    """Pretend for the rest of this process."""
    _for_good.enter_context(pretence())
