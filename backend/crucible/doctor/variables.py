"""The environment: whether each setting can be read, and names that are no settings."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from crucible.config import PREFIX, SETTINGS
from crucible.doctor import placeholders
from crucible.doctor.case import Case, variable_of
from crucible.doctor.finding import Finding, failed, ok, warning
from crucible.export.otel_settings import tracing

VARIABLES = tuple(setting.variable for setting in SETTINGS)
NOT_OURS = (f"{PREFIX}TEST_",)
"""Of the tests of this program."""
NEAR = 0.75
NEARER = 0.9
"""For names that do not even begin as ours do."""


def look(case: Case) -> Iterator[Finding]:
    for message in case.unreadable.values():
        yield failed(message, f"correct it, or: unset {variable_of(message)}")
    for name, meant in unknown(case.environ).items():
        said = f"{name} is no setting"
        if meant:
            yield warning(f"{said}; {meant} is one", f"rename it to {meant}")
        else:
            yield warning(said, f"unset {name}, or see docs/configuration.md")
    yield from placeholders.look(case.environ)
    yield from _traces(case.environ)
    yield from _unused(case)
    given = [name for name in VARIABLES if case.environ.get(name, "").strip()]
    readable = [name for name in given if name.removeprefix(PREFIX) not in case.unreadable]
    if not given:
        yield ok("none is set: defaults apply")
    elif readable:
        yield ok(f"{', '.join(readable)} can be read; the others have their defaults")


def unknown(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Names that are no settings but look as if they were meant to be, and what was meant."""
    found: dict[str, str | None] = {}
    for name in sorted(environ):
        if name in VARIABLES or name.startswith(NOT_OURS):
            continue
        ours = name.upper().startswith(PREFIX)
        near = get_close_matches(name.upper(), VARIABLES, 1, NEAR if ours else NEARER)
        if ours or near:
            found[name] = near[0] if near else None
    return found


def _traces(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Of OpenTelemetry's own variables, which are not in our table."""
    asked = tracing(environ)
    if asked.warning:
        yield warning(asked.warning, asked.fix or "see docs/tracing.md, or unset what it names")
    if asked.collector:
        yield ok(f"runs are traced to {asked.collector}")


def _unused(case: Case) -> Iterator[Finding]:
    kind = case.settings.llm
    if kind == "openai" or {"LLM", "LLM_BASE_URL", "LLM_API_KEY"} & case.unreadable.keys():
        return
    idle = ("LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL") if kind == "local" else ("LLM_BASE_URL",)
    for name in idle:
        if case.environ.get(PREFIX + name, "").strip():
            yield warning(
                f"{PREFIX}{name} is set and not used, since the model is `{kind}`",
                f"unset {PREFIX}{name}, or set {PREFIX}LLM=openai",
            )
