"""Article 3: every decision can be traced and can be changed by a person."""

from __future__ import annotations

import pytest

from core.loop.states import Act
from tests.core.loop.city import AGENT, DISPATCHER, City


@pytest.mark.requirement("R01")
async def test_any_decision_is_restored_from_the_history_with_its_article(city: City) -> None:
    number = await city.archived()
    for step in await city.history(number):
        assert step.actor, "who"
        assert step.at.tzinfo is not None, "when"
        assert step.article, "by which article"
        assert step.policy == "2026.1", "by which version of the rules"
    dispatch = next(step for step in await city.history(number) if step.act == "dispatch")
    assert dispatch.details["line"] == "c01"
    assert dispatch.details["by_directory"] is True


@pytest.mark.requirement("R01")
async def test_what_a_machine_proposed_a_person_changes(city: City) -> None:
    number = await city.registers(type="咨询", urgency="一般")
    await city.does(AGENT, number, Act.CLASSIFY)
    assert (await city.ticket(number)).route == "enquiry"
    await city.does(AGENT, number, Act.AMEND, fields={"type": "投诉", "urgency": "紧急"})
    await city.does(AGENT, number, Act.CLASSIFY)
    assert (await city.ticket(number)).route == "urgent"
    await city.does(DISPATCHER, number, Act.DISPATCH, unit="housing", words="物业已确认由住建承办")
    ticket = await city.ticket(number)
    assert ticket.unit == "housing"
    dispatch = (await city.history(number))[-1]
    assert dispatch.details["by_directory"] is False, "a person went another way, and it shows"
