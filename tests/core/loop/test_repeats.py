"""One matter told several times, several matters told at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlmodel import select

from core.errors import NotFound
from core.loop.errors import ActForbidden, ActOutOfOrder, MergeRefused, NotSettled, WayClosed
from core.loop.states import Act, TicketState
from core.store.database import DatabaseAway
from core.store.loop_tables import RatingRow, SupervisionRow
from tests.core.loop.city import (
    AGENT,
    DISPATCHER,
    LUBEI_DISPATCHER,
    SUPERVISOR,
    City,
    at,
    unit,
)

NEIGHBOUR = {"contact_phone": "15400000002", "caller_name": "邻居"}
S = TicketState


async def proposals(city: City, number: str, who: Any = AGENT) -> list[tuple[str, str]]:
    return [(one.kind, one.number) for one in await city.desk.offices.loop.repeats(who, number)]


async def templates(city: City, number: str) -> list[str]:
    return [notice.template for notice in await city.notices(number)]


# Proposals.


async def test_a_repeat_is_proposed_and_nothing_is_done_by_itself(city: City) -> None:
    first = await city.dispatched()
    again = await city.registers(contact_phone="+86 154-0000-0001", address="测试路 1 号")
    neighbour = await city.registers(**NEIGHBOUR)
    assert await proposals(city, again) == [("repeat", first), ("event", neighbour)]
    assert ("event", first) in await proposals(city, neighbour)
    assert await city.state(again) is S.REGISTERED
    assert (await city.ticket(again)).parent is None


@pytest.mark.parametrize(
    "other",
    [
        {"category": ["城市管理", "市政设施", "井盖"]},
        {"address": "另一条路9号"},
        {"district": "迁安市"},
        {"confidential": True},
    ],
    ids=["class", "place", "county", "secrecy"],
)
async def test_what_differs_is_not_proposed(city: City, other: dict[str, Any]) -> None:
    await city.registers()
    assert await proposals(city, await city.registers(**other)) == []


async def test_without_a_place_only_the_caller_himself_is_proposed(city: City) -> None:
    first = await city.registers()
    assert await proposals(city, await city.registers(address=None)) == [("repeat", first)]
    assert await proposals(city, await city.registers(address=None, **NEIGHBOUR)) == []


async def test_whoever_left_no_number_is_nobodys_double(city: City) -> None:
    one = await city.registers(contact_phone=None)
    other = await city.registers(contact_phone=None)
    assert await proposals(city, other) == [("event", one)]


async def test_the_number_that_called_counts_like_the_number_that_was_left(city: City) -> None:
    await city.talk("c1", "+8615400000001")
    await city.desk.set_field(AGENT, "c1", "category", ["城市管理", "市政设施", "路灯"])
    await city.desk.set_field(AGENT, "c1", "district", "路北区")
    await city.desk.set_field(AGENT, "c1", "address", "测试路1号")
    by_call = (await city.desk.submit(AGENT, "c1")).number
    assert await proposals(city, await city.registers()) == [("repeat", by_call)]


async def test_settled_within_thirty_days_is_proposed_to_be_told(city: City) -> None:
    city.it_is("2026-03-02 09:00")
    first = await city.archived()
    city.it_is("2026-04-01 23:59")  # 2 March + 30 days
    again = await city.classified()
    found = (await city.desk.offices.loop.repeats(AGENT, again))[0]
    assert (found.kind, found.number, found.ground) == ("settled", first, "settled")
    city.it_is("2026-04-02 00:01")
    assert await proposals(city, await city.classified()) == [("repeat", again)]


async def test_proposals_are_for_the_hotline_and_each_for_his_own_place(city: City) -> None:
    first = await city.registers(district="迁安市")
    second = await city.registers(district="迁安市")
    with pytest.raises(ActForbidden):
        await proposals(city, await city.dispatched(), unit("city_management"))
    with pytest.raises(NotFound):
        await proposals(city, second, LUBEI_DISPATCHER)
    assert await proposals(city, second, DISPATCHER) == [("repeat", first)]


# Merging.


async def test_a_repeat_urges_on_who_has_the_main_ticket_and_goes_up_the_ladder(
    city: City,
) -> None:
    main = await city.signed()
    told = []
    for _ in range(3):
        child = await city.registers()
        await city.merges(child, main)
        step = (await city.history(main))[-1]
        told.append(
            (step.act, step.details["repeats"], (await templates(city, main)).count("urged"))
        )
        assert step.details["because_of"] == child
        assert "merged" in await templates(city, child)
    # urge_at 2: told a second time, and every time after it, the unit is urged.
    assert told == [("told_again", 1, 1), ("told_again", 2, 2), ("told_again", 3, 3)]
    rungs = await city.sees_rows(
        lambda session: [(row.rung, row.unit) for row in session.exec(select(SupervisionRow))]
    )
    assert rungs == [("supervise", "city_management")]
    assert (await templates(city, main)).count("rung_head") == 1, "once in a round"
    assert await city.state(main) is S.SIGNED


async def test_told_three_times_is_supervised_five_times_supervised_as_a_key_matter(
    city: City,
) -> None:
    """The main ticket is the first telling: a row is what stands after each of the next five."""
    main = await city.signed()
    reached = []
    for _ in range(5):
        await city.merges(await city.registers(), main)
        assert (await city.history(main))[-1].details["urged"], "each time is on record"
        reached.append([row.rung for row in await city.supervisions(main)])
    assert reached == [
        [],  # the second telling
        ["supervise"],
        ["supervise"],
        ["supervise", "key_supervise"],  # the fifth
        ["supervise", "key_supervise"],
    ]
    assert (await city.told(main, "rung_authority")) == ["authority"]


async def test_three_callers_of_one_event_within_thirty_days_make_it_a_key_matter(
    city: City,
) -> None:
    city.it_is("2026-03-02 09:00")
    main = await city.signed()
    await city.merges(await city.registers(**NEIGHBOUR), main)
    assert await city.supervisions(main) == []
    city.it_is("2026-03-03 09:00")
    await city.merges(await city.registers(contact_phone="15400000003"), main)
    (row,) = await city.supervisions(main)
    assert (row.rung, row.unit, row.feedback_due) == (
        "key_supervise", "city_management", at("2026-03-05 23:59:59"),
    )  # fmt: skip
    await city.merges(await city.registers(contact_phone="15400000004"), main)
    assert len(await city.supervisions(main)) == 1, "once in a round"
    assert (await city.history(main))[-1].details["callers"] == 4


async def test_what_was_told_often_before_its_dispatch_is_supervised_from_then_on(
    city: City,
) -> None:
    main = await city.classified()
    for _ in range(2):
        await city.merges(await city.registers(), main)
    assert await city.supervisions(main) == []
    await city.does(DISPATCHER, main, Act.DISPATCH)
    assert [row.rung for row in await city.supervisions(main)] == ["supervise"]
    assert (await city.history(main))[-1].details["supervised"]["rung"] == "supervise"
    assert await city.told(main, "urged") == []


async def test_callers_of_longer_ago_do_not_count_for_an_event(city: City) -> None:
    city.it_is("2026-03-02 09:00")
    main = await city.signed()
    await city.merges(await city.registers(**NEIGHBOUR), main)
    city.it_is("2026-04-02 09:00")  # 31 days
    await city.merges(await city.registers(contact_phone="15400000003"), main)
    details = (await city.history(main))[-1].details
    assert (details["callers"], details["common"]) == (1, False)
    assert await city.supervisions(main) == []
    await city.merges(await city.registers(), main)  # the first one tells it again
    details = (await city.history(main))[-1].details
    assert (details["callers"], details["common"]) == (2, False)


async def test_an_event_of_three_callers_is_marked_as_common(city: City) -> None:
    main = await city.signed()
    common = []
    for phone in ("15400000002", "15400000002", "15400000003"):
        await city.merges(await city.registers(contact_phone=phone), main)
        common.append((await city.history(main))[-1].details["common"])
    assert common == [False, False, True], "a caller counts once"
    assert "urged" not in await templates(city, main), "others do not urge"


async def test_whoever_told_of_the_event_is_answered_and_called_back_by_himself(
    city: City,
) -> None:
    main = await city.signed()
    repeat, event = await city.registers(), await city.registers(**NEIGHBOUR)
    for child in (repeat, event):
        await city.merges(child, main)
    worker = unit("city_management")
    await city.does(worker, main, Act.HANDLE, words="已修好")
    await city.does(worker, main, Act.ANSWER, words="已告知")
    assert await city.state(event) is S.ANSWERED
    assert (await templates(city, event))[-1] == "answered"
    step = (await city.history(event))[-1]
    assert (step.act, step.role, step.details["because_of"]) == ("parent_answered", "system", main)
    assert await city.state(repeat) is S.EXEMPTED
    assert (await city.history(repeat))[-1].reason == "merged"
    await city.follows_up(event, satisfied=False)
    assert await city.state(main) is S.ANSWERED, "the main ticket has a follow-up of its own"
    await city.does(DISPATCHER, event, Act.REDO, words="没修好")
    assert await city.state(event) is S.DISPATCHED
    assert (await city.ticket(event)).unit == "city_management"
    for archived in (repeat,):
        await city.does(DISPATCHER, archived, Act.ARCHIVE)


async def test_the_unit_that_handled_the_event_is_the_one_that_each_caller_rates(
    city: City,
) -> None:
    main = await city.signed()
    event = await city.registers(**NEIGHBOUR)
    await city.merges(event, main)
    await city.does(unit("city_management"), main, Act.HANDLE, words="已修好")
    await city.does(unit("city_management"), main, Act.ANSWER, words="已告知")
    await city.follows_up(event)
    await city.does(AGENT, event, Act.RATE, level=2)
    rated = await city.sees_rows(
        lambda session: [
            (row.number, row.unit, row.level) for row in session.exec(select(RatingRow))
        ]
    )
    assert rated == [(event, "city_management", 2)]


# What becomes of those who hang on a main ticket.


async def test_a_main_ticket_that_is_refused_takes_nobody_elses_matter_with_it(city: City) -> None:
    main = await city.classified()
    repeat, event = await city.registers(), await city.classified(**NEIGHBOUR)
    for child in (repeat, event):
        await city.merges(child, main)
    await city.does(AGENT, main, Act.REFUSE, ground="litigation")
    assert await city.state(repeat) is S.EXEMPTED, "the same caller, the same matter"
    ticket = await city.ticket(event)
    assert (ticket.state, ticket.parent) == ("registered", None)
    step = (await city.history(event))[-1]
    assert (step.act, step.details["main"], step.details["why"]) == ("release", main, "refused")
    assert (await templates(city, event))[-1] == "released"
    await city.does(AGENT, event, Act.CLASSIFY)
    await city.does(DISPATCHER, event, Act.DISPATCH)
    assert await city.state(event) is S.DISPATCHED


@pytest.mark.parametrize("reason", ["withdrawn", "article_11"])
async def test_a_main_ticket_that_is_terminated_sets_the_others_free(
    city: City, reason: str
) -> None:
    """That one caller withdraws, or has no claim, does not decide about another's matter."""
    main = await city.signed()
    repeat, event = await city.registers(), await city.registers(**NEIGHBOUR)
    for child in (repeat, event):
        await city.merges(child, main)
    asked = {"reason": reason, "words": "说明"}
    await city.does(unit("city_management"), main, Act.ASK_TERMINATION, **asked)
    assert await city.state(event) is S.MERGED
    await city.does(DISPATCHER, main, Act.DECIDE_TERMINATION, granted=True, **asked)
    assert await city.state(main) is S.TERMINATED
    assert await city.state(repeat) is S.EXEMPTED
    ticket = await city.ticket(event)
    assert (ticket.state, ticket.parent) == ("registered", None)
    assert (await city.history(event))[-1].details["why"] == "terminated"
    await city.does(AGENT, event, Act.CLASSIFY)
    await city.does(DISPATCHER, event, Act.DISPATCH)
    assert await city.state(event) is S.DISPATCHED


