"""A desk and a switchboard in memory: the console's neighbours, without the hotline."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.bus import Bus
from core.calls import CallState, Leg
from core.errors import Conflict, HotlineError, NotFound
from core.ports import Viewer
from core.views import (
    AgentView,
    CallView,
    DraftView,
    Event,
    Evidence,
    FieldView,
    SegmentView,
    SnapshotView,
    SystemView,
    TicketView,
)

PASSWORD = "correct horse"
START = datetime(2026, 1, 12, 0, 41, tzinfo=UTC)


class Refused(HotlineError):
    error_id = "log_in_refused"
    status = 401


@dataclass
class FakeDesk:
    """Keeps every event; ``publish`` is what the hotline would do. Supervisors see all."""

    bus_size: int = 1000
    oldest: int = 0  # cursors before this are forgotten
    calls: dict[str, CallView] = field(default_factory=dict)
    segments: dict[str, SegmentView] = field(default_factory=dict)
    drafts: dict[str, DraftView] = field(default_factory=dict)
    agents: dict[str, AgentView] = field(default_factory=dict)
    tickets: dict[str, TicketView] = field(default_factory=dict)
    system: SystemView = field(default_factory=lambda: SystemView(ami="up", engine="vosk"))
    events: list[Event] = field(default_factory=list)
    people: dict[str, Viewer] = field(default_factory=dict)
    tokens: dict[str, Viewer] = field(default_factory=dict)
    snapshots: int = 0
    log_ins: int = 0
    failing: HotlineError | None = None
    set_fields: list[tuple[str, str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bus: Bus[Event] = Bus()
        for number, name, role in (
            ("8026", "王座席", "agent"),
            ("8031", "李座席", "agent"),
            ("8001", "班长", "supervisor"),
            ("8100", "派单", "dispatcher"),
        ):
            self.people[number] = Viewer(number, name, role)
            self.agents[number] = AgentView(agent=number, name=name, state="signed_out")

    # What the hotline does.

    def publish(self, **payload: Any) -> Event:
        """Store and publish one event; the payload's name is its kind."""
        ((kind, view),) = payload.items()
        cursor = self.events[-1].cursor + 3 if self.events else 7  # cursors have holes
        event = Event(
            cursor=cursor, kind=kind, at=START + timedelta(seconds=cursor), **{kind: view}
        )
        match kind:
            case "call":
                self.calls[view.call_id] = view
            case "segment":
                self.segments[view.segment_id] = view
            case "draft":
                self.drafts[view.call_id] = view
            case "agent":
                self.agents[view.agent] = view
            case "system":
                self.system = view
        self.events.append(event)
        self.bus.publish(event)
        return event

    def told(self, call: CallView) -> None:
        """A call as the telephone tells of it, before it is stored."""
        self.bus.publish(Event(cursor=0, kind="call", at=START, call=call))

    def partial(self, segment: SegmentView) -> None:
        self.bus.publish(Event(cursor=0, kind="partial", at=START, segment=segment))

    def expire(self) -> None:
        self.tokens.clear()

    # What the console asks.

    def _sees(self, viewer: Viewer, event: Event) -> bool:
        if viewer.role == "supervisor":
            return True
        if event.agent is not None:
            return event.agent.agent == viewer.agent
        part = event.call or event.segment or event.draft
        call = self.calls.get(part.call_id) if part else None
        return call is None or call.agent == viewer.agent

    async def log_in(self, agent: str, password: str) -> tuple[str, Viewer]:
        self.log_ins += 1
        if agent not in self.people or password != PASSWORD:
            raise Refused
        token = secrets.token_urlsafe()
        self.tokens[token] = self.people[agent]
        return token, self.people[agent]

    async def viewer(self, token: str) -> Viewer:
        if token not in self.tokens:
            raise Refused
        return self.tokens[token]

    async def log_out(self, token: str) -> None:
        self.tokens.pop(token, None)

    async def snapshot(self, viewer: Viewer) -> SnapshotView:
        if self.failing:
            raise self.failing
        self.snapshots += 1
        calls = [c for c in self.calls.values() if self._sees(viewer, _about(c))]
        ids = {call.call_id for call in calls}
        return SnapshotView(
            cursor=self.events[-1].cursor if self.events else 0,
            calls=tuple(calls),
            segments=tuple(s for s in self.segments.values() if s.call_id in ids),
            drafts=tuple(d for d in self.drafts.values() if d.call_id in ids),
            agents=tuple(
                a
                for a in self.agents.values()
                if viewer.role == "supervisor" or a.agent == viewer.agent
            ),
            system=self.system,
        )

    async def events_after(self, viewer: Viewer, cursor: int, limit: int) -> list[Event]:
        last = self.events[-1].cursor if self.events else 0
        if not self.oldest <= cursor <= last:
            raise Conflict
        after = [e for e in self.events if e.cursor > cursor and self._sees(viewer, e)]
        return after[:limit]

    async def follow(self, viewer: Viewer) -> AsyncIterator[Event]:
        with self.bus.subscribe(lambda event: self._sees(viewer, event), self.bus_size) as events:
            async for event in events:
                yield event

    async def set_field(self, viewer: Viewer, call_id: str, name: str, value: Any) -> DraftView:
        self.set_fields.append((call_id, name, value))
        draft = self.drafts.get(call_id)
        if draft is None:
            raise NotFound("no such draft", call_id=call_id)
        mine = FieldView(
            value=value, confidence=1.0, evidence=(Evidence(source="agent"),), touched=True
        )
        changed = draft.model_copy(
            update={"version": draft.version + 1, "fields": {**draft.fields, name: mine}}
        )
        self.publish(draft=changed)
        return changed

    async def submit(self, viewer: Viewer, call_id: str) -> TicketView:
        draft = self.drafts.get(call_id)
        if draft is None:
            raise NotFound("no such draft", call_id=call_id)
        if draft.submitted:
            return self.tickets[draft.submitted]
        number = f"TS20260112{len(self.tickets) + 1:05d}"
        values = {key: field.value for key, field in draft.fields.items()}
        self.tickets[number] = TicketView(
            number=number,
            call_id=call_id,
            state="registered",
            created_at=START,
            agent=viewer.agent,
            fields=values,
        )
        self.publish(draft=draft.model_copy(update={"submitted": number}))
        self.publish(ticket=self.tickets[number])
        return self.tickets[number]


