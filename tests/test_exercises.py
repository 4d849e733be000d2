"""Every exercise of the course, found by discovery: a new one is covered without a new test."""

from __future__ import annotations

import ast
import contextlib
import json
import random
import re
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from nbformat.v4 import new_code_cell

import exercises
from exercises import discover
from exercises.engine import Bug, Case, Choice, Exercise, Function, Result, Value, progress
from exercises.engine.comparing import difference
from exercises.engine.guarding import guarded_call
from exercises.engine.recognising import KnownFault
from exercises.engine.signatures import signature_of
from tools import notebooks, reading
from utils import course

ALL = discover()
LESSONS = course.lessons()
FUNCTIONS = {id: exercise for id, exercise in ALL.items() if isinstance(exercise, Function)}
every = pytest.mark.parametrize("id", ALL)


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.sqlite3"))
    monkeypatch.setenv("COURSE_STRICT", "1")


@pytest.fixture
def shown(monkeypatch):
    """The blocks that were shown, instead of their display."""
    blocks: list = []
    monkeypatch.setattr("exercises.engine.exercise.emit", blocks.append)
    return blocks


# --- the exercises by themselves --------------------------------------------------------------


def test_there_are_exercises_of_every_kind():
    assert {type(exercise) for exercise in ALL.values()} == {Function, Bug, Value, Choice}


def test_every_module_below_exercises_is_found():
    folder = Path(exercises.__file__).parent
    modules = {
        ".".join(file.relative_to(folder).with_suffix("").parts)
        for file in folder.rglob("*.py")
        if file.name != "__init__.py" and "engine" not in file.parts
    }
    assert {id.rpartition(".")[0] for id in ALL} == modules
    for file in folder.rglob("*.py"):
        assert (file.parent / "__init__.py").exists(), f"{file} would not be found"


@every
def test_the_id_says_chapter_lesson_and_name(id):
    assert re.fullmatch(r"(start_here|[a-z0-9_]+\.[a-z0-9_]+)\.[a-z][a-z0-9_]*", id)
    assert ALL[id].name == id.split(".")[-1]


@every
def test_it_declares_what_a_reader_needs(id):
    exercise = ALL[id]
    assert len(exercise.mistakes) >= 2
    assert len(exercise.also_correct) >= 1
    assert len(exercise.hints) >= 2
    names = [mistake.name for mistake in exercise.mistakes]
    explanations = {(mistake.name, mistake.why) for mistake in exercise.mistakes}
    assert len(explanations) == len(set(names)), "one name stands for two different mistakes"
    texts = [exercise.title, exercise.carry_on, *exercise.hints, *names]
    texts += [mistake.why for mistake in exercise.mistakes]
    for text in texts:
        assert isinstance(text, str)
        assert text == text.strip() != ""
    for sentence in (exercise.carry_on, *(mistake.why for mistake in exercise.mistakes)):
        assert len(sentence) >= 20, f"{sentence!r} hardly explains anything"
    assert len(set(exercise.hints)) == len(exercise.hints)
    if isinstance(exercise, Function):
        assert len(exercise.cases()) >= 2


def judged(exercise: Exercise, answer: Any) -> Result:
    """The judgement, whose display is also looked at: it must be short and show no addresses."""
    result = exercise.evaluate(answer)
    text = exercise.block(result).text()
    assert len(text) < 3_000
    assert "0x" not in text
    assert max(map(len, text.splitlines())) < 700
    return result


@every
def test_the_reference_passes(id):
    result = judged(ALL[id], ALL[id].reference)
    assert (result.status, result.mistake) == ("solved", None), result.lines
    assert result.passed == result.total >= 1


@pytest.mark.parametrize(
    ("id", "number"),
    [(id, number) for id in ALL for number in range(len(ALL[id].also_correct))],
)
def test_a_differently_correct_answer_passes(id, number):
    result = judged(ALL[id], ALL[id].also_correct[number])
    assert result.status == "solved", result.lines


