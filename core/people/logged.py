"""A unit of work that leaves its line in the access log, whether it was done or refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from sqlmodel import Session

from core.errors import HotlineError
from core.people.access import AccessLog
from core.ports import Viewer

T = TypeVar("T")
Write = Callable[[Callable[[Session], Any]], Awaitable[Any]]

# What is refused with these is an attempt at something that is not one's own.
TRESPASS = (403, 404)


class Enters(Protocol):
    """Writes down who did or tried what; in the unit of work that is given."""

    def enter(
        self, session: Session, viewer: Viewer, act: str, subject: str, error_id: str = ""
    ) -> None: ...


class Logged:
    """``write`` runs a unit of work; nothing is read by anybody without the line being kept."""

    def __init__(self, write: Write, log: AccessLog) -> None:
        self._write = write
        self._log = log

    async def run(self, viewer: Viewer, act: str, subject: str, work: Callable[[Session], T]) -> T:
        """Do the work and write down that it was done, both or neither. Raises what it raises."""

        def both(session: Session) -> T:
            result = work(session)
            self._log.enter(session, viewer, act, subject)
            return result

        return await tried(self._write, self._log, viewer, act, subject, both)


async def tried(
    write: Write,
    log: Enters,
    viewer: Viewer,
    act: str,
    subject: str,
    work: Callable[[Session], T],
) -> T:
    """Run ``work``; when it is refused as a trespass nothing of it stays but the line of that.

    The line is written by the unit of work itself: whoever hangs up meanwhile is not forgotten.
    """

    def unit(session: Session) -> T | HotlineError:
        try:
            return work(session)
        except HotlineError as refused:
            if refused.status not in TRESPASS:
                raise
            session.rollback()
            log.enter(session, viewer, act, subject, refused.error_id)
            return refused

    found = await write(unit)
    if isinstance(found, HotlineError):
        raise found
    done: T = found
    return done
