"""Times as callers say them, worked out from the time of the call.

Pure: the same words and the same ``now`` give the same moments. ``now`` is local time of the city.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from core.draft.days import DAY_WORDS, HOLIDAYS, WEEKDAYS, Said, day_of
from core.draft.hours import NIGHT, PARTS, clock_of, with_time

_N = r"[0-9零〇一二两三四五六七八九十百俩仨]{1,4}"
_PART = "|".join(sorted(PARTS, key=len, reverse=True))
# What a moment can begin with; most characters are passed over at once.
_FIRST = "0-9零〇一二两三四五六七八九十百俩仨几好半的大前昨今上这本礼星周去元劳国刚方"
_FIRST += "".join({part[0] for part in PARTS})
_MOMENT = re.compile(
    rf"""
    (?=[{_FIRST}])
    (?:
      (?P<day>{"|".join(DAY_WORDS)})(?:个)?
    | (?P<weeks>(?:上上|上|这|本)?)(?:一)?个?(?:礼拜|星期|周)(?P<weekday>[{WEEKDAYS}])
    | (?:(?P<year>20\d\d|二[零〇]二[零〇一二三四五六七八九]|今年|去年|前年)年?的?)?
      (?P<month>{_N})月(?:份)?(?:(?P<mday>{_N})[日号]|(?P<third>初|中旬|底|末|上旬|下旬))?
    | (?P<lastmonth>上个月|上月|这个月|本月)(?:(?P<lmday>{_N})[日号]|(?P<lthird>初|中旬|底|末))?
    | (?P<onlyyear>去年|前年|今年)(?P<season>春天|夏天|秋天|冬天|年初|年底|开春|入冬)?
    | (?P<holiday>{"|".join(HOLIDAYS)})(?:那天|那会儿|那阵|当天|期间|假期|前后)?
    | (?P<ago>{_N}|半|几|好几)(?:来|多)?个?(?:多)?
      (?P<agounit>天|日|礼拜|星期|周|月|年|小时|钟头|分钟)(?:多|来)?(?:以前|之前|前)(?!面)
    | (?P<lasting>{_N}|半)(?:来|多)?个?(?:多)?(?P<lastunit>天|礼拜|星期|周|月|年)(?:多|来)?了
    | (?P<just>刚才|刚刚|方才|这会儿|刚)(?=[^，。]*)
    )?
    (?:的)?
    (?P<part>{_PART})?
    (?:的)?
    (?:(?P<hour>{_N})(?:点钟|点)(?:(?P<half>半)|(?P<quarter>一刻|三刻)|(?P<minute>{_N})分?)?
      (?:多|来钟|左右)?
    | (?P<clock>\d{{1,2}}):(?P<clockmin>\d\d))?
    """,
    re.VERBOSE,
)
# A plan, a threat or a habit is not when something happened.
_NOT_PAST = re.compile(
    r"^[^，。！？]{0,3}(?:再|就要|要是|准备|打算|必须|之内|以内|就上班|下班|上班|营业)"
)
_HABIT = re.compile(
    r"(?:每天|天天|每到|一到|总是|老是|老|经常|每个|末班车|首班车|白天)[^。！？]{0,6}$"
)
_CALLED = re.compile(r"^[^，。！？]{0,4}(?:打过|反映过|投诉过|报过|打了电话|打的电话)")
_SINCE = re.compile(r"(?:从|自|打|自从)$")


@dataclass(frozen=True, slots=True)
class Moment:
    """``at`` in ISO 8601 as exact as it was said: ``2025``, ``2025-12``, ``2026-01-09``,
    ``2026-01-11T23:30``. ``weight`` (0..1) is how plainly the words name a time; ``called``: it is
    the time of an earlier call about the matter. ``text[start:end]`` are the words.
    """

    at: str
    start: int
    end: int
    weight: float
    called: bool = False
    since: bool = False


def moments(text: str, now: datetime) -> list[Moment]:
    """All times named in a folded text that lie before ``now``, in the order of the text."""
    found: list[Moment] = []
    for match in _MOMENT.finditer(text):
        moment = _moment(match, text, now) if match.group(0) else None
        if moment is not None:
            found.append(moment)
    return list(_joined(found, text))


def _moment(match: re.Match[str], text: str, now: datetime) -> Moment | None:
    said = match.groupdict()
    if _NOT_PAST.match(text[match.end() :]) or _HABIT.search(text[: match.start()]):
        return None
    since = bool(_SINCE.search(text[: match.start()]))
    day, at, weight = day_of(said, now)
    hour = clock_of(said)
    if at is None and day is None and not _worth_alone(said, since):
        return None
    if hour is not None or said["part"]:
        worked_out = with_time(said, day, hour, now)
        if worked_out is None:
            return None
        at, more = worked_out
        weight = max(weight, 0.6) + more
    elif day is not None and at is None:
        at = day.isoformat()
    if at is None or at > now.isoformat(timespec="minutes"):
        return None
    return Moment(
        at=at,
        start=match.start(),
        end=match.end(),
        weight=min(weight, 1.0),
        called=bool(_CALLED.match(text[match.end() :])),
        since=since,
    )


def _worth_alone(said: Said, since: bool) -> bool:
    """A time without a day counts if it is the night, an hour of a part of day, or since when."""
    hour = said["hour"] or said["clock"]
    return bool(since and hour) or bool(hour and said["part"]) or said["part"] in NIGHT


def _joined(found: list[Moment], text: str) -> Iterator[Moment]:
    """Two moments with "from … to" between them are one span."""
    place = 0
    while place < len(found):
        first = found[place]
        if place + 1 < len(found) and first.since:
            second = found[place + 1]
            between = text[first.end : second.start]
            same_form = len(first.at) == len(second.at) and first.at <= second.at
            if same_form and len(between) <= 8 and re.search(r"[到至]", between):
                yield replace(
                    first, at=f"{first.at}/{second.at}", end=second.end, weight=first.weight + 0.2
                )
                place += 2
                continue
        yield first
        place += 1
