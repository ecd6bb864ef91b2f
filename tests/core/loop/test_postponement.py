"""More time: asked for in time, decided at the right level, told to the caller."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from core.loop.errors import (
    ActForbidden,
    AskedAlready,
    HigherLevel,
    NothingAsked,
    NotYourTask,
    ReasonUnknown,
    TooLate,
    TooOften,
)
from core.loop.states import Act, TicketState
from core.ports import Viewer
from tests.core.loop.city import (
    AUTHORITY,
    DISPATCHER,
    GOVERNMENT,
    LAMP,
    SUPERVISOR,
    City,
    at,
    unit,
)
from tests.core.loop.looking import requests, rungs, tasks, told

WORKER = unit("city_management")
WHY = {"reason": "complex", "words": "需要开挖路面"}


@pytest.fixture
async def number(city: City) -> str:
    """Due on Thursday, February 12; then the 13th and, made up for, Saturday the 14th are worked,
    and nothing from the 15th to the 23rd."""
    city.it_is("2026-02-05 09:00")
    return await city.signed()


async def postponed(city: City, number: str, workdays: int, by: Viewer = DISPATCHER) -> None:
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=workdays, **WHY)
    await city.does(by, number, Act.DECIDE_POSTPONEMENT, granted=True)


async def test_granted_the_limit_moves_by_working_days_from_the_day_it_was_due(
    city: City, number: str
) -> None:
    assert (await city.ticket(number)).handle_due == at("2026-02-12 23:59:59")
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    city.it_is("2026-02-10 10:00")
    await postponed(city, number, 3)
    ticket = await city.ticket(number)
    # Fri 13, Sat 14 (made up for), Tue 24.
    end = at("2026-02-24 23:59:59")
    assert (ticket.state, ticket.handle_due, ticket.postponements) == (
        TicketState.SIGNED, end, 1,
    )  # fmt: skip
    assert {(part.unit, part.due) for part in await tasks(city, number)} == {
        ("city_management", end),
        ("housing", end),
    }
    planned = await rungs(city, number)
    assert planned["warn"] == at("2026-02-14 23:59:59")
    assert planned["urge"] == at("2026-02-25 23:59:59")
    assert planned["supervise"] == at("2026-02-27 23:59:59")
    [(recipient, words)] = await told(city, number, "postponed")
    assert recipient == "caller"
    assert "2026-02-24 23:59" in words
    step = (await city.history(number))[-1]
    assert step.reason == "complex"
    assert step.details["workdays"] == 3


async def test_a_part_that_is_done_keeps_its_date(city: City, number: str) -> None:
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    await city.does(unit("housing"), number, Act.ASSIST_DONE, words="已配合")
    await postponed(city, number, 1)
    dates = {part.unit: part.due for part in await tasks(city, number)}
    assert dates["housing"] == at("2026-02-12 23:59:59")
    assert dates["city_management"] == at("2026-02-13 23:59:59")


async def test_refused_nothing_changes_and_nobody_is_told(city: City, number: str) -> None:
    planned = await rungs(city, number)
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=3, **WHY)
    await city.does(DISPATCHER, number, Act.DECIDE_POSTPONEMENT, granted=False, words="可按期")
    ticket = await city.ticket(number)
    assert (ticket.handle_due, ticket.postponements) == (at("2026-02-12 23:59:59"), 0)
    assert await rungs(city, number) == planned
    assert await told(city, number, "postponed") == []


async def test_it_is_asked_for_before_the_limit_is_over(city: City, number: str) -> None:
    city.it_is("2026-02-13 00:00")
    with pytest.raises(TooLate):
        await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=1, **WHY)
    city.it_is("2026-02-12 23:59")
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=1, **WHY)
    # Decided later it still counts from the day on which it was due.
    city.it_is("2026-02-13 11:00")
    await city.does(DISPATCHER, number, Act.DECIDE_POSTPONEMENT, granted=True)
    assert (await city.ticket(number)).handle_due == at("2026-02-13 23:59:59")


async def test_what_the_hotline_may_not_grant_is_decided_one_level_higher(
    city: City, number: str
) -> None:
    await postponed(city, number, 2)
    city.later(hours=1)
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=2, **WHY)
    assert [one.level for one in await requests(city, number, "postponement")] == [1, 2]
    for who in (DISPATCHER, SUPERVISOR):  # the whole hotline is the level below
        with pytest.raises(HigherLevel):
            await city.does(who, number, Act.DECIDE_POSTPONEMENT, granted=True)
        with pytest.raises(HigherLevel):
            await city.does(who, number, Act.DECIDE_POSTPONEMENT, granted=False)
    with pytest.raises(ActForbidden):
        await city.does(GOVERNMENT, number, Act.DECIDE_POSTPONEMENT, granted=True)
    await city.does(AUTHORITY, number, Act.DECIDE_POSTPONEMENT, granted=True)
    assert (await city.ticket(number)).handle_due == at("2026-02-25 23:59:59")


async def test_a_refusal_uses_up_no_approval(city: City, number: str) -> None:
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=2, **WHY)
    await city.does(DISPATCHER, number, Act.DECIDE_POSTPONEMENT, granted=False)
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=2, **WHY)
    await city.does(DISPATCHER, number, Act.DECIDE_POSTPONEMENT, granted=True)


async def test_no_more_than_the_rules_give_in_all(city: City, number: str) -> None:
    with pytest.raises(TooOften):
        await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=11, **WHY)
    await postponed(city, number, 6)
    with pytest.raises(TooOften) as refused:
        await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=5, **WHY)
    assert refused.value.details["left"] == 4
    await postponed(city, number, 4, by=AUTHORITY)
    with pytest.raises(TooOften):
        await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=1, **WHY)


async def test_a_limit_of_hours_ends_with_a_working_day_once_it_is_lengthened(city: City) -> None:
    city.it_is("2026-02-13 14:00")
    number = await city.signed(
        **LAMP | {"category": ["公用事业", "供热", "停热"], "urgency": "紧急"}
    )
    worker = unit((await city.ticket(number)).unit)
    assert (await city.ticket(number)).handle_due == at("2026-02-14 14:00")
    await city.does(worker, number, Act.ASK_POSTPONEMENT, workdays=1, **WHY)
    await city.does(DISPATCHER, number, Act.DECIDE_POSTPONEMENT, granted=True)
    ticket = await city.ticket(number)
    assert (ticket.handle_due, ticket.handle_unit) == (at("2026-02-24 23:59:59"), "workdays")


async def test_who_may_ask_and_what_it_takes(city: City, number: str) -> None:
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    with pytest.raises(NotYourTask):
        await city.does(unit("housing"), number, Act.ASK_POSTPONEMENT, workdays=1, **WHY)
    for wrong in ({"workdays": 0} | WHY, {"workdays": -3} | WHY, {"workdays": 1}):
        with pytest.raises(Invalid):
            await city.does(WORKER, number, Act.ASK_POSTPONEMENT, **wrong)
    with pytest.raises(ReasonUnknown):
        await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=1, reason="busy", words="忙")
    with pytest.raises(NothingAsked):
        await city.does(DISPATCHER, number, Act.DECIDE_POSTPONEMENT, granted=True)
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=1, **WHY)
    with pytest.raises(AskedAlready):
        await city.does(WORKER, number, Act.ASK_POSTPONEMENT, workdays=1, **WHY)
    with pytest.raises(ActForbidden):
        await city.does(WORKER, number, Act.DECIDE_POSTPONEMENT, granted=True)
