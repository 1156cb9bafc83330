"""The token, the cookie, tries of others; under which names, from which pages."""

import re
from collections.abc import Callable, Iterator
from hmac import compare_digest
from typing import Any
from unittest.mock import ANY

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.api.conftest import send
from tests.fakes import FakeClock

from crucible import config
from crucible.api import create_app
from crucible.api.access import COOKIE, COOKIE_SECONDS
from crucible.api.throttle import AT_ONCE, EACH_SECONDS, Throttle
from crucible.errors import ConfigError

TOKEN = "0123456789abcdef=/+~.x"
CLOSED = "/api/openapi.json"
"""Needs the token, and no database."""
NAME = "crucible.example.com"
THIRTY_DAYS = 30 * 24 * 3600


def made(clock: FakeClock, throttle: Throttle | None = None, **environ: str) -> Flask:
    given = {
        "DATABASE_URL": "sqlite:////nowhere/never-opened.sqlite3",
        "API_TOKEN": TOKEN,
        "ALLOWED_HOSTS": f"{NAME}, b\u00fccher.example",
        **environ,
    }
    settings = config.load({f"CRUCIBLE_{name}": value for name, value in given.items()})
    return create_app(settings, clock=clock, throttle=throttle)


@pytest.fixture(scope="module")
def time() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="module")
def guarded(time: FakeClock) -> Flask:
    return made(time)


@pytest.fixture(scope="module")
def unguarded(time: FakeClock) -> Flask:
    return made(time, API_TOKEN="")


@pytest.fixture
def fresh(guarded: Flask) -> FlaskClient:
    """A browser without a cookie, from an address that has not failed yet."""
    return browser(guarded)


_addresses = iter(f"10.{n >> 8}.{n & 255}.1" for n in range(1, 60_000))


def browser(app: Flask, address: str | None = None, *, cookie: str | None = None) -> FlaskClient:
    client = app.test_client(use_cookies=cookie is None)
    client.environ_base["REMOTE_ADDR"] = address or next(_addresses)
    if cookie is not None:
        client.environ_base["HTTP_COOKIE"] = f"{COOKIE}={cookie}"
    return client


def cookie_of(app: Flask) -> str:
    client = browser(app)
    sign_in(client)
    found = client.get_cookie(COOKIE)
    assert found is not None
    return str(found.value)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def sign_in(client: FlaskClient, token: str = TOKEN, **sent: Any) -> Any:
    return client.post("/api/session", json={"token": token}, **sent)


def refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert (answer.json["code"], answer.json["status"]) == (code, status)
    assert TOKEN not in answer.text


# The token


def test_a_server_without_a_token_asks_for_none(unguarded: Flask) -> None:
    client = browser(unguarded)
    assert client.get(CLOSED).status_code == 200
    assert client.get("/api/session").json == {"required": False, "signed_in": False}
    refused(sign_in(client), 409, "no_token_needed")
    assert client.delete("/api/session").status_code == 204


def _routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods or ()):
            path = re.sub(r"<(?:path:)?\w+>", "some-thing", rule.rule)
            yield method, path, rule.endpoint.partition(".")[0]


def test_every_address_but_the_free_ones_takes_the_token(
    guarded: Flask, fresh: FlaskClient
) -> None:
    free, closed = set(), 0
    for method, path, part in _routes(guarded):
        answer = fresh.open(path, method=method)
        if answer.status_code == 401:
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert answer.headers["Cache-Control"] == "no-store, private"
            closed += 1
        else:
            free.add(part)
        answer.close()
    assert free == {"health", "session", "pages"}
    assert closed > 40


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/health/", "/api/session/", "/metrics",
             "/%61pi/projects", "/api//projects", "/api/docs", "/api/docs/", "/api/docs.css"],
)  # fmt: skip
def test_so_do_addresses_where_there_is_nothing(fresh: FlaskClient, path: str) -> None:
    refused(fresh.get(path), 401, "unauthorized")
    refused(fresh.options(path), 401, "unauthorized")
    refused(fresh.patch(path), 401, "unauthorized")


