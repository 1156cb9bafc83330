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


KEY = "Zq9SECRETkey-of-mine"


@pytest.mark.parametrize("variable", ["CRUCIBLE_LLM_API_KEY", "OPENAI_API_KEY"])
@pytest.mark.parametrize(
    "value", [f"{KEY}\nsecond", f"{KEY} x", f"{KEY}\r\nx", f"{KEY}\x00", f"{KEY}\u00e9"]
)
def test_a_key_that_no_header_holds_is_refused_and_not_shown(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{variable}: its value is not printable ASCII") as said:
        load({variable: value})
    assert KEY not in str(said.value)


@pytest.mark.parametrize("variable", ["CRUCIBLE_LLM_API_KEY", "OPENAI_API_KEY"])
def test_white_space_around_a_key_is_not_of_it(variable: str) -> None:
    assert load({variable: f" {KEY}\r\n"}).llm_api_key == KEY
    assert load({variable: "\r\n"}).llm_api_key is None


@pytest.mark.parametrize("variable", ["CRUCIBLE_LLM_BASE_URL", "CRUCIBLE_URL"])
@pytest.mark.parametrize(
    "address",
    [
        "http://u:SECRET@h/v1",
        "http://u:SECRET/PW99@h",
        "http://u:12/SECRET@h",
        "http://h/v1?key=SECRET",
        "http://h/v1#SECRET",
    ],
)
def test_addresses_with_a_secret_are_refused_and_not_shown(variable: str, address: str) -> None:
    with pytest.raises(ConfigError, match=f"^{variable}: its value is not ") as said:
        load({variable: address})
    assert "SECRET" not in str(said.value)


@pytest.mark.parametrize("variable", ["CRUCIBLE_LLM_BASE_URL", "CRUCIBLE_URL"])
@pytest.mark.parametrize(
    "address", ["http://h:70000", "http://h:0", "http://h/a\nb", "http://h/ b"]
)
def test_addresses_that_cannot_be_are_refused(variable: str, address: str) -> None:
    with pytest.raises(ConfigError, match=f"^{variable}: .* is not "):
        load({variable: address})


def test_a_long_value_is_cut_where_it_is_quoted() -> None:
    with pytest.raises(ConfigError) as said:
        load({"CRUCIBLE_PORT": "9" * 5000})
    assert "'99999" in str(said.value) and len(str(said.value)) < 150


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("sqlite:////tmp/a%00b", "is not a database address"),
        ("sqlite:////tmp/a\nb", "is not a database address"),
        ("sqlite:////tmp/a?timeout=abc", "takes no options"),
        ("sqlite:////tmp/a?mode=ro", "takes no options"),
        ("sqlite+pysqlite:////tmp/a?bogus=1", "takes no options"),
    ],
)
def test_addresses_of_no_sqlite_file_are_refused(address: str, says: str) -> None:
    with pytest.raises(ConfigError, match=f"^CRUCIBLE_DATABASE_URL: .*{says}"):
        load({"CRUCIBLE_DATABASE_URL": address})


def test_a_password_with_a_slash_is_a_secret() -> None:
    settings = load({"CRUCIBLE_DATABASE_URL": "postgresql://u:12/PWsecret@h/x"})
    assert settings.secrets() == ("12/PWsecret",)


def test_settings_show_no_secret() -> None:
    settings = load({"CRUCIBLE_LLM_API_KEY": "sk-very-secret"})
    assert "sk-very-secret" not in repr(settings) + str(settings)
    assert settings.secrets() == ("sk-very-secret",)
