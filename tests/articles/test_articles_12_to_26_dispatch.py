"""Articles 12 to 26: dispatched by duty and place, the first unit answers, others help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.loop.errors import ActForbidden, PartsOpen, TooLate, TooOften, WayClosed
from core.loop.shares import Period, Share, Slice
from core.loop.states import Act, TicketState
from core.policy import PolicyBook
from core.policy.directory import UnitFacts
from core.ports import TicketQuery
from tests.core.loop.city import DISPATCHER, SUPERVISOR, City, at, unit

NOT_OURS = {"reason": "not_our_duty", "words": "不属于本单位职责"}


@pytest.mark.requirement("R16")
async def test_every_dispatch_names_its_line_of_the_directory(city: City) -> None:
    number = await city.dispatched(category=["公用事业", "供水", "停水"])
    ticket = await city.ticket(number)
    step = (await city.history(number))[-1]
    assert (ticket.unit, ticket.directory_line) == ("water_company", "c0302")
    assert step.details["line"] == "c0302"
    assert step.details["directory"] == "2026.1"


@pytest.mark.requirement("R16")
async def test_after_three_dispatches_the_hotline_designates(city: City) -> None:
    number = await city.dispatched()
    for holder, heir in (("city_management", "housing"), ("housing", "transport")):
        await city.does(unit(holder), number, Act.ASK_RETURN, **NOT_OURS)
        decision = {"granted": True, "unit": heir, "words": "同意退回"}
        await city.does(DISPATCHER, number, Act.DECIDE_RETURN, **decision)
    ticket = await city.ticket(number)
    assert (ticket.unit, ticket.dispatches, ticket.designated) == ("transport", 3, True)
    with pytest.raises(TooOften):
        await city.does(unit("transport"), number, Act.ASK_RETURN, **NOT_OURS)


@pytest.mark.requirement("R16")
async def test_when_its_term_is_over_a_unit_keeps_it_and_the_hotline_designates(
    city: City,
) -> None:
    """Given out on Monday 12 January: to be given back until the end of Wednesday 14."""
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched()
    keeps = {"words": "属于你单位职责"}
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.DESIGNATE, **keeps)
    city.it_is("2026-01-15 00:00")
    with pytest.raises(TooLate):
        await city.does(unit("city_management"), number, Act.ASK_RETURN, **NOT_OURS)
    await city.does(DISPATCHER, number, Act.DESIGNATE, **keeps)
    ticket = await city.ticket(number)
    assert (ticket.unit, ticket.dispatches, ticket.designated) == ("city_management", 1, True)
    assert await city.told(number, "designated") == ["unit:city_management"]


@pytest.mark.requirement("R16")
async def test_a_departments_duty_is_not_given_to_the_grass_roots(city: City) -> None:
    """A unit of the pack stands in for a town's government: the pack lists none yet."""
    rules = city.policies.versions[-1]
    town = UnitFacts(unit="women", rank="grassroots")
    units = (*rules.directory.units, town)
    directory = rules.directory.model_copy(update={"units": units})
    city.now_in_force(PolicyBook((replace(rules, directory=directory),)))
    number = await city.classified()
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.DISPATCH, unit="women", words="属地办理")
    await city.does(DISPATCHER, number, Act.DISPATCH)
    assert (await city.ticket(number)).unit == "city_management"


@pytest.mark.requirement("R17")
async def test_the_first_units_clock_runs_on_while_a_return_is_disputed(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched()
    before = await city.ticket(number)
    await city.does(unit("city_management"), number, Act.ASK_RETURN, **NOT_OURS)
    city.later(days=1)
    asked = await city.ticket(number)
    assert (asked.unit, asked.sign_due, asked.handle_due) == (
        "city_management",
        before.sign_due,
        before.handle_due,
    )
    refusal = {"granted": False, "words": "属于你单位职责"}
    await city.does(DISPATCHER, number, Act.DECIDE_RETURN, **refusal)
    assert (await city.ticket(number)).handle_due == before.handle_due


@pytest.mark.requirement("R17")
async def test_the_first_unit_stays_written_down_whoever_gets_it_later(city: City) -> None:
    number = await city.dispatched()
    await city.does(unit("city_management"), number, Act.ASK_RETURN, **NOT_OURS)
    decision = {"granted": True, "unit": "housing", "words": "改派"}
    with pytest.raises(ActForbidden):
        await city.does(unit("city_management"), number, Act.DECIDE_RETURN, **decision)
    await city.does(DISPATCHER, number, Act.DECIDE_RETURN, **decision)
    ticket = await city.ticket(number)
    assert (ticket.first_unit, ticket.unit) == ("city_management", "housing")


@pytest.mark.requirement("R18")
async def test_the_main_unit_concludes_only_when_every_part_has(city: City) -> None:
    number = await city.signed()
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    worker = unit("city_management")
    with pytest.raises(PartsOpen) as refused:
        await city.does(worker, number, Act.HANDLE, words="已处理")
    assert refused.value.details["units"] == ["housing"]
    await city.does(worker, number, Act.URGE, unit="housing", words="请尽快")
    await city.does(unit("housing"), number, Act.ASSIST_DONE, words="已配合")
    await city.does(worker, number, Act.HANDLE, words="已处理")
    assert await city.state(number) is TicketState.HANDLED


@pytest.mark.requirement("R49")
async def test_who_brings_it_is_kept_apart_all_the_way(city: City) -> None:
    for subject, enterprise in (("个人", False), ("企业", True), ("个体户", True)):
        number = await city.archived(subject=subject, is_enterprise=enterprise)
        ticket = await city.ticket(number)
        assert (ticket.subject, ticket.enterprise) == (subject, enterprise)


@pytest.mark.requirement("R49")
async def test_figures_and_lists_are_cut_by_who_brings_it(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    brought = {
        subject: {await city.archived(subject=subject) for _ in range(count)}
        for subject, count in (("个人", 2), ("企业", 1), ("个体户", 1))
    }
    period = Period(at("2026-01-12 00:00"), at("2026-01-13 00:00"))
    found = await city.desk.offices.rates.rates(SUPERVISOR, period, Slice.SUBJECT)
    assert {subject: (one.satisfaction, one.rating) for subject, one in found.items()} == {
        "个人": (Share(2, 2), Share(2, 2)),
        "企业": (Share(1, 1), Share(1, 1)),
        "个体户": (Share(1, 1), Share(1, 1)),
    }
    for subject, numbers in brought.items():
        page = await city.desk.offices.work.tickets(SUPERVISOR, TicketQuery(subjects=(subject,)))
        assert {line.number for line in page.lines} == numbers
