"""What has been kept long enough is deleted, by the spans of the rules (article 39).

Tickets ten years after the archive, say, transcripts and recordings sooner: the figures are the
policy's. A deletion that somebody orders is the act ``erase``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from core.clock import Clock
from core.errors import HotlineError
from core.loop.engine import Loop
from core.loop.origin import at_work
from core.loop.retention_rows import (
    PAGE,
    empty_notices,
    mark_recordings,
    old_calls,
    old_tickets,
)
from core.loop.states import Act
from core.people.roles import Role
from core.policy.book import Policy, PolicyBook
from core.policy.deadlines import before
from core.ports import Viewer
from core.store.database import Database
from core.store.erasure import erase_call
from core.store.vault import Vault

log = logging.getLogger(__name__)

T = TypeVar("T")
L = TypeVar("L")

EVERY_SECONDS = 6 * 3600.0
AFTER_A_FAULT = 60.0
THE_CLOCK = Viewer("clock", "", Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many of each were deleted (of recordings, marked: in calls), and how many tickets could
    not be."""

    tickets: int = 0
    calls: int = 0
    recordings: int = 0
    notices: int = 0
    failed: int = 0


class Retention:
    """Own its ``run``. Recordings are marked; their files are deleted by whoever keeps them."""

    def __init__(
        self,
        database: Database,
        loop: Loop,
        vault: Vault,
        policies: Callable[[], PolicyBook],
        clock: Clock,
    ) -> None:
        self._database = database
        self._loop = loop
        self._vault = vault
        self._policies = policies
        self._clock = clock

    async def run(self) -> None:
        """Sweep now and again until cancelled."""
        while True:
            pause = EVERY_SECONDS
            try:
                swept = await self.sweep()
                if swept.failed:
                    log.warning("retention: %d could not be deleted", swept.failed)
            except HotlineError as error:
                log.warning("retention: put off (%s)", error.error_id)
                pause = AFTER_A_FAULT
            await asyncio.sleep(pause)

    async def sweep(self) -> Swept:
        """Delete everything that is due now. Raises ``DatabaseAway``."""
        policy = self._policies().at(self._clock.now())
        tickets, failed = await self._tickets(policy)
        calls = await self._calls(self._limit(policy, "transcripts"))
        recordings = await self._pages(mark_recordings, self._limit(policy, "recordings"))
        notices = await self._pages(empty_notices, self._limit(policy, "notices"))
        return Swept(tickets, calls, recordings, notices, failed)

    def _limit(self, policy: Policy, what: str) -> datetime | None:
        """What is older is deleted; None: there is no rule, so it stays."""
        rule = policy.conduct.keeps(what)
        return None if rule is None else before(policy.calendar, self._clock.now(), rule.keep)

    async def _tickets(self, policy: Policy) -> tuple[int, int]:
        limit = self._limit(policy, "tickets")
        erased, failed, after = 0, 0, ""
        while limit is not None:
            page = await self._database.read(_page(old_tickets, limit, after))
            for ticket in page:
                try:
                    ground = self._ground(ticket.policy)
                    await self._loop.perform(
                        THE_CLOCK, ticket.number, Act.ERASE, {"ground": ground}
                    )
                    erased += 1
                except HotlineError as error:  # one that cannot be deleted does not save the others
                    log.error("retention: ticket %s: %s", ticket.number, error.error_id)
                    failed += 1
            if len(page) < PAGE:
                break
            after = page[-1].number
        return erased, failed

    def _ground(self, version: str) -> str:
        """The ground of deletion by time, in the rules of the ticket."""
        erasures = self._policies().named(version).conduct.erasures
        return next((one.key for one in erasures if one.by_time), "")

    async def _calls(self, limit: datetime | None) -> int:
        erased, after = 0, ""
        while limit is not None:
            page = await self._database.read(_page(old_calls, limit, after))

            def work(session: Session, calls: Sequence[str] = page) -> int:
                due = [call_id for call_id in calls if not at_work(session, call_id)]
                for call_id in due:
                    erase_call(session, self._vault, call_id)
                return len(due)

            erased += await self._database.write(work)
            if len(page) < PAGE:
                break
            after = page[-1]
        return erased

    async def _pages(
        self, change: Callable[[Session, datetime], int], limit: datetime | None
    ) -> int:
        """Let ``change`` do one page after the other; returns how many in all."""
        if limit is None:
            return 0
        total, done = 0, PAGE
        while done == PAGE:
            done = await self._database.write(lambda session: change(session, limit))
            total += done
        return total


def _page(
    query: Callable[[Session, L, str], Sequence[T]], limit: L, after: str
) -> Callable[[Session], Sequence[T]]:
    return lambda session: query(session, limit, after)
