"""Wrap-up: after a talk the agent is paused at once, and never for longer than his queue allows.

The pause itself is the memory: it stands in Asterisk, with its reason and its beginning. Whatever
is found paused for wrap-up gets an end here, so no agent can be stuck in it, whoever restarts.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from core.clock import Clock
from core.errors import HotlineError
from core.pack import CityPack
from pbx.ami.api import Ami, AmiEvent, Gap, Snapshot
from pbx.calls.channels import agent_at, agent_of, is_callers
from pbx.calls.standing import queue_of
from pbx.queues.locks import AgentLocks
from pbx.queues.members import WRAP_UP, Members, ask_members

log = logging.getLogger(__name__)

RETRY = timedelta(seconds=3)

_PAUSE = {"Paused": "true", "Reason": WRAP_UP}
_RESUME = {"Paused": "false"}
_DIALLED = "AppQueue"  # the application of a channel that a queue dialled


class WrapUp:
    """Implements ``AmiListener``; its owner awaits ``run``.

    ``tick_seconds`` is how often the clock is looked at while somebody wraps up.
    """

    def __init__(
        self,
        ami: Ami,
        pack: CityPack,
        locks: AgentLocks,
        clock: Clock,
        *,
        tick_seconds: float = 0.25,
    ) -> None:
        self._ami = ami
        self._seconds = {queue.key: queue.wrap_up_seconds for queue in pack.queues}
        self._locks = locks
        self._clock = clock
        self._tick = tick_seconds
        self._members = Members()
        self._talks: dict[str, tuple[str, str]] = {}  # the agent's unique id -> (agent, queue)
        self._ended: dict[str, str] = {}  # agent -> queue of the talk that just ended
        self._allowed: dict[str, int] = {}  # agent -> seconds, by the queue of his last talk
        self._due: dict[str, datetime] = {}
        self._wake = asyncio.Event()

    async def gap(self, gap: Gap) -> None:
        """Nothing to do: the snapshot that follows says who is paused."""

    async def snapshot(self, snapshot: Snapshot) -> None:
        self._members.load(snapshot.queue_members)
        self._talks = _talks(snapshot)
        for agent in {*self._members.agents(), *self._due}:
            self._look(agent)

    async def event(self, event: AmiEvent) -> None:
        if event.name.startswith("QueueMember"):
            agent = self._members.apply(event)
            if agent is not None:
                self._look(agent)
        elif event.name == "AgentConnect":
            agent = agent_at(event.get("Interface"))
            if agent is not None:
                self._talks[event.get("DestUniqueid")] = (agent, event.get("Queue"))
        elif event.name == "AgentComplete":
            self._talk_over(event.get("DestUniqueid"))
        elif event.name == "Hangup":
            # After a transfer the queue reports the end only when the caller hangs up; the agent
            # is free of the talk as soon as his own channel is gone.
            self._talk_over(event.get("Uniqueid"))

    async def run(self) -> None:
        """Pause who ended a talk, resume whose time is over; until cancelled."""
        while True:
            await self._wait()
            while self._ended:
                agent, queue = self._ended.popitem()
                self._allowed[agent] = self._seconds[queue]
                await self._for_all(agent, wrapping=False, fields=_PAUSE)
            now = self._clock.now()
            for agent in [agent for agent, due in self._due.items() if due <= now]:
                # Until Asterisk's event says that it is over, it is only put off.
                self._due[agent] = now + RETRY
                await self._for_all(agent, wrapping=True, fields=_RESUME)

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._tick if self._due else None):
                await self._wake.wait()
        self._wake.clear()

    def _talk_over(self, uniqueid: str) -> None:
        agent, queue = self._talks.pop(uniqueid, (None, ""))
        if agent is not None and self._seconds.get(queue):
            self._ended[agent] = queue
            self._wake.set()

    def _look(self, agent: str) -> None:
        """Give a wrap-up its end as soon as it is seen, and forget it when it is over."""
        wrapping = [member for member in self._members.of(agent) if member.wraps_up]
        if not wrapping:
            self._due.pop(agent, None)
            self._allowed.pop(agent, None)
        elif agent not in self._due:
            now = self._clock.now()
            longest = max(self._seconds.get(member.queue, 0) for member in wrapping)
            allowed = timedelta(seconds=self._allowed.get(agent, longest))
            began = min(member.last_pause for member in wrapping)
            since = datetime.fromtimestamp(began, UTC) if began else now
            self._due[agent] = min(since, now) + allowed
            self._wake.set()

    async def _for_all(self, agent: str, *, wrapping: bool, fields: Mapping[str, str]) -> None:
        """Pause or resume in each queue where it applies.

        Asterisk is asked under the agent's lock: a pause that he chose himself is never touched,
        even if its event has not come yet.
        """
        try:
            async with self._locks.of(agent):
                for member in await ask_members(self._ami, agent):
                    if member.wraps_up if wrapping else not member.paused:
                        where = {"Queue": member.queue, "Interface": f"PJSIP/{agent}"}
                        await self._ami.action("QueuePause", {**where, **fields})
        except HotlineError as error:
            log.warning("wrap-up of agent %s: %s", agent, error.error_id)


def _talks(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """Who talks to a caller whom a queue brought."""
    queues = {
        channel.get("Uniqueid"): queue_of(channel)
        for channel in snapshot.channels
        if is_callers(channel)
    }
    talks = {}
    for channel in snapshot.channels:
        agent = agent_of(channel.get("Channel"))
        queue = queues.get(channel.get("Linkedid"))
        if agent and queue and channel.get("BridgeId") and channel.get("Application") == _DIALLED:
            talks[channel.get("Uniqueid")] = (agent, queue)
    return talks
