"""`crucible mcp`: the tools for agents, over stdin and stdout."""

import os
import signal
import sys
from functools import partial
from typing import Any

import click

from crucible import config
from crucible.cli import logs, state
from crucible.cli.errors import INTERRUPTED, Failure
from crucible.cli.options import examples, url_option
from crucible.cli.text import is_terminal
from crucible.extras import adding
from crucible.scrub import Scrubber

LIBRARY = ("mcp", "mcp_types")


@click.command(
    short_help="Serve tools for agents, over stdin and stdout.",
    epilog=examples(
        "crucible mcp",
        "crucible mcp --allow-writes",
        "crucible mcp --url http://127.0.0.1:8765",
    ),
)
@click.option(
    "--allow-writes", is_flag=True, help="Also offer start_run, cancel_run and resume_run."
)
@url_option
def mcp(allow_writes: bool) -> None:
    """Serve tools for agents: the Model Context Protocol over stdin and stdout.

    Asks the database here, or the server that --url or CRUCIBLE_URL names. Text that a user, a
    model or a provider wrote is withheld unless a call asks for it. docs/agents.md has the tools
    and the settings of a client. Ends when stdin does.
    """
    server = _library()
    from crucible.mcp.house import House  # noqa: PLC0415 - the library: not for `--help`

    settings = config.load()
    house = House(_opening(state.server_url()), Scrubber(settings.secrets()))
    made = server.build(house, allow_writes=allow_writes)
    logs.configure(settings)  # after the library has put its own handler there
    if is_terminal(sys.stderr):
        click.echo(
            "Speaking MCP on stdin and stdout, for an agent's client. Ctrl-D ends.", err=True
        )
    signal.signal(signal.SIGINT, _leave)
    made.run("stdio")


def _leave(_number: int, _frame: Any) -> None:
    """At once: the library would wait for the next line of stdin, which may never come."""
    os.write(2, b"Stopped.\n")
    os._exit(INTERRUPTED)


def _library() -> Any:
    try:
        from crucible.mcp import server  # noqa: PLC0415 - 700 ms that only this command needs
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in LIBRARY:
            raise
        raise Failure(
            "`crucible mcp` needs the extra `mcp`, which is not installed",
            hint=adding("mcp"),
        ) from error
    return server


def _opening(url: str | None) -> Any:
    """As `source.opened`, with the server known before: tools run in threads of their own, which
    know nothing of a command's options."""
    if url is None:
        from crucible.cli import local_source  # noqa: PLC0415 - SQLAlchemy: not for a server

        return local_source.opened
    from crucible.cli import remote_source  # noqa: PLC0415 - requests: not for the database here

    return partial(remote_source.opened, url)
