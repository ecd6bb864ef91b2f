"""Articles 39, 46 and 48: who may know, who has known, and nobody's revenge."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from core.calls import Leg, RecordingKept
from core.loop.errors import AccusedHandles, WayClosed
from core.loop.hearings import HearingAsked, HearingDecided
from core.loop.states import Act
from core.people.errors import RecordingClosed
from core.ports import TicketQuery
from core.store.loop_tables import AccessRow
from tests.core.loop.city import AGENT, AUDITOR, DISPATCHER, SUPERVISOR, City, unit

REVENGE = {"category": ["政务服务与作风", "行政效能", "泄露信息与打击报复"], "type": "举报"}


@pytest.mark.requirement("R37")
async def test_the_unit_does_not_learn_who_asked_for_secrecy(city: City) -> None:
    number = await city.dispatched(confidential=True)
    holder = unit((await city.ticket(number)).unit)
    seen = await city.desk.offices.work.detail(holder, number)
    assert "15400000001" not in str(seen.fields)
    assert "测试人" not in str(seen.fields)
    assert {"caller_name", "contact_phone"} <= set(seen.hidden)
    own = await city.desk.offices.work.detail(DISPATCHER, number)
    assert own.fields["contact_phone"] == "15400000001", "the hotline itself calls back"


@pytest.mark.requirement("R37")
async def test_what_was_written_about_him_is_masked_wherever_it_is_read(city: City) -> None:
    number = await city.classified(
        confidential=True,
        title="测试人家门口的路灯不亮",
        content="测试人家门口的路灯坏了，回电15400000001",
    )
    await city.does(DISPATCHER, number, Act.DISPATCH, words="测试人来电15400000001催办")
    holder = unit((await city.ticket(number)).unit)
    work = city.desk.offices.work
    content, title, words = (
        (await work.detail(holder, number)).fields["content"],
        (await work.tickets(holder, TicketQuery())).lines[0].title,
        (await work.history(holder, number))[-1].words,
    )
    for read in (content, title, words):
        assert isinstance(read, str)
        assert "测试人" not in read
        assert "15400000001" not in read
    assert content == "**家门口的路灯坏了，回电***********", "what is to be done stays readable"
    assert title == "**家门口的路灯不亮"
    assert (await work.history(SUPERVISOR, number))[-1].words == "测试人来电15400000001催办"


@pytest.mark.requirement("R37")
async def test_a_recording_is_heard_by_approval_and_for_a_while(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    await city.talk("c1", "15400000001")
    await city.desk.record(RecordingKept("c1", city.clock.moment, Leg.CALLER, "c1.caller.wav"))
    number = (await city.desk.submit(AGENT, "c1")).number
    await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=1)
    shelf, hearings = city.desk.shelf, city.desk.offices.hearings
    with pytest.raises(RecordingClosed):
        await shelf.recording(AGENT, "c1", Leg.CALLER)
    await hearings.ask(AGENT, number, HearingAsked(words="核对地址"))
    with pytest.raises(RecordingClosed):
        await shelf.recording(AGENT, "c1", Leg.CALLER)
    approval = HearingDecided(asked_by=AGENT.agent, granted=True)
    await hearings.decide(SUPERVISOR, number, approval)
    assert await shelf.recording(AGENT, "c1", Leg.CALLER) == "c1.caller.wav"
    with pytest.raises(RecordingClosed):
        await shelf.recording(SUPERVISOR, "c1", Leg.CALLER)
    city.later(hours=24, seconds=1)
    with pytest.raises(RecordingClosed):
        await shelf.recording(AGENT, "c1", Leg.CALLER)


@pytest.mark.requirement("R37", "R48")
async def test_every_reading_leaves_a_line_that_no_later_hand_can_change(city: City) -> None:
    number = await city.registers()
    await city.desk.offices.work.detail(AGENT, number)
    await city.desk.offices.work.detail(SUPERVISOR, number)
    readers = [line.actor for line in await city.desk.offices.audit.who_saw(AUDITOR, number)]
    assert {AGENT.agent, SUPERVISOR.agent} <= set(readers)
    assert (await city.desk.offices.audit.verify(AUDITOR)).broken_at is None

    def cover_up(session: Session) -> None:
        row = session.exec(select(AccessRow).where(AccessRow.actor == SUPERVISOR.agent)).first()
        assert row is not None
        row.actor = AGENT.agent
        session.add(row)

    await city.unit_of_work(cover_up)
    assert (await city.desk.offices.audit.verify(AUDITOR)).broken_at is not None


@pytest.mark.requirement("R48")
async def test_a_complaint_about_revenge_never_reaches_the_accused(city: City) -> None:
    number = await city.classified(**REVENGE)
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.DISPATCH, unit="police", words="x")
    with pytest.raises(AccusedHandles):
        await city.does(AGENT, number, Act.TRANSFER, organ="police", accused="police")
    await city.does(AGENT, number, Act.TRANSFER, organ="inspection_office", accused="police")
    assert (await city.ticket(number)).accused == "police"
