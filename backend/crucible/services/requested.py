"""What a request for a run asks for, and the rules that it has to keep beyond its form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crucible.clock import Clock
from crucible.config import Settings
from crucible.errors import Invalid, NotFound
from crucible.models import Project
from crucible.models.values import Mode
from crucible.services import budgets

DEFAULT_CANDIDATES = 5
DEFAULT_SCENARIOS = 8


@dataclass(frozen=True)
class Requested:
    project: Project
    config: dict[str, Any]
    """What the run is asked to do, the problem as it stands included."""
    budget: dict[str, Any] | None


def requested(
    session: Session,
    clock: Clock,
    settings: Settings,
    project_id: str,
    request: Mapping[str, Any],
) -> Requested:
    """`request` is a body of the contract, validated by its schema; keys may be missing. Raises
    Invalid naming the field, Precondition when no run can work, NotFound for the project."""
    if settings.llm == "kosmos":
        from crucible.llm.kosmos import require_installed  # noqa: PLC0415 - for this case only

        require_installed()
    project = session.scalars(select(Project).where(Project.id == project_id)).one_or_none()
    if project is None:
        raise NotFound(f"there is no project {project_id}")
    config = _config(settings, project, request)
    asked = request.get("budget")
    # A budget without a limit in it is an answer too: this run has none.
    budget = budgets.stored(project.default_budget if asked is None else asked)
    budgets.require_price(settings, clock, config["model"], budget)
    return Requested(project, config, budget)


def _config(settings: Settings, project: Project, request: Mapping[str, Any]) -> dict[str, Any]:
    mode = Mode(request.get("mode") or Mode.FULL_SEARCH)
    given = _given(request)
    return {
        "mode": mode,
        "num_candidates": _candidates(mode, given, request.get("num_candidates")),
        "num_scenarios": request.get("num_scenarios") or DEFAULT_SCENARIOS,
        "model": _model(settings, request.get("model")),
        "provider": settings.llm_provider,
        "candidates": given,
        # The embedded model has one slot.
        "concurrency": 1 if settings.llm == "local" else settings.concurrency,
        "max_retries": settings.llm_max_retries,
        "timeout_seconds": settings.llm_timeout_seconds,
        "problem": _snapshot(project),
    }


def _given(request: Mapping[str, Any]) -> list[dict[str, str]]:
    given = [
        {"title": candidate["title"], "description": candidate.get("description", "")}
        for candidate in request.get("candidates") or []
    ]
    seen: set[str] = set()
    for position, candidate in enumerate(given):
        title = candidate["title"].strip()
        if title in seen:
            field = f"candidates[{position}].title"
            raise Invalid.field(field, "takes a title that no other candidate has")
        seen.add(title)
    return given


def _candidates(mode: Mode, given: Sequence[Any], asked: int | None) -> int:
    if mode is Mode.FULL_SEARCH:
        if given:
            raise Invalid.field("candidates", "goes with mode eval_only or seeded")
        return asked or DEFAULT_CANDIDATES
    if not given:
        raise Invalid.field("candidates", f"mode {mode} takes at least one candidate")
    if mode is Mode.EVAL_ONLY:
        if asked is not None and asked != len(given):
            takes = f"mode {mode} takes the number of candidates given ({len(given)}), or nothing"
            raise Invalid.field("num_candidates", takes)
        return len(given)
    if asked is not None and asked < len(given):
        takes = f"takes at least the number of candidates given ({len(given)})"
        raise Invalid.field("num_candidates", takes)
    return asked or max(DEFAULT_CANDIDATES, len(given))


def _model(settings: Settings, asked: str | None) -> str:
    if asked is None or asked == settings.llm_model:
        return settings.llm_model
    if settings.llm == "local":
        takes = f"the embedded model is {settings.llm_model}: leave it out"
        raise Invalid.field("model", takes)
    return asked


def _snapshot(project: Project) -> dict[str, Any]:
    return {
        "title": project.title,
        "description": project.description,
        "goals": project.goals,
        "constraints": project.constraints,
        "world_model": project.world_model,
    }
