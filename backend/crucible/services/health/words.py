"""Findings in words: sentences of our own and figures, never a model's or a provider's text."""

from collections.abc import Callable

from crucible.models.values import Status
from crucible.services.health.anomaly import Anomaly, Code, Measure
from crucible.services.usage import PICO

MINUTE, HOUR = 60, 3600


def summary(found: Anomaly) -> str:
    """One sentence that a person can act on."""
    return _SENTENCES[found.code](found)


def next_command(found: Anomaly) -> str:
    """What to look at, as a command with full ids."""
    last = found.runs[-1]
    if found.before is not None and found.code in _COMPARED:
        return f"crucible runs compare {found.before.id} {last.id}"
    return f"crucible runs show {last.id}"


_COMPARED = (
    Code.DURATION_REGRESSION,
    Code.COST_SPIKE,
    Code.TOKEN_SPIKE,
    Code.RETRY_STORM,
    Code.YIELD_DROP,
    Code.TELEMETRY_MISSING,
)


def _streak(found: Anomaly) -> str:
    return f"The last {len(found.runs)} runs failed{_how(found)}."


def _rate(found: Anomaly) -> str:
    before = f", {_share(found.baseline)} before" if found.baseline is not None else ""
    return f"{len(found.runs)} of the last {found.judged} runs failed{_how(found)}{before}."


def _new_kind(found: Anomaly) -> str:
    kind = _kind(found)
    return (
        f"{kind[:1].upper()}{kind[1:]} is a new kind of failure: {len(found.runs)} runs since "
        f"#{found.since.number}, none of the {found.sample_size} before."
    )


def _how(found: Anomaly) -> str:
    where = f" in {found.phase}" if found.phase else ""
    return f"{where}, by {_kind(found)}" if found.kind else where


def _kind(found: Anomaly) -> str:
    """In words, as the page and the CLI say it."""
    return (found.kind or "").replace("_", " ")


def _duration(found: Anomaly) -> str:
    if found.metric is Measure.PHASE_DURATION:
        return f"The {found.phase} phase takes {_than(found, _seconds, 'as long as')}."
    return f"Runs take {_than(found, _seconds, 'as long as')}{_most_in(found)}."


def _cost(found: Anomaly) -> str:
    served = "; another model serves them" if found.model else ""
    if not found.baseline:
        return f"Runs were free before and cost {_usd(found.observed)} now{served}."
    return f"Runs cost {_than(found, _usd, 'as much as')}{_most_in(found)}{served}."


def _tokens(found: Anomaly) -> str:
    return f"Runs use {_than(found, _count, 'the tokens of')}{_most_in(found)}."


def _than(found: Anomaly, shown: Callable[[float | None], str], words: str) -> str:
    times = f"{found.ratio or 0:,.1f} times {words} before"
    return f"{times}: {shown(found.observed)} instead of {shown(found.baseline)}"


def _most_in(found: Anomaly) -> str:
    return f", most of it in {found.phase}" if found.phase else ""


def _retries(found: Anomaly) -> str:
    return (
        f"{_of_last(found)}: {found.observed or 0:.2f} retries a question, "
        f"{found.baseline or 0:.2f} before{_most_in(found)}."
    )


def _yield(found: Anomaly) -> str:
    before = f", {_share(found.baseline)} before" if found.baseline is not None else ""
    lost = f"; it is lost in {found.phase}" if found.phase else ""
    return f"{_of_last(found)} made {_share(found.observed)} of what was asked{before}{lost}."


def _telemetry(found: Anomaly) -> str:
    what = (
        "the provider reports no tokens, so their tokens and cost are not known"
        if found.metric is Measure.METERED
        else "no price is known, so their cost is not known"
    )
    return f"{_of_last(found)}: {what}."


def _of_last(found: Anomaly) -> str:
    return "The last run" if len(found.runs) == 1 else f"The last {len(found.runs)} runs"


def _stalled(found: Anomaly) -> str:
    run = found.runs[-1]
    if run.status != Status.RUNNING:
        return (
            f"#{run.number} has been waiting for {_seconds(found.observed)} and nothing picks it "
            "up: is `crucible serve` running?"
        )
    where = f" in {found.phase}" if found.phase else ""
    usual = f"; its calls usually take {_seconds(found.baseline)} at most" if found.baseline else ""
    return f"#{run.number} has not moved for {_seconds(found.observed)}{where}{usual}."


_SENTENCES: dict[Code, Callable[[Anomaly], str]] = {
    Code.FAILURE_STREAK: _streak,
    Code.FAILURE_RATE: _rate,
    Code.ERROR_KIND_NEW: _new_kind,
    Code.DURATION_REGRESSION: _duration,
    Code.COST_SPIKE: _cost,
    Code.TOKEN_SPIKE: _tokens,
    Code.RETRY_STORM: _retries,
    Code.YIELD_DROP: _yield,
    Code.TELEMETRY_MISSING: _telemetry,
    Code.RUN_STALLED: _stalled,
}


def _seconds(seconds: float | None) -> str:
    """`0.42s`, `4.21s`, `41s`, `3m 20s`, `1h 02m 03s`: as everywhere else."""
    value = seconds or 0.0
    if value < 9.995:
        return f"{value:.2f}s"
    whole = round(value)
    hours, minutes, rest = whole // HOUR, whole % HOUR // MINUTE, whole % MINUTE
    if hours:
        return f"{hours:,}h {minutes:02d}m {rest:02d}s"
    return f"{minutes}m {rest:02d}s" if minutes else f"{rest}s"


def _usd(pico: float | None) -> str:
    value = (pico or 0) / PICO
    return f"${value:,.2f}" if value >= 0.1 else f"${value:.2g}"


def _count(number: float | None) -> str:
    value = number or 0
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size * (10 if unit == "k" else 1):
            return f"{value / size:,.1f}{unit}"
    return f"{value:,.0f}"


def _share(share: float | None) -> str:
    return f"{100 * (share or 0):.0f} %"
