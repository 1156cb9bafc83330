import json
import logging
import re
import signal
import urllib.request

import pytest

from crucible import context
from crucible.cli import logs
from crucible.cli.serve import STOPPING
from crucible.scrub import Scrubber

from .process import environment, start


def record(message, *args, level=logging.WARNING, exc_info=None, **extra):
    made = logging.LogRecord("crucible.x", level, "", 0, message, args, exc_info)
    made.__dict__.update(extra)
    return made


def test_text_names_the_request():
    formatter = logs.ScrubbedFormatter(Scrubber(["hunter2"]))
    assert re.fullmatch(r"[\d-]+T[\d:.]+Z WARNING crucible\.x: a \[removed\]",
                        formatter.format(record("a %s", "hunter2")))  # fmt: skip
    token = context.request_id.set("me")
    try:
        assert " crucible.x [request me]: a" in formatter.format(record("a"))
    finally:
        context.request_id.reset(token)


def test_json_is_one_object_a_line_whatever_is_in_it():
    formatter = logs.JsonFormatter(Scrubber(["hunter2"]))
    try:
        raise ValueError('password="hunter2"\nsecond line')
    except ValueError as error:
        found = formatter.format(
            record("%s\n\u2028", 'x"hunter2"', exc_info=(ValueError, error, error.__traceback__),
                   run_id="r")
        )  # fmt: skip
    assert "\n" not in found and "\u2028" not in found and "hunter2" not in found
    line = json.loads(found)
    assert line["message"] == 'x"[removed]"\n\u2028'
    assert "ValueError" in line["exception"] and "second line" in line["exception"]
    assert (line["level"], line["logger"], line["run_id"]) == ("warning", "crucible.x", "r")
    assert line["request_id"] is None


@pytest.mark.parametrize("query", ["", "?limit=5"])
def test_serve_logs_json(tmp_path, query):
    env = environment(
        CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/crucible.sqlite3", CRUCIBLE_LLM="openai"
    )
    with start("serve", "--port", "0", "--log-format", "json", env=env) as server:
        url = json.loads(server.line())["message"].removeprefix("Serving on ")
        asked = urllib.request.Request(
            f"{url}/api/runs/summary{query}", headers={"X-Request-Id": "me"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert answer.headers["X-Request-Id"] == "me"
        server.interrupt(signal.SIGTERM)
        code, out, err = server.end()
    lines = [json.loads(line) for line in err.splitlines()]
    assert (code, out) == (0, "")
    request = next(line for line in lines if line["logger"] == "crucible.access")
    assert (request["request_id"], request["path"]) == ("me", "/api/runs/summary")
    assert lines[-1]["message"] == STOPPING
