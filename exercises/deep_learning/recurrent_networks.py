"""Exercises of the lesson on recurrent networks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: the gradient that lost its past --------------------------------------------------


def _gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(steps, hidden, classes, label):
        W = rng.normal(size=(hidden, hidden))
        V = rng.normal(size=(classes, hidden))
        states = np.tanh(rng.normal(size=(steps + 1, hidden)))
        states[0] = np.tanh(rng.normal(size=hidden))
        for t in range(steps):  # states of a real network, whose inputs do not matter here
            states[t + 1] = np.tanh(W @ states[t] + rng.normal(size=hidden))
        return Case((states, rng.normal(size=(steps, classes)), W, V), label=label)

    yield case(1, 2, 2, "one step: there is no later one")
    yield case(2, 2, 3, "two steps")
    yield case(5, 3, 2, "five steps")
    last = case(4, 3, 2, "an error at the last step only")
    last.args[1][:-1] = 0
    yield last


def _gradient_by_autograd(states, errors, W, V):
    """The states as a function of W, with inputs chosen so that they come out as given."""
    import torch

    matrix = torch.tensor(W, requires_grad=True)
    inputs = np.arctanh(states[1:]) - states[:-1] @ W.T
    h, loss = torch.tensor(states[0]), 0.0
    for given, error in zip(torch.tensor(inputs), torch.tensor(errors), strict=True):
        h = torch.tanh(matrix @ h + given)
        loss = loss + error @ torch.tensor(V) @ h  # a loss whose gradient for V h is the error
    return torch.autograd.grad(loss, matrix)[0].numpy()


def _state_gradient(states, errors, W, V):
    gradient, delta = np.zeros_like(W), np.zeros(len(W))
    for t in reversed(range(len(errors))):
        later = V.T @ errors[t] + W.T @ delta
        delta = (1 - states[t + 1] ** 2) * later
        gradient += np.outer(delta, states[t])
    return gradient


def _gradient_planted(states, errors, W, V):
    gradient = np.zeros_like(W)
    for t in reversed(range(len(errors))):
        later = V.T @ errors[t]
        delta = (1 - states[t + 1] ** 2) * later
        gradient += np.outer(delta, states[t])
    return gradient


def _gradient_with(carry):
    """The backward pass with another way to carry the gradient: carry(W, delta, later, h)."""

    def backward(states, errors, W, V):
        gradient, carried = np.zeros_like(W), np.zeros(len(W))
        for t in reversed(range(len(errors))):
            later = V.T @ errors[t] + carried
            delta = (1 - states[t + 1] ** 2) * later
            gradient += np.outer(delta, states[t])
            carried = carry(W, delta, later)
        return gradient

    return backward


def _gradient_new_state(states, errors, W, V):
    gradient, delta = np.zeros_like(W), np.zeros(len(W))
    for t in reversed(range(len(errors))):
        delta = (1 - states[t + 1] ** 2) * (V.T @ errors[t] + W.T @ delta)
        gradient += np.outer(delta, states[t + 1])
    return gradient


def _gradient_late_derivative(states, errors, W, V):
    gradient, delta = np.zeros_like(W), np.zeros(len(W))
    for t in reversed(range(len(errors))):
        delta = (1 - states[t + 1] ** 2) * (V.T @ errors[t]) + W.T @ delta
        gradient += np.outer(delta, states[t])
    return gradient


def _gradient_forwards(states, errors, W, V):
    gradient, delta = np.zeros_like(W), np.zeros(len(W))
    for t in range(len(errors)):
        delta = (1 - states[t + 1] ** 2) * (V.T @ errors[t] + W.T @ delta)
        gradient += np.outer(delta, states[t])
    return gradient


def _gradient_by_terms(states, errors, W, V):
    gradient = np.zeros_like(W)
    for t in range(len(errors)):  # every loss on its own
        signal = V.T @ errors[t]
        for k in range(t, -1, -1):
            signal = (1 - states[k + 1] ** 2) * signal
            gradient += np.outer(signal, states[k])
            signal = W.T @ signal
    return gradient


state_gradient = Bug(
    "deep_learning.recurrent_networks.state_gradient",
    title="The gradient that lost its past",
    cases=_gradient_cases,
    expected=_gradient_by_autograd,
    reference=_state_gradient,
    planted=_gradient_planted,
    mistakes=[
        Mistake(
            "carried through W, not its transpose",
            _gradient_with(lambda W, delta, later: W @ delta),
            "Forwards the state was multiplied by W, so backwards the gradient is multiplied by "
            "its transpose, W.T.",
        ),
        Mistake(
            "carried without the derivative of tanh",
            _gradient_with(lambda W, delta, later: W.T @ later),
            "What goes back through W is the gradient of a (delta), not that of h: the later "
            "step's tanh lies in between.",
        ),
        Mistake(
            "carried without W",
            _gradient_with(lambda W, delta, later: delta),
            "On its way from step t + 1 to step t the gradient passes the matrix: W.T @ delta.",
        ),
        Mistake(
            "the derivative of tanh on one road only",
            _gradient_late_derivative,
            "Add the two roads first, then multiply by 1 − h²: both arrive at h, in front of the "
            "same tanh.",
        ),
        Mistake(
            "the new state instead of the old one",
            _gradient_new_state,
            "In step t the matrix was multiplied by the state *before* it, states[t].",
        ),
        Mistake(
            "walking forwards in time",
            _gradient_forwards,
            "The gradient comes from the future: begin with the last step and go backwards.",
        ),
    ],
    also_correct=[
        _gradient_by_terms,
        lambda states, errors, W, V: _state_gradient(states, errors, W, V).tolist(),
    ],
    hints=[
        "The case with one step already passes. What does a step need to know of the next one?",
        "The state h_t reaches the loss by two roads: its own output, and the next step. Which "
        "line adds the roads up?",
        "Keep delta between the rounds (zeros at the start) and add W.T @ delta to `later`.",
    ],
    carry_on="With this fault a network still learns what the present input tells, and slowly: a "
    "wrong gradient rarely announces itself. Compare with autograd.",
)

# --- Exercise 2: from the first state to the last -------------------------------------------------


def _jacobian_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[2.0]]), np.array([[0.5], [0.0]])), label="the example of the text")
    shear = np.array([[0.5, 4.0], [0.0, 0.5]])
    yield Case((shear, np.zeros((3, 2))), label="a linear stretch: tanh at 0")
    yield Case((shear, np.array([[0.6, -0.2]])), label="one step")
    yield Case((rng.normal(size=(3, 3)), np.tanh(rng.normal(size=(4, 3)))), label="random numbers")


def _jacobian_by_directions(W, states):
    """Column by column: send each unit vector through the steps."""
    columns = []
    for unit in np.eye(len(W)):
        for h in states:
            unit = (1 - h**2) * (W @ unit)
        columns.append(unit)
    return np.stack(columns, axis=1)


def _state_jacobian(W, states):
    jacobian = np.eye(len(W))
    for h in states:
        jacobian = np.diag(1 - h**2) @ W @ jacobian
    return jacobian


def _jacobian_with(factor, left=True):
    def build(W, states):
        jacobian = np.eye(len(W))
        for h in states:
            jacobian = factor(W, h) @ jacobian if left else jacobian @ factor(W, h)
        return jacobian

    return build


state_jacobian = Function(
    "deep_learning.recurrent_networks.state_jacobian",
    title="From the first state to the last",
    cases=_jacobian_cases,
    expected=_jacobian_by_directions,
    reference=_state_jacobian,
    mistakes=[
        Mistake(
            "the derivative of tanh forgotten",
            _jacobian_with(lambda W, h: W),
            "Every step has its tanh: the row of unit i is multiplied by 1 − h_i².",
        ),
        Mistake(
            "the steps in the wrong order",
            _jacobian_with(lambda W, h: np.diag(1 - h**2) @ W, left=False),
            "The first step touches the old state first, so its factor stands on the right; later "
            "factors are multiplied from the left.",
        ),
        Mistake(
            "the derivative on the wrong side of W",
            _jacobian_with(lambda W, h: W @ np.diag(1 - h**2)),
            "tanh comes after W, so its derivative multiplies the rows: diag(1 − h²) @ W.",
        ),
        Mistake(
            "the transposed matrix",
            lambda W, states: _state_jacobian(W, states).T,
            "This is the transpose: the matrix that carries gradients backwards. Row i should be "
            "the new unit, column j the old one.",
        ),
        Mistake(
            "an element-wise power",
            lambda W, states: W ** len(states) * np.prod(1 - states**2, axis=0)[:, None],
            "The matrices are multiplied as matrices. A power of each entry leaves out all paths "
            "that pass through other units.",
        ),
        Mistake(
            "1 − h instead of 1 − h²",
            _jacobian_with(lambda W, h: np.diag(1 - h) @ W),
            "The derivative of tanh(a), written with h = tanh(a), is 1 − h².",
        ),
        Mistake(
            "the derivative of the sigmoid",
            _jacobian_with(lambda W, h: np.diag(h * (1 - h)) @ W),
            "h(1 − h) belongs to the sigmoid. For tanh it is 1 − h².",
        ),
    ],
    also_correct=[
        _jacobian_by_directions,
        lambda W, states: np.linalg.multi_dot(
            [np.eye(len(W)), *[(1 - h**2)[:, None] * W for h in states[::-1]], np.eye(len(W))]
        ).tolist(),
    ],
    hints=[
        "Write down one step first: how does h_1 answer to a small change of h_0?",
        "One step is the matrix diag(1 − h_1²) W. The next one acts on its result.",
        "Start from the identity; for each h in order: J = np.diag(1 - h**2) @ W @ J.",
    ],
    carry_on="Autograd never builds this matrix: it sends one vector backwards through the "
    "factors, at the price of a matrix-vector product a step.",
)

# --- Exercise 3: which gates ignore the past ------------------------------------------------------

ignore_the_past = Choice(
    "deep_learning.recurrent_networks.ignore_the_past",
    title="Which gates ignore the past?",
    options={
        "a": Option(
            "r = 1 and z = 1",
            "z = 1 keeps the old state as it is: h_t = h_{t−1}. That is perfect memory.",
        ),
        "b": Option(
            "r = 0 and z = 1",
            "The candidate no longer sees the past, but with z = 1 the candidate is not used: the "
            "old state is copied.",
        ),
        "c": Option(
            "r = 1 and z = 0",
            "The state is replaced by the candidate, but with r = 1 the candidate is computed from "
            "the old state: this is an ordinary tanh network. (One reads that a reset gate of 1 "
            "ignores all memory. It is the reverse.)",
        ),
        "d": Option(
            "r = 0 and z = 0",
            "z = 0 drops the old state, and r = 0 hides it from the candidate: what is left "
            "depends on the input alone. Either gate by itself is not enough.",
            right=True,
        ),
    },
    hints=[
        "The old state stands in two places of the formulas. Which gate guards which?",
        "h_t = (1 − z)·n + z·h_{t−1}: which z removes the last part? And n still contains the old "
        "state, multiplied by r.",
    ],
)

# --- Exercise 4: weights from the other convention ------------------------------------------------


def _convention_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([1.0, 2.0, 3.0]),), label="a bias, one unit")
    yield Case((rng.normal(size=(6, 3)),), label="a matrix for two units and three inputs")
    yield Case((rng.normal(size=(12, 4)),), label="a recurrent matrix for four units")
    yield Case((rng.normal(size=9),), label="a bias, three units")


def _convention_by_blocks(stacked):
    reset, update, new = np.split(stacked, 3)
    return np.concatenate([reset, -update, new])


def _convert_rows(start, stop, change):
    """Apply ``change`` to the rows from start to stop, in thirds of the array."""

    def convert(stacked):
        hidden = len(stacked) // 3
        converted = stacked.copy()
        rows = slice(start * hidden, stop * hidden)
        converted[rows] = change(converted[rows])
        return converted

    return convert


def _blocks_exchanged(stacked):
    reset, update, new = np.split(stacked, 3)
    return np.concatenate([update, reset, new])


def _last_blocks_exchanged(stacked):
    reset, update, new = np.split(stacked, 3)
    return np.concatenate([reset, new, update])


to_pytorch = Function(
    "deep_learning.recurrent_networks.to_pytorch",
    title="Weights from the other convention",
    cases=_convention_cases,
    expected=_convention_by_blocks,
    reference=_convert_rows(1, 2, np.negative),
    keeps_inputs=True,
    mistakes=[
        Mistake(
            "1 minus the weights",
            _convert_rows(1, 2, lambda rows: 1 - rows),
            "It is the gate that must become 1 − gate, not its weights. Since 1 − σ(a) = σ(−a), "
            "change the sign of what makes up a.",
        ),
        Mistake(
            "the gates exchanged",
            _blocks_exchanged,
            "Reset and update gate keep their places; the update gate's values must be turned "
            "round.",
        ),
        Mistake(
            "update gate and candidate exchanged",
            _last_blocks_exchanged,
            "The order r, z, n is PyTorch's as well. What differs is what the update gate means: "
            "its values must be turned round.",
        ),
        Mistake(
            "the sign of everything",
            np.negative,
            "Only the update gate has another meaning. Reset gate and candidate stay as they are.",
        ),
        Mistake(
            "the sign of the reset gate",
            _convert_rows(0, 1, np.negative),
            "The first third belongs to the reset gate. The update gate is the second.",
        ),
        Mistake(
            "the sign of the candidate",
            _convert_rows(2, 3, np.negative),
            "The last third makes the candidate n. The update gate is the second.",
        ),
        Mistake(
            "nothing changed",
            lambda stacked: stacked.copy(),
            "With the same weights PyTorch would keep where the other network replaces.",
        ),
    ],
    also_correct=[
        _convention_by_blocks,
        lambda stacked: (
            stacked
            * np.repeat([1, -1, 1], len(stacked) // 3).reshape(-1, *[1] * (stacked.ndim - 1))
        ),
    ],
    hints=[
        "In the one network z multiplies the old state, in the other 1 − z does. Which gate value "
        "does PyTorch need?",
        "1 − σ(a) = σ(−a), and a is linear in the weights and biases.",
        "Copy the array and change the sign of the rows H to 2H.",
    ],
    carry_on="Loaded without this step, such weights raise no error and give nonsense: the network "
    "forgets what it should keep.",
)

# --- Exercise 5: count a deep two-way LSTM --------------------------------------------------------


def _lstm_by_torch() -> int:
    from torch import nn

    layer = nn.LSTM(100, 128, num_layers=2, bidirectional=True, device="meta")
    return sum(parameter.numel() for parameter in layer.parameters())


def _lstm(maps, inputs, biases=2, hidden=128):
    return maps * (hidden * (inputs + hidden) + biases * hidden)


lstm_parameters = Value(
    "deep_learning.recurrent_networks.lstm_parameters",
    title="Count a deep two-way LSTM",
    expected=_lstm_by_torch,
    tolerance=0.5,
    reference=2 * (_lstm(4, 100) + _lstm(4, 256)),
    mistakes=[
        Mistake(
            "one bias instead of two",
            2 * (_lstm(4, 100, 1) + _lstm(4, 256, 1)),
            "That is the textbook's count. PyTorch keeps two biases a map, one for the input's "
            "side and one for the state's.",
        ),
        Mistake(
            "no biases at all",
            2 * (_lstm(4, 100, 0) + _lstm(4, 256, 0)),
            "The biases are missing: two for each of the four maps, in each layer and direction.",
        ),
        Mistake(
            "a second layer that reads one direction",
            2 * (_lstm(4, 100) + _lstm(4, 128)),
            "The first layer hands on the states of both directions, joined: the second reads "
            "2 · 128 numbers.",
        ),
        Mistake(
            "a second layer that reads the input",
            2 * (_lstm(4, 100) + _lstm(4, 100)),
            "The second layer reads the states of the first, not the input.",
        ),
        Mistake(
            "one direction only",
            _lstm(4, 100) + _lstm(4, 128),
            "The second direction has weights of its own, and the second layer then reads both.",
        ),
        Mistake(
            "the second direction not counted",
            _lstm(4, 100) + _lstm(4, 256),
            "Each layer consists of two LSTMs, one for each direction. Double it.",
        ),
        Mistake(
            "the maps of a GRU",
            2 * (_lstm(3, 100) + _lstm(3, 256)),
            "Three maps belong to a GRU. An LSTM has four: three gates and the candidate.",
        ),
        Mistake(
            "one map instead of four",
            2 * (_lstm(1, 100) + _lstm(1, 256)),
            "That is a plain RNN. An LSTM has four maps: three gates and the candidate.",
        ),
    ],
    also_correct=[630_784.0, np.int64(630_784)],
    hints=[
        "One LSTM with n inputs and H units has 4·(H·(n + H) + 2H) parameters in PyTorch. How "
        "many such LSTMs are there?",
        "Four: two layers, two directions. In the second layer n is not 100.",
        "2·4·(128·(100 + 128) + 256) + 2·4·(128·(256 + 128) + 256).",
    ],
    carry_on="Keras counts 2,048 fewer for the same network: the second biases add nothing that "
    "one could not do, only numbers.",
)

# --- Exercise 6: several years ahead --------------------------------------------------------------


def _forecast_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([0.5, 1.0]), 1.0, np.array([2.0, 4.0]), 3), label="the example of the text"
    )
    yield Case((np.array([0.5, 0.25]), 1, np.array([3, 5]), 3), label="a history of whole numbers")
    yield Case((np.array([1.0]), 0.0, np.array([3.0, 7.0]), 4), label="persistence")
    yield Case((np.array([0.0, 0.9]), 2.0, np.array([1.0, 5.0]), 1), label="one step")
    yield Case((rng.normal(size=3), -0.7, rng.normal(size=8), 6), label="a longer history")
    yield Case((np.array([-1.0, 1.6]), 0.3, rng.normal(size=2), 12), label="a swinging model")


def _forecast_by_matrix(weights, bias, history, steps):
    """The companion matrix of the model, applied again and again."""
    p = len(weights)
    matrix = np.zeros((p + 1, p + 1))
    matrix[:-2, 1:-1] = np.eye(p - 1)
    matrix[-2, :-1], matrix[-2, -1], matrix[-1, -1] = weights, bias, 1.0
    state, path = np.append(np.asarray(history, dtype=float)[-p:], 1.0), []
    for _ in range(steps):
        state = matrix @ state
        path.append(state[-2])
    return np.array(path)


def _forecast(weights, bias, history, steps):
    values = list(history)
    for _ in range(steps):
        values.append(float(np.dot(weights, values[-len(weights) :]) + bias))
    return np.array(values[len(history) :])


def _forecast_frozen(weights, bias, history, steps):
    return np.full(steps, np.dot(weights, history[-len(weights) :]) + bias)


def _forecast_from_start(weights, bias, history, steps):
    values = list(history[: len(weights)])
    for _ in range(steps):
        values.append(float(np.dot(weights, values[-len(weights) :]) + bias))
    return np.array(values[len(weights) :])


def _forecast_bias_once(weights, bias, history, steps):
    values = list(history)
    for step in range(steps):
        values.append(float(np.dot(weights, values[-len(weights) :]) + bias * (step == 0)))
    return np.array(values[len(history) :])


forecast = Function(
    "deep_learning.recurrent_networks.forecast",
    title="Several years ahead",
    cases=_forecast_cases,
    expected=_forecast_by_matrix,
    reference=_forecast,
    atol=1e-5,  # some steps may be of single precision
    mistakes=[
        Mistake(
            "the same window every time",
            _forecast_frozen,
            "The second forecast must look at the first one: move the window on by one step.",
        ),
        Mistake(
            "the weights in the reverse order",
            lambda weights, bias, history, steps: _forecast(weights[::-1], bias, history, steps),
            "The last weight belongs to the latest value, as in the task.",
        ),
        Mistake(
            "the oldest values instead of the latest",
            _forecast_from_start,
            "The window is the *last* part of the history: history[-p:].",
        ),
        Mistake(
            "the bias forgotten",
            lambda weights, bias, history, steps: _forecast(weights, 0.0, history, steps),
            "Add the bias to every forecast.",
        ),
        Mistake(
            "the bias added once",
            _forecast_bias_once,
            "The bias belongs to every step, not to the first alone.",
        ),
        Mistake(
            "the history returned as well",
            lambda weights, bias, history, steps: np.concatenate(
                [history, _forecast(weights, bias, history, steps)]
            ),
            "Return the forecasts only, without the values that were known.",
        ),
        Mistake(
            "the last forecast only",
            lambda weights, bias, history, steps: _forecast(weights, bias, history, steps)[-1],
            "Return all forecasts on the way, an array of length `steps`.",
        ),
    ],
    also_correct=[
        _forecast_by_matrix,
        lambda weights, bias, history, steps: _forecast(weights, bias, history, steps).tolist(),
    ],
    hints=[
        "What is the input of the model for the second step ahead, when only the past is known?",
        "Append each forecast to a list of values and take the last p of that list as the next "
        "input.",
        "values.append(np.dot(weights, values[-p:]) + bias), `steps` times.",
    ],
    carry_on="This is free running: a model fed with its own output. An error made early is an "
    "input of everything later.",
)

# --- Exercise 7: the mean that counts nothing -----------------------------------------------------


def _mean_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([[1.0, 3.0, 0.5], [2.0, 0.5, 0.5]]), np.array([2, 1])),
        label="the example of the text",
    )
    yield Case((rng.uniform(1, 2, size=(3, 4)), np.array([4, 4, 4])), label="nothing is padded")
    yield Case((rng.uniform(1, 2, size=(4, 6)), np.array([6, 1, 2, 3])), label="mostly padding")
    yield Case(
        (np.array([[0.0, 3.0, 0.0], [2.0, 0.0, 0.5]]), np.array([3, 1])),
        label="real steps whose loss is 0",
    )
    broken = rng.uniform(1, 2, size=(2, 3))
    broken[1, 2] = np.inf
    yield Case((broken, np.array([3, 2])), label="an infinite loss at a padded step")


def _mean_by_loop(losses, lengths):
    counted = [x for row, n in zip(losses, lengths, strict=True) for x in row[:n]]
    return sum(counted) / len(counted)


def _mean_planted(losses, lengths):
    steps = np.arange(losses.shape[1])
    real = steps < lengths[:, None]
    return np.where(real, losses, 0.0).mean()


def _masked_mean(losses, lengths):
    real = np.arange(losses.shape[1]) < lengths[:, None]
    return np.where(real, losses, 0.0).sum() / real.sum()


def _mean_multiplied(losses, lengths):
    real = np.arange(losses.shape[1]) < lengths[:, None]
    return (losses * real).sum() / real.sum()


def _mean_of_means(losses, lengths):
    return float(np.mean([row[:n].mean() for row, n in zip(losses, lengths, strict=True)]))


def _mean_per_sequence(losses, lengths):
    real = np.arange(losses.shape[1]) < lengths[:, None]
    return np.where(real, losses, 0.0).sum() / len(losses)


def _mean_one_too_many(losses, lengths):
    real = np.arange(losses.shape[1]) <= lengths[:, None]
    return np.where(real, losses, 0.0).sum() / real.sum()


masked_mean = Bug(
    "deep_learning.recurrent_networks.masked_mean",
    title="The mean that counts nothing",
    cases=_mean_cases,
    expected=_mean_by_loop,
    reference=_masked_mean,
    planted=_mean_planted,
    mistakes=[
        Mistake(
            "the padding left in",
            lambda losses, lengths: losses.mean(),
            "Now the losses at padded steps count as well. They must neither be in the sum nor in "
            "the number it is divided by.",
        ),
        Mistake(
            "the mask by multiplication",
            _mean_multiplied,
            "Infinity times zero is not a number. Choose with np.where, or index with the mask.",
        ),
        Mistake(
            "a mean of means",
            _mean_of_means,
            "Here a step of a short sequence weighs more than one of a long sequence. Wanted is "
            "the mean over all real steps.",
        ),
        Mistake(
            "divided by the number of sequences",
            _mean_per_sequence,
            "Divide by the number of real steps, not by the number of sequences.",
        ),
        Mistake(
            "one padded step too many",
            _mean_one_too_many,
            "A sequence of length n has the steps 0 to n − 1: smaller, not smaller or equal.",
        ),
    ],
    also_correct=[
        _mean_by_loop,
        lambda losses, lengths: losses[np.arange(losses.shape[1]) < lengths[:, None]].mean(),
    ],
    hints=[
        "Work out the example by hand. What is the sum, and by what is it divided?",
        "Setting padded losses to zero takes them out of the sum. What does `.mean()` divide by?",
        "Divide the sum by real.sum().",
    ],
    carry_on="The faulty mean is small when the batch holds much padding: its loss then moves with "
    "the lengths of the batch, and so does the size of the gradient.",
)

# --- Exercise 8: a state that was cut off ---------------------------------------------------------

cut_off = Choice(
    "deep_learning.recurrent_networks.cut_off",
    title="A state that was cut off",
    options={
        "a": Option(
            "It cannot know: the state is set to zero every 20 steps.",
            "detach() leaves the numbers as they are. Only the way back for the gradient is cut, "
            "so what was learned otherwise may still be carried on.",
        ),
        "b": Option(
            "It learns it, only more slowly.",
            "No gradient ever leads from the answer to the letter, however long you train: nothing "
            "says that this letter should have been kept.",
        ),
        "c": Option(
            "Forwards the letter can still be in the state, but no gradient tells the network to "
            "keep it.",
            "The state passes on its numbers, so memory reaches further than learning does. The "
            "network keeps such a letter only by luck, or because something nearer rewards it.",
            right=True,
        ),
        "d": Option(
            "It works, and exploding gradients are cured as well.",
            "A shorter chain multiplies fewer factors, but 20 steps can explode too, and the cut "
            "takes away what was to be learned. Against explosion gradients are clipped.",
        ),
    },
    hints=[
        "What does detach() do to the numbers, and what to the graph?",
        "The forward pass is unchanged. Ask which earlier steps can receive a gradient from the "
        "answer.",
    ],
)
