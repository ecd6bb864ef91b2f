"""A desk on a real database in a temporary folder."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from core.desk import HotlineDesk
from core.pack import CityPack, load_pack
from core.policy import PolicyBook, load_policies
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


@pytest.fixture(scope="session")
def policies(pack: CityPack) -> PolicyBook:
    return load_policies(ROOT / "cities" / "tangshan", pack)


@asynccontextmanager
async def open_desk(
    url: str,
    pack: CityPack,
    policies: PolicyBook | Callable[[], PolicyBook],
    clock: ManualClock | None = None,
) -> AsyncIterator[HotlineDesk]:
    """``policies``: the rules, or where to ask for those that are in force."""
    rules = policies if callable(policies) else lambda: policies
    database = Database(url)
    await database.migrate()
    desk = HotlineDesk(database, Vault(MASTER), rules, clock or ManualClock())
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
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table: everything that stores is tried on both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    url = new_database(request.getfixturevalue("postgres"))
    yield url
    drop_database(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with today's tables; migrating once a test would cost more than the tests."""
    file = tmp_path_factory.mktemp("template") / "hotline.db"
    asyncio.run(_migrated(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """The name of a PostgreSQL database with today's tables."""
    url = new_database(postgres)
    asyncio.run(_migrated(url))
    return url.rpartition("/")[2]


async def _migrated(url: str) -> None:
    database = Database(url)
    await database.migrate()
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with its tables and nothing in them, on both kinds."""
    if request.param == "sqlite":
        file = tmp_path / "hotline.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    template = request.getfixturevalue("postgres_template")
    url = new_database(request.getfixturevalue("postgres"), template)
    yield url
    drop_database(url)


def drop_database(url: str) -> None:
    """A thousand databases at once would take minutes to delete at the end."""
    server, _, name = url.replace("+psycopg", "").rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[call-overload]


def new_database(server: str, template: str = "template1") -> str:
    """The URL of a new database on a PostgreSQL server."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.replace("+psycopg", "") + "/postgres", autocommit=True) as admin:
        # Copied as files: five times faster than through the log, which nobody here needs.
        create = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
        admin.execute(create)  # type: ignore[call-overload]
    return f"{server}/{name}"


@pytest.fixture
async def desk(
    database_url: str, pack: CityPack, policies: PolicyBook
) -> AsyncIterator[HotlineDesk]:
    async with open_desk(database_url, pack, policies) as opened:
        yield opened
