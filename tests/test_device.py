"""Lessons compute on COURSE_DEVICE: with a pretend GPU, because the tests have no real one."""

from __future__ import annotations

import os
from pathlib import Path

import pretend_gpu
import pytest
import torch
from nbformat.v4 import new_code_cell
from torch import nn

from tools import notebooks
from utils import course

START = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import pretend_gpu
pretend_gpu.start()
"""
THERE = pretend_gpu.DEVICE


def trained(device) -> tuple[list[float], nn.Module]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, 3)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1, fused=True)
    x, y = torch.randn(32, 4).to(device), torch.randint(3, (32,)).to(device)
    losses = []
    for _ in range(10):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, model


@pytest.fixture
def pretence():
    with pretend_gpu.pretence():
        yield


def test_training_on_the_pretend_gpu_gives_the_numbers_of_the_cpu(pretence):
    there, model = trained(THERE)
    assert all(isinstance(p, pretend_gpu.Pretend) for p in model.parameters())
    assert there == trained("cpu")[0]
    back = model.cpu()
    assert not any(isinstance(p, pretend_gpu.Pretend) for p in back.parameters())
    assert back(torch.zeros(2, 4)).detach().numpy().shape == (2, 3)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_recurrent_layers_of_the_pretend_gpu(pretence, kind):
    torch.manual_seed(0)
    layer, x = kind(3, 4, batch_first=True), torch.randn(2, 5, 3)
    lengths = torch.tensor([5, 2])
    outputs = []
    for device in ("cpu", THERE):
        layer.to(device).load_state_dict(layer.state_dict())
        rows = x.clone().to(device).requires_grad_()
        packed = nn.utils.rnn.pack_padded_sequence(rows, lengths, batch_first=True)
        whole, short = layer(rows)[0], layer(packed)[0]
        (whole.mean() + short.data.mean()).backward()
        outputs.append([part.detach().cpu() for part in (whole, short.data, rows.grad)])
    for here, there in zip(*outputs, strict=True):
        assert here.shape == there.shape
        assert torch.allclose(here, there, atol=1e-6)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda there, here: there + here,
        lambda there, here: nn.functional.linear(here, there),
        lambda there, here: here[there[:, 0] > 0],
        lambda there, here: torch.cat([there, here]),
        lambda there, here: there.masked_fill(here > 0, 0.0),
        lambda there, here: there.add_(here),
        lambda there, here: there.numpy(),
        lambda there, here: torch.randn(3, device=THERE, generator=torch.Generator()),
    ],
)
def test_the_pretend_gpu_refuses_what_a_gpu_refuses(pretence, mistake):
    with pytest.raises((RuntimeError, TypeError)):
        mistake(torch.ones(3, 3, device=THERE), torch.ones(3, 3))


def test_the_pretend_gpu_allows_what_a_gpu_allows(pretence):
    there = torch.arange(6.0, device=THERE).reshape(2, 3)
    assert (there * torch.tensor(2.0)).tolist() == [[0, 2, 4], [6, 8, 10]]
    assert there[torch.tensor([1])].tolist() == [[3, 4, 5]]
    there[0] = 1  # a view changes its base
    copy = there.cpu()
    copy += 1
    assert (there.sum().item(), copy.sum().item()) == (15.0, 21.0)
    assert torch.rand(2, device=THERE, generator=torch.Generator(THERE)).shape == (2,)
    double = torch.func.vmap(lambda row: 2 * row)(there)
    assert isinstance(double, pretend_gpu.Pretend)


def uses_the_device(lesson) -> bool:
    return any("device()" in cell.source for cell in notebooks.read(lesson.path).cells)


LESSONS = [lesson for lesson in course.lessons() if uses_the_device(lesson)]
if not os.environ.get("COURSE_PROOF"):  # the others take minutes in this way
    LESSONS = LESSONS[:1]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path.stem)
def test_a_lesson_keeps_its_tensors_on_one_device(lesson, tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "CELL_LIMIT", 1_200)  # every operation goes through Python
    startup = tmp_path / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-pretend.py").write_text(START, "utf-8")
    settings = {"COURSE_DEVICE": THERE.type, "IPYTHONDIR": str(tmp_path)}
    settings["COURSE_STRICT"] = "0"  # some claims are about seconds, which the pretence multiplies
    notebook = notebooks.read(lesson.path)
    notebook.cells.append(new_code_cell("assert pretend_gpu.Pretend.count > 0"))
    notebooks.execute(notebook, lesson.path.parent, settings)
