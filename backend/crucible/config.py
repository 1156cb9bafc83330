"""Settings: one table, and the only reader of the environment.

`docs/configuration.md` is generated from `SETTINGS`.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from crucible.errors import ConfigError

PREFIX = "CRUCIBLE_"
APP_NAME = "int-crucible"
OPENAI_BASE_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-5-mini"
DEFAULT_BROKER_URL = "redis://127.0.0.1:6379/0"
TOKEN_PLACEHOLDER = "REPLACE-THIS-TOKEN"
"""In docs/deploy/env.example."""
LOCAL_MODEL_NAME = "qwen2.5-coder-1.5b-instruct"


@dataclass(frozen=True)
class Setting:
    name: str
    default: str
    """The default in words, as the documentation shows it."""
    help: str
    parse: Callable[[str], Any]
    fallback: Any = None
    secret: bool = False

    @property
    def variable(self) -> str:
        return PREFIX + self.name

    @property
    def field(self) -> str:
        return self.name.lower()


def _text(value: str) -> str:
    return value


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        number = int(value)
        if not low <= number <= high:
            raise ValueError
        return number

    parse.__doc__ = f"a whole number from {low} to {high}"
    return parse


def _seconds(low: float, high: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        number = float(value)
        if not low <= number <= high:
            raise ValueError
        return number

    parse.__doc__ = f"seconds, from {low:g} to {high:g}"
    return parse


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError
        return value

    parse.__doc__ = "one of " + ", ".join(allowed)
    return parse


def _http_url(value: str) -> str:
    """an address such as http://127.0.0.1:8000/v1, without user, query or fragment"""
    _require_bare(value)
    return value.rstrip("/")


def server_url(value: str) -> str:
    """the address of a server, such as http://127.0.0.1:8765"""
    text = value if "://" in value else f"http://{value}"
    _require_bare(text)
    return text.rstrip("/")


def _require_bare(url: str) -> None:
    parts = urlsplit(url)
    # An @ further on is the end of a password that has a slash in it.
    bare = not any(sign in url for sign in "?#@")
    # Reading the port raises for one that is no number, or too large a one.
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or not bare:
        raise ValueError
    if re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise ValueError


def _database_url(value: str) -> str:
    """a database address such as sqlite:////home/me/crucible.sqlite3"""
    if "://" not in value:
        raise ValueError
    parts = urlsplit(value)
    _ = parts.port  # raises for what is no address, or has a port that is no number
    if re.search(r"[\x00-\x1f\x7f]", unquote(value)):
        raise ValueError
    if parts.scheme.startswith("sqlite") and "?" in value:
        raise ConfigError(
            f"{PREFIX}DATABASE_URL: the address of a SQLite file takes no options (`?...`)"
        )
    return value


def _broker_url(value: str) -> str:
    """the address of a Redis server, such as redis://127.0.0.1:6379/0"""
    parts = urlsplit(value)
    bare = not (parts.query or parts.fragment)
    # Reading the port raises for one that is no number.
    if parts.scheme != "redis" or not parts.hostname or parts.port == 0 or not bare:
        raise ValueError
    if re.search(r"[\s\x00-\x1f\x7f\\]", value) or not re.fullmatch(r"(/[0-9]*)?", parts.path):
        raise ValueError
    return value


def _key(value: str) -> str:
    """printable ASCII without blanks"""
    # A header would end at a line's end, and its library would quote the rest in an error.
    if not re.fullmatch("[!-~]+", value):
        raise ValueError
    return value


def _token(value: str) -> str:
    """printable ASCII"""
    if not (value.isascii() and value.isprintable()):
        raise ValueError
    if value == TOKEN_PLACEHOLDER:
        raise ConfigError(
            f"{PREFIX}API_TOKEN: it is still the example's placeholder, which everybody knows; "
            "`openssl rand -hex 32` makes one"
        )
    return value


def _host_names(value: str) -> tuple[str, ...]:
    """names separated by commas, such as crucible.example.com"""
    # As they are sent; raises for what no name can be.
    found = [each.encode("idna").decode().lower() for each in _listed(value)]
    if not all(re.fullmatch(r"[a-z0-9][a-z0-9._-]*[a-z0-9]|[a-z0-9]", each) for each in found):
        raise ValueError
    return tuple(found)


def _networks(value: str) -> tuple[str, ...]:
    """addresses separated by commas, such as 127.0.0.1 or 10.0.0.0/8"""
    found = [_unmapped(ip_network(each, strict=False)) for each in _listed(value)]
    for network in found:
        if network.prefixlen == 0:
            raise ConfigError(
                f"CRUCIBLE_TRUSTED_PROXIES: {network} trusts everybody: name the proxies' addresses"
            )
    return tuple(map(str, found))


