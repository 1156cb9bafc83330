"""`crucible runs show`: one run, in the order of the questions a person asks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from crucible.cli import estimate_view, format, run_spend, run_words, waterfall
from crucible.cli.grid import fit, lay_out
from crucible.cli.run_words import Summary
from crucible.cli.text import READING_WIDTH, Screen, clean, wrapped

LABELS = 11
ANSWERED = ("ok", "invalid")
"""How a call ends that a model answered, usably or not."""
MADE = (
    ("candidates", "design", "candidate_count"),
    ("scenarios", "scenarios", "scenario_count"),
    ("evaluations", "evaluation", "evaluation_count"),
)


def render(run: Summary, calls: Sequence[dict[str, Any]], screen: Screen, now: datetime) -> str:
    """`calls` are the run's calls."""
    return _joined(
        *_story(run, screen, now),
        _section("Usage", run_spend.usage(run, screen), screen),
        _section("Calls", run_spend.calls(run, calls, screen), screen),
        _section("Estimate", _labelled(estimate_view.against(run), screen), screen),
        _section("Asked for", _asked(run, calls, screen), screen),
        [screen.dim(f"next: {_next(run)}")],
    )


def render_short(run: Summary, screen: Screen, now: datetime) -> str:
    """What happened, without the parts to look things up in."""
    retry = run["status"] in ("failed", "cancelled")
    after = _next(run) if retry else f"crucible runs show {run['id']}"
    return _joined(
        *_story(run, screen, now),
        _section("Usage", run_spend.usage(run, screen), screen),
        [screen.dim(f"next: {after}")],
    )


def _story(run: Summary, screen: Screen, now: datetime) -> list[list[str]]:
    return [
        _head(run, screen, now),
        _failure(run, screen, now),
        _section("Phases", waterfall.render(run, screen, now), screen),
        _section("Produced", _produced(run, screen), screen),
        _section("Best", _best(run, screen), screen),
    ]


def _joined(*blocks: list[str]) -> str:
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _section(title: str, lines: list[str], screen: Screen) -> list[str]:
    return [screen.style(title, bold=True), *lines] if lines else []


def _head(run: Summary, screen: Screen, now: datetime) -> list[str]:
    status = f"{run_words.mark(run['status'])} #{run['number']} {run['status']}"
    name = run_words.name(run, across=True)
    room = (screen.columns or READING_WIDTH) - len(status) - 2
    title = "  " + screen.style(screen.fit(name, room), bold=True) if name else ""
    figures = [_when(run["created_at"], screen, now)]
    if run["duration_seconds"] is not None:
        figures.append(format.duration(run["duration_seconds"]))
    if run["llm_usage"]:
        cost, tokens = run_words.cost(run), run_words.tokens(run)
        figures.append(cost if cost != format.MISSING else "cost unknown")
        figures.append(f"{tokens} tokens" if tokens != format.MISSING else "tokens unknown")
    if run_words.live(run):
        figures.append(run_words.remark(run))
    first = run_words.coloured(screen, run["status"], status) + title
    return [first, *wrapped(" · ".join(figures), screen)]


def _when(moment: str, screen: Screen, now: datetime) -> str:
    if not screen.terminal:
        return moment
    return f"{format.ago(moment, now)} ({format.moment(moment)})"


def _failure(run: Summary, screen: Screen, now: datetime) -> list[str]:
    error = run["error"]
    if not error:
        return []
    summary = clean(run["error_summary"] or error["message"] or error["kind"])
    said = [
        ("phase", error["phase"] or ""),
        ("when", _when(error["occurred_at"], screen, now) if error["occurred_at"] else ""),
        ("last good", _last_good(run) if run["status"] == "failed" else ""),
        ("what to do", clean(error["hint"] or "")),
        ("kind", error["kind"]),
        ("message", clean(error["message"] or "")),
    ]
    lines = [run_words.coloured(screen, run["status"], line) for line in wrapped(summary, screen)]
    return lines + _labelled([(name, text) for name, text in said if text != summary], screen)


def _last_good(run: Summary) -> str:
    timings = run["metrics"]["phase_timings"]
    done = [phase for phase, timing in timings.items() if timing["status"] == "completed"]
    if not done:
        return "no phase completed"
    made = run["metrics"]["resource_breakdown"].get(done[-1]) or {}
    return f"{done[-1]}: {_of(made)}" if made.get("produced") is not None else str(done[-1])


def _labelled(pairs: Sequence[tuple[str, str]], screen: Screen) -> list[str]:
    """`label  text`, the text wrapped beside its label."""
    lines = []
    room = max(20, (screen.columns or 0) - LABELS - 2)
    for label, text in pairs:
        for position, line in enumerate(wrapped(text, screen, room) if text else ()):
            name = (label if position == 0 else "").ljust(LABELS)
            lines.append(f"{screen.dim(name)}  {line}")
    return lines


