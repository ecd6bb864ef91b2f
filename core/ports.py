"""What one room needs of another: Protocols that the owner implements, ``hotline/`` plugs in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

from core.calls import CallFact, Leg
from core.transcript import Segment, StreamReport, Tap
from core.views import AgentView, DraftView, Event, SnapshotView, TicketView


class FactSink(Protocol):
    """Takes the telephone's facts; the desk in ``core``, or a spool on disk."""

    async def record(self, fact: CallFact) -> None: ...


class TranscriptSink(Protocol):
    """Takes what the recogniser says."""

    async def segment(self, segment: Segment) -> None: ...

    async def stream(self, report: StreamReport) -> None: ...

    async def engine(self, name: str | None, reason: str) -> None:
        """The engine now in use, or None and why there is no transcript."""
        ...


class Transcriber(Protocol):
    """Implemented by ``asr``; used by ``pbx`` to place its taps."""

    async def expect(self, tap: Tap) -> tuple[str, int]:
        """Announce a tap; returns (host, port) of the AudioSocket server that will take it.

        Raises ``core.errors.Unavailable`` when no recogniser runs.
        """
        ...

    async def forget(self, call_id: str) -> None:
        """The call is over: its streams may be closed when their audio has been read."""
        ...


class Switchboard(Protocol):
    """Implemented by ``pbx``; used by the console. ``agent`` is the agent's number (工号).

    Every method raises ``core.errors.Unavailable`` while Asterisk is away and
    ``core.errors.Conflict`` when Asterisk refuses.
    """

    async def sign_in(self, agent: str) -> None: ...

    async def sign_out(self, agent: str) -> None: ...

    async def pause(self, agent: str, reason: str) -> None: ...

    async def resume(self, agent: str) -> None:
        """Back to work from a pause or from wrap-up."""
        ...


class AgentSink(Protocol):
    """Takes the queue mirror's view of one agent whenever Asterisk changed it."""

    async def agent(self, view: AgentView) -> None: ...

    async def ami(self, state: str) -> None:
        """The AMI link's state changed."""
        ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: decides what a console may see. ``agent`` is the agent's number."""

    agent: str
    name: str
    role: str  # "agent" sees his own calls; "supervisor" sees all


class ConsoleDesk(Protocol):
    """Implemented by ``core.desk``; all that a console can ask of the hotline."""

    async def log_in(self, agent: str, password: str) -> tuple[str, Viewer]:
        """Check a password, return a session token. Raises ``core.errors.HotlineError`` 401."""
        ...

    async def viewer(self, token: str) -> Viewer:
        """Who holds this token. Raises an error of status 401."""
        ...

    async def log_out(self, token: str) -> None: ...

    async def snapshot(self, viewer: Viewer) -> SnapshotView: ...

    async def events_after(self, viewer: Viewer, cursor: int, limit: int) -> list[Event]:
        """Stored events after ``cursor`` that the viewer may see, in order.

        Raises ``core.errors.Conflict`` (``cursor_unknown``) when the cursor lies in the future or
        too far back: take a snapshot then.
        """
        ...

    def follow(self, viewer: Viewer) -> AsyncIterator[Event]:
        """Events as they happen, from now on, that the viewer may see.

        The iterator ends with ``core.bus.Overrun`` when its bounded queue ran over (a reader too
        slow): resume with ``events_after``.
        """
        ...

    async def set_field(self, viewer: Viewer, call_id: str, field: str, value: Any) -> DraftView:
        """The agent sets (or clears, with None) one field of the draft; it is his from then on."""
        ...

    async def submit(self, viewer: Viewer, call_id: str) -> TicketView:
        """Make the draft a ticket; twice gives the same ticket."""
        ...

    async def ticket(self, viewer: Viewer, number: str) -> TicketView: ...


class RecordingShelf(Protocol):
    """Knows where a call's recording lies; used by the console for playback."""

    async def recording(self, viewer: Viewer, call_id: str, leg: Leg) -> str:
        """The file of one leg, relative to the recording folder (as ``RecordingKept.file``).

        Raises ``core.errors.NotFound``, also for a call that is not the viewer's to hear.
        """
        ...
