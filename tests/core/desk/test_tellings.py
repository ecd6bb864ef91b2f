"""What stands now is told once for all who wait to tell it."""

import asyncio
from collections.abc import Callable

from sqlmodel import Session

from core.clock import SystemClock
from core.desk.tellings import Tellings


async def test_what_comes_during_a_telling_goes_with_the_next_in_one():
    gate, begun = asyncio.Event(), asyncio.Event()
    writes: list[Callable[[Session], None]] = []

    async def write(work: Callable[[Session], None]) -> None:
        writes.append(work)
        begun.set()
        await gate.wait()

    tellings = Tellings(write, SystemClock())
    first = asyncio.create_task(tellings.tell("agent", "801", "801"))
    await begun.wait()
    others = [
        asyncio.create_task(tellings.tell("agent", subject, subject))
        for subject in ("802", "803", "802", "801")
    ]
    gate.set()
    async with asyncio.timeout(5):
        await asyncio.gather(first, *others)
    assert len(writes) == 2
