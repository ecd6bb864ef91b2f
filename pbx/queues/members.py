"""Members of the queues as Asterisk tells of them: one row per agent and queue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from pbx.ami.api import Ami, AmiEvent
from pbx.calls.channels import agent_at

# The pause reason that stands for wrap-up; no agent may give it himself.
WRAP_UP = "wrap-up"
REMOVED = "QueueMemberRemoved"


class Device(IntEnum):
    """Asterisk's device states (``AST_DEVICE_*``), as ``Status`` of a member shows them."""

    UNKNOWN = 0
    NOT_IN_USE = 1
    IN_USE = 2
    BUSY = 3
    INVALID = 4
    UNAVAILABLE = 5
    RINGING = 6
    RINGING_IN_USE = 7
    ON_HOLD = 8


@dataclass(frozen=True, slots=True)
class Member:
    """``last_pause``: when the present pause began, in seconds since the epoch (0: not known)."""

    agent: str
    queue: str
    device: Device
    paused: bool
    reason: str
    last_pause: int

    @property
    def wraps_up(self) -> bool:
        return self.paused and self.reason == WRAP_UP


def member_of(event: AmiEvent) -> Member | None:
    """The member that a QueueMember or QueueMember* event is about; None if it is no agent's."""
    agent = agent_at(event.get("Interface") or event.get("Location"))
    if agent is None or not event.get("Queue"):
        return None
    status = event.get("Status")
    try:
        device = Device(int(status))
    except ValueError:
        device = Device.UNKNOWN
    since = event.get("LastPause")
    return Member(
        agent,
        event.get("Queue"),
        device,
        event.get("Paused") == "1",
        event.get("PausedReason"),
        int(since) if since.isascii() and since.isdecimal() else 0,
    )


class Members:
    """All members, kept up to date by events."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, Member]] = {}

    def load(self, members: Iterable[AmiEvent]) -> None:
        """Take a snapshot's; everything older is forgotten."""
        self._of = {}
        for event in members:
            self.apply(event)

    def apply(self, event: AmiEvent) -> str | None:
        """Take a QueueMember or QueueMember* event; returns whose it was."""
        member = member_of(event)
        if member is None:
            return None
        queues = self._of.setdefault(member.agent, {})
        if event.name == REMOVED:
            queues.pop(member.queue, None)
        else:
            queues[member.queue] = member
        if not queues:
            del self._of[member.agent]
        return member.agent

    def agents(self) -> Iterable[str]:
        return self._of.keys()

    def of(self, agent: str) -> list[Member]:
        return list(self._of.get(agent, {}).values())


async def ask_members(ami: Ami, agent: str) -> list[Member]:
    """What Asterisk says of an agent right now. Raises ``core.errors.Unavailable``."""
    listed = await ami.listing("QueueStatus", {"Member": f"PJSIP/{agent}"})
    members = (member_of(event) for event in listed if event.name == "QueueMember")
    return [member for member in members if member is not None and member.agent == agent]
