"""A city whose notices are sent somewhere that the tests can see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from core.errors import HotlineError, Unavailable
from core.notices import NoticeSender, Retry
from core.ports import Notice
from core.store.vault import Vault
from tests.core.conftest import MASTER
from tests.core.loop.city import City
from tests.core.loop.conftest import city

__all__ = ["city"]


@dataclass(slots=True)
class Gateway:
    """Keeps what it was given; ``fails`` so many times, then takes it. Knows its keys."""

    fails: int = 0
    error: HotlineError = field(default_factory=Unavailable)
    tries: int = 0
    sent: dict[str, Notice] = field(default_factory=dict)

    async def send(self, notice: Notice) -> str:
        self.tries += 1
        if self.fails:
            self.fails -= 1
            raise self.error
        self.sent.setdefault(notice.key, notice)
        return f"receipt-{notice.key}"


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


Sending = Callable[..., NoticeSender]


@pytest.fixture
def sending(city: City, gateway: Gateway) -> Sending:
    """A sender on the city's database; another call is another process."""

    def start(retry: Retry | None = None, batch: int = 50) -> NoticeSender:
        return NoticeSender(
            city.desk._database, Vault(MASTER), gateway, city.clock, retry=retry, batch=batch
        )

    return start
