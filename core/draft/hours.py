"""Which time of day is meant: 夜里, 四点多, 黑夜十一点半."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from core.draft.days import Said
from core.draft.numerals import whole_number

NIGHT = ("夜里", "半夜", "黑夜", "后半夜", "深夜", "大半夜", "夜间")
PARTS = {
    **dict.fromkeys(("凌晨", "清早", "一大早", "大清早", "早上", "早晨", "早起", "上午", "早"), 0),
    **dict.fromkeys(("中午", "晌午"), 11),
    **dict.fromkeys(("下午", "傍晚", "晚上", "晚"), 12),
    **dict.fromkeys(NIGHT, 12),
}


def clock_of(said: Said) -> time | None:
    if said["clock"]:
        hour, minute = int(said["clock"]), int(said["clockmin"] or 0)
    else:
        number = whole_number(said["hour"] or "")
        if number is None:
            return None
        hour = number
        minute = whole_number(said["minute"] or "") or 0
        minute = 30 if said["half"] else {"一刻": 15, "三刻": 45}.get(said["quarter"] or "", minute)
    if hour == 24:
        hour = 0
    return time(hour, minute) if 0 <= hour < 24 and 0 <= minute < 60 else None


def with_time(
    said: Said, day: date | None, clock: time | None, now: datetime
) -> tuple[str, float] | None:
    """The moment with its time of day, and how much plainer that makes it."""
    part = said["part"] or ("晚" if (said["day"] or "").endswith(("晚", "夜")) else "")
    if clock is None:
        if part in NIGHT:
            # The night of a day ends in the next: its middle is that day's end.
            middle = day + timedelta(days=1) if day else now.date()
            return f"{middle.isoformat()}T00:00", 0.05 if day else -0.05
        return None if day is None else (day.isoformat(), 0.2)
    if day is None:
        return _latest(part, clock, now), 0.1
    if part in NIGHT and clock.hour in (0, 12, 1, 2, 3, 4, 5):
        day += timedelta(days=1)
        clock = clock.replace(hour=clock.hour % 12)
    else:
        clock = _by_part(part, clock)
    return f"{day.isoformat()}T{clock:%H:%M}", 0.1


def _by_part(part: str, clock: time) -> time:
    """下午三点 is 15:00; a clock of 11 or 12 at noon stays."""
    first = PARTS.get(part, 0)
    afternoon = first >= 11 and clock.hour < (12 if first == 12 else 11)
    return clock.replace(hour=clock.hour + 12) if afternoon else clock


def _latest(part: str, clock: time, now: datetime) -> str:
    """The last time before ``now`` at which a clock showed this."""
    if clock.hour > 12:
        hours = {clock.hour}
    elif part and part not in NIGHT:
        hours = {_by_part(part, clock).hour}
    else:
        hours = {clock.hour % 12, clock.hour % 12 + 12}
    naive = now.replace(tzinfo=None)
    choices = [
        datetime.combine(naive.date() - timedelta(days=back), time(hour, clock.minute))
        for back in (0, 1)
        for hour in hours
    ]
    return max(c for c in choices if c <= naive).isoformat(timespec="minutes")
