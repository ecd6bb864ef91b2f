"""``conduct.yaml``: repeats, measures against abuse (47), secrecy and retention (39), notices."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.pack.base import Key, Name, PackModel
from core.policy.figures import Article, Limit, Sourced
from core.policy.limits import Reason


class Repeats(Sourced):
    """When a matter counts as told before, and how often it takes to go up the ladder.

    ``urge_at``, ``supervise_at`` and ``key_at`` count how often a caller has told it, the first
    time too; ``callers_for_event`` the callers of one event within ``event_within``.
    """

    settled_within: Limit  # a settled matter with nothing new is told, not dispatched again
    urge_at: int = Field(ge=2)
    supervise_at: int = Field(ge=2)
    key_at: int = Field(ge=2)
    callers_for_event: int = Field(ge=2)
    event_within: Limit
    rung: Key  # of the ladder, to which ``supervise_at`` leads
    key_rung: Key  # to which ``key_at`` and ``callers_for_event`` lead
    ground: Key  # of refusal, for what is settled and brings nothing new
    flag: Name  # set on what is told again with new facts


class Measure(Sourced):
    """A measure against abuse, the mildest first. ``lasts`` only for a limit.

    No piece of evidence carries the same measure twice; ``new_evidence``: nor what already carried
    a milder one.
    """

    key: Literal["persuade", "warn", "limit", "police"]
    name: Name
    article: Article
    evidence: int = Field(ge=1)  # pieces of evidence at least
    new_evidence: bool = True
    lasts: Limit | None = None
    after: Literal["persuade", "warn", "limit"] | None = None  # must have been taken before


class SecrecyLevel(PackModel):
    """A level of secrecy. ``hides`` are form fields that the units do not see."""

    level: int = Field(ge=0, le=3)
    name: Name
    article: Article
    hides: tuple[Key, ...] = ()
    keeps_content: bool = True
    merges: bool = True  # never merged across the line otherwise


class Personal(PackModel):
    """What of the form is a person's, beside its telephone numbers."""

    names: tuple[Key, ...] = ()


class Retention(Sourced):
    """How long what is kept; ``what``: tickets (by secrecy), recordings, transcripts."""

    what: Literal["tickets", "recordings", "transcripts", "notices"]
    keep: Limit


class Erasure(PackModel):
    """A lawful ground to delete what people said; ``by_time``: its keep span is over."""

    key: Key
    name: Name
    article: Article
    by_time: bool = False


class NoticeTemplate(PackModel):
    """What somebody is told at a step; ``{number}`` and other ids may stand in ``text``.

    No field of a ticket's personal text may stand in it.
    """

    key: Key
    recipient: Literal["caller", "unit", "head", "authority", "government", "police"]
    channel: Literal["sms", "letter", "call"] = "sms"
    text: str = Field(min_length=4, max_length=300)


class Conduct(PackModel):
    """All of ``conduct.yaml``."""

    repeats: Repeats
    abuse: tuple[Reason, ...] = Field(min_length=1)  # what article 47 is about
    measures: tuple[Measure, ...] = Field(min_length=1)
    secrecy: tuple[SecrecyLevel, ...] = Field(min_length=1)
    personal: Personal
    recording_access: Limit  # how long a recording that was granted may be heard
    retention: tuple[Retention, ...] = Field(min_length=1)
    erasures: tuple[Erasure, ...] = Field(min_length=1)
    notices: tuple[NoticeTemplate, ...] = Field(min_length=1)

    def template(self, key: str) -> NoticeTemplate | None:
        return next((one for one in self.notices if one.key == key), None)

    def secrecy_level(self, level: int) -> SecrecyLevel | None:
        return next((one for one in self.secrecy if one.level == level), None)

    def keeps(self, what: str) -> Retention | None:
        """How long that is kept; None: no rule, so it stays."""
        return next((one for one in self.retention if one.what == what), None)

    def erasure(self, key: str) -> Erasure | None:
        return next((one for one in self.erasures if one.key == key), None)

    def measure(self, key: str) -> Measure | None:
        return next((one for one in self.measures if one.key == key), None)

    def carried_by(self, measure: Measure) -> frozenset[str]:
        """The measures whose evidence does not count for this one: itself and the milder ones."""
        keys, before = {measure.key}, measure.after if measure.new_evidence else None
        while before is not None and before not in keys:
            keys.add(before)
            milder = self.measure(before)
            before = milder.after if milder is not None else None
        return frozenset(keys)
