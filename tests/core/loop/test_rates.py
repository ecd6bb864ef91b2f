"""The rates, against a dozen tickets whose fractions are worked out by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from sqlmodel import Session, select

from core.loop.errors import ActForbidden, WayClosed
from core.loop.rates import Period, Rates, Share, Slice
from core.loop.shares import PeriodInvalid
from core.loop.states import Act
from core.ports import Viewer
from core.store.loop_tables import TaskRow
from core.store.tables import CallRow, TicketRow
from tests.core.loop.city import (
    AGENT,
    AUDITOR,
    AUTHORITY,
    DISPATCHER,
    GOVERNMENT,
    SUPERVISOR,
    City,
    at,
    head,
    unit,
)
from tests.core.people.ledger import last

# Monday, 12 January 2026, to the end of the next Monday. What is given out on the 12th has to be
# signed for until the end of the 13th and handled until the end of the 19th, five workdays later.
PERIOD = Period(at("2026-01-12 00:00"), at("2026-01-20 00:00"))
YES = {"contacted": True, "solved": True, "satisfied": True}
NO = {"contacted": False, "solved": False, "satisfied": False}
HEATING: dict[str, Any] = {
    "subject": "企业",
    "is_enterprise": True,
    "type": "求助",
    "district": "丰润区",
    "category": ["公用事业", "供热", "停热"],
}


async def given_out(city: City, **fields: Any) -> str:
    city.it_is("2026-01-12 09:00")
    return await city.dispatched(**fields)


async def signed(city: City, number: str, moment: str = "2026-01-12 09:30") -> None:
    city.it_is(moment)
    await city.does(unit((await city.ticket(number)).unit), number, Act.SIGN)


async def handled(city: City, number: str, moment: str = "2026-01-14 10:00") -> None:
    city.it_is(moment)
    worker = unit((await city.ticket(number)).unit)
    await city.does(worker, number, Act.HANDLE, words="已处理")
    await city.does(worker, number, Act.ANSWER, words="已告知")


async def says(city: City, number: str, moment: str = "2026-01-15 10:00", **answers: bool) -> None:
    city.it_is(moment)
    await city.does(AGENT, number, Act.FOLLOW_UP, reached=True, **answers)


async def done(city: City, **fields: Any) -> str:
    number = await given_out(city, **fields)
    await signed(city, number)
    await handled(city, number)
    return number


async def a_dozen(city: City) -> None:
    one = await done(city)  # as it should be
    await says(city, one, **YES)
    await city.does(AGENT, one, Act.RATE, level=1)
    two = await done(city)  # solved, but he is not content
    await says(city, two, **(YES | {"satisfied": False}))
    await city.does(AGENT, two, Act.RATE, level=4)
    three = await given_out(city)  # signed for a day late, and badly handled
    await signed(city, three, "2026-01-14 08:00")
    await handled(city, three)
    await says(city, three, **NO)
    four = await given_out(city)  # handled half an hour late, asked after the period
    await signed(city, four)
    await handled(city, four, "2026-01-20 00:30")
    await says(city, four, "2026-01-20 08:00", **NO)
    await given_out(city)  # five: nobody touches it
    six = await done(city, **HEATING)  # an enterprise that does not want to rate
    await says(city, six, **YES)
    await city.does(AGENT, six, Act.RATE, level=None)
    seven = await done(city, **HEATING)  # an enterprise that nobody reaches
    city.it_is("2026-01-16 10:00")
    for _ in range(3):
        await city.does(AGENT, seven, Act.FOLLOW_UP, reached=False)
    await city.does(DISPATCHER, seven, Act.EXEMPT, reason="not_reached")
    eight = await done(city)  # an unreasonable demand
    await says(city, eight, **(NO | {"contacted": True}))
    await city.does(SUPERVISOR, eight, Act.EXEMPT, reason="unreasonable")
    nine = await done(city)  # done again: only the last answer counts
    await says(city, nine, **NO)
    await city.does(DISPATCHER, nine, Act.REDO)  # to sign until the 16th, to handle until the 22nd
    await signed(city, nine, "2026-01-16 11:00")
    await handled(city, nine, "2026-01-16 12:00")
    await says(city, nine, "2026-01-17 10:00", **YES)
    ten = await city.registers(type="咨询", urgency="一般")  # answered at once
    await city.does(AGENT, ten, Act.CLASSIFY)
    await city.does(AGENT, ten, Act.ANSWER_AT_ONCE, words="请到窗口办理")
    await city.does(DISPATCHER, ten, Act.EXEMPT, reason="answered_at_once")
    eleven = await done(city, type="建议", district="丰润区")  # spoken with, no more
    await says(city, eleven, **(NO | {"contacted": True}))
    await city.does(AGENT, eleven, Act.RATE, level=3)
    twelve = await city.registers()  # refused
    await city.does(AGENT, twelve, Act.REFUSE, ground="settled")
    await city.does(DISPATCHER, twelve, Act.EXEMPT, reason="refused")
    city.it_is("2026-01-20 09:00")


async def rates(
    city: City, by: Slice | None = None, viewer: Viewer = SUPERVISOR, period: Period = PERIOD
) -> dict[str, Rates]:
    return await city.desk.offices.rates.rates(viewer, period, by)


async def test_a_dozen_tickets_as_worked_out_by_hand(city: City) -> None:
    await a_dozen(city)
    together = await rates(city)
    assert together == {
        "": Rates(
            response=Share(5, 6),  # 1 2 6 9 11 of 1 2 3 6 9 11
            solution=Share(4, 6),  # 1 2 6 9
            satisfaction=Share(3, 6),  # 1 6 9
            rating=Share(2, 3),  # levels 1 and 3 of 1, 4, 3
            signed_in_time=Share(9, 11),  # not 3 and 5; nine was signed for twice
            handled_in_time=Share(8, 10),  # not 4 and 5; nine again is due on the 22nd
            left_out=Counter(not_reached=1, unreasonable=1, answered_at_once=1, refused=1),
        )
    }
    assert together[""].satisfaction.value == Fraction(1, 2)
    by_subject = await rates(city, Slice.SUBJECT)
    assert by_subject == {
        "个人": Rates(
            response=Share(4, 5),
            solution=Share(3, 5),
            satisfaction=Share(2, 5),
            rating=Share(2, 3),
            signed_in_time=Share(7, 9),
            handled_in_time=Share(6, 8),
            left_out=Counter(unreasonable=1, answered_at_once=1, refused=1),
        ),
        "企业": Rates(
            response=Share(1, 1),
            solution=Share(1, 1),
            satisfaction=Share(1, 1),
            signed_in_time=Share(2, 2),
            handled_in_time=Share(2, 2),
            left_out=Counter(not_reached=1),
        ),
    }
    by_unit = await rates(city, Slice.UNIT)
    assert by_unit["heating_company"] == by_subject["企业"]
    assert by_unit["city_management"].handled_in_time == Share(6, 8)
    assert by_unit[""] == Rates(left_out=Counter(answered_at_once=1, refused=1))  # no unit had them
    by_type = await rates(city, Slice.TYPE)
    assert by_type["建议"] == Rates(
        response=Share(1, 1),
        solution=Share(0, 1),
        satisfaction=Share(0, 1),
        rating=Share(1, 1),
        signed_in_time=Share(1, 1),
        handled_in_time=Share(1, 1),
    )
    by_county = await rates(city, Slice.COUNTY)
    assert by_county["130208"].satisfaction == Share(1, 2)  # 6 and 11
    assert by_county["130208"].signed_in_time == Share(3, 3)  # 6 7 11
    for cut in (by_subject, by_unit, by_type, by_county):
        assert summed(cut) == asdict(together[""])


def summed(cut: dict[str, Rates]) -> dict[str, Any]:
    total: dict[str, Any] = asdict(Rates())
    for part in cut.values():
        for name, value in asdict(part).items():
            if name == "left_out":
                total[name] += value
            else:
                total[name] = {key: total[name][key] + value[key] for key in value}
    return total


async def test_the_heads_get_the_figures_of_what_they_see(city: City) -> None:
    await a_dozen(city)
    fengrun = Viewer("1400", "", "supervisor", county="130208")
    assert (await rates(city, viewer=fengrun))[""] == (await rates(city, Slice.COUNTY))["130208"]
    assert await rates(city, viewer=AUTHORITY) == await rates(city, viewer=GOVERNMENT)
    assert await last(city.desk) == ("3000", "read_rates", "", "done", "")


async def test_a_units_head_gets_what_his_unit_answers_for(city: City) -> None:
    """Not what it only helped with: that is the other unit's."""
    await a_dozen(city)
    by_unit = await rates(city, Slice.UNIT)
    heating = head("heating_company")
    assert (await rates(city, viewer=heating))[""] == by_unit["heating_company"]
    city.it_is("2026-01-12 09:00")
    helped = await city.signed()
    await city.does(DISPATCHER, helped, Act.ASSIST, units=["heating_company"])
    city.it_is("2026-01-20 09:00")
    assert await rates(city, Slice.UNIT, heating) == {"heating_company": by_unit["heating_company"]}
    assert await rates(city, viewer=head("police")) == {"": Rates()}
    assert await rates(city, Slice.UNIT, head("police")) == {}


