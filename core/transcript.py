"""What was said: segments of a call's transcript, and the streams they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.calls import Leg


class StreamState(StrEnum):
    """One leg's way to the recogniser."""

    EXPECTED = "expected"  # announced, no audio yet
    OPEN = "open"
    ENDED = "ended"
    LOST = "lost"  # broke off, or could not be taken: no transcript


STREAM_TRANSITIONS: dict[StreamState, frozenset[StreamState]] = {
    StreamState.EXPECTED: frozenset({StreamState.OPEN, StreamState.ENDED, StreamState.LOST}),
    StreamState.OPEN: frozenset({StreamState.ENDED, StreamState.LOST}),
    StreamState.ENDED: frozenset(),
    StreamState.LOST: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; times in ms on the call's own clock (0 = the answer)."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Tap:
    """A request to transcribe one leg: ``tap_id`` is the AudioSocket UUID.

    ``origin`` is the call's answer as seconds since the epoch; segment times count from it.
    ``party`` says who speaks ("caller", or the agent's number).
    """

    tap_id: str
    call_id: str
    leg: Leg
    party: str
    origin: float


@dataclass(frozen=True, slots=True)
class Segment:
    """One utterance. ``start_ms``/``end_ms`` count from the call's answer.

    ``final`` segments are stored; partial ones (same ``segment_id`` until final) only pass by.
    ``engine`` names the engine and model that wrote it.
    """

    segment_id: str
    call_id: str
    leg: Leg
    party: str
    start_ms: int
    end_ms: int
    text: str
    engine: str
    final: bool
    confidence: float | None = None
    words: tuple[Word, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class StreamReport:
    """A change of one stream, and what was measured on it (milliseconds, counts).

    ``seconds`` lie between the arrival of its first frame and of its last: where the telephone
    sends all the time, ``audio_seconds`` that fall short of them were lost on the way.
    """

    tap_id: str
    call_id: str
    leg: Leg
    state: StreamState
    reason: str = ""
    frames: int = 0
    dropped_frames: int = 0
    max_lag_ms: float = 0.0
    seconds: float = 0.0
    audio_seconds: float = 0.0
