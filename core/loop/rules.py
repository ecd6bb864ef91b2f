"""The rules as an administrator sees and replaces them, and which of them are in use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Protocol, TypeVar

from sqlmodel import Session, col, select

from core.clock import Clock
from core.errors import HotlineError
from core.loop.errors import ActForbidden
from core.people.roles import Role
from core.policy.book import PolicyBook
from core.policy.shelf import PolicyShelf
from core.ports import Viewer
from core.store.tables import TicketRow
from core.views import View

T = TypeVar("T")
RELOAD = "reload_policy"


class VersionView(View):
    version: str
    effective_from: date
    in_force: bool


class PolicyView(View):
    """The versions of the rules that are loaded, in the order in which they come into force."""

    versions: tuple[VersionView, ...]


class AccessLog(Protocol):
    def enter(
        self, session: Session, viewer: Viewer, act: str, subject: str, error_id: str = ""
    ) -> None: ...


def versions_in_use(session: Session) -> set[str]:
    """Versions that open tickets were dated by; not "", which those have that are older."""
    used = session.exec(select(TicketRow.policy).where(col(TicketRow.open)).distinct()).all()
    return {*used} - {""}


class RulesOffice:
    """Implements ``core.ports.RulesDesk``. Every attempt to replace the rules is logged."""

    def __init__(
        self,
        shelf: PolicyShelf,
        write: Callable[[Callable[[Session], Any]], Awaitable[Any]],
        log: AccessLog,
        clock: Clock,
    ) -> None:
        self._shelf = shelf
        self._write = write
        self._log = log
        self._clock = clock

    async def rules(self, viewer: Viewer) -> PolicyView:
        return self._view(self._shelf.current)

    async def reload(self, viewer: Viewer) -> PolicyView:
        """Take the rules as the files now are.

        Raises ``ActForbidden`` (administrators only), and what ``PolicyShelf.reload`` raises.
        """
        try:
            if viewer.role != Role.ADMIN:
                raise ActForbidden(act=RELOAD, role=viewer.role)
            book = await self._shelf.reload()
        except HotlineError as refused:
            await self._enter(viewer, refused.error_id)
            raise
        await self._enter(viewer, "")
        return self._view(book)

    async def _enter(self, viewer: Viewer, error_id: str) -> None:
        await self._write(lambda session: self._log.enter(session, viewer, RELOAD, "", error_id))

    def _view(self, book: PolicyBook) -> PolicyView:
        in_force = book.at(self._clock.now()).version
        return PolicyView(
            versions=tuple(
                VersionView(
                    version=policy.version,
                    effective_from=policy.meta.effective_from,
                    in_force=policy.version == in_force,
                )
                for policy in book.versions
            )
        )
