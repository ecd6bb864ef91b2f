"""The clock stops for a suspension and for nothing else, and goes on with what was left."""

from __future__ import annotations

import pytest

from core.loop.errors import (
    ActForbidden,
    ActOutOfOrder,
    AskedAlready,
    NothingAsked,
    NotYourTask,
    ReasonUnknown,
)
from core.loop.states import Act, TicketState
from tests.core.loop.city import AUTHORITY, DISPATCHER, LAMP, City, at, unit
from tests.core.loop.looking import rungs, tasks, timers, told

WORKER = unit("city_management")
WHY = {"reason": "appraisal", "words": "等待灯杆结构鉴定"}


@pytest.fixture
async def number(city: City) -> str:
    """Signed on Monday, January 12; due on Monday, the 19th."""
    city.it_is("2026-01-12 09:00")
    return await city.signed()


async def suspended(city: City, number: str) -> None:
    await city.does(WORKER, number, Act.ASK_SUSPENSION, **WHY)
    await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=True)


async def test_the_clock_stops_the_caller_is_told_why_and_the_review_is_set(
    city: City, number: str
) -> None:
    city.it_is("2026-01-15 10:00")  # Thursday: Friday and Monday are left
    await city.does(WORKER, number, Act.ASK_SUSPENSION, **WHY)
    assert (await rungs(city, number))["urge"] == at("2026-01-20 23:59:59")  # it runs on till then
    await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=True)
    ticket = await city.ticket(number)
    assert (ticket.state, ticket.left, ticket.suspended_at) == (
        TicketState.SUSPENDED, 2, at("2026-01-15 10:00"),
    )  # fmt: skip
    # No step of the ladder any more; a review after thirty days.
    assert await timers(city, number) == {"suspension_review": at("2026-02-14 23:59:59")}
    [(recipient, words)] = await told(city, number, "suspended")
    assert recipient == "caller"
    assert "等待鉴定、检测结果" in words  # the reason's name, not the unit's words
    assert "灯杆" not in words


async def test_resumed_it_has_what_was_left_of_it(city: City, number: str) -> None:
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    city.it_is("2026-01-15 10:00")
    await suspended(city, number)
    city.it_is("2026-02-13 09:00")
    # Two working days were left: Saturday the 14th (made up for) and Tuesday the 24th.
    await city.does(DISPATCHER, number, Act.RESUME)
    ticket = await city.ticket(number)
    end = at("2026-02-24 23:59:59")
    assert (ticket.state, ticket.handle_due, ticket.suspended_at, ticket.left) == (
        TicketState.SIGNED, end, None, 0,
    )  # fmt: skip
    assert {part.due for part in await tasks(city, number)} == {end}
    waiting = await timers(city, number)
    assert "suspension_review" not in waiting
    assert waiting["rung:warn"] == at("2026-02-14 23:59:59")
    assert waiting["rung:urge"] == at("2026-02-25 23:59:59")
    assert [words for _, words in await told(city, number, "resumed")] == [
        f"工单{number}已恢复办理，办理期限2026-02-24 23:59。"
    ]


async def test_resumed_at_once_nothing_has_changed(city: City, number: str) -> None:
    before, planned = await city.ticket(number), await rungs(city, number)
    await suspended(city, number)
    await city.does(DISPATCHER, number, Act.RESUME)
    assert (await city.ticket(number)).handle_due == before.handle_due
    assert await rungs(city, number) == planned


async def test_what_was_overdue_stays_as_overdue_and_no_more(city: City, number: str) -> None:
    """Due on the 19th, stopped on the 21st, two working days over it; so it is a month later."""
    city.it_is("2026-01-21 10:00")
    await suspended(city, number)
    city.it_is("2026-02-26 10:00")  # Thursday
    await city.does(DISPATCHER, number, Act.RESUME)
    assert (await city.ticket(number)).handle_due == at("2026-02-24 23:59:59")


