"""Train the stored models again: `make weights`, `make weights NAME=gpt`.

A model's recipe stands in `experiments/` and runs the code of the lesson that teaches it. Here
its result is stored as safetensors in half precision, if it keeps its bound after loading; file,
checksum and measured quality go into data/weights/catalogue.json, from which data/README.md is
written. A training that fails, or breaks its bound, leaves all files as they were.
"""

import argparse
import copy
import datetime
import hashlib
import json
import os
import sys
import time
from pathlib import Path

import torch

from experiments import Weights, lessons_with_recipes, recipes_of, versions
from tools import catalogue as data_page
from tools import console
from utils import pretrained
from utils.recipes import fingerprint


class TrainingError(Exception):
    """Why trained weights were not stored: text for the author."""


def all_recipes() -> dict[str, tuple[str, Weights]]:
    """Every recipe of weights by name, with its lesson."""
    return {
        name: (lesson, recipe)
        for lesson in lessons_with_recipes()
        for name, recipe in recipes_of(lesson, Weights).items()
    }


def train(lesson: str, recipe: Weights, seed: int | None = None) -> tuple[bytes, dict]:
    """Run a recipe; return the file's content and its entry in the catalogue.

    Raises TrainingError if the model, in half precision, breaks the bound that the recipe states,
    or takes more room than a file may.
    """
    seed = recipe.seed if seed is None else seed
    started = time.process_time()
    trained = recipe.function(seed)
    seconds = round(time.process_time() - started)
    about = {
        "name": recipe.name,
        "lesson": lesson,
        "code": fingerprint(lesson, recipe.name),
        "seed": seed,
        "versions": versions(),
        **trained.details,
    }
    content = pretrained.packed(trained.model, about)
    if len(content) > pretrained.LARGEST:
        raise TrainingError(f"{len(content):,} bytes; a file has at most {pretrained.LARGEST:,}")
    measured = float(trained.measure(in_half_precision(trained.model)))
    if not measured <= recipe.at_most:
        raise TrainingError(f"{recipe.measured}: {measured:.4f}, allowed are {recipe.at_most}")
    entry = {
        "title": recipe.title,
        "contents": recipe.contents,
        "parameters": sum(parameter.numel() for parameter in trained.model.parameters()),
        "file": f"{recipe.name}.safetensors",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": recipe.licence,
        "lesson": lesson,
        "recipe": recipe.name,
        "seed": seed,
        "date": datetime.date.today().isoformat(),
        "seconds": seconds,
        "measured": recipe.measured,
        "at_most": recipe.at_most,
        "half_precision": round(measured, 5),
        "single_precision": round(float(trained.measure(trained.model)), 5),
    }
    return content, entry


def in_half_precision(model: torch.nn.Module) -> torch.nn.Module:
    """A copy whose numbers have been through half precision, as those of a stored model."""
    rounded = copy.deepcopy(model)
    with torch.no_grad():
        for tensor in pretrained.named_tensors(rounded).values():
            if tensor.is_floating_point():
                tensor.copy_(tensor.half())
    return rounded


def store(name: str, content: bytes, entry: dict) -> None:
    """Write a weights file, its entry in the catalogue, and the page of all data."""
    folder = pretrained.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "catalogue.json"
    entries = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    entries[name] = entry
    replace(folder / entry["file"], content)
    text = json.dumps(dict(sorted(entries.items())), indent=1, ensure_ascii=False) + "\n"
    replace(file, text.encode("utf-8"))
    replace(data_page.README, data_page.page().encode("utf-8"))


def replace(path: Path, content: bytes) -> None:
    """Write a file under its name only when it is complete."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make weights NAME=", description=__doc__)
    parser.add_argument("names", nargs="*", help="all models where none is named")
    options = parser.parse_args(arguments)
    recipes = all_recipes()
    unknown = [name for name in options.names if name not in recipes]
    if unknown:
        known = ", ".join(recipes)
        print(f"error: no recipe trains {', '.join(unknown)}; there are: {known}", file=sys.stderr)
        return 1
    failed = 0
    for name in options.names or recipes:
        lesson, recipe = recipes[name]
        try:
            content, entry = train(lesson, recipe)
        except TrainingError as error:
            failed += 1
            print(f"error: {name} is not stored: {error}", file=sys.stderr)
            continue
        store(name, content, entry)
        print(
            f"{name}: {entry['bytes']:,} bytes after {entry['seconds']} s; {entry['measured']} "
            f"{entry['single_precision']:.4f}, in half precision {entry['half_precision']:.4f}",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main(sys.argv[1:]))
