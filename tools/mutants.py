"""Mutation proof: small changes of each reference, and whether the cases of its exercise notice.

`python -m tools.mutants [part of an id …]` (`make mutants`, `make mutants EXERCISE=trees`) prints
for each exercise that is answered by code how many changes were judged wrong of how many were
tried, and each one that was not: it wants a case, or a place in the exercise's `equal_mutants`
with the reason why it does the same.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from exercises import discover
from exercises.engine import Function
from exercises.engine.mutations import Mutant, UnreadableError, show_equal
from tools import console

# Of a lesson's changes so many at most may be ones that change nothing.
EQUAL_SHARE = 1 / 20


@dataclass
class Proof:
    """What became of the mutants of one exercise.

    `survivors` are those that passed and are not listed; `equal` those that are listed, and hold;
    `faults` are sentences on entries of the list that do not hold.
    """

    id: str
    tried: int = 0
    killed: int = 0
    survivors: list[str] = field(default_factory=list)
    equal: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every mutant is judged wrong or shown to be equal."""
        return not (self.survivors or self.faults)

    def lines(self) -> Iterator[str]:
        """The report on this exercise."""
        equal = f", {len(self.equal)} change nothing" if self.equal else ""
        yield f"{'✓' if self.holds else '✗'} {self.id}: {self.killed} of {self.tried} killed{equal}"
        for change in self.survivors:
            yield f"    passes: {change}"
        for fault in self.faults:
            yield f"    {fault}"


def prove(exercise: Function, *, sample: int | None = None, draws: int = 1_000) -> Proof:
    """Try the mutants of an exercise on its cases.

    Args:
        exercise: The exercise.
        sample: Try so many only, spread evenly over all of them and always the same; None tries
            all and shows the listed ones to be equal.
        draws: On how many random inputs a listed mutant must do as the reference does.
    """
    proof = Proof(exercise.id)
    try:
        mutants = exercise.mutants()
    except UnreadableError as error:
        proof.faults.append(f"cannot be changed: {error}")
        return proof
    chosen = mutants if sample is None else _spread(mutants, sample)
    proof.tried = len(chosen)
    cases = exercise.cases()
    for mutant in chosen:
        listed = mutant.change in exercise.equal_mutants
        if exercise.notices(mutant.answer, cases):
            proof.killed += 1
            if listed:
                proof.faults.append(f"listed as equal, but judged wrong: {mutant.change}")
        elif not listed:
            proof.survivors.append(mutant.change)
        else:
            proof.equal.append(mutant.change)
            if sample is None and (problem := show_equal(exercise, mutant, draws=draws)):
                proof.faults.append(f"listed as equal, but {problem}: {mutant.change}")
    known = {mutant.change for mutant in mutants}
    for change in exercise.equal_mutants:
        if change not in known:
            proof.faults.append(f"listed as equal, but no such change is made any more: {change}")
    return proof


def _spread(mutants: list[Mutant], sample: int) -> list[Mutant]:
    """So many mutants, or all, evenly from the first to the last."""
    if len(mutants) <= sample:
        return mutants
    return [mutants[index * len(mutants) // sample] for index in range(sample)]


def lesson_faults(proofs: Iterable[Proof]) -> list[str]:
    """Sentences on lessons that list more mutants as equal than they may.

    Of a lesson whose exercises are not all among `proofs`, nothing is said.
    """
    proofs = list(proofs)
    proven = {proof.id for proof in proofs}
    left_out = {e.id.rpartition(".")[0] for e in chosen_exercises([]) if e.id not in proven}
    tried: dict[str, int] = {}
    equal: dict[str, int] = {}
    for proof in proofs:
        lesson = proof.id.rpartition(".")[0]
        tried[lesson] = tried.get(lesson, 0) + proof.tried
        equal[lesson] = equal.get(lesson, 0) + len(proof.equal)
    return [
        f"{lesson}: {equal[lesson]} of {tried[lesson]} changes are listed as equal, "
        f"more than one in {1 / EQUAL_SHARE:.0f}"
        for lesson in tried
        if equal[lesson] > EQUAL_SHARE * tried[lesson] and lesson not in left_out
    ]


def chosen_exercises(parts: Iterable[str]) -> list[Function]:
    """The exercises answered by code whose id holds one of `parts`; all of them without any."""
    parts = list(parts)
    found = [e for e in discover().values() if isinstance(e, Function)]
    return [e for e in found if not parts or any(part in e.id for part in parts)]


def main(arguments: list[str] | None = None) -> int:
    """Print the report; 1 where something passes that should not."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("part", nargs="*", help="part of an exercise's id; all without it")
    parts = parser.parse_args(arguments).part
    proofs = []
    for exercise in chosen_exercises(parts):
        proof = prove(exercise)
        proofs.append(proof)
        print(*proof.lines(), sep="\n", flush=True)
    if not proofs:
        print(f"no exercise answered by code has an id with {' or '.join(parts)} in it")
        return 1
    faults = lesson_faults(proofs)
    print(*faults, sep="\n", end="\n" if faults else "")
    tried, killed = sum(p.tried for p in proofs), sum(p.killed for p in proofs)
    equal = sum(len(p.equal) for p in proofs)
    rest = sum(len(p.survivors) for p in proofs)
    print(f"{killed:,} of {tried:,} killed, {equal} change nothing, {rest} pass and should not")
    return 0 if not faults and all(proof.holds for proof in proofs) else 1


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main())
