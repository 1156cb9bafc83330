"""`GET /metrics`: the history's own figures, in labels that stay few and are fit to be shown."""

import math
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update
from tests.api.conftest import KEY, disposed
from tests.engines import Holder
from tests.fakes import FakeClock
from tests.seed import START, add_phase, add_project, add_run, failed
from tests.seed_history import usage

import crucible
from crucible import config
from crucible.api import create_app
from crucible.db import Database
from crucible.errors import ErrorKind
from crucible.models import Run
from crucible.recorder.lease import Owner, claim
from crucible.recorder.revision import CAME, bump
from crucible.services import tallies
from crucible.services.history.sample import add_sample

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
Labels = frozenset[tuple[str, str]]


class Scraped:
    """What a scrape says, by name and labels."""

    def __init__(self, text: str, families: Callable[[str], Any]) -> None:
        self.types: dict[str, str] = {}
        self.values: dict[str, dict[Labels, float]] = defaultdict(dict)
        for family in families(text):
            self.types[family.name] = family.type
            for sample in family.samples:
                labels = frozenset(sample.labels.items())
                assert labels not in self.values[sample.name], "said twice"
                self.values[sample.name][labels] = sample.value

    def get(self, name: str, **labels: str) -> float | None:
        return self.values[name].get(frozenset(labels.items()))

    def sums(self, name: str, *by: str, **where: str) -> dict[tuple[str, ...], Decimal]:
        """Added up as the decimals that were sent."""
        found: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        for labels, value in self.values[name].items():
            said = dict(labels)
            if where.items() <= said.items():
                found[tuple(said[each] for each in by)] += Decimal(repr(value))
        return dict(found)

    def labels(self, name: str) -> set[str]:
        """Values of a label, wherever it stands."""
        every = (labels for found in self.values.values() for labels in found)
        return {value for labels in every for label, value in labels if label == name}


def scrape(client: FlaskClient, accept: str = "") -> Scraped:
    answer = client.get("/metrics", headers={"Accept": accept} if accept else {})
    assert answer.status_code == 200, answer.text
    is_open = answer.mimetype == "application/openmetrics-text"
    families = (
        openmetrics.text_string_to_metric_families if is_open else (text_string_to_metric_families)
    )
    return Scraped(answer.text, families)


def every_run(client: FlaskClient, project_id: str) -> list[dict[str, Any]]:
    path = f"/api/projects/{project_id}/runs/summary?limit=200"
    page = client.get(path).json
    runs: list[dict[str, Any]] = page["runs"]
    while page["has_more"]:
        page = client.get(f"{path}&cursor={page['next_cursor']}").json
        runs += page["runs"]
    return runs


@pytest.fixture
def seeded(client: FlaskClient, database: Database, clock: FakeClock) -> list[str]:
    for seed, title in ((1, "One"), (2, "Two")):
        add_sample(database, clock, 110, seed, title)
    return [project["id"] for project in client.get("/api/projects").json["projects"]]


def total(runs: list[dict[str, Any]], name: str) -> Decimal | None:
    known = [
        Decimal(repr(value))
        for run in runs
        if run["llm_usage"] and (value := run["llm_usage"]["total"][name]) is not None
    ]
    return sum(known) if known else None  # type: ignore[return-value]


