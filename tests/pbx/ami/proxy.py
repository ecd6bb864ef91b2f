"""A TCP proxy between the link and a real Asterisk that can go silent, or deliver drop by drop."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress


class Proxy:
    """Forwards bytes both ways on loopback; ``piece`` bytes at most per packet towards us."""

    def __init__(self, port: int, piece: int = 65536) -> None:
        self.port = 0
        self.connections = 0
        self._target = port
        self._piece = piece
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def freeze(self) -> None:
        """From now on no byte passes on any connection, and none is closed: a half-open link."""
        self._open.clear()

    def thaw(self) -> None:
        self._open.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        writer.transport.get_extra_info("socket").setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )
        to_us = to_asterisk = writer
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                from_asterisk, to_asterisk = await asyncio.open_connection(
                    "127.0.0.1", self._target
                )
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(reader, to_asterisk, 65536))
                    both.create_task(self._pump(from_asterisk, to_us, self._piece))
        finally:
            to_asterisk.transport.abort()
            to_us.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, piece: int
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                for start in range(0, len(data), piece):
                    await self._open.wait()
                    writer.write(data[start : start + piece])
                    await writer.drain()
                    await asyncio.sleep(0)
        writer.close()
