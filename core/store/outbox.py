"""The outbox and its one ordered writer.

A change and its event are committed together, without a cursor: ids alone become visible out of
order on PostgreSQL. One sequencer then numbers what is committed, in one place, and publishes it. A
reader who has seen cursor N has therefore seen everything up to N.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, col, func, select

from core.bus import Bus
from core.errors import HotlineError
from core.store.database import Database, DatabaseAway
from core.store.tables import EventRow
from core.views import Event, EventKind

log = logging.getLogger(__name__)

BATCH = 200
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Published:
    """An event on the bus, with the agent whom it concerns ("" = everyone)."""

    audience: str
    event: Event


def note(session: Session, kind: EventKind, subject: str, audience: str, at: datetime) -> None:
    """Put an event into the outbox, in the transaction of the change that it tells of."""
    session.add(EventRow(kind=kind, subject=subject, audience=audience, at=at))


class Sequencer:
    """Numbers committed events and publishes them. ``load`` turns a row into the full event."""

    def __init__(
        self,
        database: Database,
        bus: Bus[Published],
        load: Callable[[Session, EventRow], Event],
    ) -> None:
        self._database = database
        self._bus = bus
        self._load = load
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled. What was committed before a crash is numbered at the next start."""
        self._wake.set()
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while await self._batch():
                    pass
            except DatabaseAway:
                log.warning("sequencer: database away, trying again")
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()

    async def _batch(self) -> bool:
        numbered, published = await self._database.write(self._number)
        for item in published:
            self._bus.publish(item)
        return numbered == BATCH

    def _number(self, session: Session) -> tuple[int, list[Published]]:
        rows = session.exec(
            select(EventRow)
            .where(col(EventRow.cursor).is_(None))
            .order_by(col(EventRow.id))
            .limit(BATCH)
        ).all()
        if not rows:
            return 0, []
        last = session.exec(select(func.max(EventRow.cursor))).one() or 0
        for cursor, row in enumerate(rows, last + 1):
            row.cursor = cursor
            session.add(row)
        session.flush()
        return len(rows), [item for row in rows if (item := self._published(session, row))]

    def _published(self, session: Session, row: EventRow) -> Published | None:
        try:
            return Published(row.audience, self._load(session, row))
        except (HotlineError, NoResultFound) as unreadable:
            # One row that cannot be read must not stop everybody's events.
            log.error("event %s not published: %s", row.cursor, type(unreadable).__name__)
            return None