# Errors of whoever declares a mistake, not of the reader whom it stands for.
NOT_MEANT = re.compile(r"raised (NameError|TypeError: .*(keyword argument|missing|takes \d))")


@pytest.mark.parametrize(
    ("id", "number"), [(id, number) for id in ALL for number in range(len(ALL[id].mistakes))]
)
def test_a_known_mistake_is_named_as_itself_and_not_as_another_one(id, number):
    mistake = ALL[id].mistakes[number]
    result = judged(ALL[id], mistake.answer)
    assert result.status == "wrong", result.status
    assert result.mistake is mistake, result.mistake and result.mistake.name
    assert any(mistake.why in line for line in result.lines)
    assert not NOT_MEANT.search(" ".join(result.lines)), "this mistake cannot be called"


def in_single_precision(value: Any) -> Any:
    """A value with its numbers of double precision made single."""
    if isinstance(value, (float, np.floating)):
        return np.float32(value)
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    if isinstance(value, torch.Tensor) and value.dtype == torch.float64:
        return value.float()
    if type(value) in (list, tuple):
        return type(value)(map(in_single_precision, value))
    if type(value) is dict:
        return {key: in_single_precision(item) for key, item in value.items()}
    return value


def difference_of_single(exercise: Function, expected: Any, received: Any) -> str | None:
    """What is wrong with a result where single precision is allowed."""
    return difference(
        expected, received, rtol=exercise.rtol, atol=exercise.atol, single_precision=True
    )


SINGLE = [id for id in FUNCTIONS if not FUNCTIONS[id].double_precision]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("id", SINGLE)
def test_the_reference_in_single_precision_passes(id):
    """Computed in it, from inputs of single precision, or made single at the end."""
    exercise = FUNCTIONS[id]
    computed = exercise.used(exercise.reference)

    def from_single(*args, **kwargs):
        return computed(*in_single_precision(args), **in_single_precision(kwargs))

    def made_single(*args, **kwargs):
        return in_single_precision(computed(*args, **kwargs))

    for number, case in enumerate(exercise.cases(), start=1):
        if case.check is not None:
            continue
        right = exercise.attempt(exercise.reference, number, case).expected
        for answer in (from_single, made_single):
            outcome = guarded_call(answer, case.args, case.kwargs)
            assert outcome.error is None, (case.label, outcome.error)
            problem = difference(
                right, outcome.value, rtol=exercise.rtol, atol=exercise.atol, single_precision=True
            )
            assert problem is None, (case.label, problem)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("id", SINGLE)
def test_a_mistake_made_single_still_fails(id):
    exercise = FUNCTIONS[id]
    numbered = list(enumerate(exercise.cases(), start=1))
    for mistake in exercise.mistakes:
        fault = exercise.fault(mistake)
        assert any(still_fails(exercise, fault, *each) for each in numbered), mistake.name


def still_fails(exercise: Function, fault: KnownFault, number: int, case: Case) -> bool:
    """Whether a wrong result is wrong in single precision too, on one case."""
    seen = fault.behaviour(number, case)
    if not seen.problem or seen.raised or case.check is not None:
        return bool(seen.problem)
    right = exercise.right_result(number, case)
    if not difference_of_single(exercise, right, seen.value):
        return True  # the result is right, and what the task forbids was done all the same
    return bool(difference_of_single(exercise, right, in_single_precision(seen.value)))


def nothing(*args: Any, **kwargs: Any) -> None:
    """An answer without a result, but not without code."""
    return (lambda: None)()


NONSENSE = {
    "nothing": nothing,
    "an object": lambda *args, **kwargs: object(),
    "a text": lambda *args, **kwargs: "to be or not to be",
    "not a number": lambda *args, **kwargs: float("nan"),
    "a strange number": lambda *args, **kwargs: 0.123456789e-3,
    "an error": lambda *args, **kwargs: {}["no such key"],
}


