"""The consoles that are open now, so that they can be counted and told to go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from agent_console.errors import GoingAway, TooManyConsoles
from agent_console.messages import CloseCode

logger = logging.getLogger(__name__)


class OpenConsole(Protocol):
    @property
    def agent(self) -> str: ...

    @property
    def token(self) -> str: ...

    def close(self, code: CloseCode) -> None:
        """Ask it to close; it does so by itself, soon."""
        ...


class Consoles:
    """Every console enters here before it speaks and leaves when its socket is done."""

    def __init__(self, per_agent: int) -> None:
        self._per_agent = per_agent
        self._open: set[OpenConsole] = set()
        self._closing = False
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def closing(self) -> bool:
        return self._closing

    @contextmanager
    def entered(self, console: OpenConsole) -> Iterator[None]:
        """Raises ``GoingAway`` while we shut down, ``TooManyConsoles``."""
        if self._closing:
            raise GoingAway
        if sum(other.agent == console.agent for other in self._open) >= self._per_agent:
            raise TooManyConsoles(limit=self._per_agent)
        self._open.add(console)
        self._empty.clear()
        try:
            yield
        finally:
            self._open.discard(console)
            if not self._open:
                self._empty.set()

    def close_session(self, token: str) -> None:
        """The session is over: its consoles must not see any more."""
        for console in self._open:
            if console.token == token:
                console.close(CloseCode.LOG_IN)

    async def close_all(self, seconds: float) -> None:
        """Tell every console that we go away, let no new one in, wait ``seconds`` at most."""
        self._closing = True
        for console in self._open:
            console.close(CloseCode.GOING_AWAY)
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            logger.warning("%d consoles did not take their leave in time", len(self._open))
