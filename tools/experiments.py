"""Run stored experiments again: `make experiments NB=chapters/….ipynb`.

Every recipe of the lesson (`experiments/<chapter>/<lesson>.py`) runs with all its seeds, and its
rows are written to `data/results/`. Without NB only what is missing or older than its recipe runs.
A recipe that fails leaves its file as it was. ARGS=--only eight_towns runs one recipe.
"""

import argparse
import datetime
import sys
import time

import pandas as pd

from experiments import Experiment, lessons_with_recipes, recipes_of, versions
from tools import console
from utils import course, results
from utils.recipes import fingerprint, lesson_link


def run(lesson: str, recipe: Experiment) -> results.StoredResult:
    """Run a recipe with all its seeds."""
    started = time.process_time()
    tables = []
    for seed in recipe.seeds:
        tables.append(recipe.run(seed))
        print(f"{lesson}, {recipe.name}: seed {seed} done", flush=True)
    return results.StoredResult(
        table=pd.concat(tables, ignore_index=True),
        recipe=f"experiments/{lesson}.py, {recipe.name}",
        code=fingerprint(lesson, recipe.name),
        seeds=recipe.seeds,
        versions=versions(),
        date=datetime.date.today().isoformat(),
        seconds=round(time.process_time() - started),
    )


def is_current(lesson: str, recipe: Experiment) -> bool:
    """Whether the stored file is there, whole, and made by the recipe and lesson as they are."""
    try:
        stored = results.read(results.path_of(lesson, recipe.name))
    except (OSError, ValueError):
        return False
    return stored.code == fingerprint(lesson, recipe.name) and stored.seeds == recipe.seeds


def lesson_of(notebook: str) -> str:
    """The lesson of a notebook's path: "chapters/04_nlp/04_language_models.ipynb" and the like."""
    return course.lesson_id(notebook).replace(".", "/")


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make experiments NB=", description=__doc__)
    parser.add_argument("notebooks", nargs="*", help="what is missing or stale where none is named")
    parser.add_argument("--only", help="the name of one recipe")
    options = parser.parse_args(arguments)
    lessons = [lesson_of(notebook) for notebook in options.notebooks]
    known = lessons_with_recipes()
    for lesson in lessons:
        if lesson not in known or not recipes_of(lesson, Experiment):
            print(f"error: experiments/{lesson}.py has no stored experiment", file=sys.stderr)
            return 1
    chosen = [
        (lesson, recipe)
        for lesson in lessons or known
        for recipe in recipes_of(lesson, Experiment).values()
        if options.only in (None, recipe.name) and (lessons or not is_current(lesson, recipe))
    ]
    if not chosen:
        print("Nothing to run: every stored experiment is up to date.")
    for lesson, recipe in chosen:
        result = run(lesson, recipe)
        file = results.path_of(lesson, recipe.name)
        results.write(result, file)
        print(f"{file.relative_to(course.ROOT)}: {len(result.table):,} rows, {result.seconds} s")
        print(f"Now run the lesson again: make run NB={lesson_link(lesson)}", flush=True)
    return 0


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main(sys.argv[1:]))
