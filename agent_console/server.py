"""Serves the console inside our own event loop: no signals taken, no exit called."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from agent_console.errors import AddressRefused, PortTaken
from agent_console.parts import Parts

logger = logging.getLogger(__name__)

BACKLOG = 512
SEND_BUFFER = 256 * 1024  # what the kernel holds for a console that does not read
SHUTDOWN_SECONDS = 3


class _Uvicorn(uvicorn.Server):
    """uvicorn as a part of a program, not as the program."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


class ConsoleServer:
    """Owns the listening socket and the HTTP server. Use once.

    ``open`` binds, ``run`` serves until it is cancelled or ``stop`` is called; consoles are told
    ``going away`` first, so that they come back. ``address`` is known once it is open.
    """

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self._parts: Parts = app.state.parts
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None
        self._running = False
        self._stopping = asyncio.Event()
        settings = self._parts.settings
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                app,
                # The maintained one of uvicorn's two ``websockets`` servers.
                ws="websockets-sansio",
                # Room for our own error message before the parser's abrupt close.
                ws_max_size=4 * settings.message_bytes,
                ws_ping_interval=settings.heartbeat_seconds,
                ws_ping_timeout=2 * settings.heartbeat_seconds,
                ws_per_message_deflate=False,  # a dictionary per console, for a local network
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=list(settings.trusted_proxies),
                limit_concurrency=settings.max_connections,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are really served. Raises ``RuntimeError`` before ``open``."""
        if self._socket is None:
            raise RuntimeError("the server is not open")
        host, port = self._socket.getsockname()[:2]
        return host, port

    @property
    def connections(self) -> int:
        """Connections that are open now, of every kind."""
        return len(self._uvicorn.server_state.connections)

    def open(self) -> tuple[str, int]:
        """Bind (port 0 takes a free one). Raises ``PortTaken`` or ``AddressRefused``."""
        try:
            family, kind, proto, _, place = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = socket.socket(family, kind, proto)
        except OSError as error:
            raise AddressRefused("the console's address cannot be used", port=self._port) from error
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            self._give_up_on_the_silent(listener)
            listener.bind(place)
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:
                raise PortTaken("the console's port is taken", port=self._port) from error
            raise AddressRefused("the console's address cannot be used", port=self._port) from error
        listener.setblocking(False)
        self._socket = listener
        return self.address

    def _give_up_on_the_silent(self, listener: socket.socket) -> None:
        """Let the kernel drop a peer that takes nothing, so that its last bytes are not kept.

        Connections inherit it from the listener. Linux only.
        """
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            seconds = 3 * self._parts.settings.heartbeat_seconds
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))

    async def ready(self) -> None:
        """Wait until requests are served."""
        await self._uvicorn.up.wait()

    def stop(self) -> None:
        """Ask ``run`` to end in good order; if it never began, give the port back."""
        self._stopping.set()
        if self._socket is not None and not self._running:
            self._socket.close()

    async def run(self) -> None:
        """Serve until ``stop`` or cancellation, then shut down within a few seconds."""
        if self._stopping.is_set():
            return
        self._running = True
        if self._socket is None:
            self.open()
        assert self._socket is not None
        serving = asyncio.create_task(self._uvicorn.serve([self._socket]), name="console http")
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await self._parts.consoles.close_all(self._parts.settings.close_seconds)
            self._uvicorn.should_exit = True
            await serving
            self._socket.close()
