"""What must hold of every answer, whoever asked and whatever else went on."""

import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

RANK = {"created": 0, "running": 1, "completed": 2, "failed": 2, "cancelled": 2}
ENDED = 2
MOST_TOLD = 20
_LIVE = re.compile(rb'"status":"(?:created|running)"')
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
# What may differ under the same tag: the moment of asking, and how long a live run has taken.
_GROWING = re.compile(rb'"(?:generated_at|duration_seconds)":(?:"[^"]*"|[^,}\]]*)')


@dataclass
class Known:
    """How far a run has come, and since when somebody knows: an answer to a question that was
    asked later may not show less."""

    attempt: int
    status: str
    since: float
    calls: int
    calls_since: float

    @property
    def key(self) -> tuple[int, int]:
        return self.attempt, RANK[self.status]


@dataclass
class Asked:
    """A question and what came back. Times are those of `time.monotonic`."""

    kind: str
    method: str
    path: str
    began: float
    ended: float
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def what(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Laws:
    """Safe to use from many threads."""

    was_away: Callable[[float, float], bool]
    """Whether the server was killed, or starting, at some time between."""
    exists: Callable[[str], bool]
    """Whether the run or project of this id is in the database now."""
    one_snapshot: bool = True
    """Tag and answer are read at the same moment, so that the same tag means the same answer."""
    broken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What did not hold, by law."""
    while_away: Counter[str] = field(default_factory=Counter)
    """What was refused while the server was killed or starting, as it must be."""
    later: int = 0
    """Scrapes that were told to come again, since another one was adding up the history."""
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _runs: dict[str, Known] = field(default_factory=dict)
    _tags: dict[str, tuple[str, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def broke(self, law: str, what: str) -> None:
        with self._lock:
            self._broke(law, what)

    def _broke(self, law: str, what: str) -> None:
        self.broken[law].append(what[:1000])

    def told(self) -> list[str]:
        """All that did not hold: the first of each kind, and how many more."""
        found = []
        for law, what in self.broken.items():
            found += [f"{law}: {each}" for each in what[:MOST_TOLD]]
            if len(what) > MOST_TOLD:
                found.append(f"{law}: and {len(what) - MOST_TOLD} more")
        return found

    def no_answer(self, what: str, began: float, ended: float, error: Exception) -> None:
        if self.was_away(began, ended):
            with self._lock:
                self.while_away[type(error).__name__] += 1
        else:
            self.broke("every question is answered", f"{what}: {error!r}")

    def answered(self, asked: Asked, *allowed: int) -> Any:
        """The answer as JSON (None where it is none), after it was held against the laws.
        `allowed` are its statuses, besides those of a server that is away."""
        with self._lock:
            self.answers[asked.kind, asked.status] += 1
            self.seconds[asked.kind].append(asked.ended - asked.began)
        if asked.status >= 500:
            self._fault(asked)
        elif asked.status not in allowed:
            self.broke(
                "the status is one of those allowed",
                f"{asked.what}: {asked.status} {asked.body[:300]!r}",
            )
        value = self._parsed(asked)
        if asked.status == 404:
            self._missing(asked)
        if asked.status == 200 and "ETag" in asked.headers and self.one_snapshot:
            self._tagged(asked)
        self.shows(value, asked)
        return value

    def shows(self, value: Any, asked: Asked) -> None:
        """Every run in an answer. Also for an answer that a 304 said is still true."""
        if not isinstance(value, dict):
            return
        runs = value.get("runs")
        for run in [value, *(runs if isinstance(runs, list) else [])]:
            if isinstance(run, dict) and {"id", "attempt", "status", "llm_usage"} <= run.keys():
                self._run(run, asked)

    def reached(self, run_id: str, status: str) -> bool:
        """Whether the run is known to have come to this status, in any attempt."""
        with self._lock:
            known = self._runs.get(run_id)
        return known is not None and known.status == status

    def ended(self, run_id: str) -> bool:
        with self._lock:
            known = self._runs.get(run_id)
        return known is not None and RANK[known.status] == ENDED

    def _fault(self, asked: Asked) -> None:
        said = f"{asked.what} was answered {asked.status}: {asked.body[:300]!r}"
        if asked.status == 503 and self.was_away(asked.began, asked.ended):
            with self._lock:
                self.while_away["503"] += 1
        elif asked.kind == "metrics" and asked.status == 503 and "Retry-After" in asked.headers:
            with self._lock:
                self.later += 1
        else:
            self.broke("no 5xx", said)

    def _parsed(self, asked: Asked) -> Any:
        kind = asked.headers.get("Content-Type", "")
        if asked.status in (204, 304) and not asked.body:
            return None
        if "json" not in kind:
            if asked.path.startswith("/api/"):
                self.broke("every answer is JSON", f"{asked.what}: {kind}")
            return None
        try:
            value = json.loads(asked.body)
        except ValueError as error:
            self.broke("every answer is JSON", f"{asked.what}: {error}")
            return None
        if asked.status >= 400 and value.get("status") != asked.status:
            self.broke("an error says what it is", f"{asked.what}: {asked.body[:300]!r}")
        return value

    def _missing(self, asked: Asked) -> None:
        if all(self.exists(found) for found in _ID.findall(asked.path)):
            self.broke("what exists is found", asked.what)

    def _tagged(self, asked: Asked) -> None:
        if asked.kind == "compare" and _LIVE.search(asked.body):
            return  # all its figures grow with those of a live run
        tag = asked.headers["ETag"]
        content = hash(_GROWING.sub(b"", asked.body))
        with self._lock:
            before = self._tags.get(asked.path)
            self._tags[asked.path] = tag, content
            if before is not None and before[0] == tag and before[1] != content:
                self._broke("the same tag is the same answer", f"{asked.what} with {tag}")

    def _run(self, run: Mapping[str, Any], asked: Asked) -> None:
        status, attempt = run["status"], run["attempt"]
        calls = (run["llm_usage"] or {"total": {"call_count": 0}})["total"]["call_count"]
        name = f"run {run['id']}, seen by {asked.what}"
        if status not in RANK:
            self.broke("every status is legal", f"{name}: {status}")
            return
        with self._lock:
            known = self._runs.get(run["id"])
            if known is None:
                self._runs[run["id"]] = Known(attempt, status, asked.ended, calls, asked.ended)
                return
            self._compare(known, attempt, status, calls, asked, name)

    def _compare(
        self, known: Known, attempt: int, status: str, calls: int, asked: Asked, name: str
    ) -> None:
        key = attempt, RANK[status]
        was = f"attempt {known.attempt} {known.status}"
        if key > known.key:
            known.attempt, known.status, known.since = attempt, status, asked.ended
        elif key < known.key:
            if asked.began > known.since:
                now = f"attempt {attempt} {status}"
                self._broke("no run goes back", f"{name}: {now}, after {was}")
        elif status != known.status:
            self._broke("an end is the end", f"{name}: {status}, after {was}")
        else:
            known.since = min(known.since, asked.ended)
        if calls > known.calls:
            known.calls, known.calls_since = calls, asked.ended
        elif calls < known.calls and asked.began > known.calls_since:
            self._broke("no call is forgotten", f"{name}: {calls} calls, after {known.calls}")
