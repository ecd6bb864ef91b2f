"""Who may look: passwords (argon2id, by argon2-cffi) and the tokens of consoles."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from datetime import timedelta
from functools import cache
from typing import ClassVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlmodel import Session, col, delete

from core.clock import Clock
from core.errors import HotlineError
from core.ports import Viewer
from core.store.database import Database
from core.store.tables import AgentRow, SessionRow


class NotLoggedIn(HotlineError):
    """No valid token; log in first."""

    error_id: ClassVar[str] = "not_logged_in"
    status: ClassVar[int] = 401


class LogInRefused(HotlineError):
    """Unknown agent or wrong password; which of the two is not told."""

    error_id: ClassVar[str] = "log_in_refused"
    status: ClassVar[int] = 401


UNUSED = ""  # in place of a hash: the first password was never used


@cache
def _nobodys() -> str:
    """Checked for unknown agents, so that they take as long to refuse as known ones.

    Made when it is first needed: argon2 takes its time, and that only once.
    """
    return PasswordHasher().hash(secrets.token_hex())


class Sessions:
    """``lifetime`` is how long a log-in holds."""

    def __init__(self, database: Database, clock: Clock, lifetime: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._lifetime = lifetime
        self._hasher = PasswordHasher()
        self._first: dict[str, str] = {}  # passwords of those who never logged in

    async def put_agent(
        self, agent: str, name: str, role: str, password: str, county: str = "", unit: str = ""
    ) -> None:
        """Create the account with a first password, or bring name, role and place up to date.

        What an administrator has changed by hand (``core.people.accounts``) stays as he made it.
        The password is hashed when it is first used: a city has hundreds, and each takes its time.
        """
        known = await self._database.read(lambda session: session.get(AgentRow, agent))
        told = (name, role, county, unit)
        if known is None or known.password_hash == UNUSED:
            self._first[agent] = password
        if known is not None and (known.by_hand or told == _told(known)):
            return

        def work(session: Session) -> None:
            row = session.get(AgentRow, agent) or AgentRow(
                agent=agent, name=name, role=role, password_hash=UNUSED
            )
            row.name, row.role, row.county, row.unit = told
            session.add(row)

        await self._database.write(work)

    async def hashed(self, password: str) -> str:
        """The password as it is kept; takes its time, in a thread."""
        return await asyncio.to_thread(self._hasher.hash, password)

    def end_all(self, session: Session, agent: str) -> None:
        """End every session of the account, in the unit of work of what ends them."""
        session.exec(delete(SessionRow).where(col(SessionRow.agent) == agent))

    async def log_in(self, agent: str, password: str) -> tuple[str, Viewer]:
        """Returns (token, viewer). Raises ``LogInRefused``."""
        row = await self._database.read(lambda session: session.get(AgentRow, agent))
        if row is not None and row.password_hash == UNUSED and agent in self._first:
            row = await self._hash_the_first(agent)
        hashed = row.password_hash if row else UNUSED
        if hashed == UNUSED:
            hashed = await asyncio.to_thread(_nobodys)
        matches = await asyncio.to_thread(self._matches, hashed, password)
        if not matches or row is None or not row.active:
            raise LogInRefused
        token = secrets.token_urlsafe(32)
        now = self._clock.now()

        def work(session: Session) -> None:
            # While the password was checked the account may have been closed or given another.
            still = session.get(AgentRow, agent, with_for_update=True)
            if still is None or not still.active or still.password_hash != hashed:
                raise LogInRefused
            session.exec(delete(SessionRow).where(col(SessionRow.expires_at) < now))
            session.add(
                SessionRow(
                    token_digest=_digest(token), agent=agent, expires_at=now + self._lifetime
                )
            )

        await self._database.write(work)
        return token, _viewer(row)

    async def _hash_the_first(self, agent: str) -> AgentRow | None:
        hashed = await self.hashed(self._first[agent])

        def work(session: Session) -> AgentRow | None:
            row = session.get(AgentRow, agent, with_for_update=True)
            if row is not None and row.password_hash == UNUSED:  # not given another meanwhile
                row.password_hash = hashed
                session.add(row)
            return row

        row = await self._database.write(work)
        self._first.pop(agent, None)
        return row

    async def viewer(self, token: str) -> Viewer:
        """Raises ``NotLoggedIn``."""

        def work(session: Session) -> Viewer:
            login = session.get(SessionRow, _digest(token))
            if login is None or login.expires_at <= self._clock.now():
                raise NotLoggedIn
            row = session.get(AgentRow, login.agent)
            if row is None or not row.active:
                raise NotLoggedIn
            return _viewer(row)

        return await self._database.read(work)

    async def log_out(self, token: str) -> None:
        def work(session: Session) -> None:
            session.exec(delete(SessionRow).where(col(SessionRow.token_digest) == _digest(token)))

        await self._database.write(work)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


def _told(row: AgentRow) -> tuple[str, str, str, str]:
    return row.name, row.role, row.county, row.unit


def _viewer(row: AgentRow) -> Viewer:
    return Viewer(row.agent, row.name, row.role, row.county, row.unit)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
