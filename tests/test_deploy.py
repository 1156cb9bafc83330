"""The examples for deploying: they name commands, options and settings that there are."""

import json
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import click
import pytest
from tests.cli.test_serve_workers import eventually
from tests.security.real import NAME, TOKEN, serving

from crucible import config, setting_kinds
from crucible.cli import main
from crucible.errors import ConfigError

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = DOCS / "deploy"
PROGRAM = "/opt/crucible/bin/crucible"
SERVICES = sorted(FOLDER.glob("*.service"))
PAGE = (DOCS / "deploy.md").read_text()


def unit(path: Path) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text())
    return parser


def understood(words: list[str]) -> None:
    """Raises what click raises for a command or an option that is not there."""
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        name, command_or_none, words = command.resolve_command(context, words)
        assert command_or_none is not None
        command = command_or_none
        if isinstance(command, click.Group) and not words:
            return
    command.make_context(name, list(words))


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_units_start_what_there_is(path: Path) -> None:
    service = unit(path)["Service"]
    words = shlex.split(service["ExecStart"])
    if words[0] == "/bin/sh":
        words = shlex.split(words[2])[1:]
    assert words[0] == PROGRAM
    understood(words[1:])
    for name, value in {
        "User": "crucible", "EnvironmentFile": "/etc/crucible/env", "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
    }.items():  # fmt: skip
        assert service[name] == value
    assert "crucible" in service["StateDirectory"].split()


def test_units_give_enough_time_to_stop() -> None:
    serve = unit(FOLDER / "crucible.service")["Service"]
    worker = unit(FOLDER / "crucible-worker@.service")["Service"]
    words = shlex.split(worker["ExecStart"])
    drain = int(words[words.index("--drain-seconds") + 1])
    assert int(serve["TimeoutStopSec"]) >= 15
    assert int(worker["TimeoutStopSec"]) >= drain + 15
    assert {serve["KillMode"], worker["KillMode"]} == {"mixed"}


def test_every_timer_has_its_service() -> None:
    for path in FOLDER.glob("*.timer"):
        assert path.with_suffix(".service") in SERVICES
        assert unit(path)["Timer"]["OnCalendar"]


def assigned() -> dict[str, str]:
    """The settings of the example, those that are commented out as well."""
    return dict(re.findall(r"^#?([A-Z_]+)=(.*)$", (FOLDER / "env.example").read_text(), re.M))


def test_settings_in_the_example_are_ours() -> None:
    assert set(assigned()) <= {setting.variable for setting in config.SETTINGS}
    given = assigned()
    # What the page's command puts in its place.
    assert given["CRUCIBLE_API_TOKEN"] == setting_kinds.TOKEN_PLACEHOLDER
    with pytest.raises(ConfigError, match="CRUCIBLE_API_TOKEN: it is still the example's"):
        config.load(given)
    settings = config.load({**given, "CRUCIBLE_API_TOKEN": TOKEN})
    assert settings.executor == "celery"
    assert settings.allowed_hosts == (NAME,)
    assert "s/REPLACE-THIS-TOKEN/$(openssl rand -hex 32)/" in PAGE


def test_commands_of_the_page_are_ours() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.S)
    asked = re.findall(r"^(?:as_crucible|crucible) (\w[^#\n|]*)", "\n".join(blocks), re.M)
    assert len(asked) > 8
    for line in asked:
        understood(shlex.split(line))


def test_commands_are_started_as_the_service_is() -> None:
    (function,) = re.findall(r"^as_crucible\(\) \{\n(.*?)^\}$", PAGE, re.S | re.M)
    words = shlex.split(function)
    given = dict(words[n + 1].split("=", 1) for n, word in enumerate(words) if word == "-p")
    service = unit(FOLDER / "crucible.service")["Service"]
    assert {"User", "EnvironmentFile", "WorkingDirectory", "UMask"} == set(given)
    assert given == {name: service[name] for name in given}
    assert words[0] == "systemd-run"
    assert words[-2:] == [PROGRAM, "$@"]


