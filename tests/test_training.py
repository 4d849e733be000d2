"""Devices, batches, and a training loop that does exactly what the loop by hand does."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from utils.training import batches, device, evaluate, fit


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.delenv("COURSE_DEVICE", raising=False)


def problem(rows: int = 23, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(rows, 3, generator=generator)
    return inputs, inputs.sum(dim=1, keepdim=True).sin()


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))


def same(first: nn.Module, second: nn.Module) -> bool:
    return all(
        torch.equal(a, b)
        for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


# --- fit against the loop by hand -------------------------------------------------------------


def by_hand(model, data, optimizer, epochs, size, *, scheduler=None, clip=None, generator=None):
    """The training loop, written out; yields model and mean loss after every epoch."""
    inputs, targets = data
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(inputs), generator=generator)
        total = 0.0
        for start in range(0, len(inputs), size):
            rows = order[start : start + size]
            loss = mse_loss(model(inputs[rows]), targets[rows])
            for parameter in model.parameters():
                parameter.grad = None
            loss.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
            total += loss.item() * len(rows)
        yield model, total / len(inputs)


@pytest.mark.parametrize("make_optimizer", [
    lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    lambda p: torch.optim.SGD(p, lr=0.1, nesterov=True, momentum=0.5, weight_decay=0.01),
    lambda p: torch.optim.Adam(p, lr=0.01),
], ids=["momentum", "nesterov", "adam"])  # fmt: skip
@pytest.mark.parametrize("scheduled", [False, True])
@pytest.mark.parametrize("clip", [None, 0.05])
@pytest.mark.parametrize("size", [7, 23, 64])
def test_every_parameter_is_the_same_bit_by_bit_after_every_epoch(
    make_optimizer, scheduled, clip, size
):
    data, mine, theirs = problem(), network(), network()

    def tools(model):
        optimizer = make_optimizer(model.parameters())
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 5, 0.7) if scheduled else None
        return optimizer, schedule

    optimizer, schedule = tools(theirs)
    torch.manual_seed(11)  # for dropout; shuffling has its own generator
    wanted = [
        (copy.deepcopy(model.state_dict()), loss)
        for model, loss in by_hand(
            theirs, data, optimizer, 4, size, scheduler=schedule, clip=clip,
            generator=torch.Generator().manual_seed(5),
        )
    ]  # fmt: skip

    seen: list[dict] = []
    optimizer, schedule = tools(mine)
    torch.manual_seed(11)
    history = fit(
        mine, data, loss=mse_loss, optimizer=optimizer, epochs=4, batch_size=size,
        scheduler=schedule, clip_norm=clip, generator=torch.Generator().manual_seed(5),
        on_epoch=lambda epoch, model, row: seen.append(copy.deepcopy(model.state_dict())),
        progress=False,
    )  # fmt: skip
    for (state, loss), got, mean in zip(wanted, seen, history["loss"], strict=True):
        assert all(torch.equal(state[name], got[name]) for name in state)
        assert mean == pytest.approx(loss, rel=1e-6)
    assert same(mine, theirs)


def test_without_an_own_generator_the_global_one_shuffles():
    data, mine, theirs = problem(), network(), network()
    torch.manual_seed(2)
    list(by_hand(theirs, data, torch.optim.SGD(theirs.parameters(), lr=0.1), 2, 5))
    torch.manual_seed(2)
    optimizer = torch.optim.SGD(mine.parameters(), lr=0.1)
    fit(mine, data, loss=mse_loss, optimizer=optimizer, epochs=2, batch_size=5, progress=False)
    assert same(mine, theirs)


def test_validation_and_bars_change_nothing_about_the_training():
    def trained(**options):
        model = network()
        torch.manual_seed(1)
        fit(
            model, problem(), loss=mse_loss, epochs=3, batch_size=6,
            optimizer=torch.optim.SGD(model.parameters(), lr=0.1), **options,
        )  # fmt: skip
        return model

    plain = trained(progress=False)
    assert same(plain, trained(progress=True))
    metrics = {"mae": lambda outputs, targets: (outputs - targets).abs().mean()}
    assert same(plain, trained(progress=False, validation=problem(9, 1), metrics=metrics))


def test_only_the_parameters_of_the_optimizer_move_and_are_clipped():
    model = network()
    frozen = copy.deepcopy(model[0].state_dict())
    optimizer = torch.optim.SGD(model[3].parameters(), lr=1.0)
    fit(
        model, problem(), loss=lambda o, t: 1e6 * mse_loss(o, t), optimizer=optimizer, epochs=1,
        batch_size=23, clip_norm=1e-3, progress=False,
    )  # fmt: skip
    assert all(torch.equal(frozen[name], tensor) for name, tensor in model[0].state_dict().items())
    norm = torch.cat([p.grad.flatten() for p in model[3].parameters()]).norm()
    assert norm == pytest.approx(1e-3, rel=1e-3)


# --- history ----------------------------------------------------------------------------------


class Constant(nn.Module):
    """Returns its inputs, times a weight that does not change at learning rate 0."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, inputs):
        return inputs * self.weight


