"""A lane for each call and each agent: what is told of one keeps its order, none waits for another.

Whoever tells of all in one sequence (the AMI link's listeners, the recogniser) would otherwise wait
for the database once per item: a wave of calls, and the last screen pops come seconds late.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from core.calls import CallFact
from core.errors import HotlineError
from core.ports import AgentSink, FactSink, TranscriptSink
from core.transcript import Segment, StreamReport
from core.views import AgentView

log = logging.getLogger(__name__)

# No screen pop shall stand behind fifty sentences in the queue before the database.
SENTENCES_AT_ONCE = 2

Work = Callable[[], Awaitable[None]]
Item = CallFact | Segment
Announce = Callable[[Item], None]
Keep = Callable[[Iterable[Item]], None]


class Lanes:
    """A ``FactSink``, ``TranscriptSink`` and ``AgentSink`` before others, for which it never waits.

    ``announce`` is told of each item before it waits here for anything. At most ``most`` items
    wait; then whoever brings one waits. Own its ``run``; what still waits when that is cancelled
    goes to ``keep``, which must not wait for a database.
    """

    def __init__(
        self,
        facts: FactSink,
        words: TranscriptSink,
        agents: AgentSink,
        announce: Announce = lambda item: None,
        keep: Keep = lambda items: None,
        most: int = 20_000,
    ) -> None:
        self._keep = keep
        self._announce = announce
        self._facts = facts
        self._words = words
        self._agents = agents
        self._sentences = asyncio.Semaphore(SENTENCES_AT_ONCE)
        self._lanes: dict[str, deque[tuple[Work, Item | None]]] = {}
        self._opened: asyncio.Queue[str] = asyncio.Queue()
        self._room = asyncio.Semaphore(most)
        self._empty = asyncio.Event()
        self._empty.set()
        self._stopping = asyncio.Event()

    async def record(self, fact: CallFact) -> None:
        self._tell(fact)
        await self._put(fact.call_id, partial(self._facts.record, fact), fact)

    async def segment(self, segment: Segment) -> None:
        """A partial one is not kept, so it does not wait in the lane either."""
        if segment.final:
            self._tell(segment)
            await self._put(segment.call_id, partial(self._say, segment), segment)
        else:
            await self._words.segment(segment)

    async def stream(self, report: StreamReport) -> None:
        await self._put(report.call_id, partial(self._words.stream, report))

    async def engine(self, name: str | None, reason: str) -> None:
        await self._words.engine(name, reason)

    async def agent(self, view: AgentView) -> None:
        await self._put(f"agent {view.agent}", partial(self._agents.agent, view))

    async def ami(self, state: str) -> None:
        await self._put("ami", partial(self._agents.ami, state))

    async def run(self) -> None:
        """Hand on what comes, also what came before; until ``stop`` and all has been handed on."""
        try:
            async with asyncio.TaskGroup() as group:
                opening = group.create_task(self._open(group))
                await self._stopping.wait()
                await self._empty.wait()
                opening.cancel()
        except asyncio.CancelledError:
            self._keep_the_rest()
            raise

    def _keep_the_rest(self) -> None:
        """Each lane in its order. What was just being handed on may then be told twice."""
        rest = [item for lane in self._lanes.values() for _, item in lane if item is not None]
        if rest:
            log.error("%d items wait for the next start: the database was too slow", len(rest))
            self._keep(rest)

    async def stop(self) -> None:
        """Nothing more will come: let ``run`` end."""
        self._stopping.set()

    def _tell(self, item: Item) -> None:
        try:
            self._announce(item)
        except Exception as fault:  # noqa: BLE001 - not to be told early is no reason to be lost
            log.error("%s: an item was not announced (%s)", item.call_id, type(fault).__name__)

    async def _say(self, segment: Segment) -> None:
        async with self._sentences:
            await self._words.segment(segment)

    async def _open(self, group: asyncio.TaskGroup) -> None:
        while True:
            group.create_task(self._drive(await self._opened.get()), name="lane")

    async def _put(self, subject: str, work: Work, item: Item | None = None) -> None:
        await self._room.acquire()
        lane = self._lanes.get(subject)
        if lane is None:
            lane = self._lanes[subject] = deque()
            self._opened.put_nowait(subject)
            self._empty.clear()
        lane.append((work, item))

    async def _drive(self, subject: str) -> None:
        lane = self._lanes[subject]
        while lane:
            try:
                await lane[0][0]()
            except HotlineError as refused:
                log.error("%s: an item was not kept (%s)", subject, refused.error_id)
            except Exception as fault:  # noqa: BLE001 - one bad item must not end the hotline
                # Not its text: that may hold a caller's words.
                log.error("%s: an item was not kept (%s)", subject, type(fault).__name__)
            lane.popleft()
            self._room.release()
        del self._lanes[subject]
        if not self._lanes:
            self._empty.set()