@pytest.mark.parametrize("name", NONSENSE)
@pytest.mark.parametrize("id", FUNCTIONS)
def test_nonsense_neither_passes_nor_gets_the_name_of_a_mistake(id, name):
    exercise = FUNCTIONS[id]
    result = exercise.evaluate(NONSENSE[name])
    assert result.status == "wrong"
    if result.mistake:  # unless the mistake is nonsense of the same kind, in every case
        for trial in exercise.trials(result.mistake.answer):
            same = trial.outcome
            assert same.error or same.value is None, result.mistake.name


@pytest.mark.parametrize("id", [id for id in ALL if isinstance(ALL[id], (Value, Choice))])
@pytest.mark.parametrize(
    "answer", [None, "no such answer", -987_654_321.125, float("nan"), object()]
)
def test_nonsense_is_no_value_and_no_letter(id, answer):
    result = ALL[id].evaluate(answer)
    assert (result.status, result.mistake) == ("wrong", None)


@every
def test_an_untouched_stub_is_not_attempted(id):
    exercise = ALL[id]
    stub = exercise.planted if isinstance(exercise, Bug) else ...
    assert exercise.evaluate(stub).status == "unattempted"


@every
def test_each_hint_shows(id, shown):
    exercise = ALL[id]
    exercise.hints_shown = 0
    for hint in exercise.hints:
        exercise.hint()
        assert shown[-1].lines == (hint,)
        assert hint.split()[0] in shown[-1].text()
    exercise.hints_shown = 0
    exercise.hint(all=True)
    assert [block.lines for block in shown] == [(hint,) for hint in exercise.hints] * 2


