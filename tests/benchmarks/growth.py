"""(f) What a page and a recorded call cost, against the length of history; and what it weighs."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks import history
from tests.benchmarks.report import Goal, Sample, Scale, Section, figure, table
from tests.benchmarks.servers import Server, in_turns, product
from tests.fakes import FakeModel

from crucible.clock import SystemClock
from crucible.db import Database
from crucible.llm.asking import CallEnd
from crucible.llm.prices import PriceList
from crucible.llm.protocol import Prompt
from crucible.llm.usage import Usage
from crucible.models import Project
from crucible.models.values import Mode, Outcome, PhaseName
from crucible.recorder.create import insert_run
from crucible.recorder.lease import Owner, claim
from crucible.recorder.ledger import Ledger
from crucible.recorder.recorder import RunRecorder
from crucible.scrub import Scrubber

SIZES = (1_000, 10_000, 100_000, 1_000_000)
CALLS = 40
WITH_CALLS = 25_000
"""Of the newest runs; older ones have had theirs purged."""
TIMES = 200
GROWTH = 1.2
PROMPT = Prompt("evaluation", [{"role": "user", "content": "x" * 2_000}], {}, 0.0, 400)
END = CallEnd(Outcome.OK, Usage(900, 210, 0, 0, 0), "gpt-5-mini-2025-08-07", http_status=200)
CALL = """
INSERT INTO crucible_llm_calls (
  id, run_id, run_attempt, phase, subject, attempt, outcome, provider, model_asked, model_served,
  input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, reasoning_tokens, cost_pico,
  price_source, latency_seconds, sent_at, settled_at, http_status)
SELECT substr(r.id, 1, 15) || printf('%03x-9%03x-%012x', n, n, r.rowid), r.id, 1, 'evaluation',
  'Move the write behind a queue x Flash sale', 1, 'ok', 'openai', 'gpt-5-mini',
  'gpt-5-mini-2025-08-07', 900 + n, 210, 0, 0, 64, 645000000,
  'genai-prices 0.2.3: openai/gpt-5-mini', 2.5, r.created_at, r.created_at, 200
FROM (SELECT rowid, id, created_at FROM crucible_runs ORDER BY created_at DESC LIMIT ?) r
JOIN (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?) SELECT n FROM c)
ORDER BY 1
"""
EVALUATION = """
INSERT INTO crucible_evaluations (
  id, run_id, candidate_id, scenario_id, p, r, constraint_satisfaction, explanation)
SELECT id, run_id, substr(run_id, 1, 30) || (rowid % 5) || '.....',
  substr(run_id, 1, 30) || printf('%06d', rowid), 0.7, 1.3,
  '{"Never charge twice": 0.9, "No new machines": 0.4}', replace(hex(zeroblob(110)), '00', 'ab')
FROM crucible_llm_calls WHERE run_id IN
  (SELECT id FROM crucible_runs ORDER BY created_at DESC LIMIT ?)
"""
CHORES = {
    "`runs verify`, every run": ["runs", "verify", "--format", "json"],
    "`db backup`": ["db", "backup", "{folder}/copy.sqlite3"],
    "`runs export`, summaries": ["runs", "export", "--format", "jsonl"],
    "`runs purge` of half the runs": ["runs", "purge", "--keep-last", "{half}", "--yes"],
}
"""What goes through the whole history, in this order: the last one shortens it."""
LONGEST_CHORE = 100_000
HOW = f"""
The histories of part (a), on SQLite, with {CALLS} calls for each of the newest {WITH_CALLS:,} runs
(a million at most). A call recorded is its two commits through the real recorder, before it leaves
and when it is settled, one after another on one thread, each written through to the disk; calls of
one run in flight together share commits (part d). Pages are asked as in part (a); "unchanged" is
the newest page asked for again with its tag, answered 304.

