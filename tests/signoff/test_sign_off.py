"""The sign-off itself, in small; and that it would notice."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.signoff import agreement, checklist
from tests.signoff.agreement import PLACE, Agreement
from tests.signoff.endpoint import Bill
from tests.signoff.house import Typed
from tests.signoff.screen import Row

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PICTURE = re.compile(r"\]\(images/(sign-off-[\w-]+\.png)\)")


def test_it_is_done_in_small_and_every_surface_agrees(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.signoff", "--without-embedded", "--quick"]
    said = subprocess.run(
        [*command, "--into", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert said.returncode == 0, said.stdout + said.stderr
    page = (tmp_path / "sign-off.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    assert headings == re.findall(
        r"^#+ (.*)$", (DOCS / "sign-off.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    pictures = set(PICTURE.findall(page))
    assert pictures == {file.name for file in (tmp_path / "images").iterdir()}


def test_the_page_that_is_published_has_its_pictures_and_they_are_small() -> None:
    page = (DOCS / "sign-off.md").read_text(encoding="utf-8")
    pictures = set(PICTURE.findall(page))
    assert 0 < len(pictures) <= 10
    assert pictures == {file.name for file in (DOCS / "images").glob("sign-off-*")}
    for name in pictures:
        assert (DOCS / "images" / name).stat().st_size <= 60_000, name


def a_run() -> dict[str, Any]:
    total = {
        "call_count": 14, "input_tokens": 1_234, "output_tokens": 567, "cost_usd": 0.0014425,
        "unpriced_call_count": 0,
    }  # fmt: skip
    return {
        "number": 7, "status": "completed", "duration_seconds": 4.2, "candidate_count": 3,
        "scenario_count": 4, "evaluation_count": 12, "error_summary": None,
        "llm_usage": {"total": total},
    }  # fmt: skip


def surfaces(run: dict[str, Any]) -> tuple[Row, Typed]:
    shown = agreement.figures(run)
    cells = ["#7", *[""] * 8]
    for what, place in PLACE.items():
        cells[place] = shown[what]
    line = "✓ #7 completed 4.20s 3/4/12 1.2k → 567 <$0.01"
    return Row(cells, ["1234 in, 567 out", "$0.0014425"]), Typed("crucible runs", 0, line)


def differences(run: dict[str, Any], row: Row, line: Typed, cli: dict[str, Any]) -> list[str]:
    agreed = Agreement()
    agreement.of_surfaces(agreed, run, run, cli, run, row, line)
    return agreed.wrong


def test_surfaces_that_agree_agree() -> None:
    run = a_run()
    assert differences(run, *surfaces(run), run) == []


@pytest.mark.parametrize("what", PLACE)
def test_a_cell_of_the_page_that_differs_is_found(what: str) -> None:
    run = a_run()
    row, line = surfaces(run)
    row.cells[PLACE[what]] += "1"
    (wrong,) = differences(run, row, line, run)
    assert what in wrong and "on the page" in wrong


@pytest.mark.parametrize("shown", ["4.20s", "3/4/12", "1.2k → 567", "<$0.01", "completed"])
def test_a_figure_missing_on_the_terminal_is_found(shown: str) -> None:
    run = a_run()
    row, line = surfaces(run)
    (wrong,) = differences(run, row, Typed("", 0, line.text.replace(shown, "?")), run)
    assert "on the terminal" in wrong


def test_the_last_digit_of_the_cost_counts() -> None:
    run = a_run()
    row, line = surfaces(run)
    row.titles[1] = "$0.0014426"
    assert len(differences(run, row, line, run)) == 1
    row.titles[1] = "$0.0014425"
    cli = {**run, "duration_seconds": 4.201}
    assert len(differences(run, row, line, cli)) == 1


@pytest.mark.parametrize(
    ("bill", "known"),
    [
        (Bill(14, 14, 0, 1_234, 567), True),
        (Bill(15, 14, 1, 1_234, 567), False),
        (Bill(14, 14, 0, 1_235, 567), False),
        (Bill(14, 14, 0, 1_234, 566), False),
    ],
)
def test_a_bill_that_differs_is_found(bill: Bill, known: bool) -> None:
    agreed = Agreement()
    agreement.of_bill(agreed, a_run(), bill)
    assert (agreed.wrong == []) is known


def test_the_checklist_is_found_where_it_stands() -> None:
    steps = checklist.steps_of(checklist.PAGE.read_text(encoding="utf-8"))
    assert [number for number, _, _ in steps] == ["1", "2", "3", "4", "5"]
    assert steps[0][2] == "runs --status failed --limit 1"
    assert steps[1][2] == "runs show 2"
    assert steps[4][2] == "runs verify 2"
