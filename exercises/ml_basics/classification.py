"""Exercises of the lesson on classification."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: what a weight means --------------------------------------------------------------


def _odds_by_sigmoid() -> float:
    from scipy.special import expit, logit

    return float(expit(logit(0.2) + 3 * np.log(2)))


odds_by_hand = Value(
    "ml_basics.classification.odds_by_hand",
    title="What a weight of ln 2 does",
    expected=_odds_by_sigmoid,
    tolerance=0.005,
    reference=2 / 3,
    mistakes=[
        Mistake(
            "the odds, not the probability",
            2.0,
            "The odds are right: 1 to 4 doubled three times is 2 to 1. A probability is odds "
            "divided by (1 + odds).",
        ),
        Mistake(
            "the probability multiplied instead of the odds",
            1.6,
            "Doubling a probability three times leads above 1. It is the odds that double with "
            "every unit.",
        ),
        Mistake(
            "one unit instead of three",
            1 / 3,
            "This is right for one unit more. Every further unit doubles the odds again.",
        ),
        Mistake(
            "the odds multiplied by 3·2 instead of 2·2·2",
            0.6,
            "Units add up in the exponent: e^(3·ln 2) is 2³. Three doublings make 8, not 6.",
        ),
        Mistake(
            "the old probability forgotten",
            8 / 9,
            "This is the sigmoid of 3·ln 2 alone, which starts from odds of 1 to 1. Start from the "
            "first tumour's odds.",
        ),
        Mistake(
            "the weight added to the probability",
            0.2 + 3 * np.log(2),
            "The weighted sum is a log-odds, not a probability: go to the odds, change them, and "
            "come back.",
        ),
    ],
    also_correct=[np.float32(2 / 3), 0.667, 1 / (1 + 1 / 2)],
    hints=[
        "Write the first probability as odds: harmful to harmless, 1 to …",
        "One unit more adds ln 2 to the log-odds. What does that do to the odds?",
        "Double the odds three times, then return: probability = odds / (1 + odds).",
    ],
    carry_on="The same three units lift 0.001 to about 0.008 and 0.9 to about 0.986: a weight "
    "multiplies odds, so what it does to a probability depends on where it starts.",
)

# --- Exercise 2: cross-entropy from logits --------------------------------------------------------


def _cross_entropy_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0.0, np.log(3.0)]]), np.array([1])), label="the example of the text")
    yield Case((np.zeros((4, 3)), np.array([0, 1, 2, 2])), label="all logits equal")
    yield Case((rng.normal(size=(6, 4)), rng.integers(0, 4, size=6)), label="six random rows")
    yield Case((np.array([[1000.0, 1002.0, 1005.0]]), np.array([2])), label="large logits")
    yield Case(
        (np.array([[0.0, 1.0, 2.0], [900.0, 901.0, 902.0]]), np.array([0, 1])),
        label="one row small, one row large",
    )
    yield Case((np.array([[0.0, 800.0], [3.0, 1.0]]), np.array([0, 0])), label="confidently wrong")
    yield Case((np.array([[0.0, 800.0], [3.0, 1.0]]), np.array([1, 1])), label="confidently right")
    yield Case(
        (np.array([[0.0, 0.0, 0.0, 1000.0]]), np.array([0])),
        label="one logit far above all others",
    )
    yield Case(
        (np.array([[0.0, 1000.0, -3.0, 5.0]]), np.array([1])),
        label="the largest logit in the middle of its row",
    )
    yield Case(
        (np.array([[2.0, 722.0], [0.0, 1.0]]), np.array([0, 0])),
        label="a probability that is just above 0 on a computer",
    )
    yield Case(
        (np.array([[-1000.0, -1001.0, -1003.0], [0.5, 0.0, 0.2]]), np.array([1, 2])),
        label="logits far below 0",
    )


def _cross_entropy_by_library(logits, labels):
    import torch

    logits, labels = torch.tensor(logits, dtype=torch.float64), torch.tensor(labels)
    return torch.nn.functional.cross_entropy(logits, labels).item()


def _cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return np.mean(log_sum - shifted[np.arange(len(labels)), labels])


def _cross_entropy_by_rows(logits, labels):
    from scipy.special import logsumexp

    losses = [logsumexp(row) - row[label] for row, label in zip(logits, labels, strict=True)]
    return sum(losses) / len(losses)


def _cross_entropy_in_torch(logits, labels):
    import torch

    chosen = torch.log_softmax(torch.tensor(logits), dim=1)[range(len(labels)), labels]
    return -chosen.mean()


def _softmax(logits, axis=1):
    shifted = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def _true(table, labels):
    return table[np.arange(len(labels)), labels]


def _naive(logits, labels):
    powers = np.exp(logits)
    return -np.mean(np.log(_true(powers / powers.sum(axis=1, keepdims=True), labels)))


def _log_of_softmax(logits, labels):
    return -np.mean(np.log(_true(_softmax(logits), labels)))


def _log_of_softmax_plus_little(logits, labels):
    return -np.mean(np.log(_true(_softmax(logits), labels) + 1e-12))


def _shifted_by(number):
    """The loss with another number than the maximum subtracted from each row."""

    def cross_entropy(logits, labels):
        shifted = logits - number(logits)
        log_sum = np.log(np.exp(shifted).sum(axis=1))
        return np.mean(log_sum - _true(shifted, labels))

    return cross_entropy


def _shifted_by_the_true_logit(logits, labels):
    shifted = logits - _true(logits, labels)[:, None]
    return np.mean(np.log(np.exp(shifted).sum(axis=1)))


_SMALL_SHIFT = "logits still far above 0 after the shift"
_SMALL_SHIFT_WHY = (
    "What was subtracted may lie far below the row's largest logit, and e to their difference "
    "overflows. Only with the row's maximum subtracted no exponent is above 0."
)


def _one_maximum(logits, labels):
    powers = np.exp(logits - logits.max())
    return -np.mean(np.log(_true(powers / powers.sum(axis=1, keepdims=True), labels)))


def _down_the_columns(logits, labels):
    return -np.mean(np.log(_true(_softmax(logits, axis=0), labels)))


def _mean_over_classes(logits, labels):
    onehot = np.eye(logits.shape[1])[labels]
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.mean(onehot * log_p)


def _own_prediction(logits, labels):
    return _cross_entropy(logits, logits.argmax(axis=1))


cross_entropy = Function(
    "ml_basics.classification.cross_entropy",
    title="Cross-entropy that does not overflow",
    cases=_cross_entropy_cases,
    expected=_cross_entropy_by_library,
    reference=_cross_entropy,
    mistakes=[
        Mistake(
            "exp of large logits overflows",
            _naive,
            "e^1000 is infinite and infinity over infinity is NaN. Subtract each row's largest "
            "logit first: the softmax stays the same.",
        ),
        Mistake(
            "the logarithm of a probability that was rounded to 0",
            _log_of_softmax,
            "The softmax no longer overflows, but e^−800 is 0 and ln 0 is infinite. Do not pass "
            "through the probability: ln softmax = logit − ln Σ exp, all with the maximum "
            "subtracted.",
        ),
        Mistake(
            "a small number added inside the logarithm",
            _log_of_softmax_plus_little,
            "This hides the infinity and caps the loss (at −ln 1e-12 it stops growing), so the "
            "worst rows stop teaching. Write ln softmax = logit − ln Σ exp instead.",
        ),
        Mistake(
            "one maximum for the whole table",
            _one_maximum,
            "A row far below the global maximum becomes all zeros, and 0/0 is NaN. Each row "
            "needs its own maximum: max(axis=1, keepdims=True).",
        ),
        Mistake(
            _SMALL_SHIFT,
            _shifted_by(lambda logits: logits.mean(axis=1, keepdims=True)),
            _SMALL_SHIFT_WHY,
        ),
        Mistake(_SMALL_SHIFT, _shifted_by(lambda logits: logits[:, :1]), _SMALL_SHIFT_WHY),
        Mistake(_SMALL_SHIFT, _shifted_by(lambda logits: logits[:, -1:]), _SMALL_SHIFT_WHY),
        Mistake(_SMALL_SHIFT, _shifted_by_the_true_logit, _SMALL_SHIFT_WHY),
        Mistake(
            "logarithms to base 2",
            lambda logits, labels: _cross_entropy(logits, labels) / np.log(2),
            "The loss is in bits here. The task writes ln, the natural logarithm: np.log.",
        ),
        Mistake(
            "the logarithm missing",
            lambda logits, labels: -np.mean(_true(_softmax(logits), labels)),
            "This is the mean probability of the true class with a minus. Its logarithm is what "
            "grows without bound where the model is sure and wrong.",
        ),
        Mistake(
            "the softmax applied twice",
            lambda logits, labels: _cross_entropy(_softmax(logits), labels),
            "The logits were turned into probabilities, and then ln softmax was taken of these. "
            "Use the logits themselves.",
        ),
        Mistake(
            "the softmax taken down the columns",
            _down_the_columns,
            "The classes of one example stand in one row, so the probabilities of a row must sum "
            "to 1: axis=1.",
        ),
        Mistake(
            "the sum over the rows instead of their mean",
            lambda logits, labels: _cross_entropy(logits, labels) * len(labels),
            "Divide by the number of rows. Otherwise the loss, and the right learning rate, depend "
            "on the size of the batch.",
        ),
        Mistake(
            "the mean over all entries of the one-hot table",
            _mean_over_classes,
            "One entry of each row counts, the others are zero; a mean over all of them divides "
            "by the number of classes once too often.",
        ),
        Mistake(
            "the minus sign missing",
            lambda logits, labels: -_cross_entropy(logits, labels),
            "The logarithm of a probability is at most 0. The loss is its negative.",
        ),
        Mistake(
            "the class with the largest logit in place of the true one",
            _own_prediction,
            "This is how sure the model is of its own answer. The loss asks for the probability "
            "of the true class, labels[i].",
        ),
    ],
    also_correct=[_cross_entropy_by_rows, _cross_entropy_in_torch],
    hints=[
        "Take the logarithm of the softmax on paper: it becomes a difference, and the fraction is "
        "gone.",
        "−ln softmax of the true class = ln Σ exp(logits) − logit of the true class. How do you "
        "compute ln Σ exp without overflow?",
        "ln Σ exp(s) = m + ln Σ exp(s − m) with m the largest logit of the row. "
        "`logits[np.arange(len(labels)), labels]` picks the true logits.",
    ],
    carry_on="PyTorch's cross_entropy takes logits, not probabilities, for exactly this reason.",
)

# --- Exercise 3: a Newton step with a penalty -----------------------------------------------------


def _newton_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([[2.0]]), np.array([1.0]), np.array([0.0]), 0.5), label="the example of the text"
    )
    for rows, columns, penalty in ((8, 3, 0.0), (10, 2, 0.7), (5, 4, 0.1)):
        yield Case(
            (
                rng.normal(size=(rows, columns)),
                rng.integers(0, 2, size=rows).astype(float),
                0.5 * rng.normal(size=columns),
                penalty,
            ),
            label=f"{rows} rows, {columns} columns, penalty {penalty:g}",
        )


def _newton_by_autograd(X, y, w, penalty):
    import torch

    X, y, w = (torch.tensor(part, dtype=torch.float64) for part in (X, y, w))

    def loss(weights):
        error = torch.nn.functional.binary_cross_entropy_with_logits(X @ weights, y)
        return error + penalty / 2 * torch.sum(weights**2)

    gradient, hessian = torch.func.grad(loss)(w), torch.func.hessian(loss)(w)
    return (w - torch.linalg.solve(hessian, gradient)).numpy()


def _newton_variant(
    p_of=lambda p: p * (1 - p),
    penalty_gradient=1.0,
    penalty_hessian=1.0,
    sign=-1.0,
    hessian_rows=None,
    solve=np.linalg.solve,
):
    """A Newton step in which single parts can be changed, for the mistakes."""

    def newton_step(X, y, w, penalty):
        p = 1 / (1 + np.exp(-X @ w))
        gradient = X.T @ (p - y) / len(X) + penalty_gradient * penalty * w
        curvature = (X * p_of(p)[:, None]).T @ X / (hessian_rows or len(X))
        return w + sign * solve(curvature + penalty_hessian * penalty * np.eye(len(w)), gradient)

    return newton_step


def _newton(X, y, w, penalty):
    p = 1 / (1 + np.exp(-X @ w))
    gradient = X.T @ (p - y) / len(X) + penalty * w
    hessian = (X * (p * (1 - p))[:, None]).T @ X / len(X) + penalty * np.eye(len(w))
    return w - np.linalg.solve(hessian, gradient)


def _newton_penalty_everywhere(X, y, w, penalty):
    p = 1 / (1 + np.exp(-X @ w))
    gradient = X.T @ (p - y) / len(X) + penalty * w
    hessian = (X * (p * (1 - p))[:, None]).T @ X / len(X) + penalty
    return w - np.linalg.solve(hessian, gradient)


def _newton_first_weight_free(X, y, w, penalty):
    p = 1 / (1 + np.exp(-X @ w))
    penalties = np.full(len(w), penalty)
    penalties[0] = 0.0
    gradient = X.T @ (p - y) / len(X) + penalties * w
    hessian = (X * (p * (1 - p))[:, None]).T @ X / len(X) + np.diag(penalties)
    return w - np.linalg.solve(hessian, gradient)


def _newton_as_sums(X, y, w, penalty):
    n, p = len(X), 1 / (1 + np.exp(-X @ w))
    S = np.diag(p * (1 - p))
    hessian = X.T @ S @ X + n * penalty * np.eye(len(w))
    return (np.linalg.inv(hessian) @ (X.T @ (S @ X @ w + y - p))).tolist()


newton_step = Function(
    "ml_basics.classification.newton_step",
    title="A Newton step with a penalty",
    cases=_newton_cases,
    expected=_newton_by_autograd,
    reference=_newton,
    rtol=1e-6,
    atol=1e-6,
    mistakes=[
        Mistake(
            "a step uphill",
            _newton_variant(sign=1.0),
            "Newton's step *subtracts* the solution of H·step = gradient. Check the sign of p − y "
            "too: with y − p both signs turn.",
        ),
        Mistake(
            "the curvature of least squares",
            _newton_variant(p_of=np.ones_like),
            "XᵀX/n is the curvature of the squared error. Here each row counts p(1 − p): little "
            "where the model is sure.",
        ),
        Mistake(
            "p in place of p(1 − p)",
            _newton_variant(p_of=lambda p: p),
            "The derivative of the sigmoid is p(1 − p), not p.",
        ),
        Mistake(
            "the penalty missing in the Hessian",
            _newton_variant(penalty_hessian=0.0),
            "The second derivative of ½·penalty·w² is the penalty: add penalty·I to the Hessian.",
        ),
        Mistake(
            "the penalty missing in the gradient",
            _newton_variant(penalty_gradient=0.0),
            "The derivative of ½·penalty·‖w‖² is penalty·w: it belongs to the gradient as well.",
        ),
        Mistake(
            "the penalty forgotten altogether",
            _newton_variant(penalty_gradient=0.0, penalty_hessian=0.0),
            "This is the step for the loss alone. Differentiate ½·penalty·‖w‖² once for the "
            "gradient and twice for the Hessian.",
        ),
        Mistake(
            "the penalty counted twice",
            _newton_variant(penalty_gradient=2.0, penalty_hessian=2.0),
            "The penalty here is ½·penalty·‖w‖²; the ½ cancels the 2.",
        ),
        Mistake(
            "half of the penalty",
            _newton_variant(penalty_gradient=0.5, penalty_hessian=0.5),
            "The square brings a factor of 2 with each derivative, which the ½ cancels: the "
            "penalty enters gradient and Hessian whole.",
        ),
        Mistake(
            "the penalty added to every entry of the Hessian",
            _newton_penalty_everywhere,
            "The second derivative of ½·penalty·‖w‖² by two different weights is 0. The penalty "
            "belongs on the diagonal only: penalty·I.",
        ),
        Mistake(
            "the first weight without penalty",
            _newton_first_weight_free,
            "The first column is taken for an intercept. The task penalises all weights alike.",
        ),
        Mistake(
            "sums over the rows beside the penalty",
            lambda X, y, w, penalty: _newton(X, y, w, penalty / len(X)),
            "The loss L is a mean over the rows. With sums in its place the penalty counts n times "
            "too little.",
        ),
        Mistake(
            "the step without its start",
            lambda X, y, w, penalty: _newton(X, y, w, penalty) - w,
            "This is how far the step goes. Asked is where it leads to: add w.",
        ),
        Mistake(
            "a second step as well",
            lambda X, y, w, penalty: _newton(X, y, _newton(X, y, w, penalty), penalty),
            "Each step is right. The task asks for one.",
        ),
        Mistake(
            "a mean in the gradient, a sum in the Hessian",
            _newton_variant(hessian_rows=1),
            "Both are derivatives of the same mean, so both are divided by the number of rows.",
        ),
        Mistake(
            "the diagonal of the Hessian alone",
            _newton_variant(solve=lambda hessian, gradient: gradient / np.diag(hessian)),
            "Each weight is moved as if the others stood still. The entries beside the diagonal "
            "say how they act together: solve with the whole matrix.",
        ),
        Mistake(
            "a plain gradient step",
            _newton_variant(solve=lambda hessian, gradient: gradient),
            "Without the Hessian this is gradient descent with learning rate 1. Solve "
            "H·step = gradient first.",
        ),
    ],
    also_correct=[_newton_as_sums],
    hints=[
        "Gradient and Hessian of a sum are sums: treat the loss and the penalty separately.",
        "½·penalty·‖w‖² has gradient penalty·w and Hessian penalty·I (`np.eye(len(w))`).",
        "`hessian = (X * (p * (1 - p))[:, None]).T @ X / len(X) + penalty * np.eye(len(w))`; then "
        "`np.linalg.solve(hessian, gradient)`.",
    ],
    carry_on="With a penalty above zero the Hessian always has an inverse, also with repeated "
    "columns and on separable data.",
)

# --- Exercise 4: class weights --------------------------------------------------------------------


def _weights_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([0, 0, 0, 1]),), label="the example of the text")
    yield Case((np.array([0, 1, 2, 0, 1, 2]),), label="balanced")
    yield Case((rng.permutation(np.repeat([0, 1, 2], [30, 6, 4])),), label="three classes")
    yield Case((np.array([1, 3, 3, 3, 3]),), label="classes 1 and 3")
    yield Case((np.array([-1, -1, -1, 1]),), label="classes −1 and 1")
    yield Case((np.array(["dog", "cat", "dog", "owl"]),), label="names")
    yield Case((np.array([2.5, 0.5, 2.5, 2.5, -1.5, 0.5]),), label="numbers with fractions")
    yield Case(
        (np.array([10.0, 9.5, 10.0, 9.0, 9.5, 10.0]),),
        label="numbers whose order as text is another",
    )


def _weights_by_library(labels):
    from sklearn.utils.class_weight import compute_class_weight

    return compute_class_weight("balanced", classes=np.unique(labels), y=labels)


def _weights(labels):
    counts = np.unique(labels, return_counts=True)[1]
    return len(labels) / (len(counts) * counts)


def _weights_in_a_loop(labels):
    labels = list(labels)
    classes = sorted(set(labels))
    return [len(labels) / (len(classes) * labels.count(c)) for c in classes]


def _weights_by_text(labels):
    weights = dict(zip(np.unique(labels).tolist(), _weights(labels), strict=True))
    return np.array([weights[label] for label in sorted(weights, key=str)])


def _weights_of_whole_numbers(labels):
    return _weights(np.array(labels, dtype=int) if labels.dtype.kind == "f" else labels)


def _weights_by_appearance(labels):
    labels = labels.tolist()
    classes = dict.fromkeys(labels)
    return [len(labels) / (len(classes) * labels.count(c)) for c in classes]


def _weights_by_bincount(labels):
    counts = np.bincount(labels)
    return len(labels) / (len(counts) * counts)


class_weights = Function(
    "ml_basics.classification.class_weights",
    title="Class weights",
    cases=_weights_cases,
    expected=_weights_by_library,
    reference=_weights,
    mistakes=[
        Mistake(
            "the number of classes forgotten",
            lambda labels: _weights(labels) * len(np.unique(labels)),
            "With n/n_c every class weighs n in total, so all together weigh K·n and the loss "
            "grows K-fold. Each should weigh n/K.",
        ),
        Mistake(
            "the shares themselves",
            lambda labels: np.unique(labels, return_counts=True)[1] / len(labels),
            "This gives the frequent classes the larger weight. Turn it upside down.",
        ),
        Mistake(
            "divided by 2 whatever the number of classes",
            lambda labels: _weights(labels) * len(np.unique(labels)) / 2,
            "That is right for two classes. With K classes each is to weigh n/K.",
        ),
        Mistake(
            "1 over the counts",
            lambda labels: 1 / np.unique(labels, return_counts=True)[1],
            "The proportions are right, and each class weighs 1 in total. It is to weigh n/K, so "
            "that all rows together weigh n.",
        ),
        Mistake(
            "a weight of 1 for the most frequent class",
            lambda labels: _weights(labels) / _weights(labels).min(),
            "The proportions are right. But the weights of all rows should add up to n, and here "
            "they add up to more as soon as the classes differ.",
        ),
        Mistake(
            "whole numbers where fractions were cut off",
            lambda labels: np.floor(_weights(labels)),
            "The fractions of the weights are lost. // divides without a remainder, / keeps it.",
        ),
        Mistake(
            "weights that sum to 1",
            lambda labels: _weights(labels) / _weights(labels).sum(),
            "The proportions are right, the size is not: the weights of all *rows* should add up "
            "to n, so that the weighted mean loss has its usual size.",
        ),
        Mistake(
            "weights that sum to the number of classes",
            lambda labels: _weights(labels) / _weights(labels).mean(),
            "The proportions are right. But it is the weights of all *rows* that should average 1, "
            "not those of the classes.",
        ),
        Mistake(
            "one weight for each row",
            lambda labels: _weights(labels)[np.unique(labels, return_inverse=True)[1]],
            "These are the weights of the rows, which is what the loss needs in the end. Asked "
            "for is one number a class, in sorted order.",
        ),
        Mistake(
            "classes assumed to be 0, 1, 2 …",
            _weights_by_bincount,
            "np.bincount also counts numbers that never occur, and takes neither negative numbers "
            "nor names. np.unique(labels, return_counts=True) takes all of them.",
        ),
        Mistake(
            "the classes in order of frequency",
            lambda labels: np.sort(_weights(labels)),
            "Return them in the sorted order of the classes, as np.unique gives it, not the most "
            "frequent first.",
        ),
        Mistake(
            "the classes in order of appearance",
            _weights_by_appearance,
            "A dictionary or Counter keeps the order in which the classes turn up, so the result "
            "would change with the order of the rows. Sort the classes.",
        ),
        Mistake(
            "numbers in their order as text",
            _weights_by_text,
            "As text 10 comes before 9. Sort the classes as they are, as np.unique does.",
        ),
        Mistake(
            "classes that differ behind the decimal point counted as one",
            _weights_of_whole_numbers,
            "9 and 9.5 are two classes. Labels may be any numbers: do not turn them into whole "
            "ones.",
        ),
    ],
    also_correct=[_weights_in_a_loop],
    hints=[
        "Let class c occur n_c times. Its rows weigh w_c·n_c in total; that is to be the same for "
        "each of the K classes.",
        "All rows together weigh n, so w_c·n_c = n/K.",
        "`np.unique(labels, return_counts=True)` returns the sorted classes and their counts.",
    ],
    carry_on="Weights must be computed from the training rows only, and they change what the "
    "predicted probabilities mean.",
)

# --- Exercise 5: separable data -------------------------------------------------------------------

separable = Choice(
    "ml_basics.classification.separable",
    title="A perfect training score",
    options={
        "a": Option(
            "Nothing: it has found the one best set of weights.",
            "Take any weights that classify every row correctly and double them: every correct "
            "probability moves closer to 1. What does that say about a best set of weights?",
        ),
        "b": Option(
            "The weights keep growing, ever more slowly, and the training loss keeps falling.",
            "Larger weights always fit separable rows better, so the loss has no minimum, only a "
            "limit, 0. The gradient fades as the rows are fitted, hence the slow growth.",
            right=True,
        ),
        "c": Option(
            "The weights keep growing and the training loss rises again.",
            "On the training rows each doubling of the weights lowers the loss when all rows are "
            "on their right side. What may rise is the loss on new rows.",
        ),
        "d": Option(
            "The weights jump back and forth, because the learning rate is too large.",
            "The log-loss has curvature of at most that of XᵀX/4n, and it only falls as the model "
            "gets surer. A rate that is safe at the start stays safe.",
        ),
    },
    hints=[
        "Suppose w classifies every training row correctly. Compare the loss of w with that of "
        "2w, row by row.",
        "For a correctly classified row the loss ln(1 + e^−m) falls as its margin m grows, and 2w "
        "doubles all margins.",
    ],
)

# --- Exercise 6: one unseen value vetoes everything -----------------------------------------------


def _bayes_cases(rng: np.random.Generator) -> Iterator[Case]:
    weather = np.array([[0, 0], [2, 1], [1, 0], [2, 0], [2, 1], [0, 1]])
    played = np.array([0, 0, 1, 1, 1, 1])
    values = np.array([3, 2])
    yield Case((weather, played, np.array([2, 0]), values), label="all values seen")
    yield Case((weather, played, np.array([1, 1]), values), label="value 1 never seen with class 0")
    yield Case(
        (weather, played, np.array([3, 0]), np.array([4, 2])), label="value 3 seen with no class"
    )
    X, y = rng.integers(0, 3, size=(20, 4)), rng.permutation(np.repeat([0, 1, 2], [9, 6, 5]))
    yield Case((X, y, rng.integers(0, 3, size=4), np.full(4, 3)), label="three classes")
    X, y = rng.integers(0, 2, size=(12, 1500)), rng.permutation(np.repeat([0, 1], [7, 5]))
    yield Case((X, y, X[3], np.full(1500, 2)), label="1,500 columns")
    X = np.concatenate([np.zeros((5, 1500), dtype=int), np.ones((4, 1500), dtype=int)])
    yield Case(
        (X, np.repeat([0, 1], [5, 4]), np.ones(1500, dtype=int), np.full(1500, 2)),
        label="1,500 columns that all speak for one class",
    )
    X, y = np.array([[0, 1, 4], [2, 1, 0], [1, 0, 3], [0, 1, 4], [0, 0, 1]]), [7, 7, 3, 7, 3]
    yield Case(
        (X, np.array(y), np.array([0, 1, 1]), np.array([3, 4, 5])),
        label="columns with 3, 4 and 5 values, classes 3 and 7",
    )
    X = np.repeat([0, 1, 1, 0], 3)[:, None] * np.ones(1500, dtype=int)
    X[6:8, :2] = 0
    yield Case(
        (X, np.repeat([0, 1, 2, 3], 3), np.ones(1500, dtype=int), np.full(1500, 2)),
        label="1,500 columns, four classes, the two in the middle close together",
    )


def _bayes_by_library(X, y, x, values):
    from sklearn.naive_bayes import CategoricalNB

    model = CategoricalNB(alpha=1.0, min_categories=values).fit(X, y)
    return model.predict_proba(x[None])[0]


def _bayes_variant(added=1.0, below=None, prior=True, logs=True, normalise=True, of_class=True):
    """Naive Bayes on counts in which single parts can be changed, for the mistakes."""

    def posterior(X, y, x, values):
        scores = []
        for c in np.unique(y):
            rows = X[y == c]
            more = added * values if below is None else below(values, y)
            bottom = len(rows) + more if of_class else more
            shares = ((rows == x).sum(axis=0) + added) / bottom
            with np.errstate(all="ignore"):
                start = len(rows) / len(y) if prior else 1.0
                log_score = np.log(start) + np.log(shares).sum()
                scores.append(log_score if logs else start * np.prod(shares))
        scores = np.array(scores)
        if not normalise:
            return scores
        with np.errstate(all="ignore"):
            scores = np.exp(scores - scores.max()) if logs else scores
            return scores / scores.sum()

    return posterior


def _bayes_shares_of_logarithms(X, y, x, values):
    scores = _bayes_variant(normalise=False)(X, y, x, values)
    return scores / scores.sum()


def _bayes(X, y, x, values):
    log_scores = []
    for c in np.unique(y):
        rows = X[y == c]
        share = ((rows == x).sum(axis=0) + 1) / (len(rows) + values)
        # The number of all rows is the same for each class, and falls out below.
        log_scores.append(np.log(len(rows)) + np.log(share).sum())
    score = np.exp(np.array(log_scores) - max(log_scores))
    return score / score.sum()


def _bayes_planted(X, y, x, values):
    classes = np.unique(y)
    score = np.zeros(len(classes))
    for index, c in enumerate(classes):
        rows = X[y == c]
        share = (rows == x).sum(axis=0) / len(rows)  # (d,)
        score[index] = len(rows) / len(y) * np.prod(share)
    return score / score.sum()


def _bayes_with_ratios(X, y, x, values):
    """Exact fractions instead of logarithms."""
    from fractions import Fraction

    scores = []
    for c in np.unique(y):
        rows = X[y == c]
        score = Fraction(len(rows), len(y))
        for hits, size in zip((rows == x).sum(axis=0).tolist(), values.tolist(), strict=True):
            score *= Fraction(hits + 1, len(rows) + size)
        scores.append(score)
    return [float(score / sum(scores)) for score in scores]


counted_bayes = Bug(
    "ml_basics.classification.counted_bayes",
    title="Find two bugs: one unseen value vetoes everything",
    cases=_bayes_cases,
    expected=_bayes_by_library,
    reference=_bayes,
    planted=_bayes_planted,
    mistakes=[
        Mistake(
            "the counts repaired, the scores too small for a computer",
            _bayes_variant(logs=False),
            "A product of 1,500 shares is smaller than the smallest number a computer holds, and "
            "so is e to the sum of their logarithms: it becomes 0, and 0/0 is NaN. Subtract the "
            "largest sum of logarithms before exp.",
        ),
        Mistake(
            "logarithms without repaired counts",
            _bayes_variant(added=0.0),
            "The logarithm of a zero share is minus infinity: still a veto. Count every possible "
            "value once more than it was seen.",
        ),
        Mistake(
            "1 added above the fraction bar only",
            _bayes_variant(below=lambda values, y: 0),
            "The shares of a column's values must still sum to 1: with one more count for each "
            "value, divide by the number of rows plus the number of values.",
        ),
        Mistake(
            "1 added below the fraction bar as well",
            _bayes_variant(below=lambda values, y: 1),
            "Each possible value was counted once more, so the row count grows by the number of "
            "values that the column can hold, not by 1.",
        ),
        Mistake(
            "the number of classes added below the fraction bar",
            _bayes_variant(below=lambda values, y: len(np.unique(y))),
            "The shares run over the *values of the column*, so `values` must be added below, not "
            "the number of classes.",
        ),
        Mistake(
            "a tiny number in place of 1",
            _bayes_variant(added=1e-9),
            "Then a value that was never seen still outweighs all other evidence. Add 1, a count "
            "worth one row.",
        ),
        Mistake(
            "2 added below the fraction bar in every column",
            _bayes_variant(below=lambda values, y: 2),
            "That is right for a column of two values. Add as many as the column can hold: each "
            "of its values was counted once more.",
        ),
        Mistake(
            "the sum of all columns' values added below the fraction bar",
            _bayes_variant(below=lambda values, y: values.sum()),
            "Each column has shares of its own, which sum to 1. Add the number of values of that "
            "column, not of all.",
        ),
        Mistake(
            "shares of all rows",
            _bayes_variant(below=lambda values, y: len(y) + values, of_class=False),
            "The share of a value is taken within the class: below the fraction bar stand the rows "
            "of that class, not all rows.",
        ),
        Mistake(
            "the prior lost",
            _bayes_variant(prior=False),
            "Each score starts with the share of the class, len(rows) / len(y).",
        ),
        Mistake(
            "log scores divided by their sum",
            _bayes_shares_of_logarithms,
            "The logarithms themselves were divided by their sum, so the likeliest class gets the "
            "smallest share. Go back with exp first (after subtracting their maximum).",
        ),
        Mistake(
            "log scores returned as they are",
            _bayes_variant(normalise=False),
            "Asked for are probabilities: exp of the log scores (minus their maximum), divided by "
            "the sum.",
        ),
    ],
    also_correct=[_bayes_with_ratios],
    hints=[
        "Which factor of the product is zero when a value was never seen with a class? And what is "
        "0.5 to the power 1,500 on a computer?",
        "Share = (count + 1) / (rows + number of possible values of that column).",
        "Sum logarithms instead of multiplying; at the end `np.exp(log_score - log_score.max())`, "
        "then divide by the sum.",
    ],
    carry_on="The added 1 is called Laplace smoothing: rain before the first rainy match was "
    "played is unlikely, not impossible.",
)

# --- Exercise 7: everyone but yourself ------------------------------------------------------------


def _others_cases(rng: np.random.Generator) -> Iterator[Case]:
    line = np.array([[0.0], [1.0], [1.5], [9.0]])
    yield Case((line, np.array([0, 1, 1, 0]), 1), label="the example of the text")
    yield Case((rng.normal(size=(12, 2)), rng.integers(0, 2, size=12), 1), label="one neighbour")
    X, y = rng.normal(size=(15, 3)), rng.choice([2, 5], size=15)
    yield Case((X, y, 3), label="three neighbours, classes 2 and 5")
    yield Case((X, y, 7), label="seven neighbours")
    twins = rng.normal(size=(8, 2))
    twins[5] = twins[1]
    labels = np.array([0, 1, 0, 1, 0, 0, 1, 1])
    yield Case((twins, labels, 1), label="two rows with equal columns and different labels")
    yield Case(
        (np.array([[0.0], [1.0], [2.5], [9.0]]), np.array([0, 1, 0, 1]), 2),
        label="equal votes, the larger class sometimes nearer",
    )
    X, y = rng.normal(size=(12, 2)), np.array([7, 2, 5, 5, 7, 2, 2, 7, 5, 2, 7, 5])
    yield Case((X, y, 3), label="one vote each for three classes")
    yield Case((1000 * X, y, 2), label="rows far apart, two votes")
    yield Case((X * np.array([1.0, 0.2]), y, len(X) - 1), label="all others vote")


def _others_by_library(X, y, k):
    from sklearn.model_selection import LeaveOneOut, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier

    return cross_val_predict(KNeighborsClassifier(k), X, y, cv=LeaveOneOut())


def _vote(labels):
    classes, counts = np.unique(labels, return_counts=True)
    return classes[counts.argmax()]


def _squared(X):
    return ((X[:, None, :] - X[None, :, :]) ** 2).sum(axis=-1)


def _others(X, y, k):
    classes = np.unique(y)
    predicted = []
    for i in range(len(X)):
        distance = np.linalg.norm(X - X[i], axis=1)
        distance[i] = np.inf
        nearest = np.argsort(distance)[:k]
        votes = [np.count_nonzero(y[nearest] == c) for c in classes]
        predicted.append(classes[np.argmax(votes)])
    return np.array(predicted)


def _others_voting(vote):
    """The k nearest others with another vote."""

    def predict(X, y, k):
        squared = _squared(X)
        np.fill_diagonal(squared, np.inf)
        nearest = np.argsort(squared, axis=1, kind="stable")[:, :k]
        return np.array([vote(y[row]) for row in nearest])

    return predict


def _largest_class(labels):
    classes, counts = np.unique(labels, return_counts=True)
    return classes[counts == counts.max()][-1]


def _first_seen(labels):
    from collections import Counter

    return Counter(labels.tolist()).most_common(1)[0][0]


def _others_by_deleting(X, y, k):
    predictions = []
    for i in range(len(X)):
        rest, labels = np.delete(X, i, axis=0), np.delete(y, i)
        nearest = np.argsort(np.linalg.norm(rest - X[i], axis=1), kind="stable")[:k]
        predictions.append(int(_vote(labels[nearest])))
    return predictions


def _others_ordered(first, order=_squared, reverse=False):
    """k neighbours from position ``first`` of the sorted distances, self not excluded."""

    def predict(X, y, k):
        table = order(X)
        ranks = np.argsort(-table if reverse else table, axis=1, kind="stable")
        return np.array([_vote(y[row[first : first + k]]) for row in ranks])

    return predict


def _others_too_few(X, y, k):
    nearest = np.argsort(_squared(X), axis=1, kind="stable")[:, 1:k]
    classes = np.unique(y)
    votes = (y[nearest][:, :, None] == classes).sum(axis=1)
    return classes[votes.argmax(axis=1)]


def _others_mean_label(X, y, k):
    squared = _squared(X)
    np.fill_diagonal(squared, np.inf)
    nearest = np.argsort(squared, axis=1, kind="stable")[:, :k]
    return np.round(y[nearest].mean(axis=1)).astype(int)


leave_one_out = Function(
    "ml_basics.classification.leave_one_out",
    title="Ask the others",
    cases=_others_cases,
    expected=_others_by_library,
    reference=_others,
    mistakes=[
        Mistake(
            "every row votes for itself",
            _others_ordered(0),
            "The nearest row to a row is itself, at distance 0, so its own label is among the "
            "votes. Take it out.",
        ),
        Mistake(
            "the first in the order dropped, whoever it is",
            _others_ordered(1),
            "With two equal rows the first at distance 0 need not be the row itself: its twin is "
            "dropped and its own label votes. Exclude row i by its number, for example by setting "
            "the diagonal of the distances to infinity.",
        ),
        Mistake(
            "the farthest rows instead of the nearest",
            _others_ordered(0, reverse=True),
            "argsort puts the smallest first. Take the first k of the ascending order.",
        ),
        Mistake(
            "one neighbour too few",
            _others_too_few,
            "k − 1 neighbours vote here. Leave the row itself out and still take k: a slice like "
            "1:k holds one too few.",
        ),
        Mistake(
            "the mean of the labels",
            _others_mean_label,
            "Class numbers are names, not amounts: the mean of 2, 2, 5 is 3, which is no class. "
            "Count votes.",
        ),
        Mistake(
            "equal votes to the larger class",
            _others_voting(_largest_class),
            "Where two classes have equally many votes, the larger one came out. The task gives "
            "them to the smaller one.",
        ),
        Mistake(
            "equal votes to the class that comes first in the order of distance",
            _others_voting(_first_seen),
            "Where two classes have equally many votes, the class of the nearer row came out. The "
            "task does not ask whose row is nearer: the smaller class gets them.",
        ),
        Mistake(
            "the label in the middle",
            _others_voting(lambda labels: np.sort(labels)[len(labels) // 2]),
            "The middle of the sorted labels is the majority where there are two classes and an "
            "odd number of votes. Count the votes of each class.",
        ),
        Mistake(
            "the nearest one alone decides",
            _others_voting(lambda labels: labels[0]),
            "For k above 1 the others among the k nearest have a vote too.",
        ),
        Mistake(
            "city-block distances",
            lambda X, y, k: np.array(
                [
                    _vote(np.delete(y, i)[np.argsort(np.abs(np.delete(X, i, 0) - X[i]).sum(1))[:k]])
                    for i in range(len(X))
                ]
            ),
            "The absolute differences of the columns were added up. Euclidean distance adds their "
            "squares.",
        ),
        Mistake(
            "the most frequent class of all other rows",
            lambda X, y, k: np.array([_vote(np.delete(y, i)) for i in range(len(y))]),
            "All other rows vote here. Only the k nearest have a say.",
        ),
    ],
    also_correct=[_others_by_deleting],
    hints=[
        "Compute all n × n squared distances. Whose distance to row i is always 0?",
        "Set the diagonal to infinity with np.fill_diagonal, then take the first k of argsort.",
        "For the vote, `(y[nearest][:, :, None] == classes).sum(axis=1)` counts the votes for each "
        "class.",
    ],
    carry_on="This is cross-validation with as many folds as rows; for nearest neighbours it costs "
    "nothing extra, because there is nothing to fit again.",
)