@pytest.mark.parametrize("path", ["/", "/projects/x/runs", "/api/health", "/api/session", "/none"])
def test_the_page_and_health_need_none(fresh: FlaskClient, path: str) -> None:
    answer = fresh.get(path)
    assert answer.status_code in (200, 404, 503)
    assert "WWW-Authenticate" not in answer.headers
    answer.close()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_token_opens(fresh: FlaskClient, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {TOKEN}"}
    assert fresh.get(CLOSED, headers=headers).status_code == 200
    # By itself it is no cookie, and asking with one is no way to try tokens.
    assert fresh.get("/api/session", headers=headers).json == {"required": True, "signed_in": False}


@pytest.mark.parametrize(
    "sent",
    ["", "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x",
     f"Bearer {TOKEN.upper()}", f"Bearer {TOKEN}, Bearer {TOKEN}", f"Token {TOKEN}", TOKEN,
     "Basic YTpi", "Bearer \u00fc\u00ff", "Bearer " + "x" * 60_000],
    ids=lambda sent: repr(sent[:30]),
)  # fmt: skip
def test_anything_else_does_not(fresh: FlaskClient, sent: str) -> None:
    refused(fresh.get(CLOSED, headers={"Authorization": sent}), 401, "unauthorized")


def test_the_token_is_compared_in_constant_time(
    fresh: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[Any, Any]] = []

    def spy(a: Any, b: Any) -> bool:
        compared.append((a, b))
        return compare_digest(a, b)

    monkeypatch.setattr("crucible.api.access.hmac.compare_digest", spy)
    for token in ("x", TOKEN[:-1], TOKEN, "x" * 5000):
        fresh.get(CLOSED, headers=bearer(token))
    # Bytes of one length, so that not even the length of the token shows.
    assert {(type(a), len(a), type(b), len(b)) for a, b in compared} == {(bytes, 32, bytes, 32)}
    assert len(compared) == 4 and len({b for _, b in compared}) == 1


def test_a_token_in_the_address_is_no_token(fresh: FlaskClient) -> None:
    for query in (f"?token={TOKEN}", f"?access_token={TOKEN}", f"?{COOKIE}={TOKEN}"):
        refused(fresh.get(CLOSED + query), 401, "unauthorized")


# The cookie


def test_signing_in_gives_a_cookie_that_is_not_the_token(fresh: FlaskClient) -> None:
    answer = sign_in(fresh)
    assert (answer.status_code, answer.data) == (204, b"")
    value, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert value.startswith(f"{COOKIE}=") and TOKEN not in value
    assert {each for each in attributes if not each.startswith("Expires=")} == {
        "HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={THIRTY_DAYS}",
    }  # fmt: skip
    assert answer.headers["Cache-Control"] == "no-store"
    assert fresh.get("/api/session").json == {"required": True, "signed_in": True}
    assert fresh.get(CLOSED).status_code == 200


def test_over_https_the_cookie_stays_there(fresh: FlaskClient) -> None:
    proxied = {"Host": NAME, "Origin": f"https://{NAME}", "X-Forwarded-Proto": "https"}
    assert "Secure" in sign_in(fresh, headers=proxied).headers["Set-Cookie"].split("; ")
    direct = sign_in(fresh, base_url="https://localhost/")
    assert "Secure" in direct.headers["Set-Cookie"].split("; ")


def test_blanks_around_a_pasted_token_do_not_matter(fresh: FlaskClient) -> None:
    assert sign_in(fresh, f" {TOKEN}\n").status_code == 422  # a line break is no blank
    assert sign_in(fresh, f"  {TOKEN} ").status_code == 204


def test_signing_out_takes_the_cookie_away(fresh: FlaskClient) -> None:
    sign_in(fresh)
    answer = fresh.delete("/api/session")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert fresh.get_cookie(COOKIE) is None
    refused(fresh.get(CLOSED), 401, "unauthorized")


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], "\ud800", "\u00fc" * 400, 5, None, ["x"]])
def test_signing_in_with_another_token_gives_none(fresh: FlaskClient, token: Any) -> None:
    answer = send(fresh, "POST", "/api/session", {"token": token})
    assert answer.status_code in (401, 422)
    assert answer.status_code == 422 or answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Set-Cookie" not in answer.headers


