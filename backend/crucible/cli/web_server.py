"""waitress, as this house runs it: a request has a time to arrive in and an answer one to be taken
in, no thread waits for a client, and what waitress refuses by itself is refused in our words, with
the headers of every other answer."""

import logging
import time
from typing import Any

import orjson
from flask import Flask
from waitress.channel import (  # type: ignore[import-untyped]
    ClientDisconnected,
    HTTPChannel,
)
from waitress.parser import HTTPRequestParser, ParsingError  # type: ignore[import-untyped]
from waitress.server import create_server  # type: ignore[import-untyped]
from waitress.task import ErrorTask, WSGITask  # type: ignore[import-untyped]

from crucible import context
from crucible.api.blueprint import PROBLEM_JSON
from crucible.api.requests import HEADER
from crucible.api.security import HEADERS
from crucible.cli.serve import LIMITS, MAX_BODY_BYTES, MAX_HEADER_BYTES
from crucible.ids import new_id

REQUEST_SECONDS = 60
"""From the first byte of a request to its last, at most."""
ANSWER_SECONDS = 300
"""For a client to take what it asked for, at most."""
_MOST_FILES = 65_536
_LONGEST_LENGTH = 1000
"""Digits of a `Content-Length`. Python reads no number of more than 4,300 of them."""
_WORDS = {
    400: ("malformed", "this is not a request as HTTP has them"),
    413: ("too_large", f"the body is larger than {MAX_BODY_BYTES // 2**20} MiB"),
    431: ("headers_too_large", f"the headers are larger than {MAX_HEADER_BYTES // 2**10} KiB"),
    500: ("internal", "This is a fault in Int Crucible; the server's log has the details."),
    501: ("not_implemented", "this way of sending a body is not known here"),
}
log = logging.getLogger("crucible.access")


def make_server(app: Flask, connections: dict[int, Any], sockets: list[Any]) -> Any:
    """A server on the one socket given, ready to run."""
    _allow_files()
    server = create_server(app, map=connections, sockets=sockets, **LIMITS)
    server.channel_class = Channel
    usual = server.maintenance

    def maintenance(now: float) -> None:
        for channel in list(server.active_channels.values()):
            if channel.is_given_up(now):
                channel.handle_close()
        usual(now)

    server.maintenance = maintenance
    return server


def _allow_files() -> None:
    """Every connection is one, and may have another for what it sends."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(_MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Answer(WSGITask):  # type: ignore[misc]
    """Waitress hangs up after an answer that does not say its length, also after one that has
    none (204, 304). Who asks again and again whether something changed would connect anew."""

    _lasts = False

    def build_response_header(self) -> Any:
        asked = self.request.headers.get("CONNECTION", "").lower()
        self._lasts = self.version == "1.1" and not self.has_body and asked != "close"
        built = super().build_response_header()
        self._lasts = False
        return built

    def set_close_on_finish(self) -> None:
        if not self._lasts:
            super().set_close_on_finish()


class Refusal(ErrorTask):  # type: ignore[misc]
    """Waitress's own words quote the request, and say who they are by."""

    def execute(self) -> None:
        error = self.request.error
        code, detail = _WORDS.get(error.code, ("http", error.reason))
        request_id = new_id()
        problem = {
            "type": "about:blank",
            "title": error.reason,
            "status": error.code,
            "detail": detail,
            "code": code,
            "errors": {},
            "hint": None,
            "request_id": request_id,
        }
        body = orjson.dumps(problem)
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(HEADERS.items())
        self.response_headers.extend(
            [("Content-Type", PROBLEM_JSON), ("Cache-Control", "no-store"), (HEADER, request_id)]
        )
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
        _log(error.code, len(body), request_id)


def _log(status: int, size: int, request_id: str) -> None:
    """As for any request; what it asked for is not known."""
    context.request_id.set(request_id)
    fields = {"method": "-", "path": "-", "status": status, "ms": 0.0, "bytes": size}
    log.info("- - %s", status, extra=fields)
    context.request_id.set(None)


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """Waitress lets some of what Python cannot read end the connection, and logs its insides."""

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:
            if len(self.headers.get("CONTENT_LENGTH", "")) < _LONGEST_LENGTH:
                # Half a bracket in the address, for one.
                raise ParsingError("this cannot be read") from None
            self.content_length = self.adj.max_request_body_size  # refused as any that is so large


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection."""

    task_class = Answer
    error_task_class = Refusal
    parser_class = Parser
    last_activity: float = 0
    _began: float | None = None
    _owing: float | None = None

    def write_soon(self, data: Any) -> Any:
        # Only who asks again without taking what it asked for gets here. Waitress would have the
        # thread wait until it does, and eight such clients would have all threads.
        if self.total_outbufs_len > self.adj.outbuf_high_watermark:
            raise ClientDisconnected
        return super().write_soon(data)

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Where waitress would wait."""

    def is_given_up(self, now: float) -> bool:
        """Whether the client does not take what it asked for."""
        if not self.total_outbufs_len:
            self._owing = None
            return False
        self._owing = self._owing or now
        silent = self.last_activity < now - self.adj.channel_timeout
        return silent or self._owing < now - ANSWER_SECONDS

    def send_continue(self) -> None:
        # Waitress would ask for the body even of what it has refused already.
        if self.request.error is None:
            super().send_continue()

    def received(self, data: bytes) -> Any:
        answer = super().received(data)
        if self.request is None:
            self._began = None
        else:
            # Waitress closes what has been silent for `channel_timeout`. Bytes that drip in must
            # not put that off for ever.
            self._began = self._began or time.time()
            latest = self._began + REQUEST_SECONDS - self.adj.channel_timeout
            self.last_activity = min(self.last_activity, latest)
        return answer