def _about(call: CallView) -> Event:
    return Event(cursor=0, kind="call", at=START, call=call)


@dataclass
class FakeSwitchboard:
    """Asterisk's part: what is asked for happens, and the desk hears of it."""

    desk: FakeDesk
    failing: HotlineError | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def _becomes(self, agent: str, **change: Any) -> None:
        if self.failing:
            raise self.failing
        self.desk.publish(agent=self.desk.agents[agent].model_copy(update=change))

    async def sign_in(self, agent: str) -> None:
        self.asked.append(("sign_in", agent))
        self._becomes(agent, state="free", queues=("general",), reason="")

    async def sign_out(self, agent: str) -> None:
        self.asked.append(("sign_out", agent))
        self._becomes(agent, state="signed_out", queues=(), reason="")

    async def pause(self, agent: str, reason: str) -> None:
        self.asked.append(("pause", agent, reason))
        self._becomes(agent, state="paused", reason=reason)

    async def resume(self, agent: str) -> None:
        self.asked.append(("resume", agent))
        self._becomes(agent, state="free", reason="")


@dataclass
class FakeShelf:
    files: dict[tuple[str, Leg], str] = field(default_factory=dict)

    async def recording(self, viewer: Viewer, call_id: str, leg: Leg) -> str:
        try:
            return self.files[call_id, leg]
        except KeyError:
            raise NotFound from None


@dataclass
class Recordings:
    """A folder with a recording in it, and a shelf that knows it."""

    folder: Path
    shelf: FakeShelf = field(default_factory=FakeShelf)


def a_call(call_id: str = "call-1", **change: Any) -> CallView:
    known: dict[str, Any] = {
        "call_id": call_id,
        "state": CallState.OFFERED,
        "caller_number": "15407233195",
        "dialled": "12345",
        "source_line": "main",
        "line_name": "唐山12345",
        "queue": "general",
        "agent": "8026",
        "arrived_at": START,
        "offered_at": START + timedelta(seconds=9),
    }
    return CallView(**{**known, **change})


def a_segment(number: int = 1, call_id: str = "call-1", **change: Any) -> SegmentView:
    known: dict[str, Any] = {
        "segment_id": f"{call_id}-s{number}",
        "call_id": call_id,
        "leg": Leg.CALLER,
        "party": "caller",
        "start_ms": number * 1000,
        "end_ms": number * 1000 + 900,
        "text": f"第{number}句",
        "engine": "fake",
        "final": True,
    }
    return SegmentView(**{**known, **change})


def a_draft(call_id: str = "call-1", version: int = 1, **fields: FieldView) -> DraftView:
    return DraftView(call_id=call_id, version=version, fields=fields)
