"""Exercises of the lesson on policy gradients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, UnusableError, Value
from utils.display import describe

# --- Exercise 1: the baseline that leaves no noise ------------------------------------------------

best_baseline = Value(
    "reinforcement_learning.policy_gradients.best_baseline",
    title="The best thing to subtract",
    # The best constant is the mean of the rewards weighted with chance times squared score.
    expected=lambda: float(
        np.average([10.0, 12.0], weights=np.array([0.2, 0.8]) * np.array([0.8, 0.2]) ** 2)
    ),
    tolerance=1e-6,
    reference=10.4,
    mistakes=[
        Mistake(
            "the mean reward",
            11.6,
            "That is the mean of the rewards, 0.2 · 10 + 0.8 · 12. It leaves some noise: the "
            "estimates are 0.2 · 0.4 = 0.08 and −0.8 · (−1.6) = 1.28. Make them equal.",
        ),
        Mistake(
            "halfway between the rewards",
            11.0,
            "Halfway was right when both actions were equally likely. Now the two scores are 0.2 "
            "and −0.8: put them into the equation.",
        ),
        Mistake(
            "the scores exchanged",
            (0.8 * 12 + 0.2 * 10 * -1) / (0.8 - 0.2),
            "The score is one minus the probability for what was drawn: 0.2 if the second was "
            "drawn, and −0.8 if it was not.",
        ),
        Mistake(
            "the smaller reward",
            10.0,
            "Then the first action gives an estimate of 0 and the second one of 0.4.",
        ),
        Mistake(
            "the larger reward",
            12.0,
            "Then the second action gives an estimate of 0 and the first one of 1.6.",
        ),
    ],
    also_correct=[np.float64(10.4), 52 / 5],
    hints=[
        "Write down the two estimates as functions of b. What are the two scores of the second "
        "logit?",
        "If the second action is drawn, the score is 1 − 0.8 = 0.2; otherwise 0 − 0.8 = −0.8.",
        "Solve 0.2 (12 − b) = −0.8 (10 − b).",
    ],
    carry_on="The best baseline leans towards the reward of the rare action, because its score is "
    "larger. Both estimates are then 0.32 = 0.8 · 0.2 · (12 − 10), the true gradient.",
)

# --- Exercise 2: the score of a Gaussian ----------------------------------------------------------


def _score_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((-0.8, -1.0, np.log(0.5) / 2), label="the numbers of the text")
    yield Case((2.0, 0.0, 0.0), label="two standard deviations out, σ = 1")
    yield Case((0.3, 0.3, np.log(0.1)), label="exactly at the mean, narrow")
    yield Case((rng.normal(size=5), rng.normal(size=5), rng.normal(size=5) * 0.5), label="arrays")


def _score_by_torch(action, mu, log_sigma):
    action, mu, log_sigma = (
        torch.tensor(np.asarray(x, dtype=float)) for x in (action, mu, log_sigma)
    )
    mu.requires_grad_()
    log_sigma.requires_grad_()
    total = torch.distributions.Normal(mu, log_sigma.exp()).log_prob(action).sum()
    return tuple(part.numpy() for part in torch.autograd.grad(total, (mu, log_sigma)))


def _score(action, mu, log_sigma):
    sigma = np.exp(log_sigma)
    z = (action - mu) / sigma
    return z / sigma, z**2 - 1


def _score_variance(action, mu, log_sigma):
    variance = np.exp(log_sigma)
    return (action - mu) / variance, (action - mu) ** 2 / variance - 1


def _score_density(action, mu, log_sigma):
    sigma = np.exp(log_sigma)
    density = np.exp(-0.5 * ((action - mu) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    one, other = _score(action, mu, log_sigma)
    return density * one, density * other


def _score_of_sigma(action, mu, log_sigma):
    one, other = _score(action, mu, log_sigma)
    return one, other / np.exp(log_sigma)


score = Function(
    "reinforcement_learning.policy_gradients.score",
    title="The score of a Gaussian",
    cases=_score_cases,
    expected=_score_by_torch,
    reference=_score,
    mistakes=[
        Mistake(
            "variance taken for the standard deviation",
            _score_variance,
            "exp(log_sigma) is σ, not σ². Divide by its square.",
        ),
        Mistake(
            "with respect to sigma",
            _score_of_sigma,
            "The second entry is the derivative with respect to σ. For log σ multiply it by σ, by "
            "the chain rule.",
        ),
        Mistake(
            "the normalisation forgotten",
            lambda a, m, s: (_score(a, m, s)[0], _score(a, m, s)[1] + 1),
            "The term −log σ of the log-density has a derivative too: −1. Without it nothing "
            "would ever make the curve narrower.",
        ),
        Mistake(
            "the sign turned",
            lambda a, m, s: tuple(-part for part in _score(a, m, s)),
            "This is the derivative of minus the log-density, the loss. The mean should move "
            "towards the action.",
        ),
        Mistake(
            "the density instead of its logarithm",
            _score_density,
            "That is the derivative of the density itself. The score is that of its logarithm.",
        ),
        Mistake(
            "the two exchanged",
            lambda a, m, s: _score(a, m, s)[::-1],
            "First the derivative with respect to mu, then the one with respect to log_sigma.",
        ),
    ],
    also_correct=[
        _score_by_torch,
        lambda action, mu, log_sigma: (
            (action - mu) * np.exp(-2 * log_sigma),
            (action - mu) ** 2 * np.exp(-2 * log_sigma) - 1,
        ),
    ],
    hints=[
        "Both derivatives with respect to μ and σ stand in the text. Only the last step is new.",
        "With f(σ) and σ = exp(log_sigma): df/dlog_sigma = σ · df/dσ.",
        "z = (action - mu) / sigma; return z / sigma, z**2 - 1.",
    ],
    carry_on="z² − 1 is positive beyond one standard deviation and negative within: good surprises "
    "widen the curve, good routine narrows it.",
)

# --- Exercise 3: the gradient of one episode ------------------------------------------------------


def _episode_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.zeros((1, 2)), [0], [1], [2.0], 0.9), label="one step")
    yield Case(
        (np.zeros((2, 2)), [0, 1], [1, 0], [0.0, 4.0], 0.5), label="the reward comes one step later"
    )
    yield Case(
        (np.array([[0.5, -0.5]]), [0, 0, 0], [0, 1, 0], [1.0, 2.0, 3.0], 0.9),
        label="one state, visited three times",
    )
    yield Case(
        (
            rng.normal(size=(3, 3)),
            rng.integers(3, size=6),
            rng.integers(3, size=6),
            rng.normal(size=6),
            0.8,
        ),
        label="six random steps",
    )


def _episode_by_torch(theta, states, actions, rewards, gamma):
    theta = torch.tensor(np.asarray(theta, dtype=float), requires_grad=True)
    log_pi = torch.log_softmax(theta, dim=1)
    discounted = [gamma**t * float(r) for t, r in enumerate(rewards)]
    # gamma^t G_t is the sum of the rewards from t on, each discounted from the start
    total = sum(
        log_pi[s, a] * sum(discounted[t:])
        for t, (s, a) in enumerate(zip(states, actions, strict=True))
    )
    return torch.autograd.grad(total, theta)[0].numpy()


def _episode_with(weights, probability=False, score="right"):
    """The sum over the steps of ``weights(rewards, gamma)[t]`` times the score."""

    def gradient(theta, states, actions, rewards, gamma):
        exps = np.exp(theta - theta.max(axis=1, keepdims=True))
        pi, total = exps / exps.sum(axis=1, keepdims=True), np.zeros(theta.shape)
        for s, a, w in zip(states, actions, weights(np.asarray(rewards), gamma), strict=True):
            one = np.eye(theta.shape[1])[a] - (0 if score == "one" else pi[s])
            total[s] += w * one * (pi[s, a] if probability else 1)
        return total

    return gradient


def _go(rewards, gamma):
    return np.array(
        [
            sum(gamma ** (k - t) * rewards[k] for k in range(t, len(rewards)))
            for t in range(len(rewards))
        ]
    )


def _go_discounted(rewards, gamma):
    return gamma ** np.arange(len(rewards)) * _go(rewards, gamma)


def _past(rewards, gamma):
    return gamma ** np.arange(len(rewards)) * _go(rewards[::-1], gamma)[::-1]


_episode = _episode_with(_go_discounted)

episode_gradient = Function(
    "reinforcement_learning.policy_gradients.episode_gradient",
    title="One episode, one gradient",
    cases=_episode_cases,
    expected=_episode_by_torch,
    reference=_episode,
    mistakes=[
        Mistake(
            "the factor gamma to the power t left out",
            _episode_with(_go),
            "This is what most programs do. The gradient of the discounted J has the factor "
            "gamma ** t in front of every step.",
        ),
        Mistake(
            "discounted twice",
            _episode_with(lambda r, g: g ** np.arange(len(r)) * _go_discounted(r, g)),
            "The rewards inside G_t count time from step t; the factor gamma ** t comes once.",
        ),
        Mistake(
            "no discount at all",
            _episode_with(lambda r, g: _go(r, 1.0)),
            "Rewards that come later count less: by gamma for each step.",
        ),
        Mistake(
            "the whole return at each step",
            _episode_with(lambda r, g: np.full(len(r), _go(r, g)[0])),
            "Every action got the return of the whole episode. Rewards before it are none of its "
            "doing: use the reward-to-go.",
        ),
        Mistake(
            "the immediate reward only",
            _episode_with(lambda r, g: g ** np.arange(len(r)) * r),
            "The action at t is credited with the reward of its own step only. Add what followed.",
        ),
        Mistake(
            "the sum runs forwards",
            _episode_with(_past),
            "The weight contains the rewards of the past. Begin the loop at the end.",
        ),
        Mistake(
            "probabilities instead of log-probabilities",
            _episode_with(_go_discounted, probability=True),
            "This is the gradient of π, not of log π: there is a factor π(a|s) too many.",
        ),
        Mistake(
            "only the drawn action moves",
            _episode_with(_go_discounted, score="one"),
            "The score is one for the drawn action minus the probabilities of all actions.",
        ),
        Mistake(
            "the gradient of the loss",
            _episode_with(lambda r, g: -_go_discounted(r, g)),
            "The sign is that of a loss to be minimised. The task asks for the gradient of J.",
        ),
    ],
    also_correct=[
        _episode_by_torch,
        lambda *args: _episode(*args).tolist(),
    ],
    hints=[
        "Three ingredients a step: gamma ** t, the reward-to-go (backwards), and the score.",
        "The score of step t lies in row states[t]: one at actions[t], minus the softmax of that "
        "row. Rows of states that were not visited stay 0.",
        "gradient[states[t]] -= gamma**t * G * pi[states[t]]; then add gamma**t * G at "
        "[states[t], actions[t]].",
    ],
    carry_on="No line of this function knows the chances P. The episode itself has drawn from "
    "them.",
)

# --- Exercise 4: what may be subtracted -----------------------------------------------------------

which_baseline = Choice(
    "reinforcement_learning.policy_gradients.which_baseline",
    title="What may be subtracted?",
    options={
        "a": Option(
            "A network's estimate of Q(s_t, a_t), since it is the best prediction of G_t.",
            "It depends on the action. Then the mean of b · score is no longer 0: with a perfect "
            "Q the whole gradient would be subtracted away.",
        ),
        "b": Option(
            "A network's estimate of V(s_t) that was trained on earlier episodes, however bad.",
            "It is settled before the action is drawn, so the mean of b · score is 0. A bad "
            "estimate only makes the result noisier.",
            right=True,
        ),
        "c": Option(
            "A good estimate of V(s_{t+1}), the value of the next state.",
            "The next state depends on the action: this would take away the credit for having "
            "led there.",
        ),
        "d": Option(
            "The mean of G over this very batch, this episode among the others.",
            "Nearly: the mean contains the episode's own return, which was made by its own "
            "actions. With n episodes the gradient shrinks by about 1/n. Harmless, not exact.",
        ),
    },
    hints=[
        "The proof needs one thing of b: that it is a constant once the past and s_t are given.",
        "Go through the options and ask: would b have been the same if another action had been "
        "drawn at step t?",
    ],
)

# --- Exercise 5: generalised advantages of a stream -----------------------------------------------


def _gae_cases(rng: np.random.Generator) -> Iterator[Case]:
    no, yes = False, True
    yield Case(
        (
            np.ones(2),
            np.zeros(2),
            np.full(2, 5.0),
            np.array([no, yes]),
            np.array([yes, no]),
            0.9,
            0.5,
        ),
        label="one step cut off, one step that ends",
    )
    yield Case(
        (
            np.ones(3),
            np.array([2.0, 1.0, 3.0]),
            np.array([1.0, 3.0, 7.0]),
            np.array([no, no, yes]),
            np.zeros(3, dtype=bool),
            0.9,
            0.5,
        ),
        label="the episode of the text",
    )
    for gamma, lam in ((0.99, 0.95), (0.9, 0.0), (0.95, 1.0)):
        ends = rng.integers(4, size=8)
        yield Case(
            (
                rng.normal(size=8),
                rng.normal(size=8),
                rng.normal(size=8) + 2,
                ends == 0,
                ends == 1,
                gamma,
                lam,
            ),
            label=f"eight random steps, λ = {lam}",
        )


def _gae_by_sum(rewards, values, next_values, terminated, truncated, gamma, lam):
    delta = rewards + gamma * next_values * ~terminated - values
    over = terminated | truncated
    out = []
    for t in range(len(delta)):
        total = 0.0
        for k in range(t, len(delta)):
            total += (gamma * lam) ** (k - t) * delta[k]
            if over[k]:
                break
        out.append(total)
    return np.array(out)


def _gae_with(bootstrap, cut, decay=lambda gamma, lam: gamma * lam):
    def gae(rewards, values, next_values, terminated, truncated, gamma, lam):
        delta = rewards + gamma * next_values * bootstrap(terminated, truncated) - values
        go_on, running, out = cut(terminated, truncated), 0.0, np.zeros(len(delta))
        for t in reversed(range(len(delta))):
            running = delta[t] + decay(gamma, lam) * running * go_on[t]
            out[t] = running
        return out

    return gae


def _not_terminated(terminated, truncated):
    return ~terminated


def _not_over(terminated, truncated):
    return ~(terminated | truncated)


def _always(terminated, truncated):
    return np.ones(len(terminated))


def _gae_forwards(rewards, values, next_values, terminated, truncated, gamma, lam):
    delta = rewards + gamma * next_values * ~terminated - values
    running, out = 0.0, np.zeros(len(delta))
    for t in range(len(delta)):
        running = delta[t] + gamma * lam * running
        out[t] = running
        running *= not (terminated[t] or truncated[t])
    return out


_gae = _gae_with(_not_terminated, _not_over)

gae = Function(
    "reinforcement_learning.policy_gradients.gae",
    title="Advantages of a stream",
    cases=_gae_cases,
    expected=_gae_by_sum,
    reference=_gae,
    mistakes=[
        Mistake(
            "episodes leak into each other",
            _gae_with(_not_terminated, _always),
            "The running sum is carried over the end of an episode. Behind an end of either kind "
            "the next entry belongs to another episode.",
        ),
        Mistake(
            "cut at terminated steps only",
            _gae_with(_not_terminated, _not_terminated),
            "A truncated episode ends too: the next entry of the stream is another episode. Only "
            "the next *value* may be used there.",
        ),
        Mistake(
            "truncated taken for terminated",
            _gae_with(_not_over, _not_over),
            "A truncated episode could have gone on; we merely stopped watching. Its next value "
            "counts in the TD error.",
        ),
        Mistake(
            "a value behind the end",
            _gae_with(_always, _not_over),
            "After a terminated step nothing comes: its next value must not be counted.",
        ),
        Mistake(
            "lambda without gamma",
            _gae_with(_not_terminated, _not_over, lambda gamma, lam: lam),
            "The running sum is multiplied by gamma times lambda, not by lambda alone.",
        ),
        Mistake(
            "no lambda",
            _gae_with(_not_terminated, _not_over, lambda gamma, lam: gamma),
            "That is λ = 1 always. Multiply the running sum by gamma times lambda.",
        ),
        Mistake(
            "the loop runs forwards",
            _gae_forwards,
            "The advantage looks ahead: begin at the last step.",
        ),
    ],
    also_correct=[_gae_by_sum, lambda *args: _gae(*args).tolist()],
    hints=[
        "Two flags, two questions. Does the next value count in δ? Does the running sum go on?",
        "The next value is dropped after a terminated step only. The running sum is dropped after "
        "either.",
        "delta = r + gamma * next_value * (not terminated) - value; running = delta + gamma * lam "
        "* running * (not (terminated or truncated)).",
    ],
    carry_on="Both mistakes with the flags train, and look fine in the first minutes: early "
    "episodes all end by failing.",
)

# --- Exercise 6: the loss of PPO ------------------------------------------------------------------


def _ppo_cases(rng: np.random.Generator) -> Iterator[Case]:
    new = np.log(np.array([0.65, 0.35, 0.65, 0.35]))
    old = np.log(np.full(4, 0.5))
    yield Case((new, old, np.array([2.0, 2.0, -2.0, -2.0]), 0.2), label="ratios 1.3 and 0.7")
    yield Case((old, old, np.array([1.0, -1.0, 3.0, 0.5]), 0.2), label="the first pass, ratio 1")
    yield Case(
        (
            np.log(rng.uniform(0.1, 0.9, size=9)),
            np.log(rng.uniform(0.1, 0.9, size=9)),
            rng.normal(size=9),
            0.1,
        ),
        label="random numbers, clip 0.1",
    )


def _differentiable(loss):
    """The loss that an answer returned, as a tensor without axes from which a gradient flows."""
    if not isinstance(loss, torch.Tensor):
        raise UnusableError(
            "the loss must be a tensor, for the check takes its gradient: received "
            f"{describe(loss)}; leave out .item(), float() and NumPy"
        )
    if loss.numel() != 1:
        raise UnusableError(
            f"the loss must be one number, for the check takes its gradient: received shape "
            f"{tuple(loss.shape)}; is the mean missing?"
        )
    if not loss.requires_grad:
        raise UnusableError(
            f"the loss {describe(loss.reshape(()))} carries no gradient, so nothing could be "
            "learned from it: is everything detached?"
        )
    return loss.reshape(())


def _ppo_use(answer, log_prob, old_log_prob, advantage, clip):
    new = torch.tensor(log_prob, requires_grad=True)
    loss = _differentiable(answer(new, torch.tensor(old_log_prob), torch.tensor(advantage), clip))
    gradient = torch.autograd.grad(loss, new, allow_unused=True)[0]
    return loss.detach().numpy(), np.zeros(len(log_prob)) if gradient is None else gradient.numpy()


def _ppo_expected(log_prob, old_log_prob, advantage, clip):
    ratio, n = np.exp(log_prob - old_log_prob), len(log_prob)
    # Linear up to the limit on the side that the advantage pushes to, constant beyond.
    limit = np.where(advantage > 0, 1 + clip, 1 - clip)
    silent = np.where(advantage > 0, ratio > limit, ratio < limit)
    objective = advantage * np.where(silent, limit, ratio)
    return -objective.mean(), -np.where(silent, 0.0, advantage * ratio) / n


def _ppo_with(combine, ratio=lambda new, old: (new - old).exp(), sign=-1.0):
    def loss(log_prob, old_log_prob, advantage, clip):
        rho = ratio(log_prob, old_log_prob)
        return sign * combine(rho * advantage, rho.clamp(1 - clip, 1 + clip) * advantage).mean()

    return loss


def _smaller(one, other):
    return one.minimum(other)


def _ppo_loss_planted(log_prob, old_log_prob, advantage, clip):
    ratio = torch.exp(log_prob - log_prob.detach())
    clipped = torch.clamp(ratio, 1 - clip, 1 + clip)
    return -torch.min(ratio * advantage, clipped * advantage).mean()


ppo_loss = Bug(
    "reinforcement_learning.policy_gradients.ppo_loss",
    title="A clip that never bites",
    cases=_ppo_cases,
    expected=_ppo_expected,
    use=_ppo_use,
    reference=_ppo_with(_smaller),
    planted=_ppo_loss_planted,
    mistakes=[
        Mistake(
            "the ratio upside down",
            _ppo_with(_smaller, lambda new, old: (old - new).exp()),
            "New over old: the exponent is log_prob minus old_log_prob. Otherwise good actions "
            "become rarer.",
        ),
        Mistake(
            "no exponential",
            _ppo_with(_smaller, lambda new, old: new - old),
            "The difference of logarithms is the logarithm of the ratio. Take exp.",
        ),
        Mistake(
            "a quotient of logarithms",
            _ppo_with(_smaller, lambda new, old: new / old),
            "These are log-probabilities: the ratio of the probabilities is exp(difference), not "
            "the quotient of the logarithms.",
        ),
        Mistake(
            "the larger of the two",
            _ppo_with(lambda one, other: one.maximum(other)),
            "With the maximum the clip opens where it should close. The objective takes the "
            "minimum, the loss is minus that.",
        ),
        Mistake(
            "clipped only",
            _ppo_with(lambda one, other: other),
            "Without the minimum a good action that has become rare gets no gradient to come back.",
        ),
        Mistake(
            "not clipped at all",
            _ppo_with(lambda one, other: one),
            "Now the ratio is right and the clip is gone. Keep the minimum of both products.",
        ),
        Mistake(
            "the sign lost",
            _ppo_with(_smaller, sign=1.0),
            "This is the objective. A loss to be minimised is minus it.",
        ),
    ],
    also_correct=[
        lambda new, old, advantage, clip: (
            -(
                (
                    (new - old).exp().clamp(max=1 + clip) * advantage.clamp(min=0)
                    + (new - old).exp().clamp(min=1 - clip) * advantage.clamp(max=0)
                ).mean()
            )
        ),
        lambda new, old, advantage, clip: _ppo_with(_smaller)(new, old.detach(), advantage, clip),
    ],
    hints=[
        "What is the ratio, as a number, in the given code? Does it ever differ from 1?",
        "One of the four arguments is never used.",
        "ratio = torch.exp(log_prob - old_log_prob)",
    ],
    carry_on="The planted version has the right gradient in the first pass, so it learns. It is "
    "actor-critic with an unprotected learning rate. The diary 'clipped: 0.00' gives it away.",
)

# --- Exercise 7: the clipped objective of four samples --------------------------------------------

four_samples = Value(
    "reinforcement_learning.policy_gradients.four_samples",
    title="Four samples",
    expected=lambda: float(
        -_ppo_expected(
            np.log([1.3, 0.7, 1.3, 0.7]), np.zeros(4), np.array([2.0, 1.0, -1.0, -2.0]), 0.2
        )[0]
    ),
    tolerance=1e-6,
    reference=0.05,
    mistakes=[
        Mistake(
            "not clipped",
            0.15,
            "That is the mean of ratio times advantage. Two of the four samples are clipped.",
        ),
        Mistake(
            "clipped everywhere",
            0.1,
            "The value is that of the clipped ratio in all four. Take the smaller of both "
            "products: with 0.7 and advantage 1 that is 0.7, not 0.8.",
        ),
        Mistake(
            "the mean of the larger products, or the sum of the smaller ones",
            0.2,
            "Both give 0.2. The objective takes the smaller product in each sample (mind the "
            "negative ones: −1.6 is smaller than −1.4) and then the mean over the four.",
        ),
        Mistake(
            "the loss",
            -0.05,
            "That is the loss. The objective, to be maximised, has the other sign.",
        ),
    ],
    also_correct=[np.float64(0.05), 0.2 / 4],
    hints=[
        "Four lines: ratio times advantage, clipped ratio times advantage, the smaller of both.",
        "2.6 or 2.4; 0.7 or 0.8; −1.3 or −1.2; −1.4 or −1.6.",
        "(2.4 + 0.7 − 1.3 − 1.6) / 4",
    ],
    carry_on="The minimum makes the objective pessimistic: it never promises more than the plain "
    "surrogate does.",
)

# --- Exercise 8: two losses, one leak -------------------------------------------------------------


def _critic_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.log([0.5, 0.5]), np.array([0.0, 1.0]), np.array([3.0, 1.0])), label="two samples"
    )
    yield Case((np.log([0.9]), np.array([2.0]), np.array([2.0])), label="a critic that is right")
    yield Case(
        (np.log(rng.uniform(0.1, 0.9, size=6)), rng.normal(size=6), rng.normal(size=6)),
        label="random numbers",
    )


def _critic_use(answer, log_prob, values, returns):
    log_prob, values = (torch.tensor(x, requires_grad=True) for x in (log_prob, values))
    loss = _differentiable(answer(log_prob, values, torch.tensor(returns)))
    gradients = torch.autograd.grad(loss, (log_prob, values), allow_unused=True)
    parts = [np.zeros(len(log_prob)) if g is None else g.numpy() for g in gradients]
    return loss.detach().numpy(), *parts


def _critic_expected(log_prob, values, returns):
    error, n = returns - values, len(values)
    loss = -(error * log_prob).mean() + 0.5 * (error**2).mean()
    return loss, -error / n, -error / n


def _critic_with(actor, critic):
    def loss(log_prob, values, returns):
        return actor(log_prob, values, returns) + critic(log_prob, values, returns)

    return loss


def _actor_part(log_prob, values, returns):
    return -((returns - values).detach() * log_prob).mean()


def _critic_part(log_prob, values, returns):
    return 0.5 * ((returns - values) ** 2).mean()


def _leaking_part(log_prob, values, returns):
    return -((returns - values) * log_prob).mean()


def _actor_critic_loss_planted(log_prob, values, returns):
    advantage = returns - values
    actor_part = -(advantage * log_prob).mean()
    critic_part = 0.5 * ((returns - values) ** 2).mean()
    return actor_part + critic_part


actor_critic_loss = Bug(
    "reinforcement_learning.policy_gradients.actor_critic_loss",
    title="Two losses, one leak",
    cases=_critic_cases,
    expected=_critic_expected,
    use=_critic_use,
    reference=_critic_with(_actor_part, _critic_part),
    planted=_actor_critic_loss_planted,
    mistakes=[
        Mistake(
            "the critic detached as well",
            _critic_with(_actor_part, lambda lp, v, r: 0.5 * ((r - v.detach()) ** 2).mean()),
            "Now the critic gets no gradient at all. Detach the values where they serve as a "
            "weight, not in the critic's own error.",
        ),
        Mistake(
            "the wrong one detached",
            _critic_with(_leaking_part, lambda lp, v, r: 0.5 * ((r - v.detach()) ** 2).mean()),
            "The critic learns from the actor's loss now and from nothing else. Exchange the two.",
        ),
        Mistake(
            "the log-probability detached",
            _critic_with(lambda lp, v, r: -((r - v).detach() * lp.detach()).mean(), _critic_part),
            "The actor learns through log_prob: that factor must keep its gradient. The advantage "
            "is the one that is a mere number.",
        ),
        Mistake(
            "the actor pushed the wrong way",
            _critic_with(lambda lp, v, r: ((r - v).detach() * lp).mean(), _critic_part),
            "A loss is minimised: good actions need minus advantage times log-probability.",
        ),
        Mistake(
            "no baseline",
            _critic_with(lambda lp, v, r: -(r * lp).mean(), _critic_part),
            "The leak is gone, and so is the advantage: the weight should be returns minus values.",
        ),
        Mistake(
            "the half forgotten",
            _critic_with(_actor_part, lambda lp, v, r: ((r - v) ** 2).mean()),
            "The critic's part is half the mean squared error, as in the given code.",
        ),
    ],
    also_correct=[
        lambda lp, v, r: (-(r - v.detach()) * lp + 0.5 * (v - r) ** 2).mean(),
    ],
    hints=[
        "Which of the two networks should learn from the actor's part? Through which factor?",
        "The advantage contains values, and values carry a gradient. For the actor it is a number.",
        "advantage = (returns - values).detach()",
    ],
    carry_on="One detach. The same question, which number is a target and which a variable, comes "
    "back in every method with two networks.",
)