async def test_a_rung_that_repeats_have_reached_is_not_taken_again_by_the_clock(
    city: City,
) -> None:
    city.it_is("2026-01-12 09:00")
    main = await city.signed()
    for _ in range(3):
        await city.merges(await city.registers(), main)
    await city.passes("2026-01-30 09:00", hours=12)
    rungs = [row.rung for row in await city.supervisions(main)]
    assert rungs.count("supervise") == 1


async def test_an_answer_on_the_spot_is_an_answer_to_all(city: City) -> None:
    asked = {"type": "咨询", "category": ["医疗与医保", "医保", "异地备案"]}
    main = await city.classified(**asked)
    event = await city.registers(**asked, **NEIGHBOUR)
    await city.merges(event, main)
    await city.does(AGENT, main, Act.ANSWER_AT_ONCE, words="按规定办理")
    assert await city.state(event) is S.ANSWERED


async def test_a_transferred_main_ticket_keeps_them_until_the_organ_answers(city: City) -> None:
    given = {"category": ["企业服务", "涉企执法", "罚款不当"], "subject": "企业"}
    main = await city.classified(**given)
    event = await city.registers(**given, **NEIGHBOUR)
    await city.does(AGENT, main, Act.TRANSFER, organ="justice")
    await city.merges(event, main)
    assert await city.state(event) is S.MERGED
    await city.does(DISPATCHER, main, Act.TRANSFER_RESULT, words="已查处")
    assert await city.state(event) is S.ANSWERED


