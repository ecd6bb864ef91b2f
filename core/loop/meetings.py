"""Joint meetings about a set of tickets: called, held, resolved (article 21)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from annotated_types import Len
from sqlmodel import Session

from core.clock import Clock
from core.errors import NotFound
from core.loop.acts import ACTS
from core.loop.acts.intake import Key, Moment, Number, Words
from core.loop.acts.resolving import Resolve
from core.loop.coordination import LARGEST, Coordination
from core.loop.engine import Loop, Work, formed
from core.loop.errors import (
    AccusedHandles,
    ActForbidden,
    ActOutOfOrder,
    AskedAlready,
    TooLate,
    UnitUnknown,
)
from core.loop.minutes import keep_minutes, minutes_for
from core.loop.repository import LoopRepository
from core.loop.responsibility import exists, kept_from
from core.loop.scene import Body
from core.loop.states import MOVES, Act, TicketState
from core.loop.views import MeetingItem, MeetingView
from core.people.access import AccessLog
from core.people.logged import tried
from core.people.roles import UNITS, Role
from core.people.sight import sees
from core.policy.book import Policy, PolicyBook
from core.ports import Viewer
from core.store.loop_tables import MeetingRow, MeetingTicketRow
from core.store.tables import TicketRow
from core.store.vault import Vault

CALLERS = MOVES[Act.RESOLVE].roles
PAGE = 50


class CallMeeting(Body):
    """Which tickets are talked about, which units come, and when."""

    numbers: Annotated[tuple[Number, ...], Len(1, 100)]
    units: Annotated[tuple[Key, ...], Len(1, 40)]
    planned_at: Moment


class HoldMeeting(Body):
    minutes: Words


class Resolution(Body):
    """What was resolved about one ticket; see ``core.loop.acts.resolving.Resolve``."""

    number: Number
    unit: Key | None = None
    handle_due: Moment | None = None
    words: Words


class ResolveMeeting(Body):
    resolutions: Annotated[tuple[Resolution, ...], Len(1, 100)]


class Meetings:
    """Called, held and resolved by the hotline's head and those above it; all of a meeting's
    resolutions are one unit of work."""

    def __init__(
        self,
        write: Work[Any],
        loop: Loop,
        vault: Vault,
        policies: Callable[[], PolicyBook],
        log: AccessLog,
        clock: Clock,
    ) -> None:
        self._write = write
        self._loop = loop
        self._vault = vault
        self._policies = policies
        self._log = log
        self._clock = clock

    async def call(self, viewer: Viewer, body: CallMeeting | Mapping[str, Any]) -> MeetingView:
        """Put tickets on the list of a meeting and invite units.

        Raises ``ActForbidden``, ``NotFound`` (a ticket that is not the viewer's to see),
        ``ActOutOfOrder`` (no unit has it), ``UnitUnknown``, ``AccusedHandles``, ``TooLate``.
        """
        given = formed(CallMeeting, body)
        return await self._tried(viewer, "call_meeting", "", lambda s: self._call(s, viewer, given))

    async def hold(
        self, viewer: Viewer, meeting: int, body: HoldMeeting | Mapping[str, Any]
    ) -> MeetingView:
        """It took place. Raises ``ActForbidden``, ``NotFound``, ``AskedAlready``."""
        given = formed(HoldMeeting, body)

        def work(session: Session) -> MeetingView:
            row = self._row(session, viewer, meeting, change=True)
            if row.held_at is not None:
                raise AskedAlready(meeting=meeting)
            row.held_at = self._clock.now()
            keep_minutes(session, self._vault, row, given.minutes)
            session.add(row)
            self._log.enter(session, viewer, "hold_meeting", str(meeting))
            return self._view(session, viewer, row)

        return await self._tried(viewer, "hold_meeting", str(meeting), work)

    async def resolve(
        self, viewer: Viewer, meeting: int, body: ResolveMeeting | Mapping[str, Any]
    ) -> MeetingView:
        """Every resolution comes down to its ticket, or none does.

        Raises ``ActForbidden``, ``NotFound``, and what ``Act.RESOLVE`` refuses on any of them.
        """
        given = formed(ResolveMeeting, body)

        def work(session: Session) -> MeetingView:
            row = self._row(session, viewer, meeting, change=True)
            # All tickets first, by number, then the access log's one end: whoever wants several
            # of them takes them in this order, and nobody waits in a circle.
            for number in sorted({one.number for one in given.resolutions}):
                LoopRepository(session).ticket(number, change=True)
            for one in given.resolutions:
                given_one = one.model_dump(exclude={"number"})
                resolve = formed(Resolve, {"meeting": meeting, **given_one})
                self._loop.play(session, viewer, one.number, ACTS[Act.RESOLVE], resolve)
            return self._view(session, viewer, row)

        return await self._tried(viewer, "resolve_meeting", str(meeting), work)

    async def meeting(self, viewer: Viewer, meeting: int) -> MeetingView:
        """Raises ``NotFound``, also for a meeting that is not the viewer's to see."""

        def work(session: Session) -> MeetingView:
            row = Coordination(session).meeting(meeting)
            if row is None or not _attends(viewer, row):
                raise NotFound("no such meeting", meeting=meeting)
            self._log.enter(session, viewer, "read_meeting", str(meeting))
            return self._view(session, viewer, row)

        return await self._tried(viewer, "read_meeting", str(meeting), work)

    async def meetings(self, viewer: Viewer, before: int = LARGEST) -> tuple[MeetingView, ...]:
        """A page of the meetings that are the viewer's to see, the newest first, below a number.

        Raises ``ActForbidden``.
        """

        def work(session: Session) -> tuple[MeetingView, ...]:
            of_unit = viewer.role in UNITS
            if not (of_unit and viewer.unit) and viewer.role not in CALLERS | {Role.DISPATCHER}:
                raise ActForbidden(act="list_meetings", role=viewer.role)
            county, unit = ("", viewer.unit) if of_unit else (viewer.county, "")
            rows = Coordination(session).meetings(county, unit, before, PAGE)
            self._log.enter(session, viewer, "list_meetings", "")
            return tuple(self._view(session, viewer, row) for row in rows)

        return await tried(self._write, self._log, viewer, "list_meetings", "", work)

    def _call(self, session: Session, viewer: Viewer, given: CallMeeting) -> MeetingView:
        if viewer.role not in CALLERS:
            raise ActForbidden(act="call_meeting", role=viewer.role)
        now = self._clock.now()
        if given.planned_at < now:
            raise TooLate("the meeting would be over already")
        policy = self._policies().at(now)
        tickets = [self._ticket(session, viewer, number) for number in sorted({*given.numbers})]
        units = self._invited(policy, tickets, given.units)
        row = MeetingRow(
            county=viewer.county,
            called_by=viewer.agent,
            called_at=now,
            planned_at=given.planned_at,
            units=units,
        )
        session.add(row)
        session.flush()
        ident = row.id or 0
        for ticket in tickets:
            session.add(MeetingTicketRow(meeting=ident, number=ticket.number))
        session.flush()
        self._invite(session, policy, row)
        self._log.enter(session, viewer, "call_meeting", str(ident))
        return self._view(session, viewer, row)

    def _ticket(self, session: Session, viewer: Viewer, number: str) -> TicketRow:
        rows = LoopRepository(session)
        ticket = rows.ticket(number)
        if ticket is None or not sees(viewer, ticket, rows.tasks(number)):
            raise NotFound("no such ticket", number=number)
        if TicketState(ticket.state) not in MOVES[Act.RESOLVE].sources:
            raise ActOutOfOrder(act=Act.RESOLVE.value, state=ticket.state, number=number)
        return ticket

    def _invited(
        self, policy: Policy, tickets: Sequence[TicketRow], units: Sequence[str]
    ) -> list[str]:
        """Nobody sits in judgement on what is told against him (46, 48)."""
        today = policy.calendar.day_of(self._clock.now())
        directory = policy.directory
        unknown = next((unit for unit in units if not exists(policy.pack, unit)), None)
        if unknown is not None:
            raise UnitUnknown(unit=unknown)
        invited = list(dict.fromkeys(directory.heir(unit, today) for unit in units))
        for unit in invited:
            if any(kept_from(policy, one, unit, today) for one in tickets):
                raise AccusedHandles(unit=unit)
        return invited

    def _invite(self, session: Session, policy: Policy, row: MeetingRow) -> None:
        template = policy.conduct.template("meeting_called")
        if template is None:
            raise KeyError("meeting_called")
        at = row.planned_at.astimezone(policy.calendar.zone).strftime("%Y-%m-%d %H:%M")
        text = template.text.format_map({"at": at, "meeting": row.id})
        for unit in row.units:
            LoopRepository(session).add_notice(
                number=None,
                template=template.key,
                recipient=f"{template.recipient}:{unit}",
                channel=template.channel,
                text=self._vault.seal_loose(text),
                at=row.called_at,
            )

    def _row(self, session: Session, viewer: Viewer, meeting: int, *, change: bool) -> MeetingRow:
        """Raises ``NotFound``, ``ActForbidden``."""
        row = Coordination(session).meeting(meeting, change=change)
        if row is None or not _attends(viewer, row):
            raise NotFound("no such meeting", meeting=meeting)
        if viewer.role not in CALLERS:
            raise ActForbidden(act=Act.RESOLVE.value, role=viewer.role)
        return row

    def _view(self, session: Session, viewer: Viewer, row: MeetingRow) -> MeetingView:
        policy = self._policies().at(self._clock.now())
        return MeetingView(
            meeting=row.id or 0,
            county=row.county,
            called_by=row.called_by,
            called_at=row.called_at,
            planned_at=row.planned_at,
            held_at=row.held_at,
            units=tuple(row.units),
            minutes=minutes_for(session, self._vault, viewer, policy, row),
            items=tuple(
                MeetingItem(
                    number=item.number, unit=item.unit, due=item.due, resolved_at=item.resolved_at
                )
                for item in Coordination(session).items(row.id or 0)
            ),
        )

    async def _tried(
        self, viewer: Viewer, act: str, subject: str, work: Callable[[Session], MeetingView]
    ) -> MeetingView:
        return await tried(self._write, self._log, viewer, act, subject, work)


def _attends(viewer: Viewer, row: MeetingRow) -> bool:
    """Its county's people and the city's; of the units those that are invited."""
    if viewer.role in UNITS:
        return viewer.unit in row.units
    return viewer.role in CALLERS | {Role.DISPATCHER} and viewer.county in ("", row.county)
