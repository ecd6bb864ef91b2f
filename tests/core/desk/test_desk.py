"""The desk on a real database: facts in, views and events out."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, func, select

from core import calls
from core.bus import Overrun
from core.calls import CallState, Leg
from core.desk import HotlineDesk
from core.desk.drafts import DraftKeeper, DraftSubmitted, NotYours
from core.desk.feed import CursorUnknown
from core.desk.sessions import LogInRefused, NotLoggedIn
from core.errors import HotlineError, NotFound
from core.ports import Viewer
from core.store.database import DatabaseAway
from core.store.tables import AgentRow, EventRow
from core.transcript import Segment, StreamReport, StreamState
from core.views import AgentView, Event

START = datetime(2026, 1, 12, 0, 41, tzinfo=UTC)
ANNA = Viewer("1001", "座席一", "agent")
BEN = Viewer("1002", "座席二", "agent")
CHIEF = Viewer("1900", "班长", "supervisor")
NUMBER = "15400000001"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def arrived(call_id: str = "c1", number: str | None = NUMBER) -> calls.CallArrived:
    return calls.CallArrived(
        call_id, at(0), "12345", "main", number, None, "PJSIP/trunk-1", "link-1"
    )


def said(text: str, number: int = 1, call_id: str = "c1", *, final: bool = True) -> Segment:
    return Segment(
        f"{call_id}-s{number}",
        call_id,
        Leg.CALLER,
        "caller",
        number * 1000,
        number * 1000 + 900,
        text,
        "fake",
        final,
    )


async def offered(desk: HotlineDesk, call_id: str = "c1", agent: str = "1001") -> None:
    await desk.record(arrived(call_id))
    await desk.record(calls.FlowTaken(call_id, at(5), "main", "", "general", False))
    await desk.record(calls.CallQueued(call_id, at(6), "general"))
    await desk.record(calls.CallOffered(call_id, at(7), agent, "general"))


async def events(stream: AsyncIterator[Event], wanted: int) -> list[Event]:
    async def some() -> list[Event]:
        return [event async for _, event in azip(range(wanted), stream)]

    return await asyncio.wait_for(some(), 10)


async def azip(numbers: range, stream: AsyncIterator[Event]) -> AsyncIterator[tuple[int, Event]]:
    for number in numbers:
        yield number, await anext(stream)


async def test_a_first_password_is_hashed_when_it_is_used_and_not_known_before(
    desk: HotlineDesk,
) -> None:
    async def kept() -> str:
        return await desk._database.read(
            lambda session: session.get_one(AgentRow, "8").password_hash
        )

    await desk.sessions.put_agent("8", "座席八", "agent", "right-password")
    assert await kept() == ""
    for wrong in ("", "wrong-password"):
        with pytest.raises(LogInRefused):
            await desk.log_in("8", wrong)
    token, _ = await desk.log_in("8", "right-password")
    assert (await desk.viewer(token)).agent == "8"
    assert (await kept()).startswith("$argon2id$")
    # What the site's file says later is no password any more.
    await desk.sessions.put_agent("8", "座席八", "agent", "other-password")
    with pytest.raises(LogInRefused):
        await desk.log_in("8", "other-password")


async def test_a_call_goes_through_its_states_and_keeps_its_times(desk: HotlineDesk) -> None:
    await offered(desk)
    await desk.record(calls.CallConnected("c1", at(9), "1001", "general", "PJSIP/1001-1"))
    await desk.record(calls.TalkEnded("c1", at(60), "1001", "caller"))
    await desk.record(calls.RecordingKept("c1", at(60), Leg.CALLER, "2026-01-12/c1.caller.wav"))
    await desk.record(calls.CallEnded("c1", at(61), 16))
    (call,) = (await desk.snapshot(ANNA)).calls
    assert call.state is CallState.ENDED
    assert call.caller_number == NUMBER
    assert (call.queued_at, call.offered_at, call.connected_at, call.ended_at) == (
        at(6),
        at(7),
        at(9),
        at(61),
    )
    assert call.recordings == ("caller",)


async def test_every_fact_told_twice_changes_nothing(desk: HotlineDesk) -> None:
    story: list[calls.CallFact] = [
        arrived(),
        calls.CallQueued("c1", at(6), "general"),
        calls.CallOffered("c1", at(7), "1001", "general"),
        calls.CallConnected("c1", at(9), "1001", "general", "PJSIP/1001-1"),
        calls.RecordingKept("c1", at(60), Leg.CALLER, "x.wav"),
    ]
    for fact in story:
        await desk.record(fact)
    before = (await desk.snapshot(ANNA)).calls
    for fact in story:
        await desk.record(fact)
    assert (await desk.snapshot(ANNA)).calls == before


async def test_facts_in_any_order_are_never_an_error_and_end_is_end(desk: HotlineDesk) -> None:
    story: list[calls.CallFact] = [
        arrived("x"),
        calls.CallQueued("x", at(6), "general"),
        calls.CallConnected("x", at(9), "1001", "general", "PJSIP/1001-1"),
        calls.CallEnded("x", at(61), 16),
    ]
    for number, order in enumerate(itertools.permutations(story)):
        for fact in order:
            renamed = {**{k: getattr(fact, k) for k in fact.__slots__}, "call_id": f"x{number}"}
            base = {"call_id": f"x{number}", "at": fact.at}
            await desk.record(type(fact)(**{**base, **renamed}))
    assert await desk.open_calls() == ()


async def test_the_screen_pop_carries_caller_and_draft_to_this_agent_only(
    desk: HotlineDesk,
) -> None:
    for agent in (ANNA, BEN):
        await desk.sessions.put_agent(agent.agent, agent.name, agent.role, "pass")
    await offered(desk)
    mine = await desk.snapshot(ANNA)
    assert [call.call_id for call in mine.calls] == ["c1"]
    assert mine.drafts[0].fields["caller_number"].value == NUMBER
    assert (await desk.snapshot(BEN)).calls == ()
    assert len((await desk.snapshot(CHIEF)).calls) == 1


async def test_a_talk_whose_offer_nobody_saw_has_a_draft_that_fills(desk: HotlineDesk) -> None:
    await desk.record(arrived())
    await desk.record(calls.CallConnected("c1", at(9), "1001", "general", "PJSIP/1001-1"))
    await desk.segment(said("我在路北区"))
    (draft,) = (await desk.snapshot(ANNA)).drafts
    assert draft.fields["caller_number"].value == NUMBER
    assert draft.fields["district"].value == "路北区"


async def test_an_agent_who_missed_the_offer_sees_that_the_call_is_gone(desk: HotlineDesk) -> None:
    await offered(desk)
    cursor = (await settled(desk, ANNA))[-1].cursor
    await desk.record(calls.OfferMissed("c1", at(20), "1001"))
    missed = (await settled(desk, ANNA, cursor))[-1]
    assert missed.call is not None
    assert (missed.call.agent, missed.call.state) == (None, CallState.QUEUED)


async def settled(desk: HotlineDesk, viewer: Viewer, after: int = 0) -> list[Event]:
    """The viewer's stored events, once the sequencer has numbered what was committed."""
    pending = select(func.count()).where(col(EventRow.cursor).is_(None))
    async with asyncio.timeout(10):
        left = 1
        while left:
            left = await desk._database.read(lambda session: session.exec(pending).one())
    return await desk.events_after(viewer, after, 1000)


