"""docs/sign-off.md, put together from what was done and seen."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from tests.signoff import chapters
from tests.signoff.agreement import Agreement
from tests.signoff.checklist import Step
from tests.signoff.markdown import prose
from tests.signoff.stories import Run, Seen, Story
from tests.signoff.trouble import Trouble

from crucible import __version__
from crucible.cli import format

INTRODUCTION = """
`make sign-off` did everything on this page on a real machine and wrote it down; nobody edited it.
It began in an empty home with `crucible serve`, and met the product as a user does: the page in
Chromium, the commands on a terminal of {columns} columns, the API over HTTP. After each run it
compared what the surfaces said, to the last digit, with each other, with the sum of every single
call, and with the provider's own count of what it was asked and what it charged.
"""
NOTES = """
Run 1 is answered by {first}. The other runs ask a stand-in for a provider, over real HTTP: its
answers were written by hand, come quickly, and are billed at gpt-5-mini's list price. Output is as
it came; `…` stands where lines are left out. Ids, process numbers and ports are those of that day.
"""


def write(
    *,
    machine: str,
    embedded: bool,
    columns: int,
    stories: Sequence[Story],
    steps: Sequence[Step],
    trouble: Trouble,
    agreed: Agreement,
) -> str:
    served = "the embedded model (Qwen2.5-Coder, 1.5 B)" if embedded else "the stand-in, too"
    parts = [
        "# Sign-off\n",
        prose(INTRODUCTION.format(columns=columns)),
        prose(f"Int Crucible {__version__}. {machine}"),
        prose(NOTES.format(first=served)),
        *promises(stories, trouble, agreed),
        *measured(stories),
        *chapters.first_screen(trouble),
        *chapters.good(stories[0]),
        *chapters.failing(stories[1], steps),
        *chapters.cancelled(stories[2]),
        *chapters.resumed(stories[3]),
        *chapters.killed(stories[4]),
        *chapters.agent(trouble),
    ]
    return "\n".join(parts)


def promises(stories: Sequence[Story], trouble: Trouble, agreed: Agreement) -> Iterator[str]:
    last, first = trouble.health["last_failure"], trouble.health["anomalies"][0]
    typical, found = trouble.health["typical"], trouble.transcripts[0].found["troubles"][0]
    stop, after = stories[2].told, stories[4].told["after"]
    usual = (
        f"{format.duration(typical['duration_seconds']['p50'])}, "
        f"{typical['candidate_count']} candidates, {typical['evaluation_count']} evaluations, "
        f"{format.money(typical['cost_usd']['p50'])}"
    )
    run, kept = stories[1].seen[0].run, stories[4].seen[0].run
    first_screen = "[first screen](#the-first-screen)"
    rows = [
        (
            "Which run failed last, and why?",
            first_screen,
            f"#{last['number']}: {last['error_summary']}",
        ),
        ("How long do runs take, what do they make, what do they cost?", first_screen, usual),
        (
            "Is something going wrong?",
            first_screen,
            f"{trouble.health['verdict']}: {first['summary']}",
        ),
        (
            'From "a run failed" to "I know why" in five documented steps',
            "[checklist](#the-checklist-followed)",
            f"`{run['error']['kind']}` in {run['error']['phase']}, what to do, and it went on",
        ),
        (
            "A failed phase keeps its time, its calls and its spend",
            "[run 2](#2-a-run-that-fails)",
            _kept(run),
        ),
        (
            "A cancelled run sends no further call, and keeps what it paid for",
            "[run 3](#3-a-run-that-is-cancelled-while-it-goes)",
            f"ended {stop['seconds']:.2f} s after its calls in flight were answered",
        ),
        (
            "A resume pays only for what is missing",
            "[run 4](#4-a-run-that-fails-is-mended-and-resumed)",
            _resumed(stories[3]),
        ),
        (
            "After `kill -9` the next read tells the truth, and nothing paid for is lost",
            "[run 5](#5-a-server-that-is-killed-under-a-run)",
            f"`{kept['error']['kind']}`; its {kept['evaluation_count']} evaluations stood, "
            f"{after.requests} calls made the rest",
        ),
        ("The cost is the provider's bill", "[measured](#what-was-measured)", _bills(stories)),
        (
            "Page, terminal and API never disagree",
            "every run below",
            f"{agreed.compared:,} comparisons, {len(agreed.wrong)} differences",
        ),
        (
            "A program finds the trouble from JSON alone",
            "[agent](#an-agent-from-json-alone)",
            f"`{found['what']}` since #{found['since_run']['number']}, `{found['why']}`",
        ),
    ]
    yield "| Promise | Shown | Held: what was found |"
    yield "| --- | --- | --- |"
    for promise, where, result in rows:
        yield f"| {promise} | {where} | {result} |"
    yield ""


def _kept(run: Run) -> str:
    timing = run["metrics"]["phase_timings"]["evaluation"]
    usage = run["llm_usage"]["phases"]["evaluation"]
    return (
        f"evaluation {timing['status']}: {format.duration(timing['duration_seconds'])}, "
        f"{usage['call_count']} calls, {format.exact_money(usage['cost_usd'])}"
    )


def _resumed(story: Story) -> str:
    first, after = story.seen[0].run, story.told["after"]
    return (
        f"{first['evaluation_count']} of 12 evaluations were there; "
        f"{after.requests} calls made the other {12 - first['evaluation_count']}"
    )


def _bills(stories: Sequence[Story]) -> str:
    billed = [story for story in stories if story.bill]
    exact = [one for one in billed if not one.last["llm_usage"]["total"]["unpriced_call_count"]]
    total = sum((story.bill.cost_usd for story in exact if story.bill), Decimal(0))
    bound = len(billed) - len(exact)
    rest = f"; {bound} killed run says `≥`, and its bill is above that" if bound else ""
    return f"{format.exact_money(total)} for {len(exact)} runs, equal to the last digit{rest}"


def measured(stories: Sequence[Story]) -> Iterator[str]:
    yield "## What was measured\n"
    yield (
        "| Run | Ended | Took | Made | Calls (failed, retries) | Tokens in → out | Cost | Wasted |"
    )
    yield "| --- | --- | ---: | --- | --- | --- | ---: | ---: |"
    for story in stories:
        for number, seen in enumerate(story.seen):
            yield _measures(
                f"{story.number}. {story.title}" if number == 0 else "... resumed", seen
            )
    yield ""
    yield prose(
        """Made: candidates/scenarios/evaluations. Took is the sum over attempts. A resumed run is
        the same run: its figures hold all it ever did."""
    )


def _measures(title: str, seen: Seen) -> str:
    run, total = seen.run, seen.run["llm_usage"]["total"]
    made = "/".join(str(run[f"{each}_count"]) for each in ("candidate", "scenario", "evaluation"))
    calls = f"{total['call_count']} ({total['failed_call_count']}, {total['retry_count']})"
    tokens = f"{format.count(total['input_tokens'])} → {format.count(total['output_tokens'])}"
    bound = "≥ " if total["unpriced_call_count"] else ""
    took, wasted = format.duration(run["duration_seconds"]), total["wasted_cost_usd"]
    cost = bound + format.exact_money(total["cost_usd"])
    cells = (title, run["status"], took, made, calls, tokens, cost, format.exact_money(wasted))
    return f"| {' | '.join(cells)} |"
