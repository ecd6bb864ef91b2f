"""Joint meetings: called on tickets, held, and their resolutions come down to them (article 21)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from core.errors import Invalid, NotFound
from core.loop.errors import (
    AccusedHandles,
    ActForbidden,
    ActOutOfOrder,
    AskedAlready,
    NothingAsked,
    TooLate,
    UnitUnknown,
    WayClosed,
)
from core.loop.states import Act, TicketState
from core.ports import Viewer
from core.store.loop_tables import AccessRow, MeetingRow, NoticeRow
from core.store.tables import TicketRow
from tests.core.loop.city import (
    AGENT,
    AUTHORITY,
    DISPATCHER,
    GOVERNMENT,
    LUBEI_DISPATCHER,
    SUPERVISOR,
    City,
    at,
    head,
    unit,
)

FENGNAN_SUPERVISOR = Viewer("1901", "丰南负责人", "supervisor", county="130207")
LUBEI_SUPERVISOR = Viewer("1902", "路北负责人", "supervisor", county="130203")


async def _called(city: City, *numbers: str, who: Viewer = SUPERVISOR, **more: Any) -> int:
    form = {
        "numbers": numbers,
        "units": ["city_management", "housing"],
        "planned_at": city.clock.moment + timedelta(hours=1),
    }
    return (await city.desk.offices.meetings.call(who, form | more)).meeting


async def _held(city: City, *numbers: str, who: Viewer = SUPERVISOR) -> int:
    meeting = await _called(city, *numbers, who=who)
    city.it_is("2026-01-20 15:00")
    await city.desk.offices.meetings.hold(who, meeting, {"minutes": "会议议定如下"})
    return meeting


async def _resolves(city: City, meeting: int, *resolutions: dict[str, Any]) -> None:
    given = [{"words": "按决议办理"} | one for one in resolutions]
    await city.desk.offices.meetings.resolve(SUPERVISOR, meeting, {"resolutions": given})


async def test_resolutions_come_down_as_unit_and_date_with_supervision_anew(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    moved, dated = await city.signed(), await city.signed()
    await city.passes("2026-01-20 14:00", hours=6)
    assert [row.rung for row in await city.supervisions(dated)] == ["warn"]
    meeting = await _held(city, moved, dated)
    await _resolves(
        city,
        meeting,
        {"number": moved, "unit": "housing"},
        {"number": dated, "handle_due": at("2026-01-30 18:00")},
    )
    one, other = await city.ticket(moved), await city.ticket(dated)
    # Another unit: given on Tue 20, to sign by Wed 21, to handle in five working days, Tue 27.
    assert (one.unit, one.first_unit, one.designated) == ("housing", "city_management", True)
    assert (one.state, one.sign_due, one.handle_due) == (
        TicketState.DISPATCHED,
        at("2026-01-21 23:59:59"),
        at("2026-01-27 23:59:59"),
    )
    assert (other.state, other.unit, other.handle_due) == (
        TicketState.SIGNED,
        "city_management",
        at("2026-01-30 18:00"),
    )
    view = await city.desk.offices.meetings.meeting(SUPERVISOR, meeting)
    assert [(item.unit, item.due, item.resolved_at) for item in view.items] == [
        ("housing", at("2026-01-27 23:59:59"), at("2026-01-20 15:00")),
        ("city_management", at("2026-01-30 18:00"), at("2026-01-20 15:00")),
    ]
    assert await city.told(moved, "resolved") == ["unit:housing"]
    assert await city.told(dated, "resolved") == ["unit:city_management"]
    last = (await city.history(dated))[-1]
    assert (last.act, last.article, last.details["meeting"]) == ("resolve", "21", meeting)
    await city.passes("2026-02-05 12:00", hours=6)
    # By the new date: warned at the end of Thu 29, urged at the end of Sat 31, supervised at the
    # end of Wed 4 - the warning for the second time, for its first date is history.
    assert [(row.rung, row.round) for row in await city.supervisions(dated)] == [
        ("warn", 1),
        ("warn", 2),
        ("urge", 2),
        ("supervise", 2),
    ]


async def test_a_resolved_date_is_the_one_that_the_new_unit_is_told(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    meeting = await _held(city, number)
    await _resolves(
        city,
        meeting,
        {"number": number, "unit": "housing", "handle_due": at("2026-02-06 18:00")},
    )
    assert (await city.ticket(number)).handle_due == at("2026-02-06 18:00")
    await city.does(unit("housing"), number, Act.SIGN)
    await city.passes("2026-02-05 18:00", hours=6)
    assert await city.supervisions(number) == []
    await city.passes("2026-02-07 20:00", hours=1)  # one natural day after: end of Sat 7
    assert [row.rung for row in await city.supervisions(number)] == ["warn"]


async def test_what_a_unit_had_handled_goes_to_another_one_which_answers_for_it(
    city: City,
) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    await city.does(unit("housing"), number, Act.ASSIST_DONE, words="已配合")
    await city.does(unit("city_management"), number, Act.HANDLE, words="已处理")
    meeting = await _held(city, number)
    await _resolves(city, meeting, {"number": number, "unit": "housing"})
    await city.does(unit("housing"), number, Act.SIGN)
    await city.does(unit("housing"), number, Act.HANDLE, words="已处理")
    await city.does(unit("housing"), number, Act.ANSWER, words="已告知")
    assert await city.state(number) is TicketState.ANSWERED


async def test_all_resolutions_of_a_meeting_or_none(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    fine, bad = await city.signed(), await city.signed()
    meeting = await _held(city, fine, bad)
    with pytest.raises(UnitUnknown):
        await _resolves(
            city,
            meeting,
            {"number": fine, "unit": "housing"},
            {"number": bad, "unit": "nobody"},
        )
    ticket = await city.ticket(fine)
    assert (ticket.unit, ticket.state) == ("city_management", "signed")
    view = await city.desk.offices.meetings.meeting(SUPERVISOR, meeting)
    assert [item.resolved_at for item in view.items] == [None, None]
    # What is left over can be resolved later.
    await _resolves(city, meeting, {"number": fine, "unit": "housing"})
    await _resolves(city, meeting, {"number": bad, "unit": "housing"})


async def test_a_ticket_is_resolved_once_and_only_by_a_meeting_held_on_it(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number, other = await city.signed(), await city.signed()
    meeting = await _called(city, number)
    with pytest.raises(NothingAsked):  # not held yet
        await _resolves(city, meeting, {"number": number, "unit": "housing"})
    with pytest.raises(NothingAsked):  # nor by the way round it
        await city.does(
            SUPERVISOR, number, Act.RESOLVE, meeting=meeting, unit="housing", words="决议"
        )
    city.it_is("2026-01-20 15:00")
    await city.desk.offices.meetings.hold(SUPERVISOR, meeting, {"minutes": "议定"})
    with pytest.raises(AskedAlready):
        await city.desk.offices.meetings.hold(SUPERVISOR, meeting, {"minutes": "另议"})
    with pytest.raises(NothingAsked):  # not on its list
        await _resolves(city, meeting, {"number": other, "unit": "housing"})
    await _resolves(city, meeting, {"number": number, "unit": "housing"})
    with pytest.raises(AskedAlready):
        await _resolves(city, meeting, {"number": number, "unit": "market"})
    again = await _held(city, other)
    with pytest.raises(AskedAlready):  # twice in one list is no better
        await _resolves(
            city,
            again,
            {"number": other, "unit": "housing"},
            {"number": other, "unit": "market"},
        )


async def test_a_date_is_set_only_ahead_and_only_where_a_clock_runs(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    running, handled, stopped = [await city.signed() for _ in range(3)]
    await city.does(unit("city_management"), handled, Act.HANDLE, words="已处理")

    def suspend(session: Session) -> None:
        ticket = session.get_one(TicketRow, stopped)
        ticket.state, ticket.suspended_at, ticket.left = "suspended", city.clock.now(), 3
        session.add(ticket)

    await city.unit_of_work(suspend)
    meeting = await _held(city, running, handled, stopped)
    date = at("2026-01-30 18:00")
    with pytest.raises(TooLate):
        await _resolves(city, meeting, {"number": running, "handle_due": at("2026-01-20 15:00")})
    for still in (handled, stopped):
        with pytest.raises(WayClosed):
            await _resolves(city, meeting, {"number": still, "handle_due": date})
    await _resolves(city, meeting, {"number": stopped, "unit": "housing"})
    ticket = await city.ticket(stopped)
    assert (ticket.state, ticket.suspended_at, ticket.left) == ("dispatched", None, 0)


async def test_only_who_stands_above_calls_and_only_on_what_units_have(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    for nobody in (AGENT, DISPATCHER, unit("city_management")):
        with pytest.raises(ActForbidden):
            await _called(city, number, who=nobody)
    for caller in (AUTHORITY, GOVERNMENT, LUBEI_SUPERVISOR):
        await _called(city, number, who=caller)
    with pytest.raises(NotFound):  # another county's
        await _called(city, number, who=FENGNAN_SUPERVISOR)
    with pytest.raises(ActOutOfOrder):
        await _called(city, number, await city.classified())
    with pytest.raises(NotFound):
        await _called(city, number, "TS2026011299999")
    with pytest.raises(UnitUnknown):
        await _called(city, number, units=["nobody"])
    with pytest.raises(TooLate):
        await _called(city, number, planned_at=at("2026-01-12 08:00"))
    for wrong in ({"numbers": []}, {"units": []}, {"planned_at": "x"}, {"numbers": ["a\x00"]}):
        with pytest.raises(Invalid):
            await _called(city, number, **wrong)
    rows = await city.unit_of_work(lambda s: s.exec(select(MeetingRow)).all())
    assert len(rows) == 3


async def test_the_unit_complained_about_sits_in_no_meeting_on_it_and_gets_nothing(
    city: City,
) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.classified()
    await city.does(DISPATCHER, number, Act.DISPATCH, accused="housing")
    with pytest.raises(AccusedHandles):
        await _called(city, number)
    meeting = await _called(city, number, units=["market"])
    city.it_is("2026-01-20 15:00")
    await city.desk.offices.meetings.hold(SUPERVISOR, meeting, {"minutes": "议定"})
    with pytest.raises(AccusedHandles):
        await _resolves(city, meeting, {"number": number, "unit": "housing"})


async def test_the_units_are_invited_and_read_no_minutes(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    meeting = await _called(city, number)

    def invited(session: Session) -> list[str]:
        query = select(NoticeRow).where(NoticeRow.template == "meeting_called")
        return [row.recipient for row in session.exec(query.order_by(col(NoticeRow.id))).all()]

    assert await city.unit_of_work(invited) == ["unit:city_management", "unit:housing"]
    city.it_is("2026-01-20 15:00")
    with pytest.raises(ActForbidden):  # invited, but not in the chair
        await city.desk.offices.meetings.hold(head("housing"), meeting, {"minutes": "议定"})
    await city.desk.offices.meetings.hold(AUTHORITY, meeting, {"minutes": "涉及诉求人隐私"})
    assert (
        await city.desk.offices.meetings.meeting(SUPERVISOR, meeting)
    ).minutes == "涉及诉求人隐私"
    assert (await city.desk.offices.meetings.meeting(unit("housing"), meeting)).minutes is None
    for stranger in (unit("market"), LUBEI_DISPATCHER, AGENT):
        with pytest.raises(NotFound):
            await city.desk.offices.meetings.meeting(stranger, meeting)
    for no_number in (0, -1, meeting + 1, 2**31, 2**70):
        with pytest.raises(NotFound):
            await city.desk.offices.meetings.meeting(SUPERVISOR, no_number)


async def test_minutes_are_masked_like_the_words_of_their_tickets(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    open_one, other = await city.signed(), await city.signed(caller_name="欧阳建国")
    meeting = await _called(city, open_one, other)
    said = "测试人（15400000001）与欧阳建国同意"
    meetings = city.desk.offices.meetings
    await meetings.hold(SUPERVISOR, meeting, {"minutes": said})

    async def read(who: Viewer) -> str | None:
        (listed,) = await meetings.meetings(who)
        assert listed.minutes == (await meetings.meeting(who, meeting)).minutes
        return listed.minutes

    for who in (AUTHORITY, GOVERNMENT):
        assert await read(who) == "测**（154****0001）与欧**同意"
    await city.does(SUPERVISOR, other, Act.SET_SECRECY, level=1)  # the strictest counts for all
    for who in (AUTHORITY, GOVERNMENT):
        assert await read(who) == "**（***********）与**同意"
    for who in (SUPERVISOR, DISPATCHER):
        assert await read(who) == said


async def test_who_called_held_read_or_tried_is_written_down(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    with pytest.raises(ActForbidden):
        await _called(city, number, who=AGENT)
    meeting = await _held(city, number)
    await city.desk.offices.meetings.meeting(AUTHORITY, meeting)

    def lines(session: Session) -> list[tuple[str, str, str]]:
        query = select(AccessRow).where(col(AccessRow.act).like("%_meeting"))
        rows = session.exec(query.order_by(col(AccessRow.seq))).all()
        return [(row.actor, row.act, row.outcome) for row in rows]

    assert await city.unit_of_work(lines) == [
        ("1001", "call_meeting", "refused"),
        ("1900", "call_meeting", "done"),
        ("1900", "hold_meeting", "done"),
        ("2000", "read_meeting", "done"),
    ]
