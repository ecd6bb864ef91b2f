"""The door to the database, on both kinds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlmodel import Session, SQLModel, func, select, text

from core.store import Database, DatabaseAway
from core.store.tables import CounterRow

OF_FTS5 = "ticket_fts"  # SQLite's own index of ``ticket_words``, with the tables it keeps itself in


async def test_the_migrations_make_exactly_the_tables_of_the_models(
    empty_database_url: str,
) -> None:
    database = Database(empty_database_url)
    await database.migrate()
    await database.migrate()  # a second start changes nothing

    def columns(session: Session) -> dict[str, set[str]]:
        seen = inspect(session.connection())
        return {
            table: {column["name"] for column in seen.get_columns(table)}
            for table in seen.get_table_names()
            if table != "alembic_version" and not table.startswith(OF_FTS5)
        }

    wanted = {
        name: {column.name for column in table.columns}
        for name, table in SQLModel.metadata.tables.items()
    }
    assert await database.read(columns) == wanted
    await database.close()


async def test_the_migrations_make_exactly_the_indexes_of_the_models(
    empty_database_url: str,
) -> None:
    database = Database(empty_database_url)
    await database.migrate()

    def indexes(session: Session) -> set[str]:
        seen = inspect(session.connection())
        return {
            str(index["name"])
            for table in seen.get_table_names()
            for index in seen.get_indexes(table)
            if not index.get("duplicates_constraint")
        }

    postgresql = empty_database_url.startswith("postgresql")
    wanted = {
        str(index.name)
        for table in SQLModel.metadata.tables.values()
        for index in table.indexes
        if postgresql or not str(index.name).startswith("ix_ticket_words_")
    }
    assert await database.read(indexes) == wanted
    await database.close()


async def test_the_words_of_tickets_have_an_index_of_their_own(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await database.migrate()
    if empty_database_url.startswith("sqlite"):
        asked = "SELECT count(*) FROM ticket_fts WHERE ticket_fts MATCH 'abc'"
    else:
        asked = "SELECT count(*) FROM ticket_words WHERE words @@ 'abc'::tsquery"
    assert await database.read(lambda s: s.execute(text(asked)).scalar_one()) == 0
    await database.close()


async def test_a_unit_of_work_that_fails_leaves_nothing(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await database.migrate()

    def work(session: Session) -> None:
        session.add(CounterRow(name="half"))
        session.flush()
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await database.write(work)
    count = await database.read(
        lambda s: s.exec(select(func.count()).select_from(CounterRow)).one()
    )
    assert count == 0
    await database.close()


async def test_a_cancelled_caller_does_not_undo_what_was_begun(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await database.migrate()
    begun, finish = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work(session: Session) -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(finish.wait(), loop).result(10)
        session.add(CounterRow(name="kept"))

    caller = asyncio.create_task(database.write(work))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    finish.set()
    await database.write(lambda session: None)  # behind it in the queue, on SQLite
    await database.close()  # waits for what runs
    again = Database(empty_database_url)
    row = await again.read(lambda session: session.get(CounterRow, "kept"))
    assert row is not None
    await again.close()


async def test_a_database_that_is_away_is_one_clear_error_without_values(tmp_path: Path) -> None:
    for url in (
        f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}",
        "postgresql+psycopg://nobody@127.0.0.1:1/none",
    ):
        database = Database(url)
        with pytest.raises(DatabaseAway) as away:
            await database.check()
        assert "SELECT" not in str(away.value)
        await database.close()


async def test_check_proves_that_changes_are_taken_and_leaves_none(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await database.check()
    await database.check()
    await database.close()
