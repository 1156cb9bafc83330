"""`crucible runs compare` for a person: both runs, the change, and where it comes from."""

from collections.abc import Callable
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from crucible.cli import format, run_words
from crucible.cli.grid import Row, fit, lay_out
from crucible.cli.run_spend import fine_money
from crucible.cli.text import READING_WIDTH, Screen, clean, cut, wrapped
from crucible.cli.waterfall import BAR, SLIVER

WIDEST_BAR = 16
FIGURES, NARROWEST = 36, 10
"""What the table takes without its two runs, and what a run takes at least."""
COLUMNS = ("what", "base", "head", "change", "ratio")
TIME_COLUMNS = ("phase", "base_bar", "base", "head_bar", "head", "change")
COUNTS = (
    ("calls", "call_count"),
    ("failed calls", "failed_call_count"),
    ("retries", "retry_count"),
    ("tokens in", "input_tokens"),
    ("tokens out", "output_tokens"),
    ("candidates", "candidate_count"),
    ("scenarios", "scenario_count"),
    ("evaluations", "evaluation_count"),
)
CAUSES = ("price", "tokens", "calls", "retries")
Value = dict[str, Any]
Shown = Callable[[Any], str]


def render(found: Value, screen: Screen) -> str:
    blocks = [
        [*_title(found, screen), *_table(found, screen)],
        _time(found["duration_seconds"], screen),
        _cost(found["cost_usd"], screen),
        [line for note in found["notes"] for line in wrapped(f"note: {clean(note)}", screen)],
        [
            screen.dim(f"next: crucible runs show {found['head']['id']}"),
            screen.dim(f"base: crucible runs show {found['base']['id']}"),
        ],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _title(found: Value, screen: Screen) -> list[str]:
    base, head = found["base"], found["head"]
    titles = dict.fromkeys(clean(side["project_title"] or "") for side in (base, head))
    numbers = f"#{base['number']} → #{head['number']}"
    names = screen.fit(" → ".join(titles), (screen.columns or READING_WIDTH) - len(numbers) - 2)
    return [f"{numbers}  {screen.style(names, bold=True)}"]


def _table(found: Value, screen: Screen) -> list[str]:
    cost, counts = found["cost_usd"], found["counts"]
    bounds = [cost[f"{side}_unpriced_call_count"] for side in ("base", "head")]
    heads = [f"{side} #{found[side]['number']}" for side in ("base", "head")]
    room = screen.columns and max(NARROWEST, (screen.columns - FIGURES) // 2)
    rows = [
        dict(zip(COLUMNS, ("", *heads, "change", ""), strict=True)),
        _said("status", found, room, _status),
        _said("label", found, room, lambda run: clean(run["label"] or "")),
        *_models(found, room),
        _figures("duration", found["duration_seconds"], format.duration),
        _figures("cost", cost, fine_money)
        | {side: _bounded(cost[side], n) for side, n in zip(("base", "head"), bounds, strict=True)},
        *(
            _figures(what, counts[name], format.tokens if "token" in name else format.count)
            for what, name in COUNTS
        ),
        _figures("best I", found["best_I"], format.score),
    ]
    rows = [row for row in rows if row["base"] or row["head"]]
    laid, columns = fit(rows, COLUMNS, screen.columns, dispensable=("ratio", "change"))
    laid[0] = {name: screen.dim(cell) for name, cell in laid[0].items()}
    return lay_out(laid, columns, COLUMNS[1:])


def _status(run: Value) -> str:
    return f"{run_words.mark(run['status'])} {run['status']}"


def _said(what: str, found: Value, room: int | None, say: Callable[[Any], str]) -> Row:
    said = {side: say(found[side]) for side in ("base", "head")}
    if room is not None:
        said = {side: cut(text, room) for side, text in said.items()}
    return {"what": what, **said, "change": "", "ratio": ""}


def _models(found: Value, room: int | None) -> list[Row]:
    """A line for each: several names side by side would make the table wide."""
    sides = {side: list(map(clean, found[side]["models"])) for side in ("base", "head")}
    rows = zip_longest(*sides.values(), fillvalue="")
    return [
        _said("" if place else "model", dict(zip(sides, pair, strict=True)), room, str)
        for place, pair in enumerate(rows)
    ]


def _figures(what: str, figures: Value, shown: Shown) -> Row:
    return {
        "what": what,
        "base": shown(figures["base"]),
        "head": shown(figures["head"]),
        "change": signed(figures["delta"], shown),
        "ratio": _ratio(figures["base"], figures["head"]),
    }


def _bounded(usd: float | None, unpriced: int) -> str:
    return f"≥ {fine_money(usd)}" if unpriced and usd is not None else fine_money(usd)


def signed(delta: Any, shown: Shown) -> str:
    """`+22s`, `-$0.02`; zero has no sign."""
    if delta is None:
        return format.MISSING
    sign = "+" if delta > 0 else "-" if delta < 0 else ""
    return sign + shown(abs(delta))


def _ratio(base: Any, head: Any) -> str:
    """How many times the base the head is; nothing where both are the same, or one is none."""
    if not base or not head or base == head:
        return ""
    times = Decimal(str(head)) / Decimal(str(base))
    if times < Decimal("0.01"):
        return "<×0.01"
    return f"×{times:.2f}" if times < 100 else f"×{times:,.0f}"


def _time(took: Value, screen: Screen) -> list[str]:
    if took["phases"] is None:
        return []
    sides = [took["base_phases"], took["head_phases"]]
    longest = max(max(side.values()) for side in sides)
    rows = [
        {
            "phase": phase,
            **{
                name: text
                for side, spans in zip(("base", "head"), sides, strict=True)
                for name, text in _span(side, spans.get(phase), longest).items()
            },
            "change": signed(delta, format.duration),
        }
        for phase, delta in took["phases"].items()
    ]
    rows, columns = fit(rows, TIME_COLUMNS, screen.columns, dispensable=("base_bar", "head_bar"))
    laid = lay_out(rows, columns, ("base", "head", "change"))
    title = f"Time by phase: {signed(took['delta'], format.duration)}"
    return [screen.style(title, bold=True), *laid]


def _span(side: str, seconds: float | None, longest: float) -> Row:
    """A bar and a figure; nothing for a phase that did not begin there."""
    if seconds is None:
        return {f"{side}_bar": "", side: ""}
    columns = round(max(0.0, seconds) / longest * WIDEST_BAR) if longest > 0 else 0
    bar = BAR * columns or (SLIVER if seconds > 0 else "")
    return {f"{side}_bar": bar, side: signed(seconds, format.duration).removeprefix("+")}


def _cost(cost: Value, screen: Screen) -> list[str]:
    if cost["causes"] is None:
        return []
    title = f"Cost by cause: {signed(cost['delta'], fine_money)}"
    said = ", ".join(f"{name} {signed(cost['causes'][name], fine_money)}" for name in CAUSES)
    return [screen.style(title, bold=True), *wrapped(said, screen)]