def _unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """IPv4 as itself, also where it is written as IPv6: that is how requests are compared."""
    mapped = network.network_address
    if isinstance(mapped, IPv6Address) and mapped.ipv4_mapped and network.prefixlen >= 96:
        return IPv4Network((mapped.ipv4_mapped, network.prefixlen - 96))
    return network


def _listed(value: str) -> list[str]:
    found = [each.strip() for each in value.split(",")]
    if not all(found):
        raise ValueError
    return found


def _flag(value: str) -> bool:
    """on or off"""
    lowered = value.lower()
    if lowered in ("1", "true", "on", "yes"):
        return True
    if lowered in ("0", "false", "off", "no"):
        return False
    raise ValueError


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "DATABASE_URL",
        "a SQLite file in the user's data folder",
        "Where runs are kept. SQLite: `sqlite:////absolute/path.sqlite3`. PostgreSQL (needs the "
        "extra `postgres`): `postgresql://user:password@host:5432/name`.",
        _database_url,
        secret=True,
    ),
    Setting(
        "LLM",
        "`openai` when a base URL or a key is set, else `local`",
        "Which kind of model answers: `openai` (any OpenAI-compatible endpoint), `local` "
        "(the embedded model) or `kosmos` (an installed Kosmos, with the model and key that it is "
        "set to itself; `CRUCIBLE_LLM_PROVIDER` names whose prices apply).",
        _choice("local", "openai", "kosmos"),
    ),
    Setting(
        "LLM_BASE_URL",
        OPENAI_BASE_URL,
        "Base address of the endpoint; `/chat/completions` is added.",
        _http_url,
    ),
    Setting(
        "LLM_API_KEY",
        "the value of `OPENAI_API_KEY`",
        "Key sent as a bearer token. Never stored, logged or shown.",
        _key,
        secret=True,
    ),
    Setting("LLM_MODEL", DEFAULT_MODEL, "The model asked for when a run names none.", _text),
    Setting(
        "LLM_PROVIDER",
        "`openai`",
        "Whose prices apply and which provider the ledger names, whatever the address.",
        _text,
        "openai",
    ),
    Setting(
        "LLM_TIMEOUT_SECONDS",
        "`120`",
        "How long one call may take before it is given up.",
        _seconds(0.1, 3600),
        120.0,
    ),
    Setting(
        "LLM_MAX_RETRIES",
        "`2`",
        "Retries of one question after its first attempt.",
        _whole(0, 20),
        2,
    ),
    Setting(
        "LOCAL_MODEL",
        "the fetched embedded model",
        "A GGUF file to use as the embedded model instead of the fetched one.",
        _text,
    ),
    Setting("CONCURRENCY", "`4`", "Calls in flight per run.", _whole(1, 256), 4),
    Setting("MAX_ACTIVE_RUNS", "`8`", "Runs executed at the same time.", _whole(1, 256), 8),
    Setting(
        "EXECUTOR",
        "`embedded`",
        "Where runs run: `embedded` (threads of `crucible serve`, or of a `crucible worker`) or "
        "`celery` (`crucible worker`s that a Redis tells of them; see docs/workers.md).",
        _choice("embedded", "celery"),
        "embedded",
    ),
    Setting(
        "BROKER_URL",
        f"`{DEFAULT_BROKER_URL}`",
        "The Redis that `CRUCIBLE_EXECUTOR=celery` uses, and no other kind of broker: "
        "`redis://[user:password@]host:port/database`. Never stored, logged or shown with its "
        "password.",
        _broker_url,
        DEFAULT_BROKER_URL,
        secret=True,
    ),
    Setting(
        "HOST",
        "`127.0.0.1`",
        "Address to serve on. Any other than loopback takes a `CRUCIBLE_API_TOKEN`.",
        _text,
        "127.0.0.1",
    ),
    Setting("PORT", "`8765`", "Port to serve on.", _whole(0, 65535), 8765),
    Setting(
        "API_TOKEN",
        "none",
        "Where it is set, the server asks for it: everything but the page's files, "
        "`/api/health` and signing in takes it as a bearer token, or a cookie that was given for "
        "it. Commands send it to the server that `--url` names. It should come from a generator "
        "and have 16 characters or more; a shorter one is taken with a warning. Never stored, "
        "logged or shown.",
        _token,
        secret=True,
    ),
    Setting(
        "ALLOWED_HOSTS",
        "none",
        "Names under which the server answers, separated by commas, besides `localhost` and IP "
        "addresses: that of a proxy in front, for instance `crucible.example.com`.",
        _host_names,
        (),
    ),
    Setting(
        "TRUSTED_PROXIES",
        "none",
        "Addresses of proxies, separated by commas, whose `X-Forwarded-For` is believed when wrong "
        "tokens are counted by address.",
        _networks,
        (),
    ),
    Setting(
        "URL",
        "the database here",
        "A server that `crucible` asks, instead of the database here; `--url` goes before it. "
        "`serve`, `worker` and `db` do not look at it; those that work on runs here only "
        "(`test-run`, `runs purge`, `runs verify`, `runs import`, `runs resume --here`) refuse it.",
        server_url,
    ),
    Setting(
        "PRICES",
        "none",
        "A JSON file that adds or overrides prices (see docs/metrics.md).",
        _text,
    ),
    Setting(
        "CAPTURE_CONTENT",
        "`off`",
        "Keep prompts and answers in the ledger.",
        _flag,
        False,
    ),
    Setting(
        "LEASE_SECONDS",
        "`30`",
        "How long a worker may be silent before its run counts as lost.",
        _seconds(2, 3600),
        30.0,
    ),
)