async def test_what_is_said_fills_the_draft_and_reaches_the_console(desk: HotlineDesk) -> None:
    await offered(desk)
    await settled(desk, ANNA)
    stream = desk.follow(ANNA)
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await desk.segment(said("我要投诉，路北区的路灯不亮了"))
    seen = [await asyncio.wait_for(first, 10), *await events(stream, 3)]
    assert [(event.kind, event.cursor > 0) for event in seen] == [
        ("segment", False),
        ("draft", False),
        ("segment", True),
        ("draft", True),
    ]
    early, stored = seen[1].draft, seen[3].draft
    assert early is not None
    assert early == stored
    assert early.fields["district"].value == "路北区"
    assert early.fields["district"].evidence[0].segment_id == "c1-s1"


async def test_a_draft_that_was_shown_and_not_stored_costs_nothing_that_was_said_or_touched(
    desk: HotlineDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await offered(desk)
    await settled(desk, ANNA)
    stream = desk.follow(ANNA)
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)

    def broken(*_: Any) -> None:
        raise DatabaseAway

    with monkeypatch.context() as away:
        away.setattr(DraftKeeper, "keep", broken)
        with pytest.raises(DatabaseAway):
            await desk.segment(said("我要投诉，路北区的路灯不亮了"))
    await asyncio.wait_for(first, 10)
    (early,) = await events(stream, 1)
    assert early.draft is not None
    assert early.draft.fields["district"].value == "路北区"
    assert (await desk.snapshot(ANNA)).segments == ()
    touched = await desk.set_field(ANNA, "c1", "district", "古冶区")
    assert touched.version > early.draft.version, "it must not pass for older than what was shown"
    await desk.segment(said("我要投诉，路北区的路灯不亮了"))
    (draft,) = (await desk.snapshot(ANNA)).drafts
    assert draft.fields["district"].value == "古冶区"
    assert "路灯" in str(draft.fields["content"].value)


