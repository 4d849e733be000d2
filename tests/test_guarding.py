"""Calling a reader's code: its inputs, the random state and the time are safe from it."""

from __future__ import annotations

import contextlib
import decimal
import functools
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch

from exercises.engine import guarding, time_limits
from exercises.engine.guarding import (
    PRINT_LIMIT,
    described,
    guarded_call,
    message_of,
    own_frames,
)
from exercises.engine.state import kept_state, quiet_state
from exercises.engine.time_limits import (
    Stopwatch,
    TimeLimitError,
    alarms_available,
    time_limit,
)

NUMPY_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
needs_alarms = pytest.mark.skipif(not alarms_available(), reason="no POSIX alarms here")


# --- inputs -------------------------------------------------------------------------------------


def test_the_answer_gets_copies_and_changes_are_reported():
    array, tensor, nested = np.zeros(3), torch.zeros(3), {"rows": [[1, 2]]}
    computed = torch.zeros(3, requires_grad=True) * 1.0

    def spoil(array, tensor, computed, *, nested, untouched):
        array += 1
        tensor.fill_(7)
        computed.data.fill_(7)
        nested["rows"][0].append(3)
        return array

    outcome = guarded_call(
        spoil, (array, tensor, computed), {"nested": nested, "untouched": np.ones(2)}
    )
    assert outcome.error is None
    assert outcome.changed == ("input 1", "input 2", "input 3", "nested")
    assert array.tolist() == [0, 0, 0]
    assert tensor.tolist() == [0, 0, 0]
    assert computed.tolist() == [0, 0, 0]
    assert nested == {"rows": [[1, 2]]}


def test_inputs_left_alone_are_not_reported():
    outcome = guarded_call(lambda x, rng: x + rng.normal(), (1.0, np.random.default_rng(0)))
    assert outcome.changed == ()


def test_a_result_does_not_follow_later_calls():
    buffer, weights = np.zeros(2), torch.zeros(2, requires_grad=True)

    def reuse(x):
        buffer[:] = x
        return buffer

    def reuse_tensor(x):
        with torch.no_grad():
            weights.fill_(x)
        return weights * 1.0 if x < 0 else weights

    first = guarded_call(reuse, (1.0,)).value
    guarded_call(reuse, (2.0,))
    assert first.tolist() == [1.0, 1.0]
    first = guarded_call(reuse_tensor, (1.0,)).value
    guarded_call(reuse_tensor, (2.0,))
    assert first.tolist() == [1.0, 1.0]


# --- the random state and other settings --------------------------------------------------------


def draws() -> list[float]:
    return [
        random.random(),
        float(np.random.random()),  # noqa: NPY002 - the global generator is what is guarded
        float(torch.rand(())),
    ]


def seed_all() -> None:
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)


def consume() -> list[float]:
    return [*draws(), *draws()]


def reseed() -> None:
    random.seed(99)
    np.random.seed(99)  # noqa: NPY002
    torch.manual_seed(99)


@pytest.mark.parametrize("accelerator", [True, False])
def test_seeding_waits_for_no_device_that_is_not_there(monkeypatch, accelerator):
    calls = []
    monkeypatch.setattr(torch, "manual_seed", calls.append)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: accelerator)
    with kept_state(7):
        pass
    assert calls == ([7] if accelerator else [])


def fail_after_drawing() -> None:
    draws()
    raise ValueError


@pytest.mark.parametrize("answer", [consume, reseed, fail_after_drawing])
def test_later_draws_are_the_same_as_without_the_call(answer):
    seed_all()
    wanted = draws()
    seed_all()
    states = random.getstate(), torch.get_rng_state()
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    guarded_call(answer)
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])
    after = np.random.get_state()  # noqa: NPY002
    assert after[0] == name
    assert (after[1] == keys).all()
    assert list(after[2:]) == rest
    assert draws() == wanted


def test_a_normal_number_that_numpy_drew_in_advance_is_put_back():
    np.random.seed(5)  # noqa: NPY002
    np.random.randn()  # noqa: NPY002 - draws two and keeps one
    state = np.random.get_state(legacy=False)  # noqa: NPY002
    assert state["has_gauss"]
    guarded_call(consume)
    guarded_call(np.random.randn)
    assert np.random.randn() == state["gauss"]  # noqa: NPY002


