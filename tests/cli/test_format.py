import json
from pathlib import Path

import pytest

from crucible.cli import format

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "format.json").read_text(encoding="utf-8")
)


def cases(name):
    return [pytest.param(case, id=f"{name}-{i}") for i, case in enumerate(GOLDEN[name])]


@pytest.mark.parametrize("case", cases("count"))
def test_count(case):
    assert format.count(case["value"]) == case["text"]


@pytest.mark.parametrize("case", cases("tokens"))
def test_tokens(case):
    assert format.tokens(case["value"]) == case["text"]


@pytest.mark.parametrize("case", cases("duration_seconds"))
def test_duration(case):
    assert format.duration(case["value"]) == case["text"]


@pytest.mark.parametrize("case", cases("elapsed_seconds"))
def test_elapsed(case):
    assert format.elapsed(case["value"]) == case["text"]


@pytest.mark.parametrize("case", cases("cost_usd"))
def test_money(case):
    assert format.money(case["value"], case["unpriced_call_count"]) == case["text"]


@pytest.mark.parametrize("case", cases("exact_cost_usd"))
def test_exact_money(case):
    assert format.exact_money(case["value"]) == case["text"]


@pytest.mark.parametrize("case", cases("share"))
def test_share(case):
    assert format.share(case["part"], case["whole"]) == case["text"]


@pytest.mark.parametrize("case", cases("score"))
def test_score(case):
    assert format.score(case["value"]) == case["text"]


@pytest.mark.parametrize("case", cases("ago"))
def test_ago(case):
    assert format.ago(case["at"], format.parse_time(case["now"])) == case["text"]


def test_every_section_of_the_golden_file_is_held():
    assert set(GOLDEN) - {"about"} == {
        "count",
        "tokens",
        "duration_seconds",
        "elapsed_seconds",
        "cost_usd",
        "exact_cost_usd",
        "share",
        "score",
        "ago",
    }


def test_tokens_in_and_out_are_unknown_only_together():
    assert format.tokens_in_out(None, None) == "—"
    assert format.tokens_in_out(51_200, None) == "51.2k → —"
