"""What is asked of the engine over a full database: lists, searches, a registration, the minute."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from core.desk import HotlineDesk
from core.loop.states import Act
from core.people.roles import Role
from core.ports import TicketQuery, Viewer
from core.store.loop_tables import TimerRow
from core.store.tables import TicketRow
from hotline.bench.figures import Figure, Goal, count, times
from hotline.bench.tickets_talk import PHONES, Talk
from hotline.bench.tickets_year import YearWriter

LIST = Goal(100, "p95")
REGISTER = Goal(50, "p95")
TICK = Goal(1000, "max")
TIMES = 40  # each list, with other values each time
REGISTRATIONS = 200

Ask = Callable[[random.Random], tuple[Viewer, TicketQuery]]


class MovedClock:
    """The year's end, from which on it runs as fast as any clock."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._begun = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return time.monotonic() - self._begun

    def move(self, to: datetime) -> None:
        self._start = to - timedelta(seconds=self.monotonic())


@dataclass(frozen=True, slots=True)
class Asked:
    """Ten lists as people have them open, with values that the year's tickets have."""

    talk: Talk
    now: datetime

    def lists(self) -> dict[str, Ask]:
        month = timedelta(days=30)
        talk, now = self.talk, self.now
        common = sorted({one.leaf.matter for one in talk.leaves})
        hotline = {role: Viewer("1100", "", role) for role in (Role.DISPATCHER, Role.SUPERVISOR)}
        dispatcher, supervisor = hotline.values()
        agent = Viewer("1001", "", Role.AGENT)

        def unit(dice: random.Random) -> Viewer:
            lines = [line.unit for line in talk.policy.directory.lines if line.unit[0] != "@"]
            key = dice.choice(lines)
            return Viewer(f"u-{key}", "", Role.UNIT, unit=key)

        def county(dice: random.Random) -> Viewer:
            return Viewer("1300", "", Role.DISPATCHER, county=dice.choice(talk.places)[0])

        def code(dice: random.Random, digits: int) -> str:
            return str(dice.choice(talk.leaves).leaf.code)[:digits]

        return {
            "open, newest": lambda dice: (dispatcher, TicketQuery(open=True)),
            "open, to be dispatched": lambda dice: (
                dispatcher,
                TicketQuery(open=True, states=("classified",)),
            ),
            "open, overdue": lambda dice: (supervisor, TicketQuery(open=True, due_before=now)),
            "open, one class, urgent": lambda dice: (
                supervisor,
                TicketQuery(
                    open=True, category=code(dice, 4), urgencies=talk.pack.rules.urgencies[1:]
                ),
            ),
            "a unit's open ones": lambda dice: (unit(dice), TicketQuery(open=True)),
            "a unit's archive, one type": lambda dice: (
                unit(dice),
                TicketQuery(types=(dice.choice(talk.kinds[1]),), open=False),
            ),
            "a county's month, one class": lambda dice: (
                county(dice),
                TicketQuery(
                    category=code(dice, 2),
                    created_from=now - month * dice.randrange(2, 12),
                    created_before=now - month,
                ),
            ),
            "by telephone number": lambda dice: (
                agent,
                TicketQuery(phone=f"+86 154 {dice.randrange(PHONES):08d}"),
            ),
            "search, one common word": lambda dice: (agent, TicketQuery(text=dice.choice(common))),
            "search, place, matter, word": lambda dice: (
                agent,
                TicketQuery(
                    text=" ".join(
                        (
                            dice.choice(talk.places)[2],
                            dice.choice(common),
                            dice.choice(talk.words),
                        )
                    )
                ),
            ),
            "search in a unit's open ones": lambda dice: (
                unit(dice),
                TicketQuery(open=True, text=dice.choice(talk.words)),
            ),
        }


async def ask_lists(desk: HotlineDesk, asked: Asked) -> list[Figure]:
    """Every list with other values each time; every third time also its second page."""
    figures = []
    for name, ask in asked.lists().items():
        dice = random.Random(name)
        seconds = []
        lines = 0
        for turn in range(TIMES):
            viewer, query = ask(dice)
            began = time.perf_counter()
            page = await desk.offices.lists.tickets(viewer, query)
            seconds.append(time.perf_counter() - began)
            lines += len(page.lines)
            if page.after is not None and turn % 3 == 0:
                began = time.perf_counter()
                await desk.offices.lists.tickets(viewer, replace(query, after=page.after))
                seconds.append(time.perf_counter() - began)
        figures.append(times(name, seconds, LIST, f"{lines / TIMES:.0f} lines a page"))
    return figures


async def ask_registrations(desk: HotlineDesk, writer: YearWriter) -> list[Figure]:
    """By hand, then classified, then dispatched: three units of work, one after the other."""
    whole, first = [], []
    dice = random.Random("registrations")
    agent, dispatcher = Viewer("1001", "", Role.AGENT), Viewer("1100", "", Role.DISPATCHER)
    for _ in range(REGISTRATIONS):
        form = writer.talk.for_a_unit(dice).fields
        began = time.perf_counter()
        number = (await desk.offices.loop.register(agent, form)).number
        first.append(time.perf_counter() - began)
        await desk.offices.loop.perform(agent, number, Act.CLASSIFY, {})
        await desk.offices.loop.perform(dispatcher, number, Act.DISPATCH, {})
        whole.append(time.perf_counter() - began)
    return [
        times("registering with dispatch", whole, REGISTER),
        times("of that, registering", first),
    ]


async def ask_minutes(desk: HotlineDesk, clock: MovedClock, writer: YearWriter) -> list[Figure]:
    """Ten quiet minutes, then the one after midnight, when most limits end."""
    quiet, due = [], 0
    for _ in range(10):
        clock.move(clock.now() + timedelta(minutes=1))
        began = time.perf_counter()
        due += await desk.offices.clockwork.tick()
        quiet.append(time.perf_counter() - began)
    midnight = writer.policy.calendar.end_of(writer.policy.calendar.day_of(clock.now()))
    clock.move(midnight + timedelta(seconds=30))
    began = time.perf_counter()
    due_then = await desk.offices.clockwork.tick()
    then = time.perf_counter() - began
    return [
        times("a minute's tick", quiet, TICK, f"{due / 10:.0f} due"),
        count("timers due in it", "", round(due / 10, 1)),
        times("the tick after midnight", [then]),
        count("timers due in it", "", due_then),
    ]


async def how_full(database: Any) -> list[Figure]:
    """What lies in the database, so that the figures can be read."""

    def work(session: Session) -> tuple[int, int, int]:
        tickets = select(func.count()).select_from(TicketRow)
        waiting = select(func.count()).select_from(TimerRow).where(TimerRow.state == "waiting")
        return (
            session.exec(tickets).one(),
            session.exec(tickets.where(col(TicketRow.open))).one(),
            session.exec(waiting).one(),
        )

    tickets, open_, waiting = await database.read(work)
    return [
        count("tickets", "", tickets),
        count("open tickets", "", open_),
        count("timers waiting", "", waiting),
    ]
