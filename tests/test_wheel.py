"""The wheel: what is in it, and that it works with what it asks for and nothing else.

It is installed next to links to the packages that it requires, taken from those that these tests
run with: nothing is fetched, and a package that only an extra or development brings is not there.
"""

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

import crucible
from crucible import migrate

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert (ROOT / "backend/crucible/_web/index.html").is_file(), "build the page first: make page"
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).with_name("uv")
    build = [uv, "build", "--quiet", "--wheel", "--no-build-isolation", "--offline"]
    subprocess.run(
        [*build, "--python", sys.executable, "--out-dir", folder, ROOT],
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    (found,) = folder.glob("*.whl")
    return found


@dataclass
class Installed:
    home: Path
    site: Path
    command: Path

    def start(self, *words: str) -> subprocess.Popen[str]:
        """In an empty home, with no setting and no checkout near."""
        return subprocess.Popen(
            [self.command, *words],
            cwd=self.home,
            env={"HOME": str(self.home), "PATH": os.defpath, "LANG": "C.UTF-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        with self.start(*words) as process:
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, out, err


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    home = tmp_path_factory.mktemp("a home")
    venv.create(home / "venv", with_pip=False, symlinks=True)
    (site,) = (home / "venv/lib").glob("python*/site-packages")
    for entry in needed(described(wheel)):
        if not (site / entry.name).exists():
            (site / entry.name).symlink_to(entry)
    uv = Path(sys.executable).with_name("uv")
    python = home / "venv/bin/python"
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel],
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    return Installed(home, site, home / "venv/bin/crucible")


def needed(described: Message) -> Iterator[Path]:
    """What is at the top of the folders of the packages required, and of those that these
    require."""
    todo = [Requirement(each) for each in described.get_all("Requires-Dist", [])]
    seen: set[tuple[str, str]] = set()
    while todo:
        requirement = todo.pop()
        for extra in ("", *requirement.extras):
            if (key := (requirement.name.lower(), extra)) in seen:
                continue
            seen.add(key)
            if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
                continue
            found = metadata.distribution(requirement.name)
            assert requirement.specifier.contains(found.version, prereleases=True), requirement
            tops = {file.parts[0] for file in found.files or () if file.parts[0] != ".."}
            yield from (Path(str(found.locate_file(top))) for top in sorted(tops))
            for each in map(Requirement, found.requires or ()):
                if each.marker is None or each.marker.evaluate({"extra": extra}):
                    todo.append(each)


def described(wheel: Path) -> Message:
    with ZipFile(wheel) as opened:
        (name,) = (each for each in opened.namelist() if each.endswith(".dist-info/METADATA"))
        return message_from_bytes(opened.read(name))


def test_it_holds_the_program_the_page_and_the_migrations(wheel: Path) -> None:
    with ZipFile(wheel) as opened:
        names = set(opened.namelist())
        document = opened.read("crucible/_web/index.html").decode()
    for file in (ROOT / "migrations/versions").glob("*.py"):
        assert f"crucible/_migrations/versions/{file.name}" in names
    assert "crucible/_migrations/env.py" in names
    linked = re.findall(r'(?:src|href)="/(assets/[^"]+)"', document)
    assert linked and {f"crucible/_web/{name}" for name in linked} <= names
    info = f"int_crucible-{crucible.__version__}.dist-info/"
    assert f"{info}licenses/LICENSE" in names
    assert all(name.startswith(("crucible/", info)) for name in names)
    odd = re.compile(r"\.map$|\.pyc$|(^|/)tests?/|node_modules|\.sqlite3|/\.")
    assert not [name for name in names if odd.search(name)]


def test_it_says_what_it_is(wheel: Path) -> None:
    said = described(wheel)
    assert said["Name"] == "int-crucible"
    assert said["Version"] == crucible.__version__
    assert said["License-Expression"] == "MIT"
    assert said["Requires-Python"] == ">=3.11"
    assert said["Description-Content-Type"] == "text/markdown"
    assert said["Summary"]
    assert set(said.get_all("Provides-Extra", [])) == {
        *("local", "postgres", "celery", "mcp", "otel")
    }


def test_it_serves_in_an_empty_home(installed: Installed) -> None:
    with installed.start("serve", "--port", "0") as server:
        patience = threading.Timer(PATIENCE_SECONDS, server.kill)
        patience.start()
        try:
            assert server.stderr is not None
            said, address = "", None
            while address is None and (line := server.stderr.readline()):
                said += line
                address = re.search(r"http://\S+", line)
            assert address, said
            health = json.loads(fetched(f"{address[0]}/api/health"))
            document = fetched(address[0])
            (script,) = re.findall(r'<script[^>]* src="([^"]+)"', document)
            assert len(fetched(address[0] + script)) > 10_000
        finally:
            patience.cancel()
            server.terminate()
        server.communicate(timeout=PATIENCE_SECONDS)
    assert health["version"] == crucible.__version__
    assert health["database"] == {
        **{"ok": True, "note": None},
        **{"revision": migrate.HEAD, "needed": migrate.HEAD},
        "id": health["database"]["id"],
    }
    assert (installed.home / ".local/share/int-crucible/crucible.sqlite3").is_file()


def fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        return str(answer.read().decode())


def test_its_doctor_finds_page_and_migrations_in_it(installed: Installed) -> None:
    code, out, err = installed.run("doctor", "--offline", "--format", "json")
    found = {check["name"]: check for check in json.loads(out)["checks"]}
    assert str(installed.site) in found["python"]["detail"]
    assert found["page"]["status"] == "ok"
    # The embedded model is an extra, and a file that nobody has fetched.
    assert (found["model"]["status"], code, err) == ("failed", 1, "")
    broke = [check["detail"] for check in found.values() if "broke" in check["detail"]]
    assert broke == []
