"""The access log betrays every later change, and it is whole however many write it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlmodel import Session, col, delete, select

from core.errors import HotlineError, NotFound
from core.loop.states import Act
from core.people.access import AccessLog
from core.people.errors import LogClosed
from core.people.logged import Logged
from core.ports import TicketQuery, Viewer
from core.store import Database
from core.store.loop_tables import AccessHeadRow, AccessRow, PageRow
from core.store.tables import TicketRow
from tests.core.conftest import ManualClock
from tests.core.loop.city import AGENT, AUDITOR, AUTHORITY, DISPATCHER, SUPERVISOR, City
from tests.core.people.ledger import last, lines, whole, write


def change_a_row(session: Session) -> None:
    row = session.get_one(AccessRow, 3)
    row.actor = "somebody-else"
    session.add(row)


def change_a_time(session: Session) -> None:
    row = session.get_one(AccessRow, 3)
    row.at = row.at.replace(microsecond=1)
    session.add(row)


def take_out_a_row(session: Session) -> None:
    session.delete(session.get_one(AccessRow, 3))


def take_out_and_close_the_gap(session: Session) -> None:
    session.delete(session.get_one(AccessRow, 3))
    session.flush()
    for row in session.exec(select(AccessRow).where(AccessRow.seq > 3)).all():
        row.seq -= 1
        session.add(row)
        session.flush()


def put_in_a_row(session: Session) -> None:
    for row in session.exec(
        select(AccessRow).where(AccessRow.seq >= 3).order_by(col(AccessRow.seq).desc())
    ).all():
        row.seq += 1
        session.add(row)
        session.flush()
    like = session.get_one(AccessRow, 2).model_dump()
    session.add(AccessRow(**like | {"seq": 3}))


def put_one_before_the_first(session: Session) -> None:
    session.add(AccessRow(**session.get_one(AccessRow, 1).model_dump() | {"seq": 0}))


def exchange_two(session: Session) -> None:
    a, b = session.get_one(AccessRow, 3), session.get_one(AccessRow, 4)
    a.actor, b.actor, a.digest, b.digest = b.actor, a.actor, b.digest, a.digest
    session.add_all([a, b])


def cut_the_tail(session: Session) -> None:
    session.exec(delete(AccessRow).where(col(AccessRow.seq) > 4))


def cut_the_tail_and_say_so(session: Session) -> None:
    cut_the_tail(session)
    end = session.get_one(AccessHeadRow, 1)
    end.entries, end.digest = 4, session.get_one(AccessRow, 4).digest
    session.add(end)


def take_the_end_away(session: Session) -> None:
    session.delete(session.get_one(AccessHeadRow, 1))


def empty_all(session: Session) -> None:
    session.exec(delete(AccessRow))
    session.exec(delete(AccessHeadRow))


@pytest.mark.parametrize(
    ("harm", "at", "why"),
    [
        (change_a_row, 3, "row"),
        (change_a_time, 3, "row"),
        (take_out_a_row, 3, "row"),
        (take_out_and_close_the_gap, 3, "row"),
        (put_in_a_row, 3, "row"),
        (put_one_before_the_first, 0, "row"),
        (exchange_two, 3, "row"),
        (cut_the_tail, 5, "end"),
        (cut_the_tail_and_say_so, 5, "seal"),
        (take_the_end_away, 7, "end"),
        (empty_all, 1, "end"),
    ],
)
async def test_every_harm_shows_and_where_it_begins(
    city: City, harm: Callable[[Session], None], at: int, why: str
) -> None:
    number = await city.registers()
    for who in (AGENT, DISPATCHER, SUPERVISOR, AUTHORITY, AGENT):
        await city.desk.offices.work.detail(who, number)
    assert len(await lines(city.desk)) == 6
    assert await whole(city.desk)
    await write(city.desk, harm)
    verdict = await city.desk._database.read(city.desk.log.verify)
    assert (verdict.broken_at, verdict.why) == (at, why)


async def test_the_key_alone_can_mend_it(city: City) -> None:
    await city.registers()
    other = AccessLog(bytes(32), ManualClock())
    verdict = await city.desk._database.read(other.verify)
    assert verdict.broken_at == 1


async def test_many_writers_at_once_keep_one_chain(database_url: str) -> None:
    """Two processes: two databases' worth of threads, each with a log of its own."""
    databases = [Database(database_url) for _ in range(2)]
    await databases[0].migrate()
    logs = [AccessLog(b"k" * 32, ManualClock()) for _ in databases]

    async def enter(turn: int) -> None:
        log, viewer = logs[turn % 2], Viewer(f"p{turn}", "", "agent")
        await databases[turn % 2].write(
            lambda session: log.enter(session, viewer, "read", f"TS{turn}")
        )

    await asyncio.gather(*map(enter, range(40)))
    verdict = await databases[0].read(logs[1].verify)
    assert (verdict.rows, verdict.broken_at) == (40, None)
    for database in databases:
        await database.close()


async def test_a_line_stands_or_falls_with_what_it_tells_of(city: City) -> None:
    number = await city.registers()
    before = len(await lines(city.desk))

    def read_and_fail(session: Session) -> None:
        city.desk.log.enter(session, AGENT, "read", number)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await write(city.desk, read_and_fail)
    assert len(await lines(city.desk)) == before
    assert await whole(city.desk)


