"""The model: what is set up, and one tiny call through the client that runs use."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from importlib import metadata
from typing import Any

from crucible import llm
from crucible.doctor import memory
from crucible.doctor.case import Case, size
from crucible.doctor.finding import Finding, failed, ok, skipped, warning
from crucible.errors import ConfigError, ErrorKind, Precondition
from crucible.llm.kosmos import require_installed
from crucible.llm.local import files, runtime
from crucible.llm.prices import PICO_PER_USD, UNPRICED, Price, PriceList
from crucible.llm.protocol import LanguageModel, Prompt, ProviderFailure, Reply

TIMEOUT_SECONDS = 60.0
MAX_TOKENS = 512
"""Room for a model that thinks first; others answer with five."""
ADAPTATIONS = 6
BESIDE_THE_FILE = 500_000_000
SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
# Under a name of the product's own questions: some endpoints answer only those.
PROMPT = Prompt(
    name="evaluation",
    messages=({"role": "user", "content": 'Answer with this JSON object: {"ok": true}'},),
    schema=SCHEMA,
    temperature=0.0,
    max_tokens=MAX_TOKENS,
)
OR_ELSE = "or set CRUCIBLE_LLM_BASE_URL to an endpoint of yours"


def look(case: Case) -> Iterator[Finding]:
    settings = case.settings
    if settings.llm == "local":
        found = list(_embedded(settings.local_model))
        case.model_ready = all(each.status != "failed" for each in found)
        yield from found
        return
    if settings.llm == "kosmos":
        require_installed()  # raises Precondition, which says what to do
    health = llm.health(settings)
    case.model_ready = bool(health["ready"])
    if not case.model_ready:
        fix = "export CRUCIBLE_LLM_API_KEY=..., or `crucible model fetch` for the embedded model"
        yield failed(str(health["note"]), fix)
    elif settings.llm == "openai":
        key = "with a key" if settings.llm_api_key else "without a key"
        yield ok(f"{settings.llm_model} at {settings.llm_base_url}, {key}")
    else:
        yield ok(str(health["note"]))


def _embedded(local_model: str | None) -> Iterator[Finding]:
    yield from _library()
    found = files.status(local_model)
    if found.state == "ready":
        checked = "verified when it was fetched" if found.source == "fetched" else "as named"
        yield ok(f"{found.name}, {size(found.bytes)}, {checked}, at {found.path}")
        yield from _room(found.bytes)
    elif found.source == "named":
        yield failed(
            f"CRUCIBLE_LOCAL_MODEL names {found.path}: {found.problem}",
            "name a GGUF file, or: unset CRUCIBLE_LOCAL_MODEL; crucible model fetch",
        )
    else:
        words = {"fetching": "is being fetched", "partial": "has been fetched in part"}
        yield failed(
            f"the embedded model {words.get(found.state, 'has not been fetched')}",
            f"crucible model fetch ({size(found.size_bytes or 0)}, once), {OR_ELSE}",
        )


def _library() -> Iterator[Finding]:
    try:
        runtime.require()
    except Precondition as lacking:
        yield failed(lacking.message, lacking.hint)
        return
    cores = runtime.usable_cores()
    plural = "core" if cores == 1 else "cores"
    yield ok(f"xllamacpp {metadata.version('xllamacpp')} on {cores} {plural}")


def _room(bytes_: int) -> Iterator[Finding]:
    free, needed = memory.available(), bytes_ + BESIDE_THE_FILE
    if free is not None and free < needed:
        yield warning(
            f"it takes about {size(needed)} of memory, and {size(free)} are free",
            f"close what takes memory, {OR_ELSE}",
        )


def call(case: Case) -> Iterator[Finding]:
    if case.offline:
        yield skipped("no model was called (--offline)")
        return
    if not case.model_ready:
        yield skipped("no model is ready to be called")
        return
    timeout = min(case.settings.llm_timeout_seconds, TIMEOUT_SECONDS)
    settings = replace(case.settings, llm_timeout_seconds=timeout)
    model = llm.open_model(settings, settings.llm_model, case.clock)
    try:
        start = case.clock.monotonic()
        reply = _asked(model)
        seconds = case.clock.monotonic() - start
    except ProviderFailure as failure:
        detail = f": {failure.detail}" if failure.detail else ""
        yield failed(f"{failure.reason}{detail}", failure.hint or _remedy(case, failure))
        return
    finally:
        model.close()
        _release(case)
    yield from _read(case, model, reply, seconds)


def _asked(model: LanguageModel) -> Reply:
    """The answer, after as many changes to the request's form as the endpoint demands."""
    for _ in range(ADAPTATIONS):
        try:
            return model.send(PROMPT)
        except ProviderFailure as failure:
            if not failure.adapted:
                raise
    return model.send(PROMPT)


