"""One death and what comes after it: read, verify, resume, verify; and what must hold."""

import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.worker import work
from tests.lab import Lab

from crucible.execution.foreground import run_now
from crucible.models import LLMCall
from crucible.models.values import Outcome
from crucible.recorder import requests
from crucible.recorder.liveness import notice_deaths
from crucible.scrub import Scrubber
from crucible.services.verify import verify_run

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.chaos.worker", "crucible.pipeline.runner", "genai_prices"])

SETTLED = (Outcome.OK, Outcome.ERROR, Outcome.INVALID, Outcome.TIMEOUT)


@dataclass
class Story:
    """How one death went. `wrong` is what should not have happened."""

    moment: str
    seen_as: str
    settled: int
    in_flight: int
    paid_after: int
    wrong: list[str]


def moments_of(lab: Lab, candidates: int, scenarios: int) -> Sequence[str]:
    """The moments of an undisturbed run."""
    here, there = processes.Pipe(duplex=False)
    run_id = lab.create(candidates, scenarios)
    process = processes.Process(target=work, args=(lab.environ, run_id, None, there))
    process.start()
    there.close()
    found: list[str] = here.recv()
    process.join()
    return found


def die_at(lab: Lab, candidates: int, scenarios: int, deadly: int) -> Story:
    here, there = processes.Pipe(duplex=False)
    run_id = lab.create(candidates, scenarios)
    process = processes.Process(target=work, args=(lab.environ, run_id, deadly, there))
    process.start()
    there.close()
    moment = str(here.recv())
    process.join()
    assert process.exitcode == -signal.SIGKILL
    return afterwards(lab, run_id, f"{deadly}: {moment}", candidates, scenarios)


def die_at_request(lab: Lab, candidates: int, scenarios: int, request: int) -> Story:
    """SIGKILL from outside, soon after the endpoint got a request: whatever it does then."""
    here, there = processes.Pipe(duplex=False)
    run_id = lab.create(candidates, scenarios)
    enough = len(lab.stub.requests) + request
    process = processes.Process(target=work, args=(lab.environ, run_id, -1, there))
    process.start()
    there.close()
    while len(lab.stub.requests) < enough and process.is_alive():
        time.sleep(0.001)
    time.sleep((request * 7 % 10) / 500)
    process.kill()
    process.join()
    here.close()
    return afterwards(lab, run_id, f"kill -9 after request {request}", candidates, scenarios)


def afterwards(lab: Lab, run_id: str, moment: str, candidates: int, scenarios: int) -> Story:
    at_death = lab.calls(run_id)
    notice_deaths(lab.database, lab.clock, Scrubber())
    ended = lab.row(run_id)
    wrong = [] if ended.status != "running" else ["the run is left running"]
    wrong += differences(lab, run_id)
    settled = {c.id: fate(c) for c in at_death if c.outcome in SETTLED}
    seen_as = f"{ended.status} ({ended.error_kind})" if ended.error_kind else ended.status
    if ended.status != "completed":
        resume(lab, run_id)
    run = lab.row(run_id)
    wrong += differences(lab, run_id)
    calls = lab.calls(run_id)
    now = {c.id: fate(c) for c in calls}
    wrong += [f"settled call {i} is not what it was" for i, f in settled.items() if now.get(i) != f]
    wrong += paid_twice(calls)
    if run.status != "completed":
        wrong.append(f"the run ended as {run.status}: {run.error_summary}")
    if run.evaluation_count != candidates * scenarios:
        wrong.append(f"{run.evaluation_count} evaluations")
    in_flight = sum(c.outcome == Outcome.UNKNOWN for c in calls)
    return Story(
        moment, seen_as, len(settled), in_flight, len(calls) - len(settled) - in_flight, wrong
    )


def resume(lab: Lab, run_id: str) -> None:
    if lab.row(run_id).status != "created":
        with lab.database.writing() as session:
            requests.resume(session, lab.clock, run_id)
    run_now(lab.database, lab.settings, run_id, lambda: None)


def differences(lab: Lab, run_id: str) -> list[str]:
    with lab.database.reading() as session:
        found = verify_run(session, run_id)
    return [f"verify: {d['what']}" for d in found["differences"]]


def fate(call: LLMCall) -> tuple[object, ...]:
    return (call.outcome, call.input_tokens, call.output_tokens, call.cost_pico, call.settled_at)


def paid_twice(calls: Sequence[LLMCall]) -> list[str]:
    """A question may be paid for once, and once more for each call of it in flight at a death."""
    answered = Counter((c.phase, c.subject) for c in calls if c.outcome == Outcome.OK)
    return [f"{subject} was answered {n} times" for (_, subject), n in answered.items() if n > 1]
