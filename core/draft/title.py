"""The title of a ticket and its cleaned content."""

from __future__ import annotations

import re
from functools import lru_cache

from core.draft.category import Guess
from core.draft.finding import NOTHING, by_rule, found
from core.draft.speech import Passage
from core.views import FieldView

LONGEST = 60
_LONGEST_PLACE = 20
# From the building on, an address does not belong into a title that a whole unit reads.
_DOOR = re.compile(r"[0-9]+(?:号楼|号院|栋|幢|单元|室|层|门|号).*$")
_GREETING = "喂|哎|嗯|啊|呃|那个|你好|您好|同志|吗|是|请问是|接线员|师傅|姑娘|大姐|小姐"
_HESITATION = re.compile(r"(?:(?<=[，。！？])|^)(?:嗯+|啊|呃|额|哎|诶|那个)[，。]")
_BACKCHANNEL = re.compile(r"(?:好的?|对+|是的?|行|嗯+|哦|啊|谢谢(?:你|您)?啊?|再见|没有了?|没了)")
_CLAUSE = re.compile(r"[^，。！？；…]+")


def content_of(said: Passage, hotline: str) -> FieldView:
    """The caller's words without greetings (``hotline``: the number he asks for), hesitations and
    mere assent.
    """
    greeting = _greeting(hotline)
    parts: list[str] = []
    kept_from, kept_to = len(said.text), 0
    for piece in said.pieces:
        words = _HESITATION.sub("", greeting.sub("", piece.folded.text))
        if not words or _BACKCHANNEL.fullmatch(words.strip("，。！？")):
            continue
        if parts and parts[-1][-1] not in "，。！？；…":
            parts.append("，")
        parts.append(words)
        kept_from, kept_to = min(kept_from, piece.start), max(kept_to, piece.end)
    if not parts:
        return NOTHING
    return found("".join(parts), 0.6, said.evidence(kept_from, kept_to))


def title_of(
    said: Passage,
    *,
    hotline: str,
    guess: Guess | None,
    district: str | None,
    address: str | None,
    enquiry: bool,
    bare: bool,
) -> FieldView:
    """Where and what; of an enquiry only what. ``bare``: only what (nothing else may be told)."""
    matter = guess.leaf.matter if guess and guess.leaf else (guess.branch.name if guess else None)
    if matter is None:
        first = max(_CLAUSE.findall(_greeting(hotline).sub("", said.text)), key=len, default="")
        return found(first[:_LONGEST_PLACE], 0.2) if first else NOTHING
    confidence = 0.3 + 0.4 * (guess.confidence if guess else 0.0)
    if bare:
        return found(matter, confidence, [by_rule(matter)])
    place = (district or "") + _DOOR.sub("", address or "")[:_LONGEST_PLACE]
    title = f"{matter}咨询" if enquiry else f"{place}{matter}"
    return found(title[:LONGEST], confidence, [by_rule(matter)])


@lru_cache(maxsize=8)
def _greeting(hotline: str) -> re.Pattern[str]:
    """Greetings at the beginning, with the number by which callers ask whether it is we."""
    return re.compile(rf"^(?:(?:{_GREETING}|{re.escape(hotline)})[啊呀吗]?[，。！？]?)+")
