"""Article 47: persuaded, warned, limited, handed to the police - by people, on evidence."""

from __future__ import annotations

import pytest

from core.loop.errors import EvidenceMissing, OwnDecision, StepMissing
from core.ports import Viewer
from tests.core.loop.city import AGENT, SUPERVISOR, City

NUMBER = "15400000047"
OTHER_SUPERVISOR = Viewer("1901", "热线副负责人", "supervisor")


async def take(city: City, measure: str, *evidence: str) -> int:
    proposed = await city.desk.offices.abuse.propose(
        AGENT, NUMBER, measure, "harassment", "反复辱骂座席", evidence
    )
    return (await city.desk.offices.abuse.decide(SUPERVISOR, proposed.id, True, "证据充分")).id


@pytest.mark.requirement("R47")
async def test_step_by_step_by_two_people_and_on_evidence(city: City) -> None:
    for call in ("c1", "c2"):
        await city.talk(call, NUMBER, said="骂人")
    with pytest.raises(StepMissing):
        await take(city, "limit", "c1", "c2")
    with pytest.raises(EvidenceMissing):
        await take(city, "persuade", "no-such-call")
    own = await city.desk.offices.abuse.propose(
        SUPERVISOR, NUMBER, "persuade", "harassment", "辱骂", ("c1",)
    )
    with pytest.raises(OwnDecision):
        await city.desk.offices.abuse.decide(SUPERVISOR, own.id, True, "同意")
    assert not (await city.desk.restriction(NUMBER)).limited


@pytest.mark.requirement("R47")
async def test_a_limit_ends_can_be_reviewed_and_leaves_emergencies_open(city: City) -> None:
    for call in ("c1", "c2", "c3", "c4"):
        await city.talk(call, NUMBER, said="骂人")
    await take(city, "persuade", "c1")
    await take(city, "warn", "c2")
    limit = await take(city, "limit", "c3", "c4")
    told = await city.desk.restriction(NUMBER)
    assert told.limited
    assert told.emergency_open
    await city.desk.offices.abuse.ask_review(AGENT, limit)
    await city.desk.offices.abuse.review(OTHER_SUPERVISOR, limit, upheld=True, words="维持")
    city.later(days=8)
    assert not (await city.desk.restriction(NUMBER)).limited, "it expires by itself"
