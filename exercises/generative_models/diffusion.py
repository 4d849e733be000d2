"""Exercises of the lesson on diffusion."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: how long until the digit is gone -------------------------------------------------


def _steps_by_multiplying() -> int:
    variance_left, steps = 1.0, 0
    while variance_left >= 0.01**2:
        variance_left *= 1 - 0.02
        steps += 1
    return steps


steps_to_noise = Value(
    "generative_models.diffusion.steps_to_noise",
    title="How long until the digit is gone?",
    expected=_steps_by_multiplying,
    tolerance=0.4,
    reference=456,
    mistakes=[
        Mistake(
            "the root forgotten",
            228,
            "After that many steps the share of the *variance* is below one hundredth. The "
            "amplitude shrinks by the root of 1 − β in each step, so it takes twice as long.",
        ),
        Mistake(
            "one step too early",
            455,
            "After 455 steps the amplitude is still a little above one hundredth. Round up.",
        ),
        Mistake(
            "β subtracted instead of multiplied",
            50,
            "Each step takes 2 % of what is left, not 2 % of the beginning. The amplitude never "
            "reaches 0; it falls by the same factor every time.",
        ),
        Mistake(
            "the root taken for 0.99",
            459,
            "√0.98 is a little less than 0.99, and over hundreds of steps that shows. Use "
            "0.5·ln 0.98 in place of ln 0.99.",
        ),
        Mistake(
            "the factor of the noise",
            3,
            "√β is what multiplies the noise. The signal is multiplied by √(1 − β).",
        ),
        Mistake(
            "the root of the target taken, too",
            114,
            "The amplitude shall fall below 0.01, not its root. Solve 0.98^(t/2) < 0.01.",
        ),
    ],
    also_correct=[456.0, np.int64(456)],
    hints=[
        "What multiplies the signal in one step? And in t steps?",
        "The amplitude after t steps is √0.98 to the power of t, that is 0.98^(t/2).",
        "t > ln 0.01 / (0.5 · ln 0.98); round up.",
    ],
    carry_on="With a constant β the log of the signal falls along a straight line. Schedules bend "
    "this line, to spend their steps where they are needed.",
)

# --- Exercise 2: two roots ------------------------------------------------------------------------


def _noisy_cases(rng: np.random.Generator) -> Iterator[Case]:
    import torch

    def case(shape, bar, label):
        x0, noise = rng.normal(size=shape), rng.normal(size=shape)
        return Case((torch.tensor(x0), torch.tensor(noise), bar), label=label)

    x0, noise = torch.tensor([[3.0], [-1.0]], dtype=torch.float64)
    yield Case((x0, noise, 0.64), label="ᾱ with simple roots")
    yield case((4,), 0.25, "a quarter of the variance")
    yield case((2, 3), 0.9, "little noise, a picture with rows")
    yield case((3,), 1.0, "no noise yet")
    yield case((3,), 0.0, "nothing but noise")


def _noisy_by_angle(x0, noise, bar):
    angle = np.arccos(np.sqrt(bar))
    return np.cos(angle) * x0 + np.sin(angle) * noise


def _noisy(x0, noise, bar):
    return bar**0.5 * x0 + (1 - bar) ** 0.5 * noise


noisy = Bug(
    "generative_models.diffusion.noisy",
    title="Two roots",
    cases=_noisy_cases,
    expected=_noisy_by_angle,
    reference=_noisy,
    planted=lambda x0, noise, bar: bar * x0 + (1 - bar) * noise,
    mistakes=[
        Mistake(
            "the root of the signal's factor only",
            lambda x0, noise, bar: bar**0.5 * x0 + (1 - bar) * noise,
            "The picture is right now; the noise needs its root as well, or the variances do not "
            "add up to 1.",
        ),
        Mistake(
            "the root of the noise's factor only",
            lambda x0, noise, bar: bar * x0 + (1 - bar) ** 0.5 * noise,
            "The noise is right now; the picture's factor is √ᾱ, not ᾱ.",
        ),
        Mistake(
            "one minus the root",
            lambda x0, noise, bar: bar**0.5 * x0 + (1 - bar**0.5) * noise,
            "It is the variances that add up to 1, not the amplitudes: √(1 − ᾱ), not 1 − √ᾱ.",
        ),
        Mistake(
            "signal and noise exchanged",
            lambda x0, noise, bar: (1 - bar) ** 0.5 * x0 + bar**0.5 * noise,
            "ᾱ is the picture's share. At ᾱ = 1 the result is the clean picture.",
        ),
        Mistake(
            "noise of full strength",
            lambda x0, noise, bar: bar**0.5 * x0 + noise,
            "Now the variance grows beyond 1. The noise gets only the share that the picture "
            "has lost.",
        ),
    ],
    also_correct=[
        _noisy_by_angle,
        lambda x0, noise, bar: np.sqrt(bar) * np.asarray(x0) + np.sqrt(1 - bar) * np.asarray(noise),
        lambda x0, noise, bar: math.sqrt(bar) * x0 + math.sqrt(1 - bar) * noise,
    ],
    hints=[
        "Let picture and noise both have variance 1. Which variance has the result?",
        "ᾱ and 1 − ᾱ are shares of the variance. What multiplies a number whose variance shall be "
        "multiplied by ᾱ?",
        "√ᾱ in front of x0 and √(1 − ᾱ) in front of the noise.",
    ],
    carry_on="A network trained with the faulty line still learns something, on data that are too "
    "quiet, and its samples are dull. Check the variance of x_t once, and the fault cannot hide.",
)

# --- Exercise 3: back by more than one step -------------------------------------------------------


def _jump_cases(rng: np.random.Generator) -> Iterator[Case]:
    import torch

    yield Case((1.56, 3.0, 0.64, 0.4096), label="the example by hand")
    xt, x0 = torch.tensor(rng.normal(size=(2, 2, 3)))
    yield Case((xt, x0, 0.8, 0.3), label="tensors")
    yield Case((rng.normal(size=4), rng.normal(size=4), 0.9, 0.2), label="a long jump")
    yield Case((rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), 0.3, 0.25), label="a short one")
    yield Case((rng.normal(size=3), rng.normal(size=3), 1.0, 0.5), label="back to the start")
    yield Case((rng.normal(size=3), rng.normal(size=3), 0.5, 0.001), label="from almost pure noise")


def _jump_by_covariance(xt, x0, bar_s, bar_t):
    # (x_s, x_t) given x_0 are jointly Gaussian: condition the first on the second
    covariance = (bar_t / bar_s) ** 0.5 * (1 - bar_s)
    gain = covariance / (1 - bar_t)
    mean = bar_s**0.5 * x0 + gain * (xt - bar_t**0.5 * x0)
    return mean, 1 - bar_s - gain * covariance


def _jump_back(xt, x0, bar_s, bar_t):
    alpha = bar_t / bar_s
    from_start = bar_s**0.5 * (1 - alpha) / (1 - bar_t)
    from_now = alpha**0.5 * (1 - bar_s) / (1 - bar_t)
    return from_start * x0 + from_now * xt, (1 - alpha) * (1 - bar_s) / (1 - bar_t)


def _jump_one_step_beta(xt, x0, bar_s, bar_t):
    alpha, beta = bar_t / bar_s, 1 - bar_t
    mean = (bar_s**0.5 * beta * x0 + alpha**0.5 * (1 - bar_s) * xt) / (1 - bar_t)
    return mean, beta * (1 - bar_s) / (1 - bar_t)


def _jump_without_roots(xt, x0, bar_s, bar_t):
    alpha = bar_t / bar_s
    mean = (bar_s * (1 - alpha) * x0 + alpha * (1 - bar_s) * xt) / (1 - bar_t)
    return mean, _jump_back(xt, x0, bar_s, bar_t)[1]


jump_back = Function(
    "generative_models.diffusion.jump_back",
    title="Back by more than one step",
    cases=_jump_cases,
    expected=_jump_by_covariance,
    reference=_jump_back,
    mistakes=[
        Mistake(
            "the standard deviation instead of the variance",
            lambda xt, x0, bar_s, bar_t: (
                _jump_back(xt, x0, bar_s, bar_t)[0],
                _jump_back(xt, x0, bar_s, bar_t)[1] ** 0.5,
            ),
            "The mean is right. The second result shall be the variance, without a root.",
        ),
        Mistake(
            "the variance of the forward step",
            lambda xt, x0, bar_s, bar_t: (
                _jump_back(xt, x0, bar_s, bar_t)[0],
                1 - bar_t / bar_s,
            ),
            "That is β of the jump. Knowing x_0 as well makes x_s more certain: multiply by "
            "(1 − ᾱ_s)/(1 − ᾱ_t).",
        ),
        Mistake(
            "1 − ᾱ_t taken for β",
            _jump_one_step_beta,
            "β belongs to the jump from s to t: 1 − ᾱ_t/ᾱ_s. The noise since the very beginning is "
            "more than that.",
        ),
        Mistake(
            "the roots forgotten",
            _jump_without_roots,
            "The variance is right. In the mean, the factors are √ᾱ_s and √α: the amplitudes.",
        ),
        Mistake(
            "start and present exchanged",
            lambda xt, x0, bar_s, bar_t: _jump_back(x0, xt, bar_s, bar_t),
            "xt got the weight of x0. For s = 0 the mean must be x0.",
        ),
        Mistake(
            "the present ignored",
            lambda xt, x0, bar_s, bar_t: (bar_s**0.5 * x0, 1 - bar_s),
            "That is q(x_s | x_0), the opinion of the start alone. x_t knows something, too.",
        ),
    ],
    also_correct=[
        _jump_by_covariance,
        lambda xt, x0, bar_s, bar_t: list(_jump_back(xt, x0, bar_s, bar_t)),
    ],
    hints=[
        "Several steps are one larger step. Which α and β has it?",
        "α = ᾱ_t/ᾱ_s and β = 1 − α; then the formula of the text holds with s in place of t − 1.",
        "mean = (√ᾱ_s·β·x0 + √α·(1 − ᾱ_s)·xt)/(1 − ᾱ_t), variance = β·(1 − ᾱ_s)/(1 − ᾱ_t).",
    ],
    carry_on="This is what lets a chain of two hundred steps be walked back in ten. The price: "
    "x_0 must be guessed once for the whole jump.",
)

# --- Exercise 4: from velocity to noise and picture -----------------------------------------------


def _velocity_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((0.0, 1.0, 0.64), label="the example of the text")
    yield Case((rng.normal(size=4), rng.normal(size=4), 0.3), label="much noise")
    yield Case((rng.normal(size=(2, 2)), rng.normal(size=(2, 2)), 0.95), label="little noise")
    yield Case((rng.normal(size=3), rng.normal(size=3), 0.0), label="no signal at all")
    yield Case((rng.normal(size=3), rng.normal(size=3), 1.0), label="no noise at all")


def _velocity_by_solving(v, xt, bar):
    a, b = np.sqrt(bar), np.sqrt(1 - bar)
    both = np.linalg.solve([[a, b], [-b, a]], np.stack([np.ravel(xt), np.ravel(v)]))
    x0, noise = (part.reshape(np.shape(xt)) for part in both)
    return x0, noise


def _from_velocity(v, xt, bar):
    signal, noise = bar**0.5, (1 - bar) ** 0.5
    return signal * xt - noise * v, noise * xt + signal * v


def _velocity_divided(v, xt, bar):
    signal, noise = np.sqrt(bar), np.sqrt(1 - bar)
    x0 = signal * xt - noise * v
    with np.errstate(all="ignore"):
        return x0, (xt - signal * x0) / noise


def _velocity_as_noise(v, xt, bar):
    with np.errstate(all="ignore"):
        return (xt - np.sqrt(1 - bar) * v) / np.sqrt(bar), v


from_velocity = Function(
    "generative_models.diffusion.from_velocity",
    title="From velocity to noise and picture",
    cases=_velocity_cases,
    expected=_velocity_by_solving,
    reference=_from_velocity,
    mistakes=[
        Mistake(
            "the signs exchanged",
            lambda v, xt, bar: (
                bar**0.5 * xt + (1 - bar) ** 0.5 * v,
                (1 - bar) ** 0.5 * xt - bar**0.5 * v,
            ),
            "That turns in the wrong direction. Insert v = √ᾱ·ε − √(1−ᾱ)·x0 and see which terms "
            "must cancel.",
        ),
        Mistake(
            "the results in the wrong order",
            lambda v, xt, bar: _from_velocity(v, xt, bar)[::-1],
            "Both are right, but the picture comes first and the noise second.",
        ),
        Mistake(
            "velocity taken for noise",
            _velocity_as_noise,
            "v looks taken for the predicted noise. Combine it with xt.",
        ),
        Mistake(
            "a division by √(1 − ᾱ)",
            _velocity_divided,
            "The picture is right, and the noise, too, where it is defined. At ᾱ = 1 it is 0/0. "
            "Find the noise from xt and v directly, without a division.",
        ),
        Mistake(
            "the roots forgotten",
            lambda v, xt, bar: (bar * xt - (1 - bar) * v, (1 - bar) * xt + bar * v),
            "The factors are amplitudes: √ᾱ and √(1 − ᾱ).",
        ),
    ],
    also_correct=[
        lambda v, xt, bar: tuple(_velocity_by_solving(v, xt, bar)),
        lambda v, xt, bar: (
            np.sqrt(bar) * np.asarray(xt) - np.sqrt(1 - bar) * np.asarray(v),
            np.sqrt(1 - bar) * np.asarray(xt) + np.sqrt(bar) * np.asarray(v),
        ),
    ],
    hints=[
        "You have two equations, for xt and for v, and two unknowns. Which combination makes the "
        "noise vanish?",
        "√ᾱ·xt − √(1−ᾱ)·v: insert both definitions and use ᾱ + (1 − ᾱ) = 1.",
        "x0 = √ᾱ·xt − √(1−ᾱ)·v and noise = √(1−ᾱ)·xt + √ᾱ·v.",
    ],
    carry_on="Picture and noise are two axes, xt and v the same two axes turned by an angle. Along "
    "the chain the angle goes from 0° to 90°, and v is the direction in which xt moves.",
)

# --- Exercise 5: no dice --------------------------------------------------------------------------

no_dice = Choice(
    "generative_models.diffusion.no_dice",
    title="No dice",
    options={
        "a": Option(
            "Nothing bad: without noise, ancestral sampling is DDIM, and the distribution stays.",
            "DDIM does not just leave the noise out. It puts the variance that the noise would "
            "have had into the direction of the guessed noise: √(1 − ᾱ_s) in place of "
            "√(1 − ᾱ_s − σ²).",
        ),
        "b": Option(
            "The samples gather in the middle of the two hills: each hill becomes too narrow.",
            "The posterior's mean has less variance than x_{t−1} should have, and the noise was "
            "there to give it back. Without it every step shrinks the spread a little more.",
            right=True,
        ),
        "c": Option(
            "All samples become the mean of the data, 0.",
            "That would be so if one guessed x_0 once, from pure noise, and stopped. Step by step "
            "the guesses become certain, and each sample decides for one hill.",
        ),
        "d": Option(
            "The samples explode: without noise the steps overshoot.",
            "Each step averages the present value and a guess between the hills; the "
            "result cannot run away.",
        ),
    },
    hints=[
        "In the formula of the marginals, which variance must x_{t−1} have, given x_0? How much of "
        "it does the posterior's mean have?",
        "The mean of a posterior varies less than the thing itself: total variance is variance of "
        "the mean plus mean of the variance.",
    ],
)

# --- Exercise 6: noise in the last step -----------------------------------------------------------


def _toward_one(x, bar):
    """A guess of x_0 for a distribution around 1."""
    return 1 + 0.25 * bar**0.5 / (0.25 * bar + 1 - bar) * (x - bar**0.5)


def _clipped(x, bar):
    return np.clip(x, -1.0, 1.0)


def _ancestral_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(denoise, bars, count, label):
        bars = np.array(bars)
        noise = rng.normal(size=(len(bars), count))
        return Case((denoise, rng.normal(size=count), noise, bars), label=label)

    yield case(_toward_one, [1.0, 0.9, 0.5, 0.1], 3, "three steps")
    yield case(_clipped, [1.0, 0.6, 0.2], 4, "two steps")
    yield case(_toward_one, [1.0, 0.3], 2, "a single step")
    yield case(_clipped, [1.0, 0.99, 0.9, 0.6, 0.3, 0.05], 5, "five steps")


def _walk_with(width, last=1):
    """Ancestral walk whose step from t to t − 1 adds ``width(bars, t)`` times noise[t]."""

    def ancestral(denoise, x, noise, bars):
        for t in range(len(bars) - 1, last - 1, -1):
            mean, _ = _jump_by_covariance(x, denoise(x, bars[t]), bars[t - 1], bars[t])
            x = mean + width(bars, t) * noise[t]
        return x

    return ancestral


def _root_beta(bars, t):
    return (1 - bars[t] / bars[t - 1]) ** 0.5


def _ancestral(denoise, x, noise, bars):
    for t in range(len(bars) - 1, 0, -1):
        alpha = bars[t] / bars[t - 1]
        beta = 1 - alpha
        x0 = denoise(x, bars[t])
        mean = bars[t - 1] ** 0.5 * beta * x0 + alpha**0.5 * (1 - bars[t - 1]) * x
        x = mean / (1 - bars[t]) + (beta**0.5 * noise[t] if t > 1 else 0.0)
    return x


# The posterior's variance is 0 for t = 1, so that this walk needs no exception for its last step.
_posterior_walk = _walk_with(
    lambda bars, t: _root_beta(bars, t) * ((1 - bars[t - 1]) / (1 - bars[t])) ** 0.5
)


def _ancestral_returning_the_guess(denoise, x, noise, bars):
    x = _walk_with(_root_beta, last=2)(denoise, x, noise, bars)
    return denoise(x, bars[1])  # the posterior's mean for s = 0


def _use_ancestral(answer, denoise, x, noise, bars):
    """The samples; those of the posterior's variance count as those of β, both are fair."""
    samples = answer(denoise, x, noise, bars)
    fair = _posterior_walk(denoise, x, noise, bars)
    if np.shape(samples) == fair.shape and np.allclose(samples, fair, rtol=1e-6, atol=1e-8):
        return _ancestral(denoise, x, noise, bars)
    return samples


