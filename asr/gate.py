"""The voice gate: cuts a stream of audio into utterances, given a judge of single frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from asr.arrival import SAMPLE_BYTES
from asr.settings import GateSettings

FRAME_MS = 20
_ONSET_FRAMES = 5  # the last 100 ms ...
_ONSET_VOICED = 3  # ... of which 60 ms must be voice to open the gate
_TAIL_MS = 200  # of the closing pause that stay with the utterance: soft endings live there
_CUT_SEARCH = 1 / 3  # a cut at the cap is looked for in this last share of the utterance
_CUT_SMOOTHING = 5  # frames over which loudness is averaged to find the best place to cut

_SAMPLE = np.dtype("<i2")

JudgeFrame = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech from ``start`` to ``end`` (samples since the gate's first).

    ``pcm`` also holds a little silence before and after.
    """

    start: int
    end: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class _Frame:
    pcm: bytes
    voiced: bool


class VoiceGate:
    """Opens after 60 ms of voice in 100 ms, closes after a pause, cuts what is too long.

    A cut at the cap is made at the quietest place of the last third, so that words stay whole.
    Utterances with less voice than ``min_speech_ms`` are dropped: clicks, coughs, line noise.
    """

    def __init__(self, judge: JudgeFrame, sample_rate: int, settings: GateSettings) -> None:
        self._judge = judge
        self._frame_samples = sample_rate * FRAME_MS // 1000
        self._frame_bytes = self._frame_samples * SAMPLE_BYTES
        self._pre_roll = max(settings.pre_roll_ms // FRAME_MS, _ONSET_FRAMES)
        self._pause = max(settings.pause_ms // FRAME_MS, 1)
        self._tail = min(_TAIL_MS // FRAME_MS, self._pause)
        self._most = int(settings.max_utterance_seconds * 1000) // FRAME_MS
        self._least_voiced = settings.min_speech_ms // FRAME_MS
        self._rest = bytearray()  # less than a frame
        self._seen = 0  # frames judged
        self._before: deque[_Frame] = deque(maxlen=self._pre_roll)
        self._open: list[_Frame] | None = None
        self._quiet = 0  # frames since the last voiced one, while open

    @property
    def speaking_since(self) -> int | None:
        """The sample at which the utterance that is now open began."""
        if self._open is None:
            return None
        return (self._seen - len(self._open) + self._first_voiced(self._open)) * self._frame_samples

    def push(self, pcm: bytes) -> list[Utterance]:
        """Take audio; return the utterances that ended in it."""
        self._rest += pcm
        ended: list[Utterance] = []
        while len(self._rest) >= self._frame_bytes:
            frame = bytes(self._rest[: self._frame_bytes])
            del self._rest[: self._frame_bytes]
            self._seen += 1
            ended += self._step(_Frame(frame, self._judge(frame)))
        return ended

    def flush(self) -> list[Utterance]:
        """The audio is over: return what is still open."""
        return self._close()

    def _step(self, frame: _Frame) -> list[Utterance]:
        if self._open is None:
            self._before.append(frame)
            onset = list(self._before)[-_ONSET_FRAMES:]
            if frame.voiced and sum(one.voiced for one in onset) >= _ONSET_VOICED:
                self._open = list(self._before)
                self._before.clear()
                self._quiet = 0
            return []
        self._open.append(frame)
        self._quiet = 0 if frame.voiced else self._quiet + 1
        if self._quiet >= self._pause:
            return self._close()
        if len(self._open) >= self._most:
            return self._cut()
        return []

    def _close(self) -> list[Utterance]:
        frames, self._open = self._open, None
        if frames is None:
            return []
        ended = self._utterance(frames, self._seen)
        self._before.extend(frames[len(frames) - self._quiet :] if self._quiet else ())
        return ended

    def _cut(self) -> list[Utterance]:
        frames = self._open
        assert frames is not None
        first = int(len(frames) * (1 - _CUT_SEARCH))
        loudness = np.array([_loudness(frame.pcm) for frame in frames[first:]])
        window = np.ones(_CUT_SMOOTHING) / _CUT_SMOOTHING
        place = first + int(np.argmin(np.convolve(loudness, window, mode="same")[:-_CUT_SMOOTHING]))
        head, self._open = frames[:place], frames[place:]
        return self._utterance(head, self._seen - len(self._open))

    def _utterance(self, frames: list[_Frame], end: int) -> list[Utterance]:
        """The utterance in ``frames``, of which the last is the gate's frame number ``end``."""
        voiced = [n for n, frame in enumerate(frames) if frame.voiced]
        if len(voiced) < max(self._least_voiced, 1):
            return []
        begin = end - len(frames)
        kept = frames[: min(voiced[-1] + 1 + self._tail, len(frames))]
        return [
            Utterance(
                start=(begin + voiced[0]) * self._frame_samples,
                end=(begin + voiced[-1] + 1) * self._frame_samples,
                pcm=b"".join(frame.pcm for frame in kept),
            )
        ]

    @staticmethod
    def _first_voiced(frames: list[_Frame]) -> int:
        return next((n for n, frame in enumerate(frames) if frame.voiced), 0)


def _loudness(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, _SAMPLE)
    # Called for every 20 ms of every leg; mean() takes half as long again.
    return int(np.add.reduce(np.abs(samples, dtype=np.int32))) / len(samples)


def loud(threshold: int) -> JudgeFrame:
    """A judge by loudness alone: mean absolute sample value of at least ``threshold``."""
    return lambda pcm: _loudness(pcm) >= threshold
