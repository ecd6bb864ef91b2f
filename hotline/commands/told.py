"""Runs something until it ends or the process is told to stop (SIGINT, SIGTERM)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def told_to_stop() -> Iterator[asyncio.Event]:
    """Set by SIGINT and SIGTERM, which do nothing else inside the context."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    names = (signal.SIGINT, signal.SIGTERM)
    for name in names:
        loop.add_signal_handler(name, told.set)
    try:
        yield told
    finally:
        for name in names:
            loop.remove_signal_handler(name)


async def until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work``; when told to stop it is cancelled and given the time to clean up.

    Raises what ``work`` raises.
    """
    with told_to_stop() as told:
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(told.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            working.cancel()
            await asyncio.wait({working})
        if not working.cancelled():
            working.result()
