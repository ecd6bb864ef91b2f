"""Arithmetic of deadlines: from a start and a span to a due moment, and across a suspension.

Minutes and hours run day and night. A limit of N workdays ends with the N-th working day after the
day on which it began; one of N days with the N-th day after it. Days are the city's, moments UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from math import ceil

from core.policy.calendar import WorkCalendar
from core.policy.figures import Span, SpanUnit

NATURAL = {"minutes": 60, "hours": 3600}


def due(calendar: WorkCalendar, start: datetime, span: Span) -> datetime:
    """When a span that begins at ``start`` ends. Raises ``YearUnknown``."""
    if span.unit in NATURAL:
        return start.astimezone(UTC) + timedelta(seconds=NATURAL[span.unit] * span.amount)
    day = calendar.day_of(start)
    if span.unit == "days":
        return calendar.end_of(day + timedelta(days=span.amount))
    if span.amount == 0:  # today, if anybody works today
        return calendar.end_of(next(calendar.workdays_after(day - timedelta(days=1))))
    *_, last = islice(calendar.workdays_after(day), span.amount)
    return calendar.end_of(last)


def before(calendar: WorkCalendar, moment: datetime, span: Span) -> datetime:
    """The moment that lies ``span`` before ``moment``. Raises ``YearUnknown``."""
    if span.unit in NATURAL:
        return moment.astimezone(UTC) - timedelta(seconds=NATURAL[span.unit] * span.amount)
    if span.amount == 0:
        return moment.astimezone(UTC)
    day = calendar.day_of(moment)
    missing = span.amount
    while missing > 0:
        day -= timedelta(days=1)
        missing -= span.unit == "days" or calendar.is_workday(day)
    return calendar.end_of(day)


def left(calendar: WorkCalendar, at: datetime, end: datetime, unit: SpanUnit) -> int:
    """What is left of a limit when its clock stops: days that follow today, or whole seconds.

    Negative is how far it is overdue, in days before today: what was overdue when the clock
    stopped is just as overdue when it goes on. Raises ``YearUnknown``.
    """
    if unit in NATURAL:
        return ceil((end.astimezone(UTC) - at.astimezone(UTC)).total_seconds())
    today, last = calendar.day_of(at), calendar.day_of(end)
    if unit == "days":
        return (last - today).days
    if last < today:
        return -max(1, sum(map(calendar.is_workday, _days(last, today))))
    following = timedelta(days=1)
    return sum(map(calendar.is_workday, _days(today + following, last + following)))


def resumed(calendar: WorkCalendar, at: datetime, remaining: int, unit: SpanUnit) -> datetime:
    """When a limit ends whose clock goes on at ``at`` with ``remaining`` (``left``) of it.

    Raises ``YearUnknown``.
    """
    if unit in NATURAL:
        return at.astimezone(UTC) + timedelta(seconds=remaining)
    if remaining < 0:
        return before(calendar, at, Span(amount=-remaining, unit=unit))
    return due(calendar, at, Span(amount=remaining, unit=unit))


def postponed(calendar: WorkCalendar, end: datetime, workdays: int) -> datetime:
    """When a limit ends that is lengthened: with the N-th working day after the day of its end.

    That holds for limits of minutes and hours too, which from then on end with a day as the others
    do. Raises ``YearUnknown``.
    """
    return due(calendar, end, Span(amount=workdays, unit="workdays"))


def _days(first: date, end: date) -> Iterator[date]:
    """From ``first`` to the day before ``end``."""
    return (first + timedelta(days=n) for n in range((end - first).days))
