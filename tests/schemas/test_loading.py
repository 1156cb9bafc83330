from typing import Any

import pytest

from crucible.errors import Invalid
from crucible.schemas import ProjectInputSchema, RunInputSchema, load


def errors(schema: Any, data: Any) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as raised:
        load(schema, data)
    return dict(raised.value.errors)


def test_messages_say_what_a_field_takes() -> None:
    assert errors(RunInputSchema(), {"num_scenarios": 0, "mode": "x"}) == {
        "mode": ["takes one of full_search, eval_only, seeded"],
        "num_scenarios": ["takes a whole number from 1 to 50"],
    }


def test_places_in_lists_are_named() -> None:
    data = {"title": "t", "constraints": [{"name": "a", "weight": 1}, {"name": "b", "weight": 1e9}]}

    assert errors(ProjectInputSchema(), data) == {
        "constraints[1].weight": ["takes a whole number from 0 to 100"]
    }


@pytest.mark.parametrize("data", [None, [], "x", 5, True])
def test_what_is_no_object_is_wrong_as_a_whole(data: Any) -> None:
    assert errors(ProjectInputSchema(), data) == {"body": ["takes a JSON object"]}


def test_the_message_names_the_first_and_counts_the_rest() -> None:
    with pytest.raises(Invalid, match=r"title: .* \(and 1 more\)"):
        load(ProjectInputSchema(), {"title": "", "goals": 5})


def test_names_of_unknown_fields_are_cut_and_made_readable() -> None:
    (name,) = errors(RunInputSchema(), {"x\x1b[31m" + "y" * 500: 1})

    assert len(name) == 100
    assert name.isprintable()


def test_whole_numbers_may_be_written_as_fractions_of_zero() -> None:
    assert load(RunInputSchema(), {"num_candidates": 3.0})["num_candidates"] == 3


def test_what_is_left_out_is_filled() -> None:
    assert load(ProjectInputSchema(), {"title": "t"}) == {
        "title": "t",
        "description": "",
        "goals": [],
        "constraints": [],
        "world_model": None,
        "default_budget": None,
    }
