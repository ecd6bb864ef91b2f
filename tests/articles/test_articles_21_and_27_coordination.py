"""Articles 21 and 27: joint meetings whose resolutions change tickets, hard problems that rise."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from core.loop.errors import HigherLevel, NothingAsked
from core.loop.states import Act
from tests.core.loop.city import AUTHORITY, GOVERNMENT, SUPERVISOR, City, at, unit

WORKER = unit("city_management")
UP = {"decision": "raise", "words": "超出本级权限"}


@pytest.mark.requirement("R19")
async def test_a_resolution_gives_the_ticket_a_unit_and_a_new_date(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    meetings = city.desk.offices.meetings
    called = await meetings.call(
        AUTHORITY,
        {"numbers": [number], "units": ["housing"], "planned_at": at("2026-01-13 09:00")},
    )
    city.it_is("2026-01-13 11:00")
    await meetings.hold(AUTHORITY, called.meeting, {"minutes": "会议同意由住建局牵头"})
    resolution = {
        "number": number,
        "unit": "housing",
        "handle_due": at("2026-01-30 18:00"),
        "words": "由住建局承办",
    }
    await meetings.resolve(AUTHORITY, called.meeting, {"resolutions": [resolution]})
    ticket = await city.ticket(number)
    assert (ticket.unit, ticket.designated) == ("housing", True)
    assert ticket.handle_due == at("2026-01-30 18:00")
    assert "unit:housing" in await city.told(number, "resolved")
    await city.passes("2026-02-03 09:00", hours=12)
    assert "urge" in [row.rung for row in await city.supervisions(number)], "supervised anew"


@pytest.mark.requirement("R23")
async def test_a_hard_problem_rises_level_by_level_with_terms_and_opinions(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(WORKER, number, Act.RAISE_PROBLEM, words="跨三区历史遗留")
    with pytest.raises(HigherLevel):
        await city.does(AUTHORITY, number, Act.DECIDE_PROBLEM, **UP)
    await city.does(SUPERVISOR, number, Act.DECIDE_PROBLEM, **UP)
    await city.does(AUTHORITY, number, Act.DECIDE_PROBLEM, **UP)
    decision = {"decision": "decide", "words": "由市政府专题解决"}
    await city.does(GOVERNMENT, number, Act.DECIDE_PROBLEM, **decision)
    steps = [step for step in await city.history(number) if "problem" in step.act]
    assert [step.role for step in steps] == ["unit", "supervisor", "authority", "government"]
    assert all(step.words_sealed for step in steps), "each level says why"


@pytest.mark.requirement("R23")
async def test_every_level_has_its_term_and_is_told_when_it_is_over(city: City) -> None:
    """Raised on Monday 12 January: three workdays at the hotline end on Thursday 15; handed up at
    once, five at the authority on Monday 19; on Tuesday 20, ten at the government on 3 February."""
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(WORKER, number, Act.RAISE_PROBLEM, words="跨三区历史遗留")
    await city.does(SUPERVISOR, number, Act.DECIDE_PROBLEM, **UP)
    await city.passes("2026-01-19 23:00", hours=12)
    assert await city.told(number, "problem_overdue_authority") == []
    await city.passes("2026-01-20 09:00", hours=5)
    assert await city.told(number, "problem_overdue_authority") == ["authority"]
    await city.does(AUTHORITY, number, Act.DECIDE_PROBLEM, **UP)
    steps = [step.details for step in await city.history(number) if "problem" in step.act]
    assert [details["due"] for details in steps] == [
        "2026-01-15 23:59",
        "2026-01-19 23:59",
        "2026-02-03 23:59",
    ]
    assert [details["late"] for details in steps[1:]] == [False, True]


@pytest.mark.requirement("R23")
async def test_what_is_given_back_goes_down_level_by_level_with_its_reason(city: City) -> None:
    number = await city.signed()
    await city.does(WORKER, number, Act.RAISE_PROBLEM, words="跨三区历史遗留")
    await city.does(SUPERVISOR, number, Act.DECIDE_PROBLEM, **UP)
    with pytest.raises(Invalid):
        await city.does(AUTHORITY, number, Act.DECIDE_PROBLEM, decision="return")
    for level, why in ((AUTHORITY, "本级可以协调"), (SUPERVISOR, "请继续办理")):
        await city.does(level, number, Act.DECIDE_PROBLEM, decision="return", words=why)
        assert why in await city.words(number)
    assert await city.told(number, "problem_returned") == ["unit:city_management"]
    with pytest.raises(NothingAsked):
        await city.does(SUPERVISOR, number, Act.DECIDE_PROBLEM, **UP)
