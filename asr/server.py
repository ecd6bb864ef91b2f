"""The AudioSocket server: takes the taps' connections and feeds silence back to them.

Every connection gets as much silence as time passes, from its first frame on: Asterisk reads and
writes an AudioSocket in one thread, and a peer that only listens makes that thread spin and starves
the audio (asterisk#2089). The silence comes in large frames, because each one wakes a thread of
Asterisk (docs/decisions/0045). One ticker serves all connections and keeps their deadlines.

A connection never harms another: it may only be as fast as real time plus a burst, its junk is
bounded, and what it breaks ends with it.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections import Counter
from typing import cast
from uuid import UUID

from asr.arrival import SAMPLE_BYTES
from asr.audiosocket import (
    FRAME_SECONDS,
    HEADER,
    SAMPLE_RATES,
    SILENCE_SECONDS,
    Frame,
    FrameParser,
    Kind,
    encode,
    silence,
)
from asr.errors import FrameInvalid, PortTaken
from asr.settings import AudioSocketSettings
from asr.streams import Stream, Streams
from core.clock import Clock

log = logging.getLogger(__name__)

_SILENCE = {kind: silence(kind) for kind in SAMPLE_RATES}
_HANGUP = encode(Kind.HANGUP)
_UNREAD_LIMIT = 16 * 1024  # bytes of silence waiting for a peer that does not read: send no more
_CATCH_UP = 0.5  # seconds of silence made good after a stall: Asterisk keeps no more audio
# The fastest honest peer: 16 kHz in 20 ms frames, and half as much again.
_BYTES_PER_SECOND = 1.5 * (16000 * SAMPLE_BYTES + HEADER / FRAME_SECONDS)
_SWEEP_TICKS = 10


class AudioSocketServer:
    """Listens, hands each tap's audio to its stream. ``refused`` counts reasons."""

    def __init__(self, settings: AudioSocketSettings, streams: Streams, clock: Clock) -> None:
        self.settings = settings
        self.streams = streams
        self.clock = clock
        self.refused: Counter[str] = Counter()
        self.connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> tuple[str, int]:
        """Listen; returns host and port. Raises ``PortTaken``."""
        loop = asyncio.get_running_loop()
        host, port = self.settings.host, self.settings.port
        try:
            self._server = await loop.create_server(lambda: Connection(self), host, port)
        except OSError as problem:
            if problem.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                raise PortTaken(f"cannot listen on {host}:{port}", port=port) from problem
            raise
        address = self._server.sockets[0].getsockname()
        return address[0], address[1]

    async def run(self) -> None:
        """Feed silence and keep deadlines until cancelled."""
        due = self.clock.monotonic()
        ticks = 0
        while True:
            due = max(due + FRAME_SECONDS, self.clock.monotonic())
            await asyncio.sleep(due - self.clock.monotonic())
            now = self.clock.monotonic()
            for connection in list(self.connections):
                connection.tick(now)
            ticks += 1
            if ticks % _SWEEP_TICKS == 0:
                self.streams.sweep()

    def close(self) -> None:
        """Stop listening and close every connection; their streams end."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.close("stopped")

    def may_connect(self) -> bool:
        """Whether one more connection fits; twice the streams leaves room for refused ones."""
        return len(self.connections) < 2 * self.settings.max_streams


class Connection(asyncio.Protocol):
    """One TCP connection of a tap."""

    def __init__(self, server: AudioSocketServer) -> None:
        self._server = server
        self._parser = FrameParser(server.settings.max_audio_bytes)
        self._stream: Stream | None = None
        self._transport: asyncio.Transport | None = None
        self._silence: bytes | None = None
        self._silence_due = 0.0  # monotonic seconds
        self._since = self._last = server.clock.monotonic()  # made; last sign of life
        self._received = 0
        self._junk = 0
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit from it
        connected = self._transport.get_extra_info("socket")
        patience = int(self._server.settings.idle_seconds * 1000)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience)
        if self._server.may_connect():
            self._server.connections.add(self)
        else:
            self.close("too_many_connections")

    def data_received(self, data: bytes) -> None:
        now = self._last = self._server.clock.monotonic()
        self._received += len(data)
        try:
            for frame in self._parser.feed(data):
                if self._closing():
                    return
                self._take(frame, now)
            if self._parser.skipped + self._junk > self._server.settings.max_junk_frames:
                self.close("junk", lost=True)
        except FrameInvalid as invalid:
            self.close(invalid.error_id, lost=True)
        self._pace(now)

    def _take(self, frame: Frame, now: float) -> None:
        if frame.kind is Kind.HANGUP:
            self.close("hangup")
        elif self._stream is None:
            self._identify(frame)
        elif frame.kind in SAMPLE_RATES and frame.payload:
            self._junk = self._parser.skipped = 0
            self._silence = _SILENCE[frame.kind]
            try:
                self._stream.audio(frame.kind, frame.payload, now)
            except ValueError:
                self.close("rate_changed", lost=True)
        elif frame.kind is Kind.ERROR:
            self.close("peer_error", lost=True)
        elif frame.kind is Kind.UUID:
            self.close("second_id", lost=True)
        else:  # keys and empty audio mean nothing here
            self._junk += 1

    def _identify(self, frame: Frame) -> None:
        if frame.kind is not Kind.UUID:
            self.close("no_id")
            return
        self._stream = self._server.streams.claim(UUID(bytes=frame.payload))
        if self._stream is None:
            self.close("unknown_id")
        else:
            self._silence = _SILENCE[Kind.SLIN]  # until its first audio says otherwise
            self._silence_due = self._last
            self._feed_silence(self._last)

    def _pace(self, now: float) -> None:
        """While the peer is ahead of real time by more than a burst, leave it to the kernel."""
        settings = self._server.settings
        allowed = (now - self._since + settings.burst_seconds) * _BYTES_PER_SECOND
        ahead = self._received > allowed
        if self._transport is None or self._closing() or ahead == self._paused:
            return
        self._paused = ahead
        if ahead:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def tick(self, now: float) -> None:
        """Every 20 ms: silence, deadlines, pace."""
        settings = self._server.settings
        if self._closing():
            return
        if self._stream is None:
            if now - self._since > settings.id_seconds:
                self.close("no_id")
            return
        if self._stream.ending:
            self.close("stream_over")
            return
        if self._paused:
            self._pace(now)
        if now - self._last > settings.idle_seconds:
            self.close("idle", lost=True)
            return
        self._stream.tick(now)
        self._feed_silence(now)

    def _feed_silence(self, now: float) -> None:
        """Send the silence that is owed until ``now``."""
        transport = self._transport
        if transport is None or self._silence is None:
            return
        self._silence_due = max(self._silence_due, now - _CATCH_UP)
        while self._silence_due <= now:
            self._silence_due += SILENCE_SECONDS
            if transport.get_write_buffer_size() < _UNREAD_LIMIT:
                # A telephone may send nothing for minutes; a peer that takes our silence is alive.
                self._last = now
                transport.write(self._silence)

    def _closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def close(self, reason: str, *, lost: bool = False) -> None:
        """End this connection (with a hangup frame) and its stream."""
        if self._closing():
            return
        if self._stream is None:
            self._server.refused[reason] += 1
        else:
            self._stream.end(reason, lost=lost)
        assert self._transport is not None
        self._transport.write(_HANGUP)
        if self._transport.get_write_buffer_size():
            # A peer that does not read would keep a closing socket for ever.
            self._transport.abort()
        else:
            self._transport.close()

    def connection_lost(self, problem: Exception | None) -> None:
        """The peer is gone. A reset is how Asterisk leaves when silence of ours is unread."""
        self._server.connections.discard(self)
        self._transport = None
        if self._stream is not None:
            self._stream.end("closed" if problem is None else "reset")
