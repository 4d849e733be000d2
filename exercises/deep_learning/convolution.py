"""Exercises of the lesson on convolution."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: count the parameters of a whole network ------------------------------------------


def _pets_by_torch() -> int:
    from torch import nn

    model = nn.Sequential(
        nn.Conv2d(3, 10, 5, device="meta"),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(10 * 148 * 148, 2, device="meta"),
    )
    return sum(parameter.numel() for parameter in model.parameters())


pets_parameters = Value(
    "deep_learning.convolution.pets_parameters",
    title="Cats, dogs and parameters",
    expected=_pets_by_torch,
    tolerance=0.5,
    reference=(5 * 5 * 3 + 1) * 10 + (10 * 148 * 148 + 1) * 2,
    mistakes=[
        Mistake(
            "one output instead of two",
            760 + 10 * 148 * 148 + 1,
            "The dense layer has two outputs, and each has a weight for every input and a bias.",
        ),
        Mistake(
            "the biases forgotten",
            750 + 2 * 10 * 148 * 148,
            "Each of the ten filters and each of the two outputs has a bias as well.",
        ),
        Mistake(
            "filters without depth",
            260 + 2 * 10 * 148 * 148 + 2,
            "A filter reaches through all channels of its input: 5·5·3 weights, not 5·5.",
        ),
        Mistake(
            "the pooling layer left out",
            760 + 2 * 10 * 296 * 296 + 2,
            "Pooling has no weights, but it halves both sides of what the dense layer reads.",
        ),
        Mistake(
            "padding where there is none",
            760 + 2 * 10 * 150 * 150 + 2,
            "Without padding a 5×5 filter fits at 300 − 4 places a side, not at 300.",
        ),
        Mistake(
            "pooling that halves the positions",
            760 + 2 * 10 * 296 * 148 + 2,
            "2×2 pooling halves both sides, so a quarter of the positions is left.",
        ),
        Mistake(
            "only the convolution counted",
            760,
            "That is the convolution. The dense layer behind it holds nearly all parameters.",
        ),
        Mistake(
            "only the weights of the dense layer",
            2 * 10 * 148 * 148,
            "That is the dense layer without its biases. Add these, and the ten filters with "
            "theirs.",
        ),
        Mistake(
            "only the dense layer counted",
            2 * 10 * 148 * 148 + 2,
            "That is the dense layer. Add the ten filters with their biases.",
        ),
    ],
    also_correct=[438_842.0, np.int64(438_842), 760 + 438_082],
    hints=[
        "Follow the shape first: how many rows and columns are left behind the convolution, and "
        "how many behind the pooling?",
        "300 → 296 → 148 a side, with 10 channels. Pooling has no parameters.",
        "(5·5·3 + 1)·10 for the convolution, (148·148·10 + 1)·2 for the dense layer.",
    ],
    carry_on="More than 99 % of the parameters sit in the two dense outputs. A count of 219,801 "
    "for this network can be found in print: it is right for one output, not for two.",
)

# --- Exercise 2: the edge map that moved ----------------------------------------------------------


def _edge_cases(rng: np.random.Generator) -> Iterator[Case]:
    vertical = np.array([[-1.0, 0.0, 1.0]] * 3)
    step = np.tile([0.0, 0.0, 1.0, 1.0, 1.0], (4, 1))
    yield Case((step, vertical), label="a dark and a bright half, vertical edges")
    yield Case((np.ones((3, 4)), vertical), label="an even picture: edges at its border only")
    dot = np.zeros((5, 5))
    dot[2, 2] = 1.0
    yield Case((dot, np.arange(9.0).reshape(3, 3)), label="a single bright pixel")
    corners = np.zeros((3, 5))
    corners[[0, -1], [-1, 0]] = [1.0, 2.0]
    yield Case((corners, np.arange(9.0).reshape(3, 3)), label="bright pixels in two corners")
    picture = rng.integers(0, 10, size=(4, 3)).astype(float)
    yield Case((picture, rng.integers(-3, 4, size=(3, 3)) / 2), label="4 rows, 3 columns")
    yield Case((np.array([[5.0]]), np.arange(9.0).reshape(3, 3)), label="a picture of one pixel")


def _edge_by_scipy(image, kernel):
    from scipy.signal import correlate2d

    return correlate2d(image, kernel, mode="same")


def _edge_map(image, kernel):
    padded = np.pad(image, 1)
    response = np.empty(image.shape)
    for i, j in np.ndindex(image.shape):
        response[i, j] = np.sum(kernel * padded[i : i + 3, j : j + 3])
    return response


def _edge_planted(image, kernel):
    rows, columns = image.shape
    padded = np.pad(image, 1)
    response = np.zeros((rows, columns))
    for i, j, u, v in np.ndindex(rows, columns, 3, 3):
        response[i, j] += kernel[u, v] * padded[i + u - 1, j + v - 1]
    return response


def _edge_rows_only(image, kernel):
    rows, columns = image.shape
    padded = np.pad(image, 1)
    response = np.zeros((rows, columns))
    for i, j, u, v in np.ndindex(rows, columns, 3, 3):
        response[i, j] += kernel[u, v] * padded[i + u, j + v - 1]
    return response


def _edge_columns_only(image, kernel):
    return _edge_rows_only(image.T, kernel.T).T


def _from(padded, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    return np.einsum("ijuv,uv->ij", windows, kernel)


def _edge_wrapped(image, kernel):
    return _from(np.pad(image, 1, mode="wrap"), kernel)


def _edge_flipped(image, kernel):
    return _edge_map(image, kernel[::-1, ::-1])


def _edge_transposed(image, kernel):
    return _edge_map(image, kernel.T)


def _edge_without_border(image, kernel):
    response = _edge_map(image, kernel)
    response[[0, -1]] = 0
    response[:, [0, -1]] = 0
    return response


def _edge_unpadded(image, kernel):
    return _edge_map(image, kernel)[1:-1, 1:-1]


def _edge_replicated(image, kernel):
    padded = np.pad(image, 1, mode="edge")
    return _edge_map(padded, kernel)[1:-1, 1:-1]


def _edge_by_shifts(image, kernel):
    padded = np.pad(image, 1)
    rows, columns = image.shape
    return sum(
        kernel[u, v] * padded[u : u + rows, v : v + columns] for u in range(3) for v in range(3)
    )


def _edge_by_windows(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, 1), (3, 3))
    return np.einsum("ijuv,uv->ij", windows, kernel).tolist()


edge_map = Bug(
    "deep_learning.convolution.edge_map",
    title="The edge map that moved",
    cases=_edge_cases,
    expected=_edge_by_scipy,
    reference=_edge_map,
    planted=_edge_planted,
    mistakes=[
        Mistake(
            "repaired along one axis only",
            _edge_rows_only,
            "The rows are right now; the columns have the same fault.",
        ),
        Mistake(
            "repaired along the other axis only",
            _edge_columns_only,
            "The columns are right now; the rows have the same fault.",
        ),
        Mistake(
            "the opposite border in the place of zeros",
            _edge_wrapped,
            "At the border the map answers to pixels of the opposite side. Outside the picture "
            "there are zeros.",
        ),
        Mistake(
            "a map that is larger by a ring",
            lambda image, kernel: _from(np.pad(image, 2), kernel),
            "The map has grown by a ring. It should be as large as the picture: keep one ring of "
            "zeros, and mend the index.",
        ),
        Mistake(
            "the kernel turned by 180 degrees",
            _edge_flipped,
            "The kernel meets the picture turned by 180 degrees. The window starts at row i of the "
            "padded picture, and both are read forwards.",
        ),
        Mistake(
            "the kernel transposed",
            _edge_transposed,
            "Rows and columns of the kernel are exchanged, so it answers to the other direction.",
        ),
        Mistake(
            "the border left at zero",
            _edge_without_border,
            "The padding is there so that the border gets a value too. Let i and j run over all "
            "rows and columns.",
        ),
        Mistake(
            "no padding",
            _edge_unpadded,
            "The map has lost its border. Keep the padding, and mend the index.",
        ),
        Mistake(
            "the border repeated instead of zeros",
            _edge_replicated,
            "Repeating the border is a fine choice, but the task pads with zeros. The padding was "
            "right as it was handed out.",
        ),
    ],
    also_correct=[
        _edge_by_windows,
        _edge_by_scipy,
        _edge_by_shifts,
        lambda image, kernel: _edge_map(image, kernel).astype(np.float32),
    ],
    hints=[
        "Compare the position of the bright pixel in the case of a single one with that of its "
        "response.",
        "Pixel (i, j) of the picture is pixel (i + 1, j + 1) of the padded one. Where does the "
        "window around it start?",
        "Its upper left corner is padded[i, j], so the window is padded[i + u, j + v].",
    ],
    carry_on="Index −1 raised no error: Python counted from the end, met the zeros of the "
    "padding, and the result looked plausible. Test with a single bright pixel.",
)

# --- Exercise 3: stride and padding ---------------------------------------------------------------


def _correlate_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(rows, columns, side, stride, padding, label):
        image, kernel = rng.normal(size=(rows, columns)), rng.normal(size=(side, side))
        return Case((image.round(1), kernel.round(1), stride, padding), label=label)

    yield Case(
        (np.arange(9.0).reshape(3, 3), np.array([[1.0, 0.0], [0.0, 10.0]]), 1, 0),
        label="the example of the text",
    )
    yield case(3, 4, 3, 1, 1, "padding 1")
    yield case(2, 3, 2, 1, 2, "padding 2")
    yield case(5, 3, 3, 2, 0, "stride 2, everything covered")
    yield case(4, 6, 2, 3, 0, "stride 3, gaps between the windows, columns left over")
    yield case(6, 4, 3, 2, 1, "stride 2 and padding 1")
    yield case(5, 6, 4, 3, 2, "stride 3 and padding 2: the last pixels are left over")
    yield case(3, 3, 3, 2, 0, "a kernel as large as the picture")
    yield case(4, 4, 1, 2, 0, "a kernel of one pixel")
    yield Case(
        (np.array([[3, 1, 4], [1, 5, 9]]), np.array([[0.5, 0.25], [-0.5, 0.1]]), 1, 0),
        label="a picture of whole numbers, a kernel of fractions",
    )


def _correlate_by_torch(image, kernel, stride, padding):
    import torch

    x, w = torch.tensor(image).double()[None, None], torch.tensor(kernel).double()[None, None]
    return torch.nn.functional.conv2d(x, w, stride=stride, padding=padding)[0, 0].numpy()


def _correlate_padded(padded, kernel, stride, rows=None, columns=None):
    k = len(kernel)
    rows = (padded.shape[0] - k) // stride + 1 if rows is None else rows
    columns = (padded.shape[1] - k) // stride + 1 if columns is None else columns
    out = np.zeros((rows, columns))
    for i, j in np.ndindex(rows, columns):
        top, left = i * stride, j * stride
        out[i, j] = np.sum(padded[top : top + k, left : left + k] * kernel)
    return out


def _correlate(image, kernel, stride, padding):
    padded, k = np.pad(image, padding), len(kernel)
    rows = (padded.shape[0] - k) // stride + 1
    columns = (padded.shape[1] - k) // stride + 1
    response = np.empty((rows, columns))
    for i, j in np.ndindex(rows, columns):
        window = padded[i * stride : i * stride + k, j * stride : j * stride + k]
        response[i, j] = np.sum(window * kernel)
    return response


def _correlate_rounded_up(image, kernel, stride, padding):
    k, (rows, columns) = len(kernel), np.array(image.shape) + 2 * padding
    up = [-(-(size - k) // stride) + 1 for size in (rows, columns)]
    room = [(up[0] - 1) * stride + k - rows, (up[1] - 1) * stride + k - columns]
    padded = np.pad(image, ((padding, padding + room[0]), (padding, padding + room[1])))
    return _correlate_padded(padded, kernel, stride)


def _correlate_one_short(image, kernel, stride, padding):
    k, padded = len(kernel), np.pad(image, padding)
    rows, columns = (max((size - k) // stride, 0) for size in padded.shape)
    return _correlate_padded(padded, kernel, stride, rows, columns)


def _correlate_along(image, kernel, strides, padding):
    """A stride of its own down and across."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), kernel.shape)
    return np.einsum("ijuv,uv->ij", windows, kernel)[:: strides[0], :: strides[1]]


