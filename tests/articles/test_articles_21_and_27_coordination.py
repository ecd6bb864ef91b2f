"""Articles 21 and 27: joint meetings whose resolutions change tickets, hard problems that rise."""

from __future__ import annotations

import pytest

from core.loop.errors import HigherLevel
from core.loop.states import Act
from tests.core.loop.city import AUTHORITY, GOVERNMENT, SUPERVISOR, City, at, unit

WORKER = unit("city_management")


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
    up = {"decision": "raise", "words": "超出本级权限"}
    with pytest.raises(HigherLevel):
        await city.does(AUTHORITY, number, Act.DECIDE_PROBLEM, **up)
    await city.does(SUPERVISOR, number, Act.DECIDE_PROBLEM, **up)
    await city.does(AUTHORITY, number, Act.DECIDE_PROBLEM, **up)
    decision = {"decision": "decide", "words": "由市政府专题解决"}
    await city.does(GOVERNMENT, number, Act.DECIDE_PROBLEM, **decision)
    steps = [step for step in await city.history(number) if "problem" in step.act]
    assert [step.role for step in steps] == ["unit", "supervisor", "authority", "government"]
    assert all(step.words_sealed for step in steps), "each level says why"
