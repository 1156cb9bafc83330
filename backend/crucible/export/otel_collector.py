"""One collector, spoken to by OpenTelemetry's own exporter, and what it answered.

The exporter keeps to the environment: address, headers, certificates, compression. What it would
do about an answer is decided here: it tries again for a while itself and takes a redirect for a
success, and it says of a failure only that it was one.
"""

import logging
from collections.abc import Sequence
from typing import Any

import requests
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from crucible.export.otel import Refused, Trouble
from crucible.export.otel_settings import timeout_seconds
from crucible.llm.watch import Watch, WatchedAdapter

# More of an answer is not read.
_ANSWER_BYTES = 64 * 1024
# Asked again, it would say the same.
_FINAL = (400, 413, 422)


class Collector:
    def __init__(self) -> None:
        _hush()
        self._session = _Session()
        self._exporter = OTLPSpanExporter(session=self._session, timeout=timeout_seconds())

    def send(self, spans: Sequence[ReadableSpan]) -> int:
        """How many of them were not taken; the rest were. Raises Trouble, Refused."""
        self._session.failure, self._session.rejected = None, 0
        result = self._exporter.export(spans)
        if self._session.failure is not None:
            raise self._session.failure
        if result is not SpanExportResult.SUCCESS:
            raise Refused("it could not be put into the protocol's form")
        return self._session.rejected

    def hang_up(self) -> None:
        """From another thread: gives up a request that is under way."""
        if (watch := self._session.watch) is not None:
            watch.expire()

    def close(self) -> None:
        self._session.close()


class _Session(requests.Session):
    """Sends once, within the time given for all of it, and keeps what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: Trouble | Refused | None = None
        self.rejected = 0
        self.watch: Watch | None = None
        for scheme in ("http://", "https://"):
            self.mount(scheme, WatchedAdapter())

    def request(self, *given: Any, timeout: float, **named: Any) -> requests.Response:  # type: ignore[override]
        try:
            with Watch(timeout) as self.watch:
                response, body = self._exchange(*given, timeout=timeout, **named)
                if self.watch.expired:  # what came by then may look like an answer
                    raise Trouble(_too_long(timeout))
            self.rejected = _rejected(response, body)
        except (Trouble, Refused) as failure:
            self.failure = failure
            raise
        except Exception as error:  # noqa: BLE001 - its text may quote a header or an address
            self.failure = Trouble(_why(error, self.watch, timeout))
            raise self.failure from None
        finally:
            self.watch = None
        return response

    def _exchange(self, *given: Any, **named: Any) -> tuple[requests.Response, bytes]:
        named["stream"] = True
        with super().request(*given, **named) as response:
            return response, response.raw.read(_ANSWER_BYTES, decode_content=True)


def _rejected(response: requests.Response, body: bytes) -> int:
    """How many spans a collector did not take that took the others. Raises Trouble, Refused."""
    status = response.status_code
    if status in _FINAL:
        raise Refused(f"the collector refused it ({status})")
    if not 200 <= status < 300:
        raise Trouble(f"it answered {status}", _retry_after(response))
    kind = response.headers.get("Content-Type", "")
    if "html" in kind:
        raise Trouble(f"it answered {status} with a page, as no collector does")
    if "protobuf" not in kind:
        return 0
    try:
        answer = ExportTraceServiceResponse.FromString(body)
    except DecodeError:
        raise Trouble(f"it answered {status}, but not as a collector does") from None
    return int(answer.partial_success.rejected_spans)


def _retry_after(response: requests.Response) -> float:
    try:
        return max(0.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return 0.0


def _why(error: Exception, watch: Watch | None, timeout: float) -> str:
    if isinstance(error, requests.Timeout) or (watch is not None and watch.expired):
        return _too_long(timeout)
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate was not accepted, or it speaks no TLS"
    if isinstance(error, requests.ConnectionError):
        return "it could not be reached, or it hung up"
    return f"the request could not be made ({type(error).__name__})"


def _too_long(timeout: float) -> str:
    return f"it did not answer in the time there was (at most {timeout:.3g} s)"


def _hush() -> None:
    """The exporter's own words about failures would come at each try, and those about headers
    would quote them."""
    exporter = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    exporter.setLevel(logging.CRITICAL)
    headers = logging.getLogger("opentelemetry.util.re")
    if _without_the_header not in headers.filters:
        headers.addFilter(_without_the_header)


def _without_the_header(record: logging.LogRecord) -> bool:
    record.msg = "OTEL_EXPORTER_OTLP_HEADERS: one that is not name=value is left out"
    record.args = ()
    return True
