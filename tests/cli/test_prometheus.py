"""docs/metrics.md on Prometheus, held against the code and against Prometheus itself."""

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from prometheus_client.core import CounterMetricFamily, GaugeHistogramMetricFamily, InfoMetricFamily
from tests.fakes import FakeClock
from tests.seed import new_database

from crucible.db import Database
from crucible.export.prometheus import METRICS
from crucible.services.history.sample import add_sample

from .process import environment, start

TOKEN = "6f1d0c5b9a7e4823"
DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def section() -> str:
    return DOCUMENT.read_text().partition("\n## Prometheus")[2].partition("\n## ")[0]


def blocks(section: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)


def questions(section: str) -> list[str]:
    (text,) = blocks(section, "promql")
    asked = [line for line in text.splitlines() if line and not line.startswith("#")]
    return asked + re.findall(r"expr: (.+)", section)


def test_the_document_lists_what_is_sent(section: str) -> None:
    rows = re.findall(r"^\| `(crucible_\w+)` \| ([\w ]+) \|(.*?)\|", section, re.MULTILINE)
    listed = [(name, kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows]
    kinds = {
        CounterMetricFamily: ("counter", "_total", ()),
        InfoMetricFamily: ("info", "_info", None),
        GaugeHistogramMetricFamily: ("gauge histogram", "", ()),
    }
    sent = []
    for metric in METRICS:
        kind, suffix, more = kinds.get(metric.type, ("gauge", "", ()))
        if more is None:  # the label that an info is about is named in its help
            more = tuple(re.findall(r"`(\w+)`", metric.help))
        sent.append((metric.name + suffix, kind, (*metric.labels, *more)))
    assert listed == sent


@contextmanager
def prometheus(folder: Path, config: str, rules: str) -> Iterator[str]:
    """Prometheus on a port of its own; its address."""
    (folder / "rules.yml").write_text(rules)
    (folder / "prometheus.yml").write_text(f"rule_files: [rules.yml]\n{config}")
    checked = subprocess.run(
        ["promtool", "check", "config", folder / "prometheus.yml"], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)


def asked(address: str, question: str) -> Any:
    answer = urlopen(f"{address}/api/v1/query?{urlencode({'query': question})}", timeout=30)
    found = json.load(answer)
    assert found["status"] == "success"
    return found["data"]["result"]


def scraped(address: str, folder: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if asked(address, "up == 1"):
                return
        except OSError:
            pass  # it is starting
        assert time.monotonic() < until, (folder / "log").read_text()
        time.sleep(0.05)


def test_prometheus_takes_it_as_the_document_says(tmp_path: Path, section: str) -> None:
    url = new_database(tmp_path, tmp_path)
    database = Database.open(url)
    add_sample(database, FakeClock(), 60, 4, "Sample history")
    database.close()
    scraping, rules = blocks(section, "yaml")
    token = tmp_path / "token"
    token.write_text(TOKEN)
    env = environment(CRUCIBLE_DATABASE_URL=url, CRUCIBLE_API_TOKEN=TOKEN)
    with start("serve", "--port", "0", env=env) as server:
        ours = server.line().split()[-1]
        config = (
            scraping.replace("/etc/prometheus/crucible-token", str(token))
            .replace("127.0.0.1:8765", ours.removeprefix("http://"))
            .replace("scrape_interval: 30s", "scrape_interval: 1s")
        )
        with prometheus(tmp_path, config, rules) as theirs:
            scraped(theirs, tmp_path)
            runs = asked(theirs, "sum(crucible_runs)")
            cost = asked(theirs, "sum(crucible_llm_cost_usd)")
            count = asked(theirs, "sum(crucible_run_duration_seconds_gcount)")
            answers = {each: asked(theirs, each) for each in questions(section)}
        every = Request(
            f"{ours}/api/runs/summary?limit=200", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        page = json.load(urlopen(every, timeout=30))
        server.interrupt()
        assert server.end()[0] == 0
    totals = [run["llm_usage"]["total"] for run in page["runs"] if run["llm_usage"]]
    spent = sum(Decimal(repr(each["cost_usd"])) for each in totals if each["cost_usd"] is not None)
    assert runs[0]["value"][1] == "60"
    assert float(cost[0]["value"][1]) == pytest.approx(float(spent), rel=1e-12)
    assert int(count[0]["value"][1]) == sum(
        run["duration_seconds"] is not None for run in page["runs"]
    )
    assert len(answers) == 8
    titled = next(found for asked, found in answers.items() if "group_left" in asked)
    assert [each["metric"]["title"] for each in titled] == ["Sample history"]
