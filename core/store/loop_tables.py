"""The tables of the work-order engine: what happened to a ticket and what is still due.

Free text of people is sealed under the ticket's key (``*_sealed``); everything else is ids, codes
and times.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.dialects.sqlite import INTEGER
from sqlmodel import Field, SQLModel

from core.store.tables import UtcDateTime

_WAITING = text("state = 'waiting'")
_OPEN = text("state = 'open'")
_OWED = text("feedback_due IS NOT NULL AND feedback_at IS NULL")
# An INTEGER PRIMARY KEY is the row's own id on SQLite, to which FTS5 refers.
_PLACE = BigInteger().with_variant(INTEGER(), "sqlite")
_WORDS = Text().with_variant(TSVECTOR(), "postgresql")


class StepRow(SQLModel, table=True):
    """One act on a ticket: who, when, by which article, why. Never changed, never removed."""

    __tablename__: ClassVar[str] = "step"
    __table_args__ = (
        UniqueConstraint("number", "seq"),
        # Which tickets are left out of the rates (core.loop.rates).
        Index(
            "ix_step_exempt",
            "number",
            sqlite_where=text("act = 'exempt'"),
            postgresql_where=text("act = 'exempt'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(foreign_key="ticket.number")  # found by the constraint's index
    seq: int
    act: str
    source: str
    target: str
    actor: str
    role: str
    unit: str = ""
    at: datetime = Field(sa_type=UtcDateTime)
    article: str
    reason: str = ""  # a code of the policy
    words_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # ids, codes, figures
    policy: str = ""


class WordsRow(SQLModel, table=True):
    """The words of a ticket's text as keyed hashes, blanks between (``core.search.blind``).

    ``id`` is the ticket's place in the order of registration, ``open`` the ticket's.
    """

    __tablename__: ClassVar[str] = "ticket_words"
    __table_args__ = (
        Index("ix_ticket_words_words", "words", postgresql_using="gin").ddl_if("postgresql"),
        Index(
            "ix_ticket_words_open", "words", postgresql_using="gin", postgresql_where=text("open")
        ).ddl_if("postgresql"),
    )

    id: int = Field(primary_key=True, sa_type=_PLACE)
    number: str = Field(unique=True, foreign_key="ticket.number")
    open: bool = True
    words: str = Field(sa_type=_WORDS)


class TaskRow(SQLModel, table=True):
    """A unit's part of a ticket: the main unit's (``part`` main) or an assisting one's.

    ``created_at`` and ``open`` are the ticket's: a unit's list is read from its parts, newest
    first.
    """

    __tablename__: ClassVar[str] = "task"
    __table_args__ = (
        Index("ix_task_open", "unit", "open", "created_at", "number"),
        Index("ix_task_newest", "unit", "created_at", "number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(index=True, foreign_key="ticket.number")
    created_at: datetime = Field(sa_type=UtcDateTime)
    open: bool = True
    unit: str
    part: str  # main | assist
    state: str = "open"  # open | signed | done | withdrawn
    sign_due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    given_at: datetime = Field(sa_type=UtcDateTime)
    signed_by: str = ""
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    result_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)


class RequestRow(SQLModel, table=True):
    """What somebody asked for and somebody else decides: a return, more time, a review."""

    __tablename__: ClassVar[str] = "request"
    __table_args__ = (
        # What waits, the oldest first: few of all that were ever asked (core.loop.waiting).
        Index("ix_request_open", "asked_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(index=True, foreign_key="ticket.number")
    kind: str  # return | postponement | suspension | termination | review | recording
    unit: str = ""
    asked_by: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    reason: str
    words_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    workdays: int = 0  # how much more time is asked for
    level: int = 1  # who has to decide: 1 the hotline, 2 the authority above it
    state: str = "open"  # open | granted | refused | void
    decided_by: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TimerRow(SQLModel, table=True):
    """Something that is due at a moment and happens once. ``round`` tells a re-dated one apart.

    ``subject`` is a ticket's number or another record's id, ``kind`` what is to be done.
    """

    __tablename__: ClassVar[str] = "timer"
    __table_args__ = (
        UniqueConstraint("subject", "kind", "round"),
        # What is due is found without looking at what was, or at what will be.
        Index("ix_timer_due", "due_at", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    id: int | None = Field(default=None, primary_key=True)
    subject: str = Field(index=True)
    kind: str
    round: int = 0
    due_at: datetime = Field(sa_type=UtcDateTime)
    state: str = "waiting"  # waiting | fired | void | stuck: it failed too often
    attempts: int = 0  # that failed
    fired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class FollowUpRow(SQLModel, table=True):
    """One attempt to reach the caller after the answer (article 38)."""

    __tablename__: ClassVar[str] = "follow_up"

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(index=True, foreign_key="ticket.number")
    round: int = 0  # 1 after the matter was handled a second time
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    reached: bool
    contacted: bool | None = None  # has the unit spoken with the caller?
    solved: bool | None = None
    satisfied: bool | None = None
    words_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)


class RatingRow(SQLModel, table=True):
    """The caller's rating of the unit's work; the agent's is the call's (``call.rating``)."""

    __tablename__: ClassVar[str] = "rating"

    number: str = Field(primary_key=True, foreign_key="ticket.number")
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    level: int | None = None  # 1 the best .. 5; None: the caller did not want to rate
    unit: str = ""


class SupervisionRow(SQLModel, table=True):
    """A rung of the ladder that a ticket has reached (article 37)."""

    __tablename__: ClassVar[str] = "supervision"
    __table_args__ = (
        UniqueConstraint("number", "rung", "round"),
        Index("ix_supervision_owed", "at", "id", sqlite_where=_OWED, postgresql_where=_OWED),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(index=True, foreign_key="ticket.number")
    rung: str
    round: int = 0  # the ticket's ``ladder`` at that time
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    unit: str = ""
    enterprise: bool = False
    feedback_due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    feedback_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    feedback_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)


class ProblemRow(SQLModel, table=True):
    """A hard problem on its way up (article 27): one row a level."""

    __tablename__: ClassVar[str] = "problem"
    __table_args__ = (
        Index("ix_problem_open", "raised_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(index=True, foreign_key="ticket.number")
    level: int
    raised_by: str
    raised_at: datetime = Field(sa_type=UtcDateTime)
    due: datetime = Field(sa_type=UtcDateTime)
    state: str = "open"  # open | decided | returned | raised | settled: answered meanwhile
    opinion: str = ""  # the unit that the decision designates, if it does
    words_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    decided_by: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MeetingRow(SQLModel, table=True):
    """A joint meeting (article 21) about a set of tickets."""

    __tablename__: ClassVar[str] = "meeting"

    id: int | None = Field(default=None, primary_key=True)
    county: str = ""
    called_by: str
    called_at: datetime = Field(sa_type=UtcDateTime)
    planned_at: datetime = Field(sa_type=UtcDateTime)
    held_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    units: list[str] = Field(default_factory=list, sa_type=JSON)
    minutes_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)


class MeetingTicketRow(SQLModel, table=True):
    """A ticket on a meeting's list, and what was resolved about it."""

    __tablename__: ClassVar[str] = "meeting_ticket"

    meeting: int = Field(primary_key=True, foreign_key="meeting.id")
    number: str = Field(primary_key=True, foreign_key="ticket.number")
    unit: str = ""
    due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AbuseRow(SQLModel, table=True):
    """A measure of article 47 against one number, known by its digest; never taken by itself.

    Its texts are sealed under ``measure-<id>``.
    """

    __tablename__: ClassVar[str] = "abuse"

    id: int | None = Field(default=None, primary_key=True)
    caller_digest: str = Field(index=True)
    measure: str  # persuade | warn | limit | police
    state: str = "proposed"  # core.loop.measures.MeasureState
    proposed_by: str
    at: datetime = Field(sa_type=UtcDateTime)
    decided_by: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = ""  # a code of the policy
    words_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    decision_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    evidence: list[str] = Field(default_factory=list, sa_type=JSON)  # call ids, ticket numbers
    review_asked_by: str = ""
    review_asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reviewed_by: str = ""
    reviewed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    review_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    number_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    policy: str = ""


