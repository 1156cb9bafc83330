"""The server of these settings, if one runs here."""

from collections.abc import Iterator, Mapping
from typing import Any

import crucible
from crucible.doctor.case import Case
from crucible.doctor.finding import Finding, failed, ok, skipped, warning
from crucible.doctor.http import Answer, NoAnswer, ask

OTHER_PORT = "crucible serve --port 8766, or set CRUCIBLE_PORT"
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def look(case: Case) -> Iterator[Finding]:
    settings = case.settings
    if settings.port == 0:
        yield skipped("CRUCIBLE_PORT is 0: a server takes any port")
        return
    url = address(settings.host, settings.port)
    try:
        answer = ask(f"{url}/api/health")
    except NoAnswer as error:
        if "refused" in str(error):
            yield skipped(f"none runs at {url}; `crucible serve` starts one")
        else:
            yield warning(f"what has {url} does not answer: {error}", OTHER_PORT)
        return
    if (found := health(answer)) is None:
        yield warning(f"{url} is taken by something else", OTHER_PORT)
        return
    case.health = found
    yield from judged(url, found)


def address(host: str, port: int) -> str:
    bare = host.strip().strip("[]")
    bare = ANY.get(bare, bare)
    return f"http://[{bare}]:{port}" if ":" in bare else f"http://{bare}:{port}"


def health(answer: Answer) -> Mapping[str, Any] | None:
    """What a server of ours says of itself; None for anything else."""
    found = answer.found
    if answer.status not in (200, 503) or not isinstance(found, dict):
        return None
    return found if {"status", "version", "database"} <= set(found) else None


def judged(url: str, found: Mapping[str, Any]) -> Iterator[Finding]:
    version = str(found["version"])
    if version != crucible.__version__:
        yield warning(
            f"{url} runs version {version}, and this is {crucible.__version__}",
            "restart it after an upgrade: systemctl restart crucible, or stop and `crucible serve`",
        )
    if found["status"] == "ok":
        yield ok(f"{url} serves, version {version}")
    else:
        yield failed(f"{url} cannot serve: {note(found, 'database')}", "crucible db upgrade")


def note(found: Mapping[str, Any], part: str) -> str:
    block = found.get(part)
    said = block.get("note") if isinstance(block, dict) else None
    return str(said) if said else "it does not say why"
