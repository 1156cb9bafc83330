"""Withholds free text: words of a user, a model or a provider could be orders to the agent that
reads them.

What leaves is decided by the schema of the answer, and the other way round: a text leaves only if
it is one of a closed set, a moment, or listed here. A field that is added later is withheld until
somebody lists it.
"""

import re
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import validate

from crucible.errors import HINTS
from crucible.services.summary import without_resuming

OURS = frozenset(
    "code error_summary hint next next_cursor summary "
    "links.self links.page links.results links.calls links.results_page".split()
)
"""Sentences and addresses of our own making."""
STORED = frozenset(("error_summary", "hint"))
"""Those of them that came along with a run that was imported: its file may say anything there."""
OURS_OF = {("ComparisonSchema", "notes")}
IDS = frozenset("id project_id run_id run_ids candidate_id scenario_id".split())
NAMES = IDS | frozenset(
    "fingerprint host model model_asked model_served price_source provider".split()
)
"""Names: passed on only if they look like one, so that no sentence can be."""
NAMED_COUNTS = frozenset(("models", "providers"))
WITHHELD_NAME = "(withheld)"
_HINTS = frozenset((*HINTS.values(), *map(without_resuming, HINTS.values())))
# Neither an address that an agent could be led to nor a way up.
_NAME = re.compile(r"(?!.*(?://|\.\.))[A-Za-z0-9][A-Za-z0-9._:/@~+=-]{0,99}", re.ASCII)
_PRICE = re.compile(r"(?:genai-prices )?" + _NAME.pattern, re.ASCII)
_MOMENT = re.compile(r"[0-9T:.Z-]{10,30}", re.ASCII)
_KEY = re.compile(r"[a-z_]{1,32}", re.ASCII)


def withheld(answer: Mapping[str, Any], schema: ma.Schema) -> dict[str, Any]:
    """The answer with its free text null; every key of it stays."""
    return _object(answer, schema, imported=False)


def name(value: str, pattern: re.Pattern[str] = _NAME) -> str | None:
    return value if pattern.fullmatch(value) else None


def stored(value: str | None) -> str | None:
    """A sentence of a run that was imported: one of ours only if we have it word for word."""
    return value if value in _HINTS else None


def may_be_withheld(schema: ma.Schema, field: str) -> bool:
    """Whether null can stand there for a text that is known."""
    found = _innermost(schema.fields[field])
    if isinstance(found, ma.fields.Dict):
        return field not in NAMED_COUNTS and not _counted_by_us(schema, field)
    if not isinstance(found, ma.fields.String) or isinstance(found, ma.fields.AwareDateTime):
        return False
    if _choices(found) is not None or field in IDS:
        return False
    return _path(schema, field) not in OURS - STORED and not _is_ours_of(schema, field)


def _object(answer: Mapping[str, Any], schema: ma.Schema, *, imported: bool) -> dict[str, Any]:
    imported = imported or answer.get("ledger") == "absent"
    return {
        key: _value(schema, key, value, imported) if key in schema.fields else None
        for key, value in answer.items()
    }


def _value(schema: ma.Schema, key: str, value: Any, imported: bool) -> Any:
    field = schema.fields[key]
    if isinstance(field, ma.fields.List):
        return _list(schema, key, field.inner, value, imported)
    if isinstance(field, ma.fields.Nested) and isinstance(value, Mapping):
        return _object(value, field.schema, imported=imported)
    if isinstance(field, ma.fields.Dict) and isinstance(value, Mapping):
        return _counts(schema, key, value)
    return _scalar(schema, key, field, value, imported)


def _list(schema: ma.Schema, key: str, inner: Any, value: Any, imported: bool) -> Any:
    if isinstance(inner, ma.fields.Nested):
        return [_object(each, inner.schema, imported=imported) for each in value]
    if may_be_withheld(schema, key) and key not in NAMES:
        return None
    return [_scalar(schema, key, inner, each, imported) for each in value]


def _scalar(schema: ma.Schema, key: str, field: Any, value: Any, imported: bool) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if not isinstance(value, str):
        return None
    if isinstance(field, ma.fields.AwareDateTime):
        return value if _MOMENT.fullmatch(value) else None
    if (choices := _choices(field)) is not None:
        return value if value in choices else None
    if imported and key in STORED:
        return stored(value)
    if _path(schema, key) in OURS or _is_ours_of(schema, key):
        return value
    return name(value, _PRICE if key == "price_source" else _NAME) if key in NAMES else None


def _counts(schema: ma.Schema, key: str, value: Mapping[str, Any]) -> dict[str, Any] | None:
    """Figures by name. Those whose name is withheld are added up under one."""
    if key in NAMED_COUNTS:
        found: dict[str, Any] = {}
        for each, count in value.items():
            shown = name(each) or WITHHELD_NAME
            found[shown] = found.get(shown, 0) + count
        return found
    if _counted_by_us(schema, key) and all(_KEY.fullmatch(each) for each in value):
        return dict(value)
    return None


def _counted_by_us(schema: ma.Schema, key: str) -> bool:
    """Seconds by phase, as a comparison has them."""
    return type(schema).__name__ == "ComparedDurationSchema" and key.endswith("phases")


def _is_ours_of(schema: ma.Schema, key: str) -> bool:
    return (type(schema).__name__, key) in OURS_OF


def _path(schema: ma.Schema, key: str) -> str:
    return f"links.{key}" if "LinksSchema" in type(schema).__name__ else key


def _innermost(field: Any) -> Any:
    return field.inner if isinstance(field, ma.fields.List) else field


def _choices(field: Any) -> frozenset[str] | None:
    for check in getattr(field, "validators", ()):
        if isinstance(check, validate.OneOf):
            return frozenset(map(str, check.choices))
    return None
