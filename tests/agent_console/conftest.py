"""A real server on a free port around the fake desk; and a real desk without a server."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from agent_console.app import create_app
from agent_console.parts import Parts
from agent_console.server import ConsoleServer
from agent_console.settings import ConsoleSettings
from core.pack import CityPack
from core.pack.form import FormField, TicketForm
from core.policy import PolicyBook
from tests.agent_console.fake_work import FakeOffices, FakeRules, FakeWork
from tests.agent_console.fakes import PASSWORD, FakeDesk, FakeShelf, FakeSwitchboard
from tests.agent_console.real_work import Site, open_site
from tests.core.conftest import pack, policies, sqlite_template

__all__ = ["pack", "policies", "sqlite_template"]

DEADLINE = 20.0

FORM = (
    FormField(
        key="type", title="诉求类型", kind="choice", values=("咨询", "求助", "投诉"), required=True
    ),
    FormField(key="title", title="诉求标题", required=True),
    FormField(key="emergency_transfer", title="紧急转接", kind="list"),
)


@dataclass
class Running:
    """A served console and the ways to talk to it."""

    desk: FakeDesk
    switchboard: FakeSwitchboard
    shelf: FakeShelf
    work: FakeWork
    rules: FakeRules
    server: ConsoleServer
    parts: Parts

    @property
    def base(self) -> str:
        host, port = self.server.address
        return f"http://{host}:{port}"

    def client(self, token: str | None = None, **options: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(base_url=self.base, headers=headers, timeout=DEADLINE, **options)

    async def token(self, agent: str = "8026") -> str:
        """A session, opened behind the console's back (not counted as an attempt)."""
        return (await self.desk.log_in(agent, PASSWORD))[0]

    def socket(self, token: str | None = None, **options: Any) -> connect:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        url = self.base.replace("http", "ws") + "/ws"
        return connect(url, additional_headers=headers, proxy=None, **options)

    @asynccontextmanager
    async def console(
        self, agent: str = "8026", resume_cursor: int | None = None, **options: Any
    ) -> AsyncIterator[ClientConnection]:
        """A connection that has said hello."""
        async with self.socket(await self.token(agent), **options) as connection:
            await say(connection, type="hello", version=1, resume_cursor=resume_cursor)
            yield connection


async def say(connection: ClientConnection, **message: Any) -> None:
    await connection.send(json.dumps(message))


async def hear(connection: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(DEADLINE):
        return json.loads(await connection.recv())


async def hear_until(connection: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of that type; others before it are passed over."""
    while (message := await hear(connection))["type"] != kind:
        pass
    return message


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that no event announces."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - nothing tells when a peer has noticed
            await asyncio.sleep(0.005)


Serve = Callable[..., AbstractAsyncContextManager[Running]]


@asynccontextmanager
async def serve_console(desk: FakeDesk | None = None, **settings: Any) -> AsyncIterator[Running]:
    desk = desk or FakeDesk()
    switchboard, shelf = FakeSwitchboard(desk), FakeShelf()
    work, rules = FakeWork(desk), FakeRules()
    port, standing = settings.pop("port", 0), settings.pop("standing", {})
    form = settings.pop("form", TicketForm(fields=FORM))

    async def readiness() -> Mapping[str, bool]:
        return standing

    app = create_app(
        desk,
        switchboard,
        ConsoleSettings(**settings),
        offices=FakeOffices(work),
        rules=rules,
        form=lambda: form,
        shelf=shelf,
        readiness=readiness,
    )
    server = ConsoleServer(app, "127.0.0.1", port)
    server.open()
    running = asyncio.create_task(server.run())
    try:
        async with asyncio.timeout(DEADLINE):
            await server.ready()
        yield Running(desk, switchboard, shelf, work, rules, server, app.state.parts)
    finally:
        server.stop()
        async with asyncio.timeout(DEADLINE):
            await running


@pytest.fixture
async def served() -> AsyncIterator[Running]:
    async with serve_console() as running:
        yield running


@pytest.fixture
async def site(
    tmp_path: Path, sqlite_template: Path, pack: CityPack, policies: PolicyBook
) -> AsyncIterator[Site]:
    """A real desk behind the application, on Monday 12 January 2026, nine in the morning."""
    file = tmp_path / "hotline.db"
    shutil.copy(sqlite_template, file)
    url, start = f"sqlite:///{file}", "2026-01-12 09:00"
    async with open_site(url, policies, start=start) as opened:
        yield opened
