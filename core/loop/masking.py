"""Personal numbers and names taken out of text, however they are written or said (article 39).

Masking may take too much, never too little: what is long enough to be a telephone or an identity
number goes, also in full-width or spoken digits (幺五四零零…) and also when blanks, hyphens or
fillers break it. Masked digits keep their places, so that the text reads as before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

STAR = "*"
COVER = "**"
# The shortest number that reaches a person: a local telephone without its area code.
LEAST_DIGITS = 7
# Of a mobile number the first three and the last four may stay, of every other number none.
MOBILE_DIGITS, HEAD, TAIL = 11, 3, 4
# By sound alone almost anything is a digit; with so many sure ones a number is being said.
SURE_DIGITS = 3

_ONES = "一幺壹"
_SPOKEN = _ONES + "零〇○二三四五六七八九两洞拐勾贰叁肆伍陆柒捌玖貳參陸"
# Decimals of every script, raised, lowered and circled ones.
_WRITTEN = r"\d⁰¹²³⁴-⁹₀-₉①-⑨⓪⑴-⑼❶-❾㈠-㈨㊀-㊈"
_ANY = f"[{_WRITTEN}{_SPOKEN}]"
_COUNTS = {char: count for count, char in enumerate("一二三四五六七八九", 1)} | {
    "两": 2,
    "俩": 2,
    "仨": 3,
}
# 四个零 is four digits; the count alone (三个人) is none.
_SURE = re.compile(rf"[\d{''.join(_COUNTS)}]个{_ANY}|{_ANY}")
# What recognisers write for a digit.
_SOUND = "要腰妖邀吆夭医衣儿而尔耳山散伞死似四寺武午无舞流留刘溜期其气奇吧巴爸扒酒久就灵铃另林玲凌"
_BY_SOUND = re.compile(f"{_SURE.pattern}|[{_SOUND}]")
_AMOUNT = frozenset("十百千万亿")
_GAP = re.compile(
    r"[\W_]*+(?:(?:嗯|啊|呃|额|哦|呢|那个|然后|完了|接着|再来|再是|后面是|后边是|后面|是)[\W_]*+)?"
)
# No person's number: a day (with its time), and the number of a ticket.
_DAY = re.compile(
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])"
    r"(?:[ T]\d{1,2}:\d\d(?::\d\d)?)?",
    re.ASCII,
)
_TICKET = re.compile(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{5}", re.ASCII)

Token = tuple[int, int]  # a digit said in text[start:end]
# An enterprise is called by what stands between its place and its legal form.
_PLACE = re.compile(r"\A(?:.{2,7}?(?:省|自治区))?(?:.{2,5}?市)?(?:.{1,4}?[区县旗])?")
_FORM = re.compile(r"(?:集团|控股)?(?:股份|责任)?(?:有限)?(?:责任)?(?:集团)?(?:总|分)?公司\Z")
_IN_BRACKETS = re.compile(r"[(（][^)）]*[)）]")


def mask_numbers(text: str, *, ends: bool, least: int = LEAST_DIGITS) -> str:
    """The text without numbers of ``least`` digits or more.

    ``ends``: a mobile number keeps the first three and the last four, by which somebody who knows
    it finds it again.
    """
    done = bytearray(len(text))
    hidden: list[Token] = []
    for run in _runs(text, _tokens(text, _SURE)):
        start, end = run[0][0], run[-1][1]
        harmless = _harmless(text[start:end])
        if harmless or _length(text, run) >= least:
            done[start:end] = b"1" * (end - start)
            hidden += [] if harmless else _hidden(text, run, ends)
    left = [token for token in _tokens(text, _BY_SOUND) if not any(done[token[0] : token[1]])]
    for run in _runs(text, left):
        sure = [token for token in run if text[token[1] - 1] not in _SOUND]
        if len(sure) >= SURE_DIGITS and _length(text, run) >= least:
            hidden += run
    return _starred(text, hidden)


def mask_phone(value: str) -> str:
    """A telephone's field: a mobile keeps its ends, everything else no digit at all."""
    return mask_numbers(value, ends=True, least=1)


def mask_name(name: str) -> str:
    """The first character and two stars."""
    bare = name.strip()
    return bare[:1] + COVER if bare else ""


def short_names(name: str) -> frozenset[str]:
    """The name, and what it is called for short: without place, legal form and what is in brackets.

    A person's name has none of these; what would be a single character is left out.
    """
    bare = _IN_BRACKETS.sub("", name.strip())
    formless = _FORM.sub("", bare)
    forms = {bare, formless, _PLACE.sub("", bare), _PLACE.sub("", formless)}
    return frozenset({name} | {form for form in forms if len(form) > 1})


def cover(text: str, known: Iterable[tuple[str, str]]) -> str:
    """The text with each known value (name, address) replaced, blanks inside it or not, in capitals
    or not.

    ``known``: pairs of the value and what is shown for it. A single character is left: it is no
    name.
    """
    for value, shown in sorted(known, key=lambda pair: -len(pair[0])):
        letters = [re.escape(letter) for letter in value if not letter.isspace()]
        if len(letters) > 1:
            wanted = re.compile(r"[\W_]*?".join(letters), re.IGNORECASE)
            text = wanted.sub(shown.replace("\\", r"\\"), text)
    return text


def _tokens(text: str, pattern: re.Pattern[str]) -> Iterator[Token]:
    for match in pattern.finditer(text):
        start, end = match.span()
        beside = text[start - 1 : start] + text[end : end + 1]
        spoken = text[start] in _SPOKEN
        if not (spoken and any(char in _AMOUNT for char in beside)):  # an amount: 三千二百
            yield start, end


def _runs(text: str, tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """Tokens with nothing but separators and fillers between them."""
    run: list[Token] = []
    for token in tokens:
        if run and not _GAP.fullmatch(text, run[-1][1], token[0]):
            yield run
            run = []
        run.append(token)
    if run:
        yield run


def _length(text: str, run: list[Token]) -> int:
    """How many digits are said; a counted one (四个零) as many as its count can be."""
    return sum(1 if end - start == 1 else _count(text[start]) for start, end in run)


def _count(char: str) -> int:
    return _COUNTS[char] if char in _COUNTS else unicodedata.digit(char)


def _harmless(said: str) -> bool:
    return _DAY.fullmatch(said) is not None or _TICKET.fullmatch(said) is not None


def _hidden(text: str, run: list[Token], ends: bool) -> list[Token]:
    first = text[run[0][0]]
    mobile = len(run) == MOBILE_DIGITS and all(end - start == 1 for start, end in run)
    one = first in _ONES or unicodedata.digit(first, None) == 1
    return run[HEAD:-TAIL] if ends and mobile and one else run


def _starred(text: str, hidden: list[Token]) -> str:
    letters = list(text)
    for start, end in hidden:
        letters[start:end] = STAR * (end - start)
    return "".join(letters)
