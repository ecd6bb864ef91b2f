"""The closing articles: rules have a day from which they hold, and a version."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from core.loop.states import Act
from core.policy import PolicyBook
from tests.core.loop.city import AGENT, DISPATCHER, City, at


@pytest.mark.requirement("R51")
async def test_old_tickets_keep_the_rules_they_were_registered_by(city: City) -> None:
    old = city.policies.versions[-1]
    limits = old.limits
    quicker = limits.handle[-1].model_copy(
        update={"limit": limits.handle[-1].limit.model_copy(update={"amount": 2})}
    )
    new = replace(
        old,
        meta=old.meta.model_copy(update={"version": "2026.2", "effective_from": date(2026, 3, 2)}),
        limits=limits.model_copy(update={"handle": (*limits.handle[:-1], quicker)}),
    )
    city.now_in_force(PolicyBook((old, new)))
    city.it_is("2026-02-27 09:00")
    before = await city.registers()
    city.it_is("2026-03-02 09:00")
    after = await city.registers()
    for number in (before, after):
        await city.does(AGENT, number, Act.CLASSIFY)
        await city.does(DISPATCHER, number, Act.DISPATCH)
    dues = {number: (await city.ticket(number)).handle_due for number in (before, after)}
    assert dues[before] == at("2026-03-09 23:59:59"), "five workdays after Monday 2 March"
    assert dues[after] == at("2026-03-04 23:59:59"), "two, by the new version"
    assert [(await city.ticket(n)).policy for n in (before, after)] == ["2026.1", "2026.2"]
