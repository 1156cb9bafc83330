"""(e) How soon `crucible serve` is ready, and what memory it takes."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import cycle, islice

from tests.benchmarks.history import shared
from tests.benchmarks.report import Goal, Sample, Scale, Section, figure, table
from tests.benchmarks.servers import Server, product

READY_SECONDS, MOST_MB = 1.5, 110.0
STARTS = 9
CLIENTS = 8
HOW = f"""
`crucible serve` as it is installed, on a SQLite history of 1,000 runs that is up to date. Ready is
from the start of the process to the answer of `GET /api/health`, files of the program in the
page cache. Memory is what the process holds (resident set) after that many requests from
{CLIENTS} clients at once, of every kind in turn: pages of 20 and of 200 runs, one run, its results
and calls, health, trends, projects, the document of the API and the page itself, compressed.
"""


def run(scale: Scale) -> Section:
    starts, requests = (1, (16, 32)) if scale.tiny else (STARTS, (1_000, 10_000))
    url = f"sqlite:///{shared(scale, 20 if scale.tiny else 1_000)}"
    scale.say("starts")
    if not scale.tiny:
        _ready(url)  # reads the program from the disk
    ready = Sample([_ready(url) for _ in range(starts)])
    scale.say("memory")
    with product(url) as server:
        held = {0: server.resident_mb()}
        paths = _paths(server)
        for count in requests:
            _ask(server, paths, count - max(held))
            held[count] = server.resident_mb()
    rows = [["ready", f"{ready.shown('s')}, {starts} starts"]]
    rows += [[f"memory after {n:,} requests", figure(mb, "MB")] for n, mb in held.items()]
    goals = [
        Goal("ready", ready.median, READY_SECONDS, "s"),
        Goal(f"memory after {requests[0]:,} requests", held[requests[0]], MOST_MB, "MB"),
    ]
    body = f"{HOW.strip()}\n\n{table(['', 'found'], rows)}"
    return Section("e", "Start and memory of the server", body, goals)


def _ready(url: str) -> float:
    began = time.perf_counter()
    with product(url) as server:
        server.get("/api/health")
        return time.perf_counter() - began


def _paths(server: Server) -> list[str]:
    project = server.json("/api/projects")["projects"][0]["id"]
    run = server.json(f"/api/projects/{project}/runs/summary?limit=1")["runs"][0]["id"]
    runs = f"/api/projects/{project}/runs"
    return [
        f"{runs}/summary",
        f"{runs}/summary?limit=200",
        f"{runs}/summary?status=failed&sort=-cost_usd",
        f"{runs}/health",
        f"{runs}/trends",
        f"/api/runs/{run}",
        f"/api/runs/{run}/results",
        f"/api/runs/{run}/calls",
        "/api/runs/summary",
        "/api/projects",
        "/api/health",
        "/api/openapi.json",
        "/",
    ]


def _ask(server: Server, paths: Sequence[str], count: int) -> None:
    def client(number: int) -> None:
        with closing(Server(server.process, server.port)) as own:
            for path in islice(cycle(paths), number, number + count // CLIENTS):
                own.get(path, **{"Accept-Encoding": "gzip"})

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
