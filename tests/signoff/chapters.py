"""docs/sign-off.md after its tables: the first screen, the five runs, the agent."""

import json
from collections.abc import Iterator, Sequence

from tests.signoff.checklist import Step
from tests.signoff.endpoint import Bill
from tests.signoff.markdown import block, picture, plain, prose, surfaces, typed
from tests.signoff.stories import Story
from tests.signoff.trouble import Trouble

from crucible.cli import format


def first_screen(trouble: Trouble) -> Iterator[str]:
    yield "## The first screen\n"
    nights = trouble.health["window"]["runs"]
    yield prose(
        f"""A project with {nights} nights behind it, the last {trouble.bad} of them bad. This is
        what stands there before a click:"""
    )
    yield picture("first-screen", "Health, last failure, a typical run, and the newest runs")
    yield "The same on a terminal:\n"
    yield from typed(trouble.typed)


def good(story: Story) -> Iterator[str]:
    yield f"## {story.number}. {story.title}\n"
    best = story.told["best"]
    yield prose(
        f"""Started on the page: *New run*, 2 candidates, 2 scenarios, *Start*. The model's best
        design is "{plain(best["title"])}", I = {format.score(best["I"])} (P
        {format.score(best["P"])}, R {format.score(best["R"])}). The run's dialog:"""
    )
    yield picture("good", "The dialog of run 1: phases, time, calls, tokens and cost")
    yield from surfaces(story.seen[0])
    yield from typed(story.seen[0].show, upto="Usage")
    yield from typed(story.seen[0].verify)


def failing(story: Story, steps: Sequence[Step]) -> Iterator[str]:
    yield f"## {story.number}. {story.title}\n"
    yield prose(
        """The provider's rate limit is reached in the middle of evaluation: it answers 429, and
        again on every retry. The row says so at once, the dialog says more:"""
    )
    yield picture("failing", "The rows of runs 2 and 1: failed, with its reason")
    yield picture("failing-why", "The dialog of run 2: why, what to do, the last good step")
    yield from surfaces(story.seen[0])
    yield from _checklist(story, steps)


def _checklist(story: Story, steps: Sequence[Step]) -> Iterator[str]:
    yield "### The checklist, followed\n"
    yield prose(
        "The five steps of [operations.md](operations.md), with the commands that stand there."
    )
    for step in steps:
        yield f"**{step.number}. {step.title}**\n"
        yield from typed(
            step.typed, lines=step.part, most=6 if "calls" in step.typed.command else 14
        )
    run, after = story.seen[0].run, story.last
    made = run["metrics"]["resource_breakdown"]["evaluation"]
    before = story.told["before"].requests
    yield prose(
        f"""**I know why.** `{run["error"]["kind"]}` in {run["error"]["phase"]}: the account's limit
        was used up after {made["produced"]} of {made["expected"]} evaluations. What was done, as
        the hint says: the limit was raised, the server started again with
        `CRUCIBLE_CONCURRENCY=2`, and the run resumed:"""
    )
    yield from typed(story.typed[0])
    yield prose(
        f"""It is {after["status"]}, with {after["evaluation_count"]} of {made["expected"]}
        evaluations: {before} calls before, {story.bill.requests - before if story.bill else 0} more
        to finish."""
    )


def cancelled(story: Story) -> Iterator[str]:
    yield f"## {story.number}. {story.title}\n"
    yield from typed(story.typed[0])
    yield prose(
        f"""Four calls were in flight when the command was typed. None was sent after it; the run
        had ended {story.told["seconds"]:.2f} s after the four were answered, and kept the
        {story.last["evaluation_count"]} evaluations that were paid for."""
    )
    yield picture("cancelled", "The row of run 3: cancelled")
    yield from surfaces(story.seen[0])


def resumed(story: Story) -> Iterator[str]:
    yield f"## {story.number}. {story.title}\n"
    yield prose(
        """While it goes, the key is changed at the provider, which answers 401 from then on. The
        server is started again with the new key, and the run resumed."""
    )
    yield from surfaces(story.seen[0])
    yield from typed(story.typed[0])
    yield picture("resumed", "The row of run 4: completed, after the resume")
    yield from _before_and_after(story)
    yield from surfaces(story.seen[1])


def _before_and_after(story: Story) -> Iterator[str]:
    before: Bill = story.told["before"]
    after: Bill = story.told["after"]
    total = story.last["llm_usage"]["total"]
    yield "| By the provider's own count | Before | After | Together | The run says |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, said in (
        ("requests", total["call_count"]),
        ("refused", total["failed_call_count"]),
        ("input_tokens", total["input_tokens"]),
        ("output_tokens", total["output_tokens"]),
    ):
        one, two = getattr(before, name), getattr(after, name)
        yield f"| {name.replace('_', ' ')} | {one:,} | {two:,} | {one + two:,} | {said:,} |"
    costs = (before.cost_usd, after.cost_usd, before.cost_usd + after.cost_usd, total["cost_usd"])
    yield f"| charged | {' | '.join(map(format.exact_money, costs))} |\n"


def killed(story: Story) -> Iterator[str]:
    first = story.seen[0]
    yield f"## {story.number}. {story.title}\n"
    yield prose(
        f"""With four calls in flight: `kill -9 {story.told["pid"]}`. The next read, while no server
        runs:"""
    )
    yield from typed(first.listed)
    yield prose("The server is started again, and Run History opened:")
    yield picture("killed", "The row of run 5: failed, worker lost, a lower bound of its cost")
    yield from surfaces(first)
    yield from typed(first.verify)
    yield prose(
        """Nobody can know what the four calls cost that were under way, so the cost is a lower
        bound, and says so. Then:"""
    )
    yield from typed(story.typed[0])
    yield prose(
        f"""{story.told["after"].requests} calls, one for each evaluation that was missing, and it
        is {story.last["status"]}:"""
    )
    yield picture("killed-resumed", "The dialog of run 5 after its resume")


def agent(trouble: Trouble) -> Iterator[str]:
    yield "## An agent, from JSON alone\n"
    yield prose(
        """[agent.py](../tests/signoff/agent.py) needs Python and `requests`, knows the documents
        and nothing of the code, and is given an address. What it asked, and what it found:"""
    )
    http = trouble.transcripts[0]
    lines = [f"$ {http.command}", *http.asked.split("\n")]
    yield from block([*lines, *json.dumps(http.found, indent=2).split("\n")])
    for other in trouble.transcripts[1:]:
        yield "By the command line it found the same:\n"
        yield from block([f"$ {other.command}", *other.asked.split("\n")])
