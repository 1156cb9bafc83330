"""Runs the checks one after another, each within its time."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import crucible
from crucible.clock import Clock, SystemClock, rfc3339
from crucible.config import PREFIX
from crucible.doctor import (
    clocks,
    database,
    disk,
    executor,
    exposure,
    installation,
    model,
    prices,
    remote,
    server,
    variables,
)
from crucible.doctor.case import Case, variable_of
from crucible.doctor.finding import Finding, State, failed, skipped, worst
from crucible.errors import CrucibleError
from crucible.scrub import Scrubber

LONGEST = 1000
HANGS = "ask again; if it stays, what it looks at hangs: a disk, a name server, a server"
MODEL = ("LLM", "LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL", "LLM_TIMEOUT_SECONDS")


@dataclass(frozen=True)
class Check:
    name: str
    look: Callable[[Case], Iterator[Finding]]
    seconds: float
    """It is given up then."""
    needs: Sequence[str] = ()
    """Settings without which it would look at something else than what was meant."""


HERE = (
    Check("python", installation.python, 10),
    Check("page", installation.page, 10),
    Check("settings", variables.look, 10),
    Check("exposure", exposure.look, 10, ("HOST",)),
    Check("database", database.look, 30, ("DATABASE_URL",)),
    Check("schema", database.schema, 20, ("DATABASE_URL",)),
    Check("disk", disk.look, 10, ("DATABASE_URL",)),
    Check("model", model.look, 20, MODEL),
    Check("prices", prices.look, 20, (*MODEL, "LLM_PROVIDER")),
    Check("model_call", model.call, 90, MODEL),
    Check("server", server.look, 10, ("HOST", "PORT")),
    Check("executor", executor.look, 20, ("EXECUTOR", "BROKER_URL", "DATABASE_URL")),
    Check("runs", executor.runs, 20, ("DATABASE_URL",)),
    Check("clock", clocks.look, 15, ("LLM_BASE_URL",)),
)

THERE = (
    Check("python", installation.python, 10),
    Check("settings", variables.look, 10),
    Check("server", remote.look, 15),
    Check("token", remote.token, 15),
    Check("clock", remote.clock, 15),
)


def checks(case: Case) -> Sequence[Check]:
    return HERE if case.server is None else THERE


def examine(
    environ: Mapping[str, str],
    *,
    offline: bool = False,
    server: str | None = None,
    clock: Clock | None = None,
    about_to: Callable[[str], None] = lambda name: None,
) -> Iterator[dict[str, Any]]:
    """Each check as `{name, status, detail, fix, seconds}`, as soon as it is done.

    `status` is `ok`, `warning`, `failed` or `skipped`; `fix` is None where there is nothing to
    do. With `server` that server is examined in place of what is here.
    """
    case = Case.of(environ, clock or SystemClock(), offline=offline, server=server)
    scrub = Scrubber(case.secrets())
    for check in checks(case):
        about_to(check.name)
        start = case.clock.monotonic()
        found = _found(check, case)
        yield {
            "name": check.name,
            **_summed(found, scrub),
            "seconds": round(case.clock.monotonic() - start, 3),
        }


def together(checks: Sequence[Mapping[str, Any]], clock: Clock | None = None) -> dict[str, Any]:
    """The whole answer. `status` is the worst there is; what was skipped does not count."""
    states = [check["status"] for check in checks]
    status = worst([state for state in states if state != State.SKIPPED] or [State.OK])
    return {
        "status": str(status),
        "version": crucible.__version__,
        "generated_at": rfc3339((clock or SystemClock()).now()),
        "checks": list(checks),
    }


def _found(check: Check, case: Case) -> list[Finding]:
    if lacking := [name for name in check.needs if name in case.unreadable]:
        return [skipped(f"{variable_of(case.unreadable[lacking[0]])} cannot be read")]
    found: list[Finding] = []
    # A daemon: what hangs in a system call must not keep the command from ending.
    thread = threading.Thread(target=_collect, args=(check, case, found), daemon=True)
    thread.start()
    thread.join(check.seconds)
    kept = list(found)
    if thread.is_alive():
        kept.append(failed(f"it was given up after {check.seconds:g} s", HANGS))
    return kept


def _collect(check: Check, case: Case, found: list[Finding]) -> None:
    try:
        for each in check.look(case):
            found.append(each)  # one at a time: what is found so far is kept
    except CrucibleError as error:
        found.append(failed(error.message, error.hint or _remedy(error.message)))
    except Exception as error:  # noqa: BLE001 - a check that breaks must not hide the others
        said = f"the check itself broke: {type(error).__name__}: {error}"
        found.append(failed(said, "please report it; what the other checks say stands"))


def _remedy(message: str) -> str:
    """For an error that says what is wrong and leaves it at that."""
    named = re.match(rf"{PREFIX}[A-Z_]+", message)
    return f"correct {named[0]} (docs/configuration.md)" if named else "see what the message names"


def _summed(found: Sequence[Finding], scrub: Scrubber) -> dict[str, Any]:
    status = worst([each.status for each in found])
    said = "; ".join(each.said.rstrip(".") for each in found)
    fixes = [each.fix.rstrip(".") for each in found if each.status == status and each.fix]
    fix = "; ".join(dict.fromkeys(fixes)) or None
    return {
        "status": str(status),
        "detail": scrub.line(said or "nothing to say", LONGEST),
        "fix": fix and scrub.line(fix, LONGEST),
    }
