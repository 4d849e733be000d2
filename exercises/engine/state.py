"""What a check must leave as it was: random generators, settings of libraries, working folder."""

from __future__ import annotations

import contextlib
import decimal
import functools
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

# A function that puts something back, and what it is to be given for that.
_Restore = tuple[Callable[[Any], Any], Any]


class _Setting(NamedTuple):
    """A global setting: how it is read and written, and what it is inside a check.

    ``inside`` gives the value inside, from the reader's: which may stay as it is.
    """

    read: Callable[[], Any]
    write: Callable[[Any], Any]
    inside: Callable[[Any], Any] = lambda kept: kept


@contextlib.contextmanager
def kept_state(seed: int) -> Iterator[None]:
    """Run a ``with`` block in a state that is always the same, and put everything back afterwards.

    Put back are the global generators of Python, NumPy and torch, those that the notebook holds
    under a name, the working folder, the recursion limit, warnings' filters, the context of
    ``decimal``, and the settings of these libraries, as far as they are loaded:

    =============  =================================================================================
    NumPy          errors and printing
    torch          default dtype and device, threads, gradient and inference mode, deterministic
                   algorithms, anomaly detection, precision of matrix products
    scikit-learn   its configuration
    pandas         options that change results or dtypes; by the outermost of nested blocks only,
                   for they take long to ask for
    =============  =================================================================================

    Inside the block all of them are as the libraries come, whatever the reader has set, with two
    exceptions: warnings are not shown, and torch uses one thread, because a check is small and
    threads that wait for each other on a busy computer take a hundred times as long.

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
    with contextlib.ExitStack() as contexts:
        contexts.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # a reader may have turned warnings into errors
        if torch and torch.is_inference_mode_enabled():
            contexts.enter_context(torch.inference_mode(False))
        settings = _settings()
        kept = [setting.read() for setting in settings]
        restores = _generator_states(torch)
        decimals = decimal.getcontext()
        try:
            decimal.setcontext(decimal.Context())
            for setting, value in zip(settings, kept, strict=True):
                _write_changed(setting, value, setting.inside(value))
            random.seed(seed)
            if torch:
                _seed_torch(torch, seed)
            with _numpy_generator(seed), _default_pandas():
                yield
        finally:
            decimal.setcontext(decimals)
            for setting, value in zip(settings, kept, strict=True):
                _write_changed(setting, setting.read(), value)
            for restore, state in restores:
                restore(state)


@contextlib.contextmanager
def quiet_state() -> Iterator[None]:
    """Run a ``with`` block of an author's code: :func:`kept_state` with seed 0.

    Cases, expected values and checks may come from libraries that draw random numbers or warn:
    their draws are always the same, and their warnings, which are not the reader's, are not shown.

    Examples
    --------
    >>> with quiet_state():
    ...     print(np.log(0.0))
    -inf
    """
    with kept_state(0):
        yield


def _write_changed(setting: _Setting, old: Any, new: Any) -> None:
    """Write a setting where that changes something: some cost time even if they stay the same."""
    if old != new:
        setting.write(new)


# --- settings -----------------------------------------------------------------------------------

_NUMPY_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
_NUMPY_PRINTING = {
    "edgeitems": 3,
    "threshold": 1000,
    "floatmode": "maxprec",
    "precision": 8,
    "suppress": False,
    "linewidth": 75,
    "nanstr": "nan",
    "infstr": "inf",
    "sign": "-",
    "formatter": None,
    "legacy": False,
    "override_repr": None,
}
_SKLEARN = {
    "assume_finite": False,
    "transform_output": "default",
    "array_api_dispatch": False,
    "enable_metadata_routing": False,
    "skip_parameter_validation": False,
}
_PANDAS = (
    "mode.chained_assignment",
    "mode.string_storage",
    "mode.use_inf_as_na",
    "future.distinguish_nan_and_na",
    "future.infer_string",
    "future.no_silent_downcasting",
)


def _settings() -> list[_Setting]:
    """The settings of Python and of the libraries that are loaded."""
    settings = [*_PYTHON_SETTINGS, *_NUMPY_SETTINGS]
    if "sklearn" in sys.modules:
        settings += _sklearn_settings(sys.modules["sklearn"])
    if "torch" in sys.modules:
        settings += _torch_settings(sys.modules["torch"])
    return settings


def _working_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it may be gone
        return None


def _change_folder(folder: str | None) -> None:
    if folder is not None:
        with contextlib.suppress(OSError):
            os.chdir(folder)


def _with(defaults: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Replaces by ``defaults`` what a configuration has under the same names."""
    return lambda kept: {name: defaults.get(name, value) for name, value in kept.items()}


