"""Exercises of the lesson on training that works."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from exercises.engine import Bug, Case, Function, Mistake, Value
from utils.training import fit

# --- Exercise 1: running statistics ---------------------------------------------------------------


def _running_by_library() -> tuple[float, float]:
    layer = nn.BatchNorm1d(1, dtype=torch.float64)
    layer(torch.tensor([[2.0], [4.0], [9.0]], dtype=torch.float64))
    return layer.running_mean.item(), layer.running_var.item()


running_statistics = Value(
    "deep_learning.training_that_works.running_statistics",
    title="One batch through the running statistics",
    expected=_running_by_library,
    tolerance=0.005,
    reference=(0.5, 2.2),
    mistakes=[
        Mistake(
            "the variance divided by n",
            (0.5, 0.9 + 0.1 * 26 / 3),
            "The batch itself is normalised with the variance over n, but what PyTorch stores is "
            "the unbiased one, over n − 1.",
        ),
        Mistake(
            "momentum as the weight of the old value",
            (4.5, 0.1 + 0.9 * 13),
            "That is what Keras means by the word. In PyTorch 0.1 is the weight of the *new* one.",
        ),
        Mistake(
            "momentum as the weight of the old value, and the variance divided by n",
            (4.5, 0.1 + 0.9 * 26 / 3),
            "Two conventions at once: in PyTorch 0.1 is the weight of the new value, and the "
            "stored variance divides by n − 1.",
        ),
        Mistake(
            "the numbers of the batch alone",
            (5.0, 13.0),
            "These are the batch's own mean and unbiased variance. They enter the running ones "
            "with weight 0.1 only; the rest is the start, 0 and 1.",
        ),
        Mistake(
            "a running variance that starts at 0",
            (0.5, 1.3),
            "The mean starts at 0, the variance at 1: a layer that has seen nothing then divides "
            "by 1.",
        ),
        Mistake(
            "a standard deviation in the place of the variance",
            (0.5, 0.9 + 0.1 * math.sqrt(13)),
            "What is averaged is the variance; the root is taken when it is used.",
        ),
    ],
    also_correct=[[0.5, 2.2], np.array([0.5, 2.2]), torch.tensor([0.5, 2.2])],
    hints=[
        "First the batch: its mean, and its squared deviations from it, 9, 1 and 16.",
        "New running value = 0.9 · old + 0.1 · batch. The old ones are 0 for the mean, 1 for the "
        "variance.",
        "For the running variance the squared deviations are divided by n − 1 = 2.",
    ],
    carry_on="The difference between n and n − 1 is small for batches of 50 and a factor of two "
    "for batches of 2; a parity test with large batches would not have noticed it.",
)

# --- Exercise 2: one step of AdamW ----------------------------------------------------------------

_ADAMW = {"lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "decay": 0.3}


def _adamw_cases(rng: np.random.Generator) -> Iterator[Case]:
    w, g = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.01, -40.0])
    zero = np.zeros(3)
    yield Case((w, g, zero, zero, 1), dict(_ADAMW), label="the first step")
    yield Case((w, g, zero, zero, 1), _ADAMW | {"decay": 0.0}, label="no decay: plain Adam")
    m, v = rng.normal(size=3), rng.uniform(0.1, 2.0, size=3)
    yield Case((w, g, m, v, 7), dict(_ADAMW), label="the seventh step")
    yield Case((w, zero, zero, zero, 3), dict(_ADAMW), label="a gradient that is always zero")
    yield Case((w, 1e-3 * g, m, v, 40), _ADAMW | {"eps": 0.1}, label="a large eps")


def _adamw_by_library(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    weight = torch.tensor(w, requires_grad=True)
    optimizer = torch.optim.AdamW(
        [weight], lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=decay
    )
    optimizer.state[weight] = {
        "step": torch.tensor(float(t - 1)),
        "exp_avg": torch.tensor(m),
        "exp_avg_sq": torch.tensor(v),
    }
    weight.grad = torch.tensor(g)
    optimizer.step()
    state = optimizer.state[weight]
    return weight.detach().numpy(), state["exp_avg"].numpy(), state["exp_avg_sq"].numpy()


def _adamw(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    w = w - lr * decay * w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w, m, v


def _adamw_in_tensors(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    w, g, m, v = (torch.tensor(part) for part in (w, g, m, v))
    m.lerp_(g, 1 - beta1)
    v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
    scale = (v / (1 - beta2**t)).sqrt() + eps
    return w * (1 - lr * decay) - lr / (1 - beta1**t) * m / scale, m, v


def _adamw_as_l2(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    return _adamw(w, g + decay * w, m, v, t, lr, beta1, beta2, eps, 0.0)


def _adamw_uncorrected(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - lr * decay * w - lr * m / (np.sqrt(v) + eps), m, v


def _adamw_without_lr(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    new, m, v = _adamw(w, g, m, v, t, lr, beta1, beta2, eps, 0.0)
    return new - decay * w, m, v


def _adamw_eps_inside(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    scale = np.sqrt(v / (1 - beta2**t) + eps)
    return w - lr * decay * w - lr * m / (1 - beta1**t) / scale, m, v


def _adamw_decayed_last(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    new, m, v = _adamw(w, g, m, v, t, lr, beta1, beta2, eps, 0.0)
    return new * (1 - lr * decay), m, v


def _adamw_corrected_state(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    new, m, v = _adamw(w, g, m, v, t, lr, beta1, beta2, eps, decay)
    return new, m / (1 - beta1**t), v / (1 - beta2**t)


def _adamw_no_square(w, g, m, v, t, lr, beta1, beta2, eps, decay):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - lr * decay * w - lr * m_hat / (v_hat + eps), m, v


adamw_step = Function(
    "deep_learning.training_that_works.adamw_step",
    title="One step of AdamW",
    cases=_adamw_cases,
    expected=_adamw_by_library,
    reference=_adamw,
    rtol=1e-6,
    atol=1e-9,
    mistakes=[
        Mistake(
            "the decay added to the gradient",
            _adamw_as_l2,
            "That is Adam with an L2 penalty: the decay is then divided by √v like every gradient. "
            "In AdamW the average m and v never see the decay; it acts on the weight directly.",
        ),
        Mistake(
            "no bias correction",
            _adamw_uncorrected,
            "m and v start at zero, so early on both are too small. Divide m by 1 − β₁ᵗ and v by "
            "1 − β₂ᵗ before you use them.",
        ),
        Mistake(
            "the decay without the learning rate",
            _adamw_without_lr,
            "PyTorch shrinks the weight by lr · decay, so that a schedule lowers both together.",
        ),
        Mistake(
            "eps inside the square root",
            _adamw_eps_inside,
            "It is √v̂ + eps, not √(v̂ + eps). Inside, an eps of 10⁻⁸ would act like 10⁻⁴.",
        ),
        Mistake(
            "the decay applied to the weight after the step",
            _adamw_decayed_last,
            "The decay takes lr · decay · w of the *old* weight. You also shrank the step.",
        ),
        Mistake(
            "the corrected averages returned",
            _adamw_corrected_state,
            "The weight is right. But the next step must go on from the raw m and v; the corrected "
            "ones are used once and thrown away.",
        ),
        Mistake(
            "beta1 and beta2 exchanged",
            lambda w, g, m, v, t, lr, beta1, beta2, eps, decay: _adamw(
                w, g, m, v, t, lr, beta2, beta1, eps, decay
            ),
            "beta1 belongs to m, the average of the gradients, and beta2 to v, that of their "
            "squares.",
        ),
        Mistake(
            "the square root forgotten",
            _adamw_no_square,
            "v averages *squared* gradients. Without the root the step has the unit 1/gradient.",
        ),
    ],
    also_correct=[_adamw_in_tensors, lambda *args, **more: list(_adamw(*args, **more))],
    hints=[
        "Three things in order: new m and v, their corrected versions, then the weight.",
        "m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ); t is 1 in the first step.",
        "The weight loses two things: lr · decay · w and lr · m̂ / (√v̂ + eps). Return the raw m, v.",
    ],
    carry_on="With a gradient of zero the weight still shrinks by lr · decay a step, whatever v "
    "is: that is what “decoupled” means.",
)

# --- Exercise 3: batch norm for pictures ----------------------------------------------------------


def _spatial_cases(rng: np.random.Generator) -> Iterator[Case]:
    def images(*shape: int) -> torch.Tensor:
        return torch.tensor(rng.normal(2.0, 3.0, size=shape))

    def channel(count: int) -> torch.Tensor:
        return torch.tensor(rng.uniform(0.5, 2.0, size=count))

    yield Case((images(4, 3, 5, 6), channel(3), channel(3), 1e-5), label="4 images, 3 channels")
    yield Case((images(2, 4, 4, 4), channel(4), channel(4), 1e-5), label="width = channels")
    yield Case((images(1, 2, 3, 3), channel(2), channel(2), 1e-5), label="a single image")
    yield Case((images(3, 3, 2, 3), channel(3), channel(3), 0.5), label="a large eps")


def _spatial_by_library(x, gamma, beta, eps):
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def _normalise_over(axes, x, gamma, beta, eps, *, unbiased=False):
    mean = x.mean(dim=axes, keepdim=True)
    variance = x.var(dim=axes, correction=int(unbiased), keepdim=True)
    x_hat = (x - mean) / torch.sqrt(variance + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]


def _spatial(x, gamma, beta, eps):
    return _normalise_over((0, 2, 3), x, gamma, beta, eps)


def _spatial_by_rows(x, gamma, beta, eps):
    flat = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
    flat = (flat - flat.mean(0)) / torch.sqrt(flat.var(0, correction=0) + eps) * gamma + beta
    return flat.reshape(len(x), *x.shape[2:], -1).permute(0, 3, 1, 2)


def _spatial_gamma_last(x, gamma, beta, eps):
    one = torch.ones_like(gamma)
    return gamma * _normalise_over((0, 2, 3), x, one, 0 * one, eps) + beta


def _spatial_eps_outside(x, gamma, beta, eps):
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    spread = x.std(dim=(0, 2, 3), correction=0, keepdim=True)
    return gamma[:, None, None] * (x - mean) / (spread + eps) + beta[:, None, None]


spatial_batch_norm = Function(
    "deep_learning.training_that_works.spatial_batch_norm",
    title="Batch norm for pictures",
    cases=_spatial_cases,
    expected=_spatial_by_library,
    reference=_spatial,
    rtol=1e-5,
    atol=1e-7,
    mistakes=[
        Mistake(
            "statistics over the images only",
            lambda *args: _normalise_over((0,), *args),
            "Every pixel then has a mean of its own. A convolution treats all places alike, so its "
            "normalisation does too: average over images, rows and columns.",
        ),
        Mistake(
            "statistics of each image by itself",
            lambda *args: _normalise_over((2, 3), *args),
            "That is instance norm. Batch norm shares mean and variance across the images of the "
            "batch: dimension 0 belongs to the average as well.",
        ),
        Mistake(
            "statistics over the channels",
            lambda *args: _normalise_over((1, 2, 3), *args),
            "That is layer norm, one mean an image. Here each *channel* has its own mean, and the "
            "channels are dimension 1.",
        ),
        Mistake(
            "one mean and one variance for everything",
            lambda *args: _normalise_over((0, 1, 2, 3), *args),
            "Channels may have very different sizes; each one needs its own numbers.",
        ),
        Mistake(
            "the unbiased variance",
            lambda *args: _normalise_over((0, 2, 3), *args, unbiased=True),
            "`var` divides by n − 1 unless told otherwise. The batch itself is normalised with n: "
            "say correction=0.",
        ),
        Mistake(
            "gamma and beta along the last axis",
            _spatial_gamma_last,
            "Broadcasting lines shapes up from the right, so gamma met the columns. It needs the "
            "shape (C, 1, 1): gamma[:, None, None]. Where width = channels nothing would complain.",
        ),
        Mistake(
            "gamma and beta exchanged",
            lambda x, gamma, beta, eps: _spatial(x, beta, gamma, eps),
            "beta multiplies here and gamma is added. gamma is the new spread of a channel, beta "
            "its new mean.",
        ),
        Mistake(
            "eps outside the square root",
            _spatial_eps_outside,
            "Batch norm divides by √(variance + eps), unlike Adam, which divides by √v + eps.",
        ),
    ],
    also_correct=[
        _spatial_by_rows,
        lambda x, gamma, beta, eps: _spatial(x, gamma, beta, eps).tolist(),
    ],
    hints=[
        "Ask which numbers share one mean: all that belong to the same channel.",
        "`x.mean(dim=(0, 2, 3), keepdim=True)` has the shape (1, C, 1, 1).",
        "The variance needs correction=0; gamma and beta need the shape (C, 1, 1).",
    ],
    carry_on="The four wrong choices of axes have names and uses of their own: instance norm, "
    "layer norm, and (with groups of channels) group norm.",
)

# --- Exercise 4: warm-up and cosine ---------------------------------------------------------------


def _schedule_cases(rng: np.random.Generator) -> Iterator[Case]:
    settings = {"steps": 12, "warmup": 4, "peak": 0.8, "floor": 0.1}
    for t, label in (
        (0, "the first step"),
        (2, "within the warm-up"),
        (3, "the last step of the warm-up"),
        (4, "the first step of the cosine"),
        (8, "half-way down"),
        (11, "the last step"),
    ):
        yield Case((t,), settings, label=label)
    yield Case((30,), {"steps": 100, "warmup": 10, "peak": 3.0, "floor": 0.0}, label="no floor")


def _schedule_by_library(t, steps, warmup, peak, floor):
    def after(scheduler_of, count):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=peak)
        scheduler = scheduler_of(optimizer)
        for _ in range(count):
            optimizer.step()
            scheduler.step()
        return optimizer.param_groups[0]["lr"]

    library = torch.optim.lr_scheduler
    if t < warmup:
        return after(
            lambda o: library.LinearLR(o, start_factor=1 / warmup, total_iters=warmup - 1), t
        )
    return after(
        lambda o: library.CosineAnnealingLR(o, T_max=steps - warmup, eta_min=floor), t - warmup
    )


def _schedule(t, steps, warmup, peak, floor):
    if t < warmup:
        return peak * (t + 1) / warmup
    progress = (t - warmup) / (steps - warmup)
    return floor + (peak - floor) / 2 * (1 + math.cos(math.pi * progress))


def _schedule_from_zero(t, steps, warmup, peak, floor):
    return peak * t / warmup if t < warmup else _schedule(t, steps, warmup, peak, floor)


def _schedule_counted_from_start(t, steps, warmup, peak, floor):
    if t < warmup:
        return peak * (t + 1) / warmup
    return floor + (peak - floor) / 2 * (1 + math.cos(math.pi * t / steps))


def _schedule_floor_added(t, steps, warmup, peak, floor):
    if t < warmup:
        return peak * (t + 1) / warmup
    progress = (t - warmup) / (steps - warmup)
    return floor + peak / 2 * (1 + math.cos(math.pi * progress))


def _schedule_without_warmup(t, steps, warmup, peak, floor):
    return floor + (peak - floor) / 2 * (1 + math.cos(math.pi * t / steps))


def _schedule_full_turn(t, steps, warmup, peak, floor):
    if t < warmup:
        return peak * (t + 1) / warmup
    progress = (t - warmup) / (steps - warmup)
    return floor + (peak - floor) / 2 * (1 + math.cos(2 * math.pi * progress))


def _schedule_no_floor(t, steps, warmup, peak, floor):
    return _schedule(t, steps, warmup, peak, 0.0)


def _schedule_over(length_of):
    """The schedule with another length of the half cosine."""

    def schedule(t, steps, warmup, peak, floor):
        if t < warmup:
            return peak * (t + 1) / warmup
        progress = (t - warmup) / length_of(steps, warmup)
        return floor + (peak - floor) / 2 * (1 + math.cos(math.pi * progress))

    return schedule


warmup_cosine = Function(
    "deep_learning.training_that_works.warmup_cosine",
    title="Up in a line, down in a cosine",
    cases=_schedule_cases,
    expected=_schedule_by_library,
    reference=_schedule,
    rtol=1e-6,
    atol=1e-9,
    mistakes=[
        Mistake(
            "a warm-up that starts at zero",
            _schedule_from_zero,
            "With peak · t / warmup the first step has the learning rate 0 and is wasted. Count "
            "from one: (t + 1) / warmup.",
        ),
        Mistake(
            "a cosine that counts from the first step of all",
            _schedule_counted_from_start,
            "When the warm-up ends, your cosine has already come down a good way: the rate drops "
            "suddenly. Count the progress from the end of the warm-up.",
        ),
        Mistake(
            "the floor added on top",
            _schedule_floor_added,
            "The cosine starts at floor + peak then. Only the part above the floor comes down: "
            "(peak − floor).",
        ),
        Mistake(
            "no warm-up",
            _schedule_without_warmup,
            "This is the cosine alone. For t < warmup the rate rises in a straight line.",
        ),
        Mistake(
            "the floor reached in the last step already",
            _schedule_over(lambda steps, warmup: steps - warmup - 1),
            "The cosine has steps − warmup steps, and the floor would come one step after the "
            "last: in step `steps`.",
        ),
        Mistake(
            "the progress divided by all steps",
            _schedule_over(lambda steps, warmup: steps),
            "The half cosine takes only the steps behind the warm-up: divide by their number.",
        ),
        Mistake(
            "a whole turn of the cosine",
            _schedule_full_turn,
            "With 2π the rate comes down and goes up again. Half a turn, π, ends at the floor.",
        ),
        Mistake(
            "the floor forgotten",
            _schedule_no_floor,
            "Your cosine ends near zero; it should end near `floor`.",
        ),
    ],
    also_correct=[
        lambda t, steps, warmup, peak, floor: np.float64(_schedule(t, steps, warmup, peak, floor)),
        lambda t, steps, warmup, peak, floor: torch.tensor(
            _schedule(t, steps, warmup, peak, floor), dtype=torch.float64
        ),
    ],
    hints=[
        "Two cases: t < warmup, and the rest.",
        "Progress after the warm-up: (t − warmup) / (steps − warmup), from 0 towards 1.",
        "½(1 + cos(π · progress)) falls from 1 to 0; stretch it to go from peak to floor.",
    ],
    carry_on="PyTorch builds the same curve from LinearLR and CosineAnnealingLR; they are stepped "
    "once a batch here, and a schedule stepped once an epoch by mistake never comes down.",
)

# --- Exercise 5: dropout with two faults ----------------------------------------------------------


def _dropout_cases(rng: np.random.Generator) -> Iterator[Case]:
    x = rng.normal(3.0, 1.0, size=(3, 4))
    noise = rng.uniform(size=(3, 4))
    noise[0, :2] = 0.1, 0.95  # one unit surely dropped and one surely kept, for every p below
    yield Case((x, 0.5, True, noise), label="training, p = 0.5")
    yield Case((x, 0.2, True, noise), label="training, p = 0.2")
    yield Case((x, 0.0, True, noise), label="training, p = 0")
    yield Case((x, 0.2, False, noise), label="not training")


def _dropout_by_definition(x, p, training, noise):
    result = torch.tensor(x)
    if training:
        result = result.where(torch.tensor(noise) >= p, torch.zeros(())) / (1 - p)
    return result


def _dropout(x, p, training, noise):
    if not training:
        return x
    return x * (noise >= p) / (1 - p)


def _dropout_planted(x, p, training, noise):
    return x * (noise >= p)


def _dropout_unscaled(x, p, training, noise):
    return x * (noise >= p) if training else x


def _dropout_always(x, p, training, noise):
    return x * (noise >= p) / (1 - p)


def _dropout_original(x, p, training, noise):
    return x * (noise >= p) if training else x * (1 - p)


def _dropout_by_p(x, p, training, noise):
    if not training or p == 0:
        return x
    return x * (noise >= p) / p


def _dropout_by_p_unguarded(x, p, training, noise):
    return x * (noise >= p) / p if training else x


def _dropout_exchanged(x, p, training, noise):
    return x * (noise < p) / (1 - p) if training else x


def _dropout_multiplied(x, p, training, noise):
    return x * (noise >= p) * (1 - p) if training else x


def _dropout_eval_scaled(x, p, training, noise):
    return x * (noise >= p) / (1 - p) if training else x / (1 - p)


dropout = Bug(
    "deep_learning.training_that_works.dropout",
    title="Find two bugs: a dropout that changes the size of the signal",
    cases=_dropout_cases,
    expected=_dropout_by_definition,
    reference=_dropout,
    planted=_dropout_planted,
    mistakes=[
        Mistake(
            "no rescaling",
            _dropout_unscaled,
            "One fault is repaired: nothing is dropped any more when not training. But in training "
            "the mean of a unit is still (1 − p) times what it is later.",
        ),
        Mistake(
            "units dropped when not training",
            _dropout_always,
            "The scaling is right. But predictions are still made with randomly chosen units "
            "missing; without `training` the input should pass unchanged.",
        ),
        Mistake(
            "scaling at prediction instead of training",
            _dropout_original,
            "That is the form of the original paper, and it is consistent too. Here we want the "
            "inverted form that PyTorch uses: scale in training, leave predictions alone.",
        ),
        Mistake(
            "division by p",
            _dropout_by_p,
            "p is the share that is *dropped*; a unit is kept with probability 1 − p. With p = 0.5 "
            "the two are the same, which is why this mistake lives long.",
        ),
        Mistake(
            "division by p, which may be zero",
            _dropout_by_p_unguarded,
            "p is the share that is *dropped*; a unit is kept with probability 1 − p. With p = 0 "
            "you divide by zero.",
        ),
        Mistake(
            "kept and dropped exchanged",
            _dropout_exchanged,
            "noise < p happens with probability p, so those are the units to drop.",
        ),
        Mistake(
            "multiplication by 1 − p",
            _dropout_multiplied,
            "That makes the signal smaller still. What is kept must be made larger: divide.",
        ),
        Mistake(
            "scaling outside training as well",
            _dropout_eval_scaled,
            "Nothing is missing outside training, so there is nothing to make up for.",
        ),
    ],
    also_correct=[
        lambda x, p, training, noise: np.where(noise < p, 0.0, x / (1 - p)) if training else x,
        lambda x, p, training, noise: _dropout(x, p, training, noise).tolist(),
    ],
    hints=[
        "What does a network do differently when it predicts? Which argument is never used?",
        "With p = 0.2 a unit of value 5 is 5 four times out of five, else 0: its mean is 4.",
        "Divide what is kept by the probability of being kept, in training only.",
    ],
    carry_on="The mean is kept, the variance is not: dropout adds noise of variance "
    "p/(1 − p) · x², and that noise is the regulariser.",
)

# --- Exercise 6: six patients ---------------------------------------------------------------------

six_patients = Value(
    "deep_learning.training_that_works.six_patients",
    title="Six patients",
    expected=[5, 4, 6, 2, 3, 1],
    tolerance=0.0,
    reference=[5, 4, 6, 2, 3, 1],
    mistakes=[
        Mistake(
            "A and D exchanged",
            [2, 4, 6, 5, 3, 1],
            "Both predict at chance. But A's training loss *falls* (it learns something that does "
            "not carry over), while D has no unit left that could learn anything.",
        ),
        Mistake(
            "B and F exchanged",
            [5, 1, 6, 2, 3, 4],
            "Both go wrong at once. F is not a number from the first epoch; B stays finite, with a "
            "gradient that has grown far beyond its first size.",
        ),
        Mistake(
            "C and E exchanged",
            [5, 4, 3, 2, 6, 1],
            "Both learn, and both look held back. Only one of them gives two different answers "
            "when asked twice.",
        ),
        Mistake(
            "A and C exchanged",
            [6, 4, 5, 2, 3, 1],
            "Softmax twice slows learning, and what is learned still works on new glyphs. Shuffled "
            "labels cannot be predicted at all. Compare the validation accuracies.",
        ),
        Mistake(
            "A and B exchanged",
            [4, 5, 6, 2, 3, 1],
            "Shuffled labels do not make the gradients large. Compare the last gradient norms.",
        ),
        Mistake(
            "C and D exchanged",
            [5, 4, 2, 6, 3, 1],
            "D's share of silent units is the whole story; C's units all work.",
        ),
    ],
    also_correct=[(5, 4, 6, 2, 3, 1), np.array([5, 4, 6, 2, 3, 1])],
    hints=[
        "Start with the certain ones: who is NaN, who answers differently when asked twice, who "
        "has only silent units?",
        "Of the other three: whose training loss falls while validation stays at chance? Whose "
        "gradients have grown?",
        "The last one learns and generalises, but its loss stays far too high for its accuracy.",
    ],
    carry_on="Each sign was a number that costs one line to log: first loss, gradient norm, share "
    "of silent units, a second evaluation. Log them before you need them.",
)

# --- Exercise 7: a training loop with two faults --------------------------------------------------


def _loop_model(kind: str) -> nn.Module:
    torch.manual_seed(3)
    middle = {"plain": nn.Identity(), "batch norm": nn.BatchNorm1d(8), "dropout": nn.Dropout(0.5)}
    layers = nn.Sequential(nn.Linear(4, 8), middle[kind], nn.ReLU(), nn.Linear(8, 3))
    return layers.double()


def _loop_data() -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(4)
    inputs = torch.randn(40, 4, generator=generator, dtype=torch.float64)
    targets = inputs[:, :3].argmax(dim=1)
    return (inputs[:30], targets[:30]), (inputs[30:], targets[30:])


def _use_loop(answer, kind, epochs, lr):
    model, (data, validation) = _loop_model(kind), _loop_data()
    torch.manual_seed(5)
    return answer(model, data, validation, epochs, lr)


def _loop_by_library(kind, epochs, lr):
    model, (data, validation) = _loop_model(kind), _loop_data()
    torch.manual_seed(5)
    history = fit(
        model,
        data,
        loss=F.cross_entropy,
        optimizer=torch.optim.SGD(model.parameters(), lr=lr),
        epochs=epochs,
        batch_size=len(data[0]),
        validation=validation,
        shuffle=False,
        progress=False,
    )
    return history["validation_loss"]


def _loop_cases(rng: np.random.Generator) -> Iterator[Case]:
    for kind in ("plain", "batch norm", "dropout"):
        yield Case((kind,), {"epochs": 5, "lr": 0.3}, label=f"a network, {kind}")


def _loop(*, zero: str = "first", train: str = "each", evaluate: bool = True):
    """A training loop; the settings say where the two calls stand, "never" for nowhere."""

    def training_loop(model, data, validation, epochs, lr):
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        losses = []
        for _ in range(epochs):
            if train == "each":
                model.train()
            loss = F.cross_entropy(model(data[0]), data[1])
            if zero == "first":
                optimizer.zero_grad()
            loss.backward()
            if zero == "between":
                optimizer.zero_grad()
            optimizer.step()
            if evaluate:
                model.eval()
            with torch.no_grad():
                losses.append(F.cross_entropy(model(validation[0]), validation[1]).item())
        return losses

    return training_loop


def _loop_of_training_losses(model, data, validation, epochs, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        model.train()
        loss = F.cross_entropy(model(data[0]), data[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def _training_loop_planted(model, data, validation, epochs, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = F.cross_entropy(model(data[0]), data[1])
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            losses.append(F.cross_entropy(model(validation[0]), validation[1]).item())
    return losses


training_loop = Bug(
    "deep_learning.training_that_works.training_loop",
    title="Find two bugs: a training loop that runs",
    cases=_loop_cases,
    expected=_loop_by_library,
    use=_use_loop,
    reference=_loop(),
    planted=_training_loop_planted,
    rtol=1e-6,
    atol=1e-9,
    mistakes=[
        Mistake(
            "gradients of all epochs added up",
            _loop(zero="never"),
            "backward() adds to what is already in .grad. Set the gradients to zero before it, in "
            "every step.",
        ),
        Mistake(
            "a network that stays in eval mode",
            _loop(train="never"),
            "After the first validation the network never returns to training mode: batch norm "
            "stops using its batches and dropout drops nothing. Where would model.train() belong?",
        ),
        Mistake(
            "weights that never change",
            _loop(zero="between"),
            "No step has moved the weights. Clear the gradients before backward(), then call "
            "step(): it can only use gradients that are still there.",
        ),
        Mistake(
            "a validation in training mode",
            _loop(evaluate=False),
            "While the validation loss is measured the network must be in evaluation mode, as it "
            "was in the code handed out. It returns to training mode afterwards, for the next "
            "step of training.",
        ),
        Mistake(
            "the losses of the training data",
            _loop_of_training_losses,
            "These are the losses that are trained with, each from before its step. Asked are "
            "those of the validation data, as the code handed out returns them.",
        ),
        Mistake(
            "weights that never change, in a network that stays in eval mode",
            _loop(zero="between", train="never"),
            "No step has moved the weights: clear the gradients before backward(), then call "
            "step(). The second fault is still there as well.",
        ),
    ],
    also_correct=[
        lambda model, data, validation, epochs, lr: np.array(
            _loop()(model, data, validation, epochs, lr)
        ),
    ],
    hints=[
        "What does backward() do with gradients that are already there?",
        "model.eval() is called once an epoch. Who calls model.train()?",
        "optimizer.zero_grad() before loss.backward(), and model.train() first in the loop.",
    ],
    carry_on="Neither fault raises anything, and on a network without dropout and batch norm the "
    "second one changes nothing at all: it waits for the day you add one.",
)
