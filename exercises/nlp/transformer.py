"""Exercises of the lesson on the Transformer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value


def _softmax(scores, axis=-1):
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


# --- Exercise 1: a row of one score ---------------------------------------------------------------


def _single_key_by_torch() -> tuple[float, float]:
    import torch

    score = torch.tensor([-3.0], dtype=torch.float64, requires_grad=True)
    weight = score.softmax(dim=0)
    weight.sum().backward()
    return float(weight[0]), float(score.grad[0])


_sigmoid = 1 / (1 + np.exp(3))

single_key = Value(
    "nlp.transformer.single_key",
    title="A query meets a single key",
    expected=_single_key_by_torch,
    tolerance=1e-3,
    reference=(1.0, 0.0),
    mistakes=[
        Mistake(
            "the exponential without its sum",
            (float(np.exp(-3)), float(np.exp(-3))),
            "exp(−3) is only the numerator. The softmax divides by the sum over the row, and this "
            "row has one entry.",
        ),
        Mistake(
            "a sigmoid",
            (float(_sigmoid), float(_sigmoid * (1 - _sigmoid))),
            "A sigmoid compares the score with a second score of 0. There is no second key here.",
        ),
        Mistake(
            "no weight for a negative score",
            (0.0, 0.0),
            "A score means nothing by itself, only against the others of its row. The weights of "
            "the row have to sum to 1.",
        ),
        Mistake(
            "the right weight with a derivative of 1",
            (1.0, 1.0),
            "The weight is right. Now move the score a little: does the weight move?",
        ),
        Mistake(
            "the score itself",
            (-3.0, 1.0),
            "Without the softmax the score would be the weight. Weights are positive and sum to 1.",
        ),
    ],
    also_correct=[(1, 0), [1.0, 0.0], np.array([1.0, 0.0])],
    hints=[
        "The weights of a row are positive and sum to 1. How many weights has this row?",
        "The weight is exp(s)/exp(s). On what does that depend?",
        "The weight is 1 whatever the score, and a constant has the derivative 0.",
    ],
    carry_on="With a single key there is nothing to choose, and no gradient ever reaches query and "
    "key. A softmax belongs around a row of scores, never around one score.",
)

# --- Exercise 2: heads made by reshaping ----------------------------------------------------------


def _heads_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((rng.normal(size=(3, 4)), 1), label="one head: nothing to cut")
    yield Case((rng.normal(size=(3, 4)), 2), label="three tokens, two heads of two features")
    yield Case((rng.normal(size=(5, 6)), 3), label="five tokens, three heads")
    yield Case((rng.normal(size=(4, 12)), 2), label="four tokens, two heads of six features")


def _heads_by_torch(x, heads):
    import torch

    slices = torch.tensor(x).chunk(heads, dim=-1)
    attend = torch.nn.functional.scaled_dot_product_attention
    return torch.cat([attend(part, part, part) for part in slices], dim=-1).numpy()


def _attend(parts, scale=None):
    """Self-attention of every head: parts is (heads, n, width)."""
    scale = np.sqrt(parts.shape[-1]) if scale is None else scale
    return _softmax(parts @ parts.swapaxes(-2, -1) / scale) @ parts


def _all_heads(x, heads):
    n, width = x.shape
    parts = x.reshape(n, heads, width // heads).swapaxes(0, 1)
    return _attend(parts).swapaxes(0, 1).reshape(n, width)


def _all_heads_planted(x, heads):
    n, width = x.shape
    parts = x.reshape(heads, n, width // heads)
    scores = parts @ parts.swapaxes(-2, -1) / np.sqrt(width // heads)
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    return (weights @ parts).reshape(n, width)


def _all_heads_split_only(x, heads):
    n, width = x.shape
    parts = x.reshape(n, heads, width // heads).swapaxes(0, 1)
    return _attend(parts).reshape(n, width)


def _all_heads_merge_only(x, heads):
    n, width = x.shape
    parts = x.reshape(heads, n, width // heads)
    return _attend(parts).swapaxes(0, 1).reshape(n, width)


def _all_heads_dealt(x, heads):
    n, width = x.shape
    parts = x.reshape(n, width // heads, heads).transpose(2, 0, 1)
    return _attend(parts).transpose(1, 2, 0).reshape(n, width)


def _all_heads_full_scale(x, heads):
    n, width = x.shape
    parts = x.reshape(n, heads, width // heads).swapaxes(0, 1)
    return _attend(parts, np.sqrt(width)).swapaxes(0, 1).reshape(n, width)


def _all_heads_among_heads(x, heads):
    n, width = x.shape
    return _attend(x.reshape(n, heads, width // heads)).reshape(n, width)


def _all_heads_by_slices(x, heads):
    size = x.shape[1] // heads
    slices = [x[:, h * size : (h + 1) * size] for h in range(heads)]
    return np.concatenate([_attend(part[None])[0] for part in slices], axis=1)


all_heads = Bug(
    "nlp.transformer.all_heads",
    title="Heads cut the wrong way",
    cases=_heads_cases,
    expected=_heads_by_torch,
    reference=_all_heads,
    atol=1e-6,  # some steps may be of single precision
    planted=_all_heads_planted,
    mistakes=[
        Mistake(
            "cut rightly, put together wrongly",
            _all_heads_split_only,
            "The heads are right now. Putting them together is the way back: first swap the axes "
            "of heads and tokens, then reshape.",
        ),
        Mistake(
            "cut wrongly, put together rightly",
            _all_heads_merge_only,
            "Putting together is right now. But x.reshape(heads, n, …) still fills the first head "
            "with whole tokens instead of a slice of every token.",
        ),
        Mistake(
            "features dealt out like cards",
            _all_heads_dealt,
            "Your head 0 gets every second (third, …) feature. That is a fair cut too, but here "
            "each head takes a run of neighbouring features: heads is the middle axis.",
        ),
        Mistake(
            "scaled by the width of the model",
            _all_heads_full_scale,
            "The scores of a head are sums over its own features only, so the root is taken of "
            "width // heads.",
        ),
        Mistake(
            "heads that attend to each other inside a token",
            _all_heads_among_heads,
            "Without swapping the axes the two last ones are (heads, features), and every token "
            "is alone with itself. The matrix product needs (tokens, features) at the end.",
        ),
    ],
    also_correct=[_heads_by_torch, _all_heads_by_slices],
    hints=[
        "Take x = np.arange(12).reshape(3, 4) and two heads, and print the parts. Head 0 should "
        "hold the first two features of every token.",
        "reshape keeps the order in memory and can only cut the last axis in place: (n, heads, "
        "width // heads). How do the heads get to the front?",
        "x.reshape(n, heads, width // heads).swapaxes(0, 1), and the same two steps backwards at "
        "the end.",
    ],
    carry_on="Every shape was right. But head 0 held the first half of the tokens and head 1 the "
    "second, so the last token never saw the first. A test of who depends on whom finds it.",
)

# --- Exercise 3: a mask that comes too late -------------------------------------------------------


def _masked_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(mask, label, value=None):
        n, m = mask.shape
        query, key = rng.normal(size=(n, 4)), rng.normal(size=(m, 4))
        value = rng.normal(size=(m, 3)) if value is None else value
        return Case((query, key, value, mask), label=label)

    yield Case(
        (
            np.zeros((1, 1)),
            np.zeros((3, 1)),
            np.array([[2.0], [4.0], [90.0]]),
            np.array([[True, True, False]]),
        ),
        label="the example of the text: two keys allowed, all scores equal",
    )
    yield case(np.ones((2, 5), dtype=bool), "nothing hidden")
    yield case(np.tril(np.ones((4, 4), dtype=bool)), "each position and those before it")
    yield case(np.array([[True, True, False]] * 4), "the last key is padding")
    loud = np.array([[True, True, False]] * 2)
    key = np.array([[1.0, 0.0], [0.0, 1.0], [900.0, 900.0]])
    yield Case(
        (np.array([[1.0, 2.0], [2.0, 1.0]]), key, rng.normal(size=(3, 2)), loud),
        label="a hidden key with an enormous score",
    )


def _masked_by_torch(query, key, value, mask):
    import torch

    parts = (torch.tensor(part) for part in (query, key, value))
    result = torch.nn.functional.scaled_dot_product_attention(*parts, torch.tensor(mask))
    return result.numpy()


def _masked_attention(query, key, value, mask):
    scores = query @ key.T / np.sqrt(query.shape[-1])
    scores = np.where(mask, scores, -np.inf)
    return _softmax(scores) @ value


def _masked_planted(query, key, value, mask):
    scores = query @ key.T / np.sqrt(query.shape[-1])
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    weights = np.where(mask, weights, 0)
    return weights @ value


def _masked_renormalised(query, key, value, mask):
    scores = query @ key.T / np.sqrt(query.shape[-1])
    weights = np.where(mask, _softmax(scores), 0)
    with np.errstate(all="ignore"):
        return weights / weights.sum(axis=-1, keepdims=True) @ value


def _masked_zero_scores(query, key, value, mask):
    scores = np.where(mask, query @ key.T / np.sqrt(query.shape[-1]), 0)
    return _softmax(scores) @ value


def _masked_inverted(query, key, value, mask):
    scores = np.where(mask, -np.inf, query @ key.T / np.sqrt(query.shape[-1]))
    with np.errstate(all="ignore"):
        return _softmax(scores) @ value


def _masked_wrong_axis(query, key, value, mask):
    scores = np.where(mask, query @ key.T / np.sqrt(query.shape[-1]), -np.inf)
    with np.errstate(all="ignore"):
        return _softmax(scores, axis=0) @ value


def _masked_unscaled(query, key, value, mask):
    return _softmax(np.where(mask, query @ key.T, -np.inf)) @ value


def _masked_by_rows(query, key, value, mask):
    rows = []
    for q, allowed in zip(query, mask, strict=True):
        scores = key[allowed] @ q / np.sqrt(len(q))
        rows.append(_softmax(scores) @ value[allowed])
    return np.array(rows).tolist()


def _masked_large_negative(query, key, value, mask):
    scores = query @ key.T / np.sqrt(query.shape[-1])
    return _softmax(np.where(mask, scores, -1e9)) @ value


masked_attention = Bug(
    "nlp.transformer.masked_attention",
    title="The mask that came too late",
    cases=_masked_cases,
    expected=_masked_by_torch,
    reference=_masked_attention,
    atol=1e-6,  # some steps may be of single precision
    planted=_masked_planted,
    mistakes=[
        Mistake(
            "weights set to zero and divided by their sum again",
            _masked_renormalised,
            "On paper this is right, and it passes while the scores are small. But a hidden key "
            "with an enormous score takes all the weight first, and what is left is 0/0. Let it "
            "never enter the softmax.",
        ),
        Mistake(
            "hidden scores set to 0",
            _masked_zero_scores,
            "A score of 0 is an ordinary score: exp(0) = 1. Which score makes the exponential 0?",
        ),
        Mistake(
            "the mask the wrong way round",
            _masked_inverted,
            "Here True means: may be looked at. You hid the allowed keys.",
        ),
        Mistake(
            "the softmax over the queries",
            _masked_wrong_axis,
            "The weights of one query must sum to 1 over the keys: the last axis. Yours sum to 1 "
            "down the columns.",
        ),
        Mistake(
            "the scale forgotten",
            _masked_unscaled,
            "The mask is right now, but the division by the square root of the width is gone.",
        ),
    ],
    also_correct=[_masked_by_torch, _masked_by_rows, _masked_large_negative],
    hints=[
        "In the first case two values, 2 and 4, are allowed with equal scores. What should come "
        "out, and what does?",
        "Print weights.sum(axis=-1). The hidden key is not used, and yet it took its share.",
        "Hide the scores before the softmax: scores = np.where(mask, scores, -np.inf).",
    ],
    carry_on="Zero after the softmax leaves rows that sum to less than 1, by an amount that "
    "depends on the hidden keys: the mask leaks. Minus infinity before it does not.",
)

# --- Exercise 4: the other convention -------------------------------------------------------------

hidden_or_allowed = Choice(
    "nlp.transformer.hidden_or_allowed",
    title="The other convention",
    options={
        "a": Option(
            "torch.ones(n, n, dtype=torch.bool).tril()",
            "That is the mask of the allowed positions. Read as hidden, it hides each position and "
            "its past, and shows only the future. The last row has nothing left and becomes NaN.",
        ),
        "b": Option(
            "torch.ones(n, n, dtype=torch.bool).triu(diagonal=0)",
            "The diagonal is hidden too, so the first position may look at nothing: NaN. A "
            "position may see itself, since its input is the letter before the one it predicts.",
        ),
        "c": Option(
            "torch.ones(n, n, dtype=torch.bool).triu(diagonal=1)",
            "The future is hidden, the position itself and its past are not. It is the exact "
            "opposite of ones.tril(), the form in which True means allowed.",
            right=True,
        ),
        "d": Option(
            "torch.ones(n, n, dtype=torch.bool).triu(diagonal=2)",
            "This hides everything from two positions on. The next position stays visible, and its "
            "input is the very letter to be predicted.",
        ),
    },
    hints=[
        "Write down row 0, that of the first position, for n = 3. Which of the three may it see?",
        "Row 0 should be [False, True, True]: it sees itself and nothing later.",
    ],
)

# --- Exercise 5: the table of positions -----------------------------------------------------------


def _sinusoid_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((3, 4), label="three positions, four features")
    yield Case((1, 6), label="position 0 alone")
    yield Case((7, 2), label="a single pair")
    yield Case((50, 16), label="fifty positions")


def _sinusoid_by_turning(length, width):
    turn = np.exp(1j * 10000.0 ** (-2 * np.arange(width // 2) / width))  # one step of each pair
    table = np.zeros((length, width))
    for p in range(length):
        state = turn**p
        for i, z in enumerate(state):
            table[p, 2 * i], table[p, 2 * i + 1] = z.imag, z.real
    return table


def _sinusoid_of(angles):
    table = np.zeros((angles.shape[0], 2 * angles.shape[1]))
    table[:, 0::2], table[:, 1::2] = np.sin(angles), np.cos(angles)
    return table


def _angles(length, width, exponent=2.0, first=0, base=10000.0):
    pairs = np.arange(width // 2)
    return np.arange(first, length + first)[:, None] * base ** (-exponent * pairs / width)


def _sinusoids(length, width):
    return _sinusoid_of(_angles(length, width))


def _sinusoid_halves(length, width):
    angles = _angles(length, width)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def _sinusoid_own_column(length, width):
    angles = np.arange(length)[:, None] / 10000.0 ** (np.arange(width) / width)
    return np.where(np.arange(width) % 2 == 0, np.sin(angles), np.cos(angles))


def _sinusoid_column_index(length, width):
    columns = np.arange(width)
    angles = np.arange(length)[:, None] / 10000.0 ** (2 * columns / width)
    return np.where(columns % 2 == 0, np.sin(angles), np.cos(angles))


def _sinusoid_swapped(length, width):
    return (
        _sinusoid_of(_angles(length, width))
        .reshape(length, -1, 2)[:, :, ::-1]
        .reshape(length, width)
    )


sinusoids = Function(
    "nlp.transformer.sinusoids",
    title="A table of positions",
    cases=_sinusoid_cases,
    expected=_sinusoid_by_turning,
    reference=_sinusoids,
    atol=1e-7,
    mistakes=[
        Mistake(
            "the exponent without its 2",
            lambda length, width: _sinusoid_of(_angles(length, width, exponent=1.0)),
            "The exponent is 2i/d with i from 0 to d/2 − 1, so that it runs through nearly all of "
            "0 to 1. Yours stops half-way.",
        ),
        Mistake(
            "the column's number taken for the pair's",
            _sinusoid_column_index,
            "i counts pairs, not columns: columns 2i and 2i + 1 share one frequency. "
            "Counted by columns, the frequencies fall twice as fast.",
        ),
        Mistake(
            "a frequency of its own for every column",
            _sinusoid_own_column,
            "The cosine of a pair must have the frequency of its sine. Otherwise a shift is no "
            "longer a rotation of the pair.",
        ),
        Mistake(
            "all sines first, then all cosines",
            _sinusoid_halves,
            "The numbers are right and stand in other columns. Many programs do it so, but the "
            "task asks for sine and cosine side by side: columns 0::2 and 1::2.",
        ),
        Mistake(
            "sine and cosine exchanged",
            _sinusoid_swapped,
            "Even columns hold the sine: position 0 starts with 0, 1, 0, 1.",
        ),
        Mistake(
            "positions counted from 1",
            lambda length, width: _sinusoid_of(_angles(length, width, first=1)),
            "The first position is 0, so the first row is 0, 1, 0, 1, …",
        ),
        Mistake(
            "multiplied where it should be divided",
            lambda length, width: _sinusoid_of(_angles(length, width, base=1e-4)),
            "The frequencies must fall from 1 to about 1/10000: divide by the power of 10000.",
        ),
    ],
    also_correct=[
        lambda length, width: _sinusoids(length, width).tolist(),
        lambda length, width: _sinusoids(length, width).astype(np.float32),
    ],
    hints=[
        "Start with the angles: an array (length, width // 2), position times frequency.",
        "np.arange(length)[:, None] * 10000.0 ** (-2 * np.arange(width // 2) / width)",
        "Make table = np.zeros((length, width)), then table[:, 0::2] = np.sin(angles), and the "
        "cosines into table[:, 1::2].",
    ],
    carry_on="Nothing in the table depends on its length, so a row can be computed for any "
    "position. Whether a trained model can use a row it has never seen is another question.",
)

# --- Exercise 6: rotary positions in the other layout ---------------------------------------------


def _rope_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])), label="the example of the text"
    )
    yield Case((rng.normal(size=(1, 6)), np.array([0])), label="position 0: nothing turns")
    yield Case((rng.normal(size=(4, 6)), np.arange(4)), label="positions 0 to 3")
    yield Case((rng.normal(size=(3, 8)), np.array([5, 1, 40])), label="positions 5, 1 and 40")


def _rope_by_complex(x, positions):
    half = x.shape[1] // 2
    frequency = 10000.0 ** (-np.arange(half) / half)
    z = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * positions[:, None] * frequency)
    return np.concatenate([z.real, z.imag], axis=1)


def _rope_angles(x, positions, exponent=2.0):
    width = x.shape[1]
    return positions[:, None] * 10000.0 ** (-exponent * np.arange(width // 2) / width)


def _rope_turn(first, second, angles):
    cos, sin = np.cos(angles), np.sin(angles)
    return first * cos - second * sin, first * sin + second * cos


def _rotate_halves(x, positions):
    half = x.shape[1] // 2
    turned = _rope_turn(x[:, :half], x[:, half:], _rope_angles(x, positions))
    return np.concatenate(turned, axis=1)


def _rope_pairs(x, positions):
    turned = _rope_turn(x[:, 0::2], x[:, 1::2], _rope_angles(x, positions))
    return np.stack(turned, axis=-1).reshape(x.shape)


def _rope_slow(x, positions):
    half = x.shape[1] // 2
    angles = _rope_angles(x, positions, exponent=1.0)
    return np.concatenate(_rope_turn(x[:, :half], x[:, half:], angles), axis=1)


def _rope_backwards(x, positions):
    return _rotate_halves(x, -positions)


def _rope_without_minus(x, positions):
    half, angles = x.shape[1] // 2, _rope_angles(x, positions)
    cos, sin = np.cos(angles), np.sin(angles)
    first, second = x[:, :half], x[:, half:]
    return np.concatenate([first * cos + second * sin, first * sin + second * cos], axis=1)


def _rope_added(x, positions):
    angles = _rope_angles(x, positions)
    return x + np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def _rope_overwritten(x, positions):
    half, angles = x.shape[1] // 2, _rope_angles(x, positions)
    out = np.array(x)
    out[:, :half] = out[:, :half] * np.cos(angles) - out[:, half:] * np.sin(angles)
    out[:, half:] = out[:, :half] * np.sin(angles) + out[:, half:] * np.cos(angles)
    return out


def _rope_with_rotate_half(x, positions):
    half = x.shape[1] // 2
    angles = np.tile(_rope_angles(x, positions), 2)
    swapped = np.concatenate([-x[:, half:], x[:, :half]], axis=1)
    return x * np.cos(angles) + swapped * np.sin(angles)


rotate_halves = Function(
    "nlp.transformer.rotate_halves",
    title="Rotary positions, the other layout",
    cases=_rope_cases,
    expected=_rope_by_complex,
    reference=_rotate_halves,
    atol=1e-7,
    mistakes=[
        Mistake(
            "neighbours turned",
            _rope_pairs,
            "You turned the pairs (0, 1), (2, 3) …, the layout of the text above. Here feature j "
            "is paired with feature j + d/2.",
        ),
        Mistake(
            "turned the other way",
            _rope_backwards,
            "The minus sign stands in the first half: first·cos − second·sin. Scores would stay "
            "the same, but not the vectors asked for.",
        ),
        Mistake(
            "the minus sign missing",
            _rope_without_minus,
            "Without the minus this is no rotation, and lengths change. Test: the length of every "
            "row must stay as it was.",
        ),
        Mistake(
            "the frequencies fall too slowly",
            _rope_slow,
            "The exponent is −2j/d: with j from 0 to d/2 − 1 it reaches nearly −1.",
        ),
        Mistake(
            "sines and cosines added",
            _rope_added,
            "Adding a table is the other method. Here queries and keys are multiplied by "
            "rotations, and nothing is added.",
        ),
        Mistake(
            "the first half overwritten too early",
            _rope_overwritten,
            "The second line already reads the new first half. Keep the old one in a variable of "
            "its own.",
        ),
    ],
    also_correct=[
        _rope_by_complex,
        _rope_with_rotate_half,
        lambda x, positions: _rotate_halves(x, positions).tolist(),
    ],
    hints=[
        "Cut x into two halves and treat entry j of both as the two coordinates of a point.",
        "The angles have the shape (n, d/2): positions[:, None] * 10000.0 ** (-2 * j / d).",
        "first * cos − second * sin and first * sin + second * cos, put side by side with "
        "np.concatenate(…, axis=1).",
    ],
    carry_on="Same angles, other partners. A checkpoint trained with one layout and run with the "
    "other raises no error: what to do about it comes next.",
)

# --- Exercise 7: RMSNorm --------------------------------------------------------------------------


def _rms_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[3.0, 4.0, 0.0, 0.0]]), np.ones(4), 0.0), label="the example of the text")
    yield Case((rng.normal(size=(3, 4)) + 2, rng.normal(size=4), 1e-6), label="three tokens")
    yield Case((rng.normal(size=(5, 5)) * 10, rng.normal(size=5), 1e-6), label="large numbers")
    yield Case(
        (rng.normal(size=(2, 6)) * 1e-3, np.ones(6), 1e-5), label="numbers as small as the root"
    )


def _rms_by_torch(x, gain, eps):
    import torch

    result = torch.nn.functional.rms_norm(
        torch.tensor(x), (x.shape[-1],), torch.tensor(gain), float(eps)
    )
    return result.numpy()


def _rms_norm(x, gain, eps):
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps) * gain


rms_norm = Function(
    "nlp.transformer.rms_norm",
    title="Layer norm without the mean",
    cases=_rms_cases,
    expected=_rms_by_torch,
    reference=_rms_norm,
    mistakes=[
        Mistake(
            "layer norm",
            lambda x, gain, eps: (
                (x - x.mean(axis=-1, keepdims=True))
                / np.sqrt(x.var(axis=-1, keepdims=True) + eps)
                * gain
            ),
            "That is layer norm. RMSNorm does not subtract the mean.",
        ),
        Mistake(
            "divided by the standard deviation",
            lambda x, gain, eps: x / np.sqrt(x.var(axis=-1, keepdims=True) + eps) * gain,
            "The variance measures the distance from the mean. Here it is the distance from zero: "
            "the mean of x².",
        ),
        Mistake(
            "the sum in place of the mean",
            lambda x, gain, eps: x / np.sqrt((x**2).sum(axis=-1, keepdims=True) + eps) * gain,
            "That makes vectors of length 1. The root of the mean square gives numbers of size 1, "
            "whatever the width.",
        ),
        Mistake(
            "the root forgotten",
            lambda x, gain, eps: x / ((x**2).mean(axis=-1, keepdims=True) + eps) * gain,
            "The mean of x² has the square of the unit of x. Take its root.",
        ),
        Mistake(
            "eps outside the root",
            lambda x, gain, eps: x / (np.sqrt((x**2).mean(axis=-1, keepdims=True)) + eps) * gain,
            "For ordinary numbers it makes no difference, for tiny ones it does: eps stands under "
            "the root.",
        ),
        Mistake(
            "normalised over the tokens",
            lambda x, gain, eps: x / np.sqrt((x**2).mean(axis=0, keepdims=True) + eps) * gain,
            "Axis 0 runs over the tokens. Each token is normalised by itself, over its features: "
            "axis −1.",
        ),
        Mistake(
            "one number for the whole array",
            lambda x, gain, eps: x / np.sqrt((x**2).mean() + eps) * gain,
            "All tokens share one root mean square now. Each needs its own: axis=-1 and "
            "keepdims=True.",
        ),
        Mistake(
            "the gain forgotten",
            lambda x, gain, eps: x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps),
            "Normalised correctly. Now multiply by the gain, one number per feature.",
        ),
    ],
    also_correct=[
        _rms_by_torch,
        lambda x, gain, eps: _rms_norm(x, gain, eps).tolist(),
        lambda x, gain, eps: np.array(
            [row * gain * (row @ row / len(row) + eps) ** -0.5 for row in x]
        ),
    ],
    hints=[
        "Root, mean, square: read the name from right to left.",
        "np.mean(x**2, axis=-1, keepdims=True) has one number per token.",
        "x / np.sqrt(that mean + eps) * gain",
    ],
    carry_on="No mean to compute and no bias to store: most of the large language models whose "
    "design is public use it.",
)

# --- Exercise 8: parameters of an encoder layer ---------------------------------------------------


def _layer_by_torch() -> int:
    from torch import nn

    layer = nn.TransformerEncoderLayer(768, 12, 3072, device="meta")
    return sum(parameter.numel() for parameter in layer.parameters())


_D, _F = 768, 3072
_ATTENTION, _FEED, _NORMS = 4 * (_D * _D + _D), 2 * _D * _F + _F + _D, 2 * 2 * _D

layer_parameters = Value(
    "nlp.transformer.layer_parameters",
    title="What does one layer weigh?",
    expected=_layer_by_torch,
    tolerance=0.5,
    reference=_ATTENTION + _FEED + _NORMS,
    mistakes=[
        Mistake(
            "three projections instead of four",
            _ATTENTION * 3 // 4 + _FEED + _NORMS,
            "Query, key and value, and the one that is often forgotten: the output projection "
            "behind the concatenated heads.",
        ),
        Mistake(
            "the biases forgotten",
            4 * _D * _D + 2 * _D * _F + _NORMS,
            "Each of the six dense layers has a bias for each of its outputs.",
        ),
        Mistake(
            "the rule of thumb 12·D²",
            12 * _D * _D,
            "A good estimate: 4·D² for the attention and 8·D² for the rest. Now add the biases and "
            "the two norms.",
        ),
        Mistake(
            "4·768 numbers too few",
            _ATTENTION + _FEED,
            "Two things in the layer have as many: the two norms, each with a gain and a bias per "
            "feature, and the biases of the four projections. Are both in your sum?",
        ),
        Mistake(
            "2·768 numbers too few",
            _ATTENTION + _FEED + 2 * _D,
            "One of the two norms has as many, with its gain and its bias, and so have two of the "
            "biases. Count both once more: two norms, and six dense layers with biases.",
        ),
        Mistake(
            "everything times the number of heads",
            12 * _ATTENTION + _FEED + _NORMS,
            "The heads share the 768 features: 12 projections to 64 features are together one "
            "projection to 768. The number of heads does not change the count.",
        ),
        Mistake(
            "only the attention",
            _ATTENTION,
            "That is the attention. The feed-forward part is twice as large.",
        ),
        Mistake(
            "only the feed-forward part",
            _FEED,
            "That is the feed-forward part. Add attention and norms.",
        ),
    ],
    also_correct=[7_087_872, 7_087_872.0, np.int64(7_087_872)],
    hints=[
        "Three parts: attention, feed-forward, two layer norms.",
        "Attention has four dense layers of 768 to 768, the feed-forward part one of 768 to 3072 "
        "and one back, all with biases.",
        "4·(768·768 + 768) + (768·3072 + 3072) + (3072·768 + 768) + 2·2·768",
    ],
    carry_on="Two thirds of it are in the feed-forward part. Twelve such layers make 85 million, "
    "most of the 110 million parameters of BERT-base; embeddings hold nearly all the rest.",
)

# --- Exercise 9: exact match ----------------------------------------------------------------------


def _match_cases(rng: np.random.Generator) -> Iterator[Case]:
    target = np.array([[5, 6, 2, 0], [7, 2, 0, 0]])
    yield Case((np.array([[5, 6, 2, 9], [8, 2, 0, 0]]), target, 0), label="the example of the text")
    yield Case((np.array([[5, 6, 2, 9], [7, 2, 4, 4]]), target, 0), label="both right")
    yield Case((np.array([[5, 0, 2, 0], [7, 2, 0, 0]]), target, 0), label="padding inside a word")
    yield Case((target, target, 0), label="a perfect copy, padding included")
    full = rng.integers(1, 9, size=(4, 5))
    wrong = full.copy()
    wrong[1, 2] += 1
    yield Case((wrong, full, 0), label="no padding at all")
    target = rng.integers(3, 29, size=(6, 8))
    target[np.arange(8) >= rng.integers(2, 8, size=(6, 1))] = 1
    guess = np.where(target == 1, rng.integers(3, 29, size=(6, 8)), target)
    guess[0, 0] = guess[4, 1] = 2
    yield Case((guess, target, 1), label="six rows, padded with 1")


def _match_by_lists(guess, target, pad):
    def letters(row, of):
        return [int(a) for a, b in zip(row, of, strict=True) if b != pad]

    hits = [letters(g, t) == letters(t, t) for g, t in zip(guess, target, strict=True)]
    return sum(hits) / len(hits)


def _exact_match(guess, target, pad):
    return ((guess == target) | (target == pad)).all(axis=1).mean()


exact_match = Function(
    "nlp.transformer.exact_match",
    title="How many strings are right?",
    cases=_match_cases,
    expected=_match_by_lists,
    reference=_exact_match,
    mistakes=[
        Mistake(
            "the padding compared as well",
            lambda guess, target, pad: (guess == target).all(axis=1).mean(),
            "Nobody asked the model for anything behind the end, and it was never trained there. "
            "What it says at those places must not count.",
        ),
        Mistake(
            "the share of tokens, padding counted as right",
            lambda guess, target, pad: ((guess == target) | (target == pad)).mean(),
            "This is a share of places, and padding counts as right in it. Wanted is the share of "
            "rows without any mistake.",
        ),
        Mistake(
            "the share of tokens",
            lambda guess, target, pad: (guess == target)[target != pad].mean(),
            "This is the share of tokens, which is higher: one wrong token spoils a whole row. "
            "Reduce over each row with all first.",
        ),
        Mistake(
            "the share of all places",
            lambda guess, target, pad: (guess == target).mean(),
            "Two things are missing: places with padding must not count, and one wrong token "
            "makes the whole row wrong.",
        ),
        Mistake(
            "padding looked for in the guess",
            lambda guess, target, pad: ((guess == target) | (guess == pad)).all(axis=1).mean(),
            "What counts is decided by the target. A model that answers padding everywhere would "
            "be perfect by your measure.",
        ),
        Mistake(
            "padding counted as wrong",
            lambda guess, target, pad: ((guess == target) & (target != pad)).all(axis=1).mean(),
            "With & a row that has any padding can never be right. At padding the comparison "
            "should be satisfied: use |.",
        ),
    ],
    also_correct=[
        _match_by_lists,
        lambda guess, target, pad: (
            (np.where(target == pad, pad, guess) == target).all(axis=1).mean()
        ),
    ],
    hints=[
        "Two steps: for every place, is it satisfied? Then: which rows are satisfied everywhere?",
        "A place is satisfied if guess and target agree, or if the target is padding there.",
        "((guess == target) | (target == pad)).all(axis=1) has one truth value per row.",
    ],
    carry_on="Say with every accuracy what was counted: tokens or whole strings, with or without "
    "padding. The next cells show how far these can lie apart.",
)