async def test_a_main_ticket_merged_into_another_brings_its_own_along(city: City) -> None:
    top = await city.dispatched(contact_phone="15400000009")
    middle = await city.registers(contact_phone="15400000008")
    child, same = (
        await city.registers(**NEIGHBOUR),
        await city.registers(contact_phone="15400000009"),
    )
    await city.merges(child, middle)
    await city.merges(same, middle)
    await city.merges(middle, top)
    kinds = {}
    for number in (middle, child, same):
        ticket = await city.ticket(number)
        assert (ticket.state, ticket.parent) == ("merged", top), "one level deep, always"
        kinds[number] = ticket.parent_kind
    assert kinds == {middle: "event", child: "event", same: "repeat"}


async def test_a_wrong_merging_is_taken_back(city: City) -> None:
    main, child = await city.dispatched(), await city.registers(**NEIGHBOUR)
    await city.merges(child, main)
    await city.does(AGENT, child, Act.RELEASE, words="不是同一件事")
    ticket = await city.ticket(child)
    assert (ticket.state, ticket.parent, ticket.parent_kind) == ("registered", None, "")


# What is never merged.


async def test_nothing_is_merged_into_itself_its_child_or_what_is_over(city: City) -> None:
    main, child = await city.registers(), await city.registers()
    await city.merges(child, main)
    for number, into, why in (
        (main, main, "itself"),
        (main, child, "merged_itself"),
        (child, main, "merged_already"),
        (await city.registers(), await city.archived(), "settled"),
        (main, await city.answered(), "settled"),
    ):
        with pytest.raises(MergeRefused) as refused:
            await city.merges(number, into, words="同一事")
        assert refused.value.details["why"] == why
    with pytest.raises(NotFound):
        await city.merges(main, "TS0")


