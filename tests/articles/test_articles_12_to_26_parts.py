"""Several units on one ticket: each its part, one that sums up."""

from __future__ import annotations

import pytest

from core.loop.errors import PartsOpen
from core.loop.states import Act, TicketState
from tests.core.loop.city import DISPATCHER, City, unit


@pytest.mark.requirement("R18")
async def test_the_main_unit_closes_when_every_part_is_concluded(city: City) -> None:
    main, helper = unit("city_management"), unit("housing")
    number = await city.signed()
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    part = (await city.desk.offices.loop.parts(main, number))[1]
    assert (part.unit, part.state) == ("housing", "open")
    assert part.due is not None
    await city.does(main, number, Act.URGE, unit="housing")
    assert await city.told(number, "urged") == ["unit:housing"]
    with pytest.raises(PartsOpen):
        await city.does(main, number, Act.HANDLE, words="汇总")
    await city.does(helper, number, Act.ASSIST_DONE, words="已办")
    await city.does(main, number, Act.HANDLE, words="汇总")
    assert await city.state(number) is TicketState.HANDLED
