"""(a) Pages of runs over HTTP, at three lengths of history, beside a floor."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import quote

from tests.benchmarks.history import shared
from tests.benchmarks.report import Goal, Sample, Scale, Section, figure, table
from tests.benchmarks.servers import Asked, Server, floor, in_turns, product

SIZES = (1_000, 100_000, 1_000_000)
TIMES = 200
OVER_FLOOR, OVER_SHORT = 3.0, 1.2
PAGE = 50
QUESTIONS = {
    "newest 20": "sort=-created_at",
    f"page {PAGE}": "sort=-created_at",
    "failed": "sort=-created_at&status=failed",
    "dearest": "sort=-cost_usd",
}
ALSO = {"verdict": "health", "trends": "trends", "estimate": "runs/estimate"}

HOW = """
One project whose newest thousand runs are the same at every length, so every answer is too; all
that grows is the history behind them. The page is `GET /api/projects/{id}/runs/summary?limit=20`,
asked of `crucible serve` as it is installed, over one connection that stays open, without
compression. The floor is bare Flask on waitress with the driver and `json`: it reads the same
columns of runs and phases by the same indexes, counts the matches as far, sends the same JSON
(compared before anything is measured), and does nothing else: no tags, no checks, no log, no
sessions, no look for workers that died ([floor.py](../tests/benchmarks/floor.py)). All servers are
asked in turns. CPU is of the server's process.
"""


@dataclass(frozen=True)
class History:
    runs: int
    project_id: str
    ours: Server
    floor: Server


def run(scale: Scale) -> Section:
    sizes = (2_000,) if scale.tiny else SIZES
    urls = {runs: f"sqlite:///{shared(scale, runs)}" for runs in sizes}
    return section("a", "Pages of runs over HTTP, on SQLite", urls, scale)


def section(letter: str, title: str, urls: Mapping[int, str], scale: Scale) -> Section:
    """The part for the histories at these addresses, by their length."""
    with ExitStack() as stack:
        histories = [_opened(runs, url, stack) for runs, url in urls.items()]
        times = 2 if scale.tiny else TIMES
        found = {name: _asked(name, histories, times, scale) for name in QUESTIONS}
        also = _others(histories, times // 4 or 1, scale)
    rows, goals = [], []
    short = histories[0].runs
    for name, asked in found.items():
        for runs in urls:
            ours, beside = asked[f"ours {runs}"], asked[f"floor {runs}"]
            grown = _ratio(ours.wall, asked[f"ours {short}"].wall)
            rows.append(
                [
                    f"{name}, {runs:,} runs",
                    ours.wall.shown(),
                    beside.wall.shown(),
                    f"{_ratio(ours.wall, beside.wall):.2f} x",
                    f"{grown:.2f} x",
                    f"{figure(ours.cpu, 'ms')} / {figure(beside.cpu, 'ms')}",
                ]
            )
            if runs > short or len(urls) == 1:
                over = _ratio(ours.wall, beside.wall)
                goals.append(Goal(f"{name}, {runs:,} runs, over the floor", over, OVER_FLOOR, "x"))
        goals.append(Goal(f"{name}, {runs:,} runs over {short:,}", grown, OVER_SHORT, "x"))
    headings = ["", "ours", "floor", "ratio", f"over {short:,} runs", "CPU, ours / floor"]
    body = [HOW.strip(), f"{times} of each.", table(headings, rows), also]
    return Section(letter, title, "\n\n".join(body), goals)


def _opened(runs: int, url: str, stack: ExitStack) -> History:
    servers = [stack.enter_context(make(url)) for make in (product, floor)]
    found = servers[0].json("/api/projects")["projects"]
    return History(runs, str(found[0]["id"]), *servers)


def _asked(name: str, histories: Sequence[History], times: int, scale: Scale) -> dict[str, Asked]:
    scale.say(name)
    asks: dict[str, tuple[Server, Callable[[], bytes]]] = {}
    for each in histories:
        cursor = _cursor(each) if name.startswith("page") else ""
        ours, beside = (f"{path}&{QUESTIONS[name]}{cursor}" for path in _paths(each))
        _require_same(each.ours.get(ours), each.floor.get(beside))
        asks[f"ours {each.runs}"] = each.ours, lambda each=each, at=ours: each.ours.get(at)
        asks[f"floor {each.runs}"] = each.floor, lambda each=each, at=beside: each.floor.get(at)
    return in_turns(asks, times)


def _paths(history: History) -> tuple[str, str]:
    ours = f"/api/projects/{history.project_id}/runs/summary?limit=20"
    return ours, f"/runs?project={history.project_id}"


def _cursor(history: History) -> str:
    """Of the page that is asked for, found by turning the pages before it."""
    cursor = ""
    for _ in range(PAGE - 1):
        page = history.ours.json(_paths(history)[0] + cursor)
        if not page["has_more"]:
            break
        cursor = f"&cursor={quote(page['next_cursor'])}"
    return cursor


def _require_same(ours: bytes, beside: bytes) -> None:
    answers = [json.loads(each) | {"generated_at": None} for each in (ours, beside)]
    assert answers[0] == answers[1], "the floor sends another answer"
    assert answers[0]["runs"]


def _others(histories: Sequence[History], times: int, scale: Scale) -> str:
    """Health, trends and estimate: no floor to compare with, but they must not grow either."""
    rows = []
    for name, path in ALSO.items():
        scale.say(name)
        asks = {
            str(each.runs): (each.ours, lambda each=each, path=path: _other(each, path))
            for each in histories
        }
        found = in_turns(asks, times, warm=3)
        first = found[str(histories[0].runs)].wall
        rows.append(
            [
                name,
                *(found[str(each.runs)].wall.shown() for each in histories),
                f"{_ratio(found[str(histories[-1].runs)].wall, first):.2f} x",
            ]
        )
    headings = ["", *(f"{each.runs:,} runs" for each in histories), "longest over shortest"]
    return table(headings, rows)


def _other(history: History, path: str) -> bytes:
    if path == "runs/estimate":
        return history.ours.post(f"/api/projects/{history.project_id}/{path}", b"{}")
    return history.ours.get(f"/api/projects/{history.project_id}/runs/{path}")


def _ratio(ours: Sample, beside: Sample) -> float:
    return ours.median / beside.median
