"""Exercises of the lesson on temporal-difference learning, exploration and bandits."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: six episodes, three states -------------------------------------------------------

_SIX = [
    [("C", 1), ("A", 0), ("B", 0)],
    [("A", 2)],
    [("A", 0), ("B", 1)],
    [("B", 1)],
    [("B", 1)],
    [("B", 1)],
]


def _value_of_counted_model() -> float:
    """Value of C in the Markov model that the episodes make most likely."""
    names = "ABC"
    visits, moves, gain = np.zeros(3), np.zeros((3, 3)), np.zeros(3)
    for episode in _SIX:
        for i, (state, reward) in enumerate(episode):
            s = names.index(state)
            visits[s] += 1
            gain[s] += reward
            if i + 1 < len(episode):
                moves[s, names.index(episode[i + 1][0])] += 1
    values = np.linalg.solve(np.eye(3) - moves / visits[:, None], gain / visits)
    return float(values[2])


digested_value = Value(
    "reinforcement_learning.temporal_difference.digested_value",
    title="Six episodes, three states",
    expected=_value_of_counted_model,
    tolerance=0.01,
    reference=2.2,
    mistakes=[
        Mistake(
            "Monte Carlo's answer",
            1.0,
            "That is the only return that was seen from C, so it is Monte Carlo's answer. TD adds "
            "to the reward 1 the value of A, which it knows from three visits.",
        ),
        Mistake(
            "A by Monte Carlo",
            2.0,
            "The value is what the mean of A's three returns gives. TD's value of A in turn "
            "leans on the value of B, which was seen five times.",
        ),
        Mistake(
            "one path followed",
            1.8,
            "From A one does not always go on to B: in one of three visits the episode ended with "
            "reward 2. Average over all three visits to A.",
        ),
        Mistake(
            "the reward forgotten",
            1.2,
            "That is the value of A. Leaving C paid 1 on top.",
        ),
        Mistake(
            "outcomes not weighted",
            2.4,
            "The value is the mean of the two kinds of outcome from A. They did not occur equally "
            "often: two visits led to B, one to the end.",
        ),
        Mistake(
            "the reward of the other exit forgotten",
            1 + 2 / 3 * 0.8,
            "One of three visits to A ended at once, but it paid 2. That belongs into the mean.",
        ),
        Mistake(
            "the value of B",
            0.8,
            "That is the value of B. Now A, from B, and then C, from A.",
        ),
    ],
    also_correct=[11 / 5, np.float64(2.2), 1 + 2 / 3 + 2 / 3 * 0.8],
    hints=[
        "TD ends at the exact values of the model one gets by counting. Begin with the state from "
        "which no other state is reached.",
        "B was left five times, four times with reward 1. A was left three times: to B with 0, to "
        "the end with 2, to B with 0.",
        "V(B) = 4/5, V(A) = (0 + 2 + 0)/3 + 2/3 · V(B), and V(C) = 1 + V(A).",
    ],
    carry_on="C was seen once, and yet its value rests on nine visits. This sharing of experience "
    "is TD's strength, and its weakness where A is not the same for everyone who comes.",
)

# --- Exercise 2: TD along one episode -------------------------------------------------------------


def _td_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(states, alpha, gamma, terminated, label):
        values, rewards = rng.normal(size=6), rng.normal(size=len(states) - 1)
        return Case((values, states, rewards, alpha, gamma, terminated), label=label)

    yield Case(
        (np.array([0.0, 0.0, 4.0]), [0, 1, 2], [1.0, 1.0], 0.5, 1.0, True),
        label="the example of the text",
    )
    yield case([0, 1, 2], 0.5, 1.0, False, "truncated")
    yield case([3, 4, 5], 0.3, 0.8, True, "with a discount")
    yield case([0, 1, 0, 1, 0, 2], 0.5, 0.9, True, "states that come again")
    yield case([0, 1, 2, 1, 0, 1], 0.4, 0.9, False, "states that come again, truncated")
    yield case([2, 2, 2], 0.25, 0.5, False, "a state that follows itself")


def _td_by_increments(values, states, rewards, alpha, gamma, terminated):
    """Each step written as a weighted mean of old value and target, with a table of its own."""
    table = {s: float(v) for s, v in enumerate(values)}
    steps = list(zip(states[:-1], rewards, states[1:], strict=True))
    for i, (s, reward, following) in enumerate(steps):
        alive = not (terminated and i + 1 == len(steps))
        target = reward + (gamma * table[following] if alive else 0.0)
        table[s] = (1 - alpha) * table[s] + alpha * target
    return np.array(list(table.values()))


def _td_with(*, mask=True, always_stop=False, discount=True, live=True, backwards=False, sign=1):
    def update(values, states, rewards, alpha, gamma, terminated):
        values = np.array(values, dtype=float)
        before = values.copy()
        order = range(len(rewards))
        for t in reversed(order) if backwards else order:
            last = t == len(rewards) - 1
            stop = last and mask and (terminated or always_stop)
            source = values if live else before
            following = 0.0 if stop else source[states[t + 1]]
            target = rewards[t] + (gamma if discount else 1.0) * following
            values[states[t]] += sign * alpha * (target - source[states[t]])
        return values

    return update


def _td_stops_everywhere(values, states, rewards, alpha, gamma, terminated):
    values = np.array(values, dtype=float)
    for t, reward in enumerate(rewards):
        following = 0.0 if terminated else values[states[t + 1]]
        values[states[t]] += alpha * (reward + gamma * following - values[states[t]])
    return values


def _td_replaces(values, states, rewards, alpha, gamma, terminated):
    return _td_with()(values, states, rewards, 1.0, gamma, terminated)


td_episode = Function(
    "reinforcement_learning.temporal_difference.td_episode",
    title="TD along one episode",
    cases=_td_cases,
    expected=_td_by_increments,
    reference=_td_with(),
    mistakes=[
        Mistake(
            "a value for the end",
            _td_with(mask=False),
            "After a termination nothing comes, so the next value is 0, whatever the table holds "
            "for that state. Use `terminated` in the last step.",
        ),
        Mistake(
            "truncation treated as termination",
            _td_with(always_stop=True),
            "The last step of a truncated episode was cut off to the next value. We only stopped "
            "watching: bootstrap from the last state.",
        ),
        Mistake(
            "no future anywhere",
            _td_stops_everywhere,
            "`terminated` speaks of the last step only. In the steps before, the next state has "
            "its value as ever.",
        ),
        Mistake(
            "the discount forgotten",
            _td_with(discount=False),
            "The next value counts gamma times.",
        ),
        Mistake(
            "all targets from the values before the episode",
            _td_with(live=False),
            "All errors fit the values from before the episode. The updates come "
            "one after the other; if a state comes again, its new value counts.",
        ),
        Mistake(
            "from the end backwards",
            _td_with(backwards=True),
            "You began with the last step, so that each update already uses the new value of its "
            "successor. That is often faster, but TD goes forward, as things happen.",
        ),
        Mistake(
            "the error with the wrong sign",
            _td_with(sign=-1),
            "The value runs away from its target. The error is target minus value.",
        ),
        Mistake(
            "the step size left out",
            _td_replaces,
            "You replaced the value by its target. Move only the share alpha of the way.",
        ),
    ],
    also_correct=[
        _td_by_increments,
        lambda values, states, rewards, alpha, gamma, terminated: _td_with()(
            values, states, rewards, alpha, gamma, terminated
        ).tolist(),
    ],
    hints=[
        "Copy the values, then loop over t from 0 to T − 1. Step t leads from states[t] to "
        "states[t + 1] and pays rewards[t].",
        "The next value is values[states[t + 1]], with one exception: the last step of a "
        "terminated episode, where it is 0.",
        "values[s] += alpha * (reward + gamma * following − values[s]).",
    ],
    carry_on="Two lines about the end decide whether this is right, and most implementations that "
    "are wrong are wrong there.",
)

# --- Exercise 3: right for the first step only ----------------------------------------------------


def _n_step_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(length, t, n, gamma, truncated, label):
        values = rng.normal(size=length + 1)
        values[-1] *= truncated
        return Case((rng.normal(size=length), values, t, n, gamma), label=label)

    yield Case(
        (np.array([1.0, 2.0, 4.0]), np.array([0.0, 0.0, 8.0, 0.0]), 0, 2, 0.5),
        label="from the first step",
    )
    yield case(6, 2, 2, 0.5, 1, "from the third step")
    yield case(6, 3, 1, 0.9, 1, "one step")
    yield case(6, 4, 5, 0.9, 0, "up to a termination")
    yield case(6, 4, 5, 0.9, 1, "up to a truncation: fewer than n rewards are left")
    yield case(4, 1, 3, 1.0, 1, "no discount")


def _n_step_recursive(rewards, values, t, n, gamma):
    """By the definition of the return: one reward, then the return with one step less."""
    if n == 0 or t == len(rewards):
        return values[t]
    return rewards[t] + gamma * _n_step_recursive(rewards, values, t + 1, n - 1, gamma)


def _n_step_return(rewards, values, t, n, gamma):
    end = min(t + n, len(rewards))
    total = 0.0
    for k in range(t, end):
        total += gamma ** (k - t) * rewards[k]
    return total + gamma ** (end - t) * values[end]


def _n_step_planted(rewards, values, t, n, gamma):
    end = min(t + n, len(rewards))
    total = 0.0
    for k in range(t, end):
        total += gamma**k * rewards[k]
    return total + gamma ** (end - t) * values[end]


def _n_step_variant(power, last):
    def wrong(rewards, values, t, n, gamma):
        end = min(t + n, len(rewards))
        total = sum(gamma ** power(k, t) * rewards[k] for k in range(t, end))
        return total + gamma ** last(t, n, end) * values[end]

    return wrong


n_step_return = Bug(
    "reinforcement_learning.temporal_difference.n_step_return",
    title="Right for the first step only",
    cases=_n_step_cases,
    expected=_n_step_recursive,
    reference=_n_step_return,
    planted=_n_step_planted,
    mistakes=[
        Mistake(
            "the guess discounted n times",
            _n_step_variant(lambda k, t: k - t, lambda t, n, end: n),
            "Near the end fewer than n rewards are left, and the guess lies end − t steps ahead, "
            "not n. That exponent was right before.",
        ),
        Mistake(
            "the guess discounted from the start of the episode",
            _n_step_variant(lambda k, t: k - t, lambda t, n, end: end),
            "The rewards are right now. But the exponent of the guess must also count from t; it "
            "was right before.",
        ),
        Mistake(
            "the first reward discounted",
            _n_step_variant(lambda k, t: k - t + 1, lambda t, n, end: end - t),
            "The first reward, k = t, counts in full: its exponent is 0.",
        ),
        Mistake(
            "the guess discounted too little",
            _n_step_variant(lambda k, t: k - t, lambda t, n, end: end - t - 1),
            "The guess comes after the last reward, so it is discounted once more than that. Its "
            "exponent was right before.",
        ),
        Mistake(
            "rewards without discount",
            _n_step_variant(lambda k, t: 0, lambda t, n, end: end - t),
            "Now no reward is discounted at all. Each later one counts gamma times less.",
        ),
        Mistake(
            "both exponents from the start of the episode",
            _n_step_variant(lambda k, t: k, lambda t, n, end: end),
            "Now both exponents count from the start of the episode. Both must count from t.",
        ),
    ],
    also_correct=[
        _n_step_recursive,
        lambda rewards, values, t, n, gamma: float(
            np.polyval([values[min(t + n, len(rewards))], *rewards[t : t + n][::-1]], gamma)
        ),
    ],
    hints=[
        "The first case begins at t = 0 and is right. What changes when t is larger?",
        "The return is discounted from the moment t on, not from the start of the episode.",
        "How many steps after t is reward k? That number is the exponent.",
    ],
    carry_on="Discounting from the start of the episode makes everything late look worthless. The "
    "fault is invisible in one-step tests and with gamma = 1.",
)

# --- Exercise 4: all λ-returns in one pass --------------------------------------------------------


def _lambda_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(length, gamma, lam, truncated, label):
        values = rng.normal(size=length + 1)
        values[-1] *= truncated
        return Case((rng.normal(size=length), values, gamma, lam), label=label)

    yield Case(
        (np.array([0.0, 1.0]), np.array([5.0, 2.0, 0.0]), 1.0, 0.5),
        label="the example of the text",
    )
    yield case(1, 0.9, 0.7, 1, "a single step, truncated")
    yield case(5, 0.9, 0.0, 0, "λ = 0: one-step targets")
    yield case(5, 0.9, 1.0, 0, "λ = 1, terminated: Monte Carlo")
    yield case(7, 0.8, 0.7, 0, "terminated")
    yield case(7, 0.8, 0.6, 1, "truncated: the last value counts")


def _lambda_weights(length, lam):
    weights = (1 - lam) * lam ** np.arange(length, dtype=float)
    weights[-1] = lam ** (length - 1)
    return weights


def _lambda_by_definition(rewards, values, gamma, lam, *, weights=_lambda_weights):
    last = len(rewards)
    return [
        float(
            weights(last - t, lam)
            @ [_n_step_recursive(rewards, values, t, n, gamma) for n in range(1, last - t + 1)]
        )
        for t in range(last)
    ]


def _lambda_pass(mixture, start=lambda values: values[-1]):
    def returns(rewards, values, gamma, lam):
        following, found = start(values), []
        for t in reversed(range(len(rewards))):
            following = mixture(rewards[t], values[t + 1], following, gamma, lam)
            found.append(following)
        return found[::-1]

    return returns


_lambda_returns = _lambda_pass(lambda r, v, g, gamma, lam: r + gamma * ((1 - lam) * v + lam * g))


def _lambda_errors(rewards, values, gamma, lam):
    return [
        g - v for g, v in zip(_lambda_returns(rewards, values, gamma, lam), values, strict=False)
    ]


lambda_returns = Function(
    "reinforcement_learning.temporal_difference.lambda_returns",
    title="All λ-returns in one pass",
    cases=_lambda_cases,
    expected=_lambda_by_definition,
    reference=_lambda_returns,
    mistakes=[
        Mistake(
            "λ and 1 − λ exchanged",
            _lambda_pass(lambda r, v, g, gamma, lam: r + gamma * (lam * v + (1 - lam) * g)),
            "With λ = 0 you get Monte Carlo. The share λ goes on, the share 1 − λ stops and "
            "guesses.",
        ),
        Mistake(
            "nothing after the last step",
            _lambda_pass(
                lambda r, v, g, gamma, lam: r + gamma * ((1 - lam) * v + lam * g),
                start=lambda values: 0.0,
            ),
            "Behind a truncated episode there is a guess, values[-1]. Begin with that instead of "
            "0; if the episode was terminated it is 0 anyway.",
        ),
        Mistake(
            "the discount on one part only",
            _lambda_pass(lambda r, v, g, gamma, lam: r + gamma * (1 - lam) * v + lam * g),
            "Guess and later return both lie one step ahead: gamma multiplies the whole mixture.",
        ),
        Mistake(
            "the reward inside the mixture",
            _lambda_pass(lambda r, v, g, gamma, lam: (1 - lam) * (r + v * gamma) + lam * gamma * g),
            "The reward comes in any case. Only what follows is mixed.",
        ),
        Mistake(
            "errors instead of returns",
            _lambda_errors,
            "These are the errors: the λ-return minus the state's own value. Asked for is the "
            "λ-return.",
        ),
        Mistake(
            "the weights do not sum to 1",
            lambda rewards, values, gamma, lam: _lambda_by_definition(
                rewards,
                values,
                gamma,
                lam,
                weights=lambda n, lam: (1 - lam) * lam ** np.arange(n, dtype=float),
            ),
            "The longest return gets all the weight that is left, λ to the power T − t − 1, not "
            "1 − λ times that.",
        ),
        Mistake(
            "the result in reverse order",
            lambda rewards, values, gamma, lam: _lambda_returns(rewards, values, gamma, lam)[::-1],
            "The loop runs from the end, so the list comes out backwards. Turn it round.",
        ),
        Mistake(
            "the value of the state itself",
            lambda rewards, values, gamma, lam: (
                _lambda_pass(lambda r, v, g, gamma, lam: r + gamma * ((1 - lam) * v + lam * g))(
                    rewards, [values[0], *values[:-2], values[-1]], gamma, lam
                )
                if len(rewards) > 1
                else _lambda_returns(rewards, values, gamma, lam)
            ),
            "You mixed in values[t]. The guess is about the next state, values[t + 1].",
        ),
    ],
    also_correct=[
        _lambda_by_definition,
        lambda rewards, values, gamma, lam: np.array(_lambda_returns(rewards, values, gamma, lam)),
    ],
    hints=[
        "After one reward there are two ways to continue: stop and guess, with weight 1 − λ, or go "
        "on, with weight λ. What does one get in the second case?",
        "One gets the λ-return of the next state, which a loop from the end has just computed.",
        "following = rewards[t] + gamma * ((1 − lam) * values[t + 1] + lam * following), beginning "
        "with following = values[-1].",
    ],
    carry_on="Minus V(s), this is what policy-gradient methods call generalised advantage "
    "estimation: the same backward loop.",
)

# --- Exercise 5: the expert's log -----------------------------------------------------------------


def _log_cases(rng: np.random.Generator) -> Iterator[Case]:
    def log(length):
        return [
            (
                int(rng.integers(4)),
                int(rng.integers(3)),
                float(rng.normal()),
                int(rng.integers(4)),
                int(rng.integers(3)),
                bool(rng.random() < 0.3),
            )
            for _ in range(length)
        ]

    simple = np.array([[0.0, 0.0], [1.0, 5.0]])
    yield Case((simple, [(0, 0, 1.0, 1, 0, False)], 1.0, 1.0), label="a poor next action")
    yield Case((simple, [(0, 1, 2.0, 1, 1, True)], 0.5, 0.9), label="a termination")
    yield Case((-simple, [(0, 1, 2.0, 1, 1, False)], 0.5, 0.9), label="negative values")
    yield Case((rng.normal(size=(4, 3)), log(12), 0.3, 0.9), label="twelve random steps")
    yield Case((rng.normal(size=(4, 3)), log(12), 0.7, 0.5), label="twelve more")
    yield Case((simple, [], 0.5, 0.9), label="an empty log")


def _log_by_hand(Q, log, alpha, gamma):
    table = [list(map(float, row)) for row in Q]
    for s, a, reward, following, _, terminated in log:
        future = 0.0 if terminated else max(table[following])
        table[s][a] = (1 - alpha) * table[s][a] + alpha * (reward + gamma * future)
    return np.array(table)


def _log_with(value, *, mask=True, live=True):
    def learn(Q, log, alpha, gamma):
        Q = Q.copy()
        before = Q.copy()
        for s, a, reward, following, next_action, terminated in log:
            source = Q if live else before
            target = reward
            if not (terminated and mask):
                target += gamma * value(source, following, next_action)
            Q[s, a] += alpha * (target - source[s, a])
        return Q

    return learn


_log_reference = _log_with(lambda Q, following, action: Q[following].max())


def _learn_from_log_planted(Q, log, alpha, gamma):
    Q = Q.copy()
    for s, a, reward, following, next_action, terminated in log:
        target = reward
        if not terminated:
            target += gamma * Q[following, next_action]
        Q[s, a] += alpha * (target - Q[s, a])
    return Q


learn_from_log = Bug(
    "reinforcement_learning.temporal_difference.learn_from_log",
    title="The expert's log",
    cases=_log_cases,
    expected=_log_by_hand,
    reference=_log_reference,
    planted=_learn_from_log_planted,
    mistakes=[
        Mistake(
            "the largest value of the whole table",
            _log_with(lambda Q, following, action: Q.max()),
            "The maximum runs over all states. Only the actions in the next state are open to "
            "the agent there.",
        ),
        Mistake(
            "the index instead of the value",
            _log_with(lambda Q, following, action: Q[following].argmax()),
            "argmax gives the number of the best action. The target needs its value: max.",
        ),
        Mistake(
            "the mean over the actions",
            _log_with(lambda Q, following, action: Q[following].mean()),
            "The mean is the value of acting at random. Q-learning assumes the best action.",
        ),
        Mistake(
            "a future after the end",
            _log_with(lambda Q, following, action: Q[following].max(), mask=False),
            "The maximum is right, but after a termination nothing follows. Keep the condition.",
        ),
        Mistake(
            "the largest size",
            _log_with(lambda Q, following, action: np.abs(Q[following]).max()),
            "A value of −5 is bad, not large. Take the maximum itself, without abs.",
        ),
        Mistake(
            "the maximum of the present state",
            lambda Q, log, alpha, gamma: _log_reference(
                Q, [(s, a, r, s, b, end) for s, a, r, _, b, end in log], alpha, gamma
            ),
            "You looked at the row of the state that was left. The future begins in the next one.",
        ),
    ],
    also_correct=[
        _log_by_hand,
        lambda Q, log, alpha, gamma: _log_reference(Q, log, alpha, gamma).tolist(),
    ],
    hints=[
        "The function runs and learns something: the value of what the expert does, mistakes "
        "included. Which method is that?",
        "Q-learning does not ask what was done next. One name in the loop should not be used.",
        "Replace Q[following, next_action] by the largest value in that row.",
    ],
    carry_on="As it stood, it was SARSA: learning the expert's value rather than the best value. "
    "Only an off-policy target can become better than the log's author.",
)

# --- Exercise 6: when exploration fades -----------------------------------------------------------

fading_exploration = Choice(
    "reinforcement_learning.temporal_difference.fading_exploration",
    title="When exploration fades",
    options={
        "a": Option(
            "SARSA, as before: it keeps away from the cliff, and Q-learning falls.",
            "Q-learning fell because of random steps beside the edge. How many of them are left "
            "in the last 100 episodes?",
        ),
        "b": Option(
            "Q-learning: hardly anyone stumbles any more, and its path is shorter.",
            "Without random steps the edge is safe, and 13 steps cost less than 17. The advantage "
            "of SARSA belonged to the exploration, not to the method.",
            right=True,
        ),
        "c": Option(
            "Neither: both converge to the same policy, so their returns are equal.",
            "In the limit of infinitely many visits, yes. But SARSA gave the cells beside the edge "
            "low values while it still stumbled, and it hardly goes there any more to see that "
            "they have become safe.",
        ),
        "d": Option(
            "Neither gets anywhere: without exploration there is no learning.",
            "By the time ε is small both have long known a way to the goal. Following it needs no "
            "exploration.",
        ),
    },
    hints=[
        "What did Q-learning lose its reward by: the length of its path, or the falls?",
        "In episode 400, ε is 0.1 · 0.99⁴⁰⁰, about 0.002. Compare the lengths of the two paths.",
    ],
)

# --- Exercise 7: upper confidence -----------------------------------------------------------------


def _ucb_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(([1, 0, 2], [5.0, 0.0, 1.0]), label="one arm never played")
    yield Case(([3, 0, 2, 0], [-3.0, 0.0, -1.0, 0.0]), label="two arms never played")
    yield Case(([0, 0, 0], [0.0, 0.0, 0.0]), label="the very first round")
    yield Case(([100, 2], [100.0, 1.0]), label="a good arm and one hardly known")
    yield Case(([50, 50], [40.0, 45.0]), label="equally well known")
    yield Case(([400, 40], [200.0, 8.0]), label="a known arm that is clearly better")
    yield Case(([20, 20, 20], [7.0, 7.0, 7.0]), label="all equal")
    yield Case(([1, 1, 1], [-3.0, -1.0, -2.0]), label="negative rewards")
    yield Case(([900, 12, 88], [720.0, 3.0, 55.0]), label="three arms, many rounds")
    yield Case(([100, 10], [75.0, 0.0]), label="a good average just ahead of a larger bonus")
    yield Case(
        ([30, 10, 30, 30], [11.4, 0.0, 0.0, 0.0]),
        label="a larger bonus just ahead of a good average",
    )
    yield Case(
        ([50, 40], [-400.0, -200.0]), label="upper bounds far below 0, the second arm is better"
    )
    for i in range(4):
        counts = rng.integers(1, 40, size=6)
        sums = counts * rng.normal(size=6)
        yield Case((counts.tolist(), sums.tolist()), label=f"six random arms, {i + 1}")


def _ucb_by_loop(counts, sums):
    """The arm by the definition, one at a time, in Python's own arithmetic."""
    best, record = 0, -math.inf
    total = sum(counts)
    for arm, (n, paid) in enumerate(zip(counts, sums, strict=True)):
        bound = math.inf if n == 0 else paid / n + math.sqrt(2 * math.log(total) / n)
        if bound > record:
            best, record = arm, bound
    return best


