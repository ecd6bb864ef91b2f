"""Databases that cannot be used are told apart: ours to mend by hand, or away for a while."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest

from core.store import Database, DatabaseAway, DatabaseUnusable


@pytest.mark.parametrize("url", ["", "no address", "nosuch://u:secret-word@db/x"])
def test_an_address_that_names_no_database_is_refused_without_repeating_it(url):
    with pytest.raises(DatabaseUnusable) as refused:
        Database(url)
    assert "secret-word" not in str(refused.value.as_dict())


async def test_a_file_that_is_no_database_counts_as_away(tmp_path):
    (tmp_path / "hotline.db").write_bytes(os.urandom(5000))
    database = Database(f"sqlite:///{tmp_path}/hotline.db")
    try:
        with pytest.raises(DatabaseAway):
            await database.check()
        with pytest.raises(DatabaseAway):
            await database.migrate()
    finally:
        await database.close()


async def test_tables_of_a_later_version_are_left_alone(tmp_path):
    file = tmp_path / "hotline.db"
    database = Database(f"sqlite:///{file}")
    try:
        await database.migrate()
        with closing(sqlite3.connect(file)) as other, other:
            other.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
        with pytest.raises(DatabaseUnusable, match="later version"):
            await database.migrate()
    finally:
        await database.close()
    with closing(sqlite3.connect(file)) as other:
        [version] = other.execute("SELECT version_num FROM alembic_version").fetchone()
    assert version == "from_the_future"