What goes through the whole history grows with it. Those commands were run once each, by themselves,
on the file as it stood after the measurements above.
"""


@dataclass(frozen=True)
class History:
    runs: int
    project_id: str
    run_id: str
    server: Server
    record: Callable[[], Any]


def run(scale: Scale) -> Section:
    sizes = (20,) if scale.tiny else SIZES
    paths = {runs: history.shared(scale, runs) for runs in sizes}
    weights = {runs: _fill(path, runs, scale) for runs, path in paths.items()}
    with ExitStack() as stack:
        histories = [_opened(runs, path, stack) for runs, path in paths.items()]
        times = 2 if scale.tiny else TIMES
        pages = {name: _pages(name, histories, times, scale) for name in PAGES}
        scale.say("calls recorded")
        recorded = _recorded(histories, times)
    rows = [_row(name, found) for name, found in {**pages, "a call recorded": recorded}.items()]
    chores = _chores({runs: path for runs, path in paths.items() if runs <= LONGEST_CHORE}, scale)
    headings = ["", *(f"{runs:,} runs" for runs in sizes), "longest over shortest"]
    body = [HOW.strip(), table(headings, rows), chores, _weight(weights)]
    over = f"{sizes[-1]:,} runs over {sizes[0]:,}"
    goals = [
        Goal(f"newest 20, {over}", _grown(pages["newest 20"]), GROWTH, "x"),
        Goal(f"a call recorded, {over}", _grown(recorded), GROWTH, "x"),
    ]
    return Section("f", "Growth: cost against the length of history", "\n\n".join(body), goals)


UNCHANGED = "newest 20, unchanged"
PAGES = {
    "newest 20": "/api/projects/{project}/runs/summary",
    UNCHANGED: "/api/projects/{project}/runs/summary",
    "one run in detail": "/api/runs/{run}",
    "its calls": "/api/runs/{run}/calls",
}


def _opened(runs: int, path: Path, stack: ExitStack) -> History:
    url = f"sqlite:///{path}"
    with sqlite3.connect(path) as connection:
        newest = "SELECT project_id, id FROM crucible_runs ORDER BY created_at DESC LIMIT 1"
        project_id, run_id = connection.execute(newest).fetchone()
    connection.close()
    server = stack.enter_context(product(url))
    return History(runs, project_id, run_id, server, _recorder(url, project_id, stack))


def _pages(name: str, histories: list[History], times: int, scale: Scale) -> dict[int, Sample]:
    scale.say(name)
    asks = {}
    for each in histories:
        path = PAGES[name].format(project=each.project_id, run=each.run_id)
        ask = partial(each.server.get, path)
        if name == UNCHANGED:
            ask = each.server.unchanged(path)
        asks[str(each.runs)] = each.server, ask
    return {int(runs): asked.wall for runs, asked in in_turns(asks, times).items()}


def _recorder(url: str, project_id: str, stack: ExitStack) -> Callable[[], Any]:
    """Records a call of a run that goes on until the stack ends."""
    database, clock = Database.open(url), SystemClock()
    stack.callback(database.close)
    with database.writing() as session:
        project = session.get_one(Project, project_id)
        config = {"mode": Mode.FULL_SEARCH, "num_candidates": 5, "num_scenarios": 8}
        run_id = insert_run(
            session, clock, project=project, mode=Mode.FULL_SEARCH, label=None, config=config
        )
    lease = claim(database, clock, run_id, Owner.current(600.0))
    assert lease is not None
    recorder = RunRecorder(database, lease, clock=clock, scrub=Scrubber([]))
    stack.enter_context(recorder.run())
    stack.enter_context(recorder.phase(PhaseName.EVALUATION, CALLS))
    ledger = Ledger(recorder, FakeModel(), prices=PriceList(None), scrub=Scrubber([]))

    def record() -> None:
        ledger.settle(ledger.begin(PROMPT, "a candidate x a scenario", 1), END, None)

    return record


def _recorded(histories: list[History], times: int) -> dict[int, Sample]:
    """Milliseconds a call, in turns of the histories."""
    taken: dict[int, list[float]] = {each.runs: [] for each in histories}
    for turn in range(times + 5):
        for each in histories:
            began = time.perf_counter()
            each.record()
            if turn >= 5:
                taken[each.runs].append((time.perf_counter() - began) * 1000)
    return {runs: Sample(values) for runs, values in taken.items()}


def _chores(paths: Mapping[int, Path], scale: Scale) -> str:
    """What commands on a whole history take."""
    headings = ["once each", *(f"{runs:,} runs" for runs in paths)]
    rows = []
    for name, words in CHORES.items():
        scale.say(name)
        rows.append([name, *(_chore(words, runs, path) for runs, path in paths.items())])
    return table(headings, rows)


def _chore(words: Sequence[str], runs: int, path: Path) -> str:
    """Wall seconds of one command."""
    folder = path.parent / str(runs)
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "crucible.cli"]
    command += [word.format(folder=folder, half=runs // 2) for word in words]
    environ = history.environ(f"sqlite:///{path}")
    began = time.perf_counter()
    ran = subprocess.run(command, env=environ, capture_output=True)
    taken = time.perf_counter() - began
    # The calls are made up and do not add up to the runs' totals: `verify` finds that.
    assert ran.returncode == (1 if "verify" in words else 0), ran.stderr.decode()
    return figure(taken, "s")


def _fill(path: Path, runs: int, scale: Scale) -> dict[str, float]:
    """Adds calls, and results to some runs. Returns bytes: of the whole, a run, a call, and the
    results of a run."""
    scale.say(f"calls and results for {runs:,} runs")
    bare = _bytes(path)
    with_calls = min(runs, WITH_CALLS)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(CALL, [with_calls, CALLS])
    with_ledger = _bytes(path, connection)
    with_results = min(runs, 1_000)
    with connection:
        connection.execute(EVALUATION, [with_results])
    whole = _bytes(path, connection)
    connection.close()
    return {
        "whole": whole,
        "run": bare / runs,
        "call": (with_ledger - bare) / (with_calls * CALLS),
        "results": (whole - with_ledger) / with_results,
    }


def _bytes(path: Path, connection: sqlite3.Connection | None = None) -> int:
    if connection is not None:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def _weight(weights: Mapping[int, Mapping[str, float]]) -> str:
    headings = ["on disk", *(f"{runs:,} runs" for runs in weights)]
    named = {
        "run": "a run, its phases and attempts",
        "call": "a call in the ledger, content not kept",
        "results": f"{CALLS} evaluations of a run",
    }
    rows = [
        [words, *(figure(each[name] / 1000, "kB") for each in weights.values())]
        for name, words in named.items()
    ]
    rows.append(["in all", *(figure(each["whole"] / 1e6, "MB") for each in weights.values())])
    return table(headings, rows)


def _row(name: str, found: Mapping[int, Sample]) -> list[str]:
    return [name, *(sample.shown() for sample in found.values()), f"{_grown(found):.2f} x"]


def _grown(found: Mapping[int, Sample]) -> float:
    samples = list(found.values())
    return samples[-1].median / samples[0].median
