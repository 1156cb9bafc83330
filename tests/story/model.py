"""An endpoint that answers like a model that has thought about the sample project."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.story.texts import DESIGNS, SCENARIOS, Design
from tests.stub_model import StubModel, schema_name

from crucible.sample import SAMPLE_PROJECT

SECONDS = {"design": 6.5, "scenarios": 5.0, "evaluation": 2.9}
REASONING = {"design": 1664, "scenarios": 1216, "evaluation": 512}


@dataclass
class ScriptedModel(StubModel):
    """Real texts, scores that differ, the time and the tokens of a real model.

    One for each run: `seed` makes its dice. `slow` multiplies the time of evaluations; after
    `answers` of them every further one is refused with 429.
    """

    seed: int = 0
    slow: float = 1.0
    answers: int | None = None
    dice: Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.evaluations, self.left = 0, self.answers or 0
        self.given = threading.Event()
        self.plan = self._decide
        super().__post_init__()

    def receive(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> str:
        behaviour = super().receive(body, headers)
        name = schema_name(body)
        if behaviour != "ok":
            # Refused once all that was promised is out: from then on nothing succeeds.
            self.given.wait()
            time.sleep(0.15)
            return behaviour
        seconds = SECONDS[name] * self.dice.lognormvariate(0, 0.22)
        time.sleep(seconds * (self.slow if name == "evaluation" else 1.0))
        if name == "evaluation":
            self._give()
        return behaviour

    def _give(self) -> None:
        with self._lock:
            self.left -= 1
            if self.left == 0:
                self.given.set()

    def _decide(self, n: int, body: Mapping[str, Any]) -> str:
        if schema_name(body) != "evaluation":
            return "ok"
        self.evaluations += 1
        if self.answers is not None and self.evaluations > self.answers:
            return "status 429: Rate limit reached for gpt-5-mini: 500,000 tokens a minute"
        return "ok"

    def reply(self, body: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
        name = schema_name(body)
        if name == "design":
            asked = schema["properties"]["candidates"]["minItems"]
            # Another run thinks of them in another order.
            return {"candidates": [_drawn(d) for d in self.dice.sample(DESIGNS, k=asked)]}
        if name == "scenarios":
            asked = schema["properties"]["scenarios"]["minItems"]
            return {"scenarios": [{"name": n, "description": d} for n, d in SCENARIOS[:asked]]}
        return self._judged(body["messages"][-1]["content"])

    def _judged(self, question: str) -> dict[str, Any]:
        asked = question.partition("Candidate to judge: ")[2]
        design = next(one for one in DESIGNS if asked.startswith(one.title))
        place = next(n for n, (name, _) in enumerate(SCENARIOS) if f"Scenario: {name}" in asked)
        quality, why = design.fits[place]
        # Dice of its own: the same scores, whichever pair is asked about first.
        dice = Random(f"{self.seed}|{design.title}|{place}")
        names = [constraint["name"] for constraint in SAMPLE_PROJECT["constraints"]]
        return {
            "explanation": why,
            "prediction_quality": _near(dice, quality, 0.04),
            "resource_cost": round(design.resource_cost * dice.uniform(0.9, 1.12), 2),
            "constraint_satisfaction": {
                name: _near(dice, met, 0.05) for name, met in zip(names, design.met, strict=True)
            },
        }

    def usage(self, body: Mapping[str, Any], content: str) -> dict[str, Any]:
        thought = round(REASONING[schema_name(body)] * self.dice.uniform(0.6, 1.6) / 64) * 64
        found = super().usage(body, content)
        found["completion_tokens"] += thought
        found["total_tokens"] += thought
        return {**found, "completion_tokens_details": {"reasoning_tokens": thought}}


def _near(dice: Random, value: float, width: float) -> float:
    return round(min(1.0, max(0.0, value + dice.uniform(-width, width))), 2)


def _drawn(design: Design) -> dict[str, Any]:
    effects = [
        dict(zip(("constraint", "direction", "magnitude"), e, strict=True)) for e in design.effects
    ]
    return {
        "title": design.title,
        "description": design.description,
        "predicted_effects": effects,
    }
