"""Long-running parts, each owned: the first one that ends ends the lot, in good order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

Ending = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Duty:
    task: asyncio.Task[Any]
    ending: Ending | None
    grace: float


class Duties:
    """Start parts in the order of their needs; they end in the opposite order."""

    def __init__(self) -> None:
        self._duties: list[Duty] = []

    def start(
        self,
        name: str,
        work: Coroutine[Any, Any, Any],
        ending: Ending | None = None,
        grace: float = 5.0,
    ) -> None:
        """Run ``work``. ``ending`` asks it to end by itself within ``grace`` seconds; without one,
        and after that, it is cancelled."""
        self._duties.append(Duty(asyncio.create_task(work, name=name), ending, grace))

    async def watch(self, stop: asyncio.Event) -> None:
        """Wait until ``stop`` is set or a part ends. Raises what the part raised."""
        told = asyncio.create_task(stop.wait())
        tasks = {told, *(duty.task for duty in self._duties)}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
        for task in done - {told}:
            log.error("%s ended", task.get_name())
            task.result()

    async def end(self) -> None:
        """End all parts; errors of parts that are ending are logged, not raised."""
        for duty in reversed(self._duties):
            if duty.ending is not None and not duty.task.done():
                await duty.ending()
                await asyncio.wait({duty.task}, timeout=duty.grace)
            duty.task.cancel()
            await asyncio.wait({duty.task})
            if not duty.task.cancelled() and (error := duty.task.exception()):
                log.error("%s: %s while ending", duty.task.get_name(), type(error).__name__)