def still() -> tuple[nn.Module, torch.optim.Optimizer]:
    model = Constant()
    return model, torch.optim.SGD(model.parameters(), lr=0.0)


def mean(outputs, targets):
    return outputs.mean()


def test_means_are_weighted_by_the_size_of_the_batch():
    values = torch.tensor([[1.0], [1.0], [1.0], [1.0], [9.0]])  # batches of 2, 2 and 1
    model, optimizer = still()
    history = fit(
        model, (values, values), loss=mean, optimizer=optimizer, epochs=1, batch_size=2,
        shuffle=False, metrics={"again": mean, "number": lambda o, t: o.mean().item()},
        validation=(values * 2, values), progress=False,
    )  # fmt: skip
    # Not (1 + 1 + 9) / 3, the mean of the three batches.
    assert history.last["loss"] == pytest.approx(13 / 5)
    assert history.last["again"] == history.last["number"] == pytest.approx(13 / 5)
    assert history.last["validation_loss"] == pytest.approx(26 / 5)
    assert history.columns == (
        "loss", "again", "number", "validation_loss", "validation_again", "validation_number",
        "seconds",
    )  # fmt: skip


def test_history_gives_columns_rows_and_a_summary():
    model, optimizer = still()
    data = problem()
    history = fit(
        model, data, loss=mean, optimizer=optimizer, epochs=3, progress=False,
        on_epoch=lambda epoch, model, row: row.update({"epoch": float(epoch)}),
    )  # fmt: skip
    assert len(history) == 3
    assert history["epoch"] == [0.0, 1.0, 2.0]
    assert history["seconds"] == sorted(history["seconds"])
    assert history.last["loss"] == history["loss"][-1]
    assert "3 epochs" in repr(history)
    with pytest.raises(KeyError, match="'acc' is not recorded; there are loss, seconds, epoch"):
        history["acc"]


def test_no_epochs_leave_model_and_history_as_they_are():
    model, before = network(), network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = fit(model, problem(), loss=mse_loss, optimizer=optimizer, epochs=0, progress=False)
    assert same(model, before)
    assert len(history) == 0
    assert history.columns == ()
    assert repr(history) == "History(no epochs)"
    with pytest.raises(IndexError):
        history.last  # noqa: B018


def test_a_loss_that_becomes_nan_is_recorded_as_nan():
    model, optimizer = still()
    inputs = torch.tensor([[1.0], [math.nan]])
    history = fit(
        model, (inputs, inputs), loss=mean, optimizer=optimizer, epochs=2, batch_size=1,
        progress=False,
    )  # fmt: skip
    assert all(math.isnan(number) for number in history["loss"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": -1}, "cannot be negative"),
        ({"data": (torch.zeros(0, 1), torch.zeros(0, 1))}, "no rows"),
        ({"data": (torch.zeros(3, 1), torch.zeros(2, 1))}, "unequal lengths"),
        ({"batch_size": 0}, "at least one row"),
        ({"validation": (torch.zeros(0, 1), torch.zeros(0, 1))}, "no rows"),
        ({"validation": (torch.zeros(2, 1), torch.zeros(3, 1))}, "unequal lengths"),
    ],
)
def test_what_cannot_be_trained_is_refused(options, said):
    model, optimizer = still()
    given_options = {"data": (torch.ones(3, 1), torch.ones(3, 1)), "epochs": 1} | options
    data = given_options.pop("data")
    with pytest.raises(ValueError, match=said):
        fit(model, data, loss=mean, optimizer=optimizer, progress=False, **given_options)


# --- modes ------------------------------------------------------------------------------------


def modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def mixed() -> nn.Module:
    model = network()
    model.train()
    model[2].eval()
    return model


def test_training_and_eval_mode_hold_inside_and_are_restored_part_by_part():
    model = mixed()
    before, inside = modes(model), []

    def watching(outputs, targets):
        inside.append((modes(model), torch.is_grad_enabled()))
        return mse_loss(outputs, targets)

    evaluate(model, problem(), loss=watching)
    assert inside == [([False] * 5, False)]
    assert modes(model) == before
    inside.clear()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    fit(
        model, problem(4), loss=watching, optimizer=optimizer, epochs=1, validation=problem(4),
        progress=False,
    )  # fmt: skip
    assert inside == [([True] * 5, True), ([False] * 5, False)]
    assert modes(model) == before
    assert torch.is_grad_enabled()


def test_modes_are_restored_after_an_error_too():
    model = mixed()
    before = modes(model)

    def broken(outputs, targets):
        raise RuntimeError("no")

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(RuntimeError, match="no"):
        evaluate(model, problem(), loss=broken)
    assert modes(model) == before
    with pytest.raises(RuntimeError, match="no"):
        fit(model, problem(), loss=broken, optimizer=optimizer, epochs=1, progress=False)
    assert modes(model) == before
    assert torch.is_grad_enabled()


