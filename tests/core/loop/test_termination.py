"""A ticket ends before it is handled only by the hotline's decision, with a reason, told."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Invalid
from core.loop.errors import (
    ActForbidden,
    ActOutOfOrder,
    AskedAlready,
    NothingAsked,
    NotYourTask,
    ReasonUnknown,
    WayClosed,
)
from core.loop.states import Act, TicketState
from tests.core.loop.city import AGENT, AUTHORITY, DISPATCHER, City, unit
from tests.core.loop.looking import requests, rungs, timers, told

WORKER = unit("city_management")
WHY: dict[str, Any] = {"reason": "not_cooperating", "words": "三次联系诉求人均拒绝提供地址"}
WITHDRAWN: dict[str, Any] = {"reason": "withdrawn", "words": "诉求人来电撤回"}


@pytest.fixture
async def number(city: City) -> str:
    city.it_is("2026-01-12 09:00")
    return await city.signed()


async def test_the_unit_asks_the_hotline_terminates_the_caller_is_told(
    city: City, number: str
) -> None:
    await city.does(WORKER, number, Act.ASK_RETURN, reason="wrong_facts", words="地址不明")
    await city.does(WORKER, number, Act.ASK_TERMINATION, **WHY)
    assert await city.state(number) is TicketState.SIGNED
    await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=True, **WHY)
    assert await city.state(number) is TicketState.TERMINATED
    assert await timers(city, number) == {}
    assert [one.state for one in await requests(city, number, "return")] == ["void"]
    assert await told(city, number, "terminated") == [
        ("caller", f"工单{number}终止办理，原因：诉求人拒不配合，无法核实。如有异议请拨打12345。")
    ]
    step = (await city.history(number))[-1]
    assert (step.reason, step.actor, step.words_sealed is not None) == (
        "not_cooperating", DISPATCHER.agent, True,
    )  # fmt: skip


async def test_never_by_the_unit_alone(city: City, number: str) -> None:
    await city.does(WORKER, number, Act.ASK_TERMINATION, **WHY)
    for who in (WORKER, AGENT, AUTHORITY):
        with pytest.raises(ActForbidden):
            await city.does(who, number, Act.DECIDE_TERMINATION, granted=True, **WHY)
    assert await city.state(number) is TicketState.SIGNED


async def test_not_without_reason_and_words(city: City, number: str) -> None:
    for wrong in ({"reason": "not_cooperating"}, {"words": "拒不配合"}, {}):
        with pytest.raises(Invalid):
            await city.does(WORKER, number, Act.ASK_TERMINATION, **wrong)
    await city.does(WORKER, number, Act.ASK_TERMINATION, **WHY)
    for wrong in (
        {"reason": "not_cooperating"},
        {"words": "拒不配合"},
        {"reason": "not_cooperating", "words": ""},
    ):
        with pytest.raises(Invalid):
            await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=True, **wrong)
    with pytest.raises(ReasonUnknown):
        await city.does(
            DISPATCHER, number, Act.DECIDE_TERMINATION, granted=True, reason="old", words="陈旧"
        )


async def test_refused_it_is_as_it_was(city: City, number: str) -> None:
    before, planned = await city.ticket(number), await rungs(city, number)
    await city.does(WORKER, number, Act.ASK_TERMINATION, **WHY)
    await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=False, words="请继续联系")
    after = await city.ticket(number)
    assert (after.state, after.handle_due) == (before.state, before.handle_due)
    assert await rungs(city, number) == planned
    assert await told(city, number, "terminated") == []
    with pytest.raises(NothingAsked):
        await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=False, words="同上")


async def test_refusing_with_a_reason_does_not_terminate(city: City, number: str) -> None:
    await city.does(WORKER, number, Act.ASK_TERMINATION, **WHY)
    await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=False, **WHY)
    assert await city.state(number) is TicketState.SIGNED


async def test_unasked_the_hotline_terminates_only_what_the_caller_withdraws(
    city: City, number: str
) -> None:
    with pytest.raises(NothingAsked):
        await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=True, **WHY)
    await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=True, **WITHDRAWN)
    assert await city.state(number) is TicketState.TERMINATED


async def test_a_caller_withdraws_by_an_agent_before_any_unit_has_it(city: City) -> None:
    number = await city.registers()
    with pytest.raises(WayClosed):
        await city.does(AGENT, number, Act.ASK_TERMINATION, **WHY)
    await city.does(AGENT, number, Act.ASK_TERMINATION, **WITHDRAWN)
    with pytest.raises(AskedAlready):
        await city.does(AGENT, number, Act.ASK_TERMINATION, **WITHDRAWN)
    with pytest.raises(ActForbidden):
        await city.does(AGENT, number, Act.DECIDE_TERMINATION, granted=True, **WITHDRAWN)
    await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=True, **WITHDRAWN)
    assert await city.state(number) is TicketState.TERMINATED


async def test_what_is_suspended_can_be_terminated_and_is_reviewed_no_more(
    city: City, number: str
) -> None:
    await city.does(WORKER, number, Act.ASK_SUSPENSION, reason="lawsuit", words="已起诉")
    await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=True)
    await city.does(WORKER, number, Act.ASK_TERMINATION, reason="article_11", words="已进入诉讼")
    await city.does(
        DISPATCHER, number, Act.DECIDE_TERMINATION, granted=True, reason="article_11", words="属实"
    )
    assert await city.state(number) is TicketState.TERMINATED
    assert await timers(city, number) == {}


async def test_only_the_main_unit_asks_and_only_before_it_is_handled(
    city: City, number: str
) -> None:
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    helper = unit("housing")
    with pytest.raises(NotYourTask):
        await city.does(helper, number, Act.ASK_TERMINATION, **WHY)
    await city.does(helper, number, Act.ASSIST_DONE, words="已配合")
    await city.does(WORKER, number, Act.ASK_TERMINATION, **WHY)
    await city.does(WORKER, number, Act.HANDLE, words="已修复")
    assert [one.state for one in await requests(city, number, "termination")] == ["void"]
    with pytest.raises(ActOutOfOrder):
        await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=True, **WHY)


async def test_one_callers_withdrawal_does_not_end_what_another_told(
    city: City, number: str
) -> None:
    other = await city.classified(contact_phone="15400000002")
    await city.does(AGENT, other, Act.MERGE, into=number)
    assert await city.state(other) is TicketState.MERGED
    await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=True, **WITHDRAWN)
    assert await city.state(number) is TicketState.TERMINATED
    await city.does(AGENT, other, Act.CLASSIFY)
    await city.does(DISPATCHER, other, Act.DISPATCH)
    assert await city.state(other) is TicketState.DISPATCHED


async def test_the_way_to_the_archive_is_the_usual_one(city: City, number: str) -> None:
    await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, granted=True, **WITHDRAWN)
    with pytest.raises(ActOutOfOrder):
        await city.does(DISPATCHER, number, Act.ARCHIVE)
    await city.does(DISPATCHER, number, Act.EXEMPT, reason="terminated")
    await city.does(DISPATCHER, number, Act.ARCHIVE)
    assert not (await city.ticket(number)).open
