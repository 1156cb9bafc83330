"""A short version of `make chaos`: some kill points, and some deaths at any time."""

from collections.abc import Callable

from tests.chaos.ordeal import die_at, die_at_request, moments_of
from tests.lab import Lab
from tests.stub_model import StubModel


def test_deaths_at_chosen_moments_lose_nothing(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(CONCURRENCY="1")
    moments = moments_of(lab, 1, 2)
    assert len(moments) > 40
    for deadly in range(2, len(moments), 6):
        story = die_at(lab, 1, 2, deadly)
        assert story.wrong == [], story


def test_deaths_at_any_time_lose_nothing(lab: Lab, stub: StubModel) -> None:
    stub.delay_seconds = 0.02
    for request in (1, 3, 6, 9):
        story = die_at_request(lab, 2, 4, request)
        assert story.wrong == [], story
