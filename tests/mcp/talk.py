"""Talks to the tools as a client does: the `mcp` package's own, and this side of the pipe."""

import json
from dataclasses import dataclass
from typing import Any

import jsonschema
from mcp.server import MCPServer
from tests.mcp.loops import run

from mcp import Client


class Refused(Exception):
    """The tool said no; the text is what an agent reads."""


@dataclass
class Talk:
    server: MCPServer[Any]

    def tools(self) -> dict[str, Any]:
        async def ask() -> dict[str, Any]:
            async with Client(self.server) as client:
                return {tool.name: tool for tool in (await client.list_tools()).tools}

        return run(ask)

    def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer, held against the schema that the tool announces."""

        async def call() -> Any:
            async with Client(self.server) as client:
                schemas = {
                    each.name: each.output_schema for each in (await client.list_tools()).tools
                }
                return await client.call_tool(tool, arguments), schemas[tool]

        result, schema = run(call)
        if result.is_error:
            raise Refused(result.content[0].text)
        answer: dict[str, Any] = result.structured_content
        assert json.loads(result.content[0].text) == answer
        jsonschema.validate(answer, schema)
        return answer