async def test_two_who_merge_crosswise_at_once_make_no_circle(city: City) -> None:
    for _ in range(3):
        one, other = await city.registers(), await city.registers()
        results = await asyncio.gather(
            city.merges(one, other), city.merges(other, one), return_exceptions=True
        )
        refused = [result for result in results if isinstance(result, BaseException)]
        assert len(refused) == 1
        assert isinstance(refused[0], MergeRefused | ActOutOfOrder | DatabaseAway)
        states = sorted([await city.state(one), await city.state(other)])
        assert states == [S.MERGED, S.REGISTERED]


async def test_a_merging_that_meets_an_answer_leaves_nobody_hanging(city: City) -> None:
    for _ in range(3):
        main, child = await city.signed(), await city.registers(**NEIGHBOUR)
        await city.does(unit("city_management"), main, Act.HANDLE, words="已修好")
        answering = city.does(unit("city_management"), main, Act.ANSWER, words="已告知")
        await asyncio.gather(answering, city.merges(child, main), return_exceptions=True)
        assert await city.state(main) is S.ANSWERED
        assert await city.state(child) in (S.REGISTERED, S.ANSWERED)


@pytest.mark.parametrize("secret_one", ["main", "child", "both"])
async def test_nothing_is_merged_across_the_line_of_secrecy(city: City, secret_one: str) -> None:
    main = await city.registers(confidential=secret_one in ("main", "both"))
    child = await city.registers(confidential=secret_one in ("child", "both"))
    with pytest.raises(MergeRefused) as refused:
        await city.merges(child, main)
    assert refused.value.details["why"] == "secrecy"
    assert (await city.ticket(child)).parent is None


