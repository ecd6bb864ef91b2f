"""An ``app_queue`` of a few lines: members that can be added, paused and asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from pbx.ami.api import AmiEvent, AmiRefused, Snapshot
from tests.pbx.scripted import FakeAmi, FakeClock


@dataclass
class FakeQueues:
    """Answers the queue actions; keeps the events that Asterisk would send in ``said``."""

    ami: FakeAmi
    clock: FakeClock
    names: tuple[str, ...] = ("common", "enterprise")
    members: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    said: list[AmiEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        for action in ("QueueAdd", "QueueRemove", "QueuePause"):
            self.ami.answers[action] = getattr(self, f"_{action.lower()}")
        self.ami.listings["QueueStatus"] = self._status

    def _say(self, name: str, member: dict[str, str]) -> AmiEvent:
        self.said.append(AmiEvent(name, dict(member)))
        return AmiEvent("Response", {"Response": "Success"})

    def _queueadd(self, sent: dict[str, str]) -> AmiEvent:
        key = (sent["Queue"], sent["Interface"])
        if sent["Queue"] not in self.names:
            raise AmiRefused(asterisk="Unable to add interface to queue: No such queue")
        if key in self.members:
            raise AmiRefused(asterisk="Unable to add interface: Already there")
        self.members[key] = {
            "Queue": sent["Queue"],
            "Interface": sent["Interface"],
            "MemberName": sent["MemberName"],
            "Penalty": sent["Penalty"],
            "Status": "1",
            "Paused": "0",
            "PausedReason": "",
            "LastPause": "0",
        }
        return self._say("QueueMemberAdded", self.members[key])

    def _queueremove(self, sent: dict[str, str]) -> AmiEvent:
        member = self.members.pop((sent["Queue"], sent["Interface"]), None)
        if member is None:
            raise AmiRefused(asterisk="Unable to remove interface: Not there")
        return self._say("QueueMemberRemoved", member)

    def _queuepause(self, sent: dict[str, str]) -> AmiEvent:
        found = [
            member
            for (queue, interface), member in self.members.items()
            if interface == sent["Interface"] and sent.get("Queue") in (None, queue)
        ]
        if not found:
            raise AmiRefused(asterisk="Interface not found")
        for member in found:
            paused = sent["Paused"] == "true"
            member["Paused"] = "1" if paused else "0"
            member["PausedReason"] = sent.get("Reason", "") if paused else ""
            if paused:
                member["LastPause"] = str(int(self.clock.now().timestamp()))
            self._say("QueueMemberPause", member)
        return AmiEvent("Response", {"Response": "Success"})

    def _status(self, sent: dict[str, str]) -> list[AmiEvent]:
        wanted = sent.get("Member")
        return [AmiEvent("QueueParams", {"Queue": queue}) for queue in self.names] + [
            self._listed(member)
            for (_, interface), member in self.members.items()
            if wanted in (None, interface)
        ]

    @staticmethod
    def _listed(member: dict[str, str]) -> AmiEvent:
        fields = {"Location" if k == "Interface" else k: v for k, v in member.items()}
        return AmiEvent("QueueMember", fields)

    def snapshot(self) -> Snapshot:
        return Snapshot((), (), tuple(map(self._listed, self.members.values())), (), (), "")

    async def deliver(self, *listeners) -> None:
        """Hand over what was said since the last time."""
        said, self.said = self.said, []
        for event in said:
            for listener in listeners:
                await listener.event(event)

    def paused(self, agent: str) -> dict[str, str]:
        """Queue -> reason, where the agent is paused."""
        return {
            queue: member["PausedReason"]
            for (queue, interface), member in self.members.items()
            if interface == f"PJSIP/{agent}" and member["Paused"] == "1"
        }


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ami() -> FakeAmi:
    return FakeAmi()


@pytest.fixture
async def queues(ami: FakeAmi, clock: FakeClock) -> AsyncIterator[FakeQueues]:
    yield FakeQueues(ami, clock)
