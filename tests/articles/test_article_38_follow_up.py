"""Article 38: contacted? solved? satisfied? - and two scores that are never mixed."""

from __future__ import annotations

from collections import Counter

import pytest

from core.loop.errors import TooOften, WayClosed
from core.loop.shares import Period, Share
from core.loop.states import Act, TicketState
from tests.core.loop.city import AGENT, DISPATCHER, SUPERVISOR, City, at, unit

Answers = tuple[bool, bool, bool]
YES, NO = (True, True, True), (False, False, False)


async def handled_again(city: City, number: str) -> None:
    worker = unit((await city.ticket(number)).unit)
    await city.does(worker, number, Act.SIGN)
    await city.does(worker, number, Act.HANDLE, words="再次处理")
    await city.does(worker, number, Act.ANSWER, words="已再次告知")


async def followed_up(city: City, *rounds: Answers, level: int) -> None:
    """Asked after each round of handling, and rated after the last one."""
    number = await city.answered()
    for count, (contacted, solved, satisfied) in enumerate(rounds):
        if count > 0:
            await city.does(DISPATCHER, number, Act.REDO)
            await handled_again(city, number)
        answers = {"contacted": contacted, "solved": solved, "satisfied": satisfied}
        await city.does(AGENT, number, Act.FOLLOW_UP, reached=True, **answers)
    await city.does(AGENT, number, Act.RATE, level=level)


@pytest.mark.requirement("R36")
async def test_an_unsatisfied_caller_sends_it_back_once(city: City) -> None:
    number = await city.answered()
    await city.follows_up(number, satisfied=False)
    await city.does(DISPATCHER, number, Act.REDO, words="诉求人称仍未解决")
    assert await city.state(number) is TicketState.DISPATCHED
    await handled_again(city, number)
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


@pytest.mark.requirement("R36")
async def test_the_three_rates_are_as_they_are_worked_out_by_hand(city: City) -> None:
    """Five callers are reached; each counts once, with what he said last. Four were contacted by
    the unit (not the fourth), three have it solved (not the fourth and the fifth), two are
    satisfied (the first and the third). Three of the five ratings are 基本满意 or better."""
    city.it_is("2026-01-12 09:00")
    await followed_up(city, YES, level=1)
    await followed_up(city, (True, True, False), (True, True, False), level=3)
    await followed_up(city, (True, False, False), YES, level=2)
    await followed_up(city, NO, NO, level=5)
    await followed_up(city, NO, (True, False, False), level=4)
    nobody = await city.answered()
    for _ in range(3):
        await city.does(AGENT, nobody, Act.FOLLOW_UP, reached=False)
    await city.does(DISPATCHER, nobody, Act.EXEMPT, reason="not_reached")
    period = Period(at("2026-01-12 00:00"), at("2026-01-13 00:00"))
    found = await city.desk.offices.rates.rates(SUPERVISOR, period)
    assert set(found) == {""}, "all together"
    rates = found[""]
    assert (rates.response, rates.solution, rates.satisfaction) == (
        Share(4, 5),
        Share(3, 5),
        Share(2, 5),
    )
    assert rates.rating == Share(3, 5)
    assert rates.left_out == Counter(not_reached=1)
