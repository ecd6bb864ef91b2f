"""The unit that is complained about: named in good time, kept from the matter with its parts."""

from __future__ import annotations

import pytest

from core.loop.errors import AccusedHandles, HigherLevel, UnitUnknown
from core.loop.states import Act, TicketState
from tests.core.loop.city import AGENT, DISPATCHER, SUPERVISOR, City

JAM = {"category": ["交通出行", "道路交通", "违停"]}  # the traffic police's, a part of the police


@pytest.mark.parametrize("act", [Act.AMEND, Act.CLASSIFY])
async def test_whoever_is_named_beforehand_does_not_get_it(city: City, act: Act) -> None:
    number = await city.classified()
    await city.does(AGENT, number, act, accused="city_management")
    assert (await city.history(number))[-1].details["accused"] == "city_management"
    with pytest.raises(AccusedHandles):
        await city.does(DISPATCHER, number, Act.DISPATCH)
    await city.does(DISPATCHER, number, Act.DISPATCH, unit="housing", words="回避")
    assert (await city.ticket(number)).unit == "housing"


async def test_a_unit_that_nobody_knows_is_not_accused(city: City) -> None:
    number = await city.classified()
    for who, act in ((AGENT, Act.AMEND), (AGENT, Act.CLASSIFY), (DISPATCHER, Act.DISPATCH)):
        with pytest.raises(UnitUnknown):
            await city.does(who, number, act, accused="city_managment")
    with pytest.raises(UnitUnknown):
        await city.does(AGENT, number, Act.TRANSFER, organ="justice", accused="city_managment")
    ticket = await city.ticket(number)
    assert (ticket.state, ticket.accused) == ("classified", "")


@pytest.mark.parametrize("other", ["", "housing"])
async def test_a_name_is_taken_back_or_changed_by_a_supervisor_only(city: City, other: str) -> None:
    number = await city.classified()
    await city.does(AGENT, number, Act.AMEND, accused="city_management")
    for who, act in (
        (AGENT, Act.AMEND),
        (DISPATCHER, Act.CLASSIFY),
        (DISPATCHER, Act.DISPATCH),
        (DISPATCHER, Act.TRANSFER),
    ):
        given = {"organ": "justice"} if act is Act.TRANSFER else {}
        with pytest.raises(HigherLevel):
            await city.does(who, number, act, accused=other, **given)
    await city.does(AGENT, number, Act.AMEND, accused="city_management")  # once more is no change
    await city.does(SUPERVISOR, number, Act.AMEND, accused=other)
    assert (await city.ticket(number)).accused == other
    await city.does(DISPATCHER, number, Act.DISPATCH)
    assert (await city.ticket(number)).unit == "city_management"


async def test_who_is_found_accused_loses_its_part_in_it_at_once(city: City) -> None:
    number = await city.dispatched()
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    await city.does(AGENT, number, Act.AMEND, accused="housing")
    assert [part.unit for part in await city.desk.offices.loop.parts(DISPATCHER, number)] == [
        "city_management"
    ]
    assert await city.told(number, "taken_back") == ["unit:housing"]
    with pytest.raises(AccusedHandles):
        await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    await city.does(SUPERVISOR, number, Act.AMEND, accused="city_management")
    ticket = await city.ticket(number)
    assert (ticket.state, ticket.unit) == (TicketState.CLASSIFIED, "")
    with pytest.raises(AccusedHandles):
        await city.does(DISPATCHER, number, Act.DISPATCH)


async def test_a_part_of_the_accused_handles_nothing_told_against_it(city: City) -> None:
    number = await city.classified(**JAM)
    await city.does(AGENT, number, Act.AMEND, accused="police")
    with pytest.raises(AccusedHandles):
        await city.does(DISPATCHER, number, Act.DISPATCH)
    main = await city.dispatched(**JAM)
    with pytest.raises(AccusedHandles):
        await city.merges(number, main)
    await city.does(AGENT, main, Act.AMEND, accused="police")
    assert await city.state(main) is TicketState.CLASSIFIED


async def test_who_stands_above_the_accused_may_handle_it(city: City) -> None:
    number = await city.classified(**JAM)
    given = {"accused": "traffic_police", "unit": "police", "words": "上级单位核查"}
    await city.does(DISPATCHER, number, Act.DISPATCH, **given)
    assert await city.state(number) is TicketState.DISPATCHED
