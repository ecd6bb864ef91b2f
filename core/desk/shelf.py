"""Where the recordings of calls lie: who may hear one, and which are to be deleted."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from core.calls import CallState, Leg
from core.clock import Clock
from core.desk.feed import may_see
from core.errors import NotFound
from core.loop.engine import Work
from core.loop.hearings import granted
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

        Raises ``NotFound``, also for a call of somebody else; ``RecordingClosed`` while nobody has
        approved that a confidential matter is heard (``core.loop.hearings``).
        """
        about = select(TicketRow.number).where(TicketRow.call_id == call_id)
        number = await self.database.read(lambda session: session.exec(about).first())

        def work(session: Session) -> str:
            require_console(viewer.role)
            call = session.get(CallRow, call_id)
            row = session.get(RecordingRow, (call_id, leg.value))
            if call is None or row is None or row.erase:
                raise NotFound("no such recording", call_id=call_id, leg=leg.value)
            ticket = session.get(TicketRow, number) if number else None
            secret = ticket is not None and ticket.secrecy > 0
            approved = secret and granted(session, viewer, str(number), self.clock.now())
            if not approved and not may_see(viewer, call.agent or NOBODY):
                raise NotFound("no such recording", call_id=call_id, leg=leg.value)
            if secret and not approved:
                raise RecordingClosed(number=number)
            return row.file

        return await self.logged.run(viewer, "listen", number or call_id, work)

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
