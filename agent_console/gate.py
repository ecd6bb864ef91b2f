"""Who comes too often: log-in attempts and messages, each with bounded memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from math import ceil

from agent_console.errors import TooManyAttempts
from core.clock import Clock


class Window:
    """At most ``limit`` takes per key in the last ``seconds``; remembers ``size`` keys at most.

    When there are more keys, the one that was used longest ago is forgotten.
    """

    def __init__(self, limit: int, seconds: float, size: int, clock: Clock) -> None:
        self._limit = limit
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._taken)

    def wait(self, key: str) -> float:
        """Seconds until ``key`` may take again; 0 when it may now."""
        taken = self._taken.get(key)
        if taken is None:
            return 0.0
        now = self._clock.monotonic()
        while taken and taken[0] <= now - self._seconds:
            taken.popleft()
        return taken[0] + self._seconds - now if len(taken) >= self._limit else 0.0

    def take(self, key: str) -> None:
        self._taken.setdefault(key, deque(maxlen=self._limit)).append(self._clock.monotonic())
        self._taken.move_to_end(key)
        if len(self._taken) > self._size:
            self._taken.popitem(last=False)

    def forget(self, key: str) -> None:
        self._taken.pop(key, None)


class LogInGate:
    """Slows down the guessing of passwords, per agent and per address."""

    def __init__(self, per_agent: Window, per_address: Window) -> None:
        self._per_agent = per_agent
        self._per_address = per_address

    def enter(self, agent: str, address: str) -> None:
        """Count an attempt before the password is looked at. Raises ``TooManyAttempts``."""
        wait = max(self._per_agent.wait(agent), self._per_address.wait(address))
        if wait > 0:
            raise TooManyAttempts(retry_after_seconds=ceil(wait))
        self._per_agent.take(agent)
        self._per_address.take(address)

    def passed(self, agent: str) -> None:
        """The password was right: the agent's earlier slips no longer count."""
        self._per_agent.forget(agent)


class Allowance:
    """A bucket of ``burst`` tokens that fills with ``per_second``; one message takes one token."""

    def __init__(self, per_second: float, burst: int, clock: Clock) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._left = float(burst)
        self._at = clock.monotonic()

    def take(self) -> bool:
        """False when there are too many."""
        now = self._clock.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
