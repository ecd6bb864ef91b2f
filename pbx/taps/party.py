"""Who speaks in a talk, each on his own channel."""

from __future__ import annotations

from dataclasses import dataclass

from core.calls import Leg
from pbx.ami.api import AmiEvent, Snapshot
from pbx.calls.channels import SPY_APPLICATION, agent_of, answered_of, call_of, is_callers, tap_of

CALLER = "caller"


@dataclass(frozen=True, slots=True)
class Party:
    """``speaker``: ``caller`` or the agent's number. ``origin``: see ``core.transcript.Tap``."""

    uniqueid: str
    channel: str
    call_id: str
    leg: Leg
    speaker: str
    origin: float


def party_of(channel: AmiEvent, now: float) -> Party | None:
    """The party on the event's main channel: an agent or the caller of a call, else None.

    ``now`` (seconds since the epoch) stands in for an answer that is not known.
    """
    call_id = call_of(channel.channel_vars)
    name = channel.get("Channel")
    agent = agent_of(name)
    if call_id is None or not channel.get("Uniqueid") or not (agent or is_callers(channel)):
        return None
    return Party(
        channel.get("Uniqueid"),
        name,
        call_id,
        Leg.AGENT if agent else Leg.CALLER,
        agent or CALLER,
        answered_of(channel.channel_vars) or now,
    )


def dialled(event: AmiEvent) -> AmiEvent:
    """The event as one of its destination channel."""
    own = ("Channel", "Uniqueid", "Linkedid")
    return AmiEvent(event.name, {name: event.get(f"Dest{name}") for name in own}, event.dest_vars)


def talking(snapshot: Snapshot, now: float) -> list[Party]:
    """Everyone in a snapshot who is in a bridge with somebody else of the same call."""
    parties = [
        (channel.get("BridgeId"), party)
        for channel in snapshot.channels
        if channel.get("BridgeId") and (party := party_of(channel, now))
    ]
    return [
        party
        for bridge, party in parties
        if any(
            other is not party and there == bridge and other.call_id == party.call_id
            for there, other in parties
        )
    ]


def standing_taps(snapshot: Snapshot) -> dict[str, str]:
    """Channel name -> channel of the tap that listens to it."""
    return {
        channel.get("ApplicationData").partition(",")[0]: channel.get("Channel")
        for channel in snapshot.channels
        if tap_of(channel.get("Channel")) and channel.get("Application") == SPY_APPLICATION
    }
