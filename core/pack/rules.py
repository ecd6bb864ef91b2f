"""``draft_rules.yaml``: the words from which type, urgency, verdict and flags are read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.pack.base import Name, PackModel
from core.pack.phrase import Phrase
from core.pack.taxonomy import Code


class TypeRule(PackModel):
    """A type of matter. ``said`` are words by which the caller names it himself, ``not_said`` undo
    them; ``shape`` are turns of speech that show it (a question, a wish). ``category``: naming it
    also says the class (praise is one).
    """

    name: Name
    said: tuple[Phrase, ...] = ()
    not_said: tuple[Phrase, ...] = ()
    shape: tuple[Phrase, ...] = ()
    category: Code | None = None


class UrgencyRule(PackModel):
    """Raises the urgency to ``level`` when ``signs`` are heard in a matter of ``categories``."""

    level: Name
    signs: tuple[Phrase, ...] = Field(min_length=1)
    unless: tuple[Phrase, ...] = ()
    categories: tuple[Code, ...] = ()


class Verdict(PackModel):
    """A decision on acceptance, with its articles. ``follow_up``: a ticket stays open."""

    name: Name
    decided_by: str
    article_basis: Name
    follow_up: bool


class Ground(PackModel):
    """A ground of article 11 (or an abuse of the line) and what follows from it.

    ``notice`` is what the caller is told, shown in place of a unit. ``only_without_matter``: does
    not hold when the caller also brings a matter (anger is no abuse).
    """

    name: Name
    signs: tuple[Phrase, ...] = Field(min_length=1)
    unless: tuple[Phrase, ...] = ()
    verdict: Name
    notice: Name | None = None
    category: Code | None = None
    type: Name | None = None
    confidential: bool = False
    keeps_content: bool = True
    only_without_matter: bool = False


class Region(PackModel):
    """A neighbouring city's line (article 8); ``names`` are what callers call the city."""

    name: Name
    number: Name
    names: tuple[Name, ...] = Field(min_length=1)


class Regions(PackModel):
    """``signs`` of a wish to be handed over to another city, beside its name."""

    verdict: Name
    signs: tuple[Phrase, ...] = Field(min_length=1)
    cities: tuple[Region, ...] = ()


class Subject(PackModel):
    """Who brings the matter. The first that fits counts, the last is the ordinary one."""

    name: Name
    enterprise: bool = False
    signs: tuple[Phrase, ...] = ()
    unless: tuple[Phrase, ...] = ()


class FlagRule(PackModel):
    """A flag (风险标签): set when everything that is given holds."""

    name: Name
    signs: tuple[Phrase, ...] = ()
    unless: tuple[Phrase, ...] = ()
    categories: tuple[Code, ...] = ()
    verdicts: tuple[Name, ...] = ()
    months: tuple[int, ...] = ()
    confidential: bool | None = None


class VerdictNames(PackModel):
    """Which verdict the mechanism takes in which case."""

    ordinary: Name
    answered: Name
    repeated: Name


class Addition(PackModel):
    """Articles that come on top of a verdict's own, or in their place (``replaces``)."""

    when: Literal["confidential", "enterprise"]
    verdicts: tuple[Name, ...]
    decided_by: str
    replaces: bool = False


class DraftRules(PackModel):
    """All of ``draft_rules.yaml``.

    Of the types, ``enquiry`` is the one that is answered on the spot, ``plea`` the ordinary one,
    ``nothing`` the one of a call without a matter, and ``secret`` the one of a caller who wants to
    stay unknown, if nothing else tells.
    """

    channel: Name
    types: tuple[TypeRule, ...] = Field(min_length=1)
    enquiry: Name
    plea: Name
    nothing: Name
    secret: Name
    urgencies: tuple[Name, ...] = Field(min_length=1)
    urgency: tuple[UrgencyRule, ...] = ()
    subjects: tuple[Subject, ...] = Field(min_length=1)
    confidential: tuple[Phrase, ...] = Field(min_length=1)
    verdicts: tuple[Verdict, ...] = Field(min_length=1)
    verdict_names: VerdictNames
    additions: tuple[Addition, ...] = ()
    grounds: tuple[Ground, ...] = ()
    regions: Regions
    repeats: tuple[Phrase, ...] = ()
    flags: tuple[FlagRule, ...] = ()
