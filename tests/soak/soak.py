"""The load, in its two stretches: one with deaths of the server, one without."""

import random
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.engines import give_back, new_database
from tests.soak.audit import Audit, audit
from tests.soak.chores import PROJECTS, Chores
from tests.soak.clients import Asker, Reader
from tests.soak.endpoint import endpoint
from tests.soak.laws import Laws
from tests.soak.meddlers import Meddler
from tests.soak.sampling import MEASURES, Growth, Sampler, growth
from tests.soak.server import Server
from tests.soak.world import World

from crucible.db import Database

DRAIN_SECONDS = 120
MOST_JOURNAL_BYTES = 64_000_000


@dataclass(frozen=True)
class Plan:
    seconds: float = 600
    engine: str = "sqlite"
    workers: int = 1
    readers: int = 50
    kills: int = 6
    deadly_share: float = 0.35
    """Of the time, in which the server is killed now and then; the rest is without a restart."""
    reader_pause: float = 1.6
    """Seconds between the questions of one reader, in the mean; so the next."""
    start_pause: float = 0.8
    meddle_pause: float = 1.5
    chore_pause: float = 4.0
    sample_pause: float = 1.0
    keep: int = 40
    """How many ended runs of each project a purge spares."""
    seed: int = 1
    environ: Mapping[str, str] = field(default_factory=dict)
    """Beside what the soak itself sets, of the server and of all commands."""
    chores: Sequence[str] = ()
    """Only these; all, if none are named."""


@dataclass
class Found:
    plan: Plan
    laws: Laws
    audit: Audit
    done: Counter[str]
    growth: list[Growth]
    seconds: float
    flat_seconds: float
    journal_bytes: int
    database_bytes: int
    stop_seconds: float
    wrong: list[str] = field(default_factory=list)


def soak(plan: Plan, say: Callable[[str], None] = lambda text: None) -> Found:
    """Does it all, and says what did not hold."""
    with tempfile.TemporaryDirectory(prefix="crucible-soak-") as folder:
        work = Path(folder)
        url = new_database(work, work, plan.engine)
        with closing(Database.open(url)) as database:
            with endpoint(plan.seed) as model:
                house = House(plan, work, url, database, model.url, say)
                try:
                    house.live()
                finally:
                    house.server.close()
            checked = audit(database, house.world, model.counts, house.server.environ)
        give_back(url)
        return house.found(checked)


