"""The benchmark of the work-order engine: its made-up year, and one tiny run on each database."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, SQLModel
from typer.testing import CliRunner

from core.loop.states import MOVES, Act, TicketState, allowed
from core.search.blind import asked_for, place_of
from core.store import Database, DatabaseUnusable
from core.store.tables import RecordKeyRow, TicketRow
from core.store.vault import Vault
from hotline.bench import tickets_asked
from hotline.bench.tickets import END, NotEmpty, Store, prepare, stores_of
from hotline.bench.tickets_rows import COLUMNS, Keys, Rows
from hotline.bench.tickets_year import Year, YearWriter
from hotline.cli import app
from hotline.shipped import first_city
from tests.core.postgres import find_programs

COUNT = 1000
YEAR = Year(first_city(), COUNT, END, bytes(32))


@pytest.fixture(scope="module")
def writer() -> YearWriter:
    return YearWriter(YEAR)


@pytest.fixture(scope="module")
def rows(writer: YearWriter) -> Rows:
    return writer.rows(0, COUNT)


def named(rows: Rows, table: str) -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS[table], row, strict=True)) for row in rows[table]]


def test_the_year_has_every_column_that_a_row_needs(rows: Rows) -> None:
    assert set(rows) == set(COLUMNS)
    for table, names in COLUMNS.items():
        columns = SQLModel.metadata.tables[table].columns
        assert set(names) <= set(columns.keys())
        needed = {one.name for one in columns if not one.nullable}
        if table != "ticket":  # what is left out there has a default in the database
            assert needed <= set(names), table
        assert {len(row) for row in rows[table]} == {len(names)}


def test_the_years_tickets_are_numbered_in_their_order_and_mostly_archived(rows: Rows) -> None:
    tickets = named(rows, "ticket")
    numbers = [one["number"] for one in tickets]
    assert len(set(numbers)) == COUNT and numbers == sorted(numbers)
    assert [place_of(number) for number in numbers] == sorted(map(place_of, numbers))
    assert all(one["created_at"] < str(END.replace(tzinfo=None)) for one in tickets)
    assert 20 < sum(one["open"] for one in tickets) < 100
    assert {one["open"] for one in tickets if one["state"] == "archived"} == {False}


def test_a_chunk_is_the_same_whoever_makes_it(rows: Rows) -> None:
    again = YearWriter(YEAR).rows(0, 50)
    plain = [(row[0], row[12:]) for row in again["ticket"]]
    assert plain == [(row[0], row[12:]) for row in YearWriter(YEAR).rows(0, 50)["ticket"]]


def test_the_history_goes_only_where_the_table_of_acts_leads(rows: Rows) -> None:
    for step in named(rows, "step"):
        if step["act"] == "register":
            continue
        source, target = TicketState(step["source"]), TicketState(step["target"])
        assert allowed(source, Act(step["act"]), target), step
        assert step["role"] in MOVES[Act(step["act"])].roles
    steps = Counter(step["number"] for step in named(rows, "step"))
    assert all(steps[one["number"]] == one["version"] for one in named(rows, "ticket"))


def test_what_is_sealed_opens_and_is_found_by_its_words(rows: Rows) -> None:
    vault, keys = Vault(YEAR.master), Keys()
    for record, wrapped in rows["record_key"]:
        keys.add(RecordKeyRow(record=record, wrapped=wrapped))
    words = {number: set(told.split()) for _, number, _, told in rows["ticket_words"]}
    for ticket in named(rows, "ticket")[:50]:
        number = ticket["number"]
        fields = json.loads(vault.open(keys, number, ticket["fields_sealed"]))  # type: ignore[arg-type]
        for key in ("title", "content", "address"):
            assert set(asked_for(vault, fields[key])) <= words[number]
        assert vault.digest(fields["contact_phone"]) == ticket["contact_digest"]
        assert fields["contact_phone"].startswith("154000")


@pytest.mark.parametrize("store", [*Store])
def test_one_tiny_run(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if store is Store.POSTGRESQL and find_programs() is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    monkeypatch.setattr(tickets_asked, "TIMES", 2)
    monkeypatch.setattr(tickets_asked, "REGISTRATIONS", 2)
    file = tmp_path / "figures.json"
    done = CliRunner().invoke(
        app,
        ["bench", "tickets", "--tickets", str(COUNT), "--database", store, "--json", str(file)],
    )
    assert done.exit_code in (0, 1), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    figures = json.loads(file.read_text())["scenes"][store]
    told = {figure["name"]: figure for figure in figures}
    assert told["tickets"]["spread"]["max"] == COUNT
    lists = [one for one in figures if one["goal"] and one["goal"]["value"] == 100]
    assert len(lists) >= 10 and all(one["spread"]["count"] >= 2 for one in lists)
    assert told["registering with dispatch"]["spread"]["count"] == 2
    assert told["the tick after midnight"]["spread"]["count"] == 1
    assert (done.exit_code == 1) == any(one["reached"] is False for one in figures)
    for word in ("open, newest", "registering with dispatch", "p95 <= 50", " cores"):
        assert word in done.output


async def test_a_database_that_holds_tickets_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'city.db'}"
    database = Database(url)
    await database.migrate()

    def one(session: Session) -> None:
        session.add(
            TicketRow(number="TS2026011200001", state="signed", fields_sealed=b"", created_at=END)
        )

    await database.write(one)
    await database.close()
    with pytest.raises(NotEmpty):
        await prepare(url)


def test_which_databases_are_meant() -> None:
    assert stores_of("both") == ((Store.SQLITE, Store.POSTGRESQL), "")
    assert stores_of("sqlite") == ((Store.SQLITE,), "")
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    assert stores_of(url) == ((Store.POSTGRESQL,), url)
    with pytest.raises(DatabaseUnusable):
        stores_of("nonsense")


def test_without_a_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from hotline.bench import postgres

    monkeypatch.setattr(postgres.Path, "glob", lambda *_: iter(()))
    with pytest.raises(postgres.PostgresMissing), postgres.own_postgres():
        raise AssertionError
