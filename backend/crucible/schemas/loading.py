"""Turns what marshmallow found wrong into one error that names the fields."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import marshmallow as ma

from crucible.errors import Invalid


def load(schema: ma.Schema, data: Any) -> dict[str, Any]:
    """`data` validated by `schema`; raises Invalid with `errors` such as
    `{"constraints[2].weight": ["takes a whole number from 0 to 100"]}`."""
    try:
        return cast(dict[str, Any], schema.load(data))
    except ma.ValidationError as error:
        raise invalid(error) from None


def invalid(error: ma.ValidationError) -> Invalid:
    errors: dict[str, list[str]] = {}
    for name, message in _flat(error.messages, ""):
        errors.setdefault(name, []).append(message)
    name, messages = next(iter(errors.items()))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Invalid(f"{name}: {messages[0]}{more}", errors)


def _flat(messages: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flat(inner, _join(path, key))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        yield path or "body", str(message)


def _join(path: str, key: Any) -> str:
    if key == "_schema":
        return path
    if isinstance(key, int):
        return f"{path}[{key}]"
    # A field's name comes from the client: keep it readable, whatever it is.
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(key)[:100])
    return f"{path}.{name}" if path else name
