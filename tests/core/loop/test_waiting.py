"""What waits for a decision or a word: who is shown what of it, the oldest first, page by page."""

from __future__ import annotations

import pytest

from core.loop.errors import ActForbidden
from core.loop.query import QueryInvalid
from core.loop.states import Act
from core.loop.views import WaitingLine, WaitingPage
from core.ports import Viewer
from tests.core.loop.city import (
    AGENT,
    AUDITOR,
    AUTHORITY,
    DISPATCHER,
    GOVERNMENT,
    LUBEI_DISPATCHER,
    SUPERVISOR,
    City,
    at,
    unit,
)
from tests.core.people.ledger import last, lines

LAMPS, HOUSING = unit("city_management"), unit("housing")
QIANAN = Viewer("1400", "迁安派单员", "dispatcher", county="130283")
ADMIN = Viewer("9000", "管理员", "admin")
MORE = {"reason": "complex", "words": "需要开挖路面", "workdays": 2}


async def page(city: City, viewer: Viewer, after: str = "", limit: int = 50) -> WaitingPage:
    return await city.desk.offices.waiting.waiting(viewer, after, limit)


async def kinds(city: City, viewer: Viewer) -> list[tuple[str, str]]:
    return [(one.number, one.kind) for one in (await page(city, viewer)).lines]


async def of_ticket(city: City, viewer: Viewer, number: str) -> tuple[WaitingLine, ...]:
    return (await city.desk.offices.work.detail(viewer, number)).waiting


async def asks(city: City, number: str, kind: str) -> None:
    """The unit's request, the caller's review, a problem, or a rung that wants a word."""
    why = {"words": "说明"}
    match kind:
        case "return":
            await city.does(LAMPS, number, Act.ASK_RETURN, reason="not_our_duty", **why)
        case "postponement":
            await city.does(LAMPS, number, Act.ASK_POSTPONEMENT, **MORE)
        case "suspension":
            await city.does(LAMPS, number, Act.ASK_SUSPENSION, reason="appraisal", **why)
        case "termination":
            await city.does(LAMPS, number, Act.ASK_TERMINATION, reason="article_11", **why)
        case "problem":
            await city.does(LAMPS, number, Act.RAISE_PROBLEM, **why)
        case "feedback":
            await city.does(SUPERVISOR, number, Act.SUPERVISE, rung="supervise")
        case "review":
            await city.does(AGENT, number, Act.ASK_REVIEW)


async def waits(city: City, kind: str) -> str:
    number = await (city.classified() if kind == "review" else city.signed())
    if kind == "review":
        await city.does(AGENT, number, Act.REFUSE, ground="litigation")
    await asks(city, number, kind)
    return number


DECIDE = {
    "return": {DISPATCHER, SUPERVISOR},
    "postponement": {DISPATCHER, SUPERVISOR, AUTHORITY},
    "suspension": {DISPATCHER, SUPERVISOR},
    "termination": {DISPATCHER, SUPERVISOR},
    "review": {SUPERVISOR},
    "problem": {SUPERVISOR},
    "feedback": {SUPERVISOR, AUTHORITY, GOVERNMENT},
}


@pytest.mark.parametrize("kind", DECIDE)
async def test_each_kind_is_shown_to_those_who_decide_it_and_to_the_unit(
    city: City, kind: str
) -> None:
    number = await waits(city, kind)
    for who in (DISPATCHER, SUPERVISOR, AUTHORITY, GOVERNMENT):
        assert await kinds(city, who) == ([(number, kind)] if who in DECIDE[kind] else [])
    assert await kinds(city, LAMPS) == ([] if kind == "review" else [(number, kind)])
    assert await kinds(city, HOUSING) == []
    (line,) = await of_ticket(city, SUPERVISOR, number)
    assert (line.kind, line.asked_at) == (kind, city.clock.moment)
    assert line.unit == ("" if kind == "review" else "city_management")


@pytest.mark.parametrize(
    ("kind", "act", "given"),
    [
        ("return", Act.DECIDE_RETURN, {"granted": False, "words": "否"}),
        ("postponement", Act.DECIDE_POSTPONEMENT, {"granted": False}),
        ("suspension", Act.DECIDE_SUSPENSION, {"granted": False}),
        ("termination", Act.DECIDE_TERMINATION, {"granted": False, "words": "否"}),
        ("review", Act.REVIEW_REFUSAL, {"upheld": True, "words": "维持"}),
        ("problem", Act.DECIDE_PROBLEM, {"decision": "return", "words": "退回"}),
        ("feedback", Act.FEED_BACK, {"rung": "supervise", "words": "已安排"}),
    ],
)
async def test_what_is_settled_waits_no_more(
    city: City, kind: str, act: Act, given: dict[str, object]
) -> None:
    number = await waits(city, kind)
    await city.does(LAMPS if act is Act.FEED_BACK else SUPERVISOR, number, act, **given)
    assert await kinds(city, SUPERVISOR) == await kinds(city, LAMPS) == []
    assert await of_ticket(city, SUPERVISOR, number) == ()


async def test_what_the_hotline_may_not_grant_any_more_waits_for_the_authority(
    city: City,
) -> None:
    number = await waits(city, "postponement")
    await city.does(DISPATCHER, number, Act.DECIDE_POSTPONEMENT, granted=True)
    await asks(city, number, "postponement")
    assert await kinds(city, DISPATCHER) == await kinds(city, SUPERVISOR) == []
    assert await kinds(city, AUTHORITY) == [(number, "postponement")]


