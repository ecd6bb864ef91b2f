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
from core.loop.shares import Period, Rates, Share, Slice
from core.people.sight_clause import seen_by
from core.policy.book import PolicyBook
from core.ports import Viewer

__all__ = ["Period", "RateDesk", "Rates", "Share", "Slice"]

Work = Callable[[Callable[[Session], Any]], Awaitable[Any]]


class RateDesk:
    """Everybody gets the figures of what he may see; who may see no ticket gets none."""

    def __init__(self, read: Work, policies: Callable[[], PolicyBook], clock: Clock) -> None:
        self._read = read
        self._policies = policies
        self._clock = clock

    async def rates(
        self, viewer: Viewer, period: Period, by: Slice | None = None
    ) -> dict[str, Rates]:
        """By the values of ``by``; without it all together, under ""."""
        counting = Counting(period, by, seen_by(viewer), self._policies(), self._clock.now())
        found: dict[str, Rates] = await self._read(counting.count)
        return found

    async def agents_ratings(self, period: Period) -> dict[str, Counter[str]]:
        """How often callers gave each agent which key after the talk; nothing of the tickets."""
        found: dict[str, Counter[str]] = await self._read(
            lambda session: ratings_of_agents(session, period)
        )
        return found
