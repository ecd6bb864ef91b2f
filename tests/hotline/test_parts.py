"""The small parts that hold the rooms together."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.bus import Bus, Overrun
from core.calls import CallArrived, CallOffered, CallState
from core.errors import Unavailable
from core.views import AgentView, CallView, Event, TicketView
from hotline.app import Hotline
from hotline.duties import Duties
from hotline.ports import free_ports, free_range
from hotline.wrapup import EVERYTHING, WrapUpEnder
from tests.hotline.stagehands import small_site

NOW = datetime(2026, 1, 12, tzinfo=UTC)


async def forever() -> None:
    await asyncio.Event().wait()


async def test_the_first_part_that_fails_ends_the_watch_with_its_error() -> None:
    duties = Duties()

    async def fails() -> None:
        raise RuntimeError("port gone")

    duties.start("good", forever())
    duties.start("bad", fails())
    with pytest.raises(RuntimeError, match="port gone"):
        await duties.watch(asyncio.Event())
    await duties.end()


async def test_parts_end_in_the_opposite_order_and_are_asked_first() -> None:
    duties, ended = Duties(), []
    asked = asyncio.Event()

    async def part(name: str) -> None:
        try:
            await forever()
        finally:
            ended.append(name)

    async def polite() -> None:
        await asked.wait()
        ended.append("polite")

    async def ask() -> None:
        asked.set()

    duties.start("first", part("first"))
    duties.start("polite", polite(), ask)
    duties.start("last", part("last"))
    stop = asyncio.Event()
    watching = asyncio.create_task(duties.watch(stop))
    await asyncio.sleep(0)
    stop.set()
    await watching
    await duties.end()
    assert ended == ["last", "polite", "first"]


async def test_a_part_that_ignores_being_asked_is_cancelled() -> None:
    duties = Duties()

    async def ask() -> None:
        """Nobody listens."""

    duties.start("deaf", forever(), ask, grace=0.01)
    await asyncio.wait_for(duties.end(), 5)


def call(agent: str = "1001", call_id: str = "c1") -> Event:
    view = CallView(
        call_id=call_id, state=CallState.CONNECTED, caller_number=None, dialled="", source_line="",
        line_name="", agent=agent, arrived_at=NOW, connected_at=NOW,
    )  # fmt: skip
    return Event(cursor=1, kind="call", at=NOW, call=view)


def ticket(agent: str = "1001", call_id: str = "c1") -> Event:
    view = TicketView(
        number="T1", call_id=call_id, state="registered", created_at=NOW, agent=agent, fields={}
    )
    return Event(cursor=2, kind="ticket", at=NOW, ticket=view)


def agent(state: Any, number: str = "1001") -> Event:
    view = AgentView(agent=number, name="", state=state)
    return Event(cursor=3, kind="agent", at=NOW, agent=view)


class Board:
    """A switchboard that only knows how to resume."""

    def __init__(self) -> None:
        self.resumed: list[str] = []
        self.away = False

    async def resume(self, agent: str) -> None:
        if self.away:
            raise Unavailable
        self.resumed.append(agent)


async def resumed_after(*events: Event, away: bool = False) -> list[str]:
    board = Board()
    board.away = away
    ender = WrapUpEnder(None, board)  # type: ignore[arg-type]  # events are handed in by hand
    for event in events:
        await ender._take(event)
    return board.resumed


async def test_a_ticket_submitted_in_wrap_up_ends_it() -> None:
    assert await resumed_after(call(), agent("wrap_up"), ticket()) == ["1001"]


async def test_a_ticket_submitted_during_the_talk_leaves_no_wrap_up() -> None:
    assert await resumed_after(call(), ticket(), agent("talking"), agent("wrap_up")) == ["1001"]


@pytest.mark.parametrize(
    "events",
    [
        (call(), agent("wrap_up")),  # nothing submitted
        (call(), ticket(), agent("paused")),  # his own pause stays
        (call(), ticket(), call(call_id="c2"), agent("wrap_up")),  # another call's wrap-up
        (call("1002"), ticket("1002"), agent("wrap_up")),  # somebody else's ticket
        (call(), agent("wrap_up"), ticket(call_id="old")),  # an old call's ticket
    ],
)
async def test_other_wrap_ups_and_pauses_are_left_alone(events: tuple[Event, ...]) -> None:
    assert await resumed_after(*events) == []


async def test_asterisk_being_away_is_no_error_of_the_follower() -> None:
    assert await resumed_after(call(), agent("wrap_up"), ticket(), away=True) == []


def test_free_ports_are_different_and_free_for_both_kinds() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", port))
            tcp.bind(("127.0.0.1", port))


def test_a_free_range_is_even_and_free() -> None:
    first = free_range(40)
    assert first % 2 == 0
    for port in range(first, first + 40):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", port))


async def test_a_slow_subscriber_gets_what_was_kept_and_then_the_overrun() -> None:
    bus: Bus[int] = Bus()
    with bus.subscribe(lambda item: True, size=2) as slow, bus.subscribe(lambda i: i > 1) as other:
        for item in range(4):
            bus.publish(item)
        assert [await anext(slow), await anext(slow)] == [0, 1]
        with pytest.raises(Overrun):
            await anext(slow)
        assert [await anext(other), await anext(other)] == [2, 3]
    bus.publish(9)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(other), 0.01)


async def test_a_screen_pop_waits_for_no_part_of_ours(tmp_path: Path) -> None:
    """Neither database nor spool nor lanes run here: an offer reaches the consoles all the same."""
    hotline = Hotline(await asyncio.to_thread(small_site, tmp_path / "site"))
    told = hotline.desk.follow(EVERYTHING)
    pop = asyncio.ensure_future(anext(told))
    await asyncio.sleep(0)
    await hotline.lanes.record(CallArrived("c", NOW, "12345", "main", None, None, "x", "l"))
    await hotline.lanes.record(CallOffered("c", NOW, "8001", "general"))
    event = await asyncio.wait_for(pop, 5)
    assert event.call is not None
    assert (event.call.agent, event.call.state) == ("8001", CallState.OFFERED)
    await hotline.database.close()
