"""What the model is told. Written so that a small model can follow it too."""

from collections.abc import Sequence

from crucible.llm.protocol import Message
from crucible.models.values import Candidate, Constraint, Problem, Scenario

ROLE = "You are an experienced engineer who judges designs soberly. Be concrete and specific."


def design(problem: Problem, given: Sequence[Candidate], count: int) -> list[Message]:
    seeds = ""
    if given:
        listed = "\n".join(f"- {c.title}: {c.description}" for c in given)
        seeds = f"\n\nThese candidates exist already; propose different ones:\n{listed}"
    effects = (
        "\n- predicted_effects: the constraints it changes most; a real design improves some and "
        "worsens others"
        if problem.constraints
        else ""
    )
    return _messages(
        f"{_problem(problem)}{seeds}\n\n"
        f"Propose {_several(count, 'candidate solution')} to this problem"
        + (", each with another basic mechanism" if count > 1 else "")
        + ". Speak of the parts and numbers of this problem, not of general virtues.\n"
        "- title: at most six words that name the mechanism\n"
        "- description: two or three short sentences: what exactly is built or changed, how that "
        "reaches the goals, and what it costs or risks"
        f"{effects}"
    )


def scenarios(problem: Problem, candidates: Sequence[Candidate], count: int) -> list[Message]:
    listed = "\n".join(f"- {c.title}" for c in candidates)
    return _messages(
        f"{_problem(problem)}\n\nCandidate solutions:\n{listed}\n\n"
        f"Invent {_several(count, 'scenario')} that would show which candidate is better: things "
        "that happen to them from outside, such as a failure, a peak, a mistake, a shortage or a "
        "change of circumstances. A scenario is not a solution.\n"
        "- name: three to six words: what happens to what\n"
        "- description: one or two short sentences: what happens, how much of it and for how long, "
        "in numbers. Do not say how a candidate copes"
    )


def evaluation(
    problem: Problem,
    candidates: Sequence[Candidate],
    candidate: Candidate,
    scenario: Scenario,
) -> list[Message]:
    return evaluation_of(evaluation_head(problem, candidates), candidate, scenario)


def evaluation_head(problem: Problem, candidates: Sequence[Candidate]) -> str:
    """What all evaluations of a run begin with."""
    compared = "\n".join(f"- {c.title}" for c in candidates)
    return (
        f"{_problem(problem)}\n\nCandidates:\n{compared}\n\n"
        "Judge one of these candidates in one scenario. Few candidates are good in every respect, "
        "and few are bad in every respect: use the whole range of numbers.\n"
        "- explanation: one short sentence: what in this candidate decides how well it does in "
        "this scenario\n"
        "- prediction_quality: how likely it is to reach the goals in this scenario: "
        "0.1 = hardly, 0.3 = unlikely, 0.5 = even, 0.7 = likely, 0.9 = nearly certain\n"
        "- resource_cost: what it costs to build and run: 0.3 = next to nothing, 1 = moderate, "
        "3 = expensive, 10 = very expensive"
        f"{_scores(problem.constraints)}"
    )


def evaluation_of(head: str, candidate: Candidate, scenario: Scenario) -> list[Message]:
    """What changes from pair to pair stands last: a server that keeps the prompt it has just read
    then reads only that."""
    return _messages(
        f"{head}\n\n"
        f"Candidate to judge: {candidate.title}\n{candidate.description}\n\n"
        f"Scenario: {scenario.name}\n{scenario.description}\n\n"
        "Assume that the candidate works as described."
    )


def _scores(constraints: Sequence[Constraint]) -> str:
    if not constraints:
        return ""
    criteria = "".join(
        f'\n  - "{c.name}": 1 if {_criterion(c)}; 0 if not; between if in part' for c in constraints
    )
    return (
        "\n- constraint_satisfaction: for each constraint, what this candidate does to it:"
        + criteria
    )


def _several(count: int, noun: str) -> str:
    return f"one {noun}" if count == 1 else f"{count} different {noun}s"


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
