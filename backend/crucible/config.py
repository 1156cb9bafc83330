"""Settings: one table, and the only reader of the environment.

`docs/configuration.md` is generated from `SETTINGS`.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from crucible import setting_kinds as kinds
from crucible.errors import ConfigError

PREFIX = "CRUCIBLE_"
APP_NAME = "int-crucible"
OPENAI_BASE_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-5-mini"
DEFAULT_BROKER_URL = "redis://127.0.0.1:6379/0"
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


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "DATABASE_URL",
        "a SQLite file in the user's data folder",
        "Where runs are kept. SQLite: `sqlite:////absolute/path.sqlite3`. PostgreSQL (needs the "
        "extra `postgres`): `postgresql://user:password@host:5432/name`.",
        kinds.database_url,
        secret=True,
    ),
    Setting(
        "LLM",
        "`openai` when a base URL or a key is set, else `local`",
        "Which kind of model answers: `openai` (any OpenAI-compatible endpoint), `local` "
        "(the embedded model) or `kosmos` (an installed Kosmos, with the model and key that it is "
        "set to itself; `CRUCIBLE_LLM_PROVIDER` names whose prices apply).",
        kinds.choice("local", "openai", "kosmos"),
    ),
    Setting(
        "LLM_BASE_URL",
        OPENAI_BASE_URL,
        "Base address of the endpoint; `/chat/completions` is added.",
        kinds.http_url,
    ),
    Setting(
        "LLM_API_KEY",
        "the value of `OPENAI_API_KEY`",
        "Key sent as a bearer token. Never stored, logged or shown.",
        kinds.key,
        secret=True,
    ),
    Setting("LLM_MODEL", DEFAULT_MODEL, "The model asked for when a run names none.", kinds.text),
    Setting(
        "LLM_PROVIDER",
        "`openai`",
        "Whose prices apply and which provider the ledger names, whatever the address.",
        kinds.text,
        "openai",
    ),
    Setting(
        "LLM_TIMEOUT_SECONDS",
        "`120`",
        "How long one call may take before it is given up.",
        kinds.seconds(0.1, 3600),
        120.0,
    ),
    Setting(
        "LLM_MAX_RETRIES",
        "`2`",
        "Retries of one question after its first attempt.",
        kinds.whole(0, 20),
        2,
    ),
    Setting(
        "LOCAL_MODEL",
        "the fetched embedded model",
        "A GGUF file to use as the embedded model instead of the fetched one.",
        kinds.text,
    ),
    Setting("CONCURRENCY", "`4`", "Calls in flight per run.", kinds.whole(1, 256), 4),
    Setting("MAX_ACTIVE_RUNS", "`8`", "Runs executed at the same time.", kinds.whole(1, 256), 8),
    Setting(
        "EXECUTOR",
        "`embedded`",
        "Where runs run: `embedded` (threads of `crucible serve`, or of a `crucible worker`) or "
        "`celery` (`crucible worker`s that a Redis tells of them; see docs/workers.md).",
        kinds.choice("embedded", "celery"),
        "embedded",
    ),
    Setting(
        "BROKER_URL",
        f"`{DEFAULT_BROKER_URL}`",
        "The Redis that `CRUCIBLE_EXECUTOR=celery` uses, and no other kind of broker: "
        "`redis://[user:password@]host:port/database`. Never stored, logged or shown with its "
        "password.",
        kinds.broker_url,
        DEFAULT_BROKER_URL,
        secret=True,
    ),
    Setting(
        "HOST",
        "`127.0.0.1`",
        "Address to serve on. Any other than loopback takes a `CRUCIBLE_API_TOKEN`.",
        kinds.text,
        "127.0.0.1",
    ),
    Setting("PORT", "`8765`", "Port to serve on.", kinds.whole(0, 65535), 8765),
    Setting(
        "API_TOKEN",
        "none",
        "Where it is set, the server asks for it: everything but the page's files, "
        "`/api/health` and signing in takes it as a bearer token, or a cookie that was given for "
        "it. Commands send it to the server that `--url` names. It should come from a generator "
        "and have 16 characters or more; a shorter one is taken with a warning. Never stored, "
        "logged or shown.",
        kinds.token,
        secret=True,
    ),
    Setting(
        "ALLOWED_HOSTS",
        "none",
        "Names under which the server answers, separated by commas, besides `localhost` and IP "
        "addresses: that of a proxy in front, for instance `crucible.example.com`.",
        kinds.host_names,
        (),
    ),
    Setting(
        "TRUSTED_PROXIES",
        "none",
        "Addresses of proxies, separated by commas, whose `X-Forwarded-For` is believed when wrong "
        "tokens are counted by address.",
        kinds.networks,
        (),
    ),
    Setting(
        "URL",
        "the database here",
        "A server that `crucible` asks, instead of the database here; `--url` goes before it. "
        "`serve`, `worker` and `db` do not look at it; those that work on runs here only "
        "(`test-run`, `runs purge`, `runs verify`, `runs import`, `runs resume --here`) refuse it.",
        kinds.server_url,
    ),
    Setting(
        "PRICES",
        "none",
        "A JSON file that adds or overrides prices (see docs/metrics.md).",
        kinds.text,
    ),
    Setting(
        "CAPTURE_CONTENT",
        "`off`",
        "Keep prompts and answers in the ledger.",
        kinds.flag,
        False,
    ),
    Setting(
        "LEASE_SECONDS",
        "`30`",
        "How long a worker may be silent before its run counts as lost.",
        kinds.seconds(2, 3600),
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


_OPENAI_KEY = _Foreign(OPENAI_KEY, "none", "", kinds.key, secret=True)


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
