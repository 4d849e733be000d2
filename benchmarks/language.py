"""The lesson's GPT beside a plain one made of PyTorch's own layers, second for second."""

from __future__ import annotations

import statistics
import time

import torch
from torch import nn

from benchmarks.borrow import borrow
from benchmarks.report import Table

LESSON = "chapters/04_nlp/04_language_models.ipynb"
STEPS, SEEDS, PROBE = 300, 5, 40


class Plain(nn.Module):
    """Learned positions, pre-norm, GELU, tied output: the usual small GPT, from library layers."""

    def __init__(self, vocabulary: int, window: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.token = nn.Embedding(vocabulary, width)
        self.place = nn.Embedding(window, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True,
            norm_first=True,
        )  # fmt: skip
        self.blocks = nn.TransformerEncoder(
            layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False
        )
        self.head = nn.Linear(width, vocabulary, bias=False)
        for weights in self.parameters():
            if weights.ndim == 2:
                nn.init.normal_(weights, std=0.02)
        self.head.weight = self.token.weight

    def forward(self, ids):
        """Logits (batch, length, vocabulary) of tokens (batch, length)."""
        length = ids.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        x = self.token(ids) + self.place(torch.arange(length))
        return self.head(self.blocks(x, mask=mask, is_causal=True))


def unique_paragraphs() -> dict[str, str]:
    """The lesson's texts, filled by a loop that `borrow` leaves out."""
    lesson = borrow(LESSON, "plain", "text")
    once: dict[str, str] = {}
    for paragraph in lesson.text.split("\n\n"):
        once.setdefault(lesson.plain(paragraph), paragraph)
    return once


def measure() -> list[Table]:
    """One table: held-out loss after the same processor seconds, medians over seeds."""
    names = ("GPT", "Recipe", "optimizers", "train", "nats_per_character", "WINDOW")
    ours = borrow(LESSON, *names, once=unique_paragraphs())
    recipe = ours.Recipe()
    sizes = (recipe.vocabulary, ours.WINDOW, recipe.width, recipe.layers, recipe.heads)

    def lesson() -> tuple[nn.Module, list]:
        model = ours.GPT(recipe)
        return model, ours.optimizers(model)

    def adamw(rate: float):
        def made() -> tuple[nn.Module, list]:
            model = Plain(*sizes)
            settings = {"betas": (0.9, 0.95), "weight_decay": 0.1}
            return model, [torch.optim.AdamW(model.parameters(), lr=rate, **settings)]

        return made

    makers = {
        "lesson: rotary, Muon, …": lesson,
        "plain, AdamW 0.001": adamw(1e-3),
        "plain, AdamW 0.003": adamw(3e-3),
        "plain, AdamW 0.005": adamw(5e-3),
    }

    def seconds(maker, steps: int) -> tuple[float, nn.Module]:
        model, optimizers = maker()
        start = time.process_time()
        ours.train(model, optimizers, steps)
        return time.process_time() - start, model

    step = {name: seconds(maker, PROBE)[0] / PROBE for name, maker in makers.items()}
    budget = STEPS * step["lesson: rotary, Muon, …"]
    rows = []
    for name, maker in makers.items():
        steps, losses, times = round(budget / step[name]), [], []
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            spent, model = seconds(maker, steps)
            losses.append(ours.nats_per_character(model))
            times.append(spent)
        count = sum(weights.numel() for weights in model.parameters())
        rows.append(
            (
                name,
                f"{count:,}",
                f"{steps:,}",
                f"{statistics.median(times):.1f} s",
                f"{statistics.median(losses):.3f} ({min(losses):.3f} – {max(losses):.3f})",
            )
        )
    return [
        Table(
            "A small GPT, second for second",
            "Python's documentation, sub-words; the plain model is `nn.TransformerEncoderLayer` "
            "with learned positions and AdamW, in the same loop with the same schedule, and as "
            f"many steps as fit into the same processor time. {SEEDS} seeds; the rates of the "
            "plain model were tried because the result depends on them.",
            ("Model", "Parameters", "Steps", "Training", "Nats per held-out character"),
            rows,
        )
    ]
