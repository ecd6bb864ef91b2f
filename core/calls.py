"""What a call is, and the facts by which the telephone side tells its story.

A fact is a small immutable record of something that happened on the telephone. The side rooms
report facts; the desk (``core.desk``) stores them and turns them into events. A fact can be written
to disk as JSON and replayed, so it holds nothing but plain values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Leg(StrEnum):
    """Which side of a call is heard."""

    CALLER = "caller"
    AGENT = "agent"


class CallState(StrEnum):
    ARRIVED = "arrived"  # in the dialplan or a flow
    QUEUED = "queued"
    OFFERED = "offered"  # an agent's telephone rings
    CONNECTED = "connected"
    ENDED = "ended"


# ARRIVED leads straight to OFFERED and CONNECTED too: after a gap the facts between are missing.
CALL_TRANSITIONS: dict[CallState, frozenset[CallState]] = {
    CallState.ARRIVED: frozenset(
        {CallState.QUEUED, CallState.OFFERED, CallState.CONNECTED, CallState.ENDED}
    ),
    CallState.QUEUED: frozenset(
        {CallState.OFFERED, CallState.CONNECTED, CallState.ARRIVED, CallState.ENDED}
    ),
    CallState.OFFERED: frozenset(
        {CallState.QUEUED, CallState.CONNECTED, CallState.ARRIVED, CallState.ENDED}
    ),
    # After the talk the caller comes back to the flow (rating) or is gone.
    CallState.CONNECTED: frozenset({CallState.ARRIVED, CallState.QUEUED, CallState.ENDED}),
    CallState.ENDED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class CallFact:
    """Something that happened to one call. ``at`` is timezone-aware UTC."""

    call_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallArrived(CallFact):
    """A call was answered by the line. ``caller_number`` is None when withheld.

    ``dialled`` is the number the caller dialled, ``source_line`` the key of the line in the city
    pack, ``channel`` Asterisk's name of the caller's channel, ``linkedid`` its linked id.
    """

    dialled: str
    source_line: str
    caller_number: str | None
    caller_name: str | None
    channel: str
    linkedid: str


@dataclass(frozen=True, slots=True)
class FlowTaken(CallFact):
    """The flow decided: ``flow`` is the file's name, ``keys`` what the caller pressed."""

    flow: str
    keys: str
    queue: str | None
    enterprise: bool


@dataclass(frozen=True, slots=True)
class CallQueued(CallFact):
    queue: str


@dataclass(frozen=True, slots=True)
class CallOffered(CallFact):
    """An agent's telephone rings: the moment of the screen pop."""

    agent: str
    queue: str


@dataclass(frozen=True, slots=True)
class OfferMissed(CallFact):
    agent: str


@dataclass(frozen=True, slots=True)
class CallConnected(CallFact):
    agent: str
    queue: str
    agent_channel: str


@dataclass(frozen=True, slots=True)
class TalkEnded(CallFact):
    """Caller and agent are apart; the caller may still be in the flow."""

    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class QueueLeft(CallFact):
    """The caller left the queue without an agent; ``reason`` is Asterisk's QUEUESTATUS."""

    queue: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordingKept(CallFact):
    """One file of the call's recording, relative to the recording folder."""

    leg: Leg
    file: str


@dataclass(frozen=True, slots=True)
class CallRated(CallFact):
    """The caller's rating of the agent by key after the talk (never mixed with the unit's)."""

    key: str


@dataclass(frozen=True, slots=True)
class CallEnded(CallFact):
    """The caller's leg is gone. ``cause`` is the Q.850 cause code."""

    cause: int
