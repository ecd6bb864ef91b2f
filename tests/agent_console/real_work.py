"""A real desk on SQLite behind the console: people of every role, tickets on every part of the way.

Everything is made before the application is asked; each of its requests may come in an event loop
of its own, so nothing of the desk runs in between.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlmodel import Session

from agent_console.app import create_app
from agent_console.settings import ConsoleSettings
from core.desk import HotlineDesk
from core.loop.rules import RulesOffice, versions_in_use
from core.loop.states import MOVES, Act, TicketState
from core.pack import load_pack
from core.people.roles import UNITS, Role
from core.policy import PolicyBook
from core.policy.book import read_versions
from core.policy.shelf import PolicyShelf
from core.ports import Viewer
from core.store import Database
from core.store.tables import AgentRow
from core.store.vault import Vault
from tests.core.conftest import MASTER, ManualClock
from tests.core.loop.city import City
from tests.core.policy.packs import SHIPPED

PASSWORD = "correct horse"
# Beside one account for each role, named as the role is; the tickets are those of 130203.
OTHERS = (
    Viewer("second_head", "", "supervisor"),
    Viewer("fengnan_head", "", "supervisor", county="130207"),
    Viewer("fengnan_admin", "", "admin", county="130207"),
    Viewer("housing_head", "", "unit_head", unit="housing"),
    Viewer("spare", "", "agent"),
)
HANDLES = "city_management"  # whose people the role's own accounts of units are


class NoTelephone:
    """A switchboard to which everything is all right."""

    async def sign_in(self, agent: str) -> None: ...

    async def sign_out(self, agent: str) -> None: ...

    async def pause(self, agent: str, reason: str) -> None: ...

    async def resume(self, agent: str) -> None: ...


@dataclass
class Site:
    """The application, and what is behind it. ``tokens`` by account, which for most is the role;
    units' people are those of the unit that has the tickets."""

    app: FastAPI
    desk: HotlineDesk
    database: Database
    clock: ManualClock
    shelf: PolicyShelf
    tokens: dict[str, str] = field(default_factory=dict)
    states: dict[str, TicketState] = field(default_factory=dict)

    async def log_in(self) -> None:
        """Everybody; a session ends with the day."""
        for who in people():
            self.tokens[who.agent] = (await self.desk.log_in(who.agent, PASSWORD))[0]

    async def ask(self, who: str, method: str, path: str, **body: Any) -> httpx.Response:
        """What the account is answered; ``body`` goes as JSON, if there is one."""
        return await self.sends(who, method, path, json=body or None)

    async def sends(self, who: str, method: str, path: str, **sent: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        headers |= sent.pop("headers", {})
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
            return await client.request(method, f"/api{path}", headers=headers, **sent)

    async def it_is(self, text: str) -> None:
        self.city.it_is(text)
        await self.log_in()

    @property
    def city(self) -> City:
        return City(self.desk, self.clock, self.shelf.current)

    def token_for(self, act: Act) -> str:
        """Of somebody who may do it."""
        return self.tokens[min(MOVES[act].roles)]

    async def ticket_for(self, act: Act) -> str:
        """A ticket to which it can be done now, as far as one is easily made."""
        for number, state in self.states.items():
            if state in MOVES[act].sources:
                return number
        for state, make in self.makers.items():
            if state in MOVES[act].sources:
                number = await make()
                self.states[number] = state
                return number
        return await self.city.registers()

    async def look(self, number: str) -> None:
        """Keep in mind how the ticket stands now."""
        self.states[number] = await self.city.state(number)

    @property
    def makers(self) -> dict[TicketState, Callable[[], Awaitable[str]]]:
        city = self.city
        return {
            TicketState.REGISTERED: city.registers,
            TicketState.CLASSIFIED: city.classified,
            TicketState.DISPATCHED: city.dispatched,
            TicketState.SIGNED: city.signed,
            TicketState.ANSWERED: city.answered,
        }


@asynccontextmanager
async def open_site(
    url: str, policies: PolicyBook, folder: Any = SHIPPED, start: str = ""
) -> AsyncIterator[Site]:
    """A served site on an empty database; ``folder`` is its city pack."""
    database, clock = Database(url), ManualClock()
    await database.migrate()
    shelf = PolicyShelf(
        policies,
        lambda: read_versions(folder, load_pack(folder)),
        lambda: database.read(versions_in_use),
        clock,
    )
    desk = HotlineDesk(database, Vault(MASTER), lambda: shelf.current, clock)
    app = create_app(
        desk,
        NoTelephone(),
        ConsoleSettings(attempts_per_agent=10_000, attempts_per_address=10_000),
        offices=desk.offices,
        rules=RulesOffice(shelf, database.write, desk.log, clock),
        form=lambda: shelf.current.pack.form,
        shelf=desk.shelf,
        clock=clock,
    )
    site = Site(app, desk, database, clock, shelf)
    try:
        if start:
            site.city.it_is(start)
        await _people(site)
        yield site
    finally:
        await database.close()


def people() -> list[Viewer]:
    """Everybody who has an account at first."""
    roles = [role for role in Role if role is not Role.SYSTEM]
    own = [Viewer(one, one, one, unit=HANDLES if one in UNITS else "") for one in roles]
    return [*own, *OTHERS]


async def _people(site: Site) -> None:
    # At its full strength the hashing of passwords would be most of the tests' time.
    site.desk.sessions._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    hashed = site.desk.sessions._hasher.hash(PASSWORD)

    def work(session: Session) -> None:
        for who in people():
            session.add(
                AgentRow(
                    agent=who.agent,
                    name=who.name,
                    role=who.role,
                    password_hash=hashed,
                    county=who.county,
                    unit=who.unit,
                )
            )

    await site.database.write(work)
    await site.log_in()
