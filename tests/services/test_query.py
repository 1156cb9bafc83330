from datetime import UTC, datetime

import pytest

from crucible.errors import Invalid
from crucible.services.query import parse_moment

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("24h", datetime(2026, 11, 21, 12, 0, tzinfo=UTC)),
        ("7d", datetime(2026, 11, 15, 12, 0, tzinfo=UTC)),
        ("30m", datetime(2026, 11, 22, 11, 30, tzinfo=UTC)),
        ("2026-11-22T08:51:00.000Z", datetime(2026, 11, 22, 8, 51, tzinfo=UTC)),
        ("2026-11-22t08:51:00z", datetime(2026, 11, 22, 8, 51, tzinfo=UTC)),
        ("2026-11-22T08:51:00+02:00", datetime(2026, 11, 22, 6, 51, tzinfo=UTC)),
        ("2026-11-22T08:51:00.123456789Z", datetime(2026, 11, 22, 8, 51, 0, 123456, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "24", "h", "-1h", "1.5h", "2026-11-22", "2026-11-22T08:51:00",
     "2026-13-22T08:51:00Z", "2026-11-22T25:51:00Z", "999999w", "0001-01-01T00:00:00+23:59",
     "9999-12-31T23:59:59-23:59", "２４h", "24h\n"],
)  # fmt: skip
def test_what_is_no_moment_names_the_field_and_what_it_takes(text: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_moment(text, NOW, field="until")

    assert "24h" in raised.value.errors["until"][0]