def _correlate_by_matrix_product(image, kernel, stride, padding):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), kernel.shape)
    return (windows @ kernel).sum(axis=(2, 3))[::stride, ::stride]


def _correlate_dilated(image, kernel, stride, padding):
    padded, k = np.pad(image, padding), len(kernel)
    rows, columns = (max(size - (k - 1) * stride, 0) for size in padded.shape)
    response = np.zeros((rows, columns))
    for u, v in np.ndindex(k, k):
        top, left = u * stride, v * stride
        response += kernel[u, v] * padded[top : top + rows, left : left + columns]
    return response


def _correlate_by_library(image, kernel, stride, padding):
    from scipy.signal import correlate2d

    return correlate2d(np.pad(image, padding), kernel, mode="valid")[::stride, ::stride]


def _correlate_thinned(image, kernel, stride, padding):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), kernel.shape)
    return np.einsum("ijuv,uv->ij", windows, kernel)[::stride, ::stride]


correlate = Function(
    "deep_learning.convolution.correlate",
    title="Stride and padding",
    cases=_correlate_cases,
    expected=_correlate_by_torch,
    reference=_correlate,
    mistakes=[
        Mistake(
            "the kernel flipped",
            lambda image, kernel, stride, padding: _correlate(
                image, kernel[::-1, ::-1], stride, padding
            ),
            "You turned the kernel by 180 degrees, as the convolution of signal processing does. "
            "The layer of a network multiplies window and kernel as they lie.",
        ),
        Mistake(
            "the kernel transposed",
            lambda image, kernel, stride, padding: _correlate(image, kernel.T, stride, padding),
            "Rows and columns of the kernel are exchanged: kernel[u, v] belongs to the pixel u "
            "rows down and v columns across.",
        ),
        Mistake(
            "the stride across only",
            lambda image, kernel, stride, padding: _correlate_along(
                image, kernel, (1, stride), padding
            ),
            "The window moves by `stride` across, and by one pixel down. Both must be `stride`.",
        ),
        Mistake(
            "the stride down only",
            lambda image, kernel, stride, padding: _correlate_along(
                image, kernel, (stride, 1), padding
            ),
            "The window moves by `stride` down, and by one pixel across. Both must be `stride`.",
        ),
        Mistake(
            "the kernel spread out by the stride",
            _correlate_dilated,
            "Here the pixels of one window stand `stride` apart (that is called dilation). They "
            "are neighbours; the *windows* are `stride` apart.",
        ),
        Mistake(
            "the border repeated instead of zeros",
            lambda image, kernel, stride, padding: _correlate_padded(
                np.pad(image, padding, mode="edge"), kernel, stride
            ),
            "The rings around the picture repeat its border here. They are to hold zeros.",
        ),
        Mistake(
            "the mean over the window",
            lambda image, kernel, stride, padding: (
                _correlate(image, kernel, stride, padding) / kernel.size
            ),
            "The formula adds the products up; it does not divide by their number.",
        ),
        Mistake(
            "the stride ignored",
            lambda image, kernel, stride, padding: _correlate(image, kernel, 1, padding),
            "The window must move by `stride` pixels from one output to the next, down as well as "
            "across.",
        ),
        Mistake(
            "the padding ignored",
            lambda image, kernel, stride, padding: _correlate(image, kernel, stride, 0),
            "Surround the picture with `padding` rows and columns of zeros first: np.pad.",
        ),
        Mistake(
            "windows at the lower and right border missing",
            lambda image, kernel, stride, padding: _correlate_padded(
                np.pad(image, ((padding, 0), (padding, 0))), kernel, stride
            ),
            "Windows that reach into the zeros below and to the right are missing. Padding goes on "
            "all four sides, so there are H + 2·padding rows.",
        ),
        Mistake(
            "zeros above and below only",
            lambda image, kernel, stride, padding: _correlate_padded(
                np.pad(image, ((padding, padding), (0, 0))), kernel, stride
            ),
            "To the left and to the right of the picture belong zeros too.",
        ),
        Mistake(
            "zeros to the left and right only",
            lambda image, kernel, stride, padding: _correlate_padded(
                np.pad(image, ((0, 0), (padding, padding))), kernel, stride
            ),
            "Above and below the picture belong zeros too.",
        ),
        Mistake(
            "the matrix product of window and kernel",
            _correlate_by_matrix_product,
            "Each weight belongs to one pixel of the window: multiply entry by entry (*), then add "
            "up. @ joins whole rows with whole columns.",
        ),
        Mistake(
            "all the padding at one end",
            lambda image, kernel, stride, padding: _correlate_padded(
                np.pad(image, ((0, 2 * padding), (0, 2 * padding))), kernel, stride
            ),
            "The size is right, but the result is shifted: the zeros must be shared between the "
            "two ends.",
        ),
        Mistake(
            "the size rounded up",
            _correlate_rounded_up,
            "The last window hangs over the edge. Only windows that lie wholly inside the padded "
            "picture count: round down.",
        ),
        Mistake(
            "one row and one column too few",
            _correlate_one_short,
            "A window can start at positions 0 to size − k, both included. Mind the + 1.",
        ),
    ],
    rtol=1e-5,  # sums of products in single precision
    atol=1e-6,
    also_correct=[
        _correlate_thinned,
        _correlate_by_library,
        _correlate_by_torch,
        lambda *args: _correlate(*args).astype(np.float32),
        lambda image, kernel, stride, padding: _correlate(image, kernel, stride, padding).tolist(),
    ],
    hints=[
        "Three steps: pad, find the number of rows and columns, then one loop over the outputs.",
        "Output (i, j) looks at the padded picture from row i·stride and column j·stride on.",
        "There are (size + 2·padding − k) // stride + 1 outputs in each direction.",
    ],
    carry_on="A layer does this for every pair of input and output channel and adds up over the "
    "input channels.",
)

