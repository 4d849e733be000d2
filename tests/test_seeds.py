"""seed_everything: one call for all generators, with torch and without it."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from utils.course import ROOT
from utils.seeds import seed_everything


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("COURSE_SEED", "COURSE_THREADS"):
        monkeypatch.delenv(name, raising=False)


def draws() -> tuple[float, float, float]:
    return random.random(), np.random.random(), float(torch.rand(()))  # noqa: NPY002


def printed(script: str, **settings: str) -> list[str]:
    """The words that a script prints in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    environment |= {"PYTHONPATH": str(ROOT), **settings}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_seed_fixes_all_three_generators(monkeypatch):
    assert seed_everything(3) == 3
    first = draws()
    assert draws() != first
    assert seed_everything(3) == 3
    assert draws() == first
    seed_everything(4)
    other = draws()
    assert all(a != b for a, b in zip(first, other, strict=True))
    monkeypatch.setenv("COURSE_SEED", "1")
    assert seed_everything(3) == 4
    assert draws() == other


def test_torch_is_not_imported_for_the_seed_or_the_threads():
    script = (
        "import sys\n"
        "from utils.seeds import seed_everything\n"
        "print(seed_everything(3), 'torch' in sys.modules)\n"
    )
    assert printed(script) == ["3", "False"]
    assert printed(script, COURSE_THREADS="1") == ["3", "False"]


def test_a_torch_that_is_imported_later_keeps_its_own_seed_until_the_next_call():
    script = (
        "from utils.seeds import seed_everything\n"
        "seed_everything(3)\n"
        "import torch\n"
        "own = torch.initial_seed()\n"
        "seed_everything(3)\n"
        "print(own == 3, torch.initial_seed())\n"
    )
    assert printed(script) == ["False", "3"]


@pytest.mark.parametrize("text", ["-1", "1.5", "one", "0x10", "1e3", "²", "1 2"])
def test_a_course_seed_that_is_no_whole_number_is_refused(monkeypatch, text):
    monkeypatch.setenv("COURSE_SEED", text)
    with pytest.raises(ValueError, match="COURSE_SEED"):
        seed_everything(0)


def test_a_seed_that_is_too_large_leaves_the_generators_alone(monkeypatch):
    monkeypatch.setenv("COURSE_SEED", str(2**32))
    before = random.getstate(), torch.get_rng_state()
    with pytest.raises(ValueError, match="COURSE_SEED"):
        seed_everything(0)
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


@pytest.mark.parametrize("text", ["", "  ", "0", " 7 "])
def test_empty_means_nothing_added_and_spaces_do_not_matter(monkeypatch, text):
    monkeypatch.setenv("COURSE_SEED", text)
    assert seed_everything(1) == 1 + int(text.strip() or 0)


@pytest.mark.parametrize("text", ["0", "-2", "two", "1.0"])
def test_a_number_of_threads_below_one_is_refused(monkeypatch, text):
    monkeypatch.setenv("COURSE_THREADS", text)
    with pytest.raises(ValueError, match="COURSE_THREADS"):
        seed_everything(0)


def test_threads_are_limited_for_torch_and_numpy():
    # In a process of its own: the limit holds from then on.
    script = (
        "import numpy, torch, threadpoolctl\n"
        "from utils.seeds import seed_everything\n"
        "seed_everything(0)\n"
        "pools = [p['num_threads'] for p in threadpoolctl.threadpool_info()]\n"
        "print(torch.get_num_threads(), max(pools))\n"
    )
    assert printed(script, COURSE_THREADS="1") == ["1", "1"]


def test_numpy_is_limited_without_torch():
    script = (
        "import numpy, threadpoolctl\n"
        "from utils.seeds import seed_everything\n"
        "seed_everything(0)\n"
        "print(*{p['num_threads'] for p in threadpoolctl.threadpool_info()})\n"
    )
    assert printed(script, COURSE_THREADS="1") == ["1"]
