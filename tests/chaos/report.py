"""What became of the deaths, in tables short enough to read."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from tests.benchmarks.report import table
from tests.chaos.ordeal import Story

HEADINGS = (
    "killed",
    "times",
    "seen at the next read as",
    "settled calls kept",
    "in flight",
    "calls after resume",
    "verdict",
)


def folded(stories: Sequence[Story]) -> str:
    """One row for all that were alike: killed at the same kind of moment, seen as the same, with
    the same verdict. Figures are from the least to the most."""
    alike = [list(same) for _, same in groupby(sorted(stories, key=_kind), _kind)]
    return table(HEADINGS, [_row(same) for same in alike])


def _kind(story: Story) -> tuple[str, str, str]:
    moment = re.sub(r"^\d+: | after request \d+$", "", story.moment)
    return moment, story.seen_as, "; ".join(story.wrong) or "holds"


def _row(same: Sequence[Story]) -> list[str]:
    moment, seen_as, verdict = _kind(same[0])
    return [
        moment,
        f"{len(same)}",
        seen_as,
        _range(story.settled for story in same),
        _range(story.in_flight for story in same),
        _range(story.paid_after for story in same),
        verdict,
    ]


def _range(counts: Iterable[int]) -> str:
    ordered = sorted(counts)
    return f"{ordered[0]}" if ordered[0] == ordered[-1] else f"{ordered[0]}–{ordered[-1]}"


def faults(stories: Sequence[Story]) -> list[str]:
    return [f"{story.moment}: {each}" for story in stories for each in story.wrong]
