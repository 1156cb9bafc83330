"""Lists for spreadsheets: the same rows when they are read back, and no cell that is a formula, be
cells parted by commas or, as in half of the world, by semicolons or tabs."""

import csv
import io
import json
import re
from typing import Any

import pytest
from tests.cli.process import environment, inside
from tests.cli.serving import served
from tests.hostile.corpus import CANARY, FORMULAS, TEXTS
from tests.hostile.history import History
from tests.hostile.test_cli import assert_clean

from crucible.api import create_app
from crucible.cli import emit, runs_csv

BLANK = re.compile(r"[\s\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff\x00]*")
BEGINNINGS = tuple("=+-@＝＋－＠")
GUARD = re.compile(r"(^|(?<=[;\t\n]))'")
NUMBER = re.compile(r"-?[0-9.]+")
HIDDEN = re.compile("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]")


@pytest.fixture(scope="module")
def text(planted: History, env: dict[str, str]) -> str:
    said = inside("runs", "--format", "csv", "--limit", "200", env=env)
    assert said.returncode == 0 and said.stderr == ""
    return said.stdout


@pytest.fixture(scope="module")
def listed(planted: History, env: dict[str, str]) -> list[dict[str, Any]]:
    said = inside("runs", "--format", "json", "--limit", "200", env=env)
    found: list[dict[str, Any]] = json.loads(said.stdout)["runs"]
    return found


def is_formula(cell: str) -> bool:
    """What a spreadsheet makes of a cell: blanks and what has no width stand for nothing."""
    seen = BLANK.sub("", cell, count=1)
    return seen.startswith(BEGINNINGS) and not NUMBER.fullmatch(seen)


def test_the_rows_are_those_of_the_list(text: str, listed: list[dict[str, Any]]) -> None:
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["id"] for row in rows] == [run["id"] for run in listed]
    for row, run in zip(rows, listed, strict=True):
        assert None not in row and None not in row.values()
        for name, value in runs_csv.flat(run).items():
            if isinstance(value, str):
                assert GUARD.sub("", row[name]) == GUARD.sub("", HIDDEN.sub("", value)), name
            elif value is None:
                assert row[name] == ""
            else:
                assert float(row[name]) == float(value)


@pytest.mark.parametrize("parting", [",", ";", "\t", "|"])
def test_no_cell_is_a_formula(text: str, parting: str) -> None:
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=parting))
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if is_formula(cell)] == []
    assert sum(CANARY in cell for cell in cells) > 60


def test_the_file_is_lines_of_rows_and_no_more(text: str, listed: list[dict[str, Any]]) -> None:
    assert_clean(text)
    assert len(text.splitlines()) == len(listed) + 1


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_from_anywhere_is_text(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Also of a server that lets more pass than ours does."""
    emit.table(["label", "x"], [{"label": TEXTS[name], "x": -1.5}])
    written = capsys.readouterr().out
    for parting in ",;":
        rows = list(csv.reader(io.StringIO(written, newline=""), delimiter=parting))
        assert not any(is_formula(cell) for row in rows for cell in row)
    assert list(csv.reader(io.StringIO(written)))[-1][-1] == "-1.5"


def test_a_server_gives_the_same_bytes(planted: History, text: str) -> None:
    with served(create_app(planted.lab.settings)) as url:
        args = ("runs", "--format", "csv", "--limit", "200", "--url", url)
        assert inside(*args, env=environment()).stdout == text