OPENAI_KEY = "OPENAI_API_KEY"
"""Stands in for CRUCIBLE_LLM_API_KEY."""
_SHOWN = 60
"""So much of a value is shown that is wrong."""
_LOOSE_PASSWORD = re.compile(r"^[^:/?#]+://[^:/@]*:([^@]*)@")


@dataclass(frozen=True)
class _Foreign(Setting):
    """One under the name that other programs have for it."""

    @property
    def variable(self) -> str:
        return self.name


_OPENAI_KEY = _Foreign(OPENAI_KEY, "none", "", _key, secret=True)


@dataclass(frozen=True)
class Settings:
    """What `load` read. Field names are those of `SETTINGS` in lower case."""

    database_url: str
    llm: str
    llm_base_url: str
    llm_model: str
    llm_provider: str = "openai"
    llm_api_key: str | None = None
    llm_timeout_seconds: float = 120.0
    llm_max_retries: int = 2
    local_model: str | None = None
    concurrency: int = 4
    max_active_runs: int = 8
    executor: str = "embedded"
    broker_url: str = DEFAULT_BROKER_URL
    host: str = "127.0.0.1"
    port: int = 8765
    api_token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    url: str | None = None
    prices: str | None = None
    capture_content: bool = False
    lease_seconds: float = 30.0

    def secrets(self) -> tuple[str, ...]:
        """Values that must never reach the database, a log or an answer."""
        addresses = (self.database_url, self.broker_url)
        passwords = [urlsplit(url).password for url in addresses]
        # SQLAlchemy lets a password have a slash, at which the address would end otherwise.
        passwords += [found for url in addresses for found in _LOOSE_PASSWORD.findall(url)]
        passwords += parse_qs(urlsplit(self.database_url).query).get("password", [])
        found = (
            self.llm_api_key,
            self.api_token,
            *passwords,
            *map(unquote, filter(None, passwords)),
        )
        return tuple(dict.fromkeys(secret for secret in found if secret))

    def __repr__(self) -> str:
        # The default of a dataclass would print the key into any traceback that shows settings.
        return f"Settings(llm={self.llm!r}, llm_model={self.llm_model!r})"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Reads settings from the environment; raises ConfigError naming the variable that is wrong."""
    env = os.environ if environ is None else environ
    values: dict[str, Any] = {s.field: _read(s, env) for s in SETTINGS}
    values["llm_api_key"] = values["llm_api_key"] or _read(_OPENAI_KEY, env)
    endpoint = values["llm_base_url"] or values["llm_api_key"]
    values["llm"] = values["llm"] or ("openai" if endpoint else "local")
    values["llm_base_url"] = values["llm_base_url"] or OPENAI_BASE_URL
    if values["llm"] == "local":
        values["llm_model"] = _local_model_name(values["local_model"])
        values["llm_provider"] = "local"
    values["llm_model"] = values["llm_model"] or DEFAULT_MODEL
    values["database_url"] = values["database_url"] or _default_database_url()
    return Settings(**values)


def cache_folder() -> Path:
    """Where fetched files go."""
    import platformdirs  # noqa: PLC0415 - only where no setting says otherwise

    return Path(platformdirs.user_cache_dir(APP_NAME, appauthor=False))


def _read(setting: Setting, env: Mapping[str, str]) -> Any:
    raw = env.get(setting.variable, "").strip()
    if not raw:
        return setting.fallback
    try:
        return setting.parse(raw)
    except ValueError:
        # An address with an @, a query or the like may hold a secret.
        hidden = setting.secret or any(sign in raw for sign in "@?#")
        shown = "its value" if hidden else _short(repr(raw))
        raise ConfigError(f"{setting.variable}: {shown} is not {setting.parse.__doc__}") from None


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _local_model_name(path: str | None) -> str:
    return Path(path).stem if path else LOCAL_MODEL_NAME


def _default_database_url() -> str:
    import platformdirs  # noqa: PLC0415 - only where no setting says otherwise

    folder = Path(platformdirs.user_data_dir(APP_NAME, appauthor=False))
    return f"sqlite:///{folder / 'crucible.sqlite3'}"