def content(value: Any) -> Any:
    """What a case holds, in a form that can be compared."""
    if isinstance(value, Case):
        return content((value.args, value.kwargs, value.expected))
    if isinstance(value, torch.Tensor):
        return value.dtype, value.tolist()
    if isinstance(value, torch.nn.Module):
        return content(dict(value.state_dict()))
    if isinstance(value, (list, tuple)):
        return [content(item) for item in value]
    if isinstance(value, dict):
        return {key: content(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.dtype, value.tolist()
    return repr(value) if type(value).__repr__ is not object.__repr__ else type(value)


@pytest.mark.parametrize("id", FUNCTIONS)
def test_the_cases_are_always_the_same(id):
    first = repr(content(FUNCTIONS[id].cases()))
    np.random.rand()  # noqa: NPY002 - the state of global generators must not matter
    torch.rand(1)
    random.random()
    assert repr(content(FUNCTIONS[id].cases())) == first


def random_state() -> list:
    """Where the global random generators stand."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return [random.getstate(), name, keys.tolist(), rest, torch.get_rng_state().tolist()]


@every
def test_judging_leaves_the_random_state_alone(id):
    exercise = ALL[id]
    before = random_state()
    exercise.evaluate(exercise.reference)
    exercise.evaluate(exercise.mistakes[0].answer)
    assert random_state() == before


# --- the exercises in the notebooks -----------------------------------------------------------


@cache
def cells_of(path: Path) -> list[SimpleNamespace]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [
        SimpleNamespace(
            kind=cell["cell_type"],
            source="".join(cell["source"]),
            tags=cell["metadata"].get("tags", []),
            shown=[
                "".join(output["data"]["text/plain"])
                for output in cell.get("outputs", [])
                if 'role="status"' in "".join(output.get("data", {}).get("text/html", ""))
            ],
        )
        for cell in notebook["cells"]
    ]


def tagged(lesson: course.Lesson, tag: str) -> list[int]:
    return [i for i, cell in enumerate(cells_of(lesson.path)) if tag in cell.tags]


def uses(source: str, *, confirm: bool) -> list[str]:
    """Names of the exercises that a cell calls: ``check.name(…)``, or ``check.name.confirm(…)``."""
    names = []
    for node in ast.walk(ast.parse(source)):
        function = node.func if isinstance(node, ast.Call) else None
        if confirm and isinstance(function, ast.Attribute) and function.attr == "confirm":
            function = function.value
        elif confirm:
            continue
        if (
            isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Name)
            and function.value.id == "check"
        ):
            names.append(function.attr)
    return names


EXERCISE_CELLS = [
    pytest.param(lesson, index, id=f"{course.lesson_id(lesson.path)}-{index}")
    for lesson in LESSONS
    for index in tagged(lesson, "exercise")
]
in_every_exercise_cell = pytest.mark.parametrize(("lesson", "index"), EXERCISE_CELLS)


def test_each_declared_exercise_is_used_in_exactly_one_cell_of_one_notebook():
    used = [
        f"{course.lesson_id(lesson.path)}.{name}"
        for lesson in LESSONS
        for index in tagged(lesson, "exercise")
        for name in uses(cells_of(lesson.path)[index].source, confirm=False)
    ]
    assert sorted(used) == sorted(ALL)
    assert sorted(used) == sorted(id for lesson in LESSONS for id in lesson.exercises)


@in_every_exercise_cell
def test_an_exercise_cell_is_followed_by_the_solution_of_the_same_exercise(lesson, index):
    task, solution = cells_of(lesson.path)[index : index + 2]
    assert (task.kind, solution.kind) == ("code", "code")
    assert "solution" in solution.tags
    (name,) = uses(task.source, confirm=False)
    assert uses(solution.source, confirm=True) == [name]
    assert uses(task.source, confirm=True) == []


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: course.lesson_id(lesson.path))
def test_every_solution_cell_belongs_to_an_exercise_cell(lesson):
    tasks = tagged(lesson, "exercise")
    assert tagged(lesson, "solution") == [index + 1 for index in tasks]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: course.lesson_id(lesson.path))
def test_the_lesson_checks_with_its_own_module(lesson):
    namespace = run_imports(lesson) if lesson.exercises else {}
    if lesson.exercises:
        expected = f"exercises.{course.lesson_id(lesson.path)}"
        assert namespace["check"].__name__ == expected


def run_imports(lesson: course.Lesson) -> dict[str, Any]:
    """A namespace with all that the notebook imports, and nothing else from it.

    An exercise or a solution must work whatever the reader did to other cells, so it may use
    imports and what its own cell defines.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells_of(lesson.path):
        if cell.kind == "code":
            tree = ast.parse(cell.source)
            imports = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
            exec(compile(ast.Module(imports, []), "imports", "exec"), namespace)
    return namespace


def run_cell(lesson: course.Lesson, index: int, namespace: dict[str, Any] | None = None) -> None:
    """Run one cell, in a namespace of its own unless one is given."""
    source = cells_of(lesson.path)[index].source
    with contextlib.redirect_stdout(None):
        code = compile(source, f"cell {index}", "exec")
        exec(code, run_imports(lesson) if namespace is None else namespace)


@in_every_exercise_cell
def test_the_untouched_cell_counts_as_not_attempted(lesson, index, shown):
    run_cell(lesson, index)
    (block,) = shown
    assert block.kind == "open", block.text()
    assert block.heading.startswith("Not attempted yet: ")
    assert cells_of(lesson.path)[index].shown == [block.text()], "run the notebook again"
    assert progress.attempts() == []


@in_every_exercise_cell
def test_the_signature_that_feedback_quotes_is_that_of_the_task(lesson, index):
    source = cells_of(lesson.path)[index].source
    (name,) = uses(source, confirm=False)
    exercise = ALL[f"{course.lesson_id(lesson.path)}.{name}"]
    if not isinstance(exercise, Function):
        return
    (check,) = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"check.{name}"
    ]
    (task,) = [
        node
        for node in ast.parse(source).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and node.name == ast.unparse(check.args[0])
    ]
    if isinstance(task, ast.ClassDef):
        pytest.skip("a class is made and called by the exercise")
    assert task.name == name, "the feedback calls the function by the exercise's name"
    assert exercise.quoted_signature() == f"{name}{signature_of(f'({ast.unparse(task.args)})')}"


@in_every_exercise_cell
def test_the_notebooks_own_solution_passes_and_is_not_recorded(lesson, index, shown):
    run_cell(lesson, index + 1)
    (block,) = shown
    assert block.kind == "good", block.text()
    assert block.heading.startswith("This solution passes")
    assert cells_of(lesson.path)[index + 1].shown == [block.text()], "run the notebook again"
    assert progress.attempts() == []


with_exercises = pytest.mark.parametrize(
    "lesson",
    [lesson for lesson in LESSONS if lesson.exercises],
    ids=lambda lesson: course.lesson_id(lesson.path),
)


@with_exercises
def test_after_run_all_each_check_still_finds_the_untouched_answer(lesson, shown, monkeypatch):
    monkeypatch.setattr(Exercise, "confirm", lambda exercise, solution: None)
    namespace = run_imports(lesson)
    for index in sorted(tagged(lesson, "exercise") + tagged(lesson, "solution")):
        run_cell(lesson, index, namespace)
    shown.clear()
    for index in tagged(lesson, "exercise"):
        *_, check = ast.parse(cells_of(lesson.path)[index].source).body
        exec(ast.unparse(check), namespace)
    assert [block.text() for block in shown if block.kind != "open"] == []
    assert len(shown) == len(lesson.exercises)
    assert progress.attempts() == []


@with_exercises
def test_the_cells_of_exercises_leave_the_random_state_alone(lesson, shown, monkeypatch):
    """So no claim of a lesson depends on them; see ``tools/fingerprint.py``."""
    monkeypatch.setattr(Exercise, "confirm", lambda exercise, solution: None)
    namespace = run_imports(lesson)
    before = random_state()
    for index in sorted(tagged(lesson, "exercise") + tagged(lesson, "solution")):
        run_cell(lesson, index, namespace)
    assert random_state() == before


def test_run_all_of_start_here_leaves_an_answer_to_be_given(tmp_path):
    lesson = next(lesson for lesson in LESSONS if lesson.path.stem == course.START)
    notebook = notebooks.read(lesson.path)
    questions = [
        "check.standardise(standardise)",
        "check.mean_squared_error(mean_squared_error)",
        "check.standardise.accepted() is check.standardise.reference",
        "standardise = standardise_solution; check.standardise(standardise)",
        "check.standardise.accepted() is standardise_solution",
    ]
    notebook.cells += map(new_code_cell, questions)
    store = tmp_path / "kernel.sqlite3"
    notebooks.execute(notebook, lesson.path.parent, {"COURSE_PROGRESS": str(store)})
    told = [cell.outputs[0].data["text/plain"] for cell in notebook.cells[-len(questions) :]]
    assert "Not attempted yet: Standardise" in told[0]
    assert "Not attempted yet" in told[1]
    assert told[2] == "True"
    assert "Solved: Standardise" in told[3]
    assert told[4] == "True"


@in_every_exercise_cell
def test_the_heading_above_the_cell_is_the_exercises_title(lesson, index):
    cells = cells_of(lesson.path)
    (name,) = uses(cells[index].source, confirm=False)
    exercise: Exercise = ALL[f"{course.lesson_id(lesson.path)}.{name}"]
    (heading,) = reading.EXERCISE.finditer(cells[index - 1].source)
    assert heading["title"] == exercise.title


# --- what an exercise does with a result ------------------------------------------------------


def losing_the_gradient(loss):
    return lambda *inputs: loss(*inputs).item()


def without_its_mean(log_prob, old_log_prob, advantage, clip):
    ratio = (log_prob - old_log_prob).exp()
    return -torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)


