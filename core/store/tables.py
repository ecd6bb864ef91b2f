"""The tables. ``*_sealed`` columns hold text that only the vault can open; the rest is ids."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, Index, LargeBinary, TypeDecorator, text
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """Timezone-aware UTC on every database; SQLite has no zone of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        stamp: datetime = value
        return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)


class CallRow(SQLModel, table=True):
    __tablename__: ClassVar[str] = "call"

    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    dialled: str = ""
    source_line: str = ""
    caller_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    caller_digest: str | None = Field(default=None, index=True)
    name_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    channel: str = ""
    linkedid: str = ""
    flow: str = ""
    keys: str = ""
    enterprise: bool = False
    queue: str | None = None
    agent: str | None = Field(default=None, index=True)
    agent_channel: str = ""
    transcript: str = "none"
    rating: str | None = None
    cause: int | None = None
    arrived_at: datetime = Field(sa_type=UtcDateTime, index=True)
    queued_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    offered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    connected_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    talk_ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RecordingRow(SQLModel, table=True):
    """One file of a call's recording, relative to the recording folder.

    ``erase``: nobody hears it any more, and the file is to be deleted; then ``file`` is empty.
    """

    __tablename__: ClassVar[str] = "recording"

    call_id: str = Field(primary_key=True, foreign_key="call.id")
    leg: str = Field(primary_key=True)
    file: str
    erase: bool = False


class SegmentRow(SQLModel, table=True):
    __tablename__: ClassVar[str] = "segment"

    id: str = Field(primary_key=True)
    call_id: str = Field(index=True, foreign_key="call.id")
    leg: str
    party: str
    start_ms: int
    end_ms: int
    text_sealed: bytes = Field(sa_type=LargeBinary)
    engine: str
    confidence: float | None = None


class DraftRow(SQLModel, table=True):
    """A call's draft; ``fields_sealed`` is JSON of the ``FieldView`` of every field."""

    __tablename__: ClassVar[str] = "draft"

    call_id: str = Field(primary_key=True, foreign_key="call.id")
    version: int = 0
    fields_sealed: bytes = Field(sa_type=LargeBinary)
    ticket: str | None = None


class TicketRow(SQLModel, table=True):
    """A ticket as it stands: what decides about it is a column, personal text is sealed.

    ``policy`` is the version of the rules by which it was dated, ``first_unit`` never changes once
    set. ``open`` is False once it is archived: every list of what is at work looks at it first.
    ``version`` counts the steps.
    """

    __tablename__: ClassVar[str] = "ticket"
    __table_args__ = (
        # What is at work, newest first, with everything a list asks for beside it: a list's cost
        # grows with the tickets that are open, not with the archive (core.loop.lists).
        Index(
            "ix_ticket_open",
            "created_at",
            "number",
            "state",
            "type",
            "urgency",
            "subject",
            "category",
            "county",
            "unit",
            "handle_due",
            "secrecy",
            "agent",
            sqlite_where=text("open = 1"),  # as it is asked for there
            postgresql_where=text("open"),
        ),
        # All there ever was, newest first: of the city, of a county, of a unit.
        Index("ix_ticket_newest", "created_at", "number"),
        Index("ix_ticket_county", "county", "created_at", "number"),
        Index("ix_ticket_unit", "unit", "created_at", "number"),
    )

    number: str = Field(primary_key=True)
    call_id: str | None = Field(default=None, unique=True, foreign_key="call.id")
    state: str
    open: bool = True
    version: int = 0
    source_line: str = ""
    channel: str = ""
    agent: str = ""  # who registered it
    fields_sealed: bytes = Field(sa_type=LargeBinary)
    caller_digest: str | None = Field(default=None, index=True)
    contact_digest: str | None = Field(default=None, index=True)
    place_digest: str | None = Field(default=None, index=True)  # of district and address
    created_at: datetime = Field(sa_type=UtcDateTime)
    county: str = ""  # code of the district in which the matter is
    type: str = ""
    urgency: str = ""
    category: str = ""  # code of the class
    subject: str = ""  # individual, enterprise, trader, other body (article 49 of the explanation)
    enterprise: bool = False
    fast_track: bool = False  # harm to the business environment (article 32)
    enforcement: bool = False  # about enforcement against an enterprise (article 33)
    retaliation: bool = False  # article 48
    secrecy: int = 0  # core.loop.secrecy
    accused: str = ""  # key of the unit complained about: it never handles the ticket
    route: str = ""  # the row of the decision table that was followed
    policy: str = ""
    directory_line: str = ""
    first_unit: str = ""
    unit: str = ""  # who answers for it now
    designated: bool = False  # by the hotline: no return any more
    dispatches: int = 0
    returns: int = 0
    postponements: int = 0
    redone: int = 0
    ladder: int = 0  # how often the supervision began at its foot: with a unit, by a resolution
    countersigned_by: str = ""
    sign_due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handle_due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handle_unit: str = ""  # in what the handling limit counts (core.policy.figures)
    left: int = 0  # of the handling limit while suspended (core.policy.deadlines.left)
    dispatched_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    archived_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    parent: str | None = Field(default=None, index=True)  # the main ticket this one is merged into
    parent_kind: str = ""  # repeat: same caller; event: another caller, called back by himself


class AgentRow(SQLModel, table=True):
    """An account: who may log in, as what (``core.people.roles``), and at which place.

    ``county`` "" is the city, ``unit`` "" no unit. ``password_hash`` is argon2id, "" until the
    first log-in. ``by_hand``: an administrator has made or changed it, so the site's file does
    not any more.
    """

    __tablename__: ClassVar[str] = "agent"

    agent: str = Field(primary_key=True)
    name: str
    role: str
    password_hash: str
    county: str = ""
    unit: str = ""
    active: bool = True
    by_hand: bool = False


class SessionRow(SQLModel, table=True):
    """A console's log-in; only a digest of the token is kept."""

    __tablename__: ClassVar[str] = "console_session"

    token_digest: str = Field(primary_key=True)
    agent: str = Field(index=True, foreign_key="agent.agent")
    expires_at: datetime = Field(sa_type=UtcDateTime)


class EventRow(SQLModel, table=True):
    """The outbox: written with the change it tells of, given its cursor after that commit.

    ``subject`` is the id of the row that changed, ``audience`` the agent whom it concerns
    ("" = everyone, "-" = nobody yet); no personal text.
    """

    __tablename__: ClassVar[str] = "event"

    id: int | None = Field(default=None, primary_key=True)
    cursor: int | None = Field(default=None, unique=True)
    kind: str
    subject: str
    audience: str = ""
    at: datetime = Field(sa_type=UtcDateTime)


class RecordKeyRow(SQLModel, table=True):
    """A record's data key, wrapped by the master key; empty once it was destroyed."""

    __tablename__: ClassVar[str] = "record_key"

    record: str = Field(primary_key=True)
    wrapped: bytes = Field(sa_type=LargeBinary)


class CounterRow(SQLModel, table=True):
    """Numbers that must never repeat, such as a day's ticket numbers."""

    __tablename__: ClassVar[str] = "counter"

    name: str = Field(primary_key=True)
    value: int = 0
