"""The databases that tests run on: a SQLite file, or a PostgreSQL that the test run itself starts.

A test that asks for the fixture `engine`, or for one that rests on it, runs once on each; the
folders are named in `conftest.py`. `CRUCIBLE_TEST_ENGINES=sqlite` leaves PostgreSQL out.
"""

import atexit
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from crucible import migrate

VARIABLE = "CRUCIBLE_TEST_ENGINES"
ENGINES = tuple(os.environ.get(VARIABLE, "sqlite,postgres").split(","))
_MISSING = (
    "PostgreSQL's programs (initdb, postgres) were found neither on the PATH nor in "
    f"/usr/lib/postgresql: install the package postgresql, or set {VARIABLE}=sqlite"
)
_SETTINGS = {
    "listen_addresses": "",  # nobody but who may enter the folder
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
}
_templates: dict[Path, Path] = {}


def new_database(folder: Path, template_folder: Path, engine: str = "sqlite") -> str:
    """The address of a fresh migrated database. Migrates once and copies."""
    if engine == "postgres":
        return cluster().lend()
    template = _templates.get(template_folder)
    if template is None:
        template = _templates[template_folder] = template_folder / "template.sqlite3"
        migrate.ensure(f"sqlite:///{template}")
    made = folder / "test.sqlite3"
    shutil.copy(template, made)
    return f"sqlite:///{made}"


def copied(url: str, folder: Path) -> str:
    """The address of a copy. Nobody may be using the original."""
    if not url.startswith("sqlite:"):
        return cluster().copied(url)
    made = folder / "copy.sqlite3"
    shutil.copy(url.removeprefix("sqlite:///"), made)
    return f"sqlite:///{made}"


def give_back(url: str) -> None:
    """Nobody uses this database any more. One that is not given back stays until the end."""
    if not url.startswith("sqlite:"):
        cluster().take_back(url)


class Cluster:
    """A PostgreSQL server in a temporary folder, behind a socket in that folder."""

    def __init__(self) -> None:
        self._programs = _programs()
        self.folder = Path(tempfile.mkdtemp(prefix="cpg-"))
        # The server refuses to run as root.
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            them = pwd.getpwnam("postgres")
            os.chown(self.folder, them.pw_uid, them.pw_gid)
            self._as = {"user": them.pw_uid, "group": them.pw_gid, "extra_groups": []}
        self._free: list[str] = []
        self._made = 0
        asked = "--auth=trust --username=tests --encoding=UTF8 --locale=C.UTF-8 --no-sync".split()
        done = subprocess.run(
            [self._programs / "initdb", *asked, "-D", self.folder / "data"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **self._as,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr}")
        self.start()
        self.template = self.empty("template")
        migrate.ensure(self.template)

    def start(self) -> None:
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder]
                + settings,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # an interrupt of the tests is not for it
                **self._as,
            )
        self._wait()

    def _wait(self) -> None:
        import psycopg  # noqa: PLC0415 - an extra

        end = time.monotonic() + 60
        while True:
            try:
                return psycopg.connect(self._dsn("postgres")).close()
            except psycopg.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    log = (self.folder / "log").read_text()
                    raise RuntimeError(f"PostgreSQL did not start: {log}") from error
                time.sleep(0.02)

    def stop(self) -> None:
        """At once, as a crash would."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _dsn(self, name: str) -> str:
        return f"host={self.folder} user=tests dbname={name}"

    def url(self, name: str) -> str:
        return f"postgresql://tests@/{name}?host={self.folder}"

    def sql(self, name: str, *statements: str) -> None:
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(self._dsn(name), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

    def empty(self, name: str | None = None) -> str:
        """The address of a database without tables."""
        self._made += 1
        name = name or f"empty{self._made}"
        self.sql("postgres", f"CREATE DATABASE {name} STRATEGY file_copy")
        return self.url(name)

    def lend(self) -> str:
        return self._free.pop() if self._free else self.copied(self.template)

    def copied(self, url: str) -> str:
        self._made += 1
        name = f"copy{self._made}"
        source = _name(url)
        self.sql("postgres", f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy")
        return self.url(name)

    def take_back(self, url: str) -> None:
        name = _name(url)
        # A worker that was killed in the middle leaves its session for a moment.
        self.sql(
            name,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            f"TRUNCATE {', '.join(_tables())}",
            "INSERT INTO crucible_revisions SELECT part, 0 FROM generate_series(0, 15) part",
        )
        self._free.append(url)


@cache
def cluster() -> Cluster:
    """One for each process of tests; it is gone at the end."""
    made = Cluster()
    atexit.register(made.remove)
    return made


def _name(url: str) -> str:
    return url.rpartition("?")[0].rpartition("/")[2]


def _tables() -> list[str]:
    from crucible.models import Base  # noqa: PLC0415 - as late as the rest

    return list(Base.metadata.tables)


def _programs() -> Path:
    found = [Path(path).resolve().parent for name in ("postgres",) if (path := shutil.which(name))]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise RuntimeError(_MISSING)


class Holder:
    """Somebody else in the middle of a change: others read on, and cannot write."""

    def __init__(self, url: str) -> None:
        self._connection: Any
        if url.startswith("sqlite:"):
            path = url.removeprefix("sqlite:///")
            self._connection = sqlite3.connect(path, check_same_thread=False)
            self._connection.isolation_level = None
            self._taking = ["BEGIN IMMEDIATE"]
        else:
            import psycopg  # noqa: PLC0415 - an extra

            self._connection = psycopg.connect(url)
            tables = "crucible_projects, crucible_runs, crucible_revisions"
            self._taking = [f"LOCK TABLE {tables} IN EXCLUSIVE MODE"]

    def hold(self) -> None:
        for statement in self._taking:
            self._connection.execute(statement)

    def release(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "Holder":
        self.hold()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self.close()
