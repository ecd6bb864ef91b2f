"""One written form for what recognisers write: full-width folded, stray spaces out.

Every character of the result knows its place in the original, so that evidence can quote the words
as they stand in the transcript.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

# Full-width punctuation is what the rules expect; recognisers mix both kinds.
_PUNCTUATION = str.maketrans({",": "，", "?": "？", "!": "！", ";": "；", ":": "：", "、": "，"})


@dataclass(frozen=True, slots=True)
class Folded:
    """``text[i]`` came from ``original[places[i]]``."""

    original: str
    text: str
    places: tuple[int, ...]

    def quote(self, start: int, end: int) -> str:
        """The original words behind ``text[start:end]``."""
        if start >= end:
            return ""
        return self.original[self.places[start] : self.places[end - 1] + 1]


def is_han(char: str) -> bool:
    """A Chinese character (a unified ideograph or 〇)."""
    return "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" or char == "〇"


def fold(original: str) -> Folded:
    """Fold ``original``: width, kind of punctuation, spaces that do not part two Latin words.

    Control characters may come with hostile text; they carry nothing and are left out.
    """
    chars: list[str] = []
    places: list[int] = []
    for place, char in enumerate(original):
        if unicodedata.category(char).startswith("C"):
            continue
        for folded in unicodedata.normalize("NFKC", char):
            chars.append(folded.translate(_PUNCTUATION))
            places.append(place)
    text: list[str] = []
    kept: list[int] = []
    for index, char in enumerate(chars):
        before = chars[index - 1] if index else " "
        after = chars[index + 1] if index + 1 < len(chars) else " "
        if char.isspace() and not (_is_latin(before) and _is_latin(after)):
            continue
        full_stop = char == "." and not (before.isdigit() and after.isdigit())
        text.append("。" if full_stop else char)
        kept.append(places[index])
    return Folded(original=original, text="".join(text), places=tuple(kept))


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalpha()
