"""Exercises of the lesson on text as numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: from tags to spans ---------------------------------------------------------------


def _span_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(text: str, expected: list[tuple[int, int, str]], label: str) -> Case:
        return Case((text.split(),), expected=expected, label=label)

    yield case("B-PER I-PER O B-LOC", [(0, 2, "PER"), (3, 4, "LOC")], "the example of the text")
    yield case("O O O", [], "nothing to find")
    yield case("O B-LOC I-LOC I-LOC", [(1, 4, "LOC")], "a span that ends with the sentence")
    yield case("B-PER B-PER I-PER O", [(0, 1, "PER"), (1, 3, "PER")], "two names side by side")
    yield case("B-PER I-PER B-LOC O", [(0, 2, "PER"), (2, 3, "LOC")], "person, then place")
    kinds = ["O", "PER", "LOC", "ORG"]
    tags, expected = [], []
    for kind in rng.choice(kinds, size=12):
        if kind == "O":
            tags.append("O")
            continue
        length = int(rng.integers(1, 4))
        expected.append((len(tags), len(tags) + length, str(kind)))
        tags += [f"B-{kind}"] + [f"I-{kind}"] * (length - 1)
    yield Case((tags,), expected=expected, label="a long sentence")


def _spans(tags, *, split_at_b=True, last=True, inclusive=False):
    found, start = [], None
    for i, tag in enumerate(tags):
        opens = tag.startswith("B-") if split_at_b else tag != "O" and start is None
        if start is not None and (tag == "O" or opens):
            found.append((start, i - 1 if inclusive else i, tags[start][2:]))
            start = None
        if opens:
            start = i
    if last and start is not None:
        end = len(tags) - 1 if inclusive else len(tags)
        found.append((start, end, tags[start][2:]))
    return found


def _spans_by_expression(tags):
    import re

    marks = "".join(tag[0] for tag in tags)
    return [[m.start(), m.end(), tags[m.start()][2:]] for m in re.finditer("BI*", marks)]


spans = Function(
    "nlp.text_as_numbers.spans",
    title="From tags to spans",
    cases=_span_cases,
    expected=_spans_by_expression,
    reference=lambda tags: _spans(tags),
    mistakes=[
        Mistake(
            "the last span is lost",
            lambda tags: _spans(tags, last=False),
            "A span is written down when the next O or B arrives, and behind the last token "
            "nothing arrives. Close an open span after the loop.",
        ),
        Mistake(
            "neighbours glued together",
            lambda tags: _spans(tags, split_at_b=False),
            "A B right behind a span begins a new one. Without that two names in a row become one.",
        ),
        Mistake(
            "the end counted in",
            lambda tags: _spans(tags, inclusive=True),
            "Your end is the last token of the span. As in Python's slices, the end is the first "
            "token behind it.",
        ),
        Mistake(
            "one span per token",
            lambda tags: [(i, i + 1, tag[2:]) for i, tag in enumerate(tags) if tag != "O"],
            "Every tagged token became a span of its own. An I continues the span that is open.",
        ),
        Mistake(
            "the tag kept with its letter",
            lambda tags: [(a, b, "B-" + kind) for a, b, kind in _spans(tags)],
            "The kind is what stands behind the dash: PER, not B-PER.",
        ),
    ],
    also_correct=[_spans_by_expression, lambda tags: tuple(map(list, _spans(tags)))],
    hints=[
        "Go through the tags and remember where the open span began, or that none is open.",
        "O closes an open span. B closes it too, and opens a new one. I does nothing.",
        "When a span that began at `start` is closed at position i, append (start, i, "
        "tags[start][2:]). After the loop, close what is still open at len(tags).",
    ],
    carry_on="Taggers are judged by whole spans: one wrong tag of nine can cost a name its first "
    "half, and then the whole name counts as missed.",
)

# --- Exercise 2: scikit-learn's idf ---------------------------------------------------------------


def _idf_by_sklearn() -> float:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer().fit(["the cat sat", "the dog sat", "the dog ran"])
    return float(vectorizer.idf_[vectorizer.vocabulary_["cat"]])


library_idf = Value(
    "nlp.text_as_numbers.library_idf",
    title="The weight of a rare word",
    expected=_idf_by_sklearn,
    tolerance=0.005,
    reference=1 + np.log(4 / 2),
    mistakes=[
        Mistake(
            "the textbook's idf",
            np.log(3),
            "ln(3/1) is the textbook's value. The library adds one document that contains every "
            "word, and 1 at the end.",
        ),
        Mistake(
            "the 1 at the end forgotten",
            np.log(2),
            "ln((1 + 3)/(1 + 1)) is right so far. The library adds 1, so that no word weighs 0.",
        ),
        Mistake(
            "without smoothing",
            1 + np.log(3),
            "That is idf with smooth_idf=False. By default 1 is added above and below the line.",
        ),
        Mistake(
            "one added below the line only",
            np.log(3 / 2),
            "Some texts divide by 1 + df and leave n as it is. The library adds 1 above the line "
            "too, and 1 at the end.",
        ),
        Mistake(
            "the logarithm to the base 10",
            1 + np.log10(2),
            "The library takes the natural logarithm.",
        ),
        Mistake(
            "the logarithm to the base 2",
            2.0,
            "The library takes the natural logarithm.",
        ),
    ],
    also_correct=[1.6931, np.float32(1.693), 1 + np.log(2)],
    hints=[
        "n = 3 documents; “cat” stands in df = 1 of them.",
        "idf = ln((1 + n)/(1 + df)) + 1.",
        "ln(4/2) + 1.",
    ],
    carry_on="By the same formula “the”, which is in all three, has idf 1, not 0: it keeps its "
    "place in the vector.",
)

# --- Exercise 3: the rare word that was not rare --------------------------------------------------


def _weight_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        ([[5, 1, 0], [0, 1, 1], [0, 1, 0], [0, 1, 0]],),
        label="five times in one document, and once in each",
    )
    yield Case(([[1, 0], [0, 2]],), label="two documents, two words")
    counts = rng.poisson(0.8, size=(6, 5))
    counts[0] = 1  # every word occurs somewhere
    yield Case((counts.tolist(),), label="random counts")
    yield Case(([[3, 1, 2]],), label="a single document")


def _weights(counts, df=None, turn=False, share=False):
    counts = np.asarray(counts, dtype=float)
    df = (counts > 0).sum(axis=0) if df is None else df(counts)
    idf = np.log(len(counts) / df) * (-1 if turn else 1)
    return counts / (counts.sum(axis=1, keepdims=True) if share else 1) * idf


def _weights_by_sklearn(counts):
    from sklearn.feature_extraction.text import TfidfTransformer

    transformer = TfidfTransformer(smooth_idf=False, norm=None)
    return transformer.fit_transform(counts).toarray() - np.asarray(counts)  # its idf has + 1


def _rare_words_planted(counts):
    counts = np.asarray(counts, dtype=float)
    df = counts.sum(axis=0)
    return counts * np.log(len(counts) / df)


rare_words = Bug(
    "nlp.text_as_numbers.rare_words",
    title="The rare word that was not rare",
    signature="(counts)",
    cases=_weight_cases,
    expected=_weights_by_sklearn,
    reference=_weights,
    planted=_rare_words_planted,
    mistakes=[
        Mistake(
            "the ratio upside down",
            lambda counts: _weights(counts, turn=True),
            "Documents over df, not df over documents: now the rarest word has the most negative "
            "weight.",
        ),
        Mistake(
            "the share of all words",
            lambda counts: _weights(counts, df=lambda c: c.sum(axis=0) / c.sum() * len(c)),
            "That is still a count of words. A document counts once, however often it repeats "
            "the word.",
        ),
        Mistake(
            "documents counted along the wrong axis",
            lambda counts: _weights(
                counts, df=lambda c: np.resize((c > 0).sum(axis=1), c.shape[1])
            ),
            "These are counts of the different words of each document. df has one number per "
            "word, so sum over the rows: axis 0.",
        ),
        Mistake(
            "counts divided by the length",
            lambda counts: _weights(counts, share=True),
            "The idf is repaired. But tf here is the plain count, not the share of the document's "
            "words.",
        ),
        Mistake(
            "smoothed",
            lambda counts: _weights(counts, df=lambda c: 1 + (c > 0).sum(axis=0)),
            "Adding 1 to df is another convention, in which a word of all documents gets a "
            "negative weight. The task asks for the plain ratio.",
        ),
    ],
    also_correct=[
        lambda counts: _weights(counts).tolist(),
        lambda counts: _weights(counts, df=lambda c: np.count_nonzero(c, axis=0)),
    ],
    hints=[
        "In the first case the first word stands in one document of four. Which number does the "
        "code use for that?",
        "df is the number of documents that contain the word. Five occurrences in one document "
        "are one document.",
        "Sum where the count is larger than zero: (counts > 0).sum(axis=0).",
    ],
    carry_on="With the fault a word that is typical of one long document, the best clue there is, "
    "looks common.",
)

# --- Exercise 4: the long page always wins --------------------------------------------------------


def _bm25_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((3, 100, 100, 2.0, 1.2, 0.75), label="a page of average length")
    yield Case((3, 400, 100, 2.0, 1.2, 0.75), label="a long page")
    yield Case((3, 25, 100, 2.0, 1.2, 0.75), label="a short page")
    yield Case((5, 300, 120, 1.5, 1.6, 0.0), label="b = 0: length does not count")
    yield Case((1, 80, 200, 3.0, 0.9, 1.0), label="b = 1")
    yield Case((0, 80, 200, 3.0, 1.2, 0.75), label="a word that does not occur")


def _bm25_term(tf, length, average, idf, k1, b):
    return idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / average))


def _bm25_by_arrays(tf, length, average, idf, k1, b):
    relative = np.divide(length, average)
    pressure = k1 * np.interp(b, [0, 1], [1, relative])  # linear between 1 and the relative length
    return np.float64(idf) * (k1 + 1) * tf / (tf + pressure)


def _page_length_planted(tf, length, average, idf, k1, b):
    pressure = k1 * (1 - b + b * average / length)
    return idf * tf * (k1 + 1) / (tf + pressure)


page_length = Bug(
    "nlp.text_as_numbers.page_length",
    title="The long page always wins",
    cases=_bm25_cases,
    expected=_bm25_by_arrays,
    reference=_bm25_term,
    planted=_page_length_planted,
    mistakes=[
        Mistake(
            "b on the wrong side",
            lambda tf, length, average, idf, k1, b: _bm25_term(tf, length, average, idf, k1, 1 - b),
            "b = 0 shall switch the length off and b = 1 use it fully; yours does the reverse.",
        ),
        Mistake(
            "the length without its average",
            lambda tf, length, average, idf, k1, b: _bm25_term(tf, length, 1, idf, k1, b),
            "A length of 100 words means nothing by itself: divide it by the average length.",
        ),
        Mistake(
            "the length not used at all",
            lambda tf, length, average, idf, k1, b: _bm25_term(tf, 1, 1, idf, k1, b),
            "Long and short pages now score alike. Keep the length, and turn the ratio.",
        ),
        Mistake(
            "the score divided by the length",
            lambda tf, length, average, idf, k1, b: (
                _bm25_term(tf, 1, 1, idf, k1, b) * average / length
            ),
            "The length belongs inside the saturation, beside k1, not in front of the whole score.",
        ),
        Mistake(
            "the factor k1 + 1 dropped",
            lambda tf, length, average, idf, k1, b: (
                _bm25_term(tf, length, average, idf, k1, b) / (k1 + 1)
            ),
            "Without the factor the ranking is the same, and some search engines leave it out; but "
            "the formula here has it.",
        ),
    ],
    also_correct=[
        _bm25_by_arrays,
        lambda tf, length, average, idf, k1, b: np.array(
            _bm25_term(tf, length, average, idf, k1, b)
        ),
    ],
    hints=[
        "Compare the long page with the short one. Which of them should score higher for the same "
        "three hits?",
        "A larger denominator makes a smaller score. Which length makes it larger now?",
        "The ratio is length / average: a page of twice the average length has 2.",
    ],
    carry_on="The fault shows only where lengths differ: on pages of average length the score is "
    "right. Test a ranking with extreme pages.",
)

# --- Exercise 5: naive Bayes ----------------------------------------------------------------------


def _bayes_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(([[2, 1, 0], [0, 1, 1]], [3, 1], [1, 0, 0], 1.0), label="the example of the text")
    yield Case(([[2, 1, 0], [0, 1, 1]], [3, 1], [0, 0, 0], 1.0), label="an empty document")
    yield Case(([[4, 0], [0, 6]], [5, 5], [0, 2], 0.1), label="a word that one class never had")
    words = rng.integers(0, 30, size=(3, 8))
    yield Case(
        (words.tolist(), [4, 9, 2], rng.integers(0, 4, size=8).tolist(), 0.5),
        label="three classes, eight words",
    )
    yield Case(
        (rng.integers(1, 9, size=(2, 400)).tolist(), [1, 1], [5] * 400, 1.0),
        label="a document of 2,000 words",
    )


def _bayes(words, documents, x, alpha, *, axis=1, prior=True, size=True, binary=False, smooth=True):
    words, documents = np.asarray(words, dtype=float), np.asarray(documents, dtype=float)
    x = np.asarray(x, dtype=float)
    x = (x > 0).astype(float) if binary else x
    alpha = alpha if smooth else 0.0
    total = words.sum(axis=axis, keepdims=True) + alpha * (words.shape[1] if size else 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.log((words + alpha) / total) @ x
    return scores + (np.log(documents / documents.sum()) if prior else 0)


def _bayes_by_sklearn(words, documents, x, alpha):
    from sklearn.naive_bayes import MultinomialNB

    model = MultinomialNB(alpha=alpha, class_prior=np.asarray(documents) / np.sum(documents))
    model.fit(words, range(len(words)))  # one row per class has the same counts
    return model.predict_joint_log_proba([x])[0]


def _bayes_by_products(words, documents, x, alpha):
    words = np.asarray(words, dtype=float)
    p = (words + alpha) / (words.sum(axis=1, keepdims=True) + alpha * words.shape[1])
    with np.errstate(divide="ignore"):
        return np.log(np.prod(p ** np.asarray(x), axis=1) * np.asarray(documents) / sum(documents))


def _bayes_by_loops(words, documents, x, alpha):
    scores = []
    for row, count in zip(words, documents, strict=True):
        score = np.log(count / sum(documents))
        for often, times in zip(row, x, strict=True):
            score += times * np.log((often + alpha) / (sum(row) + alpha * len(row)))
        scores.append(float(score))
    return scores


log_scores = Function(
    "nlp.text_as_numbers.log_scores",
    title="Naive Bayes by its formula",
    cases=_bayes_cases,
    expected=_bayes_by_sklearn,
    reference=lambda words, documents, x, alpha: _bayes(words, documents, x, alpha),
    mistakes=[
        Mistake(
            "no smoothing",
            lambda words, documents, x, alpha: _bayes(words, documents, x, alpha, smooth=False),
            "A word that a class never had gets probability 0 and logarithm −∞, whatever the other "
            "words say (and 0 · −∞ is not a number). Add alpha to every count.",
        ),
        Mistake(
            "smoothing above the line only",
            lambda words, documents, x, alpha: _bayes(words, documents, x, alpha, size=False),
            "Every one of the V words got alpha more, so the total grows by alpha · V. Otherwise "
            "the probabilities do not add up to one.",
        ),
        Mistake(
            "the prior forgotten",
            lambda words, documents, x, alpha: _bayes(words, documents, x, alpha, prior=False),
            "Before any word is read, a class with more documents is more probable: add the "
            "logarithm of its share of the documents.",
        ),
        Mistake(
            "probabilities of the class given the word",
            lambda words, documents, x, alpha: _bayes(
                words, documents, x, alpha, axis=0, size=True
            ),
            "Every word sums to one here. p(word | class) is a share of the words of "
            "that class: divide every row by its own total.",
        ),
        Mistake(
            "each word counted once",
            lambda words, documents, x, alpha: _bayes(words, documents, x, alpha, binary=True),
            "A word that occurs three times contributes its logarithm three times. What you wrote "
            "drops the repetitions.",
        ),
        Mistake(
            "a product of probabilities",
            _bayes_by_products,
            "Right for short documents. With thousands of words the product falls below the "
            "smallest number there is and becomes 0: add logarithms instead.",
        ),
    ],
    also_correct=[
        _bayes_by_loops,
        lambda words, documents, x, alpha: _bayes(words, documents, x, alpha).tolist(),
    ],
    hints=[
        "One score per class: the logarithm of the class's share of the documents, plus one term "
        "per word of the document.",
        "p = (words + alpha) / (row total + alpha · V): one row per class, each adding up to 1.",
        "np.log(p) @ x + np.log(documents / documents.sum()), with everything as arrays.",
    ],
    carry_on="Subtract two of these scores and you have a weighted sum of counts plus a constant: "
    "naive Bayes and logistic regression draw the same kind of border and differ in how they find "
    "its weights.",
)

# --- Exercise 6: three in a row -------------------------------------------------------------------


def _merge_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(([1, 2, 3, 1, 2], (1, 2), 9), label="the example of the text")
    yield Case(([7, 7, 7], (7, 7), 9), label="three in a row")
    yield Case(([7, 7, 7, 7], (7, 7), 9), label="four in a row")
    yield Case(([1, 1, 2, 2], (1, 2), 9), label="the pair in the middle")
    yield Case(([5], (5, 5), 9), label="a single token")
    yield Case(([3, 1, 2, 1, 2, 2], (1, 2), 9), label="two pairs side by side")
    yield Case((rng.integers(0, 3, size=40).tolist(), (1, 1), 9), label="forty random tokens")
    yield Case(
        ([11, 2, 1, 2, 12, 1, 21], (1, 2), 300),
        label="numbers of several digits that hold those of the pair",
    )


def _merge(ids, pair, new):
    out, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == tuple(pair):
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


def _merge_planted(ids, pair, new):
    out = []
    for i in range(len(ids)):
        if tuple(ids[i : i + 2]) == pair:
            out.append(new)
        elif i == 0 or tuple(ids[i - 1 : i + 1]) != pair:
            out.append(ids[i])
    return out


def _merge_by_expression(ids, pair, new):
    import re

    text = "".join(map(chr, ids))
    merged = re.sub(re.escape("".join(map(chr, pair))), chr(new), text)
    return [ord(sign) for sign in merged]


def _merge_from_the_right(ids, pair, new):
    return _merge(ids[::-1], tuple(pair)[::-1], new)[::-1]


def _merge_skipping(ids, pair, new):
    out, i = [], 0
    while i < len(ids):
        hit = tuple(ids[i : i + 2]) == tuple(pair)
        out.append(new if hit else ids[i])
        i += 2 if hit else 1
        if hit and i < len(ids):  # steps over one more
            out.append(ids[i])
            i += 1
    return out


def _merge_once(ids, pair, new):
    for i in range(len(ids) - 1):
        if tuple(ids[i : i + 2]) == tuple(pair):
            return [*ids[:i], new, *ids[i + 2 :]]
    return list(ids)


three_in_a_row = Bug(
    "nlp.text_as_numbers.three_in_a_row",
    title="Three in a row",
    cases=_merge_cases,
    expected=_merge_by_expression,
    reference=_merge,
    planted=_merge_planted,
    mistakes=[
        Mistake(
            "nothing taken away",
            lambda ids, pair, new: [
                new if tuple(ids[i : i + 2]) == tuple(pair) else ids[i] for i in range(len(ids))
            ],
            "The second token of a merged pair is still there. A merge replaces two by one: step "
            "over both.",
        ),
        Mistake(
            "merged from the right",
            _merge_from_the_right,
            "Three in a row became token, pair. Training and encoding must agree on a direction, "
            "and it is left to right: pair, token.",
        ),
        Mistake(
            "one token too many skipped",
            _merge_skipping,
            "Behind a pair you step over one more token without looking at it, and miss the pair "
            "that begins there.",
        ),
        Mistake(
            "the first pair only",
            _merge_once,
            "Every place where the pair stands is merged, not only the first.",
        ),
        Mistake(
            "the last token lost",
            lambda ids, pair, new: (
                _merge([*ids, -1], pair, new)[:-2]
                if ids and tuple(ids[-2:]) != tuple(pair)
                else _merge(ids, pair, new)
            ),
            "A token at the end that is not part of a pair has to be copied too: let i run to the "
            "very end.",
        ),
    ],
    also_correct=[
        _merge_by_expression,
        lambda ids, pair, new: tuple(_merge(ids, pair, new)),
    ],
    hints=[
        "Take 7, 7, 7 by hand. How many tokens must come out, and how many do?",
        "Positions 0–1 and 1–2 are both the pair, but the token at 1 can be used once only.",
        "A for loop visits every position. Use while, and step by 2 after a merge and by 1 "
        "otherwise.",
    ],
    carry_on="With the fault the text is no longer the same: decoding 9, 9 gives four tokens for "
    "three. An exact round trip is the test that finds it.",
)

# --- Exercise 7: the longest piece that fits ------------------------------------------------------

_VOCABULARY = [
    *("un", "under", "##der", "##stand", "##able", "##a", "##ble", "##s", "##st", "stand", "q"),
    *("##uad", "##ratic", "##al", "##r", "##at", "##ic", "token", "##ization", "##iz", "##ation"),
    *("a", "##n", "##d", "and"),
]


def _piece_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(word: str, expected: list[str], label: str) -> Case:
        return Case((word, _VOCABULARY), expected=expected, label=label)

    yield case("understands", ["under", "##stand", "##s"], "the example of the text")
    yield case("quadratical", ["q", "##uad", "##ratic", "##al"], "a rare word")
    yield case("stand", ["stand"], "a whole word of the vocabulary")
    yield case("tokenization", ["token", "##ization"], "the longest continuation")
    yield case("standing", ["[UNK]"], "an end that nothing fits")
    yield case("stable", ["[UNK]"], "a beginning that is known inside a word only")
    yield case("and", ["and"], "the shortest piece fits too")
    yield case("naïve", ["[UNK]"], "a letter that is nowhere")
    yield Case(
        ("abc", ["a", "ab", "##bc"]),
        expected=["[UNK]"],
        label="the longest first piece leads nowhere, a shorter one would not",
    )
    yield Case(
        ("abcde", ["ab", "abc", "##cde", "##d", "##e"]),
        expected=["abc", "##d", "##e"],
        label="a shorter first piece would need fewer pieces",
    )


def _pieces(word, vocabulary, *, inside=True, whole=True, shortest=False):
    known, found, start = set(vocabulary), [], 0
    while start < len(word):
        ends = range(len(word), start, -1)
        for end in reversed(ends) if shortest else ends:
            piece = ("##" if start and inside else "") + word[start:end]
            if piece in known:
                break
        else:
            if whole:
                return ["[UNK]"]
            return [*found, "[UNK]"]
        found.append(piece)
        start = end
    return found


def _pieces_by_recursion(word, vocabulary, first=True):
    for end in range(len(word), 0, -1):
        piece = word[:end] if first else "##" + word[:end]
        if piece in vocabulary:
            rest = _pieces_by_recursion(word[end:], vocabulary, False) if word[end:] else []
            return ["[UNK]"] if rest == ["[UNK]"] else [piece, *rest]
    return ["[UNK]"]


longest_piece = Function(
    "nlp.text_as_numbers.longest_piece",
    title="The longest piece that fits",
    cases=_piece_cases,
    expected=_pieces_by_recursion,
    reference=lambda word, vocabulary: _pieces(word, vocabulary),
    mistakes=[
        Mistake(
            "the shortest piece instead of the longest",
            lambda word, vocabulary: _pieces(word, vocabulary, shortest=True),
            "You take the first piece that fits, beginning with a single letter. Try the longest "
            "stretch first and shorten it from the right.",
        ),
        Mistake(
            "the ## forgotten",
            lambda word, vocabulary: _pieces(word, vocabulary, inside=False),
            "Behind the first piece only entries with ## count: “##stand” continues a word, "
            "“stand” begins one.",
        ),
        Mistake(
            "the beginning kept before [UNK]",
            lambda word, vocabulary: _pieces(word, vocabulary, whole=False),
            "Where the rest of a word does not fit, the whole word becomes a single [UNK].",
        ),
        Mistake(
            "letters where nothing fits",
            lambda word, vocabulary: (
                _pieces(word, vocabulary)
                if _pieces(word, vocabulary) != ["[UNK]"]
                else [word[0], *("##" + letter for letter in word[1:])]
            ),
            "Pieces that are not in the vocabulary have no number. A word that cannot be built "
            "becomes [UNK].",
        ),
    ],
    also_correct=[_pieces_by_recursion, lambda word, vocabulary: tuple(_pieces(word, vocabulary))],
    hints=[
        "Two loops: the outer one moves the start, the inner one tries ends from the right.",
        'Behind the first piece, look for "##" + word[start:end].',
        'If no end fits, return ["[UNK]"] at once. Otherwise append the piece and go on with '
        "start = end.",
    ],
    carry_on="Greedy never looks back: it can end in [UNK] although another cut would have worked. "
    "Vocabularies hold every single letter, with and without ##, to make that rare.",
)

# --- Exercise 8: sentence A, sentence B -----------------------------------------------------------


def _segment_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((["[CLS]", "a", "b", "[SEP]", "c", "[SEP]"],), label="the example of the text")
    yield Case((["[CLS]", "a", "[SEP]"],), label="a single sentence")
    first, second = ["[CLS]", *["w"] * 13, "[SEP]"], [*["w"] * 8, "[SEP]"]
    yield Case(((first + second),), label="13 and 8 tokens")
    yield Case((["[CLS]", "[SEP]", "a", "[SEP]"],), label="an empty first sentence")


def _segments(tokens):
    ids, segment = [], 0
    for token in tokens:
        ids.append(segment)
        if token == "[SEP]":
            segment = 1
    return ids


def _segments_planted(tokens):
    ids, segment = [], 0
    for token in tokens:
        if token == "[SEP]":
            segment = 1
        ids.append(segment)
    return ids


def _segments_by_position(tokens):
    border = list(tokens).index("[SEP]")
    return (np.arange(len(tokens)) > border).astype(int)


segment_ids = Bug(
    "nlp.text_as_numbers.segment_ids",
    title="Whose separator is it?",
    cases=_segment_cases,
    expected=_segments_by_position,
    reference=_segments,
    planted=_segments_planted,
    mistakes=[
        Mistake(
            "a new segment behind every separator",
            lambda tokens: [tokens[:i].count("[SEP]") for i in range(len(tokens) + 1)],
            "There is one number too many: what you return must have one entry per token.",
        ),
        Mistake(
            "the last separator counted for the first sentence",
            lambda tokens: [
                0 if token == "[SEP]" else segment
                for token, segment in zip(tokens, _segments(tokens), strict=True)
            ],
            "Each separator belongs to the sentence it ends, so the last one to the second "
            "sentence.",
        ),
        Mistake(
            "[CLS] counted apart",
            lambda tokens: [
                1 if token == "[CLS]" else segment
                for token, segment in zip(tokens, _segments(tokens), strict=True)
            ],
            "[CLS] stands at the head of the first sentence and has its segment 0.",
        ),
        Mistake(
            "counted from 1",
            lambda tokens: [segment + 1 for segment in _segments(tokens)],
            "The segments are 0 and 1, not 1 and 2.",
        ),
    ],
    also_correct=[_segments_by_position, lambda tokens: tuple(_segments(tokens))],
    hints=[
        "In the first case, which segment does the first [SEP] get, and which should it get?",
        "The separator ends the first sentence and belongs to it. The order of two steps decides.",
        "Append the segment first, and change it afterwards.",
    ],
    carry_on="Off by one, no error, plausible numbers: with 13 and 8 words the right answer is 15 "
    "zeros and 9 ones. Count once by hand.",
)

# --- Exercise 9: which evaluation can be believed? ------------------------------------------------

believe = Choice(
    "nlp.text_as_numbers.believe",
    title="Which number do you report?",
    options={
        "a": Option(
            "Shuffle all docstrings, hold out a quarter, vocabulary and idf from all of them: "
            "the test set is unseen, and words have no labels.",
            "Two things leak. Siblings of one file lie on both sides. And idf from all documents "
            "has seen the test texts: a small advantage here, and a bad habit.",
        ),
        "b": Option(
            "Shuffle, hold out a quarter, vocabulary and idf from the training part only.",
            "The words are clean now. But siblings from the same file, some nearly word for word "
            "the same, still lie on both sides, and new code will not come with siblings in your "
            "training set.",
        ),
        "c": Option(
            "Hold out whole files, everything learned from the other files, several such splits, "
            "mean and spread reported.",
            "New docstrings come in new files. The split imitates that, and the spread tells how "
            "much depends on which files were drawn.",
            right=True,
        ),
        "d": Option(
            "Hold out whole files, try many settings, report the best one on the held-out files.",
            "The split is right, but the best of many test results is an optimistic number. Choose "
            "settings by cross-validation inside the training files.",
        ),
    },
    hints=[
        "Ask what new data will look like: docstrings of files you know, or of files you have "
        "never seen?",
        "And ask of every number that is computed: was anything of the test set used for it?",
    ],
)
