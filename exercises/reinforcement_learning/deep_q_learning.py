"""Exercises of the lesson on deep Q-learning."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: four transitions -----------------------------------------------------------------

_PREDICTED = np.array([2.0, 3.0, 4.0, 1.0])
_REWARD = np.array([1.0, 1.0, 0.0, 0.0])
_BEST_NEXT = np.array([2.0, 5.0, 6.0, 1.0])
_GOES_ON = np.array([1.0, 0.0, 1.0, 1.0])  # only the second one was terminated


def _loss_by_library() -> float:
    import torch

    target = torch.tensor(_REWARD + 0.9 * _GOES_ON * _BEST_NEXT)
    return torch.nn.functional.smooth_l1_loss(torch.tensor(_PREDICTED), target).item()


def _huber(error):
    size = np.abs(error)
    return np.where(size <= 1, 0.5 * size**2, size - 0.5)


def _mean_loss(future=_GOES_ON, loss=_huber) -> float:
    return float(loss(_REWARD + 0.9 * np.asarray(future) * _BEST_NEXT - _PREDICTED).mean())


four_losses = Value(
    "reinforcement_learning.deep_q_learning.four_losses",
    title="Four transitions",
    expected=_loss_by_library,
    tolerance=0.001,
    reference=_mean_loss(),
    mistakes=[
        Mistake(
            "truncation treated as an end",
            _mean_loss([1, 0, 0, 1]),
            "In the third row only the time was up. The state it stopped in has a future, and its "
            "largest Q belongs into the target.",
        ),
        Mistake(
            "a future after the fall",
            _mean_loss([1, 1, 1, 1]),
            "In the second row the pole fell: the game is over, and the target is the reward "
            "alone. The network's 5 for that state means nothing.",
        ),
        Mistake(
            "termination and truncation exchanged",
            _mean_loss([1, 1, 0, 1]),
            "The two ends are exchanged. Terminated: nothing follows. Truncated: something would "
            "have followed, we only did not watch.",
        ),
        Mistake(
            "half the square everywhere",
            _mean_loss(loss=lambda error: 0.5 * error**2),
            "That is half the squared error for all four. Two errors are larger than 1; there the "
            "loss is a straight line, |δ| − 1/2.",
        ),
        Mistake(
            "the square without the half",
            _mean_loss(loss=lambda error: error**2),
            "These are whole squares. The loss is δ²/2 up to 1 and |δ| − 1/2 beyond.",
        ),
        Mistake(
            "clipped, then squared",
            _mean_loss(loss=lambda error: 0.5 * np.clip(error, -1, 1) ** 2),
            "You clipped the error and squared it then. That loss is flat where the error is "
            "large; Huber's goes on as |δ| − 1/2.",
        ),
        Mistake(
            "the straight part without its half",
            _mean_loss(loss=lambda error: np.where(np.abs(error) <= 1, 0.5 * error**2, abs(error))),
            "Without the −1/2 the loss would jump at 1, from 1/2 to 1. The straight part is "
            "|δ| − 1/2.",
        ),
        Mistake(
            "the sum",
            4 * _mean_loss(),
            "That is the sum of the four losses. Asked for is their mean.",
        ),
        Mistake(
            "no discount",
            float(_huber(_REWARD + _GOES_ON * _BEST_NEXT - _PREDICTED).mean()),
            "The largest Q of the next state counts gamma = 0.9 times.",
        ),
    ],
    also_correct=[2.725 / 4, np.float64(0.68125)],
    hints=[
        "First the four targets. In which rows does the largest Q of the next state count?",
        "Only the terminated row has no future. The TD errors are 0.8, −2, 1.4 and −0.1.",
        "Two are at most 1 in size: half the square. Two are larger: |δ| − 1/2. Then the mean of "
        "the four.",
    ],
    carry_on="A truncation without its future would have been the largest loss of the four, and a "
    "large loss is what pushes the network most.",
)

# --- Exercise 2: how far can it look --------------------------------------------------------------


def _value_by_replay(updates: int = 1_100, every: int = 250) -> float:
    online = target = 0.0
    for update in range(1, updates + 1):
        online = 1 + 0.9 * target
        if update % every == 0:
            target = online
    return online


after_copies = Value(
    "reinforcement_learning.deep_q_learning.after_copies",
    title="How far can it look",
    expected=_value_by_replay,
    tolerance=0.005,
    reference=4.0951,
    mistakes=[
        Mistake(
            "the target network's value",
            1 + 0.9 + 0.81 + 0.729,
            "That is what the *target* network says after four copies. The online network has "
            "learned 1 + 0.9 times that since.",
        ),
        Mistake(
            "a copy too many",
            sum(0.9**k for k in range(6)),
            "One step too far. After 1,100 updates there were four copies; the fifth comes at "
            "1,250.",
        ),
        Mistake(
            "two copies too few",
            sum(0.9**k for k in range(3)),
            "There were more copies: after 250, 500, 750 and 1,000 updates.",
        ),
        Mistake(
            "the true value",
            10.0,
            "That is 1 / (1 − 0.9), the value in the end. Each copy lets the agent look only one "
            "step further.",
        ),
        Mistake(
            "no discount",
            5.0,
            "The five rewards it can see are discounted: 1, 0.9, 0.81 and so on.",
        ),
        Mistake(
            "the reward alone",
            1.0,
            "That is what it shows before the first copy. After it the targets contain what was "
            "learned before.",
        ),
    ],
    also_correct=[(1 - 0.9**5) / 0.1, np.float64(4.0951)],
    hints=[
        "How many copies have been made after 1,100 updates, and what does the target network say "
        "after each of them?",
        "After the copies at 250, 500, 750 and 1,000 it says 1, 1.9, 2.71 and 3.439.",
        "The online network learns 1 + 0.9 times what the target network says now.",
    ],
    carry_on="After ten thousand more updates without a copy it would still say this: more data "
    "do not help a target that stands still.",
)

# --- Exercise 3: double targets -------------------------------------------------------------------


def _double_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([1.0]), np.array([False]), np.array([[1.0, 2.0]]), np.array([[9.0, 5.0]]), 0.5),
        label="the example of the text",
    )
    yield Case(
        (np.array([-1.0]), np.array([True]), np.array([[1.0, 2.0]]), np.array([[9.0, 5.0]]), 0.9),
        label="a termination",
    )
    for n, actions in ((4, 3), (3, 3), (6, 2)):
        ended = np.arange(n) % 3 == 2
        online, target = rng.normal(size=(2, n, actions))
        yield Case((rng.normal(size=n), ended, online, target, 0.9), label=f"{n} transitions")
    online, target = rng.normal(size=(2, 5, 4)) - 6
    yield Case((np.zeros(5), np.zeros(5, dtype=bool), online, target, 0.99), label="all negative")


def _double_by_hand(reward, terminated, online_after, target_after, gamma):
    found = []
    for r, end, chooses, judges in zip(reward, terminated, online_after, target_after, strict=True):
        chooses = list(chooses)
        value = judges[chooses.index(max(chooses))]
        found.append(float(r) if end else float(r + gamma * value))
    return np.array(found)


def _double_with(value, *, mask=True, all_gone=False):
    def double_targets(reward, terminated, online_after, target_after, gamma):
        alive = 1 - np.asarray(terminated, dtype=float) if mask else 1.0
        future = gamma * alive * value(online_after, target_after)
        return alive * reward + future if all_gone else reward + future

    return double_targets


def _judged(q, p):
    return np.take_along_axis(p, q.argmax(axis=1)[:, None], axis=1)[:, 0]


def _matrix(reward, terminated, online_after, target_after, gamma):
    best = online_after.argmax(axis=1)
    return reward + gamma * np.where(terminated, 0.0, target_after[:, best])


def _by_torch(reward, terminated, online_after, target_after, gamma):
    import torch

    reward, ended, chooses, judges = (
        torch.as_tensor(np.asarray(part, dtype=float))
        for part in (reward, terminated, online_after, target_after)
    )
    value = judges.gather(1, chooses.argmax(dim=1, keepdim=True))[:, 0]
    return reward + gamma * (1 - ended) * value


double_targets = Function(
    "reinforcement_learning.deep_q_learning.double_targets",
    title="Double targets",
    cases=_double_cases,
    expected=_double_by_hand,
    reference=_double_with(_judged),
    mistakes=[
        Mistake(
            "plain DQN",
            _double_with(lambda q, p: p.max(axis=1)),
            "That is the target of plain DQN: the target network chooses and judges. Here the "
            "online network chooses.",
        ),
        Mistake(
            "the online network judges itself",
            _double_with(lambda q, p: q.max(axis=1)),
            "The online network chose and also said what its choice is worth. Ask the target "
            "network for the value.",
        ),
        Mistake(
            "roles exchanged",
            _double_with(lambda q, p: _judged(p, q)),
            "The roles are exchanged. The online network, which is up to date, chooses; the old "
            "copy judges.",
        ),
        Mistake(
            "the smaller of the two maxima",
            _double_with(lambda q, p: np.minimum(q.max(axis=1), p.max(axis=1))),
            "Taking the smaller of two estimates is a trick of a later method. Here only the "
            "target network's value of the chosen action counts.",
        ),
        Mistake(
            "a future after the end",
            _double_with(_judged, mask=False),
            "Where the episode terminated nothing follows: the target is the reward alone.",
        ),
        Mistake(
            "the reward of the end lost",
            _double_with(_judged, all_gone=True),
            "After a termination the whole target is 0. The last reward was still paid; "
            "only the future is missing.",
        ),
        Mistake(
            "a matrix instead of one value each",
            _matrix,
            "`target_after[:, best]` takes all chosen columns from all rows: an (n, n) array. One "
            "entry for each row is wanted: index the rows too.",
        ),
        Mistake(
            "the number of the action",
            _double_with(lambda q, p: q.argmax(axis=1)),
            "argmax gives the number of the chosen action. It still has to be looked up in the "
            "target network's answers.",
        ),
    ],
    also_correct=[
        _double_by_hand,
        _by_torch,
        lambda *args: _double_by_hand(*args).tolist(),
    ],
    hints=[
        "Two questions for each row: which action looks best to the online network, and what does "
        "the target network say about that action?",
        "best = np.argmax(online_after, axis=1), and target_after[np.arange(n), best].",
        "reward + gamma * np.where(terminated, 0.0, value).",
    ],
    carry_on="Where both networks agree on the best action, this is the plain target. The two "
    "differ only where the networks quarrel.",
)

# --- Exercise 4: value and advantage --------------------------------------------------------------


def _dueling_cases(rng: np.random.Generator) -> Iterator[Case]:
    import torch

    def case(value, advantage, label):
        return Case((torch.tensor(value), torch.tensor(advantage)), label=label)

    yield case([[1.0]], [[2.0, 4.0]], "the example of the text")
    yield case(rng.normal(size=(5, 1)), rng.normal(size=(5, 3)), "five states")
    yield case(rng.normal(size=(3, 1)), rng.normal(size=(3, 3)), "as many states as actions")
    yield case([[0.0], [0.0]], [[7.0, 7.0], [0.0, 0.0]], "no differences")
    yield case(rng.normal(size=(4, 1)), rng.normal(size=(4, 6)) + 3, "six actions")


def _dueling_by_projection(value, advantage):
    """Centring as a matrix: the identity minus the mean."""
    value, advantage = value.numpy(), advantage.numpy()
    actions = advantage.shape[1]
    centre = np.eye(actions) - np.full((actions, actions), 1 / actions)
    return value + advantage @ centre


def _dueling_with(baseline):
    return lambda value, advantage: value + advantage - baseline(advantage)


def _value_centred(value, advantage):
    return value - value.mean() + advantage


def _dueling_by_numpy(value, advantage):
    value, advantage = np.asarray(value), np.asarray(advantage)
    return value + advantage - advantage.mean(axis=-1, keepdims=True)


dueling = Function(
    "reinforcement_learning.deep_q_learning.dueling",
    title="Value and advantage",
    cases=_dueling_cases,
    expected=_dueling_by_projection,
    reference=_dueling_with(lambda a: a.mean(axis=1, keepdims=True)),
    mistakes=[
        Mistake(
            "nothing subtracted",
            lambda value, advantage: value + advantage,
            "The sum alone is ambiguous: what V and the advantages are each is left open. Take "
            "the mean of each row of advantages out.",
        ),
        Mistake(
            "the mean over the whole batch",
            _dueling_with(lambda a: a.mean()),
            "That is one mean for all states together, so that a state's Q depends on who else is "
            "in the batch. Each row has its own mean: dim=1.",
        ),
        Mistake(
            "the mean over the states",
            _dueling_with(lambda a: a.mean(axis=0, keepdims=True)),
            "The mean runs down the columns, over the states. It runs over the actions of one "
            "state: dim=1.",
        ),
        Mistake(
            "the maximum",
            _dueling_with(lambda a: a.amax(axis=1, keepdims=True)),
            "The largest advantage is subtracted. That is a possible variant, in which V is the "
            "best action's value; the formula here takes the mean.",
        ),
        Mistake(
            "the sum",
            _dueling_with(lambda a: a.sum(axis=1, keepdims=True)),
            "The sum over the actions still has to be divided by their number m.",
        ),
        Mistake(
            "a row instead of a column",
            _dueling_with(lambda a: a.mean(axis=1)),
            "The means have the shape (n,), and broadcasting lays them along the actions. It runs "
            "only where n happens to fit, and is wrong there too. Keep the axis: keepdim=True.",
        ),
        Mistake(
            "the value centred",
            _value_centred,
            "V came without its mean. It is the advantages that are centred.",
        ),
    ],
    also_correct=[
        _dueling_by_projection,
        _dueling_by_numpy,
        lambda value, advantage: [
            [float(v) + a - sum(row) / len(row) for a in row]
            for (v,), row in zip(value.tolist(), advantage.tolist(), strict=True)
        ],
    ],
    hints=[
        "Each state, each row, is treated by itself: its advantages should have the mean 0.",
        "advantage.mean(dim=1) has the shape (n,). To subtract it from (n, actions) it must be a "
        "column, (n, 1).",
        "value + advantage - advantage.mean(dim=1, keepdim=True).",
    ],
    carry_on="Now the mean of each row of Q is exactly V, so that the two streams can be told "
    "apart from outside.",
)

# --- Exercise 5: whose loss is the lowest ---------------------------------------------------------

lowest_loss = Choice(
    "reinforcement_learning.deep_q_learning.lowest_loss",
    title="Whose loss is the lowest",
    options={
        "a": Option(
            "DQN with all its parts, for it plays best.",
            "Playing well and agreeing with one's own targets are two things. With every copy its "
            "targets move on, and it is behind them again.",
        ),
        "b": Option(
            "Without memory, for it learns from what it has just seen.",
            "The latest steps are easy to fit for a moment. But the targets move here as they do "
            "in DQN, and each batch is about something else.",
        ),
        "c": Option(
            "Never copied, for its task never changes.",
            "Its targets are made by an untrained network that stays as it is: ordinary regression "
            "with a fixed goal. The loss falls beautifully, and the agent looks one step ahead.",
            right=True,
        ),
        "d": Option(
            "Without target network, for its targets are always up to date.",
            "Up to date they are, and they run away with every step. Errors feed on themselves "
            "here, and the loss grows with the values.",
        ),
    },
    hints=[
        "The loss compares the network with its targets, not with the truth. Whose targets are "
        "easiest to hit?",
        "Ask of each variant how much its targets change while it learns.",
    ],
)

# --- Exercise 6: down the tree --------------------------------------------------------------------


def _tree(priorities):
    """All sums as an array; the leaves are the second half."""
    leaves = len(priorities)
    tree = np.zeros(2 * leaves)
    tree[leaves:] = priorities
    for node in range(leaves - 1, 0, -1):
        tree[node] = tree[2 * node] + tree[2 * node + 1]
    return tree


def _find_cases(rng: np.random.Generator) -> Iterator[Case]:
    example = _tree([3, 1, 4, 2])
    for lot, label in (
        (7.5, "the example of the text"),
        (3.0, "exactly the first leaf's sum"),
        (2.5, "the first leaf"),
        (9.5, "the last leaf"),
        (4.0, "exactly the left half's sum"),
    ):
        yield Case((example, lot), label=label)
    yield Case((_tree([5]), 3.0), label="a single leaf")
    yield Case((_tree([0, 2, 0, 0, 0, 1, 3, 0]), 2.5), label="leaves with priority 0")
    for _ in range(3):
        tree = _tree(rng.integers(1, 9, size=16))
        yield Case((tree, float(rng.integers(int(tree[1]))) + 0.5), label="sixteen leaves")


def _find_by_sums(tree, lot):
    """The first leaf at which the running sum of the priorities exceeds the lot."""
    tree = np.asarray(tree)
    return int(np.searchsorted(np.cumsum(tree[len(tree) // 2 :]), lot, side="right"))


def _find_with(*, rest=True, strict=False, swapped=False, wrong_sum=False, offset=True):
    def find(tree, lot):
        leaves, node = len(tree) // 2, 1
        while node < leaves:
            node = 2 * node
            left = tree[node]
            right = lot > left if strict else lot >= left
            if right != swapped:
                if rest:
                    lot = lot - (tree[node + 1] if wrong_sum else left)
                node = node + 1
        return node - leaves if offset else node

    return find


def _one_level(tree, lot):
    return int(lot >= tree[2 % len(tree)]) if len(tree) > 2 else 0


find = Function(
    "reinforcement_learning.deep_q_learning.find",
    title="Down the tree",
    cases=_find_cases,
    expected=_find_by_sums,
    reference=_find_with(),
    mistakes=[
        Mistake(
            "nothing subtracted",
            _find_with(rest=False),
            "Going right, the whole lot is kept. The part below it begins at 0 again: subtract "
            "the left child's sum.",
        ),
        Mistake(
            "a lot on the border goes left",
            _find_with(strict=True),
            "A lot that is exactly the left child's sum belongs to the right. Otherwise a leaf "
            "with priority 0 could be drawn.",
        ),
        Mistake(
            "left and right exchanged",
            _find_with(swapped=True),
            "A lot smaller than the left child's sum goes left, not right.",
        ),
        Mistake(
            "the right child's sum subtracted",
            _find_with(wrong_sum=True),
            "What lies behind you when you go right is the left subtree: subtract its sum, "
            "tree[2 * node].",
        ),
        Mistake(
            "the place in the tree",
            _find_with(offset=False),
            "That is the leaf's place in the array of the tree. Counted from the first leaf it is "
            "less by the number of leaves.",
        ),
        Mistake(
            "one step only",
            _one_level,
            "You went down one level. Go on until the node is a leaf.",
        ),
    ],
    also_correct=[
        _find_by_sums,
        lambda tree, lot: np.int64(_find_with()(tree, lot)),
    ],
    hints=[
        "Begin with node = 1. A node from len(tree) // 2 on is a leaf.",
        "Compare the lot with tree[2 * node]. Smaller: node = 2 * node. Otherwise subtract it and "
        "take 2 * node + 1.",
        "At the end subtract the number of leaves from the node.",
    ],
    carry_on="A million priorities need twenty comparisons for a draw, and twenty additions when "
    "one of them changes.",
)

# --- Exercise 7: the copy that copies nothing -----------------------------------------------------


def _copy_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        ([np.array([0.0, 4.0]), np.array([8.0])], [np.array([4.0, 0.0]), np.array([0.0])], 0.25),
        label="two small arrays",
    )
    for tau in (0.25, 0.005, 1.0, 0.0):
        shapes = ((3, 2), (2,), (2, 1))
        target = [rng.normal(size=shape) for shape in shapes]
        online = [rng.normal(size=shape) for shape in shapes]
        yield Case((target, online, tau), label=f"tau = {tau}")


def _copy_by_step(target, online, tau):
    """The old weights plus a share of the way to the new ones."""
    return [old + tau * (new - old) for old, new in zip(target, online, strict=True)]


def _soft_copy(target, online, tau):
    return [(1 - tau) * old + tau * new for old, new in zip(target, online, strict=True)]


def _soft_copy_planted(target, online, tau):
    for old, new in zip(target, online, strict=True):
        old = (1 - tau) * old + tau * new
    return target


def _soft_copy_in_place(target, online, tau):
    for old, new in zip(target, online, strict=True):
        old[:] = (1 - tau) * old + tau * new
    return target


def _first_only(target, online, tau):
    return [_soft_copy(target, online, tau)[0], *target[1:]]


def _last_only(target, online, tau):
    return [*target[:-1], _soft_copy(target, online, tau)[-1]]


soft_copy = Bug(
    "reinforcement_learning.deep_q_learning.soft_copy",
    title="The copy that copies nothing",
    cases=_copy_cases,
    expected=_copy_by_step,
    reference=_soft_copy,
    planted=_soft_copy_planted,
    mistakes=[
        Mistake(
            "the two weights exchanged",
            lambda target, online, tau: _soft_copy(online, target, tau),
            "Now something moves, but tau and 1 − tau are exchanged. That formula was right: the "
            "new weights count tau.",
        ),
        Mistake(
            "a hard copy",
            lambda target, online, tau: [new.copy() for new in online],
            "You copied the online weights whole. Only the share tau of the way is wanted.",
        ),
        Mistake(
            "only the first array",
            _first_only,
            "Only the first array moves. Is there a return inside the loop, or an index that "
            "stays 0?",
        ),
        Mistake(
            "only the last array",
            _last_only,
            "Only the last array moves. Look at what is stored where in each turn of the loop.",
        ),
        Mistake(
            "added without shrinking",
            lambda target, online, tau: [
                old + tau * new for old, new in zip(target, online, strict=True)
            ],
            "The old weights count whole and the new ones on top, so that they grow with every "
            "call. The two shares must sum to 1.",
        ),
        Mistake(
            "nothing but the step",
            lambda target, online, tau: [
                tau * (new - old) for old, new in zip(target, online, strict=True)
            ],
            "That is how far each weight moves. It has to be added to where it was.",
        ),
    ],
    also_correct=[_copy_by_step, _soft_copy_in_place],
    hints=[
        "Compare the list before and after the call: has anything in it changed?",
        "`old = …` makes the name `old` point to a new array. Which array is still in the list?",
        "Collect the new arrays in a list and return that one, or write into the old arrays with "
        "`old[:] = …`.",
    ],
    carry_on="The same trap waits wherever a loop variable is assigned to. A test that compares "
    "the target weights before and after would have caught it on the first day.",
)

# --- Exercise 8: everybody's target ---------------------------------------------------------------


def _loss_cases(rng: np.random.Generator) -> Iterator[Case]:
    import torch

    for n, actions in ((3, 2), (5, 4), (1, 3), (6, 3)):
        q, y = rng.normal(size=(n, actions)), rng.normal(size=n)
        action = rng.integers(actions, size=n)
        yield Case(
            (torch.tensor(q), torch.tensor(action), torch.tensor(y)),
            label=f"{n} transitions, {actions} actions",
        )


def _loss_by_hand(q, action, y):
    rows = zip(q.tolist(), action.tolist(), y.tolist(), strict=True)
    squares = [(target - row[a]) ** 2 for row, a, target in rows]
    return sum(squares) / len(squares)


def _td_loss(q, action, y):
    taken = q.gather(1, action[:, None])[:, 0]
    return ((y - taken) ** 2).mean()


def _td_loss_planted(q, action, y):
    taken = q.gather(1, action[:, None])
    return ((y - taken) ** 2).mean()


def _td_loss_of(chosen, reduce=lambda squares: squares.mean()):
    return lambda q, action, y: reduce((y - chosen(q, action)) ** 2)


def _taken(q, action):
    return q.gather(1, action[:, None])[:, 0]


td_loss = Bug(
    "reinforcement_learning.deep_q_learning.td_loss",
    title="Everybody's target",
    cases=_loss_cases,
    expected=_loss_by_hand,
    reference=_td_loss,
    planted=_td_loss_planted,
    mistakes=[
        Mistake(
            "the largest Q instead of the one taken",
            _td_loss_of(lambda q, action: q.max(dim=1).values),
            "The shapes are right now, but this is the Q of the best action. Only what was done "
            "can be compared with what came of it.",
        ),
        Mistake(
            "all actions pulled to the target",
            lambda q, action, y: ((y[:, None] - q) ** 2).mean(),
            "Every action's Q is compared with the target. Nothing is known about those that were "
            "not taken.",
        ),
        Mistake(
            "the first action",
            _td_loss_of(lambda q, action: q[:, 0]),
            "q[:, 0] is the Q of action 0 for all. The [:, 0] belongs behind the gather.",
        ),
        Mistake(
            "the sum over the batch",
            _td_loss_of(_taken, lambda squares: squares.sum()),
            "That is the sum. The mean keeps the step the same for every size of batch.",
        ),
        Mistake(
            "the error instead of its square",
            lambda q, action, y: (y - _taken(q, action)).abs().mean(),
            "These are the absolute errors. The square was right.",
        ),
        Mistake(
            "half the loss",
            _td_loss_of(_taken, lambda squares: 0.5 * squares.mean()),
            "Half of it is a common convention, but the loss that was asked for has no half.",
        ),
    ],
    also_correct=[
        lambda q, action, y: ((y[:, None] - q.gather(1, action[:, None])) ** 2).mean(),
        lambda q, action, y: ((y - q[range(len(q)), action]) ** 2).mean(),
        _loss_by_hand,
    ],
    hints=[
        "Print the shapes of `taken`, `y` and `y - taken`.",
        "(n,) minus (n, 1) is (n, n): each target minus each prediction. One of the two has to "
        "change its shape.",
        "taken = q.gather(1, action[:, None])[:, 0], or squeeze(1).",
    ],
    carry_on="With one transition in the batch the fault cannot be seen: test with several. And "
    "squeeze() without a number would remove the axis of a batch of one as well.",
)
