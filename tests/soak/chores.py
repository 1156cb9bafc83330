"""What is done beside the server by commands: purges, exports, imports, backups, agents."""

import json
import random
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.soak.commands import CRUCIBLE, Failed, crucible, differences, mcp
from tests.soak.laws import Laws
from tests.soak.meddlers import Meddler
from tests.soak.server import Server
from tests.soak.world import World

PROJECTS = 4


class Chores:
    """One after another, so that nothing is purged between an export and its import."""

    def __init__(
        self, server: Server, laws: Laws, world: World, folder: Path, seed: int, keep: int
    ) -> None:
        self._server, self._laws, self._world, self._folder = server, laws, world, folder
        self._dice = random.Random(seed)
        self._keep = keep
        """How many ended runs of each project a purge spares."""
        self._meddler = Meddler(server, laws, world, seed)
        self._local = server.environ
        self.done: Counter[str] = self._meddler.done
        self.all: dict[str, Callable[[], None]] = {
            "reads by command": self.read,
            "purges of calls": self.purge_calls,
            "exports and imports": self.move,
            "agents over stdio": self.agent,
            "purges of runs": self.purge_runs,
            "projects deleted and made": self.renew_project,
            "purges killed half-way": self.killed_purge,
            "projects changed": self.change_project,
        }
        if self._local["CRUCIBLE_DATABASE_URL"].startswith("sqlite:"):
            self.all["backups"] = self.back_up

    def do(self, name: str) -> None:
        began = time.monotonic()
        try:
            self.all[name]()
        except (Failed, subprocess.TimeoutExpired, ValueError) as error:
            if self._server.was_away(began, time.monotonic()):
                self._laws.while_away["commands"] += 1
            else:
                self._laws.broke("every command does its work", f"{name}: {error}")
        self.done[name] += 1

    def _crucible(self, *words: str, there: bool = False, **environ: str) -> Any:
        """Its JSON, from the database or, `there`, from the server."""
        url = ["--url", self._server.url] if there else []
        said = crucible(*words, *url, environ={**self._local, **environ})
        return json.loads(said)

    def read(self) -> None:
        there = self._dice.random() < 0.5
        page = self._crucible("runs", "list", "--limit", "5", "--format", "json", there=there)
        if page["runs"]:
            run = page["runs"][0]["id"]
            try:
                self._crucible("runs", "show", run, "--format", "json", there=there)
            except Failed:
                if self._world.exists(run):
                    raise
        project = self._world.project(self._dice)
        self._crucible("runs", "health", "--project-id", project, "--format", "json", there=there)

    def purge_calls(self) -> None:
        asked = self._purge("--calls-only", older_than=20)
        self.done["runs whose calls were purged"] += self._crucible(*asked)["run_count"]

    def purge_runs(self) -> None:
        asked = self._purge("--keep-last", str(self._keep), older_than=5)
        self.done["runs purged"] += self._crucible(*asked)["run_count"]

    def killed_purge(self) -> None:
        """With SIGKILL, about when it begins to delete."""
        asked = self._purge("--keep-last", str(self._keep), older_than=5)
        quiet = subprocess.DEVNULL
        command = [CRUCIBLE, *asked]
        with subprocess.Popen(command, env=self._local, stdout=quiet, stderr=quiet) as purge:
            time.sleep(self._dice.uniform(0.3, 1.2))
            purge.kill()

    def _purge(self, *words: str, older_than: float) -> list[str]:
        if "--calls-only" not in words:
            self._world.purged_before = time.monotonic()
        before = (datetime.now(UTC) - timedelta(seconds=older_than)).isoformat()
        return ["runs", "purge", "--older-than", before, *words, "--yes", "--format", "json"]

    def move(self) -> None:
        """Importing what is here already changes nothing; elsewhere it all adds up."""
        file = self._folder / "moved.jsonl"
        crucible("runs", "export", "--full", "-o", str(file), environ=self._local)
        report = self._crucible("runs", "import", str(file), "--format", "json")
        if report["imported"] or report["unchanged"] != report["read"]:
            raise Failed(f"an import of what is here already: {report}")
        other = self._folder / "elsewhere.sqlite3"
        url = f"sqlite:///{other}"
        there = self._crucible(
            "runs", "import", str(file), "--format", "json", CRUCIBLE_DATABASE_URL=url
        )
        if there["imported"] != there["read"]:
            raise Failed(f"an import into an empty database: {there}")
        if wrong := differences({**self._local, "CRUCIBLE_DATABASE_URL": url})[1]:
            raise Failed(f"what was moved does not add up: {wrong}")
        for each in self._folder.glob("elsewhere.sqlite3*"):
            each.unlink()
        file.unlink()
        crucible("runs", "export", "-o", str(file), "--url", self._server.url, environ=self._local)
        file.unlink()

    def agent(self) -> None:
        there = self._dice.random() < 0.5
        words = ["--url", self._server.url] if there else []
        project = self._world.project(self._dice)
        ask: list[tuple[str, dict[str, Any]]] = [
            ("list_runs", {"limit": 5}),
            ("run_health", {"project_id": project}),
        ]
        mcp(*words, environ=self._local, ask=ask)

    def renew_project(self) -> None:
        if len(self._world.projects()) >= PROJECTS:
            self._meddler.delete(self._world.projects()[0])
        self._meddler.new_project()
        self._meddler.close()

    def change_project(self) -> None:
        project = self._world.project(self._dice)
        body = {"title": self._world.next_name(), "description": "changed", "goals": ["go on"]}
        self._meddler.ask("change", "PUT", f"/api/projects/{project}", body, 200)
        self._meddler.close()

    def back_up(self) -> None:
        copy = self._folder / "copy.sqlite3"
        crucible("db", "backup", str(copy), environ=self._local)
        with closing(sqlite3.connect(copy)) as opened:
            said = opened.execute("PRAGMA integrity_check").fetchall()
        copy.unlink()
        if said != [("ok",)]:
            raise Failed(f"a backup is not whole: {said}")
