"""A city on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.pack import CityPack
from core.policy import PolicyBook
from tests.core.conftest import ManualClock, open_desk
from tests.core.loop.city import City


@pytest.fixture
async def city(database_url: str, pack: CityPack, policies: PolicyBook) -> AsyncIterator[City]:
    clock = ManualClock()
    rules = [policies]
    async with open_desk(database_url, pack, lambda: rules[-1], clock) as desk:
        yield City(desk, clock, policies, rules)
