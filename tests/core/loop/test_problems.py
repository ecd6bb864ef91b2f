"""Hard problems go up level by level, with a term and an opinion at each (article 27)."""

from __future__ import annotations

import pytest

from core.loop.coordination import Coordination
from core.loop.errors import (
    AccusedHandles,
    ActForbidden,
    ActOutOfOrder,
    AskedAlready,
    HigherLevel,
    NothingAsked,
    NotYourTask,
    UnitUnknown,
    WayClosed,
)
from core.loop.states import Act, TicketState
from core.store.loop_tables import ProblemRow
from tests.core.loop.city import (
    AGENT,
    AUTHORITY,
    DISPATCHER,
    GOVERNMENT,
    SUPERVISOR,
    City,
    at,
    unit,
)

LAMPS = unit("city_management")


async def _chain(city: City, number: str) -> list[ProblemRow]:
    return await city.unit_of_work(lambda s: Coordination(s).problems(number))


async def _raised(city: City) -> str:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(LAMPS, number, Act.RAISE_PROBLEM, words="权属不清，本单位无法处理")
    return number


async def _decides(city: City, who: object, number: str, decision: str, **more: object) -> None:
    await city.does(
        who,  # type: ignore[arg-type]
        number,
        Act.DECIDE_PROBLEM,
        decision=decision,
        words="意见如下",
        **more,
    )


async def test_a_problem_rises_to_the_government_and_every_level_is_kept(city: City) -> None:
    number = await _raised(city)
    city.it_is("2026-01-13 09:00")
    await _decides(city, SUPERVISOR, number, "raise")
    city.it_is("2026-01-14 09:00")
    await _decides(city, AUTHORITY, number, "raise")
    city.it_is("2026-01-15 09:00")
    await _decides(city, GOVERNMENT, number, "decide")
    chain = await _chain(city, number)
    assert [(p.level, p.state, p.raised_by, p.decided_by) for p in chain] == [
        (1, "raised", "u-city_management", "1900"),
        (2, "raised", "1900", "2000"),
        (3, "decided", "2000", "3000"),
    ]
    # Three working days at the hotline, five at the authority, ten at the government.
    assert [p.due for p in chain] == [
        at("2026-01-15 23:59:59"),  # Mon 12: 13, 14, 15
        at("2026-01-20 23:59:59"),  # Tue 13: 14, 15, 16, 19, 20
        at("2026-01-28 23:59:59"),  # Wed 14: 15, 16, 19 to 23, 26, 27, 28
    ]
    assert all(p.words_sealed is not None and p.decided_at is not None for p in chain)
    steps = [step for step in await city.history(number) if "problem" in step.act]
    assert [(step.act, step.reason, step.article) for step in steps] == [
        ("raise_problem", "", "27"),
        ("decide_problem", "raise", "27"),
        ("decide_problem", "raise", "27"),
        ("decide_problem", "decide", "27"),
    ]
    assert await city.told(number, "problem_raised_authority") == ["authority"]
    assert await city.told(number, "problem_raised_government") == ["government"]
    assert await city.told(number, "problem_decided") == ["unit:city_management"]
    assert await city.state(number) is TicketState.SIGNED


async def test_only_the_level_at_which_it_lies_decides(city: City) -> None:
    number = await _raised(city)
    for early in (AUTHORITY, GOVERNMENT):
        with pytest.raises(HigherLevel):
            await _decides(city, early, number, "decide")
    for never in (DISPATCHER, AGENT, LAMPS):
        with pytest.raises(ActForbidden):
            await _decides(city, never, number, "decide")
    await _decides(city, SUPERVISOR, number, "raise")
    with pytest.raises(HigherLevel):
        await _decides(city, SUPERVISOR, number, "decide")


async def test_nothing_lies_above_the_last_level(city: City) -> None:
    number = await _raised(city)
    await _decides(city, SUPERVISOR, number, "raise")
    await _decides(city, AUTHORITY, number, "raise")
    with pytest.raises(WayClosed):
        await _decides(city, GOVERNMENT, number, "raise")
    assert [p.state for p in await _chain(city, number)] == ["raised", "raised", "open"]


