"""Hands a call's facts over without ever making the caller wait for a database."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Self

from core.calls import CallFact
from core.ports import FactSink
from pbx.ivr.errors import FactNotRecorded

log = logging.getLogger(__name__)

QUEUED_FACTS = 8  # one session has four at most


class FactPost:
    """``async with FactPost(sink, seconds) as post``: ``post.put`` returns at once; the block's end
    waits until all facts are handed over in order, each for at most ``seconds``."""

    def __init__(self, sink: FactSink, seconds: float) -> None:
        self._sink = sink
        self._seconds = seconds
        self._facts: asyncio.Queue[CallFact | None] = asyncio.Queue(QUEUED_FACTS)
        self._task: asyncio.Task[None] | None = None

    def put(self, fact: CallFact) -> None:
        try:
            self._facts.put_nowait(fact)
        except asyncio.QueueFull:
            _not_recorded(fact, "full")

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="fact-post")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        try:
            await self._facts.put(None)
            await self._task
        finally:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while (fact := await self._facts.get()) is not None:
            try:
                async with asyncio.timeout(self._seconds):
                    await self._sink.record(fact)
            except TimeoutError:
                _not_recorded(fact, "late")
            except Exception as error:  # noqa: BLE001 - a broken store must not reach the caller
                _not_recorded(fact, type(error).__name__)


def _not_recorded(fact: CallFact, why: str) -> None:
    kind = type(fact).__name__
    log.error("%s: %s of call %s (%s)", FactNotRecorded.error_id, kind, fact.call_id, why)
