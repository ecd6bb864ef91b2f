"""Every rung of the ladder on its day, once; its feedback; taken early; urged (article 37)."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlmodel import Session

from core.loop.acts import ActDef
from core.loop.dating import move_due
from core.loop.errors import (
    ActForbidden,
    ActOutOfOrder,
    NothingAsked,
    NotYourTask,
    ReasonUnknown,
    TooOften,
    WayClosed,
)
from core.loop.scene import Body, Outcome, Scene
from core.loop.states import Act, TicketState
from core.store.loop_tables import TimerRow
from core.store.tables import TicketRow
from tests.core.loop.city import (
    AGENT,
    AUTHORITY,
    CLOCK,
    DISPATCHER,
    SUPERVISOR,
    City,
    at,
    head,
    unit,
)

LAMPS = unit("city_management")
# Dispatched and never signed for: (rung, when the clock sees it, by when the unit has to answer).
# A limit ends with its day's last second; the next minute is the first of the next day.
LADDERS = {
    # Monday 12 January 2026. To sign: Tue 13. To handle: five working days, Mon 19.
    "2026-01-12 09:00": [
        ("sign_urge", "2026-01-14 00:00", None),  # at the end of the 13th
        ("warn", "2026-01-17 00:00", None),  # one working day before the 19th: end of Fri 16
        ("urge", "2026-01-21 00:00", None),  # one day after: end of the 20th
        ("supervise", "2026-01-23 00:00", "2026-01-27 23:59:59"),  # 20, 21, 22; then Mon 26, Tue 27
        ("key_supervise", "2026-01-27 00:00", "2026-01-29 23:59:59"),  # 20 to 23, Mon 26
        ("notice", "2026-01-28 00:00", None),  # the 27th is the sixth
    ],
    # Thursday 12 February. The Spring Festival is 15 to 23 February; Saturday 14 and Saturday 28
    # are worked instead. To sign: Fri 13. To handle: 13, 14, 24, 25, 26 - Thu 26 February.
    "2026-02-12 09:00": [
        ("sign_urge", "2026-02-14 00:00", None),
        ("warn", "2026-02-26 00:00", None),  # end of Wed 25
        ("urge", "2026-02-28 00:00", None),  # end of Fri 27
        ("supervise", "2026-03-03 00:00", "2026-03-05 23:59:59"),  # 27, 28, Mon 2; then 4, 5
        ("key_supervise", "2026-03-05 00:00", "2026-03-09 23:59:59"),  # 3, 4; then Fri 6, Mon 9
        ("notice", "2026-03-06 00:00", None),  # Thu 5
    ],
}
OVER = {"2026-01-12 09:00": "2026-02-06 12:00", "2026-02-12 09:00": "2026-03-13 12:00"}


async def _walk(city: City, ladder: list[tuple[str, str, str | None]], over: str) -> None:
    """Six hours a step, and minute by minute across each midnight at which a rung is expected."""
    for _, moment, _ in ladder:
        await city.passes(f"{_day_before(moment)} 23:57", hours=6)
        await city.passes(f"{moment[:10]} 00:03", minutes=1)
    await city.passes(over, hours=6)


def _day_before(moment: str) -> str:
    return datetime.fromtimestamp(at(moment).timestamp() - 60, at(moment).tzinfo).strftime(
        "%Y-%m-%d"
    )


@pytest.mark.parametrize("start", LADDERS)
async def test_each_rung_comes_on_its_written_out_day_exactly_once(city: City, start: str) -> None:
    city.it_is(start)
    number = await city.dispatched()
    await _walk(city, LADDERS[start], OVER[start])
    rows = await city.supervisions(number)
    assert [(row.rung, row.at, row.feedback_due) for row in rows] == [
        (rung, at(seen), at(answer) if answer else None) for rung, seen, answer in LADDERS[start]
    ]
    steps = [step for step in await city.history(number) if step.act == "rung"]
    assert [(step.reason, step.at) for step in steps] == [
        (rung, at(seen)) for rung, seen, _ in LADDERS[start]
    ]
    assert {(step.actor, step.role, step.article) for step in steps} == {("clock", "system", "37")}
    assert {(row.unit, row.by, row.round) for row in rows} == {("city_management", "clock", 1)}


async def test_a_rung_tells_everybody_whom_it_names(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched()
    await city.passes("2026-02-06 12:00", hours=12)
    me, chief = "unit:city_management", "head:city_management"
    assert await city.told(number, "rung_unit") == [me, me, me]  # sign_urge, warn, urge
    assert await city.told(number, "rung_head") == [chief] * 5  # all but the warning
    assert await city.told(number, "rung_authority") == ["authority"] * 2  # key_supervise, notice
    assert await city.told(number, "rung_government") == ["government"]
    assert await city.told(number, "feedback_due") == [chief] * 2


async def test_what_is_signed_for_in_time_is_not_urged_to_be_signed(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.passes("2026-01-18 12:00", hours=6)
    assert [row.rung for row in await city.supervisions(number)] == ["warn"]


async def test_nothing_comes_once_the_caller_is_answered(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(LAMPS, number, Act.HANDLE, words="已修好")
    await city.does(LAMPS, number, Act.ANSWER, words="已告知")
    await city.passes("2026-02-06 12:00", days=1)
    assert await city.supervisions(number) == []


async def test_who_has_handled_it_and_does_not_answer_is_supervised_all_the_same(
    city: City,
) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(LAMPS, number, Act.HANDLE, words="已修好")
    await city.passes("2026-01-26 12:00", days=1)
    assert [row.rung for row in await city.supervisions(number)][:3] == [
        "warn",
        "urge",
        "supervise",
    ]


async def test_nothing_comes_while_the_clock_is_stopped_though_a_timer_was_left(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()

    def suspend(session: Session) -> None:
        ticket = session.get_one(TicketRow, number)
        ticket.state = TicketState.SUSPENDED.value
        session.add(ticket)

    await city.unit_of_work(suspend)
    await city.passes("2026-02-06 12:00", days=1)
    assert await city.supervisions(number) == []
    assert [step.act for step in await city.history(number)][-1] == "sign"


async def _due_again(city: City, number: str, end: str) -> None:
    """As a postponement does: another date, the ladder planned anew."""

    def run(scene: Scene, body: Body) -> Outcome:
        move_due(scene, at(end))
        return Outcome()

    def work(session: Session) -> None:
        city.desk.offices.loop.play(session, AGENT, number, ActDef(Act.NOTE, Body, run), Body())

    await city.unit_of_work(work)


async def test_another_date_moves_what_is_to_come_and_repeats_nothing(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.passes("2026-01-21 08:00", hours=6)
    assert [row.rung for row in await city.supervisions(number)] == ["warn", "urge"]
    # Five more working days: Mon 26. Warning and urging were on the way to the earlier date.
    await _due_again(city, number, "2026-01-26 23:59:59")
    await _due_again(city, number, "2026-01-26 23:59:59")  # twice makes no difference
    await city.passes("2026-03-02 12:00", hours=12)
    assert [(row.rung, row.at.astimezone(at("2026-01-12").tzinfo).date().isoformat())
            for row in await city.supervisions(number)] == [
        ("warn", "2026-01-17"),
        ("urge", "2026-01-21"),
        ("supervise", "2026-01-30"),  # 27, 28, Thu 29
        ("key_supervise", "2026-02-03"),  # Fri 30, Mon 2
        ("notice", "2026-02-04"),
    ]  # fmt: skip


async def test_a_date_that_moves_before_anything_came_moves_the_whole_ladder(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await _due_again(city, number, "2026-01-26 23:59:59")
    await city.passes("2026-01-23 23:00", hours=6)
    assert await city.supervisions(number) == []  # not by the first date
    await city.passes("2026-01-24 01:00", hours=1)
    assert [row.rung for row in await city.supervisions(number)] == ["warn"]  # end of Fri 23


async def test_who_handles_it_again_begins_at_the_foot_of_the_ladder(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.passes("2026-01-21 08:00", hours=6)
    await city.does(LAMPS, number, Act.HANDLE, words="已修好")
    await city.does(LAMPS, number, Act.ANSWER, words="已告知")
    await city.follows_up(number, satisfied=False)
    await city.does(DISPATCHER, number, Act.REDO)
    await city.passes("2026-01-31 12:00", hours=12)
    # Given again on Wed 21: to sign Thu 22, to handle Wed 28, warned at the end of Tue 27.
    assert [(row.rung, row.round) for row in await city.supervisions(number)] == [
        ("warn", 1),
        ("urge", 1),
        ("sign_urge", 2),
        ("warn", 2),
        ("urge", 2),
    ]


async def test_an_enterprises_rungs_are_marked(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched(subject="企业", is_enterprise=True)
    await city.passes("2026-01-12 12:00", minutes=30)  # two hours to sign: 11:00
    assert [(row.rung, row.enterprise) for row in await city.supervisions(number)] == [
        ("sign_urge", True)
    ]
    plain = await city.dispatched()
    await city.does(SUPERVISOR, plain, Act.SUPERVISE, rung="urge")
    assert [row.enterprise for row in await city.supervisions(plain)] == [False]


# By hand.


async def test_a_rung_taken_early_does_not_come_again(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(AUTHORITY, number, Act.SUPERVISE, rung="supervise", words="群众反映强烈")
    with pytest.raises(TooOften):
        await city.does(SUPERVISOR, number, Act.SUPERVISE, rung="supervise")
    await city.passes("2026-02-06 12:00", hours=12)
    rows = await city.supervisions(number)
    assert [row.rung for row in rows] == ["supervise", "warn", "urge", "key_supervise", "notice"]
    assert rows[0].by == AUTHORITY.agent
    assert rows[0].feedback_due == at("2026-01-14 23:59:59")
    assert (await city.told(number, "rung_head"))[0] == "head:city_management"


async def test_only_who_stands_above_takes_a_rung_and_only_one_that_there_is(city: City) -> None:
    number = await city.signed()
    for nobody in (AGENT, DISPATCHER, LAMPS):
        with pytest.raises(ActForbidden):
            await city.does(nobody, number, Act.SUPERVISE, rung="urge")
    with pytest.raises(ReasonUnknown):
        await city.does(SUPERVISOR, number, Act.SUPERVISE, rung="hanged")
    with pytest.raises(WayClosed):  # signed for
        await city.does(SUPERVISOR, number, Act.SUPERVISE, rung="sign_urge")
    with pytest.raises(ActForbidden):
        await city.does(SUPERVISOR, number, Act.RUNG, about="rung", key="urge")
    assert await city.supervisions(number) == []


async def test_the_clock_takes_no_rung_that_is_taken(city: City) -> None:
    number = await city.signed()
    await city.does(CLOCK, number, Act.RUNG, about="rung", key="urge")
    with pytest.raises(Exception, match="not_due"):
        await city.does(CLOCK, number, Act.RUNG, about="rung", key="urge")
    assert len(await city.supervisions(number)) == 1


async def test_an_organ_to_which_it_was_transferred_is_supervised_without_feedback(
    city: City,
) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.classified(
        category=["企业服务", "涉企执法", "多头检查"], subject="企业", is_enterprise=True
    )
    await city.does(AGENT, number, Act.TRANSFER, organ="justice")
    await city.does(SUPERVISOR, number, Act.SUPERVISE, rung="supervise")
    (row,) = await city.supervisions(number)
    assert (row.unit, row.feedback_due) == ("justice", None)
    assert await city.told(number, "rung_head") == ["head:justice"]


# Feedback.


async def test_feedback_closes_the_supervision_and_is_sealed(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(SUPERVISOR, number, Act.SUPERVISE, rung="supervise")
    await city.does(LAMPS, number, Act.FEED_BACK, rung="supervise", words="明日抢修完毕")
    (row,) = await city.supervisions(number)
    assert row.feedback_at == at("2026-01-12 09:00")
    assert row.feedback_sealed is not None
    assert "明日".encode() not in row.feedback_sealed
    await city.passes("2026-01-15 12:00", hours=6)
    assert await city.told(number, "feedback_due") == []


async def test_feedback_that_does_not_come_is_asked_for_and_may_still_be_given(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(SUPERVISOR, number, Act.SUPERVISE, rung="supervise")
    await city.passes("2026-01-15 12:00", hours=6)
    assert await city.told(number, "feedback_due") == ["head:city_management"]
    await city.does(LAMPS, number, Act.FEED_BACK, rung="supervise", words="已安排")
    last = (await city.history(number))[-1]
    assert (last.act, last.details["late"]) == ("feed_back", True)


async def test_feedback_only_where_it_is_open_and_only_by_the_unit(city: City) -> None:
    number = await city.signed()
    await city.does(SUPERVISOR, number, Act.SUPERVISE, rung="supervise")
    await city.does(SUPERVISOR, number, Act.SUPERVISE, rung="urge")  # asks for none
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    with pytest.raises(NothingAsked):
        await city.does(LAMPS, number, Act.FEED_BACK, rung="urge", words="好")
    with pytest.raises(NothingAsked):
        await city.does(unit("housing"), number, Act.FEED_BACK, rung="supervise", words="好")
    await city.does(head("city_management"), number, Act.FEED_BACK, rung="supervise", words="好")
    with pytest.raises(NothingAsked):
        await city.does(LAMPS, number, Act.FEED_BACK, rung="supervise", words="又")


# Urging.


async def test_the_caller_urges_through_the_hotline(city: City) -> None:
    number = await city.signed()
    await city.does(AGENT, number, Act.URGE, words="诉求人再次来电")
    assert await city.told(number, "urged") == ["unit:city_management"]


async def test_the_main_unit_urges_who_assists_it_until_he_has_concluded(city: City) -> None:
    number = await city.signed()
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    await city.does(LAMPS, number, Act.URGE, unit="housing")
    assert await city.told(number, "urged") == ["unit:housing"]
    with pytest.raises(NotYourTask):  # an assisting unit urges nobody
        await city.does(unit("housing"), number, Act.URGE, unit="city_management")
    with pytest.raises(NotYourTask):  # nobody urges himself
        await city.does(LAMPS, number, Act.URGE)
    with pytest.raises(NotYourTask):  # nor one who has no part
        await city.does(LAMPS, number, Act.URGE, unit="market")
    await city.does(unit("housing"), number, Act.ASSIST_DONE, words="已配合")
    with pytest.raises(WayClosed):
        await city.does(AGENT, number, Act.URGE, unit="housing")


async def test_what_is_answered_is_not_urged(city: City) -> None:
    number = await city.answered()
    with pytest.raises(ActOutOfOrder):
        await city.does(AGENT, number, Act.URGE)


# The follow-up's term, and a suspension's review.


async def test_whoever_follows_up_is_reminded_once_when_the_term_is_over(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.answered()  # three working days: Thu 15
    await city.passes("2026-01-15 23:59", hours=3)
    assert [step.act for step in await city.history(number)][-1] == "answer"
    await city.passes("2026-01-16 00:01", minutes=1)
    await city.passes("2026-01-20 12:00", hours=3)
    assert [(step.act, step.reason, step.at) for step in (await city.history(number))[6:]] == [
        ("remind", "follow_up_due", at("2026-01-16 00:00"))
    ]


async def test_who_was_reached_in_time_needs_no_reminder(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.answered()
    await city.follows_up(number)
    at_once = await city.classified(type="咨询")
    await city.does(AGENT, at_once, Act.ANSWER_AT_ONCE, words="请带身份证")
    await city.passes("2026-01-20 12:00", days=1)
    assert "remind" not in [step.act for step in await city.history(number)]
    assert [step.act for step in await city.history(at_once)][-1] == "remind"


async def test_a_stopped_clock_is_reviewed_again_and_again(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()

    def suspend(session: Session) -> None:
        ticket = session.get_one(TicketRow, number)
        ticket.state = TicketState.SUSPENDED.value
        session.add(ticket)
        session.add(TimerRow(subject=number, kind="suspension_review", due_at=at("2026-02-11")))

    await city.unit_of_work(suspend)
    await city.passes("2026-02-10 12:00", days=1)
    assert await city.told(number, "suspension_review") == []
    await city.passes("2026-04-20 12:00", days=1)  # 11 February, then every thirty days
    assert await city.told(number, "suspension_review") == ["unit:city_management"] * 3