# --- Exercise 4: the gradient of the input --------------------------------------------------------


def _gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([1.0, 1.0]), np.array([1.0, 2.0, 3.0]), 1, 4), label="the example of the text"
    )

    def case(outputs, side, stride, length, label):
        g, kernel = rng.normal(size=outputs).round(1), rng.normal(size=side).round(1)
        return Case((g, kernel, stride, length), label=label)

    yield case(3, 2, 2, 6, "windows side by side")
    yield case(3, 4, 2, 8, "stride 2, overlapping")
    yield case(3, 3, 2, 8, "a last pixel nobody reads")
    yield case(2, 2, 3, 6, "gaps between the windows")
    yield case(1, 3, 1, 3, "a single output")
    yield case(4, 1, 1, 4, "a kernel of one weight")


def _gradient_by_autograd(g, kernel, stride, length):
    import torch

    x = torch.zeros(1, 1, length, dtype=torch.float64, requires_grad=True)
    y = torch.nn.functional.conv1d(x, torch.tensor(kernel)[None, None], stride=stride)
    return torch.autograd.grad(y, x, torch.tensor(g)[None, None])[0][0, 0].numpy()


def _input_gradient(g, kernel, stride, length):
    gradient = np.zeros(length)
    for i, value in enumerate(g):
        gradient[i * stride : i * stride + len(kernel)] += value * kernel
    return gradient


