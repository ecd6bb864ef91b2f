"""Whether a matter is accepted and on which way it goes, with the articles that say so."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.draft.category import Guess
from core.draft.emergencies import Hit
from core.draft.finding import NOTHING, by_rule, found
from core.draft.speech import Passage
from core.pack.phrase import Heard, Match, first_match
from core.pack.rules import DraftRules, Ground, Region, Verdict
from core.views import Evidence, FieldView


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict as a field (empty while no matter is known) and as its entry in the pack.

    ``follow_up``: a ticket stays open; ``region``: the neighbouring city that takes it over.
    """

    field: FieldView
    verdict: Verdict
    follow_up: bool
    region: Region | None = None


def ground_of(rules: DraftRules, heard: Heard, *, matter: bool) -> tuple[Ground, Match] | None:
    """The first ground on which the matter is not accepted; ``matter``: the caller brings one."""
    for ground in rules.grounds:
        if ground.only_without_matter and matter:
            continue
        match = first_match(ground.signs, heard)
        if match is not None and first_match(ground.unless, heard) is None:
            return ground, match
    return None


def decide(
    rules: DraftRules,
    said: Passage,
    heard: Heard,
    *,
    guess: Guess | None,
    ground: tuple[Ground, Match] | None,
    situations: list[Hit],
    kind: str | None,
    enquiry: str,
    repeated: tuple[Evidence, ...],
) -> Decision:
    """The first that holds: emergency, ground of refusal, other city, public service, repeat,
    the way of the class, answer on the spot (``kind`` is ``enquiry``), the ordinary way. While no
    matter is known the field is empty: nothing is accepted before it is brought.
    """
    urgent = next((hit for hit in situations if hit.situation.kind == "emergency"), None)
    if urgent is not None:
        return _by_situation(rules, said, urgent)
    if ground is not None:
        reason, match = ground
        words = said.evidence(match.start, match.end)
        return _decision(rules, reason.verdict, 0.75 if match.exact else 0.45, words)
    region = _region(rules, heard)
    if region is not None:
        city, match = region
        words = said.evidence(match.start, match.end)
        return _decision(rules, rules.regions.verdict, 0.7, words, city)
    if situations:
        return _by_situation(rules, said, situations[0])
    names = rules.verdict_names
    if repeated:
        return _decision(rules, names.repeated, 0.75, repeated)
    if kind == enquiry:
        return _decision(rules, names.answered, 0.65, (by_rule(enquiry),))
    way = guess and ((guess.leaf.verdict if guess.leaf else None) or guess.branch.verdict)
    if guess and way:
        return _decision(rules, way, 0.4 + 0.4 * guess.confidence, (by_rule(guess.names[-1]),))
    ordinary = _decision(rules, names.ordinary, 0.6 if guess else 0.3, ())
    if guess is None and kind in (None, rules.nothing):
        return replace(ordinary, field=NOTHING)
    return ordinary


def _by_situation(rules: DraftRules, said: Passage, hit: Hit) -> Decision:
    words = said.evidence(hit.match.start, hit.match.end)
    decision = _decision(rules, hit.situation.verdict, hit.confidence, words)
    return replace(decision, follow_up=decision.follow_up and (hit.situation.follow_up or hit.more))


def articles(rules: DraftRules, verdict: Verdict, *, confidential: bool, enterprise: bool) -> str:
    """What decided: the verdict's own articles and those that come on top."""
    holds = {"confidential": confidential, "enterprise": enterprise}
    text = verdict.decided_by
    for addition in rules.additions:
        if holds[addition.when] and verdict.name in addition.verdicts:
            text = addition.decided_by if addition.replaces else f"{text}；{addition.decided_by}"
    return text


def verdict_named(rules: DraftRules, name: str) -> Verdict:
    """Raises ``KeyError``."""
    for verdict in rules.verdicts:
        if verdict.name == name:
            return verdict
    raise KeyError(name)


def _decision(
    rules: DraftRules,
    name: str,
    confidence: float,
    evidence: tuple[Evidence, ...],
    region: Region | None = None,
) -> Decision:
    verdict = verdict_named(rules, name)
    return Decision(found(name, confidence, evidence), verdict, verdict.follow_up, region)


def _region(rules: DraftRules, heard: Heard) -> tuple[Region, Match] | None:
    wish = first_match(rules.regions.signs, heard)
    if wish is None:
        return None
    for city in rules.regions.cities:
        if any(name in heard.text for name in city.names):
            return city, wish
    return None