async def test_partials_pass_to_the_agent_and_are_not_stored(desk: HotlineDesk) -> None:
    await offered(desk)
    cursor = (await settled(desk, ANNA))[-1].cursor
    stream = desk.follow(ANNA)
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await desk.segment(said("我要投", final=False))
    event = await asyncio.wait_for(first, 10)
    assert (event.kind, event.cursor) == ("partial", 0)
    assert await desk.events_after(ANNA, cursor, 100) == []
    assert (await desk.snapshot(ANNA)).segments == ()


async def test_a_field_the_agent_touched_is_never_overwritten_even_after_a_restart(
    desk: HotlineDesk, database_url: str, pack: Any, policies: Any
) -> None:
    await offered(desk)
    await desk.segment(said("我在路北区"))
    await desk.set_field(ANNA, "c1", "district", "古冶区")
    await desk.segment(said("对，就是路北区", 2))
    from core.clock import SystemClock
    from core.store import Database
    from core.store.vault import Vault

    database = Database(database_url)
    again = HotlineDesk(database, Vault(bytes(range(32))), lambda: policies, SystemClock())
    await again.segment(said("路北区长宁道", 3))
    (draft,) = (await again.snapshot(ANNA)).drafts
    assert (draft.fields["district"].value, draft.fields["district"].touched) == ("古冶区", True)
    assert "长宁道" in str(draft.fields["content"].value)
    await database.close()


async def test_only_the_calls_own_agent_or_a_supervisor_may_write(desk: HotlineDesk) -> None:
    await offered(desk)
    with pytest.raises(NotYours):
        await desk.set_field(BEN, "c1", "title", "x")
    with pytest.raises(NotYours):
        await desk.submit(BEN, "c1")
    await desk.set_field(CHIEF, "c1", "title", "班长改的")
    with pytest.raises(NotFound):
        await desk.set_field(ANNA, "no-such-call", "title", "x")


async def test_submitting_twice_gives_one_ticket_with_the_drafts_values(desk: HotlineDesk) -> None:
    await offered(desk)
    await desk.segment(said("我反映路北区路灯不亮，电话幺五四零零零零零零零二"))
    first, second = await asyncio.gather(desk.submit(ANNA, "c1"), desk.submit(ANNA, "c1"))
    assert first == second
    assert first.number.startswith("TS")
    assert first.fields["caller_number"] == NUMBER
    assert first.fields["contact_phone"] == "15400000002"
    with pytest.raises(DraftSubmitted):
        await desk.set_field(ANNA, "c1", "title", "too late")


async def test_ticket_numbers_are_never_given_twice(desk: HotlineDesk) -> None:
    for number in range(8):
        await offered(desk, f"n{number}")
    tickets = await asyncio.gather(*(desk.submit(ANNA, f"n{number}") for number in range(8)))
    assert len({ticket.number for ticket in tickets}) == 8


async def test_a_known_caller_brings_his_open_tickets(desk: HotlineDesk) -> None:
    await offered(desk, "old")
    ticket = await desk.submit(ANNA, "old")
    await offered(desk, "new")
    new = next(call for call in (await desk.snapshot(ANNA)).calls if call.call_id == "new")
    assert new.open_tickets == (ticket.number,)


async def test_a_new_ticket_shows_at_once_on_the_callers_other_calls(desk: HotlineDesk) -> None:
    await offered(desk, "one")
    await offered(desk, "two", agent=BEN.agent)
    await desk.record(arrived("somebody-else", "15400000009"))
    cursor = (await settled(desk, BEN))[-1].cursor
    ticket = await desk.submit(ANNA, "one")
    (told,) = await settled(desk, BEN, cursor)
    assert told.call is not None
    assert (told.call.call_id, told.call.open_tickets) == ("two", (ticket.number,))


async def test_a_withheld_number_has_no_history_and_no_error(desk: HotlineDesk) -> None:
    await desk.record(arrived("w", None))
    await desk.record(calls.CallOffered("w", at(7), "1001", "general"))
    (call,) = (await desk.snapshot(ANNA)).calls
    assert (call.caller_number, call.open_tickets) == (None, ())


async def test_cursors_rise_without_holes_and_replay_equals_what_was_followed(
    desk: HotlineDesk,
) -> None:
    stream = desk.follow(CHIEF)
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await asyncio.gather(*(offered(desk, f"p{number}") for number in range(10)))
    stored = await settled(desk, CHIEF)
    followed = [await asyncio.wait_for(first, 10), *await events(stream, len(stored) - 1)]
    assert [event.cursor for event in followed] == list(range(1, len(stored) + 1))
    assert [event.cursor for event in stored] == [event.cursor for event in followed]


