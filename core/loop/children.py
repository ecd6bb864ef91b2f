"""What hangs on a ticket: others that were merged into it, and what was split off from it."""

from __future__ import annotations

from sqlmodel import Session, col, or_, select

from core.loop.repository import LoopRepository
from core.loop.states import Act
from core.people.sight_clause import seen_by
from core.ports import Viewer
from core.store.tables import TicketRow


def children(session: Session, viewer: Viewer, number: str) -> tuple[str, ...]:
    """Numbers, in order, of those that the viewer may see; also of those that went on by now."""
    row = TicketRow
    parts = [
        part
        for step in LoopRepository(session).steps(number, Act.SPLIT)
        for part in step.details["into"]
    ]
    # By what hangs on it, not by a county that half the archive has.
    sight = seen_by(viewer, col(row.county).concat(""))
    query = select(row.number).where(or_(row.parent == number, col(row.number).in_(parts)), sight)
    return tuple(session.exec(query.order_by(row.number)))
