"""A project that went well and then did not: what the first screen says, and what an agent finds
that is given an address and nothing else."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.process import COMMAND
from tests.signoff.agreement import Agreement
from tests.signoff.endpoint import NEXT_KEY
from tests.signoff.house import Typed
from tests.signoff.stories import Stage

from crucible.cli import format
from crucible.sample import SAMPLE_PROJECT

AGENT = Path(__file__).with_name("agent.py")
TITLE = "Checkout, every night"
GOOD, BAD = 9, 3
GOOD_IN_SMALL = 2


@dataclass
class Transcript:
    command: str
    exit_code: int
    asked: str
    found: Any


@dataclass
class Trouble:
    glance: dict[str, str]
    health: Any
    typed: Typed
    transcripts: list[Transcript]
    bad: int = BAD


def trouble(stage: Stage) -> Trouble:
    """Nights that went well, then three that met the rate limit."""
    stage.serve_endpoint(NEXT_KEY)
    pace, stage.endpoint.pace = stage.endpoint.pace, stage.endpoint.pace / 8
    made = stage.server.post("/api/projects", {**SAMPLE_PROJECT, "title": TITLE})
    stage.project_id = str(made["id"])
    good = GOOD_IN_SMALL if stage.house.quick else GOOD
    for night in range(good + BAD):
        stage.endpoint.quota = None if night < good else 3
        stage.server.ended(stage.start(2, 3, "nightly"))
    stage.endpoint.quota, stage.endpoint.pace = None, pace
    glance = stage.screen.glance(stage.server.base, stage.project_id)
    stage.screen.picture_of_first_screen("first-screen", 75, 525)
    health = stage.server.get(f"/api/projects/{stage.project_id}/runs/health")
    words = f"runs health --project-id '{TITLE}'"
    cli = stage.house.json(words)
    stage.agreed.same("health, CLI and API", _timeless(cli), _timeless(health))
    _at_a_glance(stage.agreed, glance, health)
    transcripts = [_agent(stage)] if stage.house.quick else [_agent(stage), _agent(stage, "--cli")]
    for each in transcripts:
        _names_it(stage.agreed, each, health, good + 1)
        stage.agreed.same("agent, over HTTP and by command", each.found, transcripts[0].found)
    return Trouble(glance, health, stage.house.type(words), transcripts)


def _timeless(answer: Any) -> Any:
    return {name: value for name, value in answer.items() if name != "generated_at"}


def _at_a_glance(agreed: Agreement, glance: dict[str, str], health: Any) -> None:
    """The three questions of the first screen, answered with the API's own figures."""
    first, last, typical = health["anomalies"][0], health["last_failure"], health["typical"]
    well = next(text for title, text in glance.items() if title.startswith("Health"))
    failed = next(text for title, text in glance.items() if title.startswith("Last failure"))
    usual = next(text for title, text in glance.items() if title.startswith("A typical run"))
    agreed.holds("first screen, verdict", health["verdict"], well.lower())
    agreed.holds("first screen, finding", first["summary"].replace("_", " "), well)
    agreed.holds("first screen, last failure", f"#{last['number']}", failed)
    agreed.holds("first screen, its phase", f"in {last['phase']}", failed)
    agreed.holds("first screen, its reason", last["error_summary"], failed)
    seconds, cost = typical["duration_seconds"], typical["cost_usd"]
    agreed.holds("first screen, typical time", format.duration(seconds["p50"]), usual)
    agreed.holds("first screen, slowest tenth", f"p90 {format.duration(seconds['p90'])}", usual)
    agreed.holds("first screen, typical cost", format.money(cost["p50"]), usual)
    for what in ("candidate", "scenario", "evaluation"):
        agreed.holds(f"first screen, {what}s", format.plural(typical[f"{what}_count"], what), usual)


def _agent(stage: Stage, *options: str) -> Transcript:
    """As anybody would start it: an address, and nothing else."""
    said = subprocess.run(
        [sys.executable, str(AGENT), stage.server.base, *options],
        env={**os.environ, "CRUCIBLE_COMMAND": shlex.join(COMMAND)},
        capture_output=True,
        text=True,
    )
    if said.returncode not in (0, 7):
        raise SystemExit(said.stderr)
    command = " ".join(["python agent.py", stage.server.base, *options])
    return Transcript(command, said.returncode, said.stderr.strip(), json.loads(said.stdout))


def _names_it(agreed: Agreement, transcript: Transcript, health: Any, since: int) -> None:
    agreed.same("agent, exit code", transcript.exit_code, 7)
    agreed.same("agent, troubles", len(transcript.found["troubles"]), 1)
    found = transcript.found["troubles"][0]
    for what, wanted in (
        ("what", "FAILURE_STREAK"),
        ("why", "provider_rate_limited"),
        ("phase", "evaluation"),
        ("runs", BAD),
        ("do", health["last_failure"]["hint"]),
        ("then", f"crucible runs resume {health['last_failure']['run_id']}"),
    ):
        agreed.same(f"agent, {what}", found[what], wanted)
    agreed.same("agent, since", found["since_run"]["number"], since)