def test_a_cookie_holds_for_thirty_days(guarded: Flask, time: FakeClock) -> None:
    cookie = cookie_of(guarded)
    before = time.wall
    try:
        for seconds, status in ((COOKIE_SECONDS - 1, 200), (2, 401)):
            time.advance(seconds)
            assert browser(guarded, cookie=cookie).get(CLOSED).status_code == status
    finally:
        time.wall = before


def test_a_cookie_holds_at_every_process_until_the_token_changes(time: FakeClock) -> None:
    cookie = cookie_of(made(time))
    assert browser(made(time), cookie=cookie).get(CLOSED).status_code == 200
    other = made(time, API_TOKEN=f"{TOKEN}2")
    refused(browser(other, cookie=cookie).get(CLOSED), 401, "unauthorized")


@pytest.mark.parametrize(
    "change",
    [lambda v: v[:-9] + ("A" if v[-9] != "A" else "B") + v[-8:], lambda v: v.replace("in.", "on."),
     lambda v: v.rpartition(".")[0], lambda v: "", lambda v: v + ".x", lambda v: "\u00ff" * 9,
     lambda v: re.sub(r"\.(\w+)", ".zzzzzz", v, count=1), lambda v: TOKEN],
)  # fmt: skip
def test_a_cookie_that_was_changed_is_none(guarded: Flask, change: Callable[[str], str]) -> None:
    cookie = cookie_of(guarded)
    assert browser(guarded, cookie=cookie).get(CLOSED).status_code == 200
    client = browser(guarded, cookie=change(cookie))
    # However often: it is not the token that is tried.
    for _ in range(AT_ONCE + 2):
        refused(client.get(CLOSED), 401, "unauthorized")


# Tries


def test_one_good_cookie_among_others_of_its_name_is_enough(guarded: Flask) -> None:
    good = cookie_of(guarded)
    for sent in (f"x; {COOKIE}={good}", f"{good}; {COOKIE}=x", f"; {COOKIE}={good}"):
        assert browser(guarded, cookie=sent).get(CLOSED).status_code == 200
    refused(browser(guarded, cookie=f"x; {COOKIE}=y").get(CLOSED), 401, "unauthorized")


def test_failed_tries_are_slowed_down(guarded: Flask, time: FakeClock) -> None:
    client, signed_in = browser(guarded), browser(guarded)
    signed_in.environ_base["REMOTE_ADDR"] = client.environ_base["REMOTE_ADDR"]
    sign_in(signed_in)
    for number in range(AT_ONCE):
        wrong = sign_in(client, "x") if number % 2 else client.get(CLOSED, headers=bearer("x"))
        refused(wrong, 401, "unauthorized")
    # Now not even the right one is looked at.
    for answer in (sign_in(client), client.get(CLOSED, headers=bearer(TOKEN))):
        refused(answer, 429, "too_many_tries")
        assert answer.headers["Retry-After"] == "6"
        assert "Ask again in 6 s." in answer.json["hint"]
        assert "Set-Cookie" not in answer.headers
    assert signed_in.get(CLOSED).status_code == 200
    refused(client.get(CLOSED), 401, "unauthorized")
    assert client.get("/api/session").status_code == 200
    assert browser(guarded).get(CLOSED, headers=bearer(TOKEN)).status_code == 200

    time.advance(EACH_SECONDS - 0.5)
    assert sign_in(client, "x").headers["Retry-After"] == "1"
    time.advance(0.5)
    refused(sign_in(client, "x"), 401, "unauthorized")
    refused(sign_in(client, "x"), 429, "too_many_tries")
    time.advance(EACH_SECONDS)
    assert sign_in(client).status_code == 204

    time.advance(3600)
    tries = [sign_in(client, "x").status_code for _ in range(AT_ONCE + 2)]
    assert tries == [401] * AT_ONCE + [429] * 2


def test_who_has_the_token_is_never_slowed_down(fresh: FlaskClient) -> None:
    assert {fresh.get(CLOSED, headers=bearer(TOKEN)).status_code for _ in range(50)} == {200}
    assert {sign_in(fresh).status_code for _ in range(50)} == {204}


