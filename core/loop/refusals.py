"""How often a refusal was wrong: overturned upon review, by ground (article 11)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from core.loop.states import Act
from core.store.loop_tables import StepRow

OVERTURNED = "overturned"  # reason of the reviewing step


@dataclass(frozen=True, slots=True)
class Refusals:
    """Refusals of a period and what became of them, whenever that was.

    A refusal may be reviewed more than once, and is overturned at most once.
    """

    refused: int
    reviews: int
    overturned: int

    @property
    def misrefusal_rate(self) -> float:
        """Overturned among refused, 0..1; nothing refused is nothing refused wrongly."""
        return self.overturned / self.refused if self.refused else 0.0


def refusals(session: Session, start: datetime, end: datetime) -> dict[str, Refusals]:
    """By key of the ground, for refusals from ``start`` until before ``end``; "" is all of them."""
    in_period = (
        select(StepRow.number)
        .where(StepRow.act == Act.REFUSE.value, StepRow.at >= start, StepRow.at < end)
        .distinct()
    )
    steps = session.exec(
        select(StepRow)
        .where(
            col(StepRow.number).in_(in_period),
            col(StepRow.act).in_([Act.REFUSE.value, Act.REVIEW_REFUSAL.value]),
        )
        .order_by(StepRow.number, col(StepRow.seq))
    )
    refused: Counter[str] = Counter()
    reviews: Counter[str] = Counter()
    overturned: Counter[str] = Counter()
    last: StepRow | None = None  # the refusal of the period that a review would be about
    for step in steps:
        if step.act == Act.REFUSE:
            last = step if start <= step.at < end else None
            if last is not None:
                refused.update(["", last.reason])
        elif last is not None and last.number == step.number:
            wrong = step.reason == OVERTURNED
            reviews.update(["", last.reason])
            overturned.update(["", last.reason] if wrong else [])
    return {
        ground: Refusals(refused[ground], reviews[ground], overturned[ground])
        for ground in ("", *sorted(set(refused) - {""}))
    }
