"""A link that a test runs, with every state it went through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from pbx.ami.link import AmiLink
from pbx.ami.states import LinkFault, StateChange
from tests.pbx.ami.fake_ami import Watched


class RunningLink(Watched):
    """A link, the task that runs it, and every state it went through."""

    def __init__(self, link: AmiLink) -> None:
        super().__init__()
        self.link = link
        self.history: list[StateChange] = []
        self._task: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._watch = asyncio.create_task(self._record())
        self._task = asyncio.create_task(self.link.run())

    async def _record(self) -> None:
        async for change in self.link.changes():
            self.history.append(change)
            self.changed()

    async def stop(self) -> None:
        """Cancel ``run`` as its owner would, and let any other end of it be seen."""
        if self._task is None or self._watch is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._watch

    async def up(self, times: int = 1) -> None:
        await self.until(lambda: self.states.count("up") >= times)

    async def fault(self, fault: LinkFault) -> None:
        await self.until(lambda: fault in self.faults)

    @property
    def states(self) -> list[str]:
        return [change.state.value for change in self.history]

    @property
    def faults(self) -> list[LinkFault]:
        """Why it backed off, each time."""
        return [
            change.fault
            for change in self.history
            if change.state.value == "backing_off" and change.fault is not None
        ]


MakeLink = Callable[..., RunningLink]
StartLink = Callable[..., Awaitable[RunningLink]]
