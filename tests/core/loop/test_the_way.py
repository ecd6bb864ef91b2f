"""The closed loop from end to end, and that nothing leaves it by another way."""

from __future__ import annotations

from itertools import pairwise

import pytest

from core.errors import NotFound
from core.loop.errors import ActForbidden, ActOutOfOrder, TicketIncomplete
from core.loop.states import Act, TicketState
from tests.core.loop.city import AGENT, DISPATCHER, City, at, unit


async def test_a_ticket_goes_the_whole_way_and_every_step_is_kept(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.archived()
    steps = await city.history(number)
    assert [step.act for step in steps] == [
        "register", "classify", "dispatch", "sign", "handle", "answer", "follow_up", "rate",
        "archive",
    ]  # fmt: skip
    assert all(step.actor and step.article and step.policy == "2026.1" for step in steps)
    assert all(before.target == after.source for before, after in pairwise(steps))
    ticket = await city.ticket(number)
    assert (ticket.unit, ticket.first_unit) == ("city_management", "city_management")
    assert ticket.sign_due == at("2026-01-13 23:59:59")
    assert ticket.handle_due == at("2026-01-19 23:59:59")
    assert not ticket.open


async def test_an_incomplete_ticket_is_opened_but_not_dispatched(city: City) -> None:
    number = await city.classified(content=None, confidential=None)
    with pytest.raises(TicketIncomplete) as refused:
        await city.does(DISPATCHER, number, Act.DISPATCH)
    assert refused.value.details["missing"] == ["content", "confidential"]
    assert await city.state(number) is TicketState.CLASSIFIED


async def test_nothing_is_archived_without_follow_up_and_rating(city: City) -> None:
    number = await city.answered()
    with pytest.raises(ActOutOfOrder):
        await city.does(DISPATCHER, number, Act.ARCHIVE)
    await city.follows_up(number)
    with pytest.raises(ActOutOfOrder):
        await city.does(DISPATCHER, number, Act.ARCHIVE)


async def test_a_unit_sees_only_what_it_has_a_part_in(city: City) -> None:
    number = await city.dispatched()
    with pytest.raises(NotFound):
        await city.does(unit("housing"), number, Act.SIGN)
    with pytest.raises(ActForbidden):
        await city.does(AGENT, number, Act.SIGN)
    assert await city.state(number) is TicketState.DISPATCHED
