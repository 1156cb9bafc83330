"""Finds the run that a person named."""

from typing import Any


def resolve(session: Any, run: str, project: str | None) -> str:
    """The id of a run, given as id, prefix or number, of a project given as id, prefix or title."""
    from crucible.services import projects, runs  # noqa: PLC0415 - SQLAlchemy: not for `--help`

    project_id = projects.resolve_project(session, project) if project is not None else None
    return runs.resolve_run(session, run, project_id)