@pytest.mark.parametrize(
    "who",
    [AGENT, DISPATCHER, AUDITOR, unit("city_management"), Viewer("9", "", "admin")],
    ids=lambda who: who.role,
)
async def test_nobody_else_gets_figures_and_trying_is_on_record(city: City, who: Viewer) -> None:
    with pytest.raises(ActForbidden):
        await rates(city, viewer=who)
    assert await last(city.desk) == (who.agent, "read_rates", "", "refused", "act_forbidden")
    with pytest.raises(ActForbidden):
        await city.desk.offices.rates.agents_ratings(who, PERIOD)
    assert (await last(city.desk))[1] == "read_agents_ratings"


async def test_the_agents_ratings_are_no_units_and_no_countys(city: City) -> None:
    for who in (head("city_management"), Viewer("1400", "", "supervisor", county="130208")):
        with pytest.raises(ActForbidden):
            await city.desk.offices.rates.agents_ratings(who, PERIOD)


async def test_of_nothing_there_is_no_share(city: City) -> None:
    assert await rates(city) == {"": Rates()}
    assert Share().value is None
    assert await rates(city, Slice.TYPE) == {}


async def test_an_answer_counts_in_the_period_in_which_it_was_given(city: City) -> None:
    number = await done(city)
    await says(city, number, "2026-01-15 00:00", **NO)
    city.it_is("2026-01-16 09:00")
    await city.does(DISPATCHER, number, Act.REDO)
    await signed(city, number, "2026-01-16 10:00")
    await handled(city, number, "2026-01-16 11:00")
    await says(city, number, "2026-01-17 10:00", **YES)
    ends = [at(f"2026-01-{day} 00:00") for day in (12, 15, 16, 18)]
    shares = [
        (await rates(city, period=Period(start, end)))[""].satisfaction
        for start, end in pairwise(ends)
    ]
    assert shares == [Share(0, 0), Share(0, 1), Share(1, 1)]


