"""The log of who read or tried what, chained so that a later change betrays itself (39, 46).

Each row's digest covers the row before it. A record of its own holds how many rows there are and
the last one's digest, sealed, so that rows cut off at the end are missed, too. Whoever can put the
whole database back to an earlier day puts both back: against that helps only a figure kept
elsewhere (``Verdict.rows`` and ``Verdict.head``).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Literal

from sqlalchemy import literal, union_all
from sqlalchemy import select as sa_select
from sqlmodel import Session, SQLModel, col, select, text

from core.clock import Clock
from core.people.roles import Role
from core.ports import Viewer
from core.store.loop_tables import AccessHeadRow, AccessRow, PageRow, StepRow

FIRST = "0" * 64
BATCH = 5000
_HEAD = 1  # there is one
_HEADS = SQLModel.metadata.tables["access_head"]
_BEGIN = text(
    "INSERT INTO access_head (id, entries, digest, seal) VALUES (1, 0, :first, '') "
    "ON CONFLICT (id) DO NOTHING"
)
_END = sa_select(_HEADS.c.entries, _HEADS.c.digest).where(_HEADS.c.id == _HEAD).with_for_update()
_MOVE = _HEADS.update().where(_HEADS.c.id == _HEAD)
_ADD = SQLModel.metadata.tables["access"].insert()
# Two may show the same page for the first time at once.
_KEEP = text(
    "INSERT INTO access_page (number, page) VALUES (:number, :page) "
    "ON CONFLICT (number, page) DO NOTHING"
)

# What may stand in the log for ever: the id of a record. A number typed into the wrong place may be
# somebody's telephone.
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._@-]{0,63}", re.ASCII)
_TELEPHONE = re.compile(r"[0-9]{7,12}", re.ASCII)
NO_ID = "?"

Break = Literal["row", "end", "seal"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``rows`` are whole, ``head`` is the last whole row's digest.

    ``broken_at`` is the first row that is not as it was written, ``why`` in what way: a ``row``
    was changed, put in or taken out; rows are missing at the ``end``, or there are more than were
    written; the ``seal`` of the end is not ours. Both are None while the log is whole.
    """

    rows: int
    head: str
    broken_at: int | None = None
    why: Break | None = None


class AccessLog:
    """``key`` signs the chain: whoever can write the table but not read the key cannot mend it."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def enter(
        self, session: Session, viewer: Viewer, act: str, subject: str, error_id: str = ""
    ) -> None:
        """One line, in the unit of work of what it tells of.

        One chain has one end: the next one who adds to it waits for our commit, so this comes last
        in a unit of work.
        """
        self.enter_each(session, viewer, act, (subject,), error_id)

    def enter_each(
        self,
        session: Session,
        viewer: Viewer,
        act: str,
        subjects: Iterable[str],
        error_id: str = "",
    ) -> None:
        """A line for each subject of one act, as ``enter`` writes one."""
        session.flush()
        run = session.connection().execute  # columns, not entities: this follows every act
        end = run(_END).first()
        if end is None:
            run(_BEGIN, {"first": FIRST})
            end = run(_END).one()
        entries, digest, rows = end.entries, end.digest, []
        for entries, subject in enumerate(subjects, end.entries + 1):
            row = AccessRow(
                seq=entries,
                at=self._clock.now(),
                actor=viewer.agent,
                role=viewer.role,
                act=act,
                subject=_id(subject),
                outcome="refused" if error_id else "done",
                error_id=error_id,
                digest="",
            )
            digest = row.digest = self._digest(row, digest)
            rows.append(row.model_dump())
        if not rows:
            return
        head = AccessHeadRow(id=_HEAD, entries=entries, digest=digest, seal="")
        head.seal = self._seal(head)
        run(_ADD, rows)
        run(_MOVE, head.model_dump(exclude={"id"}))

    def enter_page(
        self, session: Session, viewer: Viewer, act: str, numbers: Sequence[str]
    ) -> None:
        """One line for a page of records; which they were is kept once for all who see the same."""
        page = digest_of(numbers)
        first = {"number": numbers[0], "page": page} if numbers else None
        if first is not None and session.get(PageRow, first) is None:
            shown = [{"number": number, "page": page} for number in numbers]
            session.connection().execute(_KEEP, shown)
        self.enter(session, viewer, act, page)

    def of(
        self, session: Session, subjects: Sequence[str], after: int = 0, limit: int = BATCH
    ) -> Sequence[AccessRow]:
        """Who read or tried one of these, in order, after the line of that number; also in a page
        of a list."""
        pages = select(PageRow.page).where(col(PageRow.number).in_(subjects))
        named = [select(literal(subject)) for subject in subjects]
        return session.exec(
            select(AccessRow)
            .where(col(AccessRow.subject).in_(union_all(pages, *named)), AccessRow.seq > after)
            .order_by(col(AccessRow.seq))
            .limit(limit)
        ).all()

    def verify(self, session: Session) -> Verdict:
        """Walk the whole chain; says where it first breaks.

        Lines that come meanwhile do no harm: what counts is the end as it was when we began.
        """
        end = session.get(AccessHeadRow, _HEAD)
        acted = _somebody_acted(session)
        if end is not None:
            session.expunge(end)
        count, before, reached = 0, FIRST, end is None or end.entries == 0
        for row in self._all(session):
            if row.seq != count + 1 or row.digest != self._digest(row, before):
                return Verdict(count, before, min(row.seq, count + 1), "row")
            count, before = row.seq, row.digest
            reached = reached or (end is not None and (end.entries, end.digest) == (count, before))
        if end is not None and not hmac.compare_digest(end.seal, self._seal(end)):
            return Verdict(count, before, count + 1, "seal")
        emptied = (end is None or end.entries == 0) and (count > 0 or acted)
        if emptied or not reached:
            return Verdict(count, before, count + 1, "end")
        return Verdict(count, before)

    def _all(self, session: Session) -> Iterator[AccessRow]:
        """Every line, in order; a log of years does not fit into memory at once."""
        query = select(AccessRow).order_by(col(AccessRow.seq)).limit(BATCH)
        rows = session.exec(query).all()
        while rows:
            yield from rows
            session.expunge_all()
            rows = session.exec(query.where(col(AccessRow.seq) > rows[-1].seq)).all()

    def _digest(self, row: AccessRow, before: str) -> str:
        return self._signed(
            "row",
            before,
            str(row.seq),
            row.at.astimezone(UTC).isoformat(),
            row.actor,
            row.role,
            row.act,
            row.subject,
            row.outcome,
            row.error_id,
        )

    def _seal(self, end: AccessHeadRow) -> str:
        return self._signed("end", str(end.entries), end.digest)

    def _signed(self, *parts: str) -> str:
        # With its length before each part no two lines have the same form.
        form = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.new(self._key, form.encode(), hashlib.sha256).hexdigest()


def digest_of(numbers: Sequence[str]) -> str:
    """How many were shown, and which: short, but whoever has the list can show it was this one."""
    return f"{len(numbers)}-{hashlib.sha256(' '.join(numbers).encode()).hexdigest()[:32]}"


def _id(subject: str) -> str:
    fits = subject == "" or (_ID.fullmatch(subject) and not _TELEPHONE.fullmatch(subject))
    return subject if fits else NO_ID


def _somebody_acted(session: Session) -> bool:
    """An act leaves a step and a line: with steps and without lines the log was emptied."""
    query = select(StepRow.id).where(StepRow.role != Role.SYSTEM.value).limit(1)
    return session.exec(query).first() is not None
