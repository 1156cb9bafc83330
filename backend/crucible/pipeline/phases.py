"""Design, scenarios and evaluation: from inputs and a metered model to data.

No session, no clock, no status: what is returned here has been written down by whoever made the
`Asker`.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

from crucible.errors import ErrorKind, RunFailure
from crucible.ids import new_id
from crucible.llm.asking import Asker, Exhausted
from crucible.llm.protocol import Prompt, Question
from crucible.models.values import (
    Candidate,
    Evaluation,
    MissingEvaluation,
    Problem,
    Scenario,
)
from crucible.pipeline import answers, prompts

PROVIDER_FAILURES_IN_A_ROW = 5
FATAL = (ErrorKind.PROVIDER_AUTH, ErrorKind.PROVIDER_UNREACHABLE, ErrorKind.PRECONDITION)
CREATIVE, STRICT = 0.7, 0.0
Pair = tuple[Candidate, Scenario]


def given_candidates(given: Iterable[dict[str, str]]) -> list[Candidate]:
    return [Candidate(new_id(), c["title"], c["description"], "given") for c in given]


def design(
    problem: Problem, existing: Sequence[Candidate], count: int, asker: Asker
) -> list[Candidate]:
    """`count` new candidates, or fewer if the model gave fewer. Raises Exhausted."""

    def parse(data: Any) -> list[Candidate]:
        return [
            Candidate(
                new_id(), made["title"], made["description"], "designed", made["predicted_effects"]
            )
            for made in answers.read_design(data, problem.constraints)[:count]
        ]

    prompt = Prompt(
        name="design",
        messages=prompts.design(problem, existing, count),
        schema=answers.design_schema(problem.constraints, count),
        temperature=CREATIVE,
        max_tokens=3000 + 500 * count,
    )
    return asker.ask(Question(prompt, _counted(count, "candidate"), parse))


def scenarios(
    problem: Problem, candidates: Sequence[Candidate], count: int, asker: Asker
) -> list[Scenario]:
    """`count` scenarios, or fewer if the model gave fewer. Raises Exhausted."""

    def parse(data: Any) -> list[Scenario]:
        return [
            Scenario(new_id(), made["name"], made["description"])
            for made in answers.read_scenarios(data)[:count]
        ]

    prompt = Prompt(
        name="scenarios",
        messages=prompts.scenarios(problem, candidates, count),
        schema=answers.scenarios_schema(count),
        temperature=CREATIVE,
        max_tokens=3000 + 300 * count,
    )
    return asker.ask(Question(prompt, _counted(count, "scenario"), parse))


def evaluator(
    problem: Problem, candidates: Sequence[Candidate], asker: Asker
) -> Callable[[Pair], list[Evaluation]]:
    """A function that makes one evaluation, from any thread, and raises Exhausted. What is the
    same for all pairs is made once."""
    head = prompts.evaluation_head(problem, candidates)
    schema = answers.evaluation_schema(problem.constraints)
    read = answers.evaluation_reader(problem.constraints)
    max_tokens = 3000 + 30 * len(problem.constraints)

    def evaluate(pair: Pair) -> list[Evaluation]:
        candidate, scenario = pair

        def parse(data: Any) -> list[Evaluation]:
            made = read(data)
            return [
                Evaluation(
                    id=new_id(),
                    candidate_id=candidate.id,
                    scenario_id=scenario.id,
                    P=made["prediction_quality"],
                    R=made["resource_cost"],
                    constraint_satisfaction=made.get("constraint_satisfaction", {}),
                    explanation=made["explanation"],
                )
            ]

        messages = prompts.evaluation_of(head, candidate, scenario)
        prompt = Prompt("evaluation", messages, schema, STRICT, max_tokens)
        return asker.ask(Question(prompt, f"{candidate.title} × {scenario.name}", parse))

    return evaluate


def evaluate_all(
    pairs: Sequence[Pair],
    evaluate_one: Callable[[Pair], Any],
    *,
    concurrency: int,
    already: int = 0,
    on_missing: Callable[[MissingEvaluation], None],
    on_fatal: Callable[[], None],
) -> int:
    """Evaluates pairs at the same time; returns how many came. `already` stood before.

    A pair that is given up is reported to `on_missing` and left out. Raises RunFailure when going
    on makes no sense: key refused, provider out of reach, five pairs in a row lost to provider
    errors. Anything else that a pair raises ends the phase as well. `on_fatal` is called before
    what is still in flight is waited for.
    """
    tally = _Tally(evaluate_one, on_missing, on_fatal)
    with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="evaluation") as pool:
        waiting = [pool.submit(tally.attempt, pair) for pair in pairs]
        # Not one by one: this thread would wake for each, in the way of those that work.
        ended = wait(waiting, return_when=FIRST_EXCEPTION).done
        if any(future.exception() is not None for future in ended):
            pool.shutdown(wait=False, cancel_futures=True)
    if tally.fatal is not None:
        raise tally.fatal
    if already + tally.came == 0 and tally.last is not None:
        raise _none_came(tally.last)
    return tally.came


class _Tally:
    """Counts in the threads that evaluate, so that a fatal end is known before any of them takes
    the next pair."""

    def __init__(
        self,
        evaluate_one: Callable[[Pair], Any],
        on_missing: Callable[[MissingEvaluation], None],
        on_fatal: Callable[[], None],
    ) -> None:
        self.came = 0
        self.last: RunFailure | None = None
        self.fatal: BaseException | None = None
        """What ended the phase: the first thing that did, not what followed from it."""
        self._evaluate_one = evaluate_one
        self._on_missing = on_missing
        self._on_fatal = on_fatal
        self._lost_in_a_row = 0
        self._lock = threading.Lock()

    def attempt(self, pair: Pair) -> None:
        try:
            try:
                self._evaluate_one(pair)
            except Exhausted as exhausted:
                self._given_up(pair, exhausted)
            else:
                with self._lock:
                    self.came += 1
                    self._lost_in_a_row = 0
        except BaseException as error:
            with self._lock:
                self.fatal = self.fatal or error
            self._on_fatal()
            raise

    def _given_up(self, pair: Pair, exhausted: Exhausted) -> None:
        failure = exhausted.failure
        self._on_missing(MissingEvaluation(pair[0].id, pair[1].id, failure.reason[:300]))
        with self._lock:
            self.last = failure
            self._lost_in_a_row = self._lost_in_a_row + 1 if exhausted.provider_error else 0
            lost = self._lost_in_a_row
        if failure.kind in FATAL:
            raise failure
        if lost >= PROVIDER_FAILURES_IN_A_ROW:
            reason = f"{exhausted.cause} for {lost} evaluations in a row"
            raise RunFailure(failure.kind, reason, failure.detail)


def _none_came(last: RunFailure) -> RunFailure:
    return RunFailure(last.kind, f"not one evaluation came: {last.reason}", last.detail)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