async def test_a_cursor_from_the_future_or_from_nowhere_asks_for_a_snapshot(
    desk: HotlineDesk,
) -> None:
    await offered(desk)
    for cursor in (10**9, -1):
        with pytest.raises(CursorUnknown):
            await desk.events_after(ANNA, cursor, 10)


async def test_a_reader_that_does_not_read_is_cut_off_and_harms_nobody(desk: HotlineDesk) -> None:
    await offered(desk)
    slow, quick = desk.follow(ANNA), desk.follow(ANNA)
    firsts = [asyncio.ensure_future(anext(stream)) for stream in (slow, quick)]
    await asyncio.sleep(0)
    seen = 0
    for number in range(1200):
        await desk.segment(said("嗯", number, final=False))
        if number == 0:
            await asyncio.gather(*firsts)
        elif number % 100 == 0:
            seen += len(await events(quick, 100))
    assert seen == 1100
    with pytest.raises(Overrun):
        await events(slow, 1300)


async def test_transcript_state_follows_the_streams(desk: HotlineDesk) -> None:
    await offered(desk)

    async def state(tap: str, leg: Leg, to: StreamState) -> str:
        await desk.stream(StreamReport(tap, "c1", leg, to))
        return (await desk.snapshot(ANNA)).calls[0].transcript

    assert await state("a", Leg.CALLER, StreamState.OPEN) == "live"
    assert await state("b", Leg.AGENT, StreamState.OPEN) == "live"
    assert await state("b", Leg.AGENT, StreamState.LOST) == "live"
    assert await state("a", Leg.CALLER, StreamState.ENDED) == "ended"
    assert await state("c", Leg.CALLER, StreamState.LOST) == "lost"


async def test_log_in_tokens_hold_until_log_out_and_passwords_are_checked(
    desk: HotlineDesk,
) -> None:
    await desk.sessions.put_agent("1001", "座席一", "agent", "right")
    token, viewer = await desk.log_in("1001", "right")
    assert viewer == ANNA
    assert await desk.viewer(token) == ANNA
    for agent, password in (("1001", "wrong"), ("9999", "right")):
        with pytest.raises(LogInRefused):
            await desk.log_in(agent, password)
    await desk.log_out(token)
    with pytest.raises(NotLoggedIn):
        await desk.viewer(token)


async def test_no_personal_text_lies_open_in_the_database_file(
    desk: HotlineDesk, database_url: str
) -> None:
    if not database_url.startswith("sqlite"):
        return  # PostgreSQL's files are not ours to read; the rows are the same
    await offered(desk)
    await desk.segment(said("我在路北区凤凰道住"))
    await desk.submit(ANNA, "c1")
    from pathlib import Path

    folder = Path(database_url.removeprefix("sqlite:///")).parent
    content = b"".join(file.read_bytes() for file in folder.iterdir())
    assert b"c1-s1" in content
    for secret in (NUMBER, "凤凰道", "路北区"):
        assert secret.encode() not in content


async def test_an_error_of_the_form_does_not_spoil_the_draft(desk: HotlineDesk) -> None:
    await offered(desk)
    with pytest.raises(HotlineError):
        await desk.set_field(ANNA, "c1", "no_such_field", 1)
    view = await desk.set_field(ANNA, "c1", "title", "路灯")
    assert view.fields["title"].value == "路灯"


async def test_a_state_that_could_not_be_told_is_told_when_the_database_is_back(
    desk: HotlineDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await offered(desk)
    cursor = (await settled(desk, CHIEF))[-1].cursor
    free = AgentView(agent="1001", name="座席一", state="free")
    with monkeypatch.context() as away:

        async def write(*_: Any) -> None:
            raise DatabaseAway

        away.setattr(desk._database, "write", write)
        for state in ("talking", "wrap_up", "free"):
            with pytest.raises(DatabaseAway):
                await desk.agent(free.model_copy(update={"state": state}))
        with pytest.raises(DatabaseAway):
            await desk.ami("up")
    stream = desk.follow(CHIEF)
    told = await events(stream, 2)
    assert [event.kind for event in told] == ["agent", "system"]
    assert told[0].agent is not None
    assert told[0].agent.state == "free"
    assert told[1].system is not None
    assert told[1].system.ami == "up"
    assert len(await settled(desk, CHIEF, cursor)) == 2


async def test_a_call_that_ended_is_forgotten_even_if_facts_come_late(desk: HotlineDesk) -> None:
    await offered(desk)
    await desk.record(calls.CallEnded("c1", at(61), 16))
    await desk.record(calls.CallRated("c1", at(62), "5"))
    assert desk._floor.audience == {}