def _read(case: Case, model: LanguageModel, reply: Reply, seconds: float) -> Iterator[Finding]:
    served = reply.model_served or model.model
    if reply.problem:
        yield failed(
            f"what answers is no chat completion: {reply.problem}",
            f"check the path in CRUCIBLE_LLM_BASE_URL: curl -i {case.settings.llm_base_url}/models",
        )
        return
    yield ok(f"{served} answered in {seconds:.2f} s{_cost(case, model, reply)}")
    if not reply.usage.reported:
        yield warning(
            "it does not report its usage: tokens and cost of runs will be unknown",
            "see whether the endpoint has a setting for `usage`",
        )
    lesser = [note for note in model.notes if "the format" in note]
    if lesser:
        yield ok(lesser[-1].rstrip("."))
    if _follows(reply.text):
        yield ok("it takes json_schema" if not lesser else "its answer follows the schema")
    elif reply.cut_off:
        yield ok(f"it used {MAX_TOKENS} tokens before it had ended, so its form was not judged")
    else:
        yield warning(
            "its answer does not follow the schema: runs will need repairs, or fail",
            "set CRUCIBLE_LLM_MODEL to a model that follows JSON schemas",
        )


def _follows(text: str | None) -> bool:
    try:
        found: Any = json.loads(text or "")
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and isinstance(found.get("ok"), bool)


def _cost(case: Case, model: LanguageModel, reply: Reply) -> str:
    usage = reply.usage
    tokens = f", {usage.input_tokens} + {usage.output_tokens} tokens" if usage.reported else ""
    if model.free:
        return f"{tokens}, at no cost"
    pico = _price(case, model, reply).cost_pico
    return f"{tokens}, {dollars(pico)}" if pico is not None else f"{tokens}, cost unknown"


def _price(case: Case, model: LanguageModel, reply: Reply) -> Price:
    try:
        prices = PriceList(case.settings.prices)
    except ConfigError:  # the check of prices says so
        return UNPRICED
    now = case.clock.now()
    return prices.price(model.provider, reply.model_served, model.model, reply.usage, now)


def dollars(pico: int) -> str:
    exact = format(Decimal(pico) / PICO_PER_USD, "f")
    return "$" + (exact.rstrip("0").rstrip(".") if "." in exact else exact)


def _remedy(case: Case, failure: ProviderFailure) -> str:
    settings = case.settings
    match failure.kind:
        case ErrorKind.PROVIDER_AUTH:
            return (
                "set CRUCIBLE_LLM_API_KEY (or OPENAI_API_KEY) to a key that may use "
                f"{settings.llm_model}"
            )
        case ErrorKind.PROVIDER_RATE_LIMITED:
            return "wait a minute and ask again; look at the quota of the account"
        case ErrorKind.PROVIDER_UNREACHABLE:
            return f"see whether the endpoint is up: curl -i {settings.llm_base_url}/models"
    return (
        "check CRUCIBLE_LLM_MODEL and CRUCIBLE_LLM_BASE_URL: "
        f"curl -i {settings.llm_base_url}/models"
    )


def _release(case: Case) -> None:
    """The embedded model's process takes a gigabyte, and nobody asks it again."""
    if case.settings.llm == "local":
        from crucible.llm.embedded import close_servers  # noqa: PLC0415 - for this case only

        close_servers()
