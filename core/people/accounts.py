"""Accounts: made, changed, closed and given new passwords by administrators (articles 4 to 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints, WithJsonSchema
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from core.errors import NotFound
from core.loop.responsibility import government_of
from core.people.access import AccessLog
from core.people.errors import AccountExists, AccountInvalid, AdminOnly, LastAdmin
from core.people.logged import Logged, Write
from core.people.places import place_fault
from core.people.roles import Role
from core.policy.book import PolicyBook
from core.ports import Viewer
from core.store.tables import AgentRow
from core.views import View

if TYPE_CHECKING:  # the desk is built with the accounts
    from core.desk.sessions import Sessions

PASSWORD_LENGTH = (8, 256)
PAGE = 500

Number = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,32}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]{1,40}$")]
Place = Annotated[str, StringConstraints(pattern=r"^[0-9a-z_]{0,40}$")]
# Told in the form, checked by ``Accounts``: what is wrong with a password is no matter of form.
Password = Annotated[
    SecretStr,
    WithJsonSchema(
        {
            "type": "string",
            "format": "password",
            "minLength": PASSWORD_LENGTH[0],
            "maxLength": PASSWORD_LENGTH[1],
        }
    ),
]


class AccountForm(BaseModel):
    """What an account is. ``county`` "" is the city; a unit's people need their ``unit``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    role: Role
    county: Place = ""
    unit: Place = ""


class NewAccount(AccountForm):
    agent: Number
    password: Password


class AccountView(View):
    """An account as an administrator sees it."""

    agent: str
    name: str
    role: str
    county: str
    unit: str
    active: bool


