"""The work-order side as people use it: checked, masked, written down (articles 4 to 6, 39, 46)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import JsonValue
from sqlmodel import Session

from core.clock import Clock
from core.errors import NotFound
from core.loop.acts import ACTS
from core.loop.children import children
from core.loop.engine import Loop
from core.loop.lists import TicketLists
from core.loop.origin import call_of
from core.loop.parts import PartView
from core.loop.repeats import Repeat
from core.loop.repository import LoopRepository
from core.loop.responsibility import name_of
from core.loop.secrecy import Mask, mask_for
from core.loop.states import Act, TicketState
from core.loop.unsettled import of_ticket
from core.loop.views import StepView, TicketDetail, TicketPage
from core.people.access import AccessLog
from core.people.logged import Logged, Write
from core.people.rights import acts_for
from core.people.roles import CONSOLE
from core.people.sight import sees
from core.policy.book import PolicyBook
from core.ports import TicketQuery, Viewer
from core.store.loop_tables import StepRow
from core.store.tables import TicketRow
from core.store.vault import RecordErased, Vault


class WorkOffice:
    """Registers, performs and shows tickets, for whoever may.

    Every reading leaves its line in the access log in the same unit of work, every refused attempt
    as well. ``write`` runs a unit of work that tells nobody of a change.
    """

    def __init__(
        self,
        loop: Loop,
        lists: TicketLists,
        write: Write,
        vault: Vault,
        policies: Callable[[], PolicyBook],
        log: AccessLog,
        clock: Clock,
    ) -> None:
        self._loop = loop
        self._lists = lists
        self._logged = Logged(write, log)
        self._vault = vault
        self._policies = policies
        self._clock = clock

    async def register(self, viewer: Viewer, fields: Mapping[str, JsonValue]) -> TicketDetail:
        """A ticket without a call. Raises ``ActForbidden``, ``FieldUnknown``."""
        return await self._loop.begin(
            viewer, fields, lambda session, ticket: self._detail(session, viewer, ticket)
        )

    async def perform(
        self,
        viewer: Viewer,
        number: str,
        act: Act,
        body: Mapping[str, Any],
        expected_version: int | None = None,
    ) -> TicketDetail:
        """Do one act; the ticket as the viewer then sees it.

        Raises ``NotFound`` (also for what is not his to see), ``ActForbidden``, ``ActOutOfOrder``,
        ``NotYourTask``, ``VersionStale``, ``Invalid``, and what the act itself refuses.
        """
        return await self._loop.do(
            viewer,
            number,
            act,
            body,
            lambda session, ticket: self._detail(session, viewer, ticket),
            expected_version,
        )

    async def tickets(self, viewer: Viewer, query: TicketQuery) -> TicketPage:
        """A page of the tickets that the viewer may see. Raises ``ActForbidden``, ``Invalid``."""
        return await self._lists.tickets(viewer, query)

    async def detail(self, viewer: Viewer, number: str) -> TicketDetail:
        """The ticket, masked for the viewer. Raises ``NotFound``, also for what is not his to see.

        A ticket whose text was lawfully deleted comes with empty fields and says so.
        """

        def work(session: Session) -> TicketDetail:
            return self._detail(session, viewer, _seen(session, viewer, number))

        return await self._logged.run(viewer, "read", number, work)

    async def history(self, viewer: Viewer, number: str) -> list[StepView]:
        """Every step of the ticket, in order, its words masked. Raises ``NotFound``."""

        def work(session: Session) -> list[StepView]:
            ticket = _seen(session, viewer, number)
            mask = self._mask(viewer, ticket)
            fields, _ = self._fields(session, ticket, mask)
            return [
                self._step(session, step, mask, fields)
                for step in LoopRepository(session).steps(number)
            ]

        return await self._logged.run(viewer, "read_history", number, work)

    async def repeats(self, viewer: Viewer, number: str) -> tuple[Repeat, ...]:
        """Earlier tickets that it may belong to. Raises ``NotFound``, ``ActForbidden``."""
        return await self._loop.repeats(viewer, number)

    async def parts(self, viewer: Viewer, number: str) -> tuple[PartView, ...]:
        """Which units have a part in it and how far they are. Raises ``NotFound``."""
        return await self._loop.parts(viewer, number)

    def _mask(self, viewer: Viewer, ticket: TicketRow) -> Mask:
        """By the rules of today, whenever the ticket was registered."""
        conduct = self._policies().at(self._clock.now()).conduct
        return mask_for(viewer.role, ticket.secrecy, conduct, self._policies().pack.form)

    def _fields(
        self, session: Session, ticket: TicketRow, mask: Mask
    ) -> tuple[dict[str, JsonValue], bool]:
        """The whole form and whether it is erased; not opened for whom it is closed."""
        if self._vault.erased(session, ticket.number):
            return {}, True
        if mask.closed:
            return {}, False
        text = self._vault.open(session, ticket.number, ticket.fields_sealed)
        fields: dict[str, JsonValue] = json.loads(text)
        return fields, False

    def _detail(self, session: Session, viewer: Viewer, ticket: TicketRow) -> TicketDetail:
        tasks = LoopRepository(session).tasks(ticket.number)
        mask = self._mask(viewer, ticket)
        fields, erased = self._fields(session, ticket, mask)
        # Whoever made it too secret for himself reads no more of it.
        seen = sees(viewer, ticket, tasks)
        state, pack = TicketState(ticket.state), self._policies().pack
        return TicketDetail(
            number=ticket.number,
            state=ticket.state,
            version=ticket.version,
            type=ticket.type,
            urgency=ticket.urgency,
            category=ticket.category,
            county="" if mask.class_only else ticket.county,
            subject="" if mask.class_only else ticket.subject,
            enterprise=ticket.enterprise and not mask.class_only,
            fast_track=ticket.fast_track,
            secrecy=ticket.secrecy,
            unit=ticket.unit,
            unit_name=name_of(pack, ticket.unit),
            first_unit=ticket.first_unit,
            policy=ticket.policy,
            created_at=ticket.created_at,
            sign_due=ticket.sign_due,
            handle_due=ticket.handle_due,
            answered_at=ticket.answered_at,
            archived_at=ticket.archived_at,
            parent=ticket.parent,
            fields=mask.fields(fields) if seen else {},
            hidden=tuple(sorted(mask.hidden)) if seen else mask.everything,
            acts=() if erased or not seen else acts_for(viewer, state, tasks, ACTS),
            erased=erased,
            children=children(session, viewer, ticket.number) if seen else (),
            call_id=call_of(session, ticket) if seen and viewer.role in CONSOLE else None,
            waiting=of_ticket(session, ticket, pack, self._clock.now()) if seen else (),
        )

    def _step(
        self, session: Session, step: StepRow, mask: Mask, fields: Mapping[str, JsonValue]
    ) -> StepView:
        return StepView(
            seq=step.seq,
            act=step.act,
            source=step.source,
            target=step.target,
            actor=step.actor,
            role=step.role,
            unit=step.unit,
            at=step.at,
            article=step.article,
            reason=step.reason,
            words=mask.text(self._words(session, step, mask), fields),
            details=mask.details(step.details, fields),
            policy=step.policy,
        )

    def _words(self, session: Session, step: StepRow, mask: Mask) -> str | None:
        if step.words_sealed is None or not mask.words:
            return None
        try:
            return self._vault.open(session, step.number, step.words_sealed)
        except RecordErased:
            return None


def _seen(session: Session, viewer: Viewer, number: str) -> TicketRow:
    """Raises ``NotFound``."""
    rows = LoopRepository(session)
    ticket = rows.ticket(number)
    if ticket is None or not sees(viewer, ticket, rows.tasks(number)):
        raise NotFound("no such ticket", number=number)
    return ticket
