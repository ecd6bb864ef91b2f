"""Of a state secret the category is kept and nothing else, whatever is said afterwards (11, 39)."""

from __future__ import annotations

from sqlmodel import Session, select

from core.calls import Leg, RecordingKept
from core.loop.states import Act
from core.store.loop_tables import MeetingRow
from core.store.tables import RecordingRow, SegmentRow
from core.store.vault import Vault
from tests.core.conftest import MASTER
from tests.core.loop.city import AGENT, AUTHORITY, SUPERVISOR, City


async def test_what_is_said_about_a_state_secret_later_is_not_kept_either(city: City) -> None:
    number = await city.classified()
    await city.does(AGENT, number, Act.REFUSE, ground="state_secret", words="不该留下的话")
    await city.does(AGENT, number, Act.ASK_REVIEW, words="再说一遍不该留下的话")
    await city.does(SUPERVISOR, number, Act.REVIEW_REFUSAL, upheld=True, words="维持原决定")
    assert await city.words(number) == []
    assert [step.act for step in await city.history(number)][-1] == "review_refusal"


async def parted(city: City, said: str) -> tuple[str, str, str]:
    """A call that told of several matters: its ticket, what was split off, and off that again."""
    await city.talk("c1", "15400000001", said=said)
    await city.desk.record(RecordingKept("c1", city.clock.moment, Leg.CALLER, "c1.wav"))
    number = (await city.desk.submit(AGENT, "c1")).number
    found = [number]
    for _ in range(2):
        part = {"title": "另一件事", "type": "投诉", "category": ["城市管理", "市政设施", "路灯"]}
        await city.does(AGENT, found[-1], Act.SPLIT, parts=[part])
        found.append((await city.history(found[-1]))[-1].details["into"][0])
    return found[0], found[1], found[2]


async def test_a_secret_that_was_split_off_is_not_left_in_the_call_either(city: City) -> None:
    number, _, grandchild = await parted(city, "不该留下的话")
    await city.does(AGENT, grandchild, Act.REFUSE, ground="state_secret")
    for who in (AGENT, SUPERVISOR):
        assert {one.text for one in (await city.desk.snapshot(who)).segments} == {""}

    def left(session: Session) -> tuple[bool, set[bytes], set[bool]]:
        sealed = {row.text_sealed for row in session.exec(select(SegmentRow))}
        recordings = {row.erase for row in session.exec(select(RecordingRow))}
        return Vault(MASTER).erased(session, "c1"), sealed, recordings

    assert await city.sees_rows(left) == (True, {b""}, {True})
    assert (await city.ticket(number)).secrecy == 0, "the other matter goes its way"


async def test_minutes_go_when_a_matter_of_the_meeting_becomes_a_state_secret(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    secret, other = await city.signed(), await city.signed()
    meetings = city.desk.offices.meetings
    form = {
        "numbers": [secret, other], "units": ["housing"],
        "planned_at": city.clock.moment.replace(hour=11),
    }  # fmt: skip
    held = (await meetings.call(SUPERVISOR, form)).meeting
    to_come = (await meetings.call(SUPERVISOR, form)).meeting
    await meetings.hold(SUPERVISOR, held, {"minutes": "不该留下的话"})
    await city.does(SUPERVISOR, secret, Act.SET_SECRECY, level=3)
    await meetings.hold(SUPERVISOR, to_come, {"minutes": "不该留下的话"})
    for meeting in (held, to_come):
        for who in (SUPERVISOR, AUTHORITY):
            assert (await meetings.meeting(who, meeting)).minutes is None
    rows = await city.sees_rows(lambda session: session.exec(select(MeetingRow)).all())
    assert [row.minutes_sealed for row in rows] == [None, None]
