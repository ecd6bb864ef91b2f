"""Articles 12 to 26, registration: the form, what may be missing and what may not."""

from __future__ import annotations

import pytest

from core.loop.errors import TicketIncomplete
from core.loop.states import Act, TicketState
from tests.core.loop.city import AGENT, DISPATCHER, City


@pytest.mark.requirement("R10")
async def test_it_is_opened_incomplete_and_not_dispatched_incomplete(city: City) -> None:
    number = await city.classified(content=None)
    with pytest.raises(TicketIncomplete) as refused:
        await city.does(DISPATCHER, number, Act.DISPATCH)
    assert refused.value.details["missing"] == ["content"]
    await city.does(AGENT, number, Act.AMEND, fields={"content": "路灯坏了"})
    await city.does(DISPATCHER, number, Act.DISPATCH)
    assert await city.state(number) is TicketState.DISPATCHED


@pytest.mark.requirement("R10")
async def test_whether_it_is_confidential_has_to_be_asked(city: City) -> None:
    number = await city.classified(confidential=None)
    with pytest.raises(TicketIncomplete) as refused:
        await city.does(DISPATCHER, number, Act.DISPATCH)
    assert refused.value.details["missing"] == ["confidential"]
