"""Hostile peers for each listener: garbage, half messages, silence, too much; all of it bounded."""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections.abc import AsyncIterator, Iterator

import websockets

HOST = "127.0.0.1"
PEERS = 120  # connections per listener and flood
AT_ONCE = 20
LONG = 200_000  # bytes of the longest message
PATIENCE = 0.5  # seconds that a peer stays when nobody closes on him


async def send(port: int, message: bytes) -> None:
    """Connect, say it all, and stay until the other side closes or patience ends."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return  # turned away: as good
    try:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                writer.write(message)
                await writer.drain()
                while await reader.read(65536):
                    pass
    finally:
        writer.transport.abort()


async def flood(port: int, messages: Iterator[bytes]) -> None:
    """Send each message over a connection of its own, some of them at a time."""

    async def work() -> None:
        for message in messages:
            await send(port, message)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())


@contextlib.asynccontextmanager
async def silent_peers(port: int, count: int) -> AsyncIterator[None]:
    """So many connections stay open and say nothing; one that is thrown out comes back."""
    held = asyncio.Semaphore(0)

    async def stay() -> None:
        first = True
        while True:
            try:
                reader, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                continue
            if first:
                held.release()
                first = False
            try:
                with contextlib.suppress(OSError):
                    await reader.read()
            finally:
                writer.transport.abort()
            await asyncio.sleep(0.05)  # the flood is to hold places, not the machine

    peers = [asyncio.create_task(stay()) for _ in range(count)]
    try:
        for _ in range(count):
            await held.acquire()
        yield
    finally:
        for peer in peers:
            peer.cancel()
        await asyncio.gather(*peers, return_exceptions=True)


def _garbage(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((1, 3, 40, 4000, LONG)))


def agi(chance: random.Random) -> Iterator[bytes]:
    """Environments: cut, endless, of calls that nobody made; replies to what was never asked."""
    call = b"agi_network: yes\nagi_request: agi://x/call\nagi_channel: PJSIP/test-00000001\n"
    named = call + b"agi_arg_1: 00000000-0000-4000-8000-000000000001\nagi_arg_2: "
    made = (
        b"",
        call,
        call + b"agi_arg_1: no call id\nagi_arg_2: start\n\n",
        call
        + b"agi_arg_1: 00000000-0000-4000-8000-000000000001\nagi_arg_2: start\n\n"
        + b"520-x\n",
        named + b"\xff\xfe\n\n200 resu",
        call
        + b"agi_arg_1: 00000000-0000-4000-8000-000000000003\nagi_arg_2: start\n\nHANGUP\n" * 50,
        b"agi_x: " + b"y" * LONG,
        b"\n" * LONG,
    )
    for number in range(PEERS):
        yield made[number % len(made)] if number % 2 else _garbage(chance)


def audiosocket(chance: random.Random) -> Iterator[bytes]:
    """Frames: unknown ids, lies about lengths, audio without an id, halves of all of it."""
    identity = b"\x01" + struct.pack(">H", 16)
    frame = b"\x10" + struct.pack(">H", 320) + bytes(320)
    made = (
        b"",
        identity + chance.randbytes(16) + frame * 50,
        identity + chance.randbytes(7),
        identity,
        frame * 100,
        b"\x10" + struct.pack(">H", 65535) + bytes(100),
        b"\x01" + struct.pack(">H", 65535) + bytes(65535),
        b"\x03" + struct.pack(">H", 1) + b"5",
        b"\x00\x00\x00" * 500,
    )
    for number in range(PEERS):
        yield made[number % len(made)] if number % 2 else _garbage(chance)


def http(chance: random.Random) -> Iterator[bytes]:
    """Requests: no HTTP, halves, too long, bodies that are no JSON, sockets nobody may open."""

    def request(line: str, body: bytes = b"", *headers: str) -> bytes:
        told = [line, "Host: 127.0.0.1", "Content-Type: application/json", *headers]
        if body:
            told.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*told, "", ""]).encode("latin-1") + body

    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    made = (
        b"",
        b"GET / HT",
        request("GET /api/snapshot HTTP/1.1"),
        request("GET /api/calls/..%2f..%2fetc/recordings/caller HTTP/1.1"),
        request("POST /api/sessions HTTP/1.1", b"[" * 60_000),
        request("POST /api/sessions HTTP/1.1", b"{" + chance.randbytes(500)),
        request("POST /api/sessions HTTP/1.1", b"", "Content-Length: 999999999999"),
        request("POST /api/sessions HTTP/1.1", b"x" * LONG),
        request("POST /api/agents/me/sign-in HTTP/1.1", b"{}"),
        request("GET /ws HTTP/1.1", b"", *upgrade, "Sec-WebSocket-Key: short"),
        request("GET /ws HTTP/1.1", b"", *upgrade),
        request("GET / HTTP/1.1", b"", "X-Long: " + "x" * LONG),
    )
    for number in range(PEERS):
        yield made[number % len(made)] if number % 2 else _garbage(chance)


async def websocket(url: str, token: str, chance: random.Random) -> None:
    """Consoles with a valid session that do not keep to the protocol."""
    made: tuple[str | bytes, ...] = (
        "",
        "{",
        "null",
        '{"type": "hello", "version": 99}',
        '{"type": "hello", "version": 1, "resume_cursor": -5}',
        '{"type": "hello", "version": 1, "resume_cursor": 999999999999}',
        '{"type": "no such thing"}',
        "[" * 10_000,
        "x" * LONG,
        chance.randbytes(2000),
    )

    async def misbehave(message: str | bytes) -> None:
        with contextlib.suppress(OSError, TimeoutError, websockets.WebSocketException):
            async with asyncio.timeout(4 * PATIENCE):
                headers = {"Authorization": f"Bearer {token}"}
                where = url.replace("http", "ws", 1) + "/ws"
                async with websockets.connect(
                    where, additional_headers=headers, proxy=None
                ) as peer:
                    for _ in range(30):
                        await peer.send(message)
                    async for _ in peer:
                        pass

    for message in made:
        await asyncio.gather(*(misbehave(message) for _ in range(3)))
