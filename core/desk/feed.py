"""What consoles read: the snapshot, the events after a cursor, and events as they happen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

from sqlmodel import Session, col, func, select

from core.bus import Bus
from core.calls import CallState
from core.clock import Clock
from core.desk.floor import Floor
from core.desk.records import Records
from core.errors import Conflict
from core.people.roles import CONSOLE
from core.people.sight import hears_all
from core.ports import Viewer
from core.store.database import Database
from core.store.outbox import EVERYONE, Published
from core.store.tables import AgentRow, CallRow, DraftRow, EventRow, SegmentRow, TicketRow
from core.views import AgentView, Event, EventKind, SnapshotView

SNAPSHOT_CALLS = 200
REPLAY_LIMIT = 5000
UNFINISHED_FOR = timedelta(hours=12)
_ON_THE_PHONE = (
    select(AgentRow)
    .where(col(AgentRow.role).in_(sorted(CONSOLE)), col(AgentRow.active).is_(True))
    .order_by(col(AgentRow.agent))
)


class CursorUnknown(Conflict):
    """The cursor is not one of ours, or too much has happened since: take a snapshot."""

    error_id = "cursor_unknown"


def may_see(viewer: Viewer, audience: str) -> bool:
    """Agents see what concerns everyone and their own calls; supervisors see all.

    "Everyone" is whoever may have a telephone console.
    """
    return viewer.role in CONSOLE and (hears_all(viewer) or audience in (EVERYONE, viewer.agent))


class Feed:
    def __init__(
        self, database: Database, records: Records, floor: Floor, bus: Bus[Published], clock: Clock
    ) -> None:
        self._database = database
        self._records = records
        self._floor = floor
        self._bus = bus
        self._clock = clock

    async def snapshot(self, viewer: Viewer) -> SnapshotView:
        """Live calls the viewer may see, and ended ones whose draft still waits for him."""
        since = self._clock.now() - UNFINISHED_FOR

        def work(session: Session) -> SnapshotView:
            # The cursor is read first: what happens meanwhile is sent again, never missed.
            cursor = session.exec(select(func.max(EventRow.cursor))).one() or 0
            unfinished = select(DraftRow.call_id).where(col(DraftRow.ticket).is_(None))
            query = select(CallRow).where(
                (col(CallRow.state) != CallState.ENDED.value)
                | (col(CallRow.id).in_(unfinished) & (col(CallRow.ended_at) > since))
            )
            if not hears_all(viewer):
                query = query.where(CallRow.agent == viewer.agent)
            rows = session.exec(
                query.order_by(col(CallRow.arrived_at).desc()).limit(SNAPSHOT_CALLS)
            ).all()
            drafts = [draft for row in rows if (draft := session.get(DraftRow, row.id))]
            return SnapshotView(
                cursor=cursor,
                calls=tuple(self._records.call(session, row) for row in rows),
                segments=tuple(
                    view for row in rows for view in self._records.segments(session, row.id)
                ),
                drafts=tuple(self._records.draft(session, draft) for draft in drafts),
                agents=tuple(self._agents(session, viewer)),
                system=self._floor.system,
            )

        return await self._database.read(work)

    def _agents(self, session: Session, viewer: Viewer) -> list[AgentView]:
        return [
            self.agent(row)
            for row in session.exec(_ON_THE_PHONE).all()
            if may_see(viewer, row.agent)
        ]

    def agent(self, row: AgentRow) -> AgentView:
        """The agent as Asterisk has him, under the name of his account."""
        unknown = AgentView(agent=row.agent, name=row.name, state="signed_out")
        return self._floor.agents.get(row.agent, unknown).model_copy(update={"name": row.name})

    async def events_after(self, viewer: Viewer, cursor: int, limit: int) -> list[Event]:
        """Stored events after ``cursor``, oldest first. Raises ``CursorUnknown``."""

        def work(session: Session) -> list[Event]:
            last = session.exec(select(func.max(EventRow.cursor))).one() or 0
            if cursor > last or last - cursor > REPLAY_LIMIT or cursor < 0:
                raise CursorUnknown(cursor=cursor)
            query = select(EventRow).where(col(EventRow.cursor) > cursor)
            if not hears_all(viewer):
                query = query.where(col(EventRow.audience).in_([EVERYONE, viewer.agent]))
            rows = session.exec(query.order_by(col(EventRow.cursor)).limit(limit)).all()
            return [self.load(session, row) for row in rows]

        return await self._database.read(work)

    async def follow(self, viewer: Viewer) -> AsyncIterator[Event]:
        """Events from the moment the iteration begins. Raises ``core.bus.Overrun``."""
        with self._bus.subscribe(lambda item: may_see(viewer, item.audience)) as published:
            async for item in published:
                yield item.event

    def load(self, session: Session, row: EventRow) -> Event:
        """The event of an outbox row, with its subject as it stands now."""
        kind: EventKind = row.kind  # type: ignore[assignment]  # only EventKind is written
        event = Event(cursor=row.cursor or 0, kind=kind, at=row.at)
        return event.model_copy(update={kind: self._payload(session, row)})

    def _payload(self, session: Session, row: EventRow) -> object:
        records = self._records
        match row.kind:
            case "call":
                return records.call(session, session.get_one(CallRow, row.subject))
            case "segment":
                return records.segment(session, session.get_one(SegmentRow, row.subject))
            case "draft":
                return records.draft(session, session.get_one(DraftRow, row.subject))
            case "ticket":
                # Told to whom it concerns, not read: its form is read by asking for it.
                ticket = session.get_one(TicketRow, row.subject)
                return records.bare_ticket(ticket)
            case "agent":
                known = session.get(AgentRow, row.subject)
                return self.agent(known) if known else self._floor.agents.get(row.subject)
            case "system":
                return self._floor.system
            case _:
                raise ValueError(row.kind)
