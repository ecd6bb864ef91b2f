"""Business environment (32), enforcement (33), retaliation (46, 48): who handles it, and who never
does."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import NotFound
from core.loop.errors import (
    AccusedHandles,
    ActForbidden,
    SignatureMissing,
    TooOften,
    WayClosed,
)
from core.loop.states import Act, TicketState
from tests.core.loop.city import AGENT, DISPATCHER, SUPERVISOR, City, at, head, unit

# A company in 路北区 that is harassed; by the directory the district's government handles it.
HARASSED: dict[str, Any] = {
    "category": ["企业服务", "营商环境", "吃拿卡要"],
    "type": "举报",
    "subject": "企业",
    "is_enterprise": True,
    "title": "办事人员索要好处",
    "content": "办证时被要求送礼",
}
INSPECTED = HARASSED | {"category": ["企业服务", "涉企执法", "多头检查"], "type": "投诉"}
BETRAYED = HARASSED | {"category": ["政务服务与作风", "行政效能", "泄露信息与打击报复"]}
DISTRICT = "district_130203"
WORKER, HEAD = unit(DISTRICT), head(DISTRICT)


async def _handled(city: City) -> str:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched(**HARASSED)
    await city.does(HEAD, number, Act.SIGN)
    await city.does(WORKER, number, Act.HANDLE, words="已查处")
    return number


# The fast track.


async def test_its_limits_are_shorter_and_the_head_is_told_himself(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched(**HARASSED)
    ticket, plain = await city.ticket(number), await city.ticket(await city.dispatched())
    assert ticket.fast_track
    assert ticket.sign_due == at("2026-01-12 09:30")
    assert ticket.handle_due == at("2026-01-15 23:59:59")  # three working days: 13, 14, 15
    assert plain.sign_due is not None and ticket.sign_due < plain.sign_due
    assert plain.handle_due is not None and ticket.handle_due < plain.handle_due
    assert await city.told(number, "fast_track") == [f"head:{DISTRICT}"]
    assert await city.told(plain.number, "fast_track") == []


async def test_half_an_hour_unsigned_is_told_to_the_head_that_very_minute(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched(**HARASSED)
    await city.passes("2026-01-12 09:29", minutes=1)
    assert await city.supervisions(number) == []
    await city.passes("2026-01-12 09:45", minutes=1)
    (row,) = await city.supervisions(number)
    assert (row.rung, row.at, row.enterprise) == ("sign_urge", at("2026-01-12 09:30"), True)
    assert await city.told(number, "rung_head") == [f"head:{DISTRICT}"]


async def test_nobody_but_the_head_signs_for_it(city: City) -> None:
    number = await city.dispatched(**HARASSED)
    with pytest.raises(SignatureMissing):
        await city.does(WORKER, number, Act.SIGN)
    assert await city.state(number) is TicketState.DISPATCHED
    with pytest.raises(NotFound):
        await city.does(head("housing"), number, Act.SIGN)
    await city.does(HEAD, number, Act.SIGN)
    assert (await city.history(number))[-1].actor == HEAD.agent


async def test_it_is_not_answered_without_the_heads_own_signature(city: City) -> None:
    number = await _handled(city)
    for who in (WORKER, HEAD):
        with pytest.raises(SignatureMissing):
            await city.does(who, number, Act.ANSWER, words="已告知")
    with pytest.raises(ActForbidden):
        await city.does(WORKER, number, Act.COUNTERSIGN)
    await city.does(HEAD, number, Act.COUNTERSIGN)
    assert (await city.ticket(number)).countersigned_by == HEAD.agent
    await city.does(WORKER, number, Act.ANSWER, words="已告知")
    assert await city.state(number) is TicketState.ANSWERED


async def test_a_signature_is_for_what_was_signed_and_void_when_it_is_done_again(
    city: City,
) -> None:
    number = await _handled(city)
    await city.does(HEAD, number, Act.COUNTERSIGN)
    await city.does(WORKER, number, Act.ANSWER, words="已告知")
    await city.follows_up(number, satisfied=False)
    await city.does(DISPATCHER, number, Act.REDO)
    with pytest.raises(SignatureMissing):
        await city.does(WORKER, number, Act.SIGN)
    await city.does(HEAD, number, Act.SIGN)
    await city.does(WORKER, number, Act.HANDLE, words="重新查处")
    with pytest.raises(SignatureMissing):
        await city.does(WORKER, number, Act.ANSWER, words="已告知")
    await city.does(HEAD, number, Act.COUNTERSIGN)
    await city.does(WORKER, number, Act.ANSWER, words="已告知")
    await city.follows_up(number, satisfied=False)
    with pytest.raises(TooOften):
        await city.does(DISPATCHER, number, Act.REDO)


async def test_a_signature_is_void_when_another_unit_gets_it(city: City) -> None:
    number = await _handled(city)
    await city.does(HEAD, number, Act.COUNTERSIGN)
    await city.does(DISPATCHER, number, Act.RAISE_PROBLEM, words="难")
    await city.does(
        SUPERVISOR, number, Act.DECIDE_PROBLEM, decision="decide", unit="industry", words="指定"
    )
    assert (await city.ticket(number)).countersigned_by == ""
    assert await city.told(number, "fast_track") == [f"head:{DISTRICT}", "head:industry"]
    await city.does(head("industry"), number, Act.SIGN)
    await city.does(unit("industry"), number, Act.HANDLE, words="已查处")
    with pytest.raises(SignatureMissing):
        await city.does(unit("industry"), number, Act.ANSWER, words="已告知")


async def test_the_unit_complained_about_gets_it_on_no_way(city: City) -> None:
    number = await city.classified(**HARASSED)
    with pytest.raises(AccusedHandles):  # the directory's own proposal
        await city.does(DISPATCHER, number, Act.DISPATCH, accused=DISTRICT)
    with pytest.raises(AccusedHandles):  # nor with words
        await city.does(
            DISPATCHER, number, Act.DISPATCH, accused=DISTRICT, unit=DISTRICT, words="坚持"
        )
    with pytest.raises(AccusedHandles):  # nor as a helper
        await city.does(
            DISPATCHER,
            number,
            Act.DISPATCH,
            accused=DISTRICT,
            unit="industry",
            assist=[DISTRICT],
            words="回避",
        )
    await city.does(
        DISPATCHER, number, Act.DISPATCH, accused=DISTRICT, unit="industry", words="回避"
    )
    with pytest.raises(AccusedHandles):
        await city.does(DISPATCHER, number, Act.ASSIST, units=[DISTRICT])
    for accused in (WORKER, HEAD):
        with pytest.raises(NotFound):
            await city.does(accused, number, Act.NOTE, words="看一眼")
    assert (await city.ticket(number)).unit == "industry"


# Enforcement against enterprises.


async def test_a_complaint_about_enforcement_goes_to_its_supervisor_and_is_never_dispatched(
    city: City,
) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.classified(**INSPECTED)
    assert (await city.ticket(number)).enforcement
    for who in ("market", None):
        with pytest.raises(WayClosed):
            await city.does(DISPATCHER, number, Act.DISPATCH, unit=who, words="派单")
    with pytest.raises(WayClosed):
        await city.does(AGENT, number, Act.ANSWER_AT_ONCE, words="没有问题")
    for organ in ("market", "inspection_office", "110"):
        with pytest.raises(AccusedHandles):
            await city.does(AGENT, number, Act.TRANSFER, organ=organ, accused="market")
    assert await city.state(number) is TicketState.CLASSIFIED
    await city.does(AGENT, number, Act.TRANSFER, organ="justice", accused="market")
    ticket = await city.ticket(number)
    assert (ticket.state, ticket.accused, ticket.unit) == ("transferred", "market", "")
    step = (await city.history(number))[-1]
    assert (step.article, step.details) == ("33", {"organ": "justice"})
    assert await city.told(number, "transferred") == ["caller"]


async def test_a_supervisor_that_is_itself_accused_is_supervised_by_the_other(city: City) -> None:
    number = await city.classified(**INSPECTED)
    with pytest.raises(AccusedHandles):
        await city.does(AGENT, number, Act.TRANSFER, organ="justice", accused="justice")
    await city.does(AGENT, number, Act.TRANSFER, organ="inspection_office", accused="justice")
    ticket = await city.ticket(number)
    assert (ticket.state, ticket.accused) == ("transferred", "justice")


async def test_its_receipt_and_result_are_filled_in_and_followed_up(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.classified(**INSPECTED)
    await city.does(AGENT, number, Act.TRANSFER, organ="justice")
    await city.does(DISPATCHER, number, Act.RECEIPT, receipt="司监〔2026〕3号")
    kept = (await city.history(number))[-1]
    assert "3号" not in str(kept.details) and kept.words_sealed  # it may name somebody
    assert "司监〔2026〕3号" in await city.words(number)
    assert await city.state(number) is TicketState.TRANSFERRED
    with pytest.raises(ActForbidden):
        await city.does(AGENT, number, Act.TRANSFER_RESULT, words="已责令改正")
    await city.does(DISPATCHER, number, Act.TRANSFER_RESULT, words="已责令改正")
    ticket = await city.ticket(number)
    assert (ticket.state, ticket.answered_at) == ("answered", at("2026-01-12 09:00"))
    assert await city.told(number, "answered") == ["caller"]
    await city.passes("2026-01-16 00:00", hours=12)  # three working days without a follow-up
    assert (await city.history(number))[-1].reason == "follow_up_due"
    await city.follows_up(number)


async def test_a_supervisor_that_is_itself_complained_about_does_not_get_it(city: City) -> None:
    number = await city.classified(**INSPECTED)
    with pytest.raises(AccusedHandles):
        await city.does(AGENT, number, Act.TRANSFER, organ="justice", accused="justice")


# Retaliation.


async def test_retaliation_goes_straight_to_who_watches_conduct_never_to_the_accused(
    city: City,
) -> None:
    number = await city.classified(**BETRAYED)
    assert (await city.ticket(number)).retaliation
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.DISPATCH, accused="market")
    for organ in ("market", "justice", "110"):
        with pytest.raises(AccusedHandles):
            await city.does(AGENT, number, Act.TRANSFER, organ=organ, accused="market")
    with pytest.raises(AccusedHandles):
        await city.does(
            AGENT,
            number,
            Act.TRANSFER,
            organ="inspection_office",
            accused="inspection_office",
        )
    await city.does(AGENT, number, Act.TRANSFER, organ="inspection_office", accused="market")
    assert (await city.history(number))[-1].article == "46, 48"
    for accused in (unit("market"), head("market")):
        with pytest.raises(NotFound):
            await city.does(accused, number, Act.NOTE, words="看一眼")
