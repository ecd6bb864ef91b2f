"""What stands in a city's access log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session, col, select

from core.desk import HotlineDesk
from core.store.loop_tables import AccessRow


async def lines(desk: HotlineDesk) -> list[AccessRow]:
    """Every line, in order."""
    query = select(AccessRow).order_by(col(AccessRow.seq))
    return [*await desk._database.read(lambda session: session.exec(query).all())]


async def last(desk: HotlineDesk) -> tuple[str, str, str, str, str]:
    """Who, what, about which, done or refused, why refused."""
    row = (await lines(desk))[-1]
    return row.actor, row.act, row.subject, row.outcome, row.error_id


async def write(desk: HotlineDesk, work: Callable[[Session], Any]) -> Any:
    """Somebody with his hands in the tables."""
    return await desk._database.write(work)


async def whole(desk: HotlineDesk) -> bool:
    verdict = await desk._database.read(desk.log.verify)
    return verdict.broken_at is None
