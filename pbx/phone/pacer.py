"""When the next packet is due: every 20 ms from the first, whatever happened in between."""

from __future__ import annotations

from dataclasses import dataclass

from pbx.phone.rtp import FRAME_MS

_FRAME = FRAME_MS / 1000
# Behind by more than this, the packets missed are not sent in a burst: their sound comes later.
_LATE = 0.1


@dataclass(frozen=True, slots=True)
class Pacing:
    """How evenly packets were sent: their lateness in ms, and how often time was given up."""

    packets: int
    mean_late_ms: float
    worst_late_ms: float
    skips: int


class Pacer:
    """Counts due times from ``now`` on. Times are seconds of one monotonic clock."""

    def __init__(self, now: float) -> None:
        self._due = now
        self._packets = self._skips = 0
        self._late = self._worst = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next packet is due; 0 when it is."""
        return max(0.0, self._due - now)

    def sent(self, now: float) -> None:
        """A due packet is being sent."""
        late = now - self._due
        self._packets += 1
        self._late += late
        self._worst = max(self._worst, late)
        self._due += _FRAME
        if now - self._due > _LATE:
            self._skips += 1
            self._due = now + _FRAME

    def pacing(self) -> Pacing:
        """How it went so far."""
        mean = self._late / self._packets if self._packets else 0.0
        return Pacing(self._packets, mean * 1000, self._worst * 1000, self._skips)
