"""The sound of one call: say, press, listen. Knows nothing of SIP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from core.clock import Clock
from pbx.phone.dtmf import KeyTiming
from pbx.phone.errors import CallOver, NotInTime
from pbx.phone.g711 import SAMPLE_RATE
from pbx.phone.heard import Heard, Reception
from pbx.phone.listen import first_sound_ms, level_dbfs, tone_share
from pbx.phone.media import MediaStream
from pbx.phone.pacer import Pacing
from pbx.phone.sdp import RemoteAudio
from pbx.phone.sender import Job, Sender
from pbx.phone.wav import read_wav, write_wav

T = TypeVar("T")

SOUND_DBFS = -45.0
_TONE_SAMPLES = SAMPLE_RATE // 5  # a tone must fill 200 ms


class CallSound:
    """Both directions of a call's audio. Sound is 16-bit little-endian mono PCM at 8 kHz."""

    def __init__(self, host: str, hear_seconds: float, timing: KeyTiming, clock: Clock) -> None:
        self._heard = Heard(hear_seconds)
        self._media = MediaStream(host, self._heard, clock)
        self._timing = timing
        self._voice = asyncio.Lock()
        self._finger = asyncio.Lock()
        self._over = False
        self._saying: set[asyncio.Future[None]] = set()
        self._listeners: set[asyncio.Event] = set()
        self._loop = asyncio.get_running_loop()

    @property
    def port(self) -> int:
        """The local RTP port."""
        return self._media.port

    @property
    def heard(self) -> bytes:
        """All that was heard so far, from the first packet on."""
        return self._heard.pcm()

    def heard_since(self, sample: int) -> bytes:
        """What was heard from the given sample on."""
        return self._heard.since(sample)

    def samples(self) -> int:
        """How much was heard, in samples."""
        return self._heard.samples()

    @property
    def first_packet_at(self) -> float | None:
        """When the first audio packet came, on the monotonic clock."""
        return self._heard.first_at

    def start(self, remote: RemoteAudio) -> None:
        self._media.start(remote)

    def redirect(self, remote: RemoteAudio) -> None:
        self._media.redirect(remote)

    def reception(self) -> Reception:
        return self._heard.reception()

    def pacing(self) -> Pacing:
        return self._media.pacing()

    async def stop(self) -> None:
        """The call is over: whoever plays, presses or listens gets ``CallOver``."""
        self._over = True
        try:
            await self._media.stop()
        finally:
            for saying in self._saying:
                if not saying.done():
                    saying.set_exception(CallOver("the call ended"))
            self._wake()

    async def play(self, sound: Path | bytes) -> None:
        """Say a WAV file or PCM; returns when its last sample's time is over.

        Cancelling stops the sound. Raises ``WavInvalid``, ``CallOver``.
        """
        pcm = await asyncio.to_thread(read_wav, sound) if isinstance(sound, Path) else sound
        async with self._voice:
            await self._say(lambda sender, done: sender.play(pcm, done))

    async def press(self, keys: str) -> None:
        """Press keys one after the other; returns when the last is let go.

        Raises ``KeysInvalid`` for no such keys or when the far end takes none, ``CallOver``.
        """
        async with self._finger:
            await self._say(lambda sender, done: sender.press(keys, self._timing, done))

    async def save_heard(self, path: Path) -> None:
        """Write what was heard so far to a WAV file."""
        await asyncio.to_thread(write_wav, path, self.heard)

    def heard_level(self, last_ms: int = 200) -> float:
        """The level of what was heard last, in dBFS."""
        count = last_ms * SAMPLE_RATE // 1000
        return level_dbfs(self._heard.since(max(0, self._heard.samples() - count)))

    async def hears_sound(
        self, timeout: float, above_dbfs: float = SOUND_DBFS, from_now: bool = False
    ) -> float:
        """Wait for sound that lasts at least 60 ms; returns its start in ms of ``heard``.

        Raises ``NotInTime``, or ``CallOver`` when the call ends without it.
        """
        at = self._heard.samples() if from_now else 0

        def found() -> float | None:
            nonlocal at
            pcm = self._heard.since(at)
            if (start := first_sound_ms(pcm, above_dbfs)) is not None:
                return at * 1000 / SAMPLE_RATE + start
            at += max(0, len(pcm) // 2 - SAMPLE_RATE // 10) // 160 * 160
            return None

        return await self.until(found, timeout)

    async def hears_tone(
        self, hz: float, timeout: float, share: float = 0.8, from_now: bool = True
    ) -> None:
        """Wait until a tone makes up ``share`` of what is heard for 200 ms.

        Raises ``NotInTime``, or ``CallOver`` when the call ends without it.
        """
        at = self._heard.samples() if from_now else 0

        def found() -> bool | None:
            nonlocal at
            pcm = self._heard.since(at)
            while len(pcm) // 2 >= _TONE_SAMPLES:
                window = pcm[: 2 * _TONE_SAMPLES]
                if level_dbfs(window) > SOUND_DBFS and tone_share(window, hz) >= share:
                    return True
                pcm = pcm[_TONE_SAMPLES:]
                at += _TONE_SAMPLES // 2
            return None

        await self.until(found, timeout)

    async def until(self, found: Callable[[], T | None], timeout: float) -> T:
        """Ask ``found`` after each packet until it says something other than None.

        Raises ``NotInTime``, or ``CallOver`` when the call ends first.
        """
        changed = asyncio.Event()
        self._listeners.add(changed)
        self._heard.on_change = self._on_loop(self._wake)
        try:
            async with asyncio.timeout(timeout):
                while True:
                    changed.clear()
                    over = self._over
                    if (what := found()) is not None:
                        return what
                    if over:
                        raise CallOver("the call ended")
                    await changed.wait()
        except TimeoutError:
            raise NotInTime("it was not heard in time", seconds=timeout) from None
        finally:
            self._listeners.discard(changed)
            if not self._listeners:
                self._heard.on_change = None

    async def _say(self, begin: Callable[[Sender, Callable[[], None]], Job]) -> None:
        sender = self._media.sender
        if sender is None or self._over:
            raise CallOver("there is nobody on the line")
        said: asyncio.Future[None] = self._loop.create_future()

        def resolve() -> None:
            if not said.done():
                said.set_result(None)

        self._saying.add(said)
        job: Job | None = None
        try:
            job = begin(sender, self._on_loop(resolve))
            await said
        finally:
            self._saying.discard(said)
            if job is not None:
                job.stopped = True

    def _on_loop(self, callback: Callable[[], None]) -> Callable[[], None]:
        """``callback`` for the media thread: it runs on the event loop."""

        def call() -> None:
            self._loop.call_soon_threadsafe(callback)

        return call

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.set()
