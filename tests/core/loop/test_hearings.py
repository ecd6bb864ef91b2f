"""The recording of a confidential matter is heard by approval, for a while, and on record."""

from __future__ import annotations

import pytest

from core import calls
from core.calls import Leg
from core.errors import NotFound
from core.loop.errors import ActForbidden, AskedAlready, NothingAsked, SecretContent
from core.loop.hearings import HearingAsked, HearingDecided
from core.loop.states import Act
from core.people.errors import OwnRequest, RecordingClosed
from core.ports import Viewer
from tests.core.desk.test_desk import at, offered
from tests.core.loop.city import AGENT, AUDITOR, DISPATCHER, OTHER_AGENT, SUPERVISOR, City, unit
from tests.core.people.ledger import last, whole

SECOND_HEAD = Viewer("1902", "副主任", "supervisor")
WHY = HearingAsked(words="核对地址")


async def recorded(city: City, level: int = 0) -> str:
    """A call of the agent's with a recording, and its ticket."""
    await offered(city.desk, "c1", AGENT.agent)
    await city.desk.record(calls.RecordingKept("c1", at(60), Leg.CALLER, "c1.caller.wav"))
    number = (await city.desk.submit(AGENT, "c1")).number
    if level:
        await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=level)
    return number


async def hears(city: City, who: Viewer) -> str:
    return await city.desk.shelf.recording(who, "c1", Leg.CALLER)


def yes(who: Viewer) -> HearingDecided:
    return HearingDecided(asked_by=who.agent, granted=True)


async def test_an_open_matter_is_heard_as_ever(city: City) -> None:
    number = await recorded(city)
    assert await hears(city, AGENT) == await hears(city, SUPERVISOR) == "c1.caller.wav"
    assert await last(city.desk) == ("1900", "listen", number, "done", "")
    with pytest.raises(NotFound):
        await hears(city, OTHER_AGENT)


@pytest.mark.parametrize("level", [1, 2])
async def test_a_confidential_one_is_heard_after_another_head_agreed_and_for_a_day(
    city: City, level: int
) -> None:
    city.it_is("2026-01-12 09:00")
    number = await recorded(city, level)
    for who in (AGENT, SUPERVISOR):
        with pytest.raises(RecordingClosed):
            await hears(city, who)
        assert await last(city.desk) == (
            who.agent, "listen", number, "refused", "recording_closed",
        )  # fmt: skip
    await city.desk.offices.hearings.ask(AGENT, number, WHY)
    with pytest.raises(RecordingClosed):  # asked is not granted
        await hears(city, AGENT)
    granted = await city.desk.offices.hearings.decide(SUPERVISOR, number, yes(AGENT))
    assert (granted.state, granted.decided_by) == ("granted", "1900")
    assert await hears(city, AGENT) == "c1.caller.wav"
    with pytest.raises(RecordingClosed):  # granted to the one who asked, and to nobody else
        await hears(city, SUPERVISOR)
    city.it_is("2026-01-13 09:00")  # 24 hours by conduct.yaml
    assert await hears(city, AGENT) == "c1.caller.wav"
    city.later(seconds=1)
    with pytest.raises(RecordingClosed):
        await hears(city, AGENT)
    assert await whole(city.desk)


async def test_nobody_grants_it_to_himself(city: City) -> None:
    number = await recorded(city, 1)
    await city.desk.offices.hearings.ask(SUPERVISOR, number, WHY)
    with pytest.raises(OwnRequest):
        await city.desk.offices.hearings.decide(SUPERVISOR, number, yes(SUPERVISOR))
    assert (await last(city.desk))[3:] == ("refused", "own_request")
    await city.desk.offices.hearings.decide(SECOND_HEAD, number, yes(SUPERVISOR))
    assert await hears(city, SUPERVISOR) == "c1.caller.wav"


async def test_a_refusal_closes_it_and_it_may_be_asked_again(city: City) -> None:
    number = await recorded(city, 1)
    await city.desk.offices.hearings.ask(AGENT, number, WHY)
    with pytest.raises(AskedAlready):
        await city.desk.offices.hearings.ask(AGENT, number, WHY)
    no = HearingDecided(asked_by=AGENT.agent, granted=False)
    assert (await city.desk.offices.hearings.decide(SUPERVISOR, number, no)).until is None
    with pytest.raises(RecordingClosed):
        await hears(city, AGENT)
    with pytest.raises(NothingAsked):
        await city.desk.offices.hearings.decide(SUPERVISOR, number, yes(AGENT))
    await city.desk.offices.hearings.ask(AGENT, number, WHY)


async def test_who_may_ask_decide_and_see_what_was_asked(city: City) -> None:
    number = await recorded(city, 1)
    for who in (DISPATCHER, AUDITOR):
        with pytest.raises(ActForbidden):
            await city.desk.offices.hearings.ask(who, number, WHY)
    with pytest.raises(NotFound):
        await city.desk.offices.hearings.ask(
            Viewer("1", "", "supervisor", county="130299"), number, WHY
        )
    await city.desk.offices.hearings.ask(AGENT, number, WHY)
    for who in (AGENT, OTHER_AGENT, DISPATCHER):
        with pytest.raises(ActForbidden):
            await city.desk.offices.hearings.decide(who, number, yes(AGENT))
        assert (await last(city.desk))[3:] == ("refused", "act_forbidden")
    (seen,) = await city.desk.offices.hearings.requests(SUPERVISOR, number)
    assert (seen.asked_by, seen.words, seen.state) == ("1001", "核对地址", "open")
    assert await city.desk.offices.hearings.requests(OTHER_AGENT, number) == []


async def test_a_ticket_that_goes_on_does_not_undo_what_was_asked(city: City) -> None:
    number = await city.signed(confidential=True)
    await city.desk.offices.hearings.ask(AGENT, number, WHY)
    await city.does(unit("city_management"), number, Act.HANDLE, words="已处理")
    await city.desk.offices.hearings.decide(SUPERVISOR, number, yes(AGENT))


async def test_of_a_state_secret_no_word_is_kept_and_nothing_is_to_be_heard(city: City) -> None:
    number = await recorded(city, 3)
    with pytest.raises(SecretContent):
        await city.desk.offices.hearings.ask(SUPERVISOR, number, WHY)
    assert await city.desk.offices.hearings.requests(SUPERVISOR, number) == []


async def test_what_was_split_off_is_heard_too_and_the_strictest_ticket_decides(city: City) -> None:
    number = await recorded(city)
    await city.does(AGENT, number, Act.SPLIT, parts=[{"title": "另一件事"}, {"title": "第三件事"}])
    secret, third = (await city.history(number))[-1].details["into"]
    for about in (number, secret, third):
        detail = await city.desk.offices.work.detail(AGENT, about)
        assert detail.call_id == "c1"
    assert await hears(city, AGENT) == "c1.caller.wav"
    await city.does(SUPERVISOR, third, Act.SET_SECRECY, level=1)
    await city.does(SUPERVISOR, secret, Act.SET_SECRECY, level=2)
    await city.desk.offices.hearings.ask(AGENT, third, WHY)
    await city.desk.offices.hearings.decide(SUPERVISOR, third, yes(AGENT))
    with pytest.raises(RecordingClosed) as closed:
        await hears(city, AGENT)
    assert closed.value.details["number"] == secret
    await city.desk.offices.hearings.ask(AGENT, secret, WHY)
    await city.desk.offices.hearings.decide(SUPERVISOR, secret, yes(AGENT))
    assert await hears(city, AGENT) == "c1.caller.wav"
    assert (await last(city.desk))[:3] == ("1001", "listen", "c1")