async def test_what_is_not_due_yet_is_neither_in_time_nor_late(city: City) -> None:
    number = await given_out(city)
    city.it_is("2026-01-13 23:59")
    assert (await rates(city))[""].signed_in_time == Share(0, 0)
    city.it_is("2026-01-14 00:00")
    assert (await rates(city))[""].signed_in_time == Share(0, 1)
    await signed(city, number, "2026-01-14 00:01")  # too late is too late
    assert (await rates(city))[""].signed_in_time == Share(0, 1)
    assert (await rates(city))[""].handled_in_time == Share(0, 0)
    city.it_is("2026-01-20 00:00")
    assert (await rates(city))[""].handled_in_time == Share(0, 1)


@pytest.mark.parametrize(
    ("taken_back", "wanted"),
    [("2026-01-13 12:00", Share(1, 1)), ("2026-01-14 12:00", Share(1, 2))],
    ids=["in time", "when it was late already"],
)
async def test_a_unit_answers_for_what_it_let_lie_before_it_was_taken_back(
    city: City, taken_back: str, wanted: Share
) -> None:
    number = await given_out(city)

    def to_another(session: Session) -> None:
        first = session.exec(select(TaskRow).where(TaskRow.number == number)).one()
        first.state = "withdrawn"
        session.add(
            TaskRow(
                number=number,
                created_at=first.created_at,
                unit="housing",
                part="main",
                state="signed",
                given_at=at(taken_back),
                sign_due=at("2026-01-15 23:59:59"),
                signed_at=at("2026-01-15 10:00"),
            )
        )

    await city.desk._database.write(to_another)
    city.it_is("2026-01-20 09:00")
    assert (await rates(city))[""].signed_in_time == wanted


