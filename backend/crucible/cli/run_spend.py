"""What a run's calls used and cost, by phase, and which calls to look at first."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from crucible.cli import format, run_words
from crucible.cli.grid import Row, fit, lay_out
from crucible.cli.run_words import Summary
from crucible.cli.text import Screen, clean, wrapped

SHOWN_CALLS = 8
USAGE = ("phase", "calls", "failed", "retries", "in", "out", "cached", "reasoning", "cost")
CALL = ("mark", "phase", "subject", "latency", "tokens", "cost")


def usage(run: Summary, screen: Screen) -> list[str]:
    """Usage by phase and in total."""
    if not run["llm_usage"]:
        return ["no model was called"]
    phases, total = run["llm_usage"]["phases"], run["llm_usage"]["total"]
    called = {name: used for name, used in phases.items() if used["call_count"]}
    rows = [_usage_row(name, used) for name, used in [*called.items(), ("total", total)]]
    heads = {column: "" if column == "phase" else column for column in USAGE}
    _, columns = fit(
        [heads, *rows],
        USAGE,
        screen.columns,
        dispensable=("reasoning", "cached", "retries", "failed", "calls"),
    )
    dimmed = {column: screen.dim(head) for column, head in heads.items()}
    said = [*_unknowns(total), *_worth(run["spend"])]
    return [
        *lay_out([dimmed, *rows], columns, right=USAGE[1:]),
        *(line for sentence in said for line in wrapped(sentence, screen)),
    ]


def _usage_row(name: str, used: dict[str, Any]) -> Row:
    return {
        "phase": name,
        "calls": format.count(used["call_count"]),
        "failed": format.count(used["failed_call_count"]),
        "retries": format.count(used["retry_count"]),
        "in": format.tokens(used["input_tokens"]),
        "out": format.tokens(used["output_tokens"]),
        "cached": format.tokens(used["cached_input_tokens"]),
        "reasoning": format.tokens(used["reasoning_tokens"]),
        "cost": format.money(used["cost_usd"], used["unpriced_call_count"]),
    }


def _unknowns(total: dict[str, Any]) -> list[str]:
    """What the figures leave out, in words: an unknown is never shown as zero."""
    said = []
    if total["unmetered_call_count"]:
        calls = format.plural(total["unmetered_call_count"], "call")
        said.append(f"{calls} answered without reporting tokens: not in these sums.")
    if total["unpriced_call_count"]:
        calls = format.plural(total["unpriced_call_count"], "call")
        known = "the cost is a lower bound" if total["cost_usd"] is not None else "cost unknown"
        said.append(f"{calls} without a known price: {known}.")
    return said


def _worth(spend: dict[str, Any]) -> list[str]:
    """The spend, set against what was made of it."""
    said = []
    if spend["wasted_cost_usd"]:
        wasted = fine_money(spend["wasted_cost_usd"])
        share = format.share(spend["wasted_cost_usd"], spend["cost_usd"])
        said.append(f"{wasted} ({share}) went to calls whose answer was not used.")
    bound = "≥ " if spend["unpriced_call_count"] else ""
    each = [
        f"{bound}{fine_money(spend[key])} {what}"
        for key, what in (
            ("cost_per_evaluation_usd", "an evaluation"),
            ("cost_per_candidate_usd", "a ranked candidate"),
        )
        if spend[key]
    ]
    return [*said, *([f"{', '.join(each)}."] if each else [])]


def fine_money(usd: float | None) -> str:
    """As `format.money`, but less than a cent to two digits that tell something: `$0.0034`."""
    exact = Decimal(str(usd or 0))
    if not 0 < exact < Decimal("0.01"):
        return format.money(usd)
    digits = Decimal(1).scaleb(exact.adjusted() - 1)
    return format.exact_money(exact.quantize(digits, ROUND_HALF_UP))


def calls(run: Summary, made: Sequence[dict[str, Any]], screen: Screen) -> list[str]:
    """How many there were, and the ones to look at first."""
    total = run_words.usage(run)
    if not total:
        return []
    head = (
        f"{format.plural(total['call_count'], 'call')}, {total['failed_call_count']:,} failed, "
        f"{format.plural(total['retry_count'], 'retry', 'retries')}"
    )
    if run["ledger"] != "complete":
        return [f"{head}; the calls themselves are not kept (ledger: {run['ledger']})"]
    if not made:
        return [head]
    worst = sorted(made, key=_failed_then_slowest)[:SHOWN_CALLS]
    order = "failed, then slowest" if any(map(_is_failed, made)) else "slowest first"
    rows, columns = fit(
        [_call_row(call) for call in worst],
        CALL,
        screen.columns,
        flexible="subject",
        dispensable=("tokens", "phase", "cost", "subject"),
    )
    styled = [
        {**row, "mark": run_words.coloured(screen, _colour_of(call), row["mark"])}
        for row, call in zip(rows, worst, strict=True)
    ]
    heading = f"{head}; {order}:" if len(made) > 1 else head
    return [*wrapped(heading, screen), *lay_out(styled, columns, right=CALL[3:])]


def _is_failed(call: dict[str, Any]) -> bool:
    return call["outcome"] not in ("ok", "pending")


def _failed_then_slowest(call: dict[str, Any]) -> tuple[bool, float]:
    return not _is_failed(call), -(call["latency_seconds"] or 0.0)


def _colour_of(call: dict[str, Any]) -> str:
    return {"ok": "completed", "pending": "running"}.get(call["outcome"], "failed")


def _call_row(call: dict[str, Any]) -> Row:
    outcome = call["outcome"]
    tries = run_words.tries(call)
    again = f" ({tries})" if tries else ""
    said = call["error_kind"] if outcome == "error" and call["error_kind"] else outcome
    return {
        "mark": f"{run_words.mark(_colour_of(call))} {said}",
        "phase": call["phase"],
        "subject": clean(call["subject"]) + again,
        "latency": format.duration(call["latency_seconds"]),
        "tokens": format.tokens_in_out(call["input_tokens"], call["output_tokens"]),
        "cost": format.money(call["cost_usd"]),
    }
