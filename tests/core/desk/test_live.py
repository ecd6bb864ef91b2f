"""Calls as consoles are told of them ahead of the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import calls
from core.calls import CallFact, CallState
from core.desk import HotlineDesk
from core.desk.apply import apply
from core.desk.live import LiveCalls
from core.desk.records import Records
from core.pack import CityPack
from core.ports import Viewer
from core.store.database import DatabaseAway
from core.store.tables import CallRow
from core.store.vault import Vault
from core.views import CallView, Event

START = datetime(2026, 1, 12, 0, 41, tzinfo=UTC)
ANNA = Viewer("1001", "座席一", "agent")
BEN = Viewer("1002", "座席二", "agent")
CHIEF = Viewer("1900", "班长", "supervisor")
NUMBER = "15400000001"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def arrived(number: str | None = NUMBER) -> calls.CallArrived:
    return calls.CallArrived("c1", at(0), "12345", "main", number, None, "PJSIP/trunk-1", "l")


def offered(agent: str = "1001", seconds: float = 7) -> calls.CallOffered:
    return calls.CallOffered("c1", at(seconds), agent, "general")


def connected(agent: str = "1001") -> calls.CallConnected:
    return calls.CallConnected("c1", at(9), agent, "general", f"PJSIP/{agent}-1")


UNTIL_OFFERED: tuple[CallFact, ...] = (
    arrived(),
    calls.FlowTaken("c1", at(5), "main", "2", "general", False),
    calls.CallQueued("c1", at(6), "general"),
    offered(),
)


class Console:
    """What one viewer is told, as it comes."""

    def __init__(self, desk: HotlineDesk, viewer: Viewer) -> None:
        self._desk = desk
        self._viewer = viewer
        self._told: asyncio.Queue[Event] = asyncio.Queue()

    async def run(self) -> None:
        async for event in self._desk.follow(self._viewer):
            self._told.put_nowait(event)

    async def call(self) -> tuple[bool, CallView]:
        """The next event of a call: whether it is stored, and how the call stands."""
        async with asyncio.timeout(10):
            while (event := await self._told.get()).call is None:
                pass
        return event.cursor > 0, event.call

    @property
    def silent(self) -> bool:
        return self._told.empty()


Open = Callable[[Viewer], Awaitable[Console]]


@pytest.fixture
async def follow(desk: HotlineDesk) -> AsyncIterator[Open]:
    async with asyncio.TaskGroup() as group:
        running = []

        async def opened(viewer: Viewer) -> Console:
            console = Console(desk, viewer)
            running.append(group.create_task(console.run()))
            await asyncio.sleep(0)
            return console

        yield opened
        for task in running:
            task.cancel()


def announce(desk: HotlineDesk, facts: Iterable[CallFact]) -> None:
    for fact in facts:
        desk.announce(fact)


async def test_an_offer_is_shown_to_its_agent_while_the_database_is_away(
    desk: HotlineDesk, follow: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise DatabaseAway

    consoles = {viewer: await follow(viewer) for viewer in (ANNA, BEN, CHIEF)}
    with monkeypatch.context() as broken:
        broken.setattr(desk._database, "write", away)
        for fact in UNTIL_OFFERED:
            desk.announce(fact)
            with pytest.raises(DatabaseAway):
                await desk.record(fact)
        for viewer in (ANNA, CHIEF):
            stored, call = await consoles[viewer].call()
            assert not stored
            assert (call.state, call.agent) == (CallState.OFFERED, "1001")
            assert (call.caller_number, call.keys, call.line_name) == (
                NUMBER,
                "2",
                "12345政务服务便民热线",
            )
            assert (call.queue, call.offered_at) == ("general", at(7))
            assert call.open_tickets is None, "not looked up is not none"
        desk.announce(calls.OfferMissed("c1", at(20), "1001"))
        assert (await consoles[ANNA].call())[1].agent is None
    assert consoles[BEN].silent
    assert await desk.events_after(CHIEF, 0, 100) == []


async def test_stored_events_that_lag_behind_do_not_take_the_pop_away(
    desk: HotlineDesk, follow: Open
) -> None:
    console = await follow(CHIEF)
    announce(desk, UNTIL_OFFERED)
    for fact in UNTIL_OFFERED:
        await desk.record(fact)
    seen = [await console.call() for _ in range(5)]
    assert [stored for stored, _ in seen] == [False, True, True, True, True]
    assert {(call.state, call.agent) for _, call in seen} == {(CallState.OFFERED, "1001")}
    assert seen[-1][1].open_tickets == ()


async def test_what_is_read_again_is_not_older_than_what_was_told(
    desk: HotlineDesk, follow: Open
) -> None:
    console = await follow(ANNA)
    announce(desk, UNTIL_OFFERED)
    for fact in UNTIL_OFFERED:
        await desk.record(fact)
    while not (await console.call())[0]:
        pass
    desk.announce(connected())
    (call,) = (await desk.snapshot(ANNA)).calls
    assert call.state is CallState.CONNECTED
    again = [event.call for event in await desk.events_after(ANNA, 0, 9) if event.call]
    assert {call.state for call in again} == {CallState.CONNECTED}


async def test_open_tickets_that_were_looked_up_are_in_the_pop(
    desk: HotlineDesk, follow: Open
) -> None:
    for fact in UNTIL_OFFERED:
        desk.announce(fact)
        await desk.record(fact)
    ticket = await desk.submit(ANNA, "c1")
    desk.announce(calls.CallArrived("c2", at(60), "12345", "main", NUMBER, None, "x", "l"))
    console = await follow(CHIEF)
    await desk.record(calls.CallArrived("c2", at(60), "12345", "main", NUMBER, None, "x", "l"))
    while (await console.call())[1].call_id != "c2":
        pass
    desk.announce(calls.CallOffered("c2", at(67), "1002", "general"))
    while (seen := await console.call())[0]:
        pass
    assert seen[1].open_tickets == (ticket.number,)


async def test_a_call_of_which_only_the_rows_know_the_agent_stays_his(desk: HotlineDesk) -> None:
    """After a restart a caller who is rating is announced anew, with no word of his agent."""
    for fact in (*UNTIL_OFFERED, connected(), calls.TalkEnded("c1", at(60), "1001", "caller")):
        await desk.record(fact)
    desk.announce(arrived())
    (call,) = (await desk.snapshot(ANNA)).calls
    assert (call.agent, call.state) == ("1001", CallState.ARRIVED)


async def test_a_call_that_nobody_has_yet_is_for_supervisors_only(
    desk: HotlineDesk, follow: Open
) -> None:
    anna, chief = await follow(ANNA), await follow(CHIEF)
    for fact in UNTIL_OFFERED[:3]:
        await desk.record(fact)
    assert [(await chief.call())[1].state for _ in range(3)][-1] is CallState.QUEUED
    assert anna.silent
    assert await desk.events_after(ANNA, 0, 100) == []


async def test_an_end_that_is_stored_is_forgotten(desk: HotlineDesk) -> None:
    story = (*UNTIL_OFFERED, connected(), calls.CallEnded("c1", at(61), 16))
    announce(desk, story)
    assert len(desk._live) == 1
    for fact in story:
        await desk.record(fact)
    assert len(desk._live) == 0


# The same without a desk: facts are heard at once, and rows follow some of them behind.


@pytest.fixture(scope="module")
def records(pack: CityPack) -> Records:
    return Records(Vault(bytes(32)), lambda: pack)


def test_of_a_call_that_was_not_heard_to_arrive_nothing_is_told(records: Records) -> None:
    live = LiveCalls(records)
    assert live.hear(offered()) == []
    assert len(live) == 0


def test_a_withheld_number_is_told_as_such(records: Records) -> None:
    live = LiveCalls(records)
    live.hear(arrived(None))
    (told,) = live.hear(offered())
    assert told.event.call is not None
    assert told.event.call.caller_number is None


def test_a_fact_that_is_told_twice_is_announced_once(records: Records) -> None:
    live = LiveCalls(records)
    live.hear(arrived())
    assert len(live.hear(offered())) == 1
    assert live.hear(offered()) == []


def test_calls_whose_end_nobody_sees_do_not_pile_up(records: Records) -> None:
    live = LiveCalls(records, most=3)
    for number in range(10):
        live.hear(calls.CallArrived(f"c{number}", at(0), "12345", "main", None, None, "x", "l"))
    assert len(live) == 3


AGENTS = ("1001", "1002")
facts = st.one_of(
    st.builds(lambda: calls.CallQueued("c1", at(6), "general")),
    st.builds(offered, st.sampled_from(AGENTS)),
    st.builds(lambda agent: calls.OfferMissed("c1", at(8), agent), st.sampled_from(AGENTS)),
    st.builds(connected, st.sampled_from(AGENTS)),
    st.builds(lambda: calls.TalkEnded("c1", at(30), "1001", "caller")),
    st.builds(lambda: calls.QueueLeft("c1", at(31), "general", "TIMEOUT")),
)


@given(story=st.lists(st.tuples(facts, st.integers(0, 3)), max_size=14), ends=st.booleans())
def test_whatever_lags_behind_a_console_never_sees_a_call_go_back(
    records: Records, story: list[tuple[CallFact, int]], ends: bool
) -> None:
    """``story``: facts, and how many rows the database writes after each was heard."""
    live = LiveCalls(records)
    told: list[tuple[CallFact, int]] = [(arrived(), 0), *story]
    if ends:
        told.append((calls.CallEnded("c1", at(99), 16), 0))
    told[-1] = (told[-1][0], len(told))  # in the end everything is stored
    heard, row = truth(), truth()
    waiting: list[CallFact] = []
    consoles: dict[str, list[tuple[str, str | None]]] = {agent: [] for agent in AGENTS}
    for fact, rows in told:
        if not isinstance(fact, calls.CallEnded):
            apply(fact, heard)
        waiting.append(fact)
        for item in live.hear(fact):
            assert item.event.call is not None
            consoles[item.audience].append(stands(item.event.call))
            assert stands(item.event.call) == (heard.state, heard.agent)
        for _ in range(min(rows, len(waiting))):
            before, stored = row.agent, waiting.pop(0)
            apply(stored, row)
            view = live.stored(records.told(row, None))
            if row.state == CallState.ENDED:
                live.forget("c1")
            elif heard.offered_at or heard.connected_at:
                assert stands(view) == (heard.state, heard.agent)
            for agent in {before, row.agent} - {None}:
                consoles[agent].append(stands(view))
    for agent, seen in consoles.items():
        assert (row.agent == agent) == (bool(seen) and seen[-1][1] == agent)
        assert row.agent != agent or seen[-1][0] == row.state


def truth() -> CallRow:
    return CallRow(id="c1", state=CallState.ARRIVED.value, arrived_at=at(0))


def stands(view: CallView) -> tuple[str, str | None]:
    return view.state.value, view.agent