def _gradient_assigned(g, kernel, stride, length):
    gradient = np.zeros(length)
    for i, value in enumerate(g):
        gradient[i * stride : i * stride + len(kernel)] = value * kernel
    return gradient


def _gradient_without_stride(g, kernel, stride, length):
    gradient = np.zeros(max(length, len(g) + len(kernel)))
    for i, value in enumerate(g):
        gradient[i : i + len(kernel)] += value * kernel
    return gradient[:length]


def _gradient_without_kernel(g, kernel, stride, length):
    return _input_gradient(g, np.ones(len(kernel)), stride, length)


def _correlated_forwards(g, kernel, stride, length):
    spread = np.zeros(length + len(kernel) - 1)
    spread[: len(g) * stride : stride] = g
    return np.convolve(spread, kernel[::-1])[len(kernel) - 1 :][:length]


def _gradient_with_spread_kernel(g, kernel, stride, length):
    gradient = np.zeros(max(length, len(g) + len(kernel) * stride))
    for i, u in np.ndindex(len(g), len(kernel)):
        gradient[i + u * stride] += g[i] * kernel[u]
    return gradient[:length]


def _gradient_of_first_pixels(g, kernel, stride, length):
    gradient = np.zeros(length)
    gradient[: len(g) * stride : stride] = g * kernel[0]
    return gradient


