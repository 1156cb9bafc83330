"""`crucible doctor` where an example's placeholder is still in a setting."""

import json
from typing import Any

import pytest

from .process import inside


def settings_of(env: dict[str, str]) -> dict[str, Any]:
    answer = inside("doctor", "--format", "json", "--offline", env=env)
    found: dict[str, Any] = json.loads(answer.stdout)
    return next(check for check in found["checks"] if check["name"] == "settings")


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("LLM_API_KEY", "KEY", "warning"),
        ("LLM_API_KEY", "your-api-key", "warning"),
        ("LLM_API_KEY", "...", "warning"),
        ("LLM_API_KEY", "sk-2b7e151628aed2a6abf7", "ok"),
        ("API_TOKEN", "change-me", "warning"),
        ("API_TOKEN", "REPLACE-THIS-TOKEN", "failed"),
        ("BROKER_URL", "redis://:PASSWORD@127.0.0.1:6379/0", "warning"),
        ("BROKER_URL", "redis://:9f86d081@127.0.0.1:6379/0", "ok"),
        ("ALLOWED_HOSTS", "crucible.example.com", "warning"),
        ("ALLOWED_HOSTS", "crucible.example.org", "ok"),
    ],
)
def test_placeholders_are_named(env: dict[str, str], name: str, value: str, status: str) -> None:
    found = settings_of({**env, f"CRUCIBLE_{name}": value})
    assert found["status"] == status, found
    assert ("placeholder" in found["detail"] or "example's name" in found["detail"]) == (
        status != "ok"
    )
    assert status == "ok" or f"CRUCIBLE_{name}" in found["fix"]


def test_no_command_starts_with_the_placeholder_of_the_token(env: dict[str, str]) -> None:
    answer = inside("serve", env={**env, "CRUCIBLE_API_TOKEN": "REPLACE-THIS-TOKEN"})
    assert answer.returncode == 2
    assert "CRUCIBLE_API_TOKEN: it is still the example's placeholder" in answer.stderr
    assert "openssl rand -hex 32" in answer.stderr
