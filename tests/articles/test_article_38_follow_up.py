"""Article 38: contacted? solved? satisfied? - and two scores that are never mixed."""

from __future__ import annotations

import pytest

from core.loop.errors import TooOften, WayClosed
from core.loop.states import Act, TicketState
from tests.core.loop.city import AGENT, DISPATCHER, City, unit


@pytest.mark.requirement("R36")
async def test_an_unsatisfied_caller_sends_it_back_once(city: City) -> None:
    number = await city.answered()
    await city.follows_up(number, satisfied=False)
    await city.does(DISPATCHER, number, Act.REDO, words="诉求人称仍未解决")
    assert await city.state(number) is TicketState.DISPATCHED
    worker = unit((await city.ticket(number)).unit)
    await city.does(worker, number, Act.SIGN)
    await city.does(worker, number, Act.HANDLE, words="再次处理")
    await city.does(worker, number, Act.ANSWER, words="已再次告知")
    await city.follows_up(number, satisfied=False)
    with pytest.raises(TooOften):
        await city.does(DISPATCHER, number, Act.REDO)
    await city.does(AGENT, number, Act.RATE, level=5)
    await city.does(DISPATCHER, number, Act.ARCHIVE)


@pytest.mark.requirement("R36")
async def test_who_cannot_be_reached_is_tried_as_often_as_the_rules_say(city: City) -> None:
    number = await city.answered()
    for _ in range(2):
        await city.does(AGENT, number, Act.FOLLOW_UP, reached=False)
        with pytest.raises(WayClosed):
            await city.does(DISPATCHER, number, Act.EXEMPT, reason="not_reached")
    await city.does(AGENT, number, Act.FOLLOW_UP, reached=False)
    await city.does(DISPATCHER, number, Act.EXEMPT, reason="not_reached")
    assert await city.state(number) is TicketState.EXEMPTED
