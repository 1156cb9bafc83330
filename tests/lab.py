"""A whole product on a temporary database and a stub endpoint, without a surface."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from tests.engines import Holder
from tests.stub_model import StubModel

from crucible import config, migrate
from crucible.clock import SystemClock
from crucible.config import Settings
from crucible.db import Database
from crucible.execution.foreground import run_now
from crucible.ids import new_id
from crucible.models import Base, LLMCall, Project, Run, RunPhase
from crucible.models.values import Mode
from crucible.pipeline.runner import execute
from crucible.recorder.control import Control
from crucible.recorder.create import insert_run
from crucible.recorder.lease import Lease, Owner, claim
from crucible.recorder.products import Produced, load
from crucible.sample import SAMPLE_PROJECT

KEY = "sk-lab-4f9c2e7d81b6a0"
PROBLEM_FIELDS = ("title", "description", "goals", "constraints", "world_model")


@dataclass
class Lab:
    folder: Path
    stub: StubModel
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.file = self.folder / "test.sqlite3"
        self.environ = {
            "CRUCIBLE_DATABASE_URL": f"sqlite:///{self.file}",
            "CRUCIBLE_LLM_BASE_URL": self.stub.url,
            "CRUCIBLE_LLM_API_KEY": KEY,
            "CRUCIBLE_LLM_TIMEOUT_SECONDS": "5",
            "CRUCIBLE_LLM_MAX_RETRIES": "1",
            **self.environ,
        }
        self.clock = SystemClock()
        migrate.ensure(self.settings.database_url)
        self.database = Database.open(self.settings.database_url)

    @property
    def settings(self) -> Settings:
        return config.load(self.environ)

    def close(self) -> None:
        self.database.close()

    def project(self, **fields: Any) -> str:
        now = self.clock.now()
        with self.database.writing() as session:
            project = Project(
                id=new_id(), **{**SAMPLE_PROJECT, **fields}, created_at=now, updated_at=now
            )
            session.add(project)
            session.flush()
            return project.id

    def create(
        self,
        candidates: int = 3,
        scenarios: int = 4,
        *,
        project_id: str | None = None,
        mode: Mode = Mode.FULL_SEARCH,
        given: list[dict[str, str]] | None = None,
    ) -> str:
        project_id = project_id or self.project()
        with self.database.writing() as session:
            project = session.get_one(Project, project_id)
            asked = {
                "mode": mode,
                "num_candidates": candidates,
                "num_scenarios": scenarios,
                "model": self.settings.llm_model,
                "provider": self.settings.llm_provider,
                "candidates": given,
                "problem": {name: getattr(project, name) for name in PROBLEM_FIELDS},
            }
            return insert_run(
                session, self.clock, project=project, mode=mode, label=None, config=asked
            )

    def run(self, candidates: int = 3, scenarios: int = 4, **how: Any) -> Run:
        """Creates a run, runs it to its end and returns its row."""
        run_id = self.create(candidates, scenarios, **how)
        run_now(self.database, self.settings, run_id, lambda: None)
        return self.row(run_id)

    def claim(self, run_id: str) -> Lease:
        lease = claim(self.database, self.clock, run_id, Owner.current(self.settings.lease_seconds))
        assert lease is not None
        return lease

    def start(
        self, run_id: str, control: Control | None = None, lease: Lease | None = None
    ) -> threading.Thread:
        """Runs a created run, or one that is claimed already, in a thread."""
        lease = lease or self.claim(run_id)
        options = {"settings": self.settings, "clock": self.clock, "control": control}
        thread = threading.Thread(target=execute, args=(self.database, lease), kwargs=options)
        thread.start()
        return thread

    def row(self, run_id: str) -> Run:
        with self.database.reading() as session:
            return session.get_one(Run, run_id)

    def phases(self, run_id: str) -> dict[str, RunPhase]:
        with self.database.reading() as session:
            rows = session.scalars(select(RunPhase).where(RunPhase.run_id == run_id))
            return {row.name: row for row in rows}

    def calls(self, run_id: str) -> list[LLMCall]:
        with self.database.reading() as session:
            return list(
                session.scalars(
                    select(LLMCall).where(LLMCall.run_id == run_id).order_by(LLMCall.id)
                )
            )

    def results(self, run_id: str) -> Produced:
        with self.database.reading() as session:
            return load(session, run_id)

    def bytes_on_disk(self) -> bytes:
        """The database file and its journal, as they lie there; of a server, all that it holds."""
        if self.file.exists():
            return b"".join(path.read_bytes() for path in self.folder.glob(f"{self.file.name}*"))
        with self.database.reading() as session:
            rows = [session.execute(table.select()).all() for table in Base.metadata.sorted_tables]
        return repr(rows).encode()

    @contextmanager
    def held(self) -> Iterator[Holder]:
        """Somebody else who can take the database's lock."""
        holder = Holder(self.settings.database_url)
        yield holder
        holder.close()