async def test_a_suspended_ticket_is_not_late(city: City) -> None:
    number = await given_out(city)
    await signed(city, number)
    city.it_is("2026-01-20 09:00")
    assert (await rates(city))[""].handled_in_time == Share(0, 1)

    def suspend(session: Session) -> None:
        session.get_one(TicketRow, number).state = "suspended"

    await city.desk._database.write(suspend)
    assert (await rates(city))[""].handled_in_time == Share(0, 0)


async def test_the_agents_rating_stands_apart(city: City) -> None:
    await a_dozen(city)
    before = await rates(city)

    def calls(session: Session) -> None:
        given = [("1001", "1"), ("1001", "1"), ("1001", "3"), ("1002", "2")]
        for count, (agent, key) in enumerate([*given, ("1002", None), (None, "1")]):
            session.add(
                CallRow(
                    id=f"c{count}",
                    state="ended",
                    agent=agent,
                    rating=key,
                    arrived_at=PERIOD.end - timedelta(seconds=1),
                )
            )
        session.add(
            CallRow(id="late", state="ended", agent="1001", rating="1", arrived_at=PERIOD.end)
        )

    await city.desk._database.write(calls)
    assert await city.desk.offices.rates.agents_ratings(SUPERVISOR, PERIOD) == {
        "1001": Counter({"1": 2, "3": 1}),
        "1002": Counter({"2": 1}),
    }
    assert await rates(city) == before


async def test_only_an_unreasonable_demand_takes_an_answer_out(city: City) -> None:
    """Or whoever is rated badly would find the caller anonymous."""
    content = await done(city)
    await says(city, content, **YES)
    discontent = await done(city, contact_phone=None)
    await says(city, discontent, **NO)
    for reason in ("no_reply_wanted", "anonymous", "answered_at_once"):
        with pytest.raises(WayClosed):
            await city.does(DISPATCHER, discontent, Act.EXEMPT, reason=reason)
    for number in (content, await done(city)):  # he is content; he was not asked yet
        with pytest.raises(WayClosed):
            await city.does(SUPERVISOR, number, Act.EXEMPT, reason="unreasonable")
    await city.does(SUPERVISOR, discontent, Act.EXEMPT, reason="unreasonable")
    await city.does(DISPATCHER, discontent, Act.ARCHIVE)
    assert (await rates(city))[""].satisfaction == Share(1, 1)


async def test_an_earlier_answer_stays_when_he_is_not_reached_again(city: City) -> None:
    number = await done(city)
    await says(city, number, **NO)
    await city.does(DISPATCHER, number, Act.REDO)
    await signed(city, number, "2026-01-16 10:00")
    await handled(city, number, "2026-01-16 11:00")
    for _ in range(3):
        await city.does(AGENT, number, Act.FOLLOW_UP, reached=False)
    await city.does(DISPATCHER, number, Act.EXEMPT, reason="not_reached")
    assert (await rates(city))[""].satisfaction == Share(0, 1)


def test_a_period_has_an_end_behind_its_start() -> None:
    start = at("2026-01-12 00:00")
    for wrong in ((start, start), (PERIOD.end, start), (start.replace(tzinfo=None), PERIOD.end)):
        with pytest.raises(PeriodInvalid):
            Period(*wrong)
