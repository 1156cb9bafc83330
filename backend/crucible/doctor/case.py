"""What checks are given, and what a later one has from an earlier one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from crucible import config
from crucible.clock import Clock
from crucible.config import Settings
from crucible.errors import ConfigError


@dataclass
class Case:
    environ: Mapping[str, str]
    clock: Clock
    offline: bool
    """No model is called and no other machine is asked."""
    server: str | None
    """The address of a server that is examined in place of what is here."""
    settings: Settings
    """Those that can be read; defaults stand for the others."""
    unreadable: Mapping[str, str]
    """What is wrong with each of the others, by their names in SETTINGS."""
    began: datetime
    began_monotonic: float

    reachable: bool = False
    """A database that is a server's answered."""
    has_tables: bool = False
    """The database is there, with the schema that this version needs."""
    model_ready: bool = False
    health: Mapping[str, Any] | None = None
    """What a server of ours at HOST:PORT says of itself."""
    notes: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, environ: Mapping[str, str], clock: Clock, *, offline: bool, server: str | None
    ) -> "Case":
        wrong = unreadable(environ)
        variables = {variable_of(message) for message in wrong.values()}
        settings = config.load({k: v for k, v in environ.items() if k not in variables})
        server = server or settings.url
        return cls(environ, clock, offline, server, settings, wrong, clock.now(), clock.monotonic())

    def secrets(self) -> list[str]:
        """Also of settings that cannot be read, and of misspelt ones."""
        raw = [
            self.environ.get(name, "").strip()
            for name in (*(s.variable for s in config.SETTINGS if s.secret), config.OPENAI_KEY)
        ]
        # What is of several lines may be quoted by the line.
        lines = [line for each in raw for line in (each, *each.splitlines())]
        return [*self.settings.secrets(), *dict.fromkeys(lines)]

    @property
    def sqlite_file(self) -> Path | None:
        """None where history is kept elsewhere."""
        return sqlite_file(self.settings.database_url)


def unreadable(environ: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for setting in config.SETTINGS:
        names = [setting.variable]
        if setting.name == "LLM_API_KEY":
            names.append(config.OPENAI_KEY)
        try:
            config.load({name: environ.get(name, "") for name in names})
        except ConfigError as error:
            found[setting.name] = error.message
    return found


def variable_of(message: str) -> str:
    """The variable that a setting's error is about."""
    return message.partition(":")[0]


def sqlite_file(url: str) -> Path | None:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return None
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))


def is_here(host: str | None) -> bool:
    """Whether a host is this machine, as far as its name tells; a socket's folder is."""
    if not host or host.startswith("/") or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def nearest_folder(path: Path) -> Path:
    """The path, or the first folder above it that is there."""
    here = path.absolute()
    while not here.is_dir() and here != here.parent:
        here = here.parent
    return here


def size(count: float) -> str:
    return f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"
