"""Stored models: what the catalogue promises, and files that are not what they should be."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import random
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import matplotlib
import numpy as np
import pytest
import torch
from safetensors.torch import save

from experiments import Trained, lesson_code, weights
from tools import weights as tool
from tools.catalogue import page
from utils import data, pretrained
from utils.gpt import GPT, SubWords
from utils.pretrained import WeightsError
from utils.recipes import fingerprint

ENTRIES = pretrained.catalogue()


@pytest.fixture(scope="module")
def lesson() -> Iterator[ModuleType]:
    """What the cells of the lesson on language models define."""
    with matplotlib.rc_context():
        yield lesson_code("nlp/language_models", 0)


# --- what is stored ---------------------------------------------------------------------------


def test_every_recipe_has_its_entry_and_every_entry_its_file() -> None:
    assert set(tool.all_recipes()) == set(ENTRIES)
    files = {path.name for path in pretrained.FOLDER.iterdir()}
    assert files == {"catalogue.json", *(entry["file"] for entry in ENTRIES.values())}


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_says_what_its_recipe_says(name: str) -> None:
    entry = ENTRIES[name]
    lesson, recipe = tool.all_recipes()[name]
    assert (entry["lesson"], entry["recipe"], entry["seed"]) == (lesson, name, recipe.seed)
    for key in ("title", "contents", "licence", "measured", "at_most"):
        assert entry[key] == getattr(recipe, key), f"run {pretrained.remedy(name)}"
    assert entry["half_precision"] <= entry["at_most"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", entry["date"])
    assert f"## {entry['title']}" in page()
    assert entry["sha256"] in page()


@pytest.mark.parametrize("name", ENTRIES)
def test_a_file_is_the_one_in_the_catalogue_and_was_made_by_the_lesson_as_it_is(name: str) -> None:
    entry = ENTRIES[name]
    content = (pretrained.FOLDER / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert len(content) == entry["bytes"] <= 4_000_000
    tensors, about = pretrained.unpacked(content)
    assert {tensor.dtype for tensor in tensors.values() if tensor.is_floating_point()} == {
        torch.float16
    }
    assert about["code"] == fingerprint(entry["lesson"], name), f"run {pretrained.remedy(name)}"


def test_all_files_together_are_small() -> None:
    assert sum(entry["bytes"] for entry in ENTRIES.values()) <= 25_000_000


# --- the GPT ------------------------------------------------------------------------------------


def test_the_stored_gpt_predicts_as_well_as_the_catalogue_says(lesson: ModuleType) -> None:
    model, subwords = pretrained.gpt()
    assert not model.training
    assert next(model.parameters()).dtype == torch.float32
    # Another Python has another text, with characters that were never seen.
    texts = (lesson.train_text[-1000:], lesson.held_text)
    known = set(subwords.pieces)
    before, held = ("".join(x for x in text if x in known) for text in texts)
    ids = [torch.tensor(subwords.encode(text)) for text in (held, before)]
    nats = lesson.token_nats(model, *ids).sum().item() / len(held)
    entry = ENTRIES["gpt"]
    assert nats <= entry["at_most"]
    if data.checksum(data.python_docs()) == data.catalogue()["python_docs"]["sha256"]:
        assert nats == pytest.approx(entry["half_precision"], abs=0.002)
    assert entry["half_precision"] == pytest.approx(entry["single_precision"], abs=0.005)


def test_the_gpt_computes_what_the_lessons_computes(lesson: ModuleType) -> None:
    torch.manual_seed(1)
    theirs = lesson.GPT(lesson.Recipe())
    torch.manual_seed(1)
    ours = GPT(lesson.SIZE)
    for name, value in theirs.named_parameters():  # it begins with the same numbers
        assert torch.equal(ours.get_parameter(name), value), name
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_(std=0.3)
    ours.load_state_dict(theirs.state_dict())
    ids = torch.randint(lesson.SIZE, (3, lesson.WINDOW))
    assert torch.equal(ours(ids), theirs(ids))
    caches = [[] for _ in ours.blocks]
    parts = [ours(ids[:, :40], caches), ours(ids[:, 40:41], caches), ours(ids[:, 41:], caches)]
    torch.testing.assert_close(torch.cat(parts, dim=1), ours(ids), atol=1e-4, rtol=1e-4)


def test_the_sub_words_cut_as_the_lessons_do(lesson: ModuleType) -> None:
    ours = SubWords(lesson.characters, lesson.subwords.rank)
    assert len(ours) == lesson.SIZE
    assert ours.pieces == lesson.subwords.pieces
    assert ours.encode(lesson.held_text) == lesson.held_ids
    assert ours.decode(lesson.held_ids) == lesson.held_text


def test_sub_words_join_repeated_signs_from_the_left() -> None:
    assert SubWords("a", [("a", "a")]).encode("aaaaa") == [1, 1, 0]


def test_sub_words_name_what_they_cannot_spell() -> None:
    with pytest.raises(ValueError, match="cannot spell 'ß' 'é'"):
        SubWords("ab", []).encode("aßbé")


def test_loading_needs_no_network_and_leaves_all_generators_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    states = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    pretrained.gpt()
    assert random.getstate() == states[0]
    assert np.array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), states[2])


def test_two_calls_give_two_models() -> None:
    first, _ = pretrained.gpt()
    with torch.no_grad():
        first.token.weight.zero_()
    assert pretrained.gpt()[0].token.weight.abs().max() > 0


# --- files that are not what they should be -----------------------------------------------------


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one small model, `small`, whose recipe is the GPT's."""
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    monkeypatch.setattr(tool.data_page, "README", tmp_path / "README.md")
    monkeypatch.setattr(tool.data_page, "WEIGHTS_CATALOGUE", tmp_path / "catalogue.json")
    put(tmp_path, pretrained.packed(small(), about()))
    return tmp_path