async def test_of_a_refused_attempt_nothing_stays_but_its_line(city: City) -> None:
    number = await city.registers()
    logged = Logged(city.desk._database.write, city.desk.log)

    def change_and_be_refused(session: Session) -> None:
        ticket = session.get_one(TicketRow, number)
        ticket.unit = "housing"
        session.add(ticket)
        session.flush()
        raise NotFound

    with pytest.raises(NotFound):
        await logged.run(AGENT, "read", number, change_and_be_refused)
    assert (await city.ticket(number)).unit == ""
    assert await last(city.desk) == ("1001", "read", number, "refused", "not_found")


async def test_it_is_told_who_has_seen_a_ticket_and_who_tried(city: City) -> None:
    number, other = await city.registers(), await city.registers()
    await city.desk.offices.work.detail(SUPERVISOR, number)
    await city.desk.offices.work.detail(SUPERVISOR, other)
    with pytest.raises(HotlineError):
        await city.desk.offices.work.detail(Viewer("u", "", "unit", unit="housing"), number)
    for reader in (AUDITOR, SUPERVISOR):
        seen = await city.desk.offices.audit.who_saw(reader, number)
        assert [(line.actor, line.act, line.error_id) for line in seen][:3] == [
            ("1001", "register", ""),
            ("1900", "read", ""),
            ("u", "read", "not_found"),
        ]
        assert await last(city.desk) == (reader.agent, "who_saw", number, "done", "")
    later = await city.desk.offices.audit.who_saw(AUDITOR, number, after=3)
    assert [line.actor for line in later][:2] == ["u", "4000"]


async def test_it_is_told_on_whose_lists_a_ticket_stood_and_who_searched_for_it(
    city: City,
) -> None:
    number, other = await city.registers(), await city.registers(title="井盖", content="丢了")
    await city.desk.offices.lists.tickets(DISPATCHER, TicketQuery(limit=1))  # the other one only
    for _ in range(2):
        await city.desk.offices.lists.tickets(DISPATCHER, TicketQuery(open=True))
    await city.desk.offices.lists.tickets(SUPERVISOR, TicketQuery(text="路灯"))
    await city.desk.offices.lists.tickets(AGENT, TicketQuery(phone="15400000001"))

    async def told(about: str) -> list[tuple[str, str]]:
        seen = await city.desk.offices.audit.who_saw(AUDITOR, about)
        return [(line.actor, line.act) for line in seen if line.act != "who_saw"]

    lists, found = ("1100", "list"), ("1001", "search")
    assert await told(number) == [("1001", "register"), lists, lists, ("1900", "search"), found]
    assert await told(other) == [("1001", "register"), lists, lists, lists, found]
    assert len(await write(city.desk, lambda s: s.exec(select(PageRow)).all())) == 3
    assert await whole(city.desk)


async def test_who_heard_or_saw_the_call_has_seen_the_ticket(city: City) -> None:
    await city.talk("c1", "15400000001", said="路灯坏了")
    number = (await city.desk.submit(AGENT, "c1")).number
    await city.does(AGENT, number, Act.SPLIT, parts=[{"title": "另一件事"}])
    (part,) = (await city.history(number))[-1].details["into"]
    await city.desk.snapshot(AGENT)  # his own call
    await city.desk.snapshot(SUPERVISOR)
    await city.desk.events_after(SUPERVISOR, 0, 100)
    for about in (number, part):
        seen = await city.desk.offices.audit.who_saw(AUDITOR, about)
        assert [(line.actor, line.act) for line in seen if line.subject == "c1"] == [
            ("1900", "snapshot"),
            ("1900", "events"),
        ]


async def test_a_head_who_writes_in_anothers_draft_is_on_record(city: City) -> None:
    await city.talk("c1", "15400000001")
    await city.desk.set_field(AGENT, "c1", "title", "路灯")
    await city.desk.set_field(SUPERVISOR, "c1", "title", "路灯不亮")
    number = (await city.desk.submit(AGENT, "c1")).number
    seen = await city.desk.offices.audit.who_saw(AUDITOR, number)
    assert [(line.actor, line.act) for line in seen] == [("1900", "set_field"), ("1001", "submit")]


async def test_the_log_is_closed_to_everybody_else(city: City) -> None:
    number = await city.registers()
    for who in (AGENT, DISPATCHER, AUTHORITY, Viewer("a", "", "admin"), Viewer("x", "", "?")):
        with pytest.raises(LogClosed):
            await city.desk.offices.audit.who_saw(who, number)
        with pytest.raises(LogClosed):
            await city.desk.offices.audit.verify(who)
        assert (await last(city.desk))[3:] == ("refused", "access_log_closed")
    elsewhere = Viewer("r", "", "auditor", county="130202")
    with pytest.raises(HotlineError) as unseen:
        await city.desk.offices.audit.who_saw(elsewhere, number)
    assert unseen.value.status == 404
    assert (await city.desk.offices.audit.verify(AUDITOR)).broken_at is None
