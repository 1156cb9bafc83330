"""Answers on stdout: text, JSON, JSON lines and CSV. Nothing else writes there."""

import csv
import io
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from crucible.cli.text import HIDDEN, Screen, harmless
from crucible.errors import CrucibleError

# Characters JSON may carry bare, but that a terminal obeys (C1 controls) or that reorder text.
_UNSAFE = re.compile(f"[\x7f-\x9f{HIDDEN}\ud800-\udfff]")

# Where there is to be no colour, whoever sent it.
_COLOUR = re.compile("\x1b\\[[0-9;]*m")

# Before what a spreadsheet takes for the start of a formula. It skips blanks, and what has no
# width, to find it; where cells are parted by semicolons, one begins after each of them too.
_BEFORE_FORMULA = re.compile(
    r"^(?=[\t\n])|(?:^|(?<=[;\t\n]))(?=[\s\xad\u180e\u200b-\u200d\u2060-\u2064]*[=+\-@＝＋－＠])"
)


def text(answer: str) -> None:
    """Writes an answer for people."""
    plain = answer if Screen.of().colour else _COLOUR.sub("", answer)
    # Views clean what they know to be free text; a server may put some where a number belongs.
    _write(harmless(plain))


def _write(answer: str) -> None:
    """Writes the answer, ending with a newline.

    A reader that has gone away (`| head`) is no failure: the rest is not written, and the
    command goes on to the exit code it owes.
    """
    stream = sys.stdout
    if stream is None:
        return
    try:
        stream.write(_encodable(answer, stream) + "\n")
        stream.flush()
    except BrokenPipeError:
        _abandon_stdout()
    except OSError as error:
        _abandon_stdout()
        raise CrucibleError(f"the answer cannot be written: {error.strerror}") from error


def value(answer: Any) -> None:
    """One JSON value: indented for a person, on one line for a program."""
    _write(dumps(answer, indent=2 if Screen.of().terminal else None))


def lines(answers: Iterable[Any]) -> None:
    written = "\n".join(dumps(answer) for answer in answers)
    if written:
        _write(written)


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """CSV with a header; unknown is an empty cell, text cannot become a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    _write(buffer.getvalue().removesuffix("\n"))


def dumps(answer: Any, indent: int | None = None) -> str:
    utf8 = "utf" in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    made = json.dumps(answer, indent=indent, ensure_ascii=not utf8, default=_plain)
    return _UNSAFE.sub(lambda match: json.dumps(match[0])[1:-1], made)


def _plain(answer: Any) -> Any:
    if isinstance(answer, Decimal):
        return float(answer)
    raise TypeError(f"{type(answer).__name__} is not JSON")


def _cell(answer: Any) -> str:
    if answer is None:
        return ""
    if isinstance(answer, (float, Decimal)):
        return format(Decimal(str(answer)), "f")
    if isinstance(answer, str):
        # A bare carriage return would not be quoted, and ends a row for some readers.
        safe = answer.replace("\r\n", "\n").replace("\r", "\n")
        safe = harmless(_COLOUR.sub("", safe))
        return _BEFORE_FORMULA.sub("'", safe)
    return str(answer)


def _encodable(answer: str, stream: Any) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return answer.encode(encoding, "replace").decode(encoding)


def _abandon_stdout() -> None:
    """Points stdout nowhere, so that closing it at exit does not fail a second time."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):  # not a real file, as under a test
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
    finally:
        os.close(nowhere)
