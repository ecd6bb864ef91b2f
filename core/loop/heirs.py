"""A unit is abolished (撤并): what it holds goes to its successor, with a step on each ticket.

Nothing else changes: neither dates nor signatures, nor which unit had the ticket first. Which units
are gone is what the directory says that is in force now, not the one a ticket was registered under.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from sqlmodel import Session, col, or_, select

from core.clock import Clock
from core.errors import Conflict
from core.loop.acts.registry import ActDef
from core.loop.clockwork import CLOCK
from core.loop.engine import Loop, Work
from core.loop.errors import AccusedHandles, NotYourTask
from core.loop.responsibility import kept_from
from core.loop.scene import Body, Outcome, Scene
from core.loop.states import Act
from core.policy.book import Policy, PolicyBook
from core.store.database import DatabaseAway
from core.store.loop_tables import TaskRow
from core.store.tables import TicketRow

log = logging.getLogger(__name__)
SECONDS = 3600.0
BATCH = 200


class Inherit(Body):
    """Empty: who inherits is the directory's to say."""


def inherit(policy: Policy, day: date, scene: Scene, body: Inherit) -> Outcome:
    """The main part and open assisting parts of units that are gone.

    Raises ``AccusedHandles``; ``NotYourTask`` when there is nothing to inherit.
    """
    ticket, rows, directory = scene.ticket, scene.rows, policy.directory
    main = rows.main_task(ticket.number)
    moved: list[dict[str, str]] = []
    busy: set[str] = set()  # who has something to do in this ticket
    if main is not None:
        heir = _heir(policy, day, ticket, main.unit)
        if heir != main.unit:
            moved.append({"part": "main", "from": main.unit, "to": heir})
            main.unit = ticket.unit = heir
            rows.add(main)
        busy.add(heir)
    for part in rows.tasks(ticket.number):
        if part.part == "main" or part.state == "done":
            continue
        heir = directory.heir(part.unit, day)
        if heir in busy or kept_from(policy, ticket, heir, day):
            moved.append({"part": "assist", "from": part.unit, "to": ""})
            part.state = "withdrawn"
        elif heir != part.unit:
            moved.append({"part": "assist", "from": part.unit, "to": heir})
            part.unit = heir
        rows.add(part)
        busy.add(heir)
    if not moved:
        raise NotYourTask("nothing to inherit", number=ticket.number)
    for unit in dict.fromkeys(one["to"] for one in moved if one["to"]):
        scene.tell("inherited", unit=unit, handle_due=scene.day(ticket.handle_due))
    return Outcome(details={"moved": moved, "directory": directory.version})


def _heir(policy: Policy, day: date, ticket: TicketRow, unit: str) -> str:
    """Who takes the main part: the successor, or the last resort where that is the accused."""
    heir = policy.directory.heir(unit, day)
    for one in (heir, policy.directory.last_resort):
        if one == unit or not kept_from(policy, ticket, one, day):
            return one
    raise AccusedHandles(unit=heir)


class Heirs:
    """Looks for what abolished units still hold: when we start, and once an hour."""

    def __init__(
        self,
        write: Work[Any],
        read: Work[Any],
        loop: Loop,
        policies: Callable[[], PolicyBook],
        clock: Clock,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._write = write
        self._read = read
        self._loop = loop
        self._policies = policies
        self._clock = clock
        self._wait = wait

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.pass_on()
            except DatabaseAway:
                log.warning("heirs: database away, what is to be inherited waits an hour")
            await self._wait(SECONDS)

    async def pass_on(self) -> list[str]:
        """Returns the numbers of the tickets that changed hands. Raises ``DatabaseAway``.

        One that cannot (no lawful holder is left) stays where it is and is logged.
        """
        now = self._clock.now()
        policy = self._policies().at(now)
        day, directory = policy.calendar.day_of(now), policy.directory
        gone = [one.unit for one in directory.units if directory.heir(one.unit, day) != one.unit]
        known = ActDef(Act.INHERIT, Inherit, partial(inherit, policy, day))
        moved: list[str] = []
        after = ""
        while gone and (numbers := await self._read(partial(_held, gone, after))):
            after = numbers[-1]
            moved += [number for number in numbers if await self._passes(known, number)]
        return moved

    async def _passes(self, known: ActDef, number: str) -> bool:
        try:
            await self._write(
                lambda session: self._loop.play(session, CLOCK, number, known, Inherit())
            )
        except (Conflict, NotYourTask) as refused:
            log.warning("ticket %s is not inherited: %s", number, refused.error_id)
            return False
        return True


def _held(gone: Sequence[str], after: str, session: Session) -> list[str]:
    """Open tickets in which one of these units has a part that somebody has to go on with."""
    assisted = select(TaskRow.number).where(
        col(TaskRow.unit).in_(gone), TaskRow.part == "assist", TaskRow.state == "open"
    )
    query = (
        select(TicketRow.number)
        .where(
            col(TicketRow.open),
            TicketRow.number > after,
            or_(col(TicketRow.unit).in_(gone), col(TicketRow.number).in_(assisted)),
        )
        .order_by(TicketRow.number)
        .limit(BATCH)
    )
    return [*session.exec(query).all()]
