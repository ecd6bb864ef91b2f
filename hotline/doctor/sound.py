"""The way of the sound: Asterisk calls itself for some seconds, and taps that call like a talk.

A tone goes in on one channel, and a tap like those of the transcript listens on a second one.
"""

from __future__ import annotations

import asyncio
import math
import struct
import uuid
from array import array

from hotline.doctor.finding import Finding, broken, ok
from hotline.doctor.manager import Manager
from hotline.site import Site
from pbx.ami.api import AmiRefused

CALL_SECONDS = 3
OPEN_SECONDS = 5.0
FRAME_SECONDS = 0.02
RATE = 8000
TONE_HZ = 1000
TONE = 8000  # its greatest sample
LOUD = 1000  # mean of the absolute samples: half of the tone's, at least
FRAME = struct.Struct(">BH")
HANGUP, AUDIO = 0x00, 0x10
LEAST = 0.6  # share of the frames that must arrive with the tone in them
ADVICE = "check the modules, and the network between Asterisk and `asr: audiosocket:` of site.yaml"


async def audio(site: Site, manager: Manager) -> Finding:
    """Place the call. Raises ``HotlineError`` when the manager's session is lost."""
    listener = site.settings.asr.audiosocket.host
    socket = _Socket()
    try:
        server = await asyncio.start_server(socket.accept, listener, 0)
    except OSError as refused:
        detail = f"{listener}: {refused.strerror}"
        return broken("audio", detail, "mend `asr: audiosocket: host:` in site.yaml")
    try:
        port = server.sockets[0].getsockname()[1]
        return await _call(socket, manager, f"{listener}:{port}")
    finally:
        server.close()
        await socket.close()


async def _call(socket: _Socket, manager: Manager, place: str) -> Finding:
    speaker = f"doctor-{socket.speaker}"
    try:
        await _originate(
            manager, place, socket.speaker, f"Wait,{CALL_SECONDS + 2 * OPEN_SECONDS:g}"
        )
        async with asyncio.timeout(OPEN_SECONDS):
            await socket.opened[socket.speaker.bytes].wait()
        name = await _channel(manager, speaker)
        await _originate(manager, place, socket.listener, f"ChanSpy,{name},qoESl")
        async with asyncio.timeout(OPEN_SECONDS):
            await socket.opened[socket.listener.bytes].wait()
        await asyncio.sleep(CALL_SECONDS)
    except TimeoutError:
        return broken("audio", f"Asterisk did not connect to {place}", ADVICE)
    except AmiRefused as refused:
        return broken("audio", f"refused: {refused.details['asterisk']}", ADVICE)
    loud, heard = sum(level > LOUD for level in socket.levels), len(socket.levels)
    if loud < LEAST * CALL_SECONDS / FRAME_SECONDS:
        return broken("audio", f"{loud} of {heard} frames had the tone", ADVICE)
    return ok("audio", f"a call to itself: {loud} of {heard} frames had the tone")


async def _originate(manager: Manager, place: str, identity: uuid.UUID, run: str) -> None:
    application, _, data = run.partition(",")
    await manager.ask(
        "Originate",
        {
            "Channel": f"AudioSocket/{place}/{identity}/c(slin)",
            "ChannelId": f"doctor-{identity}",
            "Application": application,
            "Data": data,
            "Async": "true",
        },
    )


async def _channel(manager: Manager, unique: str) -> str:
    for channel in await manager.listing("CoreShowChannels"):
        if channel.get("Uniqueid") == unique:
            return channel.get("Channel")
    raise AmiRefused("the channel is gone", asterisk="the channel is gone")


class _Socket:
    """A small AudioSocket peer: to the speaker's connection it says a tone, the other it hears."""

    def __init__(self) -> None:
        self.speaker, self.listener = uuid.uuid4(), uuid.uuid4()
        self.opened = {one.bytes: asyncio.Event() for one in (self.speaker, self.listener)}
        self.levels: list[float] = []
        self._connections: list[asyncio.Task[None]] = []

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.append(asyncio.create_task(self._take(reader, writer)))

    async def close(self) -> None:
        """End both channels' calls."""
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            _, identity = await _frame(reader)
            if identity not in self.opened:
                return
            self.opened[identity].set()
            speaks = identity == self.speaker.bytes
            async with asyncio.TaskGroup() as group:
                saying = group.create_task(_say(writer, TONE if speaks else 0))
                await self._hear(reader, keep=not speaks)
                saying.cancel()
        except* (asyncio.IncompleteReadError, ConnectionError):
            pass  # Asterisk closed it: the call is over
        finally:
            writer.write(FRAME.pack(HANGUP, 0))
            writer.close()

    async def _hear(self, reader: asyncio.StreamReader, *, keep: bool) -> None:
        while True:
            kind, payload = await _frame(reader)
            if kind == HANGUP:
                return
            if kind == AUDIO and keep and len(payload) > 1:
                samples = array("h", payload[: len(payload) // 2 * 2])
                self.levels.append(sum(map(abs, samples)) / len(samples))


async def _frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    kind, length = FRAME.unpack(await reader.readexactly(FRAME.size))
    return kind, await reader.readexactly(length)


async def _say(writer: asyncio.StreamWriter, loudness: int) -> None:
    samples = int(RATE * FRAME_SECONDS)
    turn = 2 * math.pi * TONE_HZ / RATE
    wave = array("h", (int(loudness * math.sin(turn * n)) for n in range(samples))).tobytes()
    while True:
        writer.write(FRAME.pack(AUDIO, len(wave)) + wave)
        await writer.drain()
        await asyncio.sleep(FRAME_SECONDS)
