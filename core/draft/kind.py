"""What the caller wants: to ask, to complain, to report, to praise."""

from __future__ import annotations

from collections.abc import Sequence

from core.draft.category import Guess
from core.draft.finding import by_rule, found
from core.draft.speech import Passage
from core.pack.phrase import Heard, Match, first_match
from core.pack.rules import DraftRules, Ground, TypeRule
from core.views import FieldView


def kind_of(
    rules: DraftRules,
    said: Passage,
    heard: Heard,
    *,
    guess: Guess | None,
    ground: Ground | None,
    emergency: bool,
    secret: bool,
) -> FieldView:
    """The type: as the caller calls it, else what such a matter usually is, else how he puts it."""
    if ground is not None and ground.type is not None:
        return found(ground.type, 0.8, [by_rule(ground.name)])
    if emergency:
        return found(rules.plea, 0.9, [by_rule("emergency")])
    named = named_type(rules.types, heard)
    if named is not None:
        rule, match = named
        return found(rule.name, 0.9 if match.exact else 0.6, said.evidence(match.start, match.end))
    usual = _usual(guess)
    shaped = _shaped(rules.types, heard)
    if usual is not None and guess is not None:
        return found(usual, 0.5 + 0.3 * guess.confidence, [by_rule(guess.names[-1])])
    if secret:
        return found(rules.secret, 0.6, [by_rule("confidential")])
    if shaped is not None:
        rule, match = shaped
        return found(rule.name, 0.65, said.evidence(match.start, match.end))
    if guess is not None:
        return found(rules.plea, 0.5)
    return found(rules.nothing if heard.text else None, 0.2 if heard.text else 0.0)


def _usual(guess: Guess | None) -> str | None:
    if guess is None:
        return None
    return (guess.leaf.type if guess.leaf else None) or guess.branch.type


def named_type(types: Sequence[TypeRule], heard: Heard) -> tuple[TypeRule, Match] | None:
    """The type whose name is said first and not denied."""
    found_at: list[tuple[TypeRule, Match]] = []
    for rule in types:
        match = first_match(rule.said, heard)
        if match is not None and first_match(rule.not_said, heard) is None:
            found_at.append((rule, match))
    return min(found_at, key=lambda hit: (not hit[1].exact, hit[1].start), default=None)


def _shaped(types: Sequence[TypeRule], heard: Heard) -> tuple[TypeRule, Match] | None:
    """The first type of the pack's order whose turns of speech are heard."""
    for rule in types:
        match = first_match(rule.shape, heard)
        if match is not None and match.exact:
            return rule, match
    return None