class Accounts:
    """Everything is for administrators only and written to the access log.

    An administrator of a county has the accounts of that county and no others, and gives no unit
    but the county's own government: a city's unit has tickets of every county.
    """

    def __init__(
        self,
        write: Write,
        sessions: Sessions,
        policies: Callable[[], PolicyBook],
        log: AccessLog,
    ) -> None:
        self._logged = Logged(write, log)
        self._sessions = sessions
        self._policies = policies

    async def accounts(self, viewer: Viewer, after: str = "") -> list[AccountView]:
        """Up to 500 accounts, by number, after that one. Raises ``AdminOnly``."""

        def work(session: Session) -> list[AccountView]:
            _admin(viewer)
            query = select(AgentRow).where(col(AgentRow.agent) > after)
            if viewer.county:
                query = query.where(AgentRow.county == viewer.county)
            rows = session.exec(query.order_by(col(AgentRow.agent)).limit(PAGE)).all()
            return [_view(row) for row in rows]

        return await self._logged.run(viewer, "read_accounts", "", work)

    async def create(self, viewer: Viewer, form: NewAccount) -> AccountView:
        """Raises ``AdminOnly``, ``AccountInvalid``, ``AccountExists``."""
        hashed = await self._hashed(viewer, form.password)

        def work(session: Session) -> AccountView:
            _admin(viewer, form.county)
            self._check(viewer, form)
            if session.get(AgentRow, form.agent) is not None:
                raise AccountExists(agent=form.agent)
            row = AgentRow(
                agent=form.agent,
                name=form.name,
                role=form.role.value,
                county=form.county,
                unit=form.unit,
                password_hash=hashed,
                by_hand=True,
            )
            session.add(row)
            try:
                session.flush()
            except IntegrityError:  # somebody else made it since we looked
                raise AccountExists(agent=form.agent) from None
            return _view(row)

        return await self._logged.run(viewer, "create_account", form.agent, work)

    async def change(self, viewer: Viewer, agent: str, form: AccountForm) -> AccountView:
        """Another name, role or place; whoever loses or gains rights logs in anew.

        Raises ``AdminOnly``, ``NotFound``, ``AccountInvalid``, ``LastAdmin``.
        """

        def work(session: Session) -> AccountView:
            _admin(viewer, form.county)
            row = _own(session, viewer, agent)
            self._check(viewer, form)
            rights = (row.role, row.county, row.unit)
            if (form.role, form.county) != (Role.ADMIN, ""):
                _leave_an_admin(session, row)
            row.name, row.role = form.name, form.role.value
            row.county, row.unit, row.by_hand = form.county, form.unit, True
            session.add(row)
            if rights != (row.role, row.county, row.unit):
                self._sessions.end_all(session, agent)
            return _view(row)

        return await self._logged.run(viewer, "change_account", agent, work)

    async def deactivate(self, viewer: Viewer, agent: str) -> AccountView:
        """Nobody logs in with it any more; who is logged in is so no longer.

        Raises ``AdminOnly``, ``NotFound``, ``LastAdmin``.
        """

        def work(session: Session) -> AccountView:
            row = _own(session, viewer, agent)
            _leave_an_admin(session, row)
            row.active, row.by_hand = False, True
            session.add(row)
            self._sessions.end_all(session, agent)
            return _view(row)

        return await self._logged.run(viewer, "deactivate_account", agent, work)

    async def activate(self, viewer: Viewer, agent: str) -> AccountView:
        """Raises ``AdminOnly``, ``NotFound``."""

        def work(session: Session) -> AccountView:
            row = _own(session, viewer, agent)
            row.active, row.by_hand = True, True
            session.add(row)
            return _view(row)

        return await self._logged.run(viewer, "activate_account", agent, work)

    async def reset_password(self, viewer: Viewer, agent: str, password: SecretStr) -> None:
        """Whoever is logged in with the old one is so no longer.

        Raises ``AdminOnly``, ``NotFound``, ``AccountInvalid``.
        """
        hashed = await self._hashed(viewer, password)

        def work(session: Session) -> None:
            row = _own(session, viewer, agent)
            row.password_hash = hashed
            session.add(row)
            self._sessions.end_all(session, agent)

        await self._logged.run(viewer, "reset_password", agent, work)

    async def _hashed(self, viewer: Viewer, password: SecretStr) -> str:
        """Raises ``AccountInvalid``. Costs time, which is not spent for those who may not."""
        if viewer.role != Role.ADMIN:
            return ""
        shortest, longest = PASSWORD_LENGTH
        plain = password.get_secret_value()
        if not shortest <= len(plain) <= longest:
            raise AccountInvalid("too short or too long", fields=["password"])
        return await self._sessions.hashed(plain)

    def _check(self, viewer: Viewer, form: AccountForm) -> None:
        """Raises ``AccountInvalid``, ``AdminOnly``."""
        fault = place_fault(form.role, form.county, form.unit, self._policies().pack)
        if fault:
            raise AccountInvalid(fields=[fault])
        if viewer.county and form.unit not in ("", government_of(viewer.county)):
            raise AdminOnly(role=viewer.role)


def _admin(viewer: Viewer, county: str | None = None) -> None:
    """``county`` is where the account will be. Raises ``AdminOnly``."""
    if viewer.role != Role.ADMIN or (county is not None and viewer.county not in ("", county)):
        raise AdminOnly(role=viewer.role)


def _own(session: Session, viewer: Viewer, agent: str) -> AgentRow:
    """An account that is the administrator's to change. Raises ``AdminOnly``, ``NotFound``."""
    _admin(viewer)
    row = session.get(AgentRow, agent, with_for_update=True)
    if row is None or viewer.county not in ("", row.county):
        raise NotFound("no such account", agent=agent)
    return row


def _leave_an_admin(session: Session, leaving: AgentRow) -> None:
    """Raises ``LastAdmin`` when the city would have none without this one."""
    query = select(AgentRow).where(
        AgentRow.role == Role.ADMIN.value, AgentRow.county == "", col(AgentRow.active).is_(True)
    )
    admins = {row.agent for row in session.exec(query.with_for_update()).all()}
    if admins == {leaving.agent}:
        raise LastAdmin(agent=leaving.agent)


def _view(row: AgentRow) -> AccountView:
    return AccountView.model_validate(row, from_attributes=True)
