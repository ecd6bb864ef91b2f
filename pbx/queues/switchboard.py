"""What an agent may do to himself: sign in and out, pause, go back to work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pbx.ami.api import Ami, AmiRefused
from pbx.queues.errors import (
    AgentNotSignedIn,
    AgentUnknown,
    PauseReasonInvalid,
    SwitchboardRefused,
)
from pbx.queues.locks import AgentLocks
from pbx.queues.members import WRAP_UP, Member, ask_members
from pbx.settings import AgentSettings

# app_queue keeps a reason in 80 bytes and would cut a longer one in the middle of a character.
REASON_BYTES = 79

# What app_queue (Asterisk 22) answers where nothing is left to do.
_DONE = {
    "Unable to add interface: Already there",
    "Unable to remove interface: Not there",
}


class AmiSwitchboard:
    """Implements ``core.ports.Switchboard`` with ``app_queue``'s dynamic members.

    Membership and pauses belong to Asterisk and persist there; nothing is remembered here.
    """

    def __init__(self, ami: Ami, agents: Iterable[AgentSettings], locks: AgentLocks) -> None:
        self._ami = ami
        self._agents = {agent.number: agent for agent in agents}
        self._locks = locks

    async def sign_in(self, agent: str) -> None:
        """Add the agent to all queues of his, each at his level. Signed in already is fine.

        A queue that refuses does not keep him from the others; the error names it.
        """
        settings = self._agents.get(agent)
        if settings is None:
            raise AgentUnknown(agent=agent)
        async with self._locks.of(agent):
            await self._each_queue(
                agent,
                "QueueAdd",
                {
                    queue: {"MemberName": agent, "Penalty": str(level)}
                    for queue, level in settings.queues.items()
                },
            )

    async def sign_out(self, agent: str) -> None:
        """Take the agent out of every queue that he is in. Signed out already is fine."""
        async with self._locks.of(agent):
            members = await self._members(agent)
            await self._each_queue(agent, "QueueRemove", {member.queue: {} for member in members})

    async def pause(self, agent: str, reason: str) -> None:
        """Pause in all queues. During wrap-up this replaces it, and then holds until ``resume``."""
        if reason in ("", WRAP_UP) or len(reason.encode()) > REASON_BYTES:
            raise PauseReasonInvalid(agent=agent, bytes=len(reason.encode()))
        await self._pause(agent, {"Paused": "true", "Reason": reason})

    async def resume(self, agent: str) -> None:
        """Back to work, from whatever pause."""
        await self._pause(agent, {"Paused": "false"})

    async def _pause(self, agent: str, fields: Mapping[str, str]) -> None:
        async with self._locks.of(agent):
            if not await self._members(agent):
                raise AgentNotSignedIn(agent=agent)
            try:
                await self._ami.action("QueuePause", {"Interface": f"PJSIP/{agent}", **fields})
            except AmiRefused as refused:
                words = str(refused.details.get("asterisk", ""))
                raise SwitchboardRefused(agent=agent, refused={"": words}) from refused

    async def _members(self, agent: str) -> list[Member]:
        """Where he is a member now. An agent who left the settings may still be one."""
        if not agent.isascii() or not agent.isdecimal():
            raise AgentUnknown(agent=agent)
        members = await ask_members(self._ami, agent)
        if not members and agent not in self._agents:
            raise AgentUnknown(agent=agent)
        return members

    async def _each_queue(
        self, agent: str, action: str, queues: Mapping[str, Mapping[str, str]]
    ) -> None:
        refusals = {}
        for queue, more in queues.items():
            fields = {"Queue": queue, "Interface": f"PJSIP/{agent}", **more}
            try:
                await self._ami.action(action, fields)
            except AmiRefused as refused:
                words = str(refused.details.get("asterisk", ""))
                if words not in _DONE:
                    refusals[queue] = words
        if refusals:
            raise SwitchboardRefused(agent=agent, refused=refusals)
