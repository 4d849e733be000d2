"""Execute notebooks and store their outputs in one normal form: `make run`, `make run NB=path`.

Every notebook runs from top to bottom in a fresh kernel, started in the notebook's own folder as
JupyterLab does, with one thread, no progress bars, unshifted seeds, and claims that raise. A
notebook is written only after all its cells have run and its outputs are fit to store; until
then the file stays as it was. A second run changes nothing but measured numbers. The minutes to
read are computed from the cells (`tools/reading.py`).
"""

import argparse
import hashlib
import math
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tools import console, contents, reading
from utils import course

CELL_LIMIT = 300  # seconds
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# What other programs need to know: nbconvert, for one, names a script by the extension. Python's
# version, which JupyterLab adds, would change with the machine.
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
FOLDED = {"figure", "solution"}  # tags of cells whose code is folded away
WIDGET = "application/vnd.jupyter.widget-view+json"
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")


class RunError(Exception):
    """Why a notebook was not stored: text for the author."""


# --- execution ----------------------------------------------------------------------------------


def kernel_environment(scratch: Path) -> dict[str, str]:
    """Return the environment variables in which stored outputs are made."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COURSE_")}
    if "COURSE_DATA" in os.environ:  # where downloads lie changes no output
        env["COURSE_DATA"] = os.environ["COURSE_DATA"]
    for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM"):
        env[f"{name}_NUM_THREADS"] = "1"
    return env | {
        "COURSE_DEVICE": "cpu",
        "COURSE_PROGRESS": str(scratch / "progress.sqlite3"),
        "COURSE_STRICT": "1",
        "COURSE_THREADS": "1",
        "IPYTHONDIR": str(scratch / "ipython"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYTHONHASHSEED": "0",
        "TQDM_DISABLE": "1",
    }


def execute(
    notebook: NotebookNode,
    folder: Path,
    settings: dict[str, str] | None = None,
    errors: list[str] | None = None,
) -> list[float]:
    """Run all cells in a fresh kernel started in `folder`; outputs go into `notebook`.

    `settings` are added to the kernel's environment. Returns the seconds of processor time that
    each cell took, 0.0 for Markdown: with one thread these are the seconds on a machine that has
    nothing else to do. Raises RunError at the first cell that fails, with the cell's number and
    source; where a list of `errors` is given, that text goes there instead and the next cell runs.
    """
    seconds = [0.0] * len(notebook.cells)
    with tempfile.TemporaryDirectory(prefix="course-run-", ignore_cleanup_errors=True) as scratch:
        client = NotebookClient(
            notebook,
            timeout=CELL_LIMIT,
            kernel_name="python3",
            store_widget_state=False,
            record_timing=False,
            # Spares the author a line about every kernel's connection, which stays on this machine.
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(folder)}},
        )
        with client.setup_kernel(env=kernel_environment(Path(scratch)) | (settings or {})):
            kernel = psutil.Process(client.km.provisioner.pid)
            for index, cell in enumerate(notebook.cells):
                start = sum(kernel.cpu_times()[:4])
                try:
                    client.execute_cell(cell, index)
                except CellExecutionError as error:
                    message = _at_cell(notebook, index, f"{error.ename}: {error.evalue}")
                    if errors is None:
                        raise RunError(message) from error
                    errors.append(message)
                except CellTimeoutError as error:
                    message = f"ran longer than {CELL_LIMIT} s"
                    raise RunError(_at_cell(notebook, index, message)) from error
                except DeadKernelError as error:
                    raise RunError(_at_cell(notebook, index, "the kernel died")) from error
                if cell.cell_type == "code":
                    seconds[index] = sum(kernel.cpu_times()[:4]) - start
    return seconds


def _at_cell(notebook: NotebookNode, index: int, message: str) -> str:
    cell = notebook.cells[index]
    number = sum(other.cell_type == "code" for other in notebook.cells[: index + 1])
    lines = cell.source.splitlines()
    shown = [f"    {line}" for line in lines[:8]] + ["    …"] * (len(lines) > 8)
    place = f"cell {index + 1} of {len(notebook.cells)} (code cell {number})"
    return "\n".join([f"{place}: {message}", *shown])


# --- the normal form ----------------------------------------------------------------------------


def normalise(notebook: NotebookNode) -> None:
    """Reduce a notebook to what belongs into the repository; changes it in place."""
    kept = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    if "course" in notebook.metadata:
        kept["course"] = notebook.metadata["course"]
    notebook.metadata = nbformat.from_dict(kept)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    normalise_cells(notebook)
    count = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            count += bool(cell.source.strip())
            cell.execution_count = count if cell.source.strip() else None
            cell.outputs = _outputs(cell.outputs, cell.execution_count)


def normalise_cells(notebook: NotebookNode) -> None:
    """Give every cell the metadata and the id of the normal form, whether it was run or not.

    The id comes from type and source, so that a notebook made again from text keeps its ids; a
    second cell with the same source gets a number behind it.
    """
    used: dict[str, int] = {}
    for cell in notebook.cells:
        cell.metadata = _cell_metadata(cell)
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        used[digest] = used.get(digest, 0) + 1
        cell.id = digest if used[digest] == 1 else f"{digest}-{used[digest]}"


def _cell_metadata(cell: NotebookNode) -> NotebookNode:
    kept = {}
    tags = list(dict.fromkeys(cell.metadata.get("tags", [])))
    hidden = cell.metadata.get("jupyter", {})
    hidden = {key: hidden[key] for key in ("source_hidden", "outputs_hidden") if hidden.get(key)}
    if FOLDED & set(tags):
        hidden["source_hidden"] = True
    if tags:
        kept["tags"] = tags
    if hidden:
        kept["jupyter"] = hidden
    return nbformat.from_dict(kept)


def _outputs(outputs: list[NotebookNode], count: int | None) -> list[NotebookNode]:
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type in ("display_data", "execute_result") and WIDGET in output.data:
            del output.data[WIDGET]
            if set(output.data) <= {"text/plain"}:  # the text only says that a widget was here
                continue
        if output.output_type == "execute_result":
            output.execution_count = count
        last = kept[-1] if kept else None
        if (
            last is not None
            and output.output_type == last.output_type == "stream"
            and output.name == last.name
        ):
            last.text += output.text
        else:
            kept.append(output)
    return kept


def faults(notebook: NotebookNode) -> list[str]:
    """Return what in the outputs would differ in every run: addresses of objects in memory."""
    found = []
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            texts = [output.get("text", ""), *output.get("data", {}).values()]
            if any(isinstance(text, str) and ADDRESS.search(text) for text in texts):
                found.append(_at_cell(notebook, index, "an output shows a memory address"))
                break
    return found


# --- files --------------------------------------------------------------------------------------


def file_text(notebook: NotebookNode) -> str:
    """Return what a notebook's file holds."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook under its name only when it is complete.

    Raises RunError if it breaks the notebook format.
    """
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise RunError(f"not a valid notebook: {error}") from error
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(file_text(notebook), encoding="utf-8")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def read(path: Path) -> NotebookNode:
    """Return a notebook without its outputs; raises RunError if it cannot be read."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError) as error:
        raise RunError(f"cannot be read as a notebook: {error}") from error
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def run(path: Path) -> str:
    """Execute one notebook and store it; returns a line about its run time.

    Raises RunError, and leaves the file as it was, if a cell fails or an output is unfit.
    """
    notebook = read(path)
    seconds = execute(notebook, path.resolve().parent)
    total = sum(seconds)
    if "course" in notebook.metadata:
        notebook.metadata.course["seconds"] = max(5, math.ceil(total / 5) * 5)
        reading.put_time(notebook)  # before the ids, which follow from the cells' text
    normalise(notebook)
    unfit = faults(notebook)
    if unfit:
        raise RunError("\n".join(unfit))
    write(notebook, path)
    slowest = max(range(len(seconds)), key=seconds.__getitem__, default=None)
    if slowest is None:
        return f"{total:.1f} s"
    first = (notebook.cells[slowest].source.strip().splitlines() or [""])[0]
    return f"{total:.1f} s, slowest cell {slowest + 1}: {seconds[slowest]:.1f} s ({first[:60]})"


