"""The soak's part of docs/reliability.md."""

import statistics
from collections.abc import Sequence

from tests.benchmarks.report import figure, table
from tests.reliability import setting
from tests.soak.laws import Laws
from tests.soak.sampling import LEAST_SECONDS, Growth
from tests.soak.soak import Found

BODY = """
`make soak` puts everything at once on a real `crucible serve`: people who look (each a connection
that stays open, asking with the tags it has), starts with and without `Idempotency-Key`,
cancellations, resumes, projects deleted, and beside it commands on the same database: purges (some
killed half-way), exports and imports, backups, agents over stdio. The model endpoint is slow and
errs: one request in seventeen is refused, hung up on, never answered or answered with prose. For a
while the server is killed with SIGKILL now and then and started again on the same port; then it
runs without a restart, and what it holds is watched.

Held for every single answer: no 5xx, no connection refused while the server is up, JSON that
parses, no 404 for what exists, a run that never goes back but by a resume, an end that stays the
end, calls that are never forgotten, a 304 that is true, the same tag for the same answer only. At
the end: no run is left that nobody runs, every confirmed start is there unless it was deleted, no
start was done twice, `crucible runs verify` finds nothing, the file is whole, the log has no
traceback, and each run's ledger has the calls that the endpoint, which counts for itself, was
asked for.
""".strip()


def markdown(found: Found, title: str) -> str:
    parts = [f"## {title}", setting(found.plan.engine), BODY, _verdict(found), _done(found)]
    parts += ["Held by the server while it ran without a restart:", _growth(found.growth)]
    parts += [_about_growth(found), _latencies(found.laws)]
    return "\n\n".join(part for part in parts if part)


def _verdict(found: Found) -> str:
    if found.wrong:
        return "**What did not hold:**\n\n" + "\n".join(f"- {each}" for each in found.wrong)
    return "All of it held."


def _done(found: Found) -> str:
    audit, done, plan = found.audit, found.done, found.plan
    flat = f"the last {found.flat_seconds / 60:.1f} without a restart"
    asked = f"{found.laws.answers.total():,} to {plan.readers} readers"
    left = f"{audit.runs:,} in {audit.attempts:,} attempts ({_counted(audit.statuses)})"
    purged = f"{audit.purged_calls:,} of them purged"
    rows = [
        ["time", f"{found.seconds / 60:.1f} min, {flat}"],
        ["answers", f"{asked} and 4 who change things"],
        ["not modified (304)", f"{_of_status(found.laws, 304):,}"],
        ["5xx", f"{sum(n for (_, status), n in found.laws.answers.items() if status >= 500):,}"],
        ["refused while it was killed or starting", _counted(found.laws.while_away) or "0"],
        ["scrapes told to come again (503 with Retry-After)", f"{found.laws.later:,}"],
        *([name, f"{count:,}"] for name, count in sorted(done.items())),
        ["runs at the end", left],
        ["why they failed", _counted(audit.kinds)],
        ["requests that the endpoint counted", f"{audit.requests:,}"],
        ["of runs deleted since", f"{audit.requests_of_deleted:,}"],
        ["calls of the runs that are left", f"{audit.calls:,}, {purged}"],
        ["recorded, never sent: killed between", f"{audit.unsent:,}"],
        *([["journal (WAL) at most", f"{found.journal_bytes / 1e6:.1f} MB"],
           ["database at the end", f"{found.database_bytes / 1e6:.1f} MB"]]
          if found.database_bytes else []),
        ["the server left in order within", figure(found.stop_seconds, "s")],
    ]  # fmt: skip
    return table(["", ""], rows)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


def _of_status(laws: Laws, status: int) -> int:
    return sum(n for (_, each), n in laws.answers.items() if each == status)


def _growth(grown: Sequence[Growth]) -> str:
    rows = []
    for each in grown:
        unit = each.measure.unit
        verdict = ("yes" if each.flat else "**no**") if each.judged else "not judged"
        values = [figure(value, unit).strip() for value in (each.first, each.last, each.highest)]
        most = each.measure.limit_per_hour
        limit = "" if most is None else f"at most {most:g} {unit}/h".replace(" /h", "/h")
        slope = f"{each.per_hour:+.1f} {unit}/h".replace(" /h", "/h")
        rows.append([each.measure.name, *values, slope, limit, verdict])
    return table(["", "at first", "at last", "highest", "slope", "limit", "flat"], rows)


def _about_growth(found: Found) -> str:
    minutes = LEAST_SECONDS / 60
    return (
        "First and last: the least within ten seconds. The slope is over the second half of the "
        f"stretch, and judged from {minutes:g} minutes on. The limits are what the smallest leak "
        "worth the name would add under this load: half a kilobyte for each question, one thread "
        "or handle for every twentieth run. The share (PSS) also grows when others leave who had "
        "the same files in memory; it is not judged."
    )


def _latencies(laws: Laws) -> str:
    rows = []
    for kind, seconds in sorted(laws.seconds.items()):
        ordered = sorted(seconds)
        p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        p50 = statistics.median(ordered)
        rows.append([kind, f"{len(ordered):,}", figure(p50 * 1000, "ms"), figure(p95 * 1000, "ms")])
    return (
        "Times as those who asked saw them, on a machine that runs all of them as well; reported, "
        "not judged:\n\n" + table(["question", "asked", "p50", "p95"], rows)
    )
