"""Spoken digits: 幺五四，零四个六 and 154 0 6666 are the same string.

Digits are read one by one as callers say them; amounts (二十三个人, 三千二百) are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_DIGITS = {char: str(value % 10) for value, char in enumerate("零一二三四五六七八九")}
_DIGITS |= {"〇": "0", "○": "0", "洞": "0", "幺": "1", "两": "2", "拐": "7"}
_DIGITS |= {digit: digit for digit in "0123456789"}
# What recognisers write for a digit; trusted only where nothing else makes a number.
_SOUND_DIGITS = {
    **dict.fromkeys("要腰妖邀吆夭医衣", "1"),
    **dict.fromkeys("儿而尔耳", "2"),
    **dict.fromkeys("山散伞", "3"),
    **dict.fromkeys("死似四寺", "4"),
    **dict.fromkeys("武午无舞", "5"),
    **dict.fromkeys("流留刘溜", "6"),
    **dict.fromkeys("期其气奇", "7"),
    **dict.fromkeys("吧巴爸扒", "8"),
    **dict.fromkeys("酒久就", "9"),
    **dict.fromkeys("灵铃另林玲凌", "0"),
}
_COUNTS = {"一": 1, "两": 2, "俩": 2, "仨": 3} | {char: int(d) for char, d in _DIGITS.items()}
_MAY_BEGIN = re.compile(f"[{''.join({*_DIGITS, *_COUNTS})}]")
_MAY_BEGIN_BY_SOUND = re.compile(f"[{''.join({*_DIGITS, *_COUNTS, *_SOUND_DIGITS})}]")
# Characters that make the digit beside them part of an amount.
_AMOUNT = "十百千万亿"
_PAUSE = re.compile(
    r"[，。\-—~ …]{0,3}(?:嗯|啊|呃|额|哦|那个|然后|完了|接着|后面是|再是)?[，。\-—~ …]{0,3}"
)


@dataclass(frozen=True, slots=True)
class Group:
    """Digits said in one go: ``text[start:end]``. ``sure`` is False if some were guessed by sound.

    A group ends where the speaker pauses.
    """

    digits: str
    start: int
    end: int
    sure: bool = True


@dataclass(frozen=True, slots=True)
class DigitRun:
    """Groups with nothing but pauses and fillers between them."""

    groups: tuple[Group, ...]

    @property
    def digits(self) -> str:
        return "".join(group.digits for group in self.groups)

    @property
    def start(self) -> int:
        return self.groups[0].start

    @property
    def end(self) -> int:
        return self.groups[-1].end


def digit_runs(text: str, *, by_sound: bool = False) -> list[DigitRun]:
    """All runs of spoken digits of a folded text, in order.

    ``by_sound`` also takes what only sounds like a digit (要五四 for 幺五四).
    """
    runs: list[list[Group]] = []
    for group in _groups(text, by_sound):
        if runs and _PAUSE.fullmatch(text, runs[-1][-1].end, group.start):
            runs[-1].append(group)
        else:
            runs.append([group])
    return [DigitRun(tuple(groups)) for groups in runs]


def _groups(text: str, by_sound: bool) -> Iterator[Group]:
    place = 0
    while hit := (_MAY_BEGIN_BY_SOUND if by_sound else _MAY_BEGIN).search(text, place):
        place = hit.start()
        digits, start, sure = "", place, True
        while place < len(text):
            read = _read(text, place, by_sound)
            if read is None:
                break
            said, length, certain = read
            digits += said
            sure = sure and certain
            place += length
        if digits:
            yield Group(digits, start, place, sure)
        else:
            place += 1


def _read(text: str, place: int, by_sound: bool) -> tuple[str, int, bool] | None:
    """The digits said at ``place``: themselves, how many characters, and whether that is sure."""
    count = _COUNTS.get(text[place], 0)
    if 1 <= count <= 9 and text[place + 1 : place + 2] == "个":
        repeated = _digit(text, place + 2)
        if repeated is not None:
            return repeated * count, 3, True
    digit = _digit(text, place)
    if digit is not None:
        return digit, 1, True
    if by_sound and text[place] in _SOUND_DIGITS:
        return _SOUND_DIGITS[text[place]], 1, False
    return None


def _digit(text: str, place: int) -> str | None:
    if place >= len(text) or text[place] not in _DIGITS:
        return None
    if not text[place].isascii():
        beside = text[place - 1 : place] + text[place + 1 : place + 2]
        if any(char in _AMOUNT for char in beside):
            return None
    return _DIGITS[text[place]]


_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}


def whole_number(text: str) -> int | None:
    """A written or spoken amount below a hundred million: 23, 二十三, 三千二百八, 俩, 一零二.

    None if ``text`` is not one.
    """
    if not text:
        return None
    if all(char in _DIGITS for char in text):
        return int("".join(_DIGITS[char] for char in text))
    if text in ("俩", "仨"):
        return 2 if text == "俩" else 3
    total, section, digit, unit = 0, 0, 0, 1
    for char in text:
        if char in _DIGITS and not char.isascii():
            digit = int(_DIGITS[char])
        elif char == "万":
            total, section, digit, unit = (total + section + digit) * 10000, 0, 0, 10000
        elif char in _UNITS:
            unit = _UNITS[char]
            section += (digit or 1) * unit
            digit = 0
        else:
            return None
    # 三千二百八 is 3280: a last digit counts tens of what was said before, unless 零 was said.
    if digit and unit >= 100 and "零" not in text[-2:]:
        digit *= unit // 10
    return total + section + digit