def _ucb_with(bonus, untried=math.inf):
    def choose(counts, sums):
        counts, sums = np.asarray(counts, dtype=float), np.asarray(sums, dtype=float)
        n, total = np.maximum(counts, 1), max(counts.sum(), 1.0)
        index = np.where(counts == 0, untried, sums / n + bonus(n, total))
        return int(index.argmax())

    return choose


_ucb = _ucb_with(lambda n, total: np.sqrt(2 * np.log(total) / n))


def _ucb_adds_one(counts, sums):
    counts, sums = np.asarray(counts, dtype=float), np.asarray(sums, dtype=float)
    n = counts + 1
    return int((sums / n + np.sqrt(2 * np.log(max(counts.sum(), 1.0)) / n)).argmax())


def _ucb_divides_by_zero(counts, sums):
    total = sum(counts)
    index = [
        paid / n + math.sqrt(2 * math.log(total) / n) for n, paid in zip(counts, sums, strict=True)
    ]
    return index.index(max(index))


def _ucb_last(counts, sums):
    return len(counts) - 1 - _ucb(counts[::-1], sums[::-1])


ucb = Function(
    "reinforcement_learning.temporal_difference.ucb",
    title="Upper confidence",
    cases=_ucb_cases,
    expected=_ucb_by_loop,
    reference=_ucb,
    mistakes=[
        Mistake(
            "no bonus, or the same for all arms",
            _ucb_with(lambda n, total: 0.0),
            "That is the arm with the best average: the bonus is missing, or it is the same for "
            "all arms. It must shrink with the number of times the arm was played.",
        ),
        Mistake(
            "untried arms count as zero",
            _ucb_with(lambda n, total: np.sqrt(2 * np.log(total) / n), untried=0.0),
            "An arm that was never played got the index 0, so it may never be tried. Its bonus is "
            "unlimited: play it first.",
        ),
        Mistake(
            "division by zero",
            _ucb_divides_by_zero,
            "An arm that was never played has no average: 0 divided by 0. Deal with untried arms "
            "before you divide. (NumPy returns nan, and what argmax makes of nan is an accident.)",
        ),
        Mistake(
            "one added to every count",
            _ucb_adds_one,
            "Adding 1 to the counts avoids the division by zero, but it changes all averages, and "
            "an untried arm gets a finite bonus. Treat it apart.",
        ),
        Mistake(
            "the square root forgotten",
            _ucb_with(lambda n, total: 2 * np.log(total) / n),
            "The uncertainty of a mean falls like one over the square root of n: take the root.",
        ),
        Mistake(
            "the logarithm of the arm's own count",
            _ucb_with(lambda n, total: np.sqrt(2 * np.log(n) / n)),
            "Inside the logarithm stands t, the sum of all counts. With the arm's own count a "
            "neglected arm never becomes interesting again.",
        ),
        Mistake(
            "sums instead of averages",
            lambda counts, sums: _ucb_with(lambda n, total: np.sqrt(2 * np.log(total) / n))(
                counts, np.asarray(sums) * np.maximum(counts, 1)
            ),
            "`sums` holds totals. Divide by the counts to get what an arm pays per round.",
        ),
        Mistake(
            "the last of equal arms",
            _ucb_last,
            "Among equal indices the lowest counts, as with argmax.",
        ),
    ],
    also_correct=[_ucb_by_loop, lambda counts, sums: np.int64(_ucb(counts, sums))],
    hints=[
        "First look for an arm whose count is 0. If there is one, return it at once.",
        "Otherwise compute for each arm its average, sums / counts, plus the bonus.",
        "The bonus is sqrt(2 · ln(sum of counts) / counts); argmax gives the lowest index of the "
        "largest.",
    ],
    carry_on="No randomness anywhere: UCB explores because a neglected arm's bonus grows with "
    "ln t until it must be looked at again. (If NumPy warned of a division by zero: an untried arm "
    "became nan, which argmax happens to prefer. Do not rely on such luck.)",
)

