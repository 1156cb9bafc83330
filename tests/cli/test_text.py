import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crucible.cli.grid import fit, lay_out
from crucible.cli.text import Screen, clean, cut, width, wrap


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("two\nlines\tand\rmore", "two lines and more"),
        ("bell\x07 and \x9b31m", "bell and 31m"),
        ("a\u202eb\u2066c\u200b", "abc"),
        ("e\u0301", "é"),
        ("\ue000", "\ufffd"),
        ("\x1b", ""),
    ],
)
def test_what_a_terminal_would_obey_is_taken_out(hostile, shown):
    assert clean(hostile) == shown


@given(st.text())
def test_cleaned_text_is_one_line_that_can_be_printed(text):
    cleaned = clean(text)
    assert cleaned == "" or cleaned.isprintable()
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("漢字", 4), ("é", 1), ("ก็", 1), ("🔥", 2), ("", 0)]
)
def test_width_is_what_a_terminal_takes(text, columns):
    assert width(text) == columns


@given(st.text(), st.integers(0, 60))
def test_cut_text_fits(text, room):
    assert width(cut(clean(text), room)) <= room


def test_cut_ends_in_an_ellipsis_only_when_something_is_missing():
    assert cut("checkout", 8) == "checkout"
    assert cut("checkout", 7) == "checko…"
    assert cut("漢字漢字", 6) == "漢字…"


@given(st.text(), st.integers(2, 60))
def test_wrapped_lines_fit_and_lose_nothing(text, room):
    lines = wrap(clean(text), room)
    assert all(width(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
def test_columns_line_up_whatever_their_script(cells):
    rows = [{"a": clean(a) or "-", "b": "|" + clean(b)} for a, b in cells]
    lines = lay_out(rows, ["a", "b"])
    widest = max(width(row["a"]) for row in rows)
    for line, row in zip(lines, rows, strict=True):
        assert line == row["a"] + " " * (widest - width(row["a"])) + "  " + row["b"]


def test_figures_that_look_like_numbers_are_left_as_they_are():
    assert lay_out([{"a": "007"}, {"a": "1e5"}], ["a"], right=("a",)) == ["007", "1e5"]


def test_the_flexible_column_is_cut_before_others_are_dropped():
    rows = [{"name": "a rather long name", "figure": "12345"}]
    options = {"flexible": "name", "narrowest": 8, "dispensable": ("figure",)}
    assert fit(rows, ["name", "figure"], 20, **options) == (
        [{"name": "a rather lon…", "figure": "12345"}],
        ["name", "figure"],
    )
    assert fit(rows, ["name", "figure"], 10, **options) == (
        [{"name": "a rather…", "figure": "12345"}],
        ["name"],
    )


def test_a_pipe_has_no_width_and_no_colour():
    screen = Screen.of(io.StringIO())
    assert (screen.columns, screen.colour) == (None, False)
    assert screen.fit("x" * 500) == "x" * 500
