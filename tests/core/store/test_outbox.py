"""Whoever has read up to a cursor has read everything, in whatever order changes are committed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from core.store.database import Database
from core.store.outbox import EVERYONE, Published, Sequencer, note
from core.store.tables import EventRow
from core.views import Event

NOW = datetime(2026, 1, 12, tzinfo=UTC)


def load(_session: Session, row: EventRow) -> Event:
    assert row.cursor is not None
    return Event(cursor=row.cursor, kind="system", at=row.at)


class Reader:
    """A console that was told of cursor N asks for what follows N, and for nothing before it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.cursor = 0
        self.read: list[str] = []

    async def reads(self) -> list[str]:
        def after(session: Session) -> list[EventRow]:
            query = select(EventRow).where(col(EventRow.cursor) > self.cursor)
            return list(session.exec(query.order_by(col(EventRow.cursor))))

        for row in await self._database.read(after):
            assert row.cursor is not None
            self.cursor = row.cursor
            self.read.append(row.subject)
        return self.read


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[Database, Sequencer, asyncio.Queue[Published]]]:
    database = Database(url)
    published: asyncio.Queue[Published] = asyncio.Queue()
    sequencer = Sequencer(database, published.put_nowait, load)
    running = asyncio.create_task(sequencer.run())
    try:
        yield database, sequencer, published
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await database.close()


async def test_a_change_that_is_committed_late_is_not_skipped(database_url: str) -> None:
    """The first one notes its event, the second one overtakes it where the database lets it."""
    noted, commit = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        note(session, "system", "slow", EVERYONE, NOW)
        session.flush()  # its id is taken
        noted.set()
        assert commit.wait(30)

    def quick(session: Session) -> None:
        note(session, "system", "quick", EVERYONE, NOW)

    async with opened(database_url) as (database, sequencer, published):
        reader = Reader(database)
        first = asyncio.create_task(sequencer.write(slow))
        await asyncio.to_thread(noted.wait, 30)
        second = asyncio.create_task(sequencer.write(quick))
        if not database.one_writer:
            await second
            assert (await published.get()).event.cursor == 1
            assert await reader.reads() == ["quick"]
        commit.set()
        await asyncio.gather(first, second)
        while reader.cursor < 2:
            await published.get()
            await reader.reads()
        assert sorted(reader.read) == ["quick", "slow"]
        assert reader.cursor == 2


async def test_many_writers_at_once_leave_no_gap_and_no_number_twice(database_url: str) -> None:
    async with opened(database_url) as (database, sequencer, published):
        reader = Reader(database)

        async def writes(name: str) -> None:
            for number in range(10):
                subject = f"{name}{number}"
                await sequencer.write(lambda s, of=subject: note(s, "system", of, EVERYONE, NOW))

        writing = asyncio.gather(*map(writes, "abcdef"))
        cursors = []
        while len(cursors) < 60:
            cursors.append((await published.get()).event.cursor)
            await reader.reads()
        await writing
        assert cursors == list(range(1, 61))
        assert sorted(reader.read) == sorted(f"{n}{k}" for n in "abcdef" for k in range(10))
