"""Articles 10 and 11: accepted or not, told why, and open to review."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import Session, SQLModel, select

from core.calls import Leg, RecordingKept
from core.errors import NotFound
from core.loop.errors import (
    ActForbidden,
    HigherLevel,
    NothingAsked,
    NotSettled,
    OwnDecision,
    ReasonUnknown,
)
from core.loop.refusals import Refusals, refusals
from core.loop.states import Act, TicketState
from core.store.loop_tables import NoticeRow
from core.store.tables import CallRow, RecordingRow, SegmentRow
from core.store.vault import RecordErased, Vault
from core.transcript import Segment
from tests.core.conftest import MASTER
from tests.core.loop.city import AGENT, DISPATCHER, SUPERVISOR, City, at

SECOND = type(SUPERVISOR)("1901", "热线副负责人", "supervisor")
SAMPLES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "refusals.yaml").read_text(encoding="utf-8")
)


async def test_every_ground_of_the_rules_has_three_samples(city: City) -> None:
    for policy in city.policies.versions:
        assert {ground.key for ground in policy.acceptance.grounds} == set(SAMPLES)
    assert all(len(samples) >= 3 for samples in SAMPLES.values())


@pytest.mark.parametrize("ground", SAMPLES)
async def test_a_refusal_is_kept_with_article_ground_person_and_what_was_told(
    city: City, ground: str
) -> None:
    rule = city.policies.versions[-1].acceptance.ground(ground)
    assert rule is not None
    for sample in SAMPLES[ground]:
        if ground == "settled":
            await city.archived(**sample)
        number = await city.classified(**sample)
        await city.does(AGENT, number, Act.REFUSE, ground=ground)
        step = (await city.history(number))[-1]
        assert (step.article, step.reason, step.actor) == (rule.article, ground, AGENT.agent)
        assert (step.details["channel"], step.details["told"]) == (rule.channel, rule.told)
        assert (await city.notices(number))[-1].template == "refused"
        fields = await city.fields(number)
        if rule.keeps_content:
            assert fields["content"] == sample["content"], "a refusal does not throw away"
        else:
            assert "content" not in fields
        assert (await city.ticket(number)).open, "refused is not gone"


async def test_every_acceptance_names_its_article_row_and_person(city: City) -> None:
    for kind, row in {
        "咨询": "enquiry", "求助": "ordinary", "投诉": "ordinary", "举报": "ordinary",
        "建议": "suggestion", "表扬": "praise",
    }.items():  # fmt: skip
        step = (await city.history(await city.classified(type=kind)))[-1]
        assert step.details["accepted_by"] == "10"
        assert step.details["row"] == row
        assert (step.article, step.actor) == ("12-26", AGENT.agent)


async def test_an_unknown_ground_refuses_nothing(city: City) -> None:
    number = await city.classified()
    with pytest.raises(ReasonUnknown):
        await city.does(AGENT, number, Act.REFUSE, ground="too_much_work")
    assert await city.state(number) is TicketState.CLASSIFIED


async def test_what_was_never_settled_is_not_refused_as_settled(city: City) -> None:
    number = await city.classified()
    await city.dispatched()  # not answered yet
    await city.archived(contact_phone="15400000009")  # another caller's
    with pytest.raises(NotSettled):
        await city.does(AGENT, number, Act.REFUSE, ground="settled")
    assert await city.state(number) is TicketState.CLASSIFIED
    first = await city.archived()
    await city.does(AGENT, number, Act.REFUSE, ground="settled")
    assert (await city.history(number))[-1].details["earlier"] == first, "found without a name"


async def test_what_was_refused_before_was_not_settled_by_that(city: City) -> None:
    first = await refused(city)
    await city.does(DISPATCHER, first, Act.EXEMPT, reason="refused")
    number = await city.classified()
    for given in ({}, {"earlier": first}):
        with pytest.raises(NotSettled):
            await city.does(AGENT, number, Act.REFUSE, ground="settled", **given)


@pytest.mark.parametrize("classified", [True, False])
async def test_only_a_supervisor_refuses_a_complaint_of_retaliation(
    city: City, classified: bool
) -> None:
    betrayed = {"category": ["政务服务与作风", "行政效能", "泄露信息与打击报复"], "type": "举报"}
    number = await (city.classified if classified else city.registers)(**betrayed)
    for who in (AGENT, DISPATCHER):
        with pytest.raises(HigherLevel):
            await city.does(who, number, Act.REFUSE, ground="litigation")
    await city.does(SUPERVISOR, number, Act.REFUSE, ground="litigation")
    assert await city.state(number) is TicketState.REFUSED


# Review.


async def refused(city: City, who: Any = AGENT, ground: str = "litigation") -> str:
    number = await city.classified()
    await city.does(who, number, Act.REFUSE, ground=ground)
    return number


async def test_a_refusal_is_reviewed_by_a_supervisor_who_did_not_refuse(city: City) -> None:
    number = await refused(city, SUPERVISOR)
    given = {"upheld": False, "words": "应予受理"}
    with pytest.raises(ActForbidden):
        await city.does(AGENT, number, Act.REVIEW_REFUSAL, **given)
    with pytest.raises(OwnDecision):
        await city.does(SUPERVISOR, number, Act.REVIEW_REFUSAL, **given)
    with pytest.raises(NothingAsked):
        await city.does(SECOND, number, Act.REVIEW_REFUSAL, **given)
    await city.does(AGENT, number, Act.ASK_REVIEW, words="诉求人不认可")
    await city.does(SECOND, number, Act.REVIEW_REFUSAL, **given)
    assert await city.state(number) is TicketState.REGISTERED
    assert (await city.notices(number))[-1].template == "refusal_reviewed"
    await city.does(AGENT, number, Act.CLASSIFY)
    assert await city.state(number) is TicketState.CLASSIFIED


async def test_the_rate_of_wrong_refusals_is_counted_by_ground(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    for ground, reviews in (
        ("litigation", [False]),  # overturned
        ("litigation", [True]),  # upheld
        ("litigation", [True, False]),  # upheld, then overturned
        ("petition", []),
    ):
        number = await refused(city, ground=ground)
        for upheld in reviews:
            await city.does(AGENT, number, Act.ASK_REVIEW)
            await city.does(SUPERVISOR, number, Act.REVIEW_REFUSAL, upheld=upheld, words="复核")
    city.it_is("2026-02-02 09:00")
    await refused(city, ground="petition")  # outside the period
    period = at("2026-01-01 00:00"), at("2026-02-01 00:00")
    counted = await city.sees_rows(lambda session: refusals(session, *period))
    assert counted == {
        "": Refusals(4, 4, 2),
        "litigation": Refusals(3, 4, 2),
        "petition": Refusals(1, 0, 0),
    }
    assert counted[""].misrefusal_rate == 0.5
    assert Refusals(0, 0, 0).misrefusal_rate == 0.0


async def test_a_review_counts_for_the_refusal_before_it(city: City) -> None:
    """Refused, overturned, refused again in another period: each has its own review."""
    city.it_is("2026-01-12 09:00")
    number = await refused(city)
    await city.does(AGENT, number, Act.ASK_REVIEW)
    await city.does(SUPERVISOR, number, Act.REVIEW_REFUSAL, upheld=False, words="受理")
    city.it_is("2026-02-12 09:00")
    await city.does(AGENT, number, Act.CLASSIFY)
    await city.does(AGENT, number, Act.REFUSE, ground="petition")
    february = at("2026-02-01 00:00"), at("2026-03-01 00:00")
    counted = await city.sees_rows(lambda session: refusals(session, *february))
    assert counted == {"": Refusals(1, 0, 0), "petition": Refusals(1, 0, 0)}


# State secrets.

SECRET = "雷达站"


def everything(session: Session) -> str:
    """Every column of every row, and every sealed text that opens under any record's key."""
    vault, found, records = Vault(MASTER), [], []
    tables = SQLModel.metadata.sorted_tables
    for table in tables:
        for row in session.execute(select(table)).mappings():
            found += [str(value) for value in row.values()]
            records += [str(value) for value in row.values() if isinstance(value, str)]
    for table in tables:
        for row in session.execute(select(table)).mappings():
            for value in row.values():
                if isinstance(value, bytes) and value:
                    found += opened(session, vault, {str(one) for one in row.values()}, value)
    return "\n".join(found)