def test_an_answer_draws_the_same_numbers_at_every_call():
    assert guarded_call(draws).value == guarded_call(draws).value
    assert guarded_call(draws).value != guarded_call(draws, seed=1).value


@pytest.mark.parametrize(
    ("make", "draw"),
    [
        (lambda: np.random.default_rng(3), lambda g: float(g.random())),
        (lambda: np.random.RandomState(3), lambda g: float(g.random())),
        (lambda: random.Random(3), lambda g: g.random()),
        (lambda: torch.Generator().manual_seed(3), lambda g: float(torch.rand((), generator=g))),
    ],
    ids=["default_rng", "RandomState", "Random", "torch.Generator"],
)
def test_generators_of_the_notebook_are_put_back(monkeypatch, make, draw):
    generator, wanted = make(), draw(make())
    # In a notebook the reader's variables are those of the module __main__.
    monkeypatch.setattr(sys.modules["__main__"], "rng_of_the_reader", generator, raising=False)
    assert guarded_call(lambda: [draw(generator) for _ in range(10)]).error is None
    assert draw(generator) == wanted


class Evasive:
    """An object whose class cannot even be asked for."""

    @property
    def __class__(self):
        raise RuntimeError("no")


def test_odd_variables_of_the_notebook_do_no_harm(monkeypatch):
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "evasive", Evasive(), raising=False)
    monkeypatch.setattr(main, "urandom", random.SystemRandom(), raising=False)
    assert guarded_call(lambda: 1).value == 1


# Each setting: how it is read, how a reader or an answer might move it, and what it is inside a
# check; ... where that is what the reader has.
SETTINGS = {
    "numpy errors": (np.geterr, lambda: np.seterr(all="raise"), NUMPY_ERRORS),
    "numpy error handler": (np.geterrcall, lambda: np.seterrcall(print), ...),
    "numpy printing": (
        lambda: np.array2string(np.array([1 / 3])),
        lambda: np.set_printoptions(precision=1),
        "[0.33333333]",
    ),
    "kind of the numpy generator": (
        lambda: type(np.random.get_bit_generator()),
        lambda: np.random.set_bit_generator(np.random.PCG64(3)),
        np.random.MT19937,
    ),
    "gradients": (torch.is_grad_enabled, lambda: torch.set_grad_enabled(False), True),
    "default dtype": (
        torch.get_default_dtype,
        lambda: torch.set_default_dtype(torch.float64),
        torch.float32,
    ),
    "default device": (
        lambda: torch.ones(1).device,
        lambda: torch.set_default_device("meta"),
        torch.device("cpu"),
    ),
    "threads": (torch.get_num_threads, lambda: torch.set_num_threads(3), 1),
    "deterministic algorithms": (
        torch.are_deterministic_algorithms_enabled,
        lambda: torch.set_deterministic_debug_mode("error"),
        False,
    ),
    "precision of products": (
        torch.get_float32_matmul_precision,
        lambda: torch.set_float32_matmul_precision("medium"),
        "highest",
    ),
    "anomaly detection": (
        lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        lambda: torch.autograd.set_detect_anomaly(True, check_nan=False),
        (False, True),
    ),
    "scikit-learn": (
        lambda: sklearn.get_config()["transform_output"],
        lambda: sklearn.set_config(transform_output="pandas"),
        "default",
    ),
    "pandas": (
        lambda: pd.get_option("mode.string_storage"),
        lambda: pd.set_option("mode.string_storage", "python"),
        "auto",
    ),
    "decimal": (
        lambda: decimal.getcontext().prec,
        lambda: setattr(decimal.getcontext(), "prec", 3),
        28,
    ),
    "recursion limit": (sys.getrecursionlimit, lambda: sys.setrecursionlimit(5000), ...),
    "working folder": (os.getcwd, lambda: os.chdir(os.sep), ...),
    "warnings": (
        lambda: list(warnings.filters),
        lambda: warnings.simplefilter("error", UserWarning),
        ...,
    ),
    "output": (lambda: sys.stdout, lambda: setattr(sys, "stdout", None), ...),
}
every_setting = pytest.mark.parametrize(("read", "move", "inside"), SETTINGS.values(), ids=SETTINGS)
NORMALISED = {name: one for name, one in SETTINGS.items() if one[2] is not ...}


