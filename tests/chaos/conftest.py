"""A stage per test: what is killed here must not be missed by another test.

Chaos takes its time: all of it belongs to ``make test-long``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hotline.stage import Stage, open_stage
from pbx.asterisk import AsteriskInstall
from pbx.phone import Phone
from tests.chaos.backend import Backend
from tests.hotline.stagehands import installed, small_site

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def install() -> AsteriskInstall:
    return installed()


@pytest.fixture
async def stage(
    install: AsteriskInstall, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A site whose Asterisk runs; the recogniser is ``fake``."""
    async with open_stage(small_site(tmp_path_factory.mktemp("site")), install) as stage:
        yield stage


@pytest.fixture
async def backend(stage: Stage) -> AsyncIterator[Backend]:
    """All our processes, started as a site starts them."""
    async with Backend(stage.site) as backend:
        yield backend


@pytest.fixture
async def citizen(stage: Stage) -> AsyncIterator[Phone]:
    async with Phone(stage.citizen()) as phone:
        yield phone
