"""The columns that hold totals over calls, the same on runs and on phases."""

from sqlalchemy.orm import Mapped, mapped_column


class UsageColumns:
    """Sums over calls. Token and cost columns are NULL when no call reported them.

    Costs are whole pico-dollars (1e-12 USD).
    """

    call_count: Mapped[int] = mapped_column(default=0)
    failed_call_count: Mapped[int] = mapped_column(default=0)
    retry_count: Mapped[int] = mapped_column(default=0)
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    total_tokens: Mapped[int | None]
    cached_input_tokens: Mapped[int | None]
    cache_write_tokens: Mapped[int | None]
    reasoning_tokens: Mapped[int | None]
    unmetered_call_count: Mapped[int] = mapped_column(default=0)
    cost_pico: Mapped[int | None]
    unpriced_call_count: Mapped[int] = mapped_column(default=0)
    wasted_cost_pico: Mapped[int | None]
    providers: Mapped[dict[str, int]] = mapped_column(default=dict)
    models: Mapped[dict[str, int]] = mapped_column(default=dict)