def _gradient_by_convolution(g, kernel, stride, length):
    spread = np.zeros((len(g) - 1) * stride + 1)
    spread[::stride] = g
    full = np.convolve(spread, kernel)
    return np.append(full, np.zeros(length - len(full)))


def _gradient_by_transposed_convolution(g, kernel, stride, length):
    import torch

    g, kernel = (torch.from_numpy(part).float()[None, None] for part in (g, kernel))
    short = torch.nn.functional.conv_transpose1d(g, kernel, stride=stride)[0, 0]
    return torch.nn.functional.pad(short, (0, length - len(short)))


def _gradient_by_matrix(g, kernel, stride, length):
    matrix = np.zeros((len(g), length))
    for i in range(len(g)):
        matrix[i, i * stride : i * stride + len(kernel)] = kernel
    return (matrix.T @ g).tolist()


input_gradient = Function(
    "deep_learning.convolution.input_gradient",
    title="Backwards through a convolution",
    cases=_gradient_cases,
    expected=_gradient_by_autograd,
    reference=_input_gradient,
    mistakes=[
        Mistake(
            "only the last window counts where windows overlap",
            _gradient_assigned,
            "A pixel that lies in two windows influences two outputs, and its gradient is the sum "
            "of both. Here only what the later window sent is left.",
        ),
        Mistake(
            "the kernel reversed",
            lambda g, kernel, stride, length: _input_gradient(g, kernel[::-1], stride, length),
            "Pixel s·i + u was multiplied by kernel[u] on the way forward, and its gradient is "
            "multiplied by the same kernel[u] on the way back. (A reversed kernel appears only "
            "when one gathers instead of scattering.)",
        ),
        Mistake(
            "the stride forgotten",
            _gradient_without_stride,
            "Window i starts at pixel i·stride, not at pixel i.",
        ),
        Mistake(
            "the convolution itself, forwards",
            _correlated_forwards,
            "This slides the kernel over g. On the way back every g[i] is *spread* over the pixels "
            "that output i was made from.",
        ),
        Mistake(
            "the stride inside the window",
            _gradient_with_spread_kernel,
            "Here window i begins at pixel i, and its pixels stand `stride` apart. They are "
            "neighbours, and window i begins at pixel i·stride.",
        ),
        Mistake(
            "only the first pixel of each window",
            _gradient_of_first_pixels,
            "Output i was made from k pixels, and its gradient reaches them all.",
        ),
        Mistake(
            "the kernel forgotten",
            _gradient_without_kernel,
            "Each output's gradient reaches a pixel multiplied by the weight that joined them.",
        ),
        Mistake(
            "shorter than the input",
            lambda g, kernel, stride, length: _input_gradient(g, kernel, stride, length)[
                : (len(g) - 1) * stride + len(kernel)
            ],
            "Pixels that no window reads have a gradient too: zero. The result has the length of "
            "the input.",
        ),
        Mistake(
            "the mean over the windows instead of their sum",
            lambda g, kernel, stride, length: (
                _input_gradient(g, kernel, stride, length)
                / np.maximum(
                    _input_gradient(np.ones(len(g)), np.ones(len(kernel)), stride, length), 1
                )
            ),
            "The chain rule adds the contributions of all windows; it does not average them.",
        ),
    ],
    rtol=1e-5,  # sums of products in single precision
    atol=1e-6,
    also_correct=[
        _gradient_by_matrix,
        _gradient_by_convolution,
        _gradient_by_transposed_convolution,
        _gradient_by_autograd,
        lambda g, kernel, stride, length: np.array(
            [
                sum(
                    g[i] * kernel[t - i * stride]
                    for i in range(len(g))
                    if 0 <= t - i * stride < len(kernel)
                )
                for t in range(length)
            ]
        ),
    ],
    hints=[
        "Which outputs does pixel t reach, and with which weight?",
        "Go through the outputs: output i was made from pixels i·stride to i·stride + k − 1. Send "
        "its gradient back to all of them.",
        "gradient[i·stride : i·stride + k] += g[i] * kernel, starting from zeros of the input's "
        "length.",
    ],
    carry_on="You have just written a transposed convolution: networks that paint pictures use "
    "the same step forwards, to turn small maps into large ones.",
)

