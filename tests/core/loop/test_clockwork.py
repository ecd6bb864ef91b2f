"""What is due happens exactly once: whoever ticks beside us, whatever fails or dies in between."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from core.loop.clockwork import BATCH, SECONDS, TRIES, Clockwork
from core.loop.repository import LoopRepository
from core.loop.states import Act
from core.pack import CityPack
from core.policy import PolicyBook
from core.store import DatabaseAway
from core.store.loop_tables import TimerRow
from core.store.tables import CounterRow, TicketRow
from tests.core.conftest import open_desk
from tests.core.loop.city import SUPERVISOR, City, at


def _timers(count: int, kind: str, due: str = "2026-01-12 10:00") -> list[TimerRow]:
    return [TimerRow(subject=f"s{n:03}", kind=kind, due_at=at(due)) for n in range(count)]


async def _set(city: City, *timers: TimerRow) -> None:
    await city.unit_of_work(lambda session: session.add_all(timers))


async def _all(city: City, kind: str) -> list[TimerRow]:
    return await city.unit_of_work(
        lambda s: [*s.exec(select(TimerRow).where(TimerRow.kind == kind)).all()]
    )


def _counting(session: Session, timer: TimerRow) -> None:
    """A row for each timer; a second one for the same would violate its key."""
    session.add(CounterRow(name=f"fired-{timer.subject}"))


async def test_a_kind_that_registered_itself_fires_when_it_is_due_and_not_before(
    city: City,
) -> None:
    seen: list[str] = []
    city.desk.offices.clockwork.on("probe", lambda session, timer: seen.append(timer.kind))
    await _set(city, *_timers(1, "probe:one"))
    city.it_is("2026-01-12 09:59:59")
    assert await city.ticks() == 0
    city.it_is("2026-01-12 10:00:00")
    assert await city.ticks() == 1
    assert await city.ticks() == 0
    assert seen == ["probe:one"]
    (timer,) = await _all(city, "probe:one")
    assert (timer.state, timer.fired_at) == ("fired", at("2026-01-12 10:00"))


async def test_two_handlers_of_one_kind_are_refused(city: City) -> None:
    with pytest.raises(ValueError, match="rung"):
        city.desk.offices.clockwork.on("rung", _counting)


async def test_more_than_a_batch_is_all_fired_in_one_tick_oldest_first(city: City) -> None:
    seen: list[str] = []
    city.desk.offices.clockwork.on("probe", lambda session, timer: seen.append(timer.subject))
    late = _timers(BATCH * 2 + 1, "probe", "2026-01-12 11:00")  # all at one moment
    first = TimerRow(subject="first", kind="probe", due_at=at("2026-01-12 10:00"))
    await _set(city, *late, first)
    city.it_is("2026-01-12 12:00")
    assert await city.ticks() == BATCH * 2 + 2
    assert seen == ["first", *sorted(timer.subject for timer in late)]


async def test_one_bad_timer_harms_no_other_and_leaves_nothing_half_done(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    def bad(session: Session, timer: TimerRow) -> None:
        session.add(CounterRow(name="half"))
        session.flush()
        raise ValueError("诉求人说的话")

    city.desk.offices.clockwork.on("bad", bad)
    city.desk.offices.clockwork.on("good", _counting)
    good = _timers(BATCH + 3, "good")
    await _set(city, *good[:5], *_timers(2, "bad"), *good[5:])
    city.it_is("2026-01-12 12:00")
    with caplog.at_level(logging.WARNING, "core.loop.clockwork"):
        assert await city.ticks() == BATCH + 3
        assert {timer.state for timer in await _all(city, "good")} == {"fired"}
        assert {(t.state, t.attempts) for t in await _all(city, "bad")} == {("waiting", 1)}
        for _ in range(TRIES + 2):
            city.later(minutes=1)
            assert await city.ticks() == 0
    bad_ones = await _all(city, "bad")
    assert {(t.state, t.attempts) for t in bad_ones} == {("stuck", TRIES)}
    assert [t.id for t in await city.desk.offices.clockwork.stuck()] == [t.id for t in bad_ones]
    given_up = [r.message for r in caplog.records if r.levelno == logging.ERROR]
    assert given_up == [f"timer {t.id} (bad) given up: ValueError" for t in bad_ones]
    assert "诉求人" not in caplog.text
    half = await city.unit_of_work(lambda session: session.get(CounterRow, "half"))
    assert half is None


async def test_what_was_given_up_is_tried_again_once_released(city: City) -> None:
    broken = True

    def sometimes(session: Session, timer: TimerRow) -> None:
        if broken:
            raise KeyError("template")

    city.desk.offices.clockwork.on("probe", sometimes)
    await _set(city, *_timers(1, "probe"))
    city.it_is("2026-01-12 12:00")
    for _ in range(TRIES):
        await city.ticks()
    broken = False
    assert await city.ticks() == 0
    assert await city.desk.offices.clockwork.release() == 1
    assert await city.ticks() == 1


async def test_a_kind_that_nobody_handles_is_given_up_visibly(city: City) -> None:
    await _set(city, *_timers(1, "unheard_of"))
    city.it_is("2026-01-12 12:00")
    for _ in range(TRIES):
        await city.ticks()
    assert [timer.kind for timer in await city.desk.offices.clockwork.stuck()] == ["unheard_of"]


async def test_a_death_in_the_middle_of_a_batch_costs_nothing_and_doubles_nothing(
    city: City,
) -> None:
    """Whatever ends a unit of work before its commit looks like this to the database."""
    dying = True

    def mortal(session: Session, timer: TimerRow) -> None:
        _counting(session, timer)
        session.flush()
        if dying and timer.subject == "s004":
            raise OperationalError("", {}, Exception("connection lost"))

    city.desk.offices.clockwork.on("probe", mortal)
    await _set(city, *_timers(8, "probe"))
    city.it_is("2026-01-12 12:00")
    with pytest.raises(DatabaseAway):
        await city.ticks()
    assert {t.state for t in await _all(city, "probe")} == {"waiting"}
    dying = False
    assert await city.ticks() == 8
    assert {t.attempts for t in await _all(city, "probe")} == {0}


async def test_two_that_tick_at_once_fire_each_rung_once(
    city: City, database_url: str, pack: CityPack, policies: PolicyBook
) -> None:
    city.it_is("2026-01-12 09:00")
    numbers = [await city.dispatched() for _ in range(6)]
    async with open_desk(database_url, pack, policies, city.clock) as other:
        for day in range(13, 29):
            city.it_is(f"2026-01-{day} 00:00")
            fired = await asyncio.gather(
                *(desk.offices.clockwork.tick() for desk in (city.desk, other, city.desk, other)),
                return_exceptions=True,
            )
            # With SQLite the second process may be told to come again; nothing is done twice.
            assert all(isinstance(one, int | DatabaseAway) for one in fired), fired
            await city.ticks()
    for number in numbers:
        steps = [step.reason for step in await city.history(number) if step.act == "rung"]
        assert steps == ["sign_urge", "warn", "urge", "supervise", "key_supervise", "notice"]


async def test_a_ticket_that_somebody_has_in_hand_is_left_for_the_next_minute(
    city: City, database_url: str, pack: CityPack, policies: PolicyBook
) -> None:
    """Nobody waits for anybody: neither the clock for a person, nor both for each other."""
    if database_url.startswith("sqlite"):
        pytest.skip("one writer: it has the whole database in hand")
    city.it_is("2026-01-12 09:00")
    held, other = await city.dispatched(), await city.dispatched()
    city.it_is("2026-01-14 00:00")
    loop = asyncio.get_running_loop()
    taken, finish = asyncio.Event(), asyncio.Event()
    async with open_desk(database_url, pack, policies, city.clock) as second:

        def hold(session: Session) -> None:
            rows = LoopRepository(session)
            rows.ticket(held, change=True)
            loop.call_soon_threadsafe(taken.set)
            asyncio.run_coroutine_threadsafe(finish.wait(), loop).result(20)
            rows.void_timers(held, ["rung:warn"])  # takes what the clock might have had

        holder = asyncio.create_task(second._sequencer.write(hold))
        await taken.wait()
        async with asyncio.timeout(10):
            assert await city.ticks() == 1
        assert [row.rung for row in await city.supervisions(other)] == ["sign_urge"]
        assert await city.supervisions(held) == []
        finish.set()
        await holder
    assert {t.attempts for t in await _all(city, "rung:sign_urge")} == {0}
    assert await city.ticks() == 1
    assert [row.rung for row in await city.supervisions(held)] == ["sign_urge"]


async def test_an_act_and_the_clock_on_one_ticket_never_block_each_other(
    city: City, database_url: str, pack: CityPack, policies: PolicyBook
) -> None:
    city.it_is("2026-01-12 09:00")
    numbers = [await city.dispatched() for _ in range(6)]
    city.it_is("2026-01-14 00:00")
    rungs = ["supervise", "key_supervise", "notice", "urge"]
    acts = [city.does(SUPERVISOR, n, Act.SUPERVISE, rung=r) for r in rungs for n in numbers]
    async with asyncio.timeout(60):
        done = await asyncio.gather(
            *acts, *(city.ticks() for _ in range(5)), return_exceptions=True
        )
    assert [one for one in done if isinstance(one, BaseException)] == []
    await city.ticks()
    for number in numbers:
        assert sorted(row.rung for row in await city.supervisions(number)) == sorted(
            [*rungs, "sign_urge"]
        )


async def test_what_is_due_is_found_by_the_index_on_what_waits(city: City) -> None:
    """Else every minute would cost as much as all that ever was or will be due."""
    gone = [
        TimerRow(subject=f"g{n}", kind="x", state="fired", due_at=at("2025-01-01 00:00"))
        for n in range(300)
    ]
    to_come = [
        TimerRow(subject=f"t{n}", kind="x", due_at=at("2027-01-01 00:00") + timedelta(minutes=n))
        for n in range(300)
    ]
    await _set(city, *gone, *to_come)

    def plan(session: Session) -> str:
        asked: list[tuple[str, Any]] = []
        connection = session.connection()

        @event.listens_for(connection, "before_cursor_execute")
        def keep(conn: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
            asked.append((statement, parameters))

        LoopRepository(session).due_timers(at("2026-06-01 00:00"), 10, (at("2026-01-01 00:00"), 7))
        ((statement, parameters),) = asked
        assert "timer.state = 'waiting'" in statement  # with a parameter a generic plan could not
        explain = "EXPLAIN QUERY PLAN "
        if session.get_bind().dialect.name == "postgresql":
            explain = "EXPLAIN "
            # So small a table is read through; the question is whether the index can serve at all.
            session.execute(text("SET LOCAL enable_seqscan = off"))
        lines = connection.exec_driver_sql(explain + statement, parameters).all()
        return "\n".join(str(line) for line in lines)

    found = await city.unit_of_work(plan)
    assert "ix_timer_due" in found, found


async def test_it_ticks_once_a_minute_and_a_database_that_is_away_does_not_end_it(
    city: City,
) -> None:
    waited: list[float] = []
    away = [False, True, False]

    async def write(work):  # type: ignore[no-untyped-def]
        if away[len(waited)]:
            raise DatabaseAway
        return await city.desk._sequencer.write(work)

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        city.later(seconds=seconds)
        if len(waited) == 3:
            raise asyncio.CancelledError

    clockwork = Clockwork(write, city.desk._database.read, city.desk.offices.loop, city.clock, wait)
    seen: list[str] = []
    clockwork.on("probe", lambda session, timer: seen.append(timer.subject))
    city.it_is("2026-01-12 09:59")
    await _set(city, *_timers(1, "probe"))
    with pytest.raises(asyncio.CancelledError):
        await clockwork.run()
    assert waited == [SECONDS] * 3
    assert seen == ["s000"]


async def test_a_timer_of_a_ticket_that_there_is_not_is_given_up(city: City) -> None:
    await _set(city, *_timers(1, "rung:warn"))
    city.it_is("2026-01-12 12:00")
    for _ in range(TRIES):
        await city.ticks()
    assert [timer.state for timer in await _all(city, "rung:warn")] == ["stuck"]


async def test_a_timer_set_twice_in_one_round_has_only_moved(city: City) -> None:
    number = await city.classified()

    def twice(session: Session) -> None:
        rows = LoopRepository(session)
        ticket = session.get_one(TicketRow, number)
        rows.set_timer(number, "problem_due", at("2026-01-13 10:00"), ticket.version)
        rows.void_timers(number)
        rows.set_timer(number, "problem_due", at("2026-01-14 10:00"), ticket.version)

    await city.unit_of_work(twice)
    (timer,) = await _all(city, "problem_due")
    assert (timer.state, timer.due_at) == ("waiting", at("2026-01-14 10:00"))
