"""The engine behind the exercises: judge an answer, recognise the mistake, say so kindly.

An exercise module declares objects of these kinds; no lesson imports this package. In a notebook
``check.name(answer)`` judges, ``check.name.hint()`` helps, and ``check.name.confirm(solution)``
shows that the reference solution passes, without counting as the reader's progress.

=============  ===================================================================================
`exercise`     what every kind shares: identity, mistakes, hints, display and progress
`function`     :class:`Function`: write a function or a class, judged on :class:`Case` objects
`bug`          :class:`Bug`: repair the function that is handed out
`value`        :class:`Value`: predict a value, then run
`choice`       :class:`Choice`: choose one :class:`Option`
`comparing`    how a result differs from the expected one, in a sentence
`guarding`     call a reader's code so that nothing it does can hurt the notebook around it
`progress`     what was tried and solved, in a small SQLite file
=============  ===================================================================================
"""

from __future__ import annotations

from exercises.engine.bug import Bug
from exercises.engine.cases import Case
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
    "Value",
    "is_stub",
]
