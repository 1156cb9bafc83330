"""Those who ask over HTTP: each with a connection of its own that stays open, as a page has."""

import gzip
import http.client
import json
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from tests.soak.laws import Asked, Laws
from tests.soak.server import Server
from tests.soak.world import World

PATIENCE_SECONDS = 60
IDLE_SECONDS = 10
KEPT = 20
"""Answers that a reader keeps with their tags, as a page does."""


class Asker:
    """For one thread."""

    def __init__(self, server: Server, laws: Laws, *, compressed: bool = False) -> None:
        self._server = server
        self.laws = laws
        self._compressed = compressed
        self._connection: http.client.HTTPConnection | None = None
        self._opened_for = self._last = 0.0

    def ask(
        self,
        kind: str,
        method: str,
        path: str,
        body: Any = None,
        *allowed: int,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Asked, Any] | None:
        """What came back, and its JSON; None where the server is away, or did not answer."""
        given = dict(headers or {})
        if self._compressed:
            given["Accept-Encoding"] = "gzip"
        data = None
        if body is not None:
            data, given["Content-Type"] = json.dumps(body).encode(), "application/json"
        began = time.monotonic()
        try:
            status, found, raw = self._exchange(method, path, data, given)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self.laws.no_answer(f"{method} {path}", began, time.monotonic(), error)
            return None
        asked = Asked(kind, method, path, began, time.monotonic(), status, found, raw)
        return asked, self.laws.answered(asked, *(allowed or (200, 304, 404)))

    def _exchange(
        self, method: str, path: str, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        now = time.monotonic()
        # A connection to the server before this one, or one it has given up, is of no use.
        if self._opened_for != self._server.starts or now - self._last > IDLE_SECONDS:
            self.close()
        if self._connection is None:
            self._opened_for = self._server.starts
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self._server.port, timeout=PATIENCE_SECONDS
            )
        self._last = now
        self._connection.request(method, path, data, headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        if answer.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        return answer.status, answer.headers, raw

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


AGAIN = 0.3
"""The share of questions that are asked once more at once, when most likely nothing has changed."""
QUESTIONS = {
    "runs": 14,
    "runs of a project": 14,
    "run": 26,
    "results": 8,
    "calls": 7,
    "verdict": 6,
    "trends": 5,
    "compare": 5,
    "projects": 4,
    "project": 3,
    "health": 3,
    "estimate": 2,
    "metrics": 1,
    "openapi": 1,
    "page": 2,
}
FILTERS = (
    "",
    "?limit=5",
    "?status=failed&status=cancelled",
    "?sort=-cost_usd&limit=10",
    "?since=1h",
    "?sort=duration_seconds&status=completed",
    "?q=start",
)


class Reader(Asker):
    """Looks at this and that, mostly at one run until it has ended, and keeps what it saw: what
    it has already is asked for with its tag."""

    def __init__(self, server: Server, laws: Laws, world: World, seed: int) -> None:
        super().__init__(server, laws, compressed=bool(seed % 2))
        self._world = world
        self._dice = random.Random(seed)
        self._kept: OrderedDict[str, tuple[str, Any]] = OrderedDict()
        self._followed: str | None = None

    def read(self, stop: threading.Event, pause: float) -> None:
        """Asks until told to stop, so many seconds apart in the mean."""
        while not stop.wait(self._dice.expovariate(1 / pause)):
            kind = self._dice.choices([*QUESTIONS], [*QUESTIONS.values()])[0]
            if (path := self._path(kind)) is not None:
                self.look(kind, path)
                if self._dice.random() < AGAIN:
                    self.look(kind, path)
        self.close()

    def look(self, kind: str, path: str) -> None:
        if kind == "estimate":
            self.ask(kind, "POST", path, {"num_candidates": 3, "num_scenarios": 4}, 200, 404)
            return
        tag, value = self._kept.get(path, (None, None))
        headers = {"If-None-Match": tag} if tag and self._dice.random() < 0.8 else {}
        if (found := self.ask(kind, "GET", path, headers=headers)) is None:
            return
        asked, answer = found
        if asked.status == 304:
            # What is kept is still true: no run may have gone on since.
            self.laws.shows(value, asked)
        elif asked.status == 200 and "ETag" in asked.headers:
            self._kept[path] = asked.headers["ETag"], answer
            self._kept.move_to_end(path)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        elif asked.status == 404:
            self._kept.pop(path, None)
            self._followed = None

    def _path(self, kind: str) -> str | None:
        """None where there is nothing yet to ask this about."""
        world, dice = self._world, self._dice
        plain = {"projects": "/api/projects", "health": "/api/health", "page": "/"}
        plain |= {"metrics": "/metrics", "openapi": "/api/openapi.json"}
        if kind in plain:
            return plain[kind] if world.offers(kind) else None
        if kind == "runs":
            return f"/api/runs/summary{dice.choice(FILTERS)}"
        if kind in ("runs of a project", "verdict", "trends", "project", "estimate"):
            ends = {"runs of a project": f"/runs/summary{dice.choice(FILTERS)}"}
            ends |= {"verdict": "/runs/health", "trends": "/runs/trends", "project": ""}
            ends |= {"estimate": "/runs/estimate"}
            return f"/api/projects/{world.project(dice)}{ends[kind]}"
        if (run := self._run()) is None:
            return None
        if kind == "compare":
            return f"/api/runs/{run}/compare/{world.run(dice, beside=run) or run}"
        ends = {"run": "", "results": "/results", "calls": "/calls"}
        return f"/api/runs/{run}{ends[kind]}"

    def _run(self) -> str | None:
        if self._followed is None or self.laws.ended(self._followed):
            self._followed = self._world.run(self._dice)
        return self._followed
