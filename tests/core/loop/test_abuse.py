"""Article 47: by two people, on evidence, with an end, and never before help in an emergency."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select

from core.errors import Invalid, NotFound
from core.loop.errors import (
    ActForbidden,
    AskedAlready,
    EvidenceMissing,
    EvidenceUsed,
    NothingAsked,
    OwnDecision,
    ReasonUnknown,
    StepMissing,
)
from core.loop.evidence import canonical
from core.loop.measures import MeasureView
from core.ports import Restriction, Viewer
from core.store.database import DatabaseAway
from core.store.loop_tables import AbuseRow, AccessRow, NoticeRow
from core.transitions import IllegalTransition
from tests.core.loop.city import AGENT, AUTHORITY, CLOCK, DISPATCHER, SUPERVISOR, City, at, unit

NUMBER = "15400000007"
SECOND = Viewer("1901", "热线副负责人", "supervisor")
COUNTY = Viewer("1902", "路北负责人", "supervisor", county="130203")
INSULT = "一直辱骂座席不说诉求"


async def proposed(
    city: City, measure: str = "persuade", *pieces: str, who: Viewer = AGENT, **given: Any
) -> MeasureView:
    said = {"number": NUMBER, "reason": "harassment", "words": "多次辱骂座席"} | given
    return await city.desk.offices.abuse.propose(who, measure=measure, evidence=pieces, **said)


async def taken(city: City, measure: str, *pieces: str) -> MeasureView:
    measure_ = await proposed(city, measure, *pieces)
    return await city.desk.offices.abuse.decide(SUPERVISOR, measure_.id, True, "证据充分")


async def limited(city: City) -> MeasureView:
    for call in ("c1", "c2", "c3", "c4"):
        await city.talk(call, NUMBER, said=INSULT)
    await taken(city, "persuade", "c1")
    await taken(city, "warn", "c2")
    return await taken(city, "limit", "c3", "c4")


async def test_nothing_is_in_force_until_another_person_has_decided(city: City) -> None:
    await city.talk("c1", NUMBER, said=INSULT)
    measure = await proposed(city, "persuade", "c1", who=SUPERVISOR)
    assert measure.state == "proposed"
    for who, error in (
        (SUPERVISOR, OwnDecision),
        (DISPATCHER, ActForbidden),
        (AUTHORITY, ActForbidden),
        (COUNTY, ActForbidden),
        (CLOCK, ActForbidden),
    ):
        with pytest.raises(error):
            await city.desk.offices.abuse.decide(who, measure.id, True, "同意")
    decided = await city.desk.offices.abuse.decide(SECOND, measure.id, True, "同意")
    assert (decided.state, decided.decided_by) == ("in_force", SECOND.agent)
    with pytest.raises(IllegalTransition):
        await city.desk.offices.abuse.decide(SECOND, measure.id, False, "不同意")


async def test_neither_the_clock_nor_a_unit_proposes(city: City) -> None:
    await city.talk("c1", NUMBER, said=INSULT)
    for who in (CLOCK, unit("market"), AUTHORITY):
        with pytest.raises(ActForbidden):
            await proposed(city, "persuade", "c1", who=who)


async def test_how_often_somebody_called_is_no_evidence(city: City) -> None:
    calls = tuple(f"n{count}" for count in range(12))
    for call in calls:
        await city.talk(call, NUMBER, agent=None)
    with pytest.raises(EvidenceMissing):
        await proposed(city, "persuade", *calls)
    with pytest.raises(Invalid):
        await proposed(city, "persuade")
    with pytest.raises(Invalid):
        await proposed(city, "persuade", *calls, words="")
    assert await city.desk.restriction(NUMBER) == Restriction()


async def test_evidence_exists_and_belongs_to_the_number(city: City) -> None:
    await city.talk("c1", NUMBER, said=INSULT)
    await city.talk("other", "15400000008", said=INSULT)
    ticket = await city.registers(contact_phone="+86 154 0000 0007")
    for wrong in ("other", "none", await city.registers(contact_phone="15400000008")):
        with pytest.raises(EvidenceMissing) as refused:
            await proposed(city, "persuade", "c1", wrong)
        assert refused.value.details["pieces"] == [wrong]
    measure = await proposed(city, "persuade", "c1", ticket, reason="false_accusation")
    assert measure.evidence == ("c1", ticket)
    with pytest.raises(AskedAlready):
        await proposed(city, "persuade", "c1")


async def test_the_same_piece_twice_is_one_piece(city: City) -> None:
    for call in ("c1", "c2", "c3"):
        await city.talk(call, NUMBER, said=INSULT)
    await taken(city, "persuade", "c1")
    await taken(city, "warn", "c2")
    with pytest.raises(EvidenceMissing):
        await proposed(city, "limit", "c3", "c3")


async def test_what_carried_a_measure_carries_neither_another_one_nor_a_harder_one(
    city: City,
) -> None:
    city.it_is("2026-01-12 09:00")
    await limited(city)
    city.later(days=8)
    assert not (await city.desk.restriction(NUMBER)).limited
    await city.talk("c5", NUMBER, said=INSULT)
    for pieces, used in (
        (("c3", "c4"), ["c3", "c4"]),  # carried the limit that is over
        (("c1", "c2"), ["c1", "c2"]),  # the milder ones
        (("c4", "c5"), ["c4"]),  # one new piece is one too few
    ):
        with pytest.raises(EvidenceUsed) as refused:
            await proposed(city, "limit", *pieces)
        assert refused.value.details["used"] == used
    await city.talk("c6", NUMBER, said=INSULT)
    assert (await taken(city, "limit", "c4", "c5", "c6")).state == "in_force"
    assert (await taken(city, "police", "c3", "c4")).state == "in_force"  # the whole of it goes
    with pytest.raises(EvidenceUsed):
        await proposed(city, "police", "c3", "c4")


async def test_evidence_that_carried_nothing_in_the_end_counts_again(city: City) -> None:
    await city.talk("c1", NUMBER, said=INSULT)
    first = await taken(city, "persuade", "c1")
    with pytest.raises(EvidenceUsed):
        await proposed(city, "persuade", "c1")
    await city.desk.offices.abuse.ask_review(AGENT, first.id)
    await city.desk.offices.abuse.review(AUTHORITY, first.id, False, "程序有误")
    assert (await taken(city, "persuade", "c1")).state == "in_force"


async def test_two_measures_proposed_on_the_same_evidence_are_not_both_taken(city: City) -> None:
    for call in ("c1", "c2"):
        await city.talk(call, NUMBER, said=INSULT)
    await taken(city, "persuade", "c1")
    warning = await proposed(city, "warn", "c2")
    again = await proposed(city, "persuade", "c2")
    await city.desk.offices.abuse.decide(SUPERVISOR, again.id, True, "同意")
    with pytest.raises(EvidenceUsed):
        await city.desk.offices.abuse.decide(SUPERVISOR, warning.id, True, "同意")


@pytest.mark.parametrize("measure", ["warn", "limit", "police"])
async def test_the_milder_measure_comes_first(city: City, measure: str) -> None:
    for call in ("c1", "c2"):
        await city.talk(call, NUMBER, said=INSULT)
    with pytest.raises(StepMissing):
        await proposed(city, measure, "c1", "c2")


async def test_what_was_lifted_is_no_ground_for_the_next(city: City) -> None:
    for call in ("c1", "c2"):
        await city.talk(call, NUMBER, said=INSULT)
    persuaded = await taken(city, "persuade", "c1")
    warning = await proposed(city, "warn", "c2")
    await city.desk.offices.abuse.ask_review(AGENT, persuaded.id)
    await city.desk.offices.abuse.review(AUTHORITY, persuaded.id, False, "证据不足")
    with pytest.raises(StepMissing):
        await city.desk.offices.abuse.decide(SUPERVISOR, warning.id, True, "同意")
    assert await city.desk.restriction(NUMBER) == Restriction()


async def test_a_limit_ends_by_itself(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    limit = await limited(city)
    assert limit.until == at("2026-01-19 23:59:59")
    asked = await city.desk.restriction("+86 154-0000-0007")
    assert asked == Restriction(True, limit.until, limit.id)
    city.it_is("2026-01-19 23:59:58")
    assert (await city.desk.restriction(NUMBER)).limited
    city.it_is("2026-01-19 23:59:59")
    assert await city.desk.restriction(NUMBER) == Restriction()
    with pytest.raises(NothingAsked):
        await city.desk.offices.abuse.ask_review(AGENT, limit.id)
    row = await city.sees_rows(lambda session: session.get_one(AbuseRow, limit.id))
    assert row.state == "in_force", "nobody had to write it down"


async def test_a_limit_is_reviewed_by_somebody_else_and_lifted_at_once(city: City) -> None:
    limit = await limited(city)
    with pytest.raises(NothingAsked):
        await city.desk.offices.abuse.review(SECOND, limit.id, False, "未申请")
    await city.desk.offices.abuse.ask_review(CLOCK, limit.id)  # the caller pressed a key
    with pytest.raises(AskedAlready):
        await city.desk.offices.abuse.ask_review(AGENT, limit.id)
    waiting = await city.desk.offices.abuse.to_decide(SECOND)
    assert [one.id for one in waiting] == [limit.id]
    with pytest.raises(OwnDecision):
        await city.desk.offices.abuse.review(SUPERVISOR, limit.id, True, "维持")
    lifted = await city.desk.offices.abuse.review(SECOND, limit.id, False, "证据不足")
    assert (lifted.state, lifted.reviewed_by) == ("lifted", SECOND.agent)
    assert await city.desk.restriction(NUMBER) == Restriction()
    with pytest.raises(NothingAsked):
        await city.desk.offices.abuse.review(AUTHORITY, limit.id, True, "再审")


async def test_a_limit_that_is_upheld_stands(city: City) -> None:
    limit = await limited(city)
    await city.desk.offices.abuse.ask_review(AGENT, limit.id)
    await city.desk.offices.abuse.review(AUTHORITY, limit.id, True, "维持")
    assert (await city.desk.restriction(NUMBER)).limited


async def test_help_in_an_emergency_is_open_to_everybody(city: City) -> None:
    await limited(city)
    for number in (NUMBER, "15400000001", None, "", "anonymous"):
        assert (await city.desk.restriction(number)).emergency_open is True
    opened = next(field for field in fields(Restriction) if field.name == "emergency_open")
    assert opened.type == "Literal[True]"


async def test_who_withholds_his_number_is_never_limited(city: City) -> None:
    await limited(city)
    for nobody in (None, "", "anonymous", "未知"):
        assert await city.desk.restriction(nobody) == Restriction()
    with pytest.raises(Invalid):
        await proposed(city, "persuade", "c1", number="anonymous")


async def test_without_the_database_nobody_is_limited(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    await limited(city)

    async def away(_: object) -> None:
        raise DatabaseAway

    monkeypatch.setattr(city.desk.offices.abuse, "_read", away)
    assert await city.desk.restriction(NUMBER) == Restriction()


async def test_the_evidence_is_exported_with_digests_and_without_words(city: City) -> None:
    await limited(city)
    ticket = await city.registers(contact_phone=NUMBER)
    police = await taken(city, "police", "c1", "c2", ticket)
    with pytest.raises(ActForbidden):
        await city.desk.offices.abuse.package(AGENT, police.id)
    with pytest.raises(NotFound):
        await city.desk.offices.abuse.package(SUPERVISOR, 999)
    for no_number in (0, -1, 2**31, 2**70):
        with pytest.raises(NotFound):
            await city.desk.offices.abuse.package(SUPERVISOR, no_number)
    package = await city.desk.offices.abuse.package(SUPERVISOR, police.id)
    text = json.dumps(package, ensure_ascii=False)
    assert [piece["id"] for piece in package["pieces"]] == ["c1", "c2", ticket]
    assert [one["measure"] for one in package["earlier"]] == ["persuade", "warn", "limit"]
    for personal in (INSULT, NUMBER, "多次辱骂"):
        assert personal not in text
    digest = package.pop("digest")
    assert digest == canonical(package)
    package["pieces"][0]["sha256"] = "0" * 64
    assert digest != canonical(package)


async def test_the_limited_and_the_police_are_told(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    await limited(city)
    await taken(city, "police", "c1", "c2")
    notices = await city.sees_rows(lambda session: session.exec(select(NoticeRow)).all())
    told = {notice.template: notice.recipient for notice in notices}
    assert told == {"limited": "caller", "to_police": "police"}


async def test_every_step_and_every_attempt_is_in_the_access_log(city: City) -> None:
    await city.talk("c1", NUMBER, said=INSULT)
    measure = await proposed(city, "persuade", "c1")
    with pytest.raises(ActForbidden):
        await city.desk.offices.abuse.decide(AGENT, measure.id, True, "同意")
    rows = await city.sees_rows(lambda session: session.exec(select(AccessRow)).all())
    seen = [(row.actor, row.act, row.subject, row.error_id) for row in rows]
    assert seen == [
        (AGENT.agent, "propose_measure", f"measure-{measure.id}", ""),
        (AGENT.agent, "decide_measure", f"measure-{measure.id}", "act_forbidden"),
    ]


async def test_number_and_words_lie_sealed(city: City) -> None:
    await city.talk("c1", NUMBER, said=INSULT)
    await proposed(city, "persuade", "c1")
    row = await city.sees_rows(lambda session: session.exec(select(AbuseRow)).one())
    for column in AbuseRow.model_fields:
        stored = getattr(row, column)
        assert NUMBER not in str(stored)
        assert "辱骂" not in str(stored)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"reason": "dislike"}, ReasonUnknown),
        ({"words": "x\x00"}, Invalid),
        ({"words": "字" * 9000}, Invalid),
        ({"words": "\ud800"}, Invalid),
    ],
    ids=["reason", "nul", "long", "surrogate"],
)
async def test_what_is_not_in_the_form_changes_nothing(
    city: City, given: dict[str, Any], error: type[Exception]
) -> None:
    await city.talk("c1", NUMBER, said=INSULT)
    with pytest.raises(error):
        await proposed(city, "persuade", "c1", **given)
    with pytest.raises(Invalid):
        await proposed(city, "ban", "c1")
    with pytest.raises(Invalid):
        await proposed(city, "persuade", "c1'; DROP TABLE abuse")
    assert await city.sees_rows(lambda session: session.exec(select(AbuseRow)).all()) == []


def test_a_restriction_says_until_when_in_utc() -> None:
    until = datetime(2026, 1, 19, tzinfo=UTC)
    assert Restriction(True, until, 1).until == until
