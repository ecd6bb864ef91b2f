"""How long to wait before the next try."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class Backoff:
    """Full jitter: each pause is drawn evenly between 0 and a ceiling that doubles up to ``cap``.

    Evenly from zero, so that many parts that lost one server do not all come back in one moment.
    Seconds.
    """

    base: float
    cap: float
    random: Random = field(default_factory=Random)
    _ceiling: float = 0.0

    def next(self) -> float:
        self._ceiling = min(self.cap, self._ceiling * 2 or self.base)
        return self.random.uniform(0, self._ceiling)

    def reset(self) -> None:
        """The server was well for a while; the next trouble is a new one."""
        self._ceiling = 0.0
