"""Finds out what is going wrong, from JSON alone: `python agent.py http://127.0.0.1:8765 [--cli]`.

It knows an address and the documents, nothing of the code: needs Python and `requests` only, and
with `--cli` the command `crucible` (or CRUCIBLE_COMMAND) instead of HTTP. What it asked goes to
stderr, what it found to stdout, as JSON, the most pressing first. It reads, and changes nothing.
Exits with 0 if all is well, 7 if something is wrong, 6 if there was no answer. CRUCIBLE_API_TOKEN
is sent if set.
"""

import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import requests

Ask = Callable[..., Any]
Found = dict[str, Any]

# The same questions, as an address and as a command.
QUESTIONS = {
    "projects": ("/api/projects", "projects list"),
    "health": ("/api/projects/{}/runs/health", "runs health --project-id {}"),
    "newest": (
        "/api/projects/{}/runs/summary?limit=1&status=completed&status=failed",
        "runs --project-id {} --limit 1 --status completed --status failed",
    ),
    "run": ("/api/runs/{}", "runs show {}"),
    "compare": ("/api/runs/{}/compare/{}", "runs compare {} {}"),
}
SEVERITIES = ("critical", "warning")
# Kinds of failure that nobody but a person can mend; docs/agents.md has the table.
FOR_A_PERSON = ("provider_auth", "budget_exceeded", "cancelled", "precondition", "internal")


class NoAnswer(Exception):
    pass


def over_http(base: str) -> Ask:
    http = requests.Session()
    if token := os.environ.get("CRUCIBLE_API_TOKEN"):
        http.headers["Authorization"] = f"Bearer {token}"

    def ask(question: str, *about: str) -> Any:
        path = QUESTIONS[question][0].format(*(quote(each, safe="") for each in about))
        try:
            said = http.get(base.rstrip("/") + path, timeout=30)
            tell(f"GET {path} -> {said.status_code}")
            said.raise_for_status()
        except requests.RequestException as error:
            raise NoAnswer(str(error)) from error
        return json.loads(said.text, parse_float=Decimal)

    return ask


def by_command(base: str) -> Ask:
    command = shlex.split(os.environ.get("CRUCIBLE_COMMAND", "crucible"))

    def ask(question: str, *about: str) -> Any:
        words = QUESTIONS[question][1].format(*map(shlex.quote, about))
        said = subprocess.run(
            [*command, *shlex.split(words), "--format", "json"],
            env={**os.environ, "CRUCIBLE_URL": base},
            capture_output=True,
            text=True,
        )
        tell(f"crucible {words} --format json -> exit code {said.returncode}")
        if said.returncode != 0:
            raise NoAnswer(said.stderr.strip())
        return json.loads(said.stdout, parse_float=Decimal)

    return ask


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def investigate(ask: Ask) -> list[Found]:
    """At most one trouble for each project, the most pressing first."""
    found = [look_at(ask, project) for project in ask("projects")["projects"]]
    troubles = [each for each in found if each]
    return sorted(troubles, key=lambda each: SEVERITIES.index(each["severity"]))


def look_at(ask: Ask, project: Found) -> Found | None:
    health = ask("health", project["id"])
    if health["anomalies"]:
        anomaly = health["anomalies"][0]
        runs = [ask("run", run_id) for run_id in anomaly["run_ids"]]
    else:
        # Too few runs for a verdict, or a failure that is no pattern: the newest still counts.
        newest = ask("newest", project["id"])["runs"]
        if not newest or newest[0]["status"] != "failed":
            return None
        anomaly, runs = as_anomaly(newest[0]), [ask("run", newest[0]["id"])]
    return {
        "project": {"id": project["id"], "title": project["title"]},
        "verdict": health["verdict"],
        "what": anomaly["code"],
        "severity": anomaly["severity"],
        "summary": anomaly["summary"],
        "since_run": anomaly["since_run"],
        "runs": len(runs),
        **(why_failed(runs) or why_changed(ask, anomaly)),
        **spent(runs),
        "also": [each["code"] for each in health["anomalies"][1:]],
    }


def as_anomaly(run: Found) -> Found:
    return {
        "code": "RUN_FAILED",
        "severity": "warning",
        "summary": run["error_summary"],
        "since_run": {"id": run["id"], "number": run["number"]},
    }


def why_failed(runs: list[Found]) -> Found | None:
    """The kind that most of them failed of, and what the last such run says to do."""
    failed = [run for run in runs if run["error"]]
    if not failed:
        return None
    kind = Counter(run["error"]["kind"] for run in failed).most_common(1)[0][0]
    last = [run for run in failed if run["error"]["kind"] == kind][-1]
    here = last["ledger"] != "absent"
    return {
        "why": kind,
        "phase": last["error"]["phase"],
        "model": None,
        "do": last["error"]["hint"],
        "who": "a person" if kind in FOR_A_PERSON else "an agent",
        "then": f"crucible runs resume {last['id']}"
        if here
        else f"crucible runs show {last['id']}",
    }


def why_changed(ask: Ask, anomaly: Found) -> Found:
    """Nothing failed: a figure is out of line. A comparison says what of it grew most."""
    words, why = anomaly["next"].split(), anomaly["metric"]
    if words[:3] == ["crucible", "runs", "compare"]:
        compared = ask("compare", *words[3:5])
        parts = compared["duration_seconds"]["phases"] if "duration" in why else None
        parts = compared["cost_usd"]["causes"] if why in ("cost_usd", "total_tokens") else parts
        known = {name: delta for name, delta in (parts or {}).items() if delta is not None}
        why = max(known, key=lambda name: known[name]) if known else why
    return {
        "why": why,
        "phase": anomaly["phase"],
        "model": anomaly["model"],
        "do": anomaly["next"],
        "who": "a person",
        "then": None,
    }


def spent(runs: list[Found]) -> Found:
    """What these runs cost, exactly. Unknown is null; with unpriced calls a lower bound."""
    totals = [run["llm_usage"]["total"] for run in runs if run["llm_usage"]]

    def sum_of(name: str) -> Decimal | None:
        known = [Decimal(total[name]) for total in totals if total[name] is not None]
        return sum(known, Decimal(0)) if known or not totals else None

    return {
        "cost_usd": sum_of("cost_usd"),
        "wasted_cost_usd": sum_of("wasted_cost_usd"),
        "unpriced_call_count": sum(total["unpriced_call_count"] for total in totals),
        "call_count": sum(total["call_count"] for total in totals),
        "failed_call_count": sum(total["failed_call_count"] for total in totals),
    }


def main(arguments: list[str]) -> int:
    (base,) = [word for word in arguments if not word.startswith("--")]
    ask = by_command(base) if "--cli" in arguments else over_http(base)
    try:
        troubles = investigate(ask)
    except NoAnswer as error:
        tell(str(error))
        return 6
    answer = {"well": not troubles, "troubles": troubles}
    sys.stdout.write(json.dumps(answer, indent=2, default=float) + "\n")
    return 7 if troubles else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
