"""The outbox and its one ordered writer.

A change and its event are committed together; the event's number, the cursor, is given by one
sequencer, which also publishes it. A reader who has seen cursor N has therefore seen everything up
to N. Where the database has one writer the cursor is part of the same commit; where it has several
(PostgreSQL), ids and commits come out of order, so the cursor is given after the commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import bindparam
from sqlalchemy import select as sa_select
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, SQLModel, col, func, select, update

from core.errors import HotlineError
from core.store.database import Database, DatabaseAway
from core.store.tables import EventRow
from core.views import Event, EventKind

log = logging.getLogger(__name__)

T = TypeVar("T")

EVERYONE = ""
NOBODY = "-"  # no agent's yet: only those who see everything see it

BATCH = 200
RETRY_SECONDS = 1.0
GATHER_SECONDS = 0.01  # what is committed in so short a time is numbered in one go

# Columns, not entities: this runs after every change that tells of something.
_UNNUMBERED = (
    sa_select(*SQLModel.metadata.tables["event"].columns)
    .where(col(EventRow.cursor).is_(None))
    .order_by(col(EventRow.id))
    .limit(BATCH)
)
_NUMBER = (
    update(EventRow)
    .where(col(EventRow.id) == bindparam("event"))
    .values(cursor=bindparam("number"))
)


@dataclass(frozen=True, slots=True)
class Published:
    """An event on the bus, with the agent whom it concerns, ``EVERYONE`` or ``NOBODY``."""

    audience: str
    event: Event


@dataclass(frozen=True, slots=True)
class Batch:
    """So many events were numbered; those that could be read are to be published."""

    size: int
    published: list[Published]


def note(session: Session, kind: EventKind, subject: str, audience: str, at: datetime) -> None:
    """Put an event into the outbox, in the transaction of the change that it tells of."""
    session.add(EventRow(kind=kind, subject=subject, audience=audience, at=at))


class Sequencer:
    """Numbers committed events and publishes them. ``load`` turns a row into the full event."""

    def __init__(
        self,
        database: Database,
        publish: Callable[[Published], None],
        load: Callable[[Session, EventRow], Event],
    ) -> None:
        self._database = database
        self._send = publish
        self._load = load
        self._wake = asyncio.Event()

    async def write(self, work: Callable[[Session], T]) -> T:
        """Commit a unit of work; what it noted is published even if our caller is cancelled.

        Raises ``DatabaseAway`` or what ``work`` raises.
        """
        if not self._database.one_writer:
            return await self._database.write(work, lambda _: self._wake.set())

        def numbered(session: Session) -> tuple[T, Batch]:
            result = work(session)
            return result, self._number(session)

        result, _ = await self._database.write(numbered, lambda done: self._publish(done[1]))
        return result

    async def run(self) -> None:
        """Work until cancelled. What was committed before a crash is numbered at the next start."""
        self._wake.set()
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            try:
                while await self._batch():
                    pass
            except DatabaseAway:
                log.warning("sequencer: database away, trying again")
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()

    async def _batch(self) -> bool:
        batch = await self._database.write(self._number, self._publish)
        return batch.size == BATCH

    def _publish(self, batch: Batch) -> None:
        for item in batch.published:
            self._send(item)
        if batch.size == BATCH:
            self._wake.set()  # there may be more

    def _number(self, session: Session) -> Batch:
        session.flush()  # a statement of columns does not see what is only in the session
        found = session.execute(_UNNUMBERED).all()
        if not found:
            return Batch(0, [])
        last = session.exec(select(func.max(EventRow.cursor))).one() or 0
        numbers = [{"event": row.id, "number": n} for n, row in enumerate(found, last + 1)]
        session.connection().execute(_NUMBER, numbers)
        rows = [EventRow(**{**row._mapping, "cursor": n}) for n, row in enumerate(found, last + 1)]
        return Batch(len(rows), [one for row in rows if (one := self._published(session, row))])

    def _published(self, session: Session, row: EventRow) -> Published | None:
        try:
            return Published(row.audience, self._load(session, row))
        except (HotlineError, NoResultFound, ValueError) as unreadable:
            # One row that cannot be read must not stop everybody's events, or changes.
            log.error("event %s not published: %s", row.cursor, type(unreadable).__name__)
            return None
