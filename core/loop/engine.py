"""The one way in: an act of a person on a ticket, checked, done, written down - or refused, logged.

One unit of work: rights, sight, the table of states, the act, its step, its event. Two acts on one
ticket take turns; what is refused changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pydantic import JsonValue, ValidationError
from sqlmodel import Session

from core.clock import Clock
from core.errors import Invalid, NotFound
from core.loop.acts import ACTS, ActDef
from core.loop.errors import ActForbidden, ActOutOfOrder, NotYourTask, VersionStale
from core.loop.merged import settle_merged
from core.loop.parts import PartView, parts
from core.loop.registration import Registrar
from core.loop.repeats import Repeat, find
from core.loop.repository import LoopRepository
from core.loop.scene import Body, Scene
from core.loop.states import MOVES, Act, TicketState, allowed
from core.loop.steps import write_step
from core.people.logged import Enters, tried
from core.people.rights import has_part
from core.people.roles import HOTLINE, Role
from core.people.sight import sees
from core.policy.book import PolicyBook
from core.ports import Viewer
from core.store.loop_tables import StepRow
from core.store.tables import TicketRow
from core.store.vault import Vault

T = TypeVar("T")
B = TypeVar("B", bound=Body)
Work = Callable[[Callable[[Session], T]], Awaitable[T]]
Show = Callable[[Session, TicketRow], T]


class Loop:
    """``policies`` returns the rules as they are now; they may be replaced while we run."""

    def __init__(
        self,
        write: Work[Any],
        read: Work[Any],
        registrar: Registrar,
        vault: Vault,
        policies: Callable[[], PolicyBook],
        log: Enters,
        clock: Clock,
    ) -> None:
        self._write = write
        self._read = read
        self._registrar = registrar
        self._vault = vault
        self._policies = policies
        self._log = log
        self._clock = clock

    async def register(self, viewer: Viewer, fields: Mapping[str, JsonValue]) -> TicketRow:
        """A ticket by hand, without a call. Raises ``ActForbidden``, ``FieldUnknown``."""
        return await self.begin(viewer, fields, lambda _, ticket: ticket)

    async def begin(self, viewer: Viewer, fields: Mapping[str, JsonValue], show: Show[T]) -> T:
        """``register``, with what ``show`` makes of the ticket in the same unit of work."""

        def work(session: Session) -> T:
            if viewer.role not in HOTLINE:
                raise ActForbidden(act=Act.REGISTER.value, role=viewer.role)
            ticket = self._registrar.register(session, viewer, fields)
            shown = show(session, ticket)
            self._log.enter(session, viewer, Act.REGISTER.value, ticket.number)
            return shown

        return await tried(self._write, self._log, viewer, Act.REGISTER.value, "", work)

    async def perform(
        self,
        viewer: Viewer,
        number: str,
        act: Act,
        body: Body | Mapping[str, Any],
        expected_version: int | None = None,
    ) -> TicketRow:
        """Do one act. Returns the ticket as it then stands.

        Raises ``NotFound`` (also for a ticket that is not the viewer's to see), ``ActForbidden``,
        ``ActOutOfOrder``, ``NotYourTask``, ``VersionStale`` when another act came after the version
        that the viewer has seen, and what the act itself refuses.
        """
        return await self.do(viewer, number, act, body, lambda _, ticket: ticket, expected_version)

    async def do(
        self,
        viewer: Viewer,
        number: str,
        act: Act,
        body: Body | Mapping[str, Any],
        show: Show[T],
        expected_version: int | None = None,
    ) -> T:
        """``perform``, with what ``show`` makes of the ticket in the same unit of work."""

        def work(session: Session) -> T:
            known = ACTS.get(act)
            if known is None:
                raise ActForbidden(act=act.value)
            ticket = self.play(session, viewer, number, known, body, expected_version)
            return show(session, ticket)

        return await tried(self._write, self._log, viewer, act.value, number, work)

    async def row(self, number: str) -> TicketRow | None:
        """The ticket as it stands; for the engine's own house, not for people."""
        found: TicketRow | None = await self._read(
            lambda session: LoopRepository(session).ticket(number)
        )
        return found

    async def steps(self, number: str) -> list[StepRow]:
        """Its whole history, in order."""
        found: list[StepRow] = await self._read(
            lambda session: LoopRepository(session).steps(number)
        )
        return found

    async def fields(self, number: str) -> dict[str, JsonValue]:
        """The form as it is kept; for the engine's own house, not for people."""

        def work(session: Session) -> dict[str, JsonValue]:
            row = session.get_one(TicketRow, number)
            kept: dict[str, JsonValue] = json.loads(
                self._vault.open(session, number, row.fields_sealed)
            )
            return kept

        found: dict[str, JsonValue] = await self._read(work)
        return found

    async def words(self, number: str) -> list[str]:
        """The free text of its history, in order; for the engine's own house."""

        def work(session: Session) -> list[str]:
            steps = LoopRepository(session).steps(number)
            return [
                self._vault.open(session, number, step.words_sealed)
                for step in steps
                if step.words_sealed is not None
            ]

        found: list[str] = await self._read(work)
        return found

    async def repeats(self, viewer: Viewer, number: str) -> tuple[Repeat, ...]:
        """Earlier tickets that this one may belong to, for a person to decide.

        Raises ``ActForbidden``, ``NotFound``.
        """

        def work(session: Session) -> tuple[Repeat, ...]:
            rows = LoopRepository(session)
            ticket = rows.ticket(number)
            if ticket is None or not sees(viewer, ticket, rows.tasks(number)):
                raise NotFound("no such ticket", number=number)
            if viewer.role not in MOVES[Act.MERGE].roles:
                raise ActForbidden(act="repeats", role=viewer.role)
            policy = self._policies().named(ticket.policy)
            found = find(session, viewer, ticket, policy, self._clock.now())
            self._log.enter(session, viewer, "repeats", number)
            return found

        return await tried(self._write, self._log, viewer, "repeats", number, work)

    async def parts(self, viewer: Viewer, number: str) -> tuple[PartView, ...]:
        """Which units have a part in the ticket and how far they are. Raises ``NotFound``."""

        def work(session: Session) -> tuple[PartView, ...]:
            rows = LoopRepository(session)
            ticket = rows.ticket(number)
            if ticket is None or not sees(viewer, ticket, rows.tasks(number)):
                raise NotFound("no such ticket", number=number)
            self._log.enter(session, viewer, "parts", number)
            pack = self._policies().named(ticket.policy).pack
            return parts(rows, pack, number, self._clock.now())

        return await tried(self._write, self._log, viewer, "parts", number, work)

    def play(
        self,
        session: Session,
        viewer: Viewer,
        number: str,
        known: ActDef,
        body: Body | Mapping[str, Any],
        expected_version: int | None = None,
    ) -> TicketRow:
        """The act in a unit of work that somebody else commits.

        Rights come first: whoever may not do it does not learn what it would have taken.
        """
        rows = LoopRepository(session)
        ticket = rows.ticket(number, change=True)
        tasks = rows.tasks(number)
        if ticket is None or not sees(viewer, ticket, tasks):
            raise NotFound("no such ticket", number=number)
        move = MOVES[known.act]
        if viewer.role not in move.roles:
            raise ActForbidden(act=known.act.value, role=viewer.role)
        if expected_version not in (None, ticket.version):
            raise VersionStale(version=ticket.version)
        source = TicketState(ticket.state)
        if source not in move.sources:
            raise ActOutOfOrder(act=known.act.value, state=source.value)
        if not has_part(viewer, known.act, tasks):
            raise NotYourTask(act=known.act.value)
        given = checked(known, body)
        last = rows.last_at(number)
        now = self._clock.now()
        scene = Scene(
            viewer=viewer,
            now=max(now, last) if last is not None else now,
            policy=self._policies().named(ticket.policy),
            ticket=ticket,
            rows=rows,
            vault=self._vault,
            split_off=lambda fields: self._registrar.register(
                session, viewer, fields, split_from=ticket
            ),
            rules_of=self._policies().named,
        )
        outcome = known.run(scene, given)
        target = outcome.target or source
        if not allowed(source, known.act, target):
            raise ActOutOfOrder(act=known.act.value, state=source.value, target=target.value)
        write_step(scene, known.act, source, target, outcome)
        settle_merged(scene)
        if viewer.role != Role.SYSTEM:
            self._log.enter(session, viewer, known.act.value, number)
        return ticket


def checked(known: ActDef, body: Body | Mapping[str, Any]) -> Body:
    """The act's body in its form. Raises ``Invalid`` without repeating what was given."""
    return formed(known.body, body, act=known.act.value)


def formed(form: type[B], body: Body | Mapping[str, Any], **details: Any) -> B:
    """What came from outside, in its form. Raises ``Invalid`` without repeating what was given."""
    if isinstance(body, form):
        return body
    if isinstance(body, Body):
        raise Invalid("the body belongs to another act", **details)
    try:
        return form.model_validate(body)
    except ValidationError as wrong:
        places = [".".join(map(str, one["loc"])) for one in wrong.errors(include_input=False)]
        raise Invalid("not the form of this act", places=places, **details) from None
