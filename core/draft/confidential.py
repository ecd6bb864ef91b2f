"""Whether the caller wants to stay unknown to the unit."""

from __future__ import annotations

from core.draft.finding import by_rule, found
from core.draft.speech import Passage
from core.pack.phrase import Heard, first_match
from core.pack.rules import DraftRules, Ground
from core.views import FieldView


def confidential(
    rules: DraftRules, said: Passage, heard: Heard, ground: Ground | None
) -> FieldView:
    """True on any word of it: a wish that was misread as one harms nobody, one missed does."""
    if ground is not None and ground.confidential:
        return found(True, 0.8, [by_rule(ground.name)])
    match = first_match(rules.confidential, heard)
    if match is None:
        return found(False, 0.6 if heard.text else 0.3)
    return found(True, 0.9 if match.exact else 0.5, said.evidence(match.start, match.end))
