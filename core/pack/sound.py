"""How Chinese characters sound, so that a word is found although it was written down wrong.

Recognisers mostly err in the character and the tone, next in zh/z, ch/c, sh/s and in -ng/-n; two
syllables that differ only so far are one sound here. Each sound is one private-use character: a
text and its sounds have equal length, and a pattern finds the same place in both.
"""

from __future__ import annotations

from functools import lru_cache

from pypinyin import lazy_pinyin

_FIRST_PRIVATE = 0xE000
_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_PLAIN = {"zh": "z", "ch": "c", "sh": "s"}
_INITIAL_PLACES = {initial: place for place, initial in enumerate((*_INITIALS, ""))}
_FINALS = (
    *("a", "o", "e", "i", "u", "v", "ai", "ei", "ao", "ou", "an", "en", "in", "er", "ong"),
    *("ia", "ie", "iao", "iu", "ian", "iong", "ua", "uo", "uai", "ui", "uan", "un", "ue", "ve"),
)
_FINAL_PLACES = {final: place for place, final in enumerate(_FINALS)}


@lru_cache(maxsize=16384)
def _sound(char: str) -> str:
    if not "\u4e00" <= char <= "\u9fff":
        return char
    syllable = lazy_pinyin(char)[0]
    initial = next((i for i in _INITIALS if syllable.startswith(i)), "")
    final = syllable[len(initial) :]
    if final.endswith(("ang", "eng", "ing")):
        final = final[:-1]
    if final not in _FINAL_PLACES:
        return char  # a rare interjection such as 嗯 (n) sounds like nothing else
    first = _INITIAL_PLACES[_PLAIN.get(initial, initial)]
    return chr(_FIRST_PRIVATE + first * len(_FINALS) + _FINAL_PLACES[final])


def sounds(text: str) -> str:
    """``text`` with every Chinese character replaced by its sound; the length stays."""
    return "".join(map(_sound, text))


def nearly(one: str, other: str) -> bool:
    """Whether two sounds of ``sounds`` differ in the initial only, or in the final only."""
    if one == other:
        return True
    places = [ord(sound) - _FIRST_PRIVATE for sound in (one, other)]
    if min(places) < 0:
        return False  # a digit or a comma
    (first, last), (other_first, other_last) = (divmod(place, len(_FINALS)) for place in places)
    return first == other_first or last == other_last
