"""Article 47: persuaded, warned, limited, handed to the police - by people, on evidence."""

from __future__ import annotations

import pytest

from core.loop.errors import ActForbidden, EvidenceMissing, OwnDecision, StepMissing
from core.loop.states import Act, TicketState
from core.ports import Viewer
from tests.core.loop.city import AGENT, LAMP, SUPERVISOR, City

NUMBER = "15400000047"
OTHER_SUPERVISOR = Viewer("1901", "热线副负责人", "supervisor")


async def take(city: City, measure: str, *evidence: str) -> int:
    proposed = await city.desk.offices.abuse.propose(
        AGENT, NUMBER, measure, "harassment", "反复辱骂座席", evidence
    )
    return (await city.desk.offices.abuse.decide(SUPERVISOR, proposed.id, True, "证据充分")).id


async def limited(city: City) -> int:
    """The whole way, each step on calls of its own."""
    for measure, calls in (("persuade", ("c1",)), ("warn", ("c2",)), ("limit", ("c3", "c4"))):
        for call in calls:
            await city.talk(call, NUMBER, said="骂人")
        taken = await take(city, measure, *calls)
        city.later(hours=1)
    assert (await city.desk.restriction(NUMBER)).limited
    return taken


@pytest.mark.requirement("R47")
async def test_step_by_step_by_two_people_and_on_evidence(city: City) -> None:
    for call in ("c1", "c2"):
        await city.talk(call, NUMBER, said="骂人")
    with pytest.raises(StepMissing):
        await take(city, "limit", "c1", "c2")
    with pytest.raises(EvidenceMissing):
        await take(city, "persuade", "no-such-call")
    await city.talk("c0", NUMBER, agent=None)
    with pytest.raises(EvidenceMissing):
        await take(city, "persuade", "c0")
    own = await city.desk.offices.abuse.propose(
        SUPERVISOR, NUMBER, "persuade", "harassment", "辱骂", ("c1",)
    )
    with pytest.raises(OwnDecision):
        await city.desk.offices.abuse.decide(SUPERVISOR, own.id, True, "同意")
    assert not (await city.desk.restriction(NUMBER)).limited


@pytest.mark.requirement("R47")
async def test_a_limit_that_is_upheld_ends_by_itself(city: City) -> None:
    limit = await limited(city)
    abuse = city.desk.offices.abuse
    await abuse.ask_review(AGENT, limit)
    await abuse.review(OTHER_SUPERVISOR, limit, upheld=True, words="维持")
    assert (await city.desk.restriction(NUMBER)).limited
    city.later(days=8)
    assert not (await city.desk.restriction(NUMBER)).limited


@pytest.mark.requirement("R47")
async def test_a_limit_that_is_not_upheld_is_lifted_at_once(city: City) -> None:
    limit = await limited(city)
    abuse = city.desk.offices.abuse
    await abuse.ask_review(AGENT, limit)
    for who in (AGENT, SUPERVISOR):
        with pytest.raises((ActForbidden, OwnDecision)):
            await abuse.review(who, limit, upheld=False, words="撤销")
    await abuse.review(OTHER_SUPERVISOR, limit, upheld=False, words="证据不足")
    assert not (await city.desk.restriction(NUMBER)).limited


@pytest.mark.requirement("R47")
async def test_who_is_limited_is_helped_in_an_emergency_like_anybody_else(city: City) -> None:
    await limited(city)
    await city.talk("c9", NUMBER, said="着火了")
    number = (await city.desk.submit(AGENT, "c9")).number
    emergency = LAMP | {"type": "求助", "urgency": "特急", "contact_phone": NUMBER}
    await city.does(AGENT, number, Act.AMEND, fields=emergency)
    await city.does(AGENT, number, Act.CLASSIFY)
    await city.does(AGENT, number, Act.TRANSFER, organ="119")
    assert await city.state(number) is TicketState.TRANSFERRED
