"""The AMI link: keeps one connection to Asterisk, and tells its listeners the truth about it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from random import Random

from core.clock import Clock, SystemClock
from core.errors import Conflict
from pbx.ami.actions import ActionIds, Ends, unblocking
from pbx.ami.api import (
    AmiEvent,
    AmiListener,
    AmiLoginRefused,
    AmiUnavailable,
    LinkState,
)
from pbx.ami.backoff import Backoff
from pbx.ami.mailbox import Mailbox
from pbx.ami.manager import LinkManager
from pbx.ami.session import Session
from pbx.ami.states import LinkFault, StateBoard, StateChange
from pbx.ami.stats import LinkStats
from pbx.settings import AmiSettings

log = logging.getLogger(__name__)


class AmiLink:
    """Implements ``pbx.ami.api.Ami``. Its owner awaits ``run``; cancelling that closes everything.

    ``stats`` are counts for people who look after it.
    """

    def __init__(
        self, settings: AmiSettings, *, clock: Clock | None = None, random: Random | None = None
    ) -> None:
        self.stats = LinkStats()
        self._settings = settings
        self._timing = settings.link
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._board = StateBoard(self._clock)
        self._ids = ActionIds()
        self._backoff = Backoff(self._timing.backoff_base, self._timing.backoff_cap, self._random)
        self._mailboxes: list[Mailbox] = []
        self._snapshot_wanted = asyncio.Event()
        self._manager: LinkManager | None = None

    @property
    def state(self) -> LinkState:
        return self._board.current.state

    @property
    def fault(self) -> LinkFault | None:
        """Why the link is not up, or None."""
        return self._board.current.fault

    def changes(self) -> AsyncIterator[StateChange]:
        """The present state, then each change, until CLOSED."""
        return self._board.changes()

    def listen(self, listener: AmiListener) -> None:
        """See ``Ami.listen``. Raises ``core.errors.Conflict`` once ``run`` has begun."""
        if self.state is not LinkState.DOWN:
            raise Conflict("listeners are registered before the link runs")
        self._mailboxes.append(
            Mailbox(
                listener,
                capacity=self._timing.listener_queue,
                clock=self._clock,
                stats=self.stats,
                on_wish=self._snapshot_wanted.set,
            )
        )

    async def action(
        self, name: str, fields: Mapping[str, str] | None = None, *, deadline: float = 5.0
    ) -> AmiEvent:
        """See ``Ami.action``. An Originate without ``Async`` answers when the call was answered."""
        sent, ends = unblocking(name, fields or {})
        done = await self._ready(name).ask(name, sent, deadline=deadline, ends=ends)
        return done.reply or AmiEvent("Response", {})

    async def listing(
        self, name: str, fields: Mapping[str, str] | None = None, *, deadline: float = 5.0
    ) -> list[AmiEvent]:
        """See ``Ami.listing``."""
        manager = self._ready(name)
        done = await manager.ask(name, fields or {}, deadline=deadline, ends=Ends.LIST_END)
        return done.collected

    async def run(self) -> None:
        """Keep the link up until cancelled. Runs once; raises ``core.errors.Conflict`` after that.

        Nothing of Asterisk's or the network's doing ends it, only cancelling does.
        """
        if self.state is not LinkState.DOWN:
            raise Conflict("a link runs once")
        try:
            async with asyncio.TaskGroup() as duties:
                for mailbox in self._mailboxes:
                    duties.create_task(mailbox.deliver())
                await self._stay_connected()
        finally:
            self._board.move(LinkState.CLOSED, LinkFault.STOPPED)

    async def _stay_connected(self) -> None:
        while True:
            self._board.move(LinkState.CONNECTING)
            fault = await self._one_connection()
            if self._board.seconds_up() >= self._timing.stable_after:
                self._backoff.reset()
            self._board.move(LinkState.BACKING_OFF, fault)
            pause = self._pause(fault)
            log.warning("AMI link down: %s; next try in %.1f s", fault.value, pause)
            await asyncio.sleep(pause)

    def _pause(self, fault: LinkFault) -> float:
        if fault is LinkFault.LOGIN_REFUSED:  # only a person can mend that
            return self._random.uniform(0.5, 1) * self._timing.refused_pause
        return self._backoff.next()

    async def _one_connection(self) -> LinkFault:
        """From connecting to losing it; every way out closes the socket and fails what waits."""
        manager = self._manager = self._new_manager()
        try:
            try:
                await manager.open(self._timing.connect_deadline)
            except (OSError, TimeoutError):
                return LinkFault.UNREACHABLE
            fault = await Session(
                manager, self._settings, self._board, self._mailboxes, self._snapshot_wanted
            ).run()
            for mailbox in self._mailboxes:
                mailbox.lost(manager.last_heard, fault.value)
            return fault
        finally:
            manager.drop(LinkFault.STOPPED)
            self._manager = None

    def _new_manager(self) -> LinkManager:
        return LinkManager(
            host=str(self._settings.host),
            port=self._settings.port,
            limit=self._timing.max_message,
            ids=self._ids,
            stats=self.stats,
            clock=self._clock,
            on_event=self._post,
            on_messages_lost=self._messages_lost,
        )

    def _post(self, event: AmiEvent) -> None:
        for mailbox in self._mailboxes:
            mailbox.post(event)

    def _messages_lost(self) -> None:
        for mailbox in self._mailboxes:
            mailbox.lost(self._clock.monotonic(), "message_too_long")
            mailbox.wish()

    def _ready(self, action: str) -> LinkManager:
        """The connection, if an action may be sent now."""
        manager = self._manager
        if manager is None or self.state is not LinkState.UP:
            if self.fault is LinkFault.LOGIN_REFUSED:
                raise AmiLoginRefused(action=action)
            raise AmiUnavailable(action=action, reason=self.fault or self.state)
        if manager.pending >= self._timing.max_pending:
            raise AmiUnavailable(action=action, reason="too_many_pending")
        return manager
