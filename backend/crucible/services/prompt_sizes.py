"""How many tokens a run is to take where no run tells: from the prompts that it would send.

The prompts are the real ones, for the problem asked about, with stand-ins for what a model would
make. What a model writes is taken to be of typical length.
"""

import json
from collections.abc import Sequence
from typing import Any

from crucible.llm.protocol import Message
from crucible.models.values import Candidate, Problem, Scenario
from crucible.pipeline import answers, prompts
from crucible.services.list_prices import Calls
from crucible.services.past_runs import Size

CHARACTERS_A_TOKEN = 4
"""Of English, as OpenAI counts:
https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them"""
# Two or three short sentences and up to three effects; one or two sentences; one sentence and two
# numbers. The embedded model, held short by its grammar, writes 83, 45 and 69 (four constraints).
CANDIDATE_TOKENS = 160
SCENARIO_TOKENS = 70
EVALUATION_TOKENS = 60
CONSTRAINT_TOKENS = 12
_CANDIDATE = Candidate("", "c" * 35, "d" * 320, "designed")
_SCENARIO = Scenario("", "s" * 30, "d" * 200)


def calls(config: dict[str, Any], size: Size, *, schema_is_sent: bool) -> list[Calls]:
    """The calls that a run with this configuration makes if all goes well."""
    problem = Problem.from_dict(config["problem"])
    given = [Candidate("", c["title"], c["description"], "given") for c in config["candidates"]]
    candidates = [*given, *[_CANDIDATE] * size.designed]
    typical = Candidate("", "", "d" * round(_mean(candidates)), "")
    constraints = problem.constraints
    asked = (
        (
            1 if size.designed else 0,
            prompts.design(problem, given, size.designed),
            answers.design_schema(constraints, size.designed),
            CANDIDATE_TOKENS * size.designed,
        ),
        (
            1,
            prompts.scenarios(problem, candidates, size.scenarios),
            answers.scenarios_schema(size.scenarios),
            SCENARIO_TOKENS * size.scenarios,
        ),
        (
            size.pairs,
            prompts.evaluation(problem, candidates, typical, _SCENARIO),
            answers.evaluation_schema(constraints),
            EVALUATION_TOKENS + CONSTRAINT_TOKENS * len(constraints),
        ),
    )
    return [
        Calls(count, _tokens(messages, schema if schema_is_sent else None), output)
        for count, messages, schema, output in asked
        if count
    ]


def _mean(candidates: Sequence[Candidate]) -> float:
    """Characters by which a candidate lengthens the question about it."""
    return sum(len(c.title) + len(c.description) for c in candidates) / len(candidates)


def _tokens(messages: Sequence[Message], schema: dict[str, Any] | None) -> float:
    characters = sum(len(message["content"]) for message in messages)
    if schema is not None:
        characters += len(json.dumps(schema))
    return characters / CHARACTERS_A_TOKEN
