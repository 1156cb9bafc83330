"""The same commands against a server: the same bytes, the same errors."""

import json
from datetime import timedelta

import pytest
import requests
from tests.lab import Lab
from tests.stub_model import StubModel

from crucible.api import create_app
from crucible.cli import remote_source
from crucible.clock import SystemClock

from .process import environment, inside
from .serving import served

TITLE = "Checkout p99"
ODD = "Müller / 100% #1?"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Two projects; in the first a run that completed and one that failed. Then time stands."""
    stub = StubModel()
    lab = Lab(tmp_path_factory.mktemp("history"), stub)
    first, second = lab.project(title=TITLE), lab.project(title=ODD)
    lab.run(2, 2, project_id=first)
    stub.plan = lambda n, body: "status 401"
    lab.run(2, 2, project_id=first)
    stub.plan = lambda n, body: "ok"
    lab.run(1, 1, project_id=second)
    lab.create(1, 1, project_id=second)
    moment = SystemClock().now() + timedelta(hours=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda self: moment)
        yield lab
    lab.close()
    stub.close()


@pytest.fixture(scope="module")
def env(lab):
    return environment(**lab.environ)


@pytest.fixture(scope="module")
def url(lab):
    with served(create_app(lab.settings)) as address:
        yield address


@pytest.fixture(scope="module")
def away(tmp_path_factory):
    """Settings of a machine that has no history of its own."""
    folder = tmp_path_factory.mktemp("away")
    return environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{folder}/none.sqlite3")


@pytest.fixture(scope="module")
def run_ids(lab, env):
    page = json.loads(inside("runs", "--format", "json", "--sort", "created_at", env=env).stdout)
    return [run["id"] for run in page["runs"]]


def both(*args, env, away, url):
    """The answer here and the answer of the server."""
    here, there = inside(*args, env=env), inside(*args, "--url", url, env=away)
    return [(each.returncode, each.stdout, each.stderr) for each in (here, there)]


READS = [
    ["runs"],
    ["runs", "list", "--limit", "2"],
    ["runs", "--project-id", TITLE],
    ["runs", "--project-id", ODD],
    ["runs", "--status", "failed", "--status", "running", "--mode", "full_search"],
    ["runs", "--since", "24h", "--until", "1s", "--sort", "-cost_usd"],
    ["runs", "-q", "401"],
    ["runs", "show", "1", "--project-id", TITLE],
    ["runs", "show", "#2", "--project-id", TITLE],
    ["runs", "show", "2", "--project-id", ODD],
    ["runs", "compare", "1", "2", "--project-id", TITLE],
    ["runs", "health", "--project-id", TITLE],
    ["runs", "trends", "--project-id", TITLE, "--days", "3", "--limit", "5"],
    ["projects", "list"],
    ["projects", "show", TITLE],
    ["projects", "show", ODD],
    ["estimate", "--project-id", TITLE, "--candidates", "2", "--model", "gpt-5-mini"],
    ["estimate", "--project-id", TITLE, "--mode", "seeded", "--candidate", "Cache: it"],
]


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("args", READS, ids=" ".join)
def test_a_server_gives_the_same_bytes(env, away, url, args, form):
    here, there = both(*args, "--format", form, env=env, away=away, url=url)
    assert here[0] == 0
    # Where a page has a next one, the command for it names the server as this one did.
    assert (there[0], there[1].replace(f" --url {url}", ""), there[2]) == here


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_lists_for_programs_are_the_same_bytes(env, away, url, form):
    here, there = both("runs", "--format", form, env=env, away=away, url=url)
    assert here[0] == 0 and here[1]
    assert there == here


def test_json_is_what_the_server_sent(away, url, run_ids):
    for args, path in [
        (["runs", "show", run_ids[0]], f"/api/runs/{run_ids[0]}"),
        (["runs", "show", run_ids[0][:35]], f"/api/runs/{run_ids[0]}"),
        (["runs", "compare", *run_ids[:2]], f"/api/runs/{run_ids[0]}/compare/{run_ids[1]}"),
        (["runs", "--limit", "3"], "/api/runs/summary?limit=3"),
        (["projects", "list"], "/api/projects"),
        (["runs", "health", "--project-id", TITLE], f"/api/projects/{TITLE}/runs/health"),
        (["runs", "trends", "--project-id", TITLE], f"/api/projects/{TITLE}/runs/trends"),
    ]:
        said = inside(*args, "--format", "json", "--url", url, env=away)
        assert json.loads(said.stdout) == requests.get(url + path, timeout=10).json()


def test_results_and_calls_are_what_the_server_sent(away, url, run_ids):
    with remote_source.opened(url) as asked:
        for name, given, query in [
            (asked.results, {}, ""),
            (asked.calls, {"phase": "evaluation", "limit": 2}, "?phase=evaluation&limit=2"),
        ]:
            path = f"{url}/api/runs/{run_ids[0]}/{name.__name__}{query}"
            assert name("1", TITLE, **given) == requests.get(path, timeout=10).json()


def test_pages_of_a_server_follow_each_other(away, url, run_ids):
    first = json.loads(
        inside("runs", "--limit", "3", "--format", "json", "--url", url, env=away).stdout
    )
    args = ["--limit", "3", "--cursor", first["next_cursor"], "--format", "json"]
    second = json.loads(inside("runs", *args, "--url", url, env=away).stdout)
    assert [run["id"] for run in first["runs"] + second["runs"]] == run_ids[::-1]


def test_the_server_is_named_before_or_after_the_subcommand_or_by_a_setting(env, away, url):
    here = inside("runs", "show", "2", "--project-id", TITLE, env=env).stdout
    args = ["runs", "show", "2", "--project-id", TITLE]
    ways = [
        inside("--url", url, *args, env=away),
        inside(*args, f"--url={url}/", env=away),
        inside(*args, "--url", url.removeprefix("http://"), env=away),
        inside(*args, env={**away, "CRUCIBLE_URL": url}),
        inside(*args, "--url", url, env={**away, "CRUCIBLE_URL": "http://127.0.0.1:9"}),
    ]
    assert [way.stdout for way in ways] == [here] * len(ways)


def test_a_server_behind_a_proxy_has_a_path(lab, env, away):
    with served(create_app(lab.settings), prefix="/tools/crucible") as address:
        here, there = both("runs", env=env, away=away, url=address + "/")
    assert there == here


def test_a_server_on_ipv6(lab, env, away):
    with served(create_app(lab.settings), host="::1") as address:
        here, there = both("runs", env=env, away=away, url=address)
    assert there == here


def test_a_proxy_for_the_world_is_not_asked_for_this_machine(env, away, url):
    proxied = {**away, "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    assert inside("runs", "--url", url, env=proxied).stdout == inside("runs", env=env).stdout


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["runs", "show", "9", "--project-id", TITLE], 3),
        (["runs", "show", "2"], 2),
        (["runs", "show", "01234567"], 3),
        (["runs", "show", "summary"], 3),
        (["runs", "show", ".."], 3),
        (["runs", "show", "a/b"], 3),
        (["runs", "show", ""], 3),
        (["runs", "show", "1", "--project-id", "nowhere"], 3),
        (["runs", "--project-id", "nowhere"], 3),
        (["runs", "--project-id", "no/where"], 3),
        (["projects", "show", "nowhere"], 3),
        (["runs", "health"], 2),
        (["runs", "--since", "yesterday"], 2),
        (["runs", "--cursor", "xyz"], 2),
        (["estimate", "--project-id", TITLE, "--mode", "seeded"], 2),
        (["estimate", "--project-id", TITLE, "--candidates", "1", "--candidate", "a:b"], 2),
        (["projects", "create", "--title", " "], 2),
        (["runs", "cancel", "1", "--project-id", TITLE], 1),
        (["runs", "resume", "1", "--project-id", TITLE], 1),
    ],
)
def test_a_server_refuses_in_the_same_words(env, away, url, args, code):
    here, there = both(*args, env=env, away=away, url=url)
    assert here[0] == code
    assert there == here


def test_commands_work_on_the_server(make_lab):
    lab = make_lab()
    away = environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{lab.folder}/none.sqlite3")
    with served(create_app(lab.settings)) as url:

        def ask(*args):
            said = inside(*args, "--format", "json", "--url", url, env=away)
            assert (said.returncode, said.stderr) == (0, "")
            return json.loads(said.stdout)

        project = ask("projects", "create", "--title", "Remote", "--goal", "fast")
        with remote_source.opened(url) as asked:
            first = asked.start(None, {"num_candidates": 1, "label": "far"}, key="k1")
            again = asked.start("Remote", {"num_candidates": 1, "label": "far"}, key="k1")
        assert (first["status"], first["label"], first["id"]) == ("created", "far", again["id"])
        assert ask("runs", "cancel", "1")["status"] == "cancelled"
        assert ask("runs", "resume", "#1", "--max-cost-usd", "2.5")["status"] == "created"
        assert ask("runs", "show", "1")["budget"]["max_cost_usd"] == 2.5
        said = inside("runs", "cancel", "1", "--url", url, env=away)
        assert said.stdout == f"#1 cancelled\nnext: crucible runs show {first['id']}\n"
        assert lab.row(first["id"]).project_id == project["id"]
    assert not (lab.folder / "none.sqlite3").exists()


def test_what_a_server_exports_can_be_imported(away, url, run_ids, tmp_path):
    exported = inside("runs", "export", "--url", url, env=away)
    assert [json.loads(line)["id"] for line in exported.stdout.splitlines()] == run_ids
    own = environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/own.sqlite3")
    imported = inside("runs", "import", "-", env=own, stdin=exported.stdout)
    assert imported.stdout.startswith("4 of 4 runs imported"), imported.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["serve"],
        ["test-run"],
        ["db", "check"],
        ["db", "upgrade"],
        ["model", "status"],
        ["runs", "verify"],
        ["runs", "verify", "1"],
        ["runs", "import", "-"],
        ["welcome"],
    ],
    ids=" ".join,
)
def test_what_works_here_only_says_so(away, url, args):
    for given in (["--url", url, *args], [*args, "--url", url], [*args, f"--url={url}"]):
        said = inside(*given, env=away)
        assert (said.returncode, said.stdout) == (2, "")
        words = " ".join(word for word in args if word not in ("1", "-"))
        assert f"`crucible {words}` works on this machine only: it takes no --url." in said.stderr


def test_a_setting_does_not_keep_the_database_here_from_being_looked_after(env):
    set_ = {**env, "CRUCIBLE_URL": "http://127.0.0.1:9"}
    assert inside("db", "check", env=set_).stdout == inside("db", "check", env=env).stdout


def test_resuming_here_does_not_go_with_a_server(away, url):
    said = inside("runs", "resume", "1", "--here", "--url", url, env=away)
    assert said.returncode == 2
    assert "--here" in said.stderr and "--url" in said.stderr


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://host",
        "http://",
        "http://host:many",
        "http://host:99999",
        "http://me:secret@host",
        "http://host/?a=1",
        "http://[::1",
        "http://ho st",
    ],
)
def test_an_address_that_is_none_is_refused(away, url):
    said = inside("runs", "--url", url, env=away)
    assert (said.returncode, said.stdout) == (2, "")
    assert "--url" in said.stderr and "http://127.0.0.1:8765" in said.stderr
    if url:
        said = inside("runs", env={**away, "CRUCIBLE_URL": url})
        assert said.returncode == 2 and "CRUCIBLE_URL" in said.stderr


@pytest.mark.parametrize(
    "args",
    [["runs", "purge", "--keep-last", "1", "--yes"], ["runs", "verify"], ["test-run"],
     ["runs", "resume", "1", "--here"]],
    ids=" ".join,
)  # fmt: skip
def test_commands_on_runs_here_refuse_while_a_server_is_set(env, args):
    answer = inside(*args, env={**env, "CRUCIBLE_URL": "http://127.0.0.1:9"})
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "CRUCIBLE_URL names a server" in answer.stderr