_PYTHON_SETTINGS = [
    _Setting(sys.getrecursionlimit, sys.setrecursionlimit),
    _Setting(_working_folder, _change_folder),
]
_NUMPY_SETTINGS = [
    _Setting(np.geterr, lambda kept: np.seterr(**kept), lambda kept: _NUMPY_ERRORS),
    _Setting(np.geterrcall, np.seterrcall),
    _Setting(np.get_printoptions, lambda kept: np.set_printoptions(**kept), _with(_NUMPY_PRINTING)),
]


@functools.cache
def _sklearn_settings(sklearn: ModuleType) -> list[_Setting]:
    return [
        _Setting(sklearn.get_config, lambda kept: sklearn.set_config(**kept), _with(_SKLEARN)),
    ]


@functools.cache
def _torch_settings(torch: ModuleType) -> list[_Setting]:
    return [
        _Setting(torch.is_grad_enabled, torch.set_grad_enabled, lambda kept: True),
        _Setting(torch.get_default_dtype, torch.set_default_dtype, lambda kept: torch.float32),
        _Setting(
            torch.get_default_device,
            functools.partial(_set_default_device, torch),
            lambda kept: torch.device("cpu"),
        ),
        _Setting(torch.get_num_threads, torch.set_num_threads, lambda kept: 1),
        _Setting(
            torch.get_deterministic_debug_mode,
            torch.set_deterministic_debug_mode,
            lambda kept: 0,
        ),
        _Setting(
            torch.get_float32_matmul_precision,
            torch.set_float32_matmul_precision,
            lambda kept: "highest",
        ),
        _Setting(
            lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
            lambda kept: torch.autograd.set_detect_anomaly(*kept),
            lambda kept: (False, True),
        ),
    ]


def _set_default_device(torch: ModuleType, device: Any) -> None:
    """Set the default device, by taking back what was set where that is enough.

    A device that was set, even the CPU, costs every later call of torch. Where the reader is
    inside a ``with torch.device(...)``, nothing set is that block's device.
    """
    torch.set_default_device(None)
    if torch.get_default_device() != device:
        torch.set_default_device(device)


_pandas_is_default = False


@contextlib.contextmanager
def _default_pandas() -> Iterator[None]:
    global _pandas_is_default
    pandas = sys.modules.get("pandas")
    if pandas is None or _pandas_is_default:
        yield
        return
    settings = _pandas_settings(pandas)
    kept = [setting.read() for setting in settings]
    try:
        _pandas_is_default = True
        for setting, value in zip(settings, kept, strict=True):
            _write_changed(setting, value, setting.inside(value))
        yield
    finally:
        _pandas_is_default = False
        for setting, value in zip(settings, kept, strict=True):
            _write_changed(setting, setting.read(), value)


@functools.cache
def _pandas_settings(pandas: ModuleType) -> list[_Setting]:
    """Those of the options that this version has."""
    settings = []
    for option in _PANDAS:
        with contextlib.suppress(KeyError):  # pandas.errors.OptionError is one
            settings.append(_pandas_setting(pandas, option))
    return settings


def _pandas_setting(pandas: ModuleType, option: str) -> _Setting:
    read = functools.partial(pandas.get_option, option)
    write = functools.partial(pandas.set_option, option)
    kept = read()
    pandas.reset_option(option)  # the default is the version's, and nothing else tells it
    default = read()
    write(kept)
    return _Setting(read, write, lambda kept: default)


# --- generators ---------------------------------------------------------------------------------


def _generator_states(torch: ModuleType | None) -> list[_Restore]:
    """A way back for the global generators, and for those that the notebook holds."""
    restores: list[_Restore] = [
        (random.setstate, random.getstate()),
        *_notebook_generators(),
    ]
    if torch:
        restores.append((torch.set_rng_state, torch.get_rng_state()))
        if torch.cuda.is_initialized():
            restores.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    return restores


_spare_generators: list[np.random.MT19937] = []


@contextlib.contextmanager
def _numpy_generator(seed: int) -> Iterator[None]:
    """Let NumPy's global functions draw from another generator.

    Writing a generator's state takes as long as all the rest of :func:`kept_state`, and making a
    generator longer still: so they are exchanged, and kept for the next time.
    """
    readers = np.random.get_bit_generator()
    state = np.random.get_state(legacy=False)  # noqa: NPY002 - the global one is what is guarded
    spare = _spare_generators.pop() if _spare_generators else np.random.MT19937()
    try:
        np.random.set_bit_generator(spare)
        np.random.seed(seed)  # noqa: NPY002
        yield
    finally:
        np.random.set_bit_generator(readers)
        if state["has_gauss"]:  # a normal number drawn in advance, lost in the exchange
            np.random.set_state(state)  # noqa: NPY002
        _spare_generators.append(spare)


def _seed_torch(torch: ModuleType, seed: int) -> None:
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
