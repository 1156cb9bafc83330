"""What a run is to take, in words; and how it came out."""

from collections.abc import Callable
from typing import Any

from crucible.cli import format, run_words
from crucible.cli.run_words import Summary
from crucible.cli.text import Screen, clean, wrapped

Found = dict[str, Any]


def render(found: Found, screen: Screen) -> str:
    lines = [*wrapped(" · ".join(_figures(found, p90=True)), screen)]
    lines += [screen.dim(line) for line in wrapped(clean(found["basis"]["note"]), screen)]
    for warning in found["warnings"]:
        lines += [screen.style(line, fg="yellow") for line in wrapped(clean(warning), screen)]
    return "\n".join(lines)


def in_a_line(found: Found) -> str:
    return f"Estimate: {', '.join(_figures(found))} ({clean(found['basis']['note'])})"


def costs(found: Found) -> bool:
    """Whether there may be something to pay."""
    return bool(found["cost_usd"]["p90"] != 0)


def against(run: Summary) -> list[tuple[str, str]]:
    """Each figure of the run's estimate, and what became of it."""
    found = run["estimate"]
    if not found:
        return []
    used = run_words.usage(run)
    word = "so far" if run_words.live(run) else "actual"
    calls = format.count(found["calls"])
    rows = [
        ("calls", calls, format.count(used.get("call_count", 0))),
        ("tokens", _mean(found["tokens"], _tokens), format.tokens(used.get("total_tokens"))),
        ("cost", _mean(found["cost_usd"], format.money), run_words.cost(run)),
        (
            "time",
            _mean(found["duration_seconds"], format.duration),
            format.duration(run["duration_seconds"]),
        ),
    ]
    compared = [(name, f"{likely} · {word} {actual}") for name, likely, actual in rows]
    basis = (found["basis"] or {}).get("note")
    return [*compared, ("basis", clean(basis or ""))]


def _mean(found: Found | None, form: Callable[[Any], str]) -> str:
    p50, p90 = (form((found or {}).get(name)) for name in ("p50", "p90"))
    return p50 if p50 == p90 else f"{p50} (p90 {p90})"


def _figures(found: Found, *, p90: bool = False) -> list[str]:
    tokens = found["tokens"]
    high = f" (p90 {_tokens(tokens['p90'])})" if p90 else ""
    return [
        format.plural(found["calls"], "call"),
        f"about {_tokens(tokens['p50'])} tokens{high}",
        _range(found["cost_usd"], format.money, "cost unknown"),
        _range(found["duration_seconds"], format.duration, "time unknown"),
    ]


def _tokens(value: float | None) -> str:
    return format.tokens(None if value is None else round(value))


def _range(found: Found, form: Callable[[Any], str], unknown: str) -> str:
    if found["p50"] is None:
        return unknown
    low, high = form(found["p50"]), form(found["p90"])
    return low if low == high else f"{low}–{high}"
