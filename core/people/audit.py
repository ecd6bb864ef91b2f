"""Who has seen a ticket (article 48), and whether the log of it is whole."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlmodel import Session

from core.errors import NotFound
from core.loop.origin import call_of
from core.people.access import AccessLog, Verdict
from core.people.errors import LogClosed
from core.people.logged import Logged, Write
from core.people.roles import Role
from core.people.sight import sees
from core.ports import Viewer
from core.store.tables import TicketRow
from core.views import View

READERS = frozenset({Role.AUDITOR, Role.SUPERVISOR})
PAGE = 500


class AccessLine(View):
    """One line of the log: who did or tried what; ``error_id`` why he was refused."""

    seq: int
    at: datetime
    actor: str
    role: str
    act: str
    subject: str
    outcome: str
    error_id: str


class AuditOffice:
    """Reading the log is itself written down. ``write`` runs a unit of work, ``read`` one that
    changes nothing and that no writer waits for."""

    def __init__(self, write: Write, read: Write, log: AccessLog) -> None:
        self._logged = Logged(write, log)
        self._read = read
        self._log = log
        self._walk = asyncio.Lock()

    async def who_saw(self, viewer: Viewer, number: str, after: int = 0) -> list[AccessLine]:
        """Up to 500 lines about the ticket, its call, or a list on which it stood, after the line
        ``after``; refused attempts too.

        Raises ``LogClosed``; ``NotFound``, also for a ticket of another county than the viewer's.
        """

        def work(session: Session) -> list[AccessLine]:
            _reader(viewer)
            ticket = session.get(TicketRow, number)
            if ticket is None or not sees(viewer, ticket, ()):
                raise NotFound("no such ticket", number=number)
            return lines_about(self._log, session, number, after)

        return await self._logged.run(viewer, "who_saw", number, work)

    async def verify(self, viewer: Viewer) -> Verdict:
        """Walk the whole log; calls are written down meanwhile. Raises ``LogClosed``."""
        await self._logged.run(viewer, "verify_log", "", lambda _: _reader(viewer))
        async with self._walk:  # a log of years takes its time: never more than one reader
            verdict: Verdict = await self._read(self._log.verify)
        return verdict


def lines_about(log: AccessLog, session: Session, number: str, after: int = 0) -> list[AccessLine]:
    """A page of the lines about one ticket, the call it was told in, and lists with it."""
    ticket = session.get(TicketRow, number)
    call_id = call_of(session, ticket) if ticket is not None else None
    rows = log.of(session, [number] if call_id is None else [number, call_id], after, PAGE)
    return [AccessLine.model_validate(row, from_attributes=True) for row in rows]


def _reader(viewer: Viewer) -> None:
    if viewer.role not in READERS:
        raise LogClosed(role=viewer.role)
