"""What a speech engine is: it makes recognisers, and a recogniser hears one leg.

Engines are called from the threads of the decoding pool, never from the event loop. An engine must
allow as many threads at once as it says; one recogniser is only ever used by one thread at a time,
and its audio comes in order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HeardWord:
    """One word; ``start`` and ``end`` in samples since the recogniser's first."""

    text: str
    start: int
    end: int
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What an engine believes was said between two samples (counted from its first).

    Not ``final``: it may still change, and the next one replaces it. ``text`` is never empty.
    """

    text: str
    start: int
    end: int
    final: bool
    confidence: float | None = None
    words: tuple[HeardWord, ...] = ()

    def shifted(self, samples: int) -> Hypothesis:
        """The same, counted from a point that lies ``samples`` earlier."""
        if not samples:
            return self
        return replace(
            self,
            start=self.start + samples,
            end=self.end + samples,
            words=tuple(
                replace(word, start=word.start + samples, end=word.end + samples)
                for word in self.words
            ),
        )


class Recogniser(Protocol):
    """Hears one leg from its beginning to a gap or to its end."""

    def accept(self, pcm: bytes) -> list[Hypothesis]:
        """Take more audio (signed 16-bit little endian mono) and say what is new."""
        ...

    def finish(self) -> list[Hypothesis]:
        """The audio is over: give what is still open as finals. Not used again after that."""
        ...


class Engine(Protocol):
    """A loaded engine."""

    @property
    def name(self) -> str:
        """Engine and model, as written on every segment: ``vosk:vosk-model-small-cn-0.22``."""
        ...

    @property
    def threads(self) -> int | None:
        """How many threads may decode at once; None: as many as there are."""
        ...

    def recogniser(self, sample_rate: int) -> Recogniser:
        """A recogniser for one leg; ``sample_rate`` is 8000 or 16000."""
        ...
