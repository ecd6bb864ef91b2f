"""One door to the database: whole units of work run in its own threads, never on the event loop.

SQLite (WAL) is the embedded default: one thread writes, so there is never a "database is locked"
among our own. PostgreSQL takes several units of work at once. Both run the same repositories.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
)
from sqlmodel import Session, create_engine, text

from core.errors import Invalid, Unavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

IDLE_SECONDS = 1.0


class DatabaseAway(Unavailable):
    """The database cannot be reached or written; the change was not made."""

    error_id = "database_away"


class DatabaseUnusable(Invalid):
    """The address names no database that can be opened here, or its tables are of a later version.

    The address may hold a password, so it is not repeated.
    """

    error_id = "database_unusable"


class Database:
    """``url`` is SQLAlchemy's, for example ``sqlite:///hotline.db`` or ``postgresql+psycopg://…``.

    ``threads`` is the number of units of work at once on PostgreSQL (SQLite writes one at a time).
    Raises ``DatabaseUnusable``.
    """

    def __init__(self, url: str, threads: int = 4) -> None:
        try:
            self._url = make_url(url)
            self._sqlite = self._url.get_backend_name() == "sqlite"
            self._engine = self._open()
        except (ArgumentError, ImportError) as wrong:
            raise DatabaseUnusable("its address is wrong, or its driver missing") from wrong
        self._writing = self._engine.execution_options(hotline_writes=True)
        self._writers = ThreadPoolExecutor(1 if self._sqlite else threads, "database")
        self._readers = ThreadPoolExecutor(2, "database-read") if self._sqlite else self._writers

    def _open(self) -> Engine:
        if self._sqlite:
            engine = create_engine(self._url, connect_args={"check_same_thread": False})
            event.listen(engine, "connect", _tune_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        engine = create_engine(self._url, pool_size=8)
        event.listen(engine, "checkin", _leave)
        event.listen(engine, "checkout", _look)
        return engine

    @property
    def one_writer(self) -> bool:
        """Whether one unit of work is committed before the next that writes begins."""
        return self._sqlite

    async def write(
        self, work: Callable[[Session], T], committed: Callable[[T], None] | None = None
    ) -> T:
        """Run ``work`` in one transaction and commit it. Raises ``DatabaseAway``.

        Cancelling the caller does not undo it: a unit of work that has begun is finished. That is
        why what has to follow the commit is not left to the caller: ``committed`` is called on the
        event loop with what ``work`` returned, with one writer in the order of the commits.
        """
        loop = asyncio.get_running_loop()

        def told(result: T) -> None:
            if committed is not None:
                loop.call_soon_threadsafe(committed, result)

        return await self._run(self._writers, work, commit=True, then=told)

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run ``work``, which changes nothing. Raises ``DatabaseAway``."""
        return await self._run(self._readers, work, commit=False)

    async def _run(
        self,
        threads: ThreadPoolExecutor,
        work: Callable[[Session], T],
        *,
        commit: bool,
        then: Callable[[T], None] = lambda _: None,
    ) -> T:
        def unit() -> T:
            with Session(
                self._writing if commit else self._engine, expire_on_commit=False
            ) as session:
                session.info["read_only"] = not commit
                result = work(session)
                if commit:
                    session.commit()
                then(result)
                return result

        try:
            return await asyncio.get_running_loop().run_in_executor(threads, unit)
        except DBAPIError as error:
            # SQLite's word for a damaged file, or one that is none, is the plain DatabaseError.
            broken = type(error) is DatabaseError
            if not broken and not isinstance(error, OperationalError | InterfaceError):
                raise
            # The driver's text may quote values; only its kind is passed on.
            raise DatabaseAway(type(error.orig).__name__ if error.orig else "") from error

    async def migrate(self) -> None:
        """Bring the schema to this version's, forwards only.

        Raises ``DatabaseAway``, ``DatabaseUnusable``.
        """
        try:
            await self._run(self._writers, self._upgrade, commit=True)
        except CommandError as unknown:
            raise DatabaseUnusable(
                "the database is of a later version of this program"
            ) from unknown

    def _upgrade(self, session: Session) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")

    async def check(self) -> None:
        """A write that is rolled back: proves that the database answers and takes changes."""

        def probe(session: Session) -> None:
            session.execute(text("CREATE TABLE hotline_probe (x INTEGER)"))
            session.rollback()

        await self._run(self._writers, probe, commit=False)

    async def close(self) -> None:
        for threads in {self._writers, self._readers}:
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()


def _leave(_connection: Any, record: Any) -> None:
    if record is not None:
        record.info["left"] = time.monotonic()


def _look(connection: Any, record: Any, _proxy: Any) -> None:
    """A connection that lay idle may be dead, which whoever takes it should not come to feel."""
    left = record.info.get("left")
    if left is None or time.monotonic() - left < IDLE_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except connection.OperationalError as dead:
        raise DisconnectionError from dead  # the pool takes another one


def _tune_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: ``_begin_sqlite`` does.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "busy_timeout=5000",
        "secure_delete=ON",  # what is deleted lawfully does not stay in free pages
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    # Who will write takes the lock at once and waits for it; taken after a first look at the tables
    # it is refused whenever another process has written in between.
    writes = connection.get_execution_options().get("hotline_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
