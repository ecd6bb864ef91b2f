"""Telephone numbers in what one person says, with his corrections."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.draft.numerals import DigitRun, digit_runs

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LOCAL = re.compile(r"[2-8]\d{6,7}")
_CUE = re.compile(
    r"电话|手机|号码|座机|固话|联系|打给?|(?<![编单户账卡])号是|号儿?[：，]?$|给你个号"
)
_OTHER_NUMBER = re.compile(
    r"工单|单子|单号|编号|户号|卡号|身份证|账号|帐号|尾号|车牌|邮编|订单|流水|代码|工号|验证码"
)
_TAIL = re.compile(r"(?:末尾|尾号|最后|末了|后(?:面|边|头)?(?:[三四五]位|那?几位)?)[^，。]{0,5}$")
WRONG = re.compile(
    r"(?<!对)不对|(?<!是)不是(?!吗)|错了|说错|念错|记错|报错|更正|旧号|作废|不用了|重新说|换一个号"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Digits that may be a telephone number: ``text[start:end]`` of one leg.

    ``sure``: nothing was guessed by sound. ``valid``: the length and beginning are a number's.
    """

    number: str
    start: int
    end: int
    valid: bool
    sure: bool = True


def spoken_numbers(text: str, area_code: str, answers: Sequence[int] = ()) -> list[Candidate]:
    """The numbers the speaker stands by, in order; ``text`` is folded, ``area_code`` the city's.

    ``answers`` are the places where he answers a read-back: a "no" there takes back the other's
    reading, not his own.
    """
    return _standing(text, _candidates(text, area_code), answers)


def _candidates(text: str, area_code: str) -> list[Candidate]:
    sure = [c for run in digit_runs(text) for c in _in_run(text, run, area_code)]
    if any(candidate.valid for candidate in sure):
        return sure
    guessed = [c for run in digit_runs(text, by_sound=True) for c in _in_run(text, run, area_code)]
    return [c for c in guessed if c.valid] or sure


def _in_run(text: str, run: DigitRun, area_code: str) -> list[Candidate]:
    """The telephone numbers in one run: as many groups as make one, else the whole as broken."""
    before = text[max(0, run.start - 12) : run.start]
    cue, other = _last(_CUE, before), _last(_OTHER_NUMBER, before)
    if other > -1 and other >= cue:  # 户号 ends like 号, and is what was meant
        return []
    landline = re.compile(rf"(?:{area_code}|010|02\d|0[3-9]\d\d){_LOCAL.pattern}|0\d{{10,11}}")
    found_in: list[Candidate] = []
    first = 0
    while first < len(run.groups):
        for last in range(len(run.groups), first, -1):
            groups = run.groups[first:last]
            digits = "".join(group.digits for group in groups)
            whole = first == 0 and last == len(run.groups)
            local = whole and cue >= 0 and _LOCAL.fullmatch(digits)
            if _MOBILE.fullmatch(digits) or landline.fullmatch(digits) or local:
                sure = all(group.sure for group in groups)
                found_in.append(Candidate(digits, groups[0].start, groups[-1].end, True, sure))
                first = last
                break
        else:
            first += 1
    if not found_in and len(run.digits) >= 7 and (cue >= 0 or run.digits.startswith("1")):
        found_in.append(Candidate(run.digits, run.start, run.end, valid=False))
    return found_in


def _last(pattern: re.Pattern[str], text: str) -> int:
    return max((match.end() for match in pattern.finditer(text)), default=-1)


def _standing(text: str, candidates: list[Candidate], answers: Sequence[int]) -> list[Candidate]:
    """Without those that the caller took back; a new ending replaces the old one's digits."""
    standing: list[Candidate] = []
    for place, candidate in enumerate(candidates):
        following = candidates[place + 1].start if place + 1 < len(candidates) else len(text)
        following = min([following, *(a for a in answers if a >= candidate.end)])
        after = text[candidate.end : min(following, candidate.end + 20)]
        wrong = WRONG.search(after)
        if wrong is None:
            standing.append(candidate)
            continue
        mended = _mended(text, candidate, candidate.end + wrong.end(), following)
        if mended is not None:
            standing.append(mended)
    return standing


def _mended(text: str, old: Candidate, start: int, end: int) -> Candidate | None:
    for run in digit_runs(text[start:end]):
        digits = run.digits
        if 2 <= len(digits) <= 6 and _TAIL.search(text[start : start + run.start]):
            number = old.number[: -len(digits)] + digits
            return Candidate(number, old.start, start + run.end, old.valid, sure=False)
    return None
