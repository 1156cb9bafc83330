"""Those who change things over HTTP: start runs, stop them, let them go on."""

import random
import threading
import time
from collections import Counter
from typing import Any

from tests.soak.clients import Asker
from tests.soak.laws import Laws
from tests.soak.server import Server
from tests.soak.world import World

CANDIDATES = [{"title": "Cache at the edge"}, {"title": "A queue", "description": "of retries"}]
MOST_LIVE = 10
"""More than run at once, so that some always wait."""


class Meddler(Asker):
    def __init__(self, server: Server, laws: Laws, world: World, seed: int) -> None:
        super().__init__(server, laws)
        self._world = world
        self._dice = random.Random(seed)
        self.done: Counter[str] = Counter()

    def new_project(self) -> str:
        constraints = [
            {"name": "no data loss", "description": "never", "weight": 100},
            {"name": "cheap", "description": "to run", "weight": 30},
        ]
        body = {"title": self._world.next_name(), "constraints": constraints}
        while (found := self.ask("make", "POST", "/api/projects", body, 201)) is None:
            time.sleep(0.2)
        project_id = str(found[1]["id"])
        self._world.add_project(project_id)
        self.done["projects made"] += 1
        return project_id

    def start(self) -> str | None:
        """Starts a run, in some project, of some mode, with or without a key."""
        world, dice = self._world, self._dice
        project, name = world.project(dice), world.next_name()
        body: dict[str, Any] = {"label": name, "model": name, "num_scenarios": dice.randint(1, 4)}
        body["mode"] = dice.choices(["full_search", "eval_only", "seeded"], [8, 1, 1])[0]
        if body["mode"] == "full_search":
            body["num_candidates"] = dice.randint(1, 4)
        else:
            body["candidates"] = CANDIDATES
        if dice.random() < 0.1:
            body["budget"] = {"max_llm_calls": dice.randint(1, 8)}
        headers = {"Idempotency-Key": name} if dice.random() < 0.5 else {}
        if (run_id := self._started(project, body, headers)) is None:
            return None
        if headers and dice.random() < 0.5:
            self.done["starts sent again"] += 1
            again = self._started(project, body, headers)
            if again not in (run_id, None):
                self.laws.broke("a key starts one run", f"{name}: {run_id} and {again}")
        return run_id

    def _started(self, project: str, body: Any, headers: dict[str, str]) -> str | None:
        path = f"/api/projects/{project}/runs"
        for _ in range(20):
            found = self.ask("start", "POST", path, body, 202, 404, headers=headers)
            if found is not None:
                if found[0].status != 202:
                    return None
                run_id = str(found[1]["id"])
                self._world.add_run(project, run_id, found[0].began)
                self.done["starts"] += 1
                return run_id
            if not headers:
                return None  # nobody knows whether it was started, and asking again might be two
            self.done["starts sent again"] += 1
            time.sleep(0.5)
        return None

    def starts(self, stop: threading.Event, pause: float) -> None:
        while not stop.wait(self._dice.uniform(0.5, 1.5) * pause):
            if len(self._world.live()) < MOST_LIVE:
                self.start()
        self.close()

    def meddles(self, stop: threading.Event, pause: float) -> None:
        while not stop.wait(self._dice.uniform(0.5, 1.5) * pause):
            if (run_id := self._world.run(self._dice)) is not None:
                self.meddle(run_id)
        self.close()

    def meddle(self, run_id: str) -> None:
        """Stops what is live, lets go on what was stopped or failed."""
        what = "resume" if self.laws.ended(run_id) else "cancel"
        body = {} if what == "resume" else None
        found = self.ask(what, "POST", f"/api/runs/{run_id}/{what}", body, 202, 404, 409)
        if found is None:
            return
        if found[0].status == 404:
            self._world.forget(run_id)
        self.done[f"{what}s" if found[0].status == 202 else f"{what}s refused"] += 1

    def delete(self, project_id: str) -> None:
        """Deletes a project as a person would: stops what is live in it first."""
        self._world.close_project(project_id)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for run_id in self._world.live(project_id):
                self.ask("cancel", "POST", f"/api/runs/{run_id}/cancel", None, 202, 404, 409)
            path = f"/api/projects/{project_id}"
            found = self.ask("delete", "DELETE", path, None, 204, 409, 404)
            if found is not None and found[0].status != 409:
                self.done["projects deleted"] += 1
                self.ask("project", "GET", path, None, 404)
                return
            time.sleep(0.2)
        self.laws.broke("a project can be deleted", project_id)