def test_every_figure_is_the_history_s_own(client: FlaskClient, seeded: list[str]) -> None:
    found = scrape(client)
    of_totals = {
        "crucible_llm_calls": "call_count",
        "crucible_llm_calls_failed": "failed_call_count",
        "crucible_llm_calls_retried": "retry_count",
        "crucible_llm_calls_unmetered": "unmetered_call_count",
        "crucible_llm_calls_unpriced": "unpriced_call_count",
        "crucible_llm_cost_usd": "cost_usd",
    }
    of_kinds = {
        ("crucible_llm_tokens", "input"): "input_tokens",
        ("crucible_llm_tokens", "output"): "output_tokens",
        ("crucible_llm_tokens_within", "cached_input"): "cached_input_tokens",
        ("crucible_llm_tokens_within", "cache_write"): "cache_write_tokens",
        ("crucible_llm_tokens_within", "reasoning"): "reasoning_tokens",
    }
    every: list[dict[str, Any]] = []
    for project in seeded:
        runs = every_run(client, project)
        every += runs
        states = Counter((run["mode"], run["status"]) for run in runs)
        told = found.sums("crucible_runs", "mode", "status", project=project)
        assert {key: count for key, count in told.items() if count} == states
        kinds = Counter(run["error"]["kind"] for run in runs if run["status"] == "failed")
        told = found.sums("crucible_runs_failed", "kind", project=project)
        assert {key: count for (key,), count in told.items() if count} == kinds
        for name, column in of_totals.items():
            assert found.sums(name, "project")[project,] == total(runs, column), name
        for (name, kind), column in of_kinds.items():
            assert found.sums(name, "project", kind=kind)[project,] == total(runs, column), kind
        verdict = client.get(f"/api/projects/{project}/runs/health").json["verdict"]
        for each in ("ok", "degraded", "failing", "unknown"):
            said = found.get("crucible_project_health", project=project, verdict=each)
            assert said == (each == verdict)
        ends = found.get(
            "crucible_last_run_end_timestamp_seconds", project=project, status="completed"
        )
        newest = max(run["completed_at"] for run in runs if run["status"] == "completed")
        assert ends and abs(ends - START.fromisoformat(newest).timestamp()) < 0.001
    phases: dict[str, Decimal] = defaultdict(Decimal)
    for run in every:
        for name, made in run["metrics"]["resource_breakdown"].items():
            phases[name] += made["llm_calls"]
    assert {
        key: n for (key,), n in found.sums("crucible_phase_llm_calls", "phase").items()
    } == phases
    assert found.get("crucible_projects") == len(seeded)
    assert found.get("crucible_build_info", version=crucible.__version__) == 1


def test_durations_are_counted_once_each_and_add_up(client: FlaskClient, seeded: list[str]) -> None:
    found = scrape(client)
    name = "crucible_run_duration_seconds"
    for project in seeded:
        for status in ("completed", "failed", "cancelled"):
            took = [
                Decimal(repr(run["duration_seconds"]))
                for run in every_run(client, project)
                if run["status"] == status and run["duration_seconds"] is not None
            ]
            buckets = found.sums(f"{name}_bucket", "le", project=project, status=status)
            upto = {float(le): int(count) for (le,), count in buckets.items()}
            assert upto == {le: sum(float(s) <= le for s in took) for le in upto}
            assert math.inf in upto or not took
            sums = found.sums(f"{name}_gsum", project=project, status=status)
            assert sums.get((), 0) == sum(took)
    phases = found.sums("crucible_phase_duration_seconds_gcount", "phase")
    runs = [run for project in seeded for run in every_run(client, project)]
    # One for each attempt of a phase: of runs that were resumed there are more.
    assert phases["design",] >= sum("design" in run["metrics"]["phase_timings"] for run in runs)


def test_both_formats_say_the_same_and_no_other_is_claimed(
    client: FlaskClient, seeded: list[str]
) -> None:
    plain, opened = scrape(client), scrape(client, OPENMETRICS)
    for each in (plain, opened):
        del each.values["crucible_scrape_duration_seconds"]
    assert plain.values == opened.values
    assert opened.types["crucible_run_duration_seconds"] == "gaugehistogram"
    counters = {name for name, kind in opened.types.items() if kind == "counter"}
    assert counters == {"crucible_changes"}, "all else falls when runs are deleted"

    def kind(accept: str) -> str:
        answer = client.get("/metrics", headers={"Accept": accept})
        assert answer.status_code == 200
        return str(answer.headers["Content-Type"])

    text = "text/plain; version=0.0.4; charset=utf-8"
    assert kind(PROMETHEUS).startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    for accept in (
        "text/html,*/*;q=0.1",
        "text/plain;version=0.0.4",
        "text/plain;version=99.0.0",
        "application/openmetrics-text;version=one",
        "application/openmetrics-text;version=2.0.0",
        'text/plain;version="1.0.0"',
        ";;,=;version=,",
    ):
        assert kind(accept) == text, accept


