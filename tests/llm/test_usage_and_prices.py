import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crucible.errors import ConfigError
from crucible.llm.prices import PriceList
from crucible.llm.usage import UNREPORTED, Usage, read_usage

AT = datetime(2026, 11, 22, tzinfo=UTC)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
usage_blocks = st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": json_values,
        "completion_tokens": json_values,
        "prompt_tokens_details": json_values
        | st.fixed_dictionaries({}, optional={"cached_tokens": st.integers(-5, 50)}),
        "completion_tokens_details": json_values,
    },
)


def usage(**fields: Any) -> Usage:
    return read_usage({"usage": {"prompt_tokens": 10, "completion_tokens": 5, **fields}})


def test_parts_are_read_and_totals_include_them() -> None:
    assert usage(
        prompt_tokens_details={"cached_tokens": 4},
        completion_tokens_details={"reasoning_tokens": 3},
    ) == Usage(10, 5, 4, 0, 3)


def test_a_part_larger_than_the_whole_is_unknown() -> None:
    assert usage(prompt_tokens_details={"cached_tokens": 11}).cached_input_tokens is None


@pytest.mark.parametrize("value", [-1, 1.5, "10", True, None, 10**30, [1]])
def test_a_count_that_is_none_is_unreported(value: Any) -> None:
    assert usage(prompt_tokens=value) == UNREPORTED


@given(json_values | st.fixed_dictionaries({"usage": usage_blocks | json_values}))
def test_no_block_however_odd_is_believed_or_fatal(body: Any) -> None:
    found = read_usage(body)
    if found.reported:
        assert found.input_tokens is not None and found.input_tokens >= 0
        assert (found.cached_input_tokens or 0) <= found.input_tokens
    PriceList().price("openai", None, "gpt-5-mini", found, AT)


def test_a_price_is_exact_to_the_pico_dollar() -> None:
    price = PriceList().price("openai", None, "gpt-5-mini", Usage(1000, 100, 10, 0, 0), AT)
    # 990 at $0.25, 10 at $0.025 and 100 at $2 a million tokens.
    assert price.cost_pico == 447_750_000
    assert price.source and price.source.startswith("genai-prices ")


def test_the_model_that_served_sets_the_price_else_the_one_asked_for() -> None:
    prices, used = PriceList(), Usage(10**6, 0, 0, 0, 0)
    asked = prices.price("openai", "some-private-alias", "gpt-5-mini", used, AT)
    served = prices.price("openai", "gpt-4o-mini-2024-07-18", "gpt-5-mini", used, AT)
    assert (asked.cost_pico, served.cost_pico) == (250_000_000_000, 150_000_000_000)


def test_an_unknown_model_has_no_price_rather_than_none_to_pay() -> None:
    prices, used = PriceList(), Usage(10, 10, 0, 0, 0)
    assert prices.price("openai", "nobody's", "nobody's", used, AT).cost_pico is None
    assert prices.price("no such provider", None, "gpt-5-mini", used, AT).cost_pico is None
    assert prices.price("openai", None, "gpt-5-mini", UNREPORTED, AT).cost_pico is None


def price_file(folder: Path, content: Any) -> str:
    path = folder / "prices.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_a_file_of_ones_own_overrides_and_adds(tmp_path: Path) -> None:
    entry = {
        "provider": "openai",
        "model": "mine",
        "input_usd_per_million": 0.1,
        "cached_input_usd_per_million": "0.01",
        "output_usd_per_million": "0.3",
    }
    prices = PriceList(price_file(tmp_path, {"version": "v1", "prices": [entry]}))
    price = prices.price("openai", "mine", "mine", Usage(1000, 100, 500, 0, 0), AT)
    assert price.cost_pico == (500 * 100 + 500 * 10 + 100 * 300) * 1000
    assert price.source == "prices.json v1:mine"


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[]",
        "{}",
        {"prices": [{}]},
        {
            "prices": [
                {
                    "provider": "p",
                    "model": "m",
                    "input_usd_per_million": "-1",
                    "output_usd_per_million": "1",
                }
            ]
        },
        {
            "prices": [
                {
                    "provider": "p",
                    "model": "m",
                    "input_usd_per_million": "NaN",
                    "output_usd_per_million": "1",
                }
            ]
        },
    ],
)
def test_a_price_file_that_is_wrong_is_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(ConfigError, match="CRUCIBLE_PRICES"):
        PriceList(price_file(tmp_path, content))


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev"])
def test_what_is_no_file_is_not_read_for_prices(device: str) -> None:
    with pytest.raises(ConfigError, match=f"CRUCIBLE_PRICES: {device} is no file"):
        PriceList(device)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="pipe is no file"):
        PriceList(str(tmp_path / "pipe"))


def test_a_price_file_is_bounded(tmp_path: Path) -> None:
    path = price_file(tmp_path, {"prices": []})
    with Path(path).open("a") as file:
        file.write(" " * 10_000_000)
    with pytest.raises(ConfigError, match="is larger than 10 MB"):
        PriceList(path)


@pytest.mark.parametrize("path", ["~nobody-of-this-name/prices.json", "deep.json"])
def test_a_home_of_nobody_and_a_bottomless_list_are_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(ConfigError, match="is not a price list"):
        PriceList(path if path.startswith("~") else str(tmp_path / path))


def test_a_price_file_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="nowhere.json"):
        PriceList("/tmp/nowhere.json")


@given(st.integers(0, 300_000), st.integers(1, 10_000))
def test_no_call_costs_more_than_its_ceiling(sent: int, received: int) -> None:
    prices, at = PriceList(), datetime(2026, 11, 22, 8, 51, 33, tzinfo=UTC)
    dearest = 0
    for model in ("gpt-5-mini", "gpt-5"):
        found = prices.price("openai", model, "gpt-5", Usage(sent, received, 0, 0, 0), at)
        dearest = max(dearest, found.cost_pico or 0)
    ceiling = prices.ceiling("openai", ("gpt-5", "gpt-5-mini"), sent, received, at)
    assert ceiling is not None and dearest <= ceiling <= dearest * 1.01 + 10**9


def test_without_a_price_there_is_no_ceiling() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert PriceList().ceiling("nobody", ("nothing", "nothing"), 10, 10, at) is None
