"""Who has which part of a ticket, and how far it is (article 18)."""

from __future__ import annotations

from datetime import datetime

from core.loop.repository import LoopRepository
from core.loop.responsibility import name_of
from core.pack import CityPack
from core.views import View


class PartView(View):
    """``part`` main or assist, ``state`` open, signed or done; what was found stays with the unit
    until the main one sums it up."""

    unit: str
    name: str
    part: str
    state: str
    given_at: datetime
    due: datetime | None
    done_at: datetime | None
    late: bool


def parts(rows: LoopRepository, pack: CityPack, number: str, now: datetime) -> tuple[PartView, ...]:
    """In the order in which they were given; withdrawn ones left out."""
    return tuple(
        PartView(
            unit=task.unit,
            name=name_of(pack, task.unit),
            part=task.part,
            state=task.state,
            given_at=task.given_at,
            due=task.due,
            done_at=task.done_at,
            late=task.due is not None and (task.done_at or now) > task.due,
        )
        for task in rows.tasks(number)
    )
