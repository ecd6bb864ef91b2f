"""Hearing the recording of a confidential matter, by approval and for a while (article 39)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints
from sqlmodel import Session

from core.clock import Clock
from core.errors import NotFound
from core.loop.acts.intake import Words
from core.loop.errors import ActForbidden, AskedAlready, NothingAsked, SecretContent
from core.loop.repository import LoopRepository
from core.loop.scene import Body
from core.loop.secret import STATE_SECRET
from core.people.access import AccessLog
from core.people.errors import OwnRequest
from core.people.logged import Logged, Write
from core.people.roles import CONSOLE, Role
from core.people.sight import sees
from core.policy.book import PolicyBook
from core.policy.deadlines import due
from core.ports import Viewer
from core.store.loop_tables import RequestRow
from core.store.tables import TicketRow
from core.store.vault import Vault
from core.views import View

KIND = "recording"
ASK, DECIDE = "ask_recording", "decide_recording"


class HearingAsked(Body):
    """Why it has to be heard."""

    words: Words


class HearingDecided(Body):
    """``asked_by`` is the account of whoever asked."""

    asked_by: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,32}$")]
    granted: bool


class HearingView(View):
    """A request to hear a ticket's recording. ``until`` is set once it is granted."""

    number: str
    asked_by: str
    asked_at: datetime
    words: str
    state: str
    decided_by: str
    until: datetime | None


class Hearings:
    """``write`` runs a unit of work. Asking and deciding are written to the access log."""

    def __init__(
        self,
        write: Write,
        vault: Vault,
        policies: Callable[[], PolicyBook],
        log: AccessLog,
        clock: Clock,
    ) -> None:
        self._logged = Logged(write, log)
        self._vault = vault
        self._policies = policies
        self._clock = clock

    async def ask(self, viewer: Viewer, number: str, body: HearingAsked) -> HearingView:
        """Raises ``ActForbidden``, ``NotFound``, ``AskedAlready``; ``SecretContent`` where there is
        nothing to hear any more and no word is kept."""

        def work(session: Session) -> HearingView:
            if viewer.role not in CONSOLE:
                raise ActForbidden(act=ASK, role=viewer.role)
            if _ticket(session, viewer, number).secrecy >= STATE_SECRET:
                raise SecretContent
            if _of(session, number, viewer.agent, "open") is not None:
                raise AskedAlready(kind=KIND)
            request = RequestRow(
                number=number,
                kind=KIND,
                asked_by=viewer.agent,
                asked_at=self._clock.now(),
                reason=KIND,
                words_sealed=self._vault.seal(session, number, body.words),
            )
            session.add(request)
            session.flush()
            return self._view(session, request)

        return await self._logged.run(viewer, ASK, number, work)

    async def decide(self, viewer: Viewer, number: str, body: HearingDecided) -> HearingView:
        """Another head than the one who asks grants it, for as long as the rules say.

        Raises ``ActForbidden``, ``OwnRequest``, ``NotFound``, ``NothingAsked``.
        """

        def work(session: Session) -> HearingView:
            if viewer.role != Role.SUPERVISOR:
                raise ActForbidden(act=DECIDE, role=viewer.role)
            if body.asked_by == viewer.agent:
                raise OwnRequest(kind=KIND)
            _ticket(session, viewer, number, change=True)
            request = _of(session, number, body.asked_by, "open")
            if request is None:
                raise NothingAsked(kind=KIND)
            now = self._clock.now()
            policy = self._policies().at(now)
            request.state = "granted" if body.granted else "refused"
            request.decided_by = viewer.agent
            request.decided_at = now
            if body.granted:
                request.until = due(policy.calendar, now, policy.conduct.recording_access)
            session.add(request)
            return self._view(session, request)

        return await self._logged.run(viewer, DECIDE, number, work)

    async def requests(self, viewer: Viewer, number: str) -> list[HearingView]:
        """All of one ticket's: the viewer's own, for heads everybody's."""

        def work(session: Session) -> list[HearingView]:
            _ticket(session, viewer, number)
            return [
                self._view(session, request)
                for request in LoopRepository(session).requests(number, KIND)
                if viewer.role == Role.SUPERVISOR or request.asked_by == viewer.agent
            ]

        return await self._logged.run(viewer, "read_recording_requests", number, work)

    def _view(self, session: Session, request: RequestRow) -> HearingView:
        sealed = request.words_sealed
        return HearingView(
            number=request.number,
            asked_by=request.asked_by,
            asked_at=request.asked_at,
            words="" if sealed is None else self._vault.open(session, request.number, sealed),
            state=request.state,
            decided_by=request.decided_by,
            until=request.until,
        )


def granted(session: Session, viewer: Viewer, number: str, now: datetime) -> bool:
    """Whether the viewer may hear this ticket's recording now."""
    return any(
        request.asked_by == viewer.agent
        and request.state == "granted"
        and request.until is not None
        and now <= request.until
        for request in LoopRepository(session).requests(number, KIND)
    )


def _ticket(session: Session, viewer: Viewer, number: str, *, change: bool = False) -> TicketRow:
    rows = LoopRepository(session)
    ticket = rows.ticket(number, change=change)
    if ticket is None or not sees(viewer, ticket, rows.tasks(number)):
        raise NotFound("no such ticket", number=number)
    return ticket


def _of(session: Session, number: str, asked_by: str, state: str) -> RequestRow | None:
    requests = LoopRepository(session).requests(number, KIND)
    return next((one for one in requests if (one.asked_by, one.state) == (asked_by, state)), None)
