"""The year into a database, as fast as it takes it: indexes come after the rows."""

from __future__ import annotations

import marshal
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from hotline.bench.tickets_rows import COLUMNS, Rows
from hotline.bench.tickets_year import Year, YearWriter
from hotline.progress import say

CHUNK = 10_000


def make_year(year: Year, folder: Path) -> list[Path]:
    """The year's rows in files, made by as many processes as there are cores. Blocks."""
    starts = range(0, year.count, CHUNK)
    cores = min(len(os.sched_getaffinity(0)), len(starts))
    # Begun anew, not forked: whoever calls us may have threads.
    from multiprocessing import get_context

    with ProcessPoolExecutor(cores, get_context("spawn"), _begin, (year,)) as workers:
        files = []
        for file in workers.map(_make, repeat(year.count), starts, repeat(folder)):
            files.append(file)
            say("tickets made", len(files) / len(starts))
    return files


_writer: list[YearWriter] = []  # of this process, which does nothing else


def _begin(year: Year) -> None:
    _writer[:] = [YearWriter(year)]


def _make(count: int, start: int, folder: Path) -> Path:
    file = folder / f"{start:09d}"
    file.write_bytes(marshal.dumps(_writer[0].rows(start, min(start + CHUNK, count))))
    return file


def load_sqlite(url: str, files: list[Path]) -> None:
    """One transaction without indexes; then the indexes, then FTS5 from the table. Blocks."""
    database = sqlite3.connect(str(make_url(url).database), isolation_level=None)
    run = database.execute
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-800000", "foreign_keys=OFF"):
        run(f"PRAGMA {pragma}")
    kept = [*run("SELECT name, sql FROM sqlite_master WHERE type='index' AND sql IS NOT NULL")]
    triggers = [*run("SELECT name, sql FROM sqlite_master WHERE type='trigger'")]
    run("BEGIN")
    for name, _ in kept:
        run(f'DROP INDEX "{name}"')
    for name, _ in triggers:
        run(f'DROP TRIGGER "{name}"')
    for table, rows in _read(files):
        names = ", ".join(COLUMNS[table])
        marks = ", ".join("?" * len(COLUMNS[table]))
        database.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
    for name, statement in kept:
        say(f"index {name}", 1)
        run(statement)
    say("index of words", 1)
    run("INSERT INTO ticket_fts (ticket_fts) VALUES ('rebuild')")
    for _, statement in triggers:
        run(statement)
    run("COMMIT")
    run("PRAGMA journal_mode=WAL")
    database.close()


def load_postgresql(url: str, files: list[Path]) -> None:
    """COPY without indexes and references; then both, and what autovacuum would do. Blocks."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as database:
        database.execute("SET TIME ZONE 'UTC'")
        run = database.execute
        indexes = run(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname "
            "NOT IN (SELECT conname FROM pg_constraint) AND tablename = ANY(%s)",
            [[*COLUMNS]],
        ).fetchall()
        references = run(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)",
            [[*COLUMNS]],
        ).fetchall()
        for table, name, _ in references:
            run(_ddl("ALTER TABLE {} DROP CONSTRAINT {}", table, name))
        for name, _ in indexes:
            run(_ddl("DROP INDEX {}", name))
        for table, rows in _read(files):
            columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
            with database.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
        for name, statement in indexes:
            say(f"index {name}", 1)
            run(statement)
        for table, name, definition in references:
            run(
                sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(
                    sql.Identifier(table), sql.Identifier(name)
                )
                + sql.SQL(definition)
                + sql.SQL(" NOT VALID")
            )
        for table in ("step", "task", "follow_up", "timer"):
            run(
                sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), max(id)) FROM {}").format(
                    sql.Literal(table), sql.Identifier(table)
                )
            )
        say("vacuum, analyze", 1)
        run("VACUUM ANALYZE")


def _ddl(form: str, *names: str) -> sql.Composed:
    return sql.SQL(form).format(*map(sql.Identifier, names))


def _read(files: list[Path]) -> Iterator[tuple[str, list[Any]]]:
    """A table's rows at a time, what others refer to first."""
    for done, file in enumerate(files, 1):
        rows: Rows = marshal.loads(file.read_bytes())
        for table in COLUMNS:
            if rows.get(table):
                yield table, rows[table]
        say("tickets loaded", done / len(files))
