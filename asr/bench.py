"""Measures recognition as it runs in service: N legs in real time, each stage's lag.

Everything is real: the supervised process, the sockets, the engine. Only Asterisk is played.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asr.audiosocket import FRAME_SECONDS, Kind, encode, silence
from asr.service import SpeechService
from asr.settings import AsrSettings
from core.calls import Leg
from core.clock import Clock
from core.errors import Unavailable
from core.transcript import STREAM_TRANSITIONS, Segment, StreamReport, Tap

_FRAME_BYTES = 320
_RAMP_SECONDS = 2.0  # over which the legs begin, as calls do
_READY_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Spread:
    """How a figure was distributed. All None when there was nothing to measure."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        if not values:
            return cls(0, None, None, None, None)
        ordered = sorted(values)

        def at(share: float) -> float:
            return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1)

        return cls(len(ordered), at(0.5), at(0.95), at(0.99), round(ordered[-1], 1))


@dataclass(frozen=True, slots=True)
class AsrFigures:
    """What one run gave. ``*_ms``: milliseconds.

    ``speech_to_final``: from the last sound of an utterance to its final segment in the hotline's
    process (it includes the pause by which an engine knows that an utterance is over).
    ``audio_to_engine_*``: from the arrival of audio to the engine, over the last 5,000 decodings.
    ``worst_lag``: the same, the worst of each leg over the whole run.
    ``silence_gap``: between frames of silence that came back. ``cpu_cores``: of the speech process.
    """

    engine: str
    legs: int
    seconds: float
    frames_sent: int
    frames_taken: int
    frames_dropped: int
    streams_lost: int
    finals: int
    partials: int
    speech_to_final_ms: Spread
    audio_to_engine_p50_ms: float
    audio_to_engine_p99_ms: float
    worst_lag_ms: Spread
    silence_gap_ms: Spread
    cpu_cores: float | None
    memory_mb: float | None


class _Results:
    """The hotline's side of a run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.origins: dict[str, float] = {}
        self.delays: list[float] = []
        self.partials = 0
        self.ended: dict[str, StreamReport] = {}
        self.all_ended = asyncio.Event()
        self.refusal = ""
        self.told = asyncio.Event()

    async def segment(self, segment: Segment) -> None:
        if not segment.final:
            self.partials += 1
            return
        ended_at = self.origins[segment.call_id] + segment.end_ms / 1000
        self.delays.append((self._clock.now().timestamp() - ended_at) * 1000)

    async def stream(self, report: StreamReport) -> None:
        if not STREAM_TRANSITIONS[report.state]:
            self.ended[report.tap_id] = report
            if len(self.ended) == len(self.origins):
                self.all_ended.set()

    async def engine(self, name: str | None, reason: str) -> None:
        self.refusal = "" if name else reason
        self.told.set()


async def measure(
    settings: AsrSettings, audio: Sequence[bytes], legs: int, seconds: float, clock: Clock
) -> AsrFigures:
    """Play ``audio`` (8 kHz, 16-bit PCM; leg n takes the n-th, again and again) on ``legs`` legs.

    Raises ``Unavailable`` when no engine of ``settings`` runs.
    """
    results = _Results(clock)
    service = SpeechService(settings, results, clock)
    running = asyncio.create_task(service.run())
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await results.told.wait()
        if service.engine is None:
            raise Unavailable(results.refusal)
        return await _run(service, results, audio, legs, seconds, clock)
    finally:
        await service.stop()
        await running


async def _run(
    service: SpeechService,
    results: _Results,
    audio: Sequence[bytes],
    legs: int,
    seconds: float,
    clock: Clock,
) -> AsrFigures:
    engine, pid = service.engine or "", service.pid
    players = []
    for number in range(legs):
        call_id = f"bench-{number}"
        results.origins[call_id] = clock.now().timestamp()
        leg = Leg.CALLER if number % 2 == 0 else Leg.AGENT
        tap = Tap(str(uuid.uuid4()), call_id, leg, leg.value, results.origins[call_id])
        players.append(_Player(tap, audio[number % len(audio)], clock))
    cpu = cpu_seconds(pid)
    began = clock.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number, player in enumerate(players):
            tasks.create_task(player.play(service, number * _RAMP_SECONDS / legs, seconds))
    took = clock.monotonic() - began
    used, memory = cpu_seconds(pid), _memory_mb(pid)
    with contextlib.suppress(TimeoutError):  # an engine too far behind shows as streams_lost
        async with asyncio.timeout(seconds):
            await results.all_ended.wait()
    ended = list(results.ended.values())
    return AsrFigures(
        engine=engine,
        legs=legs,
        seconds=seconds,
        frames_sent=sum(player.sent for player in players),
        frames_taken=sum(report.frames for report in ended),
        frames_dropped=sum(report.dropped_frames for report in ended),
        streams_lost=legs - sum(report.state == "ended" for report in ended),
        finals=len(results.delays),
        partials=results.partials,
        speech_to_final_ms=Spread.of(results.delays),
        audio_to_engine_p50_ms=service.health.lag_p50_ms,
        audio_to_engine_p99_ms=service.health.lag_p99_ms,
        worst_lag_ms=Spread.of([report.max_lag_ms for report in ended]),
        silence_gap_ms=Spread.of([gap for player in players for gap in player.gaps]),
        cpu_cores=round((used - cpu) / took, 3) if cpu is not None and used is not None else None,
        memory_mb=memory,
    )


class _Player:
    """Asterisk's end of one tap."""

    def __init__(self, tap: Tap, audio: bytes, clock: Clock) -> None:
        self._tap = tap
        self._audio = audio
        self._clock = clock
        self.sent = 0
        self.gaps: list[float] = []

    async def play(self, service: SpeechService, delay: float, seconds: float) -> None:
        await asyncio.sleep(delay)
        reader, writer = await asyncio.open_connection(*await service.expect(self._tap))
        listening = asyncio.create_task(self._listen(reader))
        try:
            writer.write(encode(Kind.UUID, uuid.UUID(self._tap.tap_id).bytes))
            due = self._clock.monotonic()
            for number in range(int(seconds / FRAME_SECONDS)):
                start = number * _FRAME_BYTES % len(self._audio)
                frame = self._audio[start : start + _FRAME_BYTES].ljust(_FRAME_BYTES, b"\0")
                writer.write(encode(Kind.SLIN, frame))
                self.sent += 1
                due += FRAME_SECONDS
                await asyncio.sleep(due - self._clock.monotonic())
            writer.write(encode(Kind.HANGUP))
            await writer.drain()
            await listening
        finally:
            listening.cancel()
            writer.transport.abort()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        size = len(silence(Kind.SLIN))
        last: float | None = None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readexactly(size)
                now = self._clock.monotonic()
                if last is not None:
                    self.gaps.append((now - last) * 1000)
                last = now


def cpu_seconds(pid: int | None) -> float | None:
    """CPU time of a process, where the system tells (Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int | None) -> float | None:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
