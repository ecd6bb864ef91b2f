"""What is due happens: once a minute, each timer exactly once, none at the cost of another.

A timer's effect and the mark that it fired are one commit: whatever ends us in between, it fires
the next time. Nobody is waited for: a timer or a ticket that another process has in hand is left
to it, or to the next minute - so two of us, or we and a person, never block each other for good.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session

from core.clock import Clock
from core.errors import HotlineError, NotFound
from core.loop.acts import ACTS
from core.loop.acts.reminding import REMINDERS, Due
from core.loop.engine import Loop, Work
from core.loop.errors import ActOutOfOrder, NotDue, TimerUnknown
from core.loop.repository import LoopRepository
from core.loop.states import Act
from core.people.roles import Role
from core.policy.calendar import YearUnknown
from core.ports import Viewer
from core.store.database import DatabaseAway
from core.store.loop_tables import TimerRow

log = logging.getLogger(__name__)

SECONDS = 60.0
BATCH = 10  # timers in one unit of work: a caller's facts wait behind it where there is one writer
TRIES = 5
CLOCK = Viewer("clock", "", Role.SYSTEM.value)

# Does what a timer was set for, in the unit of work of the mark that it fired. Raises ``NotDue``
# when that does not matter any more, anything else when it failed.
Handler = Callable[[Session, TimerRow], None]


class _Busy(Exception):
    """The ticket is in other hands just now."""


@dataclass(frozen=True, slots=True)
class _Batch:
    fired: int
    last: tuple[datetime, int] | None  # where to go on; None: nothing more is due


class Clockwork:
    """Fires timers. A kind's handler is found by what stands before a colon in its name."""

    def __init__(
        self,
        write: Work[Any],
        read: Work[Any],
        loop: Loop,
        clock: Clock,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._write = write
        self._read = read
        self._loop = loop
        self._clock = clock
        self._wait = wait
        self._handlers: dict[str, Handler] = {"rung": partial(self._act, Act.RUNG)}
        self._handlers |= dict.fromkeys(REMINDERS, partial(self._act, Act.REMIND))

    def on(self, kind: str, handler: Handler) -> None:
        """Timers of this kind are ``handler``'s. Raises ``ValueError`` if they have one."""
        if kind in self._handlers:
            raise ValueError(f"timers of kind {kind} have a handler")
        self._handlers[kind] = handler

    async def run(self) -> None:
        """Once a minute until cancelled. What was given up is tried again at each start: whatever
        was at fault may have been mended with it."""
        fresh = True
        while True:
            try:
                if fresh:
                    await self.release()
                    fresh = False
                await self.tick()
            except DatabaseAway:
                log.warning("clockwork: database away, what is due waits a minute")
            await self._wait(SECONDS)

    async def tick(self) -> int:
        """Everything that is due now, each once. Returns how many fired. Raises
        ``DatabaseAway``."""
        now = self._clock.now()
        batch = await self._write(partial(self._batch, now=now, after=None))
        fired: int = batch.fired
        while batch.last is not None:
            batch = await self._write(partial(self._batch, now=now, after=batch.last))
            fired += batch.fired
        return fired

    async def stuck(self) -> list[TimerRow]:
        """What was given up after ``TRIES`` failures: somebody has to look."""
        rows: list[TimerRow] = await self._read(
            lambda session: LoopRepository(session).stuck_timers()
        )
        return rows

    async def release(self) -> int:
        """The fault is mended: what was given up is tried again. Returns how many that are."""

        def work(session: Session) -> int:
            rows = LoopRepository(session).stuck_timers()
            for timer in rows:
                timer.state, timer.attempts = "waiting", 0
                session.add(timer)
            return len(rows)

        released: int = await self._write(work)
        return released

    def _batch(
        self, session: Session, *, now: datetime, after: tuple[datetime, int] | None
    ) -> _Batch:
        timers = LoopRepository(session).due_timers(now, BATCH, after)
        places = [(timer.due_at, timer.id or 0) for timer in timers]
        fired = sum([self._fire(session, timer, now) for timer in timers])
        return _Batch(fired, places[-1] if len(places) == BATCH else None)

    def _fire(self, session: Session, timer: TimerRow, now: datetime) -> bool:
        """One timer, under a savepoint of its own: what it began and did not finish is undone."""
        try:
            with session.begin_nested():
                timer.state, timer.fired_at = "fired", now
                session.add(timer)
                session.flush()  # before the handler: it may set this timer anew
                self._handler(timer.kind)(session, timer)
            return True
        except _Busy:
            return False
        except YearUnknown as unknown:  # as soon as somebody loads the year, it is
            log.error("timer %s (%s) waits: %s", timer.id, timer.kind, unknown.error_id)
            return False
        except (NotDue, ActOutOfOrder):
            timer.state = "void"
        except (OperationalError, InterfaceError):  # the database's fault, not the timer's
            raise
        except Exception as fault:  # noqa: BLE001 - one bad timer must not harm the others
            _failed(timer, fault)
        session.add(timer)
        return False

    def _handler(self, kind: str) -> Handler:
        handler = self._handlers.get(kind.partition(":")[0])
        if handler is None:
            raise TimerUnknown(kind=kind)
        return handler

    def _act(self, act: Act, session: Session, timer: TimerRow) -> None:
        """The system's own act on the ticket that the timer is about."""
        rows = LoopRepository(session)
        if not rows.seize(timer.subject):
            if rows.ticket(timer.subject) is None:
                raise NotFound("no such ticket")
            raise _Busy
        about, _, key = timer.kind.partition(":")
        self._loop.play(session, CLOCK, timer.subject, ACTS[act], Due(about=about, key=key))


def _failed(timer: TimerRow, fault: Exception) -> None:
    """Tried again the next minute, but not for ever. The log names the timer, never its words."""
    name = fault.error_id if isinstance(fault, HotlineError) else type(fault).__name__
    timer.attempts += 1
    if timer.attempts >= TRIES:
        timer.state = "stuck"
        log.error("timer %s (%s) given up: %s", timer.id, timer.kind, name)
    else:
        log.warning("timer %s (%s) failed, tried again: %s", timer.id, timer.kind, name)
