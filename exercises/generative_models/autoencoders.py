"""Exercises of the lesson on autoencoders."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: the price of a code by hand ------------------------------------------------------


def _cost_by_torch() -> float:
    import torch
    from torch.distributions import Normal, kl_divergence

    code = Normal(torch.tensor([0.0, 0.0, 1.0, 1.0]), torch.tensor([1.0, 1.0, 1.0, 2.0]))
    return float(kl_divergence(code, Normal(0.0, 1.0)).sum())


_FOURTH = 0.5 * (1 + 4 - 1 - math.log(4))

code_cost = Value(
    "generative_models.autoencoders.code_cost",
    title="What does this code cost?",
    expected=_cost_by_torch,
    tolerance=0.005,
    reference=0.5 + _FOURTH,
    mistakes=[
        Mistake(
            "the factor one half forgotten",
            2 * (0.5 + _FOURTH),
            "Every term of the price carries a ½.",
        ),
        Mistake(
            "the mean over the four numbers",
            (0.5 + _FOURTH) / 4,
            "The prices of independent numbers add up; nothing is averaged over the code.",
        ),
        Mistake(
            "the variance taken for σ",
            0.5 + 0.5 * (1 + 16 - 1 - math.log(16)),
            "σ² = 4 is given, not σ = 4. The formula wants σ², so 4 goes in as it is.",
        ),
        Mistake(
            "σ put where σ² belongs",
            0.5 + 0.5 * (1 + 2 - 1 - math.log(2)),
            "The value is that of σ = 2 in the place of σ². Put in 4.",
        ),
        Mistake(
            "log σ in the place of log σ²",
            0.5 + 0.5 * (1 + 4 - 1 - math.log(2)),
            "The last term is log σ² = log 4, twice as much as log σ.",
        ),
        Mistake(
            "the logarithm added",
            0.5 + 0.5 * (1 + 4 - 1 + math.log(4)),
            "The logarithm is subtracted: a wide code says less and gets that much back.",
        ),
        Mistake(
            "the 1 not subtracted",
            0.5 + _FOURTH + 2,
            "Without the −1 even a code that says nothing would cost ½ for each number.",
        ),
        Mistake(
            "the price of the third number missing",
            _FOURTH,
            "The fourth is not the only one that pays: the mean of the third is 1, which costs ½.",
        ),
        Mistake(
            "nothing paid for the means",
            _FOURTH - 0.5,
            "Two of the numbers have μ = 1, and each pays ½ for it.",
        ),
    ],
    also_correct=[1.8069, np.float64(0.5 + _FOURTH), round(0.5 + _FOURTH, 3)],
    hints=[
        "Go number by number. What does one with μ = 0 and σ = 1 cost?",
        "The third costs ½. For the fourth put μ = 1 and σ² = 4 into ½(μ² + σ² − 1 − log σ²).",
        "½ + ½(1 + 4 − 1 − log 4), with the natural logarithm.",
    ],
    carry_on="A code that is too wide costs as well. With μ = 0, twice too wide costs 0.807 nats, "
    "twice too narrow 0.318: σ² grows fast, −log σ² falls slowly.",
)

# --- Exercise 2: the best encoder for a given decoder ---------------------------------------------


def _decoder_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[2.0], [0.0]]),), label="the example of the text")
    yield Case((np.linalg.qr(rng.normal(size=(5, 2)))[0],), label="orthonormal columns")
    yield Case((np.array([[3.0, 0.0], [0.0, 0.5], [0.0, 0.0]]),), label="orthogonal, not length 1")
    yield Case((rng.normal(size=(6, 3)),), label="columns at odd angles")
    yield Case((rng.normal(size=(3, 3)) + 2 * np.eye(3),), label="as many numbers as pixels")


def _best_encoder(decoder):
    return np.linalg.solve(decoder.T @ decoder, decoder.T)


def _normalised(decoder):
    return decoder / np.linalg.norm(decoder, axis=0)


best_encoder = Function(
    "generative_models.autoencoders.best_encoder",
    title="The best encoder for a given decoder",
    cases=_decoder_cases,
    expected=np.linalg.pinv,
    reference=_best_encoder,
    mistakes=[
        Mistake(
            "the transposed decoder",
            lambda decoder: decoder.T,
            "The transpose is right only for orthonormal columns. With a column of length 2 the "
            "code comes out four times too large, and the rebuilt picture with it.",
        ),
        Mistake(
            "the transpose with columns of length 1",
            lambda decoder: _normalised(decoder).T,
            "Now the code is right for a decoder with columns of length 1, but the given decoder "
            "multiplies once more by the length. And columns at odd angles still overlap.",
        ),
        Mistake(
            "each column by itself",
            lambda decoder: (decoder / (decoder**2).sum(axis=0)).T,
            "That projects on each column separately, which is right for orthogonal columns. Where "
            "they overlap, the shared part is counted twice: solve with decoder.T @ decoder.",
        ),
        Mistake(
            "the projection instead of the encoder",
            lambda decoder: decoder @ _best_encoder(decoder),
            "This is decoder @ encoder, which maps pictures to rebuilt pictures. Leave the decoder "
            "away.",
        ),
        Mistake(
            "the result transposed",
            lambda decoder: _best_encoder(decoder).T,
            "The encoder maps D pixels to k numbers, so it has the shape (k, D).",
        ),
        Mistake(
            "multiplied where it should be solved",
            lambda decoder: decoder.T @ decoder @ decoder.T,
            "BᵀB must be inverted: z = (BᵀB)⁻¹ Bᵀ x.",
        ),
    ],
    also_correct=[
        np.linalg.pinv,
        lambda decoder: np.linalg.lstsq(decoder, np.eye(len(decoder)), rcond=None)[0],
        lambda decoder: _best_encoder(decoder).tolist(),
    ],
    hints=[
        "For one picture: which z makes the length of x − Bz smallest? Set the gradient to zero.",
        "The gradient is −2Bᵀ(x − Bz), so BᵀB z = Bᵀx.",
        "np.linalg.solve(decoder.T @ decoder, decoder.T), or np.linalg.pinv.",
    ],
    carry_on="Now fix the encoder and ask for the best decoder: least squares again. Going to and "
    "fro between the two trains a linear autoencoder without any gradient step.",
)

# --- Exercise 3: KL between two diagonal Gaussians ------------------------------------------------


def _kl_cases(rng: np.random.Generator) -> Iterator[Case]:
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    yield Case((one, zero, zero, zero), label="the example of the text")
    parts = [rng.normal(size=(3, 2)) for _ in range(4)]
    yield Case(tuple(parts), label="three pictures, two numbers")
    yield Case((*parts[:2], *parts[:2]), label="the same distribution twice: costs nothing")
    yield Case(
        tuple(rng.normal(size=(2, 5)) * scale for scale in (1, 2, 1, 1)), label="two pictures"
    )


def _kl_by_torch(mu, log_var, prior_mu, prior_log_var):
    import torch
    from torch.distributions import Normal, kl_divergence

    mu, log_var, prior_mu, prior_log_var = (
        torch.tensor(np.asarray(part), dtype=torch.float64)
        for part in (mu, log_var, prior_mu, prior_log_var)
    )
    q, p = Normal(mu, log_var.exp().sqrt()), Normal(prior_mu, prior_log_var.exp().sqrt())
    return kl_divergence(q, p).sum(1).numpy()


def _kl_each(mu, log_var, prior_mu, prior_log_var):
    square = np.exp(log_var) + (mu - prior_mu) ** 2
    return 0.5 * (prior_log_var - log_var + square / np.exp(prior_log_var) - 1)


def _gaussian_kl(mu, log_var, prior_mu, prior_log_var):
    return _kl_each(mu, log_var, prior_mu, prior_log_var).sum(axis=1)


def _kl_flipped_log(mu, log_var, prior_mu, prior_log_var):
    square = np.exp(log_var) + (mu - prior_mu) ** 2
    return (0.5 * (log_var - prior_log_var + square / np.exp(prior_log_var) - 1)).sum(axis=1)


def _kl_undivided(mu, log_var, prior_mu, prior_log_var):
    square = np.exp(log_var) + (mu - prior_mu) ** 2
    return (0.5 * (prior_log_var - log_var + square - 1)).sum(axis=1)


def _kl_mean_undivided(mu, log_var, prior_mu, prior_log_var):
    ratio = np.exp(log_var - prior_log_var)
    return (0.5 * (prior_log_var - log_var + ratio + (mu - prior_mu) ** 2 - 1)).sum(axis=1)


gaussian_kl = Function(
    "generative_models.autoencoders.gaussian_kl",
    title="Any prior",
    cases=_kl_cases,
    expected=_kl_by_torch,
    reference=_gaussian_kl,
    mistakes=[
        Mistake(
            "log σ² taken for log σ",
            lambda mu, log_var, prior_mu, prior_log_var: _gaussian_kl(
                mu, 2 * log_var, prior_mu, 2 * prior_log_var
            ),
            "The logarithm of the variance looks taken for that of the standard deviation. "
            "np.exp(log_var) is σ² already.",
        ),
        Mistake(
            "the two distributions exchanged",
            lambda mu, log_var, prior_mu, prior_log_var: _gaussian_kl(
                prior_mu, prior_log_var, mu, log_var
            ),
            "The KL divergence is not symmetric: the mean is taken over N(μ, σ²), so the squares "
            "are divided by the variance of the prior.",
        ),
        Mistake(
            "the prior's parameters ignored",
            lambda mu, log_var, prior_mu, prior_log_var: _gaussian_kl(
                mu, log_var, 0 * prior_mu, 0 * prior_log_var
            ),
            "That is the price for the prior N(0, 1). Follow the derivation again with "
            "log p = −½ log(2πs²) − (z − m)²/(2s²).",
        ),
        Mistake(
            "the mean over the numbers of a code",
            lambda mu, log_var, prior_mu, prior_log_var: _kl_each(
                mu, log_var, prior_mu, prior_log_var
            ).mean(axis=1),
            "Independent numbers: their divergences add. A mean makes the price d times too small.",
        ),
        Mistake(
            "summed over the pictures as well",
            lambda mu, log_var, prior_mu, prior_log_var: _kl_each(
                mu, log_var, prior_mu, prior_log_var
            ).sum(),
            "Keep one number per picture: sum over axis 1 only.",
        ),
        Mistake(
            "one half forgotten",
            lambda mu, log_var, prior_mu, prior_log_var: (
                2 * _gaussian_kl(mu, log_var, prior_mu, prior_log_var)
            ),
            "All terms come from −½ log(2πσ²) and (…)²/(2σ²): each carries a ½.",
        ),
        Mistake(
            "the sign of the logarithms",
            _kl_flipped_log,
            "log q brings −½ log σ² and −log p brings +½ log s²: a narrow code must cost more.",
        ),
        Mistake(
            "the prior's variance left out of the squares",
            _kl_undivided,
            "In −log p the square is divided by 2s²: divide σ² + (μ − m)² by s².",
        ),
        Mistake(
            "only σ² divided by the prior's variance",
            _kl_mean_undivided,
            "The distance of the means counts in units of the prior as well: (μ − m)²/s².",
        ),
    ],
    also_correct=[
        _kl_by_torch,
        lambda mu, log_var, prior_mu, prior_log_var: _gaussian_kl(
            mu, log_var, prior_mu, prior_log_var
        ).tolist(),
    ],
    hints=[
        "Write log q and log p, and take the mean of their difference under q.",
        "Under q the mean of (z − μ)² is σ², and that of (z − m)² is σ² + (μ − m)².",
        "0.5 * (prior_log_var − log_var + (σ² + (μ − m)²)/s² − 1), summed over axis 1, with "
        "σ² = np.exp(log_var) and s² = np.exp(prior_log_var).",
    ],
    carry_on="With a prior that is itself computed by a network, this is the price in models with "
    "several layers of codes.",
)

# --- Exercise 4: the score function for sigma -----------------------------------------------------


def _identity(z):
    return z


def _square(z):
    return z**2


def _step(z):
    return (np.asarray(z) > 0.5).astype(float)


def _score_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((_identity, 0.0, 1.0, np.array([1.0, 2.0])), label="the example of the text")
    yield Case((_square, 1.0, 0.5, rng.normal(size=6)), label="a square")
    yield Case((_step, 0.2, 2.0, rng.normal(size=9)), label="a step, which has no slope")
    yield Case((np.sin, -1.0, 0.3, rng.normal(size=5)), label="a sine")


def _score_by_autograd(f, mu, sigma, eps):
    import torch
    from torch.distributions import Normal

    scale = torch.full((len(eps),), float(sigma), dtype=torch.float64, requires_grad=True)
    z = mu + sigma * np.asarray(eps)
    log_q = Normal(torch.tensor(mu, dtype=torch.float64), scale).log_prob(torch.tensor(z))
    slope = torch.autograd.grad(log_q.sum(), scale)[0].numpy()
    return float(np.mean(f(z) * slope))


def _score_with(weight):
    """A score-function estimate in which each value is multiplied by ``weight(sigma, eps)``."""

    def estimate(f, mu, sigma, eps):
        eps = np.asarray(eps)
        return float(np.mean(f(mu + sigma * eps) * weight(sigma, eps)))

    return estimate


def _score_gradient_sigma(f, mu, sigma, eps):
    eps = np.asarray(eps)
    return np.mean(f(mu + sigma * eps) * (eps**2 - 1) / sigma)


def _pathwise(f, mu, sigma, eps):
    z, h = mu + sigma * np.asarray(eps), 1e-5
    return float(np.mean((f(z + h) - f(z - h)) / (2 * h) * eps))


score_gradient_sigma = Function(
    "generative_models.autoencoders.score_gradient_sigma",
    title="The score function for σ",
    cases=_score_cases,
    expected=_score_by_autograd,
    reference=_score_gradient_sigma,
    mistakes=[
        Mistake(
            "the score for μ",
            _score_with(lambda sigma, eps: eps / sigma),
            "ε/σ is the derivative of log q with respect to μ. Differentiate log q with respect "
            "to σ.",
        ),
        Mistake(
            "the normalisation forgotten",
            _score_with(lambda sigma, eps: eps**2 / sigma),
            "log q also holds −log σ, from the factor 1/σ of the density. Its derivative −1/σ is "
            "missing.",
        ),
        Mistake(
            "not divided by σ",
            _score_with(lambda sigma, eps: eps**2 - 1),
            "That is the derivative with respect to log σ. With respect to σ divide by σ.",
        ),
        Mistake(
            "divided by σ²",
            _score_with(lambda sigma, eps: (eps**2 - 1) / sigma**2),
            "(z − μ)²/σ³ = ε²/σ: one σ too many is left in the denominator.",
        ),
        Mistake(
            "the sign",
            _score_with(lambda sigma, eps: (1 - eps**2) / sigma),
            "A draw far out (large ε²) becomes more probable when σ grows, so its score is "
            "positive.",
        ),
        Mistake(
            "the sum over the draws",
            lambda f, mu, sigma, eps: _score_gradient_sigma(f, mu, sigma, eps) * len(eps),
            "An expectation is estimated by the mean over the draws.",
        ),
        Mistake(
            "the reparameterised gradient",
            _pathwise,
            "f′(z)·ε is the other way, and it sees no slope at all in a step. Use the values of f "
            "only.",
        ),
        Mistake(
            "the values of f at ε",
            lambda f, mu, sigma, eps: float(np.mean(f(np.asarray(eps)) * (eps**2 - 1) / sigma)),
            "f takes codes: evaluate it at z = μ + σε.",
        ),
    ],
    also_correct=[
        _score_by_autograd,
        lambda f, mu, sigma, eps: (
            sum(
                f(np.array([mu + sigma * e]))[0] * ((sigma * e) ** 2 / sigma**3 - 1 / sigma)
                for e in eps
            )
            / len(eps)
        ),
    ],
    hints=[
        "log q(z) = −log σ − (z − μ)²/(2σ²) + constant. Hold z fixed and differentiate.",
        "The derivative is −1/σ + (z − μ)²/σ³. Put z − μ = σε.",
        "The mean over the draws of f(z)·(ε² − 1)/σ.",
    ],
    carry_on="One of the cases was a step, whose slope is zero nearly everywhere: the "
    "reparameterised gradient would have returned 0, the score function does not.",
)

# --- Exercise 5: the importance-weighted bound ----------------------------------------------------


def _bound_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0.0, 0.0], [0.0, math.log(3)]]),), label="the example of the text")
    yield Case((rng.normal(size=(5, 3)) - 50,), label="five draws, three pictures")
    yield Case((rng.normal(size=(4, 2)) * 5 - 2000,), label="very small weights")
    yield Case((np.array([[-3.0, 4.0, 0.5]]),), label="a single draw")


def _bound_by_scipy(log_w):
    from scipy.special import logsumexp

    log_w = np.asarray(log_w)
    return logsumexp(log_w, axis=0, b=1 / len(log_w))


def _iw_bound(log_w):
    top = log_w.max(axis=0)
    return top + np.log(np.mean(np.exp(log_w - top), axis=0))


def _bound_plain(log_w):
    with np.errstate(divide="ignore"):
        return np.log(np.mean(np.exp(log_w), axis=0))


def _bound_one_top(log_w):
    top = log_w.max(axis=0)
    return np.log(np.mean(np.exp(log_w - top), axis=0))


iw_bound = Function(
    "generative_models.autoencoders.iw_bound",
    title="The importance-weighted bound",
    cases=_bound_cases,
    expected=_bound_by_scipy,
    reference=_iw_bound,
    mistakes=[
        Mistake(
            "the mean of the logarithms",
            lambda log_w: log_w.mean(axis=0),
            "That is the ELBO, averaged over k draws. For the tighter bound take the mean of the "
            "weights first, and the logarithm afterwards.",
        ),
        Mistake(
            "the sum of the weights instead of their mean",
            lambda log_w: np.logaddexp.reduce(log_w, axis=0),
            "Without − log k the result grows with every draw and is no lower bound any more.",
        ),
        Mistake(
            "underflow",
            _bound_plain,
            "exp(−2000) is 0 in floating point, and its logarithm −∞. Take out the largest weight "
            "first: log mean exp(a) = top + log mean exp(a − top).",
        ),
        Mistake(
            "the largest weight not put back",
            _bound_one_top,
            "What you subtract inside the exponential must be added again outside of the "
            "logarithm.",
        ),
        Mistake(
            "the mean over the pictures",
            lambda log_w: _iw_bound(log_w.T),
            "The draws are on axis 0, the pictures on axis 1. Each picture has its own bound.",
        ),
        Mistake(
            "averaged over the pictures as well",
            lambda log_w: float(_iw_bound(log_w).mean()),
            "Return one bound per picture.",
        ),
        Mistake(
            "the largest weight alone",
            lambda log_w: log_w.max(axis=0),
            "The largest weight dominates the mean but is not the mean, not even of one that "
            "counts k times.",
        ),
    ],
    also_correct=[
        _bound_by_scipy,
        lambda log_w: (np.logaddexp.reduce(log_w, axis=0) - math.log(len(log_w))).tolist(),
    ],
    hints=[
        "The logarithm of the mean of the weights, not the mean of their logarithms.",
        "np.exp of −2000 is 0. Subtract the largest log w of each picture first, and add it again "
        "at the end.",
        "top + np.log(np.mean(np.exp(log_w - top), axis=0)) with top = log_w.max(axis=0).",
    ],
    carry_on="When one weight is far above the others, the bound is little more than that one "
    "draw minus log k: a sign that the proposal fits badly.",
)

# --- Exercise 6: noise of the wrong size ----------------------------------------------------------


def _draw_cases(rng: np.random.Generator) -> Iterator[Case]:
    mu, eps = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    yield Case((mu, np.zeros((3, 2)), eps), label="variance 1")
    yield Case((mu, np.full((3, 2), math.log(4)), eps), label="variance 4")
    yield Case((mu, rng.normal(size=(3, 2)) - 2, eps), label="small variances")
    yield Case((mu, rng.normal(size=(3, 2)), np.zeros((3, 2))), label="no noise")


def _draw_by_torch(mu, log_var, eps):
    import torch
    from torch.distributions.transforms import AffineTransform

    deviation = torch.tensor(np.exp(log_var)).sqrt()
    return AffineTransform(torch.tensor(np.asarray(mu)), deviation)(torch.tensor(eps)).numpy()


def _draw_with(deviation):
    return lambda mu, log_var, eps: mu + deviation(log_var) * eps


def _draw_code_planted(mu, log_var, eps):
    return mu + np.exp(log_var) * eps


draw_code = Bug(
    "generative_models.autoencoders.draw_code",
    title="Noise of the wrong size",
    cases=_draw_cases,
    expected=_draw_by_torch,
    reference=_draw_with(lambda log_var: np.exp(0.5 * log_var)),
    planted=_draw_code_planted,
    mistakes=[
        Mistake(
            "the exponential squared",
            _draw_with(lambda log_var: np.exp(2 * log_var)),
            "exp(2·log σ²) is σ⁴. You need σ, so the exponent must be halved, not doubled.",
        ),
        Mistake(
            "half of the variance",
            _draw_with(lambda log_var: 0.5 * np.exp(log_var)),
            "The half belongs into the exponent, √v = exp(½ log v). Outside it halves v.",
        ),
        Mistake(
            "the logarithm used as it is",
            _draw_with(lambda log_var: log_var),
            "log σ² may be negative or 0; the noise must be multiplied by σ = exp(½ log σ²).",
        ),
        Mistake(
            "one over σ",
            _draw_with(lambda log_var: np.exp(-0.5 * log_var)),
            "A sign too many: this draws the widest codes where the encoder wants the narrowest.",
        ),
        Mistake(
            "the noise forgotten",
            lambda mu, log_var, eps: mu + np.exp(0.5 * log_var),
            "σ is right, but it must be multiplied by the noise, or the code is not random.",
        ),
        Mistake(
            "the mean scaled too",
            lambda mu, log_var, eps: (mu + eps) * np.exp(0.5 * log_var),
            "Only the noise is multiplied by σ. The mean of the code is μ itself.",
        ),
    ],
    also_correct=[
        lambda mu, log_var, eps: mu + np.sqrt(np.exp(log_var)) * eps,
        lambda mu, log_var, eps: (mu + np.exp(log_var) ** 0.5 * eps).tolist(),
    ],
    hints=[
        "Take variance 4. By what should the noise be multiplied, and by what is it?",
        "The standard deviation is the root of the variance. What does a root do to a logarithm?",
        "np.exp(0.5 * log_var).",
    ],
    carry_on="Training hides this fault: the encoder learns other values and the noise comes out "
    "usable. But the KL term, which reads the same output as log σ², then charges a wrong price.",
)

# --- Exercise 7: a price that shrank --------------------------------------------------------------


def _objective_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(n, pixels, d, label):
        sizes = ((n, pixels), (n, pixels), (n, d), (n, d))
        return Case(tuple(rng.normal(size=size) for size in sizes), label=label)

    yield case(1, 3, 2, "one picture")
    yield case(4, 6, 3, "four pictures, three numbers")
    yield case(2, 5, 1, "a code of one number")
    same = rng.normal(size=(3, 4))
    yield Case((same, same, np.ones((3, 2)), np.zeros((3, 2))), label="rebuilt exactly, means of 1")


def _objective_by_torch(x, x_hat, mu, log_var):
    import torch
    from torch.distributions import Normal, kl_divergence

    x, x_hat, mu, log_var = (torch.tensor(np.asarray(part)) for part in (x, x_hat, mu, log_var))
    cost = -Normal(x_hat, 1.0).log_prob(x).sum() - 0.5 * math.log(2 * math.pi) * x.numel()
    price = kl_divergence(Normal(mu, log_var.exp().sqrt()), Normal(0.0, 1.0)).sum()
    return float((cost + price) / len(x))


def _rebuilding(x, x_hat):
    return 0.5 * np.sum((x - x_hat) ** 2, axis=1).mean()


def _each_price(mu, log_var):
    return 0.5 * (mu**2 + np.exp(log_var) - 1 - log_var)


def _vae_objective(x, x_hat, mu, log_var):
    return _rebuilding(x, x_hat) + _each_price(mu, log_var).sum(axis=1).mean()


def _objective_planted(x, x_hat, mu, log_var):
    rebuilding = 0.5 * np.sum((x - x_hat) ** 2, axis=1).mean()
    price = 0.5 * np.mean(mu**2 + np.exp(log_var) - 1 - log_var)
    return rebuilding + price


vae_objective = Bug(
    "generative_models.autoencoders.vae_objective",
    title="A price that shrank",
    cases=_objective_cases,
    expected=_objective_by_torch,
    reference=_vae_objective,
    planted=_objective_planted,
    mistakes=[
        Mistake(
            "means everywhere",
            lambda x, x_hat, mu, log_var: (
                0.5 * np.mean((x - x_hat) ** 2) + _each_price(mu, log_var).mean()
            ),
            "Now both terms are averaged within a picture, but over different numbers of entries: "
            "pixels here, code numbers there. Their balance is still wrong. Sum in both.",
        ),
        Mistake(
            "the mean over pixels",
            lambda x, x_hat, mu, log_var: (
                0.5 * np.mean((x - x_hat) ** 2) + _each_price(mu, log_var).sum(axis=1).mean()
            ),
            "The price is right now, but the rebuilding was right before: it is a sum over pixels.",
        ),
        Mistake(
            "the price summed over the pictures",
            lambda x, x_hat, mu, log_var: _rebuilding(x, x_hat) + _each_price(mu, log_var).sum(),
            "Rebuilding is averaged over the batch and the price is not: its weight would grow "
            "with the size of the batch.",
        ),
        Mistake(
            "the axes exchanged",
            lambda x, x_hat, mu, log_var: (
                _rebuilding(x, x_hat) + _each_price(mu, log_var).sum(axis=0).mean()
            ),
            "This sums over the pictures and averages over the code. It should be the other way "
            "round: axis=1 first.",
        ),
        Mistake(
            "one half lost",
            lambda x, x_hat, mu, log_var: (
                _rebuilding(x, x_hat) + 2 * _each_price(mu, log_var).sum(axis=1).mean()
            ),
            "The sums are right. Put the ½ before the price back.",
        ),
        Mistake(
            "the price subtracted",
            lambda x, x_hat, mu, log_var: (
                _rebuilding(x, x_hat) - _each_price(mu, log_var).sum(axis=1).mean()
            ),
            "The KL term is subtracted in the ELBO. This is the loss, its negative: both terms "
            "have a plus.",
        ),
    ],
    also_correct=[
        lambda x, x_hat, mu, log_var: (
            _rebuilding(x, x_hat) + mu.shape[1] * _each_price(mu, log_var).mean()
        ),
        lambda x, x_hat, mu, log_var: (
            (0.5 * ((x - x_hat) ** 2).sum() + _each_price(mu, log_var).sum()) / len(x)
        ),
    ],
    hints=[
        "Which axes does each of the two terms sum over, and which does it average over?",
        "np.mean without an axis averages over pictures and code numbers alike.",
        "Use np.sum(…, axis=1).mean() for the price as well.",
    ],
    carry_on="The planted version is a VAE with β = 1/d: it rebuilds a little better, and nobody "
    "notices until the prior is sampled or a likelihood is reported.",
)

# --- Exercise 8: a mean over pixels ---------------------------------------------------------------

mean_over_pixels = Choice(
    "generative_models.autoencoders.mean_over_pixels",
    title="A mean over pixels",
    options={
        "a": Option(
            "The same VAE: a constant factor in a loss only changes the learning rate.",
            "A factor before the whole loss would. This one stands before one of the two terms "
            "only, so it changes where the minimum is.",
        ),
        "b": Option(
            "The same as with β = 400: the code is too expensive, and the decoder returns nearly "
            "the same picture for every input.",
            "Multiply the whole loss by 400, which moves no minimum: rebuilding is a sum again, "
            "and 400 stands before the price. No code is worth that much.",
            right=True,
        ),
        "c": Option(
            "The same as with β = 1/400: hardly any price, so σ goes to 0.",
            "That would be so if the price were averaged over 400 entries. Here rebuilding is "
            "made 400 times smaller, so the price weighs more, not less.",
        ),
        "d": Option(
            "Training diverges, because the two terms have different units.",
            "Both are in nats and both are bounded below. The loss falls nicely, to a useless "
            "minimum.",
        ),
    },
    hints=[
        "Write the loss as rebuilding/400 + price, and multiply it by 400.",
        "400·price: what does the encoder do when every nat of code costs 400 nats of rebuilding?",
    ],
)
