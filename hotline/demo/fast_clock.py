"""A clock that can be put forward: days of a ticket's life pass in a moment."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.clock import SystemClock


class FastClock(SystemClock):
    """The machine's clock, ``forward`` of it. Durations (``monotonic``) stay the machine's own."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def forward(self, span: timedelta) -> None:
        self._ahead += span

    def forward_to(self, moment: datetime) -> None:
        """Does nothing when the moment has passed."""
        self._ahead += max(timedelta(), moment - self.now())
