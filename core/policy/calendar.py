"""Working days: the national calendar with its make-up days, and what a city's file changes.

The national years come from ``chinesecalendar`` (its authors follow the State Council's notices); a
year that nobody has loaded is an error, never a wrong date.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
from pydantic import Field, model_validator

from core.errors import Invalid
from core.pack.base import PackModel
from core.policy.figures import Sourced

END_OF_DAY = time(23, 59, 59)
SATURDAY = 5


class YearUnknown(Invalid):
    """No holiday notice of that year is loaded: nothing can be dated into it."""

    error_id = "calendar_year_unknown"


class Year(Sourced):
    """A year written down by the city, in place of the national one.

    ``provisional``: the year's notice is not out yet; weekends and these ``holidays`` only.
    """

    year: int = Field(ge=2020, le=2100)
    provisional: bool = False
    holidays: tuple[date, ...] = Field(min_length=1, max_length=366)
    workdays: tuple[date, ...] = Field(default=(), max_length=104)  # make-up days (调休)

    @model_validator(mode="after")
    def _says_one_thing_of_a_day(self) -> Year:
        days = Counter((*self.holidays, *self.workdays))
        for day, times in days.items():
            if day.year != self.year:
                raise ValueError(f"{day} is no day of {self.year}")
            if times > 1:
                raise ValueError(f"{day} is given twice")
        for day in self.workdays:
            if self.provisional:
                raise ValueError(f"{day}: make-up days are not known before the notice")
            if day.weekday() < SATURDAY:
                raise ValueError(f"{day} is no weekend, so there is nothing to make up")
        return self


class CalendarFile(PackModel):
    """All of ``calendar.yaml``."""

    years: tuple[Year, ...] = ()

    @model_validator(mode="after")
    def _each_year_once(self) -> CalendarFile:
        for year, times in Counter(year.year for year in self.years).items():
            if times > 1:
                raise ValueError(f"{year} is written down twice")
        return self


class WorkCalendar:
    """Answers for days in the city's time zone."""

    def __init__(self, file: CalendarFile, zone: str) -> None:
        self._years = {year.year: year for year in file.years}
        self.zone = ZoneInfo(zone)

    @property
    def years(self) -> tuple[Year, ...]:
        """The years that the city wrote down."""
        return tuple(self._years.values())

    def is_workday(self, day: date) -> bool:
        """Raises ``YearUnknown``."""
        year = self._years.get(day.year)
        if year is not None:
            if day in year.workdays:
                return True
            return day.weekday() < SATURDAY and day not in year.holidays
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError as unknown:
            raise YearUnknown(f"no calendar of {day.year} is loaded", year=day.year) from unknown

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The last second of a day, in UTC."""
        return datetime.combine(day, END_OF_DAY, self.zone).astimezone(ZoneInfo("UTC"))

    def workdays_after(self, day: date) -> Iterator[date]:
        """The working days that follow ``day``. Raises ``YearUnknown``."""
        while True:
            day += timedelta(days=1)
            if self.is_workday(day):
                yield day
