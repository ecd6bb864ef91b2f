"""Asterisk: found, reachable, with our modules, queues and rights, and with sound that passes."""

from __future__ import annotations

import asyncio
import math
import struct
import uuid
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.errors import HotlineError
from hotline.doctor.finding import Finding, broken, ok, warning
from hotline.site import Site
from pbx.ami.api import AmiEvent, AmiRefused, Gap, LinkState, Snapshot
from pbx.ami.link import AmiLink
from pbx.asterisk.locate import find_installed
from pbx.asterisk.modules import ROAD, SERVICES

CALL_SECONDS = 3
FRAME_SECONDS = 0.02
RATE = 8000
TONE_HZ = 1000
FRAME = struct.Struct(">BH")
AUDIO, IDENTITY, HANGUP = 0x10, 0x01, 0x00
LOUD = 1000  # mean absolute sample; the tone is sent at 8000


class _Watcher:
    """Takes the first snapshot; events are of no interest here."""

    def __init__(self) -> None:
        self.first: asyncio.Future[Snapshot] = asyncio.get_running_loop().create_future()

    async def snapshot(self, snapshot: Snapshot) -> None:
        if not self.first.done():
            self.first.set_result(snapshot)

    async def gap(self, gap: Gap) -> None:
        """Not waited for."""

    async def event(self, event: AmiEvent) -> None:
        """Not waited for."""


@asynccontextmanager
async def _linked(site: Site) -> AsyncIterator[tuple[AmiLink, _Watcher]]:
    link, watcher = AmiLink(site.pbx.ami), _Watcher()
    link.listen(watcher)
    running = asyncio.create_task(link.run())
    try:
        yield link, watcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def installed() -> Finding:
    found = find_installed(Path("/etc/asterisk"))
    if found is None:
        return warning("asterisk", "none of version 20 or later on PATH", "`hotline asterisk run`")
    return ok("asterisk", f"Asterisk {found.version}")


async def examine_asterisk(site: Site) -> list[Finding]:
    """Everything that needs the AMI link; without it only that is said."""
    ami = site.pbx.ami
    async with _linked(site) as (link, watcher):
        try:
            async with asyncio.timeout(10):
                snapshot = await asyncio.shield(watcher.first)
        except TimeoutError:
            fault = link.fault or LinkState.DOWN
            return [
                broken(
                    "ami",
                    f"{ami.host}:{ami.port}: {fault}",
                    "start Asterisk, or check `ami` in site.yaml and its secret",
                )
            ]
        return [
            ok("ami", f"up, Asterisk started {snapshot.asterisk_started}"),
            await _modules(link),
            _queues(site, snapshot),
            _telephones(site, snapshot),
            await _audio(link),
        ]


async def _modules(link: AmiLink) -> Finding:
    missing = []
    for module in (*ROAD, *SERVICES):
        try:
            await link.action("ModuleCheck", {"Module": module})
        except AmiRefused:
            missing.append(module)
    if missing:
        return broken("modules", f"not loaded: {', '.join(missing)}", "load them in modules.conf")
    return ok("modules", f"{len(ROAD) + len(SERVICES)} loaded")


def _queues(site: Site, snapshot: Snapshot) -> Finding:
    there = {queue.get("Queue") for queue in snapshot.queue_params}
    missing = [queue.key for queue in site.pack.queues if queue.key not in there]
    if missing:
        return broken("queues", f"missing: {', '.join(missing)}", "render and reload queues.conf")
    members = {member.get("Name") for member in snapshot.queue_members}
    if not members:
        return warning("queues", "no agent is signed in", "callers wait until one signs in")
    return ok("queues", f"{len(there)} queues, {len(members)} agents signed in")


def _telephones(site: Site, snapshot: Snapshot) -> Finding:
    there = {
        contact.get("Endpoint") or contact.get("EndpointName") for contact in snapshot.contacts
    }
    count = sum(agent.number in there for agent in site.pbx.agents)
    total = len(site.pbx.agents)
    if not count:
        return warning("telephones", f"0 of {total} registered", "register the agents' telephones")
    return ok("telephones", f"{count} of {total} registered")


