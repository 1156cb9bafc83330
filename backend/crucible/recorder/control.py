"""How a run in progress is told to stop, from another thread."""

import threading
from dataclasses import dataclass

from crucible.errors import ErrorKind, RunFailure
from crucible.models.values import Status

SHUT_DOWN = "the process that ran it was shut down"


@dataclass(frozen=True)
class Stop:
    status: Status
    failure: RunFailure
    lost: bool = False
    """The worker is gone: the run ended when it last gave a sign of life, not now."""

    @classmethod
    def cancelled(cls) -> "Stop":
        return cls(Status.CANCELLED, RunFailure(ErrorKind.CANCELLED, "stopped by request"))

    @classmethod
    def shutdown(cls) -> "Stop":
        return cls._worker_lost(SHUT_DOWN)

    @classmethod
    def died(cls) -> "Stop":
        return cls._worker_lost("the process that ran it died", lost=True)

    @classmethod
    def silent(cls, seconds: float) -> "Stop":
        reason = f"its worker has given no sign of life for more than {seconds:g} s"
        return cls._worker_lost(reason, lost=True)

    @classmethod
    def _worker_lost(cls, reason: str, *, lost: bool = False) -> "Stop":
        return cls(Status.FAILED, RunFailure(ErrorKind.WORKER_LOST, reason), lost)


class Control:
    """Checked before every call and during every wait between attempts."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.stop: Stop | None = None
        """Why the run was asked to stop; None when it was not, or when its lease is lost."""

    def ask_to_stop(self, stop: Stop) -> None:
        self.stop = self.stop or stop
        self._event.set()

    def halt(self) -> None:
        """Sends no further call, for a reason that an exception carries elsewhere."""
        self._event.set()

    def check(self) -> None:
        if self._event.is_set():
            from crucible.llm.asking import Stopped  # noqa: PLC0415 - readers see no model

            raise Stopped

    def wait(self, seconds: float) -> bool:
        """Sleeps; True at once when the run is to stop."""
        return self._event.wait(seconds)
