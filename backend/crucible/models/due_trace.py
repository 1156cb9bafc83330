from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from crucible.models.base import Base, Id, line


class DueTrace(Base):
    """An attempt at a run whose trace is to be sent when it has ended; gone once it was.

    Added in the transaction that claims the run, so that a worker's death loses none.
    """

    __tablename__ = "crucible_due_traces"

    run_id: Mapped[str] = mapped_column(
        Id, ForeignKey("crucible_runs.id", ondelete="CASCADE"), primary_key=True
    )
    attempt: Mapped[int] = mapped_column(primary_key=True)
    server_address: Mapped[str | None] = mapped_column(line(255))
    server_port: Mapped[int | None]
    """Of the model's endpoint, as the worker knew it; the ledger has no addresses."""
    tries: Mapped[int] = mapped_column(default=0)
    sender: Mapped[str | None] = mapped_column(Id)
    taken_until: Mapped[datetime | None]
    """Until then nobody but the sender sends it."""
