"""What a run's figures are called in one cell or one phrase."""

from typing import Any

from crucible.cli import format
from crucible.cli.text import Screen, clean

Summary = dict[str, Any]

MARKS = {"completed": "✓", "failed": "✕", "running": "◐", "created": "○", "cancelled": "⊘"}
COLOURS = {
    "completed": "green",
    "failed": "red",
    "running": "cyan",
    "created": "cyan",
    "cancelled": "yellow",
}


def mark(status: str) -> str:
    return MARKS.get(status, "·")


def coloured(screen: Screen, status: str, text: str) -> str:
    return screen.style(text, fg=COLOURS.get(status))


def name(run: Summary, *, across: bool) -> str:
    """The project's title across projects, the label where there is one."""
    title = clean(run["project_title"] or "") if across else ""
    return " · ".join(part for part in (title, clean(run["label"] or "")) if part)


def counts(run: Summary) -> str:
    figures = (run["candidate_count"], run["scenario_count"], run["evaluation_count"])
    return "/".join(format.count(figure) for figure in figures)


def usage(run: Summary) -> dict[str, Any]:
    """The totals over all calls; empty when the run made none."""
    return (run["llm_usage"] or {}).get("total") or {}


def tokens(run: Summary) -> str:
    total = usage(run)
    return format.tokens_in_out(total.get("input_tokens"), total.get("output_tokens"))


def cost(run: Summary) -> str:
    total = usage(run)
    return format.money(total.get("cost_usd"), total.get("unpriced_call_count") or 0)


def duration(run: Summary) -> str:
    """It ticks while the run runs; one that waits to go on stands where its attempts left it."""
    shown = format.elapsed if run["status"] == "running" else format.duration
    return shown(run["duration_seconds"])


def tries(call: dict[str, Any]) -> str:
    """Which attempt at its question a call is; each attempt of the run counts them anew."""
    if call["run_attempt"] > 1:
        return f"run attempt {call['run_attempt']}, try {call['attempt']}"
    return f"attempt {call['attempt']}" if call["attempt"] > 1 else ""


def live(run: Summary) -> bool:
    return run["status"] in ("created", "running")


def remark(run: Summary) -> str:
    """Why it failed, how far it is, or what is missing from it."""
    if run["error_summary"]:
        return clean(run["error_summary"])
    if run["status"] == "created":
        return "waiting to start"
    if run["status"] == "running":
        return progress(run)
    return missing(run)


def progress(run: Summary) -> str:
    now = run["progress"] or {}
    if not now.get("phase"):
        return "starting"
    if now.get("expected") is None:
        return str(now["phase"])
    return f"{now['phase']} {now.get('done') or 0}/{now['expected']}"


def missing(run: Summary) -> str:
    """`9 of 40 evaluations missing`, for a run that completed without them."""
    made = ((run["metrics"] or {}).get("resource_breakdown") or {}).get("evaluation") or {}
    expected, produced = made.get("expected"), made.get("produced")
    if run["status"] != "completed" or expected is None or (produced or 0) >= expected:
        return ""
    return f"{expected - (produced or 0)} of {expected} evaluations missing"
