"""Which day is meant: 昨儿, 上礼拜三, 去年九月, 元旦, 三天前."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from core.draft.numerals import whole_number

# What the pattern of ``core.draft.moments`` found, by the names of its groups.
Said = dict[str, str | None]
DAY_WORDS = {
    "大前天": 3,
    "大前儿": 3,
    "前天": 2,
    "前儿": 2,
    "前晚": 2,
    "昨天": 1,
    "昨儿": 1,
    "昨晚": 1,
    "昨夜": 1,
    "昨日": 1,
    "今天": 0,
    "今儿": 0,
    "今日": 0,
    "今早": 0,
    "今晨": 0,
    "今晚": 0,
    "今": 0,
}
HOLIDAYS = {"元旦": (1, 1), "劳动节": (5, 1), "国庆": (10, 1), "国庆节": (10, 1)}
# Nobody calls about what lies further back; a larger number was misheard.
OLDEST_YEARS = 99
WEEKDAYS = "一二三四五六日天末"


def day_of(said: Said, now: datetime) -> tuple[date | None, str | None, float]:
    """The day that is meant, or the moment itself where no day is, and how plain it is."""
    today = now.date()
    if said["day"]:
        back = DAY_WORDS[said["day"]]
        return today - timedelta(days=back), None, 0.9 if back else 0.35
    if said["weekday"]:
        return _weekday(said["weeks"] or "", said["weekday"], today), None, 0.9
    if said["month"]:
        return _month(said, today)
    if said["lastmonth"]:
        return _last_month(said, today)
    if said["onlyyear"]:
        year = today.year - {"去年": 1, "前年": 2, "今年": 0}[said["onlyyear"]]
        return None, str(year), 0.45 if said["season"] else 0.3
    if said["holiday"]:
        month, number = HOLIDAYS[said["holiday"]]
        day = date(today.year, month, number)
        return (day if day <= today else day.replace(year=today.year - 1)), None, 0.9
    if said["ago"]:
        return _ago(said["ago"], said["agounit"] or "", now, 0.8)
    if said["lasting"]:
        return _ago(said["lasting"], said["lastunit"] or "", now, 0.6)
    if said["just"]:
        return None, now.isoformat(timespec="minutes")[:16], 0.5
    return None, None, 0.0


def _weekday(weeks: str, name: str, today: date) -> date:
    monday = today - timedelta(days=today.weekday())
    number = {"日": 6, "天": 6, "末": 5}.get(name)
    offset = WEEKDAYS.index(name) if number is None else number
    if weeks in ("上", "上上"):
        return monday + timedelta(days=offset - 7 * len(weeks))
    day = monday + timedelta(days=offset)
    return day if day <= today else day - timedelta(days=7)


def _month(said: Said, today: date) -> tuple[date | None, str | None, float]:
    month = whole_number(said["month"] or "")
    if month is None or not 1 <= month <= 12:
        return None, None, 0.0
    year = _year(said["year"], today)
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    number = whole_number(said["mday"] or "")
    if number is None:
        return None, f"{year:04d}-{month:02d}", 0.7
    try:
        day = date(year, month, number)
    except ValueError:
        return None, f"{year:04d}-{month:02d}", 0.4
    if day > today and said["year"] is None:
        day = date(year - 1, month, min(number, 28) if month == 2 else number)
    return day, None, 0.95


def _year(said: str | None, today: date) -> int | None:
    if said is None:
        return None
    if said in ("今年", "去年", "前年"):
        return today.year - ("今年", "去年", "前年").index(said)
    return whole_number(said)


def _last_month(said: Said, today: date) -> tuple[date | None, str | None, float]:
    first = today.replace(day=1)
    if (said["lastmonth"] or "").startswith("上"):
        first = (first - timedelta(days=1)).replace(day=1)
    number = whole_number(said["lmday"] or "")
    if number is not None and 1 <= number <= 28:
        return first.replace(day=number), None, 0.95
    return None, first.strftime("%Y-%m"), 0.6


def _ago(
    amount: str, unit: str, now: datetime, weight: float
) -> tuple[date | None, str | None, float]:
    if amount in ("几", "好几"):
        return None, None, 0.0  # some days ago is no date
    number = 0.5 if amount == "半" else float(whole_number(amount) or 0)
    if unit in ("月", "年") and number > OLDEST_YEARS:
        return None, None, 0.0
    if unit in ("小时", "钟头", "分钟"):
        minutes = number * (1 if unit == "分钟" else 60)
        return None, (now - timedelta(minutes=minutes)).isoformat(timespec="minutes")[:16], weight
    if unit in ("天", "日"):
        return now.date() - timedelta(days=int(number)), None, weight
    if unit in ("礼拜", "星期", "周"):
        return now.date() - timedelta(days=int(number * 7)), None, weight
    if unit == "月":
        if number < 1:
            return now.date() - timedelta(days=15), None, weight - 0.1
        months = now.year * 12 + now.month - 1 - int(number)
        return None, f"{months // 12:04d}-{months % 12 + 1:02d}", weight
    years = int(number) if number >= 1 else 0
    return None, (f"{now.year - years:04d}" if years else None), weight - 0.15