class NoticeRow(SQLModel, table=True):
    """Something that a caller, a unit or its head has to be told (告知).

    ``number`` is the ticket's, or another record's id; the texts are sealed under it. ``receipt``
    is the adapter's, or the error id of what failed.
    """

    __tablename__: ClassVar[str] = "notice"

    id: int | None = Field(default=None, primary_key=True)
    number: str | None = Field(default=None, index=True)
    template: str
    recipient: str  # caller | unit:<key> | head:<key> | authority | ...
    channel: str = "sms"
    address_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    text_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    at: datetime = Field(sa_type=UtcDateTime)
    state: str = "waiting"  # waiting | sent | received | failed | void
    attempts: int = 0
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    receipt: str = ""


class AccessRow(SQLModel, table=True):
    """Who read or tried what (article 39), chained: each row's digest covers the one before."""

    __tablename__: ClassVar[str] = "access"

    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str = Field(index=True)
    role: str
    act: str
    subject: str = Field(index=True)
    outcome: str  # done | refused
    error_id: str = ""
    digest: str


class PageRow(SQLModel, table=True):
    """A ticket that stood on a page of a list; ``page`` is the subject of the page's lines in the
    access log, a digest of all its numbers in order."""

    __tablename__: ClassVar[str] = "access_page"

    number: str = Field(primary_key=True)
    page: str = Field(primary_key=True)


class AccessHeadRow(SQLModel, table=True):
    """Where the access log ends; ``seal`` signs both figures, so that a cut-off end shows."""

    __tablename__: ClassVar[str] = "access_head"

    id: int = Field(primary_key=True)
    entries: int
    digest: str
    seal: str