def test_the_page_names_files_that_are_there() -> None:
    for name in re.findall(r"docs/(deploy/[\w.*@-]+)", PAGE):
        assert list(DOCS.glob(name)), name


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for the name of the example, as the page says to make one."""
    folder = tmp_path_factory.mktemp("certificate")
    (block,) = re.findall(r"^openssl req .*?crucible.crt$", PAGE, re.S | re.M)
    made = block.replace("YOUR.NAME", NAME).replace("/etc/nginx/", f"{folder}/")
    subprocess.run(shlex.split(made.replace("\\\n", "")), check=True, capture_output=True)
    return folder


def nginx(folder: Path, site: str, certificate: Path, *options: str) -> list[str]:
    """Its command for a site, in a folder of its own."""
    site = site.replace("/etc/nginx/", f"{certificate}/")
    (folder / "site.conf").write_text(site)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    http = f"http {{ access_log off; {temporary} include site.conf; }}"
    # Its workers are somebody else where it is started by root, and may not enter the folder.
    user = "user root; " if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"{user}pid {folder}/pid; events {{}} {http}")
    return [str(NGINX), "-p", str(folder), "-e", str(folder / "log"), "-c", f"{folder}/nginx.conf",
            *options]  # fmt: skip


# Debian's lies where only root looks.
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
needs_nginx = pytest.mark.skipif(
    not (NGINX and shutil.which("openssl")), reason="nginx or openssl is not installed"
)


@needs_nginx
def test_nginx_accepts_its_site(tmp_path: Path, certificate: Path) -> None:
    # Trying a configuration binds its ports, which others may hold.
    site = re.sub(r"listen (\d+)", r"listen unix:\1", (FOLDER / "nginx.conf").read_text())
    command = nginx(tmp_path, site, certificate, "-t")
    tried = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert tried.returncode == 0, tried.stderr


@dataclass
class Proxied:
    """Int Crucible behind nginx with the site of the example."""

    port: int
    tls: ssl.SSLContext

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The response and its text."""
        connection = HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=60)
        connection.sock = self.handshake(NAME)
        sent = {"Host": f"{NAME}:{self.port}", "Content-Type": "application/json"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        connection.request(method, path, json.dumps(body) if body else None, sent)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response, text

    def handshake(self, name: str) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        try:
            return self.tls.wrap_socket(plain, server_hostname=name)
        except ssl.SSLError:
            plain.close()
            raise


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Proxied]:
    tmp_path = tmp_path_factory.mktemp("proxied")
    trusted = {"CRUCIBLE_TRUSTED_PROXIES": assigned()["CRUCIBLE_TRUSTED_PROXIES"]}
    with serving(tmp_path, **trusted) as server:
        port = free_port()
        site = (FOLDER / "nginx.conf").read_text()
        site = site.replace("127.0.0.1:8765", f"127.0.0.1:{server.address[1]}")
        site = site.replace("listen 80;", f"listen unix:{tmp_path}/80;")
        site = site.replace("listen 443 ", f"listen 127.0.0.1:{port} ")
        command = nginx(tmp_path, site, certificate, "-g", "daemon off;")
        process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: socket.create_connection(("127.0.0.1", port)).close() or True)
            tls = ssl.create_default_context(cafile=str(certificate / "crucible.crt"))
            yield Proxied(port, tls)
        finally:
            process.terminate()
            process.wait(60)


@needs_nginx
def test_behind_nginx_the_page_may_write_and_others_may_not(proxied: Proxied) -> None:
    own = f"https://{NAME}:{proxied.port}"
    page = {"Origin": own, "Sec-Fetch-Site": "same-origin"}
    answer, _ = proxied.ask("GET", "/projects/x/runs")
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert proxied.ask("GET", "/api/projects")[0].status == 401

    signed, _ = proxied.ask("POST", "/api/session", {"token": TOKEN}, **page)
    assert signed.status == 204
    given, *attributes = signed.headers["Set-Cookie"].split("; ")
    assert {"Secure", "HttpOnly", "SameSite=Strict"} <= set(attributes)
    made, _ = proxied.ask("POST", "/api/projects", {"title": "x"}, Cookie=given, **page)
    assert made.status == 201
    for origin in ("https://evil.example", f"https://{NAME}", own.replace("https", "http"), "null"):
        refused, text = proxied.ask(
            "POST", "/api/projects", {"title": "x"}, Cookie=given, Origin=origin
        )
        assert (refused.status, json.loads(text)["code"]) == (403, "forbidden")
    program, _ = proxied.ask("GET", "/api/projects", Authorization=f"Bearer {TOKEN}")
    assert program.status == 200


@needs_nginx
def test_behind_nginx_other_names_get_nothing_and_tries_count_by_sender(proxied: Proxied) -> None:
    for name in ("evil.example", f"x.{NAME}", "localhost"):
        with pytest.raises(ssl.SSLError):
            proxied.handshake(name)
    # A certificate is not asked about what a request says of itself.
    answer, _ = proxied.ask("GET", "/api/projects", Host="evil.example")
    assert answer.status in (404, 421)
    wrong = {"token": "wrong"}
    statuses = []
    for n in range(12):
        told = {"X-Forwarded-For": f"10.0.0.{n}"}  # not believed of a client
        statuses.append(proxied.ask("POST", "/api/session", wrong, **told)[0].status)
    assert statuses == [401] * 10 + [429] * 2
