"""The hotline's side of recognition: keeps a speech process alive and passes on what it says.

A speech process that dies, hangs or stops answering is killed and started anew, with the engine
that was at work moved behind the others. The streams that were open are reported lost, so that
the telephone side can tap again. Nothing here ever waits for the child.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace

from asr import protocol
from asr.child import Child
from asr.errors import NoRecogniser, TapInvalid, TapKnown, TooManyStreams
from asr.life import STOPPED, Ending, Life
from asr.order import EngineOrder
from asr.outbox import EngineChange, Outbox
from asr.protocol import EngineRefused, Expected, Heartbeat, Notice, Ready, Said, StreamChanged
from asr.settings import AsrSettings
from core.clock import Clock
from core.errors import HotlineError
from core.ports import TranscriptSink
from core.transcript import STREAM_TRANSITIONS, StreamReport, StreamState, Tap

log = logging.getLogger(__name__)

_REFUSALS: dict[str, type[HotlineError]] = {
    error.error_id: error for error in (TapInvalid, TapKnown, TooManyStreams)
}
_ACK_SECONDS = 2.0
_HEALTHY_SECONDS = 30.0  # of service after which a death counts as the first again


class SpeechService:
    """Implements ``core.ports.Transcriber``. ``run`` must be running for anything to happen."""

    def __init__(self, settings: AsrSettings, sink: TranscriptSink, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._outbox = Outbox(sink, settings.supervision.max_waiting)
        self._order = EngineOrder(settings.engines, settings.supervision.bench_seconds)
        self._streams: dict[str, StreamReport] = {}  # expected and open, as last reported
        self._answers: dict[str, tuple[Tap, asyncio.Future[str]]] = {}
        self._life: Life | None = None
        self._address: tuple[str, int] | None = None
        self._ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._refusals: list[str] = []  # why engines before the one at work were not taken
        self._hopeless = ""  # why no engine can run, as long as that is so
        self._told: EngineChange | None = None
        self.engine: str | None = None  # the one at work, with its model

    @property
    def health(self) -> Heartbeat:
        """The speech process's last heartbeat: streams, oldest decoding, refused connections."""
        return self._life.health if self._life is not None else Heartbeat()

    @property
    def pid(self) -> int | None:
        """The speech process, for those who watch the machine."""
        return self._life.child.pid if self._life is not None else None

    # core.ports.Transcriber

    async def expect(self, tap: Tap) -> tuple[str, int]:
        """Announce a tap; returns the (host, port) to which its AudioSocket must connect.

        Waits a while for a speech process that is just starting. Raises ``NoRecogniser``,
        ``TapInvalid``, ``TapKnown``, ``TooManyStreams``.
        """
        address, child = await self._ready_child()
        if tap.tap_id in self._streams or tap.tap_id in self._answers:
            raise TapKnown(tap_id=tap.tap_id)
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[tap.tap_id] = (tap, answer)
        try:
            child.send(protocol.Expect(tap=tap))
            async with asyncio.timeout(_ACK_SECONDS):
                error_id = await answer
        except TimeoutError as late:
            raise NoRecogniser("the speech process does not answer") from late
        finally:
            del self._answers[tap.tap_id]
        if error_id:
            raise _REFUSALS.get(error_id, NoRecogniser)(tap_id=tap.tap_id)
        return address

    async def forget(self, call_id: str) -> None:
        """The call is over: its streams end when their audio has been read."""
        if self._life is not None:
            self._life.child.send(protocol.Forget(call_id=call_id))

    async def _ready_child(self) -> tuple[tuple[str, int], Child]:
        if self._hopeless or self._stopping.is_set():
            raise NoRecogniser(self._hopeless or "recognition is stopping")
        try:
            async with asyncio.timeout(self._settings.supervision.expect_seconds):
                await self._ready.wait()
        except TimeoutError as late:
            raise NoRecogniser("no engine is ready") from late
        if self._life is None or self._address is None:
            raise NoRecogniser("the speech process has just gone")
        return self._address, self._life.child

    # Life

    async def run(self) -> None:
        """Keep recognition alive until ``stop``; cancelling kills the speech process at once."""
        async with asyncio.TaskGroup() as tasks:
            delivering = tasks.create_task(self._outbox.deliver())
            await self._supervise()
            await self._outbox.emptied()
            delivering.cancel()

    async def stop(self) -> None:
        """Let what was heard be written, then end ``run``."""
        self._stopping.set()

    async def _supervise(self) -> None:
        supervision = self._settings.supervision
        pause = supervision.backoff_seconds
        while not self._stopping.is_set():
            ending = await self._live()
            if ending.reason == STOPPED:
                break
            log.warning("speech process over: %s (engine %s)", ending.reason, ending.culprit)
            if ending.culprit is not None:
                self._order.failed(ending.culprit, self._clock.monotonic())
            if ending.served_seconds > _HEALTHY_SECONDS:
                pause = supervision.backoff_seconds
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            pause = min(pause * 2, supervision.max_backoff_seconds)

    async def _live(self) -> Ending:
        """One life of the speech process, and the clearing up after it."""
        self._refusals = []
        try:
            child = await Child.spawn()
        except OSError as problem:
            ending = Ending("cannot_start", type(problem).__name__, None, 0.0)
        else:
            self._life = Life(child, self._settings, self._clock, self._hear)
            try:
                engines = self._order.order(self._clock.monotonic())
                ending = await self._life.run(engines, self._stopping)
            finally:
                self._life = self._address = self.engine = None
                self._ready.clear()
                for tap_id in self._answers:
                    self._answer(tap_id, NoRecogniser.error_id)
        self._hopeless = ending.detail if ending.reason == NoRecogniser.error_id else ""
        reason = f"{ending.reason}: {ending.detail}" if ending.detail else ending.reason
        await self._tell(EngineChange(None, reason))
        for report in list(self._streams.values()):
            await self._report(replace(report, state=StreamState.LOST, reason=ending.reason))
        return ending

    async def _hear(self, notice: Notice) -> None:
        match notice:
            case Said(segment=segment):
                await self._outbox.put(segment)
            case StreamChanged(report=report):
                await self._report(report)
            case Expected(tap_id=tap_id, error_id=error_id):
                self._answer(tap_id, error_id)
            case EngineRefused(engine=engine, message=message):
                log.warning("engine %s not taken: %s", engine, notice.error_id)
                self._refusals.append(f"{engine}: {message}")
            case Ready(name=name, host=host, port=port):
                self._address = (host, port)
                self._hopeless = ""
                self.engine = name
                self._ready.set()
                log.info("speech engine %s listens on %s:%s", name, host, port)
                await self._tell(EngineChange(name, "; ".join(self._refusals)))

    def _answer(self, tap_id: str, error_id: str) -> None:
        """Pass on the answer to an ``Expect``, if its asker still waits."""
        tap, answer = self._answers.get(tap_id, (None, None))
        if tap is None or answer is None or answer.done():
            return
        if not error_id:
            expected = StreamReport(tap.tap_id, tap.call_id, tap.leg, StreamState.EXPECTED)
            self._streams[tap_id] = expected
        answer.set_result(error_id)

    async def _report(self, report: StreamReport) -> None:
        if STREAM_TRANSITIONS[report.state]:
            self._streams[report.tap_id] = report
        else:
            self._streams.pop(report.tap_id, None)
        await self._outbox.put(report)

    async def _tell(self, change: EngineChange) -> None:
        if change != self._told:
            self._told = change
            await self._outbox.put(change)
