"""What a check must leave as it was: random generators, settings of libraries, working folder."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

# A function that puts something back, and what it is to be given for that.
_Restore = tuple[Callable[[Any], Any], Any]


@contextlib.contextmanager
def kept_state(seed: int) -> Iterator[None]:
    """Run a ``with`` block in a state that is always the same, and put everything back afterwards.

    Put back are the global generators of Python, NumPy and torch, those that the notebook holds
    under a name, NumPy's error and print settings, torch's gradient mode, default dtype and
    default device, the recursion limit and the working folder. Inside the block gradients are on,
    the default dtype is float32 and NumPy's errors are warnings, whatever the reader has set.

    Parameters
    ----------
    seed : int
        The seed of the global generators inside the block.

    Examples
    --------
    >>> import random
    >>> with kept_state(0):
    ...     first = random.random()
    >>> with kept_state(0):
    ...     second = random.random()
    >>> first == second
    True
    """
    torch = sys.modules.get("torch")  # not imported for the question: without it nothing to keep
    restores = [*_python_state(), *_numpy_state(), *_notebook_generators()]
    if torch:
        restores += _torch_state(torch)
    try:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - the global generator is what is guarded
        np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
        if torch:
            torch.set_grad_enabled(True)
            torch.set_default_dtype(torch.float32)
            _seed_torch(torch, seed)
        yield
    finally:
        for restore, kept in restores:
            restore(kept)


@contextlib.contextmanager
def quiet_state() -> Iterator[None]:
    """Run a ``with`` block of an author's code: :func:`kept_state` with seed 0, and no warnings.

    Cases, expected values and checks may come from libraries that draw random numbers or warn:
    their draws are always the same, and their warnings, which are not the reader's, are not shown.

    Examples
    --------
    >>> with quiet_state():
    ...     print(np.log(0.0))
    -inf
    """
    with kept_state(0), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _python_state() -> list[_Restore]:
    restores: list[_Restore] = [
        (random.setstate, random.getstate()),
        (sys.setrecursionlimit, sys.getrecursionlimit()),
    ]
    with contextlib.suppress(OSError):  # the working folder may be gone
        restores.append((_change_folder, os.getcwd()))
    return restores


def _change_folder(folder: str) -> None:
    with contextlib.suppress(OSError):
        os.chdir(folder)


def _numpy_state() -> list[_Restore]:
    return [
        (np.random.set_state, np.random.get_state()),  # noqa: NPY002
        (lambda settings: np.seterr(**settings), np.geterr()),
        (lambda settings: np.set_printoptions(**settings), np.get_printoptions()),
    ]


def _torch_state(torch: Any) -> list[_Restore]:
    restores: list[_Restore] = [
        (torch.set_grad_enabled, torch.is_grad_enabled()),
        (torch.set_default_dtype, torch.get_default_dtype()),
        (torch.set_rng_state, torch.get_rng_state()),
    ]
    if torch.cuda.is_initialized():
        restores.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))

    def restore_device(device: Any) -> None:
        if torch.get_default_device() != device:  # setting it, even to the same, costs every call
            torch.set_default_device(None if device.type == "cpu" else device)

    restores.append((restore_device, torch.get_default_device()))
    return restores


def _seed_torch(torch: Any, seed: int) -> None:
    """``torch.manual_seed``, which without a GPU takes milliseconds to note what it would do."""
    if torch.accelerator.is_available():
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)


def _notebook_generators() -> list[_Restore]:
    """A way back for each random generator that the notebook holds under a name."""
    torch = sys.modules.get("torch")
    restores: list[_Restore] = []
    for value in list(vars(sys.modules["__main__"]).values()):
        kind = type(value)  # isinstance would ask the object, which may answer with an error
        if issubclass(kind, np.random.Generator):
            bits = value.bit_generator
            restores.append((functools.partial(setattr, bits, "state"), bits.state))
        elif issubclass(kind, np.random.RandomState):
            restores.append((value.set_state, value.get_state()))
        elif issubclass(kind, random.Random) and not issubclass(kind, random.SystemRandom):
            restores.append((value.setstate, value.getstate()))
        elif torch and issubclass(kind, torch.Generator):
            restores.append((value.set_state, value.get_state()))
    return restores
