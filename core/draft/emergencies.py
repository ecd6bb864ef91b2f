"""What must be handed over at once: to 110, 119, 120, 122 or a public service."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.pack.emergency import Denials, Emergency, Situation
from core.pack.phrase import Heard, Match, Phrase, first_match

_CLAUSE_ENDS = re.compile(r"[，。！？；]")
_REACH = 12
# 脚不行 sounds like 叫不醒: shorter words are not trusted by their sound to call an ambulance.
SOUND_LENGTH = 4
# Stands for a denied word; a folded text has no control characters.
_DENIED = "\0"


@dataclass(frozen=True, slots=True)
class Hit:
    """A situation that was heard, the lines it needs and the words.

    ``more``: lines beyond the situation's own are needed (somebody is hurt).
    """

    situation: Situation
    transfer: tuple[str, ...]
    match: Match
    more: bool

    @property
    def confidence(self) -> float:
        return 0.9 if self.match.exact else 0.55


def hits(emergency: Emergency, heard: Heard) -> list[Hit]:
    """Every situation that happens now, by the order of the pack (the gravest first)."""
    found: list[Hit] = []
    for situation in emergency.situations:
        match = _now(emergency, situation, heard)
        if match is None or first_match(situation.unless, heard):
            continue
        lines = list(situation.transfer)
        for more in situation.with_also:
            if any(_undenied(emergency, phrase, heard) for phrase in more.signs):
                lines += more.transfer
        more_lines = len(lines) > len(situation.transfer)
        found.append(Hit(situation, tuple(dict.fromkeys(lines)), match, more_lines))
    return found


def transfers(emergency: Emergency, found: list[Hit]) -> list[str]:
    """The lines of all hits, in the order in which they are called."""
    wanted = {line for hit in found for line in hit.transfer}
    return [line for line in emergency.order if line in wanted]


def _now(emergency: Emergency, situation: Situation, heard: Heard) -> Match | None:
    """The first sign that is no fear, no memory and not denied, words as written before sounds."""
    by_sound: Match | None = None
    for phrase in situation.signs:
        matches = (
            _undenied(emergency, phrase, heard) if situation.deniable else phrase.matches(heard)
        )
        for match in matches:
            if not situation.past_counts and _not_now(emergency, heard.text, match):
                continue
            if match.exact:
                return match
            if match.end - match.start >= SOUND_LENGTH:
                by_sound = by_sound or match
    return by_sound


def _not_now(emergency: Emergency, text: str, match: Match) -> bool:
    """Whether a word of fear or memory stands before the sign in its clause, or inside it."""
    before = _CLAUSE_ENDS.split(text[max(0, match.start - _REACH) : match.start])[-1]
    clause = before + text[match.start : match.end]
    return any(word in clause for word in emergency.not_now)


def _undenied(emergency: Emergency, phrase: Phrase, heard: Heard) -> list[Match]:
    """The matches of a sign that are not denied, neither whole nor in part (燃气没有泄漏)."""
    kept: list[Match] = []
    text = heard.text
    for match in phrase.matches(heard):
        if _denied(emergency.denials, heard.text, match.start, match.end):
            continue
        parts = _denied_parts(emergency.denials, phrase, heard.text, match)
        for start, end in parts:
            text = text[:start] + _DENIED * (end - start) + text[end:]
        if not parts:
            kept.append(match)
    # The same sign may go on behind the denied word: 燃气没有泄漏，但是味儿很大.
    return kept if text == heard.text else kept + _undenied(emergency, phrase, Heard(text))


def _denied_parts(
    denials: Denials, phrase: Phrase, text: str, match: Match
) -> list[tuple[int, int]]:
    """The sign's words inside the match that are denied, save by its own words (没有脉搏)."""
    own = phrase.words - {""}
    words = tuple(d for d in denials.words if not any(d in word for word in own))
    foreign = denials.model_copy(update={"words": words})
    return [
        (start, start + len(word))
        for word in own
        for start in range(match.start + 1, match.end - len(word) + 1)
        if text.startswith(word, start) and _denied(foreign, text, start, start + len(word))
    ]


def _denied(denials: Denials, text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is denied by what stands before it."""
    before = start
    while before and text[before - 1] == _DENIED:
        before -= 1
    if not text.endswith(denials.words, 0, before):
        return False
    return not (
        text.endswith(denials.unless_in, 0, before)
        or text.startswith(denials.unless_before, end)
        or text.endswith(denials.unless_before, start, end)
        or any(word in text[start:end] for word in denials.unless_of)
    )
