"""Calls, transcripts and their events are the telephone's people's; everybody else logs in too."""

from __future__ import annotations

import asyncio

import pytest

from core.calls import Leg
from core.errors import HotlineError
from core.people.errors import NoConsole
from core.ports import Viewer
from tests.core.desk.test_desk import offered, settled
from tests.core.loop.city import AGENT, AUDITOR, AUTHORITY, DISPATCHER, SUPERVISOR, City
from tests.core.people.ledger import last

OTHERS = (
    DISPATCHER,
    AUTHORITY,
    AUDITOR,
    Viewer("u", "", "unit", unit="housing"),
    Viewer("a", "", "admin"),
    Viewer("x", "", "no such role"),
)


@pytest.mark.parametrize("who", OTHERS, ids=lambda who: who.role)
async def test_a_role_without_a_telephone_sees_no_call_and_no_event(
    city: City, who: Viewer
) -> None:
    await offered(city.desk, "c1", who.agent)  # even if it were his own
    desk = city.desk
    for trial in (
        desk.snapshot(who),
        desk.events_after(who, 0, 100),
        desk.set_field(who, "c1", "title", "x"),
        desk.submit(who, "c1"),
        desk.shelf.recording(who, "c1", Leg.CALLER),
    ):
        with pytest.raises(NoConsole) as refused:
            await trial
        assert refused.value.status == 403
        assert (await last(desk))[3:] == ("refused", "no_console")
    with pytest.raises(NoConsole):
        desk.follow(who)


async def test_what_goes_to_everybody_goes_to_consoles_only(city: City) -> None:
    """Also behind the desk's door: the feed itself knows no audience but consoles."""
    feed = city.desk._feed
    heard: list[str] = []

    async def listen(who: Viewer) -> None:
        heard.extend([f"{who.role} {(await anext(feed.follow(who))).kind}"])

    tasks = [asyncio.create_task(listen(who)) for who in (AGENT, DISPATCHER, AUDITOR)]
    await asyncio.sleep(0)
    await city.desk.ami("up")
    await settled(city.desk, SUPERVISOR)
    for _ in range(20):
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert heard == ["agent system"]


async def test_the_others_log_in_all_the_same(city: City) -> None:
    await city.desk.sessions.put_agent("1100", "派单员", "dispatcher", "a-password")
    token, viewer = await city.desk.log_in("1100", "a-password")
    assert viewer.role == "dispatcher"
    assert (await city.desk.snapshot(SUPERVISOR)).agents == ()  # no seat on the floor
    await city.desk.log_out(token)


async def test_an_event_says_how_a_ticket_stands_and_nothing_of_its_text(city: City) -> None:
    number = await city.registers()
    (told,) = [e for e in await settled(city.desk, SUPERVISOR) if e.ticket is not None]
    assert told.ticket is not None
    assert (told.ticket.number, told.ticket.fields) == (number, {})


async def test_a_countys_head_hears_his_own_calls_only(city: City) -> None:
    local = Viewer("1901", "", "supervisor", county="130203")
    await offered(city.desk, "c1", AGENT.agent)
    assert (await city.desk.snapshot(local)).calls == ()
    with pytest.raises(HotlineError):
        await city.desk.set_field(local, "c1", "title", "x")
    assert len((await city.desk.snapshot(SUPERVISOR)).calls) == 1
