"""The link under test, on a fake Asterisk or a real one, with patience short enough for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from pbx.ami.link import AmiLink
from pbx.settings import AmiSettings
from tests.pbx.ami.fake_ami import FakeAmi
from tests.pbx.ami.running_link import MakeLink, RunningLink, StartLink

QUICK: dict[str, float] = {"backoff_base": 0.01, "backoff_cap": 0.02, "resync_every": 0.01}


@pytest.fixture
async def fake() -> AsyncIterator[FakeAmi]:
    server = FakeAmi()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def make_link(fake: FakeAmi) -> AsyncIterator[MakeLink]:
    """``make_link(*listeners, port=, secret=, clock=, random=, **timing)``: not yet started."""
    made: list[RunningLink] = []

    def make(
        *listeners: Any,
        port: int | None = None,
        user: str = "hotline",
        secret: str = "secret",
        clock: Any = None,
        random: Any = None,
        **timing: float,
    ) -> RunningLink:
        settings = AmiSettings.model_validate(
            {
                "port": port or fake.port,
                "user": user,
                "secret": secret,
                "link": QUICK | timing,
            }
        )
        running = RunningLink(AmiLink(settings, clock=clock, random=random))
        for listener in listeners:
            running.link.listen(listener)
        made.append(running)
        return running

    yield make
    for running in made:
        await running.stop()


@pytest.fixture
async def start_link(make_link: MakeLink) -> StartLink:
    """Like ``make_link``, started and waited for until it is up."""

    async def start(*listeners: Any, **options: Any) -> RunningLink:
        running = make_link(*listeners, **options)
        running.start()
        await running.up()
        return running

    return start