# --- Exercise 5: the gradient of max-pooling ------------------------------------------------------


def _pool_cases(rng: np.random.Generator) -> Iterator[Case]:
    x = np.array([[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 1.0, 7.0]])
    yield Case((x, np.array([[10.0, 20.0]]), 2, 2), label="windows side by side")
    peak = np.array([[0.0, 1.0, 0.0], [2.0, 9.0, 3.0], [0.0, 4.0, 0.0]])
    yield Case(
        (peak, np.array([[1.0, 2.0], [3.0, 4.0]]), 2, 1),
        label="one peak in four overlapping windows",
    )
    yield Case((np.ones((4, 4)), rng.normal(size=(2, 2)).round(1), 2, 2), label="nothing but ties")
    yield Case(
        (np.array([[0.0, 5.0], [5.0, 0.0]]), np.array([[3.0]]), 2, 1),
        label="a tie across, from upper right to lower left",
    )
    yield Case(
        (
            np.array([[1.0, 0.0, 7.0, 2.0], [2.0, 7.0, 0.0, 7.0], [7.0, 7.0, 1.0, 3.0]]),
            np.array([[1.0, 20.0]]),
            3,
            1,
        ),
        label="ties in overlapping windows",
    )
    yield Case(
        (-1.0 - rng.random(size=(3, 4)).round(1), rng.normal(size=(2, 3)).round(1), 2, 1),
        label="every pixel below 0",
    )
    yield Case(
        (rng.integers(-9, 10, size=(5, 6)) / 2, rng.normal(size=(2, 2)).round(1), 2, 3),
        label="gaps between the windows, a column left over",
    )
    yield Case(
        (rng.normal(size=(7, 5)).round(2), rng.normal(size=(3, 2)).round(1), 3, 2),
        label="3×3 with stride 2",
    )
    blank = np.array([[0, 0, 4, 0], [0, 0, 0, 0], [1, 0, 0, 2], [0, 0, 2, 0]], dtype=float)
    yield Case((blank, rng.normal(size=(3, 3)).round(1), 2, 1), label="behind a ReLU: ties at zero")


def _pool_by_torch(x, g, size, stride):
    import torch

    image = torch.tensor(x)[None, None].requires_grad_(True)
    y = torch.nn.functional.max_pool2d(image, size, stride)
    return torch.autograd.grad(y, image, torch.tensor(g)[None, None])[0][0, 0].numpy()


def _pool_with(share, add=True):
    """A backward pass that spreads g by ``share(window)``, adding or assigning."""

    def backward(x, g, size, stride):
        gradient = np.zeros_like(x)
        for i, j in np.ndindex(g.shape):
            rows = slice(i * stride, i * stride + size)
            columns = slice(j * stride, j * stride + size)
            part = share(x[rows, columns]) * g[i, j]
            if add:
                gradient[rows, columns] += part
            else:
                gradient[rows, columns] = part
        return gradient

    return backward


def _first(window):
    mask = np.zeros_like(window)
    mask[np.unravel_index(window.argmax(), window.shape)] = 1
    return mask


def _last(window):
    return _first(window[::-1, ::-1])[::-1, ::-1]


def _first_by_columns(window):
    return _first(window.T).T


def _first_above_zero(window):
    return _first(window) * (window.max() > 0)


def _smallest(window):
    return _first(-window)


def _all_ties(window):
    return (window == window.max()).astype(float)


def _shared_ties(window):
    ties = _all_ties(window)
    return ties / ties.sum()


def _pool_planted(x, g, size, stride):
    gradient = np.zeros_like(x)
    for i, j in np.ndindex(g.shape):
        top, left = i * stride, j * stride
        window = x[top : top + size, left : left + size]
        u, v = np.unravel_index(window.argmax(), window.shape)
        gradient[top + u, left + v] = g[i, j]
    return gradient


def _pool_gradient(x, g, size, stride):
    gradient = np.zeros_like(x)
    for i, j in np.ndindex(g.shape):
        top, left = i * stride, j * stride
        window = x[top : top + size, left : left + size]
        u, v = np.unravel_index(window.argmax(), window.shape)
        gradient[top + u, left + v] += g[i, j]
    return gradient


