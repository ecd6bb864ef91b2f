"""One connection to Asterisk: panoramisk's Manager with its own decisions taken out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from panoramisk.manager import Manager

from core.clock import Clock
from pbx.ami.actions import ActionIds, Ends, LinkAction
from pbx.ami.api import AmiEvent, AmiRefused, AmiTimeout, AmiUnavailable
from pbx.ami.protocol import LinkProtocol
from pbx.ami.states import LinkFault
from pbx.ami.stats import LinkStats

MAX_UNANSWERED_PINGS = 3


class LinkManager(Manager):  # type: ignore[misc]  # panoramisk has no types
    """Lives from one connect to one loss (``wait_lost``); the link decides what then.

    Taken out of panoramisk's Manager: connecting again every 2 s, sending unanswered actions
    again, pings that nobody waits for, and callbacks that run inside the socket's reader.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        limit: int,
        ids: ActionIds,
        stats: LinkStats,
        clock: Clock,
        on_event: Callable[[AmiEvent], None],
        on_messages_lost: Callable[[], None],
    ) -> None:
        super().__init__(
            host=host,
            port=port,
            protocol_factory=lambda: LinkProtocol(self, limit),
            loop=asyncio.get_running_loop(),
            log=logging.getLogger(__name__),
        )
        self.ids = ids
        self.stats = stats
        self.fault: LinkFault | None = None
        self.booted = asyncio.Event()
        self._lost = asyncio.Event()
        self.messages_lost = on_messages_lost
        self._on_event = on_event
        self._clock = clock
        self.last_heard = clock.monotonic()

    async def open(self, deadline: float) -> None:
        """Connect. Raises ``OSError`` or ``TimeoutError``; afterwards ``drop`` must be called."""
        async with asyncio.timeout(deadline):
            await self.connect()
        self.stats.connections += 1

    def connection_made(self, f: asyncio.Future[object]) -> None:
        if f.cancelled() or f.exception() is not None:
            return  # whoever awaits connect() has it
        super().connection_made(f)
        self.pinger.cancel()

    def heard(self) -> None:
        """Bytes came: the other side lives."""
        self.last_heard = self._clock.monotonic()

    def drop(self, fault: LinkFault) -> None:
        """End this connection; unanswered actions fail. Only the first fault counts."""
        if self.fault is None:
            self.fault = fault
            self._lost.set()
        self.close()

    async def wait_lost(self) -> LinkFault:
        """Return when the connection is gone, and why."""
        await self._lost.wait()
        return self.fault or LinkFault.LOST

    def dispatch(self, event: AmiEvent) -> None:
        if event.name == "FullyBooted":
            self.booted.set()
        self._on_event(event)
        if event.name == "Shutdown":
            self.drop(LinkFault.SHUTDOWN)

    @property
    def pending(self) -> int:
        """Actions that still wait for their answer."""
        return len(self.protocol.responses)

    async def ask(
        self,
        name: str,
        fields: Mapping[str, str],
        *,
        deadline: float,
        ends: Ends = Ends.RESPONSE,
    ) -> LinkAction:
        """Send one action and wait for its whole answer, at most ``deadline`` seconds.

        Raises ``AmiInjection`` or ``AmiUnavailable`` (nothing was sent), ``AmiRefused``, or
        ``AmiTimeout`` (sent, outcome unknown).
        """
        action = LinkAction(name, fields, self.ids.next(listing=ends is Ends.LIST_END), ends)
        if self.fault is not None:
            raise AmiUnavailable(action=name, reason=self.fault.value)
        answer = self.send_action(action)
        try:
            async with asyncio.timeout(deadline):
                await answer
        except TimeoutError:
            raise action.timed_out("deadline") from None
        finally:
            self.protocol.forget(action)
        return action

    async def ping_for_ever(self, every: float, deadline: float) -> None:
        """Ask for a sign of life every ``every`` seconds; without one the connection is dropped.

        Asterisk answers in the thread that also sends events, so under load other bytes may come
        in the answer's place and count as well, but not for ever.
        """
        unanswered = 0
        while True:
            await asyncio.sleep(every)
            asked = self._clock.monotonic()
            try:
                await self.ask("Ping", {}, deadline=deadline)
                unanswered = 0
            except (AmiUnavailable, AmiRefused, AmiTimeout):
                unanswered += 1
            if self.last_heard < asked or unanswered >= MAX_UNANSWERED_PINGS:
                self.drop(LinkFault.SILENT)
