"""Lists of tickets and the search in them: what a viewer may see, newest first, page by page.

A page is read along an index in the order in which it is shown and ends with its last line: of what
is at work from an index that holds nothing else, of a unit from its parts, of words from the blind
index. ``docs/benchmarks.md`` has the figures with a million tickets.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session, col, select

from core.clock import Clock
from core.loop.finding import find, looks_near
from core.loop.masking import mask_numbers
from core.loop.query import MOST, Mark, check
from core.loop.secrecy import Mask, mask_for
from core.loop.states import RUNNING
from core.loop.views import TicketLine, TicketPage
from core.people.access import AccessLog
from core.policy.book import PolicyBook
from core.ports import TicketQuery, Viewer
from core.store.tables import RecordKeyRow
from core.store.vault import RecordErased, Vault, VaultBroken

log = logging.getLogger(__name__)

ACT = "list"
TITLE = "title"
# A plan for these values, not for any: how many tickets a word or a unit has makes the difference.
_OWN_PLAN = text("SET LOCAL plan_cache_mode = force_custom_plan")
Work = Callable[[Callable[[Session], Any]], Awaitable[Any]]


class TicketLists:
    """``tickets`` of ``core.ports.WorkDesk``."""

    def __init__(
        self,
        write: Work,
        read: Work,
        vault: Vault,
        policies: Callable[[], PolicyBook],
        log: AccessLog,
        clock: Clock,
    ) -> None:
        self._write = write
        self._read = read
        self._vault = vault
        self._policies = policies
        self._log = log
        self._clock = clock

    async def tickets(self, viewer: Viewer, query: TicketQuery) -> TicketPage:
        """A page of the tickets that are the viewer's to see; the log keeps that he saw them.

        Raises ``QueryInvalid``.
        """
        check(query)
        mark = Mark.read(query.after)
        now = self._clock.now()
        policy = self._policies().at(now)
        masks = {
            level.level: mask_for(viewer.role, level.level, policy.conduct, policy.pack.form)
            for level in policy.conduct.secrecy
        }
        page: TicketPage = await self._read(
            lambda session: self._page(session, viewer, query, mark, masks, now)
        )
        shown = digest([line.number for line in page.lines])
        await self._write(lambda session: self._log.enter(session, viewer, ACT, shown))
        return page

    def _page(
        self,
        session: Session,
        viewer: Viewer,
        query: TicketQuery,
        mark: Mark | None,
        masks: Mapping[int, Mask],
        now: datetime,
    ) -> TicketPage:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(_OWN_PLAN)
        most = min(query.limit, MOST)
        rows: Sequence[Row[Any]] = ()
        if looks_near(session, viewer, query):
            found = find(session, self._vault, viewer, query, mark, masks, near=True)
            rows = session.execute(found.limit(most + 1)).all()
        if len(rows) <= most:
            found = find(session, self._vault, viewer, query, mark, masks)
            rows = session.execute(found.limit(most + 1)).all()
        titles = self._titles(session, rows[:most], masks)
        lines = tuple(
            _line(row, masks.get(row.secrecy), titles.get(row.number, ""), now)
            for row in rows[:most]
        )
        last = Mark(lines[-1].created_at, lines[-1].number) if len(rows) > most else None
        return TicketPage(lines=lines, after=str(last) if last else None)

    def _titles(
        self, session: Session, shown: Sequence[Row[Any]], masks: Mapping[int, Mask]
    ) -> dict[str, str]:
        """What the viewer may read and what opens; an erased ticket has no title any more."""
        readable = {
            level for level, mask in masks.items() if mask.words and TITLE not in mask.hidden
        }
        rows = [row for row in shown if row.secrecy in readable]
        numbers = [row.number for row in rows]
        query = select(RecordKeyRow).where(col(RecordKeyRow.record).in_(numbers))
        keys = session.exec(query).all()  # at once: the session has them at hand while we hold them
        titles = {}
        for row in rows:
            try:
                fields = json.loads(self._vault.open(session, row.number, row.fields_sealed))
            except RecordErased:
                continue
            except VaultBroken:
                # One damaged row must not hide all the others.
                log.error("ticket %s does not open", row.number)
                continue
            title = masks[row.secrecy].text(str(fields.get(TITLE) or ""), fields) or ""
            titles[row.number] = mask_numbers(title, ends=False)  # no list needs one
        del keys
        return titles


def _line(row: Row[Any], mask: Mask | None, title: str, now: datetime) -> TicketLine:
    class_only = mask is None or mask.class_only
    return TicketLine(
        number=row.number,
        state=row.state,
        type=row.type,
        urgency=row.urgency,
        category=row.category,
        county="" if class_only else row.county,
        subject="" if class_only else row.subject,
        unit=row.unit,
        created_at=row.created_at,
        handle_due=row.handle_due,
        overdue=row.state in RUNNING and row.handle_due is not None and row.handle_due < now,
        title=title,
    )


def digest(numbers: Sequence[str]) -> str:
    """How many were shown, and which: short, but whoever has the list can show it was this one."""
    return f"{len(numbers)}-{hashlib.sha256(' '.join(numbers).encode()).hexdigest()[:32]}"
