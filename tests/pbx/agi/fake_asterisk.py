"""Asterisk's side of a FastAGI connection, by hand: says what the test says, when it says it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CALL_ID = "8a32b23a-0867-4625-8ccb-68d41edfe268"
DEADLINE = 5.0


def environment(**overrides: str) -> bytes:
    """An environment block as Asterisk sends it; ``agi_arg_1="..."`` and so on override."""
    variables = {
        "agi_network": "yes",
        "agi_network_script": "call",
        "agi_request": "agi://127.0.0.1:4573/call",
        "agi_channel": "PJSIP/carrier-00000001",
        "agi_language": "zh",
        "agi_uniqueid": "1795394247.0",
        "agi_callerid": "15400000001",
        "agi_calleridname": "unknown",
        "agi_callingpres": "0",
        "agi_extension": "call",
        "agi_accountcode": "",
        "agi_arg_1": CALL_ID,
        "agi_arg_2": "start",
    } | overrides
    return "".join(f"{name}: {value}\n" for name, value in variables.items()).encode() + b"\n"


class FakeAsterisk:
    """One connection to a FastAGI server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes | str) -> None:
        self.writer.write(data.encode() if isinstance(data, str) else data)

    async def command(self) -> str:
        """The server's next command; empty when it closed the connection."""
        async with asyncio.timeout(DEADLINE):
            return (await self.reader.readline()).decode().removesuffix("\n")

    async def answer(self, *replies: str) -> list[str]:
        """Answer one command after the other; returns them."""
        commands = []
        for reply in replies:
            commands.append(await self.command())
            self.send(f"{reply}\n")
        return commands

    async def closed(self) -> None:
        """Wait until the server let go."""
        async with asyncio.timeout(DEADLINE):
            try:
                assert await self.reader.read() == b""
            except ConnectionResetError:
                return

    def leave(self) -> None:
        self.writer.close()


@asynccontextmanager
async def call_to(port: int, first: bytes = b"") -> AsyncIterator[FakeAsterisk]:
    """Connect to the server on ``port`` and send ``first``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asterisk = FakeAsterisk(reader, writer)
    asterisk.send(first)
    try:
        yield asterisk
    finally:
        writer.transport.abort()
