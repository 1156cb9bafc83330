"""Moments and cursors, as questions carry them."""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crucible.errors import Invalid

AGO = "^(?:[0-9]{1,6}[smh]|[0-9]{1,5}d|[0-9]{1,4}w)$"
"""A time ago, as far back as some centuries."""
_AGO = re.compile(AGO, re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TAKES = "takes RFC 3339 with a zone (2026-11-22T08:00:00Z) or a time ago such as 30m, 24h, 7d"
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def is_ago(text: str) -> bool:
    """Whether a moment is given as a time ago, and so moves with the clock."""
    return _AGO.fullmatch(text) is not None


def parse_moment(text: str, now: datetime, *, field: str = "since") -> datetime:
    """An aware moment in UTC from RFC 3339 with a zone, or from a time ago (`30m`, `24h`, `7d`).

    Raises Invalid naming `field`.
    """
    try:
        if is_ago(text):
            return now - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        if not _RFC3339.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid.field(field, _TAKES) from None


def encode_cursor(*key: Any) -> str:
    """A key of the last row shown, opaque to the client."""
    raw = json.dumps(key, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_cursor(cursor: str, kinds: Sequence[type | tuple[type, ...]]) -> list[Any]:
    """The key in `cursor`, each part of the kind given. Raises Invalid naming `cursor`."""
    takes = "takes `next_cursor` of an answer to the same question"
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        text = raw.decode()
        key = json.loads(text)
        json.dumps(key, ensure_ascii=False).encode()  # half of a surrogate pair is no key
    except (ValueError, binascii.Error, RecursionError):
        raise Invalid.field("cursor", takes) from None
    fits = (
        isinstance(key, list)
        and len(key) == len(kinds)
        and all(
            isinstance(part, kind) and not isinstance(part, bool)
            for part, kind in zip(key, kinds, strict=True)
        )
    )
    if not fits:
        raise Invalid.field("cursor", takes)
    return list(key)
