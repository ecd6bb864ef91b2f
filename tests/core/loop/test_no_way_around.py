"""Ways around the loop that are closed: to the archive, out of a clock, past the accused."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, select

from core.errors import NotFound
from core.loop.errors import SignatureMissing, TooLate, WayClosed
from core.loop.states import Act, TicketState
from core.policy.calendar import YearUnknown
from core.store.loop_tables import TimerRow
from tests.core.loop.city import AGENT, DISPATCHER, SUPERVISOR, City, at, head, unit
from tests.core.loop.test_fast_track import BETRAYED, DISTRICT, HARASSED, HEAD, WORKER

S = TicketState
LAMPS = unit("city_management")
ENQUIRY: dict[str, Any] = {"type": "咨询", "urgency": "一般"}


async def rated(city: City, number: str, level: int | None = 5) -> None:
    await city.does(AGENT, number, Act.RATE, level=level)


# To the archive.


async def test_an_unsatisfied_callers_ticket_comes_back_before_it_is_archived(city: City) -> None:
    number = await city.answered()
    await city.follows_up(number, satisfied=False)
    await rated(city, number)
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.ARCHIVE)
    await city.does(DISPATCHER, number, Act.REDO)
    await city.does(LAMPS, number, Act.SIGN)
    await city.does(LAMPS, number, Act.HANDLE, words="又修了")
    await city.does(LAMPS, number, Act.ANSWER, words="已告知")
    await city.follows_up(number, satisfied=False)
    await rated(city, number, 4)
    await city.does(DISPATCHER, number, Act.ARCHIVE)
    assert await city.state(number) is S.ARCHIVED


async def test_or_his_demand_is_found_unreasonable_even_after_he_has_rated(city: City) -> None:
    number = await city.answered()
    await city.follows_up(number, satisfied=False)
    await rated(city, number)
    await city.does(SUPERVISOR, number, Act.EXEMPT, reason="unreasonable", words="诉求无依据")
    await city.does(DISPATCHER, number, Act.ARCHIVE)
    assert await city.state(number) is S.ARCHIVED


async def test_what_was_answered_at_once_comes_back_to_be_decided_anew(city: City) -> None:
    number = await city.classified(**ENQUIRY)
    await city.does(AGENT, number, Act.ANSWER_AT_ONCE, words="请到窗口办理")
    await city.follows_up(number, satisfied=False)
    await city.does(DISPATCHER, number, Act.REDO, words="没说清楚")
    assert await city.state(number) is S.CLASSIFIED
    await city.does(AGENT, number, Act.ANSWER_AT_ONCE, words="再次说明")
    await city.follows_up(number)
    await rated(city, number, 1)
    await city.does(DISPATCHER, number, Act.ARCHIVE)


async def test_an_open_review_of_a_refusal_is_not_exempted_away(city: City) -> None:
    number = await city.registers()
    await city.does(AGENT, number, Act.REFUSE, ground="unlawful")
    await city.does(AGENT, number, Act.ASK_REVIEW)
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, number, Act.EXEMPT, reason="refused")
    await city.does(SUPERVISOR, number, Act.REVIEW_REFUSAL, upheld=True, words="维持")
    await city.does(DISPATCHER, number, Act.EXEMPT, reason="refused")
    assert await city.state(number) is S.EXEMPTED


async def test_who_told_of_the_same_event_is_not_exempted_while_it_is_handled(city: City) -> None:
    main = await city.signed()
    child = await city.registers(contact_phone="15400000002", reply_wanted=False)
    await city.merges(child, main)
    with pytest.raises(WayClosed):
        await city.does(DISPATCHER, child, Act.EXEMPT, reason="no_reply_wanted")


# The head's own signature (32).


async def test_the_fast_track_is_not_left_by_a_termination_without_the_head(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched(**HARASSED)
    await city.does(WORKER, number, Act.ASK_TERMINATION, reason="not_cooperating", words="不配合")
    granted = {"granted": True, "reason": "not_cooperating", "words": "同意"}
    with pytest.raises(SignatureMissing):
        await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, **granted)
    await city.does(HEAD, number, Act.COUNTERSIGN)
    await city.does(DISPATCHER, number, Act.DECIDE_TERMINATION, **granted)
    assert await city.state(number) is S.TERMINATED


async def test_what_the_head_signed_before_the_handling_does_not_sign_the_answer(
    city: City,
) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched(**HARASSED)
    await city.does(HEAD, number, Act.SIGN)
    await city.does(HEAD, number, Act.COUNTERSIGN)
    await city.does(WORKER, number, Act.HANDLE, words="已查处")
    with pytest.raises(SignatureMissing):
        await city.does(WORKER, number, Act.ANSWER, words="已告知")
    assert await city.told(number, "countersign_wanted") == [f"head:{DISTRICT}"]


async def test_found_to_be_harassment_after_the_dispatch_it_goes_the_fast_track(
    city: City,
) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    before = (await city.ticket(number)).handle_due
    await city.does(AGENT, number, Act.AMEND, fields={"category": HARASSED["category"],
                    "type": "举报", "subject": "企业", "is_enterprise": True})  # fmt: skip
    ticket = await city.ticket(number)
    assert ticket.fast_track
    assert before is not None and ticket.handle_due is not None and ticket.handle_due < before
    await city.does(LAMPS, number, Act.HANDLE, words="已查处")
    with pytest.raises(SignatureMissing):
        await city.does(LAMPS, number, Act.ANSWER, words="已告知")


# Dates follow the form.


async def test_more_urgent_than_it_was_dated_it_is_dated_anew(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    city.it_is("2026-01-13 10:00")
    await city.does(AGENT, number, Act.AMEND, fields={"urgency": "特急"})
    ticket = await city.ticket(number)
    assert ticket.handle_due is not None
    # Its hours from the dispatch are over: they begin now.
    assert at("2026-01-13 10:00") < ticket.handle_due < at("2026-01-14 23:59:59")
    assert await city.told(number, "redated") == ["unit:city_management"]
    step = (await city.history(number))[-1]
    assert step.details["dated_by"]["handle"]
    # Less urgent again: the first limits, from the first dispatch.
    await city.does(AGENT, number, Act.AMEND, fields={"urgency": "一般"})
    assert (await city.ticket(number)).handle_due == at("2026-01-19 23:59:59")


async def test_a_word_that_changes_no_limit_changes_no_date(city: City) -> None:
    number = await city.signed()
    before = await city.ticket(number)
    await city.does(AGENT, number, Act.AMEND, fields={"title": "路灯还是不亮"})
    after = await city.ticket(number)
    assert (after.handle_due, after.sign_due) == (before.handle_due, before.sign_due)
    assert await city.told(number, "redated") == []


# The accused is never the handler (46, 48).


@pytest.mark.parametrize("state", [S.DISPATCHED, S.SIGNED, S.SUSPENDED, S.HANDLED])
async def test_found_to_be_retaliation_it_is_taken_from_the_unit_at_once(
    city: City, state: TicketState
) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched()
    if state is not S.DISPATCHED:
        await city.does(LAMPS, number, Act.SIGN)
    if state is S.SUSPENDED:
        await city.does(LAMPS, number, Act.ASK_SUSPENSION, reason="lawsuit", words="诉讼")
        await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=True)
    if state is S.HANDLED:
        await city.does(LAMPS, number, Act.HANDLE, words="已处理")
    await city.does(
        AGENT, number, Act.AMEND, fields={"category": BETRAYED["category"], "type": "举报"}
    )
    ticket = await city.ticket(number)
    assert (ticket.state, ticket.unit, ticket.handle_due) == (S.CLASSIFIED, "", None)
    assert await city.told(number, "taken_back") == ["unit:city_management"]
    with pytest.raises(NotFound):
        await city.desk.offices.work.detail(LAMPS, number)
    with pytest.raises(NotFound):
        await city.does(LAMPS, number, Act.NOTE, words="还想看")
    await city.passes("2026-03-01 12:00", days=7)
    assert await city.supervisions(number) == [], "nobody's clock runs"


# No clock stops but by a suspension.


async def test_an_assisting_unit_has_a_date_of_its_own_and_is_reminded_of_it(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    for wrong in ("2026-01-12 08:59", "2026-02-01 12:00"):
        with pytest.raises(TooLate):
            await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"], due=at(wrong))
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"], due=at("2026-01-14 18:00"))
    await city.does(DISPATCHER, number, Act.ASSIST, units=["market"])
    parts = {part.unit: part.due for part in await city.desk.offices.loop.parts(DISPATCHER, number)}
    assert parts["housing"] == at("2026-01-14 18:00")
    assert parts["market"] == parts["city_management"] == at("2026-01-19 23:59:59")
    await city.passes("2026-01-14 18:30", hours=6)
    assert await city.told(number, "assist_due") == ["unit:housing"]
    await city.does(unit("market"), number, Act.ASSIST_DONE, words="已协助")
    await city.passes("2026-01-25 12:00", days=1)
    assert await city.told(number, "assist_due") == ["unit:housing"]


async def test_a_merged_callers_own_follow_up_is_reminded_of_like_the_main_ones(
    city: City,
) -> None:
    city.it_is("2026-01-12 09:00")
    main, child = await city.signed(), await city.registers(contact_phone="15400000002")
    await city.merges(child, main)
    await city.does(LAMPS, main, Act.HANDLE, words="已处理")
    await city.does(LAMPS, main, Act.ANSWER, words="已告知")
    await city.passes("2026-02-06 12:00", days=1)
    for number in (main, child):
        reminded = [step for step in await city.history(number) if step.act == "remind"]
        assert [step.reason for step in reminded] == ["follow_up_due"]


async def test_a_hard_problem_ends_with_the_termination_and_may_be_raised_again(
    city: City,
) -> None:
    number = await city.signed()
    await city.does(LAMPS, number, Act.RAISE_PROBLEM, words="权属不清")
    await city.does(LAMPS, number, Act.ASK_TERMINATION, reason="not_cooperating", words="不配合")
    await city.does(
        DISPATCHER, number, Act.DECIDE_TERMINATION,
        granted=True, reason="not_cooperating", words="同意",
    )  # fmt: skip
    await city.follows_up(number, satisfied=False)
    await city.does(DISPATCHER, number, Act.REDO)
    await city.does(LAMPS, number, Act.SIGN)
    await city.does(LAMPS, number, Act.RAISE_PROBLEM, words="仍然权属不清")


async def test_a_year_that_nobody_loaded_keeps_a_timer_waiting_and_loses_it_never(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()

    def unknown(*_: Any) -> None:
        raise YearUnknown(year=2027)

    with monkeypatch.context() as missing:
        missing.setattr(city.desk.offices.loop, "play", unknown)
        await city.passes("2026-01-30 12:00", days=1)

    def states(session: Session) -> set[str]:
        return {row.state for row in session.exec(select(TimerRow)).all()}

    found = await city.sees_rows(states)
    assert "waiting" in found
    assert not found & {"stuck", "fired"}
    await city.ticks()
    assert [row.rung for row in await city.supervisions(number)][:2] == ["warn", "urge"]


async def test_an_organ_that_does_not_take_it_gives_it_back_to_be_decided(city: City) -> None:
    number = await city.classified(**BETRAYED)
    ticket = await city.ticket(number)
    organ = city.policies.at(city.clock.now()).directory.supervisor_of_conduct
    assert ticket.retaliation
    await city.does(DISPATCHER, number, Act.TRANSFER, organ=organ)
    await city.does(DISPATCHER, number, Act.TRANSFER_RESULT, words="不属于职责范围", declined=True)
    assert await city.state(number) is S.CLASSIFIED


async def test_the_head_is_the_units_own(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched(**HARASSED)
    with pytest.raises(NotFound):
        await city.does(head("housing"), number, Act.COUNTERSIGN)
