"""A short version of `make soak`: a few seconds of everything, and one death of the server."""

from tests.soak.report import markdown
from tests.soak.soak import Plan, soak

SHORT = Plan(
    seconds=5,
    readers=6,
    kills=1,
    deadly_share=0.5,
    reader_pause=0.3,
    start_pause=0.3,
    meddle_pause=0.3,
    chore_pause=0.05,
    sample_pause=0.2,
    keep=2,
    chores=[
        "purges of calls",
        "purges of runs",
        "projects deleted and made",
        "agents over stdio",
        "purges killed half-way",
        "projects changed",
    ],
)


def test_everything_at_once_holds() -> None:
    found = soak(SHORT)

    assert found.wrong == []
    # That it was tried at all, however slow the machine.
    assert found.audit.requests > 0
    assert found.audit.runs > 0
    assert found.done["kills"] == 1
    assert {"starts", "purges of runs", "projects deleted", "agents over stdio"} <= set(found.done)
    assert {kind for kind, _ in found.laws.answers} >= {"runs", "run", "start", "walk"}
    assert not any(each.judged for each in found.growth)
    assert "All of it held." in markdown(found, "Soak")
