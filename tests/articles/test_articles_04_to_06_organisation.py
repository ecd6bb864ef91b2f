"""Articles 4 to 6: city and county, hotline and units; whose ticket it is."""

from __future__ import annotations

import pytest

from core.errors import NotFound
from core.loop.states import Act
from core.ports import Viewer
from tests.core.loop.city import AUDITOR, LUBEI_DISPATCHER, SUPERVISOR, City, unit

QIANAN_DISPATCHER = Viewer("1301", "迁安派单员", "dispatcher", county="130283")


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
async def test_reaching_for_what_is_not_ones_own_is_refused_and_leaves_a_trace(city: City) -> None:
    number = await city.dispatched(district="路北区")
    with pytest.raises(NotFound):
        await city.desk.offices.work.perform(unit("housing"), number, Act.SIGN, {})
    lines = await city.desk.offices.audit.who_saw(AUDITOR, number)
    refused = [line for line in lines if line.actor == "u-housing"]
    assert [(line.act, line.error_id) for line in refused] == [("sign", "not_found")]
