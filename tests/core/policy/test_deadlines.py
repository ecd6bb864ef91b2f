"""Deadlines on the working calendar: by hand around the holidays of 2026, and laws that must hold.

2026: rest on January 1-3, February 15-23, April 4-6, May 1-5, June 19-21, September 25-27 and
October 1-7; made up for on January 4, February 14 and 28, May 9, September 20, October 10.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.policy.calendar import CalendarFile, WorkCalendar, YearUnknown
from core.policy.deadlines import before, due, left, postponed, resumed
from core.policy.figures import Span, SpanUnit

CITY = WorkCalendar(CalendarFile(), "Asia/Shanghai")
NEW_YORK = WorkCalendar(CalendarFile(), "America/New_York")

# Far enough from the end of 2026 that nothing here is dated into a year nobody has loaded.
MOMENTS = st.integers(0, 480 * 24 * 3600).map(
    lambda seconds: datetime(2025, 3, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
UNITS: st.SearchStrategy[SpanUnit] = st.sampled_from(["minutes", "hours", "days", "workdays"])
AMOUNTS = st.integers(0, 40)
CALENDARS = st.sampled_from([CITY, NEW_YORK])

LAW = settings(deadline=None)  # a busy machine breaks no law


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY.zone)


def workdays(amount: int) -> Span:
    return Span(amount=amount, unit="workdays")


def day_end(text: str) -> datetime:
    return at(f"{text} 23:59:59")


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        # An ordinary week: given out on Monday, five working days end on the next Monday.
        ("2026-01-12 09:00", 5, "2026-01-19"),
        # New Year's Eve is a Wednesday; January 4 is a Sunday that is worked.
        ("2025-12-31 09:00", 1, "2026-01-04"),
        # Before the Spring Festival: Friday the 13th, then Saturday the 14th is worked.
        ("2026-02-13 09:00", 1, "2026-02-14"),
        ("2026-02-13 09:00", 2, "2026-02-24"),
        # Tue 24, Wed 25, Thu 26, Fri 27, Sat 28 (made up for): five working days of that week.
        ("2026-02-14 16:00", 5, "2026-02-28"),
        ("2026-02-14 16:00", 6, "2026-03-02"),
        # Told in the middle of the festival: its first working day is the 24th.
        ("2026-02-18 20:00", 1, "2026-02-24"),
        ("2026-02-18 20:00", 5, "2026-02-28"),
        # May 1-5 off, Saturday the 9th worked: Wed 6, Thu 7, Fri 8, Sat 9.
        ("2026-04-30 17:59", 4, "2026-05-09"),
        # Before the National Day: Wed Sept 30, then Thu Oct 8, Fri 9, Sat 10 (worked), Mon 12.
        ("2026-09-29 10:00", 1, "2026-09-30"),
        ("2026-09-29 10:00", 2, "2026-10-08"),
        ("2026-09-30 10:00", 3, "2026-10-10"),
        ("2026-09-30 10:00", 4, "2026-10-12"),
        # Nothing of it: today, or the first day on which somebody works.
        ("2026-01-12 09:00", 0, "2026-01-12"),
        ("2026-10-03 09:00", 0, "2026-10-08"),
    ],
)
def test_workdays_around_the_holidays_by_hand(start: str, amount: int, end: str) -> None:
    assert due(CITY, at(start), workdays(amount)) == day_end(end)


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        ("2026-02-14 23:50:00", Span(amount=30, unit="minutes"), "2026-02-15 00:20:00"),
        ("2026-09-30 20:00:00", Span(amount=24, unit="hours"), "2026-10-01 20:00:00"),
        ("2026-02-14 16:00:00", Span(amount=3, unit="days"), "2026-02-17 23:59:59"),
    ],
)
def test_natural_time_knows_no_holiday(start: str, span: Span, end: str) -> None:
    assert due(CITY, at(start), span) == at(end)


@pytest.mark.parametrize(
    ("moment", "amount", "result"),
    [
        ("2026-02-24 23:59:59", 1, "2026-02-14"),
        ("2026-10-12 23:59:59", 1, "2026-10-10"),
        ("2026-10-08 23:59:59", 2, "2026-09-29"),
        ("2026-01-04 23:59:59", 1, "2025-12-31"),
    ],
)
def test_a_warning_comes_that_many_working_days_earlier(
    moment: str, amount: int, result: str
) -> None:
    assert before(CITY, at(moment), workdays(amount)) == day_end(result)


def test_what_is_left_over_the_spring_festival() -> None:
    """Due on Tuesday the 24th; stopped on Friday the 13th: the 14th and the 24th are left."""
    end = day_end("2026-02-24")
    remaining = left(CITY, at("2026-02-13 15:00"), end, "workdays")
    assert remaining == 2
    # Three working days (14, 24, 25) later: the limit ends three working days later, on the 27th.
    assert resumed(CITY, at("2026-02-25 09:00"), remaining, "workdays") == day_end("2026-02-27")


def test_what_was_overdue_stays_as_overdue_as_it_was() -> None:
    """Due on Friday, stopped on Saturday: resumed on Tuesday, it was due on Monday."""
    end = day_end("2026-01-16")
    remaining = left(CITY, at("2026-01-17 10:00"), end, "workdays")
    assert remaining == -1
    assert resumed(CITY, at("2026-01-17 10:00"), remaining, "workdays") == end
    assert resumed(CITY, at("2026-01-20 10:00"), remaining, "workdays") == day_end("2026-01-19")


@pytest.mark.parametrize(
    ("end", "amount", "result"),
    [
        ("2026-02-13 23:59:59", 3, "2026-02-25"),
        ("2026-02-13 14:05:00", 3, "2026-02-25"),  # a limit of hours ends with a day from then on
        ("2026-10-01 14:05:00", 1, "2026-10-08"),
    ],
)
def test_a_postponement_counts_from_the_day_on_which_it_was_due(
    end: str, amount: int, result: str
) -> None:
    assert postponed(CITY, at(end), amount) == day_end(result)


def test_a_year_that_nobody_has_loaded_is_an_error_and_not_a_date() -> None:
    with pytest.raises(YearUnknown) as unknown:
        due(CITY, at("2026-12-31 09:00"), workdays(1))
    assert unknown.value.details == {"year": 2027}
    with pytest.raises(YearUnknown):
        due(CITY, at("2028-03-01 09:00"), workdays(1))
    with pytest.raises(YearUnknown):
        before(CITY, at("2028-01-01 09:00"), workdays(1))
    # Natural time asks no calendar.
    assert due(CITY, at("2028-03-01 09:00"), Span(amount=2, unit="hours"))


def test_the_day_is_the_citys_not_the_machines() -> None:
    """20:00 UTC on Thursday is Friday in China and still Thursday in New York."""
    moment = datetime(2026, 1, 15, 20, tzinfo=UTC)
    assert due(CITY, moment, workdays(1)) == day_end("2026-01-19")
    assert due(NEW_YORK, moment, workdays(1)) == datetime(
        2026, 1, 16, 23, 59, 59, tzinfo=NEW_YORK.zone
    )


def test_daylight_saving_moves_the_end_of_the_day_and_no_span_of_hours() -> None:
    """March 8, 2026 has 23 hours in New York: days end by the clock on the wall."""
    zone = ZoneInfo("America/New_York")
    start = datetime(2026, 3, 7, 12, tzinfo=zone)  # a Saturday
    assert due(NEW_YORK, start, Span(amount=24, unit="hours")) == datetime(
        2026, 3, 8, 13, tzinfo=zone
    )
    assert left(NEW_YORK, start, datetime(2026, 3, 8, 13, tzinfo=zone), "hours") == 24 * 3600
    friday = due(NEW_YORK, datetime(2026, 3, 5, 12, tzinfo=zone), workdays(1))
    monday = due(NEW_YORK, start, workdays(1))
    assert friday.utctimetuple()[3:6] == (4, 59, 59)
    assert monday.utctimetuple()[3:6] == (3, 59, 59)
    assert NEW_YORK.day_of(monday) == date(2026, 3, 9)


# Laws.


@LAW
@given(CALENDARS, MOMENTS, AMOUNTS)
def test_a_limit_of_workdays_ends_with_a_working_day(
    calendar: WorkCalendar, start: datetime, amount: int
) -> None:
    end = due(calendar, start, workdays(amount))
    assert calendar.is_workday(calendar.day_of(end))
    assert end == calendar.end_of(calendar.day_of(end))
    first, last = calendar.day_of(start), calendar.day_of(end)
    between = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    assert amount == 0 or sum(map(calendar.is_workday, between)) == amount


@LAW
@given(CALENDARS, MOMENTS, UNITS, AMOUNTS, AMOUNTS)
def test_a_longer_limit_never_ends_earlier(
    calendar: WorkCalendar, start: datetime, unit: SpanUnit, one: int, other: int
) -> None:
    short, long = sorted((one, other))
    assert due(calendar, start, Span(amount=short, unit=unit)) <= due(
        calendar, start, Span(amount=long, unit=unit)
    )


@LAW
@given(CALENDARS, MOMENTS, MOMENTS, UNITS, AMOUNTS)
def test_what_begins_later_never_ends_earlier(
    calendar: WorkCalendar, one: datetime, other: datetime, unit: SpanUnit, amount: int
) -> None:
    early, late = sorted((one, other))
    span = Span(amount=amount, unit=unit)
    assert due(calendar, early, span) <= due(calendar, late, span)


@LAW
@given(CALENDARS, MOMENTS, UNITS, AMOUNTS)
def test_nothing_is_due_before_it_began_nor_warned_of_after_its_end(
    calendar: WorkCalendar, moment: datetime, unit: SpanUnit, amount: int
) -> None:
    span = Span(amount=amount, unit=unit)
    assert due(calendar, moment, span) >= moment
    assert before(calendar, moment, span) <= moment


@LAW
@given(CALENDARS, MOMENTS, st.integers(0, 5000))
def test_hours_and_minutes_are_exact_and_go_back_exactly(
    calendar: WorkCalendar, moment: datetime, amount: int
) -> None:
    for unit, length in (("minutes", timedelta(minutes=1)), ("hours", timedelta(hours=1))):
        span = Span.model_validate({"amount": amount, "unit": unit})
        end = due(calendar, moment, span)
        assert end - moment == amount * length
        assert before(calendar, end, span) == moment


@LAW
@given(CALENDARS, MOMENTS, st.sampled_from(["days", "workdays"]), st.integers(1, 60))
def test_going_back_and_forth_by_days_leads_to_the_end_of_the_same_day(
    calendar: WorkCalendar, start: datetime, unit: SpanUnit, amount: int
) -> None:
    span = Span(amount=amount, unit=unit)
    end = due(calendar, start, workdays(1))  # the end of a working day
    assert due(calendar, before(calendar, end, span), span) == end
    assert before(calendar, due(calendar, end, span), span) == end


@LAW
@given(CALENDARS, MOMENTS, UNITS, AMOUNTS, st.integers(0, 90 * 24 * 60))
def test_a_suspension_without_length_changes_nothing(
    calendar: WorkCalendar, start: datetime, unit: SpanUnit, amount: int, minutes: int
) -> None:
    """In time or overdue, on a working day or not."""
    end = due(calendar, start, Span(amount=amount, unit=unit))
    stop = start + timedelta(minutes=minutes)
    assert resumed(calendar, stop, left(calendar, stop, end, unit), unit) == end


@LAW
@given(CALENDARS, MOMENTS, AMOUNTS, st.integers(0, 600), st.integers(0, 60))
def test_resumed_k_working_days_later_it_ends_exactly_k_working_days_later(
    calendar: WorkCalendar, start: datetime, amount: int, hours: int, k: int
) -> None:
    end = due(calendar, start, workdays(amount))
    stop = start + timedelta(hours=hours)
    assume(calendar.is_workday(calendar.day_of(stop)))
    moved = stop if k == 0 else _workday(calendar, stop, k)
    again = resumed(calendar, moved, left(calendar, stop, end, "workdays"), "workdays")
    assert again == (end if k == 0 else due(calendar, end, workdays(k)))
    assert (again < moved) == (end < stop)  # overdue or not: as it was


@LAW
@given(CALENDARS, MOMENTS, st.sampled_from(["minutes", "hours"]), AMOUNTS, AMOUNTS, AMOUNTS)
def test_hours_go_on_to_the_second(
    calendar: WorkCalendar, start: datetime, unit: SpanUnit, amount: int, used: int, away: int
) -> None:
    end = due(calendar, start, Span(amount=amount, unit=unit))
    stop, again = start + timedelta(hours=used), start + timedelta(hours=used + away)
    assert resumed(calendar, again, left(calendar, stop, end, unit), unit) == end + timedelta(
        hours=away
    )


@LAW
@given(CALENDARS, MOMENTS, UNITS, AMOUNTS, st.integers(1, 20), st.integers(1, 20))
def test_two_postponements_are_one_of_both_lengths(
    calendar: WorkCalendar, start: datetime, unit: SpanUnit, amount: int, first: int, second: int
) -> None:
    end = due(calendar, start, Span(amount=amount, unit=unit))
    once = postponed(calendar, end, first + second)
    assert postponed(calendar, postponed(calendar, end, first), second) == once
    assert once > end
    assert calendar.is_workday(calendar.day_of(once))


def _workday(calendar: WorkCalendar, start: datetime, k: int) -> datetime:
    """The same time by the clock on the wall, k working days later."""
    *_, later = islice(calendar.workdays_after(calendar.day_of(start)), k)
    local = start.astimezone(calendar.zone)
    return datetime.combine(later, local.time(), calendar.zone)
