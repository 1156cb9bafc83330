"""The least that could answer the page of runs: bare Flask, waitress, a driver and json.

python -m tests.benchmarks.floor DATABASE_URL

It reads the same columns by the same indexes and sends the same JSON, for one project:
    GET /runs?project=ID&sort=-created_at|-cost_usd[&status=S][&cursor=C]
It has no tag, no validation, no log, no guard, no second order, no look for dead workers.
Prints its port on a line of its own.
"""

import json
import sqlite3
import sys
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, request
from waitress.server import create_server  # type: ignore[import-untyped]

THREADS = 8  # as `crucible serve` has
USAGE = (
    "call_count failed_call_count retry_count input_tokens output_tokens total_tokens "
    "cached_input_tokens cache_write_tokens reasoning_tokens unmetered_call_count cost_pico "
    "unpriced_call_count wasted_cost_pico providers models"
).split()
RUN = (
    "id number project_id status mode label attempt ledger notes created_at started_at "
    "completed_at "
    "updated_at attempt_started_at duration_seconds candidate_count scenario_count "
    "evaluation_count error_kind error_phase error_summary error_message error_hint "
    "error_fingerprint error_occurred_at sort_cost"
).split()
PHASE = (
    "run_id attempt position name status started_at completed_at duration_seconds expected produced"
).split()
LIMIT = 20


class SQLite:
    """One connection for each thread, with the pragmas that reading needs."""

    mark = "?"

    def __init__(self, path: str) -> None:
        self._path = path
        self._own = threading.local()

    def rows(self, sql: str, values: list[Any]) -> list[Any]:
        if not hasattr(self._own, "connection"):
            self._own.connection = sqlite3.connect(self._path)
            self._own.connection.row_factory = sqlite3.Row
        found: list[Any] = self._own.connection.execute(sql, values).fetchall()
        return found

    @staticmethod
    def moment(value: Any) -> str | None:
        return None if value is None else f"{value[:10]}T{value[11:23]}Z"

    @staticmethod
    def sent(value: str) -> str:
        return f"{value[:10]}T{value[11:]}+00:00"

    @staticmethod
    def stored(value: str) -> str:
        return value[:26].replace("T", " ")

    parsed = staticmethod(json.loads)


class PostgreSQL:
    mark = "%s"

    def __init__(self, url: str) -> None:
        self._url = url
        self._own = threading.local()

    def rows(self, sql: str, values: list[Any]) -> list[Any]:
        import psycopg  # noqa: PLC0415 - only where it is asked
        from psycopg.rows import dict_row  # noqa: PLC0415

        if not hasattr(self._own, "connection"):
            self._own.connection = psycopg.connect(
                self._url,
                autocommit=True,
                row_factory=dict_row,  # type: ignore[arg-type]
            )
        found: list[Any] = self._own.connection.execute(sql, values).fetchall()
        return found

    @staticmethod
    def moment(value: datetime | None) -> str | None:
        if value is None:
            return None
        text = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        return f"{text}{value.microsecond // 1000:03d}Z"

    @staticmethod
    def sent(value: datetime) -> str:
        return value.astimezone(UTC).isoformat()

    @staticmethod
    def stored(value: str) -> str:
        return value

    @staticmethod
    def parsed(value: Any) -> Any:
        return value  # the driver did that


