"""Pages of run summaries."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crucible.clock import rfc3339
from crucible.services import walks
from crucible.services.lost import overlaid
from crucible.services.run_query import MAX_LIMIT, SORT_COLUMNS, RunQuery, check, cursor_after
from crucible.services.summary import phases_of, plain, summarize

__all__ = ["MAX_LIMIT", "SORT_COLUMNS", "RunQuery", "list_runs"]


def list_runs(session: Session, query: RunQuery, now: datetime) -> dict[str, Any]:
    """A page of run summaries: `{project_id, generated_at, runs, total, has_more, next_cursor}`.

    `total` is exact up to 1,000 matches, None beyond. Raises Invalid naming what is wrong.
    """
    check(query)
    page, count = walks.found(session, query)
    # The count travels with the rows: a page is two statements, this one and that of the phases.
    rows = plain(session.execute(page.add_columns(count.scalar_subquery().label("total"))))
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    phases = phases_of(session, [row["id"] for row in rows])
    if rows:
        total = rows[0]["total"]
    else:  # no row to bring it: on a page behind the last one it has to be asked for
        total = 0 if query.cursor is None else session.scalar(count)
    return {
        "project_id": query.project_id,
        "generated_at": rfc3339(now),
        "runs": [
            summarize(*overlaid(session, row, phases.get(row["id"], [])), now) for row in rows
        ],
        "total": total if total <= walks.COUNT_LIMIT else None,
        "has_more": more,
        "next_cursor": cursor_after(query, rows[-1]) if more else None,
    }
