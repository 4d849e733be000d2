"""Small trained models that come with the course, ready in a moment and without a network.

::

    model, subwords = pretrained.gpt()
    logits = model(torch.tensor([subwords.encode("The for statement")]))

The weights lie in ``data/weights`` in half precision, as safetensors, which holds numbers and
texts and no code. ``catalogue.json`` beside them has checksum, licence and recipe of each; the
recipe is the training of the lesson that teaches the model, run by ``make weights``. Random
generators are left as they were.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as as_bytes
from torch import nn

from utils.course import ROOT
from utils.gpt import GPT, SubWords
from utils.recipes import RecipeError, fingerprint, report_stale

FOLDER = ROOT / "data" / "weights"
LARGEST = 4_000_000  # bytes of one file


class WeightsError(RuntimeError):
    """Weights are missing, damaged, of another model or stale; says what to do."""


def catalogue() -> dict[str, dict[str, Any]]:
    """Every stored model by name: file, checksum, licence, recipe, and what was measured."""
    return json.loads((FOLDER / "catalogue.json").read_text(encoding="utf-8"))


def gpt() -> tuple[GPT, SubWords]:
    """The GPT of the lesson on language models, trained on Python's help, and its sub-words.

    Half a million parameters, 1,024 sub-words, windows of 64 tokens. Ready to write
    (``eval`` mode), on the CPU, in single precision.

    >>> model, subwords = gpt()
    >>> pieces = subwords.encode("The for statement")
    >>> model(torch.tensor([pieces])).shape == (1, len(pieces), 1024)
    True
    """
    tensors, about = _read("gpt")
    with torch.random.fork_rng(devices=[]):  # the numbers drawn here are overwritten at once
        model = GPT(**about["config"])
    _fill(model, tensors, "gpt")
    return model.eval(), SubWords(about["characters"], about["merges"])


def details(name: str) -> dict[str, Any]:
    """What the file of a stored model says beside its numbers: how to build it, and who made it.

    Raises WeightsError as `load` does.
    """
    return _read(name)[1]


def load(name: str, model: nn.Module) -> dict[str, Any]:
    """Fill ``model`` with the stored weights ``name``, all of them, and return `details`.

    Names and shapes must be the model's own; numbers are brought to its precision and device.
    Raises WeightsError if the file is missing or damaged or belongs to another model; ``model``
    is then as it was. If the weights are older than the lesson's code a note says so, and under
    ``COURSE_STRICT=1`` WeightsError is raised.
    """
    tensors, about = _read(name)
    _fill(model, tensors, name)
    return about


def _fill(model: nn.Module, tensors: dict[str, torch.Tensor], name: str) -> None:
    """Copy all ``tensors`` into ``model``, or none of them and raise WeightsError."""
    own = named_tensors(model)
    wrong = sorted(
        key
        for key in tensors.keys() | own.keys()
        if key not in tensors or key not in own or tensors[key].shape != own[key].shape
    )
    if wrong:
        more = f" and {len(wrong) - 3} others" if len(wrong) > 3 else ""
        raise WeightsError(
            f"the weights {name!r} belong to another model: {', '.join(wrong[:3])}{more} "
            f"differ in name or shape; build it as pretrained.details({name!r}) says, or run "
            f"{remedy(name)} if the lesson's model has changed"
        )
    with torch.no_grad():
        for key, tensor in own.items():
            tensor.copy_(tensors[key])


def remedy(name: str) -> str:
    """The command that trains a stored model again."""
    return f"make weights NAME={name}"


def named_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers of a model; what two layers share is named once."""
    kept = model.state_dict().keys()  # without buffers that are not to be stored
    found = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {name: tensor for name, tensor in found.items() if name in kept}


def packed(model: nn.Module, about: dict[str, Any]) -> bytes:
    """The content of a weights file: half precision, and ``about`` as JSON in its header.

    The same model and the same words always give the same bytes.
    """
    halves = {
        name: tensor.detach().cpu().half() if tensor.is_floating_point() else tensor.cpu()
        for name, tensor in named_tensors(model).items()
    }
    return as_bytes(halves, metadata={"course": json.dumps(about, ensure_ascii=False)})


def unpacked(content: bytes) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors by name and the words beside them, from what `packed` gave.

    Raises ValueError, and nothing else, for content of any other kind.
    """
    try:
        tensors = read_tensors(content)
        length = int.from_bytes(content[:8], "little")  # of the header, which is JSON
        about = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["course"])
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a weights file of the course ({error})") from error
    if not isinstance(about, dict):
        raise ValueError("not a weights file of the course (its header is not a table)")
    return tensors, about


def _read(name: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors and details of a stored model, checked against the catalogue and the recipe."""
    try:
        entries = catalogue()
        entry = entries[name]
        lesson, recipe, checksum = entry["lesson"], entry["recipe"], entry["sha256"]
        file = FOLDER / entry["file"]
    except (OSError, ValueError, TypeError) as error:
        raise WeightsError(
            f"data/weights/catalogue.json cannot be read: get it again with git ({error})"
        ) from error
    except KeyError as error:
        if error.args[0] != name:
            raise WeightsError(
                f"data/weights/catalogue.json has no {error.args[0]!r} for {name!r}: "
                "get it again with git"
            ) from error
        known = ", ".join(entries) or "none"
        raise WeightsError(f"there are no stored weights {name!r}; there are: {known}") from None
    label = f"data/weights/{entry['file']}"
    if not file.is_file():
        raise WeightsError(f"{label} is missing: get it again with git, or run {remedy(name)}")
    size = file.stat().st_size
    content = file.read_bytes() if size <= LARGEST else b""
    if hashlib.sha256(content).hexdigest() != checksum:
        raise WeightsError(
            f"{label} is damaged or not the course's own (its checksum is not the catalogue's): "
            f"get it again with git, or run {remedy(name)}"
        )
    try:
        tensors, about = unpacked(content)
    except ValueError as error:
        raise WeightsError(f"{label} is damaged ({error}): run {remedy(name)}") from error
    try:
        current = fingerprint(lesson, recipe)
    except (RecipeError, SyntaxError) as error:
        raise WeightsError(f"{label} has no recipe any more ({error})") from error
    if about.get("code") != current:
        report_stale(
            f"{label} was trained by an earlier form of the lesson's code: run {remedy(name)}",
            WeightsError,
        )
    return tensors, about
