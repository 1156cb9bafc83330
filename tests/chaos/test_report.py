"""The tables on docs/reliability.md say what happened, and no row hides a fault."""

from tests.chaos.ordeal import Story
from tests.chaos.report import faults, folded
from tests.outcomes import in_words

LOST = "failed (worker_lost)"


def test_what_was_alike_is_one_row_and_what_was_not_stands_out() -> None:
    stories = [
        Story("0: before a commit", "created", 0, 0, 6, []),
        Story("4: before a commit", LOST, 0, 1, 6, []),
        Story("9: before a commit", LOST, 4, 1, 2, []),
        Story("12: before a commit", LOST, 5, 0, 1, ["verify: run: call_count"]),
        Story("kill -9 after request 16", LOST, 12, 4, 5, []),
        Story("kill -9 after request 3", LOST, 2, 4, 15, []),
    ]
    rows = [line.strip("| ").split(" | ") for line in folded(stories).splitlines()[2:]]

    assert rows == [
        ["before a commit", "1", "created", "0", "0", "6", "holds"],
        ["before a commit", "2", LOST, "0–4", "1", "2–6", "holds"],
        ["before a commit", "1", LOST, "5", "0", "1", "verify: run: call_count"],
        ["kill -9", "2", LOST, "2–12", "4", "5–15", "holds"],
    ]
    assert faults(stories) == ["12: before a commit: verify: run: call_count"]


def test_a_test_is_told_as_the_sentence_that_it_is() -> None:
    name = "tests/celery/test_fleet.py::test_a_broker_that_dies_is_found_again"
    assert in_words(name) == "a broker that dies is found again"
    assert in_words(f"{name}[sqlite]") == "a broker that dies is found again (sqlite)"
