"""The training loop of utils beside a bare loop, a DataLoader, Lightning and skorch."""

from __future__ import annotations

import logging
import warnings

import torch
from torch import nn

from benchmarks.report import Table, compare, ratio
from utils import data, training

EPOCHS, BATCH = 20, 64


def made() -> tuple[nn.Module, torch.optim.Optimizer]:
    """The same network with the same optimiser for all."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10)
    )
    return net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)


def measure() -> list[Table]:
    """One table."""
    digits = data.digits()
    X = torch.tensor(digits.train_images.reshape(-1, 64) / 16, dtype=torch.float32)
    y = torch.tensor(digits.train_labels)
    loss = nn.functional.cross_entropy

    def bare() -> None:
        net, optimizer = made()
        for _ in range(EPOCHS):
            order = torch.randperm(len(X))
            total = torch.zeros(())
            for start in range(0, len(X), BATCH):
                rows = order[start : start + BATCH]
                value = loss(net(X[rows]), y[rows])
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                total += value.detach() * len(rows)

    def fit() -> None:
        net, optimizer = made()
        training.fit(
            net, (X, y), loss=loss, optimizer=optimizer, epochs=EPOCHS, batch_size=BATCH,
            progress=False,
        )  # fmt: skip

    def loader() -> None:
        net, optimizer = made()
        batches = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(X, y), BATCH, shuffle=True
        )
        for _ in range(EPOCHS):
            for inputs, labels in batches:
                value = loss(net(inputs), labels)
                optimizer.zero_grad()
                value.backward()
                optimizer.step()

    times = compare(
        {
            "bare PyTorch loop": bare,
            "`utils.training.fit`": fit,
            "`DataLoader` loop": loader,
            "Lightning": lightning(X, y, loss),
            "skorch": skorch(X, y),
        }
    )
    first = times["bare PyTorch loop"]
    rows = [(name, str(found), ratio(found, first)) for name, found in times.items()]
    return [
        Table(
            "A training loop",
            f"A network of two hidden layers of 128 on {len(X):,} digits of 8×8 pixels: "
            f"{EPOCHS} epochs, batches of {BATCH}.",
            ("Loop", "Time", "Against the bare loop"),
            rows,
        )
    ]


def lightning(X, y, loss):
    """The same in Lightning, with everything switched off that only reports."""
    import lightning as L

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")

    class Module(L.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.optimizer = made()

        def training_step(self, batch, _):
            return loss(self.net(batch[0]), batch[1])

        def configure_optimizers(self):
            return self.optimizer

    def run() -> None:
        batches = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(X, y), BATCH, shuffle=True
        )
        L.Trainer(
            max_epochs=EPOCHS, accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        ).fit(Module(), batches)  # fmt: skip

    return run


def skorch(X, y):
    """The same in skorch, without its validation split and its printing."""
    from skorch import NeuralNetClassifier

    features, labels = X.numpy(), y.numpy()

    def run() -> None:
        net, _ = made()
        NeuralNetClassifier(
            net, criterion=nn.CrossEntropyLoss, optimizer=torch.optim.SGD, optimizer__lr=0.1,
            optimizer__momentum=0.9, max_epochs=EPOCHS, batch_size=BATCH, train_split=None,
            iterator_train__shuffle=True, verbose=0,
        ).fit(features, labels)  # fmt: skip

    return run
