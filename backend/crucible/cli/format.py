"""Figures as text: the one place for the terminal.

The page has the same rules in TypeScript; `tests/golden/format.json` holds both to them. Every
function takes None for "not known" and answers with a dash: a missing figure never looks like 0.
"""

from datetime import UTC, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

MISSING = "—"
Number = int | float | Decimal

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec".split()


def count(value: int | None) -> str:
    return MISSING if value is None else f"{value:,}"


def tokens(value: int | None) -> str:
    """`999`, `9.1k`, `51.2k`, `1.25M`."""
    if value is None:
        return MISSING
    if value < 1_000:
        return str(value)
    if value < 999_950:
        return f"{_fixed(value / 1000, 1)}k"
    return f"{_fixed(value / 1_000_000, 2)}M"


def tokens_in_out(incoming: int | None, outgoing: int | None) -> str:
    if incoming is None and outgoing is None:
        return MISSING
    return f"{tokens(incoming)} → {tokens(outgoing)}"


def duration(seconds: float | None) -> str:
    """`3ms`, `4.21s`, `41s`, `2m 05s`, `1h 02m 03s`."""
    if seconds is None:
        return MISSING
    if seconds < 0.9995:
        return "<1ms" if 0 < seconds < 0.001 else f"{_nearest(seconds * 1000)}ms"
    if seconds < 9.995:
        return f"{_fixed(seconds, 2)}s"
    return _clock(_nearest(seconds))


def elapsed(seconds: float | None) -> str:
    """A clock that ticks: whole seconds, so that it does not flicker."""
    return MISSING if seconds is None else _clock(int(max(0.0, seconds)))


def money(usd: Number | None, unpriced_calls: int = 0) -> str:
    """`$0`, `<$0.01`, `$0.42`; a lower bound reads `≥ $0.42`, `≥ $0.0034`."""
    if usd is None:
        return MISSING
    exact = _exact(usd)
    small = 0 < exact < Decimal("0.01")
    if unpriced_calls:
        # "≥ <$0.01" says nothing that a reader could use.
        return f"≥ {exact_money(_two_digits_below(exact)) if small else _dollars(exact)}"
    return "<$0.01" if small else _dollars(exact)


def _two_digits_below(exact: Decimal) -> Decimal:
    """Cut, not rounded: a lower bound must stay one."""
    return exact.quantize(Decimal(1).scaleb(exact.adjusted() - 1), ROUND_DOWN)


def exact_money(usd: Number | None) -> str:
    """To the last digit: costs are sums of pico-dollars."""
    if usd is None:
        return MISSING
    text = format(_exact(usd).quantize(Decimal("1e-12"), ROUND_HALF_UP), "f")
    return "$" + (text.rstrip("0").rstrip("."))


def share(part: float | None, whole: float | None) -> str:
    """`75%`; `<1%` for something that is there but hardly shows."""
    if part is None or not whole:
        return MISSING
    percent = part / whole * 100
    return "<1%" if 0 < percent < 1 else f"{_nearest(percent)}%"


def score(value: float | None) -> str:
    return MISSING if value is None else _fixed(value, 2)


def ago(moment: datetime | str | None, now: datetime) -> str:
    """`just now`, `5 min ago`, `2 h ago`, `3 d ago`, then the date."""
    if not moment:
        return MISSING
    then = parse_time(moment) if isinstance(moment, str) else moment
    age = (now - then).total_seconds()
    if age < 45:
        return "just now"
    if age < 59.5 * _MINUTE:
        return f"{max(1, _nearest(age / _MINUTE))} min ago"
    if age < 23.5 * _HOUR:
        return f"{_nearest(age / _HOUR)} h ago"
    if age < 30 * _DAY:
        return f"{_nearest(age / _DAY)} d ago"
    local = then.astimezone()
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"


def moment(text: str | None) -> str:
    """Local time with its zone, for a person at a terminal."""
    if not text:
        return MISSING
    return parse_time(text).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z").strip()


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def plural(value: int, one: str, many: str | None = None) -> str:
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def _clock(whole: int) -> str:
    hours, minutes, seconds = whole // _HOUR, whole % _HOUR // _MINUTE, whole % _MINUTE
    if hours:
        return f"{hours}h {minutes:02d}m {seconds:02d}s"
    return f"{minutes}m {seconds:02d}s" if minutes else f"{seconds}s"


def _dollars(exact: Decimal) -> str:
    return "$0" if exact == 0 else f"${exact.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def _exact(usd: Number) -> Decimal:
    # By way of its shortest text: the float 0.1 means one tenth, not 0.1000000000000000055.
    return Decimal(str(usd))


def _fixed(value: float, digits: int) -> str:
    # As JavaScript's toFixed: halves away from zero, judged by the binary value.
    return str(Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def _nearest(value: float) -> int:
    return int(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP))
