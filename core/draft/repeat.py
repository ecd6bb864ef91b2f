"""Whether the caller has called about this before, and which ticket it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.draft.category import Guess
from core.draft.context import OpenTicket
from core.draft.finding import NOTHING, found
from core.draft.numerals import digit_runs
from core.draft.speech import Passage
from core.pack.phrase import Heard, first_match
from core.pack.rules import DraftRules
from core.views import Evidence, FieldView

_TICKET = re.compile(r"(?:工单|单子|单号|编号|尾号)[^，。！？]{0,8}$")
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class Repeat:
    """``evidence`` is empty if nothing says so; ``ticket`` is the field ``related_ticket``."""

    evidence: tuple[Evidence, ...]
    ticket: FieldView


def repeat_of(
    rules: DraftRules,
    said: Passage,
    heard: Heard,
    *,
    history: Sequence[OpenTicket],
    guess: Guess | None,
    district: str | None,
) -> Repeat:
    """By the caller's words, or by an open ticket of his of the same class and district."""
    match = first_match(rules.repeats, heard)
    words = said.evidence(match.start, match.end) if match and match.exact else ()
    tail, tail_words = _tail(said)
    for ticket in history:
        if tail and ticket.number.endswith(tail):
            source = Evidence(source="history", words=ticket.number)
            return Repeat((*tail_words, source), found(ticket.number, 0.95, (*tail_words, source)))
    for ticket in history:
        if _same_matter(ticket, guess, district):
            source = Evidence(source="history", words=ticket.number)
            confidence = 0.8 if words else 0.6
            return Repeat((*words, source), found(ticket.number, confidence, (*words, source)))
    if tail:
        return Repeat((*words, *tail_words), found(tail, 0.4, tail_words))
    return Repeat(words, NOTHING)


def _same_matter(ticket: OpenTicket, guess: Guess | None, district: str | None) -> bool:
    if guess is None or guess.leaf is None or guess.confidence < _SURE:
        return False
    same_place = district is None or ticket.district is None or ticket.district == district
    return same_place and list(ticket.category) == guess.names


def _tail(said: Passage) -> tuple[str, tuple[Evidence, ...]]:
    """The last digits of a ticket's number, as the caller reads them."""
    for run in digit_runs(said.text):
        if 3 <= len(run.digits) <= 20 and _TICKET.search(said.text[: run.start]):
            return run.digits, said.evidence(run.start, run.end)
    return "", ()
