"""A desk on a real database in a temporary folder."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from core.desk import HotlineDesk
from core.pack import CityPack, load_pack
from core.store import Database
from core.store.vault import Vault
from tests.core.postgres import cluster, find_programs

ROOT = Path(__file__).parents[2]
MASTER = bytes(range(32))
START = datetime(2026, 1, 12, 0, 41, tzinfo=UTC)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return (self.moment - START).total_seconds()


@pytest.fixture(scope="session")
def pack() -> CityPack:
    return load_pack(ROOT / "cities" / "tangshan")


@asynccontextmanager
async def open_desk(url: str, pack: CityPack) -> AsyncIterator[HotlineDesk]:
    database = Database(url)
    await database.migrate()
    desk = HotlineDesk(database, Vault(MASTER), pack, ManualClock())
    running = asyncio.create_task(desk.run())
    try:
        yield desk
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await database.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, without a database name."""
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with cluster(programs) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: everything that stores is tried on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hotline.db'}"
    server = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.replace("+psycopg", "") + "/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return f"{server}/{name}"


@pytest.fixture
async def desk(database_url: str, pack: CityPack) -> AsyncIterator[HotlineDesk]:
    async with open_desk(database_url, pack) as opened:
        yield opened
