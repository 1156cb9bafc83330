"""What there is to ask about and to meddle with, as those who do it together know it."""

import random
import threading
from collections import deque
from itertools import count

from sqlalchemy import func, select

from crucible.db import Database
from crucible.models import Project, Run
from crucible.models.values import LIVE

RECENT = 60


class World:
    """Safe to use from many threads. Looks into the database, beside the server."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._projects: list[str] = []
        self._recent: deque[tuple[str, str]] = deque(maxlen=RECENT)
        self._numbers = count(1)
        self.started: dict[str, tuple[str, float]] = {}
        """Project and moment (`time.monotonic`) of each run whose start was confirmed."""
        self.deleted: set[str] = set()
        """Projects that were deleted."""
        self.purged_before = 0.0
        """Runs started before this moment may have been purged."""
        self.lacks: set[str] = set()
        """Kinds of question that this server does not answer."""

    def next_name(self) -> str:
        """Of a start: its label, its key and the model that it asks for."""
        return f"start-{next(self._numbers):06}"

    def add_project(self, project_id: str) -> None:
        with self._lock:
            self._projects.append(project_id)

    def close_project(self, project_id: str) -> None:
        """Nobody is to start anything in it any more; it is about to be deleted."""
        with self._lock:
            self._projects.remove(project_id)
            self.deleted.add(project_id)
            kept = [each for each in self._recent if each[0] != project_id]
            self._recent = deque(kept, maxlen=RECENT)

    def add_run(self, project_id: str, run_id: str, now: float) -> None:
        with self._lock:
            self.started.setdefault(run_id, (project_id, now))
            if (project_id, run_id) not in self._recent:
                self._recent.append((project_id, run_id))

    def forget(self, run_id: str) -> None:
        with self._lock:
            kept = [each for each in self._recent if each[1] != run_id]
            self._recent = deque(kept, maxlen=RECENT)

    def offers(self, kind: str) -> bool:
        return kind not in self.lacks

    def projects(self) -> list[str]:
        with self._lock:
            return list(self._projects)

    def project(self, dice: random.Random) -> str:
        return dice.choice(self.projects())

    def run(self, dice: random.Random, beside: str | None = None) -> str | None:
        """One of the newest, new ones rather than old ones; one of the same project as `beside`.
        None where there is none."""
        with self._lock:
            of = next((each[0] for each in self._recent if each[1] == beside), None)
            found = [run for project, run in self._recent if beside is None or project == of]
        return found[-1 - int(len(found) * dice.random() ** 2)] if found else None

    def exists(self, of: str) -> bool:
        with self._database.reading() as session:
            found = [session.get(table, of) for table in (Run, Project)]
        return any(each is not None for each in found)

    def live(self, project_id: str | None = None) -> list[str]:
        asked = select(Run.id).where(Run.status.in_(LIVE))
        if project_id is not None:
            asked = asked.where(Run.project_id == project_id)
        with self._database.reading() as session:
            return list(session.scalars(asked))

    def count(self) -> int:
        with self._database.reading() as session:
            return session.scalar(select(func.count()).select_from(Run)) or 0
