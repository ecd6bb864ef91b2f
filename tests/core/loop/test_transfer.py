"""What is transferred goes to those who lawfully take it over, and to nobody by a side door."""

from __future__ import annotations

from typing import Any

import pytest

from core.loop.errors import TicketIncomplete, UnitUnknown, WayClosed
from core.loop.states import Act, TicketState
from tests.core.loop.city import AGENT, DISPATCHER, SUPERVISOR, City


@pytest.mark.parametrize("who", [AGENT, DISPATCHER, SUPERVISOR], ids=lambda who: who.role)
@pytest.mark.parametrize("organ", ["housing", "city_management", "power_company", "hotline_centre"])
async def test_a_unit_gets_nothing_past_its_dispatch(city: City, who: Any, organ: str) -> None:
    number = await city.classified()
    with pytest.raises(WayClosed):
        await city.does(who, number, Act.TRANSFER, organ=organ)
    assert await city.state(number) is TicketState.CLASSIFIED


@pytest.mark.parametrize("organ", ["110", "95598", "justice", "inspection_office"])
async def test_lines_and_those_who_supervise_take_it_over(city: City, organ: str) -> None:
    number = await city.classified()
    await city.does(AGENT, number, Act.TRANSFER, organ=organ)
    assert await city.state(number) is TicketState.TRANSFERRED


@pytest.mark.parametrize("organ", ["nobody", "999"])
async def test_an_organ_that_nobody_knows_gets_nothing(city: City, organ: str) -> None:
    with pytest.raises(UnitUnknown):
        await city.does(AGENT, await city.classified(), Act.TRANSFER, organ=organ)


async def test_who_decides_about_it_is_told_what_it_is_and_whether_it_is_confidential(
    city: City,
) -> None:
    number = await city.classified(title=None, content=None, confidential=None)
    with pytest.raises(TicketIncomplete) as refused:
        await city.does(AGENT, number, Act.TRANSFER, organ="justice")
    assert refused.value.details["missing"] == ["title", "content", "confidential"]
    await city.does(AGENT, number, Act.AMEND, fields={"title": "路灯不亮", "confidential": False})
    await city.does(AGENT, number, Act.TRANSFER, organ="justice")
    assert await city.state(number) is TicketState.TRANSFERRED


async def test_an_emergency_does_not_wait_for_the_form(city: City) -> None:
    number = await city.classified(title=None, content=None, confidential=None)
    await city.does(AGENT, number, Act.TRANSFER, organ="119")
    assert await city.state(number) is TicketState.TRANSFERRED
