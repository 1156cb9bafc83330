"""What the model is told. Written so that a small model can follow it too."""

from collections.abc import Sequence

from crucible.llm.protocol import Message
from crucible.models.values import Candidate, Constraint, Problem, Scenario

ROLE = "You are an experienced engineer who compares designs. Be concrete and specific."


def design(problem: Problem, given: Sequence[Candidate], count: int) -> list[Message]:
    seeds = ""
    if given:
        listed = "\n".join(f"- {c.title}: {c.description}" for c in given)
        seeds = f"\n\nThese candidates exist already; propose different ones:\n{listed}"
    return _messages(
        f"{_problem(problem)}{seeds}\n\n"
        f"Propose {count} different candidate solutions to this problem. They must differ in their "
        "basic mechanism, not in details. For each give a short title and a description of two "
        "or three sentences: what is done, and why it would meet the goals."
        + (
            " Then predict its effect on the constraints it changes most."
            if problem.constraints
            else ""
        )
    )


def scenarios(problem: Problem, candidates: Sequence[Candidate], count: int) -> list[Message]:
    listed = "\n".join(f"- {c.title}" for c in candidates)
    return _messages(
        f"{_problem(problem)}\n\nCandidate solutions:\n{listed}\n\n"
        f"Invent {count} different scenarios that stress these candidates: situations in which "
        "some of them would do badly. Give each a short name and one or two sentences that say "
        "what happens, with numbers where they matter."
    )


def evaluation(
    problem: Problem,
    candidates: Sequence[Candidate],
    candidate: Candidate,
    scenario: Scenario,
) -> list[Message]:
    others = "\n".join(f"- {c.title}" for c in candidates if c.id != candidate.id)
    compared = f"\nOther candidates, to compare with:\n{others}\n" if others else ""
    scored = ""
    if problem.constraints:
        met = "\n".join(f'- "{c.name}": met when {_criterion(c)}' for c in problem.constraints)
        scored = (
            "\n- constraint_satisfaction: for each constraint a number from 0 (violated) to 1 "
            f"(fully met) in this scenario:\n{met}"
        )
    return _messages(
        f"{_problem(problem)}\n{compared}\n"
        f"Candidate to judge: {candidate.title}\n{candidate.description}\n\n"
        f"Scenario: {scenario.name}\n{scenario.description}\n\n"
        "Judge how this candidate does in this scenario. Give, in this order:\n"
        "- explanation: one or two sentences: what happens and what decides the outcome\n"
        "- prediction_quality: from 0 to 1, how well the candidate reaches the goals here "
        "(0 = fails, 0.5 = partly, 1 = fully)\n"
        "- resource_cost: what it costs to build and run, compared with the other candidates: "
        "1 = about average, 0.5 = half of it, 2 = twice as much, up to 10"
        f"{scored}"
    )


def _criterion(constraint: Constraint) -> str:
    return constraint.description or "it holds as its name says"


def _messages(text: str) -> list[Message]:
    return [{"role": "system", "content": ROLE}, {"role": "user", "content": text}]


def _problem(problem: Problem) -> str:
    parts = [f"Problem: {problem.title}"]
    if problem.description:
        parts.append(problem.description)
    if problem.goals:
        parts.append("Goals:\n" + "\n".join(f"- {goal}" for goal in problem.goals))
    if problem.constraints:
        listed = "\n".join(
            f"- {c.name} ({'hard' if c.weight == 100 else f'weight {c.weight} of 100'})"
            + (f": {c.description}" if c.description else "")
            for c in problem.constraints
        )
        parts.append(f"Constraints:\n{listed}")
    if problem.world_model:
        parts.append(f"What is known of the world:\n{problem.world_model}")
    return "\n\n".join(parts)