@pytest.mark.parametrize(
    ("id", "change", "said"),
    [
        (
            "reinforcement_learning.policy_gradients.actor_critic_loss",
            losing_the_gradient,
            "the loss must be a tensor, for the check takes its gradient: received 3.2897208",
        ),
        (
            "reinforcement_learning.policy_gradients.ppo_loss",
            losing_the_gradient,
            "the loss must be a tensor",
        ),
        (
            "reinforcement_learning.policy_gradients.ppo_loss",
            lambda reference: lambda *inputs: reference(*inputs).detach(),
            "the loss 0.1 carries no gradient",
        ),
        (
            "reinforcement_learning.policy_gradients.ppo_loss",
            lambda reference: without_its_mean,
            "received shape (4,); is the mean missing?",
        ),
        (
            "uncertainty_and_trust.uncertainty.mc_dropout",
            lambda reference: lambda *inputs: reference(*inputs)[0],
            "expected two tensors, the mean and the variance: received tensor of shape (3, 2)",
        ),
        (
            "deep_learning.backpropagation.three_switches",
            lambda reference: lambda: reference()[:2],
            "three_switches() is to return three arrays, W, b, v: received tuple of 2",
        ),
    ],
)
def test_a_result_with_which_nothing_can_be_done_is_described(id, change, said):
    text = " ".join(ALL[id].feedback(change(ALL[id].reference)).text().split())
    assert said in text
    assert "your code raised" not in text


