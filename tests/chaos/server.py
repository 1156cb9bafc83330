"""The whole server, killed under load again and again; its history must add up each time."""

import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select
from tests.chaos.ordeal import differences
from tests.lab import Lab

from crucible.models import Run
from crucible.recorder.liveness import notice_deaths
from crucible.scrub import Scrubber

RUNS_AT_ONCE = 8
ENDED = ("completed", "failed", "cancelled")


class Server:
    def __init__(self, lab: Lab) -> None:
        self._log = lab.folder / "serve.log"
        environ = {**os.environ, **lab.environ, "CRUCIBLE_PORT": "0"}
        with self._log.open("w") as log:
            command = [sys.executable, "-m", "crucible.cli", "serve"]
            self.process = subprocess.Popen(command, env=environ, stderr=log)
        self.url = self._address()

    def _address(self) -> str:
        while not (found := re.search(r"Serving on (\S+)", self._log.read_text())):
            if self.process.poll() is not None:
                raise RuntimeError(self._log.read_text())
            time.sleep(0.05)
        return found[1]

    def post(self, path: str, body: Any) -> int:
        return requests.post(self.url + path, json=body, timeout=10).status_code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def rows(lab: Lab) -> list[Run]:
    with lab.database.reading() as session:
        return list(session.scalars(select(Run)))


def deaths(lab: Lab, times: int, seed: int = 1) -> list[str]:
    """Kills the server `times` times with 8 runs at work; returns what did not hold."""
    dice = random.Random(seed)
    project = lab.project()
    wrong: list[str] = []
    for turn in range(times):
        server = Server(lab)
        for run in [r for r in rows(lab) if r.status == "failed"]:
            server.post(f"/api/runs/{run.id}/resume", {})
        waiting = sum(run.status not in ENDED for run in rows(lab))
        for _ in range(RUNS_AT_ONCE - min(RUNS_AT_ONCE, waiting)):
            asked = {"num_candidates": 4, "num_scenarios": 6}
            server.post(f"/api/projects/{project}/runs", asked)
        _let_work(lab, dice.randint(1, 60))
        server.kill()
        wrong += [f"death {turn + 1}: {each}" for each in _after(lab)]
    return wrong + _to_the_end(lab)


def _let_work(lab: Lab, requests_more: int) -> None:
    """Until the endpoint got so many more requests, but not for ever."""
    enough, end = len(lab.stub.requests) + requests_more, time.monotonic() + 10
    while len(lab.stub.requests) < enough and time.monotonic() < end:
        time.sleep(0.002)


def _after(lab: Lab) -> list[str]:
    lost = notice_deaths(lab.database, lab.clock, Scrubber())
    found = [f"run {each.run_id} could not be ended" for each in lost]
    for run in rows(lab):
        if run.status == "running":
            found.append(f"#{run.number} is left running")
        found += [f"#{run.number} {difference}" for difference in differences(lab, run.id)]
    return found


def _to_the_end(lab: Lab) -> list[str]:
    """Every run can be brought to its end."""
    server = Server(lab)
    for run in [r for r in rows(lab) if r.status == "failed"]:
        server.post(f"/api/runs/{run.id}/resume", {})
    end = time.monotonic() + 300
    while any(r.status not in ENDED for r in rows(lab)) and time.monotonic() < end:
        time.sleep(0.5)
    server.kill()
    states = Counter(r.status for r in rows(lab))
    wrong = [] if set(states) == {"completed"} else [f"at the end: {dict(states)}"]
    return wrong + [f"at the end: {each}" for each in _after(lab)]


def summary(lab: Lab) -> str:
    runs = rows(lab)
    attempts = Counter(run.attempt for run in runs)
    calls = sum(run.call_count for run in runs)
    return f"{len(runs)} runs in {sum(k * v for k, v in attempts.items())} attempts, {calls} calls"


def folder_of(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
