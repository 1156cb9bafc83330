"""`crucible doctor` on PostgreSQL."""

from typing import Any

import pytest
from tests.engines import ENGINES, cluster

from crucible import doctor

pytestmark = pytest.mark.skipif("postgres" not in ENGINES, reason="PostgreSQL is left out")


def examined(url: str) -> dict[str, Any]:
    environ = {"CRUCIBLE_DATABASE_URL": url, "CRUCIBLE_PORT": "0"}
    return {check["name"]: check for check in doctor.examine(environ, offline=True)}


def test_a_sound_database() -> None:
    url = cluster().lend()
    checks = examined(url)
    assert checks["database"]["status"] == "ok"
    assert "PostgreSQL" in checks["database"]["detail"]
    assert [checks[name]["status"] for name in ("schema", "runs")] == ["ok", "ok"]
    assert checks["disk"]["status"] == "skipped"
    assert "tests@" not in str(checks)
    cluster().take_back(url)


def test_one_without_tables_stays_so() -> None:
    url = cluster().empty()
    assert examined(url)["schema"]["fix"] == "crucible db upgrade"
    assert "it has no tables" in examined(url)["schema"]["detail"]


def test_one_that_is_not_there() -> None:
    url = cluster().url("nobody_made_it")
    checks = examined(url)
    assert checks["database"]["status"] == "failed"
    assert "does not exist" in checks["database"]["detail"]
    assert checks["executor"]["status"] == "ok"