class _Sound:
    """A small AudioSocket peer: one connection speaks a tone, the other listens."""

    def __init__(self, speaking: uuid.UUID, listening: uuid.UUID) -> None:
        self._speaking = speaking.bytes
        self._listening = listening.bytes
        self.here = {speaking.bytes: asyncio.Event(), listening.bytes: asyncio.Event()}
        self.heard: list[float] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            _, identity = await self._frame(reader)
            if identity not in self.here:
                return
            self.here[identity].set()
            sending = asyncio.create_task(self._send(writer, tone=identity == self._speaking))
            try:
                while True:
                    kind, payload = await self._frame(reader)
                    if kind == HANGUP:
                        return
                    if kind == AUDIO and identity == self._listening and payload:
                        samples = array("h", payload[: len(payload) // 2 * 2])
                        self.heard.append(sum(map(abs, samples)) / len(samples))
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # Asterisk closed it: the call is over
        finally:
            writer.close()

    @staticmethod
    async def _frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
        kind, length = FRAME.unpack(await reader.readexactly(FRAME.size))
        return kind, await reader.readexactly(length)

    @staticmethod
    async def _send(writer: asyncio.StreamWriter, *, tone: bool) -> None:
        samples = int(RATE * FRAME_SECONDS)
        wave = array(
            "h", (int(8000 * math.sin(2 * math.pi * TONE_HZ * n / RATE)) for n in range(samples))
        )
        payload = wave.tobytes() if tone else bytes(2 * samples)
        while True:
            writer.write(FRAME.pack(AUDIO, len(payload)) + payload)
            await writer.drain()
            await asyncio.sleep(FRAME_SECONDS)


async def _audio(link: AmiLink) -> Finding:
    """Asterisk calls itself: a tone in on one channel, tapped like a talk, out on another."""
    speaking, listening = uuid.uuid4(), uuid.uuid4()
    sound = _Sound(speaking, listening)
    server = await asyncio.start_server(sound.take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    def channel(identity: uuid.UUID) -> dict[str, str]:
        return {
            "Channel": f"AudioSocket/127.0.0.1:{port}/{identity}/c(slin)",
            "ChannelId": f"doctor-{identity}",
            "Async": "true",
        }

    advice = "check res_audiosocket, app_chanspy and the originate right in manager.conf"
    try:
        async with asyncio.timeout(CALL_SECONDS + 7):
            await link.action(
                "Originate",
                {**channel(speaking), "Application": "Wait", "Data": str(CALL_SECONDS + 2)},
            )
            await sound.here[speaking.bytes].wait()
            name = await _channel_name(link, f"doctor-{speaking}")
            await link.action(
                "Originate",
                {**channel(listening), "Application": "ChanSpy", "Data": f"{name},qoES"},
            )
            await sound.here[listening.bytes].wait()
            await asyncio.sleep(CALL_SECONDS)
    except TimeoutError:
        return broken("audio", "Asterisk did not open its audio sockets", advice)
    except HotlineError as refused:
        return broken("audio", f"{refused.error_id}", advice)
    finally:
        server.close()
        await server.wait_closed()
    loud = sum(level > LOUD for level in sound.heard)
    if loud < CALL_SECONDS / FRAME_SECONDS / 2:
        return broken("audio", f"{loud} of {len(sound.heard)} frames with the tone", advice)
    return ok("audio", f"{loud} of {len(sound.heard)} frames heard in {CALL_SECONDS} s")


async def _channel_name(link: AmiLink, unique: str) -> str:
    for channel in await link.listing("CoreShowChannels"):
        if channel.get("Uniqueid") == unique:
            return channel.get("Channel")
    raise AmiRefused("the channel is gone")
