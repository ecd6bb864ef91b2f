"""The FastAGI listener: one owned task per call, bounded in number, and no way to hang.

What happens to a connection never decides whether the caller is served: whenever we close, the
dialplan goes on and leads him to the people.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from core.errors import HotlineError
from pbx.agi.errors import AgiHangup, AgiPortTaken, AgiPortUnusable
from pbx.agi.session import READ_BYTES, AgiSession

log = logging.getLogger(__name__)

AgiHandler = Callable[[AgiSession], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AgiLimits:
    """Bounds of the server; times in seconds.

    ``sessions``: connections at once, half-open ones included; more are closed at once.
    ``environment_seconds``: for the peer to say what call this is. ``command_seconds``: for one
    reply, besides the time a prompt or a key may take. ``shutdown_seconds``: what running sessions
    get to finish.
    """

    sessions: int = 400
    environment_seconds: float = 3.0
    command_seconds: float = 3.0
    shutdown_seconds: float = 3.0


class AgiServer:
    """``async with AgiServer(handler, host, port) as server:`` serves until the block ends.

    ``handler`` runs once per call in a task of its own. Port 0 takes a free one: see ``port``.
    """

    def __init__(
        self, handler: AgiHandler, host: str, port: int, limits: AgiLimits | None = None
    ) -> None:
        self._handler = handler
        self._host = host
        self._wanted_port = port
        self._limits = limits or AgiLimits()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._turned_away = 0

    @property
    def port(self) -> int:
        """The port that is listened on. Raises ``AgiPortUnusable`` when not started."""
        if self._server is None or not self._server.sockets:
            raise AgiPortUnusable("the FastAGI server does not listen")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def running(self) -> int:
        """Connections at this moment."""
        return len(self._tasks)

    async def start(self) -> None:
        """Listen. Raises ``AgiPortTaken`` or ``AgiPortUnusable``."""
        where = {"host": self._host, "port": self._wanted_port}
        try:
            self._server = await asyncio.start_server(
                self._accept, self._host, self._wanted_port, limit=READ_BYTES
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise AgiPortTaken("the FastAGI port is taken", **where) from error
            raise AgiPortUnusable("the FastAGI address cannot be used", **where) from error

    async def close(self) -> None:
        """Take no more calls, let running sessions finish for a short while, end the rest."""
        if self._server is not None:
            self._server.close()
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=self._limits.shutdown_seconds)
        finally:
            ended = list(self._tasks)
            for task in ended:
                task.cancel()
            await asyncio.gather(*ended, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= self._limits.sessions:
            writer.transport.abort()
            self._turned_away += 1
            if self._turned_away == 1:  # one line when it begins, one when it is over
                log.warning("agi_flood: over %d sessions, turning away", self._limits.sessions)
            return
        if self._turned_away:
            log.warning("agi_flood: over, %d connections were turned away", self._turned_away)
            self._turned_away = 0
        task = asyncio.create_task(self._serve(reader, writer), name="agi-session")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = None
        try:
            session = await AgiSession.open(
                reader,
                writer,
                environment_seconds=self._limits.environment_seconds,
                command_seconds=self._limits.command_seconds,
            )
            if session is not None:
                await self._handler(session)
        except AgiHangup:
            log.debug("agi_hangup: the caller left during an AGI session")
        except HotlineError as error:
            log.warning("%s: an AGI session ended early", error.error_id)
        except Exception as error:  # noqa: BLE001 - a broken handler costs its session, not the server
            # The message of a foreign exception may hold what a caller said: name its kind only.
            log.error("agi_handler_failed: %s", type(error).__name__)
        finally:
            if session is not None:
                await session.close()
            else:
                writer.transport.abort()