def _ancestral_planted(denoise, x, noise, bars):
    for t in range(len(bars) - 1, 0, -1):
        alpha = bars[t] / bars[t - 1]
        beta = 1 - alpha
        x0 = denoise(x, bars[t])
        mean = bars[t - 1] ** 0.5 * beta * x0 + alpha**0.5 * (1 - bars[t - 1]) * x
        x = mean / (1 - bars[t]) + beta**0.5 * noise[t]
    return x


ancestral = Bug(
    "generative_models.diffusion.ancestral",
    title="A grain of sand in every picture",
    cases=_ancestral_cases,
    expected=_ancestral_returning_the_guess,
    use=_use_ancestral,
    reference=_ancestral,
    planted=_ancestral_planted,
    mistakes=[
        Mistake(
            "no noise in any step",
            _walk_with(lambda bars, t: 0.0),
            "Now the samples are too much alike: all other steps need their noise. Only the one "
            "that ends in x_0 has none.",
        ),
        Mistake(
            "no noise in the first step taken",
            _walk_with(lambda bars, t: _root_beta(bars, t) if t < len(bars) - 1 else 0.0),
            "The noise is missing where t is largest. The walk goes down and ends with t = 1.",
        ),
        Mistake(
            "the last step left out",
            _walk_with(_root_beta, last=2),
            "The walk ends at x_1, which still has noise in it. Take the step to x_0, without "
            "adding any.",
        ),
        Mistake(
            "β in place of its root",
            _walk_with(lambda bars, t: _root_beta(bars, t) ** 2 if t > 1 else 0.0),
            "The last step is right now, but noise is multiplied by a standard deviation: √β.",
        ),
    ],
    also_correct=[
        _ancestral_returning_the_guess,
        _walk_with(lambda bars, t: _root_beta(bars, t) * (t > 1)),
        _posterior_walk,
    ],
    hints=[
        "What is the variance of x_0 if x_0 and x_1 are given?",
        "For t = 1 the posterior is a single point. Which term in the loop must then vanish?",
        "Add beta**0.5 * noise[t] only if t > 1.",
    ],
    carry_on="The grain has the size of the first √β, and no error message mentions it. Scores "
    "that look at pixels see it at once.",
)