def fail(app: Flask, address: str, **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return sign_in(browser(app, address), "x", headers=sent).status_code


def test_addresses_that_one_sender_can_choose_among_count_as_one(guarded: Flask) -> None:
    for n in range(AT_ONCE):
        assert fail(guarded, f"2001:db8:1:2::{n:x}") == 401
    assert fail(guarded, "2001:db8:1:2:ffff::1") == 429
    assert fail(guarded, "2001:db8:1:3::1") == 401
    for n in range(AT_ONCE):
        assert fail(guarded, "::ffff:192.0.2.7" if n % 2 else "192.0.2.7") == 401
    assert fail(guarded, "192.0.2.7") == 429


def test_where_it_came_from_is_believed_of_trusted_proxies_only(
    guarded: Flask, time: FakeClock
) -> None:
    for n in range(AT_ONCE):
        assert fail(guarded, "127.0.0.9", X_Forwarded_For=f"198.51.100.{n}") == 401
    assert fail(guarded, "127.0.0.9", X_Forwarded_For="198.51.100.99") == 429

    behind = made(time, TRUSTED_PROXIES="127.0.0.0/8, ::1")
    for n in range(AT_ONCE):
        # What came before the proxy is the sender's own word.
        assert fail(behind, "127.0.0.1", X_Forwarded_For=f"203.0.113.{n}, 198.51.100.1") == 401
    assert fail(behind, "::1", X_Forwarded_For="198.51.100.1") == 429
    assert fail(behind, "127.0.0.1", X_Forwarded_For="198.51.100.2") == 401
    assert fail(behind, "192.0.2.9", X_Forwarded_For="198.51.100.1") == 401
    assert fail(behind, "127.0.0.1", X_Forwarded_For="\u00ff nonsense") == 401


@pytest.mark.parametrize("proxy", ["::ffff:127.0.0.1", "::ffff:127.0.0.0/104", "127.0.0.1"])
def test_a_proxy_is_known_however_its_address_is_written(time: FakeClock, proxy: str) -> None:
    behind = made(time, TRUSTED_PROXIES=proxy)
    for n in range(AT_ONCE):
        nearest = "::ffff:127.0.0.1" if n % 2 else "127.0.0.1"
        assert fail(behind, nearest, X_Forwarded_For="198.51.100.1") == 401
    assert fail(behind, "127.0.0.1", X_Forwarded_For="198.51.100.1") == 429
    assert fail(behind, "127.0.0.1", X_Forwarded_For="198.51.100.2") == 401


def test_a_port_is_no_part_of_who_sent_it(time: FakeClock) -> None:
    behind = made(time, TRUSTED_PROXIES="127.0.0.1, 10.0.0.1")
    for n in range(AT_ONCE):
        hops = f"198.51.100.1:{5000 + n}, 10.0.0.1:{6000 + n}"
        assert fail(behind, "127.0.0.1", X_Forwarded_For=hops) == 401
    assert fail(behind, "127.0.0.1", X_Forwarded_For="198.51.100.1") == 429
    assert fail(behind, "127.0.0.1", X_Forwarded_For="198.51.100.2:5000") == 401
    for n in range(AT_ONCE):
        form = "[2001:db8::1]" if n % 2 else f"[2001:db8::1]:{443 + n}"
        assert fail(behind, "127.0.0.1", X_Forwarded_For=form) == 401
    assert fail(behind, "127.0.0.1", X_Forwarded_For="2001:db8::1") == 429
    assert fail(behind, "127.0.0.1", X_Forwarded_For="[2001:db8:0:1::1]:443") == 401


@pytest.mark.parametrize(
    "everybody", ["0.0.0.0/0", "::/0", "::ffff:0:0/96", "127.0.0.1, 1.2.3.4/0"]
)
def test_a_proxy_is_not_everybody(everybody: str) -> None:
    with pytest.raises(ConfigError, match="^CRUCIBLE_TRUSTED_PROXIES: .* trusts everybody"):
        config.load({"CRUCIBLE_TRUSTED_PROXIES": everybody})


def test_processes_count_tries_together(time: FakeClock) -> None:
    shared = Throttle()
    apps = [made(time, shared), made(time, shared)]
    assert {fail(apps[n % 2], "192.0.2.1") for n in range(AT_ONCE)} == {401}
    assert {fail(app, "192.0.2.1") for app in apps} == {429}


# Detours


@pytest.mark.parametrize("path", ["/projects//evil.example", "/api//health", "/runs//x?a=1"])
def test_an_address_with_too_many_slashes_leads_on_under_whatever_name_was_asked(
    unguarded: Flask, path: str
) -> None:
    answer = browser(unguarded).get(path, headers={"Host": NAME, "X-Forwarded-Proto": "https"})
    assert (answer.status_code, answer.headers["Location"]) == (308, path.replace("//", "/"))
    assert b"http://" not in answer.data


# Names


@pytest.mark.parametrize(
    "host",
    ["", " ", "evil.example", "localhost.", f"{NAME}.", f"x.{NAME}", f"{NAME}.evil.example",
     "a@localhost", "localhost@evil", "localhost:x", "localhost:", "localhost:-1",
     "localhost:65536", "localhost:080000", "localhost:\u0663", "localhost:80, evil",
     "localhost, evil", "evil, localhost", "localhost/", "localhost/x", "localhost?x",
     "localhost#x", "local host", "localhost\\x",
     "[::1", "::1", "[::1]x", "[::1%eth0]", "[::1%25eth0]", "[fe80::1%lo]:80", "[localhost]", "[]",
     "[127.0.0.1]", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.01", "127.0.0.1.",
     "127.0.0.1.evil.example", "0x7f.0.0.1", "localhost%00", "%6cocalhost", "\u24db\u24de.example",
     "xn--bcher-kva.example.evil", "b\u00fccher.example", "-x.example", "*", "a" * 300],
)  # fmt: skip
def test_a_request_under_another_name_is_421(unguarded: Flask, host: str) -> None:
    for path in ("/api/health", "/", "/assets/x.js", "/api/docs", "/none"):
        sent = host.encode().decode("latin-1")  # as it arrives
        answer = browser(unguarded).get(path, headers={"Host": sent})
        refused(answer, 421, "foreign_host")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8765", "a.localhost:1", "127.0.0.1:8765", "127.8.9.1", "[::1]:8765",
     "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "192.168.1.4:8765", "10.0.0.1", "[fe80::1]",
     NAME, NAME.upper(), f"{NAME}:8443", "xn--bcher-kva.example", "XN--BCHER-KVA.example"],
)  # fmt: skip
def test_its_own_names_and_ip_addresses_are_served(unguarded: Flask, host: str) -> None:
    assert browser(unguarded).get(CLOSED, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("target", "status"),
    [("http://localhost/api/openapi.json", 200), ("http://LOCALHOST", 200),
     ("http://evil.example/api/openapi.json", 421), ("http://a@localhost/", 421),
     ("http://127.0.0.1/", 421), ("http:///x", 421), ("ftp://evil/", 421), ("/http://evil/", 200),
     ("http://localhost:1/", 421)],
)  # fmt: skip
def test_a_target_that_names_a_host_names_the_same(
    unguarded: Flask, target: str, status: int
) -> None:
    answer = browser(unguarded).get(CLOSED, environ_overrides={"REQUEST_URI": target})
    assert answer.status_code == status