def test_modes_are_right_in_on_epoch_and_after_evaluating_there():
    model, seen = mixed(), []

    def on_epoch(epoch, model, row):
        evaluate(model, problem(), loss=mse_loss)
        seen.append(modes(model))

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    fit(
        model, problem(), loss=mse_loss, optimizer=optimizer, epochs=2, on_epoch=on_epoch,
        progress=False,
    )  # fmt: skip
    assert seen == [[True] * 5] * 2


# --- evaluate ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 7, 22, 23, 1000])
def test_evaluation_does_not_depend_on_the_size_of_the_batches(size):
    model = network()
    inputs, _ = problem()
    labels = torch.arange(23) % 2
    head = nn.Sequential(model, nn.Linear(1, 2))

    def accuracy(outputs, targets):
        return (outputs.argmax(dim=1) == targets).float().mean()

    whole = evaluate(head, (inputs, labels), loss=cross_entropy, metrics={"accuracy": accuracy},
                     batch_size=23)  # fmt: skip
    head.eval()
    with torch.no_grad():
        outputs = head(inputs)
    assert whole["loss"] == pytest.approx(cross_entropy(outputs, labels).item(), rel=1e-6)
    assert whole["accuracy"] == pytest.approx((outputs.argmax(1) == labels).double().mean().item())
    parts = evaluate(head, (inputs, labels), loss=cross_entropy, metrics={"accuracy": accuracy},
                     batch_size=size)  # fmt: skip
    assert parts == pytest.approx(whole, rel=1e-6)


def test_nothing_cannot_be_evaluated():
    with pytest.raises(ValueError, match="no rows"):
        evaluate(network(), (torch.zeros(0, 3), torch.zeros(0, 1)), loss=mse_loss)


# --- batches ----------------------------------------------------------------------------------


@given(
    rows=st.integers(0, 30),
    size=st.integers(1, 35),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_batches_cover_every_row_once_and_stay_aligned(rows, size, shuffle, drop_last, seed):
    numbers = torch.arange(rows)
    generator = torch.Generator().manual_seed(seed)
    parts = list(
        batches(
            numbers, numbers[:, None] * 10.0, size=size, shuffle=shuffle, generator=generator,
            drop_last=drop_last,
        )
    )  # fmt: skip
    for first, second in parts:
        assert torch.equal(first[:, None] * 10.0, second)
    lengths = [len(first) for first, _ in parts]
    whole, rest = divmod(rows, size)
    assert lengths == [size] * whole + ([rest] if rest and not drop_last else [])
    seen = torch.cat([numbers[:0], *(first for first, _ in parts)])
    assert len(seen.unique()) == len(seen)
    if not drop_last:
        assert torch.equal(seen.sort().values, numbers)
    if not shuffle:
        assert torch.equal(seen, numbers[: len(seen)])


def test_shuffling_follows_the_generator_and_changes_from_epoch_to_epoch():
    numbers, generator = torch.arange(20), torch.Generator().manual_seed(4)

    def order(generator):
        return torch.cat([part for (part,) in batches(numbers, size=6, shuffle=True,
                                                      generator=generator)]).tolist()  # fmt: skip

    first, second = order(generator), order(generator)
    assert first != second
    assert order(torch.Generator().manual_seed(4)) == first
    assert torch.randperm(20, generator=torch.Generator().manual_seed(4)).tolist() == first


@pytest.mark.parametrize(
    ("tensors", "size", "said"),
    [
        ((), 1, "at least one tensor"),
        ((torch.zeros(2), torch.zeros(3)), 1, "unequal lengths"),
        ((torch.zeros(2),), 0, "at least one row"),
        ((torch.zeros(2),), -1, "at least one row"),
    ],
)
def test_impossible_batches_are_refused(tensors, size, said):
    with pytest.raises(ValueError, match=said):
        next(batches(*tensors, size=size))


# --- devices ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "wanted"), [("", "cpu"), ("cpu", "cpu"), (" cpu ", "cpu")])
def test_the_device_is_the_cpu_unless_another_is_asked_for(monkeypatch, name, wanted):
    monkeypatch.setenv("COURSE_DEVICE", name)
    assert device() == torch.device(wanted)


def test_auto_takes_what_there_is(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "auto")
    if torch.cuda.is_available():
        wanted = "cuda"
    else:
        wanted = "mps" if torch.backends.mps.is_available() else "cpu"
    assert device().type == wanted
    assert torch.zeros(1, device=device()).device.type == wanted


def test_devices_that_do_not_exist_are_refused(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "abacus")
    with pytest.raises(ValueError, match="COURSE_DEVICE='abacus'"):
        device()
    for name, there in (
        ("cuda", torch.cuda.is_available()),
        ("mps", torch.backends.mps.is_available()),
    ):
        if not there:
            monkeypatch.setenv("COURSE_DEVICE", name)
            with pytest.raises(RuntimeError, match="torch sees no"):
                device()