def renew_times(path: Path) -> bool:
    """Compute the minutes in a stored notebook anew; returns whether the file changed.

    For a lesson whose text changed and whose code did not: outputs stay, nothing is run.
    """
    notebook = nbformat.read(path, as_version=4)
    before = nbformat.writes(notebook, version=nbformat.NO_CONVERT)
    reading.put_time(notebook)
    normalise(notebook)
    if nbformat.writes(notebook, version=nbformat.NO_CONVERT) == before:
        return False
    write(notebook, path)
    return True


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make run NB=", description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="all lessons where none is named")
    options = parser.parse_args(arguments)
    failed = 0
    try:
        for path in options.notebooks or all_notebooks():
            try:
                print(f"{path}: {run(path)}", flush=True)
            except RunError as error:
                failed += 1
                print(f"error: {path}: {error}", file=sys.stderr)
        if contents.renew():
            print("README.md: the table of contents is renewed.")
    except ValueError as error:
        failed += 1
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("error: interrupted; the notebook at work stays as it was", file=sys.stderr)
        return 130
    return 1 if failed else 0


def all_notebooks() -> list[Path]:
    """Every notebook of the course, by its path from the repository's root."""
    return [path.relative_to(course.ROOT) for path in course.notebooks()]


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main(sys.argv[1:]))
