"""What has been kept long enough, or is ordered to go, can be read by nobody any more."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, select

from core import calls
from core.calls import Leg
from core.errors import HotlineError, NotFound
from core.loop.errors import ActForbidden, ActOutOfOrder, AlreadyErased, ReasonUnknown
from core.loop.retention import Swept
from core.loop.states import Act, TicketState
from core.store.tables import RecordKeyRow, TicketRow
from core.store.vault import RecordErased, Vault
from tests.core.conftest import MASTER
from tests.core.desk.test_desk import NUMBER, arrived, at, offered, said, settled
from tests.core.loop.city import (
    AGENT,
    AUDITOR,
    AUTHORITY,
    DISPATCHER,
    LAMP,
    SUPERVISOR,
    City,
    unit,
)
from tests.core.people.ledger import last, whole

SPOKEN = "我是测试人，住凤凰道九十九号，路灯坏了"
WORDS = "已联系测试人修好路灯"
# What people said or are known by, in the forms in which it stands somewhere.
TEXTS = ("测试人", "凤凰道", "路灯", NUMBER, "已联系", "很满意")


async def told_and_archived(city: City) -> str:
    """A ticket from a recorded call with a transcript, handled, answered, followed up, archived."""
    desk = city.desk
    await offered(desk, "c1", AGENT.agent)
    await desk.segment(said(SPOKEN))
    await desk.record(calls.RecordingKept("c1", at(60), Leg.CALLER, "c1.caller.wav"))
    await desk.record(calls.CallEnded("c1", city.clock.now(), 16))
    for field, value in LAMP.items():
        if field not in ("channel", "source_line"):
            await desk.set_field(AGENT, "c1", field, value)
    number = (await desk.submit(AGENT, "c1")).number
    await city.does(AGENT, number, Act.CLASSIFY)
    await city.does(DISPATCHER, number, Act.DISPATCH)
    worker = unit((await city.ticket(number)).unit)
    await city.does(worker, number, Act.SIGN)
    await city.does(worker, number, Act.HANDLE, words=WORDS)
    await city.does(worker, number, Act.ANSWER, words=WORDS)
    await city.does(
        AGENT, number, Act.FOLLOW_UP,
        reached=True, contacted=True, solved=True, satisfied=True, words="很满意",
    )  # fmt: skip
    await city.does(AGENT, number, Act.RATE, level=1)
    await city.does(DISPATCHER, number, Act.ARCHIVE)
    return number


async def to_erase(city: City) -> list[str]:
    """Files that whoever keeps them has to delete."""
    return [file for _, _, file in await city.desk.shelf.to_erase(100)]


async def everything(city: City) -> list[tuple[str, str, Any]]:
    """Every value of every column of every table."""

    def work(session: Session) -> list[tuple[str, str, Any]]:
        return [
            (table.name, column.name, value)
            for table in SQLModel.metadata.tables.values()
            for row in session.execute(table.select()).all()
            for column, value in zip(table.columns, row, strict=True)
        ]

    return await city.desk._database.read(work)


async def assert_unreadable(city: City, *digests: str) -> None:
    """No text lies open, nothing sealed opens, no digest finds the person again."""
    vault = Vault(MASTER)  # nobody's remembered keys

    def opens(session: Session, value: bytes) -> bool:
        for key in session.exec(select(RecordKeyRow.record)).all():
            try:
                vault.open(session, key, value)
            except HotlineError:
                continue
            return True
        return False

    for table, column, value in await everything(city):
        place = f"{table}.{column}"
        shown = str(value)
        assert not any(text in shown for text in TEXTS), place
        assert not any(digest in shown for digest in digests), place
        if isinstance(value, bytes) and value and table != "record_key":
            sealed = value
            assert not await city.desk._database.read(lambda s, v=sealed: opens(s, v)), place


def digests() -> list[str]:
    vault = Vault(MASTER)
    return [vault.digest(number) for number in (NUMBER, LAMP["contact_phone"])]


async def test_before_its_time_nothing_goes(city: City) -> None:
    await told_and_archived(city)
    city.later(days=729)
    swept = await city.desk.offices.retention.sweep()
    assert (swept.tickets, swept.calls, swept.recordings) == (0, 0, 0)
    assert await to_erase(city) == []


async def test_each_kind_goes_when_its_span_is_over(city: City) -> None:
    """Notices after 365 days, transcripts and recordings after 730, tickets after 3650."""
    number = await told_and_archived(city)
    retention = city.desk.offices.retention
    city.later(days=366)
    assert (await retention.sweep()).notices > 0
    city.later(days=366)
    swept = await retention.sweep()
    assert (swept.tickets, swept.calls) == (0, 1)
    assert await to_erase(city) == ["c1.caller.wav"]
    assert (await city.desk.offices.work.detail(AGENT, number)).fields["title"] == LAMP["title"]
    city.later(days=3650 - 732 + 1)
    assert (await retention.sweep()).tickets == 1
    await assert_unreadable(city, *digests())
    assert await retention.sweep() == Swept()  # twice is once


async def test_a_recording_goes_in_its_own_time_whatever_the_call_still_tells(city: City) -> None:
    number = await told_and_archived(city)

    def reopen(session: Session) -> None:  # a ticket at work keeps its transcript
        ticket = session.get_one(TicketRow, number)
        ticket.open = True
        session.add(ticket)

    await city.desk._database.write(reopen)
    city.later(days=732)
    swept = await city.desk.offices.retention.sweep()
    assert (swept.calls, swept.recordings) == (0, 1)
    assert await to_erase(city) == ["c1.caller.wav"]
    with pytest.raises(NotFound):
        await city.desk.shelf.recording(AGENT, "c1", Leg.CALLER)


async def test_what_was_decided_outlives_what_was_said(city: City) -> None:
    number = await told_and_archived(city)
    city.later(days=4000)
    await city.desk.offices.retention.sweep()
    detail = await city.desk.offices.work.detail(SUPERVISOR, number)
    assert (detail.erased, detail.fields, detail.acts) == (True, {}, ())
    assert (detail.state, detail.unit, detail.category) == (
        "archived", "city_management", (await city.ticket(number)).category,
    )  # fmt: skip
    steps = await city.desk.offices.work.history(SUPERVISOR, number)
    assert [step.act for step in steps] == [
        "register", "classify", "dispatch", "sign", "handle", "answer", "follow_up", "rate",
        "archive", "erase",
    ]  # fmt: skip
    assert {step.words for step in steps} == {None}
    assert (steps[-1].actor, steps[-1].reason, steps[-1].article) == (
        "clock", "kept_long_enough", "39",
    )  # fmt: skip
    with pytest.raises(NotFound):
        await city.desk.shelf.recording(AGENT, "c1", Leg.CALLER)


async def test_a_deletion_by_order_is_anothers_than_the_clocks(city: City) -> None:
    number = await told_and_archived(city)
    for who in (AGENT, DISPATCHER, AUTHORITY):
        with pytest.raises(ActForbidden):
            await city.desk.offices.work.perform(who, number, Act.ERASE, {"ground": "ordered"})
        assert (await last(city.desk))[3:] == ("refused", "act_forbidden")
    with pytest.raises(ReasonUnknown):
        await city.desk.offices.work.perform(AUDITOR, number, Act.ERASE, {"ground": "because"})
    erased = await city.desk.offices.work.perform(
        AUDITOR, number, Act.ERASE, {"ground": "person_asked"}
    )
    assert erased.erased
    with pytest.raises(AlreadyErased):
        await city.desk.offices.work.perform(SUPERVISOR, number, Act.ERASE, {"ground": "ordered"})
    assert await to_erase(city) == ["c1.caller.wav"]
    await assert_unreadable(city, *digests())
    assert await whole(city.desk)


async def test_what_is_still_at_work_is_not_deleted(city: City) -> None:
    number = await city.dispatched()
    with pytest.raises(ActOutOfOrder):
        await city.desk.offices.work.perform(SUPERVISOR, number, Act.ERASE, {"ground": "ordered"})
    # Nor the call of a ticket that is, however long ago it was.
    await offered(city.desk, "c1", AGENT.agent)
    await city.desk.submit(AGENT, "c1")
    await city.desk.record(calls.CallEnded("c1", city.clock.now(), 16))
    city.later(days=4000)
    swept = await city.desk.offices.retention.sweep()
    assert (swept.tickets, swept.calls) == (0, 0)


async def test_other_peoples_records_are_untouched(city: City) -> None:
    number = await told_and_archived(city)
    other = await city.registers()
    await offered(city.desk, "c2", AGENT.agent)
    await city.desk.offices.work.perform(SUPERVISOR, number, Act.ERASE, {"ground": "ordered"})
    assert (await city.desk.offices.work.detail(AGENT, other)).fields["caller_name"] == "测试人"
    (call,) = [c for c in (await city.desk.snapshot(AGENT)).calls if c.call_id == "c2"]
    assert call.caller_number == NUMBER


async def test_a_call_without_a_ticket_goes_too(city: City) -> None:
    await offered(city.desk, "c1", AGENT.agent)
    await city.desk.segment(said(SPOKEN))
    await city.desk.record(calls.CallEnded("c1", city.clock.now(), 16))
    cursor = (await settled(city.desk, SUPERVISOR))[0].cursor
    city.later(days=800)
    assert (await city.desk.offices.retention.sweep()).calls == 1
    await assert_unreadable(city, *digests())
    # Events of that time can still be read; they show what is left.
    kinds = {event.kind for event in await city.desk.events_after(SUPERVISOR, cursor, 1000)}
    assert {"call", "segment", "draft"} <= kinds


async def test_a_fact_that_is_told_again_brings_nothing_back(city: City) -> None:
    number = await told_and_archived(city)
    await city.desk.offices.work.perform(SUPERVISOR, number, Act.ERASE, {"ground": "ordered"})
    await city.desk.record(arrived("c1"))
    await city.desk.segment(said("又说了一遍路灯", 9))
    await city.desk.record(calls.RecordingKept("c1", at(60), Leg.AGENT, "c1.agent.wav"))
    assert sorted(await to_erase(city)) == ["c1.agent.wav", "c1.caller.wav"]
    await assert_unreadable(city, *digests())


async def test_a_state_secret_takes_its_call_with_it_and_the_ticket_goes_on(city: City) -> None:
    await offered(city.desk, "c1", AGENT.agent)
    await city.desk.segment(said(SPOKEN))
    await city.desk.record(calls.RecordingKept("c1", at(60), Leg.CALLER, "c1.caller.wav"))
    number = (await city.desk.submit(AGENT, "c1")).number
    await city.does(AGENT, number, Act.NOTE, words=WORDS)
    await city.does(AGENT, number, Act.REFUSE, ground="state_secret")
    await city.desk.segment(said("接着说路灯", 2))  # the talk goes on, nobody writes it down
    await city.desk.record(calls.CallEnded("c1", city.clock.now(), 16))
    assert await to_erase(city) == ["c1.caller.wav"]
    shown = [value for value in await everything(city) if value[0] != "record_key"]
    assert not [value for value in shown if any(text in str(value[2]) for text in TEXTS)]
    with pytest.raises(RecordErased):
        await city.desk._database.read(lambda s: Vault(MASTER).open(s, "c1", b"x" * 40))
    # The ticket itself lives: its class stays, and it is followed to its end.
    assert await city.state(number) is TicketState.REFUSED
    await city.does(DISPATCHER, number, Act.EXEMPT, reason="refused", words="已告知")
    await city.does(DISPATCHER, number, Act.ARCHIVE)


async def test_one_ticket_that_cannot_be_deleted_does_not_save_the_others(city: City) -> None:
    stuck, free = await city.archived(), await city.archived()

    def spoil(session: Session) -> None:
        ticket = session.get_one(TicketRow, stuck)
        ticket.policy = "no such rules"
        session.add(ticket)

    await city.desk._database.write(spoil)
    city.later(days=4000)
    swept = await city.desk.offices.retention.sweep()
    assert (swept.tickets, swept.failed) == (1, 1)
    assert (await city.desk.offices.work.detail(SUPERVISOR, free)).erased


async def test_it_sweeps_by_itself_from_the_first_moment(city: City) -> None:
    number = await city.archived()
    city.later(days=4000)
    running = asyncio.create_task(city.desk.offices.retention.run())
    async with asyncio.timeout(60):
        async for _ in city.desk.follow(SUPERVISOR):
            if (await city.desk.offices.work.detail(SUPERVISOR, number)).erased:
                break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_key_does_not_stay_in_the_databases_file(city: City, database_url: str) -> None:
    """SQLite only: PostgreSQL's files are not ours to read."""
    if not database_url.startswith("sqlite"):
        return
    number = await told_and_archived(city)
    keys = [
        await city.desk._database.read(lambda s, r=r: s.get_one(RecordKeyRow, r).wrapped)
        for r in (number, "c1")
    ]
    await city.desk.offices.work.perform(SUPERVISOR, number, Act.ERASE, {"ground": "ordered"})
    file = Path(database_url.removeprefix("sqlite:///"))
    assert await asyncio.to_thread(_found, file.with_name(file.name + "-wal"), keys)
    await asyncio.to_thread(_checkpoint, city.desk._database._engine)
    assert not await asyncio.to_thread(_found, file, keys)


