"""How sure is a trained model, and of what kind is its doubt? One evaluator, four methods.

Two kinds of doubt are told apart. *Aleatoric*: noise in the data, which more data do not take away.
*Epistemic*: the model's own ignorance, visible where several plausible models disagree. The lessons
on uncertainty write every formula out; this module packs them for use on a model of your own.

Sources: Gal and Ghahramani 2016 (arXiv:1506.02142) for Monte Carlo dropout; Teye, Azizpour and
Smith 2018 (arXiv:1802.06455) for Monte Carlo batch norm; Lakshminarayanan, Pritzel and Blundell
2017 (arXiv:1612.01474) for deep ensembles; Kendall and Gal 2017 (arXiv:1703.04977) for learned
noise.
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

METHODS = ("dropout", "batch_norm", "ensemble", "noise_head")
TASKS = ("classification", "regression")
NOISE_DRAWS = 64  # draws of noisy logits behind one mean softmax


@dataclass(frozen=True, eq=False)
class Prediction:
    """What :meth:`UncertaintyEvaluator.predict` returns; all tensors on the device of the input.

    Attributes
    ----------
    mean : Tensor
        Averaged over the passes. Classification (batch, classes), probabilities; regression
        (batch, outputs), in the unit of the target.
    entropy : Tensor
        In nats. Classification (batch,), of the averaged probabilities, 0 … ln(classes);
        regression (batch, outputs), of a normal distribution with the total variance, any real
        number.
    mutual_information : Tensor or None
        The part of the entropy that comes from disagreement between passes, in nats, at least 0.
        Classification (batch,), H(mean p) − mean H(p); regression (batch, outputs),
        ½ ln(total variance / noise variance), exact for normal means. None for a regressor that
        states no noise; ``entropy`` is then that of the epistemic variance alone.
    """

    mean: Tensor
    entropy: Tensor
    mutual_information: Tensor | None


def entropy(probabilities: Tensor) -> Tensor:
    """Entropy in nats over the last dimension; a probability of 0 counts as 0.

    Examples
    --------
    >>> entropy(torch.tensor([[0.5, 0.5], [1.0, 0.0]]))  # ln 2, and no doubt at all
    tensor([0.6931, 0.0000])
    """
    return torch.special.entr(probabilities).sum(dim=-1)


class UncertaintyEvaluator:
    """Aleatoric and epistemic uncertainty of a trained classifier or regressor.

    After every call the model is in the mode, and has the statistics, that it had, and the global
    generators are left as they were.

    Parameters
    ----------
    model : nn.Module or sequence of nn.Module
        Trained; for ``method="ensemble"`` at least two. A classifier returns logits
        (batch, classes), a regressor means (batch, outputs). Either may return a pair instead:
        the same and the logarithm of its noise variance, of the same shape (for a classifier the
        noise is on the logits).
    task : {"classification", "regression"}
        What the model does.
    method : {"dropout", "batch_norm", "ensemble", "noise_head"}
        "dropout": ``samples`` passes with the model's dropout left on. "batch_norm": ``samples``
        passes, each normalised with the statistics of a random batch of ``train_data``.
        "ensemble": one pass through each member. "noise_head": one pass, and a network that has
        learned the noise: it is trained here, on ``train_data``, while the model stays as it is.
    samples : int
        How many passes, at least 2.
    train_data : Tensor or pair of Tensor, optional
        For "batch_norm" the training inputs (n, …). For "noise_head" a pair of inputs and targets
        (class numbers (n,), or values (n, outputs)); take data that the model was not fitted to,
        since its errors on those it was fitted to are too small.
    noise_model : nn.Module, optional
        For "noise_head", an untrained module from inputs to (batch, classes or outputs); by
        default a copy of the model whose last linear layer starts at zero.
    epochs : int
        Passes of the noise head over its data, at least 1.
    rate : float
        Learning rate of the noise head, which Adam trains.
    batch_size : int
        Rows per pass and, for "batch_norm", size of the random batches; at least 2.
    seed : int
        Same seed, same input, same result.

    Raises
    ------
    ValueError
        For an unknown task or method, a model without the layers that the method needs, missing
        data, an empty batch, non-finite input or output, and outputs that do not fit the task.
    TypeError
        For something that is no tensor or no module.

    Examples
    --------
    Two models that are certain and disagree: no noise, much ignorance.

    >>> sure_of_0 = nn.Linear(1, 2)
    >>> sure_of_1 = nn.Linear(1, 2)
    >>> with torch.no_grad():
    ...     _ = sure_of_0.weight.zero_(), sure_of_0.bias.copy_(torch.tensor([9.0, -9.0]))
    ...     _ = sure_of_1.weight.zero_(), sure_of_1.bias.copy_(torch.tensor([-9.0, 9.0]))
    >>> evaluator = UncertaintyEvaluator([sure_of_0, sure_of_1], method="ensemble")
    >>> inputs = torch.tensor([[5.0]])
    >>> evaluator.epistemic(inputs).round(decimals=3)  # for each class, from 0 to 1
    tensor([[1., 1.]])
    >>> evaluator.aleatoric(inputs).round(decimals=3)
    tensor([0.])
    >>> evaluator.predict(inputs).mean.round(decimals=3)
    tensor([[0.5000, 0.5000]])
    """

    def __init__(
        self,
        model: nn.Module | Sequence[nn.Module],
        *,
        task: str = "classification",
        method: str = "dropout",
        samples: int = 50,
        train_data: Tensor | tuple[Tensor, Tensor] | None = None,
        noise_model: nn.Module | None = None,
        epochs: int = 30,
        rate: float = 3e-3,
        batch_size: int = 256,
        seed: int = 0,
    ) -> None:
        if task not in TASKS:
            raise ValueError(f"task={task!r}: choose one of {', '.join(TASKS)}")
        if method not in METHODS:
            raise ValueError(f"method={method!r}: choose one of {', '.join(METHODS)}")
        if min(samples, batch_size) < 2 or epochs < 1:
            raise ValueError("samples and batch_size must be at least 2, epochs at least 1")
        self.task = task
        self.method = method
        self.samples = samples
        self.batch_size = batch_size
        self.seed = seed
        self.noise_model: nn.Module | None = None
        if method == "ensemble" and isinstance(model, (list, tuple, nn.ModuleList)):
            self.models = tuple(model)
        else:
            self.models = (model,)
        if not all(isinstance(member, nn.Module) for member in self.models):
            raise TypeError("the model must be a torch module (for an ensemble: a list of them)")
        if method == "ensemble" and len(self.models) < 2:
            raise ValueError("an ensemble needs at least two trained models, in a list")
        if method == "dropout" and not any(layer.p > 0 for layer in self._layers(_DropoutNd)):
            raise ValueError(
                "the model has no dropout layer with a rate above 0: nothing would vary between "
                "the passes. Calls of F.dropout cannot be seen from outside; use nn.Dropout."
            )
        if method == "batch_norm":
            self._check_batch_norm(train_data)
        if method == "noise_head":
            self._fit_noise(train_data, noise_model, epochs, rate)

    # --- what a reader asks for ---------------------------------------------------------------

    def epistemic(self, inputs: Tensor) -> Tensor:
        """How far the passes disagree; larger means less certain.

        Returns
        -------
        Tensor
            Classification: (batch, classes), twice the standard deviation of a class's
            probability over the passes, 2 · sqrt(mean p² − (mean p)²), without unit, 0 … 1: 1
            when half of the passes are certain of the class and half are certain of others.
            Regression: (batch, outputs), standard deviation of the mean over the passes, in the
            unit of the target, at least 0.

        Raises
        ------
        ValueError
            For ``method="noise_head"``, which makes one pass.
        """
        if self.method == "noise_head":
            raise ValueError("one pass cannot disagree: use dropout, batch_norm or an ensemble")
        centres, _ = self._passes(inputs)
        spread = centres.std(dim=0, correction=0)
        return 2 * spread if self.task == "classification" else spread

    def aleatoric(self, inputs: Tensor) -> Tensor:
        """The noise that the model expects in the data; larger means noisier.

        Returns
        -------
        Tensor
            Classification: (batch,), the entropy of one pass, averaged over the passes and
            divided by ln(classes): without unit, 0 (each pass is certain) … 1 (each finds all
            classes alike). Regression: (batch, outputs), standard deviation of the noise, the
            square root of its variance averaged over the passes, in the unit of the target, at
            least 0.

        Raises
        ------
        ValueError
            For a regressor that states no noise.
        """
        centres, variances = self._passes(inputs)
        if self.task == "classification":
            return entropy(centres).mean(dim=0) / math.log(centres.shape[-1])
        if variances is None:
            raise ValueError(
                'the regressor states no noise: method="noise_head", or return (mean, log variance)'
            )
        return variances.mean(dim=0).sqrt()

    def predict(self, inputs: Tensor) -> Prediction:
        """Mean, entropy and mutual information; see :class:`Prediction`."""
        centres, variances = self._passes(inputs)
        mean = centres.mean(dim=0)
        if self.task == "classification":
            total = entropy(mean)
            information = (total - entropy(centres).mean(dim=0)).clamp(min=0)
            return Prediction(mean, total, information)
        total = centres.var(dim=0, correction=0)
        information = None
        if variances is not None:
            noise = variances.mean(dim=0)
            total = total + noise
            information = 0.5 * torch.log(total / noise)
        return Prediction(mean, 0.5 * torch.log(2 * math.pi * math.e * total), information)

    # --- the passes ---------------------------------------------------------------------------

    def _passes(self, inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        """Probabilities or means (passes, batch, k), and noise variances where there are any."""
        _check_inputs(inputs)
        repeats = self.samples if self.method in ("dropout", "batch_norm") else 1
        passes = []
        with torch.no_grad(), self._undisturbed():
            for model in self.models * repeats:
                if self.method == "batch_norm":
                    self._draw_statistics()
                passes.append(self._one_pass(model, inputs))
        centres, variances = zip(*passes, strict=True)
        stacked = torch.stack(centres).to(inputs.device)
        if variances[0] is None:
            return stacked, None
        return stacked, torch.stack(variances).to(inputs.device)

    def _one_pass(self, model: nn.Module, inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        place = _place(model)
        parts = [self._outputs(model, part.to(place)) for part in inputs.split(self.batch_size)]
        centres, log_variances = zip(*parts, strict=True)
        centre = torch.cat(centres)
        log_variance = None if log_variances[0] is None else torch.cat(log_variances)
        if self.task == "classification":
            return _mean_softmax(centre, log_variance), None
        if log_variance is None:
            return centre, None
        return centre, log_variance.exp()

    def _outputs(self, model: nn.Module, inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits or means (batch, k), and log variances of the same shape if there are any."""
        result = model(inputs)
        centre, log_variance = result if isinstance(result, (tuple, list)) else (result, None)
        if self.noise_model is not None:
            log_variance = self._base + self.noise_model(inputs)
        parts = {"output": centre}
        if log_variance is not None:
            parts["log variance"] = log_variance
        for name, part in parts.items():
            if part.dim() != 2 or len(part) != len(inputs) or part.shape != centre.shape:
                columns = "classes" if self.task == "classification" else "outputs"
                raise ValueError(
                    f"the model's {name} is {tuple(part.shape)}, not ({len(inputs)}, {columns})"
                )
            if not torch.isfinite(part).all():
                raise ValueError(f"the model's {name} is not finite for this input")
        if self.task == "classification":
            self._check_logits(centre)
        return centre, log_variance

    def _check_logits(self, logits: Tensor) -> None:
        if logits.shape[1] < 2:
            raise ValueError('one output is no classifier: give two logits, or task="regression"')
        if _sums_to_one(logits):
            raise ValueError("the model returns probabilities, not logits: leave the softmax off")

    @contextlib.contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """Modes, statistics and random generators are the same afterwards as before."""
        modes = [(layer, layer.training) for model in self.models for layer in model.modules()]
        buffers = [
            buffer for layer in self._layers(_BatchNorm) for buffer in layer.buffers(recurse=False)
        ]
        before = [buffer.clone() for buffer in buffers]
        gpus = {_place(model) for model in self.models if _place(model).type == "cuda"}
        try:
            with torch.random.fork_rng(list(gpus)):
                torch.manual_seed(self.seed)
                for layer, _ in modes:
                    layer.training = self.method == "dropout" and isinstance(layer, _DropoutNd)
                yield
        finally:
            for layer, mode in modes:
                layer.training = mode
            for buffer, values in zip(buffers, before, strict=True):
                buffer.copy_(values)

    def _layers(self, kind: type) -> list[nn.Module]:
        modules = [module for model in self.models for module in model.modules()]
        return [module for module in modules if isinstance(module, kind)]

    # --- batch norm ---------------------------------------------------------------------------

    def _check_batch_norm(self, train_data: Tensor | tuple | None) -> None:
        layers = self._layers(_BatchNorm)
        if not layers or any(layer.running_mean is None for layer in layers):
            raise ValueError("the model has no batch-norm layer with running statistics")
        if train_data is None:
            raise ValueError('method="batch_norm" needs train_data: the training inputs')
        self.train_data = train_data[0] if isinstance(train_data, (tuple, list)) else train_data
        _check_inputs(self.train_data)
        if len(self.train_data) <= self.batch_size:
            raise ValueError(
                f"all random batches of {self.batch_size} from {len(self.train_data)} rows of "
                "train_data would be the same: give more rows or a smaller batch_size"
            )

    def _draw_statistics(self) -> None:
        """Give every batch-norm layer the statistics of one random training batch."""

        def measure(layer: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            values = arguments[0].transpose(0, 1).flatten(1)  # (channels, everything else)
            layer.running_mean.copy_(values.mean(dim=1))
            layer.running_var.copy_(values.var(dim=1, correction=0))  # as training divides, by n

        rows = torch.randperm(len(self.train_data))[: self.batch_size]
        batch = self.train_data[rows.to(self.train_data.device)].to(_place(self.models[0]))
        with contextlib.ExitStack() as hooks:  # each is removed at the end
            for layer in self._layers(_BatchNorm):
                hooks.enter_context(layer.register_forward_pre_hook(measure))
            self.models[0](batch)

    # --- learned noise ------------------------------------------------------------------------

    @torch.enable_grad()
    def _fit_noise(
        self,
        data: tuple[Tensor, Tensor] | None,
        noise_model: nn.Module | None,
        epochs: int,
        rate: float,
    ) -> None:
        """Train a network for the log variance by maximum likelihood; the model stays fixed."""
        if not isinstance(data, (tuple, list)) or len(data) != 2:
            raise ValueError('method="noise_head" needs train_data: a pair (inputs, targets)')
        place = _place(self.models[0])
        inputs, targets = (part.to(place) for part in data)
        _check_inputs(inputs)
        with self._undisturbed():
            centre = self._fixed_outputs(inputs)
            wanted = centre.shape if self.task == "regression" else centre.shape[:1]
            if targets.shape != wanted:
                raise ValueError(f"targets of shape {tuple(targets.shape)}, not {tuple(wanted)}")
            if self.task == "regression":  # start from one noise for all: the mean squared error
                self._base = (targets - centre).square().mean(dim=0).clamp(min=1e-30).log()
            else:
                self._base = torch.zeros((), device=place)
            noise = _starting_at_zero(self.models[0]) if noise_model is None else noise_model
            noise = noise.to(place).eval()
            optimizer = torch.optim.Adam(noise.parameters(), lr=rate)
            for _ in range(epochs):
                for rows in torch.randperm(len(inputs)).to(place).split(self.batch_size):
                    log_variance = self._base + noise(inputs[rows])
                    loss = self._noise_loss(centre[rows], log_variance, targets[rows])
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
        self.noise_model = noise

    @torch.no_grad()
    def _fixed_outputs(self, inputs: Tensor) -> Tensor:
        """Logits or means (n, k) of a model that does not state its noise."""
        batches = inputs.split(self.batch_size)
        centres, log_variances = zip(
            *(self._outputs(self.models[0], batch) for batch in batches), strict=True
        )
        if log_variances[0] is not None:
            raise ValueError("the model states its noise already: it needs no noise head")
        return torch.cat(centres)

    def _noise_loss(self, centre: Tensor, log_variance: Tensor, targets: Tensor) -> Tensor:
        """The negative log likelihood of the targets, averaged; without its constants."""
        if self.task == "regression":  # ½ [log σ² + (y − μ)² / σ²]
            error = (targets - centre).square()
            return (log_variance + error * (-log_variance).exp()).mean() / 2
        mean = _mean_softmax(centre, log_variance)
        return F.nll_loss(mean.clamp(min=1e-12).log(), targets)


def _place(model: nn.Module) -> torch.device:
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def _check_inputs(inputs: Tensor) -> None:
    if not isinstance(inputs, Tensor):
        raise TypeError(f"inputs must be a torch tensor, not {type(inputs).__name__}")
    if inputs.dim() == 0 or len(inputs) == 0:
        raise ValueError("the batch is empty: there is nothing to evaluate")
    broken = int((~torch.isfinite(inputs)).sum())
    if broken:
        raise ValueError(f"{broken} of {inputs.numel()} input values are NaN or infinite")


def _sums_to_one(outputs: Tensor) -> bool:
    sums = outputs.sum(dim=1)
    return bool((outputs >= 0).all()) and torch.allclose(sums, torch.ones_like(sums), atol=1e-4)


def _mean_softmax(logits: Tensor, log_variance: Tensor | None) -> Tensor:
    """Probabilities (batch, classes), averaged over noise on the logits where there is any."""
    if log_variance is None:
        return logits.softmax(dim=1)
    noise = torch.randn(NOISE_DRAWS, *logits.shape, device=logits.device, dtype=logits.dtype)
    return (logits + (log_variance / 2).exp() * noise).softmax(dim=-1).mean(dim=0)


def _starting_at_zero(model: nn.Module) -> nn.Module:
    """A copy of the model whose last linear layer is zero, so that it returns zeros at first."""
    twin = copy.deepcopy(model).requires_grad_(True)
    linear = [layer for layer in twin.modules() if isinstance(layer, nn.Linear)]
    if not linear:
        raise ValueError("the model has no linear layer to start from: give a noise_model")
    for parameter in linear[-1].parameters():
        nn.init.zeros_(parameter)
    return twin
