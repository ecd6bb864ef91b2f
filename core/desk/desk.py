"""The desk's front: every sink and the console's port, each a few lines around a unit of work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from sqlmodel import Session, col, select

from core.bus import Bus
from core.calls import CallConnected, CallFact, CallOffered, CallState, FlowTaken, Leg
from core.clock import Clock
from core.desk.apply import apply, find_or_open, keep
from core.desk.drafts import DraftKeeper
from core.desk.feed import Feed, may_see
from core.desk.floor import Floor
from core.desk.live import LiveCalls
from core.desk.offices import open_offices
from core.desk.records import Records
from core.desk.sessions import Sessions
from core.desk.tellings import Tellings
from core.errors import NotFound
from core.loop.hearings import granted
from core.loop.registration import Registrar
from core.pack import CityPack
from core.people.access import AccessLog
from core.people.errors import RecordingClosed
from core.people.logged import Logged
from core.people.roles import CONSOLE, require_console
from core.policy import PolicyBook
from core.ports import Restriction, Viewer
from core.search import words
from core.store.database import Database
from core.store.outbox import NOBODY, Published, Sequencer, note
from core.store.tables import CallRow, RecordingRow, SegmentRow, TicketRow
from core.store.vault import Vault
from core.transcript import Segment, StreamReport
from core.views import (
    AgentView,
    DraftView,
    Event,
    EventKind,
    SegmentView,
    SnapshotView,
    SystemView,
    TicketView,
    View,
)

LOG_IN_HOLDS = timedelta(hours=12)
T = TypeVar("T")


class HotlineDesk:
    """Implements ``FactSink``, ``TranscriptSink``, ``AgentSink``, ``ConsoleDesk``,
    ``RecordingShelf`` and ``Restrictions``.

    What concerns one call is done in the order in which it came, whatever the database; different
    calls do not wait for each other. ``run`` must be running for events to flow.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        pack: CityPack,
        policies: Callable[[], PolicyBook],
        clock: Clock,
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._floor = Floor()
        self._bus: Bus[Published] = Bus()
        self._records = Records(vault, pack)
        self._live = LiveCalls(self._records)
        registrar = Registrar(pack, vault, policies, clock)
        self._drafts = DraftKeeper.create(pack, self._records, registrar, clock)
        self._feed = Feed(database, self._records, self._floor, self._bus, clock)
        self._sequencer = Sequencer(database, self._publish, self._feed.load)
        self._tellings = Tellings(lambda work: self._write("", work), clock)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.sessions = Sessions(database, clock, LOG_IN_HOLDS)
        self.log = AccessLog(vault.key_for("access"), clock)
        self.offices = open_offices(
            database,
            self._sequencer.write,
            registrar,
            self.sessions,
            vault,
            pack,
            policies,
            self.log,
            clock,
        )
        self._logged = Logged(database.write, self.log)

    async def run(self) -> None:
        """Number and publish events until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sequencer.run())
            group.create_task(self._tellings.run())
            # The dictionary of the search, before the first ticket needs it.
            group.create_task(asyncio.to_thread(words.load))

    # What the telephone reports.

    def announce(self, fact: CallFact) -> None:
        """Tell consoles at once what ``fact`` changes for an agent; never waits, keeps nothing.

        For facts in the order in which they happen; ``record`` follows when it can.
        """
        for item in self._live.hear(fact):
            self._bus.publish(item)

    async def record(self, fact: CallFact) -> None:
        """Keep a fact. Raises ``DatabaseAway``; see ``core.spool`` for what happens then."""

        def work(session: Session) -> tuple[str, bool]:
            row = find_or_open(session, fact)
            before = row.agent
            apply(fact, row)
            keep(fact, row, session, self._vault)
            session.add(row)
            session.flush()
            if isinstance(fact, CallConnected):  # nobody may have seen the offer
                self._drafts.open(session, row)
            if isinstance(fact, FlowTaken):
                self._drafts.refresh(session, row)
            note(session, "call", row.id, row.agent or NOBODY, fact.at)
            if before and before != row.agent:  # whoever had the call must see that it is gone
                note(session, "call", row.id, before, fact.at)
            return row.agent or "", row.state == CallState.ENDED.value

        audience, over = await self._write(fact.call_id, work)
        if over:  # a fact may also come late
            self._floor.audience.pop(fact.call_id, None)
            self._live.forget(fact.call_id)
        else:
            self._floor.audience[fact.call_id] = audience
        if isinstance(fact, CallOffered):
            await self._write(fact.call_id, self._open_draft(fact.call_id))

    def _open_draft(self, call_id: str) -> Callable[[Session], None]:
        """After the offer, in a unit of work of its own: the screen pop does not wait for rules.

        Should we die in between, the draft begins with the talk.
        """

        def work(session: Session) -> None:
            self._drafts.open(session, self._records.call_row(session, call_id))

        return work

    async def open_calls(self) -> tuple[str, ...]:
        """Ids of the calls that have not ended, for those who start after us."""
        query = select(CallRow.id).where(CallRow.state != CallState.ENDED.value)
        return tuple(await self._database.read(lambda session: session.exec(query).all()))

    async def restriction(self, caller_number: str | None) -> Restriction:
        """Whether a number is limited (article 47). Never raises."""
        return await self.offices.abuse.restriction(caller_number)

    # What the recogniser says.

    async def segment(self, segment: Segment) -> None:
        """Keep a final segment and what the draft learns from it; let a partial one pass by.

        The agent reads the words at once and the draft when the rules are through with them; that
        both are stored is then still to come.
        """
        view = SegmentView(**{name: getattr(segment, name) for name in SegmentView.model_fields})
        self._pass(segment.call_id, kind="segment" if segment.final else "partial", segment=view)
        if not segment.final:
            return
        loop = asyncio.get_running_loop()

        def work(session: Session) -> None:
            if session.get(SegmentRow, segment.segment_id) is not None:
                return
            call = self._records.call_row(session, segment.call_id)
            if self._vault.erased(session, call.id):
                return  # a state secret: what is still said is not kept either
            draft = self._drafts.hear(session, call, segment)
            if draft is not None:
                loop.call_soon_threadsafe(partial(self._pass, call.id, kind="draft", draft=draft))
            sealed = self._vault.seal(session, call.id, segment.text)
            session.add(
                SegmentRow(
                    id=segment.segment_id,
                    call_id=call.id,
                    leg=segment.leg.value,
                    party=segment.party,
                    start_ms=segment.start_ms,
                    end_ms=segment.end_ms,
                    text_sealed=sealed,
                    engine=segment.engine,
                    confidence=segment.confidence,
                )
            )
            session.flush()
            note(session, "segment", segment.segment_id, call.agent or NOBODY, self._clock.now())
            if draft is not None:
                self._drafts.keep(session, call, draft)

        await self._write(segment.call_id, work)

    async def stream(self, report: StreamReport) -> None:
        """A stream opened, ended or broke: the call's transcript stands accordingly."""
        stands = self._floor.transcript_after(report)

        def work(session: Session) -> None:
            row = session.get(CallRow, report.call_id)
            if row is not None and row.transcript != stands:
                row.transcript = stands
                session.add(row)
                note(session, "call", row.id, row.agent or NOBODY, self._clock.now())

        await self._write(report.call_id, work)

    async def engine(self, name: str | None, reason: str) -> None:
        update = {"engine": name, "engine_reason": reason}
        await self._system(self._floor.system.model_copy(update=update))

    async def recorder(self, fault: str) -> None:
        """Calls are recorded (empty), or why they are not: an error id."""
        await self._system(self._floor.system.model_copy(update={"recording": fault}))

    # What the queue mirror sees.

    async def agent(self, view: AgentView) -> None:
        self._floor.agents[view.agent] = view
        await self._tellings.tell("agent", view.agent, view.agent)

    async def ami(self, state: str) -> None:
        await self._system(self._floor.system.model_copy(update={"ami": state}))

    async def _system(self, view: SystemView) -> None:
        if view == self._floor.system:
            return
        self._floor.system = view
        await self._tellings.tell("system", "system", "")

    # What consoles ask.

    async def log_in(self, agent: str, password: str) -> tuple[str, Viewer]:
        return await self.sessions.log_in(agent, password)

    async def viewer(self, token: str) -> Viewer:
        return await self.sessions.viewer(token)

    async def log_out(self, token: str) -> None:
        await self.sessions.log_out(token)

    async def snapshot(self, viewer: Viewer) -> SnapshotView:
        """Raises ``NoConsole``, as all of the console's do, for roles that have none."""
        await self._console(viewer, "snapshot")
        read = await self._feed.snapshot(viewer)
        return read.model_copy(update={"calls": tuple(map(self._live.now, read.calls))})

    async def events_after(self, viewer: Viewer, cursor: int, limit: int) -> list[Event]:
        await self._console(viewer, "events")
        return [
            event.model_copy(update={"call": self._live.now(event.call)}) if event.call else event
            for event in await self._feed.events_after(viewer, cursor, limit)
        ]

    def follow(self, viewer: Viewer) -> AsyncIterator[Event]:
        require_console(viewer.role)
        return self._feed.follow(viewer)

    async def set_field(self, viewer: Viewer, call_id: str, field: str, value: Any) -> DraftView:
        await self._console(viewer, "set_field", call_id)
        return await self._write(
            call_id,
            lambda session: self._drafts.set_field(session, viewer, call_id, field, value),
        )

    async def submit(self, viewer: Viewer, call_id: str) -> TicketView:
        await self._console(viewer, "submit", call_id)

        def work(session: Session) -> TicketView:
            ticket = self._drafts.submit(session, viewer, call_id)
            self.log.enter(session, viewer, "submit", ticket.number)
            return ticket

        return await self._write(call_id, work)

    async def _console(self, viewer: Viewer, act: str, subject: str = "") -> None:
        """Raises ``NoConsole``, and writes that down."""
        if viewer.role not in CONSOLE:
            await self._logged.run(viewer, act, subject, lambda _: require_console(viewer.role))

    async def recording(self, viewer: Viewer, call_id: str, leg: Leg) -> str:
        """Where one leg's recording lies.

        Raises ``NotFound``, also for a call of somebody else; ``RecordingClosed`` while nobody has
        approved that a confidential matter is heard (``core.loop.hearings``).
        """
        about = select(TicketRow.number).where(TicketRow.call_id == call_id)
        number = await self._database.read(lambda session: session.exec(about).first())

        def work(session: Session) -> str:
            require_console(viewer.role)
            call = session.get(CallRow, call_id)
            row = session.get(RecordingRow, (call_id, leg.value))
            if call is None or row is None or row.erase:
                raise NotFound("no such recording", call_id=call_id, leg=leg.value)
            ticket = session.get(TicketRow, number) if number else None
            secret = ticket is not None and ticket.secrecy > 0
            approved = secret and granted(session, viewer, str(number), self._clock.now())
            if not approved and not may_see(viewer, call.agent or NOBODY):
                raise NotFound("no such recording", call_id=call_id, leg=leg.value)
            if secret and not approved:
                raise RecordingClosed(number=number)
            return row.file

        return await self._logged.run(viewer, "listen", number or call_id, work)

    def _pass(self, call_id: str, kind: EventKind, **payload: View) -> None:
        """An event that is not stored, or not yet, for the agent who has the call."""
        audience = self._floor.audience.get(call_id, "")
        if audience:  # what is nobody's goes to nobody, not to everybody
            event = Event(cursor=0, kind=kind, at=self._clock.now(), **payload)
            self._bus.publish(Published(audience, event))

    def _publish(self, item: Published) -> None:
        """A stored event goes out, its call as it stands by now."""
        if item.event.call is not None:
            now = {"call": self._live.stored(item.event.call)}
            item = Published(item.audience, item.event.model_copy(update=now))
        self._bus.publish(item)

    async def recordings_to_erase(self, limit: int) -> list[tuple[str, Leg, str]]:
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

        return await self._database.read(work)

    async def recording_erased(self, call_id: str, leg: Leg) -> None:
        """The file is gone from the disk."""

        def work(session: Session) -> None:
            row = session.get_one(RecordingRow, (call_id, leg.value))
            row.file = ""
            session.add(row)

        await self._write(call_id, work)

    async def _write(self, call_id: str, work: Callable[[Session], T]) -> T:
        lock = self._locks.setdefault(call_id, asyncio.Lock())
        async with lock:
            try:
                return await self._sequencer.write(work)
            except Exception:
                self._drafts.forget(call_id)  # the builder may know what the rows do not
                raise
