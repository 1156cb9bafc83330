"""What a tool answers: the contract's shape, with `truncated` and `next`, and its JSON Schema."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

import marshmallow as ma
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from mcp_types import CallToolResult, TextContent

from crucible.mcp import bounds
from crucible.mcp.withholding import may_be_withheld, withheld

_REF, _DEFS = "#/components/schemas/", "#/$defs/"
_NEXT: dict[str, Any] = {
    "description": "The call that gives what is left out; null when there is none.",
    "anyOf": [
        {
            "type": "object",
            "properties": {"tool": {"type": "string"}, "arguments": {"type": "object"}},
            "required": ["tool", "arguments"],
        },
        {"type": "null"},
    ],
}
_TRUNCATED = {"type": "boolean", "description": "Whether anything was left out of this answer."}


@dataclass(frozen=True)
class Asked:
    """The call as it came: how to answer it, and how to ask on."""

    tool: str
    arguments: Mapping[str, Any]
    include_text: bool
    max_items: int

    def again(self, **changed: Any) -> dict[str, Any]:
        said = {**self.arguments, "include_text": self.include_text, **changed}
        kept = {name: value for name, value in said.items() if value not in (None, False)}
        return {"tool": self.tool, "arguments": kept}


def one(asked: Asked, schema: ma.Schema, found: Mapping[str, Any]) -> CallToolResult:
    """A single object."""
    shown, cut, by_size = bounds.bounded(_shown(asked, schema, found), asked.max_items)
    more = cut and not by_size and asked.max_items < bounds.MAX_ITEMS
    following = asked.again(max_items=bounds.MAX_ITEMS) if more else None
    return _result({**shown, "truncated": cut, "next": following})


def page(asked: Asked, schema: ma.Schema, ask: bounds.Page, limit: int) -> CallToolResult:
    """A page of rows; `ask(limit)` gives one from where the call's cursor stands."""
    shown, cut = bounds.page_within(
        lambda most: _shown(asked, schema, ask(most)), limit, asked.max_items
    )
    following = asked.again(cursor=shown["next_cursor"]) if shown["has_more"] else None
    return _result({**shown, "truncated": cut or shown["has_more"], "next": following})


def _shown(asked: Asked, schema: ma.Schema, found: Mapping[str, Any]) -> dict[str, Any]:
    return dict(found) if asked.include_text else withheld(found, schema)


def _result(answer: dict[str, Any]) -> CallToolResult:
    # The text is the same once more, for clients that show no structured content.
    text = TextContent(type="text", text=bounds.encoded(answer))
    return CallToolResult(content=[text], structured_content=answer)


@cache
def output_schema(schema: type[ma.Schema]) -> dict[str, Any]:
    """The JSON Schema of an answer; what may be withheld may be null."""
    spec = APISpec("", "", "3.1.0", plugins=[MarshmallowPlugin(schema_name_resolver=_name)])
    spec.components.schema(_name(schema), schema=schema)
    made = _local(deepcopy(spec.to_dict()["components"]["schemas"]))
    for each in _schemas(schema()):
        for name in each.fields:
            if may_be_withheld(each, name):
                properties = made[_name(type(each))]["properties"]
                properties[name] = _nullable(properties[name])
    root: dict[str, Any] = made.pop(_name(schema))
    root["properties"] |= {"truncated": _TRUNCATED, "next": _NEXT}
    root["required"] = sorted([*root["required"], "truncated", "next"])
    return {**root, "$defs": made}


def _name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return str(kind.__name__).removesuffix("Schema")


def _schemas(schema: ma.Schema) -> list[ma.Schema]:
    found = [schema]
    for field in schema.fields.values():
        inner = field.inner if isinstance(field, ma.fields.List) else field
        if isinstance(inner, ma.fields.Nested):
            found += _schemas(inner.schema)
    return found


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if isinstance(kind, list):
        return schema
    said = f"{schema.get('description', '')} Null where it is withheld.".strip()
    return {**schema, "type": [kind, "null"], "description": said}


def _local(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: inner.replace(_REF, _DEFS) if key == "$ref" else _local(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_local(each) for each in value]
    return value