# --- Exercise 8: one chooses, the other judges ----------------------------------------------------


def _double_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([[0.0, 0.0], [9.0, 5.0]]),
         0, 0, 1.0, 1, False, 1.0, 1.0),
        label="the example of the text",
    )  # fmt: skip
    first, second = rng.normal(size=(2, 3, 4))
    yield Case((first, second, 2, 3, 0.5, 1, True, 0.5, 0.9), label="a termination")
    yield Case(
        (np.zeros((2, 3)), np.array([[0.0] * 3, [-1.0, 4.0, 2.0]]), 0, 1, 0.0, 1, False, 0.5, 0.9),
        label="ties in the choosing table",
    )
    for i in range(4):
        first, second = rng.normal(size=(2, 3, 4))
        s, a, following = int(rng.integers(3)), int(rng.integers(4)), int(rng.integers(3))
        yield Case(
            (first, second, s, a, float(rng.normal()), following, False, 0.3, 0.8),
            label=f"random tables, {i + 1}",
        )


def _double_by_hand(choosing, judging, s, a, reward, following, terminated, alpha, gamma):
    table = [list(map(float, row)) for row in choosing]
    row = table[following]
    future = 0.0 if terminated else float(judging[following][row.index(max(row))])
    table[s][a] = (1 - alpha) * table[s][a] + alpha * (reward + gamma * future)
    return np.array(table)


