"""The parts of `make bench` work; what they find depends on the machine and is not tested."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.benchmarks.__main__ import PARTS, measured
from tests.benchmarks.report import Goal, Sample, Section, merged, table


@pytest.mark.parametrize("letter", [each for each in PARTS if find_spec(PARTS[each])])
def test_each_part_works_at_the_smallest_size(letter: str, tmp_path: Path) -> None:
    found = measured(letter, tmp_path, tiny=True)

    assert found.letter == letter
    assert f"## ({letter}) {found.title}" in found.markdown()
    assert found.goals and all(goal.found > 0 for goal in found.goals)
    assert all(f"| {goal.what} |" in found.markdown() for goal in found.goals)


def test_a_part_measured_again_replaces_its_own_text_only() -> None:
    page = merged(merged("# Head\n", "c", "see"), "a", "first")
    again = merged(page, "a", "second")

    assert page.index("# Head") < page.index("first") < page.index("see")
    assert "first" not in again
    assert again == merged(merged("# Head\n", "a", "second"), "c", "see")


def test_a_goal_is_kept_up_to_its_limit() -> None:
    kept, missed = Goal("page", 3.0, 3.0, "x"), Goal("page", 3.01, 3.0, "x")
    shown = Section("a", "Reading", "Text.", [kept, missed]).markdown()

    assert kept.kept and not missed.kept
    assert "| page | 3.00 x | at most 3.00 x | yes |" in shown
    assert "| page | 3.01 x | at most 3.00 x | **no** |" in shown


def test_a_sample_shows_its_middle_half() -> None:
    assert Sample([5.0, 1.0, 2.0, 4.0, 3.0]).shown() == "3.00 ms (2.00–4.00)"
    assert Sample([1234.5]).shown() == "1,234 ms (1,234–1,234)"
    assert table(["a"], []) == ""
