"""States of the link, why it left one, and who watches."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.clock import Clock
from core.transitions import advance
from pbx.ami.api import LinkState

_FAILS_TO = frozenset({LinkState.BACKING_OFF, LinkState.CLOSED})

LINK_TRANSITIONS: Mapping[LinkState, frozenset[LinkState]] = {
    LinkState.DOWN: frozenset({LinkState.CONNECTING, LinkState.CLOSED}),
    LinkState.CONNECTING: _FAILS_TO | {LinkState.LOGGING_IN},
    LinkState.LOGGING_IN: _FAILS_TO | {LinkState.SYNCING},
    LinkState.SYNCING: _FAILS_TO | {LinkState.UP},
    LinkState.UP: _FAILS_TO,
    LinkState.BACKING_OFF: frozenset({LinkState.CONNECTING, LinkState.CLOSED}),
    LinkState.CLOSED: frozenset(),
}

_UNREAD_CHANGES = 64


class LinkFault(StrEnum):
    """Why the link is not up. The values are stable error ids."""

    UNREACHABLE = "ami_unreachable"  # nobody listens there, or no answer to the connection
    NOT_ASTERISK = "ami_not_asterisk"  # something else listens there
    LOGIN_REFUSED = "ami_login_refused"  # wrong user or secret, or not from this address
    LOGIN_IN_USE = "ami_login_in_use"  # one session per user, and Asterisk still has our old one
    NO_LOGIN_ANSWER = "ami_no_login_answer"
    NOT_BOOTED = "ami_not_booted"  # still starting, or the user may not read "system"
    SYNC_FAILED = "ami_sync_failed"  # no snapshot could be taken
    LOST = "ami_lost"  # closed by the peer or the network
    SILENT = "ami_silent"  # half open: no answer to a ping
    SHUTDOWN = "ami_shutdown"  # Asterisk says that it is stopping
    STOPPED = "ami_stopped"  # run() was ended by its owner


@dataclass(frozen=True, slots=True)
class StateChange:
    """``fault`` says why the link was last not up, until it is UP again; ``at`` is UTC."""

    state: LinkState
    at: datetime
    fault: LinkFault | None = None


class StateBoard:
    """Holds the state; only ``move`` changes it, and only along the table."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.current = StateChange(LinkState.DOWN, clock.now())
        self._since = clock.monotonic()
        self._watchers: list[tuple[deque[StateChange], asyncio.Event]] = []

    def move(self, state: LinkState, fault: LinkFault | None = None) -> None:
        """Raises ``core.transitions.IllegalTransition``."""
        advance(LINK_TRANSITIONS, self.current.state, state)
        if fault is None and state is not LinkState.UP:
            fault = self.current.fault
        self.current = StateChange(state, self._clock.now(), fault)
        self._since = self._clock.monotonic()
        for unread, wake in self._watchers:
            unread.append(self.current)
            wake.set()

    def seconds_up(self) -> float:
        """How long the link has been UP; 0 if it is not."""
        if self.current.state is not LinkState.UP:
            return 0.0
        return self._clock.monotonic() - self._since

    async def changes(self) -> AsyncIterator[StateChange]:
        """The current state, then every change until CLOSED.

        A reader more than 64 changes behind misses the oldest of them, never the newest.
        """
        unread = deque([self.current], maxlen=_UNREAD_CHANGES)
        wake = asyncio.Event()
        watcher = (unread, wake)
        self._watchers.append(watcher)
        try:
            while True:
                while unread:
                    change = unread.popleft()
                    yield change
                    if change.state is LinkState.CLOSED:
                        return
                wake.clear()
                await wake.wait()
        finally:
            self._watchers.remove(watcher)
