"""A server elsewhere, asked what it says of itself."""

from collections.abc import Iterator

from crucible.doctor import clocks, server
from crucible.doctor.case import Case
from crucible.doctor.finding import Finding, failed, ok, skipped, warning
from crucible.doctor.http import NoAnswer, ask

CHECK = "check the address in --url or CRUCIBLE_URL, and that `crucible serve` runs there"


def look(case: Case) -> Iterator[Finding]:
    url = str(case.server)
    try:
        answer = ask(f"{url}/api/health", case.settings.api_token)
    except NoAnswer as error:
        yield failed(f"{url} cannot be reached: {error}", CHECK)
        return
    if (found := server.health(answer)) is None:
        yield failed(f"{url} does not answer as an Int Crucible server", CHECK)
        return
    case.health = found
    yield from server.judged(url, found)
    for part, word in (("executor", "running"), ("llm", "ready")):
        block = found.get(part)
        if isinstance(block, dict) and block.get(word) is False:
            yield warning(
                f"its {'model' if part == 'llm' else part} is not {word}: "
                f"{server.note(found, part)}",
                "run `crucible doctor` on that machine",
            )


def token(case: Case) -> Iterator[Finding]:
    if case.health is None:
        yield skipped("the server was not reached")
        return
    given = case.settings.api_token
    try:
        answer = ask(f"{case.server}/api/runs/summary?limit=1", given)
    except NoAnswer as error:
        yield failed(f"no answer: {error}", CHECK)
        return
    if answer.status == 200:
        yield ok("it is taken" if given else "none is asked for")
    elif answer.status == 429:
        wait = answer.headers.get("Retry-After", "")
        yield warning(
            "it cannot be known now: too many wrong tokens came from here, and none is looked at",
            f"ask again in {wait if wait.isdecimal() else 60} s",
        )
    elif answer.status == 401:
        yield failed(
            "it is refused" if given else "one is asked for",
            "put the server's CRUCIBLE_API_TOKEN into CRUCIBLE_API_TOKEN here",
        )
    else:
        yield failed(f"the server answers with status {answer.status}", CHECK)


def clock(case: Case) -> Iterator[Finding]:
    yield from clocks.sane(case)
    if case.health is None:
        yield skipped("the server was not reached")
        return
    yield from clocks.compared(case, f"{case.server}/api/health", "the server's")
