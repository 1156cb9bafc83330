"""Prints the spans of one run as a collector received them: `python -m tests.export.otel_tree`.

The run is a real one, in a process of its own, on a stub model: one answer of it is an error, one
is prose.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.export.collector import Collector, Received
from tests.stub_model import StubModel

SHOWN = (
    "gen_ai.response.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "crucible.call_count",
    "crucible.failed_call_count",
    "crucible.input_tokens",
    "crucible.output_tokens",
    "crucible.cost_usd",
    "crucible.status",
    "crucible.outcome",
    "error.type",
)
WIDTH = 28


def lines(collector: Collector) -> Iterator[str]:
    for root in [each for each in collector.spans if not each.parent]:
        yield from branch(collector, root, root.span.start_time_unix_nano, "", "")


def branch(collector: Collector, each: Received, start: int, head: str, rest: str) -> Iterator[str]:
    took = (each.span.end_time_unix_nano - each.span.start_time_unix_nano) / 1e6
    after = (each.span.start_time_unix_nano - start) / 1e6
    shown = " ".join(facts(each.attributes))
    yield f"{head + each.name:<{WIDTH}} +{after:>4.0f} ms {took:>4.0f} ms  {shown}"
    under = sorted(collector.under(each), key=lambda it: it.span.start_time_unix_nano)
    for place, child in enumerate(under, 1):
        last = place == len(under)
        yield from branch(
            collector,
            child,
            start,
            rest + ("└ " if last else "├ "),
            rest + ("  " if last else "│ "),
        )


def facts(attributes: Mapping[str, object]) -> Iterator[str]:
    for name in SHOWN:
        if (value := attributes.get(name)) is not None:
            shown = f"{value:.8f}" if isinstance(value, float) else value
            yield f"{name.rpartition('.')[2]}={shown}"


def main() -> None:
    stub, collector = StubModel(), Collector()
    stub.plan = lambda n, body: {2: "status 503", 4: "prose"}.get(n, "ok")
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            **os.environ,
            "CRUCIBLE_DATABASE_URL": f"sqlite:///{Path(folder)}/tree.sqlite3",
            "CRUCIBLE_LLM_BASE_URL": stub.url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        }
        command = [sys.executable, "-m", "crucible.cli", "test-run"]
        asked = ["--candidates", "2", "--scenarios", "2"]
        subprocess.run([*command, *asked], env=environ, check=True, capture_output=True)
    collector.wait_for_root()
    sys.stdout.write("\n".join(lines(collector)) + "\n\n")
    chat = next(each for each in collector.spans if each.name.startswith("chat "))
    sys.stdout.writelines(f"{name} = {value!r}\n" for name, value in chat.attributes.items())
    sys.stdout.writelines(f"{name} = {value!r}\n" for name, value in chat.resource.items())
    collector.close()
    stub.close()


if __name__ == "__main__":
    main()
