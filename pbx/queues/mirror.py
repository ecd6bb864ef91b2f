"""Mirrors queues and agents to whoever looks: only what Asterisk said, and only changes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from core.errors import HotlineError
from core.ports import AgentSink
from core.views import AgentView
from pbx.ami.api import AmiEvent, Gap, Snapshot
from pbx.calls.channels import agent_of, call_of
from pbx.queues.members import Members
from pbx.queues.state import agent_state

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QueueCount:
    """``waiting`` callers, ``members`` signed in."""

    waiting: int = 0
    members: int = 0


class QueueMirror:
    """Implements ``AmiListener``. ``names`` gives the name of each agent by his number."""

    def __init__(self, sink: AgentSink, names: Mapping[str, str]) -> None:
        self._sink = sink
        self._names = names
        self._members = Members()
        self._talks: dict[str, tuple[str, str]] = {}  # unique id -> (agent, call id)
        self._waiting: dict[str, int] = {}
        self._told: dict[str, AgentView] = {}

    def view(self, agent: str) -> AgentView | None:
        """What was last told of an agent."""
        return self._told.get(agent)

    def queues(self) -> dict[str, QueueCount]:
        """How long each queue is, by queue key."""
        counts = {queue: QueueCount(waiting) for queue, waiting in self._waiting.items()}
        for agent in self._members.agents():
            for member in self._members.of(agent):
                count = counts.get(member.queue, QueueCount())
                counts[member.queue] = replace(count, members=count.members + 1)
        return counts

    async def gap(self, gap: Gap) -> None:
        """Nothing to do: the snapshot that follows says what stands."""

    async def snapshot(self, snapshot: Snapshot) -> None:
        self._members.load(snapshot.queue_members)
        self._waiting = {
            queue.get("Queue"): _count(queue.get("Calls")) for queue in snapshot.queue_params
        }
        self._talks.clear()
        for channel in snapshot.channels:
            self._channel(channel)
        await self._tell({*self._names, *self._members.agents(), *self._told})

    async def event(self, event: AmiEvent) -> None:
        if event.name.startswith("QueueMember"):
            agent = self._members.apply(event)
        elif event.name in ("QueueCallerJoin", "QueueCallerLeave"):
            self._waiting[event.get("Queue")] = _count(event.get("Count"))
            return
        else:
            agent = self._channel(event)
        if agent is not None:
            await self._tell([agent])

    def _channel(self, event: AmiEvent) -> str | None:
        """Note which call an agent's telephone serves; returns whose it is if that changed."""
        uniqueid = event.get("Uniqueid")
        if event.name == "Hangup":
            return self._talks.pop(uniqueid, (None, ""))[0]
        agent, call_id = agent_of(event.get("Channel")), call_of(event.channel_vars)
        if agent is None or call_id is None or self._talks.get(uniqueid) == (agent, call_id):
            return None
        self._talks[uniqueid] = (agent, call_id)
        return agent

    async def _tell(self, agents: Iterable[str]) -> None:
        for agent in sorted(agents):
            view = self._view(agent)
            if view == self._told.get(agent):
                continue
            try:
                await self._sink.agent(view)
            except HotlineError as error:  # told again with his next event
                log.error("state of agent %s not told (%s)", agent, error.error_id)
            else:
                self._told[agent] = view

    def _view(self, agent: str) -> AgentView:
        members = self._members.of(agent)
        state, reason = agent_state(members)
        calls = [call_id for who, call_id in self._talks.values() if who == agent]
        return AgentView(
            agent=agent,
            name=self._names.get(agent, agent),
            state=state,
            reason=reason,
            queues=tuple(sorted(member.queue for member in members)),
            call_id=calls[-1] if calls else None,
        )


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
