"""One measurement for `tests.benchmarks.running`, in a process of its own.

python -m tests.benchmarks.running_process KIND JSON

KIND is `product` or `floor`; JSON names the endpoint's address, the load, how many runs at once
and the database. It prints what it took, as JSON.
"""

import json
import math
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LATENCY = 0.1
SERIAL = 2
MODEL = "gpt-5-mini"


@dataclass(frozen=True)
class Load:
    candidates: int
    scenarios: int
    concurrency: int
    at_most: float | None = None
    """Wall over ideal; None where no goal is set."""

    @property
    def evaluations(self) -> int:
        return self.candidates * self.scenarios

    @property
    def ideal_seconds(self) -> float:
        return LATENCY * (SERIAL + math.ceil(self.evaluations / self.concurrency))


@dataclass(frozen=True)
class Taken:
    """One measurement: seconds for all runs together, CPU seconds for each call."""

    wall: float
    cpu_per_call: float
    peak_mb: float


def one(kind: str, address: str, load: Load, runs: int, url: str | None) -> Taken:
    with tempfile.TemporaryDirectory() as folder:
        url = url or f"sqlite:///{folder}/crucible.sqlite3"
        product = Product(url, address, load.concurrency)
        warm = Load(2, 2, load.concurrency)
        if kind == "floor":
            bodies = product.bodies(load)
            _floor(address, bodies[:6], load.concurrency, 1)
            return _timed(lambda: _floor(address, bodies, load.concurrency, runs), load, runs)
        product.work(product.prepared(warm, 1))
        prepared = product.prepared(load, runs)
        taken = _timed(lambda: product.work(prepared), load, runs)
        product.require_whole(load)
        return taken


def _timed(work: Callable[[], None], load: Load, runs: int) -> Taken:
    cpu, start = time.process_time(), time.perf_counter()
    work()
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    calls = runs * (load.evaluations + SERIAL)
    return Taken(wall, cpu / calls, _peak_mb())


def _peak_mb() -> float:
    """The most memory this process has held, in MB of a million bytes. (`ru_maxrss` would do
    elsewhere; Linux has a child begin with what its parent held.)"""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def _floor(address: str, bodies: list[bytes], concurrency: int, runs: int) -> None:
    """Plain requests and threads: the same calls, and nothing kept of them."""
    threads = [
        threading.Thread(target=_plain, args=(address, bodies, concurrency)) for _ in range(runs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _plain(address: str, bodies: list[bytes], concurrency: int) -> None:
    import requests  # noqa: PLC0415 - as late as the product imports it

    with requests.Session() as session, ThreadPoolExecutor(concurrency) as pool:
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=concurrency))

        def ask(body: bytes) -> float:
            headers = {"Content-Type": "application/json", "Authorization": "Bearer sk-bench"}
            answer = session.post(
                f"{address}/chat/completions", data=body, headers=headers, timeout=30
            )
            answer.raise_for_status()
            text = answer.json()["choices"][0]["message"]["content"]
            return float(len(json.loads(text)))

        for body in bodies[:SERIAL]:
            ask(body)
        assert all(pool.map(ask, bodies[SERIAL:]))


