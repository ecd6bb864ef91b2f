"""From audio to hypotheses: a fixed pool of threads, one ordered queue per leg.

The event loop pushes, threads decode, results come back on the event loop. A leg is decoded by one
thread at a time, in order; among legs it is first come, first served, a bounded turn each.

When an engine falls behind, a leg keeps ``buffer_seconds`` of audio. When that is full, **the older
half is dropped at once**: what is said now matters more than what was said then, and one hole is
kinder to a recogniser than a thousand small ones. The hole is counted, and the recogniser is
finished before it, so that no words are joined across it and times stay true.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from asr.arrival import SAMPLE_BYTES
from asr.audiosocket import FRAME_SECONDS
from asr.engine import Engine, Hypothesis, Recogniser
from asr.errors import DecodingFailed
from asr.settings import DecodingSettings
from core.clock import Clock
from core.errors import HotlineError

log = logging.getLogger(__name__)

_PATIENCE_CHUNKS = 2  # that less than a chunk of audio waits to become one


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one turn of a leg gave. ``lag`` is how long its oldest audio had waited, in seconds."""

    hypotheses: list[Hypothesis]
    lag: float
    finished: bool = False
    error: HotlineError | None = None


class _Chunk(NamedTuple):
    position: int  # in samples since the leg's first
    pcm: bytes
    at: float  # monotonic seconds of its arrival

    @property
    def samples(self) -> int:
        return len(self.pcm) // SAMPLE_BYTES


class Leg:
    """One leg's audio on its way to a recogniser. Made by ``DecodingPool.leg``."""

    def __init__(
        self, pool: DecodingPool, sample_rate: int, deliver: Callable[[Decoded], None]
    ) -> None:
        settings = pool.settings
        self._pool = pool
        self._rate = sample_rate
        self._deliver = deliver
        self._wake = sample_rate * settings.chunk_ms // 1000
        self._patience = _PATIENCE_CHUNKS * settings.chunk_ms / 1000
        self._turn = sample_rate * settings.turn_ms // 1000
        self._capacity = int(sample_rate * settings.buffer_seconds)
        self._most = int(settings.buffer_seconds / FRAME_SECONDS)  # chunks, however small
        self._lock = threading.Lock()
        self._chunks: deque[_Chunk] = deque()
        self._waiting = 0  # samples in _chunks
        self._received = 0
        self._scheduled = False
        self._pausing = False
        self._finishing = False
        self._over = False
        # Touched only inside a turn, which is one thread at a time:
        self._recogniser: Recogniser | None = None
        self._base = 0  # position of the recogniser's first sample
        self._next = 0  # position that would follow without a gap

    def push(self, pcm: bytes, at: float) -> int:
        """Take audio (whole samples); returns how many older chunks were dropped for it."""
        dropped = 0
        with self._lock:
            if self._finishing or self._over or not pcm:
                return 0
            chunk = _Chunk(self._received, pcm, at)
            self._received += chunk.samples
            self._waiting += chunk.samples
            self._chunks.append(chunk)
            if self._waiting > self._capacity or len(self._chunks) > self._most:
                dropped = self._drop_older_half()
            self._schedule()
        return dropped

    def _drop_older_half(self) -> int:
        dropped = 0
        while len(self._chunks) > 1 and (
            self._waiting > self._capacity // 2 or len(self._chunks) > self._most // 2
        ):
            self._waiting -= self._chunks.popleft().samples
            dropped += 1
        return dropped

    def skip(self, samples: int) -> None:
        """The sender left this much out: what follows lies so much later."""
        with self._lock:
            self._received += samples

    def pause(self) -> None:
        """Nothing comes for now: end what is being said, as at a hole."""
        with self._lock:
            self._pausing = True
            self._schedule()

    def nudge(self, now: float) -> None:
        """Decode audio that has waited for more of its kind for too long."""
        if not self._waiting:  # nothing to look at, so no lock is worth its price
            return
        with self._lock:
            if self._chunks and now - self._chunks[0].at > self._patience:
                self._schedule(even_little=True)

    def finish(self) -> None:
        """No more audio will come: decode what is left, then deliver ``finished``."""
        with self._lock:
            self._finishing = True
            self._schedule()

    def _schedule(self, *, even_little: bool = False) -> None:
        if self._scheduled or self._over:
            return
        if even_little or self._waiting >= self._wake or self._pausing or self._finishing:
            self._scheduled = True
            self._pool.ready(self)

    def _take(self) -> list[_Chunk]:
        """The next run of audio without a hole, at most one turn's worth (at least one chunk)."""
        run: list[_Chunk] = []
        taken = 0
        while self._chunks and taken < self._turn:
            chunk = self._chunks[0]
            if run and chunk.position != run[-1].position + run[-1].samples:
                break
            run.append(self._chunks.popleft())
            taken += chunk.samples
        self._waiting -= taken
        return run

    def take_turn(self) -> None:
        """Decode once. Called by the pool's threads only."""
        with self._lock:
            run = self._take()
            last = self._finishing and not self._chunks
            pause = self._pausing and not self._chunks
            self._pausing = self._pausing and not pause
        lag = self._pool.clock.monotonic() - run[0].at if run else 0.0
        try:
            hypotheses = self._decode(run, end=last or pause)
        except Exception as problem:  # noqa: BLE001 - an engine may raise anything; it ends one leg
            log.warning("decoding failed: %s", type(problem).__name__)
            with self._lock:
                self._over = True
                self._chunks.clear()
                self._waiting = 0
            failure = DecodingFailed(type(problem).__name__)
            self._pool.hand_back(self._deliver, Decoded([], lag, finished=True, error=failure))
            return
        if hypotheses or run or last:
            self._pool.hand_back(self._deliver, Decoded(hypotheses, lag, finished=last))
        with self._lock:
            self._over = last
            self._scheduled = False
            self._schedule()

    def _decode(self, run: list[_Chunk], *, end: bool) -> list[Hypothesis]:
        hypotheses: list[Hypothesis] = []
        if run:
            if run[0].position != self._next:
                hypotheses += self._end_recogniser()
            if self._recogniser is None:
                self._recogniser = self._pool.engine.recogniser(self._rate)
                self._base = run[0].position
            self._next = run[-1].position + run[-1].samples
            heard = self._recogniser.accept(b"".join(chunk.pcm for chunk in run))
            hypotheses += [one.shifted(self._base) for one in heard]
        if end:
            hypotheses += self._end_recogniser()
        return hypotheses

    def _end_recogniser(self) -> list[Hypothesis]:
        recogniser, self._recogniser = self._recogniser, None
        if recogniser is None:
            return []
        return [one.shifted(self._base) for one in recogniser.finish()]


