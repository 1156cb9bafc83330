from dataclasses import fields

import pytest

from crucible.config import DEFAULT_MODEL, LOCAL_MODEL_NAME, SETTINGS, Settings, load
from crucible.errors import ConfigError


def test_the_table_and_the_object_have_the_same_settings() -> None:
    assert {s.field for s in SETTINGS} == {f.name for f in fields(Settings)}


def test_without_an_endpoint_the_embedded_model_answers() -> None:
    settings = load({})
    assert (settings.llm, settings.llm_provider) == ("local", "local")
    assert settings.llm_model == LOCAL_MODEL_NAME
    assert load({"CRUCIBLE_LOCAL_MODEL": "/x/some.gguf"}).llm_model == "some"


@pytest.mark.parametrize(
    "environ",
    [
        {"OPENAI_API_KEY": "sk-1234"},
        {"CRUCIBLE_LLM_API_KEY": "sk-1234"},
        {"CRUCIBLE_LLM_BASE_URL": "http://127.0.0.1:1/v1/"},
    ],
)
def test_a_key_or_an_address_means_an_endpoint(environ: dict[str, str]) -> None:
    settings = load(environ)
    assert (settings.llm, settings.llm_model) == ("openai", DEFAULT_MODEL)
    assert not settings.llm_base_url.endswith("/")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "80000"),
        ("PORT", "x"),
        ("CONCURRENCY", "0"),
        ("LLM", "magic"),
        ("LLM_BASE_URL", "not an address"),
        ("LLM_TIMEOUT_SECONDS", "-1"),
        ("LLM_TIMEOUT_SECONDS", "nan"),
        ("CAPTURE_CONTENT", "perhaps"),
        ("DATABASE_URL", "/a/path"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_takes(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"CRUCIBLE_{variable}: .* is not "):
        load({f"CRUCIBLE_{variable}": value})


def test_settings_show_no_secret() -> None:
    settings = load({"CRUCIBLE_LLM_API_KEY": "sk-very-secret"})
    assert "sk-very-secret" not in repr(settings) + str(settings)
    assert settings.secrets() == ("sk-very-secret",)