async def test_a_limit_of_hours_goes_on_to_the_minute(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed(
        **LAMP | {"category": ["公用事业", "供热", "停热"], "urgency": "紧急"}
    )
    worker = unit((await city.ticket(number)).unit)
    city.it_is("2026-01-12 13:00")  # four of twenty-four hours are used
    await city.does(worker, number, Act.ASK_SUSPENSION, **WHY)
    await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=True)
    assert (await city.ticket(number)).left == 20 * 3600
    city.it_is("2026-01-17 08:30")
    await city.does(DISPATCHER, number, Act.RESUME)
    assert (await city.ticket(number)).handle_due == at("2026-01-18 04:30")


async def test_each_review_sets_the_next_one(city: City, number: str) -> None:
    await suspended(city, number)
    city.it_is("2026-02-10 09:00")
    await city.does(DISPATCHER, number, Act.REVIEW_SUSPENSION, words="鉴定仍未出具")
    assert await timers(city, number) == {"suspension_review": at("2026-03-12 23:59:59")}
    city.it_is("2026-04-01 09:00")
    await city.does(DISPATCHER, number, Act.REVIEW_SUSPENSION, words="鉴定仍未出具")
    assert await timers(city, number) == {"suspension_review": at("2026-05-01 23:59:59")}
    assert (await city.ticket(number)).state == TicketState.SUSPENDED


async def test_refused_the_clock_has_never_stopped(city: City, number: str) -> None:
    planned = await rungs(city, number)
    city.it_is("2026-01-14 10:00")
    await city.does(WORKER, number, Act.ASK_SUSPENSION, **WHY)
    city.it_is("2026-01-16 10:00")
    await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=False, words="可先行维修")
    ticket = await city.ticket(number)
    assert (ticket.state, ticket.handle_due) == (TicketState.SIGNED, at("2026-01-19 23:59:59"))
    assert await rungs(city, number) == planned
    assert await told(city, number, "suspended") == []


async def test_nothing_is_handled_while_it_is_suspended(city: City, number: str) -> None:
    await suspended(city, number)
    for act, given in (
        (Act.HANDLE, {"words": "已修复"}),
        (Act.ASK_POSTPONEMENT, {"workdays": 1, "reason": "complex", "words": "复杂"}),
        (Act.ASK_RETURN, {"reason": "not_our_duty", "words": "不属于"}),
        (Act.ASK_SUSPENSION, WHY),
    ):
        with pytest.raises(ActOutOfOrder):
            await city.does(WORKER, number, act, **given)


async def test_the_unit_asks_and_the_hotline_decides_and_resumes(city: City, number: str) -> None:
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    with pytest.raises(NotYourTask):
        await city.does(unit("housing"), number, Act.ASK_SUSPENSION, **WHY)
    with pytest.raises(ReasonUnknown):
        await city.does(WORKER, number, Act.ASK_SUSPENSION, reason="holiday", words="放假")
    with pytest.raises(NothingAsked):  # the hotline does not stop a clock by itself
        await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=True)
    await city.does(WORKER, number, Act.ASK_SUSPENSION, **WHY)
    with pytest.raises(AskedAlready):
        await city.does(WORKER, number, Act.ASK_SUSPENSION, **WHY)
    for who in (WORKER, AUTHORITY):
        with pytest.raises(ActForbidden):
            await city.does(who, number, Act.DECIDE_SUSPENSION, granted=True)
    await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=True)
    with pytest.raises(ActForbidden):
        await city.does(WORKER, number, Act.RESUME)


async def test_a_second_suspension_counts_what_the_first_one_left(city: City, number: str) -> None:
    city.it_is("2026-01-15 10:00")
    await suspended(city, number)  # two working days left
    city.it_is("2026-01-20 10:00")
    await city.does(DISPATCHER, number, Act.RESUME)  # due on Thursday the 22nd
    city.it_is("2026-01-21 10:00")
    await suspended(city, number)  # one left
    city.it_is("2026-01-28 10:00")
    await city.does(DISPATCHER, number, Act.RESUME)
    assert (await city.ticket(number)).handle_due == at("2026-01-29 23:59:59")
