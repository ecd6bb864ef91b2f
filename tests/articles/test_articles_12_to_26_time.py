"""Articles 12 to 26: postponement, suspension, termination - by hand-worked dates."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from core.loop.errors import (
    ActForbidden,
    HigherLevel,
    NothingAsked,
    ReasonUnknown,
    TooLate,
    TooOften,
)
from core.loop.states import Act, TicketState
from tests.core.loop.city import AUTHORITY, DISPATCHER, City, at, unit

WORKER = unit("city_management")
MORE = {"workdays": 3, "reason": "complex", "words": "需要采购材料"}


@pytest.mark.requirement("R20")
async def test_more_time_is_asked_before_the_date_and_the_caller_is_told(city: City) -> None:
    """Monday 12 January + 5 workdays = Monday 19; three more = Thursday 22."""
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, **MORE)
    await city.does(DISPATCHER, number, Act.DECIDE_POSTPONEMENT, granted=True)
    assert (await city.ticket(number)).handle_due == at("2026-01-22 23:59:59")
    assert "caller" in await city.told(number, "postponed")
    city.it_is("2026-01-23 09:00")
    with pytest.raises(TooLate):
        await city.does(WORKER, number, Act.ASK_POSTPONEMENT, **MORE)


@pytest.mark.requirement("R20")
async def test_the_second_time_is_decided_one_level_higher(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, **MORE)
    await city.does(DISPATCHER, number, Act.DECIDE_POSTPONEMENT, granted=True)
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, **MORE)
    with pytest.raises(HigherLevel):
        await city.does(DISPATCHER, number, Act.DECIDE_POSTPONEMENT, granted=True)
    await city.does(AUTHORITY, number, Act.DECIDE_POSTPONEMENT, granted=True)
    assert (await city.ticket(number)).handle_due == at("2026-01-27 23:59:59")


@pytest.mark.requirement("R20")
async def test_no_more_days_are_given_in_all_than_the_rules_give(city: City) -> None:
    """Ten workdays: after six there are four, and then none."""
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, **MORE | {"workdays": 6})
    await city.does(DISPATCHER, number, Act.DECIDE_POSTPONEMENT, granted=True)
    with pytest.raises(TooOften) as refused:
        await city.does(WORKER, number, Act.ASK_POSTPONEMENT, **MORE | {"workdays": 5})
    assert refused.value.details["left"] == 4
    await city.does(WORKER, number, Act.ASK_POSTPONEMENT, **MORE | {"workdays": 4})
    await city.does(AUTHORITY, number, Act.DECIDE_POSTPONEMENT, granted=True)
    with pytest.raises(TooOften):
        await city.does(WORKER, number, Act.ASK_POSTPONEMENT, **MORE | {"workdays": 1})
    assert (await city.ticket(number)).handle_due == at("2026-02-02 23:59:59")


@pytest.mark.requirement("R21")
async def test_a_suspended_clock_goes_on_with_what_was_left(city: City) -> None:
    """Due Monday 19 January; stopped on Thursday 15 with two workdays left (16, 19); resumed on
    Monday 26: due on Wednesday 28."""
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    city.it_is("2026-01-15 10:00")
    await city.does(WORKER, number, Act.ASK_SUSPENSION, reason="appraisal", words="等待检测")
    await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=True)
    assert await city.state(number) is TicketState.SUSPENDED
    assert "caller" in await city.told(number, "suspended")
    city.it_is("2026-01-26 09:00")
    await city.does(DISPATCHER, number, Act.RESUME)
    assert (await city.ticket(number)).handle_due == at("2026-01-28 23:59:59")
    assert "caller" in await city.told(number, "resumed")


@pytest.mark.requirement("R21")
async def test_a_long_suspension_comes_up_for_review(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(WORKER, number, Act.ASK_SUSPENSION, reason="lawsuit", words="等待判决")
    await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=True)
    await city.passes("2026-02-12 09:00", days=1)
    assert await city.told(number, "suspension_review") == ["unit:city_management"]
    assert await city.supervisions(number) == [], "no rung is reached while the clock is stopped"


@pytest.mark.requirement("R22")
async def test_a_unit_never_terminates_by_itself(city: City) -> None:
    number = await city.signed()
    ends = {"granted": True, "reason": "not_cooperating", "words": "同意终止"}
    with pytest.raises(ActForbidden):
        await city.does(WORKER, number, Act.DECIDE_TERMINATION, **ends)
    with pytest.raises(NothingAsked):
        await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, **ends)
    await city.does(
        WORKER, number, Act.ASK_TERMINATION, reason="not_cooperating", words="多次联系拒绝配合"
    )
    await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, **ends)
    assert await city.state(number) is TicketState.TERMINATED
    step = (await city.history(number))[-1]
    assert step.reason == "not_cooperating"
    assert "caller" in await city.told(number, "terminated")


@pytest.mark.requirement("R22")
async def test_a_termination_has_a_reason_of_the_rules(city: City) -> None:
    number = await city.signed()
    with pytest.raises(ReasonUnknown):
        await city.does(WORKER, number, Act.ASK_TERMINATION, reason="too_hard", words="难办")
    await city.does(
        WORKER, number, Act.ASK_TERMINATION, reason="not_cooperating", words="多次联系拒绝配合"
    )
    with pytest.raises(ReasonUnknown):
        await city.does(
            DISPATCHER,
            number,
            Act.DECIDE_TERMINATION,
            granted=True,
            reason="too_hard",
            words="同意",
        )
    for missing in ({"words": "同意终止"}, {"reason": "not_cooperating"}):
        with pytest.raises(Invalid):
            await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=True, **missing)
    assert await city.state(number) is TicketState.SIGNED
