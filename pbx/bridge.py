"""The bridge to one Asterisk: the AMI link and everything that listens to it, as one object."""

from __future__ import annotations

import asyncio
import logging

from core.clock import Clock
from core.errors import HotlineError
from core.pack import CityPack
from core.ports import AgentSink, FactSink, Transcriber, TranscriptSink
from core.transcript import StreamReport
from pbx.ami.link import AmiLink
from pbx.calls import CallTracker
from pbx.calls.stale import OpenCalls
from pbx.queues import AmiSwitchboard, QueueMirror, WrapUp
from pbx.queues.locks import AgentLocks
from pbx.settings import PbxSettings
from pbx.taps import Taps

log = logging.getLogger(__name__)


class Bridge:
    """Builds each part once and runs them all. ``switchboard`` and ``mirror`` are for others' use.

    The recogniser's reports go to ``stream`` as well as to the desk; ``transcriber_up`` is called
    whenever the recogniser is back.
    """

    def __init__(
        self,
        settings: PbxSettings,
        pack: CityPack,
        link: AmiLink,
        *,
        facts: FactSink,
        agents: AgentSink,
        transcript: TranscriptSink,
        transcriber: Transcriber,
        open_calls: OpenCalls,
        clock: Clock,
    ) -> None:
        locks = AgentLocks()
        self.link = link
        self.mirror = QueueMirror(agents, {agent.number: agent.name for agent in settings.agents})
        self.switchboard = AmiSwitchboard(link, settings.agents, locks)
        self._agents = agents
        self._tracker = CallTracker(link, facts, pack, settings.recordings, open_calls, clock)
        self._wrap_up = WrapUp(link, pack, locks, clock)
        self._taps = Taps(link, transcriber, transcript, settings.taps, clock)
        # Each has a mailbox of its own, so a slow database keeps no tap waiting.
        for listener in (self._taps, self._wrap_up, self.mirror, self._tracker):
            link.listen(listener)

    async def run(self) -> None:
        """Run until cancelled; calls, queues and pauses in Asterisk go on without us."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._taps.run())
            group.create_task(self._wrap_up.run())
            group.create_task(self._tracker.run())
            group.create_task(self._tell_link())
            group.create_task(self.link.run())

    async def stream(self, report: StreamReport) -> None:
        """A report of the recogniser: a tap that broke off in a talk is placed again."""
        await self._taps.stream(report)

    def transcriber_up(self) -> None:
        """The recogniser takes taps again: what waits for it is placed at once."""
        self._taps.transcriber_up()

    async def _tell_link(self) -> None:
        async for change in self.link.changes():
            try:
                await self._agents.ami(change.state.value)
            except HotlineError as error:
                log.error("state of the AMI link not told (%s)", error.error_id)