@pytest.mark.parametrize(
    ("id", "change"),
    [
        (
            "uncertainty_and_trust.uncertainty.mc_dropout",
            lambda reference: lambda *inputs: [part.numpy() for part in reference(*inputs)],
        ),
        (
            "uncertainty_and_trust.uncertainty.mc_dropout",
            lambda reference: lambda *inputs: [part.tolist() for part in reference(*inputs)],
        ),
        (
            "reinforcement_learning.policy_gradients.ppo_loss",
            lambda reference: lambda *inputs: reference(*inputs).reshape(1),
        ),
        (
            "deep_learning.backpropagation.three_switches",
            lambda reference: (
                lambda: [torch.tensor(part, requires_grad=True) for part in reference()]
            ),
        ),
    ],
)
def test_a_right_result_of_another_kind_passes(id, change):
    result = ALL[id].evaluate(change(ALL[id].reference))
    assert result.status == "solved", result.lines


# --- discovery itself -------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Adds modules to the package of exercises, in a folder of its own."""
    monkeypatch.setattr(exercises, "__path__", [*exercises.__path__, str(tmp_path)])

    def add(path: str, source: str) -> None:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")

    yield add
    for name in [name for name in sys.modules if name.startswith("exercises.made_up")]:
        del sys.modules[name]


CHOICE = """
from exercises.engine import Choice, Option
{name} = Choice(
    "{id}", title="T", hints=("one", "two"),
    options={{"a": Option("one", "why", right=True), "b": Option("two", "why")}},
)
"""


def test_a_new_exercise_is_found(package):
    package("made_up/__init__.py", "")
    package("made_up/lesson.py", CHOICE.format(name="pick", id="made_up.lesson.pick"))
    assert set(discover()) - set(ALL) == {"made_up.lesson.pick"}


@pytest.mark.parametrize(
    ("name", "id"),
    [("pick", "made_up.other.pick"), ("pick", "made_up.lesson.choose"), ("pick", "pick")],
)
def test_an_id_that_does_not_say_where_it_stands_is_refused(package, name, id):
    package("made_up/__init__.py", "")
    package("made_up/lesson.py", CHOICE.format(name=name, id=id))
    with pytest.raises(ValueError, match=r"stands in exercises\.made_up\.lesson under the name"):
        discover()


def test_an_id_used_twice_is_refused(package):
    source = CHOICE.format(name="pick", id="made_up.lesson.pick") + "again = pick\n"
    package("made_up/__init__.py", "")
    package("made_up/lesson.py", source)
    with pytest.raises(ValueError, match=r"made_up\.lesson\.pick"):
        discover()


@pytest.mark.parametrize("broken", ["made_up/__init__.py", "made_up/lesson.py"])
def test_what_cannot_be_imported_is_an_error_not_a_gap(package, broken):
    package("made_up/__init__.py", "")
    package("made_up/lesson.py", CHOICE.format(name="pick", id="made_up.lesson.pick"))
    package(broken, "import no_such_module_at_all\n")
    with pytest.raises(ImportError, match="no_such_module_at_all"):
        discover()
