"""The README's table of contents."""

import re

import pytest

from tools import contents
from utils.course import ROOT, Lesson, lessons


def lesson(link: str, title: str = "Lines", exercises: int = 2) -> Lesson:
    parts = link.split("/")
    return Lesson(
        path=ROOT / link,
        link=link,
        chapter=parts[1] if len(parts) == 3 else "",
        title=title,
        summary="Either | or.",
        minutes=40,
        core_minutes=40,
        seconds=25,
        needs=(),
        topics=(),
        exercises=tuple(f"id{i}" for i in range(exercises)),
    )


START = lesson("chapters/start_here.ipynb", "Start here", 4)
LINES = lesson("chapters/01_ml_basics/01_linear_regression.ipynb")
PRACTICE = lesson("chapters/10_practice/04_deployment.ipynb", "Deployment")
README = f"# Course\n\n{contents.BEGIN}\nold\n{contents.END}\n\nMore.\n"


def test_rows_and_headings():
    text = contents.table([START, LINES, PRACTICE])
    assert "[Start here](chapters/start_here.ipynb) | Either \\| or. | 40 min | 25 s | 4 |" in text
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == ["### 1 · ML basics", "### 10 · Practice"]
    assert text.index("Start here") < text.index("Lines") < text.index("Deployment")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in rows}) == 1


def test_only_the_part_between_the_markers_changes():
    text = contents.renewed(README, [LINES])
    assert "old" not in text
    assert text.startswith(f"# Course\n\n{contents.BEGIN}\n\n### 1")
    assert text.endswith(f"|\n\n{contents.END}\n\nMore.\n")
    assert contents.renewed(text, [LINES]) == text


@pytest.mark.parametrize(
    "text",
    [
        "# Course\n",
        f"{contents.BEGIN}\n",
        f"{contents.END}\n{contents.BEGIN}\n",
        README + README,
    ],
)
def test_markers_are_needed_once_and_in_order(text):
    with pytest.raises(ValueError, match=r"README\.md needs the line"):
        contents.renewed(text, [LINES])


def test_check_fails_where_the_table_is_out_of_date(tmp_path, monkeypatch, capsys):
    readme = tmp_path / "README.md"
    readme.write_text(README, encoding="utf-8")
    monkeypatch.setattr(contents, "README", readme)
    monkeypatch.setattr(contents, "lessons", lambda *_: [START])
    assert contents.main(["--check"]) == 1
    assert "make contents" in capsys.readouterr().err
    assert readme.read_text(encoding="utf-8") == README
    assert contents.renew(readme)
    assert not contents.renew(readme)
    assert contents.main(["--check"]) == 0


def test_minutes_are_renewed_before_the_table(tmp_path, monkeypatch, capsys):
    copy = tmp_path / "01_lines.ipynb"
    text = lessons()[1].path.read_text(encoding="utf-8")
    copy.write_text(re.sub(r'"minutes": \d+', '"minutes": 1', text), encoding="utf-8")
    readme = tmp_path / "README.md"
    readme.write_text(README, encoding="utf-8")
    monkeypatch.setattr(contents, "README", readme)
    monkeypatch.setattr(contents, "all_notebooks", lambda: [copy])
    assert contents.main([]) == 0
    assert copy.read_text(encoding="utf-8") == text
    assert "01_lines.ipynb: the minutes to read are renewed" in capsys.readouterr().out
    assert "old" not in readme.read_text(encoding="utf-8")


def test_the_readme_is_up_to_date():
    text = contents.README.read_text(encoding="utf-8")
    assert text == contents.renewed(text, lessons()), "run make contents"


def test_links_inside_the_repository_resolve():
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)]+)\)", text):
            if "://" not in target:
                assert (ROOT / target.partition("#")[0]).exists(), f"{name}: {target}"


def test_the_readme_names_every_setting_that_the_code_reads():
    read = set()
    for path in [*(ROOT / "utils").rglob("*.py"), *(ROOT / "exercises/engine").rglob("*.py")]:
        read |= set(re.findall(r"\bCOURSE_[A-Z_]+\b", path.read_text(encoding="utf-8")))
    text = contents.README.read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(COURSE_[A-Z_]+)` \|", text, re.MULTILINE))
    assert named == read
