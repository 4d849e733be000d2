"""Exercises of the lesson on generative adversarial networks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: both losses from logits ----------------------------------------------------------


def _losses_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([0.0]), np.array([0.0])), label="the example of the text")
    yield Case((rng.normal(size=4), rng.normal(size=4)), label="four of each")
    yield Case((rng.normal(size=2), rng.normal(size=5)), label="two real and five fake")
    yield Case((np.array([3.0, 2.0]), np.array([-4.0, -5.0])), label="a judge who is winning")
    yield Case((np.array([1000.0, -1000.0]), np.array([1000.0, -1000.0, 0.0])), label="huge logits")


def _losses_by_torch(real_logits, fake_logits):
    real, fake = torch.tensor(real_logits), torch.tensor(fake_logits)
    ones, zeros = torch.ones_like, torch.zeros_like
    bce = F.binary_cross_entropy_with_logits
    return (
        float(bce(real, ones(real)) + bce(fake, zeros(fake))),
        float(bce(fake, ones(fake))),
    )


def _softplus(a):
    return np.logaddexp(0, a)


def _losses(real_logits, fake_logits):
    judge = _softplus(-real_logits).mean() + _softplus(fake_logits).mean()
    return judge, _softplus(-fake_logits).mean()


def _losses_saturating(real_logits, fake_logits):
    return _losses(real_logits, fake_logits)[0], -_softplus(fake_logits).mean()


def _losses_halved(real_logits, fake_logits):
    judge, generator = _losses(real_logits, fake_logits)
    return judge / 2, generator


def _losses_summed(real_logits, fake_logits):
    judge = _softplus(-real_logits).sum() + _softplus(fake_logits).sum()
    return judge, _softplus(-fake_logits).sum()


def _losses_pooled(real_logits, fake_logits):
    both = np.concatenate([_softplus(-real_logits), _softplus(fake_logits)])
    return both.mean(), _softplus(-fake_logits).mean()


def _losses_overflowing(real_logits, fake_logits):
    real, fake = 1 / (1 + np.exp(-real_logits)), 1 / (1 + np.exp(-fake_logits))
    return -np.log(real).mean() - np.log(1 - fake).mean(), -np.log(fake).mean()


def _losses_zero_sum(real_logits, fake_logits):
    judge, _ = _losses(real_logits, fake_logits)
    return judge, -judge


gan_losses = Function(
    "generative_models.gans.gan_losses",
    title="Both losses from logits",
    cases=_losses_cases,
    expected=_losses_by_torch,
    reference=_losses,
    mistakes=[
        Mistake(
            "the saturating loss",
            _losses_saturating,
            "The second number is the mean of log(1 − D), the loss of the minimax formula. Asked "
            "for is the mean of −log D.",
        ),
        Mistake(
            "the judge's loss halved",
            _losses_halved,
            "The judge's loss is the sum of two means, one over the real and one over the fake. "
            "Do not divide by two.",
        ),
        Mistake(
            "sums instead of means",
            _losses_summed,
            "These are sums over the batch. Each of the three terms is a mean.",
        ),
        Mistake(
            "one mean over real and fake together",
            _losses_pooled,
            "Take the mean over the real and the mean over the fake separately, then add: with "
            "two real and five fake the fakes would weigh more.",
        ),
        Mistake(
            "infinite losses for huge logits",
            _losses_overflowing,
            "Right until a logit is huge: for ±1000 an exponential is infinite or 0 to a computer, "
            "and so the sum of 1 and it, or the logarithm, is lost. −log σ(a) = log(1 + exp(−a)) "
            "is np.logaddexp(0, −a), which is safe.",
        ),
        Mistake(
            "labels exchanged",
            lambda real, fake: (
                _softplus(real).mean() + _softplus(-fake).mean(),
                _softplus(fake).mean(),
            ),
            "Here the judge gets the label 0 for real and 1 for fake. In this lesson D is the "
            "probability of real.",
        ),
        Mistake(
            "minus the judge's loss for the generator",
            _losses_zero_sum,
            "That is the zero-sum game, and the term of the real vouchers is in it. The "
            "generator's loss is the mean of −log D over the fakes alone.",
        ),
        Mistake(
            "the two numbers exchanged",
            lambda real, fake: _losses(real, fake)[::-1],
            "The judge's loss comes first, the generator's second.",
        ),
    ],
    also_correct=[
        _losses_by_torch,
        lambda real, fake: [
            np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean(),
            (np.logaddexp(0, fake) - fake).mean(),
        ],
    ],
    hints=[
        "−log σ(a) = log(1 + e^(−a)), and 1 − σ(a) = σ(−a). So all three terms are the same "
        "function of a logit with one sign or the other.",
        "np.logaddexp(0, a) is log(e^0 + e^a) without overflow.",
        "judge: np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean(); generator: "
        "np.logaddexp(0, -fake).mean().",
    ],
    carry_on="Frameworks call log(1 + e^a) softplus. That the losses are written in logits is also "
    "what keeps the gradient between −1 and 1.",
)

# --- Exercise 2: the score of the best cashier ----------------------------------------------------


def _score_by_search() -> float:
    """The largest V over all cashiers with one answer to white and one to yellow, on a grid."""
    answer = np.linspace(0.001, 0.999, 999)
    white = (0.8 * np.log(answer) + 0.2 * np.log(1 - answer)).max()
    yellow = (0.2 * np.log(answer) + 0.8 * np.log(1 - answer)).max()
    return float(white + yellow)


best_score = Value(
    "generative_models.gans.best_score",
    title="The score of the best cashier",
    expected=_score_by_search,
    tolerance=2e-3,
    reference=2 * (0.8 * np.log(0.8) + 0.2 * np.log(0.2)),
    mistakes=[
        Mistake(
            "one genuine white and one false yellow voucher",
            2 * np.log(0.8),
            "That is the score if every genuine voucher were white and every fake yellow. 20 % of "
            "the genuine ones are yellow: average over both colours.",
        ),
        Mistake(
            "the score of a cashier who tosses a coin",
            -np.log(4),
            "−log 4 is what is left when nothing distinguishes the two. Here the colour does.",
        ),
        Mistake(
            "the Jensen–Shannon divergence itself",
            np.log(2) + 0.8 * np.log(0.8) + 0.2 * np.log(0.2),
            "That is JSD. The score is −log 4 plus twice that.",
        ),
        Mistake(
            "the divergence added once",
            -np.log(4) + np.log(2) + 0.8 * np.log(0.8) + 0.2 * np.log(0.2),
            "The divergence enters twice: V = −log 4 + 2 JSD.",
        ),
        Mistake(
            "half of the score",
            0.8 * np.log(0.8) + 0.2 * np.log(0.2),
            "That is the part of the genuine vouchers. The fakes contribute as much again.",
        ),
        Mistake(
            "logarithms of base two",
            2 * (0.8 * np.log2(0.8) + 0.2 * np.log2(0.2)),
            "The number is right in bits. Use the natural logarithm.",
        ),
        Mistake(
            "the sign",
            -2 * (0.8 * np.log(0.8) + 0.2 * np.log(0.2)),
            "V is a sum of logarithms of probabilities and cannot be positive.",
        ),
    ],
    also_correct=[-1.001, np.float64(-1.0008), -np.log(4) + 2 * 0.19274],
    hints=[
        "What are p and q for white and for yellow, and what does the best cashier answer to each?",
        "D* = p/(p + q) is 0.8 for white and 0.2 for yellow. Now average log D over the genuine "
        "and log(1 − D) over the false vouchers.",
        "0.8 log 0.8 + 0.2 log 0.2 for the genuine ones, 0.2 log(1 − 0.8) + 0.8 log(1 − 0.2) for "
        "the fakes.",
    ],
    carry_on="It lies above −log 4, as it must: the difference is twice the Jensen–Shannon "
    "divergence of the colours. A forger who mixes paper as the café does takes it all away.",
)

# --- Exercise 3: one mode out of eight ------------------------------------------------------------

one_mode = Choice(
    "generative_models.gans.one_mode",
    title="One mode out of eight",
    options={
        "a": Option(
            "KL(p‖q) = log 8, KL(q‖p) = ∞, JSD = log 2",
            "The two directions are exchanged: KL(p‖q) averages log(p/q) over the data, and seven "
            "eighths of the data lie where q is 0. And JSD reaches log 2 only without any overlap.",
        ),
        "b": Option(
            "KL(p‖q) = ∞, KL(q‖p) = log 8, JSD < log 2",
            "KL(p‖q) meets data where q = 0; KL(q‖p) looks only where q draws and finds the ratio "
            "1/(1/8) = 8 there. The two share one mode, so JSD stays below its ceiling.",
            right=True,
        ),
        "c": Option(
            "all three are infinite",
            "JSD is never above log 2, since both are compared with their mixture. And wherever q "
            "draws, there are data.",
        ),
        "d": Option(
            "KL(p‖q) = KL(q‖p) = log 8, JSD < log 2",
            "The two directions are equal only by chance. What is log(p/q) at a mode that the "
            "generator never draws?",
        ),
    },
    hints=[
        "KL(p‖q) is the average of log(p/q) over draws from p. What is q at seven of the modes?",
        "KL(q‖p): the only place where q draws has q = 1 and p = 1/8.",
    ],
)

# --- Exercise 4: the gradient that came along -----------------------------------------------------


def _round_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(noise, size, fakes, reals, rate, label):
        args = (
            rng.normal(size=(noise, size)),
            rng.normal(size=size),
            rng.normal(size=(fakes, noise)),
            rng.normal(size=(reals, size)) + 1,
            rate,
        )
        return Case(args, label=label)

    yield case(1, 1, 1, 1, 0.5, "one number each")
    yield case(2, 3, 4, 4, 0.1, "small step")
    yield case(3, 2, 5, 7, 1.0, "large step, unequal batches")
    yield case(2, 2, 3, 3, 0.0, "the judge stands still")


def _sigmoid(a):
    return 1 / (1 + np.exp(-a))


def _round_by_hand(theta, phi, z, x, rate):
    """The closed form: slopes −(1 − D) and D at the logits, times what stands before them."""
    fake = z @ theta
    on_real = -((1 - _sigmoid(x @ phi))[:, None] * x).mean(axis=0)
    on_fake = (_sigmoid(fake @ phi)[:, None] * fake).mean(axis=0)
    new_phi = phi - rate * (on_real + on_fake)
    slope = -(1 - _sigmoid(fake @ new_phi))  # (batch,)
    return new_phi, np.einsum("n,nk,d->kd", slope, z, new_phi) / len(z)


def _round(
    theta, phi, z, x, rate, *, leak=False, reuse=False, old=False, sign=1.0, saturating=False
):
    theta, phi = (torch.tensor(value, requires_grad=True) for value in (theta, phi))
    z, x = torch.tensor(z), torch.tensor(x)
    fake = z @ theta
    fake = fake if leak else fake.detach()
    loss = F.softplus(-(x @ phi)).mean() + F.softplus(fake @ phi).mean()
    loss.backward()
    new_phi = (phi - sign * rate * phi.grad).detach()
    judge = phi.detach() if old else new_phi
    logits = (fake if reuse else z @ theta) @ judge
    loss = -F.softplus(logits).mean() if saturating else F.softplus(-logits).mean()
    loss.backward()
    return new_phi, theta.grad


def _round_cleared(theta, phi, z, x, rate):
    theta, phi = (torch.tensor(value, requires_grad=True) for value in (theta, phi))
    z, x = torch.tensor(z), torch.tensor(x)
    loss = F.softplus(-(x @ phi)).mean() + F.softplus(z @ theta @ phi).mean()
    loss.backward()
    theta.grad = None
    new_phi = (phi - rate * phi.grad).detach()
    F.softplus(-(z @ theta @ new_phi)).mean().backward()
    return new_phi, theta.grad


def _one_round_planted(theta, phi, z, x, rate):
    theta = torch.tensor(theta, requires_grad=True)
    phi = torch.tensor(phi, requires_grad=True)
    z, x = torch.tensor(z), torch.tensor(x)
    fake = z @ theta
    loss = F.softplus(-(x @ phi)).mean() + F.softplus(fake @ phi).mean()
    loss.backward()
    new_phi = (phi - rate * phi.grad).detach()
    loss = F.softplus(-(z @ theta @ new_phi)).mean()
    loss.backward()
    return new_phi, theta.grad


one_round = Bug(
    "generative_models.gans.one_round",
    title="The gradient that came along",
    cases=_round_cases,
    expected=_round_by_hand,
    reference=_round,
    planted=_one_round_planted,
    mistakes=[
        Mistake(
            "detached in the generator's turn as well",
            lambda theta, phi, z, x, rate: _round(theta, phi, z, x, rate, reuse=True),
            "The second loss was computed from the detached fakes, so no gradient can reach theta. "
            "Detach for the judge only, and draw z @ theta anew for the generator.",
        ),
        Mistake(
            "the old judge",
            lambda theta, phi, z, x, rate: _round(theta, phi, z, x, rate, old=True),
            "The leak is mended, but the generator now answers to phi. Asked for is its gradient "
            "against new_phi.",
        ),
        Mistake(
            "the judge goes uphill",
            lambda theta, phi, z, x, rate: _round(theta, phi, z, x, rate, sign=-1.0),
            "The judge's loss is −V: it goes down, new_phi = phi − rate · gradient.",
        ),
        Mistake(
            "the saturating loss",
            lambda theta, phi, z, x, rate: _round(theta, phi, z, x, rate, saturating=True),
            "The generator's loss was right: mean of −log D, softplus of minus the logit.",
        ),
        Mistake(
            "the generator's gradient turned around",
            lambda theta, phi, z, x, rate: (
                _round(theta, phi, z, x, rate)[0],
                -_round(theta, phi, z, x, rate)[1],
            ),
            "The gradient of the loss was asked for, not the step against it.",
        ),
    ],
    also_correct=[_round_by_hand, _round_cleared],
    hints=[
        "Compute the second entry once without the lines of the judge's step. What changes?",
        "backward() adds to .grad. Which two losses have sent a gradient to theta?",
        "Cut the first one off: fake = (z @ theta).detach(). Clearing theta.grad before the "
        "second backward would do as well.",
    ],
    carry_on="With optimisers the same leak hides in the order of the calls: a generator whose "
    "zero_grad comes before the judge's backward pass learns to help the judge too.",
)

# --- Exercise 5: on the sphere --------------------------------------------------------------------


def _slerp_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.5), label="the example of the text")
    yield Case((np.array([1.0, 0.0]), np.array([0.6, 0.8]), 0.25), label="unit vectors, a quarter")
    yield Case((rng.normal(size=5) * 3, rng.normal(size=5), 0.3), label="different lengths")
    yield Case((rng.normal(size=32), rng.normal(size=32), 0.8), label="32 dimensions")
    yield Case((np.array([0.2, 0.1]), np.array([0.1, 0.3]), 0.5), label="short vectors")
    yield Case((np.array([1.0, 2.0]), np.array([2.0, 4.0]), 0.25), label="the same direction")
    yield Case((np.array([1.0, 0.0]), np.array([1.0, 0.0]), 0.5), label="the same vector twice")
    yield Case(
        (np.array([1.0, 0.0]), np.array([3.0, 0.0]), 0.25),
        label="the same axis, three times as long",
    )


def _slerp_by_half_angle(z0, z1, t):
    """The angle from the half-angle formula; the weights solve two equations."""
    u, v = z0 / np.linalg.norm(z0), z1 / np.linalg.norm(z1)
    angle = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    if angle < 1e-6:
        return z0 + t * (z1 - z0)
    # cos(t·angle) = a + b·cos(angle) and sin(t·angle) = b·sin(angle), for unit vectors
    b = np.sin(t * angle) / np.sin(angle)
    a = np.cos(t * angle) - b * np.cos(angle)
    return a * z0 + b * z1


def _slerp(z0, z1, t, *, lengths=True, fallback=True, divide=True):
    cosine = z0 @ z1
    if lengths:
        cosine = cosine / (np.linalg.norm(z0) * np.linalg.norm(z1))
    angle = np.arccos(np.clip(cosine, -1, 1))
    if fallback and np.sin(angle) < 1e-6:
        return (1 - t) * z0 + t * z1
    with np.errstate(all="ignore"):
        sine = np.sin(angle) if divide else 1.0
        return (np.sin((1 - t) * angle) * z0 + np.sin(t * angle) * z1) / sine


def _slerp_unguarded(z0, z1, t):
    cosine = min(1.0, z0 @ z1 / (np.linalg.norm(z0) * np.linalg.norm(z1)))
    angle = 0.0 if cosine > 1 - 1e-12 else np.arccos(cosine)
    with np.errstate(all="ignore"):
        return (np.sin((1 - t) * angle) * z0 + np.sin(t * angle) * z1) / np.sin(angle)


slerp = Function(
    "generative_models.gans.slerp",
    title="On the sphere",
    cases=_slerp_cases,
    expected=_slerp_by_half_angle,
    reference=_slerp,
    mistakes=[
        Mistake(
            "the straight line",
            lambda z0, z1, t: (1 - t) * z0 + t * z1,
            "That is the chord through the sphere; its middle is too short. Use sines of the "
            "angle as weights.",
        ),
        Mistake(
            "the angle without the lengths",
            lambda z0, z1, t: _slerp(z0, z1, t, lengths=False),
            "The scalar product is the cosine only for vectors of length 1. Divide by both "
            "lengths before arccos.",
        ),
        Mistake(
            "walked in the other direction",
            lambda z0, z1, t: _slerp(z1, z0, t),
            "At t = 0 the result must be z0, at t = 1 it must be z1.",
        ),
        Mistake(
            "not divided by the sine of the angle",
            lambda z0, z1, t: _slerp(z0, z1, t, divide=False),
            "At t = 0 the weights must be 1 and 0; without the division they are sin ω and 0.",
        ),
        Mistake(
            "zero by zero",
            _slerp_unguarded,
            "For vectors in the same direction the angle is 0 and so is its sine: 0/0 is NaN. "
            "Return the straight interpolation there.",
        ),
        Mistake(
            "the straight line, stretched to length 1",
            lambda z0, z1, t: ((1 - t) * z0 + t * z1) / np.linalg.norm((1 - t) * z0 + t * z1),
            "That has length 1 whatever the lengths of the ends, and does not move evenly. Use "
            "the two sines as weights.",
        ),
    ],
    also_correct=[
        _slerp_by_half_angle,
        lambda z0, z1, t: _slerp(z0, z1, t).tolist(),
    ],
    hints=[
        "First the angle: the arccos of the scalar product divided by both lengths.",
        "The weights are sin((1 − t)ω)/sin ω and sin(tω)/sin ω, for the vectors as they are.",
        "Clip the cosine to −1 … 1, and if np.sin(angle) < 1e-6 return (1 - t) * z0 + t * z1.",
    ],
    carry_on="For two independent Gaussian vectors in many dimensions ω is close to 90°, and the "
    "middle is (z0 + z1)/√2: the sum, brought back to the usual variance.",
)

# --- Exercise 6: one norm for everybody -----------------------------------------------------------


def _penalty_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(count, size, hidden, label, scale=1.0):
        return Case(
            (
                rng.normal(size=(size, hidden)) * scale,
                rng.normal(size=(count, size)),
                rng.normal(size=(count, size)),
                rng.random(size=(count, 1)),
            ),
            label=label,
        )

    yield case(1, 2, 3, "a batch of one")
    yield case(4, 2, 3, "a batch of four")
    yield case(3, 5, 2, "five dimensions, flat critic", 0.2)
    yield case(6, 2, 8, "a steep critic", 2.0)


def _penalty_by_hand(weights, real, fake, mix):
    between = mix * real + (1 - mix) * fake
    slope = (1 - np.tanh(between @ weights) ** 2) @ weights.T  # (n, d)
    return 10 * np.mean((np.sqrt((slope**2).sum(axis=1)) - 1) ** 2)


def _penalty(weights, real, fake, mix, form=None):
    weights, real, fake, mix = map(torch.tensor, (weights, real, fake, mix))
    between = (mix * real + (1 - mix) * fake).requires_grad_()
    scores = torch.tanh(between @ weights).sum(dim=1)
    slope = torch.autograd.grad(scores.sum(), between, create_graph=True)[0]
    return 10 * ((slope.norm(dim=1) - 1) ** 2).mean() if form is None else form(slope)


def _penalty_as(form):
    return lambda weights, real, fake, mix: _penalty(weights, real, fake, mix, form)


def _gradient_penalty_planted(weights, real, fake, mix):
    weights, real, fake, mix = map(torch.tensor, (weights, real, fake, mix))
    between = (mix * real + (1 - mix) * fake).requires_grad_()
    scores = torch.tanh(between @ weights).sum(dim=1)
    slope = torch.autograd.grad(scores.sum(), between, create_graph=True)[0]
    return 10 * ((slope.norm() - 1) ** 2).mean()


gradient_penalty = Bug(
    "generative_models.gans.gradient_penalty",
    title="One norm for everybody",
    cases=_penalty_cases,
    expected=_penalty_by_hand,
    reference=_penalty,
    planted=_gradient_penalty_planted,
    mistakes=[
        Mistake(
            "the norm over the batch",
            _penalty_as(lambda slope: 10 * ((slope.norm(dim=0) - 1) ** 2).mean()),
            "dim=0 runs over the examples and leaves one number for each coordinate. The norm of "
            "a gradient runs over its coordinates.",
        ),
        Mistake(
            "the norm of the mean gradient",
            _penalty_as(lambda slope: 10 * (slope.mean(dim=0).norm() - 1) ** 2),
            "Gradients of different examples cancel in the mean. Take the norm of each first.",
        ),
        Mistake(
            "the squared norm compared with 1",
            _penalty_as(lambda slope: 10 * (((slope**2).sum(dim=1) - 1) ** 2).mean()),
            "Sum of squares without the root: a gradient of norm 2 would cost 90 instead of 10.",
        ),
        Mistake(
            "a mean before the square",
            _penalty_as(lambda slope: 10 * (slope.norm(dim=1).mean() - 1) ** 2),
            "A steep example and a flat one would make up for each other. Square each "
            "difference, then take the mean.",
        ),
        Mistake(
            "a sum instead of a mean",
            _penalty_as(lambda slope: 10 * ((slope.norm(dim=1) - 1) ** 2).sum()),
            "The penalty would grow with the batch. Average over the examples.",
        ),
        Mistake(
            "steep gradients only",
            _penalty_as(lambda slope: 10 * ((slope.norm(dim=1) - 1).clamp(min=0) ** 2).mean()),
            "This one-sided form exists, but here gradients below 1 cost as well.",
        ),
        Mistake(
            "the factor forgotten",
            _penalty_as(lambda slope: ((slope.norm(dim=1) - 1) ** 2).mean()),
            "The norms are right now. Keep the factor 10.",
        ),
        Mistake(
            "the mixture exchanged",
            lambda weights, real, fake, mix: _penalty(weights, fake, real, mix),
            "`mix` is the share of the real example: mix · real + (1 − mix) · fake.",
        ),
    ],
    also_correct=[
        _penalty_by_hand,
        _penalty_as(lambda slope: 10 * (((slope**2).sum(dim=1).sqrt() - 1) ** 2).mean()),
    ],
    hints=[
        "What shape has slope, and what shape has slope.norm()?",
        "slope is (n, d): one gradient a row. The penalty needs n norms.",
        "slope.norm(dim=1), then minus 1, squared, averaged.",
    ],
    carry_on="The faulty version drives the norm over the whole batch to 1, so each gradient to "
    "1/√n: the larger the batch, the flatter the critic. It trains, and nobody gets an error.",
)