def test_it_answers_as_everything_else_does(client: FlaskClient, seeded: list[str]) -> None:
    small = client.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    opened = client.get("/metrics", headers={"Accept": OPENMETRICS, "Accept-Encoding": "gzip"})
    assert opened.headers["Content-Encoding"] == "gzip"
    assert {word.strip() for word in small.headers["Vary"].split(",")} >= {
        "Accept", "Accept-Encoding",
    }  # fmt: skip
    assert small.headers["Cache-Control"] == "no-store"
    head = client.head("/metrics")
    assert (head.status_code, head.data) == (200, b"") and head.content_length
    for method in ("post", "put", "delete", "patch"):
        answer = getattr(client, method)("/metrics")
        assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
        assert "GET" in answer.headers["Allow"]
    unknown = client.get("/metrics?name[]=crucible_runs")
    assert (unknown.status_code, unknown.mimetype) == (422, "application/problem+json")
    assert unknown.json["errors"] == {"name[]": ["there is no such parameter"]}


def test_a_history_that_takes_too_long_says_when_to_ask_again(
    client: FlaskClient, seeded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "PATIENCE_SECONDS", -1)
    answer = client.get("/metrics")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.json["code"] == "unavailable" and int(answer.headers["Retry-After"]) > 0
    monkeypatch.undo()
    assert scrape(client).get("crucible_projects") == len(seeded)


def test_nothing_has_happened_yet(client: FlaskClient) -> None:
    found = scrape(client)
    assert found.get("crucible_projects") == 0
    assert found.values["crucible_runs"] == {}
    assert found.get("crucible_runs_live", status="running") == 0
    assert found.get("crucible_max_active_runs") == 8
    assert found.get("crucible_oldest_heartbeat_age_seconds") is None, "unknown is not 0"


def test_unknown_is_not_nothing(client: FlaskClient, database: Database) -> None:
    with database.writing() as session:
        priced, free, dark, idle = (add_project(session) for _ in range(4))
        add_run(session, priced, **usage(4, pico=1_234_567_890_123, unpriced_call_count=1))
        add_run(session, free, **usage(4, pico=0))
        add_run(session, dark, **usage(4) | {"cost_pico": None, "wasted_cost_pico": None,
                "input_tokens": None, "output_tokens": None, "unpriced_call_count": 4})  # fmt: skip
        add_run(session, idle)
        ids = [project.id for project in (priced, free, dark, idle)]
        bump(session, CAME)
    found = scrape(client)
    costs = found.sums("crucible_llm_cost_usd", "project")
    assert costs == {(ids[0],): Decimal("4.938271560492"), (ids[1],): 0}
    unpriced = found.sums("crucible_llm_calls_unpriced", "project")
    assert unpriced == {(ids[0],): 1, (ids[1],): 0, (ids[2],): 4}
    assert set(found.sums("crucible_llm_tokens", "project")) == {(ids[0],), (ids[1],)}


def test_a_first_failure_is_seen_beside_the_zero_before_it(
    client: FlaskClient, database: Database
) -> None:
    with database.writing() as session:
        project = add_project(session)
        add_run(session, project)
        bump(session, CAME)
    before = scrape(client).sums("crucible_runs_failed", "kind", project=project_of(client))
    assert before == {(kind,): 0 for kind in [*map(str, ErrorKind), "unknown"]}
    with database.writing() as session:
        add_run(session, session.get_one(type(project), project_of(client)), **failed())
        bump(session, CAME)
    after = scrape(client).sums("crucible_runs_failed", "kind", project=project_of(client))
    assert after == before | {("provider_rate_limited",): 1}


def project_of(client: FlaskClient) -> str:
    return str(client.get("/api/projects").json["projects"][0]["id"])


@pytest.fixture
def lost(client: FlaskClient, project_id: str, database: Database, clock: FakeClock) -> str:
    run_id = client.post(f"/api/projects/{project_id}/runs", json={}).json["id"]
    assert claim(database, clock, run_id, Owner.current())
    gone = {**asdict(Owner.current()), "process_started": "1"}
    with database.writing() as session:
        session.execute(update(Run).where(Run.id == run_id).values(owner=gone))
    return str(run_id)


def test_a_death_is_noticed_first(
    client: FlaskClient, lost: str, project_id: str, url: str
) -> None:
    with Holder(url):  # also where its end cannot be written down
        held = scrape(client)
    written = scrape(client)
    for found in (held, written):
        states = found.sums("crucible_runs", "status", project=project_id)
        assert {key: count for (key,), count in states.items() if count} == {"failed": 1}
        assert found.get("crucible_runs_failed", project=project_id, kind="worker_lost") == 1
        assert found.get("crucible_runs_live", status="running") == 0


