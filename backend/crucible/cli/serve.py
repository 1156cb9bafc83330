"""`crucible serve`: the page, the API and the runs, in one process."""

import errno
import os
import signal
import socket
import sys
import threading
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import click

from crucible import config
from crucible.cli.errors import Failure
from crucible.cli.options import examples
from crucible.config import Settings
from crucible.errors import ConfigError

if TYPE_CHECKING:
    from crucible.execution.embedded import EmbeddedExecutor

THREADS = 8
STOP_SECONDS = 9.5
STOPPING = b"Stopping: what is under way is recorded, within ten seconds.\n"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
# The application refuses sooner, and in its own words; this bounds what is read before it is asked.
MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_HEADER_BYTES = 64 * 1024


@click.command(epilog=examples("crucible serve", "crucible serve --port 9000"))
@click.option("--host", help="Loopback address to serve on; CRUCIBLE_HOST unless given.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="CRUCIBLE_PORT unless given; 0 takes a free one and prints it.",
)
def serve(host: str | None, port: int | None) -> None:
    """Serve the page and the API, and run what is started there.

    Creates or upgrades the database. Serves this machine only. Starts no run by itself; picks up
    runs that were waiting when it last stopped. Ctrl-C or SIGTERM ends it within ten seconds.
    """
    loaded = config.load()
    if loaded.executor != "embedded":
        raise ConfigError("CRUCIBLE_EXECUTOR: this version runs with `embedded` only")
    settings = replace(
        loaded,
        host=_loopback(host if host is not None else loaded.host),
        port=loaded.port if port is None else port,
    )
    for number in SIGNALS:
        signal.signal(number, _leave)
    with _bound(settings) as listening:
        _serve(settings, listening)


def _loopback(host: str) -> str:
    """The address to bind; refuses any that another machine could reach."""
    bare = host.strip().removeprefix("[").removesuffix("]").lower()
    if bare == "localhost":
        return "127.0.0.1"
    try:
        if ip_address(bare).is_loopback:
            return bare
    except ValueError:
        pass
    raise click.UsageError(
        f"{host!r} is not a loopback address. This version serves its own machine only: "
        "127.0.0.1, ::1 or localhost."
    )


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise Failure(*_unbindable(settings, error)) from error
    return listening


def _unbindable(settings: Settings, error: OSError) -> tuple[str]:
    where = _address(settings.host, settings.port)
    if error.errno == errno.EADDRINUSE:
        return (f"{where} is in use already; `crucible serve --port N` takes another port",)
    return (f"cannot serve on {where}: {error.strerror}",)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _serve(settings: Settings, listening: socket.socket) -> None:
    # All of this is needed only to serve, and costs half a second.
    from waitress import wasyncore  # type: ignore[import-untyped]  # noqa: PLC0415
    from waitress.server import create_server  # type: ignore[import-untyped]  # noqa: PLC0415

    from crucible import migrate  # noqa: PLC0415
    from crucible.api import create_app  # noqa: PLC0415
    from crucible.cli import logs  # noqa: PLC0415
    from crucible.cli.state import opened  # noqa: PLC0415
    from crucible.execution.embedded import EmbeddedExecutor  # noqa: PLC0415

    logs.configure(settings)
    migrate.ensure(settings.database_url)
    with opened(settings.database_url) as database:
        executor = EmbeddedExecutor(database, settings)
        connections: dict[int, Any] = {}
        server = create_server(
            create_app(settings, executor=executor),
            map=connections,
            sockets=[listening],
            threads=THREADS,
            ident=None,
            max_request_body_size=MAX_BODY_BYTES,
            max_request_header_size=MAX_HEADER_BYTES,
            # Many idle connections must not keep others out, nor stay for long.
            channel_timeout=30,
            connection_limit=1000,
            asyncore_use_poll=True,
        )
        ending = Ending(executor, listening)
        ending.listen_for_signals()
        try:
            executor.start()
            port = listening.getsockname()[1]
            click.echo(f"Serving on {_address(settings.host, port)}", err=True)
            server.run()
        finally:
            wasyncore.close_all(connections)
            ending.finish()


class Ending:
    """Leaves in order: no new connection, no new call, runs ended and recorded, then out."""

    def __init__(self, executor: "EmbeddedExecutor", listening: socket.socket) -> None:
        self._listening = listening
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
        os.write(2, STOPPING)  # past the buffers, in which the signal may have come
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
