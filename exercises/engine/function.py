"""Exercises answered by code: write a function or a class."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from exercises.engine.cases import Case, Trial, UnusableError
from exercises.engine.comparing import NO_RESULT, difference, digits_apart
from exercises.engine.copying import clone, detached
from exercises.engine.exercise import SECONDS, Exercise, Mistake, Result, mistake_lines
from exercises.engine.guarding import (
    READ_SECONDS,
    Outcome,
    WatchedAnswer,
    described,
    guarded_call,
    message_of,
)
from exercises.engine.mutations import (
    Mutant,
    UnreadableError,
    holds_floats,
    mutants,
    result_mutants,
)
from exercises.engine.observing import is_weak, observations, which_cases
from exercises.engine.recognising import KnownFault, is_telling
from exercises.engine.signatures import Inputs, bare_signature, fits, inputs_of, signature_of
from exercises.engine.state import quiet_state
from exercises.engine.stubs import is_stub
from exercises.engine.time_limits import Stopwatch, alarms_available, time_limit
from utils.display import DIGITS, describe, is_number

MUTANT_SECONDS = 2.0  # the time a changed reference may take for one case
MUTANTS_SECONDS = 3.0  # the time that looking for one which behaves like an answer may take


class Function(Exercise):
    """Write a function (or a class), judged by its results on a handful of cases.

    Mistakes are recognised by what they *do*: an answer that gives the same wrong results.

    Parameters
    ----------
    id : str
        ``<chapter>.<lesson>.<name>``.
    title : str
        The title behind "Exercise 1 ·" in the notebook.
    cases : callable
        ``cases(rng)`` gives the cases, made with the seeded ``numpy.random.Generator`` that it
        receives: at least two, edge cases among them, chosen so that known mistakes differ.
    reference : callable
        The right answer as the notebook's solution gives it; the feedback quotes its signature.
    mistakes : sequence of Mistake
        At least two known wrong answers with what to tell about them.
    also_correct : sequence of callable
        At least one right answer by another route that must pass too.
    hints : sequence of str
        At least two, from a nudge to nearly there.
    carry_on : str
        The sentence behind a ✓ that carries the idea further.
    expected : callable, optional
        ``expected(*args, **kwargs)`` gives the right result, from a library or a defining
        property rather than from ``reference``. Not needed where every case has its own
        ``expected`` or ``check``.
    use : callable, optional
        ``use(answer, *args, **kwargs)`` says how an answer is used; by default it is called. An
        answer that is a class is made and used here. It takes results of every kind with which
        it can go on, and raises :class:`UnusableError` with a sentence for the reader elsewhere.
    rtol, atol : float
        Results pass when ``|received − expected| ≤ atol + rtol·|expected|``.
    seconds : float
        The time that an answer may take for all cases together.
    signature : str, optional
        The task's own signature as the notebook's stub has it, ``"(scores, *, largest=None)"``;
        by default that of ``reference``. Feedback quotes it and names the inputs by it.
    keeps_inputs : bool
        Whether the task says that inputs must not be changed: an answer that changes them fails.
        Elsewhere it gets a note.
    no_warnings : bool
        Whether the task says that there must be no warnings: an answer that warns fails.
    double_precision : bool
        Whether the task demands double precision. Elsewhere an answer that was computed in
        single precision is judged with the tolerance that single precision needs.
    equal_mutants : mapping of str to str
        Small changes of ``reference`` that change nothing: what is changed, as ``make mutants``
        names it, and the reason why the results stay the same.
    draw : callable, optional
        ``draw(rng)`` gives random inputs, a tuple, on which ``equal_mutants`` are shown to be
        equal to ``reference``; needed where there are any.

    Examples
    --------
    >>> def cases(rng):
    ...     yield Case(([1.0, 3.0],), label="two numbers")
    ...     yield Case((rng.integers(10, size=4).tolist(),), label="drawn at random")
    >>> mean = Function(
    ...     "chapter.lesson.mean",
    ...     title="A mean",
    ...     cases=cases,
    ...     expected=np.mean,
    ...     reference=lambda values: sum(values) / len(values),
    ...     mistakes=[Mistake("the sum", sum, "Divide by the number of values as well.")],
    ...     also_correct=[np.average],
    ...     hints=["Add them up.", "Then divide."],
    ...     carry_on="It is the number with the least squared distance from all of them.",
    ... )
    >>> mean.evaluate(lambda values: np.sum(values)).mistake.name
    'the sum'
    >>> print(mean.feedback(np.median).text())
    ✗ Not yet: A mean
      Right for: two numbers. Wrong for: drawn at random.
      Case 2 (drawn at random): expected 5.25, received 5.5.
      Input: values = list of length 4: [8, 6, 5, 2]
      To try this case yourself: mean(*check.mean.case(2))
      For a hint run check.mean.hint().
    """

    kind = "function"

    def __init__(
        self,
        id: str,
        *,
        title: str,
        cases: Callable[[np.random.Generator], Iterable[Case]],
        reference: Callable[..., Any],
        mistakes: Sequence[Mistake],
        also_correct: Sequence[Callable[..., Any]],
        hints: Sequence[str],
        carry_on: str,
        expected: Callable[..., Any] | None = None,
        use: Callable[..., Any] | None = None,
        rtol: float = 1e-6,
        atol: float = 1e-8,
        seconds: float = SECONDS,
        signature: str | None = None,
        keeps_inputs: bool = False,
        no_warnings: bool = False,
        double_precision: bool = False,
        equal_mutants: Mapping[str, str] | None = None,
        draw: Callable[[np.random.Generator], tuple] | None = None,
    ) -> None:
        super().__init__(
            id,
            title=title,
            reference=reference,
            mistakes=mistakes,
            also_correct=also_correct,
            hints=hints,
            carry_on=carry_on,
        )
        self._make_cases = cases
        self._expected = expected
        self._use = use
        self.rtol = rtol
        self.atol = atol
        self.seconds = seconds
        self.signature = signature
        self.keeps_inputs = keeps_inputs
        self.no_warnings = no_warnings
        self.double_precision = double_precision
        self.equal_mutants = dict(equal_mutants or {})
        self.draw = draw
        # The cases are always the same, so the right result of each is computed once.
        self._right_results: dict[int, Any] = {}
        self._known_faults: dict[Mistake, KnownFault] = {}
        self._mutants: list[Mutant] | None = None
        self._mutant_faults: dict[Mutant, KnownFault] = {}

    def cases(self) -> list[Case]:
        """Make the cases.

        Returns
        -------
        list of Case
            Always the same ones, whatever the state of the random generators.
        """
        with quiet_state():
            return list(self._make_cases(np.random.default_rng(0)))

    def case(self, number: int) -> Inputs:
        """The inputs of one case, to call a function with: ``softmax(*check.softmax.case(2))``.

        Parameters
        ----------
        number : int
            The place of the case as the feedback names it, from 1 on.

        Returns
        -------
        Inputs
            A tuple in the order of the task's parameters that shows itself with their names;
            fresh copies each time. What can only be given by name is its attribute ``named``.

        Raises
        ------
        ValueError
            Where there is no such case.
        """
        cases = self.cases()
        if isinstance(number, bool) or number not in range(1, len(cases) + 1):
            raise ValueError(
                f"There is no case {describe(number)}: this exercise has the cases 1 to "
                f"{len(cases)}. Write check.{self.name}.case(1) for the first."
            )
        return self._inputs(cases[int(number) - 1])

    def _inputs(self, case: Case) -> Inputs:
        return inputs_of(self._naming(case), clone(case.args), clone(case.kwargs))

    def _naming(self, case: Case) -> inspect.Signature | None:
        """The signature that names the inputs of a case: the task's, if it takes them.

        Where ``use`` says what is done with an answer, the inputs are those of ``use``.
        """
        declared = signature_of(self.signature) if self.signature else None
        if fits(declared, case.args, case.kwargs):
            return declared
        if self._use is None:
            return bare_signature(self.reference)
        _answer, *others = inspect.signature(self._use).parameters.values()
        return inspect.Signature(
            [each.replace(annotation=inspect.Parameter.empty) for each in others]
        )

    def mutants(self) -> list[Mutant]:
        """Small changes of the reference, each of which the cases must notice.

        Returns
        -------
        list of exercises.engine.mutations.Mutant
            Always the same ones; made once.

        Raises
        ------
        exercises.engine.mutations.UnreadableError
            Where the reference has no source that could be changed.
        """
        if self._mutants is None:
            self._mutants = mutants(self.reference)
            if inspect.isfunction(self.reference):
                self._mutants += result_mutants(
                    self.reference,
                    fractions=self._gives_fractions(),
                    keeps_inputs=self.keeps_inputs,
                    double_precision=self.double_precision,
                )
        return self._mutants

    def _gives_fractions(self) -> bool:
        """Whether the reference returns floating-point numbers on the first case."""
        (case, *_) = self.cases()
        outcome = guarded_call(self.reference, case.args, case.kwargs, seconds=self.seconds)
        return holds_floats(outcome.value)

    def notices(self, answer: Callable[..., Any], cases: Sequence[Case] | None = None) -> bool:
        """Whether a case fails with this answer: quicker than :meth:`trials`, which tries all.

        Parameters
        ----------
        answer : callable
            The answer.
        cases : sequence of Case, optional
            What :meth:`cases` returned, where it is at hand.

        Returns
        -------
        bool
            True at the first case that fails, or takes longer than a mutant should.
        """
        numbered = enumerate(self.cases() if cases is None else cases, start=1)
        return any(
            self.attempt(answer, number, case, seconds=MUTANT_SECONDS).failed
            for number, case in numbered
        )

    # --- judging ----------------------------------------------------------------------------------

    def judge(self, answer: Any) -> Result:
        """Try the answer on every case and judge what it did.

        Parameters
        ----------
        answer : Any
            A function, a class, or whatever the reader handed in.

        Returns
        -------
        Result
            The judgement.
        """
        if is_stub(answer):
            return Result("unattempted", self._unattempted_lines())
        if not callable(answer):
            return Result(
                "wrong",
                (
                    f"This check takes the function itself and calls it. It received "
                    f"{described(answer)}. Write its name alone, without brackets behind it: "
                    f"check.{self.name}(your_function)",
                ),
            )
        return self.verdict(self.trials(answer))

    def trials(self, answer: Callable[..., Any]) -> list[Trial]:
        """Try an answer on the cases, one after the other, until the time is over.

        Parameters
        ----------
        answer : callable
            The answer.

        Returns
        -------
        list of Trial
            One for each case. Those behind the time limit were not reached; the last one that was
            says so if nothing else was wrong.
        """
        cases = self.cases()
        watch = Stopwatch()
        trials: list[Trial] = []
        for number, case in enumerate(cases, start=1):
            trial = self.attempt(answer, number, case, seconds=self.seconds - watch.seconds())
            trials.append(trial)
            if trial.outcome.timed_out or watch.seconds() > self.seconds:
                break
        stopped = len(trials) < len(cases)
        if trial.outcome.timed_out or (stopped and not any(trial.failed for trial in trials)):
            trials[-1] = dataclasses.replace(trials[-1], problem=_too_slow(self.seconds, watch))
        not_reached = [
            Trial(number, case)
            for number, case in enumerate(cases, start=1)
            if number > len(trials)
        ]
        return trials + not_reached

    def attempt(
        self, answer: Callable[..., Any], number: int, case: Case, *, seconds: float | None = None
    ) -> Trial:
        """Try an answer on one case.

        Parameters
        ----------
        answer : callable
            The answer.
        number : int
            The place of the case among :meth:`cases`, from 1 on.
        case : Case
            The case; it is not altered.
        seconds : float, optional
            The time that call and comparison may take; by default all that the exercise allows.

        Returns
        -------
        Trial
            The case, what the answer did, and what is wrong with it.
        """
        seconds = self.seconds if seconds is None else seconds
        started = time.monotonic()
        watched = WatchedAnswer(answer)
        outcome = self._call(watched.function, case, seconds)
        if outcome.timed_out:
            return Trial(number, case, outcome, _too_slow(seconds))
        if outcome.error is not None:
            return self._broken_off(number, case, outcome, watched)
        # A value that resists comparison gets a second at least.
        left = max(seconds - (time.monotonic() - started), 1.0)
        trial = self._compared(number, case, outcome, left)
        if trial.failed:
            return trial
        return dataclasses.replace(trial, problem=self._broken_promise(case, outcome))

    def _broken_promise(self, case: Case, outcome: Outcome) -> str | None:
        """What the task forbids besides wrong results, where the answer did it."""
        if self.keeps_inputs and outcome.changed:
            return (
                f"the result is right, but your code changes {self._changed(case, outcome)} in "
                "place, which the task forbids: work on a copy, or build something new"
            )
        if self.no_warnings and outcome.warned:
            return f"the result is right, but Python warned: {outcome.warned[0]}"
        return None

    def verdict(self, trials: Sequence[Trial]) -> Result:
        """Judge an answer by what it did.

        Parameters
        ----------
        trials : sequence of Trial
            What :meth:`trials` returned.

        Returns
        -------
        Result
            The first failing case, the mistake if it is a known one, and what else was noticed.
        """
        notes = self._notes(trials)
        passed = sum(trial.passed for trial in trials)
        failed = [trial for trial in trials if trial.failed]
        if not failed:
            return Result("solved", notes, passed, len(trials))
        mistake = self.recognise(trials)
        if mistake is not None:
            told = self._named(mistake, trials)
        else:
            told = self.observed(trials)
        lines = (*told, *self._failure_lines(failed[0]), *notes)
        return Result("wrong", lines, passed, len(trials), mistake)

    # --- recognising ------------------------------------------------------------------------------

    def recognise(self, trials: Sequence[Trial]) -> Mistake | None:
        """The known mistake that an answer behaves like.

        Parameters
        ----------
        trials : sequence of Trial
            What :meth:`trials` returned.

        Returns
        -------
        Mistake or None
            The first one that does the same on every case; else, of those that do the same
            wherever the answer is wrong, the one that is wrong on the fewest other cases. None
            where the time limit stopped a call: what it would have done is not known.
        """
        if any(not trial.reached or trial.outcome.timed_out for trial in trials):
            return None
        deadline = time.monotonic() + 0.7 * self.seconds  # known mistakes may never end
        partly: list[Mistake] = []
        for mistake in self.mistakes:
            fault = self.fault(mistake)
            if fault.explains(trials):
                return mistake
            if fault.explains_failures(trials):
                partly.append(mistake)
            if time.monotonic() > deadline:
                break
        return min(partly, key=lambda mistake: self.fault(mistake).surplus(trials), default=None)

    def fault(self, mistake: Mistake) -> KnownFault:
        """What a known mistake does on the cases, remembered.

        Parameters
        ----------
        mistake : Mistake
            One of this exercise's.

        Returns
        -------
        KnownFault
            Each of its calls is made once in a process.
        """
        if mistake not in self._known_faults:
            self._known_faults[mistake] = self.known_fault(mistake.answer)
        return self._known_faults[mistake]

    def _named(self, mistake: Mistake, trials: Sequence[Trial]) -> tuple[str, ...]:
        """The sentence on a recognised mistake, which may be there in some cases only."""
        if self.fault(mistake).surplus(trials):
            return (f"Where it is wrong, this looks like: {mistake.name}. {mistake.why}",)
        return mistake_lines(mistake)

    def observed(self, trials: Sequence[Trial]) -> tuple[str, ...]:
        """What is true of every case that fails, where no known mistake was recognised.

        Parameters
        ----------
        trials : sequence of Trial
            What :meth:`trials` returned.

        Returns
        -------
        tuple of str
            Which cases fail; how the wrong results are related to the right ones; or, where they
            are not, which small change of a right solution has the same wrong results. Nothing of
            it is a guess at the code.
        """
        cases = which_cases(trials)
        names = self._inputs(trials[0].case).names
        seen = observations(trials, rtol=self.rtol, atol=self.atol, names=names)
        related = [sentence for sentence in seen if sentence != cases]
        says_much = any(not is_weak(sentence) for sentence in related)
        if says_much or any(not t.reached or t.outcome.timed_out for t in trials):
            return seen
        mutant = self.like_mutant(trials)
        if mutant is None:
            return seen
        seen = tuple(sentence for sentence in seen if sentence not in related)
        where = "In every case" if all(t.failed for t in trials) else "In every case that fails"
        return (*seen, f"{where}, the result is what it would be if {mutant.observation}.")

    def like_mutant(self, trials: Sequence[Trial]) -> Mutant | None:
        """The small change of the reference that has the same wrong results as an answer.

        Parameters
        ----------
        trials : sequence of Trial
            What :meth:`trials` returned.

        Returns
        -------
        Mutant or None
            The first that is right on the same cases and wrong in the same way on all others;
            None where none is, or where trying them takes longer than ``MUTANTS_SECONDS``.
        """
        failed = [trial for trial in trials if trial.failed]
        if not is_telling(failed):
            return None
        try:
            changed = self.mutants()
        except UnreadableError:
            return None
        deadline = time.monotonic() + MUTANTS_SECONDS
        for mutant in changed:
            if time.monotonic() > deadline:
                break
            if mutant not in self._mutant_faults:
                self._mutant_faults[mutant] = self.known_fault(
                    mutant.answer, seconds=MUTANT_SECONDS
                )
            if self._mutant_faults[mutant].explains(trials):
                return mutant
        return None

    def known_fault(
        self, answer: Callable[..., Any], *, seconds: float | None = None
    ) -> KnownFault:
        """Remember what a wrong answer does on this exercise's cases.

        Parameters
        ----------
        answer : callable
            The wrong answer.
        seconds : float, optional
            The time it may take on one case; by default a part of what a reader's answer may take
            on all of them.

        Returns
        -------
        KnownFault
            ``explains(trials)`` says whether another answer behaves like it.
        """
        # Wrong results are matched a little more loosely than right ones: another route to the
        # same mistake rounds differently.
        limit = min(self.seconds / 4, MUTANT_SECONDS) if seconds is None else seconds
        return KnownFault(
            answer, functools.partial(self.attempt, seconds=limit), rtol=max(self.rtol, 1e-5)
        )

    # --- steps of an attempt ----------------------------------------------------------------------

    def used(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        """What is called with the inputs of a case: the answer, or what ``use`` does with it.

        Parameters
        ----------
        answer : callable
            The answer.

        Returns
        -------
        callable
            A function of the inputs.
        """
        if self._use is None:
            return answer

        def used(*args: Any, **kwargs: Any) -> Any:
            return self._use(answer, *args, **kwargs)

        return used

    def _call(self, answer: Callable[..., Any], case: Case, seconds: float) -> Outcome:
        return guarded_call(self.used(answer), case.args, case.kwargs, seconds=seconds)

    def _broken_off(
        self, number: int, case: Case, outcome: Outcome, watched: WatchedAnswer
    ) -> Trial:
        """The trial of a call that raised an error: the answer did, or ``use`` with its result."""
        error = outcome.error
        if isinstance(error, UnusableError):
            problem = NO_RESULT if watched.returned is None else message_of(error)
        elif self._use is None or watched.is_to_blame(outcome):
            return Trial(number, case, outcome, _error_problem(error))
        elif self._fails_itself(number, case):
            raise error
        elif watched.returned is None:
            problem = NO_RESULT
        else:
            problem = "the check cannot go on with what your code returned"
            if watched.returned is not ...:
                problem += f": {described(watched.returned)}"
        outcome = dataclasses.replace(outcome, value=clone(watched.returned), error=None)
        return Trial(number, case, outcome, problem)

    def _compared(self, number: int, case: Case, outcome: Outcome, seconds: float) -> Trial:
        """The trial of a call that returned a value."""
        expected = ...
        try:
            with quiet_state(), time_limit(seconds):
                problem, expected = self._judged(number, case, outcome.value)
        except KeyboardInterrupt:
            raise
        except UnusableError as error:
            problem = message_of(error)
        except BaseException:  # a value may answer every question with an error
            if self._fails_itself(number, case):
                raise
            if outcome.value is None:
                problem = NO_RESULT
            else:
                problem = f"the result cannot be judged: received {described(outcome.value)}"
        return Trial(number, case, outcome, problem, expected)

    def _judged(self, number: int, case: Case, value: Any) -> tuple[str | None, Any]:
        """What is wrong with a result, and the right one, ``...`` where a property is judged."""
        value = detached(value)
        if case.check is not None:
            return case.check(value, *clone(case.args), **clone(case.kwargs)), ...
        expected = self.right_result(number, case)
        problem = difference(
            expected,
            value,
            rtol=self.rtol,
            atol=self.atol,
            single_precision=not self.double_precision,
        )
        return problem, expected

    def _fails_itself(self, number: int, case: Case) -> bool:
        """Whether the right answer cannot be judged either: then the check is wrong."""
        limit = self.seconds / 2
        outcome = self._call(self.reference, case, limit)
        if outcome.error is not None:
            return True
        try:
            with quiet_state(), time_limit(limit):
                self._judged(number, case, outcome.value)
        except KeyboardInterrupt:
            raise
        except BaseException:
            return True
        return False

    def right_result(self, number: int, case: Case) -> Any:
        """The right result of a case, computed once.

        Parameters
        ----------
        number : int
            The place of the case among :meth:`cases`, from 1 on.
        case : Case
            The case; one without a ``check``.

        Returns
        -------
        Any
            What an answer is compared with.
        """
        if case.expected is not ...:
            return case.expected
        if number not in self._right_results:
            result = self._expected(*clone(case.args), **clone(case.kwargs))
            self._right_results[number] = result
        return self._right_results[number]

    # --- words ------------------------------------------------------------------------------------

    def _unattempted_lines(self) -> tuple[str, ...]:
        return ("Replace the ... by your own code and run the cell again.",)

    def _failure_lines(self, trial: Trial) -> tuple[str, ...]:
        """The failing case: what is wrong, the input, and what came out of it."""
        case, outcome, problem = trial.case, trial.outcome, trial.problem
        label = f" ({case.label})" if case.label else ""
        full_stop = "" if problem.endswith((".", "?", "!")) else "."
        lines = [
            f"Case {trial.number}{label}: {problem}{full_stop}",
            f"Input: {self._inputs(case)!r}",
        ]
        if outcome.error is not None:
            lines += [f"    {frame}" for frame in outcome.frames]
            if isinstance(outcome.error, TypeError) and not outcome.frames:
                lines.append(f"The signature is {self.quoted_signature()}.")
        elif trial.expected is not ... and not _says_both(problem, trial):
            lines += self._expected_and_received(trial)
        if outcome.printed:
            lines.append(f"It printed: {describe(outcome.printed)}")
        if outcome.warned:
            lines.append(f"It warned: {outcome.warned[0]}")
        lines.append(self._way_to_try(trial))
        return tuple(lines)

    def _expected_and_received(self, trial: Trial) -> list[str]:
        """Both results, with as many digits as it takes to see where they differ."""
        digits = self._digits(trial)
        return [
            f"Expected: {describe(trial.expected, digits)}",
            f"Received: {described(trial.outcome.value, digits)}",
        ]

    def _digits(self, trial: Trial) -> int:
        expected, received = trial.expected, trial.outcome.value
        try:
            with time_limit(READ_SECONDS):
                return digits_apart(expected, received, rtol=self.rtol, atol=self.atol)
        except KeyboardInterrupt:
            raise
        except BaseException:  # a value may answer every question with an error, or never
            return DIGITS

    def _way_to_try(self, trial: Trial) -> str:
        """How to get the inputs of a case."""
        inputs = f"check.{self.name}.case({trial.number})"
        if self._use is not None:
            return f"{inputs} gives these inputs."
        by_name = f", **{inputs}.named" if self._inputs(trial.case).named else ""
        return f"To try this case yourself: {self.name}(*{inputs}{by_name})"

    def _changed(self, case: Case, outcome: Outcome) -> str:
        """The inputs that a call changed, as the task calls them."""
        names = {
            f"input {place}": name for place, name in enumerate(self._inputs(case).names, start=1)
        }
        return " and ".join(names.get(changed, changed) for changed in outcome.changed)

    def quoted_signature(self) -> str:
        """The task's signature behind the exercise's name, as the feedback quotes it.

        Returns
        -------
        str
            ``softmax(scores)``.
        """
        if self.signature:
            return f"{self.name}{self.signature}"
        return f"{self.name}{bare_signature(self.reference) or ''}"

    def _notes(self, trials: Sequence[Trial]) -> tuple[str, ...]:
        """What is no fault of the result but worth telling."""
        notes = []
        changing = [trial for trial in trials if trial.reached and trial.outcome.changed]
        told = any(
            trial.failed and trial.problem == self._broken_promise(trial.case, trial.outcome)
            for trial in changing[:1]
        )
        if changing and not told:
            changed = self._changed(changing[0].case, changing[0].outcome)
            notes.append(
                f"Note: your code changes {changed} in place. The check used "
                "copies; in a program the caller's data would now be different."
            )
        if not alarms_available():
            notes.append(
                "Note: no time limit is possible here; stop an endless loop with the ■ button."
            )
        return tuple(notes)


def _too_slow(limit: float, watch: Stopwatch | None = None) -> str:
    """What is said of a call that was stopped, with the watch that measured it if there is one."""
    problem = (
        f"stopped after {limit:g} seconds: a loop that never ends, or far more work than needed"
    )
    if watch is None or watch.kept_waiting() < limit / 2:
        return problem
    return (
        f"{problem}; or this computer is too busy, for other programs kept your code waiting for "
        f"{watch.kept_waiting():.2g} of {watch.elapsed():.2g} seconds: then run the check again"
    )


def _error_problem(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "your code left Python (exit or quit) instead of returning a result"
    kind = type(error).__name__
    text = message_of(error)
    return f"your code raised {kind}: {text}" if text else f"your code raised {kind}"


def _says_both(problem: str, trial: Trial) -> bool:
    """Whether ``problem`` names expected and received whole, as it does for single numbers."""
    if not problem.startswith("expected "):
        return False
    both = (trial.expected, trial.outcome.value)
    return all(value is None or isinstance(value, str) or is_number(value) for value in both)
