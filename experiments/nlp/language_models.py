"""The GPT of the lesson on language models."""

from dataclasses import asdict

from experiments import Trained, lesson_code, weights


@weights(
    seed=0,
    title="GPT on Python's help",
    contents="two blocks of width 128 with two heads, rotary positions, windows of 64 tokens, "
    "1,024 sub-words (in the file's header); trained on the first nine tenths of "
    "`data.python_docs()`, each paragraph once",
    licence="MIT, as the course; the text it was trained on: PSF License Agreement",
    measured="nats per held-out character",
    at_most=1.25,
)
def gpt(seed):
    """The lesson's real run: a GPT, its sub-words, and nats per held-out character."""
    lesson = lesson_code("nlp/language_models", seed)
    model, _ = lesson.train_gpt()
    config = asdict(model.recipe)
    details = {
        "config": {name: config[name] for name in ("vocabulary", "width", "layers", "heads")},
        "characters": "".join(lesson.characters),
        "merges": [*lesson.subwords.rank],
    }
    return Trained(model, details, lesson.nats_per_character)
