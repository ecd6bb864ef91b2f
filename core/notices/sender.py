"""Sends what waits, again after a growing pause when it failed, and gives up visibly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sqlmodel import Session

from core.clock import Clock
from core.errors import HotlineError
from core.notices.address import NoAddress, NoticeVoid, addressed
from core.notices.waiting import Waiting
from core.ports import Notice, Notifier
from core.store.database import Database, DatabaseAway
from core.store.vault import Vault, VaultBroken

log = logging.getLogger(__name__)
T = TypeVar("T")


HOPELESS = (NoAddress, VaultBroken)  # trying again changes nothing


class NotifierSlow(HotlineError):
    """The adapter did not answer in time; the notice may or may not have been sent."""

    error_id = "notifier_slow"
    status = 504


@dataclass(frozen=True, slots=True)
class Retry:
    """``attempts`` in all; the pause after the n-th is ``first`` x 2^(n-1), at most ``longest``.

    ``lease`` is how long a notice belongs to who took it, ``slow`` how long the adapter may take.
    """

    attempts: int = 8
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=6)
    lease: timedelta = timedelta(minutes=5)
    slow: timedelta = timedelta(seconds=20)

    def pause(self, attempt: int) -> timedelta:
        doubled = self.first
        for _ in range(attempt - 1):
            doubled = min(self.longest, doubled * 2)
        return doubled


class NoticeSender:
    """Own its ``run``. Between the adapter's receipt and our commit there may lie a crash: the
    notice is then given to the adapter again under the same key, and it is the adapter that knows.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        notifier: Notifier,
        clock: Clock,
        *,
        retry: Retry | None = None,
        batch: int = 50,
        every_seconds: float = 2.0,
    ) -> None:
        self._database = database
        self._vault = vault
        self._notifier = notifier
        self._clock = clock
        self._retry = retry or Retry()
        self._batch = batch
        self._every = every_seconds

    async def run(self) -> None:
        """Until cancelled. While the database is away nothing is sent and nothing lost."""
        while True:
            try:
                while await self.send_due() == self._batch:
                    pass
            except DatabaseAway:
                log.warning("notices wait: database away")
            await asyncio.sleep(self._every)

    async def send_due(self) -> int:
        """One batch; returns how many notices were taken up. Raises ``DatabaseAway``."""
        now = self._clock.now()

        def claim(session: Session) -> list[tuple[int, int]]:
            rows = Waiting(session).claim(now, self._retry.lease, self._batch)
            return [(row.id, row.attempts) for row in rows if row.id is not None]

        claimed = await self._database.write(claim)
        for id, attempt in claimed:
            await self._send(id, attempt)
        return len(claimed)

    async def _send(self, id: int, attempt: int) -> None:
        try:
            receipt = await self._hand_over(await self._notice(id))
        except DatabaseAway:
            raise  # taken up again when the lease is over
        except NoticeVoid as void:
            await self._mark(partial(Waiting.ended, id=id, state="void", error_id=void.error_id))
        except HotlineError as failed:
            await self._failed(id, attempt, failed)
        else:
            await self._mark(partial(Waiting.sent, id=id, receipt=receipt, now=self._clock.now()))

    async def _failed(self, id: int, attempt: int, failed: HotlineError) -> None:
        error_id = failed.error_id
        if isinstance(failed, HOPELESS) or attempt >= self._retry.attempts:
            log.error("notice %s failed: %s", id, error_id)
            await self._mark(partial(Waiting.ended, id=id, state="failed", error_id=error_id))
        else:
            at = self._clock.now() + self._retry.pause(attempt)
            await self._mark(partial(Waiting.later, id=id, error_id=error_id, at=at))

    async def _notice(self, id: int) -> Notice:
        return await self._database.read(
            lambda session: addressed(session, self._vault, Waiting(session).row(id))
        )

    async def _hand_over(self, notice: Notice) -> str:
        try:
            async with asyncio.timeout(self._retry.slow.total_seconds()):
                return await self._notifier.send(notice)
        except TimeoutError as slow:
            raise NotifierSlow(key=notice.key) from slow

    async def _mark(self, change: Callable[[Waiting], None]) -> None:
        await self._database.write(lambda session: change(Waiting(session)))
