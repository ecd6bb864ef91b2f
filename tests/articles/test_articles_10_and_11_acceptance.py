"""Articles 10 and 11: what is accepted, what is not, and what the caller is told."""

from __future__ import annotations

import pytest

from core.loop.errors import OwnDecision
from core.loop.states import Act, TicketState
from core.ports import Viewer
from tests.core.loop.city import AGENT, SUPERVISOR, City

OTHER_SUPERVISOR = Viewer("1901", "热线副负责人", "supervisor")


@pytest.mark.requirement("R08")
async def test_every_decision_on_acceptance_names_article_rule_and_person(city: City) -> None:
    expected = {
        "咨询": "enquiry", "求助": "ordinary", "投诉": "ordinary", "举报": "ordinary",
        "建议": "suggestion", "表扬": "praise",
    }  # fmt: skip
    for kind, row in expected.items():
        number = await city.classified(type=kind)
        step = (await city.history(number))[-1]
        assert step.details["row"] == row
        assert step.article
        assert step.actor == AGENT.agent


@pytest.mark.requirement("R09")
async def test_a_refusal_is_a_recorded_service_that_can_be_overturned(city: City) -> None:
    number = await city.classified(category=["其他", "不予受理", "法定途径"])
    await city.does(AGENT, number, Act.REFUSE, ground="litigation")
    assert await city.state(number) is TicketState.REFUSED
    step = (await city.history(number))[-1]
    assert (step.reason, step.article) == ("litigation", "11")
    assert "12368" in step.details["channel"]
    assert step.details["told"], "what the caller was told is kept"
    assert await city.told(number, "refused") == ["caller"]
    await city.does(AGENT, number, Act.ASK_REVIEW, words="诉求人不认可")
    await city.does(SUPERVISOR, number, Act.REVIEW_REFUSAL, upheld=False, words="应予受理")
    assert await city.state(number) is TicketState.REGISTERED
    assert await city.told(number, "refusal_reviewed") == ["caller"]


@pytest.mark.requirement("R09")
async def test_nobody_reviews_a_refusal_of_his_own(city: City) -> None:
    number = await city.classified(category=["其他", "不予受理", "法定途径"])
    await city.does(SUPERVISOR, number, Act.REFUSE, ground="litigation")
    await city.does(AGENT, number, Act.ASK_REVIEW, words="诉求人不认可")
    stands = {"upheld": True, "words": "属于诉讼事项"}
    with pytest.raises(OwnDecision):
        await city.does(SUPERVISOR, number, Act.REVIEW_REFUSAL, **stands)
    await city.does(OTHER_SUPERVISOR, number, Act.REVIEW_REFUSAL, **stands)
    step = (await city.history(number))[-1]
    assert (step.reason, step.actor) == ("upheld", OTHER_SUPERVISOR.agent)
    assert await city.state(number) is TicketState.REFUSED


@pytest.mark.requirement("R09")
async def test_of_a_state_secret_only_the_category_is_kept(city: City) -> None:
    number = await city.registers(category=["其他", "不予受理", "涉密"], content="某某基地在山里")
    await city.does(AGENT, number, Act.REFUSE, ground="state_secret", words="某某基地")
    fields = await city.fields(number)
    assert fields["category"] == ["其他", "不予受理", "涉密"]
    assert "基地" not in str(fields)
    assert "content" not in fields
    assert "title" not in fields
    assert await city.words(number) == []
