"""Giving a ticket back: the clock runs on, the hotline decides, in the end it designates."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.errors import Invalid, NotFound
from core.loop.errors import (
    AccusedHandles,
    ActForbidden,
    ActOutOfOrder,
    AskedAlready,
    NothingAsked,
    NotYourTask,
    ReasonUnknown,
    TooLate,
    TooOften,
    WayClosed,
)
from core.loop.states import Act, TicketState
from core.pack import CityPack
from core.policy import PolicyBook
from core.policy.directory import UnitFacts
from tests.core.conftest import ManualClock, open_desk
from tests.core.loop.city import AGENT, AUTHORITY, DISPATCHER, City, at, unit
from tests.core.loop.looking import requests, rungs, tasks, told

FIRST, SECOND, THIRD = unit("city_management"), unit("housing"), unit("transport")
NOT_OURS = {"reason": "not_our_duty", "words": "路灯属于小区物业"}


@pytest.fixture
async def number(city: City) -> str:
    """Given out on Monday morning: back until Wednesday, to be handled until next Monday."""
    city.it_is("2026-01-12 09:00")
    return await city.dispatched()


async def moves(city: City, number: str, away: str, to: str) -> None:
    await city.does(unit(away), number, Act.ASK_RETURN, **NOT_OURS)
    await city.does(DISPATCHER, number, Act.DECIDE_RETURN, granted=True, unit=to, words="归属明确")


async def test_while_it_is_undecided_the_clock_runs_and_the_unit_stays_responsible(
    city: City, number: str
) -> None:
    before, planned = await city.ticket(number), await rungs(city, number)
    city.it_is("2026-01-13 10:00")
    await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    after = await city.ticket(number)
    assert (after.unit, after.first_unit) == ("city_management", "city_management")
    assert (after.sign_due, after.handle_due) == (before.sign_due, before.handle_due)
    assert after.handle_due == at("2026-01-19 23:59:59")
    assert await rungs(city, number) == planned
    await city.does(FIRST, number, Act.SIGN)  # it may and has to go on


async def test_refused_it_stays_where_it_is_with_the_dates_it_had(city: City, number: str) -> None:
    before = await city.ticket(number)
    await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    city.it_is("2026-01-15 17:00")
    await city.does(DISPATCHER, number, Act.DECIDE_RETURN, granted=False, words="属于你单位")
    after = await city.ticket(number)
    assert after.state == TicketState.DISPATCHED
    assert (after.unit, after.sign_due, after.handle_due, after.dispatches, after.returns) == (
        "city_management", before.sign_due, before.handle_due, 1, 0,
    )  # fmt: skip
    [(recipient, words)] = await told(city, number, "return_refused")
    assert recipient == "unit:city_management"
    assert "2026-01-19 23:59" in words
    step = (await city.history(number))[-1]
    assert (step.reason, step.details["granted"]) == ("not_our_duty", False)


async def test_granted_the_other_unit_is_dated_from_its_own_dispatch(
    city: City, number: str
) -> None:
    await city.does(FIRST, number, Act.SIGN)
    await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    city.it_is("2026-01-15 17:00")  # Thursday: Fri, Mon, Tue, Wed, Thu
    await city.does(
        DISPATCHER, number, Act.DECIDE_RETURN, granted=True, unit="housing", words="物业管理区域内"
    )
    ticket = await city.ticket(number)
    assert ticket.state == TicketState.DISPATCHED
    assert (ticket.unit, ticket.first_unit) == ("housing", "city_management")
    assert ticket.sign_due == at("2026-01-16 23:59:59")
    assert ticket.handle_due == at("2026-01-22 23:59:59")
    assert (ticket.dispatches, ticket.returns, ticket.signed_at) == (2, 1, None)
    assert [(part.unit, part.part, part.due) for part in await tasks(city, number)] == [
        ("housing", "main", ticket.handle_due)
    ]
    assert (await rungs(city, number))["warn"] == at("2026-01-21 23:59:59")
    assert [one[0] for one in await told(city, number, "return_granted")] == [
        "unit:city_management"
    ]
    with pytest.raises(NotFound):  # it has no part any more
        await city.does(FIRST, number, Act.SIGN)
    step = (await city.history(number))[-1]
    assert (step.details["from"], step.details["unit"], step.details["by_directory"]) == (
        "city_management", "housing", False,
    )  # fmt: skip


async def test_without_a_name_the_directory_decides_and_never_for_the_same_unit(
    city: City, number: str
) -> None:
    wrong = {"reason": "wrong_facts", "words": "是噪声不是路灯"}
    await city.does(FIRST, number, Act.ASK_RETURN, **wrong)
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.DECIDE_RETURN, granted=True, words="改派")
    assert (await city.ticket(number)).dispatches == 1
    noise = ["生态环境", "噪声", "社会生活噪声"]
    await city.does(DISPATCHER, number, Act.AMEND, fields={"category": noise})
    await city.does(DISPATCHER, number, Act.DECIDE_RETURN, granted=True, words="改派")
    ticket = await city.ticket(number)
    assert (ticket.unit, ticket.directory_line, ticket.dispatches) == ("police", "c080302", 2)


async def test_the_term_begins_with_the_units_own_dispatch(city: City, number: str) -> None:
    """Monday's until Wednesday; the second unit's, given on Thursday, until Monday."""
    city.it_is("2026-01-14 23:59")
    await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    city.it_is("2026-01-15 08:00")
    await city.does(
        DISPATCHER, number, Act.DECIDE_RETURN, granted=True, unit="housing", words="归属明确"
    )
    city.it_is("2026-01-20 00:00")
    with pytest.raises(TooLate) as late:
        await city.does(SECOND, number, Act.ASK_RETURN, **NOT_OURS)
    assert at("2026-01-19 23:59:59").isoformat() != late.value.details["term"]
    city.it_is("2026-01-19 23:59")
    await city.does(SECOND, number, Act.ASK_RETURN, **NOT_OURS)


async def test_a_unit_asks_once_and_not_again_after_a_refusal(city: City, number: str) -> None:
    await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    with pytest.raises(AskedAlready):
        await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    await city.does(DISPATCHER, number, Act.DECIDE_RETURN, granted=False, words="属于你单位")
    city.later(minutes=1)
    with pytest.raises(AskedAlready):
        await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    with pytest.raises(NothingAsked):
        await city.does(DISPATCHER, number, Act.DECIDE_RETURN, granted=False, words="同上")


async def test_after_the_last_dispatch_the_unit_is_designated_and_nothing_comes_back(
    city: City, number: str
) -> None:
    await moves(city, number, "city_management", "housing")
    assert not (await city.ticket(number)).designated
    city.later(minutes=5)
    await moves(city, number, "housing", "transport")
    ticket = await city.ticket(number)
    assert (ticket.unit, ticket.dispatches, ticket.returns) == ("transport", 3, 2)
    assert ticket.designated
    assert [one[0] for one in await told(city, number, "designated")] == ["unit:transport"]
    with pytest.raises(TooOften):
        await city.does(THIRD, number, Act.ASK_RETURN, **NOT_OURS)
    assert ticket.first_unit == "city_management"
    # The hotline itself may still correct its choice, and the new one does not return it either.
    await city.does(DISPATCHER, number, Act.DESIGNATE, unit="police", words="联席意见")
    with pytest.raises(TooOften):
        await city.does(unit("police"), number, Act.ASK_RETURN, **NOT_OURS)


async def test_whoever_let_the_term_pass_is_designated_and_keeps_its_dates(
    city: City, number: str
) -> None:
    with pytest.raises(WayClosed):  # it may still give it back
        await city.does(DISPATCHER, number, Act.DESIGNATE, words="指定")
    await city.does(FIRST, number, Act.SIGN)
    before = await city.ticket(number)
    city.it_is("2026-01-15 09:00")
    with pytest.raises(TooLate):
        await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    await city.does(DISPATCHER, number, Act.DESIGNATE, words="逾期未退，指定承办")
    after = await city.ticket(number)
    assert (after.state, after.designated) == (TicketState.SIGNED, True)
    assert (after.handle_due, after.dispatches) == (before.handle_due, 1)
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.DESIGNATE, words="再次指定")
    # Another unit instead, dated anew.
    await city.does(DISPATCHER, number, Act.DESIGNATE, unit="housing", words="另行指定")
    other = await city.ticket(number)
    assert (other.state, other.unit) == (TicketState.DISPATCHED, "housing")
    assert other.handle_due == at("2026-01-22 23:59:59")
    with pytest.raises(WayClosed) as refused:  # in its term, and not the third time
        await city.does(SECOND, number, Act.ASK_RETURN, **NOT_OURS)
    assert "designated" in str(refused.value)


async def test_what_was_asked_in_time_is_decided_before_anybody_is_designated(
    city: City, number: str
) -> None:
    await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    city.it_is("2026-01-16 09:00")
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.DESIGNATE, words="指定")


async def test_only_the_main_unit_asks_and_only_the_hotline_decides(
    city: City, number: str
) -> None:
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    with pytest.raises(NotYourTask):
        await city.does(SECOND, number, Act.ASK_RETURN, **NOT_OURS)
    with pytest.raises(NotFound):
        await city.does(THIRD, number, Act.ASK_RETURN, **NOT_OURS)
    with pytest.raises(ReasonUnknown):
        await city.does(FIRST, number, Act.ASK_RETURN, reason="too_busy", words="忙")
    with pytest.raises(Invalid):
        await city.does(FIRST, number, Act.ASK_RETURN, reason="not_our_duty")
    await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    for who in (FIRST, AGENT, AUTHORITY):
        with pytest.raises(ActForbidden):
            await city.does(who, number, Act.DECIDE_RETURN, granted=True, words="同意")


async def test_the_accused_gets_it_neither_by_return_nor_by_designation(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.classified()
    await city.does(DISPATCHER, number, Act.DISPATCH, accused="housing")
    await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    with pytest.raises(AccusedHandles):
        await city.does(
            DISPATCHER, number, Act.DECIDE_RETURN, granted=True, unit="housing", words="改派"
        )
    await city.does(DISPATCHER, number, Act.DECIDE_RETURN, granted=False, words="属于你单位")
    city.it_is("2026-01-16 09:00")
    with pytest.raises(AccusedHandles):
        await city.does(DISPATCHER, number, Act.DESIGNATE, unit="housing", words="指定")


async def test_whoever_becomes_main_does_not_assist_itself(city: City, number: str) -> None:
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing", "transport"])
    await moves(city, number, "city_management", "housing")
    assert {(part.unit, part.part) for part in await tasks(city, number)} == {
        ("transport", "assist"),
        ("housing", "main"),
    }


async def test_what_was_asked_is_void_once_the_ticket_is_handled_or_elsewhere(
    city: City, number: str
) -> None:
    await city.does(FIRST, number, Act.SIGN)
    await city.does(FIRST, number, Act.ASK_SUSPENSION, reason="appraisal", words="等待鉴定")
    await moves(city, number, "city_management", "housing")
    assert [one.state for one in await requests(city, number, "suspension")] == ["void"]
    assert [one.state for one in await requests(city, number, "return")] == ["granted"]
    city.later(minutes=5)
    await city.does(SECOND, number, Act.ASK_RETURN, **NOT_OURS)
    await city.does(SECOND, number, Act.SIGN)
    await city.does(SECOND, number, Act.HANDLE, words="已修复")
    assert [one.state for one in await requests(city, number, "return")] == ["granted", "void"]
    with pytest.raises(ActOutOfOrder):
        await city.does(DISPATCHER, number, Act.DECIDE_RETURN, granted=False, words="已办")


async def test_handled_again_it_is_the_new_part_that_is_signed_and_dated(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.answered()
    await city.follows_up(number, satisfied=False)
    city.it_is("2026-01-20 09:00")
    await city.does(DISPATCHER, number, Act.REDO)
    city.it_is("2026-01-22 09:00")  # in the term of the second dispatch, not of the first
    await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    await city.does(FIRST, number, Act.SIGN)
    assert [(part.state, part.given_at) for part in await tasks(city, number)] == [
        ("done", at("2026-01-12 09:00")),
        ("signed", at("2026-01-20 09:00")),
    ]


@pytest.fixture
async def with_a_town(
    database_url: str, pack: CityPack, policies: PolicyBook
) -> AsyncIterator[City]:
    """``women`` stands in for a town's government: the pack lists none as a unit yet."""
    rules = policies.versions[0]
    town = UnitFacts(unit="women", rank="grassroots")
    directory = rules.directory.model_copy(update={"units": (*rules.directory.units, town)})
    book = PolicyBook((replace(rules, directory=directory),))
    clock = ManualClock()
    async with open_desk(database_url, pack, book, clock) as desk:
        yield City(desk, clock, book)


async def test_a_departments_duty_is_not_pushed_down_on_the_way_back_either(
    with_a_town: City,
) -> None:
    city = with_a_town
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched()
    await city.does(FIRST, number, Act.ASK_RETURN, **NOT_OURS)
    with pytest.raises(WayClosed):
        await city.does(
            DISPATCHER, number, Act.DECIDE_RETURN, granted=True, unit="women", words="属地办理"
        )
    await city.does(DISPATCHER, number, Act.DECIDE_RETURN, granted=False, words="属于你单位")
    city.it_is("2026-01-16 09:00")
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.DESIGNATE, unit="women", words="属地办理")
    assert (await city.ticket(number)).unit == "city_management"
