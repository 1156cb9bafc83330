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

from crucible.cli.text import Screen
from crucible.errors import CrucibleError

# Characters JSON may carry bare, but that a terminal obeys (C1 controls) or that reorder text.
_UNSAFE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# What a spreadsheet takes for the start of a formula; it skips leading blanks to find it.
_FORMULA = re.compile(r"[\s\x00]*[=+\-@＝＋－＠]|[\t\r\n]")


def text(answer: str) -> None:
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
    text(dumps(answer, indent=2 if Screen.of().terminal else None))


def lines(answers: Iterable[Any]) -> None:
    written = "\n".join(dumps(answer) for answer in answers)
    if written:
        text(written)


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """CSV with a header; unknown is an empty cell, text cannot become a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    text(buffer.getvalue().removesuffix("\n"))


def dumps(answer: Any, indent: int | None = None) -> str:
    utf8 = "utf" in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    made = json.dumps(answer, indent=indent, ensure_ascii=not utf8, default=_plain)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", made)


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
        return f"'{safe}" if _FORMULA.match(safe) else safe
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
