"""Articles 32 and 33: the head himself, and nobody judges what is told against him."""

from __future__ import annotations

import pytest

from core.loop.errors import AccusedHandles, SignatureMissing, WayClosed
from core.loop.states import Act, TicketState
from tests.core.loop.city import AGENT, DISPATCHER, City, at, head, unit

HARM = {"category": ["企业服务", "营商环境", "吃拿卡要"], "subject": "企业", "type": "投诉"}
FINES = {"category": ["企业服务", "涉企执法", "罚款不当"], "subject": "企业", "type": "投诉"}


@pytest.mark.requirement("R31")
async def test_harm_to_business_is_signed_for_and_closed_by_the_head_himself(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched(**HARM)
    ticket = await city.ticket(number)
    assert ticket.sign_due == at("2026-01-12 09:30"), "half an hour, not a workday"
    assert f"head:{ticket.unit}" in await city.told(number, "fast_track")
    with pytest.raises(SignatureMissing):
        await city.does(unit(ticket.unit), number, Act.SIGN)
    await city.does(head(ticket.unit), number, Act.SIGN)
    await city.does(unit(ticket.unit), number, Act.HANDLE, words="已查处")
    with pytest.raises(SignatureMissing):
        await city.does(unit(ticket.unit), number, Act.ANSWER, words="已答复")
    await city.does(head(ticket.unit), number, Act.COUNTERSIGN)
    await city.does(unit(ticket.unit), number, Act.ANSWER, words="已答复")
    assert (await city.ticket(number)).countersigned_by == f"h-{ticket.unit}"


@pytest.mark.requirement("R31")
async def test_the_unit_complained_about_does_not_get_it(city: City) -> None:
    number = await city.classified(**HARM)
    accused = {"accused": "district_130203"}
    with pytest.raises(AccusedHandles):
        await city.does(DISPATCHER, number, Act.DISPATCH, **accused)


@pytest.mark.requirement("R32")
async def test_complaints_about_enforcement_go_to_its_supervisor_only(city: City) -> None:
    number = await city.classified(**FINES)
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.DISPATCH, unit="market", words="x")
    with pytest.raises(AccusedHandles):
        await city.does(AGENT, number, Act.TRANSFER, organ="market", accused="market")
    await city.does(AGENT, number, Act.TRANSFER, organ="justice", accused="market")
    await city.does(DISPATCHER, number, Act.RECEIPT, receipt="执监〔2026〕1号")
    await city.does(DISPATCHER, number, Act.TRANSFER_RESULT, words="已责令改正")
    assert await city.state(number) is TicketState.ANSWERED
    details = [step.details for step in await city.history(number)]
    assert {"organ": "justice"}.items() <= details[2].items()
    assert "执监〔2026〕1号" in await city.words(number)
