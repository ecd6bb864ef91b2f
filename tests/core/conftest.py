"""A desk on a real database in a temporary folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.desk import HotlineDesk
from core.pack import CityPack, load_pack
from core.store import Database
from core.store.vault import Vault

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


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'hotline.db'}"


@pytest.fixture
async def desk(database_url: str, pack: CityPack) -> AsyncIterator[HotlineDesk]:
    async with open_desk(database_url, pack) as opened:
        yield opened
