"""The tables. ``*_sealed`` columns hold text that only the vault can open; the rest is ids."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, LargeBinary, TypeDecorator
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
    """One file of a call's recording, relative to the recording folder."""

    __tablename__: ClassVar[str] = "recording"

    call_id: str = Field(primary_key=True, foreign_key="call.id")
    leg: str = Field(primary_key=True)
    file: str


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
    __tablename__: ClassVar[str] = "ticket"

    number: str = Field(primary_key=True)
    call_id: str | None = Field(default=None, unique=True, foreign_key="call.id")
    state: str = Field(index=True)
    source_line: str = ""
    agent: str = ""
    fields_sealed: bytes = Field(sa_type=LargeBinary)
    caller_digest: str | None = Field(default=None, index=True)
    contact_digest: str | None = Field(default=None, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class AgentRow(SQLModel, table=True):
    """Who may log in to a console. ``password_hash`` is argon2id."""

    __tablename__: ClassVar[str] = "agent"

    agent: str = Field(primary_key=True)
    name: str
    role: str
    password_hash: str


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
