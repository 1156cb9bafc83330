"""When runs are traced, and what is said where they cannot be."""

import subprocess
import sys

import pytest
from tests.lab import Lab

from crucible import doctor
from crucible.export import otel_settings
from crucible.export.otel import Traces, traces
from crucible.export.otel_settings import tracing

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
HERE = {ENDPOINT: "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environ", "collector"),
    [
        (HERE, "127.0.0.1:4318"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://tempo.example/v1/traces"},
         "tempo.example:443"),
        ({**HERE, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://[::1]:9/x"}, "[::1]:9"),
        ({**HERE, "OTEL_TRACES_EXPORTER": "console, otlp"}, "127.0.0.1:4318"),
        ({**HERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "127.0.0.1:4318"),
        ({**HERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
          "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, "127.0.0.1:4318"),
        ({**HERE, "OTEL_SDK_DISABLED": "false"}, "127.0.0.1:4318"),
    ],
)  # fmt: skip
def test_a_collector_that_is_named_is_used(environ: dict[str, str], collector: str) -> None:
    assert tracing(environ) == otel_settings.Tracing(collector)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {ENDPOINT: " "},
        {**HERE, "OTEL_SDK_DISABLED": "TRUE"},
        {**HERE, "OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
)
def test_nothing_is_traced_unasked(environ: dict[str, str]) -> None:
    assert tracing(environ) == otel_settings.OFF


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({**HERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        ({**HERE, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "http/protobuf"),
        ({**HERE, "OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER"),
        ({ENDPOINT: "localhost:4318"}, ENDPOINT),
        ({ENDPOINT: "http://me:hunter2hunter2@host:port"}, ENDPOINT),
        ({ENDPOINT: "http://"}, ENDPOINT),
    ],
)
def test_what_cannot_be_is_said_without_values(environ: dict[str, str], says: str) -> None:
    found = tracing(environ)
    assert found.collector is None
    assert found.warning is not None and says in found.warning
    assert "hunter2" not in found.warning


def test_without_the_extra_it_says_what_to_install(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ENDPOINT, HERE[ENDPOINT])
    monkeypatch.setattr(otel_settings, "find_spec", lambda name: None)
    assert type(traces(lab.database, lab.settings, lab.clock)) is Traces
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "-m pip install 'opentelemetry-exporter-otlp" in caplog.text


@pytest.mark.parametrize("installed", [True, False])
def test_doctor_says_whether_runs_are_traced(
    monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    found = installed or None
    monkeypatch.setattr(otel_settings, "find_spec", lambda name: found)
    checks = doctor.examine({ENDPOINT: HERE[ENDPOINT], "CRUCIBLE_LLM": "local"}, offline=True)
    settings = next(check for check in checks if check["name"] == "settings")
    assert settings["status"] == ("ok" if installed else "warning")
    if installed:
        assert "runs are traced to 127.0.0.1:4318" in settings["detail"]
    else:
        assert f"{ENDPOINT} is set, but OpenTelemetry is not installed" in settings["detail"]
        assert "pip install 'opentelemetry-exporter-otlp" in settings["fix"]


WITHOUT = """
import sys, threading
from crucible import config
from crucible.db import Database
from crucible.execution.embedded import EmbeddedExecutor

settings = config.load()
executor = EmbeddedExecutor(Database.open(settings.database_url), settings)
executor.start()
names = {thread.name for thread in threading.enumerate()}
executor.stop(0.1)
# To see whether it is installed, the folders are looked into; no file of it is loaded.
loaded = [module for name, module in sys.modules.items() if name.startswith("opentelemetry")]
print("traces" in names, any(getattr(module, "__file__", None) for module in loaded))
"""


@pytest.mark.parametrize(
    ("environ", "thread"), [({}, False), ({ENDPOINT: "http://127.0.0.1:9"}, True)]
)
def test_nothing_of_it_is_loaded_before_there_is_something_to_send(
    lab: Lab, environ: dict[str, str], thread: bool
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        env={"PATH": "", **lab.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stdout == f"{thread} False\n", ran.stderr
