"""The streams of the taps: expected, open, ended or lost; each turns audio into segments."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from uuid import UUID

from asr.arrival import SAMPLE_BYTES, Action, Arrival, Audio, Hole, Pause
from asr.audiosocket import SAMPLE_RATES, Kind
from asr.decoding import Decoded, DecodingPool, Leg
from asr.engine import Hypothesis
from asr.errors import TapInvalid, TapKnown, TooManyStreams
from asr.settings import AudioSocketSettings
from core.clock import Clock
from core.transcript import STREAM_TRANSITIONS, Segment, StreamReport, StreamState, Tap, Word
from core.transitions import advance

log = logging.getLogger(__name__)

_LAGS_KEPT = 5000


class Stream:
    """One leg of one call, from its announcement until its last word is written."""

    def __init__(self, tap: Tap, house: Streams) -> None:
        self.tap = tap
        self.state = StreamState.EXPECTED
        self.announced = house.clock.monotonic()
        self.forgotten: float | None = None
        self.ending = False
        self._house = house
        self._rate = 0
        self._leg: Leg | None = None
        self._offset_ms = 0.0  # of the first sample, from the call's answer
        self._utterance = 0
        self._frames = 0
        self._samples = 0
        self._first = self._last = 0.0  # when frames arrived, monotonic seconds
        self._arrival: Arrival | None = None
        self._dropped = 0
        self._max_lag = 0.0
        self._outcome = (StreamState.ENDED, "")

    def open(self) -> None:
        """The tap has connected."""
        self._become(StreamState.OPEN, "")

    def audio(self, kind: Kind, payload: bytes, now: float) -> None:
        """Take one audio frame that arrived at ``now`` (monotonic).

        Raises ``ValueError`` when the sample rate changes in mid-stream. A payload of an odd size
        holds half a sample at its end, which is dropped.
        """
        if self.ending:
            return
        self._last = now
        rate = SAMPLE_RATES[kind]
        if self._leg is None or self._arrival is None:
            stall = self._house.pool.settings.stall_ms / 1000
            self._rate = rate
            self._first = now
            self._offset_ms = (self._house.clock.now().timestamp() - self.tap.origin) * 1000
            self._leg = self._house.pool.leg(rate, self._decoded)
            self._arrival = Arrival(rate, stall, now)
        elif rate != self._rate:
            raise ValueError("sample rate changed")
        self._frames += 1
        self._samples += len(payload) // SAMPLE_BYTES
        if len(payload) % SAMPLE_BYTES:
            payload = payload[:-1]
        self._do(self._arrival.audio(payload, now), now)

    def tick(self, now: float) -> None:
        """Called every 20 ms: time passes, with or without audio."""
        if self._leg is not None and self._arrival is not None and not self.ending:
            self._do(self._arrival.tick(now), now)
            self._leg.nudge(now)

    def _do(self, actions: list[Action], now: float) -> None:
        assert self._leg is not None
        for action in actions:
            match action:
                case Audio(pcm=pcm):
                    dropped = self._leg.push(pcm, now)
                    if dropped:
                        self._dropped += dropped
                        self._report("audio_dropped")
                case Hole(samples=samples):
                    self._leg.skip(samples)
                case Pause():
                    self._leg.pause()

    def end(self, reason: str, *, lost: bool = False) -> None:
        """No more audio comes; the state changes when the last of it has been decoded."""
        if self.ending:
            return
        self.ending = True
        self._outcome = (StreamState.LOST if lost else StreamState.ENDED, reason)
        if self._leg is None or self._arrival is None:
            self._become(*self._outcome)
        else:
            now = self._house.clock.monotonic()
            self._do(self._arrival.settle(now), now)
            self._leg.finish()

    def _decoded(self, decoded: Decoded) -> None:
        self._max_lag = max(self._max_lag, decoded.lag)
        self._house.heard(decoded)
        for hypothesis in decoded.hypotheses:
            self._house.say(self._segment(hypothesis))
            self._utterance += hypothesis.final
        if decoded.error is not None:
            self.ending = True
            self._become(StreamState.LOST, decoded.error.error_id)
        elif decoded.finished:
            self._become(*self._outcome)

    def _segment(self, heard: Hypothesis) -> Segment:
        tap = self.tap
        return Segment(
            segment_id=f"{tap.tap_id}.{self._utterance}",
            call_id=tap.call_id,
            leg=tap.leg,
            party=tap.party,
            start_ms=self._ms(heard.start),
            end_ms=self._ms(heard.end),
            text=heard.text,
            engine=self._house.pool.engine.name,
            final=heard.final,
            confidence=heard.confidence,
            words=tuple(
                Word(word.text, self._ms(word.start), self._ms(word.end), word.confidence)
                for word in heard.words
            ),
        )

    def _ms(self, sample: int) -> int:
        """Arrival of the first frame, less the answer, plus what the samples say."""
        return round(self._offset_ms + sample * 1000 / self._rate)

    def _become(self, state: StreamState, reason: str) -> None:
        self.state = advance(STREAM_TRANSITIONS, self.state, state)
        self._report(reason)
        if not STREAM_TRANSITIONS[self.state]:
            self._house.over(self)

    def _report(self, reason: str) -> None:
        self._house.report(
            StreamReport(
                tap_id=self.tap.tap_id,
                call_id=self.tap.call_id,
                leg=self.tap.leg,
                state=self.state,
                reason=reason,
                frames=self._frames,
                dropped_frames=self._dropped,
                max_lag_ms=round(self._max_lag * 1000, 1),
                seconds=round(self._last - self._first, 3),
                audio_seconds=round(self._samples / self._rate, 3) if self._rate else 0.0,
            )
        )


class Streams:
    """All streams of this process, by tap. ``say`` and ``report`` are called on the event loop."""

    def __init__(
        self,
        pool: DecodingPool,
        settings: AudioSocketSettings,
        clock: Clock,
        say: Callable[[Segment], None],
        report: Callable[[StreamReport], None],
    ) -> None:
        self.pool = pool
        self.clock = clock
        self.say = say
        self.report = report
        self.lags: deque[float] = deque(maxlen=_LAGS_KEPT)  # seconds that audio waited, the latest
        self.failures = 0  # decodings that failed since the last that did not
        self._settings = settings
        self._streams: dict[UUID, Stream] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._streams)

    def expect(self, tap: Tap) -> None:
        """A tap will connect. Raises ``TapInvalid``, ``TapKnown``, ``TooManyStreams``."""
        try:
            key = UUID(tap.tap_id)
        except ValueError as wrong:
            raise TapInvalid("a tap's id must be a UUID") from wrong
        if key in self._streams:
            raise TapKnown(tap_id=tap.tap_id)
        if len(self._streams) >= self._settings.max_streams:
            raise TooManyStreams(max_streams=self._settings.max_streams)
        self._streams[key] = Stream(tap, self)
        self._empty.clear()

    def claim(self, key: UUID) -> Stream | None:
        """The stream that a connection asks for, now open; None if nobody expects it (any more)."""
        stream = self._streams.get(key)
        if stream is None or stream.ending or stream.state is not StreamState.EXPECTED:
            return None
        stream.open()
        return stream

    def forget(self, call_id: str) -> None:
        """The call is over: what is expected ends now, what is open ends within a grace."""
        for stream in list(self._streams.values()):
            if stream.tap.call_id == call_id:
                stream.forgotten = self.clock.monotonic()
                if stream.state is StreamState.EXPECTED:
                    stream.end("forgotten")

    def sweep(self) -> None:
        """End what has waited too long; called a few times a second."""
        now = self.clock.monotonic()
        for stream in list(self._streams.values()):
            if (
                stream.state is StreamState.EXPECTED
                and now - stream.announced > self._settings.expect_seconds
            ):
                stream.end("never_connected", lost=True)
            elif (
                stream.forgotten is not None
                and now - stream.forgotten > self._settings.forget_seconds
            ):
                stream.end("forgotten")

    def end_all(self, reason: str) -> None:
        """End every stream; what was heard so far is still decoded."""
        for stream in list(self._streams.values()):
            stream.end(reason)

    def heard(self, decoded: Decoded) -> None:
        """Keep account of one decoding."""
        self.lags.append(decoded.lag)
        self.failures = self.failures + 1 if decoded.error is not None else 0

    def over(self, stream: Stream) -> None:
        del self._streams[UUID(stream.tap.tap_id)]
        if not self._streams:
            self._empty.set()

    async def emptied(self) -> None:
        """Wait until no stream is left."""
        await self._empty.wait()
