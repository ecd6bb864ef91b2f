from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_console.errors import ReaderTooSlow
from agent_console.outbox import Outbox
from core.views import Event
from tests.agent_console.fakes import START, a_call, a_draft, a_segment


def stored(cursor: int) -> Event:
    return Event(cursor=cursor, kind="call", at=START, call=a_call())


def partial(number: int, text: str = "") -> Event:
    segment = a_segment(number, text=text, final=False)
    return Event(cursor=0, kind="partial", at=START, segment=segment)


def told(name: str, agent: str = "8026") -> Event:
    return Event(cursor=0, kind="call", at=START, call=a_call(name, agent=agent))


def final(cursor: int, number: int) -> Event:
    return Event(cursor=cursor, kind="segment", at=START, segment=a_segment(number))


async def drain(outbox: Outbox) -> list[Event]:
    return [await outbox.get() for _ in range(len(outbox))]


async def test_events_leave_in_the_order_in_which_they_came() -> None:
    outbox = Outbox(10, 10)
    events = [stored(1), partial(1), stored(2)]
    for event in events:
        outbox.put(event)
    assert await drain(outbox) == events


async def test_a_newer_partial_takes_the_place_of_the_older_one() -> None:
    outbox = Outbox(10, 10)
    for event in (partial(1, "喂"), stored(1), partial(1, "喂你好")):
        outbox.put(event)
    assert await drain(outbox) == [partial(1, "喂你好"), stored(1)]


async def test_a_call_that_passes_again_comes_after_all_that_waits() -> None:
    outbox = Outbox(10, 10)
    for event in (told("a"), told("b"), told("a", "8031"), stored(1), told("a")):
        outbox.put(event)
    assert await drain(outbox) == [told("b"), told("a", "8031"), stored(1), told("a")]


async def test_a_passing_draft_keeps_apart_from_its_call() -> None:
    outbox = Outbox(10, 10)
    draft = Event(cursor=0, kind="draft", at=START, draft=a_draft("a"))
    other = Event(cursor=0, kind="draft", at=START, draft=a_draft("b"))
    for event in (told("a"), draft, other):
        outbox.put(event)
    assert await drain(outbox) == [told("a"), draft, other]


async def test_what_passes_can_be_let_go() -> None:
    outbox = Outbox(10, 10)
    for event in (told("a"), stored(1), partial(1)):
        outbox.put(event)
    outbox.let_go()
    assert await drain(outbox) == [stored(1)]


async def test_the_final_text_takes_the_place_of_its_partial() -> None:
    outbox = Outbox(10, 10)
    outbox.put(partial(1))
    outbox.put(final(4, 1))
    assert await drain(outbox) == [final(4, 1)]


async def test_partials_give_way_before_anything_stored_is_lost() -> None:
    outbox = Outbox(4, 4)
    for event in (partial(1), stored(1), partial(2), stored(2), stored(3)):
        outbox.put(event)
    assert await drain(outbox) == [stored(1), stored(2), stored(3)]
    assert outbox.shed == 2


async def test_a_reader_who_lets_too_much_wait_is_too_slow() -> None:
    outbox = Outbox(3, 3)
    for cursor in (1, 2, 3):
        outbox.put(stored(cursor))
    with pytest.raises(ReaderTooSlow):
        outbox.put(stored(4))


async def test_a_waiting_reader_is_woken_and_may_be_cancelled_without_loss() -> None:
    outbox = Outbox(3, 3)
    reader = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    outbox.put(stored(1))
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert await outbox.get() == stored(1)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=80),
    st.integers(2, 12),
    st.integers(1, 12),
)
async def test_it_stays_bounded_and_stored_events_keep_their_order(
    script: list[tuple[bool, int]], size: int, passing: int
) -> None:
    outbox, cursor, expected = Outbox(size, passing), 0, []
    for is_partial, number in script:
        if is_partial:
            outbox.put(partial(number))
        else:
            cursor += 1
            try:
                outbox.put(final(cursor, number))
            except ReaderTooSlow:
                assert len(expected) == size
                break
            expected.append(cursor)
        assert len(outbox) <= size
    left = [event.cursor for event in await drain(outbox) if event.cursor]
    assert left[: len(expected)] == expected
