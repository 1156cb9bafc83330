"""`crucible serve`: the page, the API and the runs, in one process unless told otherwise."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import click

from crucible import config
from crucible.cli import memory
from crucible.cli.options import examples
from crucible.cli.taken_port import address, bound
from crucible.config import Settings
from crucible.llm.prices import require_readable

if TYPE_CHECKING:
    from flask import Flask

    from crucible.db import Database
    from crucible.execution.embedded import EmbeddedExecutor
    from crucible.execution.queue import CeleryQueue

THREADS = 8
STOP_SECONDS = 9.5
TOKEN_LENGTH = 16
SHORT_TOKEN = (
    f"Warning: CRUCIBLE_API_TOKEN has fewer than {TOKEN_LENGTH} characters: it can be guessed. "
    "`openssl rand -hex 32` makes a better one."
)
STOPPING = "Stopping: what is under way is recorded, within ten seconds."
SIGNALS = (signal.SIGINT, signal.SIGTERM)
# The application refuses from 2 MiB on; this bounds what is read before anybody is asked.
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_HEADER_BYTES = 64 * 1024
LIMITS: dict[str, Any] = {
    "threads": THREADS,
    "ident": None,
    "max_request_body_size": MAX_BODY_BYTES,
    "max_request_header_size": MAX_HEADER_BYTES,
    # Many idle connections must not keep others out, nor stay for long.
    "channel_timeout": 30,
    "cleanup_interval": 5,
    "connection_limit": 1000,
    # No further answer is begun while so much waits to be taken.
    "outbuf_high_watermark": 1024 * 1024,
    "asyncore_use_poll": True,
    # Who may say from where a request came is the application's to know (`TRUSTED_PROXIES`).
    "clear_untrusted_proxy_headers": False,
}
"""What each process that serves allows."""


@click.command(
    epilog=examples(
        "crucible serve",
        "crucible serve --port 9000",
        "crucible serve --workers 4",
        "crucible serve --host 0.0.0.0",
    )
)
@click.option(
    "--host",
    help="Address to serve on; CRUCIBLE_HOST unless given. Other than loopback takes a "
    "CRUCIBLE_API_TOKEN.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="CRUCIBLE_PORT unless given; 0 takes a free one and prints it.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that serve; with 2 or more, another one executes all runs. Not on Windows.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="`json` writes one object a line to stderr, with one for every request.",
)
def serve(host: str | None, port: int | None, workers: int, log_format: str) -> None:
    """Serve the page and the API, and run what is started there.

    Creates or upgrades the database. Serves this machine only, unless told otherwise by --host.
    Where CRUCIBLE_API_TOKEN is set, the page asks for it once, and programs send it with every
    request; TLS is left to a proxy in front (docs/deploy.md). Starts no run by itself; picks up
    runs that were waiting when it last stopped. With CRUCIBLE_EXECUTOR=celery it leaves all runs
    to `crucible worker`. Ctrl-C or SIGTERM ends it within ten seconds.
    """
    loaded = config.load()
    if workers > 1 and sys.platform == "win32":
        raise click.UsageError("--workers takes 1 on Windows: it cannot fork processes that serve.")
    settings = replace(
        loaded,
        host=_ip(host if host is not None else loaded.host),
        port=loaded.port if port is None else port,
    )
    _require_token(settings)
    require_readable(settings.prices)
    for number in SIGNALS:
        signal.signal(number, _leave)
    memory.share_heaps()
    with bound(settings.host, settings.port) as listening:
        _judge_token(settings, log_format)
        if workers > 1:
            _serve_many(settings, listening, log_format, workers)
        else:
            _serve(settings, listening, log_format)


def _ip(host: str) -> str:
    """The address to bind."""
    bare = host.strip().lower()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    if bare == "localhost":
        return "127.0.0.1"
    try:
        ip_address(bare)
    except ValueError:
        raise click.UsageError(
            f"{host[:60]!r} is not an address to serve on: 127.0.0.1, ::1, localhost, or an IP "
            "address of this machine."
        ) from None
    return bare


def _require_token(settings: Settings) -> None:
    """Refuses to be reached by another machine without asking it for anything."""
    if ip_address(settings.host).is_loopback or settings.api_token is not None:
        return
    raise click.UsageError(
        f"{settings.host} is not a loopback address: others can reach it, so it takes a token. "
        "Make one, keep it, and start again:\n\n"
        "  export CRUCIBLE_API_TOKEN=$(openssl rand -hex 32)"
    )


def _judge_token(settings: Settings, log_format: str) -> None:
    from crucible.cli import logs  # noqa: PLC0415 - as in `_serve`

    if settings.api_token is not None and len(settings.api_token) < TOKEN_LENGTH:
        click.echo(logs.line(settings, log_format, SHORT_TOKEN), err=True)


def _serve(settings: Settings, listening: socket.socket, log_format: str) -> None:
    # All of this is needed only to serve, and costs half a second.
    from waitress import wasyncore  # type: ignore[import-untyped]  # noqa: PLC0415

    from crucible.api import create_app  # noqa: PLC0415
    from crucible.cli import logs  # noqa: PLC0415
    from crucible.cli.state import opened, prepared  # noqa: PLC0415
    from crucible.cli.web_server import make_server  # noqa: PLC0415

    def say(text: str) -> str:
        return logs.line(settings, log_format, text)

    logs.configure(settings, log_format)
    if made := prepared(settings.database_url):
        click.echo(say(made), err=True)
    with opened(settings.database_url) as database:
        executor = _executor(database, settings)
        app = create_app(settings, executor=executor)
        connections: dict[int, Any] = {}
        server = make_server(app, connections, [listening])
        ending = Ending(executor, listening, lambda: f"{say(STOPPING)}\n".encode())
        ending.listen_for_signals()
        try:
            executor.start()
            port = listening.getsockname()[1]
            click.echo(say(f"Serving on {address(settings.host, port)}"), err=True)
            server.run()
        finally:
            wasyncore.close_all(connections)
            ending.finish()
            release(app)


def _executor(database: "Database", settings: Settings) -> "EmbeddedExecutor | CeleryQueue":
    if settings.executor == "celery":
        from crucible.execution.queue import CeleryQueue  # noqa: PLC0415 - for this case only

        return CeleryQueue(settings, database)
    from crucible.execution.embedded import EmbeddedExecutor  # noqa: PLC0415 - as in `_serve`

    return EmbeddedExecutor(database, settings)


def release(app: "Flask") -> None:
    """Closes the application's connections. Whoever closes a SQLite file last tidies its journal
    into it, so that the file alone is the whole history."""
    from crucible.api.database import db  # noqa: PLC0415 - as in `_serve`

    with app.app_context():
        db.engine.dispose()


def _serve_many(
    settings: Settings, listening: socket.socket, log_format: str, workers: int
) -> None:
    from crucible.cli import logs  # noqa: PLC0415 - as in `_serve`
    from crucible.cli.serve_many import serve_many  # noqa: PLC0415 - gunicorn: for this case only
    from crucible.cli.state import prepared  # noqa: PLC0415

    def say(text: str) -> None:
        click.echo(logs.line(settings, log_format, text), err=True)

    logs.configure(settings, log_format)
    if made := prepared(settings.database_url):
        say(made)
    where = address(settings.host, listening.getsockname()[1])
    serve_many(
        settings,
        listening,
        log_format,
        workers,
        ready=lambda: say(f"Serving on {where}"),
        stopping=lambda: say(STOPPING),
    )


class Ending:
    """Leaves in order: no new connection, no new call, runs ended and recorded, then out."""

    def __init__(
        self,
        executor: "EmbeddedExecutor | CeleryQueue",
        listening: socket.socket,
        farewell: Callable[[], bytes],
    ) -> None:
        self._listening = listening
        self._farewell = farewell
        self._stopper = threading.Thread(target=executor.stop, name="stop", daemon=True)

    def listen_for_signals(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._begin)

    def _begin(self, _number: int, _frame: Any) -> None:
        for number in SIGNALS:
            signal.signal(number, _leave_at_once)
        # A thread pool waits at exit for the calls it has in flight, which may take minutes.
        last_call = threading.Timer(STOP_SECONDS, os._exit, (0,))
        last_call.daemon = True
        last_call.start()
        os.write(2, self._farewell())  # past the buffers, in which the signal may have come
        # Beside the server's own ending, so that the two together keep within ten seconds.
        self._stopper.start()
        self._listening.close()
        _leave(_number, _frame)  # ends the server's loop, which returns

    def finish(self) -> None:
        if self._stopper.ident is not None:
            self._stopper.join()


def _leave(_number: int, _frame: Any) -> None:
    raise SystemExit(0)


def _leave_at_once(_number: int, _frame: Any) -> None:
    sys.stderr.flush()
    os._exit(1)
