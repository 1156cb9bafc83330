"""What is wrong with a tool's arguments, in our words: the library's quote what came, and name
its own types."""

from collections.abc import Mapping, Sequence
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from pydantic import ValidationError

MOST = 5
"""Arguments named in one answer: a call may have a hundred thousand that there are not."""
_TAKES = {
    "missing": "is required",
    "extra_forbidden": "there is no such argument",
    "literal_error": "takes one of {expected}",
    "greater_than_equal": "takes a number from {ge}",
    "less_than_equal": "takes a number up to {le}",
    "string_too_long": "takes at most {max_length} characters",
    "string_too_short": "takes at least {min_length} characters",
    "string_unicode": "takes valid Unicode; this has half of a surrogate pair",
}
# By the first word of an error's type: `int_parsing`, `int_type`, `int_from_float` ...
_KINDS = {
    "int": "takes a whole number",
    "float": "takes a number",
    "bool": "takes true or false",
    "string": "takes text",
    "list": "takes a list",
    "dict": "takes an object",
}


class WordedTool(Tool):
    """A tool that refuses wrong arguments in words of ours."""

    async def run(self, arguments: dict[str, Any], *rest: Any, **more: Any) -> Any:
        try:
            self.fn_metadata.validate_arguments(arguments)
        except ValidationError as error:
            said = f"Error executing tool {self.name}: invalid: {words(error)}"
            raise ToolError(said) from None
        return await super().run(arguments, *rest, **more)


def words(error: ValidationError) -> str:
    """`limit: takes a number up to 50; colour: there is no such argument`; bounded, on one line."""
    found: dict[str, str] = {}
    for each in error.errors(include_url=False, include_input=False):
        # Of the several things that an argument may be the first is told.
        found.setdefault(_path(each["loc"]), _takes(each))
    shown = [f"{path}: {takes}" for path, takes in list(found.items())[:MOST]]
    more = len(found) - len(shown)
    return "; ".join([*shown, *([f"and {more:,} more"] if more else [])])


def _takes(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx") or {}
    if kind in _TAKES:
        # Bounds and choices are those of our own signatures.
        return _TAKES[kind].format(**context)
    return _KINDS.get(kind.partition("_")[0], "is not what it takes")


def _path(loc: Sequence[Any]) -> str:
    """The argument, and its item or field: what follows names types of the library."""
    head, *rest = loc or ("arguments",)
    inner = rest[0] if rest else None
    if isinstance(inner, int):
        return f"{_readable(head)}[{inner}]"
    return f"{_readable(head)}.{_readable(inner)}" if _is_key(loc) else _readable(head)


def _is_key(loc: Sequence[Any]) -> bool:
    return len(loc) > 1 and loc[0] == "budget"


def _readable(name: Any) -> str:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(name)[:60])
    return shown if len(str(name)) <= 60 else f"{shown}…"
