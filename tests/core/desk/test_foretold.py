"""Drafts are told ahead of the database, and what was told is what is stored and submitted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from core import calls
from core.desk import HotlineDesk
from core.views import DraftView, Event
from tests.core.desk.test_desk import ANNA, at, offered, said

PLACE = "我要投诉，路北区的路灯不亮了"
PHONE = "联系电话幺五四零零零零幺二三四"


@contextmanager
def held(desk: HotlineDesk, threads: int = 8) -> Iterator[None]:
    """Every unit of work that writes waits while the context is open."""
    gate = threading.Event()
    waiting = [
        asyncio.ensure_future(desk._database.write(lambda _: gate.wait(20))) for _ in range(threads)
    ]
    try:
        yield
    finally:
        gate.set()
        del waiting


async def followed(desk: HotlineDesk) -> AsyncIterator[Event]:
    """The agent's events from now on."""
    stream = desk.follow(ANNA)
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)

    async def on() -> AsyncIterator[Event]:
        yield await first
        async for event in stream:
            yield event

    return on()


async def next_draft(stream: AsyncIterator[Event]) -> DraftView:
    async with asyncio.timeout(10):
        async for event in stream:
            if event.draft is not None and event.cursor == 0:
                return event.draft
    raise AssertionError("no draft")


async def stored(desk: HotlineDesk) -> DraftView:
    (draft,) = (await desk.snapshot(ANNA)).drafts
    return draft


async def test_drafts_come_while_the_database_has_no_time(desk: HotlineDesk) -> None:
    await offered(desk)
    stream = await followed(desk)
    with held(desk):
        desk.announce(said(PLACE, 1))
        assert (await next_draft(stream)).fields["district"].value == "路北区"
        desk.announce(said(PHONE, 2))
        second = await next_draft(stream)
        assert second.fields["contact_phone"].value == "15400001234"
    await desk.segment(said(PLACE, 1))
    await desk.segment(said(PHONE, 2))
    assert await stored(desk) == second


async def test_a_sentence_told_before_the_draft_was_made_anew_is_in_it_all_the_same(
    desk: HotlineDesk,
) -> None:
    await offered(desk)
    stream = await followed(desk)
    desk.announce(said(PLACE, 1))
    told = await next_draft(stream)
    await desk.record(calls.FlowTaken("c1", at(8), "main", "2", "enterprise", True))
    anew = await stored(desk)
    assert anew.version > told.version
    assert anew.fields["district"].value is None, "the sentence is not in the rows yet"
    await desk.segment(said(PLACE, 1))
    after = await stored(desk)
    assert after.version > anew.version
    assert after.fields["district"].value == "路北区"
    assert after.fields["is_enterprise"].value is True


async def test_the_ticket_has_what_the_agent_was_shown_though_it_was_not_stored_yet(
    desk: HotlineDesk,
) -> None:
    await offered(desk)
    stream = await followed(desk)
    desk.announce(said(PLACE, 1))
    await next_draft(stream)
    ticket = await desk.submit(ANNA, "c1")
    assert ticket.fields["district"] == "路北区"
    await desk.segment(said(PLACE, 1))
    snapshot = await desk.snapshot(ANNA)
    assert [part.text for part in snapshot.segments] == [PLACE]
    assert snapshot.drafts[0].submitted == ticket.number


async def test_what_is_touched_meanwhile_is_kept_and_so_is_what_was_said(desk: HotlineDesk) -> None:
    await offered(desk)
    stream = await followed(desk)
    desk.announce(said(PLACE, 1))
    told = await next_draft(stream)
    touched = await desk.set_field(ANNA, "c1", "district", "古冶区")
    assert touched.version > told.version
    await desk.segment(said(PLACE, 1))
    draft = await stored(desk)
    assert draft.fields["district"].value == "古冶区"
    assert "路灯" in str(draft.fields["content"].value)


async def test_a_sentence_told_twice_is_stored_once_and_in_the_draft(desk: HotlineDesk) -> None:
    await offered(desk)
    for _ in range(2):
        desk.announce(said(PLACE, 1))
    for _ in range(2):
        await desk.segment(said(PLACE, 1))
    assert [part.text for part in (await desk.snapshot(ANNA)).segments] == [PLACE]
    assert (await stored(desk)).fields["district"].value == "路北区"


async def test_what_was_said_is_kept_though_the_rules_fail_on_it(
    desk: HotlineDesk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await offered(desk)

    def broken(*_: object) -> None:
        raise ValueError(PLACE)

    monkeypatch.setattr("core.draft.draft.extract", broken)
    for number, text in enumerate((PLACE, PHONE), 1):
        await desk.segment(said(text, number))
    assert [part.text for part in (await desk.snapshot(ANNA)).segments] == [PLACE, PHONE]
    assert "rules failed (ValueError)" in caplog.text
    assert PLACE not in caplog.text


async def test_the_agent_sees_his_callers_words_before_the_offer_is_stored(
    desk: HotlineDesk,
) -> None:
    stream = await followed(desk)
    story = (
        calls.CallArrived("c2", at(0), "12345", "main", None, None, "PJSIP/trunk-2", "link-2"),
        calls.CallQueued("c2", at(1), "general"),
        calls.CallOffered("c2", at(2), "1001", "general"),
    )
    for fact in story:
        desk.announce(fact)
    desk.announce(said(PLACE, 1, "c2"))
    async with asyncio.timeout(10):
        async for event in stream:
            if event.segment is not None:
                assert event.segment.text == PLACE
                break
