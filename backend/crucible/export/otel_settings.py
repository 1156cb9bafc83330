"""Whether attempts at runs are to be traced: the one place that reads OpenTelemetry's variables.

They are its SDK's, not ours, and have its names and meanings on every system; so they do not stand
in the table of `config.py`. What is about the sending alone (headers, certificates, compression,
the resource's attributes) the SDK reads by itself. docs/tracing.md lists both.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from crucible.extras import adding

PROTOCOL = "http/protobuf"
LIMIT = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"
USUAL_SECONDS = 10.0
# Some take the variable for milliseconds, which does no harm; no clock waits for ever.
LONGEST_SECONDS = 1e6
_EXPORTER = "opentelemetry.exporter.otlp.proto.http"


@dataclass(frozen=True)
class Tracing:
    collector: str | None = None
    """Host and port that traces go to, for people; None where nothing is traced."""
    warning: str | None = None
    """Why nothing is traced although somebody wants it, or what is done otherwise than asked."""
    fix: str | None = None
    """The command that mends it, where one does."""


OFF = Tracing()


def tracing(environ: Mapping[str, str] | None = None) -> Tracing:
    env = os.environ if environ is None else environ
    name, endpoint = _of_traces(env, "ENDPOINT")
    if not endpoint or _read(env, "OTEL_SDK_DISABLED").lower() == "true":
        return OFF
    exporters = {part.strip() for part in _read(env, "OTEL_TRACES_EXPORTER").split(",")}
    if exporters == {"none"}:
        return OFF
    if not exporters & {"otlp", ""}:
        return _off("OTEL_TRACES_EXPORTER names no exporter that there is here: otlp")
    spoken, protocol = _of_traces(env, "PROTOCOL")
    if protocol not in ("", PROTOCOL):
        return _off(
            f"{spoken} asks for another protocol than {PROTOCOL}, the one spoken here: set it to "
            f"{PROTOCOL}, and {name} to the collector's port for it (usually 4318)"
        )
    if (collector := _host_and_port(endpoint)) is None:
        return _off(f"{name} is not an address such as http://127.0.0.1:4318")
    if not _installed():
        lacking = f"{name} is set, but OpenTelemetry is not installed (the extra `otel`)"
        return _off(lacking, adding("otel"))
    if not re.fullmatch(r"[0-9]{0,18}", _read(env, LIMIT)):
        # The SDK reads it as it is loaded, and breaks.
        return _off(f"{LIMIT} is not a whole number of at least 0: unset it")
    late, given = _of_traces(env, "TIMEOUT")
    if given and _seconds(given) is None:
        said = f"{late} is not a number of seconds above 0: {USUAL_SECONDS:g} s is taken"
        return Tracing(collector, warning=said)
    return Tracing(collector)


def timeout_seconds(environ: Mapping[str, str] | None = None) -> float:
    """For one exchange with the collector."""
    _, given = _of_traces(os.environ if environ is None else environ, "TIMEOUT")
    return _seconds(given) or USUAL_SECONDS


def _seconds(given: str) -> float | None:
    try:
        seconds = float(given)
    except ValueError:
        return None
    return seconds if 0 < seconds <= LONGEST_SECONDS else None


def _off(why: str, fix: str | None = None) -> Tracing:
    # Never with a value: an address may hold a password.
    return Tracing(warning=f"runs are not traced: {why}", fix=fix)


def _of_traces(env: Mapping[str, str], what: str) -> tuple[str, str]:
    """The variable that counts, and its value; one for traces goes before that for all."""
    names = (f"OTEL_EXPORTER_OTLP_TRACES_{what}", f"OTEL_EXPORTER_OTLP_{what}")
    name = next((name for name in names if _read(env, name)), names[1])
    return name, _read(env, name)


def _read(env: Mapping[str, str], name: str) -> str:
    return env.get(name, "").strip()


def _host_and_port(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    if not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{port}"


def _installed() -> bool:
    try:
        # Finds it without loading it: what stands above it are folders.
        return find_spec(_EXPORTER) is not None and find_spec("opentelemetry.sdk") is not None
    except ImportError:
        return False
