"""Parts of several units (18); contacted, solved, satisfied, rated (38)."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from core.calls import CallRated
from core.errors import Invalid
from core.loop.acts.closing import sampled
from core.loop.errors import (
    ActOutOfOrder,
    NotYourTask,
    PartsOpen,
    ReasonUnknown,
    TooOften,
    WayClosed,
)
from core.loop.states import Act, TicketState
from core.policy import PolicyBook
from core.store.loop_tables import RatingRow
from core.store.tables import CallRow
from core.store.vault import Vault
from tests.core.conftest import MASTER
from tests.core.loop.city import AGENT, DISPATCHER, City, at, unit

MAIN, HELPER = unit("city_management"), unit("housing")
S = TicketState


async def exempt(city: City, number: str, reason: str) -> None:
    await city.does(DISPATCHER, number, Act.EXEMPT, reason=reason)


async def not_reached(city: City, number: str, times: int) -> None:
    for _ in range(times):
        await city.does(AGENT, number, Act.FOLLOW_UP, reached=False)


# Parts.


async def test_the_main_unit_sees_an_open_part_and_cannot_close_over_it(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing", "market", "housing"])
    seen = [
        (part.unit, part.name, part.part, part.state, part.late)
        for part in await city.desk.offices.loop.parts(MAIN, number)
    ]
    assert [one[0] for one in seen] == ["city_management", "housing", "market"], "twice is once"
    assert [one[2:] for one in seen] == [
        ("main", "signed", False), ("assist", "open", False), ("assist", "open", False),
    ]  # fmt: skip
    assert (await city.desk.offices.loop.parts(MAIN, number))[1].due == at("2026-01-19 23:59:59")
    with pytest.raises(PartsOpen) as refused:
        await city.does(MAIN, number, Act.HANDLE, words="已办")
    assert refused.value.details["units"] == ["housing", "market"]
    await city.does(HELPER, number, Act.ASSIST_DONE, words="本单位部分已办")
    with pytest.raises(PartsOpen) as refused:
        await city.does(MAIN, number, Act.HANDLE, words="已办")
    assert refused.value.details["units"] == ["market"]
    city.it_is("2026-01-20 00:00")
    assert [part.late for part in await city.desk.offices.loop.parts(MAIN, number)] == [
        True,
        False,
        True,
    ]
    await city.does(unit("market"), number, Act.ASSIST_DONE, words="已配合")
    await city.does(MAIN, number, Act.HANDLE, words="汇总各单位意见")
    assert await city.state(number) is S.HANDLED


async def test_the_main_unit_urges_on_one_that_assists(city: City) -> None:
    number = await city.signed()
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    await city.does(MAIN, number, Act.URGE, unit="housing", words="请尽快")
    urged = [row for row in await city.notices(number) if row.template == "urged"]
    assert [row.recipient for row in urged] == ["unit:housing"]
    with pytest.raises(NotYourTask):
        await city.does(HELPER, number, Act.URGE, unit="city_management")


async def test_an_assisting_unit_concludes_its_own_part_only(city: City) -> None:
    number = await city.signed()
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    with pytest.raises(NotYourTask):
        await city.does(HELPER, number, Act.HANDLE, words="已办")
    with pytest.raises(NotYourTask):
        await city.does(MAIN, number, Act.ASSIST_DONE, words="替它办了")


# Attempts.


async def test_who_is_not_reached_is_called_as_often_as_the_rules_say(city: City) -> None:
    number = await city.answered()
    for tried in range(3):
        with pytest.raises(WayClosed):
            await exempt(city, number, "not_reached")
        await not_reached(city, number, 1)
        assert len([s for s in await city.history(number) if s.act == "follow_up"]) == tried + 1
    assert await city.state(number) is S.ANSWERED
    await exempt(city, number, "not_reached")
    step = (await city.history(number))[-1]
    assert (step.target, step.reason, step.article) == ("exempted", "not_reached", "38")
    await city.does(DISPATCHER, number, Act.ARCHIVE)


async def test_attempts_of_an_earlier_round_do_not_count(city: City) -> None:
    number = await city.answered()
    await not_reached(city, number, 3)
    await city.follows_up(number, satisfied=False)
    await city.does(DISPATCHER, number, Act.REDO, words="未解决")
    await handle_again(city, number)
    with pytest.raises(WayClosed):
        await exempt(city, number, "not_reached")


async def handle_again(city: City, number: str) -> None:
    await city.does(MAIN, number, Act.SIGN)
    await city.does(MAIN, number, Act.HANDLE, words="再次处理")
    await city.does(MAIN, number, Act.ANSWER, words="再次告知")


@pytest.mark.parametrize(
    "given",
    [
        {"reached": True},
        {"reached": True, "contacted": True, "solved": True},
        {"reached": False, "satisfied": True},
        {"contacted": True, "solved": True, "satisfied": True},
    ],
)
async def test_all_three_questions_are_asked_or_none(city: City, given: dict[str, Any]) -> None:
    number = await city.answered()
    with pytest.raises(Invalid):
        await city.does(AGENT, number, Act.FOLLOW_UP, **given)
    assert await city.state(number) is S.ANSWERED


# Once more, and then on.


@pytest.mark.parametrize(("solved", "satisfied"), [(False, True), (True, False)])
async def test_not_solved_or_not_satisfied_goes_back_once(
    city: City, solved: bool, satisfied: bool
) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.answered()
    told = {"reached": True, "contacted": True, "solved": solved, "satisfied": satisfied}
    await city.does(AGENT, number, Act.FOLLOW_UP, **told)
    city.it_is("2026-01-20 10:00")
    await city.does(DISPATCHER, number, Act.REDO, words="退回重办")
    ticket = await city.ticket(number)
    assert (ticket.state, ticket.redone, ticket.unit) == ("dispatched", 1, "city_management")
    assert ticket.handle_due == at("2026-01-27 23:59:59"), "dated anew: five working days"
    assert (await city.notices(number))[-1].template == "redone"
    await handle_again(city, number)
    await city.does(AGENT, number, Act.FOLLOW_UP, **told)
    with pytest.raises(TooOften):
        await city.does(DISPATCHER, number, Act.REDO, words="再退")
    await city.does(AGENT, number, Act.RATE, level=5)
    await city.does(DISPATCHER, number, Act.ARCHIVE)
    assert await city.state(number) is S.ARCHIVED


async def test_who_is_satisfied_is_not_handled_again(city: City) -> None:
    number = await city.answered()
    await city.follows_up(number)
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.REDO, words="再办")


# Two ratings.


async def test_the_agents_rating_and_the_units_are_two(city: City) -> None:
    await city.talk("c1", "15400000001")
    for key, value in {"category": ["城市管理", "市政设施", "路灯"], "district": "路北区"}.items():
        await city.desk.set_field(AGENT, "c1", key, value)
    number = (await city.desk.submit(AGENT, "c1")).number
    await city.desk.record(CallRated("c1", city.clock.moment, "5"))
    form = {"subject": "个人", "type": "投诉", "title": "路灯", "content": "路灯不亮",
            "urgency": "一般", "verdict": "受理派单", "confidential": False, "channel": "电话",
            "source_line": "main"}  # fmt: skip
    await city.does(AGENT, number, Act.AMEND, fields=form)
    await city.does(AGENT, number, Act.CLASSIFY)
    await city.does(DISPATCHER, number, Act.DISPATCH)
    await handle_again(city, number)
    await city.follows_up(number)
    await city.does(AGENT, number, Act.RATE, level=1)
    rating = await city.sees_rows(lambda session: session.get_one(RatingRow, number))
    call = await city.sees_rows(lambda session: session.get_one(CallRow, "c1"))
    assert (rating.level, rating.unit) == (1, "city_management")
    assert call.rating == "5"


@pytest.mark.parametrize("level", [0, 6, -1])
async def test_only_the_levels_of_the_rules_are_rated(city: City, level: int) -> None:
    number = await city.answered()
    await city.follows_up(number)
    with pytest.raises((Invalid, ReasonUnknown)):
        await city.does(AGENT, number, Act.RATE, level=level)


async def test_who_does_not_want_to_rate_need_not(city: City) -> None:
    number = await city.answered()
    with pytest.raises(ActOutOfOrder):
        await city.does(AGENT, number, Act.RATE, level=None)
    await city.follows_up(number)
    await city.does(AGENT, number, Act.RATE, level=None)
    assert await city.state(number) is S.RATED


# Exemptions are true or they are none.


async def test_a_reason_that_is_not_true_of_the_ticket_exempts_nothing(city: City) -> None:
    number = await city.answered()
    for reason in ("refused", "merged", "terminated", "secret", "anonymous", "answered_at_once",
                   "not_reached", "not_sampled"):  # fmt: skip
        with pytest.raises(WayClosed):
            await exempt(city, number, reason)
    with pytest.raises(ReasonUnknown):
        await exempt(city, number, "no_time")
    for wanted in (None, True):
        await city.does(AGENT, number, Act.AMEND, fields={"reply_wanted": wanted})
        with pytest.raises(WayClosed):
            await exempt(city, number, "no_reply_wanted")
    await city.does(AGENT, number, Act.AMEND, fields={"reply_wanted": False})
    await exempt(city, number, "no_reply_wanted")
    assert await city.state(number) is S.EXEMPTED


async def test_an_event_that_hangs_on_a_main_ticket_keeps_its_follow_up(city: City) -> None:
    main, child = await city.dispatched(), await city.registers(contact_phone="15400000002")
    await city.merges(child, main)
    with pytest.raises(WayClosed):
        await exempt(city, child, "merged")


# Sampling.


def sampling(book: PolicyBook, percent: int) -> PolicyBook:
    def changed(policy: Any) -> Any:
        follow_up = policy.limits.follow_up
        sample = follow_up.sample.model_copy(update={"percent": percent})
        limits = policy.limits.model_copy(
            update={"follow_up": follow_up.model_copy(update={"sample": sample})}
        )
        return replace(policy, limits=limits)

    return PolicyBook(tuple(changed(policy) for policy in book.versions))


async def test_a_sample_is_drawn_the_same_each_time_and_about_as_large_as_asked(
    city: City,
) -> None:
    ticket = await city.ticket(await city.answered())
    scene = SimpleNamespace(
        ticket=ticket,
        vault=Vault(MASTER),
        policy=sampling(city.policies, 30).versions[-1],
    )
    drawn = {}
    for count in range(2000):
        ticket.number = f"TS20260112{count:05d}"
        drawn[ticket.number] = sampled(scene)
        assert sampled(scene) is drawn[ticket.number]
    assert 520 <= sum(drawn.values()) <= 680, "600 of 2000, give or take four deviations"
    ticket.number = next(number for number, in_it in drawn.items() if not in_it)
    for special in ({"redone": 1}, {"fast_track": True}):
        for name, value in special.items():
            setattr(ticket, name, value)
        assert sampled(scene), special
        ticket.redone, ticket.fast_track = 0, False


async def test_what_is_not_in_the_sample_is_exempted_and_says_so(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(city.desk.offices.loop, "_policies", lambda: sampling(city.policies, 1))
    outside = 0
    for _ in range(2):
        number = await city.answered()
        if not sampled(
            SimpleNamespace(
                ticket=await city.ticket(number),
                vault=Vault(MASTER),
                policy=sampling(city.policies, 1).versions[-1],
            )
        ):
            await exempt(city, number, "not_sampled")
            assert (await city.history(number))[-1].reason == "not_sampled"
            outside += 1
    assert outside
