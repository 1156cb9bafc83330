"""Finds what a person or a program calls by an id, the beginning of one, a number or a title."""

import re
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crucible.errors import Ambiguous, NotFound
from crucible.models import Project, Run

PREFIX_LENGTH = 8
_NUMBER = re.compile(r"#?([1-9][0-9]{0,17})", re.ASCII)
_LAST = "\U0010ffff"


def resolve_project(session: Session, ref: str) -> str:
    """The id of the project that `ref` names: its id, a prefix of 8 or more characters, or its
    exact title. Raises NotFound or Ambiguous."""
    ref = _storable(ref)
    if found := _by_id(session, Project.id, ref):
        return found
    titled = _unless_several(
        list(session.scalars(select(Project.id).where(Project.title == ref).limit(2))),
        f"several projects are titled {_quoted(ref)}: give the id",
    )
    found = titled or _by_prefix(session, Project.id, ref, "projects")
    if found is None:
        raise NotFound(f"there is no project {_quoted(ref)}")
    return found


def only_project(session: Session, ref: str | None) -> str:
    """The id of the project that `ref` names, or of the only one where it is None. Raises
    Ambiguous when there are several and none is named, NotFound when there is none."""
    if ref is not None:
        return resolve_project(session, ref)
    found = list(session.scalars(select(Project.id).limit(2)))
    if not found:
        raise NotFound("there is no project yet: make one with `crucible test-run`")
    if len(found) > 1:
        raise Ambiguous("there are several projects: name one with --project-id")
    return found[0]


def resolve_run(session: Session, ref: str, project_id: str | None = None) -> str:
    """The id of the run that `ref` names: its id, a prefix of 8 or more characters, or its number
    within `project_id` or the only project. Raises NotFound or Ambiguous.

    Imported ids may be numbers: `7` is the run of that id if there is one, `#7` never is.
    """
    ref = _storable(ref)
    if number := _NUMBER.fullmatch(ref):
        found = _by_id(session, Run.id, ref) or _by_number(session, int(number[1]), project_id)
        if found is None and project_id is None and _project_count(session) > 1:
            raise Ambiguous(
                f"{_quoted(ref)} is the number of a run within a project, and there are several "
                "projects: name the project, or give the run's id"
            )
    else:
        found = _by_id(session, Run.id, ref) or _by_prefix(session, Run.id, ref, "runs", project_id)
    if found is None:
        raise NotFound(f"there is no run {_quoted(ref)}")
    return found


def is_number(ref: str) -> bool:
    """Whether `ref` is read as the number of a run within a project: `42` or `#42`."""
    return _NUMBER.fullmatch(ref) is not None


def _by_number(session: Session, number: int, project_id: str | None) -> str | None:
    if project_id is None:
        projects = list(session.scalars(select(Project.id).limit(2)))
        if len(projects) != 1:
            return None
        project_id = projects[0]  # which the index of numbers begins with
    return session.scalar(select(Run.id).where(Run.project_id == project_id, Run.number == number))


def _project_count(session: Session) -> int:
    """0, 1 or 2: two stands for several."""
    return (
        session.scalar(select(func.count()).select_from(select(Project.id).limit(2).subquery()))
        or 0
    )


def _by_id(session: Session, column: InstrumentedAttribute[str], ref: str) -> str | None:
    return session.scalar(select(column).where(column == ref))


def _by_prefix(
    session: Session,
    column: InstrumentedAttribute[str],
    ref: str,
    what: str,
    project_id: str | None = None,
) -> str | None:
    if len(ref) < PREFIX_LENGTH:
        return None
    # A range, not LIKE: it walks the index.
    matches: Any = select(column).where(column >= ref, column < ref + _LAST)
    if project_id is not None:
        matches = matches.where(Run.project_id == project_id)
    found = list(session.scalars(matches.limit(2)))
    return _unless_several(found, f"the ids of several {what} begin with {_quoted(ref)}")


def _unless_several(found: list[str], otherwise: str) -> str | None:
    if len(found) > 1:
        raise Ambiguous(otherwise)
    return found[0] if found else None


def _storable(ref: str) -> str:
    # A word of a command line that is not UTF-8 arrives with halves of surrogate pairs.
    return ref.encode("utf-8", "replace").decode()


def _quoted(ref: str) -> str:
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in ref)
    return f"“{clean if len(clean) <= 100 else clean[:99] + '…'}”"