async def test_a_problem_is_shown_at_the_level_to_which_it_has_come(city: City) -> None:
    number = await waits(city, "problem")
    given = {"decision": "raise", "words": "上报"}
    await city.does(SUPERVISOR, number, Act.DECIDE_PROBLEM, **given)
    assert (await kinds(city, SUPERVISOR), await kinds(city, AUTHORITY)) == (
        [], [(number, "problem")],
    )  # fmt: skip


async def test_the_oldest_come_first_on_pages_that_meet_and_do_not_overlap(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    expected = []
    for kind in ("problem", "return", "postponement", "feedback", "suspension"):
        number = await waits(city, kind)
        expected.append((number, kind))
        city.later(minutes=1)
    at_once = await city.signed()
    for kind in ("feedback", "problem", "termination", "return"):  # all at one moment
        await asks(city, at_once, kind)
    expected += [(at_once, kind) for kind in ("termination", "return", "problem", "feedback")]
    assert await kinds(city, SUPERVISOR) == expected
    for size in (1, 2, 4):
        seen, after = [], ""
        while True:
            part = await page(city, SUPERVISOR, after, size)
            seen += [(one.number, one.kind) for one in part.lines]
            assert len(part.lines) <= size
            if part.after is None:
                break
            after = part.after
        assert seen == expected


async def test_a_term_that_is_over_is_said(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await waits(city, "problem")
    (line,) = (await page(city, SUPERVISOR)).lines
    assert (line.due, line.overdue) == (at("2026-01-15 23:59:59"), False)
    city.it_is("2026-01-16 09:00")
    (line,) = (await page(city, SUPERVISOR)).lines
    assert (line.number, line.overdue) == (number, True)


async def test_a_county_sees_its_own(city: City) -> None:
    number = await waits(city, "return")
    assert await kinds(city, LUBEI_DISPATCHER) == [(number, "return")]
    assert await kinds(city, QIANAN) == []


async def test_a_unit_that_lost_the_ticket_owes_nothing_any_more(city: City) -> None:
    number = await city.dispatched()
    await asks(city, number, "feedback")
    await asks(city, number, "return")
    given = {"granted": True, "unit": "housing", "words": "改派"}
    await city.does(DISPATCHER, number, Act.DECIDE_RETURN, **given)
    assert await kinds(city, LAMPS) == await kinds(city, HOUSING) == []
    assert await kinds(city, SUPERVISOR) == []
    assert await of_ticket(city, SUPERVISOR, number) == ()


async def test_what_cannot_be_decided_now_does_not_wait_for_anybody(city: City) -> None:
    """While the clock is stopped nobody grants more time; when it goes on, it waits again."""
    number = await waits(city, "postponement")
    await asks(city, number, "suspension")
    await city.does(DISPATCHER, number, Act.DECIDE_SUSPENSION, granted=True)
    assert await kinds(city, DISPATCHER) == []
    assert [one.kind for one in await of_ticket(city, DISPATCHER, number)] == ["postponement"]
    await city.does(DISPATCHER, number, Act.RESUME)
    assert await kinds(city, DISPATCHER) == [(number, "postponement")]


async def test_the_log_keeps_who_looked_and_who_tried(city: City) -> None:
    await waits(city, "return")
    await page(city, DISPATCHER)
    actor, act, subject, outcome, _ = await last(city.desk)
    assert (actor, act, subject[:2], outcome) == ("1100", "list_waiting", "1-", "done")
    for who in (AGENT, AUDITOR, ADMIN):
        with pytest.raises(ActForbidden):
            await page(city, who)
        assert (await last(city.desk))[1:] == ("list_waiting", "", "refused", "act_forbidden")


@pytest.mark.parametrize("after", ["x", "1-9-1", "1-0", "1-0-99999999999", "９-0-1"])
async def test_a_mark_out_of_form_is_refused(city: City, after: str) -> None:
    before = len(await lines(city.desk))
    with pytest.raises(QueryInvalid):
        await page(city, SUPERVISOR, after)
    assert len(await lines(city.desk)) == before


async def test_whoever_made_it_too_secret_for_himself_reads_of_nothing_that_waits(
    city: City,
) -> None:
    number = await waits(city, "review")
    other = Viewer("1002", "座席二", "agent")
    assert [one.kind for one in await of_ticket(city, other, number)] == ["review"]
    detail = await city.desk.offices.work.perform(other, number, Act.SET_SECRECY, {"level": 2})
    assert detail.waiting == ()


# The unit is told what came of it.


@pytest.mark.parametrize("granted", [True, False])
@pytest.mark.parametrize("kind", ["postponement", "suspension", "termination"])
async def test_the_unit_that_asked_is_told_what_was_decided(
    city: City, kind: str, granted: bool
) -> None:
    number = await waits(city, kind)
    given: dict[str, object] = {"granted": granted}
    if kind == "termination":
        given |= {"words": "说明", "reason": "article_11"}
    await city.does(SUPERVISOR, number, Act(f"decide_{kind}"), **given)
    decided, other = ("granted", "refused") if granted else ("refused", "granted")
    assert await city.told(number, f"{kind}_{decided}") == ["unit:city_management"]
    assert await city.told(number, f"{kind}_{other}") == []


async def test_the_hotlines_own_request_is_told_to_no_unit(city: City) -> None:
    number = await city.signed()
    given = {"reason": "withdrawn", "words": "撤回"}
    await city.does(AGENT, number, Act.ASK_TERMINATION, **given)
    await city.does(SUPERVISOR, number, Act.DECIDE_TERMINATION, granted=False, words="否")
    assert await city.told(number, "termination_refused") == []
