"""The five runs: a good one, a failing, a cancelled, a resumed and a killed one."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.signoff import agreement, checklist
from tests.signoff.agreement import Agreement
from tests.signoff.endpoint import KEY, MODEL, NEXT_KEY, Bill, Endpoint
from tests.signoff.house import House, Server, Typed, serving, wait_for
from tests.signoff.screen import Row, Screen

from crucible.sample import SAMPLE_PROJECT

Run = dict[str, Any]
SAVED, IN_FLIGHT = 3, 4
"""Evaluations that a run has made, and is making, when something happens to it."""


@dataclass
class Seen:
    """A run as every surface showed it at one moment, after it had ended."""

    run: Run
    row: Row
    listed: Typed
    show: Typed
    verify: Typed


@dataclass
class Story:
    number: int
    title: str
    seen: list[Seen] = field(default_factory=list)
    typed: list[Typed] = field(default_factory=list)
    """What was typed beside what is typed for every run."""
    told: dict[str, Any] = field(default_factory=dict)
    """What was measured beside it."""
    bill: Bill | None = None

    @property
    def last(self) -> Run:
        return self.seen[-1].run


@dataclass
class Stage:
    """What all stories share. The server is started again between them, as a user would."""

    house: House
    endpoint: Endpoint
    screen: Screen
    agreed: Agreement
    project_id: str = ""
    server: Server = field(init=False)
    _open: ExitStack = field(default_factory=ExitStack)

    def serve(self, **settings: str) -> None:
        """`crucible serve`, after `export CRUCIBLE_...` of these."""
        given = {f"CRUCIBLE_{name}": value for name, value in settings.items()}
        if given == self.house.settings and self.server.alive:
            return
        self.close()
        self.house.settings = given
        self.server = self._open.enter_context(serving(self.house))

    def serve_endpoint(self, key: str = KEY, **settings: str) -> None:
        given = {"LLM_BASE_URL": self.endpoint.url, "LLM_API_KEY": key, "LLM_MODEL": MODEL}
        # In small: less to wait for, and fewer servers to start.
        quick = {"LLM_MAX_RETRIES": "1"} if self.house.quick else settings
        self.serve(**given, **quick)

    def close(self) -> None:
        self._open.close()

    def start(self, candidates: int, scenarios: int, label: str) -> str:
        body = {"num_candidates": candidates, "num_scenarios": scenarios, "label": label}
        return str(self.server.post(f"/api/projects/{self.project_id}/runs", body)["id"])

    def look(
        self,
        story: Story,
        *,
        listed: Typed | None = None,
        rows: str | None = None,
        dialog: str | None = None,
        height: int = 440,
    ) -> Seen:
        """Asks every surface about the run, and holds their answers against each other. `rows`
        and `dialog` name pictures that are drawn on the way."""
        number = story.number
        listed = listed or self.house.type("runs")
        show, verify = (
            self.house.type(f"runs show {number}"),
            self.house.type(f"runs verify {number}"),
        )
        page = self.server.get(f"/api/projects/{self.project_id}/runs/summary")
        of_list = next(each for each in page["runs"] if each["number"] == number)
        run = self.server.run(of_list["id"])
        cli = self.house.json(f"runs show {number}")
        cli_page = self.house.json(f"runs --project-id {self.project_id}")
        cli_listed = next(each for each in cli_page["runs"] if each["number"] == number)
        row = self.screen.row(self.server.base, self.project_id, number)
        agreement.of_surfaces(self.agreed, run, of_list, cli, cli_listed, row, listed)
        agreement.of_parts(self.agreed, run, self.calls(run["id"]))
        if rows:
            self.screen.picture_of_rows(rows, min(2, number))
        phases = self.screen.phases(self.server.base, self.project_id, run["id"])
        if dialog:
            self.screen.picture_of_dialog(dialog, height)
        agreement.of_phases(self.agreed, run, phases, show)
        self.agreed.same(f"run #{number}, verified", verify.exit_code, 0)
        story.seen.append(Seen(run, row, listed, show, verify))
        return story.seen[-1]

    def start_and_hold(self, label: str) -> str:
        """A run of 3 x 4 in the middle of its evaluation: some saved, the next ones in flight."""
        self.endpoint.hold_after(SAVED)
        run_id = self.start(3, 4, label)
        wait_for(lambda: self.endpoint.held >= IN_FLIGHT, "calls in flight")
        self.server.until(run_id, lambda run: run["evaluation_count"] >= SAVED)
        return run_id

    def calls(self, run_id: str) -> list[Run]:
        found: list[Run] = self.server.get(f"/api/runs/{run_id}/calls?limit=500")["calls"]
        return found

    def ends(self, story: Story, status: str, kind: str | None = None) -> None:
        run = story.last
        self.agreed.same(f"run #{run['number']}, status", run["status"], status)
        self.agreed.same(f"run #{run['number']}, kind", (run["error"] or {}).get("kind"), kind)


def good(stage: Stage, embedded: bool) -> Story:
    """Started on the page by hand, served by the embedded model if it is to be."""
    story = Story(1, "A good run")
    stage.serve(LLM="local") if embedded else stage.serve_endpoint()
    stage.project_id = str(stage.server.post("/api/projects", SAMPLE_PROJECT)["id"])
    since = stage.endpoint.mark()
    stage.screen.start_run(stage.server.base, stage.project_id, 2, 2, "first look")
    (run,) = stage.server.get("/api/runs/summary")["runs"]
    stage.server.ended(run["id"])
    stage.look(story, dialog="good")
    stage.ends(story, "completed")
    if stage.agreed.wrong:
        raise SystemExit(f"the first run did not go well: {stage.agreed.wrong}")
    story.told["best"] = stage.server.get(f"/api/runs/{run['id']}/results")["candidates"][0]
    if not embedded:
        story.bill = stage.endpoint.bill(since)
        agreement.of_bill(stage.agreed, story.last, story.bill)
    return story


def failing(stage: Stage) -> tuple[Story, list[checklist.Step]]:
    """The rate limit is met in the middle of evaluation; the checklist is followed."""
    story = Story(2, "A run that fails")
    stage.serve_endpoint()
    since, stage.endpoint.quota = stage.endpoint.mark(), 9
    run_id = stage.start(3, 5, "monday")
    stage.server.ended(run_id)
    stage.look(story, rows="failing", dialog="failing-why", height=330)
    stage.ends(story, "failed", "provider_rate_limited")
    before = stage.endpoint.bill(since)
    agreement.of_bill(stage.agreed, story.last, before)
    steps = checklist.follow(stage.house)
    # The checklist says why and what to do: the quota was used up. It is raised, calls in flight
    # are lowered, and the run goes on.
    stage.endpoint.quota = None
    stage.serve_endpoint(CONCURRENCY="2")
    story.typed.append(stage.house.type("runs resume 2"))
    stage.server.ended(run_id)
    stage.look(story)
    stage.ends(story, "completed")
    story.bill = stage.endpoint.bill(since)
    story.told["before"] = before
    agreement.of_bill(stage.agreed, story.last, story.bill)
    return story, steps


def cancelled(stage: Stage) -> Story:
    story = Story(3, "A run that is cancelled while it goes")
    stage.serve_endpoint()
    since = stage.endpoint.mark()
    run_id = stage.start_and_hold("second thoughts")
    story.typed.append(stage.house.type("runs cancel 3"))
    answered = time.monotonic()
    stage.endpoint.let_go()
    stage.server.ended(run_id)
    story.told["seconds"] = time.monotonic() - answered
    stage.look(story, rows="cancelled")
    stage.ends(story, "cancelled", "cancelled")
    story.bill = stage.endpoint.bill(since)
    sent = 2 + SAVED + IN_FLIGHT
    stage.agreed.same("run #3, requests, none after the cancel", story.bill.requests, sent)
    agreement.of_bill(stage.agreed, story.last, story.bill)
    return story


def resumed(stage: Stage) -> Story:
    """The provider changes the key while the run goes. It fails, gets the new one, goes on."""
    story = Story(4, "A run that fails, is mended and resumed")
    since = stage.endpoint.mark()
    run_id = stage.start_and_hold("key changed")
    stage.endpoint.key = NEXT_KEY
    stage.endpoint.let_go()
    stage.server.ended(run_id)
    first = stage.look(story)
    stage.ends(story, "failed", "provider_auth")
    before = stage.endpoint.bill(since)
    agreement.of_bill(stage.agreed, first.run, before)
    stage.serve_endpoint(NEXT_KEY)
    answers = _answers(stage, run_id)
    between = stage.endpoint.mark()
    story.typed.append(stage.house.type("runs resume 4"))
    stage.server.ended(run_id)
    stage.look(story, rows="resumed")
    stage.ends(story, "completed")
    story.told["before"], story.told["after"] = before, stage.endpoint.bill(between)
    _only_the_missing(stage, story, first.run, story.told["after"])
    stage.agreed.true("run #4, what was there stayed as it was", answers <= _answers(stage, run_id))
    story.bill = stage.endpoint.bill(since)
    agreement.of_bill(stage.agreed, story.last, story.bill)
    return story


def killed(stage: Stage) -> Story:
    story = Story(5, "A server that is killed under a run")
    since = stage.endpoint.mark()
    run_id = stage.start_and_hold("pulled plug")
    story.told["pid"] = stage.server.process.pid
    stage.server.kill()
    # The next read, while no server runs at all.
    listed = stage.house.type("runs")
    stage.endpoint.let_go()
    stage.serve_endpoint(NEXT_KEY)
    first = stage.look(story, listed=listed, rows="killed")
    stage.ends(story, "failed", "worker_lost")
    stage.agreed.same(
        "run #5, calls in flight", first.run["llm_usage"]["total"]["unpriced_call_count"], 4
    )
    answers = _answers(stage, run_id)
    between = stage.endpoint.mark()
    story.typed.append(stage.house.type("runs resume 5"))
    stage.server.ended(run_id)
    stage.look(story, dialog="killed-resumed")
    stage.ends(story, "completed")
    story.told["after"] = stage.endpoint.bill(between)
    _only_the_missing(stage, story, first.run, story.told["after"])
    stage.agreed.true("run #5, what was there stayed as it was", answers <= _answers(stage, run_id))
    story.bill = stage.endpoint.bill(since)
    agreement.of_bill(stage.agreed, story.last, story.bill)
    return story


def _only_the_missing(stage: Stage, story: Story, first: Run, after: Bill) -> None:
    missing = 12 - first["evaluation_count"]
    name = f"run #{story.number}"
    stage.agreed.same(f"{name}, calls after the resume", after.requests, missing)
    stage.agreed.same(f"{name}, evaluations in the end", story.last["evaluation_count"], 12)


def _answers(stage: Stage, run_id: str) -> set[tuple[str, str, str]]:
    """Every evaluation there is, whole."""
    found = stage.server.get(f"/api/runs/{run_id}/results")["candidates"]
    return {
        (candidate["id"], each["scenario_id"], repr(each))
        for candidate in found
        for each in candidate["evaluations"]
    }
