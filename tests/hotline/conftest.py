"""The stage of the whole road: one Asterisk per module, our own parts anew for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from hotline.app import Hotline
from hotline.console_client import ConsoleClient
from hotline.stage import Stage, open_stage, serving
from pbx.asterisk import AsteriskInstall
from pbx.phone import Phone
from tests.hotline.stagehands import CHIEF, FIRST, Desk, console_at, desk_of, installed, small_site


@pytest.fixture(scope="session")
def install() -> AsteriskInstall:
    return installed()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    install: AsteriskInstall, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A site whose Asterisk runs; the recogniser is ``fake``."""
    async with open_stage(small_site(tmp_path_factory.mktemp("site")), install) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def hotline(stage: Stage) -> AsyncIterator[Hotline]:
    """Our own parts, in this process."""
    async with serving(stage.site) as hotline:
        yield hotline


@pytest_asyncio.fixture(loop_scope="module")
async def chief(stage: Stage, hotline: Hotline) -> AsyncIterator[ConsoleClient]:
    """A supervisor's console: sees every call."""
    async with console_at(stage.site, hotline.url, CHIEF) as console:
        yield console


@pytest_asyncio.fixture(loop_scope="module")
async def desk(stage: Stage, hotline: Hotline) -> AsyncIterator[Desk]:
    """An agent at work."""
    async with desk_of(stage, hotline.url, FIRST) as desk:
        yield desk


@pytest_asyncio.fixture(loop_scope="module")
async def citizen(stage: Stage) -> AsyncIterator[Phone]:
    async with Phone(stage.citizen()) as phone:
        yield phone