def _double_with(value, *, mask=True, write=None):
    def step(choosing, judging, s, a, reward, following, terminated, alpha, gamma):
        table = np.array(choosing, dtype=float)
        base = np.asarray(judging) if write == "judging" else table
        result = base.copy()
        stop = terminated and mask
        future = 0.0 if stop else value(table[following], np.asarray(judging)[following])
        result[s, a] += alpha * (reward + gamma * future - base[s, a])
        return result

    return step


_double = _double_with(lambda q, p: p[q.argmax()])


def _double_against_judge(choosing, judging, s, a, reward, following, terminated, alpha, gamma):
    table = np.array(choosing, dtype=float)
    future = 0.0 if terminated else judging[following][table[following].argmax()]
    table[s, a] += alpha * (reward + gamma * future - judging[s][a])
    return table


double_q_step = Function(
    "reinforcement_learning.temporal_difference.double_q_step",
    title="One chooses, the other judges",
    cases=_double_cases,
    expected=_double_by_hand,
    reference=_double,
    keeps_inputs=True,
    mistakes=[
        Mistake(
            "one table chooses and judges",
            _double_with(lambda q, p: q.max()),
            "`choosing` picked the action and also said what it is worth. That is ordinary "
            "Q-learning, with its bias. Ask `judging` for the value.",
        ),
        Mistake(
            "the judge's own maximum",
            _double_with(lambda q, p: p.max()),
            "The largest value of `judging` is in the target: a maximum over noisy numbers "
            "again. It must judge the action that `choosing` picked.",
        ),
        Mistake(
            "roles exchanged",
            _double_with(lambda q, p: q[p.argmax()]),
            "The roles are exchanged: `choosing` picks the action, `judging` gives its value.",
        ),
        Mistake(
            "the smaller of the two",
            _double_with(lambda q, p: min(q.max(), p[q.argmax()])),
            "Taking the smaller of two estimates is another method (clipped double Q-learning). "
            "Here only the judge's value counts.",
        ),
        Mistake(
            "the mean of the tables",
            _double_with(lambda q, p: ((q + p) / 2).max()),
            "The maximum of the mean is still a maximum over noisy numbers. Choose with one table, "
            "judge with the other.",
        ),
        Mistake(
            "a future after the end",
            _double_with(lambda q, p: p[q.argmax()], mask=False),
            "After a termination nothing follows: the target is the reward alone.",
        ),
        Mistake(
            "the wrong table updated",
            _double_with(lambda q, p: p[q.argmax()], write="judging"),
            "`judging` came back changed. It stays as it is; the entry to move is that of "
            "`choosing`.",
        ),
        Mistake(
            "the error measured against the judge",
            _double_against_judge,
            "The error is target minus the value of `choosing` itself. The judge is asked only "
            "about the next state.",
        ),
    ],
    also_correct=[
        _double_by_hand,
        lambda *args: _double(*args).tolist(),
    ],
    hints=[
        "Two questions, two tables: which action is best in the next state, and what is it worth?",
        "best = argmax of choosing[following]; its value is judging[following][best].",
        "target = reward + gamma * judging[following][best], or the reward alone after a "
        "termination. Then choosing[s, a] += alpha * (target − choosing[s, a]).",
    ],
    carry_on="The judge did not select the action, so its error is not selected for being large. "
    "What is left is an error on the other side: the choice may be poor.",
)
