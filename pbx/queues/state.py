"""An agent's state from what Asterisk says of him, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pbx.queues.members import WRAP_UP, Device, Member

AgentState = Literal["signed_out", "unreachable", "free", "ringing", "talking", "wrap_up", "paused"]

_TALKING = {Device.IN_USE, Device.BUSY, Device.RINGING_IN_USE, Device.ON_HOLD}
_REACHABLE = {Device.NOT_IN_USE}


def agent_state(members: Sequence[Member]) -> tuple[AgentState, str]:
    """The state of the agent who is these members, and the reason of his pause (may be empty).

    The telephone counts before the pause: who pauses during a talk still talks. A pause counts
    when it holds in all of his queues; otherwise he still gets calls.
    """
    if not members:
        return "signed_out", ""
    paused = all(member.paused for member in members)
    reason = next((member.reason for member in members if member.reason), "") if paused else ""
    devices = {member.device for member in members}
    if devices & _TALKING:
        return "talking", reason
    if Device.RINGING in devices:
        return "ringing", reason
    if not devices & _REACHABLE:
        return "unreachable", reason
    if not paused:
        return "free", ""
    if all(member.wraps_up for member in members):
        return "wrap_up", reason
    return "paused", next((member.reason for member in members if member.reason != WRAP_UP), "")