@every_setting
def test_a_setting_that_an_answer_moves_is_put_back(read, move, inside):
    def answer():
        move()
        raise ValueError

    before = read()
    assert isinstance(guarded_call(answer).error, ValueError)
    assert read() == before
    with quiet_state():  # as inside a check, whose other calls must not see it either
        within = read()
        guarded_call(answer)
        assert read() == within or inside == "auto"  # pandas: at the end of the whole check
    assert read() == before


@pytest.mark.parametrize(("read", "move", "inside"), NORMALISED.values(), ids=NORMALISED)
def test_a_setting_that_a_reader_moved_is_the_default_inside_a_check_and_kept(read, move, inside):
    with kept_state(0):  # for the tests after this one
        move()
        moved = read()
        assert moved != inside
        # A check begins where no other one is running.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("exercises.engine.state._pandas_is_default", False)
            assert guarded_call(lambda: str(read())).value == str(inside)
        assert read() == moved


def test_modes_that_a_reader_is_in_do_not_reach_an_answer():
    weight = torch.ones(2, requires_grad=True)

    def answer():
        made = torch.ones(2)
        made.add_(1.0)
        return made.device.type, (made * weight).sum().requires_grad, made.is_inference()

    with torch.inference_mode(), torch.device("meta"), torch.no_grad():
        assert guarded_call(answer).value == ("cpu", True, False)
        assert torch.is_inference_mode_enabled()
        assert not torch.is_grad_enabled()
        assert torch.ones(1).device.type == "meta"
        with kept_state(0):  # as in a check, which calls an answer inside such a block
            guarded_call(lambda: torch.set_default_device("meta"))
            assert torch.ones(1).device.type == "cpu"
        assert torch.ones(1).device.type == "meta"
    assert torch.ones(1).device.type == "cpu"
    assert not torch.is_inference_mode_enabled()


def test_a_device_that_a_reader_set_is_put_back_whatever_an_answer_sets():
    torch.set_default_device("meta")
    try:
        for device in ("cpu", "meta", None):
            guarded_call(torch.set_default_device, (device,))
            assert torch.ones(1).device.type == "meta"
    finally:
        torch.set_default_device(None)
    assert torch.ones(1).device.type == "cpu"


def test_warnings_that_a_reader_turned_into_errors_stop_no_check():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.random.seed(0)  # noqa: NPY002
        kept = np.random.get_bit_generator()
        np.random.set_bit_generator(np.random.PCG64(3))  # reading its state warns
        try:
            assert guarded_call(lambda: warnings.warn("careful", stacklevel=1)).warned == (
                "careful",
            )
        finally:
            np.random.set_bit_generator(kept)


def test_a_check_does_not_depend_on_what_the_reader_has_set():
    weight = torch.ones(1, requires_grad=True)
    with torch.no_grad(), np.errstate(all="raise"):
        outcome = guarded_call(lambda: (weight * 2).requires_grad and float(np.float64(1) / 0))
        assert not torch.is_grad_enabled()
    assert outcome.value == float("inf")


def test_kept_state_survives_a_working_folder_that_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    seed_all()
    with kept_state(0):
        inside = draws()
    assert inside != draws()


def test_code_of_an_author_draws_the_same_numbers_and_its_warnings_are_not_shown(recwarn):
    seen = []
    for _ in range(2):
        with quiet_state():
            warnings.warn("not the reader's", stacklevel=1)
            seen.append(draws())
    assert seen[0] == seen[1]
    assert len(recwarn) == 0


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), SystemExit(1), GeneratorExit(), MemoryError(), StopIteration(3)],
    ids=lambda error: type(error).__name__,
)
def test_every_error_is_kept_as_the_outcome(error):
    def fail():
        raise error

    assert guarded_call(fail).error is error


def test_exit_and_quit_do_not_leave_the_notebook():
    assert isinstance(guarded_call(sys.exit).error, SystemExit)
    assert isinstance(guarded_call(lambda: exit()).error, SystemExit)


