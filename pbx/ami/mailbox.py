"""One listener's mail: a bounded queue and the one task that empties it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from core.clock import Clock
from pbx.ami.api import AmiEvent, AmiListener, Gap, Snapshot
from pbx.ami.stats import LinkStats

log = logging.getLogger(__name__)

Mail = Gap | Snapshot | AmiEvent


class Mailbox:
    """Keeps one listener's mail in order and in bounds: ``capacity`` events, two more for a resync.

    While a snapshot is being taken, events are held back to follow it. Mail that does not fit is
    never dropped in silence: everything unread goes, nothing more is taken until the listener has
    come to rest, and then it gets a gap and a fresh snapshot (``on_wish`` asks for one).
    """

    def __init__(
        self,
        listener: AmiListener,
        *,
        capacity: int,
        clock: Clock,
        stats: LinkStats,
        on_wish: Callable[[], None],
    ) -> None:
        self.wants_snapshot = False
        self._listener = listener
        self._capacity = capacity
        self._clock = clock
        self._stats = stats
        self._on_wish = on_wish
        self._queue: deque[tuple[float, Mail]] = deque()  # with the monotonic time of posting
        self._held: deque[tuple[float, Mail]] | None = None
        self._overflowed = False
        self._begun = False  # the listener was handed a snapshot
        self._synced_at: float | None = None  # when the last snapshot was queued
        self._gap: tuple[float, str] | None = None
        self._wake = asyncio.Event()

    def post(self, event: AmiEvent) -> None:
        if self._overflowed:
            return
        if len(self._queue) + len(self._held or ()) >= self._capacity:
            self._overflow()
            return
        target = self._queue if self._held is None else self._held
        target.append((self._clock.monotonic(), event))
        self._wake.set()

    def lost(self, since: float, reason: str) -> None:
        """Events may be missing from ``since`` on; the next ``Gap`` says so."""
        if self._gap is None:
            self._gap = (since, reason)
        else:
            self._gap = (min(since, self._gap[0]), self._gap[1])

    def wish(self) -> None:
        """Ask for a snapshot while mail goes on."""
        self.wants_snapshot = True
        self._on_wish()

    def hold(self) -> None:
        """A snapshot is being taken: hold events back until ``resume``.

        A listener that is still busy with what it had when its mail overflowed must wait on.
        """
        if not self._overflowed or self.wants_snapshot:
            self._overflowed = False
            self.wants_snapshot = False
            self._held = deque()

    def resume(self, snapshot: Snapshot) -> None:
        """Queue a gap (not the first time), the snapshot, and the events held back."""
        if self._held is None:
            return  # overflowed meanwhile
        now = self._clock.monotonic()
        if self._synced_at is not None:
            since, reason = self._gap or (self._synced_at, "resync")
            self._queue.append((now, Gap(since, now, reason)))
        self._gap = None
        self._synced_at = now
        self._queue.append((now, snapshot))
        self._queue.extend(self._held)
        self._held = None
        if len(self._queue) > self._capacity + 2:
            self._overflow()
        self._wake.set()

    async def deliver(self) -> None:
        """Hand over mail for ever; to be run by one task."""
        while True:
            while not self._queue:
                if self._overflowed and not self.wants_snapshot:
                    self.wish()
                self._wake.clear()
                await self._wake.wait()
            _, mail = self._queue.popleft()
            await self._hand(mail)

    def _overflow(self) -> None:
        self._stats.listener_overflows += 1
        log.warning("mailbox of %s ran over", type(self._listener).__name__)
        since = self._clock.monotonic()
        for posted, mail in (*self._queue, *(self._held or ())):
            since = min(since, mail.since if isinstance(mail, Gap) else posted)
        self.lost(since, "listener_too_slow")
        if not self._begun:
            self._synced_at = None  # it never got the snapshot that is thrown away here
        self._queue.clear()
        self._held = None
        self._overflowed = True
        self.wants_snapshot = False
        self._wake.set()

    async def _hand(self, mail: Mail) -> None:
        try:
            match mail:
                case AmiEvent():
                    await self._listener.event(mail)
                case Snapshot():
                    self._begun = True
                    await self._listener.snapshot(mail)
                case Gap():
                    await self._listener.gap(mail)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._failed(mail, error)  # something inside the listener was cancelled, not we
        except Exception as error:  # noqa: BLE001  # one listener must not harm the others
            self._failed(mail, error)

    def _failed(self, mail: Mail, error: BaseException) -> None:
        """Only names go to the log: the error's text and trace may hold a caller's words."""
        self._stats.listener_failures += 1
        name = mail.name if isinstance(mail, AmiEvent) else type(mail).__name__
        log.error(
            "listener %s failed at %s: %s",
            type(self._listener).__name__,
            name if name.isalnum() else "?",
            type(error).__name__,
        )
