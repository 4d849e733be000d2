"""Small changes of a reference: which are made, and that the cases of the exercises notice them."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

from exercises import discover
from exercises.engine import Case, Function, Mistake
from exercises.engine.mutations import UnreadableError, mutants, result_mutants, show_equal
from tests.sampling import PROOF, touched
from tests.unproven import UNPROVEN
from tools import changes
from tools import mutants as tool
from utils import course

FUNCTIONS = {id: e for id, e in discover().items() if isinstance(e, Function)}
LESSON_FILES = {course.lesson_id(lesson.path): lesson.path for lesson in course.lessons()}
SAMPLE = 8  # mutants of an exercise that nothing has changed


# --- the exercises of the course ----------------------------------------------------------------


def lesson_of(id: str) -> str:
    return id.rpartition(".")[0]


@functools.cache
def changed_files() -> frozenset[str]:
    return frozenset(changes.changed_files())


def is_changed(lesson: str) -> bool:
    """Whether a change touches the exercises of a lesson, or how mutants are made."""
    module = f"exercises/{lesson.replace('.', '/')}.py"
    return touched([module, "exercises/engine/mutations.py"], changed_files())


@pytest.mark.parametrize("id", [id for id in FUNCTIONS if lesson_of(id) not in UNPROVEN])
def test_small_changes_of_the_reference_are_judged_wrong(id):
    """A fixed sample of them; all where the exercise has changed, or with COURSE_PROOF=1."""
    sample = None if PROOF or is_changed(lesson_of(id)) else SAMPLE
    proof = tool.prove(FUNCTIONS[id], sample=sample)
    assert proof.tried > 0
    assert proof.holds, "\n".join(proof.lines())


@pytest.mark.parametrize("lesson", sorted({lesson_of(id) for id in FUNCTIONS} - UNPROVEN))
def test_few_changes_are_listed_as_equal(lesson):
    ids = [id for id in FUNCTIONS if lesson_of(id) == lesson]
    tried = sum(len(FUNCTIONS[id].mutants()) for id in ids)
    listed = sum(len(FUNCTIONS[id].equal_mutants) for id in ids)
    assert listed <= tool.EQUAL_SHARE * tried
    for id in ids:
        for reason in FUNCTIONS[id].equal_mutants.values():
            assert len(reason) >= 20, f"{reason!r} hardly gives a reason"


@pytest.mark.parametrize("id", [id for id in FUNCTIONS if lesson_of(id) not in UNPROVEN])
def test_each_case_has_a_label_of_its_own(id):
    """The feedback says for which cases an answer is right and for which it is wrong."""
    labels = [case.label for case in FUNCTIONS[id].cases()]
    assert all(labels), f"{labels.count('')} cases have no label"
    assert len(set(labels)) == len(labels)


def test_the_list_of_unproven_lessons_only_shrinks():
    assert set(LESSON_FILES) >= UNPROVEN, "a lesson that is gone must leave the list"
    assert len(UNPROVEN) <= 16


@pytest.mark.parametrize("lesson", sorted(UNPROVEN))
def test_a_lesson_that_is_proven_leaves_the_list(lesson):
    if not (PROOF or is_changed(lesson)):
        pytest.skip("its exercises have not changed; COURSE_PROOF=1 looks at all")
    ids = [id for id in FUNCTIONS if lesson_of(id) == lesson]
    proven = all(tool.prove(FUNCTIONS[id]).holds for id in ids)
    labelled = all(case.label for id in ids for case in FUNCTIONS[id].cases())
    assert not (proven and labelled), "take it out of UNPROVEN"


# --- which changes are made ---------------------------------------------------------------------


def changes_of(function) -> dict[str, str]:
    return {mutant.change: mutant.observation for mutant in mutants(function)}


def compared(x):
    return x < 0


def called(x):
    return np.std(x, axis=0, ddof=1)


def clipped_at(x):
    return np.maximum(x.max(), 0.5)


def branched(values):
    best = None
    for value in values:
        if best is None or value > best:
            best = value
    return best


def counted(n):
    total = 0
    for i in range(n):
        total += i
    return total


def picked(values):
    return [value for value in values[1:] if value]


def multiplied(a, b):
    return a.T @ b


def by_method(x):
    return torch.softmax(x, 1).sum(-1)


def over_two_axes(x):
    return x.mean(axis=(0, 2))


@pytest.mark.parametrize(
    ("function", "change"),
    [
        (compared, "return x < 0 → return x <= 0"),
        (compared, "return x < 0 → return x > 0"),
        (compared, "return x < 0 → return x < 1"),
        (compared, "return x < 0 → return x < -1"),
        (called, "np.std(x, axis=0, ddof=1) → np.std(x, axis=1, ddof=1)"),
        (called, "np.std(x, axis=0, ddof=1) → np.std(x, ddof=1)"),
        (called, "np.std(x, axis=0, ddof=1) → np.std(x, axis=0)"),
        (called, "np.std(x, axis=0, ddof=1) → np.var(x, axis=0, ddof=1)"),
        (clipped_at, "np.maximum(x.max(), 0.5) → np.maximum(x.max(), 1.0)"),
        (clipped_at, "np.maximum(x.max(), 0.5) → np.maximum(x.max(), 0.25)"),
        (clipped_at, "np.maximum(x.max(), 0.5) → np.maximum(x.min(), 0.5)"),
        (clipped_at, "np.maximum(x.max(), 0.5) → np.minimum(x.max(), 0.5)"),
        (clipped_at, "np.maximum(x.max(), 0.5) → x.max()"),
        (branched, "best is None or value > best → best is None or value >= best"),
        (branched, "best is None or value > best → best is None and value > best"),
        (branched, "for value in values → for value in list(values)[1:]"),
        (branched, "if best is None or value > best → if True"),
        (counted, "range(n) → range(1, n)"),
        (counted, "range(n) → range(n - 1)"),
        (counted, "total += i → total -= i"),
        (counted, "total += i → total = i"),
        (counted, "total = 0 → total = 1"),
        (
            picked,
            "values[1:] → values[2:]",
        ),
        (
            picked,
            "values[1:] → values[0:]",
        ),
        (picked, "[value for value in values[1:] if value] → [value for value in values[1:]]"),
        (multiplied, "return a.T @ b → return b @ a.T"),
        (multiplied, "return a.T @ b → return a @ b"),
        (by_method, "torch.softmax(x, 1).sum(-1) → torch.softmax(x, 0).sum(-1)"),
        (over_two_axes, "return x.mean(axis=(0, 2)) → return x.mean(axis=(1, 2))"),
        (by_method, "torch.softmax(x, 1).sum(-1) → torch.softmax(x, 1).sum(0)"),
        (by_method, "torch.softmax(x, 1).sum(-1) → torch.softmax(x, 1).mean(-1)"),
    ],
)
def test_a_change_is_made(function, change):
    assert change in changes_of(function)


def test_every_mutant_has_a_name_of_its_own_and_differs_from_the_reference():
    for id, exercise in FUNCTIONS.items():
        try:
            found = exercise.mutants()
        except UnreadableError:
            continue
        names = [mutant.change for mutant in found]
        assert len(names) == len(set(names)), id
        assert found == exercise.mutants()
        for name in names:
            before, _, after = name.partition(" → ")
            assert before != after, id


def test_making_mutants_leaves_the_reference_as_it_was():
    for mutant in mutants(branched):
        assert mutant.answer is not branched
    assert branched([1, 3, 2]) == 3


def squared_distance(a, b):
    return ((a - b) ** 2).sum() + abs(a - b).max()


def test_no_change_is_made_that_cannot_change_anything():
    assert not any("b - a" in change for change in changes_of(squared_distance))
    assert all(change.count("strict=True") == 2 for change in changes_of(zipped))


def zipped(a, b):
    return [x + y for x, y in zip(a, b, strict=True)]


def documented(x):
    """Text with 1 number."""
    if x < 0:
        raise ValueError(f"{x} is below 0")
    return x**2


def test_texts_and_errors_are_left_alone():
    for change in changes_of(documented):
        assert "Text" not in change
        assert "ValueError" not in change
    assert not any("if False" in change for change in changes_of(documented))


def test_helpers_of_the_same_module_are_changed_too():
    assert "return x < 0 → return x <= 0" in changes_of(with_helper)
    (edge,) = [m for m in mutants(with_helper) if m.change == "return x < 0 → return x <= 0"]
    assert edge.answer(0) == 5
    assert with_helper(0) == 7


def with_helper(x):
    return 5 if compared(x) else 7


def test_lambdas_closures_and_classes_can_be_changed():
    half = lambda x: x / 2  # noqa: E731
    assert any(mutant.answer(4) == 8 for mutant in mutants(half))

    factor = 3

    def times(x):
        return factor * x

    assert any(mutant.answer(4) == 0.75 for mutant in mutants(times))
    assert "self.count += 1 → self.count -= 1" in changes_of(Counter)


class Counter:
    def __init__(self):
        self.count = 0

    def add(self):
        self.count += 1
        return self.count


@pytest.mark.parametrize("reference", [len, np.mean, functools.partial(compared, 1)])
def test_what_has_no_source_says_so(reference):
    if reference is np.mean:
        reference = np.add
    with pytest.raises(UnreadableError):
        mutants(reference)


def test_changes_of_inputs_and_results():
    cut, changing, single = result_mutants(
        lambda x: {"half": x / 2, "n": len(x)},
        fractions=True,
        keeps_inputs=True,
        double_precision=True,
    )
    x = np.array([1.0, 3.0])
    assert cut.answer(x)["half"].tolist() == [0.0, 1.0]
    assert single.answer(x)["half"].dtype == np.float32
    assert changing.answer(x)["half"].tolist() == [0.5, 1.5]
    assert x.tolist() == [2.0, 4.0]
    for value in (torch.ones(2), torch.ones(2, dtype=torch.long), [1, 2], {"a": 1}):
        before = repr(value)
        (changing,) = result_mutants(
            lambda x: 0, fractions=False, keeps_inputs=True, double_precision=False
        )
        changing.answer(value)
        assert repr(value) != before


def test_an_observation_gives_no_code_away():
    for exercise in FUNCTIONS.values():
        try:
            found = exercise.mutants()
        except UnreadableError:
            continue
        for mutant in found:
            assert not set("()[]=_<>*→`") & set(mutant.observation)


# --- proof --------------------------------------------------------------------------------------


def clipped(x):
    return max(x, 0.0)


def positive_exercise(cases, **changes) -> Function:
    options = {
        "title": "Clip",
        "cases": lambda rng: [Case((x,), label=str(x)) for x in cases],
        "expected": lambda x: 0.5 * (x + abs(x)),
        "reference": clipped,
        "mistakes": (Mistake("as it is", lambda x: x, "Negative ones become 0."),) * 2,
        "also_correct": (lambda x: x if x > 0 else 0,),
        "hints": ("one", "two"),
        "carry_on": "On.",
    }
    return Function("tests.mutants.clipped", **(options | changes))


def test_a_number_that_says_where_to_look_is_one_that_counts_places():
    def entry(values, k):
        return values[k + 1]

    def part(values, k):
        return values[k : k + 3]

    said = {m.change: m.observation for m in (*mutants(entry), *mutants(part))}
    for after in ("k", "k + 2"):
        (words,) = {said[change] for change in said if change.endswith(f"→ return values[{after}]")}
        assert words == "an entry at another place were taken"
    (words,) = {said[change] for change in said if change.endswith("values[k:k + 4]")}
    assert words == "a part were cut out of a sequence at another place"


def test_a_proof_counts_what_is_killed_and_names_what_is_not():
    strong = tool.prove(positive_exercise([-1.5, 0.25, 3.5]))
    assert strong.holds
    assert strong.killed == strong.tried > 3
    weak = tool.prove(positive_exercise([1.5, 2.5]))
    assert not weak.holds
    assert "return max(x, 0.0) → return x" in weak.survivors
    assert "    passes: return max(x, 0.0) → return x" in list(weak.lines())


def test_a_listed_mutant_must_pass_do_the_same_on_random_inputs_and_still_exist():
    change = "return max(x, 0.0) → return x"
    listed = {"equal_mutants": {change: "Nobody asks for negative ones."}}
    positive = {"draw": lambda rng: (float(rng.uniform(1, 2)),)}
    ones = [1.5, 2.5]
    proof = tool.prove(positive_exercise(ones, **listed, **positive))
    assert proof.equal == [change]
    assert not proof.faults
    assert "no `draw`" in tool.prove(positive_exercise(ones, **listed)).faults[0]
    both = {"draw": lambda rng: (float(rng.normal()),)}
    assert "another result" in tool.prove(positive_exercise(ones, **listed, **both)).faults[0]
    killed = tool.prove(positive_exercise([-1.5, 0.5, 3.5], **listed, **positive))
    assert killed.faults == [f"listed as equal, but judged wrong: {change}"]
    gone = {"equal_mutants": {"x → y": "It is gone."}}
    faults = tool.prove(positive_exercise([-1.5, 0.5, 3.5], **gone)).faults
    assert faults == ["listed as equal, but no such change is made any more: x → y"]


def test_what_fails_on_random_inputs_is_not_equal():
    exercise = positive_exercise([1.5], draw=lambda rng: (None,))
    (first, *_) = exercise.mutants()
    assert "the reference fails on random input 1" in show_equal(exercise, first)


def test_inputs_that_must_be_kept_are_kept_by_an_equal_mutant_too():
    def sorted_copy(values):
        return np.sort(values.copy())

    exercise = positive_exercise(
        [1.5],
        reference=sorted_copy,
        keeps_inputs=True,
        draw=lambda rng: (rng.normal(size=3),),
    )
    (changing,) = [m for m in exercise.mutants() if m.change.startswith("inputs")]
    assert "inputs are changed" in show_equal(exercise, changing)


def test_a_sample_is_always_the_same_and_spread_over_all():
    exercise = positive_exercise([-1.5, 0.5, 3.5])
    everything = exercise.mutants()
    assert tool._spread(everything, 3) == tool._spread(everything, 3)
    assert tool._spread(everything, 3)[0] == everything[0]
    assert tool._spread(everything, 1_000) == everything
    assert tool.prove(exercise, sample=3).tried == 3


def test_a_lesson_that_lists_too_many_is_told_so():
    proof = tool.Proof("a.lesson.one", tried=30, killed=28, equal=["x", "y"])
    other = tool.Proof("a.lesson.two", tried=5, killed=5)
    assert tool.lesson_faults([proof, other]) == [
        "a.lesson: 2 of 35 changes are listed as equal, more than one in 20"
    ]
    assert tool.lesson_faults([proof, tool.Proof("a.lesson.two", tried=10)]) == []
    one_of_two = tool.Proof("start_here.standardise", tried=9, killed=8, equal=["x"])
    assert tool.lesson_faults([one_of_two]) == []


def test_the_command_reports_by_exercise(capsys):
    assert tool.main(["start_here.standardise"]) in (0, 1)
    output = capsys.readouterr().out
    assert "start_here.standardise: " in output
    assert " killed" in output.splitlines()[-1]
    assert tool.main(["no such exercise"]) == 1
