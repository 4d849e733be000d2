"""Devices, batches and one training loop: what lessons need but do not teach.

The loop is written out by hand in the deep-learning chapter; ``fit`` does the same steps in the
same order. Data stay in memory as tensors and batches are slices by index.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

Metric = Callable[[Tensor, Tensor], "Tensor | float"]


def device() -> torch.device:
    """The device that lessons compute on: ``COURSE_DEVICE``, by default the CPU.

    ``COURSE_DEVICE=auto`` takes a GPU when there is one.

    Raises
    ------
    ValueError
        For a device that torch does not know.
    RuntimeError
        For one that this machine does not have.

    Examples
    --------
    >>> weights = torch.zeros(3, device=device())
    >>> weights.device
    device(type='cpu')
    """
    name = os.environ.get("COURSE_DEVICE", "").strip() or "cpu"
    if name == "auto":
        if torch.cuda.is_available():
            name = "cuda"
        elif torch.backends.mps.is_available():
            name = "mps"
        else:
            name = "cpu"
    try:
        chosen = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"COURSE_DEVICE={name!r}: not a device that torch knows") from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(f"COURSE_DEVICE={name!r}, but torch sees no GPU here")
    if chosen.type == "mps" and not torch.backends.mps.is_available():
        raise RuntimeError(f"COURSE_DEVICE={name!r}, but torch sees no Apple GPU here")
    return chosen


def batches(
    *tensors: Tensor,
    size: int,
    shuffle: bool = False,
    generator: torch.Generator | None = None,
    drop_last: bool = False,
) -> Iterator[tuple[Tensor, ...]]:
    """Yield aligned slices of ``tensors`` along the first axis, ``size`` rows each.

    Parameters
    ----------
    *tensors : Tensor
        At least one, all of the same length.
    size : int
        Rows of a batch, at least 1; the last one is shorter unless the rows divide evenly.
    shuffle : bool
        Whether the rows come in a random order.
    generator : torch.Generator, optional
        Draws that order: one permutation. By default torch's global generator.
    drop_last : bool
        Whether to leave out a last batch that is shorter.

    Raises
    ------
    ValueError
        For no tensors, unequal lengths or a size below 1.

    Examples
    --------
    >>> inputs = torch.arange(5)
    >>> for x, y in batches(inputs, 10 * inputs, size=2):
    ...     print(x.tolist(), y.tolist())
    [0, 1] [0, 10]
    [2, 3] [20, 30]
    [4] [40]
    """
    if not tensors:
        raise ValueError("batches() needs at least one tensor")
    rows = len(tensors[0])
    if any(len(tensor) != rows for tensor in tensors):
        raise ValueError(f"unequal lengths: {[len(tensor) for tensor in tensors]}")
    if size < 1:
        raise ValueError(f"size={size}: a batch has at least one row")
    stop = rows - rows % size if drop_last else rows
    if shuffle:
        order = torch.randperm(rows, generator=generator).to(tensors[0].device)
        for start in range(0, stop, size):
            rows_of_batch = order[start : start + size]
            yield tuple(tensor[rows_of_batch] for tensor in tensors)
    else:
        for start in range(0, stop, size):
            yield tuple(tensor[start : start + size] for tensor in tensors)


class History:
    """The numbers of a training run, one row an epoch.

    ``history["loss"]`` is the list of a column, ``history.last["loss"]`` its final value, and
    ``len(history)`` the number of epochs. Columns: ``loss`` (mean over the training samples as
    seen during the epoch), ``seconds`` (since the start) and, where given, the metrics (same
    convention) and ``validation_…`` for each of them, measured after the epoch.

    Attributes
    ----------
    rows : list of dict
        One an epoch, from the name of a column to its number.

    Examples
    --------
    >>> history = History()
    >>> history.append({"loss": 0.7})
    >>> history.append({"loss": 0.4})
    >>> history["loss"]
    [0.7, 0.4]
    >>> history
    History(2 epochs; last: loss 0.4)
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def append(self, row: Mapping[str, float]) -> None:
        """Add the row of one epoch."""
        self.rows.append(dict(row))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the order in which they appeared."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    @property
    def last(self) -> dict[str, float]:
        """The last row; raises ``IndexError`` when nothing was trained."""
        return self.rows[-1]

    def __getitem__(self, column: str) -> list[float]:
        if column not in self.columns:
            raise KeyError(f"{column!r} is not recorded; there are {', '.join(self.columns)}")
        return [row[column] for row in self.rows if column in row]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        if not self.rows:
            return "History(no epochs)"
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in self.last.items())
        return f"History({len(self)} epochs; last: {numbers})"


@contextlib.contextmanager
def _mode(model: nn.Module, training: bool) -> Iterator[None]:
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, was_training in before:  # one by one: parts may be frozen in eval mode
            module.training = was_training