HOSTILE = [
    'a"}\ncrucible_runs{project="x",mode="y",status="failed"} 1e9\n# EOF',
    'back\\slash\\n and \\" quote',
    "right\u202eto left\u2066 marks\u200b",
    "\x1b]0;title\x07\x1b[31mred",
    "NUL\x00 and bell\x07",
    "emoji \U0001f4a5 and \u0338combining",
    "=HYPERLINK(1)" * 400,
    "",
    f"a key {KEY}",
]


def test_others_words_stay_labels(client: FlaskClient, database: Database) -> None:
    with database.writing() as session:
        for place, text in enumerate(HOSTILE):
            project = add_project(session, title=text)
            models = {text or "m": 2, "twin\u202e5": 1, "twin 5": 0}
            run = add_run(session, project, config={}, **usage(2, models=models))
            add_phase(session, run, "design", **usage(2, models=models))
            twin = f"twin{chr(0x200E + place % 2)}5"
            add_run(session, project, config={}, **usage(1, models={twin: 1}))
        bump(session, CAME)
    for accept in ("", OPENMETRICS):
        found = scrape(client, accept)
        titles = {dict(labels)["title"] for labels in found.values["crucible_project_info"]}
        assert len(found.values["crucible_project_info"]) == len(HOSTILE)
        said = titles | found.labels("model")
        assert all(text.isprintable() and len(text) <= 120 for text in said)
        assert not [text for text in said if KEY in text]
        assert found.sums("crucible_runs") == {(): 2 * len(HOSTILE)}
        assert found.sums("crucible_llm_calls") == {(): 3 * len(HOSTILE)}
        assert "twin 5" in said


@pytest.mark.sqlite
def test_labels_stay_few_and_nothing_is_left_out(client: FlaskClient, database: Database) -> None:
    with database.writing() as session:
        for place in range(500):
            project = add_project(session, title=f"P{place}")
            add_run(session, project, **usage(1, models={f"model {place % 60}": 1}))
        newest = project.id
        bump(session, CAME)
    found = scrape(client)
    projects = found.labels("project")
    assert len(projects) == 51 and {"other", newest} <= projects
    assert len(found.labels("model")) == 21 and "other" in found.labels("model")
    assert found.sums("crucible_runs") == {(): 500}
    assert (
        found.get("crucible_runs", project="other", mode="full_search", status="completed") == 450
    )
    assert found.sums("crucible_llm_calls") == {(): 500}
    assert found.sums("crucible_llm_cost_usd") == {(): Decimal("1.25")}
    assert found.get("crucible_projects") == 500
    assert sum(map(len, found.values.values())) < 5_000


def test_promtool_finds_nothing_to_say(client: FlaskClient, seeded: list[str], lost: str) -> None:
    said = client.get("/metrics").data
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=said, capture_output=True, timeout=60
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.fixture
def guarded(url: str, clock: FakeClock) -> Iterator[FlaskClient]:
    environ = {"CRUCIBLE_DATABASE_URL": url, "CRUCIBLE_API_TOKEN": "a-token-of-some-length"}
    with disposed(create_app(config.load(environ), clock=clock)) as app:
        yield app.test_client()


def test_where_a_token_is_asked_for_it_is_asked_for_here(guarded: FlaskClient) -> None:
    refused = guarded.get("/metrics")
    assert (refused.status_code, refused.json["code"]) == (401, "unauthorized")
    bearer = {"Authorization": "Bearer a-token-of-some-length"}
    assert guarded.get("/metrics", headers=bearer).status_code == 200


@pytest.mark.sqlite
def test_only_who_scrapes_loads_the_library(url: str) -> None:
    code = (
        "import sys\n"
        "from crucible import config\n"
        "from crucible.api import create_app\n"
        "app = create_app(config.load())\n"
        "assert 'prometheus_client' not in sys.modules\n"
        "assert app.test_client().get('/metrics').status_code == 200\n"
        "assert 'prometheus_client' in sys.modules\n"
    )
    environ = {"CRUCIBLE_DATABASE_URL": url, "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", code], env=environ, check=True, timeout=60)
