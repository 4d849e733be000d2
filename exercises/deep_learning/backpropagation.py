"""Exercises of the lesson on backpropagation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise, product

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, UnusableError, Value
from utils.display import describe, to_numpy

# --- Exercise 1: weights by hand ------------------------------------------------------------------


def _switch_cases(rng: np.random.Generator) -> Iterator[Case]:
    settings = np.array(list(product((0.0, 1.0), repeat=3)))
    for count, label in enumerate(("all down", "one up", "two up", "all up")):
        yield Case((settings[settings.sum(axis=1) == count],), label=label)


def _lamp(answer: Callable, switches: np.ndarray) -> np.ndarray:
    """The output (n,) of the network that an answer returns, for settings (n, 3)."""
    parts = answer()
    if not isinstance(parts, (tuple, list)) or len(parts) != 3:
        raise UnusableError(
            f"three_switches() is to return three arrays, W, b, v: received {describe(parts)}"
        )
    try:
        W, b, v = (to_numpy(part).astype(float) for part in parts)
    except (TypeError, ValueError) as error:
        raise UnusableError(f"W, b, v are to be arrays of numbers: {error}") from error
    if W.ndim != 2 or len(W) != 3 or b.shape != W.shape[1:] or v.shape != b.shape:
        shapes = f"{W.shape}, {b.shape} and {v.shape}"
        raise UnusableError(f"W, b, v have shapes {shapes}, not (3, hidden), (hidden,), (hidden,)")
    return np.maximum(switches @ W + b, 0.0) @ v


def _three_switches():
    return np.ones((3, 3)), np.array([0.0, -1.0, -2.0]), np.array([1.0, -2.0, 2.0])


def _switch_weights(b: list[float], v: list[float]) -> Callable:
    return lambda: (np.ones((3, len(b))), np.array(b), np.array(v))


three_switches = Function(
    "deep_learning.backpropagation.three_switches",
    title="A lamp with three switches",
    cases=_switch_cases,
    use=_lamp,
    expected=lambda switches: switches.sum(axis=1) % 2,
    reference=_three_switches,
    mistakes=[
        Mistake(
            "the network for two switches",
            _switch_weights([0.0, -1.0], [1.0, -2.0]),
            "With three switches up the line has gone on falling, to −1. A third unit must turn "
            "it upwards again.",
        ),
        Mistake(
            "the last change of slope too small",
            _switch_weights([0.0, -1.0, -2.0], [1.0, -2.0, 1.0]),
            "With all three switches up the output is 0, as with two. If yours is a line over the "
            "number of switches, it is flat from 2 to 3: it falls with slope −1 before that joint "
            "and must climb with slope +1 after it. How large is the change?",
        ),
        Mistake(
            "slopes in the place of changes of slope",
            _switch_weights([0.0, -1.0, -2.0], [1.0, -1.0, 1.0]),
            "The units that are already on stay on. An output weight is therefore the *change* of "
            "the slope at its joint, not the slope behind it.",
        ),
        Mistake(
            "biases with the wrong sign",
            _switch_weights([0.0, 1.0, 2.0], [1.0, -2.0, 2.0]),
            "relu(s + 1) has its joint at s = −1. For a joint at s = 1 the bias is −1.",
        ),
        Mistake(
            "joints one step too late",
            _switch_weights([-1.0, -2.0, -3.0], [1.0, -2.0, 2.0]),
            "Your line leaves zero only after the first switch. The first joint belongs at s = 0, "
            "where the climb begins.",
        ),
        Mistake(
            "on whenever any switch is up",
            _switch_weights([0.0, -1.0], [1.0, -1.0]),
            "Your line climbs to 1 and stays there. With two switches up the lamp is to be off "
            "again: after the second joint the line must fall.",
        ),
        Mistake(
            "the number of switches that are up",
            _switch_weights([0.0], [1.0]),
            "This counts the switches. Two up must give 0: bend the line down again at s = 1.",
        ),
        Mistake(
            "1 and 0 exchanged",
            lambda: (
                np.hstack([np.zeros((3, 1)), np.ones((3, 3))]),
                np.array([1.0, 0.0, -1.0, -2.0]),
                np.array([1.0, -1.0, 2.0, -2.0]),
            ),
            "The lamp is on for an even number of switches here. All switches down must give 0.",
        ),
    ],
    also_correct=[
        lambda: ([[2, 2, 2]] * 3, [0, -2, -4], [0.5, -1, 1]),
        lambda: (np.ones((3, 4)), np.array([0, -1, -2, -3]), np.array([1, -2, 2, -7])),
        lambda: (np.ones((3, 3), dtype=np.float32), np.array([0, -1, -2]), np.array([1, -2, 2])),
    ],
    hints=[
        "Only the number s of switches that are up matters: give every switch weight 1 and think "
        "of a function of s that is 0, 1, 0, 1 at s = 0, 1, 2, 3.",
        "Draw that zigzag. Each hidden unit relu(s − c) bends the line at s = c; where are the "
        "three joints?",
        "The slopes are +1, −1, +1. The output weights are the changes: from 0 to +1, from +1 to "
        "−1, from −1 to +1.",
    ],
    carry_on="n switches need n joints in one hidden layer. Further down, layers that fold do "
    "the same with far fewer units.",
)

# --- Exercise 2: a value used twice ---------------------------------------------------------------


def _used_twice_by_autograd() -> float:
    import torch

    a, b = torch.tensor(3.0, requires_grad=True), torch.tensor(4.0)
    loss = (a * b + a) ** 2
    return float(torch.autograd.grad(loss, a)[0])


used_twice = Value(
    "deep_learning.backpropagation.used_twice",
    title="A value used twice",
    expected=_used_twice_by_autograd,
    tolerance=0.001,
    reference=2 * 15 * (4 + 1),
    mistakes=[
        Mistake(
            "only the path through the product",
            2 * 15 * 4,
            "a is used twice: in the product and once more in the sum. Add what arrives on the "
            "second path.",
        ),
        Mistake(
            "only the direct path",
            2 * 15 * 1,
            "30 is ∂L/∂s, and as much reaches a over the sum. The product a·b depends on a too; "
            "add its part.",
        ),
        Mistake(
            "the 2 of the square forgotten",
            15 * 5,
            "The paths are added rightly. The derivative of s² is 2s.",
        ),
        Mistake(
            "the derivative with respect to b",
            2 * 15 * 3,
            "This is the answer for b, which is used once, with local derivative a. Asked is a.",
        ),
        Mistake(
            "the derivative of s instead of L",
            5,
            "This is ∂s/∂a. The chain goes on to L = s²: multiply by ∂L/∂s.",
        ),
        Mistake(
            "the value of s",
            15,
            "This is s = ab + a, computed forwards. Now walk back: begin with ∂L/∂s = 2s.",
        ),
        Mistake(
            "the two parts squared each for itself",
            2 * 3 * 4**2 + 2 * 3,
            "This is the derivative of (ab)² + a². The sum stands inside the square: L = s² with "
            "s = ab + a.",
        ),
        Mistake("the value of L", 225, "This is L itself. Now walk back: begin with ∂L/∂s = 2s."),
    ],
    also_correct=[150, np.float32(150.0), np.array(150.0)],
    hints=[
        "Write s = p + a with p = a·b, and L = s². Which arrows leave a?",
        "∂L/∂s = 2s = 30. One path from s to a is direct, the other goes through p.",
        "The direct path contributes 30 · 1, the one through the product 30 · b.",
    ],
    carry_on="Wherever a value is used several times, gradients add up: weights shared by a "
    "convolution, a state used at every time step, a skip connection.",
)

# --- Exercise 3: the backward pass of a layer with a skip connection ------------------------------


def _skip_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([[1.0, 2.0]]), np.array([[1.0, -1.0], [1.0, 0.0]]), np.array([[10.0, 1.0]])),
        label="the example of the text",
    )
    yield Case(
        tuple(rng.normal(size=shape).round(1) for shape in ((4, 3), (3, 3), (4, 3))),
        label="4 rows, 3 units",
    )
    yield Case(
        tuple(rng.normal(size=shape).round(1) for shape in ((2, 2), (2, 2), (2, 2))),
        label="as many rows as units",
    )
    yield Case(
        (
            np.array([[1.0, 1.0], [2.0, -1.0], [0.0, 3.0]]),
            np.array([[1.0, 2.0], [-1.0, 4.0]]),
            np.array([[5.0, 1.0], [2.0, 3.0], [-4.0, 6.0]]),
        ),
        label="Z exactly 0 in two places",
    )
    yield Case(
        (rng.uniform(1, 2, size=(2, 2)), -np.ones((2, 2)), rng.normal(size=(2, 2))),
        label="every ReLU is off",
    )
    yield Case(
        (rng.uniform(1, 2, size=(3, 2)), np.array([[1.0, 2.0], [0.5, 1.0]]), np.ones((3, 2))),
        label="every ReLU is on",
    )


def _skip_by_autograd(X, W, dY):
    import torch

    X, W, dY = (torch.tensor(part, dtype=torch.float64) for part in (X, W, dY))
    X.requires_grad_(True)
    W.requires_grad_(True)
    dX, dW = torch.autograd.grad(X + torch.relu(X @ W), (X, W), grad_outputs=dY)
    return dX.numpy(), dW.numpy()


def _skip_backward(X, W, dY):
    dZ = dY * (X @ W > 0)
    return dY + dZ @ W.T, X.T @ dZ


def _skip_by_rows(X, W, dY):
    dX, dW = np.array(dY, dtype=float), np.zeros_like(W)
    for x, dy, dx in zip(X, dY, dX, strict=True):
        for j in range(W.shape[1]):
            if x @ W[:, j] > 0:
                dx += dy[j] * W[:, j]
                dW[:, j] += dy[j] * x
    return [dX, dW]


def _masked(X, W, dY):
    return dY * (X @ W > 0)


def _mask_after_the_product(X, W, dY):
    return dY + (dY @ W.T) * (X @ W > 0), X.T @ _masked(X, W, dY)


def _mask_of_the_input(X, W, dY):
    dZ = dY * (X > 0)
    return dY + dZ @ W.T, X.T @ dZ


def _from_the_changed_gradient(X, W, dY):
    dX, _ = _skip_backward(X, W, dY)
    return dX, X.T @ _masked(X, W, dX)


def _on_at_zero(X, W, dY):
    dZ = dY * (X @ W >= 0)
    return dY + dZ @ W.T, X.T @ dZ


def _skip_in_single_precision(X, W, dY):
    import torch

    X, W, dY = (torch.from_numpy(part).float() for part in (X, W, dY))
    dZ = torch.where(X @ W > 0, dY, 0.0)
    return dY + dZ @ W.T, X.T @ dZ


def _mask_of_the_output(X, W, dY):
    dZ = dY * (X + np.maximum(X @ W, 0) > 0)
    return dY + dZ @ W.T, X.T @ dZ


def _value_for_slope(X, W, dY):
    dZ = dY * np.maximum(X @ W, 0)
    return dY + dZ @ W.T, X.T @ dZ


skip_backward = Function(
    "deep_learning.backpropagation.skip_backward",
    title="The way back through a skip connection",
    cases=_skip_cases,
    expected=_skip_by_autograd,
    reference=_skip_backward,
    rtol=1e-5,  # matrix products in single precision
    atol=1e-6,
    mistakes=[
        Mistake(
            "the skip connection forgotten",
            lambda X, W, dY: (_masked(X, W, dY) @ W.T, X.T @ _masked(X, W, dY)),
            "X is used twice: inside the ReLU and once more as it is. The gradient of the second "
            "use, dY itself, must be added to dX.",
        ),
        Mistake(
            "the ReLU forgotten",
            lambda X, W, dY: (dY + dY @ W.T, X.T @ dY),
            "Where X @ W is not positive the ReLU passes nothing forward, and so nothing back: "
            "multiply by the mask first.",
        ),
        Mistake(
            "W not transposed",
            lambda X, W, dY: (dY + _masked(X, W, dY) @ W, X.T @ _masked(X, W, dY)),
            "W is square here, so the shapes do not complain. On the way back the roles of rows "
            "and columns are exchanged: Wᵀ.",
        ),
        Mistake(
            "dW transposed",
            lambda X, W, dY: (
                dY + _masked(X, W, dY) @ W.T,
                _masked(X, W, dY).T @ X,
            ),
            "W[i, j] connects input i with unit j, so dW[i, j] = Σ over the rows of X[n, i] · "
            "dZ[n, j]: the inputs come first.",
        ),
        Mistake(
            "the skip connection masked too",
            lambda X, W, dY: (
                _masked(X, W, dY) + _masked(X, W, dY) @ W.T,
                X.T @ _masked(X, W, dY),
            ),
            "The mask belongs to the ReLU only. Along the skip connection dY arrives unchanged, "
            "and that is what skip connections are good for.",
        ),
        Mistake(
            "the mean over the rows",
            lambda X, W, dY: (
                dY + _masked(X, W, dY) @ W.T,
                X.T @ _masked(X, W, dY) / len(X),
            ),
            "Each row of X contributes to dW and the contributions add up. If the loss is a mean, "
            "its 1/n is already inside dY.",
        ),
        Mistake(
            "the mask taken from Y",
            _mask_of_the_output,
            "The ReLU sees X @ W, not Y = X + relu(X @ W). Take the mask where the ReLU stands.",
        ),
        Mistake(
            "the mask taken from X",
            _mask_of_the_input,
            "The ReLU sees X @ W, not X. Take the mask where the ReLU stands.",
        ),
        Mistake(
            "the ReLU's value in the place of its slope",
            _value_for_slope,
            "dY is multiplied by relu(Z) here. On the way back counts how steep the ReLU is at Z: "
            "1 where Z is positive, 0 elsewhere.",
        ),
        Mistake(
            "the mask behind the product with W",
            _mask_after_the_product,
            "On the way forward the ReLU comes after W, so on the way back the mask comes before "
            "it: first dZ = dY * mask, then dZ @ W.T.",
        ),
        Mistake(
            "passed back where Z is exactly 0",
            _on_at_zero,
            "At exactly 0 the derivative of the ReLU counts as 0 here, as in PyTorch: the mask is "
            "Z > 0.",
        ),
        Mistake(
            "X in the place of dY",
            lambda X, W, dY: (X + _masked(X, W, dY) @ W.T, X.T @ _masked(X, W, dY)),
            "Forwards the skip connection adds X. Backwards it adds what arrives: dY.",
        ),
        Mistake(
            "the ReLU forgotten in dW",
            lambda X, W, dY: (_skip_backward(X, W, dY)[0], X.T @ dY),
            "Where X @ W is not positive no gradient reaches W either: dW = X.T @ dZ, with the "
            "masked dZ.",
        ),
        Mistake(
            "the ReLU forgotten in dX",
            lambda X, W, dY: (dY + dY @ W.T, _skip_backward(X, W, dY)[1]),
            "Where X @ W is not positive no gradient comes back through W: dX = dY + dZ @ W.T, "
            "with the masked dZ.",
        ),
        Mistake(
            "dX in the place of dY in dW",
            _from_the_changed_gradient,
            "dW needs dY as it arrived. Here dX stands in its place. (`dX = dY` makes no copy: a "
            "`dX += …` behind it changes dY too.)",
        ),
        Mistake(
            "dW and dX exchanged",
            lambda X, W, dY: _skip_backward(X, W, dY)[::-1],
            "Both are right, in the other order. The pair is (dX, dW).",
        ),
    ],
    also_correct=[_skip_by_rows, _skip_by_autograd, _skip_in_single_precision],
    hints=[
        "Name the steps: Z = X @ W, H = relu(Z), Y = X + H. Walk back: dH, dZ, then dX and dW.",
        "dH = dY, and dZ = dY * (Z > 0).",
        "dW = X.T @ dZ. dX has two parts: dZ @ W.T from the product, dY from the sum.",
    ],
    carry_on="The summand dY reaches the input whatever W is: with skip connections a gradient "
    "finds its way through a hundred layers.",
)

# --- Exercise 4: find the bug in the order --------------------------------------------------------


def _graph_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(([[], [0], [1]], [[], [3.0], [-2.0]]), label="a chain")
    yield Case(([[], [0], [1], [2]], [[], [0.5], [-1.5], [0.25]]), label="a chain of small slopes")
    yield Case(([[], [0, 0]], [[], [3.0, 3.0]]), label="x · x at x = 3")
    yield Case(
        ([[], [0], [0], [1, 2]], [[], [2.0], [5.0], [1.0, 1.0]]), label="two paths of equal length"
    )
    yield Case(
        ([[], [0], [1], [2], [1, 3]], [[], [2.0], [3.0], [4.0], [1.0, 1.0]]),
        label="a short path and a long one",
    )
    yield Case(
        ([[], [0], [1], [2], [3, 1]], [[], [2.0], [3.0], [4.0], [5.0, 6.0]]),
        label="the same paths, named in the other order",
    )
    yield Case(
        ([[], [], [0, 1], [0], [2, 2]], [[], [], [2.0, 3.0], [7.0], [1.0, 4.0]]),
        label="node 3 is not used",
    )
    yield Case(
        (
            [[], [0], [0, 1], [1, 2], [3, 2], [4, 3]],
            [[], [2.0], [1.0, 3.0], [2.0, 1.0], [3.0, 2.0], [1.0, 2.0]],
        ),
        label="short cuts one behind the other",
    )
    yield Case(
        (
            [[], [0], [1], [2], [3], [1, 4], [3, 5]],
            [[], [2.0], [3.0], [1.0], [2.0], [1.0, 3.0], [1.0, 2.0]],
        ),
        label="two short cuts that overlap",
    )
    parents: list[list[int]] = [[]]
    for node in range(1, 9):
        count = min(node, int(rng.integers(1, 4)))
        parents.append(sorted(int(k) for k in rng.choice(node, size=count, replace=False)))
    slopes = [[float(rng.integers(-3, 4)) for _ in chosen] for chosen in parents]
    yield Case((parents, slopes), label="a random graph")


def _sum_over_paths(parents, slopes):
    """The definition: the product of the slopes along each path, summed over all paths."""
    last = len(parents) - 1
    totals = [0.0] * len(parents)

    def walk(node: int, product_so_far: float) -> None:
        totals[node] += product_so_far
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            walk(parent, product_so_far * slope)

    walk(last, 1.0)
    return totals


def _gradients(parents, slopes):
    gradient = [0.0] * len(parents)
    gradient[-1] = 1.0
    for node in reversed(range(len(parents))):
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            gradient[parent] += gradient[node] * slope
    return gradient


def _gradients_draw(rng: np.random.Generator) -> tuple:
    count = int(rng.integers(2, 8))
    parents = [
        rng.integers(node, size=rng.integers(1, 4)).tolist() if node else []
        for node in range(count)
    ]
    return parents, [rng.normal(size=len(chosen)).tolist() for chosen in parents]


def _gradients_requeued(parents, slopes):
    """A queue in which a node that receives again moves to the end, sent or not."""
    gradient = [0.0] * len(parents)
    gradient[-1] = 1.0
    queue = [len(parents) - 1]
    while queue:
        node = queue.pop(0)
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            gradient[parent] += gradient[node] * slope
            if parent in queue:
                queue.remove(parent)
            queue.append(parent)
    return gradient


def _gradients_by_distance(parents, slopes):
    """Nodes send in the order of their shortest way to the result."""
    last = len(parents) - 1
    distance = {last: 0}
    queue = [last]
    for node in queue:
        for parent in parents[node]:
            if parent not in distance:
                distance[parent] = distance[node] + 1
                queue.append(parent)
    gradient = [0.0] * last + [1.0]
    for node in sorted(distance, key=lambda node: (distance[node], node)):
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            gradient[parent] += gradient[node] * slope
    return gradient


def _gradients_when_complete(parents, slopes):
    """Another route: count the uses of every node, send when all of them have sent."""
    uses = [0] * len(parents)
    for chosen in parents:
        for parent in chosen:
            uses[parent] += 1
    gradient = [0.0] * (len(parents) - 1) + [1.0]
    ready = [node for node, count in enumerate(uses) if count == 0]
    while ready:
        node = ready.pop()
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            gradient[parent] += gradient[node] * slope
            uses[parent] -= 1
            if uses[parent] == 0:
                ready.append(parent)
    return gradient


def _gradients_once_per_pair(parents, slopes):
    gradient = [0.0] * len(parents)
    gradient[-1] = 1.0
    for node in reversed(range(len(parents))):
        for parent, slope in dict(zip(parents[node], slopes[node], strict=True)).items():
            gradient[parent] += gradient[node] * slope
    return gradient


def _gradients_without_start(parents, slopes):
    gradient = _gradients(parents, slopes)
    gradient[-1] = 0.0
    return gradient


def _gradients_by_queue(parents, slopes):
    gradient = [0.0] * len(parents)
    gradient[-1] = 1.0
    queue, seen = [len(parents) - 1], set()
    while queue:
        node = queue.pop(0)
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            gradient[parent] += gradient[node] * slope
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)
    return gradient


def _gradients_depth_first(parents, slopes):
    gradient = [0.0] * len(parents)
    gradient[-1] = 1.0
    stack, seen = [len(parents) - 1], set()
    while stack:
        node = stack.pop()
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            gradient[parent] += gradient[node] * slope
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return gradient


def _gradients_sent_again(parents, slopes):
    gradient = [0.0] * len(parents)
    gradient[-1] = 1.0
    queue = [len(parents) - 1]
    while queue:
        node = queue.pop(0)
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            gradient[parent] += gradient[node] * slope
            queue.append(parent)
    return gradient


def _gradients_overwritten(parents, slopes):
    gradient = [0.0] * len(parents)
    gradient[-1] = 1.0
    for node in reversed(range(len(parents))):
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            gradient[parent] = gradient[node] * slope
    return gradient


def _gradients_forwards(parents, slopes):
    gradient = [0.0] * len(parents)
    gradient[-1] = 1.0
    for node in range(len(parents)):
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            gradient[parent] += gradient[node] * slope
    return gradient


def _gradients_local_only(parents, slopes):
    gradient = [0.0] * len(parents)
    gradient[-1] = 1.0
    for node in reversed(range(len(parents))):
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            gradient[parent] += slope
    return gradient


def _gradients_from_children(parents, slopes):
    matrix = np.zeros((len(parents), len(parents)))
    for node, (chosen, steps) in enumerate(zip(parents, slopes, strict=True)):
        for parent, slope in zip(chosen, steps, strict=True):
            matrix[parent, node] += slope
    start = np.zeros(len(parents))
    start[-1] = 1.0
    return np.linalg.solve(np.eye(len(parents)) - matrix, start)


_NODE_0 = "Node 0 was computed from no other node, so it sends nothing."

gradients = Bug(
    "deep_learning.backpropagation.gradients",
    title="Find the bug: sent on too early",
    cases=_graph_cases,
    expected=_sum_over_paths,
    reference=_gradients,
    planted=_gradients_by_queue,
    mistakes=[
        Mistake(
            "sent on again and again",
            _gradients_sent_again,
            "Now a node passes on its *whole* gradient each time something arrives, so the early "
            "part is counted several times. Each node must send once, when it is complete.",
        ),
        Mistake(
            "sent a second time when more arrives",
            _gradients_requeued,
            "A node that waits in the queue moves to its end now, but one that has sent already "
            "sends its *whole* gradient again when more arrives. Each must send once, when it is "
            "complete.",
        ),
        Mistake(
            "sent too early, in another order",
            _gradients_by_distance,
            "A node that is near the result still sends before a longer path has reached it. It "
            "may send only after *all* nodes that use it have sent.",
        ),
        Mistake(
            "two uses by the same node counted once",
            _gradients_once_per_pair,
            "In x · x the node x is used twice by *one* node, with a slope for each use. Both "
            "count.",
        ),
        Mistake(
            "no gradient at the result itself",
            _gradients_without_start,
            "The derivative of the result with respect to itself is 1, and that is where the way "
            "back begins.",
        ),
        Mistake(
            "depth first in the place of breadth first",
            _gradients_depth_first,
            "Taking the newest node instead of the oldest changes which graphs fail, not that "
            "some fail. A node may send only after *all* nodes that use it have sent.",
        ),
        Mistake(
            "overwritten instead of added",
            _gradients_overwritten,
            "The order is right now, but only what arrived last is kept. A value used twice "
            "receives from both uses: add them up.",
        ),
        Mistake(
            "from the first node to the last",
            _gradients_forwards,
            "Gradients travel from the output back to the inputs: the nodes must be visited in "
            "reversed order.",
        ),
        Mistake(
            "the gradient of the node forgotten",
            _gradients_local_only,
            "You add up local derivatives. The chain rule multiplies each by the gradient of the "
            "node it leads to.",
        ),
    ],
    also_correct=[
        _gradients_from_children,
        _gradients_when_complete,
        lambda p, s: np.array(_gradients(p, s)),
        lambda p, s: np.array(_gradients(p, s), dtype=np.float32),
    ],
    equal_mutants={
        "for node in reversed(range(len(parents))) → "
        "for node in list(reversed(range(len(parents))))[:-1]": _NODE_0,
        "reversed(range(len(parents))) → reversed(range(1, len(parents)))": _NODE_0,
    },
    draw=_gradients_draw,
    hints=[
        "Draw the case “a short path and a long one”. In which order does the queue visit the "
        "nodes, and what has node 1 received when it sends?",
        "Node 1 is used by node 2 and by node 4. It must wait for both.",
        "The nodes are numbered in the order of computation. Which order makes sure that every "
        "node comes after all nodes that use it?",
    ],
    carry_on="On chains and on plain layered networks the faulty version is right, so a test on "
    "those finds nothing: test with paths of different lengths.",
)

# --- Exercise 5: how many parameters? -------------------------------------------------------------


def _parameters_by_library() -> int:
    from torch import nn

    model = nn.Sequential(
        nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10)
    )
    return sum(parameter.numel() for parameter in model.parameters())


parameter_count = Value(
    "deep_learning.backpropagation.parameter_count",
    title="How many numbers are learned?",
    expected=_parameters_by_library,
    tolerance=0.5,
    reference=784 * 100 + 100 + 100 * 50 + 50 + 50 * 10 + 10,
    mistakes=[
        Mistake(
            "no biases",
            784 * 100 + 100 * 50 + 50 * 10,
            "These are the weights. Every unit has a bias as well: 100, 50 and 10 more.",
        ),
        Mistake(
            "no biases in the output layer",
            784 * 100 + 100 + 100 * 50 + 50 + 50 * 10,
            "The ten output units have biases too.",
        ),
        Mistake(
            "only the first layer has weights",
            784 * 100 + 100 + 50,
            "You stopped after the first layer of weights. The layers from 100 to 50 and from 50 "
            "to 10 have weights too.",
        ),
        Mistake(
            "one bias a layer",
            784 * 100 + 100 * 50 + 50 * 10 + 3,
            "Each *unit* has its own bias, not each layer.",
        ),
        Mistake(
            "units counted instead of connections",
            100 + 50 + 10,
            "This is the number of units. Each has one weight per input and a bias.",
        ),
        Mistake(
            "28 inputs instead of 784",
            29 * 100 + 101 * 50 + 51 * 10,
            "A picture of 28×28 has 784 pixels, and each is an input.",
        ),
        Mistake(
            "biases of the inputs too",
            784 * 100 + 100 * 50 + 50 * 10 + 784 + 100 + 50 + 10,
            "The 784 inputs are given numbers; only computed units have a bias.",
        ),
    ],
    also_correct=[84_060.0, np.int64(84_060)],
    hints=[
        "Each layer has (inputs × units) weights and one bias per unit.",
        "The layers lead from 784 to 100, from 100 to 50, from 50 to 10.",
        "That is 785 · 100 + 101 · 50 + 51 · 10.",
    ],
    carry_on="More than nine tenths sit in the first layer, because it is connected with every "
    "pixel. Convolution will share those weights.",
)

# --- Exercise 6: count the pieces -----------------------------------------------------------------


def _piece_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(w, b, v, label):
        return Case((np.array(w, float), np.array(b, float), np.array(v, float)), label=label)

    yield case([1, -1], [0, 0], [1, 1], "the example of the text, |x|")
    yield case([1, 1, 1], [0, -1, -2], [1, -2, 2], "three joints")
    yield case([1, 2, 1], [-1, -2, -3], [1, 1, 1], "two units share a joint")
    yield case([1, 0, -1], [0, 1, 2], [1, 5, 1], "a unit that does not see x")
    yield case([0, 0], [1, 0], [1, 5], "no unit sees x")
    yield case([1, 1], [0, -1], [1, 0], "a unit that the output ignores")
    yield case([1, 2], [-2, 1], [0, 0], "the output ignores every unit")
    yield case([0.001, 1], [-2, 0], [1, 1], "a flat unit, its joint at 2000")
    yield case([1, 2], [-3000, 2], [1, 1], "a joint at 3000")
    yield case([1 / 1024, 1], [-3 / 1024, 0], [1, 1], "a flat unit, its joint at 3")
    yield case([1, 1, -1], [0, -1 / 1024, 3], [1, 1, 1], "two joints close together")
    yield case([1, 1], [0, -1 / 4096], [1, 1], "two joints closer still, 1/4096 apart")
    yield case([1, 1], [-3000, -3000.0078125], [1, 1], "two joints far out, 1/128 apart")
    yield case([2, -4, 1], [1, -2, -5], [1, 1, 0.5], "joints below 0, one of them shared")
    yield case([1, -1], [0, 0], [1, -1], "relu(x) − relu(−x) = x")
    yield case([1, -1], [-1, 1], [2, 2], "2 relu(x − 1) + 2 relu(1 − x) = 2 |x − 1|")
    yield case([1, 2, -1], [-1, -2, 3], [2, -1, 1], "two that cancel, one that stays")
    w, b, v = (rng.integers(-3, 4, size=12) for _ in range(3))
    yield case(w, b, v, "twelve random units")


def _pieces_by_slopes(w, b, v):
    w, b, v = ([Fraction(float(number)) for number in part] for part in (w, b, v))
    joints = sorted({-bias / weight for weight, bias in zip(w, b, strict=True) if weight})
    if not joints:
        return 1
    middles = [(low + high) / 2 for low, high in pairwise(joints)]
    inside = [joints[0] - 1, *middles, joints[-1] + 1]
    slopes = [
        sum(
            out * weight for weight, bias, out in zip(w, b, v, strict=True) if weight * x + bias > 0
        )
        for x in inside
    ]
    return 1 + sum(one != other for one, other in pairwise(slopes))


def _pieces(w, b, v):
    change = {}
    for weight, bias, out in zip(w.tolist(), b.tolist(), v.tolist(), strict=True):
        if weight != 0:
            joint = -bias / weight
            change[joint] = change.get(joint, 0.0) + out * abs(weight)
    return 1 + sum(total != 0 for total in change.values())


def _pieces_draw(rng: np.random.Generator) -> tuple:
    return tuple(rng.integers(-3, 4, size=(3, rng.integers(1, 7))).astype(float))


def _pieces_with_room(w, b, v):
    """Another route: equal joints and vanishing changes, both up to rounding."""
    sees = w != 0
    joints, size = -b[sees] / w[sees], np.abs(w[sees]) * v[sees]
    distinct = np.unique(joints.round(9) + 0.0)
    return 1 + sum(abs(size[np.isclose(joints, at, rtol=0)].sum()) > 1e-9 for at in distinct)


def _pieces_in_single_precision(w, b, v):
    w, b, v = (part.astype(np.float32) for part in (w, b, v))
    return _pieces(w, b, v)


def _pieces_seen_nearby(w, b, v):
    near = np.abs(b) <= 10 * np.abs(w)  # a joint at −b/w between −10 and 10
    return _pieces(w[near], b[near], v[near])


def _joints(w, b, v, keep):
    return {-b[i] / w[i] for i in range(len(w)) if w[i] != 0 and keep(i)}


def _pieces_divided_by_zero(w, b, v):
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 + len(np.unique(-b / w))


def _pieces_signed(w, b, v):
    change = {}
    for weight, bias, out in zip(w, b, v, strict=True):
        if weight != 0:
            change[-bias / weight] = change.get(-bias / weight, 0.0) + out * weight
    return 1 + sum(abs(total) > 1e-9 for total in change.values())


pieces = Function(
    "deep_learning.backpropagation.pieces",
    title="Count the pieces",
    cases=_piece_cases,
    expected=_pieces_by_slopes,
    reference=_pieces,
    mistakes=[
        Mistake(
            "the upper bound",
            lambda w, b, v: len(w) + 1,
            "D + 1 is the largest number possible. Units without weight, shared joints and "
            "bends that cancel make it smaller.",
        ),
        Mistake(
            "one joint per unit that matters",
            lambda w, b, v: 1 + int(np.sum((w != 0) & (v != 0))),
            "Two units can have their joint at the same place. That place counts once.",
        ),
        Mistake(
            "every unit that sees x, shared joints counted twice",
            lambda w, b, v: 1 + int(np.sum(w != 0)),
            "Two units can have their joint at the same place, and a unit with output weight 0 "
            "bends nothing.",
        ),
        Mistake(
            "a joint for units that do not see x",
            _pieces_divided_by_zero,
            "A unit with w = 0 is constant: it has no joint, and −b/w is infinite or NaN. Leave "
            "such units out before you divide. (And the output weights matter too.)",
        ),
        Mistake(
            "the output weights ignored",
            lambda w, b, v: 1 + len(_joints(w, b, v, lambda i: True)),
            "These are the places where some unit switches. The output bends there only if the "
            "slope changes, and that depends on v.",
        ),
        Mistake(
            "bends that cancel are counted",
            lambda w, b, v: 1 + len(_joints(w, b, v, lambda i: v[i] != 0)),
            "relu(x) − relu(−x) is the straight line x: two bends at the same place can cancel. "
            "Add up the changes of slope before you count.",
        ),
        Mistake(
            "the change of slope with the wrong sign",
            _pieces_signed,
            "A unit with w < 0 switches *off* at its joint: the slope changes from v·w to 0, by "
            "−v·w. In both cases the change is v·|w|.",
        ),
        Mistake(
            "no piece beyond joints far out",
            _pieces_seen_nearby,
            "The whole line counts. A joint lies at −b/w, and that may be 2000.",
        ),
        Mistake(
            "one more than the units that the output does not ignore",
            lambda w, b, v: 1 + int(np.sum(v != 0)),
            "Some of the units that the output does not ignore may not see x, share a joint, or "
            "cancel.",
        ),
        Mistake(
            "one piece too few",
            lambda w, b, v: _pieces(w, b, v) - 1,
            "n joints make n + 1 pieces: one joint makes two. (Where only some cases are wrong, a "
            "joint has been missed there.)",
        ),
    ],
    also_correct=[
        _pieces_by_slopes,
        _pieces_with_room,
        _pieces_in_single_precision,
        lambda w, b, v: np.int64(_pieces(w, b, v)),
        lambda w, b, v: float(_pieces(w, b, v)),
    ],
    equal_mutants={
        "joint = -bias / weight → joint = bias / weight": "Mirrored at x = 0 there are as many "
        "pieces.",
        "change.get(joint, 0.0) + out * abs(weight) → "
        "change.get(joint, 0.0) - out * abs(weight)": "The negative of the function has as many "
        "pieces.",
    },
    draw=_pieces_draw,
    hints=[
        "Unit i bends at x = −b/w. When does it not bend at all?",
        "Going from left to right over the joint, the slope changes by v·w if w > 0 (the unit "
        "switches on) and by −v·w if w < 0 (it switches off).",
        "Collect the changes v·|w| in a dictionary with the joint as key, and count the joints "
        "whose total is not zero.",
    ],
    carry_on="So D + 1 is a bound, and trained networks often stay below it: units die, or share "
    "a joint.",
)

# --- Exercise 7: all weights equal ----------------------------------------------------------------

equal_start = Choice(
    "deep_learning.backpropagation.equal_start",
    title="All weights equal",
    options={
        "a": Option(
            "Training works as usual: each hidden unit soon finds a task of its own.",
            "What could make two units different? They receive the same inputs, have the same "
            "weights and send into the same weights: compare their gradients.",
        ),
        "b": Option(
            "Nothing moves, because every gradient is zero.",
            "That is what happens if all weights are *zero*. With 0.1 the hidden units are on for "
            "some inputs and their gradients are not zero; but look at whether they differ.",
        ),
        "c": Option(
            "The loss becomes NaN after a few steps.",
            "Nothing here grows without bound. Equal weights are harmless as numbers; the trouble "
            "is that they stay equal.",
        ),
        "d": Option(
            "The hidden units stay equal to each other for ever.",
            "Equal units receive equal gradients, so each step keeps them equal: 32 units do the "
            "work of one. Random starting values exist to break this symmetry.",
            right=True,
        ),
    },
    hints=[
        "Write down dW for two hidden units with the same weights in and out. What differs?",
        "Column j of dW₁ is Xᵀ dz_j with dz_j = (dlogits @ W₂ᵀ)_j · (z_j > 0). For equal units all "
        "of it is equal.",
    ],
)
