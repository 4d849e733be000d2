"""What took longest: seconds by kind of test and by file, told at the end of a run and kept.

With pytest-xdist the seconds are those of all workers together. The start of a worker and the
collection of the tests are in no file's seconds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

ALL_RUN = "COURSE_PROOF=1 runs all"  # ends the reason of every test that a sample leaves out
KINDS = {
    "tests/test_exercises.py": "exercises",
    "tests/test_book.py": "pages",
    "tests/test_journeys.py": "journeys",
}
REST = "the rest"
LONGEST = 10  # files that are named


def kind(file: str) -> str:
    """The kind of a test, by its file: "notebooks", "exercises", "pages", "journeys", or REST."""
    return "notebooks" if file.endswith(".ipynb") else KINDS.get(file, REST)


@dataclass
class Sampled:
    """One test of which a sample runs: names that ran, how many were left out, seconds."""

    ran: dict[str, None] = field(default_factory=dict)
    left_out: int = 0
    seconds: float = 0.0


class Timing:
    """A plugin of pytest that adds up what the reports say."""

    def __init__(self) -> None:
        self.files: Counter[str] = Counter()
        self.tests: defaultdict[str, Sampled] = defaultdict(Sampled)
        self.sampled: set[str] = set()

    def pytest_runtest_logreport(self, report) -> None:
        """Count one phase of one test."""
        self.files[report.nodeid.partition("::")[0]] += report.duration
        test, _, name = report.nodeid.removesuffix("]").partition("[")
        if not name:
            return
        if report.skipped and ALL_RUN in str(report.longrepr):
            self.sampled.add(test)
            self.tests[test].left_out += 1
        elif report.when == "call":
            self.tests[test].ran[name] = None
            self.tests[test].seconds += report.duration

    def kinds(self) -> dict[str, dict[str, float]]:
        """Seconds and number of files of each kind, the longest first."""
        kinds: dict[str, dict[str, float]] = {}
        for file, seconds in self.files.items():
            one = kinds.setdefault(kind(file), {"seconds": 0.0, "files": 0})
            one["seconds"] += seconds
            one["files"] += 1
        return dict(sorted(kinds.items(), key=lambda item: -item[1]["seconds"]))

    def numbers(self) -> dict[str, object]:
        """All of it, for build/tests.json: seconds by kind and by file, and the samples."""
        return {
            "kinds": {
                name: {"seconds": round(one["seconds"], 1), "files": one["files"]}
                for name, one in self.kinds().items()
            },
            "files": {name: round(seconds, 1) for name, seconds in self.files.most_common()},
            "samples": {
                name: {
                    "ran": len(self.tests[name].ran),
                    "of": len(self.tests[name].ran) + self.tests[name].left_out,
                    "seconds": round(self.tests[name].seconds, 1),
                }
                for name in sorted(self.sampled)
            },
        }

    def lines(self) -> list[str]:
        """What is told at the end; nothing about a run of a single file."""
        told = []
        if len(self.files) > 1:
            told.append("Seconds by kind, of all workers together:")
            for name, one in self.kinds().items():
                files = f"{one['files']} file" + ("s" if one["files"] > 1 else "")
                told.append(f"{one['seconds']:8.1f}  {name} ({files})")
            told.append("The longest files:")
            for name, seconds in self.files.most_common(LONGEST):
                told.append(f"{seconds:8.1f}  {name}")
        for name in sorted(self.sampled):
            one = self.tests[name]
            told.append(
                f"{name}: {len(one.ran)} of {len(one.ran) + one.left_out} ({ALL_RUN}): "
                + ", ".join(one.ran)
            )
        return told

    def pytest_terminal_summary(self, terminalreporter) -> None:
        """Tell it, after the failures and the reasons for skipped tests."""
        if lines := self.lines():
            terminalreporter.section("what took longest")
            for line in lines:
                terminalreporter.line(line)