def test_stop_pressed_by_the_reader_is_passed_on():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guarded_call(interrupted)


def test_frames_are_the_readers_own(tmp_path):
    source = "import numpy as np\n\ndef inner(x):\n    return np.linalg.inv(x)\n\n"
    source += "def answer(x):\n    return inner(x)\n"
    file = tmp_path / "cell.py"
    file.write_text(source)
    namespace: dict = {}
    exec(compile(source, str(file), "exec"), namespace)
    outcome = guarded_call(namespace["answer"], (np.zeros((2, 2)),))
    assert outcome.frames == (
        "in answer, line 7: return inner(x)",
        "in inner, line 4: return np.linalg.inv(x)",
    )


def test_endless_recursion_gives_a_few_frames():
    def again(n):
        return again(n + 1)

    outcome = guarded_call(again, (0,))
    assert isinstance(outcome.error, RecursionError)
    assert 1 <= len(outcome.frames) <= 5


def test_an_error_raised_by_a_library_alone_has_no_frames():
    assert guarded_call(np.linalg.inv, (np.zeros((2, 2)),)).frames == ()
    with pytest.raises(np.linalg.LinAlgError) as caught:
        np.linalg.inv("text")
    (frame,) = own_frames(caught.value)
    assert frame.startswith("in test_an_error_raised_by_a_library_alone_has_no_frames, line")
    assert frame.endswith('np.linalg.inv("text")')


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no")


class Gone(Exception):
    def __str__(self):
        raise SystemExit


class Endless(Exception):
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


@pytest.mark.parametrize("error", [Mute(), Gone()])
def test_messages_that_cannot_be_had_are_empty(error):
    assert message_of(error) == ""


@needs_alarms
def test_a_message_or_description_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(guarding, "READ_SECONDS", 0.05)
    assert message_of(Endless()) == ""
    assert described(Endless()) == "an object of type Endless (TimeLimitError while reading it)"


def test_messages_are_one_short_line():
    assert message_of(ValueError("first\nsecond")) == "first"
    assert len(message_of(ValueError("x" * 10**6))) <= 300


# --- printing and warnings ----------------------------------------------------------------------


def test_printing_is_kept_up_to_a_limit(capsys):
    def chatty():
        for _ in range(10_000):
            print("y" * 99)
        print("error", file=sys.stderr)

    outcome = guarded_call(chatty)
    assert outcome.printed.startswith("yyy")
    assert outcome.printed.endswith("characters more")
    assert len(outcome.printed) < PRINT_LIMIT + 50
    assert capsys.readouterr() == ("", "")


def test_warnings_are_collected_not_shown(capsys):
    def warn():
        for _ in range(5_000):
            warnings.warn("take care\nsecond line", stacklevel=1)

        class Odd(UserWarning):
            def __str__(self):
                raise RuntimeError("no")

        return np.log(np.zeros(1))

    outcome = guarded_call(warn)
    assert outcome.warned[0] == "take care"
    assert len(outcome.warned) <= 2
    assert capsys.readouterr() == ("", "")


# --- time ---------------------------------------------------------------------------------------


def spin():
    while True:
        pass


def swallow():
    while True:
        try:  # noqa: SIM105 - the habit that is tested
            spin()
        except:  # noqa: E722
            pass


def sleep_and_swallow():
    while True:
        try:  # noqa: SIM105
            time.sleep(1)
        except:  # noqa: E722
            pass


def suppress():
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(1)


def clean_up_slowly():
    try:
        spin()
    finally:
        time.sleep(0.02)


@needs_alarms
@pytest.mark.parametrize(
    "answer",
    [
        spin,
        swallow,
        sleep_and_swallow,
        suppress,
        clean_up_slowly,
        functools.partial(time.sleep, 60),
    ],
)
def test_endless_answers_are_stopped(answer):
    started = time.monotonic()
    outcome = guarded_call(answer, seconds=0.05)
    assert outcome.timed_out
    assert outcome.error is None
    assert time.monotonic() - started < 30  # generous: other tests share the processor
    # No alarm is left over: nothing rings later.
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    time.sleep(0.15)


