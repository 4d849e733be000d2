"""What the course's Python says about itself, as one line of JSON, for `tools/doctor.py`.

`python tools/probe.py facts`, `modules` or `kernel`; run in the environment that is examined.
"""

import json
import os
import sys
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = (
    "import sys, torch, sklearn, matplotlib; import exercises; from utils import data, plotting; "
    "print(sys.executable)"
)


def required() -> list[str]:
    """The names of the packages that pyproject.toml asks for, without extras."""
    import re
    import tomllib

    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return [
        re.split(r"[^\w.-]", line)[0] for line in tomllib.loads(text)["project"]["dependencies"]
    ]


def facts() -> dict:
    """Versions, threads, device, memory and the places that the course writes to."""
    found = {
        "versions": {part.metadata["Name"]: part.version for part in metadata.distributions()},
        "required": required(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory": free_memory(),
    }
    try:
        import torch

        from exercises.engine import progress
        from utils import seeds, training
        from utils.data import download
    except Exception as error:  # whatever an unsound installation raises
        return found | {"torch_error": f"{type(error).__name__}: {error}".splitlines()[0]}
    found |= {
        "progress": str(progress.path()),
        "cache": str(download.cache_dir()),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "",
    }
    try:
        seeds.seed_everything()  # takes COURSE_THREADS and COURSE_SEED into account
        found["device"] = str(training.device())
    except (ValueError, RuntimeError) as error:
        found["device_error"] = str(error)
    return found | {"threads": torch.get_num_threads()}


def in_the_way() -> list[dict]:
    """What Python would import, in a lesson, in place of the course, its libraries or its own.

    A kernel looks along PYTHONPATH, into the standard library, into the folder of its notebook, and
    only then where packages are installed. Of each such file or folder: "name" as it is imported,
    its "place", whether it lies on "pythonpath", and "kind": course, needed (a library of the
    lessons), library (one that those need) or python.
    """
    kinds = dict.fromkeys(sys.stdlib_module_names, "python")
    needed = {normal(name) for name in required()}
    for name, owners in metadata.packages_distributions().items():
        kinds[name] = "needed" if needed & set(map(normal, owners)) else "library"
    kinds |= {"utils": "course", "exercises": "course"}

    chapters = ROOT / "chapters"
    along = [chapters / part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    beside = [chapters, *(path for path in sorted(chapters.iterdir()) if path.is_dir())]
    own = [place for place in sys.path if place not in map(str, along)]
    installed = next((at for at, place in enumerate(own) if "-packages" in place), len(own))
    found = []
    for folder in [*along, *beside]:
        path = [*map(str, along), *own]
        if folder not in along:
            path.insert(len(along) + installed, str(folder))
        for name in sorted(importable(folder) & kinds.keys()):
            place = place_of(name, path)
            right = ROOT / name if kinds[name] == "course" else place_of(name, own)
            if place.parent == folder and not same(place, right):
                one = {"name": name, "place": str(place), "kind": kinds[name]}
                found.append(one | {"pythonpath": folder in along})
    return found


def normal(name: str) -> str:
    """A package's name as package indexes compare it."""
    return name.lower().replace("_", "-").replace(".", "-")


def importable(folder: Path) -> set[str]:
    """The names under which something in a folder might be imported."""
    try:
        entries = list(folder.iterdir())
    except OSError:
        return set()
    return {entry.name.partition(".")[0] for entry in entries}


def place_of(name: str, path: list[str]) -> Path:
    """Where Python finds a module along a path: its file, or its folder if it is a package."""
    before, sys.path[:] = list(sys.path), path
    try:
        found = (finder.find_spec(name, None) for finder in sys.meta_path)
        spec = next((spec for spec in found if spec), None)
    finally:
        sys.path[:] = before
    if spec is None:
        return Path()
    inside = list(spec.submodule_search_locations or ())
    return Path(inside[0] if inside else spec.origin)


def same(one: Path, other: Path) -> bool:
    """Whether both are there and are the same file or folder."""
    return one.exists() and other.exists() and one.samefile(other)


def free_memory() -> int:
    """The memory in bytes that a new program could have; 0 where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    sizes = dict(line.split(":") for line in lines)
    return int(sizes.get("MemAvailable", "0 kB").split()[0]) * 1024


def kernel() -> dict:
    """Start the kernel that a notebook would get, import what lessons import, stop it."""
    from jupyter_client.manager import start_new_kernel

    begin = time.perf_counter()
    said: list[str] = []

    def listen(message: dict) -> None:
        content = message["content"]
        said.append(content.get("text") or "\n".join(content.get("traceback", [])))

    manager, client = start_new_kernel(startup_timeout=60, cwd=str(ROOT / "chapters"))
    try:
        reply = client.execute_interactive(IMPORTS, timeout=90, output_hook=listen)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if reply["content"]["status"] != "ok":
        return {"error": f"{reply['content']['ename']}: {reply['content']['evalue']}"}
    return {
        "executable": "".join(said).strip(),
        "own": sys.executable,
        "seconds": time.perf_counter() - begin,
    }


if __name__ == "__main__":
    if not sys.flags.isolated:
        sys.path[0] = str(ROOT)  # this file's folder must not stand before the course's packages
    try:
        tasks = {"facts": facts, "modules": in_the_way, "kernel": kernel}
        answer = tasks[sys.argv[1]]()
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
    print(json.dumps(answer))
