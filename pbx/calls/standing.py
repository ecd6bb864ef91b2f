"""Which calls stand in a snapshot, and how."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from pbx.ami.api import AmiEvent, Snapshot
from pbx.calls.channels import (
    QUEUE_APPLICATION,
    UP,
    agent_of,
    answered_of,
    call_of,
    is_callers,
)
from pbx.calls.story import Standing, Talk


@dataclass(frozen=True, slots=True)
class StandingCall:
    """``caller``: the CoreShowChannel of the caller's channel."""

    caller: AmiEvent
    standing: Standing


def standing_calls(snapshot: Snapshot) -> dict[str, StandingCall]:
    """The answered calls by call id; what is no call of the hotline is left out."""
    channels: dict[str, list[AmiEvent]] = defaultdict(list)
    for channel in snapshot.channels:
        if call_id := call_of(channel.channel_vars):
            channels[call_id].append(channel)
    waiting = {entry.get("Uniqueid"): entry.get("Queue") for entry in snapshot.queue_entries}
    calls = {}
    for call_id, of_call in channels.items():
        caller = next(filter(is_callers, of_call), None)
        if caller is None or answered_of(caller.channel_vars) is None:
            continue
        calls[call_id] = StandingCall(caller, _standing(caller, of_call, waiting))
    return calls


def _standing(caller: AmiEvent, channels: list[AmiEvent], waiting: dict[str, str]) -> Standing:
    queue = waiting.get(caller.get("Uniqueid"))
    if queue is not None:
        ringing = (
            agent_of(channel.get("Channel"))
            for channel in channels
            if channel.get("ChannelState") != UP
        )
        return Standing(queue, waiting=True, ringing=frozenset(filter(None, ringing)))
    bridge = caller.get("BridgeId")
    for channel in channels:
        agent = agent_of(channel.get("Channel"))
        if agent and bridge and channel.get("BridgeId") == bridge:
            return Standing(queue_of(caller), talk=Talk(agent, channel.get("Channel")))
    return Standing()


def queue_of(caller: AmiEvent) -> str:
    """The queue whose application the caller's channel is in; empty for none."""
    if caller.get("Application") != QUEUE_APPLICATION:
        return ""
    return caller.get("ApplicationData").partition(",")[0]
