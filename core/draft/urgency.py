"""How pressing a matter is."""

from __future__ import annotations

from core.draft.category import Guess
from core.draft.emergencies import Hit
from core.draft.finding import by_rule, found
from core.draft.speech import Passage
from core.pack.phrase import Heard, first_match
from core.pack.rules import DraftRules, Ground
from core.views import FieldView


def urgency_of(
    rules: DraftRules,
    said: Passage,
    heard: Heard,
    *,
    guess: Guess | None,
    ground: Ground | None,
    situations: list[Hit],
    enquiry: bool,
) -> FieldView:
    """The highest level that any rule gives; of an enquiry the class alone does not press."""
    lowest = rules.urgencies[0]
    best = found(lowest, 0.7 if heard.text else 0.3)
    if ground is not None:
        return best
    rank = rules.urgencies.index
    for hit in situations:
        level = rules.urgencies[-1] if hit.more else hit.situation.urgency
        if rank(level) > rank(str(best.value)):
            words = said.evidence(hit.match.start, hit.match.end)
            best = found(level, hit.confidence, words)
    usual = guess and ((guess.leaf.urgency if guess.leaf else None) or guess.branch.urgency)
    # A class that needs an emergency line is that urgent only while the emergency lasts.
    if guess and usual and not enquiry and rank(usual) > rank(str(best.value)):
        level = usual if usual != rules.urgencies[-1] else rules.urgencies[-2]
        best = found(level, 0.4 + 0.4 * guess.confidence, [by_rule(guess.names[-1])])
    for rule in rules.urgency:
        if rank(rule.level) <= rank(str(best.value)):
            continue
        code = guess.code if guess else ""
        if rule.categories and not code.startswith(rule.categories):
            continue
        match = first_match(rule.signs, heard)
        if match is not None and first_match(rule.unless, heard) is None:
            confidence = 0.75 if match.exact else 0.5
            best = found(rule.level, confidence, said.evidence(match.start, match.end))
    return best