class House:
    """The server and all who are at it."""

    def __init__(
        self,
        plan: Plan,
        work: Path,
        url: str,
        database: Database,
        model_url: str,
        say: Callable[[str], None],
    ) -> None:
        self._plan, self._say = plan, say
        self.world = World(database)
        self.server = Server(work, url, model_url, plan.workers, plan.environ)
        self.laws = Laws(
            self.server.was_away, self.world.exists, one_snapshot=plan.engine == "sqlite"
        )
        self._file = work / "test.sqlite3" if plan.engine == "sqlite" else None
        self._sampler = Sampler(self.server, self._file)
        all_ = self.server, self.laws, self.world
        seed = plan.seed * 1000
        self._meddlers = [Meddler(*all_, seed + n) for n in range(3)]
        self._chores = Chores(*all_, work, seed + 3, plan.keep)
        self._readers = [Reader(*all_, seed + 10 + n) for n in range(plan.readers)]
        self._dice = random.Random(plan.seed)
        self._kills = 0
        self._began = self._flat_since = self._flat_until = self._ended = 0.0
        self._stop_seconds = 0.0
        self._database_bytes = 0

    def live(self) -> None:
        plan, meddlers = self._plan, self._meddlers
        self._began = time.monotonic()
        self.server.start()
        self._look_around()
        for _ in range(PROJECTS):
            meddlers[0].new_project()
        watching = [partial(each.read, pause=plan.reader_pause) for each in self._readers]
        watching.append(partial(self._sampler.watch, pause=plan.sample_pause))
        working = [partial(each.starts, pause=plan.start_pause) for each in meddlers[:2]]
        working.append(partial(meddlers[2].meddles, pause=plan.meddle_pause))
        working.append(self._do_chores)
        with self._going(watching):
            with self._going(working):
                self._die_now_and_then(plan.seconds * plan.deadly_share)
                self._flat_since = self.server.ready_at
                self._say(f"{self._kills} deaths; from now on none")
                self._last(self._began + plan.seconds)
                self._flat_until = time.monotonic()
            self._drain()
        self._walk()
        if self._file is not None:
            self._database_bytes = self._file.stat().st_size
        self._leave()
        self._ended = time.monotonic()

    def _look_around(self) -> None:
        """Whether this server has figures for Prometheus."""
        try:
            urllib.request.urlopen(f"{self.server.url}/metrics", timeout=30).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()
            self.world.lacks.add("metrics")

    @contextmanager
    def _going(self, doing: Sequence[Callable[[threading.Event], None]]) -> Iterator[None]:
        """Each in a thread of its own, until the body is done."""
        stop = threading.Event()

        def do(what: Callable[[threading.Event], None]) -> None:
            try:
                what(stop)
            except Exception:  # noqa: BLE001 - whatever it was, the soak is not what it should be
                self.laws.broke("the soak itself works", traceback.format_exc())

        threads = [threading.Thread(target=do, args=(each,)) for each in doing]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _do_chores(self, stop: threading.Event) -> None:
        names = self._plan.chores or list(self._chores.all)
        turn = 0
        # Each at least once, however short the time.
        while turn < len(names) or not stop.is_set():
            self._chores.do(names[turn % len(names)])
            turn += 1
            stop.wait(self._dice.uniform(0.5, 1.5) * self._plan.chore_pause)

    def _die_now_and_then(self, seconds: float) -> None:
        for _ in range(self._plan.kills):
            time.sleep(self._dice.uniform(0.5, 1.5) * seconds / (self._plan.kills + 1))
            self.server.kill()
            self._kills += 1
            time.sleep(self._dice.uniform(0.0, 1.0))
            self.server.start()

    def _last(self, until: float) -> None:
        """Waits, and says how it goes every half minute."""
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(30.0, left))
            broken = sum(map(len, self.laws.broken.values()))
            asked = self.laws.answers.total()
            self._say(
                f"{max(0, until - time.monotonic()):.0f} s left: {asked:,} answers, "
                f"{len(self.world.started):,} runs, {broken} faults"
            )

    def _drain(self) -> None:
        """Nobody starts anything any more: all that is live comes to its end."""
        end = time.monotonic() + DRAIN_SECONDS
        while self.world.live():
            if time.monotonic() > end:
                self.laws.broke(
                    "every run ends", f"live after {DRAIN_SECONDS} s: {self.world.live()}"
                )
                return
            time.sleep(0.2)

    def _walk(self) -> None:
        """Page by page through the whole list: each run once."""
        asker, cursor, seen = Asker(self.server, self.laws), "", Counter[str]()
        while True:
            found = asker.ask("walk", "GET", f"/api/runs/summary?limit=50{cursor}", None, 200)
            if found is None:
                return
            seen.update(run["id"] for run in found[1]["runs"])
            if not found[1]["has_more"]:
                break
            cursor = f"&cursor={found[1]['next_cursor']}"
        asker.close()
        if set(seen.values()) - {1} or len(seen) != self.world.count():
            self.laws.broke("a walk meets each run once", f"{len(seen)} of {self.world.count()}")

    def _leave(self) -> None:
        code, self._stop_seconds = self.server.stop()
        if code:
            self.laws.broke("the server leaves in order", f"exit code {code}")
        for line in self.server.tracebacks():
            self.laws.broke("the server's log has no traceback", line)

    def found(self, checked: Audit) -> Found:
        samples = [
            each for each in self._sampler.since(self._flat_since) if each.at <= self._flat_until
        ]
        grown = [growth(samples, name) for name in MEASURES]
        journal = max(self._sampler.journal_bytes, default=0)
        wrong = [*self.laws.told(), *checked.wrong]
        if journal > MOST_JOURNAL_BYTES:
            wrong.append(f"the journal (WAL) grew to {journal / 1e6:.0f} MB")
        for each in grown:
            if each.judged and not each.flat:
                wrong.append(f"not flat: {each.measure.name}, {each.per_hour:+.0f} an hour")
        done = sum((each.done for each in [*self._meddlers, self._chores]), Counter[str]())
        done["kills"] = self._kills
        return Found(
            self._plan,
            self.laws,
            checked,
            done,
            grown,
            self._ended - self._began,
            self._flat_until - self._flat_since,
            journal,
            self._database_bytes,
            self._stop_seconds,
            wrong,
        )
