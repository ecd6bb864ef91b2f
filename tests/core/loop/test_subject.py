"""Individuals, enterprises, traders and other bodies are kept apart from the first step (49)."""

from __future__ import annotations

import pytest

from core.loop.states import Act
from tests.core.desk.test_desk import offered, said
from tests.core.loop.city import AGENT, SUPERVISOR, City

KINDS = [("个人", False), ("企业", True), ("个体户", True), ("其他组织", False)]


@pytest.mark.parametrize(("subject", "enterprise"), KINDS)
async def test_the_kind_of_subject_is_kept_and_enterprise_follows(
    city: City, subject: str, enterprise: bool
) -> None:
    number = await city.registers(subject=subject, is_enterprise=None)
    ticket = await city.ticket(number)
    assert (ticket.subject, ticket.enterprise) == (subject, enterprise)
    detail = await city.desk.offices.work.detail(AGENT, number)
    assert (detail.subject, detail.enterprise) == (subject, enterprise)


async def test_it_follows_an_amendment_and_stays_through_the_whole_way(city: City) -> None:
    number = await city.registers(subject="个人")
    await city.does(AGENT, number, Act.AMEND, fields={"subject": "企业", "is_enterprise": None})
    assert (await city.ticket(number)).enterprise
    archived = await city.archived(subject="其他组织")
    assert (await city.ticket(archived)).subject == "其他组织"


async def test_an_individual_may_bring_an_enterprises_matter(city: City) -> None:
    ticket = await city.ticket(await city.registers(subject="个人", is_enterprise=True))
    assert (ticket.subject, ticket.enterprise) == ("个人", True)


async def test_a_deletion_leaves_the_kind_for_the_figures(city: City) -> None:
    number = await city.archived(subject="个体户")
    await city.does(SUPERVISOR, number, Act.ERASE, ground="ordered")
    assert (await city.ticket(number)).subject == "个体户"


async def test_what_is_heard_in_a_call_counts_the_same(city: City) -> None:
    await offered(city.desk, "c1", AGENT.agent)
    await city.desk.segment(said("我们公司在路北区，门口的路灯不亮"))
    number = (await city.desk.submit(AGENT, "c1")).number
    ticket = await city.ticket(number)
    assert (ticket.subject, ticket.enterprise) == ("企业", True)