@pytest.mark.parametrize("act", ["set_secrecy", "amend"])
async def test_a_line_of_secrecy_that_comes_later_parts_them(city: City, act: str) -> None:
    main, child = await city.registers(), await city.registers()
    await city.merges(child, main)
    if act == "amend":
        await city.does(AGENT, main, Act.AMEND, fields={"confidential": True})
    else:
        await city.does(SUPERVISOR, main, Act.SET_SECRECY, level=2)
    ticket = await city.ticket(child)
    assert (ticket.state, ticket.parent) == ("registered", None)
    assert (await city.history(child))[-1].details["why"] == "secrecy"


async def test_a_merged_ticket_is_released_before_it_becomes_secret(city: City) -> None:
    main, child = await city.registers(), await city.registers()
    await city.merges(child, main)
    with pytest.raises(MergeRefused):
        await city.does(SUPERVISOR, child, Act.SET_SECRECY, level=1)


async def test_counties_and_special_ways_stay_apart(city: City) -> None:
    with pytest.raises(MergeRefused) as refused:
        await city.merges(await city.registers(district="迁安市"), await city.registers(), "同")
    assert refused.value.details["why"] == "county"
    given = {"category": ["政务服务与作风", "行政效能", "泄露信息与打击报复"]}
    for number in (await city.registers(**given), await city.classified(**given)):
        with pytest.raises(MergeRefused) as refused:
            await city.merges(number, await city.dispatched(), "同一人")
        assert refused.value.details["why"] == "way"


async def test_another_class_or_place_needs_a_reason(city: City) -> None:
    main = await city.dispatched()
    child = await city.registers(category=["城市管理", "市政设施", "井盖"])
    with pytest.raises(WayClosed):
        await city.merges(child, main)
    await city.merges(child, main, words="同一处施工造成")
    assert (await city.history(child))[-1].details["alike"] is False


async def test_a_county_merges_only_what_it_sees(city: City) -> None:
    mine, theirs = await city.registers(), await city.registers(district="迁安市")
    with pytest.raises(NotFound):
        await city.does(LUBEI_DISPATCHER, mine, Act.MERGE, into=theirs, words="同")


# Several matters in one call.


