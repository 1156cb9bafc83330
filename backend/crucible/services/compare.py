"""Two runs side by side: what took longer, why it cost more, what each made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crucible.clock import rfc3339
from crucible.errors import NotFound
from crucible.models import CandidateRow, Project, Run
from crucible.models.values import LIVE, PHASES, Status
from crucible.services.compare_cost import Payer, compare_cost
from crucible.services.lost import overlaid
from crucible.services.references import is_number, resolve_run
from crucible.services.summary import RUN_COLUMNS, phases_of, summarize

Row = Mapping[str, Any]
OTHER = "other"
_MADE = ("candidate_count", "scenario_count", "evaluation_count")
_CALLS = ("call_count", "failed_call_count", "retry_count")
_TOKENS = ("input_tokens", "output_tokens", "total_tokens")
_SIZES = (("num_candidates", "candidate"), ("num_scenarios", "scenario"))


@dataclass(frozen=True)
class _Side:
    """One of the two runs. `which` is `base` or `head`."""

    which: str
    run: Row
    phases: Sequence[Row]
    summary: dict[str, Any]
    best_I: float | None

    @property
    def name(self) -> str:
        return f"{self.which} #{self.run['number']}"

    @property
    def total(self) -> Row:
        return (self.summary["llm_usage"] or {}).get("total") or {}

    @property
    def milliseconds(self) -> int | None:
        return _milliseconds(self.summary["duration_seconds"])

    @property
    def by_phase(self) -> dict[str, int | None]:
        timings = self.summary["metrics"]["phase_timings"]
        return {name: _milliseconds(each["duration_seconds"]) for name, each in timings.items()}


def resolve_both(
    session: Session, base: str, head: str, project_id: str | None = None
) -> tuple[str, str]:
    """Ids of the two runs that are named as `resolve_run` takes them. A number as `head` counts
    in `project_id`, else in the project of `base`. Raises NotFound or Ambiguous."""
    first = resolve_run(session, base, project_id)
    if is_number(head) and project_id is None:
        project_id = session.scalar(select(Run.project_id).where(Run.id == first))
    return first, resolve_run(session, head, project_id)


def compare_runs(session: Session, base_id: str, head_id: str, now: datetime) -> dict[str, Any]:
    """`{base, head, generated_at, duration_seconds, cost_usd, counts, best_I, notes}`.

    A delta is head - base, None where a side is not known, with a note that says so. The parts
    of time (`phases`, in milliseconds, `other` being time outside of phases) and of cost
    (`causes`) add up to their delta exactly, read as decimals. Raises NotFound.
    """
    base, head = _side(session, "base", base_id, now), _side(session, "head", head_id, now)
    notes = _differences(base, head)
    notes += [note for side in (base, head) for note in _circumstances(side)]
    return {
        "base": _shown(base),
        "head": _shown(head),
        "generated_at": rfc3339(now),
        "duration_seconds": _duration(base, head, notes),
        "cost_usd": compare_cost(session, _payer(base), _payer(head), notes),
        "counts": {
            name: _pair(_figure(base, name), _figure(head, name))
            for name in (*_MADE, *_CALLS, *_TOKENS)
        },
        "best_I": _pair(base.best_I, head.best_I),
        "notes": [note[0].upper() + note[1:] for note in dict.fromkeys(notes)],
    }


def _side(session: Session, which: str, run_id: str, now: datetime) -> _Side:
    found = session.execute(
        select(*RUN_COLUMNS, Run.config)
        .join(Project, Project.id == Run.project_id)
        .where(Run.id == run_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"there is no run {run_id}")
    stored = phases_of(session, [run_id]).get(run_id, [])
    run, phases = overlaid(session, found._asdict(), stored)
    best = select(CandidateRow.I).where(CandidateRow.run_id == run_id, CandidateRow.rank == 1)
    return _Side(which, run, phases, summarize(run, phases, now), session.scalar(best))


def _shown(side: _Side) -> dict[str, Any]:
    names = "id number project_id project_title status mode label created_at ledger".split()
    links = {name: side.summary["links"][name] for name in ("self", "page")}
    return {
        **{name: side.summary[name] for name in names},
        "models": side.total.get("models") or {},
        "links": links,
    }


def _payer(side: _Side) -> Payer:
    return Payer(side.name, side.run, side.phases)


def _figure(side: _Side, name: str) -> int | None:
    if name in _MADE:
        made: int | None = side.summary[name]
        return made
    found: int | None = side.total.get(name)
    # A run with a ledger and no usage made no call; of imported history, nothing is known.
    uncalled = not side.total and side.run["ledger"] != "absent"
    return 0 if uncalled and name in _CALLS else found


def _pair(base: Any, head: Any) -> dict[str, Any]:
    """The two and their difference, taken of the decimals that they are shown as."""
    delta = None
    if base is not None and head is not None:
        exact = Decimal(repr(head)) - Decimal(repr(base))
        delta = float(exact) if isinstance(base, float) else int(exact)
    return {"base": base, "head": head, "delta": delta}


def _duration(base: _Side, head: _Side, notes: list[str]) -> dict[str, Any]:
    before, after = base.milliseconds, head.milliseconds
    known = before is not None and after is not None
    split = known and all([_phases_known(side, notes) for side in (base, head)])
    old, new = (_parts(side) if split else None for side in (base, head))
    return {
        "base": _seconds(before),
        "head": _seconds(after),
        "delta": _seconds(after - before if before is not None and after is not None else None),
        "base_phases": old and {name: _seconds(part) for name, part in old.items()},
        "head_phases": new and {name: _seconds(part) for name, part in new.items()},
        "phases": old and new and _deltas(old, new),
    }


def _phases_known(side: _Side, notes: list[str]) -> bool:
    spans = side.by_phase
    known = None not in spans.values() and (bool(spans) or side.run["ledger"] != "absent")
    if not known:
        notes.append(f"How long the phases of {side.name} took is not known.")
    return known


def _parts(side: _Side) -> dict[str, int]:
    """Milliseconds by phase that began, and those of the run outside of its phases."""
    spans = {name: span or 0 for name, span in side.by_phase.items()}
    return {**spans, OTHER: (side.milliseconds or 0) - sum(spans.values())}


def _deltas(base: Mapping[str, int], head: Mapping[str, int]) -> dict[str, float | None]:
    return {
        name: _seconds(head.get(name, 0) - base.get(name, 0))
        for name in (*map(str, PHASES), OTHER)
        if name in base or name in head
    }


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _differences(base: _Side, head: _Side) -> list[str]:
    """Why the two may not be alike enough to be compared."""
    notes = []
    if base.run["id"] == head.run["id"]:
        return ["This is one run, compared with itself."]
    if base.run["project_id"] != head.run["project_id"]:
        notes.append("The runs belong to different projects.")
    if base.run["mode"] != head.run["mode"]:
        notes.append(f"The modes differ: {base.run['mode']} against {head.run['mode']}.")
    sizes = [_size(side.run["config"] or {}) for side in (base, head)]
    if sizes[0] and sizes[1] and sizes[0] != sizes[1]:
        notes.append(f"The sizes asked for differ: {sizes[0]} against {sizes[1]}.")
    return notes


def _size(config: Mapping[str, Any]) -> str:
    asked = [
        f"{config[key]} {word}{'s' if config[key] != 1 else ''}"
        for key, word in _SIZES
        if isinstance(config.get(key), int)
    ]
    return " and ".join(asked)


def _circumstances(side: _Side) -> list[str]:
    """What to know of one of the two before its figures are read."""
    notes = []
    status, run = side.run["status"], side.summary
    if status == Status.CREATED and run["duration_seconds"] is None:
        notes.append(f"{side.name} has not begun.")
    elif status in LIVE:
        notes.append(f"{side.name} is still going: its figures are those up to now.")
    elif status != Status.COMPLETED:
        notes.append(f"{side.name} {'failed' if status == Status.FAILED else 'was cancelled'}.")
    if run["duration_seconds"] is None and status not in LIVE:
        notes.append(f"How long {side.name} took is not known.")
    if run["attempt"] > 1:
        notes.append(
            f"{side.name} was resumed: its duration is the sum of {run['attempt']} attempts, "
            "without the pauses between them."
        )
    return notes
