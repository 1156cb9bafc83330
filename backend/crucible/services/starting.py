"""Starting a run: the rules that a request has to keep beyond its form."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crucible.clock import Clock
from crucible.config import Settings
from crucible.errors import Invalid, NotFound, Precondition
from crucible.models import Project
from crucible.models.values import Mode
from crucible.recorder.create import insert_run
from crucible.services import budgets

DEFAULT_CANDIDATES = 5
DEFAULT_SCENARIOS = 8


def start_run(
    session: Session,
    clock: Clock,
    settings: Settings,
    project_id: str,
    request: Mapping[str, Any],
) -> str:
    """Records a `created` run and returns its id; does not commit.

    `request` is a body of the contract, validated by its schema; keys may be missing. Raises
    Invalid naming the field, Precondition when no run can work, NotFound for the project.
    """
    _refuse_the_reserved(settings)
    project = session.scalars(select(Project).where(Project.id == project_id)).one_or_none()
    if project is None:
        raise NotFound(f"there is no project {project_id}")
    mode = Mode(request.get("mode") or Mode.FULL_SEARCH)
    given = _given(request)
    model = _model(settings, request.get("model"))
    budget = budgets.stored(request.get("budget")) or budgets.stored(project.default_budget)
    budgets.require_price(settings, clock, model, budget)
    return insert_run(
        session,
        clock,
        project=project,
        mode=mode,
        label=request.get("label"),
        budget=budget,
        config={
            "mode": mode,
            "num_candidates": _candidates(mode, given, request.get("num_candidates")),
            "num_scenarios": request.get("num_scenarios") or DEFAULT_SCENARIOS,
            "model": model,
            "provider": settings.llm_provider,
            "candidates": given,
            "concurrency": settings.concurrency,
            "max_retries": settings.llm_max_retries,
            "timeout_seconds": settings.llm_timeout_seconds,
            "problem": _snapshot(project),
        },
    )


def _refuse_the_reserved(settings: Settings) -> None:
    if settings.llm == "kosmos":
        raise Precondition(
            "CRUCIBLE_LLM=kosmos is not supported by this version",
            {},
            hint="Set CRUCIBLE_LLM to openai or local and start the server again.",
        )
    if settings.executor == "celery":
        raise Precondition(
            "CRUCIBLE_EXECUTOR=celery is not supported by this version",
            {},
            hint="Leave CRUCIBLE_EXECUTOR out, or set it to embedded, and start the server again.",
        )


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
