"""Models of language: one protocol, several providers."""

from typing import TYPE_CHECKING, Any

from crucible.clock import Clock
from crucible.config import OPENAI_BASE_URL, Settings
from crucible.errors import Precondition

if TYPE_CHECKING:
    from crucible.llm.protocol import LanguageModel


def open_model(settings: Settings, model: str, clock: Clock) -> "LanguageModel":
    """A model for one run. Raises Precondition, with what to do, when it cannot work yet."""
    if settings.llm == "kosmos":
        from crucible.llm.kosmos import Kosmos  # noqa: PLC0415 - not needed otherwise

        return Kosmos(
            model=model,
            provider=settings.llm_provider,
            timeout_seconds=settings.llm_timeout_seconds,
        )
    if settings.llm == "local":
        from crucible.llm.embedded import EmbeddedModel  # noqa: PLC0415 - not needed otherwise

        return EmbeddedModel(
            local_model=settings.local_model,
            model=model,
            timeout_seconds=settings.llm_timeout_seconds,
            clock=clock,
        )
    from crucible.llm.openai_compatible import OpenAICompatible  # noqa: PLC0415 - pulls in requests

    return OpenAICompatible(
        base_url=settings.llm_base_url,
        api_key=settings.llm_api_key,
        model=model,
        provider=settings.llm_provider,
        timeout_seconds=settings.llm_timeout_seconds,
        connections=settings.concurrency,
        clock=clock,
    )


def health(settings: Settings) -> dict[str, Any]:
    """`{kind, provider, model, ready, note}`: what would answer a run started now.

    Looks at settings and files only; calls no model.
    """
    ready, note = _readiness(settings)
    return {
        "kind": settings.llm,
        "provider": settings.llm_provider,
        "model": settings.llm_model,
        "ready": ready,
        "note": note,
    }


def _readiness(settings: Settings) -> tuple[bool, str | None]:
    if settings.llm == "kosmos":
        return _kosmos_readiness()
    if settings.llm == "openai":
        if settings.llm_base_url == OPENAI_BASE_URL and not settings.llm_api_key:
            return False, "no key: set CRUCIBLE_LLM_API_KEY or OPENAI_API_KEY"
        return True, None
    from crucible.llm.local import files, runtime  # noqa: PLC0415 - not needed for an endpoint

    try:
        runtime.require()
        files.resolve(settings.local_model)
    except Precondition as missing:
        return False, " ".join(filter(None, (missing.message + ".", missing.hint)))
    return True, "the embedded model: quality is that of a small model"


def _kosmos_readiness() -> tuple[bool, str]:
    from crucible.llm.kosmos import require_installed  # noqa: PLC0415 - for this case only

    try:
        require_installed()
    except Precondition as missing:
        return False, " ".join(filter(None, (missing.message + ".", missing.hint)))
    return True, "Kosmos answers, with the model and the key that it is set to"
