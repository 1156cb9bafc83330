import csv
import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crucible.cli import emit, runs_csv

from .samples import run, usage


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_json_is_the_same_value_and_carries_nothing_a_terminal_obeys(value):
    text = emit.dumps(value)
    assert json.loads(text) == value
    assert all(c.isprintable() or c == " " or not _obeyed(c) for c in text)


def _obeyed(character):
    return ord(character) < 32 or 0x7F <= ord(character) <= 0x9F


def test_decimals_are_json_numbers():
    assert emit.dumps({"cost_usd": Decimal("0.42")}) == '{"cost_usd": 0.42}'


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_the_documented_columns_and_empty_cells_for_unknown(capsys):
    unknown = {"total": usage(cost_usd=None), "phases": {}}
    emit.table(runs_csv.COLUMNS, [runs_csv.flat(run(llm_usage=unknown))])
    out = capsys.readouterr().out
    assert out.splitlines()[0] == ",".join(runs_csv.COLUMNS)
    row = rows_of(out)[0]
    assert row["number"] == "42"
    assert row["cost_usd"] == ""
    assert row["evaluation_seconds"] == "55.0"
    assert row["error_summary"] == ""


def test_small_costs_are_not_written_in_powers_of_ten(capsys):
    tiny = {"total": usage(cost_usd=1.5e-07), "phases": {}}
    emit.table(runs_csv.COLUMNS, [runs_csv.flat(run(llm_usage=tiny))])
    assert rows_of(capsys.readouterr().out)[0]["cost_usd"] == "0.00000015"


@pytest.mark.parametrize(
    "label",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '=HYPERLINK("http://x")', "＝1"],
)
def test_text_cannot_become_a_formula(capsys, label):
    emit.table(runs_csv.COLUMNS, [runs_csv.flat(run(label=label))])
    out = capsys.readouterr().out
    assert not rows_of(out)[0]["label"].lstrip().startswith(("=", "+", "-", "@", "＝"))


def test_commas_quotes_and_lines_in_text_survive(capsys):
    label = 'a, "b"\nc'
    emit.table(runs_csv.COLUMNS, [runs_csv.flat(run(label=label))])
    assert rows_of(capsys.readouterr().out)[0]["label"] == label


def test_negative_numbers_stay_numbers(capsys):
    emit.table(["delta"], [{"delta": -1.5}])
    assert capsys.readouterr().out == "delta\n-1.5\n"
