"""What a person gets to see of the loop: already masked for him, never a row."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from core.views import View


class WaitingLine(View):
    """Something that waits: a request (``kind`` return, postponement, suspension, termination,
    review), a problem, or feedback that is owed. ``unit`` asked for it or owes it; empty where the
    caller did. ``due`` None: it has no term of its own."""

    number: str
    kind: str
    unit: str
    unit_name: str
    asked_at: datetime
    due: datetime | None
    overdue: bool


class WaitingPage(View):
    """``after`` asks for the next page; None: there is none."""

    lines: tuple[WaitingLine, ...]
    after: str | None


class TicketDetail(View):
    """A ticket for one viewer. ``fields`` are the form's, masked; ``hidden`` names what is not
    shown at all; ``erased``: its text was lawfully deleted. Times are UTC. ``acts`` are what this
    viewer may do to it now. ``parent`` is the main ticket that it was merged into; ``children``,
    as far as this viewer sees them, what was merged into it or split off from it; ``waiting`` what
    of it is still to be decided, or owed. ``call_id``, for whoever may have a telephone console, is
    the call it was told in, by which its recording is heard; also of what was split off."""

    number: str
    state: str
    version: int
    type: str
    urgency: str
    category: str
    county: str
    subject: str
    enterprise: bool
    fast_track: bool
    secrecy: int
    unit: str
    unit_name: str
    first_unit: str
    policy: str
    created_at: datetime
    sign_due: datetime | None
    handle_due: datetime | None
    answered_at: datetime | None
    archived_at: datetime | None
    parent: str | None
    fields: dict[str, JsonValue]
    hidden: tuple[str, ...]
    acts: tuple[str, ...]
    erased: bool = False
    children: tuple[str, ...] = ()
    call_id: str | None = None
    waiting: tuple[WaitingLine, ...] = ()


class StepView(View):
    """One step of the history; ``words`` None where there are none or they are not the viewer's."""

    seq: int
    act: str
    source: str
    target: str
    actor: str
    role: str
    unit: str
    at: datetime
    article: str
    reason: str
    words: str | None
    details: dict[str, JsonValue]
    policy: str


class TicketLine(View):
    """A ticket in a list: nothing personal."""

    number: str
    state: str
    type: str
    urgency: str
    category: str
    county: str
    subject: str
    unit: str
    created_at: datetime
    handle_due: datetime | None
    overdue: bool
    title: str  # empty where the viewer may not read it


class TicketPage(View):
    """``after`` asks for the next page; None: there is none."""

    lines: tuple[TicketLine, ...]
    after: str | None


class MeetingItem(View):
    """A ticket on a meeting's list, and what was resolved about it."""

    number: str
    unit: str
    due: datetime | None
    resolved_at: datetime | None


class MeetingView(View):
    """A joint meeting (article 21); ``minutes`` None: not held yet, or not the viewer's."""

    meeting: int
    county: str
    called_by: str
    called_at: datetime
    planned_at: datetime
    held_at: datetime | None
    units: tuple[str, ...]
    minutes: str | None
    items: tuple[MeetingItem, ...]