# Pages


WRITES = [("POST", "/api/session"), ("DELETE", "/api/session"), ("POST", "/api/projects"),
          ("PUT", "/api/projects/x"), ("DELETE", "/api/projects/x"), ("POST", "/none")]  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "null"}, {"Origin": ""}, {"Origin": "http://evil.example"}, {"Origin": "file://"},
     {"Origin": "http://localhost:9999"}, {"Origin": "https://localhost"}, {"Origin": "http://["},
     {"Origin": "http://localhost."}, {"Origin": "http://a@localhost"}, {"Origin": "localhost"},
     {"Origin": "http://localhost/x"}, {"Origin": "http://localhost http://localhost"},
     {"Origin": "ws://localhost"}, {"Origin": "chrome-extension://localhost"},
     {"Origin": "http://127.0.0.1"}, {"Origin": "https://localhost.evil.example"},
     {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "x"},
     {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
     {"Origin": "http://localhost", "X-Forwarded-Proto": "https"},
     {"Host": NAME, "Origin": f"http://{NAME}", "X-Forwarded-Proto": "https"},
     {"Host": NAME, "Origin": f"https://x.{NAME}"}, {"Host": NAME, "Origin": f"https://{NAME}:8443"},
     {"Host": f"{NAME}:8443", "Origin": f"https://{NAME}"}],
    ids=repr,
)  # fmt: skip
def test_a_write_from_a_page_elsewhere_is_403(unguarded: Flask, headers: dict[str, str]) -> None:
    client = browser(unguarded)
    for method, path in WRITES:
        answer = client.open(path, method=method, json={}, headers=headers)
        refused(answer, 403, "forbidden")
    assert client.get(CLOSED, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://localhost"}, {"Origin": "http://localhost:80"},
     {"Host": "127.0.0.1:8765", "Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"},
     {"Host": "[::1]:8765", "Origin": "http://[::1]:8765"}, {"Sec-Fetch-Site": "none"},
     {"Host": NAME, "Origin": f"https://{NAME}"}, {"Host": NAME, "Origin": f"http://{NAME}"},
     {"Host": f"{NAME}:8443", "Origin": f"https://{NAME}:8443"},
     {"Host": f"{NAME}:443", "Origin": f"https://{NAME}", "X-Forwarded-Proto": "https"},
     {"Host": "10.0.0.1", "Origin": "https://10.0.0.1", "X-Forwarded-Proto": "https"}],
    ids=repr,
)  # fmt: skip
def test_a_write_from_its_own_page_is_served(guarded: Flask, headers: dict[str, str]) -> None:
    client = browser(guarded)
    assert sign_in(client, headers=headers).status_code == 204
    assert client.delete("/api/session", headers=headers).status_code == 204