async def test_what_is_returned_goes_one_level_down_with_a_term_of_its_own(city: City) -> None:
    number = await _raised(city)
    await _decides(city, SUPERVISOR, number, "raise")
    city.it_is("2026-01-14 09:00")
    await _decides(city, AUTHORITY, number, "return")
    chain = await _chain(city, number)
    assert [(p.level, p.state) for p in chain] == [(1, "raised"), (2, "returned"), (1, "open")]
    assert chain[-1].due == at("2026-01-19 23:59:59")  # Wed 14: 15, 16, 19
    await _decides(city, SUPERVISOR, number, "return")  # the first level: back to the unit
    assert [p.state for p in await _chain(city, number)] == ["raised", "returned", "returned"]
    assert await city.told(number, "problem_returned") == ["unit:city_management"]
    await city.does(LAMPS, number, Act.RAISE_PROBLEM, words="补充材料后再报")
    assert (await _chain(city, number))[-1].state == "open"


async def test_a_return_without_a_reason_is_refused(city: City) -> None:
    number = await _raised(city)
    with pytest.raises(Exception, match="not the form") as refused:
        await city.does(SUPERVISOR, number, Act.DECIDE_PROBLEM, decision="return", words="")
    assert refused.value.details["places"] == ["words"]  # type: ignore[attr-defined]


async def test_one_problem_at_a_time_by_who_has_the_matter_in_hand(city: City) -> None:
    number = await city.signed()
    with pytest.raises(NothingAsked):
        await _decides(city, SUPERVISOR, number, "decide")
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    with pytest.raises(NotYourTask):
        await city.does(unit("housing"), number, Act.RAISE_PROBLEM, words="难")
    with pytest.raises(ActForbidden):
        await city.does(AGENT, number, Act.RAISE_PROBLEM, words="难")
    await city.does(DISPATCHER, number, Act.RAISE_PROBLEM, words="难")
    with pytest.raises(AskedAlready):
        await city.does(LAMPS, number, Act.RAISE_PROBLEM, words="难")


async def test_a_decision_may_designate_a_unit_which_then_has_it_for_good(city: City) -> None:
    number = await _raised(city)
    with pytest.raises(WayClosed):
        await _decides(city, SUPERVISOR, number, "return", unit="housing")
    with pytest.raises(UnitUnknown):
        await _decides(city, SUPERVISOR, number, "decide", unit="nobody")
    city.it_is("2026-01-14 09:00")
    await _decides(city, SUPERVISOR, number, "decide", unit="housing")
    ticket = await city.ticket(number)
    assert (ticket.unit, ticket.first_unit) == ("housing", "city_management")
    assert ticket.designated
    assert ticket.state == TicketState.DISPATCHED
    assert ticket.handle_due == at("2026-01-21 23:59:59")  # Wed 14: 15, 16, 19, 20, 21
    assert (await _chain(city, number))[0].opinion == "housing"
    assert await city.told(number, "designated") == ["unit:housing"]
    await city.does(unit("housing"), number, Act.SIGN)


async def test_a_decision_never_designates_the_unit_complained_about(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.classified()
    await city.does(DISPATCHER, number, Act.DISPATCH, accused="housing")
    await city.does(DISPATCHER, number, Act.RAISE_PROBLEM, words="难")
    with pytest.raises(AccusedHandles):
        await _decides(city, SUPERVISOR, number, "decide", unit="housing")
    assert [p.state for p in await _chain(city, number)] == ["open"]  # nothing half done


async def test_a_term_that_is_over_is_told_once_and_raises_nothing_by_itself(city: City) -> None:
    number = await _raised(city)
    await _decides(city, SUPERVISOR, number, "raise")  # Mon 12, five working days: Mon 19
    await city.passes("2026-01-19 23:59", hours=6)
    assert await city.told(number, "problem_overdue_authority") == []
    await city.passes("2026-01-30 12:00", hours=6)
    assert await city.told(number, "problem_overdue_authority") == ["authority"]
    assert [p.state for p in await _chain(city, number)] == ["raised", "open"]
    reminders = [s for s in await city.history(number) if s.reason == "problem_due"]
    assert [s.details for s in reminders] == [{"level": 2, "role": "authority"}]
    await _decides(city, AUTHORITY, number, "decide")
    assert (await city.history(number))[-1].details["late"] is True


async def test_what_was_decided_in_time_needs_no_reminder(city: City) -> None:
    number = await _raised(city)
    await _decides(city, SUPERVISOR, number, "decide")
    await city.passes("2026-01-30 12:00", hours=12)
    assert "problem_due" not in [step.reason for step in await city.history(number)]


async def test_a_problem_whose_matter_was_answered_waits_for_nobody(city: City) -> None:
    number = await _raised(city)
    await city.does(LAMPS, number, Act.HANDLE, words="已协调解决")
    await city.does(LAMPS, number, Act.ANSWER, words="已告知")
    assert [p.state for p in await _chain(city, number)] == ["settled"]
    with pytest.raises(ActOutOfOrder):
        await _decides(city, SUPERVISOR, number, "decide")
