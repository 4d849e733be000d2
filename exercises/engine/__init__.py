"""The engine behind the exercises: judge an answer, recognise the mistake, say so kindly.

An exercise module declares objects of these kinds; no lesson imports this package. In a notebook
``check.name(answer)`` judges, ``check.name.hint()`` helps, and ``check.name.confirm(solution)``
shows that the reference solution passes, without counting as the reader's progress.

Who adds an exercise, a known mistake or a hint needs this list and the docstrings of the four
kinds, and nothing of the rest:

================  ================================================================================
`function`        :class:`Function`: write a function or a class, judged on :class:`Case` objects
`bug`             :class:`Bug`: repair the function that is handed out
`value`           :class:`Value`: predict a value, then run
`choice`          :class:`Choice`: choose one :class:`Option`
================  ================================================================================

What they are built on:

================  ================================================================================
`exercise`        what every kind shares: identity, :class:`Mistake`, hints, display and progress
`cases`           the inputs of a function exercise, and what an answer did with them
`signatures`      what a task calls its inputs
`mutations`       small changes of a right solution, which the cases must notice
`stubs`           whether an answer is still the placeholder that was handed out
`recognising`     which known mistake an answer behaves like
`observing`       what is true of a wrong answer wherever it fails; a package with its own list
`comparing`       how a result differs from the expected one, in a sentence
`copying`         copies of inputs and results
`guarding`        call a reader's code so that nothing it does can hurt the notebook around it
`state`           random generators and settings that a check leaves as they were
`time_limits`     stop what never ends
`progress`        what was tried and solved, in a small SQLite file
`progress_table`  the table that a reader sees of it
================  ================================================================================

Imports go one way: from the kinds down this list, and to `utils.display` and `utils.course`.
"""

from __future__ import annotations

from exercises.engine.bug import Bug
from exercises.engine.cases import Case, Trial, UnusableError
from exercises.engine.choice import Choice, Option
from exercises.engine.exercise import Exercise, Mistake, Result, SolutionError
from exercises.engine.function import Function
from exercises.engine.stubs import is_stub
from exercises.engine.value import Value

__all__ = [
    "Bug",
    "Case",
    "Choice",
    "Exercise",
    "Function",
    "Mistake",
    "Option",
    "Result",
    "SolutionError",
    "Trial",
    "UnusableError",
    "Value",
    "is_stub",
]
