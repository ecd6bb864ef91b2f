"""Events about what stands now and has no row of its own: agents, links, the recogniser.

They are told at once; while the database is away they are kept, one per subject, because an event
shows its subject as it stands when it is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sqlmodel import Session

from core.clock import Clock
from core.store.database import DatabaseAway
from core.store.outbox import RETRY_SECONDS, note
from core.views import EventKind

Write = Callable[[Callable[[Session], None]], Awaitable[None]]


class Tellings:
    """``write`` runs a unit of work. Own its ``run``."""

    def __init__(self, write: Write, clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._owed: dict[tuple[EventKind, str], str] = {}  # (kind, subject) -> audience
        self._behind = asyncio.Event()
        self._telling = asyncio.Lock()

    async def tell(self, kind: EventKind, subject: str, audience: str) -> None:
        """The subject stands otherwise. Raises ``DatabaseAway``; it is then told later."""
        self._owed[kind, subject] = audience
        await self._tell()

    async def run(self) -> None:
        """Tell what is owed once the database is back; until cancelled."""
        while True:
            await self._behind.wait()
            await asyncio.sleep(RETRY_SECONDS)
            self._behind.clear()
            try:
                await self._tell()
            except DatabaseAway:
                continue

    async def _tell(self) -> None:
        """Whatever came while another telling was written goes with the next, all in one."""
        async with self._telling:
            if self._owed:
                await self._tell_all()

    async def _tell_all(self) -> None:
        owed, self._owed = self._owed, {}

        def work(session: Session) -> None:
            for (kind, subject), audience in owed.items():
                note(session, kind, subject, audience, self._clock.now())

        try:
            await self._write(work)
        except DatabaseAway:
            self._owed = owed | self._owed
            self._behind.set()
            raise