def make_app(database: SQLite | PostgreSQL) -> Flask:
    app = Flask(__name__)
    columns = ", ".join([*(f"r.{name}" for name in (*RUN, *USAGE)), "p.title AS project_title"])
    page = (
        f"SELECT {columns} FROM crucible_runs r "
        "LEFT JOIN crucible_projects p ON p.id = r.project_id "
        "WHERE r.project_id = {0}"
    )
    phases = f"SELECT {', '.join((*PHASE, *USAGE))} FROM crucible_run_phases WHERE run_id IN "
    moment, mark = database.moment, database.mark

    @app.get("/runs")
    def runs() -> Response:
        asked = request.args
        key = {"-created_at": "created_at", "-cost_usd": "sort_cost"}[asked["sort"]]
        where, values = page.format(mark), [asked["project"]]
        if "status" in asked:
            where, values = f"{where} AND r.status = {mark}", [*values, asked["status"]]
        matching = where[where.index("WHERE") :], list(values)
        if "cursor" in asked:
            _, at, last = json.loads(urlsafe_b64decode(asked["cursor"] + "=="))
            at = database.stored(at) if key == "created_at" else at
            where, values = f"{where} AND (r.{key}, r.id) < ({mark}, {mark})", [*values, at, last]
        order = f" ORDER BY r.{key} DESC, r.id DESC LIMIT {LIMIT + 1}"
        found = database.rows(where + order, values)
        more, found = len(found) > LIMIT, found[:LIMIT]
        by_run = defaultdict(list)
        ids = [row["id"] for row in found]
        marks = ", ".join(mark for _ in ids)
        for row in database.rows(f"{phases} ({marks}) ORDER BY run_id, attempt, position", ids):
            by_run[row["run_id"]].append(dict(row))
        count = (
            f"SELECT count(*) AS n FROM (SELECT 1 FROM crucible_runs r {matching[0]} LIMIT 1001) c"
        )
        total = database.rows(count, matching[1])[0]["n"]
        answer = {
            "project_id": asked["project"],
            "generated_at": moment_now(),
            "runs": [summary(row, by_run[row["id"]]) for row in found],
            "total": total if total <= 1000 else None,
            "has_more": more,
            "next_cursor": cursor(asked["sort"], found[-1][key], found[-1]["id"]) if more else None,
        }
        text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
        return Response(text, mimetype="application/json")

    def cursor(sort: str, at: Any, run_id: str) -> str:
        at = database.sent(at) if sort == "-created_at" else at
        key = json.dumps([sort, at, run_id], separators=(",", ":"))
        return urlsafe_b64encode(key.encode()).rstrip(b"=").decode()

    def moment_now() -> str:
        return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def by_phase(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One row for each phase: a run that was resumed has one for each attempt."""
        found: dict[str, dict[str, Any]] = {}
        for row in sorted(rows, key=lambda row: row["position"]):
            first = found.setdefault(row["name"], row)
            if first is not row:
                found[row["name"]] = joined(first, row)
        return list(found.values())

    def joined(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
        made = {name: added(first[name], second[name]) for name in (*USAGE[:13], "produced")}
        for name in ("providers", "models"):
            one, other = (dict(database.parsed(row[name])) for row in (first, second))
            counts = {key: one.get(key, 0) + other.get(key, 0) for key in one | other}
            made[name] = json.dumps(counts) if database.parsed is json.loads else counts
        made["duration_seconds"] = round(first["duration_seconds"] + second["duration_seconds"], 3)
        made["expected"] = max(first["expected"], second["expected"])
        return {**second, "started_at": first["started_at"], **made}

    def added(one: int | None, other: int | None) -> int | None:
        return (one or 0) + (other or 0) if one is not None or other is not None else None

    def summary(run: Any, rows: list[Any]) -> dict[str, Any]:
        run_id, project = run["id"], run["project_id"]
        # In made-up history no run is live.
        phases = by_phase(rows)
        called = run["call_count"] or run["total_tokens"] is not None
        return {
            **{
                name: run[name]
                for name in ("id", "number", "project_id", "project_title", "status")
            },
            **{name: run[name] for name in ("mode", "label", "attempt", "ledger")},
            "created_at": moment(run["created_at"]),
            "started_at": moment(run["started_at"]),
            "completed_at": moment(run["completed_at"]),
            "updated_at": moment(run["updated_at"]),
            "duration_seconds": run["duration_seconds"],
            "candidate_count": run["candidate_count"],
            "scenario_count": run["scenario_count"],
            "evaluation_count": run["evaluation_count"],
            "progress": {
                "phase": rows[-1]["name"],
                "done": last(phases, rows)["produced"] or 0,
                "expected": last(phases, rows)["expected"],
            }
            if phases
            else None,
            "metrics": {
                "phase_timings": {phase["name"]: timing(phase) for phase in phases},
                "resource_breakdown": {phase["name"]: resources(phase) for phase in phases},
                "notes": database.parsed(run["notes"]),
            },
            "llm_usage": {
                "total": usage(run),
                "phases": {phase["name"]: usage(phase) for phase in phases},
            }
            if called
            else None,
            "error_summary": run["error_summary"],
            "error": error(run),
            "links": {
                "self": f"/api/runs/{run_id}",
                "results": f"/api/runs/{run_id}/results",
                "calls": f"/api/runs/{run_id}/calls",
                "page": f"/projects/{project}/runs/{run_id}",
                "results_page": f"/runs/{run_id}/results",
            },
        }

    def last(phases: list[Any], rows: list[Any]) -> Any:
        return next(phase for phase in phases if phase["name"] == rows[-1]["name"])

    def timing(phase: Any) -> dict[str, Any]:
        return {
            "status": phase["status"],
            "started_at": moment(phase["started_at"]),
            "completed_at": moment(phase["completed_at"]),
            "duration_seconds": phase["duration_seconds"],
        }

    def resources(phase: Any) -> dict[str, Any]:
        return {
            "expected": phase["expected"],
            "produced": phase["produced"],
            "llm_calls": phase["call_count"],
            "failed_calls": phase["failed_call_count"],
            "retries": phase["retry_count"],
        }

    def usage(row: Any) -> dict[str, Any]:
        cost, wasted = row["cost_pico"], row["wasted_cost_pico"]
        if wasted is None and row["call_count"] and not row["failed_call_count"]:
            wasted = 0
        return {
            **{name: row[name] for name in USAGE[:10]},
            "cost_usd": None if cost is None else cost / 10**12,
            "unpriced_call_count": row["unpriced_call_count"],
            "wasted_cost_usd": None if wasted is None else wasted / 10**12,
            "providers": database.parsed(row["providers"]),
            "models": database.parsed(row["models"]),
        }

    def error(run: Any) -> dict[str, Any] | None:
        if run["error_kind"] is None:
            return None
        return {
            "kind": run["error_kind"],
            "phase": run["error_phase"],
            "message": run["error_message"] or run["error_summary"],
            "hint": run["error_hint"],
            "fingerprint": run["error_fingerprint"],
            "occurred_at": moment(run["error_occurred_at"]),
        }

    return app


def main(url: str) -> None:
    sqlite = url.removeprefix("sqlite:///")
    database = SQLite(sqlite) if sqlite != url else PostgreSQL(url.replace("+psycopg", ""))
    server = create_server(make_app(database), host="127.0.0.1", port=0, threads=THREADS)
    sys.stdout.write(f"{server.effective_port}\n")
    sys.stdout.flush()
    server.run()


if __name__ == "__main__":
    main(sys.argv[1])