def _produced(run: Summary, screen: Screen) -> list[str]:
    work = run["metrics"]["resource_breakdown"]
    rows = [
        (what, _of(work[phase]) if phase in work else _of(_not_begun(run, phase, count)))
        for what, phase, count in MADE
    ]
    notes = [("note", clean(note)) for note in run["metrics"]["notes"]]
    return _labelled([*rows, *notes], screen)


def _not_begun(run: Summary, phase: str, count: str) -> dict[str, Any]:
    """What a phase that did not begin was asked for; how many pairs there would be is open."""
    asked = {"design": "num_candidates", "scenarios": "num_scenarios"}
    return {"produced": run[count], "expected": run["config"].get(asked.get(phase))}


def _of(made: dict[str, Any]) -> str:
    produced, expected = made.get("produced"), made.get("expected")
    if expected is None:
        return format.count(produced)
    short = expected - (produced or 0)
    missing = f" ({short:,} missing)" if short > 0 else ""
    return f"{format.count(produced)} of {format.count(expected)}{missing}"


def _best(run: Summary, screen: Screen) -> list[str]:
    rows = [
        {
            "rank": f"{best['rank']}.",
            "title": clean(best["title"]),
            **{name: f"{name} {format.score(best[name])}" for name in ("I", "P", "R")},
            "breaks": _breaks(best.get("hard_violations") or []),
        }
        for best in run["top_candidates"]
    ]
    columns = ("rank", "title", "I", "P", "R", "breaks")
    laid = fit(rows, columns, screen.columns, flexible="title", dispensable=("R", "P", "I"))
    return lay_out(*laid, right=("rank", "I", "P", "R"))


def _breaks(violated: Sequence[str]) -> str:
    """The hard constraints that it does not keep, for which it stands behind those that do."""
    return f"breaks {', '.join(map(clean, violated))}" if violated else ""


def _asked(run: Summary, calls: Sequence[dict[str, Any]], screen: Screen) -> list[str]:
    """Configuration and provenance."""
    config = run["config"]
    sources = sorted({call["price_source"] for call in calls if call["price_source"]})
    worker = run["worker"] or {}
    said = [
        ("mode", run["mode"]),
        ("model", clean(f"{config['model']} ({config['provider']})") if config["model"] else ""),
        _models(run, calls),
        ("size", _size(config)),
        ("calls", _pace(config)),
        ("limits", _limits(run["budget"] or {})),
        ("prices", "; ".join(map(clean, sources))),
        ("attempts", format.count(run["attempt"]) if run["attempt"] > 1 else ""),
        (
            "worker",
            clean(f"{worker['host']}, process {worker['pid']}") if worker.get("host") else "",
        ),
        ("ledger", run["ledger"]),
        ("project", run["project_id"]),
        ("run", run["id"]),
    ]
    return _labelled(said, screen)


def _models(run: Summary, calls: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Who answered. The totals also count calls without an answer, by the name asked for: where
    the calls are not kept, nobody can tell those apart."""
    name = "served by" if calls else "models"
    made: Mapping[str, int] = run_words.usage(run).get("models") or {}
    if calls:
        answered = [call for call in calls if call["outcome"] in ANSWERED]
        made = Counter(call["model_served"] or call["model_asked"] for call in answered)
    return name, ", ".join(f"{clean(model)} ({count:,})" for model, count in made.items())


def _size(config: dict[str, Any]) -> str:
    asked = [
        format.plural(config[key], word)
        for key, word in (("num_candidates", "candidate"), ("num_scenarios", "scenario"))
        if config[key] is not None
    ]
    given = len(config["candidates"] or [])
    return ", ".join([*asked, *([f"{given} of the candidates given"] if given else [])])


def _limits(budget: dict[str, Any]) -> str:
    said = {
        "max_cost_usd": format.exact_money,
        "max_total_tokens": lambda most: f"{format.tokens(most)} tokens",
        "max_llm_calls": lambda most: format.plural(most, "call"),
        "max_duration_seconds": format.duration,
    }
    given = {name: budget.get(name) for name in said}
    return ", ".join(said[name](most) for name, most in given.items() if most is not None)


def _pace(config: dict[str, Any]) -> str:
    said = []
    if config["concurrency"] is not None:
        said.append(f"{config['concurrency']} in flight")
    if config["max_retries"] is not None:
        said.append(format.plural(config["max_retries"], "retry", "retries"))
    if config["timeout_seconds"] is not None:
        said.append(f"timeout {format.duration(config['timeout_seconds'])}")
    return ", ".join(said)


def _next(run: Summary) -> str:
    if run_words.live(run):
        return f"crucible runs show {run['id']}"
    if run["status"] in ("failed", "cancelled"):
        if run["ledger"] == "absent":
            return f"crucible test-run --project-id {run['project_id']}"
        return f"crucible runs resume {run['id']} --here"
    return f"crucible runs verify {run['id']}"
