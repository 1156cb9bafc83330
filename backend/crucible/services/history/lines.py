"""JSON lines as they come from anywhere: one object a line, and what is wrong with the others."""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

from crucible.errors import Invalid

LONGEST = 64 * 2**20
_BOM = b"\xef\xbb\xbf"
_DIGITS = 19
_HINT = (
    "One run a line, as `crucible runs export` writes them. Nothing was imported: mend the line, "
    "then import the file again."
)
_SHOWN = 300


def broken(line: int, field: str | None, takes: str) -> Invalid:
    """The error that names a line and, where there is one, the field at fault."""
    where = f"line {line}" + (f": {field}" if field else "")
    return Invalid(f"{where}: {takes[:_SHOWN]}", hint=_HINT)


def objects(stream: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number of the line, object) for each line that is not empty. Numbers are exact: int or
    Decimal; what JSON does not know (NaN) or no column holds is a float.

    Reads line by line, never more than 64 MB at once. Raises Invalid naming the line.
    """
    number = 0
    while raw := stream.readline(LONGEST + 1):
        number += 1
        if len(raw) > LONGEST:
            raise broken(number, None, f"takes at most {LONGEST // 2**20} MB")
        raw = raw.removeprefix(_BOM) if number == 1 else raw
        if raw := raw.strip(b" \t\r\n"):
            yield number, _object(number, raw)


def _object(number: int, raw: bytes) -> dict[str, Any]:
    try:
        found = _DECODER.decode(raw.decode())
    except UnicodeDecodeError:
        raise broken(number, None, "takes text in UTF-8") from None
    except RecursionError:
        raise broken(number, None, "takes JSON that is not nested so deep") from None
    except json.JSONDecodeError as error:
        where = f"is not JSON at character {error.pos + 1}: {error.msg}"
        raise broken(number, None, where) from None
    if not isinstance(found, dict):
        raise broken(number, None, "takes one JSON object, the summary of a run")
    return found


def _whole(digits: str) -> int | float:
    # Longer ones fit no column, and a very long one would take minutes to convert.
    return int(digits) if len(digits) <= _DIGITS else float("inf")


def _real(digits: str) -> Decimal | float:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent beyond all bounds
        return float("inf")


_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_real, parse_constant=float)
