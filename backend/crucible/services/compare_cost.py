"""The cost of two runs, set against each other: the figures that `cost_causes` splits."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crucible.models import LLMCall
from crucible.models.values import Outcome
from crucible.services import usage
from crucible.services.cost_causes import Parts, Spend, Used, apportioned, causes, grain
from crucible.services.usage import usd

Row = Mapping[str, Any]
_KINDS = ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens")
_NOT_TOLD_APART = (
    "Tokens are not known on both sides: more tokens and a dearer price cannot be told apart, so "
    "the cost change has no causes here."
)


@dataclass(frozen=True)
class Payer:
    """One of the two runs: its row, the rows of its phases, and how notes name it."""

    name: str
    run: Row
    phases: Sequence[Row]

    @property
    def cost(self) -> int | None:
        found: int | None = self.run["cost_pico"]
        return found

    @property
    def unpriced(self) -> int:
        return int(self.run["unpriced_call_count"])


@dataclass
class _Unsplit(Exception):
    """The difference is known and its causes are not; `note` says why."""

    note: str


def compare_cost(session: Session, base: Payer, head: Payer, notes: list[str]) -> dict[str, Any]:
    """`{base, head, delta, base_unpriced_call_count, head_unpriced_call_count, causes: {calls,
    tokens, price, retries}}` in US dollars, the causes adding up to the delta exactly. What the
    figures rest on is added to `notes`."""
    notes += [note for payer in (base, head) for note in _unknowns(payer)]
    return _shown(base, head, _parts(session, base, head, notes))


def _parts(session: Session, base: Payer, head: Payer, notes: list[str]) -> Parts | None:
    if base.cost is None or head.cost is None:
        return None
    try:
        parts = causes(*_spends(session, base, head, notes))
    except _Unsplit as unsplit:
        notes.append(unsplit.note)
        return None
    if parts is None:
        notes.append(_NOT_TOLD_APART)
    return parts


def _shown(base: Payer, head: Payer, parts: Parts | None) -> dict[str, Any]:
    step = grain(*(parts or {}).values(), base.cost or 0, head.cost or 0)
    before, after = _rounded(base.cost, step), _rounded(head.cost, step)
    delta = None if before is None or after is None else after - before
    split = None
    if parts is not None and delta is not None:
        whole = apportioned({name: part / step for name, part in parts.items()}, delta)
        split = {name: usd(part * step) for name, part in whole.items()}
    return {
        "base": usd(before and before * step),
        "head": usd(after and after * step),
        "delta": usd(delta and delta * step),
        "base_unpriced_call_count": base.unpriced,
        "head_unpriced_call_count": head.unpriced,
        "causes": split,
    }


def _rounded(pico: int | None, step: int) -> int | None:
    return None if pico is None else round(Fraction(pico, step))


def _unknowns(payer: Payer) -> Iterable[str]:
    if payer.cost is None:
        if not payer.run["call_count"] and payer.run["ledger"] != "absent":
            yield f"{payer.name} made no call to a model."
        else:
            yield f"What {payer.name} cost is not known."
    elif payer.unpriced:
        calls = "1 call" if payer.unpriced == 1 else f"{payer.unpriced:,} calls"
        yield f"{payer.name} has {calls} without a known price: its cost is a lower bound."


def _spends(session: Session, base: Payer, head: Payer, notes: list[str]) -> tuple[Spend, Spend]:
    without = [payer for payer in (base, head) if payer.run["ledger"] != "complete"]
    if not without:
        return _of_ledger(session, base), _of_ledger(session, head)
    # Both by the same measure: single calls tell more than totals do.
    names = " and ".join(payer.name for payer in without)
    notes.append(
        f"The calls of {names} are not on record: the causes are reckoned from totals, and are "
        "less sure."
    )
    return _of_totals(base, head)


def _of_ledger(session: Session, payer: Payer) -> Spend:
    """Priced calls whose answer was used, by phase: one walk over the run's calls."""
    tokens = LLMCall.input_tokens + LLMCall.output_tokens
    rows = session.execute(
        select(
            LLMCall.phase,
            LLMCall.price_source,
            func.count().label("calls"),
            func.sum(LLMCall.cost_pico).label("pico"),
            func.count(tokens).label("metered"),
            func.sum(tokens).label("tokens"),
        )
        .where(
            LLMCall.run_id == payer.run["id"],
            LLMCall.outcome == Outcome.OK,
            LLMCall.cost_pico.is_not(None),
        )
        .group_by(LLMCall.phase, LLMCall.price_source)
    )
    by_phase: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_phase[row.phase].append(row)
    used = {phase: _used(found) for phase, found in by_phase.items()}
    return Spend(payer.cost or 0, used)


