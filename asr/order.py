"""Which engine next: the configured order, with those that died on the bench for a while."""

from __future__ import annotations

from collections.abc import Sequence


class EngineOrder:
    """Pure; ``now`` is monotonic seconds."""

    def __init__(self, engines: Sequence[str], bench_seconds: float) -> None:
        self._engines = tuple(dict.fromkeys(engines))
        self._bench_seconds = bench_seconds
        self._until: dict[str, float] = {}

    def failed(self, engine: str, now: float) -> None:
        """The engine died while it was loading or at work."""
        self._until[engine] = now + self._bench_seconds

    def order(self, now: float) -> tuple[str, ...]:
        """All engines, best first: those on the bench come last, longest rested first."""
        self._until = {engine: until for engine, until in self._until.items() if until > now}
        return tuple(sorted(self._engines, key=lambda engine: self._until.get(engine, 0.0)))
