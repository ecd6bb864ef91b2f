"""One life of a speech process: from its first message until it ends or has to be ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import ValidationError

from asr import protocol
from asr.child import Child
from asr.errors import DecodingFailed
from asr.protocol import Failed, Heartbeat, Loading, Notice, Ready
from asr.settings import AsrSettings
from core.clock import Clock

DIED = "engine_died"
HUNG = "engine_hung"
STOPPED = "stopped"

_LEAVING_SECONDS = 1.0  # that a process which closed its end gets to leave by itself


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended. ``reason`` is a stable word; ``culprit`` the engine to blame, if any."""

    reason: str
    detail: str
    culprit: str | None
    served_seconds: float


class _Over(Exception):
    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Life:
    """Reads and watches one child. ``hear`` gets every message except heartbeats."""

    def __init__(
        self,
        child: Child,
        settings: AsrSettings,
        clock: Clock,
        hear: Callable[[Notice], Awaitable[None]],
    ) -> None:
        self.child = child
        self.health = Heartbeat()
        self._settings = settings
        self._clock = clock
        self._hear = hear
        self._hearing = False
        self._beats: int | None = None  # since the watch last looked; None before the first
        self._engine: str | None = None
        self._waiting_since: float | None = clock.monotonic()  # for it to start, or load an engine
        self._ready_since: float | None = None

    async def run(self, engines: tuple[str, ...], stopping: asyncio.Event) -> Ending:
        """Live until the child ends, hangs, or ``stopping`` is set and it has left in peace."""
        over = _Over(STOPPED)
        try:
            self.child.send(protocol.Start(settings=self._settings, engines=engines))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(stopping))
                tasks.create_task(self._watch())
                tasks.create_task(self._stop(stopping))
        except* _Over as group:
            first = group.exceptions[0]
            assert isinstance(first, _Over)
            over = first
        finally:
            await self.child.end(0.0 if over.reason == HUNG else _LEAVING_SECONDS)
        since = self._ready_since
        return Ending(
            reason=over.reason,
            detail=over.detail,
            culprit=self._engine if over.reason in (DIED, HUNG, DecodingFailed.error_id) else None,
            served_seconds=self._clock.monotonic() - since if since is not None else 0.0,
        )

    async def _read(self, stopping: asyncio.Event) -> None:
        while True:
            try:
                notice = await self.child.receive()
            except (ValidationError, ValueError) as wrong:
                raise _Over(DIED, "not of this protocol") from wrong
            if notice is None:
                raise _Over(STOPPED if stopping.is_set() else DIED)
            if isinstance(notice, Heartbeat):
                self._beats = (self._beats or 0) + 1
                self.health = notice
                continue
            if isinstance(notice, Failed):
                raise _Over(notice.error_id, notice.message)
            if isinstance(notice, Loading):
                self._engine = notice.engine
                self._waiting_since = self._clock.monotonic()
            elif isinstance(notice, Ready):
                self._waiting_since = None
                self._ready_since = self._clock.monotonic()
            self._hearing = True
            await self._hear(notice)
            self._hearing = False

    async def _watch(self) -> None:
        """Raise when the child is not well.

        A heartbeat is missed once per look at most, however late the look is: a hotline that was
        stalled itself does not blame its child.
        """
        supervision = self._settings.supervision
        missed = 0
        while True:
            await asyncio.sleep(supervision.heartbeat_seconds)
            if self._beats is not None:
                missed = missed + 1 if self._beats == 0 and not self._hearing else 0
                self._beats = 0
            if missed >= supervision.missed_heartbeats:
                raise _Over(HUNG, "no heartbeat")
            if self.health.longest_turn > supervision.decoding_seconds:
                raise _Over(HUNG, "a decoding does not end")
            waiting = self._waiting_since
            if waiting is not None and self._clock.monotonic() - waiting > supervision.load_seconds:
                raise _Over(HUNG, "an engine does not load")

    async def _stop(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self.child.send(protocol.Stop())
        # The child drains for stop_seconds by itself; a little longer means that it hangs.
        await asyncio.sleep(self._settings.supervision.stop_seconds + _LEAVING_SECONDS)
        raise _Over(STOPPED, "had to be killed")
