"""What waits to be sent to one console: bounded, and passing events give way first."""

from __future__ import annotations

import asyncio
from itertools import islice

from agent_console.errors import ReaderTooSlow
from core.views import Event


class Outbox:
    """A queue between the desk, which must never wait, and one console's socket, which may.

    A newer partial transcript takes the place of an older one of its segment, and the final one
    takes the place of both. A passing call or draft that comes again goes to the end instead, for
    what waits may be older than it. At most ``passing`` passing events wait, the newest ones; when
    ``size`` is reached they are all let go, and when that does not help the reader is too slow.
    """

    def __init__(self, size: int, passing: int) -> None:
        self._size = size
        self._passing = passing
        self._waiting: dict[int | str, Event] = {}  # by cursor, or by what passes: never the same
        self._some = asyncio.Event()
        self.shed = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, event: Event) -> None:
        """Never waits. Raises ``ReaderTooSlow`` when it is full of stored events."""
        if event.cursor == 0:
            key = _passing_key(event)
            if event.segment is None:
                self._waiting.pop(key, None)
            self._waiting[key] = event
            self.let_go(self._passing)
        else:
            if event.segment is not None:
                self._waiting.pop(event.segment.segment_id, None)
            self._waiting[event.cursor] = event
        if len(self._waiting) > self._size:
            self.let_go()
            if len(self._waiting) > self._size:
                raise ReaderTooSlow(waiting=len(self._waiting))
        self._some.set()

    async def get(self) -> Event:
        """The oldest waiting event; waits for one. May be cancelled without losing any."""
        while not self._waiting:
            self._some.clear()
            await self._some.wait()
        return self._waiting.pop(next(iter(self._waiting)))

    def let_go(self, keep: int = 0) -> None:
        """Leave out the passing events that wait, but for the ``keep`` newest."""
        passing = [key for key in self._waiting if isinstance(key, str)]
        for key in islice(passing, max(0, len(passing) - keep)):
            del self._waiting[key]
            self.shed += 1


def _passing_key(event: Event) -> str:
    if event.segment is not None:
        return event.segment.segment_id
    if event.call is not None:  # that it rang is worth telling even if it was answered since
        return f"call {event.call.call_id} {event.call.state} {event.call.agent}"
    return f"draft {event.draft.call_id}" if event.draft is not None else event.kind
