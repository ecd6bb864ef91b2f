"""Keeps the draft of every live call: rules fill it, the agent corrects it, it ends as a ticket."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlmodel import Session

from core.clock import Clock
from core.desk.growing import GrowingDraft, Kept
from core.desk.records import Records
from core.desk.tickets import history_of
from core.draft import CallContext, DraftBuilder
from core.errors import Conflict, HotlineError
from core.loop.registration import Registrar
from core.people.sight import hears_all
from core.policy import PolicyBook
from core.ports import Viewer
from core.store.held import hold
from core.store.outbox import NOBODY, note
from core.store.tables import CallRow, DraftRow, TicketRow
from core.transcript import Segment
from core.views import DraftView, SegmentView, TicketView

CACHED_DRAFTS = 500


class NotYours(HotlineError):
    """The call belongs to another agent."""

    error_id: ClassVar[str] = "not_your_call"
    status: ClassVar[int] = 403


class DraftSubmitted(Conflict):
    """The draft has become a ticket; change the ticket instead."""

    error_id = "draft_submitted"


@dataclass(slots=True)
class DraftKeeper:
    """Inside a unit of work, one at a time per call, run all but ``foretell`` and ``forget``.

    What is in memory is a convenience: all of it can be restored from the rows.
    """

    policies: Callable[[], PolicyBook]
    records: Records
    registrar: Registrar
    clock: Clock
    _growing: OrderedDict[str, GrowingDraft]
    _lock: threading.Lock

    @classmethod
    def create(
        cls,
        policies: Callable[[], PolicyBook],
        records: Records,
        registrar: Registrar,
        clock: Clock,
    ) -> DraftKeeper:
        return cls(policies, records, registrar, clock, OrderedDict(), threading.Lock())

    def open(self, session: Session, call: CallRow) -> None:
        """Begin the draft of a call that is offered to an agent; twice is once."""
        if session.get(DraftRow, call.id) is None:
            self.keep(session, call, self._of(call.id).as_it_is(self._kept(session, call)))

    def foretell(self, segment: Segment) -> DraftView | None:
        """The draft with what a final segment tells, ahead of any unit of work; any thread.

        None if nothing changes, and of a call that has no draft in memory; see ``hear``.
        """
        with self._lock:
            growing = self._growing.get(segment.call_id)
        return growing.foretell(segment) if growing else None

    def hear(
        self, session: Session, call: CallRow, segment: Segment, told: DraftView | None
    ) -> DraftView | None:
        """The draft with what a final segment tells, for ``keep``; None if it stays as it is.

        ``told`` is what ``foretell`` made of the segment: the answer, unless what was in memory
        then has been given up since, and is to be made again.
        """
        row = session.get(DraftRow, call.id)
        if row is None or row.ticket is not None:
            return None  # nobody has been offered the call yet, or the ticket stands already
        hold(session, row)
        return self._of(call.id).hear(segment, self._kept(session, call)) or told

    def refresh(self, session: Session, call: CallRow) -> None:
        """What is known of the call itself has changed (keys, line): fill again from the rows."""
        self.forget(call.id)
        row = session.get(DraftRow, call.id)
        if row is not None and row.ticket is None:
            self.keep(session, call, self._of(call.id).as_it_is(self._kept(session, call)))

    def set_field(
        self, session: Session, viewer: Viewer, call_id: str, field: str, value: Any
    ) -> DraftView:
        """Raises ``NotFound``, ``NotYours``, ``DraftSubmitted`` or what the field's form says."""
        call, row = self._own(session, viewer, call_id)
        if row.ticket is not None:
            raise DraftSubmitted(call_id=call_id)
        draft = self._of(call_id).touch(field, value, self._kept(session, call))
        self.keep(session, call, draft)
        return draft

    def submit(self, session: Session, viewer: Viewer, call_id: str) -> TicketView:
        """Make the draft a ticket; the second time returns the same ticket."""
        call, row = self._own(session, viewer, call_id)
        if row.ticket is None:
            # As the agent has been shown it, which may be ahead of the rows.
            draft = self._of(call_id).as_it_is(self._kept(session, call))
            self.keep(session, call, draft)
            fields = {key: field.value for key, field in draft.fields.items()}
            row.ticket = self.registrar.register(session, viewer, fields, call).number
            row.version += 1
            session.add(row)
            now = self.clock.now()
            note(session, "draft", call_id, call.agent or NOBODY, now)
            note(session, "call", call_id, call.agent or NOBODY, now)
            self.forget(call_id)
            self._tell_the_callers_other_calls(session, row.ticket)
        return self.records.ticket(session, session.get_one(TicketRow, row.ticket))

    def _tell_the_callers_other_calls(self, session: Session, number: str) -> None:
        """Whoever is at work on another call of this caller sees at once that a ticket exists."""
        now = self.clock.now()
        for other in self.records.calls_at_work(session, session.get_one(TicketRow, number)):
            self.forget(other.id)  # its rules look at the caller's open tickets
            note(session, "call", other.id, other.agent or NOBODY, now)

    def forget(self, call_id: str) -> None:
        """What is in memory of a draft is not to be trusted; it is restored when needed."""
        with self._lock:
            growing = self._growing.get(call_id)
        if growing:
            growing.cool()

    def _own(self, session: Session, viewer: Viewer, call_id: str) -> tuple[CallRow, DraftRow]:
        call = self.records.call_row(session, call_id)
        if not hears_all(viewer) and call.agent != viewer.agent:
            raise NotYours(call_id=call_id)
        self.open(session, call)
        return call, session.get_one(DraftRow, call_id)

    def keep(self, session: Session, call: CallRow, draft: DraftView) -> None:
        """Store a version of the draft, unless a later one, which holds all of it, is stored."""
        row = session.get(DraftRow, call.id) or DraftRow(call_id=call.id, fields_sealed=b"")
        if draft.version <= (row.version or 0):
            return
        row.version = draft.version
        row.fields_sealed = self.records.seal_draft(session, call.id, draft.fields)
        session.add(row)
        hold(session, row)
        note(session, "draft", call.id, call.agent or NOBODY, self.clock.now())

    def _of(self, call_id: str) -> GrowingDraft:
        with self._lock:
            growing = self._growing.get(call_id)
            if growing is None:
                growing = self._growing[call_id] = GrowingDraft(call_id)
                if len(self._growing) > CACHED_DRAFTS:
                    self._growing.popitem(last=False)
            return growing

    def _kept(self, session: Session, call: CallRow) -> Kept:
        row = session.get(DraftRow, call.id)

        def restore() -> DraftBuilder:
            return DraftBuilder.restore(
                self.policies().pack,
                self._context(session, call),
                [_segment(view) for view in self.records.segments(session, call.id)],
                self._touched(session, call.id),
            )

        return Kept(restore, row.version if row else 0)

    def _context(self, session: Session, call: CallRow) -> CallContext:
        return CallContext(
            call_id=call.id,
            started_at=call.arrived_at,
            caller_number=self.records.caller_number(session, call),
            dialled=call.dialled,
            line=self.policies().pack.line_for(call.dialled),
            keys=call.keys,
            enterprise=call.enterprise,
            history=history_of(session, self.records, call),
        )

    def _touched(self, session: Session, call_id: str) -> dict[str, Any]:
        row = session.get(DraftRow, call_id)
        if row is None:
            return {}
        fields = self.records.draft(session, row).fields
        return {key: field.value for key, field in fields.items() if field.touched}


def _segment(view: SegmentView) -> Segment:
    return Segment(**view.model_dump())