def evaluate(
    model: nn.Module,
    data: tuple[Tensor, Tensor],
    *,
    loss: Callable[[Tensor, Tensor], Tensor],
    metrics: Mapping[str, Metric] | None = None,
    batch_size: int = 1024,
) -> dict[str, float]:
    """Mean loss and metrics of a model.

    Runs in eval mode and without gradients; the mode of every module is restored.

    Parameters
    ----------
    model : nn.Module
        Maps inputs to outputs.
    data : pair of Tensor
        Inputs and targets, at least one row each, on the model's device.
    loss : callable
        ``loss(outputs, targets)`` is the mean over a batch. Batches are weighted by their size,
        so that a short last one does not count too much.
    metrics : mapping of str to callable, optional
        More such measures, by the name under which they are returned.
    batch_size : int
        Rows that pass through the model at once; the result hardly depends on it.

    Returns
    -------
    dict of str to float
        "loss" and the metrics.

    Raises
    ------
    ValueError
        If there are no rows.

    Examples
    --------
    >>> halve = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.constant_(halve.weight, 0.5)
    >>> inputs = torch.tensor([[2.0], [4.0]])
    >>> evaluate(halve, (inputs, inputs), loss=nn.functional.mse_loss)  # (1² + 2²) / 2
    {'loss': 2.5}
    """
    measures = {"loss": loss, **(metrics or {})}
    totals = dict.fromkeys(measures, 0.0)
    rows = len(data[0])
    if rows == 0:
        raise ValueError("there is nothing to evaluate: the data have no rows")
    with _mode(model, training=False), torch.no_grad():
        for inputs, targets in batches(*data, size=batch_size):
            outputs = model(inputs)
            for name, measure in measures.items():
                totals[name] += float(measure(outputs, targets)) * len(inputs)
    return {name: total / rows for name, total in totals.items()}


def fit(
    model: nn.Module,
    data: tuple[Tensor, Tensor],
    *,
    loss: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    epochs: int,
    batch_size: int = 64,
    validation: tuple[Tensor, Tensor] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    scheduler: Any = None,
    clip_norm: float | None = None,
    shuffle: bool = True,
    generator: torch.Generator | None = None,
    on_epoch: Callable[[int, nn.Module, dict[str, float]], None] | None = None,
    progress: bool = True,
) -> History:
    """Train a model: the loop of the deep-learning chapter, step by step in the same order.

    Each step: forward, loss, ``zero_grad``, backward, clipping if wanted, ``optimizer.step()``,
    then ``scheduler.step()`` if there is one.

    Parameters
    ----------
    model : nn.Module
        Is changed in place.
    data : pair of Tensor
        Inputs and targets, at least one row each, on the model's device.
    loss : callable
        ``loss(outputs, targets)`` is the mean over a batch. One that becomes NaN is recorded as
        NaN, never hidden.
    optimizer : torch.optim.Optimizer
        Made for the parameters of the model.
    epochs : int
        How often all data are seen, 0 or more.
    batch_size : int
        Rows of a step.
    validation : pair of Tensor, optional
        Data to :func:`evaluate` after each epoch.
    metrics : mapping of str to callable, optional
        Further measures, called as the loss is and recorded under their names.
    scheduler : torch.optim.lr_scheduler.LRScheduler, optional
        Is moved once a *step*, not once an epoch.
    clip_norm : float, optional
        The largest norm of the gradient of all parameters together; a larger one is scaled down.
    shuffle : bool
        Whether the rows come in a new random order in each epoch.
    generator : torch.Generator, optional
        Draws that order. By default torch's global generator.
    on_epoch : callable, optional
        ``on_epoch(epoch, model, row)`` is called after each epoch, counted from 0, and may add
        columns to ``row``.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    History
        The numbers of each epoch.

    Raises
    ------
    ValueError
        For data without rows, unequal lengths or a negative number of epochs.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> x = torch.linspace(-1, 1, 100)[:, None]
    >>> line = nn.Linear(1, 1)
    >>> history = fit(
    ...     line,
    ...     (x, 3 * x + 1),
    ...     loss=nn.functional.mse_loss,
    ...     optimizer=torch.optim.SGD(line.parameters(), lr=0.1),
    ...     epochs=50,
    ...     progress=False,
    ... )
    >>> print(f"slope {line.weight.item():.2f}, offset {line.bias.item():.2f}")
    slope 3.00, offset 1.00
    >>> len(history), history.columns
    (50, ('loss', 'seconds'))
    """
    if epochs < 0:
        raise ValueError(f"epochs={epochs}: cannot be negative")
    if len(data[0]) == 0:
        raise ValueError("there is nothing to fit: the data have no rows")
    history = History()
    measures = dict(metrics or {})
    start = time.perf_counter()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    with _mode(model, training=True):
        for epoch in _epochs(epochs, progress):
            kept: dict[str, list[Tensor]] = {name: [] for name in ("loss", *measures)}
            sizes: list[int] = []
            for inputs, targets in batches(
                *data, size=batch_size, shuffle=shuffle, generator=generator
            ):
                outputs = model(inputs)
                value = loss(outputs, targets)
                optimizer.zero_grad()
                value.backward()
                if clip_norm is not None:
                    nn.utils.clip_grad_norm_(parameters, clip_norm)
                optimizer.step()
                if scheduler is not None:
                    scheduler.step()
                sizes.append(len(inputs))
                kept["loss"].append(value.detach())
                for name, measure in measures.items():
                    with torch.no_grad():
                        kept[name].append(torch.as_tensor(measure(outputs, targets)))
            row = {name: _weighted_mean(values, sizes) for name, values in kept.items()}
            if validation is not None:
                after = evaluate(model, validation, loss=loss, metrics=measures)
                row |= {f"validation_{name}": number for name, number in after.items()}
            row["seconds"] = time.perf_counter() - start
            if on_epoch is not None:
                on_epoch(epoch, model, row)
            history.append(row)
    return history


def _weighted_mean(values: list[Tensor], sizes: list[int]) -> float:
    weights = torch.tensor(sizes, dtype=torch.float64)
    numbers = torch.stack([value.reshape(()) for value in values]).double().cpu()
    return float((numbers * weights).sum() / weights.sum())


def _epochs(epochs: int, progress: bool) -> Iterator[int]:
    if not progress:
        return iter(range(epochs))
    from tqdm.auto import trange  # TQDM_DISABLE=1 switches the bar off

    return iter(trange(epochs, desc="epochs", leave=False))
