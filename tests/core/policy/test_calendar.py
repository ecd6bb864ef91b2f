"""Which day is worked on, and which calendar files are refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from core.pack.load import PackInvalid, read_part
from core.policy import PolicyBook
from core.policy.calendar import CalendarFile, WorkCalendar, YearUnknown

FORM = TypeAdapter(CalendarFile)
SAID = "source: a test, kind: recommendation, confidence: low"


def calendar_of(folder: Path, *years: str) -> WorkCalendar:
    file = folder / "calendar.yaml"
    entries = "".join(f"  - {{{year}, {SAID}}}\n" for year in years)
    file.write_text(f"years:\n{entries}", encoding="utf-8")
    return WorkCalendar(read_part(file, FORM), "Asia/Shanghai")


def rests(calendar: WorkCalendar, first: str, last: str) -> list[str]:
    """Days without work from ``first`` to ``last``."""
    day, end = date.fromisoformat(first), date.fromisoformat(last)
    days = [day + timedelta(days=n) for n in range((end - day).days + 1)]
    return [f"{one:%m-%d}" for one in days if not calendar.is_workday(one)]


def test_the_spring_festival_and_the_national_day_of_2026_by_the_notice() -> None:
    national = WorkCalendar(CalendarFile(), "Asia/Shanghai")
    # Saturday the 14th and Saturday the 28th are worked, the nine days of the festival are not.
    assert rests(national, "2026-02-09", "2026-02-28") == [
        "02-15", "02-16", "02-17", "02-18", "02-19", "02-20", "02-21", "02-22", "02-23",
    ]  # fmt: skip
    # Sunday, September 20 and Saturday, October 10 are worked.
    assert rests(national, "2026-09-19", "2026-10-11") == [
        "09-19", "09-25", "09-26", "09-27",
        "10-01", "10-02", "10-03", "10-04", "10-05", "10-06", "10-07", "10-11",
    ]  # fmt: skip


def test_the_citys_own_year_replaces_the_national_one(tmp_path: Path) -> None:
    city = calendar_of(
        tmp_path, "year: 2026, holidays: [2026-01-01, 2026-03-03], workdays: [2026-03-07]"
    )
    assert not city.is_workday(date(2026, 3, 3))  # a holiday that only this city has
    assert city.is_workday(date(2026, 3, 7))  # a Saturday to make up for it
    assert city.is_workday(date(2026, 2, 17))  # the festival is not in the city's file
    assert not city.is_workday(date(2025, 10, 1))  # other years stay the national ones


def test_a_provisional_year_has_its_weekends_and_statutory_days_only(
    policies: PolicyBook,
) -> None:
    """2027 as the city's file has it until the notice is out."""
    city = policies.versions[0].calendar
    # February 5 to 8 (Friday to Monday); then the working week begins on Tuesday.
    assert rests(city, "2027-02-01", "2027-02-14") == [
        "02-05", "02-06", "02-07", "02-08", "02-13", "02-14",
    ]  # fmt: skip
    with pytest.raises(YearUnknown):
        city.is_workday(date(2028, 1, 3))


@pytest.mark.parametrize(
    ("years", "says"),
    [
        (["year: 2027, holidays: [2027-02-06], workdays: [2027-02-06]"], "given twice"),
        (["year: 2027, holidays: [2027-02-08, 2027-02-08]"], "given twice"),
        (["year: 2027, holidays: [2027-01-01], workdays: [2027-02-13, 2027-02-13]"], "given twice"),
        (["year: 2027, holidays: [2026-12-31]"], "no day of 2027"),
        (["year: 2027, holidays: [2027-01-01], workdays: [2028-01-08]"], "no day of 2027"),
        (["year: 2027, holidays: [2027-01-01], workdays: [2027-02-10]"], "no weekend"),
        (["year: 2027, holidays: []"], "at least 1 item"),
        (["year: 2027"], "Field required"),
        (
            ["year: 2027, provisional: true, holidays: [2027-01-01], workdays: [2027-02-13]"],
            "before the notice",
        ),
        (
            ["year: 2027, holidays: [2027-01-01]", "year: 2027, holidays: [2027-02-05]"],
            "written down twice",
        ),
        (["year: 2027, holidays: [2027-02-30]"], "cannot be read"),
        (["year: 2027, holidays: [2027-01-01 08:00:00]"], "date"),
        (["year: 1999, holidays: [1999-01-01]"], "2020"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(
    tmp_path: Path, years: list[str], says: str
) -> None:
    with pytest.raises(PackInvalid, match=says):
        calendar_of(tmp_path, *years)