def _found(file: Path, keys: list[bytes]) -> bool:
    content = file.read_bytes()
    return any(key in content for key in keys)


def _checkpoint(engine: Any) -> None:
    raw = engine.raw_connection()
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()


def test_the_rules_know_one_ground_of_deletion_by_time(policies: Any) -> None:
    for policy in policies.versions:
        assert [one.by_time for one in policy.conduct.erasures].count(True) == 1
        assert {one.what for one in policy.conduct.retention} == {
            "tickets", "transcripts", "recordings", "notices",
        }  # fmt: skip


async def test_a_call_stays_while_another_ticket_about_it_is_at_work(city: City) -> None:
    """Deleted as asked for, or by its span: what was split off still needs the call."""
    await offered(city.desk, "c1", AGENT.agent)
    await city.desk.segment(said(SPOKEN))
    await city.desk.record(calls.CallEnded("c1", city.clock.now(), 16))
    number = (await city.desk.submit(AGENT, "c1")).number
    part = {"title": "另一件事", "type": "投诉", "category": LAMP["category"]}
    await city.does(AGENT, number, Act.SPLIT, parts=[part])
    (other,) = (await city.history(number))[-1].details["into"]
    await done(city, number)
    await city.does(SUPERVISOR, number, Act.ERASE, ground="person_asked")

    def call_erased(session: Session) -> bool:
        return Vault(MASTER).erased(session, "c1")

    assert not await city.sees_rows(call_erased)
    city.later(days=731)
    assert (await city.desk.offices.retention.sweep()).calls == 0
    assert not await city.sees_rows(call_erased)
    await done(city, other)
    await city.does(SUPERVISOR, other, Act.ERASE, ground="person_asked")
    assert await city.sees_rows(call_erased), "with the last of them, which has no call of its own"


async def done(city: City, number: str) -> None:
    """Refused with a channel, not followed up, archived."""
    await city.does(AGENT, number, Act.REFUSE, ground="litigation")
    await city.does(DISPATCHER, number, Act.EXEMPT, reason="refused")
    await city.does(DISPATCHER, number, Act.ARCHIVE)
