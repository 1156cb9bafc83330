"""Checks of values that came as JSON from elsewhere: each takes a value, gives what is stored, or
says what it takes. Unknown stays None."""

import re
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from crucible.clock import to_milliseconds
from crucible.services.usage import PICO

Check = Callable[[Any], Any]

MOST = 10**15
"""No count or sum of tokens is greater; so that sums over runs stay within 64 bits."""
MOST_USD = 1_000_000
MOST_SECONDS = 10**10
DEEPEST = 20
_MOST_NAMES = 1_000
_CENT_OF_CENTS = Decimal(1).scaleb(-12)
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_NO_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
# What stands in addresses as it is. (One that is a number is an id before it is a number.)
_ID = re.compile(r"(?!summary$)[A-Za-z0-9][A-Za-z0-9._~:@+=-]{0,127}", re.ASCII)


class Wrong(Exception):
    """`takes` says what the field named by `field` takes."""

    def __init__(self, takes: str) -> None:
        super().__init__(takes)
        self.takes = takes
        self.field = ""

    def under(self, key: object) -> "Wrong":
        name = f"[{key}]" if isinstance(key, int) else _readable(str(key))
        dot = "." if self.field and not self.field.startswith("[") else ""
        self.field = f"{name}{dot}{self.field}"
        return self


def _readable(name: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name[:100])


def required(inner: Check) -> Check:
    def check(value: Any) -> Any:
        if value is None:
            raise Wrong("is required")
        return inner(value)

    return check


def whole(low: int = 0, high: int = MOST) -> Check:
    takes = f"takes a whole number from {low} to {high}"

    def check(value: Any) -> int | None:
        if value is None:
            return None
        if type(value) is int and low <= value <= high:
            return value
        if type(value) is Decimal and low <= value <= high and value == int(value):
            return int(value)
        raise Wrong(takes)

    return check


def real(high: float) -> Check:
    takes = f"takes a number from 0 to {high:.0f}"

    def check(value: Any) -> float | None:
        if value is None:
            return None
        if type(value) in (int, Decimal) and 0 <= value <= high:
            return abs(float(value))  # -0.0 is 0
        raise Wrong(takes)

    return check


def money(value: Any) -> int | None:
    """US dollars as they stand in the text, to whole pico-dollars, half-even."""
    if value is None:
        return None
    if type(value) not in (int, Decimal) or not 0 <= value <= MOST_USD:
        raise Wrong(f"takes an amount of US dollars from 0 to {MOST_USD}")
    return int(Decimal(value).quantize(_CENT_OF_CENTS, ROUND_HALF_EVEN) * PICO)


def flag(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise Wrong("takes true or false")


def text(low: int, high: int, *, lines: bool = False) -> Check:
    takes = f"takes text of {low} to {high:,} characters"
    unwanted = _NO_TEXT if lines else _NO_LINE
    without = "NUL" if lines else "control characters or line breaks"

    def check(value: Any) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or not low <= len(value) <= high:
            raise Wrong(takes)
        if unwanted.search(value):
            raise Wrong(f"takes valid Unicode without {without}")
        return value

    return check


def word(words: Container[str]) -> Check:
    takes = "takes one of " + ", ".join(words)  # type: ignore[arg-type]

    def check(value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, str) and value in words:
            return str(value)
        raise Wrong(takes)

    return check


def identity(value: Any) -> str:
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise Wrong(
        "takes an id: 1 to 128 letters, digits and . _ ~ : @ + = -, a letter or digit first; "
        "`summary` is none"
    )


def moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        if not isinstance(value, str) or not _RFC3339.fullmatch(value):
            raise ValueError
        return to_milliseconds(datetime.fromisoformat(value.upper()).astimezone(UTC))
    except (ValueError, OverflowError):
        raise Wrong("takes RFC 3339 with a zone (2026-11-22T08:00:00.000Z)") from None


def shape(fields: Mapping[str, Check]) -> Check:
    """An object: keys that are not among the fields are left out, missing ones are None."""
    items = tuple(fields.items())

    def check(value: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        return {key: _at(key, inner, value.get(key)) for key, inner in _object(value, items)}

    return check


def open_shape(fields: Mapping[str, Check], needs: Sequence[str] = ()) -> Check:
    """An object kept as it is: the fields are checked, others may be any JSON; what it `needs`
    must be there."""

    def check(value: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        items = _object(value, tuple(value.items()) if isinstance(value, dict) else ())
        for name in needs:
            _at(name, required(fields[name]), value.get(name))
        return {_name(key): _at(key, fields.get(key, plain), inner) for key, inner in items}

    return check


def by_name(names: Container[str] | None, inner: Check) -> Check:
    """An object with a value for each of some names: for any names, if None."""

    def check(value: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        items = _object(value, tuple(value.items()) if isinstance(value, dict) else ())
        if len(items) > _MOST_NAMES:
            raise Wrong(f"takes at most {_MOST_NAMES:,} names")
        for name, _ in items:
            if names is not None and name not in names:
                raise Wrong("takes the keys " + ", ".join(names)).under(name)  # type: ignore[arg-type]
        return {_name(name): _at(name, inner, each) for name, each in items}

    return check


def listed(inner: Check, most: int) -> Check:
    def check(value: Any) -> list[Any] | None:
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > most:
            raise Wrong(f"takes a list of at most {most:,} items")
        return [_at(position, required(inner), each) for position, each in enumerate(value)]

    return check


def plain(value: Any, depth: int = 0) -> Any:
    """Any JSON that can be stored and sent again."""
    if depth > DEEPEST:
        raise Wrong(f"takes JSON of at most {DEEPEST} levels")
    if isinstance(value, dict):
        return {_name(key): _at(key, lambda v: plain(v, depth + 1), v) for key, v in value.items()}
    if isinstance(value, list):
        return [_at(n, lambda v: plain(v, depth + 1), v) for n, v in enumerate(value)]
    if isinstance(value, str) and _NO_TEXT.search(value):
        raise Wrong("takes valid Unicode without NUL")
    if isinstance(value, Decimal):
        return _finite(float(value))
    if isinstance(value, float):  # NaN, an infinity, or a whole number of too many digits
        return _finite(value)
    return value


def _finite(value: float) -> float:
    if not abs(value) < float("inf"):
        raise Wrong("takes a finite number")
    return value


def _object(value: Any, items: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    if not isinstance(value, dict):
        raise Wrong("takes an object")
    return items


def _name(key: str) -> str:
    if len(key) > 200 or _NO_LINE.search(key):
        raise Wrong("takes a name of up to 200 characters, valid Unicode on one line").under(key)
    return key


def _at(key: object, inner: Check, value: Any) -> Any:
    try:
        return inner(value)
    except Wrong as wrong:
        raise wrong.under(key) from None