def small() -> GPT:
    torch.manual_seed(0)
    return GPT(vocabulary=7, width=8, layers=1, heads=2)


def about() -> dict[str, str]:
    return {"code": fingerprint("nlp/language_models", "gpt"), "words": "Grüße"}


def put(folder: Path, content: bytes) -> None:
    """Store `content` under a checksum that fits it."""
    (folder / "small.safetensors").write_bytes(content)
    entry = {"file": "small.safetensors", "lesson": "nlp/language_models", "recipe": "gpt"}
    entry["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "catalogue.json").write_text(json.dumps({"small": entry}), encoding="utf-8")


def refused(words: str, model: torch.nn.Module | None = None) -> str:
    """The sentence with which loading is refused; the model must be as it was."""
    model = model or small()
    before = [value.clone() for value in model.state_dict().values()]
    with pytest.raises(WeightsError, match=words) as error:
        pretrained.load("small", model)
    assert all(map(torch.equal, before, model.state_dict().values()))
    sentence = str(error.value)
    assert "\n" not in sentence
    return sentence


def test_what_was_stored_comes_back_in_half_precision(shelf: Path) -> None:
    stored, model = small(), GPT(vocabulary=7, width=8, layers=1, heads=2)
    assert pretrained.load("small", model) == about()
    for name, value in stored.named_parameters():
        assert torch.equal(model.get_parameter(name), value.half().float()), name
    assert model.head.weight is model.token.weight
    assert pretrained.details("small")["words"] == "Grüße"


def test_buffers_are_stored_and_whole_numbers_stay_whole(shelf: Path) -> None:
    model = torch.nn.BatchNorm1d(2)
    model(torch.randn(5, 2))
    put(shelf, pretrained.packed(model, about()))
    again = torch.nn.BatchNorm1d(2)
    pretrained.load("small", again)
    assert again.num_batches_tracked == 1
    torch.testing.assert_close(again.running_mean, model.running_mean, atol=1e-3, rtol=1e-3)


def test_the_same_model_gives_the_same_bytes() -> None:
    assert pretrained.packed(small(), about()) == pretrained.packed(small(), about())


def test_a_missing_file_names_the_command(shelf: Path) -> None:
    (shelf / "small.safetensors").unlink()
    assert refused("is missing") == (
        "data/weights/small.safetensors is missing: get it again with git, or run "
        "make weights NAME=small"
    )


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "huge", "pointer"])
def test_a_damaged_file_is_refused_by_its_checksum(shelf: Path, damage: str) -> None:
    file = shelf / "small.safetensors"
    content = bytearray(file.read_bytes())
    if damage == "cut":
        content = content[:-10]
    elif damage == "changed":
        content[-1] ^= 1
    elif damage == "empty":
        content = b""
    elif damage == "huge":
        content += bytes(pretrained.LARGEST)
    else:
        content = b"version https://git-lfs.github.com/spec/v1\n"
    file.write_bytes(content)
    assert "make weights NAME=small" in refused("its checksum is not the catalogue's")


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.putenv, ("COURSE_TRAP", "sprung")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 8,
        b"\xff" * 64,
        pickle.dumps(Trap()),
        (2**40).to_bytes(8, "little") + b"{}",
        save({"x": torch.zeros(1)}),
        save({"x": torch.zeros(1)}, metadata={"course": "no JSON"}),
        save({"x": torch.zeros(1)}, metadata={"course": "[1]"}),
    ],
)
def test_content_that_is_no_weights_file_is_refused_even_with_its_checksum(
    shelf: Path, content: bytes
) -> None:
    put(shelf, content)
    assert refused("is damaged").endswith("run make weights NAME=small")