def stopped_after(seconds: float, work) -> float:
    """The time by the clock after which a limit stops what never ends."""
    started = time.monotonic()
    with pytest.raises(TimeLimitError), time_limit(seconds):
        work()
    return time.monotonic() - started


@needs_alarms
@pytest.mark.parametrize(
    ("share", "at_least"),
    [(0.5, 0.19), (0.6, 0.24), (1.0, 0.29)],
    ids=["half of the time", "three fifths", "always: three times the limit at most"],
)
def test_time_in_which_others_have_the_processor_does_not_count(monkeypatch, share, at_least):
    waited = lambda: share * time.monotonic()  # noqa: E731 - the computer that is pretended
    monkeypatch.setattr(time_limits, "_waited_for_a_processor", waited)
    assert stopped_after(0.1, spin) >= at_least
    assert stopped_after(0.1, functools.partial(time.sleep, 60)) >= at_least


@needs_alarms
@pytest.mark.parametrize(
    ("share", "at_least"), [(1.0, 0.1), (0.6, 0.16), (0.4, 0.1), (0.0, 0.1)], ids=str
)
def test_where_nobody_counts_a_thread_that_computes_half_of_the_time_is_kept_waiting(
    monkeypatch, share, at_least
):
    clock = time.monotonic
    monkeypatch.setattr(time_limits, "_waited_for_a_processor", lambda: None)
    monkeypatch.setattr(time_limits.time, "thread_time", lambda: share * clock())
    watch = Stopwatch()
    while watch.elapsed() < 0.02:
        pass
    counted = share if share >= 0.5 else 1.0  # less than half: it sleeps, or waits for something
    assert watch.seconds() == pytest.approx(counted * watch.elapsed(), rel=0.2)
    assert stopped_after(0.1, spin) >= at_least


@needs_alarms
def test_sleep_counts_and_waiting_for_a_processor_is_counted_by_the_system_where_it_can():
    watch = Stopwatch()
    time.sleep(0.1)
    assert watch.seconds() > 0.09 - watch.kept_waiting()
    waited = time_limits._waited_for_a_processor()
    if waited is None:
        pytest.skip("this system does not count how long a thread waits for a processor")
    mine = os.sched_getaffinity(0)  # Linux, as this system counts
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        for process in busy:
            os.sched_setaffinity(process.pid, {min(mine)})
        os.sched_setaffinity(0, {min(mine)})
        watch, started = Stopwatch(), time.thread_time()
        while time.thread_time() - started < 0.2:
            pass
        computed = time.thread_time() - started
        assert watch.kept_waiting() == pytest.approx(watch.elapsed() - computed, abs=0.1)
    finally:
        os.sched_setaffinity(0, mine)
        for process in busy:
            process.kill()
            process.wait()


@needs_alarms
def test_no_alarm_ever_rings_outside_its_block():
    # Work that ends at about the moment of the alarm, again and again.
    stopped = 0
    for _ in range(300):
        try:
            with time_limit(0.002):
                end = time.monotonic() + 0.002
                while time.monotonic() < end:
                    pass
        except TimeLimitError:
            stopped += 1
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert stopped > 0


@needs_alarms
def test_a_timer_that_was_running_goes_on():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    try:
        started = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.15)
        assert guarded_call(spin, seconds=0.05).timed_out
        assert rung == []
        time.sleep(0.2)
        assert len(rung) == 1
        assert 0.1 < rung[0] - started < 4
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@needs_alarms
def test_limits_may_stand_inside_each_other():
    started = time.monotonic()
    with pytest.raises(TimeLimitError), time_limit(0.05), time_limit(5):
        spin()
    assert time.monotonic() - started < 4  # the inner limit would be 5
    with time_limit(5):
        for _ in range(2):
            with pytest.raises(TimeLimitError), time_limit(0.02):
                spin()


def test_other_threads_have_no_alarm_and_run_all_the_same():
    seen = []

    def work():
        with time_limit(0.001):
            time.sleep(0.02)
        seen.append((alarms_available(), guarded_call(lambda: 3, seconds=0.001).value))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, 3)]


def test_systems_without_alarms(monkeypatch):
    monkeypatch.delattr(time_limits.signal, "setitimer", raising=False)
    assert not alarms_available()
    assert guarded_call(lambda: 3).value == 3
