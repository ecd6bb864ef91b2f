"""The in-process bus: it wakes and carries; truth is in the database.

Every subscriber has a bounded queue of its own. One that does not keep up is cut off with
``Overrun`` (it can resume from its cursor) and never slows the publisher or another subscriber.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from core.errors import Unavailable

T = TypeVar("T")


class Overrun(Unavailable):
    """The subscriber was too slow; what it missed must be read again from the database."""

    error_id = "overrun"


class Subscription(Generic[T]):
    """An async iterator over what is published while it is open."""

    def __init__(self, bus: Bus[T], keep: Callable[[T], bool], size: int) -> None:
        self._bus = bus
        self._keep = keep
        self._queue: asyncio.Queue[T] = asyncio.Queue(size)
        self._overrun = asyncio.Event()

    def offer(self, item: T) -> None:
        """Called by the bus. Never blocks."""
        if self._overrun.is_set() or not self._keep(item):
            return
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            self._overrun.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        """The next item; what was queued before an overrun is still delivered first."""
        if self._overrun.is_set() and self._queue.empty():
            raise Overrun
        return await self._queue.get()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bus.leave(self)


class Bus(Generic[T]):
    def __init__(self) -> None:
        self._subscriptions: set[Subscription[T]] = set()

    def subscribe(self, keep: Callable[[T], bool], size: int = 1000) -> Subscription[T]:
        """Open a subscription for the items that ``keep`` accepts; use it with ``with``."""
        subscription = Subscription(self, keep, size)
        self._subscriptions.add(subscription)
        return subscription

    def leave(self, subscription: Subscription[T]) -> None:
        self._subscriptions.discard(subscription)

    def publish(self, item: T) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.offer(item)