def opened(session: Session, vault: Vault, records: set[str], sealed: bytes) -> list[str]:
    texts = []
    for record in records:
        try:
            texts.append(vault.open(session, record, sealed))
        except Exception:  # noqa: BLE001, S112 - most keys do not fit, that is what is tried
            continue
    return texts


async def secret_call(city: City) -> str:
    """Told on the telephone, written on the form, noted in the history, recorded."""
    await city.talk("c1", "15400000005", said=f"山里有个{SECRET}")
    for leg in Leg:
        kept = RecordingKept("c1", city.clock.moment, leg, f"c1-{leg.value}.wav")
        await city.desk.record(kept)
    await city.desk.set_field(AGENT, "c1", "title", f"{SECRET}扰民")
    await city.desk.set_field(AGENT, "c1", "content", f"{SECRET}噪声大")
    await city.desk.set_field(AGENT, "c1", "caller_name", "张测试")
    await city.desk.set_field(AGENT, "c1", "address", f"{SECRET}旁")
    await city.desk.set_field(AGENT, "c1", "district", "路北区")
    await city.desk.set_field(AGENT, "c1", "category", ["其他", "不予受理", "涉密"])
    await city.desk.set_field(AGENT, "c1", "type", "投诉")
    number = (await city.desk.submit(AGENT, "c1")).number
    await city.does(AGENT, number, Act.NOTE, words=f"关于{SECRET}")
    return number