# --- Exercise 7: several wishes at once -----------------------------------------------------------


def _compose_cases(rng: np.random.Generator) -> Iterator[Case]:
    import torch

    def noise(*shape):
        return torch.tensor(rng.normal(size=shape))

    blank, *wished = torch.tensor([1.0, 3.0, 2.0], dtype=torch.float64)
    yield Case((blank, wished, [2.0, -1.0]), label="the example of the text")
    yield Case((noise(3), [noise(3)], [1.0]), label="plain conditioning")
    yield Case((noise(3), [noise(3)], [2.5]), label="one strong wish")
    three = [noise(2, 2) for _ in range(3)]
    yield Case((noise(2, 2), three, [0.5, 3.0, 1.5]), label="three wishes")
    yield Case((noise(3), [noise(3), noise(3)], [0, 2]), label="scales that are whole, one is 0")
    yield Case((noise(3), [], []), label="no wish at all")


def _compose_by_weights(blank, wished, scales):
    return (1 - sum(scales)) * blank + sum(s * w for s, w in zip(scales, wished, strict=True))


def _compose(blank, wished, scales):
    guided = blank
    for noise, scale in zip(wished, scales, strict=True):
        guided = guided + scale * (noise - blank)
    return guided


def _compose_one_after_the_other(blank, wished, scales):
    guided = blank
    for noise, scale in zip(wished, scales, strict=True):
        guided = guided + scale * (noise - guided)
    return guided


