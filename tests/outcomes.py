"""Tests run by a tool that reports on them: what became of each, and how many cases it tried."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest


class Outcomes:
    """A plugin of pytest: what became of each test, and how many cases hypothesis gave it."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}
        """`passed`, `failed` or `skipped`, by the test's id."""
        self.cases: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """Cases by what they were: `valid`, `invalid` (did not fit), `interesting` (failed)."""
        self._now = ""

    @property
    def failed(self) -> list[str]:
        return [name for name, outcome in self.of.items() if outcome == "failed"]

    def cases_of(self, path: str) -> int:
        return sum(n["valid"] for name, n in self.cases.items() if name.startswith(path))

    def tests_of(self, path: str) -> int:
        return sum(name.startswith(path) for name in self.cases)

    def pytest_sessionstart(self) -> None:
        # Not before pytest has seen it. This process runs nothing else.
        import hypothesis.core  # noqa: PLC0415 - see above

        original = hypothesis.core.note_statistics

        def note(statistics: dict[str, Any]) -> None:
            self.note(statistics)
            original(statistics)

        hypothesis.core.note_statistics = note

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        self._now = item.nodeid
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.of[report.nodeid] = report.outcome

    def note(self, statistics: dict[str, Any]) -> None:
        for name, phase in statistics.items():
            if name.endswith("-phase"):
                self.cases[self._now].update(case["status"] for case in phase["test-cases"])


def run(*words: str) -> tuple[int, Outcomes]:
    """Runs pytest here: its exit code, and what became of each test."""
    outcomes = Outcomes()
    return int(pytest.main(["-q", *words], plugins=[outcomes])), outcomes


def in_words(nodeid: str) -> str:
    """A test's name as the sentence that it is."""
    name, _, case = nodeid.rpartition("::")[2].removeprefix("test_").partition("[")
    return name.replace("_", " ") + (f" ({case.rstrip(']')})" if case else "")
