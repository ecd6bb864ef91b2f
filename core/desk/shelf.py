"""Where the recordings of calls lie: who may hear one, and which are to be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from core.calls import CallState, Leg
from core.clock import Clock
from core.desk.feed import may_see
from core.errors import NotFound
from core.loop.engine import Work
from core.loop.hearings import granted
from core.loop.origin import about_call
from core.people.errors import RecordingClosed
from core.people.logged import Logged
from core.people.roles import require_console
from core.ports import Viewer
from core.store.database import Database
from core.store.outbox import NOBODY
from core.store.tables import CallRow, RecordingRow, TicketRow


@dataclass(frozen=True, slots=True)
class Shelf:
    """Implements ``RecordingShelf``. ``write`` runs a unit of work."""

    database: Database
    write: Work[None]
    logged: Logged
    clock: Clock

    async def recording(self, viewer: Viewer, call_id: str, leg: Leg) -> str:
        """Where one leg's recording lies.

        Of all tickets about the call, those split off too, the strictest decides.

        Raises ``NotFound``, also for a call of somebody else; ``RecordingClosed`` while nobody has
        approved that a confidential matter is heard (``core.loop.hearings``).
        """
        about = await self.database.read(lambda session: _about(session, call_id))

        def work(session: Session) -> str:
            require_console(viewer.role)
            call = session.get(CallRow, call_id)
            row = session.get(RecordingRow, (call_id, leg.value))
            if call is None or row is None or row.erase:
                raise NotFound("no such recording", call_id=call_id, leg=leg.value)
            secret = _strictest(about_call(session, call_id))
            approved = any(
                granted(session, viewer, ticket.number, self.clock.now()) for ticket in secret
            )
            if not approved and not may_see(viewer, call.agent or NOBODY):
                raise NotFound("no such recording", call_id=call_id, leg=leg.value)
            if secret and not approved:
                raise RecordingClosed(number=secret[0].number)
            return row.file

        # One ticket's line stands under its number, that of several under their call.
        subject = about[0] if len(about) == 1 else call_id
        return await self.logged.run(viewer, "listen", subject, work)

    async def to_erase(self, limit: int) -> list[tuple[str, Leg, str]]:
        """Files of ended calls that are to be deleted, as (call id, leg, file)."""

        def work(session: Session) -> list[tuple[str, Leg, str]]:
            query = (
                select(RecordingRow)
                .join(CallRow, col(CallRow.id) == col(RecordingRow.call_id))
                .where(
                    col(RecordingRow.erase).is_(True),
                    RecordingRow.file != "",
                    CallRow.state == CallState.ENDED.value,
                )
                .limit(limit)
            )
            return [(row.call_id, Leg(row.leg), row.file) for row in session.exec(query)]

        return await self.database.read(work)

    async def erased(self, call_id: str, leg: Leg) -> None:
        """The file is gone from the disk."""

        def work(session: Session) -> None:
            row = session.get_one(RecordingRow, (call_id, leg.value))
            row.file = ""
            session.add(row)

        await self.write(work)


def _about(session: Session, call_id: str) -> list[str]:
    return [ticket.number for ticket in about_call(session, call_id)]


def _strictest(tickets: Sequence[TicketRow]) -> list[TicketRow]:
    """Those of the highest level of secrecy; none while all are open."""
    level = max((ticket.secrecy for ticket in tickets), default=0)
    return [ticket for ticket in tickets if level and ticket.secrecy == level]
