"""Tells audio that was left out from audio that is only late.

Asterisk sends nothing while a telephone sends nothing: silence suppression between words, some
mutes, some holds. Samples alone would then count time too slowly. But a stall of the network or of
this process also looks like nothing, until everything comes at once; that must not be stretched.
So after 0.1 s without audio what comes is held until the next tick, and then the clock decides:
what is still missing was left out. Pure; times are monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

SAMPLE_BYTES = 2
GAP_SECONDS = 0.1  # more than the jitter of a busy machine, less than the pause between two words


class Audio(NamedTuple):
    """This comes next: what arrived, or silence in place of a short gap."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Hole:
    """So many samples were left out."""

    samples: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing has come for long: what was being said is over."""


Action = Audio | Hole | Pause


class Arrival:
    """The arrival of one stream's audio."""

    def __init__(self, sample_rate: int, stall_seconds: float, now: float) -> None:
        self._rate = sample_rate
        self._stall = stall_seconds
        self._began = self._last = now
        self._position = 0  # samples accounted for
        self._held: list[bytes] | None = None
        self._paused = False

    def audio(self, pcm: bytes, now: float) -> list[Action]:
        """Audio has arrived; returns what is to be done now, which may be nothing yet."""
        if self._held is not None:
            self._held.append(pcm)
            return []
        self._last = now
        self._position += len(pcm) // SAMPLE_BYTES
        return [Audio(pcm)]

    def tick(self, now: float) -> list[Action]:
        """Time has passed; to be called every 20 ms."""
        if self._held:
            return self.settle(now)
        quiet = now - self._last
        if self._held is None and quiet > GAP_SECONDS:
            self._held = []
        if not self._paused and quiet > self._stall:
            self._paused = True
            return [Pause()]
        return []

    def settle(self, now: float) -> list[Action]:
        """Decide about what is held, now."""
        held, self._held = self._held or [], None
        samples = sum(map(len, held)) // SAMPLE_BYTES
        missing = int((now - self._began) * self._rate) - self._position - samples
        actions: list[Action] = []
        if held and missing > GAP_SECONDS * self._rate:
            # Silence joins the words before and after a short gap; a long one has parted them.
            actions.append(Hole(missing) if self._paused else Audio(bytes(missing * SAMPLE_BYTES)))
            self._position += missing
        self._position += samples
        self._last = now
        self._paused = False
        return [*actions, *map(Audio, held)]
