"""One run, four mouths: do they say the same, to the digit?"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.signoff.endpoint import Bill
from tests.signoff.house import Typed
from tests.signoff.screen import Row

from crucible.cli import format

Run = dict[str, Any]
PLACE = {"status": 1, "duration": 3, "candidates": 4, "scenarios": 5, "evaluations": 6,
         "tokens": 7, "cost": 8}  # fmt: skip


@dataclass
class Agreement:
    """Every comparison, counted; those that failed, in words."""

    compared: int = 0
    wrong: list[str] = field(default_factory=list)

    def same(self, what: str, one: Any, other: Any) -> None:
        self.compared += 1
        if one != other:
            self.wrong.append(f"{what}: {one!r} is not {other!r}")

    def holds(self, what: str, part: str, whole: str) -> None:
        self.compared += 1
        if part not in whole:
            self.wrong.append(f"{what}: {part!r} is not in {whole!r}")

    def true(self, what: str, fact: bool) -> None:
        self.compared += 1
        if not fact:
            self.wrong.append(what)


def figures(run: Run) -> dict[str, str]:
    """What a row has to show, worked out here from the API's numbers."""
    total = (run["llm_usage"] or {}).get("total") or {}
    return {
        "status": run["status"],
        "duration": format.duration(run["duration_seconds"]),
        "candidates": format.count(run["candidate_count"]),
        "scenarios": format.count(run["scenario_count"]),
        "evaluations": format.count(run["evaluation_count"]),
        "tokens": format.tokens_in_out(total.get("input_tokens"), total.get("output_tokens")),
        "cost": format.money(total.get("cost_usd"), total.get("unpriced_call_count") or 0),
    }


def of_surfaces(
    agreed: Agreement, api: Run, listed: Run, cli: Run, cli_listed: Run, row: Row, line: Typed
) -> None:
    """An ended run: `GET` of it and of the list, the CLI's JSON of both, the row of the page in
    the browser, and the line on the terminal."""
    name = f"run #{api['number']}"
    agreed.same(f"{name}, CLI and API", cli, api)
    agreed.same(f"{name}, lists of CLI and API", cli_listed, listed)
    for field_name, value in listed.items():
        agreed.same(f"{name}, {field_name} in the list", value, api[field_name])
    shown = figures(api)
    for what, text in shown.items():
        agreed.same(f"{name}, {what} on the page", row.cells[PLACE[what]], text)
    agreed.holds(f"{name}, number on the page", f"#{api['number']}", row.cells[0])
    agreed.holds(f"{name}, reason on the page", api["error_summary"] or "", row.cells[0])
    counts = "/".join(shown.pop(each) for each in ("candidates", "scenarios", "evaluations"))
    for what, text in {**shown, "counts": counts}.items():
        agreed.holds(f"{name}, {what} on the terminal", text, line.text)
    if api["llm_usage"]:
        _exactly(agreed, name, api["llm_usage"]["total"], row)


def _exactly(agreed: Agreement, name: str, total: Run, row: Row) -> None:
    """Rounded figures carry the whole one along."""
    told = " ".join(row.titles)
    tokens = f"{total['input_tokens']} in, {total['output_tokens']} out"
    agreed.holds(f"{name}, exact tokens on the page", tokens, told)
    agreed.holds(f"{name}, exact cost on the page", format.exact_money(total["cost_usd"]), told)


def of_phases(agreed: Agreement, run: Run, shown: dict[str, list[str]], typed: Typed) -> None:
    """The phases in the page's dialog and in `runs show`. What a reader sees of the run's time has
    to be the run's time."""
    name, begun = f"run #{run['number']}", run["metrics"]["phase_timings"]
    agreed.same(f"{name}, phases in the dialog", list(shown)[1:], list(begun))
    axis = next((line for line in typed.lines if line.lstrip().startswith("0s ")), "0s ?").split()
    agreed.same(f"{name}, axis of the dialog and the terminal", shown["phase"][0], " ".join(axis))
    for phase in begun.keys() & shown.keys():
        usage = run["llm_usage"]["phases"].get(phase) or {}
        seconds, made = begun[phase]["duration_seconds"], usage.get("call_count")
        wanted = [format.duration(seconds), format.share(seconds, run["duration_seconds"])]
        wanted += [format.count(made or 0), format.count(usage.get("retry_count") or 0)]
        if made:
            unpriced = usage["unpriced_call_count"]
            wanted.append(format.tokens_in_out(usage["input_tokens"], usage["output_tokens"]))
            wanted.append(format.money(usage["cost_usd"], unpriced))
        agreed.same(f"{name}, {phase} in the dialog", shown[phase][1 : len(wanted) + 1], wanted)
        line = next((line for line in typed.lines if line[2:].startswith(phase)), "")
        for text in wanted[:2] + wanted[4:]:
            agreed.holds(f"{name}, {phase} on the terminal", text, line)


def of_parts(agreed: Agreement, run: Run, calls: list[Run]) -> None:
    """Totals against their parts: phases, and every single call."""
    name, total = f"run #{run['number']}", run["llm_usage"]["total"]
    phases = run["llm_usage"]["phases"].values()
    for what in ("call_count", "failed_call_count", "retry_count", "input_tokens", "output_tokens"):
        of_phases = sum(phase[what] or 0 for phase in phases)
        agreed.same(f"{name}, {what} of its phases", of_phases, total[what] or 0)
    agreed.same(f"{name}, its calls", len(calls), total["call_count"])
    for what in ("input_tokens", "output_tokens"):
        agreed.same(f"{name}, {what} of its calls", sum(c[what] or 0 for c in calls), total[what])
    agreed.same(f"{name}, cost of its calls", cost_of(calls), Decimal(str(total["cost_usd"])))


def cost_of(calls: list[Run]) -> Decimal:
    known = [Decimal(str(call["cost_usd"])) for call in calls if call["cost_usd"] is not None]
    return sum(known, Decimal(0))


def of_bill(agreed: Agreement, run: Run, bill: Bill) -> None:
    """The provider counted for itself. What it charged for an answer that never came, a run can
    only say that it does not know."""
    name, total = f"run #{run['number']}", run["llm_usage"]["total"]
    agreed.same(f"{name}, requests at the provider", total["call_count"], bill.requests)
    cost = Decimal(str(total["cost_usd"]))
    if total["unpriced_call_count"]:
        agreed.true(f"{name}, a lower bound of the provider's bill", cost < bill.cost_usd)
        return
    agreed.same(f"{name}, tokens in at the provider", total["input_tokens"], bill.input_tokens)
    agreed.same(f"{name}, tokens out at the provider", total["output_tokens"], bill.output_tokens)
    agreed.same(f"{name}, the provider's bill", cost, bill.cost_usd.normalize() + 0)
