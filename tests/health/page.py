"""The tables of docs/health.md, and whether the goals are met."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import TypeVar

from tests.health.replay import METRICS, Guess
from tests.health.score import CODES, Found, Tally, false_alarms, precision, tally
from tests.health.simulator import NOISES, WILD
from tests.health.troubles import SINGLE

T = TypeVar("T", Found, Guess)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "health.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
WITHOUT_SIZE = ("FAILURE_RATE", "ERROR_KIND_NEW")
"""Shown, but no goal for recall: they take as many runs as chance makes them take."""
NAMES = {"tokens": "tokens", "cost_pico": "cost", "duration_seconds": "duration"}


def within(found: Iterable[T]) -> list[T]:
    """Those at the levels of noise that the goals are for."""
    return [f for f in found if f.noise != WILD]


def codes(found: Sequence[Found]) -> Iterator[str]:
    """By code, over troubles of the size that the goals are stated for."""
    yield "| code | precision | histories | recall in 3 runs | ever | median delay | p90 |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for code in CODES:
        right, raised = precision(found, code)
        share = f"{percent(right, raised)} of {raised}"
        yield f"| `{code}` | {share} | {_cells(tally(goal_of(found, code)))} |"


def troubles(found: Sequence[Found]) -> Iterator[str]:
    yield "| trouble | code | histories | recall in 3 runs | ever | median delay | p90 |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for kind, group in _grouped([f for f in found if f.expected and not f.healthy]):
        yield f"| {kind} | `{group[0].expected}` | {_cells(tally(group))} |"


def healthy(found: Sequence[Found]) -> Iterator[str]:
    yield "| healthy history | histories | with a false alarm | codes |"
    yield "| --- | ---: | ---: | --- |"
    for kind, group in _grouped([f for f in found if f.healthy]):
        wrong, count = false_alarms(group)
        names = sorted({code for f in group if f.false_alarm for code in f.false})
        yield f"| {kind} | {count} | {wrong} | {', '.join(f'`{n}`' for n in names)} |"
    wrong, count = false_alarms(found)
    yield f"| all | {count} | {wrong} ({percent(wrong, count)}) | |"


def noises(found: Sequence[Found]) -> Iterator[str]:
    """By noise and by size: where misses and false alarms are."""
    yield "| noise or size | recall in 3 runs (3x) | ever | healthy with a false alarm |"
    yield "| --- | ---: | ---: | ---: |"
    groups = [*_grouped(found, lambda f: f.noise), *_grouped(found, lambda f: f.size)]
    for name, group in groups:
        of_goal = tally([f for f in group if _counts(f)])
        wrong, count = false_alarms(group)
        share = f"{wrong} of {count}"
        yield f"| {name} | {of_goal.soon:.1%} | {of_goal.ever:.1%} | {share} |"


def single_calls(found: Sequence[Found]) -> Iterator[str]:
    """Slow phases of one call, by noise."""
    yield "| slow phase | noise | recall in 3 runs | ever |"
    yield "| --- | --- | ---: | ---: |"
    for factor in (3, 5):
        for noise in NOISES:
            kinds = [f"{phase} x{factor} slower" for phase in SINGLE]
            counted = tally([f for f in found if f.kind in kinds and f.noise == noise.name])
            cells = f"{counted.soon:.1%} | {counted.ever:.1%}"
            yield f"| design or scenarios x{factor} | {noise.name} | {cells} |"


def estimates(guesses: Sequence[Guess]) -> Iterator[str]:
    yield "| noise | estimate of | runs | p50 within 25 % | not above p90 |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for noise in (*(noise.name for noise in NOISES), "all"):
        for metric in METRICS:
            of_noise = within(guesses) if noise == "all" else guesses
            chosen = [g for g in of_noise if g.metric == metric and noise in (g.noise, "all")]
            near, covered = shares(chosen)
            yield f"| {noise} | {NAMES[metric]} | {len(chosen)} | {near:.1%} | {covered:.1%} |"


def foreseeable(best: Sequence[tuple[str, float]]) -> str:
    noises = dict.fromkeys(noise for noise, _ in best)
    parts = [f"{mean(s for n, s in best if n == noise):.0%} ({noise})" for noise in noises]
    return (
        "\nWho knew the true median of each run's duration would be within 25 % of it for "
        f"{mean(s for n, s in best if n != WILD):.0%} of runs: {', '.join(parts)}. "
        f"`all` leaves {WILD} out."
    )


def shares(guesses: Sequence[Guess]) -> tuple[float, float]:
    """Near, and covered."""
    count = len(guesses) or 1
    return sum(g.near for g in guesses) / count, sum(g.covered for g in guesses) / count


def missed(found: Sequence[Found], guesses: Sequence[Guess]) -> list[str]:
    """Goals that are not met, in words."""
    found, guesses = within(found), within(guesses)
    wrong, count = false_alarms(found)
    out = [] if wrong < 0.02 * count else [f"false alarms on {percent(wrong, count)} of healthy"]
    for code in CODES:
        least = 0.99 if code == "FAILURE_STREAK" else 0.95
        of_goal = tally(goal_of(found, code))
        if code not in WITHOUT_SIZE and of_goal.soon < least:
            out.append(f"recall of {code} in 3 runs is {of_goal.soon:.1%}, not {least:.0%}")
    delay = tally([f for f in found if _counts(f)]).median_delay
    if delay is None or delay > 2:
        out.append(f"median delay is {delay} runs")
    for metric in METRICS:
        near, covered = shares([g for g in guesses if g.metric == metric])
        if near < 0.8:
            out.append(f"p50 of {NAMES[metric]} is near for {near:.1%}, not 80%")
        if not 0.85 <= covered <= 0.95:
            out.append(f"p90 of {NAMES[metric]} covers {covered:.1%}, not 85-95%")
    return out


def write(block: str) -> None:
    """Between the markers of the page; the rest of it is written by hand."""
    text = PAGE.read_text() if PAGE.exists() else f"# Health\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{block}\n{END}{after}")


def percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def goal_of(found: Sequence[Found], code: str) -> list[Found]:
    return [f for f in found if f.expected == code and f.goal and not f.healthy]


def _counts(found: Found) -> bool:
    sized = found.expected not in WITHOUT_SIZE
    return found.expected is not None and found.goal and not found.healthy and sized


def _cells(counted: Tally) -> str:
    delays = (counted.median_delay, counted.p90_delay)
    shown = " | ".join("-" if delay is None else str(delay) for delay in delays)
    return f"{counted.histories} | {counted.soon:.1%} | {counted.ever:.1%} | {shown}"


def _grouped(
    found: Iterable[Found], by: Callable[[Found], str] = lambda f: f.kind
) -> list[tuple[str, list[Found]]]:
    groups: dict[str, list[Found]] = {}
    for each in found:
        groups.setdefault(by(each), []).append(each)
    return list(groups.items())
