"""What waits to be taken by the hotline: finals and reports are kept, partials may be dropped."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass

from core.errors import Unavailable
from core.ports import TranscriptSink
from core.transcript import Segment, StreamReport

log = logging.getLogger(__name__)

_PARTIALS_LIMIT = 200  # things waiting from which on a partial is not worth keeping
_RETRY_SECONDS = 0.2
_MAX_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class EngineChange:
    """The engine now at work (None: none) and why it is this one, or none."""

    name: str | None
    reason: str


Item = Segment | StreamReport | EngineChange


class Outbox:
    """Hands items to the sink one by one and in order.

    ``Unavailable`` from the sink means later: the item is offered again. Any other exception is a
    fault of the sink: it is logged and counted in ``refused``, and the next item goes on.
    """

    def __init__(self, sink: TranscriptSink, most: int) -> None:
        self._sink = sink
        self._most = most
        self._items: deque[Item] = deque()
        self._change = asyncio.Condition()
        self.partials_dropped = 0
        self.refused = 0

    async def put(self, item: Item) -> None:
        """Add an item. Waits only while ``most`` items wait; a partial is dropped instead."""
        async with self._change:
            if isinstance(item, Segment) and not item.final and len(self._items) > _PARTIALS_LIMIT:
                self.partials_dropped += 1
                return
            await self._change.wait_for(lambda: len(self._items) < self._most)
            self._items.append(item)
            self._change.notify_all()

    async def deliver(self) -> None:
        """Hand over items until cancelled."""
        while True:
            async with self._change:
                await self._change.wait_for(lambda: len(self._items) > 0)
            await self._hand_over(self._items[0])
            async with self._change:
                self._items.popleft()
                self._change.notify_all()

    async def emptied(self) -> None:
        """Wait until everything has been handed over."""
        async with self._change:
            await self._change.wait_for(lambda: not self._items)

    async def _hand_over(self, item: Item) -> None:
        pause = _RETRY_SECONDS
        while True:
            try:
                await self._offer(item)
            except Unavailable as problem:
                log.warning("transcript has to wait: %s", problem.error_id)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _MAX_RETRY_SECONDS)
            except Exception as problem:  # noqa: BLE001 - one bad item must not end recognition
                self.refused += 1
                log.error("transcript not taken: %s", type(problem).__name__)
                return
            else:
                return

    async def _offer(self, item: Item) -> None:
        if isinstance(item, Segment):
            await self._sink.segment(item)
        elif isinstance(item, StreamReport):
            await self._sink.stream(item)
        else:
            await self._sink.engine(item.name, item.reason)
