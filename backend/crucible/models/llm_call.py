from datetime import datetime

from sqlalchemy import Float, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from crucible.models.base import Base, Id, Word, line


class LLMCall(Base):
    """The ledger: one row an HTTP attempt, written before it is sent, settled when it returned."""

    __tablename__ = "crucible_llm_calls"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    run_id: Mapped[str] = mapped_column(Id, ForeignKey("crucible_runs.id", ondelete="CASCADE"))
    run_attempt: Mapped[int]
    phase: Mapped[str] = mapped_column(Word)
    subject: Mapped[str] = mapped_column(line(500))
    """What it was for, in words a person recognises."""
    attempt: Mapped[int]
    """1 for the first call for a question, counting retries and repairs up."""
    outcome: Mapped[str] = mapped_column(Word)
    error_kind: Mapped[str | None] = mapped_column(Word)
    error_detail: Mapped[str | None]
    http_status: Mapped[int | None]
    provider: Mapped[str] = mapped_column(line(100))
    model_asked: Mapped[str] = mapped_column(line(200))
    model_served: Mapped[str | None] = mapped_column(line(200))
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    cached_input_tokens: Mapped[int | None]
    cache_write_tokens: Mapped[int | None]
    reasoning_tokens: Mapped[int | None]
    cost_pico: Mapped[int | None]
    """Whole pico-dollars, frozen at the moment of the call. NULL = not known, never 0."""
    reserved_tokens: Mapped[int | None]
    reserved_pico: Mapped[int | None]
    """What it could use at most; kept while, and where, the true figure is not known."""
    price_source: Mapped[str | None] = mapped_column(line(300))
    latency_seconds: Mapped[float | None] = mapped_column(Float)
    sent_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    prompt: Mapped[str | None]
    answer: Mapped[str | None]
    """Prompt and answer are kept only with CAPTURE_CONTENT."""

    __table_args__ = (Index("ix_crucible_llm_calls_run", "run_id", "id"),)
