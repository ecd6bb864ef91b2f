"""The rates of a period, recomputed each time from the rows of what happened (articles 38, 42).

Response, solution, satisfaction: of the tickets whose callers were reached, how many said yes to
each of the three questions. In time: of what fell due, how much was signed for or handled by then;
what nobody has touched counts as late. A ticket counts once a period, with its last answer in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from sqlmodel import Session

from core.clock import Clock
from core.loop.counting import Counting, ratings_of_agents
from core.loop.errors import ActForbidden
from core.loop.shares import Period, Rates, Share, Slice
from core.people.access import AccessLog
from core.people.logged import Logged
from core.people.roles import ABOVE, Role
from core.people.sight_clause import seen_by
from core.policy.book import PolicyBook
from core.ports import Viewer

__all__ = ["Period", "RateDesk", "Rates", "Share", "Slice"]

Work = Callable[[Callable[[Session], Any]], Awaitable[Any]]
HEADS = ABOVE | {Role.SUPERVISOR}


class RateDesk:
    """For the hotline's heads and those above it: the figures of what each of them may see. A
    unit's head gets his own unit's. Every look is in the access log before it is taken."""

    def __init__(
        self,
        write: Work,
        read: Work,
        policies: Callable[[], PolicyBook],
        log: AccessLog,
        clock: Clock,
    ) -> None:
        self._logged = Logged(write, log)
        self._read = read
        self._policies = policies
        self._clock = clock

    async def rates(
        self, viewer: Viewer, period: Period, by: Slice | None = None
    ) -> dict[str, Rates]:
        """By the values of ``by``; without it all together, under "". Raises ``ActForbidden``."""
        of_unit = viewer.role == Role.UNIT_HEAD
        await self._admit(viewer, "read_rates", of_unit or viewer.role in HEADS)
        counting = Counting(
            period,
            by,
            seen_by(viewer),
            self._policies(),
            self._clock.now(),
            viewer.unit if of_unit else None,
        )
        found: dict[str, Rates] = await self._read(counting.count)
        return found

    async def agents_ratings(self, viewer: Viewer, period: Period) -> dict[str, Counter[str]]:
        """How often callers gave each agent which key after the talk; nothing of the tickets.

        A call has no county, so these are the whole city's or nobody's. Raises ``ActForbidden``.
        """
        city = viewer.role in HEADS and not viewer.county
        await self._admit(viewer, "read_agents_ratings", city)
        found: dict[str, Counter[str]] = await self._read(
            lambda session: ratings_of_agents(session, period)
        )
        return found

    async def _admit(self, viewer: Viewer, act: str, may: bool) -> None:
        """A line of its own: the counting itself must keep no writer waiting."""

        def work(_: Session) -> None:
            if not may:
                raise ActForbidden(act=act, role=viewer.role)

        await self._logged.run(viewer, act, "", work)