async def test_several_matters_of_one_call_become_tickets_of_their_own(city: City) -> None:
    await city.talk("c1", "15400000001")
    await city.desk.set_field(AGENT, "c1", "title", "路灯和停水")
    await city.desk.set_field(AGENT, "c1", "confidential", True)
    await city.desk.set_field(AGENT, "c1", "other_phones", ["15400000077"])
    await city.desk.set_field(AGENT, "c1", "about", "路灯所")
    number = (await city.desk.submit(AGENT, "c1")).number
    with pytest.raises(WayClosed):
        part = {"content": "井盖缺失", "confidential": None}
        await city.does(AGENT, number, Act.SPLIT, parts=[part])
    await city.does(
        AGENT,
        number,
        Act.SPLIT,
        keep={"title": "路灯不亮"},
        parts=[
            {"title": "停水", "category": ["公用事业", "供水", "停水"], "type": "投诉"},
            {"content": "井盖缺失"},
        ],
    )
    step = (await city.history(number))[-1]
    water, cover = step.details["into"]
    assert (await city.fields(number))["title"] == "路灯不亮"
    original = await city.ticket(number)
    for part in (water, cover):
        ticket = await city.ticket(part)
        assert ticket.caller_digest == original.caller_digest
        assert ticket.secrecy == 1, "what he wants kept back is kept back in all of it"
        assert ticket.call_id is None, "the call belongs to one ticket"
        first = (await city.history(part))[0]
        assert first.details == {"by": "split", "from": number}
        assert (await city.fields(part))["related_ticket"] == number
        assert (await city.fields(part))["other_phones"] == ["15400000077"]
        assert "about" not in await city.fields(part), "whom it is about is the matter's"
        assert await templates(city, part) == ["registered"]
    assert (await city.ticket(water)).category == "030201"
    assert "content" not in await city.fields(water), "of the matter only its own"


async def test_a_part_that_tells_of_nothing_or_is_not_on_the_form_splits_nothing(
    city: City,
) -> None:
    number = await city.registers()
    for part in ({"district": "路北区"}, {"title": "停水", "no_such": "x"}):
        with pytest.raises(Exception) as refused:
            await city.does(AGENT, number, Act.SPLIT, parts=[{"title": "好的"}, part])
        assert refused.value.error_id in ("ticket_incomplete", "field_unknown")
    assert len(await city.history(number)) == 1
    following = await city.registers()
    assert int(following[-5:]) == int(number[-5:]) + 1, "nothing half written"


# Told again after it was settled.


async def test_settled_with_nothing_new_is_refused_and_told(city: City) -> None:
    first = await city.archived()
    again = await city.classified()
    await city.does(AGENT, again, Act.REFUSE, ground="settled", earlier=first)
    step = (await city.history(again))[-1]
    assert (step.reason, step.details["earlier"]) == ("settled", first)
    assert (await templates(city, again))[-1] == "refused"


async def test_with_new_facts_it_is_dispatched_again_and_marked(city: City) -> None:
    first = await city.archived()
    again = await city.classified()
    await city.does(AGENT, again, Act.NEW_FACTS, of=first, words="又坏了三盏")
    assert "重复反映" in (await city.fields(again))["flags"]
    details = (await city.history(again))[-1].details
    assert (details["earlier"], details["unit"], details["lately"]) == (
        first, "city_management", True,
    )  # fmt: skip
    await city.does(DISPATCHER, again, Act.DISPATCH)
    assert await city.state(again) is S.DISPATCHED


async def test_only_a_settled_ticket_of_this_caller_and_matter_counts_as_earlier(
    city: City,
) -> None:
    number = await city.classified()
    for wrong in (
        await city.dispatched(),
        await city.archived(**NEIGHBOUR),
        await city.archived(category=["城市管理", "市政设施", "井盖"]),
        number,
        "TS0",
    ):
        with pytest.raises(NotSettled):
            await city.does(AGENT, number, Act.NEW_FACTS, of=wrong, words="新情况")
        with pytest.raises(NotSettled):
            await city.does(AGENT, number, Act.REFUSE, ground="settled", earlier=wrong)
    assert await city.state(number) is S.CLASSIFIED


async def test_the_rules_name_a_rung_and_a_ground_that_exist(city: City) -> None:
    for policy in city.policies.versions:
        rules = policy.conduct.repeats
        assert policy.supervision.rung(rules.rung) is not None
        assert policy.supervision.rung(rules.key_rung) is not None
        assert policy.acceptance.ground(rules.ground) is not None
