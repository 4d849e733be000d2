"""Exercises of the lesson on decision processes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: returns of several episodes in one stream ----------------------------------------


def _stream_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([1.0, 1.0, 1.0, 5.0]), np.array([False, False, True, True]), 0.9),
        label="the example of the text",
    )
    yield Case(
        (np.array([2, 1, 1, 1, 1]), np.array([True, False, False, False, False]), 0.9),
        label="whole numbers; the last episode goes on",
    )
    yield Case((np.array([0.0, 0.0, 0.0, 1.0]), np.array([False] * 4), 0.9), label="one, late")
    yield Case((np.array([3.0]), np.array([True]), 0.9), label="a single step")
    yield Case((rng.normal(size=9), rng.random(9) < 0.3, 0.97), label="random numbers")
    yield Case((rng.normal(size=5), np.array([False] * 4 + [True]), 1.0), label="no discount")
    yield Case((rng.normal(size=4), np.array([False, True] * 2), 0.0), label="discount 0")


def _stream_by_sum(rewards, done, gamma):
    episode = np.cumsum(done) - done  # number of the episode of each step
    out = []
    for t in range(len(rewards)):
        later = np.flatnonzero((episode == episode[t]) & (np.arange(len(rewards)) >= t))
        out.append(sum(gamma ** (i - t) * float(rewards[i]) for i in later))
    return np.array(out, dtype=float)


def _stream_returns(rewards, done, gamma):
    out, total = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        if done[t]:
            total = 0.0
        total = rewards[t] + gamma * total
        out[t] = total
    return out


def _stream_whole_numbers(rewards, done, gamma):
    out, total = np.zeros_like(rewards), 0.0
    for t in reversed(range(len(rewards))):
        total = rewards[t] + gamma * total * (not done[t])
        out[t] = total
    return out


def _stream_running_sum_whole_numbers(rewards, done, gamma):
    out = np.zeros_like(rewards)
    for t in reversed(range(len(rewards))):
        after = 0 if t == len(rewards) - 1 or done[t] else out[t + 1]
        out[t] = rewards[t] + gamma * after
    return out


def _stream_reset_too_late(rewards, done, gamma):
    out, total = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        total = rewards[t] + gamma * total
        out[t] = total
        if done[t]:
            total = 0.0
    return out


def _stream_forwards(rewards, done, gamma):
    out, total = np.zeros(len(rewards)), 0.0
    for t in range(len(rewards)):
        total = rewards[t] + gamma * total
        out[t] = total
        if done[t]:
            total = 0.0
    return out


def _stream_from_the_start(rewards, done, gamma):
    out, begin = np.zeros(len(rewards)), 0
    for t in range(len(rewards)):
        if done[t] or t == len(rewards) - 1:
            part = np.array(rewards[begin : t + 1], dtype=float)
            weighted = part * float(gamma) ** np.arange(len(part))
            out[begin : t + 1] = weighted[::-1].cumsum()[::-1]
            begin = t + 1
    return out


def _stream_own_reward_discounted(rewards, done, gamma):
    return gamma * _stream_returns(rewards, done, gamma)


returns = Function(
    "reinforcement_learning.decision_processes.returns",
    title="Returns of a stream of episodes",
    cases=_stream_cases,
    expected=_stream_by_sum,
    reference=_stream_returns,
    mistakes=[
        Mistake(
            "one episode leaks into the one before it",
            lambda rewards, done, gamma: _stream_returns(rewards, np.zeros_like(done), gamma),
            "Behind a step with done the next reward belongs to another episode. Start again from "
            "0 there.",
        ),
        Mistake(
            "started again one step too late",
            _stream_reset_too_late,
            "The step with done still belongs to its own episode. Going backwards, set the total "
            "to 0 before you add this step's reward, not after.",
        ),
        Mistake(
            "the loop runs forwards",
            _stream_forwards,
            "Forwards you collect the rewards of the past. The return looks ahead, so the loop "
            "has to begin at the end.",
        ),
        Mistake(
            "discounted from the start of the episode",
            _stream_from_the_start,
            "Every return counts time from its own step: the reward at t has weight 1, not "
            "gamma to the power t.",
        ),
        Mistake(
            "no discount",
            lambda rewards, done, gamma: _stream_returns(rewards, done, 1.0),
            "The rewards are summed as they are. What comes one step later counts gamma times as "
            "much.",
        ),
        Mistake(
            "the step's own reward discounted",
            _stream_own_reward_discounted,
            "The reward of step t itself has weight 1; only what follows is multiplied by gamma.",
        ),
        Mistake(
            "an array of whole numbers",
            _stream_whole_numbers,
            "zeros_like takes over the type of the rewards, and an array of integers cuts off "
            "the decimals. Ask for floats: np.zeros(len(rewards)).",
        ),
        Mistake(
            "an array of whole numbers that is read again",
            _stream_running_sum_whole_numbers,
            "The array has the integer type of the rewards, so every return is cut to a whole "
            "number before it is passed on. Ask for floats: np.zeros(len(rewards)).",
        ),
    ],
    also_correct=[
        _stream_by_sum,
        lambda rewards, done, gamma: list(_stream_returns(rewards, done, gamma)),
    ],
    hints=[
        "Go backwards with one running total, as in the text. What must happen to it at a step "
        "with done?",
        "Going backwards you meet the last step of an episode first. The total that you carry "
        "then belongs to the next episode.",
        "total = rewards[t] + gamma * total * (not done[t]), stored in an array of floats.",
    ],
    carry_on="This is how stored experience looks in practice: one long stream and a flag. Most "
    "errors in such code are one step too early or too late at the flag.",
)

# --- Exercise 2: the discount factor that makes two goals equal -----------------------------------

indifferent = Value(
    "reinforcement_learning.decision_processes.indifferent",
    title="Near or far?",
    expected=lambda: 0.1 ** (1 / 9),
    tolerance=2e-3,
    reference=0.1 ** (1 / 9),
    mistakes=[
        Mistake(
            "only the far goal discounted",
            0.1 ** (1 / 12),
            "The near reward is not paid at once either. What matters is how many steps the far "
            "one comes later.",
        ),
        Mistake(
            "one exponent too many",
            0.1 ** (1 / 11),
            "The near reward has its exponent too: compare gamma^2 with 10 gamma^11, not 1 with "
            "10 gamma^11.",
        ),
        Mistake(
            "the difference miscounted",
            0.1 ** (1 / 10),
            "Twelve steps and three steps are nine apart.",
        ),
        Mistake(
            "the ratio of the rewards upside down",
            10 ** (1 / 9),
            "A discount factor above 1 would make later rewards worth more. Solve 1 = 10 gamma^9.",
        ),
        Mistake(
            "a discount that shrinks in proportion",
            0.1,
            "That would be right if the far reward came one step later. Each of the nine steps "
            "multiplies by gamma.",
        ),
        Mistake(
            "subtracted instead of multiplied",
            0.9,
            "Discounting multiplies by gamma at every step; it does not take away a fixed amount.",
        ),
    ],
    also_correct=[np.float64(0.1 ** (1 / 9)), 0.7743, 0.775],
    hints=[
        "Write down both discounted returns and set them equal.",
        "1 · γ² = 10 · γ¹¹, where the first reward after the start has weight 1.",
        "Divide by γ²: γ⁹ = 1/10. Take the ninth root.",
    ],
    carry_on="Whether you give the first reward the weight 1 or gamma does not matter: both sides "
    "change by the same factor. Only the difference in time counts.",
)

# --- Exercise 3: the advantage --------------------------------------------------------------------


def _random_process(rng, states, actions):
    P = rng.dirichlet(np.ones(states), size=(states, actions))
    R = rng.normal(size=(states, actions))
    policy = rng.dirichlet(np.ones(actions), size=states)
    return P, R, policy


def _advantage_cases(rng: np.random.Generator) -> Iterator[Case]:
    P = np.zeros((2, 2, 2))
    P[0, 0, 0] = P[0, 1, 1] = P[1, 0, 0] = P[1, 1, 1] = 1
    R = np.array([[1.0, 0.0], [0.0, 3.0]])
    yield Case((P, R, np.full((2, 2), 0.5), 0.5), label="stay or change, both alike")
    yield Case((P, R, np.array([[0.0, 1.0], [0.0, 1.0]]), 0.5), label="a policy without chance")
    for states, actions, gamma in ((3, 2, 0.9), (4, 3, 0.99), (3, 4, 0.0)):
        yield Case((*_random_process(rng, states, actions), gamma), label=f"discount {gamma}")


def _q_by_one_system(P, R, policy, gamma):
    states, actions = R.shape
    # Q = R + gamma P (policy Q): one equation for each pair of state and action
    follow = np.einsum("sat,tb->satb", P, policy).reshape(states * actions, -1)
    q = np.linalg.solve(np.eye(states * actions) - gamma * follow, R.ravel())
    return q.reshape(states, actions)


def _advantage_by_one_system(P, R, policy, gamma):
    q = _q_by_one_system(P, R, policy, gamma)
    return q - (policy * q).sum(axis=1, keepdims=True)


def _values(P, R, policy, gamma):
    P_pi, R_pi = np.einsum("sa,sat->st", policy, P), (policy * R).sum(axis=1)
    return np.linalg.solve(np.eye(len(R)) - gamma * P_pi, R_pi)


def _advantage(P, R, policy, gamma):
    values = _values(P, R, policy, gamma)
    return R + gamma * P @ values - values[:, None]


def _q_only(P, R, policy, gamma):
    return R + gamma * P @ _values(P, R, policy, gamma)


def _advantage_over_best(P, R, policy, gamma):
    q = _q_only(P, R, policy, gamma)
    return q - q.max(axis=1, keepdims=True)


def _advantage_over_mean(P, R, policy, gamma):
    q = _q_only(P, R, policy, gamma)
    return q - q.mean(axis=1, keepdims=True)


def _advantage_of_reward(P, R, policy, gamma):
    return R - (policy * R).sum(axis=1, keepdims=True)


def _advantage_undiscounted_step(P, R, policy, gamma):
    values = _values(P, R, policy, gamma)
    return R + P @ values - values[:, None]


def _advantage_other_axis(P, R, policy, gamma):
    values = _values(P, R, policy, gamma)
    return R + gamma * np.einsum("sat,s->ta", P, values) - values[:, None]


def _advantage_optimal(P, R, policy, gamma):
    values = np.zeros(len(R))
    for _ in range(3000):
        values = (R + gamma * P @ values).max(axis=1)
    return R + gamma * P @ values - values[:, None]


advantage = Function(
    "reinforcement_learning.decision_processes.advantage",
    title="Better or worse than usual",
    cases=_advantage_cases,
    expected=_advantage_by_one_system,
    reference=_advantage,
    atol=1e-6,  # some steps may be of single precision
    mistakes=[
        Mistake(
            "Q instead of the advantage",
            _q_only,
            "That is Q. Subtract what the state is worth under the policy, V, from every action.",
        ),
        Mistake(
            "compared with the best action",
            _advantage_over_best,
            "The advantage compares with what the policy does on average, V, not with the best "
            "action. Some entries should be positive.",
        ),
        Mistake(
            "compared with the mean over all actions",
            _advantage_over_mean,
            "V weights the actions with the policy's probabilities, not evenly.",
        ),
        Mistake(
            "rewards only",
            _advantage_of_reward,
            "Only the next reward is compared. An action also decides where you go on from: add "
            "gamma times the value of the next state.",
        ),
        Mistake(
            "the next value not discounted",
            _advantage_undiscounted_step,
            "The value of the next state enters Q with the factor gamma.",
        ),
        Mistake(
            "values of the wrong states",
            _advantage_other_axis,
            "The sum runs over the next state, the last axis of P: P @ values.",
        ),
        Mistake(
            "the optimal values",
            _advantage_optimal,
            "These are the values of the best policy. The question is about the given one: "
            "average over its actions instead of taking the maximum.",
        ),
    ],
    also_correct=[
        _advantage_by_one_system,
        lambda P, R, policy, gamma: _advantage(P, R, policy, gamma).tolist(),
    ],
    hints=[
        "Three steps: P and R under the policy, V by np.linalg.solve, then one look ahead.",
        "P_pi[s, t] = Σ_a policy[s, a] P[s, a, t], and R_pi[s] = Σ_a policy[s, a] R[s, a].",
        "V = solve(I − γ P_pi, R_pi); the result is R + gamma * P @ V - V[:, None].",
    ],
    carry_on="Weighted with the policy's own probabilities the advantages of a state add up to "
    "zero. Every action with a positive advantage is a way to improve.",
)

# --- Exercise 4: a certificate of optimality ------------------------------------------------------


def _certificate_cases(rng: np.random.Generator) -> Iterator[Case]:
    # State 0: take 1 now and end (action 0), or go to state 1, where 3 waits. State 2 is the end.
    P = np.zeros((3, 2, 3))
    P[0, 0, 2] = P[0, 1, 1] = P[1, 0, 2] = P[1, 1, 0] = 1
    P[2, :, 2] = 1
    R = np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 0.0]])
    yield Case((P, R, np.array([1, 0, 0]), 0.9), label="waits for the larger reward")
    yield Case((P, R, np.array([0, 0, 0]), 0.9), label="takes the small reward at once")
    yield Case((P, R, np.array([0, 0, 0]), 0.2), label="the same, with a small discount factor")
    yield Case((P, R, np.array([1, 0, 1]), 0.9), label="two actions alike at the end")
    yield Case((P, R, np.array([1, 1, 0]), 0.9), label="wrong in one state only")
    third = np.full((2, 3, 2), 0.5)
    alike = np.array([[0.3, 0.1 + 0.2, 0.0], [0.1, 0.7, 0.7]])
    yield Case((third, alike, np.array([1, 2]), 0.95), label="ties, up to rounding")
    yield Case((third, alike, np.array([1, 0]), 0.95), label="one action worse")
    uneven = np.array([[1.0, 0.8, 0.0], [0.0, 0.1, 1.0]])
    yield Case((third, uneven, np.array([1, 2]), 0.95), label="second best of three")
    chain, stops = _chain(5)
    onwards = np.array([1, 1, 1, 1, 0])
    yield Case((chain, stops, onwards, 0.9), label="four steps to a large reward, goes all of them")
    yield Case(
        (chain, stops, np.array([0, 1, 1, 1, 0]), 0.9),
        label="four steps to a large reward, stops at once",
    )
    dear = stops.copy()
    dear[0, 0] = 8.0
    yield Case(
        (chain, dear, np.array([0, 1, 1, 1, 0]), 0.9),
        label="stops at once, for more than the discounted large reward",
    )
    yield Case(
        (chain, dear, onwards, 0.9), label="goes on, for less than stopping at once would pay"
    )
    end = np.zeros((2, 2, 2))
    end[:, :, 1] = 1
    rounded = np.array([[0.3, 0.1 + 0.2], [0.0, 0.0]])
    yield Case(
        (end, rounded, np.array([0, 0]), 0.9), label="a tie, the chosen action smaller by rounding"
    )
    behind = np.array([[1.0 - 1e-6, 1.0], [0.0, 0.0]])
    yield Case((end, behind, np.array([0, 0]), 0.9), label="worse by a millionth")
    for number in range(1, 4):
        P, R, _ = _random_process(rng, 3, 2)
        best = _best_of_all(P, R, 0.9)
        yield Case((P, R, best, 0.9), label=f"the best of all policies, random world {number}")
        other = best.copy()
        other[int(rng.integers(3))] ^= 1
        yield Case(
            (P, R, other, 0.9), label=f"the best one, changed in one state, random world {number}"
        )


def _chain(count):
    """States in a row: stop and end for 1, or go on; 10 is paid on reaching the last one."""
    P, R = np.zeros((count, 2, count)), np.zeros((count, 2))
    P[:, 0, -1] = 1
    P[np.arange(count - 1), 1, np.arange(1, count)] = 1
    P[-1, 1, -1] = 1
    R[:-1, 0] = 1.0
    R[-2, 1] = 10.0
    return P, R


def _all_policies(P):
    states, actions = P.shape[:2]
    return np.indices((actions,) * states).reshape(states, -1).T


def _values_of(P, R, policy, gamma):
    rows = np.arange(len(R))
    return np.linalg.solve(np.eye(len(R)) - gamma * P[rows, policy], R[rows, policy])


def _best_of_all(P, R, gamma):
    return max(_all_policies(P), key=lambda policy: _values_of(P, R, policy, gamma).sum())


def _optimal_by_enumeration(P, R, policy, gamma):
    best = _values_of(P, R, _best_of_all(P, R, gamma), gamma)
    return bool((_values_of(P, R, policy, gamma) >= best - 1e-9).all())


def _action_values(P, R, policy, gamma):
    return R + gamma * P @ _values_of(P, R, policy, gamma)


def _is_optimal(P, R, policy, gamma):
    q, rows = _action_values(P, R, policy, gamma), np.arange(len(R))
    return bool((q[rows, policy] >= q.max(axis=1) - 1e-9).all())


def _optimal_argmax(P, R, policy, gamma):
    q = _action_values(P, R, policy, gamma)
    return bool((q.round(9).argmax(axis=1) == policy).all())


def _optimal_for_reward(P, R, policy, gamma):
    return bool((R[np.arange(len(R)), policy] >= R.max(axis=1) - 1e-9).all())


def _optimal_in_some_state(P, R, policy, gamma):
    q, rows = _action_values(P, R, policy, gamma), np.arange(len(R))
    return bool((q[rows, policy] >= q.max(axis=1) - 1e-9).any())


def _optimal_in_first_state(P, R, policy, gamma):
    q = _action_values(P, R, policy, gamma)
    return bool(q[0, policy[0]] >= q[0].max() - 1e-9)


def _optimal_above_average(P, R, policy, gamma):
    q, rows = _action_values(P, R, policy, gamma), np.arange(len(R))
    return bool((q[rows, policy] >= q.mean(axis=1) - 1e-9).all())


is_optimal = Function(
    "reinforcement_learning.decision_processes.is_optimal",
    title="Is this policy optimal?",
    cases=_certificate_cases,
    expected=_optimal_by_enumeration,
    reference=_is_optimal,
    mistakes=[
        Mistake(
            "compared with argmax",
            _optimal_argmax,
            "argmax names the first of several best actions. A policy that takes another one of "
            "them is just as good: compare values, not names of actions.",
        ),
        Mistake(
            "greedy for the reward",
            _optimal_for_reward,
            "You looked for the largest next reward. Compare Q instead: reward plus gamma times "
            "the value of where the action leads.",
        ),
        Mistake(
            "one good state is enough",
            _optimal_in_some_state,
            "The condition must hold in every state: all, not any.",
        ),
        Mistake(
            "only the first state",
            _optimal_in_first_state,
            "The policy has to choose well in all states, not in the first one only.",
        ),
        Mistake(
            "better than average is enough",
            _optimal_above_average,
            "The chosen action must be as good as the best one, not merely better than the mean.",
        ),
    ],
    also_correct=[
        _optimal_by_enumeration,
        lambda P, R, policy, gamma: np.bool_(_is_optimal(P, R, policy, gamma)),
    ],
    hints=[
        "If no action in any state beats what the policy does there, the improvement step has "
        "nothing left to do.",
        "Compute the policy's own values V, then Q = R + gamma * P @ V, and compare the entry "
        "that the policy chooses with the largest of its row.",
        "(q[rows, policy] >= q.max(axis=1) - 1e-9).all() with rows = np.arange(len(R)).",
    ],
    carry_on="One linear system and one look ahead prove a policy the best of all the others, "
    "however many there are. Few other fields hand out such certificates.",
)

# --- Exercise 6: the value of what comes after the end --------------------------------------------


def _sweep_cases(rng: np.random.Generator) -> Iterator[Case]:
    stay, leave = [(1.0, 0, 0.0, False)], [(1.0, 1, 5.0, True)]
    table = {0: {0: stay, 1: leave}, 1: {0: [(1.0, 0, 0.0, False)], 1: [(1.0, 1, 0.0, True)]}}
    yield Case((table, np.array([2.0, 8.0]), 0.9), label="an end that is worth nothing")
    yield Case((table, np.zeros(2), 0.9), label="nothing known yet")
    slip = [(0.5, 0, 1.0, False), (0.5, 2, 4.0, True)]
    back = [(1.0, 0, -1.0, False)]
    world = {
        0: {0: slip, 1: [(1.0, 1, 0.0, False)]},
        1: {0: back, 1: [(0.25, 2, 2.0, True), (0.75, 0, 0.0, False)]},
        2: {0: back, 1: back},
    }
    yield Case((world, np.array([3.0, 7.0, -2.0]), 0.5), label="chance decides where it ends")
    yield Case((world, rng.normal(size=3) * 5, 0.9), label="random values")
    chain = {s: {0: [(1.0, s + 1, 1.0, s == 3)], 1: [(1.0, s, 0.0, False)]} for s in range(4)}
    chain[4] = {0: [(1.0, 0, 0.0, False)], 1: [(1.0, 4, 0.0, True)]}
    yield Case((chain, np.array([0.0, 1.0, 2.0, 3.0, 4.0]), 1.0), label="a chain, no discount")


def _sweep_by_arrays(table, values, gamma):
    states, actions = len(table), len(table[0])
    P, R = np.zeros((states, actions, states)), np.zeros((states, actions))
    for s in table:
        for a in table[s]:
            for chance, after, reward, terminated in table[s][a]:
                R[s, a] += chance * reward
                P[s, a, after] += 0.0 if terminated else chance
    return (R + gamma * P @ values).max(axis=1)


def _sweep_with(target, best=max):
    """A synchronous sweep with the target (reward, next value, terminated) of one outcome."""

    def sweep(table, values, gamma):
        new = np.zeros(len(values))
        for state, actions in table.items():
            new[state] = best(
                sum(
                    chance * target(reward, gamma * values[after], terminated)
                    for chance, after, reward, terminated in outcomes
                )
                for outcomes in actions.values()
            )
        return new

    return sweep


def _mean(numbers):
    return float(np.mean(list(numbers)))


def _sweep_most_hopeful(table, values, gamma):
    return np.array(
        [
            max(r + gamma * values[t] * (not d) for a in table[s] for _, t, r, d in table[s][a])
            for s in table
        ]
    )


def _sweep_in_place(table, values, gamma):
    values = np.array(values, dtype=float)
    for state, actions in table.items():
        values[state] = max(
            sum(p * (r + gamma * values[t] * (not d)) for p, t, r, d in outcomes)
            for outcomes in actions.values()
        )
    return values


def _sweep_planted(table, values, gamma):
    new = np.zeros(len(values))
    for state, actions in table.items():
        candidates = []
        for outcomes in actions.values():
            total = 0.0
            for chance, after, reward, _terminated in outcomes:
                total += chance * (reward + gamma * values[after])
            candidates.append(total)
        new[state] = max(candidates)
    return new


_sweep = _sweep_with(lambda reward, later, terminated: reward + later * (not terminated))

sweep = Bug(
    "reinforcement_learning.decision_processes.sweep",
    title="The lake that never ends",
    cases=_sweep_cases,
    expected=_sweep_by_arrays,
    reference=_sweep,
    planted=_sweep_planted,
    mistakes=[
        Mistake(
            "the last reward lost",
            _sweep_with(lambda reward, later, terminated: (reward + later) * (not terminated)),
            "The reward of the step that ends the episode is still paid. Only what would come "
            "afterwards is worth nothing.",
        ),
        Mistake(
            "the flag the wrong way round",
            _sweep_with(lambda reward, later, terminated: reward + later * terminated),
            "Now only the steps that end the episode look ahead, and all the others do not. It "
            "should be not terminated.",
        ),
        Mistake(
            "no look ahead at all",
            _sweep_with(lambda reward, later, terminated: reward),
            "Without the value of the next state nothing can travel back from the goal. Drop it "
            "only where the step ends the episode.",
        ),
        Mistake(
            "the mean over the actions",
            _sweep_with(lambda r, later, terminated: r + later * (not terminated), best=_mean),
            "That evaluates the policy that draws its actions evenly. Value iteration takes the "
            "best action.",
        ),
        Mistake(
            "the luckiest outcome",
            _sweep_most_hopeful,
            "The agent chooses the action, not where the ice carries it: the outcomes of one "
            "action are averaged with their chances.",
        ),
        Mistake(
            "values changed during the sweep",
            _sweep_in_place,
            "Right fixed point, but not this sweep: it should read the old values only. Write "
            "into a new array, as the given code did.",
        ),
    ],
    also_correct=[
        _sweep_by_arrays,
        lambda table, values, gamma: _sweep(table, values, gamma).tolist(),
    ],
    hints=[
        "The first case: leaving pays 5 and ends the episode. What is that action worth, and "
        "what does the code say?",
        "The tuple has a fourth entry, and the code never looks at it.",
        "total += chance * (reward + gamma * values[after] * (not terminated))",
    ],
    carry_on="Every method of this field that looks one step ahead has this line, and in every "
    "one of them it has been forgotten by somebody.",
)

# --- Exercise 5: exploitability -------------------------------------------------------------------

_RPS = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])


def _exploit_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((_RPS, np.array([0.5, 0.25, 0.25])), label="rock half the time")
    yield Case((_RPS, np.full(3, 1 / 3)), label="even thirds")
    yield Case((_RPS, np.array([0.0, 0.0, 1.0])), label="always scissors")
    for rows, columns in ((2, 2), (3, 2), (2, 4), (3, 3)):
        mix = rng.dirichlet(np.ones(rows))
        yield Case((rng.normal(size=(rows, columns)).round(2), mix), label=f"{rows} × {columns}")
    yield Case((np.ones((3, 2)), np.array([0.2, 0.5, 0.3])), label="every round pays you 1")
    yield Case(
        (np.array([[2.0, 1.0], [0.5, 3.0]]), np.array([0.5, 0.5])),
        label="you win, whatever the opponent does",
    )


def _exploit_by_program(payoff, mix):
    from scipy.optimize import linprog

    # The opponent's best mix of columns: smallest payoff of ours.
    count = payoff.shape[1]
    best = linprog(mix @ payoff, A_eq=np.ones((1, count)), b_eq=[1.0], bounds=(0, None))
    return -float(best.fun)


def _exploitability(payoff, mix):
    return float((-(mix @ payoff)).max())


exploitability = Function(
    "reinforcement_learning.decision_processes.exploitability",
    title="What an opponent can take",
    cases=_exploit_cases,
    expected=_exploit_by_program,
    reference=_exploitability,
    mistakes=[
        Mistake(
            "seen from the wrong side",
            lambda payoff, mix: float((mix @ payoff).min()),
            "This is what you are left with; the task asks what the opponent wins, which is the "
            "opposite number.",
        ),
        Mistake(
            "a friendly opponent",
            lambda payoff, mix: float((mix @ payoff).max()),
            "That is the column that is best for you. The opponent picks the one that is worst "
            "for you, and wins what you lose.",
        ),
        Mistake(
            "an opponent who draws evenly",
            lambda payoff, mix: float(-(mix @ payoff).mean()),
            "The opponent knows your mix and answers with the best column, not with the average "
            "of all.",
        ),
        Mistake(
            "the worst single round",
            lambda payoff, mix: float((-payoff).max()),
            "That is the largest loss in one round. Average over your own moves first, weighted "
            "with mix, and only then let the opponent choose.",
        ),
        Mistake(
            "an opponent who sees your move",
            lambda payoff, mix: float(mix @ (-payoff).max(axis=1)),
            "Here the opponent answers each of your moves separately. It knows the probabilities, "
            "not the move that is drawn.",
        ),
    ],
    also_correct=[
        _exploit_by_program,
        lambda payoff, mix: np.float32(max(-(mix * column).sum() for column in payoff.T)),
    ],
    hints=[
        "First the expected payoff against each single column, averaged over your own moves.",
        "mix @ payoff holds these averages, one a column. Which column does the opponent take, "
        "and what does it win there?",
        "The largest entry of -(mix @ payoff).",
    ],
    carry_on="A mix of moves against a fixed mix is never better than the best single move, so "
    "the opponent may always answer with one column. You may not.",
)

# --- Exercise 7: a constant added to all rewards --------------------------------------------------

constant = Choice(
    "reinforcement_learning.decision_processes.constant",
    title="A little more for everybody",
    options={
        "a": Option(
            "Nothing: all values rise by the same amount, so the order of the actions stays.",
            "That holds when all futures have the same length. In a maze an episode that lasts "
            "longer collects the constant more often.",
        ),
        "b": Option(
            "The policy may change: staying in the maze can become better than leaving it.",
            "Each step now pays 1. With γ = 0.99 wandering for ever is worth 100, and the goal "
            "ends that income. Where no episode ends, the constant adds 1/(1 − γ) to all values "
            "alike and changes nothing.",
            right=True,
        ),
        "c": Option(
            "The agent finds the goal faster, because it is paid more for every step.",
            "It is paid for every step whatever the step does. That is a reason to make many "
            "steps, not good ones.",
        ),
        "d": Option(
            "The values become infinite, since 1 is added for ever.",
            "With a discount factor below 1 the sum of the constants stays finite: it is "
            "1/(1 − γ) at most.",
        ),
    },
    hints=[
        "Compare two episodes: one reaches the goal after 10 steps, one walks in circles.",
        "What does each of them collect from the added constant alone?",
    ],
)
