"""One act at a time for each agent, whoever asks for it."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class AgentLocks:
    """A lock per agent, kept only while somebody holds or awaits it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, agent: str) -> asyncio.Lock:
        return self._locks.setdefault(agent, asyncio.Lock())