pool_gradient = Bug(
    "deep_learning.convolution.pool_gradient",
    title="The gradient that got lost",
    cases=_pool_cases,
    expected=_pool_by_torch,
    reference=_pool_gradient,
    planted=_pool_planted,
    mistakes=[
        Mistake(
            "the gradient sent to every tie",
            _pool_with(_all_ties),
            "Every pixel equal to the maximum receives the whole gradient, so a window of equal "
            "pixels multiplies it. Only the first maximum gets it.",
        ),
        Mistake(
            "the gradient sent to every tie, and assigned",
            _pool_with(_all_ties, add=False),
            "Two faults: ties multiply the gradient, and a window that overlaps an earlier one "
            "erases what that had written.",
        ),
        Mistake(
            "whole windows overwritten",
            _pool_with(_first, add=False),
            "The zeros around the maximum now erase what an overlapping window had written "
            "before. Add to what is there.",
        ),
        Mistake(
            "ties share the gradient",
            _pool_with(_shared_ties),
            "Sharing keeps the sum right and is a possible convention, but the task, like the "
            "library, gives all of it to the first maximum.",
        ),
        Mistake(
            "the last of several maxima",
            _pool_with(_last),
            "Among equal maxima the first in reading order counts, which is what argmax returns.",
        ),
        Mistake(
            "the first of several maxima, column by column",
            _pool_with(_first_by_columns),
            "Reading order goes along the rows: of a 5 at the upper right and one at the lower "
            "left, the upper one comes first.",
        ),
        Mistake(
            "no gradient where the maximum is not above 0",
            _pool_with(_first_above_zero),
            "The largest of negative numbers is a maximum too. Only a ReLU would stop here.",
        ),
        Mistake(
            "row and column of the maximum exchanged",
            _pool_with(lambda window: _first(window).T),
            "The maximum stands in row u and column v of its window. Its gradient arrived in row "
            "v and column u.",
        ),
        Mistake(
            "the gradient sent to the smallest pixel",
            _pool_with(_smallest),
            "Max-pooling passes the largest pixel on, and its gradient belongs to that one.",
        ),
        Mistake(
            "times the maximum itself",
            _pool_with(lambda window: _first(window) * window.max()),
            "Max-pooling copies the largest pixel, with slope 1. Its gradient is g, not g times "
            "the pixel.",
        ),
        Mistake(
            "the gradient of mean pooling",
            _pool_with(lambda window: np.full(window.shape, 1 / window.size)),
            "Spreading the gradient evenly belongs to mean pooling. Only the maximum moved the "
            "output, so only it gets a gradient.",
        ),
    ],
    also_correct=[
        _pool_with(_first),
        _pool_by_torch,
        lambda x, g, size, stride: _pool_gradient(x, g, size, stride).astype(np.float32),
        lambda x, g, size, stride: _pool_gradient(x, g, size, stride).tolist(),
    ],
    hints=[
        "Look at the case with one peak: in how many windows is it the maximum, and what should "
        "its gradient be?",
        "The sum of the gradients that come out must be the sum of those that went in. Which "
        "line breaks that?",
        "One character is missing in the last line of the loop.",
    ],
    carry_on="With windows side by side the fault is invisible, since no pixel lies in two of "
    "them. Test a backward pass with overlapping windows and with ties.",
)

# --- Exercise 6: receptive field ------------------------------------------------------------------

_VGG = [layer for n in (2, 2, 3, 3, 3) for layer in [(3, 1)] * n + [(2, 2)]]


def _field_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(([(3, 1), (3, 1)],), label="two 3×3 layers")
    yield Case(([(3, 2), (3, 1)],), label="the example of the text")
    yield Case(([(2, 2), (2, 2), (3, 1), (5, 1)],), label="two poolings first")
    yield Case(([(5, 1), (2, 2), (3, 1), (2, 2), (3, 1)],), label="a small classifier")
    yield Case(([(7, 2), (3, 3), (1, 1), (3, 2), (3, 1)],), label="strides 2 and 3")
    yield Case((_VGG,), label="VGG-16 up to its last pooling")
    yield Case(([],), label="no layer at all")


def _field_by_walking_back(layers):
    first, last = 0, 0  # the inputs that output 0 needs, layer by layer from the end
    for kernel, stride in reversed(layers):
        first, last = first * stride, last * stride + kernel - 1
    return last - first + 1


def _receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step *= stride
    return size