def test_weights_of_another_size_name_what_differs(shelf: Path) -> None:
    sentence = refused("belong to another model", GPT(vocabulary=7, width=16, layers=1))
    assert "blocks.0.attention.key.weight" in sentence
    assert "and 7 others differ in name or shape" in sentence


@pytest.mark.parametrize("model", [GPT(7, 8, layers=2), torch.nn.Linear(2, 2)])
def test_weights_with_other_names_are_refused(shelf: Path, model: torch.nn.Module) -> None:
    refused("belong to another model", model)


def test_an_unknown_name_lists_the_known_ones(shelf: Path) -> None:
    with pytest.raises(WeightsError, match="no stored weights 'bert'; there are: small"):
        pretrained.details("bert")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"small": {}}', '{"small": 3}'])
def test_a_broken_catalogue_is_one_sentence(shelf: Path, text: str) -> None:
    (shelf / "catalogue.json").write_text(text, encoding="utf-8")
    assert "get it again with git" in refused(r"data/weights/catalogue\.json")


def test_stale_weights_are_a_note_for_readers_and_an_error_for_authors(
    shelf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(shelf, pretrained.packed(small(), {"code": "0123456789abcdef"}))
    assert refused("an earlier form of the lesson's code").endswith("run make weights NAME=small")
    monkeypatch.delenv("COURSE_STRICT")
    pretrained.load("small", small())
    assert "an earlier form of the lesson's code" in capsys.readouterr().out


# --- training again -----------------------------------------------------------------------------


def recipe_with(bound: float) -> object:
    @weights(
        seed=3,
        title="Small",
        contents="A small GPT",
        licence="MIT",
        measured="largest weight",
        at_most=bound,
    )
    def gpt(seed: int) -> Trained:
        torch.manual_seed(seed)
        model = GPT(vocabulary=7, width=8, layers=1)
        return Trained(model, {"config": {}}, lambda model: model.norm.weight.max().item())

    return gpt


def test_the_command_stores_a_model_that_keeps_its_bound(
    shelf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shelf / "catalogue.json").unlink()  # the first model of all
    recipe = recipe_with(1.5)
    monkeypatch.setattr(tool, "all_recipes", lambda: {"gpt": ("nlp/language_models", recipe)})
    assert tool.main(["gpt"]) == 0
    assert "in half precision 1.0000" in capsys.readouterr().out
    assert set(pretrained.catalogue()) == {"gpt"}
    torch.manual_seed(4)
    model = GPT(vocabulary=7, width=8, layers=1)
    assert pretrained.load("gpt", model)["seed"] == 3
    assert "## Small" in (shelf / "README.md").read_text(encoding="utf-8")


def test_the_command_stores_nothing_that_breaks_its_bound(
    shelf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = recipe_with(0.5)
    monkeypatch.setattr(tool, "all_recipes", lambda: {"gpt": ("nlp/language_models", recipe)})
    before = {path.name: path.read_bytes() for path in shelf.iterdir()}
    assert tool.main([]) == 1
    assert "largest weight: 1.0000, allowed are 0.5" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in shelf.iterdir()} == before


def test_the_command_names_the_models_it_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["bert"]) == 1
    assert "no recipe trains bert; there are: gpt" in capsys.readouterr().err


@pytest.mark.parametrize("name", ENTRIES)
def test_a_new_training_reaches_the_stated_quality_again(name: str) -> None:
    """With a seed that nobody has tried; the message says which."""
    if not os.environ.get("COURSE_PROOF"):
        pytest.skip("a minute of training; COURSE_PROOF=1 trains the stored models again")
    lesson, recipe = tool.all_recipes()[name]
    seed = random.SystemRandom().randrange(1000, 10_000)
    print(f"{name}, seed {seed}")
    tool.train(lesson, recipe, seed)  # raises if the model breaks its bound
