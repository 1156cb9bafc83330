"""What an application holds beside its database."""

from dataclasses import dataclass
from typing import Any, Protocol, cast

from flask import current_app

import crucible
from crucible import llm, migrate
from crucible.clock import Clock
from crucible.config import Settings
from crucible.errors import CrucibleError
from crucible.scrub import Scrubber

NAME = "crucible"


class Executor(Protocol):
    def ready(self) -> None:
        """Raises Unavailable when no run could be handed over now."""
        ...

    def wake(self, run_id: str) -> None:
        """There is a run to pick up. Raises Unavailable when its workers cannot be told."""
        ...

    def cancel(self, run_id: str) -> None:
        """The run has been asked to stop; if it runs here it need not wait to find out."""
        ...

    def state(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class State:
    settings: Settings
    clock: Clock
    executor: Executor | None
    database_url: str
    scrub: Scrubber
    started: str
    """Tells this start of the server from others: the database may be another one since, or an
    older copy of it that counts its changes anew."""

    def ready(self) -> None:
        if self.executor is not None:
            self.executor.ready()

    def wake(self, run_id: str) -> None:
        if self.executor is not None:
            self.executor.wake(run_id)

    def cancel(self, run_id: str) -> None:
        if self.executor is not None:
            self.executor.cancel(run_id)

    def health(self) -> dict[str, Any]:
        database = self._database()
        return {
            "status": "ok" if database["ok"] else "unavailable",
            "version": crucible.__version__,
            "database": database,
            "executor": self._executor(),
            "llm": llm.health(self.settings),
        }

    def _database(self) -> dict[str, Any]:
        note = None
        revision = None
        try:
            revision = migrate.revision(self.database_url)
            if revision != migrate.HEAD:
                note = "its schema is not the one this version needs: run `crucible db upgrade`"
        except CrucibleError as error:
            note = error.message
        return {"ok": note is None, "revision": revision, "needed": migrate.HEAD, "note": note}

    def _executor(self) -> dict[str, Any]:
        if self.executor is None:
            nothing = "nothing executes runs here"
            return {"kind": "none", "running": False, "active": 0, "max_active": 0, "note": nothing}
        return {"note": None, **self.executor.state()}


def state() -> State:
    return cast(State, current_app.extensions[NAME])
