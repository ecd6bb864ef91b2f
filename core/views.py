"""What a console may see: the views that leave the core, as Pydantic models.

They are the payload of the console's messages and of its HTTP answers; their JSON Schema is
published. Times are UTC, ISO 8601; ``*_ms`` count from the call's answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from core.calls import CallState, Leg


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


class AgentView(View):
    """An agent as everyone sees him. ``state`` mirrors Asterisk, it is never invented here."""

    agent: str
    name: str
    state: Literal["signed_out", "unreachable", "free", "ringing", "talking", "wrap_up", "paused"]
    reason: str = ""
    queues: tuple[str, ...] = ()
    call_id: str | None = None


class Evidence(View):
    """Where a field's value comes from: words of one segment (or the caller id, keys, history)."""

    source: Literal["segment", "caller_id", "dialled", "keys", "history", "agent", "rule"]
    segment_id: str | None = None
    words: str = ""


class FieldView(View):
    """One field of a draft. ``confidence`` 0..1; ``touched`` means an agent has set it himself."""

    value: JsonValue
    confidence: float
    evidence: tuple[Evidence, ...] = ()
    touched: bool = False


class DraftView(View):
    """The draft ticket of a call; field names are the keys of the city pack's ticket form."""

    call_id: str
    version: int
    fields: dict[str, FieldView]
    submitted: str | None = None  # the ticket's number


class SegmentView(View):
    segment_id: str
    call_id: str
    leg: Leg
    party: str
    start_ms: int
    end_ms: int
    text: str
    engine: str
    final: bool


class CallView(View):
    call_id: str
    state: CallState
    caller_number: str | None
    dialled: str
    source_line: str
    line_name: str
    queue: str | None = None
    agent: str | None = None
    keys: str = ""
    arrived_at: datetime
    queued_at: datetime | None = None
    offered_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    transcript: str = "none"  # none | live | ended | lost, or why there is none
    recordings: tuple[str, ...] = ()
    # numbers of this caller's open tickets, newest first; None: not looked up yet
    open_tickets: tuple[str, ...] | None = ()


class TicketView(View):
    """A ticket as a console has it; in an event ``fields`` are empty: to read them, ask for it."""

    number: str
    call_id: str | None
    state: str
    created_at: datetime
    agent: str
    fields: dict[str, JsonValue]


class SystemView(View):
    """How the parts stand, for the console's status line."""

    ami: str
    engine: str | None
    engine_reason: str = ""
    recording: str = ""  # why calls are not (all) recorded: an error id; empty while they are
    keeping: str = ""  # why what happens is not stored at once: an error id; empty while it is


EventKind = Literal["call", "segment", "draft", "ticket", "agent", "system", "partial"]


class Event(View):
    """One change. ``cursor`` orders all stored events of the hotline.

    What only passes has cursor 0: never stored, never replayed. A ``partial`` does, which carries
    a segment, a ``call``, a ``segment`` or a ``draft`` that is told before it is stored (its stored
    event follows), and a ``system`` that tells of a database that is away.
    Exactly the payload that ``kind`` names is set. ``at`` is when it happened.
    """

    cursor: int
    kind: EventKind
    at: datetime
    call: CallView | None = None
    segment: SegmentView | None = None
    draft: DraftView | None = None
    ticket: TicketView | None = None
    agent: AgentView | None = None
    system: SystemView | None = None


class SnapshotView(View):
    """Everything a console needs to draw itself; events after ``cursor`` follow."""

    cursor: int
    calls: tuple[CallView, ...]
    segments: tuple[SegmentView, ...]
    drafts: tuple[DraftView, ...]
    agents: tuple[AgentView, ...]
    system: SystemView