def _field_step_first(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        size += (kernel - 1) * step
    return size


def _field_steps_added(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step += stride - 1
    return size


receptive_field = Function(
    "deep_learning.convolution.receptive_field",
    title="How much does one unit see?",
    cases=_field_cases,
    expected=_field_by_walking_back,
    reference=_receptive_field,
    mistakes=[
        Mistake(
            "k − 1 added for every layer",
            lambda layers: 1 + sum(kernel - 1 for kernel, _ in layers),
            "That is right only while all strides are 1. Behind a stride of 2 neighbouring units "
            "are two pixels apart, so each further tap reaches two pixels further.",
        ),
        Mistake(
            "each layer's own stride",
            lambda layers: 1 + sum((kernel - 1) * stride for kernel, stride in layers),
            "A layer's own stride spreads its outputs, not its taps. What counts is the product "
            "of the strides of all layers before it.",
        ),
        Mistake(
            "the layer's own stride counted too early",
            _field_step_first,
            "Multiply the step by the layer's stride after you have used it: the taps of a layer "
            "lie on the grid of its input.",
        ),
        Mistake(
            "strides added instead of multiplied",
            _field_steps_added,
            "Two layers of stride 2 put neighbouring units four pixels apart: the steps multiply.",
        ),
        Mistake(
            "each layer's own stride on what all layers before it see",
            lambda layers: _receptive_field(layers[::-1]),
            "(size − 1)·stride + k goes from the output back to the input, and reads the list from "
            "its end. From the input on, the step is the product of the strides before.",
        ),
        Mistake(
            "the stride of the layer before, and of no other",
            lambda layers: (
                1
                + sum(
                    (kernel - 1) * before
                    for (kernel, _), before in zip(
                        layers, [1, *(stride for _, stride in layers)], strict=False
                    )
                )
            ),
            "Two poolings further back count too: it is the product of the strides of *all* layers "
            "before.",
        ),
        Mistake(
            "kernel sizes added",
            lambda layers: sum(kernel for kernel, _ in layers),
            "Two 3×3 layers see 5 pixels, not 6: the second adds k − 1. And behind a stride each "
            "further tap reaches several pixels further.",
        ),
        Mistake(
            "k in the place of k − 1",
            lambda layers: _receptive_field([(kernel + 1, stride) for kernel, stride in layers]),
            "A window of k taps reaches k − 1 steps further than its first tap.",
        ),
        Mistake(
            "k in the place of k − 1, started from nothing",
            lambda layers: (
                _receptive_field([(kernel + 1, stride) for kernel, stride in layers]) - 1
            ),
            "Without any layer a unit sees itself: start with size 1. A window of k taps then "
            "reaches k − 1 steps further than its first tap.",
        ),
        Mistake(
            "the distance between neighbouring units",
            lambda layers: int(np.prod([stride for _, stride in layers])) if layers else 1,
            "The product of all strides says how far apart neighbouring units look. Asked is how "
            "far one of them sees.",
        ),
        Mistake(
            "started from nothing",
            lambda layers: _receptive_field(layers) - 1,
            "Without any layer a unit sees itself: start with size 1, not 0.",
        ),
        Mistake(
            "kernel sizes multiplied",
            lambda layers: int(np.prod([kernel for kernel, _ in layers])) if layers else 1,
            "Two 3×3 layers see 5 pixels, not 9: neighbouring windows overlap.",
        ),
    ],
    also_correct=[
        _field_by_walking_back,
        lambda layers: float(_receptive_field(layers)),
    ],
    hints=[
        "Keep two numbers: the size seen so far, and the distance in input pixels between "
        "neighbouring units of the current layer.",
        "A kernel of k taps adds k − 1 of these distances to the size.",
        "size += (kernel - 1) * step, and only then step *= stride. Both begin at 1.",
    ],
    carry_on="The result says which pixels can matter, not which do: near the middle there are "
    "far more paths than at the rim, as the next figure shows.",
)

# --- Exercise 7: a shift by one pixel -------------------------------------------------------------

one_pixel = Choice(
    "deep_learning.convolution.one_pixel",
    title="A shift by one pixel",
    options={
        "a": Option(
            "The pooled map shifts by one as well: convolution and pooling are both equivariant.",
            "One position of the pooled map is two pixels wide, so a shift by one would have to "
            "move it by half a position. Which pixels share a window before the shift, and which "
            "after it?",
        ),
        "b": Option(
            "The pooled map stays as it is: this is what pooling is for.",
            "That happens where a maximum stays inside its window. One that stood in the right "
            "column of a window moves into the next one, and the map changes there.",
        ),
        "c": Option(
            "In general the values change, and no shift of the old map gives the new one. A shift "
            "by two pixels would move it by exactly one.",
            "The windows now group other pixels, so other maxima come out. Only shifts by a "
            "multiple of the stride keep the grouping.",
            right=True,
        ),
        "d": Option(
            "Only the border changes: inside, the pooled map stays the same.",
            "The border is where zeros come in, but the windows are grouped anew everywhere. Try "
            "it with the row 0, 5, 0, 0, 0, 0.",
        ),
    },
    hints=[
        "Pool the row 5, 1, 0, 7, 0, 0 in pairs. Then shift it to the right by one and pool again.",
        "5, 7, 0 becomes 5, 1, 7. Is one of them a shift of the other? Now shift by two.",
    ],
)
