"""Serving over stdin and stdout: every line that asks is answered.

The library passes over a line that it cannot read, and its client would wait for ever: among them
are such as Python's own `json` writes, for half of a surrogate pair.
"""

import json
from typing import Any

import anyio
import mcp_types as types
from mcp.server import MCPServer
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage

NOT_JSON = "the line is not JSON, or is nested too deeply"
NO_MESSAGE = "this is no message of the protocol"


class Server(MCPServer[Any]):
    async def run_stdio_async(self) -> None:
        async with stdio_server() as (lines, answers):
            await self._lowlevel_server.run(
                Mended(lines, answers),
                answers,
                self._lowlevel_server.create_initialization_options(),
            )


class Mended:
    """The messages of a stream, with those that could not be read mended or answered."""

    def __init__(self, lines: Any, answers: Any) -> None:
        self._lines = lines
        self._answers = answers

    @property
    def last_context(self) -> Any:
        return self._lines.last_context

    async def receive(self) -> Any:
        while True:
            found = await self._lines.receive()
            if not isinstance(found, Exception):
                return found
            mended = _mended(found)
            if isinstance(mended.message, types.JSONRPCError):
                await self._answers.send(mended)
            else:
                return mended

    async def aclose(self) -> None:
        await self._lines.aclose()

    def __aiter__(self) -> "Mended":
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> "Mended":
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.aclose()


def _mended(error: Exception) -> SessionMessage:
    """The message that could not be read, without halves of characters; else what is wrong."""
    try:
        said = json.loads(_line_of(error))
        whole = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return _refusal(types.PARSE_ERROR, NOT_JSON, None)
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(whole, by_name=False))
    except ValueError:  # pydantic's is one
        number = said.get("id") if isinstance(said, dict) else None
        known = number if isinstance(number, str | int) and not isinstance(number, bool) else None
        return _refusal(types.INVALID_REQUEST, NO_MESSAGE, known)


def _line_of(error: Exception) -> str:
    """What pydantic was given: it keeps it with what it says of it."""
    errors = getattr(error, "errors", None)
    found = errors(include_url=False)[0].get("input") if callable(errors) else None
    return found if isinstance(found, str) else json.dumps(found)


def _refusal(code: int, words: str, number: str | int | None) -> SessionMessage:
    said = types.ErrorData(code=code, message=words)
    return SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=number, error=said))
