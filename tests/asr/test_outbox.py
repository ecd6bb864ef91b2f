"""What waits for a slow or failing hotline."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from asr.outbox import EngineChange, Outbox
from core.calls import Leg
from core.errors import Unavailable
from core.transcript import Segment


def segment(number: int, *, final: bool = True) -> Segment:
    return Segment(f"s.{number}", "c", Leg.CALLER, "caller", 0, 1, str(number), "fake", final)


@pytest.fixture
async def delivering():
    async with contextlib.AsyncExitStack() as stack:

        def start(outbox: Outbox) -> None:
            task = asyncio.create_task(outbox.deliver())

            async def end() -> None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

            stack.push_async_callback(end)

        yield start


async def test_what_the_database_cannot_take_now_is_offered_again_in_order(
    sink, delivering, monkeypatch
):
    monkeypatch.setattr("asr.outbox._RETRY_SECONDS", 0.001)
    take, away = sink.segment, iter([True, True, False, False])

    async def moody(one):
        if next(away):
            raise Unavailable("database")
        await take(one)

    monkeypatch.setattr(sink, "segment", moody)
    outbox = Outbox(sink, 10)
    delivering(outbox)
    await outbox.put(segment(1))
    await outbox.put(segment(2))
    await asyncio.wait_for(outbox.emptied(), 10)
    assert [one.text for one in sink.segments] == ["1", "2"]


async def test_one_item_that_breaks_the_sink_does_not_stop_the_next(
    sink, delivering, monkeypatch, caplog
):
    take = sink.segment

    async def picky(one):
        if one.text == "1":
            raise ValueError("a caller's words")
        await take(one)

    monkeypatch.setattr(sink, "segment", picky)
    outbox = Outbox(sink, 10)
    delivering(outbox)
    await outbox.put(segment(1))
    await outbox.put(segment(2))
    await asyncio.wait_for(outbox.emptied(), 10)
    assert [one.text for one in sink.segments] == ["2"]
    assert outbox.refused == 1
    assert "words" not in caplog.text


async def test_a_full_box_drops_partials_and_makes_finals_wait(sink, delivering, monkeypatch):
    monkeypatch.setattr("asr.outbox._PARTIALS_LIMIT", 1)
    outbox = Outbox(sink, 3)
    for number in range(3):
        await outbox.put(segment(number))
    await outbox.put(segment(8, final=False))
    waiting = asyncio.create_task(outbox.put(segment(3)))
    await asyncio.sleep(0)
    assert not waiting.done()
    delivering(outbox)
    await asyncio.wait_for(waiting, 10)
    await outbox.put(EngineChange(None, "stopped"))
    await asyncio.wait_for(outbox.emptied(), 10)
    assert [one.text for one in sink.segments] == ["0", "1", "2", "3"]
    assert sink.engines == [(None, "stopped")]
    assert outbox.partials_dropped == 1
