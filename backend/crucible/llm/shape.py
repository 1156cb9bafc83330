"""The form of a request, and how it gives way to what an endpoint refuses."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crucible.llm.protocol import Message, Prompt

FORMATS = ("json_schema", "json_object", "text")


@dataclass(frozen=True)
class Shape:
    """The form of a request, as far as this endpoint has refused others. Lives as long as a run."""

    response_format: str = "json_schema"
    renamed: Mapping[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()


def request_body(model: str, prompt: Prompt, shape: Shape) -> dict[str, Any]:
    """A chat completion request in this shape."""
    wanted: dict[str, Any] = {
        "model": model,
        "messages": _messages(prompt, shape),
        "temperature": prompt.temperature,
        "max_tokens": prompt.max_tokens,
    }
    if response_format := _response_format(prompt, shape):
        wanted["response_format"] = response_format
    return {
        shape.renamed.get(name, name): value
        for name, value in wanted.items()
        if name not in shape.dropped
    }


def adapted(shape: Shape, message: str) -> tuple[Shape | None, str]:
    """A shape without what a 400 complained of, and a note of it; None when it named nothing."""
    lowered = message.lower()
    for name, other in (("max_tokens", "max_completion_tokens"),):
        if other in lowered and name not in shape.renamed:
            return replace(shape, renamed={**shape.renamed, name: other}), (
                f"The endpoint refused {name}; {other} was sent instead."
            )
    for name in ("temperature", "max_completion_tokens", "max_tokens"):
        ours = {new: old for old, new in shape.renamed.items()}.get(name, name)
        if re.search(rf"\b{name}\b", lowered) and ours not in shape.dropped:
            return replace(shape, dropped=shape.dropped | {ours}), (
                f"The endpoint refused {name}; it was left out."
            )
    if re.search(r"response_format|json_schema|json_object|schema|structured output", lowered):
        place = FORMATS.index(shape.response_format)
        if place + 1 < len(FORMATS):
            lesser = FORMATS[place + 1]
            return replace(shape, response_format=lesser), (
                f"The endpoint refused the format {shape.response_format}; "
                f"{lesser} was asked for instead."
            )
    return None, ""


def _messages(prompt: Prompt, shape: Shape) -> list[Message]:
    if shape.response_format == "json_schema":
        return list(prompt.messages)
    # Without the schema in the request's format the model has to read it.
    schema = json.dumps(prompt.schema, ensure_ascii=False)
    demand = (
        f"Answer with one JSON object that follows this JSON schema, and nothing else:\n{schema}"
    )
    return [*prompt.messages, {"role": "user", "content": demand}]


def _response_format(prompt: Prompt, shape: Shape) -> dict[str, Any] | None:
    if shape.response_format == "json_schema":
        named = {"name": prompt.name, "strict": True, "schema": prompt.schema}
        return {"type": "json_schema", "json_schema": named}
    if shape.response_format == "json_object":
        return {"type": "json_object"}
    return None
