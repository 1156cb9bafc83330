import math

from hypothesis import given
from hypothesis import strategies as st

from crucible.models.values import Candidate, Constraint, Evaluation
from crucible.pipeline.ranking import rank

HARD = Constraint("safe", "", 100)
SOFT = Constraint("cheap", "", 50)


def candidate(name: str) -> Candidate:
    return Candidate(name, name, "", "designed")


def evaluation(of: str, scenario: str, P: float, R: float, **scores: float) -> Evaluation:
    return Evaluation(f"{of}{scenario}", of, scenario, P, R, scores, "")


def test_scores_are_means_and_I_is_their_quotient() -> None:
    made = [
        evaluation("a", "1", 0.8, 2.0, safe=1.0, cheap=0.5),
        evaluation("a", "2", 0.4, 1.0, safe=0.6, cheap=0.1),
    ]
    (standing,) = rank([HARD, SOFT], [candidate("a")], 3, made)
    assert (standing.P, standing.R) == (0.6000000000000001, 1.5)
    assert standing.I == standing.P / standing.R
    assert standing.constraint_satisfaction == {"safe": 0.8, "cheap": 0.3}
    assert math.isclose(standing.weighted_satisfaction or 0, (100 * 0.8 + 50 * 0.3) / 150)
    assert (standing.evaluation_count, standing.missing_count) == (2, 1)


def test_hard_violations_stand_behind_and_the_unevaluated_last() -> None:
    made = [
        evaluation("bright but unsafe", "1", 1.0, 0.1, safe=0.49),
        evaluation("dull", "1", 0.2, 2.0, safe=0.5),
    ]
    order = rank(
        [HARD], [candidate("none"), candidate("bright but unsafe"), candidate("dull")], 1, made
    )
    assert [s.candidate_id for s in order] == ["dull", "bright but unsafe", "none"]
    assert [s.rank for s in order] == [1, 2, 3]
    assert order[1].hard_violations == ("safe",)
    assert (order[2].P, order[2].R, order[2].I, order[2].missing_count) == (None, None, None, 1)


def test_equal_candidates_keep_the_order_they_were_proposed_in() -> None:
    made = [evaluation(name, "1", 0.5, 1.0) for name in "cab"]
    order = rank([], [candidate(name) for name in "cab"], 1, made)
    assert [s.candidate_id for s in order] == ["c", "a", "b"]
    assert order[0].weighted_satisfaction is None


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.floats(0, 1), st.floats(0.01, 100), st.floats(0, 1))
    )
)
def test_every_candidate_is_ranked_once_and_in_order(
    rows: list[tuple[str, float, float, float]],
) -> None:
    made = [evaluation(c, str(n), P, R, safe=s) for n, (c, P, R, s) in enumerate(rows)]
    order = rank([HARD], [candidate(c) for c in "abcd"], len(rows), made)
    assert sorted(s.candidate_id for s in order) == list("abcd")
    assert [s.rank for s in order] == [1, 2, 3, 4]
    sound = [s.I for s in order if s.I is not None and not s.hard_violations]
    assert sound == sorted(sound, reverse=True)
