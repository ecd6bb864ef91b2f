"""What must be handed over at once: to 110, 119, 120, 122 or a public service."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.pack.emergency import Emergency, Situation
from core.pack.phrase import Heard, Match, first_match

_CLAUSE_ENDS = re.compile(r"[，。！？；]")
_REACH = 12
# 脚不行 sounds like 叫不醒: shorter words are not trusted by their sound to call an ambulance.
SOUND_LENGTH = 4


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
            if first_match(more.signs, heard):
                lines += more.transfer
        more_lines = len(lines) > len(situation.transfer)
        found.append(Hit(situation, tuple(dict.fromkeys(lines)), match, more_lines))
    return found


def transfers(emergency: Emergency, found: list[Hit]) -> list[str]:
    """The lines of all hits, in the order in which they are called."""
    wanted = {line for hit in found for line in hit.transfer}
    return [line for line in emergency.order if line in wanted]


def _now(emergency: Emergency, situation: Situation, heard: Heard) -> Match | None:
    """The first sign that is neither a fear nor a memory, words as written before sounds."""
    by_sound: Match | None = None
    for phrase in situation.signs:
        for match in phrase.matches(heard):
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