def test_no_page_elsewhere_is_let_in_by_cors(guarded: Flask) -> None:
    asks = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for path in ("/api/session", CLOSED, "/", "/api/health"):
        for answer in (
            browser(guarded).options(path, headers=asks),
            browser(guarded).get(path, headers={**asks, **bearer(TOKEN)}),
        ):
            assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
            answer.close()


# Answers


def test_options_says_what_an_address_takes(unguarded: Flask) -> None:
    client = browser(unguarded)
    for path, takes in (
        ("/api/projects", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/api/session", {"DELETE", "GET", "HEAD", "OPTIONS", "POST"}),
        ("/", {"GET", "HEAD", "OPTIONS"}),
    ):
        answer = client.options(path)
        assert (answer.status_code, answer.data) == (204, b"")
        assert set(answer.headers["Allow"].split(", ")) == takes
        assert "Content-Type" not in answer.headers
    refused(client.options("/api/nothing"), 404, "not_found")
    wrong = client.put("/api/session")
    refused(wrong, 405, "method_not_allowed")
    assert "DELETE" in wrong.headers["Allow"]


def test_the_document_for_people_is_found_with_a_slash_too(unguarded: Flask) -> None:
    answer = browser(unguarded).get("/api/docs/")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/api/docs")


def test_the_document_for_people_needs_nothing_inline(unguarded: Flask) -> None:
    text = browser(unguarded).get("/api/docs").text
    assert len(text) > 50_000
    assert not re.search(r"<script|<style|<iframe|\sstyle=|\son\w+=|javascript:|https?://", text)


def test_answers_to_who_came_in_are_kept_by_nobody_else(guarded: Flask) -> None:
    client = browser(guarded)
    sign_in(client)
    for path, caching in ((CLOSED, "no-store, private"), ("/api/docs", "no-cache, private")):
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == caching
        assert {"Authorization", "Cookie"} <= set(answer.vary)
    assert client.get("/api/session").headers["Cache-Control"] == "no-store"


def test_the_document_says_how_to_come_in(unguarded: Flask) -> None:
    document: Any = browser(unguarded).get(CLOSED).json
    assert document["security"] == [{"token": []}, {"session": []}, {}]
    assert document["components"]["securitySchemes"] == {
        "token": {"type": "http", "scheme": "bearer", "description": ANY},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": ANY},
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            free = path in ("/api/health", "/api/session")
            assert (operation.get("security") == []) == free, path
            assert ({"401", "429"} <= set(operation["responses"])) == (
                not free or (method, path) == ("post", "/api/session")
            ), path
