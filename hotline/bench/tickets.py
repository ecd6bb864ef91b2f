"""The work-order engine over a city's year: lists, searches, registrations, the minute's clock.

Everything measured goes through the desk as ``hotline serve`` has it; only the year's tickets are
put into the database past it, because a million acts would take a day.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, func, select

from core.desk import HotlineDesk
from core.errors import Conflict
from core.policy.book import PolicyBook
from core.search import words
from core.store import Database
from core.store.tables import CounterRow, TicketRow
from hotline.bench.figures import Figure, count
from hotline.bench.machine import Machine
from hotline.bench.postgres import own_postgres
from hotline.bench.run import Outcome
from hotline.bench.tickets_asked import (
    Asked,
    MovedClock,
    ask_lists,
    ask_minutes,
    ask_registrations,
    how_full,
)
from hotline.bench.tickets_bulk import load_postgresql, load_sqlite, make_year
from hotline.bench.tickets_year import Year, YearWriter
from hotline.progress import say

END = datetime(2026, 12, 14, 2, 0, tzinfo=UTC)  # a Monday morning in the city


class Store(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class NotEmpty(Conflict):
    """The database holds tickets: nothing is measured in, nor written to, a city's own."""

    error_id = "bench_not_empty"


@dataclass(frozen=True, slots=True)
class TicketsPlan:
    """``stores``: databases of the benchmark's own; or ``url``: an empty one of somebody's."""

    city: str
    tickets: int
    stores: tuple[Store, ...]
    url: str = ""


def stores_of(database: str) -> tuple[tuple[Store, ...], str]:
    """What ``--database`` means, and the URL if it is one. Raises ``DatabaseUnusable``."""
    if database == "both":
        return (Store.SQLITE, Store.POSTGRESQL), ""
    if database in list(Store):
        return (Store(database),), ""
    sqlite = Database(database).one_writer
    return (Store.SQLITE if sqlite else Store.POSTGRESQL,), database


def bench_tickets(plan: TicketsPlan, machine: Machine) -> Outcome:
    """Raises ``PostgresMissing``, ``NotEmpty``, ``DatabaseAway``, ``DatabaseUnusable``. Blocks."""
    year = Year(plan.city, plan.tickets, END, os.urandom(32))
    figures: dict[StrEnum, list[Figure]] = {}
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as name:
        folder = Path(name)
        (folder / "rows").mkdir()
        began = time.monotonic()
        files = make_year(year, folder / "rows")
        made = count("rows made, sealed, cut into words", "s", round(time.monotonic() - began, 1))
        for store in plan.stores:
            say(store.value, 1)
            with _database(store, plan.url, folder) as url:
                figures[store] = [made, *asyncio.run(_measure(year, store, url, files))]
    return Outcome(machine, figures)


@contextmanager
def _database(store: Store, url: str, folder: Path) -> Iterator[str]:
    own = own_postgres() if store is Store.POSTGRESQL else nullcontext(f"sqlite:///{folder}/db")
    with nullcontext(url) if url else own as found:
        yield found


async def _measure(year: Year, store: Store, url: str, files: list[Path]) -> list[Figure]:
    await prepare(url)
    load = load_sqlite if store is Store.SQLITE else load_postgresql
    began = time.monotonic()
    await asyncio.to_thread(load, url, files)
    loaded = count("loaded, with indexes", "s", round(time.monotonic() - began, 1))
    database = Database(url)
    try:
        return [loaded, *await _ask(year, database)]
    finally:
        await database.close()


async def prepare(url: str) -> None:
    """The tables, and nobody who has them open: the rows are put in alone."""
    database = Database(url)
    try:
        await database.migrate()
        if await database.read(lambda session: session.exec(select(TicketRow.number)).first()):
            raise NotEmpty("the database holds tickets")
    finally:
        await database.close()


async def _ask(year: Year, database: Database) -> list[Figure]:
    writer = await asyncio.to_thread(YearWriter, year)
    await asyncio.to_thread(words.load)
    clock = MovedClock(year.end)
    book = PolicyBook((writer.policy,))
    desk = HotlineDesk(database, writer.vault, lambda: book, clock)
    await database.write(lambda session: _go_on_counting(session, writer, clock.now()))
    running = asyncio.create_task(desk.run())
    try:
        return [
            *await how_full(database),
            *await ask_lists(desk, Asked(writer.talk, year.end)),
            *await ask_registrations(desk, writer),
            *await ask_minutes(desk, clock, writer),
        ]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _go_on_counting(session: Session, writer: YearWriter, now: datetime) -> None:
    """The day's numbers go on behind those that are there."""
    day = now.astimezone(writer.policy.calendar.zone).strftime("%Y%m%d")
    start = f"{writer.pack.city.ticket_prefix}{day}"
    last: Any = session.exec(
        select(func.max(TicketRow.number)).where(col(TicketRow.number).startswith(start))
    ).one()
    session.add(
        CounterRow(name=f"ticket-{day}", value=int(last.removeprefix(start)) if last else 0)
    )
