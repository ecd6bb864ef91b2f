"""The speech process: engines, decoding threads and the AudioSocket server live here.

Started by ``asr.service`` as ``python -m asr.worker --fd N``, where N is its end of a socket pair.
It ends by itself when the other end closes: a hotline that dies leaves no orphan. If the whole
process hangs (native code that keeps the GIL), a watchdog that needs no GIL ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import logging
import os
import signal
import socket
import sys

import uvloop
from pydantic import ValidationError

from asr import protocol
from asr.decoding import DecodingPool
from asr.engine import Engine
from asr.engines import load_engine
from asr.errors import DecodingFailed, EngineUnavailable, NoRecogniser
from asr.protocol import Command, Expect, Expected, Forget, Notice, Start
from asr.server import AudioSocketServer
from asr.settings import AsrSettings
from asr.streams import Streams
from core.clock import SystemClock
from core.errors import HotlineError
from core.transcript import Segment, StreamReport, Tap

log = logging.getLogger(__name__)

_PARTIALS_LIMIT = 256 * 1024  # bytes unread by the hotline from which on partials are dropped
_UNREAD_LIMIT = 16 * 1024 * 1024  # bytes unread from which on the hotline counts as gone
_WATCHDOG_HEARTBEATS = 120
_FLUSH_SECONDS = 2.0


class _HotlineGone(Exception):
    """The other end has closed, or has not read for so long that it might as well have."""


class Worker:
    """One life of the speech process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._clock = SystemClock()
        self._pool: DecodingPool | None = None
        self._server: AudioSocketServer | None = None
        self._partials_dropped = 0
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until told to stop. Raises a group with ``_HotlineGone`` when the other end is."""
        start = await self._command()
        if not isinstance(start, Start):
            raise _HotlineGone
        async with asyncio.TaskGroup() as tasks:
            minor = [
                tasks.create_task(self._beat(start.settings)),
                tasks.create_task(self._listen()),
            ]
            try:
                server = await self._open(start.settings, start.engines)
                minor.append(tasks.create_task(server.run()))
                await self._stopping.wait()
                server.close()
                await self._drain(server.streams, start.settings.supervision.stop_seconds)
            except HotlineError as problem:
                self._send(protocol.Failed(error_id=problem.error_id, message=str(problem)))
            for task in minor:
                task.cancel()

    async def _open(self, settings: AsrSettings, engines: tuple[str, ...]) -> AudioSocketServer:
        """Load an engine and listen. Raises ``NoRecogniser``, ``PortTaken``."""
        key, engine = await self._load(settings, engines)
        self._pool = DecodingPool(engine, settings.decoding, self._clock)
        streams = Streams(self._pool, settings.audiosocket, self._clock, self._say, self._report)
        self._server = AudioSocketServer(settings.audiosocket, streams, self._clock)
        host, port = await self._server.start()
        self._send(protocol.Ready(engine=key, name=engine.name, host=host, port=port))
        return self._server

    async def _load(self, settings: AsrSettings, engines: tuple[str, ...]) -> tuple[str, Engine]:
        reasons = []
        for key in engines:
            self._send(protocol.Loading(engine=key))
            try:
                return key, await asyncio.to_thread(load_engine, key, settings)
            except EngineUnavailable as problem:
                refused = protocol.EngineRefused(
                    engine=key, error_id=problem.error_id, message=str(problem)
                )
                self._send(refused)
                reasons.append(f"{key}: {problem}")
        raise NoRecogniser("; ".join(reasons) or "no engine is configured")

    async def _listen(self) -> None:
        while not self._stopping.is_set():
            command = await self._command()
            if isinstance(command, Expect):
                self._send(Expected(tap_id=command.tap.tap_id, error_id=self._expect(command.tap)))
            elif isinstance(command, Forget):
                if self._server is not None:
                    self._server.streams.forget(command.call_id)
            else:
                self._stopping.set()

    def _expect(self, tap: Tap) -> str:
        """Expect the tap; returns the id of the error, or nothing."""
        try:
            if self._server is None:
                raise NoRecogniser("still starting")
            self._server.streams.expect(tap)
        except HotlineError as problem:
            return problem.error_id
        return ""

    async def _drain(self, streams: Streams, seconds: float) -> None:
        """Let the engine finish what has been heard, for a while."""
        streams.end_all("stopped")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await streams.emptied()

    async def _beat(self, settings: AsrSettings) -> None:
        interval = settings.supervision.heartbeat_seconds
        while True:
            faulthandler.dump_traceback_later(interval * _WATCHDOG_HEARTBEATS, exit=True)
            self._send(self._health(settings))
            await asyncio.sleep(interval)

    def _health(self, settings: AsrSettings) -> protocol.Heartbeat:
        """Raises ``DecodingFailed`` when the engine has failed too often in a row."""
        server, pool = self._server, self._pool
        if server is None or pool is None:
            return protocol.Heartbeat()
        failures = server.streams.failures
        if failures >= settings.decoding.max_failures:
            failure = DecodingFailed(f"{failures} decodings failed in a row")
            self._send(protocol.Failed(error_id=failure.error_id, message=str(failure)))
            raise failure
        lags = sorted(server.streams.lags) or [0.0]
        return protocol.Heartbeat(
            streams=len(server.streams),
            lag_p50_ms=_ms(lags[len(lags) // 2]),
            lag_p99_ms=_ms(lags[len(lags) * 99 // 100]),
            lag_max_ms=_ms(lags[-1]),
            longest_turn=pool.longest_turn(),
            refused=dict(server.refused),
            partials_dropped=self._partials_dropped,
        )

    async def _command(self) -> Command:
        try:
            line = await self._reader.readline()
        except ConnectionError as gone:
            raise _HotlineGone from gone
        if not line.endswith(b"\n"):
            raise _HotlineGone
        return protocol.decode_command(line)

    def _say(self, segment: Segment) -> None:
        if not segment.final and self._unread() > _PARTIALS_LIMIT:
            self._partials_dropped += 1
            return
        self._send(protocol.Said(segment=segment))

    def _report(self, report: StreamReport) -> None:
        self._send(protocol.StreamChanged(report=report))

    def _unread(self) -> int:
        return self._writer.transport.get_write_buffer_size()

    def _send(self, notice: Notice) -> None:
        if self._unread() > _UNREAD_LIMIT:
            self._writer.transport.abort()  # the reader's end of file ends the process
            return
        self._writer.write(protocol.encode(notice))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


async def _main(fd: int) -> int:
    reader, writer = await asyncio.open_connection(
        sock=socket.socket(fileno=fd), limit=protocol.MAX_LINE
    )
    code = 0
    try:
        await Worker(reader, writer).run()
    except* _HotlineGone:
        writer.transport.abort()
    except* (ValidationError, DecodingFailed) as problems:
        log.error("speech process ends: %s", type(problems.exceptions[0]).__name__)
        code = 1
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):  # the other end may be gone: nobody to tell
        await asyncio.wait_for(writer.wait_closed(), _FLUSH_SECONDS)
    return code


def main() -> None:
    """Run and leave. Leaves without joining: a thread inside native code may never come back."""
    parser = argparse.ArgumentParser(prog="python -m asr.worker")
    parser.add_argument("--fd", type=int, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)  # it tells of every utterance
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the hotline, which then tells us
    code = 1
    try:
        code = uvloop.new_event_loop().run_until_complete(_main(arguments.fd))
    except BaseException:
        log.exception("speech process ends")
    finally:
        faulthandler.cancel_dump_traceback_later()
        logging.shutdown()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
