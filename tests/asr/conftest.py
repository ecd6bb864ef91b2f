"""A tap as Asterisk plays it, a sink that can be waited for, audio that is easily told apart."""

from __future__ import annotations

import asyncio
import contextlib
import math
import struct
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from asr.audiosocket import FRAME_SECONDS, FrameParser, Kind, encode
from asr.service import SpeechService
from asr.settings import AsrSettings
from core.calls import Leg
from core.clock import SystemClock
from core.transcript import Segment, StreamReport, StreamState, Tap

DEADLINE = 20.0  # seconds until a test gives up; nothing is expected to take that long


class Sink:
    """Keeps everything; ``until`` waits for a condition on it."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.reports: list[StreamReport] = []
        self.engines: list[tuple[str | None, str]] = []
        self._changed = asyncio.Event()

    @property
    def finals(self) -> list[Segment]:
        return [segment for segment in self.segments if segment.final]

    async def segment(self, segment: Segment) -> None:
        self.segments.append(segment)
        self._changed.set()

    async def stream(self, report: StreamReport) -> None:
        self.reports.append(report)
        self._changed.set()

    async def engine(self, name: str | None, reason: str) -> None:
        self.engines.append((name, reason))
        self._changed.set()

    async def until(self, condition: Callable[[Sink], object], seconds: float = DEADLINE) -> None:
        async with asyncio.timeout(seconds):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    async def until_state(self, tap: Tap, state: StreamState) -> StreamReport:
        def found(sink: Sink) -> list[StreamReport]:
            return [one for one in sink.reports if one.tap_id == tap.tap_id and one.state is state]

        await self.until(found)
        return found(self)[0]


class TapPeer:
    """Asterisk's end of one AudioSocket; keeps what the server sends back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.heard: list[tuple[float, Kind, bytes]] = []  # (loop time, kind, payload)
        self.closed = asyncio.Event()
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        parser = FrameParser(4096)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                self.heard += [(loop.time(), f.kind, f.payload) for f in parser.feed(data)]
                self._changed.set()
        self.closed.set()
        self._changed.set()

    async def until_heard(self, frames: int) -> None:
        async with asyncio.timeout(DEADLINE):
            while len(self.heard) < frames and not self.closed.is_set():
                self._changed.clear()
                await self._changed.wait()

    async def until_closed(self) -> None:
        async with asyncio.timeout(DEADLINE):
            await self.closed.wait()

    def identify(self, tap_id: str) -> None:
        self.writer.write(encode(Kind.UUID, uuid.UUID(tap_id).bytes))

    def audio(self, pcm: bytes, kind: Kind = Kind.SLIN) -> None:
        size = 320 if kind is Kind.SLIN else 640
        for at in range(0, len(pcm), size):
            self.writer.write(encode(kind, pcm[at : at + size]))

    async def speak(self, pcm: bytes) -> None:
        """In real time, as Asterisk does it."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for at in range(0, len(pcm), 320):
            self.writer.write(encode(Kind.SLIN, pcm[at : at + 320]))
            due += FRAME_SECONDS
            await asyncio.sleep(due - loop.time())

    def hang_up(self) -> None:
        self.writer.write(encode(Kind.HANGUP))

    async def leave(self) -> None:
        self.writer.transport.abort()
        await self._reading
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


def make_tone(seconds: float, amplitude: int = 8000, rate: int = 8000) -> bytes:
    samples = round(seconds * rate)
    return struct.pack(
        f"<{samples}h",
        *(round(amplitude * math.sin(2 * math.pi * 440 * n / rate)) for n in range(samples)),
    )


@pytest.fixture(scope="session")
def tone() -> Callable[..., bytes]:
    """``tone(seconds)``: loud 8 kHz audio, speech to the fake engine."""
    return make_tone


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def make_tap() -> Callable[..., Tap]:
    def make(call_id: str = "call-1", leg: Leg = Leg.CALLER, age: float = 0.0) -> Tap:
        origin = SystemClock().now().timestamp() - age  # of the call, in seconds
        return Tap(str(uuid.uuid4()), call_id, leg, party=leg.value, origin=origin)

    return make


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., object]]:
    peers: list[TapPeer] = []

    async def connect_to(address: tuple[str, int]) -> TapPeer:
        peer = TapPeer(*await asyncio.open_connection(*address))
        peers.append(peer)
        return peer

    yield connect_to
    for peer in peers:
        await peer.leave()


@pytest.fixture
async def serve(sink: Sink) -> AsyncIterator[Callable[..., object]]:
    """``await serve(settings)``: a running ``SpeechService`` that writes to ``sink``."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(settings: AsrSettings, *, wait: bool = True) -> SpeechService:
            service = SpeechService(settings, sink, SystemClock())
            running = asyncio.create_task(service.run())

            async def end() -> None:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running

            stack.push_async_callback(end)
            if wait:
                await sink.until(lambda s: any(name for name, _ in s.engines))
            return service

        yield start


@pytest.fixture
def quick_settings() -> Callable[..., AsrSettings]:
    """Short intervals, the fake engine, free ports."""

    def make(**more: object) -> AsrSettings:
        supervision = {
            "heartbeat_seconds": 0.05,
            "missed_heartbeats": 20,
            "backoff_seconds": 0.05,
            "stop_seconds": 3.0,
        } | dict(more.pop("supervision", {}))  # type: ignore[call-overload]
        return AsrSettings.model_validate(
            {"engines": ("fake",), "supervision": supervision, **more}
        )

    return make


@pytest.fixture
def faulty_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes ``faulty:...`` engines (tests/asr/faulty.py) importable in the speech process."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
