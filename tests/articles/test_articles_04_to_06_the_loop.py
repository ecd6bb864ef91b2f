"""Articles 4 to 6: accepted in one place, registered, classified, handled in time, supervised,
followed up and rated, archived."""

from __future__ import annotations

import pytest

from core.loop.errors import ActOutOfOrder
from core.loop.states import MOVES, Act, TicketState
from tests.core.loop.city import AGENT, DISPATCHER, City


@pytest.mark.requirement("R03")
async def test_no_path_leads_to_the_archive_past_the_follow_up(city: City) -> None:
    """On the table itself: every way in comes from a rated or an exempted ticket."""
    into = {
        source
        for move in MOVES.values()
        if TicketState.ARCHIVED in move.targets
        for source in move.sources
    }
    assert into == {TicketState.RATED, TicketState.EXEMPTED}
    rated = {
        source
        for move in MOVES.values()
        if TicketState.RATED in move.targets
        for source in move.sources
    }
    assert rated == {TicketState.FOLLOWED_UP}
    number = await city.answered()
    with pytest.raises(ActOutOfOrder):
        await city.does(DISPATCHER, number, Act.ARCHIVE)


@pytest.mark.requirement("R03")
async def test_an_exemption_is_recorded_with_its_reason(city: City) -> None:
    number = await city.classified(type="咨询")
    await city.does(AGENT, number, Act.ANSWER_AT_ONCE, words="请带身份证到大厅办理")
    await city.does(DISPATCHER, number, Act.EXEMPT, reason="answered_at_once")
    await city.does(DISPATCHER, number, Act.ARCHIVE)
    exemption = next(step for step in await city.history(number) if step.act == "exempt")
    assert (exemption.reason, exemption.actor) == ("answered_at_once", DISPATCHER.agent)


@pytest.mark.requirement("R03")
async def test_a_step_out_of_order_is_refused_and_changes_nothing(city: City) -> None:
    number = await city.registers()
    for act, given in (
        (Act.DISPATCH, {}),
        (Act.FOLLOW_UP, {"reached": False}),
        (Act.RATE, {"level": 1}),
        (Act.ARCHIVE, {}),
    ):
        with pytest.raises(ActOutOfOrder):
            who = AGENT if act in (Act.FOLLOW_UP, Act.RATE) else DISPATCHER
            await city.does(who, number, act, **given)
    assert [step.act for step in await city.history(number)] == ["register"]
