"""Two people at one ticket take turns, and a clock that is set back does not turn history round."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from core.loop.errors import ActOutOfOrder, AskedAlready, NothingAsked
from core.loop.states import Act, TicketState
from core.ports import Viewer
from core.store.tables import TicketRow
from tests.core.loop.city import DISPATCHER, SUPERVISOR, City, at, head, unit
from tests.core.loop.looking import requests, tasks

WORKER = unit("city_management")
COLLEAGUE = Viewer("u2-city_management", "同事", "unit", unit="city_management")


async def both(city: City, *acts: tuple[Viewer, str, Act, dict[str, object]]) -> list[object]:
    """Done at once; what came of each, an error where it was refused."""
    return await asyncio.gather(
        *(city.does(who, number, act, **given) for who, number, act, given in acts),
        return_exceptions=True,
    )


def won(results: list[object]) -> list[TicketRow]:
    return [one for one in results if isinstance(one, TicketRow)]


async def test_of_those_who_sign_at_once_exactly_one_has_signed(city: City) -> None:
    number = await city.dispatched()
    people = (WORKER, COLLEAGUE, head("city_management"))
    results = await both(city, *((who, number, Act.SIGN, {}) for who in people))
    assert len(won(results)) == 1
    assert [type(one) for one in results if one not in won(results)] == [ActOutOfOrder] * 2
    [task] = await tasks(city, number)
    signed = [step for step in await city.history(number) if step.act == Act.SIGN]
    assert [step.actor for step in signed] == [task.signed_by]


async def test_two_dispatches_at_once_give_it_to_one_unit(city: City) -> None:
    number = await city.classified()
    results = await both(
        city,
        (DISPATCHER, number, Act.DISPATCH, {}),
        (SUPERVISOR, number, Act.DISPATCH, {"unit": "housing", "words": "物业小区"}),
    )
    [ticket] = won(results)
    assert [(one.unit, one.part) for one in await tasks(city, number)] == [(ticket.unit, "main")]
    assert (await city.ticket(number)).first_unit == ticket.unit


async def test_a_request_is_made_once_and_decided_once(city: City) -> None:
    number = await city.signed()
    more = {"workdays": 2, "reason": "complex", "words": "复杂"}
    results = await both(
        city, *((who, number, Act.ASK_POSTPONEMENT, more) for who in (WORKER, COLLEAGUE))
    )
    assert sorted(type(one).__name__ for one in results) == [AskedAlready.__name__, "TicketRow"]
    before = (await city.ticket(number)).handle_due
    results = await both(
        city,
        *(
            (who, number, Act.DECIDE_POSTPONEMENT, {"granted": True})
            for who in (DISPATCHER, SUPERVISOR)
        ),
    )
    assert sorted(type(one).__name__ for one in results) == [NothingAsked.__name__, "TicketRow"]
    assert before == at("2026-01-19 23:59:59")
    assert (await city.ticket(number)).handle_due == at("2026-01-21 23:59:59")
    assert [one.state for one in await requests(city, number, "postponement")] == ["granted"]


async def test_handled_and_suspended_at_once_it_is_one_of_both(city: City) -> None:
    number = await city.signed()
    await city.does(WORKER, number, Act.ASK_SUSPENSION, reason="appraisal", words="等待鉴定")
    results = await both(
        city,
        (WORKER, number, Act.HANDLE, {"words": "已修复"}),
        (DISPATCHER, number, Act.DECIDE_SUSPENSION, {"granted": True}),
    )
    assert len(won(results)) == 1
    assert await city.state(number) in (TicketState.HANDLED, TicketState.SUSPENDED)


async def test_a_clock_set_back_writes_no_step_before_the_last_one(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched()
    city.it_is("2026-01-11 08:00")  # the machine's clock is set back by a day
    await city.does(WORKER, number, Act.SIGN)
    city.it_is("2026-01-12 08:59")
    await city.does(WORKER, number, Act.ASK_SUSPENSION, reason="appraisal", words="等待鉴定")
    await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=True)
    steps = await city.history(number)
    assert all(before.at <= after.at for before, after in pairwise(steps))
    assert {step.at for step in steps[-3:]} == {at("2026-01-12 09:00")}
    ticket = await city.ticket(number)
    assert ticket.signed_at == ticket.suspended_at == at("2026-01-12 09:00")
    # Set right again, it goes on: nothing of the limit was won or lost.
    city.it_is("2026-01-12 10:00")
    await city.does(DISPATCHER, number, Act.RESUME)
    assert (await city.ticket(number)).handle_due == at("2026-01-19 23:59:59")
