"""Measures of article 47 as rows: their states, and every query for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from core.errors import NotFound
from core.loop.coordination import LARGEST
from core.store.loop_tables import AbuseRow
from core.views import View

LIMIT = "limit"


class MeasureState(StrEnum):
    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    DISMISSED = "dismissed"  # the decider did not follow the proposal
    LIFTED = "lifted"  # upon review: as if it had never been
    EXPIRED = "expired"  # never written: a limit's end passes by itself


S = MeasureState
MEASURE_TRANSITIONS: Mapping[MeasureState, frozenset[MeasureState]] = {
    S.PROPOSED: frozenset({S.IN_FORCE, S.DISMISSED}),
    S.IN_FORCE: frozenset({S.LIFTED, S.EXPIRED}),
    S.DISMISSED: frozenset(),
    S.LIFTED: frozenset(),
    S.EXPIRED: frozenset({S.LIFTED}),
}


class MeasureView(View):
    """A measure without the number and the words: ids, codes and times."""

    id: int
    measure: str
    state: str
    reason: str
    evidence: tuple[str, ...]
    proposed_by: str
    at: datetime
    decided_by: str
    decided_at: datetime | None
    until: datetime | None
    review_asked_at: datetime | None
    reviewed_by: str
    reviewed_at: datetime | None


def record_of(row: AbuseRow) -> str:
    """The name under which its texts are sealed and its accesses are logged."""
    return f"measure-{row.id}"


def state_at(row: AbuseRow, now: datetime) -> MeasureState:
    """An end that has passed needs nobody to write it down."""
    state = MeasureState(row.state)
    over = row.until is not None and now >= row.until
    return S.EXPIRED if state is S.IN_FORCE and over else state


def view(row: AbuseRow, now: datetime) -> MeasureView:
    fields = {name: getattr(row, name) for name in MeasureView.model_fields}
    return MeasureView(**fields | {"state": state_at(row, now).value})


@dataclass(slots=True)
class Measures:
    """The queries, inside one unit of work."""

    session: Session

    def row(self, id: int) -> AbuseRow:
        """Locked for change. Raises ``NotFound``."""
        row = None
        if 1 <= id <= LARGEST:  # no database looks for anything beyond
            row = self.session.get(AbuseRow, id, with_for_update=True, populate_existing=True)
        if row is None:
            raise NotFound("no such measure", measure=id)
        return row

    def of(self, digest: str) -> list[AbuseRow]:
        """All measures against a number, in order."""
        query = select(AbuseRow).where(AbuseRow.caller_digest == digest)
        return [*self.session.exec(query.order_by(col(AbuseRow.id))).all()]

    def limit(self, digest: str, now: datetime) -> AbuseRow | None:
        """The limit in force that ends last."""
        query = select(AbuseRow).where(
            AbuseRow.caller_digest == digest,
            AbuseRow.measure == LIMIT,
            AbuseRow.state == S.IN_FORCE.value,
            col(AbuseRow.until) > now,
        )
        return self.session.exec(query.order_by(col(AbuseRow.until).desc()).limit(1)).first()

    def taken(self, digest: str, measure: str) -> bool:
        """Whether the measure was taken against the number and stood."""
        return any(
            row.measure == measure and row.state == S.IN_FORCE.value for row in self.of(digest)
        )

    def carried(self, digest: str, measures: frozenset[str]) -> frozenset[str]:
        """Pieces of evidence on which one of these measures was taken against the number and
        stood, also where its end has passed."""
        return frozenset(
            piece
            for row in self.of(digest)
            if row.measure in measures and row.state == S.IN_FORCE.value
            for piece in row.evidence
        )

    def proposed(self, digest: str, measure: str) -> bool:
        return any(
            row.measure == measure and row.state == S.PROPOSED.value for row in self.of(digest)
        )

    def to_decide(self, limit: int) -> list[AbuseRow]:
        """What waits for a decision or a review, the oldest first."""
        query = select(AbuseRow).where(
            (col(AbuseRow.state) == S.PROPOSED.value)
            | (col(AbuseRow.review_asked_at).is_not(None) & col(AbuseRow.reviewed_at).is_(None))
        )
        return [*self.session.exec(query.order_by(col(AbuseRow.id)).limit(limit)).all()]