class Product:
    """A history of its own, and runs in it."""

    def __init__(self, url: str, address: str, concurrency: int) -> None:
        from crucible import config, migrate  # noqa: PLC0415 - the parent needs none of it
        from crucible.clock import SystemClock  # noqa: PLC0415 - likewise
        from crucible.db import Database  # noqa: PLC0415 - likewise

        self._settings = config.load(
            {
                "CRUCIBLE_DATABASE_URL": url,
                "CRUCIBLE_LLM_BASE_URL": address,
                "CRUCIBLE_LLM_API_KEY": "sk-bench",
                "CRUCIBLE_LLM_MODEL": MODEL,
                "CRUCIBLE_CONCURRENCY": str(concurrency),
            }
        )
        migrate.ensure(url)
        self._database = Database.open(url)
        self._clock = SystemClock()
        self._made: list[str] = []

    def prepared(self, load: Load, runs: int) -> list[str]:
        """`runs` runs that wait to be claimed; their ids."""
        self._made = [self._insert(load) for _ in range(runs)]
        return self._made

    def _insert(self, load: Load) -> str:
        from crucible.ids import new_id  # noqa: PLC0415 - see above
        from crucible.models import Project  # noqa: PLC0415 - see above
        from crucible.models.values import Mode  # noqa: PLC0415 - see above
        from crucible.recorder.create import insert_run  # noqa: PLC0415 - see above
        from crucible.sample import SAMPLE_PROJECT  # noqa: PLC0415 - see above

        now = self._clock.now()
        with self._database.writing() as session:
            project = Project(id=new_id(), **SAMPLE_PROJECT, created_at=now, updated_at=now)
            session.add(project)
            session.flush()
            names = ("title", "description", "goals", "constraints", "world_model")
            asked = {
                "mode": Mode.FULL_SEARCH,
                "num_candidates": load.candidates,
                "num_scenarios": load.scenarios,
                "model": MODEL,
                "provider": "openai",
                "candidates": None,
                "problem": {name: getattr(project, name) for name in names},
            }
            return insert_run(
                session,
                self._clock,
                project=project,
                mode=Mode.FULL_SEARCH,
                label=None,
                config=asked,
            )

    def work(self, run_ids: list[str]) -> None:
        """All of them at once, as one process runs them."""
        threads = [threading.Thread(target=self._run, args=(run_id,)) for run_id in run_ids]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _run(self, run_id: str) -> None:
        from crucible.pipeline.runner import execute  # noqa: PLC0415 - see above
        from crucible.recorder.lease import Owner, claim  # noqa: PLC0415 - see above

        owner = Owner.current(self._settings.lease_seconds)
        lease = claim(self._database, self._clock, run_id, owner)
        assert lease is not None
        execute(self._database, lease, settings=self._settings, clock=self._clock)

    def bodies(self, load: Load) -> list[bytes]:
        """What the product sends, byte for byte, of a run like this one."""
        from crucible.llm.openai_compatible import OpenAICompatible  # noqa: PLC0415 - see above
        from crucible.models.values import Candidate, Problem, Scenario  # noqa: PLC0415 - see above
        from crucible.pipeline import phases  # noqa: PLC0415 - see above
        from crucible.sample import SAMPLE_PROJECT  # noqa: PLC0415 - see above

        model = OpenAICompatible(base_url="", api_key=None, model=MODEL)
        names = ("title", "description", "goals", "constraints", "world_model")
        problem = Problem.from_dict({name: SAMPLE_PROJECT.get(name) for name in names})
        candidates = [
            Candidate(str(n), f"title {n}", f"description {n}", "designed")
            for n in range(load.candidates)
        ]
        scenarios = [
            Scenario(str(n), f"name {n}", f"description {n}") for n in range(load.scenarios)
        ]
        bodies: list[bytes] = []

        class Asker:
            def ask(self, question: Any) -> Any:
                shape = model._shape
                body = model.body(question.prompt, shape)
                bodies.append(json.dumps(body, ensure_ascii=False).encode())
                return None

        asker: Any = Asker()
        phases.design(problem, [], load.candidates, asker)
        phases.scenarios(problem, candidates, load.scenarios, asker)
        evaluate = phases.evaluator(problem, candidates, asker)
        for candidate in candidates:
            for scenario in scenarios:
                evaluate((candidate, scenario))
        return bodies

    def require_whole(self, load: Load) -> None:
        """Every call in the ledger, every total the sum of it."""
        from sqlalchemy import func, select  # noqa: PLC0415 - see above

        from crucible.models import LLMCall, Run  # noqa: PLC0415 - see above
        from crucible.services.verify import verify_run  # noqa: PLC0415 - see above

        with self._database.reading() as session:
            for run_id in self._made:
                run = session.get_one(Run, run_id)
                counted = session.execute(
                    select(LLMCall.outcome, func.count())
                    .where(LLMCall.run_id == run_id)
                    .group_by(LLMCall.outcome)
                )
                outcomes = {outcome: count for outcome, count in counted}
                whole = {"ok": load.evaluations + SERIAL}
                found = verify_run(session, run_id)
                if run.status != "completed" or outcomes != whole or not found["ok"]:
                    raise RuntimeError(f"{run.error_summary}, {outcomes}, {found['differences']}")


if __name__ == "__main__":
    given = json.loads(sys.argv[2])
    found = one(sys.argv[1], given["address"], Load(**given["load"]), given["runs"], given["url"])
    sys.stdout.write(json.dumps(asdict(found)))