class DecodingPool:
    """The threads. Must be made on the running event loop to which results go back."""

    def __init__(self, engine: Engine, settings: DecodingSettings, clock: Clock) -> None:
        self.engine = engine
        self.settings = settings
        self.clock = clock
        self._loop = asyncio.get_running_loop()
        self._ready: queue.SimpleQueue[Leg | None] = queue.SimpleQueue()
        self._closed = False
        count = min(settings.threads, engine.threads or settings.threads)
        self._since: list[float | None] = [None] * count  # when each thread began its turn
        # Daemons: a native decoder that hangs cannot be joined, and must not keep us alive.
        self._threads = [
            threading.Thread(target=self._work, args=(n,), name=f"decoder-{n}", daemon=True)
            for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def leg(self, sample_rate: int, deliver: Callable[[Decoded], None]) -> Leg:
        """A new leg; ``deliver`` is called on the event loop, in order, the last with finished."""
        return Leg(self, sample_rate, deliver)

    def longest_turn(self) -> float:
        """For how many seconds the longest decoding that is under way has been running."""
        now = self.clock.monotonic()
        return max((now - since for since in self._since if since is not None), default=0.0)

    def close(self) -> None:
        """Let the threads end after what they are doing; does not wait for them.

        What they still find out after the event loop has gone is for nobody.
        """
        self._closed = True
        for _ in self._threads:
            self._ready.put(None)

    def ready(self, leg: Leg) -> None:
        self._ready.put(leg)

    def hand_back(self, deliver: Callable[[Decoded], None], decoded: Decoded) -> None:
        try:
            self._loop.call_soon_threadsafe(deliver, decoded)
        except RuntimeError:  # the loop is closed
            if not self._closed:
                raise

    def _work(self, number: int) -> None:
        while (leg := self._ready.get()) is not None:
            self._since[number] = self.clock.monotonic()
            leg.take_turn()
            self._since[number] = None
