"""What is logged: one event is one event, whatever it quotes, and no terminal obeys it."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from tests.hostile.corpus import CANARY, SECRET, SECRETS, TEXTS
from tests.hostile.test_cli import assert_clean
from tests.lab import KEY, Lab

from crucible.api import create_app
from crucible.cli import logs
from crucible.scrub import Scrubber

EVENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ crucible\.[a-z.]+")
FORMATTERS = {"text": logs.ScrubbedFormatter, "json": logs.JsonFormatter}


@pytest.fixture(params=FORMATTERS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def handler_of(form: str) -> tuple[logging.Handler, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(FORMATTERS[form](Scrubber([KEY])))
    return handler, stream


@pytest.fixture
def own(form: str) -> tuple[logging.Logger, io.StringIO]:
    """A logger that nobody else listens to: half of a character would stop pytest's own workers."""
    log = logging.Logger("crucible.tests")
    handler, stream = handler_of(form)
    log.addHandler(handler)
    return log, stream


@pytest.fixture
def written(form: str) -> Iterator[io.StringIO]:
    """What the program's own loggers write."""
    handler, stream = handler_of(form)
    log = logging.getLogger("crucible")
    level, passed_on = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    yield stream
    log.removeHandler(handler)
    log.setLevel(level)
    log.propagate = passed_on


def events(form: str, text: str) -> list[str]:
    """The events as a reader tells them apart."""
    assert_clean(text)
    lines = text.splitlines()
    assert lines == text.rstrip("\n").split("\n")
    if form == "json":
        return [str(json.loads(line)["message"]) for line in lines]
    assert all(EVENT.match(line) or line.startswith("  ") for line in lines)
    return [line for line in lines if not line.startswith("  ")]


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_is_logged_is_one_event(
    form: str, own: tuple[logging.Logger, io.StringIO], name: str
) -> None:
    log, written = own
    log.warning("before")
    log.error("it said %s", TEXTS[name])
    log.warning("after")
    found = events(form, written.getvalue())
    assert len(found) == 3
    assert "it said" in found[1]
    assert ("Zq7c" in written.getvalue()) and (form == "json" or CANARY in written.getvalue())


def test_a_traceback_is_part_of_its_event(
    form: str, own: tuple[logging.Logger, io.StringIO]
) -> None:
    log, written = own
    for text in TEXTS.values():
        try:
            raise ValueError(f"{text} {KEY} {SECRETS['key']}")
        except ValueError:
            log.exception("failed")
    assert len(events(form, written.getvalue())) == len(TEXTS)
    assert KEY not in written.getvalue() and SECRET not in written.getvalue()


def test_requests_are_one_event_each(form: str, written: io.StringIO, lab: Lab) -> None:
    client = create_app(lab.settings).test_client()
    for text in list(TEXTS.values())[::2]:
        sane = text.encode("utf-8", "replace").decode()
        client.get("/api/runs/" + sane.replace("?", "").replace("#", ""))
        client.get("/api/runs/summary", query_string={"q": sane, "status": sane})
        client.get("/api/health", headers={"X-Request-Id": re.sub(r"[\r\n]", "", sane)})
        client.post("/api/projects", json={"title": sane, sane: sane})
    found = events(form, written.getvalue())
    assert len(found) == 4 * len(list(TEXTS)[::2])
    assert all(re.search(r"(GET|POST) /api/\S.* \d{3} [\d.]+ ms", line) for line in found)


def test_a_fault_that_quotes_it_is_one_event(
    form: str, written: io.StringIO, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = TEXTS["log line"] + TEXTS["title"] + TEXTS["C1"] + KEY

    def fail(*args: object) -> None:
        raise RuntimeError(text)

    monkeypatch.setattr("crucible.services.projects.list_projects", fail)
    answer = create_app(lab.settings).test_client().get("/api/projects")
    assert answer.status_code == 500 and CANARY not in answer.text
    assert len(events(form, written.getvalue())) == 2
    assert KEY not in written.getvalue()
