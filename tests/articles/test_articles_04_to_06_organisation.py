"""Articles 4 to 6: city and county, hotline and units; whose ticket it is."""

from __future__ import annotations

import pytest

from core.errors import NotFound
from core.loop.shares import Period, Share, Slice
from core.loop.states import Act
from core.ports import TicketQuery, Viewer
from tests.core.loop.city import AUDITOR, LUBEI_DISPATCHER, SUPERVISOR, City, at, unit

QIANAN_DISPATCHER = Viewer("1301", "迁安派单员", "dispatcher", county="130283")
QIANAN_HEAD = Viewer("1302", "迁安热线负责人", "supervisor", county="130283")


@pytest.mark.requirement("R02")
async def test_a_county_sees_its_own_a_unit_what_it_was_given_the_city_all(city: City) -> None:
    number = await city.dispatched(district="路北区")
    holder = unit((await city.ticket(number)).unit)
    for who in (SUPERVISOR, LUBEI_DISPATCHER, holder):
        assert (await city.desk.offices.work.detail(who, number)).number == number
    for stranger in (QIANAN_DISPATCHER, unit("housing")):
        with pytest.raises(NotFound):
            await city.desk.offices.work.detail(stranger, number)


@pytest.mark.requirement("R02")
async def test_a_list_shows_each_of_them_those_and_no_others(city: City) -> None:
    lamp = await city.dispatched(district="路北区")
    water = await city.dispatched(district="迁安市", category=["公用事业", "供水", "停水"])
    expected: tuple[tuple[Viewer, set[str]], ...] = (
        (SUPERVISOR, {lamp, water}),
        (LUBEI_DISPATCHER, {lamp}),
        (QIANAN_DISPATCHER, {water}),
        (unit("city_management"), {lamp}),
        (unit("water_company"), {water}),
        (unit("housing"), set()),
    )
    for who, numbers in expected:
        page = await city.desk.offices.work.tickets(who, TicketQuery())
        assert {line.number for line in page.lines} == numbers, who.name


@pytest.mark.requirement("R02")
async def test_the_figures_of_a_county_are_those_of_its_own_tickets(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    for district in ("路北区", "路北区", "迁安市"):
        await city.archived(district=district)
    period = Period(at("2026-01-12 00:00"), at("2026-01-13 00:00"))
    of_all = await city.desk.offices.rates.rates(SUPERVISOR, period, Slice.COUNTY)
    assert {place: rates.response for place, rates in of_all.items()} == {
        "130203": Share(2, 2),
        "130283": Share(1, 1),
    }
    own = await city.desk.offices.rates.rates(QIANAN_HEAD, period)
    assert own[""].response == Share(1, 1)


@pytest.mark.requirement("R02")
async def test_reaching_for_what_is_not_ones_own_is_refused_and_leaves_a_trace(city: City) -> None:
    number = await city.dispatched(district="路北区")
    with pytest.raises(NotFound):
        await city.desk.offices.work.perform(unit("housing"), number, Act.SIGN, {})
    lines = await city.desk.offices.audit.who_saw(AUDITOR, number)
    refused = [line for line in lines if line.actor == "u-housing"]
    assert [(line.act, line.error_id) for line in refused] == [("sign", "not_found")]