compose = Function(
    "generative_models.diffusion.compose",
    title="Several wishes at once",
    cases=_compose_cases,
    expected=_compose_by_weights,
    reference=_compose,
    mistakes=[
        Mistake(
            "the blank counted with every wish",
            lambda blank, wished, scales: sum(
                (blank + s * (w - blank) for s, w in zip(scales, wished, strict=True)),
                start=0 * blank,
            ),
            "The sum is one of finished guided noises, so the blank is in the sum several times "
            "(and not at all without wishes). Start from it once and add differences.",
        ),
        Mistake(
            "one wish applied to the result of another",
            _compose_one_after_the_other,
            "Each difference is taken from the blank, not from what the wishes before have made of "
            "it. Otherwise the order of the wishes would matter.",
        ),
        Mistake(
            "noises added instead of differences",
            lambda blank, wished, scales: (
                blank + sum(s * w for s, w in zip(scales, wished, strict=True))
            ),
            "With one wish of scale 1 the result must be that wish's noise. Subtract the blank "
            "from each.",
        ),
        Mistake(
            "the other convention",
            lambda blank, wished, scales: (
                blank + sum((1 + s) * (w - blank) for s, w in zip(scales, wished, strict=True))
            ),
            "This is (1 + w): there a weight of 0 is plain conditioning. Here scale 1 is.",
        ),
        Mistake(
            "the mean over the wishes",
            lambda blank, wished, scales: (
                blank
                + sum(s * (w - blank) for s, w in zip(scales, wished, strict=True))
                / max(len(wished), 1)
            ),
            "The pushes add up; they are not averaged. Log-probabilities of independent conditions "
            "are added as well.",
        ),
        Mistake(
            "towards the blank instead of away from it",
            lambda blank, wished, scales: (
                blank + sum(s * (blank - w) for s, w in zip(scales, wished, strict=True))
            ),
            "The difference has the wrong sign: it leads from the blank to the wish.",
        ),
    ],
    also_correct=[
        _compose_by_weights,
        lambda blank, wished, scales: np.asarray(_compose(blank, wished, scales)).tolist(),
    ],
    hints=[
        "Begin with the formula for one wish. What changes if there are two?",
        "Start from the blank and add, for every wish, its scale times its difference from the "
        "blank.",
        "guided = blank, then for each pair: guided = guided + scale * (noise - blank).",
    ],
    carry_on="Adding the pushes takes the conditions for independent given the noisy picture. "
    "A negative scale is what text-to-image programs call a negative prompt.",
)
