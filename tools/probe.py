"""What the course's Python says about itself, as one line of JSON, for `tools/doctor.py`.

`python tools/probe.py facts` or `kernel`; run in the environment that is examined.
"""

import json
import os
import sys
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = "import sys, torch, sklearn, matplotlib; import utils; print(sys.executable)"


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
    sys.path[0] = str(ROOT)  # this file's folder must not stand before the course's packages
    try:
        answer = {"facts": facts, "kernel": kernel}[sys.argv[1]]()
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
    print(json.dumps(answer))
