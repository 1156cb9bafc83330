"""History sent through JSON lines and back, for tests."""

import io
import json
from datetime import timedelta
from typing import Any

from tests.seed import START

from crucible.db import Database
from crucible.scrub import Scrubber
from crucible.services.history.exporting import export_runs
from crucible.services.history.importing import Report, import_runs
from crucible.services.listing import RunQuery

NOW = START + timedelta(days=1)
BEGUN = "2026-11-22T08:00:00.000Z"
Line = dict[str, Any]


def line(**fields: Any) -> Line:
    """The least a line must have, and `fields`."""
    return {
        "id": "run-1",
        "project_id": "project-1",
        "status": "completed",
        "created_at": BEGUN,
        **fields,
    }


def taken(database: Database, *lines: Line, scrub: Scrubber | None = None) -> Report:
    text = "\n".join(map(json.dumps, lines))
    return import_runs(database, io.BytesIO(text.encode()), scrub or Scrubber())


def given_out(database: Database, **asked: Any) -> list[Line]:
    with database.reading() as session:
        pages = export_runs(session, RunQuery(**asked), NOW)
        return [json.loads(json.dumps(run)) for page in pages for run in page]
