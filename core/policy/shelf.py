"""The rules as they are now, and how new ones take their place while the hotline runs.

A new book is read and checked beside the old one and replaces it whole, or not at all. A ticket
keeps the version that it was dated by, so no version goes that an open ticket still needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from core.clock import Clock
from core.errors import Conflict, Invalid
from core.policy.book import Policy, PolicyBook
from core.policy.check import check_versions, years
from core.policy.limits import Limits
from core.policy.supervision import Supervision
from core.policy.version import Version

InUse = Callable[[], Awaitable[Collection[str]]]


class PolicyUnsound(Invalid):
    """The check found errors: the rules stay as they were. ``findings`` has them."""

    error_id = "policy_unsound"


class PolicyInUse(Conflict):
    """Open tickets were dated by a version that would be gone (``lost``) or date otherwise."""

    error_id = "policy_in_use"


class PolicyShelf:
    """Holds the book that everybody reads (``current``).

    ``read`` reads the rules' files (it blocks, so it runs in a thread); ``in_use`` tells the
    versions that open tickets were dated by.
    """

    def __init__(
        self,
        book: PolicyBook,
        read: Callable[[], tuple[Version, ...]],
        in_use: InUse,
        clock: Clock,
    ) -> None:
        self._book = book
        self._read = read
        self._in_use = in_use
        self._clock = clock
        self._turn = asyncio.Lock()

    @property
    def current(self) -> PolicyBook:
        return self._book

    async def missing(self) -> list[str]:
        """Versions that open tickets need and nobody has: their acts would be refused."""
        there = {policy.version for policy in self._book.versions}
        return sorted(set(await self._in_use()) - there)

    def years_missing(self) -> list[str]:
        """What the calendar does not know and dates of these days need."""
        calendar = self._book.versions[0].calendar
        found = years(calendar, calendar.day_of(self._clock.now()))
        return [one.detail for one in found if one.level == "error"]

    async def reload(self) -> PolicyBook:
        """Read the rules anew and put them in force; returns them.

        Raises ``PackInvalid``, ``PolicyUnsound`` or ``PolicyInUse``; then nothing has changed.
        """
        async with self._turn:
            new = await asyncio.to_thread(self._sound)
            await self._refuse_losses(new)
            self._book = new
            return new

    def _sound(self) -> PolicyBook:
        versions = self._read()
        found = check_versions(versions, self._clock.now())
        errors = [one.model_dump() for one in found if one.level == "error"]
        if errors:
            raise PolicyUnsound("the rules were not taken", findings=errors)
        return PolicyBook(tuple(version.policy for version in versions))

    async def _refuse_losses(self, new: PolicyBook) -> None:
        """What is in force today may be dating a ticket at this moment: it stays, too.

        The directory and the notices of a version may change: units come and go. What dates a
        ticket may not, it comes with a new version.
        """
        in_use = set(await self._in_use())
        old = {policy.version: policy for policy in self._book.versions}
        held = {policy.version: policy for policy in new.versions}
        lost = {*in_use, self._book.at(self._clock.now()).version} - held.keys()
        changed = {
            version
            for version in in_use & held.keys() & old.keys()
            if _dating(held[version]) != _dating(old[version])
        }
        if lost or changed:
            raise PolicyInUse(
                "open tickets need these versions", lost=sorted(lost), changed=sorted(changed)
            )


def _dating(policy: Policy) -> tuple[Limits, Supervision]:
    return policy.limits, policy.supervision
