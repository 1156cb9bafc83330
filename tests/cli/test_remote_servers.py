"""Servers that are away, that refuse, that break off and that lie."""

import copy
import json
import socket
import subprocess
import sys

import pytest
from tests.lab import KEY

from crucible.api import create_app
from crucible.cli import remote_http

from .process import environment, inside
from .serving import answering, says, served

TOKEN = "tok-3c9f1b77aa52e0"
PROBLEM = "application/problem+json"
JSON = "application/json"


@pytest.fixture(scope="module")
def away(tmp_path_factory):
    folder = tmp_path_factory.mktemp("away")
    return environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{folder}/none.sqlite3")


def asked(handler, *args, env):
    with answering(handler) as url:
        return inside(*(args or ["runs"]), "--url", url, env=env)


def test_a_server_that_is_away_is_exit_code_6(away):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        said = inside("runs", "--url", address, env=away)
    assert (said.returncode, said.stdout) == (6, "")
    assert said.stderr.startswith(f"Error: {address} cannot be reached: Connection refused\nHint: ")
    assert "crucible serve" in said.stderr and "CRUCIBLE_URL" in said.stderr


def test_a_name_that_is_none_is_exit_code_6(away):
    said = inside("runs", "--url", "http://nowhere.invalid:1", env=away)
    assert (said.returncode, said.stdout) == (6, "")
    assert "cannot be reached" in said.stderr and "Traceback" not in said.stderr


def test_a_server_that_says_nothing_is_given_up(away, monkeypatch):
    monkeypatch.setattr(remote_http, "SILENCE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        said = inside("runs", "--url", url, env=away)
    assert said.returncode == 6
    assert "no answer within 0.2 s" in said.stderr


def test_an_answer_that_drips_is_given_up(away, monkeypatch):
    monkeypatch.setattr(remote_http, "WHOLE_SECONDS", -1)
    said = asked(says(200, JSON, b'{"runs": []}'), env=away)
    assert said.returncode == 6
    assert "did not end within" in said.stderr


def breaks_off(request):
    request.send_response(200)
    request.send_header("Content-Type", JSON)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b'{"runs": [')


def hangs_up(request):
    request.close_connection = True


def endless(request):
    request.send_response(200)
    request.send_header("Content-Type", JSON)
    request.end_headers()
    while True:
        request.wfile.write(b"[" * 2**16)


@pytest.mark.parametrize("dies", [breaks_off, hangs_up])
def test_a_server_that_dies_in_the_middle_is_exit_code_6(away, dies):
    said = asked(dies, env=away)
    assert (said.returncode, said.stdout) == (6, "")
    assert "cannot be reached" in said.stderr and "Traceback" not in said.stderr


def test_an_endless_answer_is_not_read_to_its_end(away, monkeypatch):
    monkeypatch.setattr(remote_http, "LARGEST", 2**20)
    said = asked(endless, env=away)
    assert (said.returncode, said.stdout) == (6, "")
    assert "it sends more than 1 MB" in said.stderr


RUN = {
    "id": "019ac1f2-7d30-7000-8000-000000000000",
    "status": "failed",
    "number": 1,
    "metrics": {},
    "llm_usage": None,
    "error": None,
    "links": {},
}
PAGE = {"total": 1, "has_more": False, "next_cursor": None, "runs": [RUN]}


def of(value):
    return says(200, JSON, json.dumps(value).encode())


@pytest.mark.parametrize(
    "lie",
    [
        says(200, "text/html", b"<h1>Welcome</h1>"),
        says(200, "", b""),
        says(200, JSON, b"<h1>Welcome</h1>"),
        says(200, JSON, b"\xff\xfe"),
        says(200, JSON, b"[" * 100_000),
        says(200, JSON, b'{"total": NaN}'),
        says(404, "text/html", b"<h1>Not Found</h1>"),
        says(404, JSON, b'{"detail": "Not Found"}'),
        says(502, "text/html", b"<h1>Bad Gateway</h1>"),
        says(500, PROBLEM, b"[]"),
        says(204, JSON, b""),
        of([]),
        of("text"),
        of({"runs": []}),
        of({**PAGE, "runs": {}}),
        of({**PAGE, "runs": [None]}),
        of({**PAGE, "runs": [{}]}),
        of({**PAGE, "runs": [{**RUN, "id": "\x1b[2J"}]}),
        of({**PAGE, "runs": [{**RUN, "number": "1"}]}),
        of(PAGE),
    ],
)
def test_what_is_no_server_of_ours_is_said_to_be_none(away, lie):
    said = asked(lie, env=away)
    assert (said.returncode, said.stdout) == (6, "")
    assert "an Int Crucible server" in said.stderr or "no Int Crucible server" in said.stderr
    assert "Hint: " in said.stderr
    assert "Traceback" not in said.stderr and "\x1b" not in said.stderr


@pytest.mark.parametrize("path", ["/nope", "/api"])
def test_a_server_of_ours_under_another_path_is_no_run_that_is_missing(lab, away, path):
    with served(create_app(lab.settings)) as url:
        said = inside("projects", "list", "--url", url + path, env=away)
    assert (said.returncode, said.stdout) == (6, "")
    assert "is it of another version?" in said.stderr and "path" in said.stderr


