"""``emergency.yaml``: what is handed over to an emergency or public-service line at once."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.pack.base import Key, Name, PackModel
from core.pack.phrase import Phrase
from core.pack.taxonomy import Code
from core.pack.units import UnitRef


class AlsoTransfer(PackModel):
    """Lines on top of a situation's own, when these signs are heard besides."""

    signs: tuple[Phrase, ...] = Field(min_length=1)
    transfer: tuple[Name, ...] = Field(min_length=1)


class Situation(PackModel):
    """``signs`` of something that happens now; ``transfer`` the lines to hand over to.

    ``kind``: an emergency goes before everything, a public service's outage before a ticket.

    ``with_also`` adds lines when its own signs are heard besides. ``category`` and ``unit`` are
    what the follow-up ticket gets; ``category`` None leaves the class to the taxonomy.
    ``past_counts``: the situation is as pressing if it began before (an outage is, a fire that is
    out is not). ``deniable``: nobody is believed who denies it if False.
    """

    key: Key
    name: Name
    kind: Literal["emergency", "utility"] = "emergency"
    signs: tuple[Phrase, ...] = Field(min_length=1)
    unless: tuple[Phrase, ...] = ()
    transfer: tuple[Name, ...] = Field(min_length=1)
    with_also: tuple[AlsoTransfer, ...] = ()
    urgency: Name
    verdict: Name
    category: Code | None = None
    unit: UnitRef | None = None
    also: tuple[UnitRef, ...] = ()
    follow_up: bool = True
    past_counts: bool = False
    deniable: bool = True


class Denials(PackModel):
    """How callers say that something did not happen.

    ``words`` stand directly before what they deny. They deny nothing as the end of one of
    ``unless_in`` (a question), before one of ``unless_before`` (asked back, or happened after
    all), or if what follows holds one of ``unless_of`` (help that does not come).
    """

    words: tuple[Name, ...] = ()
    unless_in: tuple[Name, ...] = ()
    unless_before: tuple[Name, ...] = ()
    unless_of: tuple[Name, ...] = ()


class Emergency(PackModel):
    """All of ``emergency.yaml``.

    ``order`` is the order in which lines are called. ``not_now`` are words before a sign, in its
    clause, that make it a fear, a question or a memory; ``denials`` undo a sign or a part of it.
    """

    order: tuple[Name, ...] = Field(min_length=1)
    not_now: tuple[Name, ...] = ()
    denials: Denials = Denials()
    situations: tuple[Situation, ...] = Field(min_length=1)