async def test_the_scan_finds_what_is_there(city: City) -> None:
    await secret_call(city)
    text = await city.sees_rows(everything)
    assert text.count(SECRET) >= 4, "form, draft, segment, note"
    assert "15400000005" in text


@pytest.mark.parametrize("way", ["refuse", "set_secrecy"])
async def test_of_a_state_secret_no_word_is_left_in_any_table(city: City, way: str) -> None:
    number = await secret_call(city)
    if way == "refuse":
        await city.does(AGENT, number, Act.REFUSE, ground="state_secret", words=f"{SECRET}不能说")
    else:
        await city.does(AGENT, number, Act.SET_SECRECY, level=3)
    text = await city.sees_rows(everything)
    for word in (SECRET, "15400000005", "张测试", "路北"):
        assert word not in text
    fields = await city.fields(number)
    assert set(fields) <= {"channel", "source_line", "type", "category", "urgency", "verdict"}
    ticket = await city.ticket(number)
    assert (ticket.category, ticket.county, ticket.secrecy) == ("170402", "", 3)
    vault = Vault(MASTER)
    with pytest.raises(RecordErased):
        await city.sees_rows(lambda session: vault.open(session, "c1", b"x" * 40))


async def test_what_is_said_after_that_is_not_kept_either(city: City) -> None:
    number = await secret_call(city)
    await city.does(AGENT, number, Act.REFUSE, ground="state_secret")
    now = city.clock.moment
    await city.desk.segment(
        Segment("c1-late", "c1", Leg.CALLER, "caller", 1000, 2000, f"{SECRET}在东边", "vosk", True)
    )
    await city.talk("c1", "15400000005")  # the fact comes again, late
    await city.desk.record(RecordingKept("c1", now, Leg.CALLER, "c1-caller.wav"))
    assert SECRET not in await city.sees_rows(everything)
    call = await city.sees_rows(lambda session: session.get_one(CallRow, "c1"))
    assert (call.caller_sealed, call.caller_digest, call.name_sealed) == (None, None, None)
    kept = await city.sees_rows(lambda session: session.exec(select(SegmentRow.id)).all())
    assert "c1-late" not in kept


async def test_its_recording_is_heard_by_nobody_and_waits_to_be_deleted(city: City) -> None:
    number = await secret_call(city)
    assert await city.desk.shelf.recording(SUPERVISOR, "c1", Leg.CALLER)
    await city.does(AGENT, number, Act.REFUSE, ground="state_secret")
    with pytest.raises(NotFound):
        await city.desk.shelf.recording(SUPERVISOR, "c1", Leg.CALLER)
    rows = await city.sees_rows(lambda session: session.exec(select(RecordingRow.erase)).all())
    assert rows == [True, True]


async def test_the_rooms_go_on_showing_the_call_without_its_words(city: City) -> None:
    number = await secret_call(city)
    await city.does(AGENT, number, Act.REFUSE, ground="state_secret")
    snapshot = await city.desk.snapshot(AGENT)
    assert [call.caller_number for call in snapshot.calls] == [None]
    assert {segment.text for segment in snapshot.segments} == {""}
    assert [draft.fields for draft in snapshot.drafts] == [{}]
    events = await city.desk.events_after(AGENT, 0, 500)
    assert SECRET not in str(events)


async def test_earlier_notices_keep_no_text_of_it(city: City) -> None:
    number = await secret_call(city)
    await city.does(AGENT, number, Act.REFUSE, ground="state_secret")
    rows = await city.sees_rows(
        lambda session: session.exec(select(NoticeRow).where(NoticeRow.number == number)).all()
    )
    assert [(row.template, row.text_sealed is None) for row in rows] == [
        ("registered", True),
        ("refused", False),  # the rules' own sentence
    ]
