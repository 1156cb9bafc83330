"""Settings: one table, and the only reader of the environment.

`docs/configuration.md` is generated from `SETTINGS`.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from crucible.errors import ConfigError

PREFIX = "CRUCIBLE_"
APP_NAME = "int-crucible"
OPENAI_BASE_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-5-mini"
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
    """an address such as http://127.0.0.1:8000/v1"""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError
    return value.rstrip("/")


def _database_url(value: str) -> str:
    """a database address such as sqlite:////home/me/crucible.sqlite3"""
    if "://" not in value:
        raise ValueError
    return value


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
        "Where runs are kept. SQLite: `sqlite:////absolute/path.sqlite3`.",
        _database_url,
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
        _text,
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
        "Where runs run: `embedded` (threads in the serving process). `celery` is reserved "
        "and refused.",
        _choice("embedded", "celery"),
        "embedded",
    ),
    Setting("BROKER_URL", "none", "Reserved for the Celery executor; not read yet.", _text),
    Setting("HOST", "`127.0.0.1`", "Address to serve on; loopback only.", _text, "127.0.0.1"),
    Setting("PORT", "`8765`", "Port to serve on.", _whole(0, 65535), 8765),
    Setting(
        "API_TOKEN",
        "none",
        "Reserved for serving beyond loopback; not read yet.",
        _text,
        secret=True,
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
    broker_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8765
    api_token: str | None = None
    prices: str | None = None
    capture_content: bool = False
    lease_seconds: float = 30.0

    def secrets(self) -> tuple[str, ...]:
        """Values that must never reach the database, a log or an answer."""
        password = urlsplit(self.database_url).password
        found = (self.llm_api_key, self.api_token, password)
        return tuple(secret for secret in found if secret)

    def __repr__(self) -> str:
        # The default of a dataclass would print the key into any traceback that shows settings.
        return f"Settings(llm={self.llm!r}, llm_model={self.llm_model!r})"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Reads settings from the environment; raises ConfigError naming the variable that is wrong."""
    env = os.environ if environ is None else environ
    values: dict[str, Any] = {s.field: _read(s, env) for s in SETTINGS}
    values["llm_api_key"] = values["llm_api_key"] or env.get("OPENAI_API_KEY") or None
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
    return Path(platformdirs.user_cache_dir(APP_NAME, appauthor=False))


def _read(setting: Setting, env: Mapping[str, str]) -> Any:
    raw = env.get(setting.variable, "").strip()
    if not raw:
        return setting.fallback
    try:
        return setting.parse(raw)
    except ValueError:
        shown = "its value" if setting.secret else repr(raw)
        raise ConfigError(f"{setting.variable}: {shown} is not {setting.parse.__doc__}") from None


def _local_model_name(path: str | None) -> str:
    return Path(path).stem if path else LOCAL_MODEL_NAME


def _default_database_url() -> str:
    folder = Path(platformdirs.user_data_dir(APP_NAME, appauthor=False))
    return f"sqlite:///{folder / 'crucible.sqlite3'}"