def _used(rows: Sequence[Any]) -> Used:
    metered = sum(row.metered for row in rows)
    tokens = sum(int(row.tokens or 0) for row in rows)
    return Used(
        calls=sum(row.calls for row in rows),
        tokens=Fraction(tokens, metered) if metered else None,
        pico=sum(int(row.pico) for row in rows),
        price=rows[0].price_source if len(rows) == 1 else None,
    )


def _adds_up(payer: Payer) -> bool:
    """Whether the phases tell where the run's whole cost arose."""
    sums = usage.added(payer.phases)
    names = ("cost_pico", "call_count", "failed_call_count", "wasted_cost_pico")
    return all(sums[name] == payer.run[name] for name in names)


def _of_totals(base: Payer, head: Payer) -> tuple[Spend, Spend]:
    by_phase = _adds_up(base) and _adds_up(head)
    before, after = (_totals(payer, by_phase) for payer in (base, head))
    mixed = {name for name in before.keys() & after.keys() if _mixed(before[name], after[name])}
    first, second = (
        Spend(
            payer.cost or 0,
            {name: _used_in(payer, each, name in mixed) for name, each in totals.items()},
        )
        for payer, totals in ((base, before), (head, after))
    )
    return first, second


def _totals(payer: Payer, by_phase: bool) -> dict[str, Row]:
    if not by_phase:
        return {"run": payer.run}
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in payer.phases:
        rows[row["name"]].append(row)
    sums = {name: usage.added(found) for name, found in rows.items()}
    return {name: each for name, each in sums.items() if usage.known(each)}


def _mixed(base: Row, head: Row) -> bool:
    """Whether the shares of input, output and cached tokens are known to differ: that alone moves
    what a token costs on average."""
    shares = [
        [Fraction(each[name] or 0, each["total_tokens"]) for name in _KINDS]
        for each in (base, head)
        if each["total_tokens"]
    ]
    return len(shares) == 2 and shares[0] != shares[1]


def _used_in(payer: Payer, totals: Row, mixed: bool) -> Used:
    cost, wasted = totals["cost_pico"] or 0, usage.wasted(totals)
    if cost and (wasted is None or not totals["call_count"]):
        what = "spent on answers that were not used" if totals["call_count"] else "was charged for"
        raise _Unsplit(
            f"What {payer.name} {what} is not known, so the cost change has no causes here."
        )
    calls = max(0, totals["call_count"] - totals["failed_call_count"])
    # Without a used answer, whatever was spent was wasted.
    pico = max(0, cost - (wasted or 0)) if calls else 0
    return Used(calls, _tokens(totals, calls, pico), pico, _model(totals) if mixed else None)


def _tokens(totals: Row, calls: int, pico: int) -> Fraction | None:
    """Tokens a used call; those of the others taken out in proportion to what they cost."""
    tokens: int | None = totals["total_tokens"]
    if tokens is None or not calls:
        return None
    used = Fraction(pico, totals["cost_pico"]) if totals["cost_pico"] else Fraction(1)
    return used * tokens / calls


def _model(totals: Row) -> str | None:
    """The only model of the only provider, taken to have had one price."""
    names = [*(totals["providers"] or {}), *(totals["models"] or {})]
    return "/".join(names) if len(names) == 2 else None
