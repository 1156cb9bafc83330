"""What a line of the log belongs to. Set by whoever begins the work, read by the log's formatter;
each thread has its own."""

from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
run_id: ContextVar[str | None] = ContextVar("run_id", default=None)
