"""`crucible runs health` in words."""

from datetime import datetime
from typing import Any

from crucible.cli import format
from crucible.cli.text import Screen, clean, wrapped

Found = dict[str, Any]

MARKS = {"ok": "✓", "degraded": "▲", "failing": "✕", "unknown": "○"}
COLOURS = {"ok": "green", "degraded": "yellow", "failing": "red", "unknown": "cyan"}
SEVERITIES = {"warning": ("▲", "yellow"), "critical": ("✕", "red")}
LABELS = 12
INDENT = 2


def render(found: Found, screen: Screen, now: datetime) -> str:
    blocks = [
        [_verdict(found, screen)],
        *(_anomaly(one, screen) for one in found["anomalies"]),
        [
            *_labelled("last failure", _last_failure(found["last_failure"], screen, now), screen),
            *_labelled("typical run", _typical(found["typical"]), screen),
        ],
        [screen.dim(f"next: {_next(found)}")],
    ]
    return "\n\n".join("\n".join(block) for block in blocks)


def _verdict(found: Found, screen: Screen) -> str:
    verdict = found["verdict"]
    word = screen.style(f"{MARKS[verdict]} {verdict}", fg=COLOURS[verdict], bold=True)
    return f"{word}  {_basis(found['window'])}"


def _basis(window: Found) -> str:
    judged = f"{format.plural(window['runs'], 'run')} judged"
    if window["needed"]:
        return f"{judged}, {window['needed']} more needed for a verdict"
    return judged


def _anomaly(one: Found, screen: Screen) -> list[str]:
    mark, colour = SEVERITIES[one["severity"]]
    head = screen.style(f"{mark} {one['code']}", fg=colour, bold=True)
    basis = f"since #{one['since_run']['number']}"
    if one["sample_size"]:
        basis += f" · compared with {format.plural(one['sample_size'], 'earlier run')}"
    if one["model"]:
        basis += f" · served by {clean(one['model'])}"
    room = (screen.columns or 0) - INDENT
    lines = [*wrapped(one["summary"], screen, room), *wrapped(basis, screen, room)]
    # Not broken: it is there to be copied.
    return [head, *(" " * INDENT + line for line in [*lines, screen.dim(one["next"])])]


def _last_failure(failure: Found | None, screen: Screen, now: datetime) -> str:
    if failure is None:
        return "none"
    ended = failure["completed_at"]
    when = format.ago(ended, now) if screen.terminal else ended or ""
    said = clean(failure["error_summary"] or failure["kind"] or "no reason was recorded")
    return " · ".join(part for part in (f"#{failure['number']}", when, said) if part)


def _typical(typical: Found) -> str:
    if not typical["runs"]:
        return "none has completed yet"
    duration, cost = typical["duration_seconds"], typical["cost_usd"]
    parts = [
        _range(format.duration(duration["p50"]), format.duration(duration["p90"])),
        f"{format.count(typical['candidate_count'])} candidates",
        f"{format.count(typical['scenario_count'])} scenarios",
        f"{format.count(typical['evaluation_count'])} evaluations",
    ]
    if cost["p50"] is None:
        parts.append("cost unknown")
    else:
        parts.append(_range(format.money(cost["p50"]), format.money(cost["p90"])))
    return " · ".join(parts)


def _range(middle: str, high: str) -> str:
    return middle if high in (middle, format.MISSING) else f"{middle} (p90 {high})"


def _labelled(label: str, text: str, screen: Screen) -> list[str]:
    lines = wrapped(text, screen, max(20, (screen.columns or 0) - LABELS - 2))
    names = [label, *[""] * (len(lines) - 1)]
    return [
        f"{screen.dim(name.ljust(LABELS))}  {line}" for name, line in zip(names, lines, strict=True)
    ]


def _next(found: Found) -> str:
    if found["anomalies"]:
        return str(found["anomalies"][0]["next"])
    project = f"--project-id {found['project_id']}"
    if not found["window"]["runs"]:
        return f"crucible test-run {project}"
    if found["last_failure"]:
        return f"crucible runs show {found['last_failure']['run_id']}"
    return f"crucible runs {project}"
