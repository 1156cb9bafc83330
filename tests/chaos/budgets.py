"""Random limits on runs with eight calls in flight: whatever happens, none is broken."""

import random
from typing import Any

from sqlalchemy import update
from tests.lab import Lab

from crucible.execution.foreground import run_now
from crucible.models import Run
from crucible.recorder.budget import Limits, Used

CONCURRENCY = "8"
BEHAVIOURS = ["ok"] * 8 + ["status 500", "prose", "no usage"]


def limited(lab: Lab, candidates: int, scenarios: int, **budget: Any) -> Run:
    """Runs a run within a budget to its end."""
    run_id = lab.create(candidates, scenarios)
    with lab.database.writing() as session:
        session.execute(update(Run).where(Run.id == run_id).values(budget=budget))
    run_now(lab.database, lab.settings, run_id, lambda: None)
    return lab.row(run_id)


def overshoots(lab: Lab, seed: int) -> list[str]:
    """What a run used beyond its random budget; reservations count as used."""
    dice = random.Random(seed)
    lab.stub.delay_seconds = 0.003
    lab.stub.plan = lambda n, body: dice.choice(BEHAVIOURS)
    before = len(lab.stub.charges)
    budget = {
        "max_cost_usd": dice.choice([None, dice.uniform(0.008, 0.05)]),
        "max_total_tokens": dice.choice([None, dice.randint(5_000, 60_000)]),
        "max_llm_calls": dice.choice([None, dice.randint(1, 40)]),
    }
    run = limited(lab, 4, 5, **budget)
    limits = Limits.of(budget)
    with lab.database.reading() as session:
        used = Used.of_run(session, run.id)
    charged = sum((c.input_tokens or 0) + (c.output_tokens or 0) for c in lab.stub.charges[before:])
    pairs = (
        ("pico-dollars", used.pico, limits.cost_pico),
        ("tokens", used.tokens, limits.total_tokens),
        ("tokens that were charged", charged, limits.total_tokens),
        ("calls", used.calls, limits.llm_calls),
    )
    return [f"{n} {what} of {most}" for what, n, most in pairs if most is not None and n > most]