def obeyed(value):
    """The value with a word that clears the screen in place of every number and word."""
    if isinstance(value, dict):
        return {name: obeyed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [obeyed(inner) for inner in value]
    return "\x1b[2J\x9b2J\u202e"


def test_no_answer_makes_a_terminal_obey(lab, away):
    run, client = lab.run(1, 1), create_app(lab.settings).test_client()
    real = client.get(f"/api/runs/{run.id}").get_json()
    paths = [
        (name,) if inner is None else (name, inner)
        for name, value in real.items()
        for inner in (value if isinstance(value, dict) else [None])
    ]

    def lies(request):
        if request.path.endswith("/calls?limit=500"):
            return of(client.get(request.path).get_json())(request)
        of(told)(request)

    shown = 0
    with answering(lies) as url:
        for path in paths:
            told = copy.deepcopy(real)
            inner = told if len(path) == 1 else told[path[0]]
            inner[path[-1]] = obeyed(inner[path[-1]])
            said = inside("runs", "show", run.id, "--url", url, env=away)
            assert said.returncode in (0, 6)
            assert not {"\x1b", "\x9b", "\u202e"} & {*said.stdout, *said.stderr}, path
            shown += said.returncode == 0
    assert shown


def test_pages_without_an_end_are_not_followed(away):
    said = asked(of({**PAGE, "has_more": True, "next_cursor": "a"}), "runs", "export", env=away)
    assert said.returncode == 6
    assert len(said.stdout.splitlines()) == 2


def test_the_token_is_sent_and_never_shown(away):
    sent = []

    def refuses(request):
        sent.append(request.headers["Authorization"])
        body = {"detail": f"not {TOKEN}", "code": "unauthorized", "status": 401}
        says(401, PROBLEM, json.dumps(body).encode())(request)

    said = asked(refuses, env={**away, "CRUCIBLE_API_TOKEN": TOKEN})
    assert sent == [f"Bearer {TOKEN}"]
    assert (said.returncode, said.stdout) == (1, "")
    assert "CRUCIBLE_API_TOKEN" in said.stderr and TOKEN not in said.stderr


def test_a_token_that_no_header_can_carry_is_named_and_not_shown(away):
    said = inside("runs", "--url", "localhost:9", env={**away, "CRUCIBLE_API_TOKEN": "tok-ü\nX: y"})
    assert (said.returncode, said.stdout) == (2, "")
    assert "CRUCIBLE_API_TOKEN" in said.stderr and "tok-" not in said.stderr


def test_without_a_token_none_is_sent_whatever_netrc_says(away, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    sent = []

    def refuses(request):
        sent.append(request.headers["Authorization"])
        says(401, "text/plain", b"no")(request)

    said = asked(refuses, env={**away, "NETRC": str(netrc)})
    assert sent == [None]
    assert said.returncode == 1


def test_a_redirect_is_told_and_not_followed(away):
    followed = []

    def elsewhere(request):
        followed.append(request.path)
        says(200, JSON, b"{}")(request)

    with answering(elsewhere) as other:
        handler = says(307, "text/plain", b"", Location=other)
        said = asked(handler, env={**away, "CRUCIBLE_API_TOKEN": TOKEN})
    assert followed == []
    assert said.returncode == 6
    assert f"it redirects to {other}" in said.stderr


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (400, "malformed", 1),
        (403, "forbidden", 1),
        (404, "not_found", 3),
        (409, "conflict", 1),
        (409, "ambiguous", 2),
        (421, "foreign_host", 1),
        (422, "invalid", 2),
        (422, "precondition", 1),
        (429, "too_many", 1),
        (500, "internal", 1),
        (503, "unavailable", 6),
        (404, "a later version's", 3),
    ],
)
def test_problems_become_exit_codes(away, status, code, exit_code):
    problem = {
        "detail": "what went wrong\x1b[2J",
        "code": code,
        "hint": "what to do",
        "errors": {"sort": ["takes one of a, b"], "odd": 5},
    }
    said = asked(says(status, PROBLEM, json.dumps(problem).encode()), env=away)
    assert (said.returncode, said.stdout) == (exit_code, "")
    assert "what went wrong" in said.stderr and "Hint: what to do" in said.stderr
    assert ("sort: takes one of a, b" in said.stderr) == (status == 422)
    assert "\x1b" not in said.stderr


def test_a_server_without_its_database_is_exit_code_6(lab, away):
    with served(create_app(lab.settings)) as url:
        lab.database.close()
        lab.file.write_bytes(b"not a database at all, but long enough to be one")
        for path in lab.folder.glob("*-wal"):
            path.unlink()
        said = inside("runs", "--url", url, env=away)
    assert said.returncode == 6
    assert "database" in said.stderr and KEY not in said.stderr


ASKED = """
import sys
from crucible.cli import main
try:
    main(prog_name="crucible")
except SystemExit:
    sys.stdout.flush()
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def test_asking_a_server_loads_no_database(lab, away):
    lab.run(1, 1)
    with served(create_app(lab.settings)) as url:
        command = [sys.executable, "-c", ASKED, "runs", "--url", url]
        said = subprocess.run(command, env=away, capture_output=True, text=True, timeout=60)
    assert "completed" in said.stdout
    heavy = {"sqlalchemy", "flask", "marshmallow", "alembic", "genai_prices", "mcp"}
    assert "requests" in said.stderr.split()
    assert not heavy & {*said.stderr.split()}
