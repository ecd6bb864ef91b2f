"""What one room needs of another: Protocols that the owner implements, ``hotline/`` plugs in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import JsonValue

from core.calls import CallFact, Leg
from core.transcript import Segment, StreamReport, Tap
from core.views import AgentView, DraftView, Event, SnapshotView, TicketView

if TYPE_CHECKING:  # the loop itself needs the people of this module
    from core.loop.parts import PartView
    from core.loop.repeats import Repeat
    from core.loop.rules import PolicyView
    from core.loop.states import Act
    from core.loop.views import StepView, TicketDetail, TicketPage


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
    """Who looks and acts. ``agent`` is the account's number (for agents the 工号).

    ``role`` is one of ``core.people.roles``; ``county`` "" is the city, ``unit`` "" no unit.
    """

    agent: str
    name: str
    role: str
    county: str = ""
    unit: str = ""


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


@dataclass(frozen=True, slots=True)
class TicketQuery:
    """What a list shows: everything that is given must hold. ``text`` is searched as words."""

    open: bool | None = None
    states: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    category: str = ""  # a code or its beginning
    county: str = ""
    unit: str = ""
    created_from: datetime | None = None
    created_before: datetime | None = None
    due_before: datetime | None = None
    phone: str = ""  # the caller's or the contact's, in any spelling
    text: str = ""
    after: str = ""  # where the page before ended
    limit: int = 50


class WorkDesk(Protocol):
    """The work-order side as people use it; implemented by ``core.loop``. Everything is checked
    against the viewer's role and place, masked for him, and written to the access log."""

    async def register(self, viewer: Viewer, fields: Mapping[str, JsonValue]) -> TicketDetail: ...

    async def perform(
        self,
        viewer: Viewer,
        number: str,
        act: Act,
        body: Mapping[str, Any],
        expected_version: int | None = None,
    ) -> TicketDetail:
        """``expected_version``: refused with ``VersionStale`` if the ticket has moved on since."""
        ...

    async def detail(self, viewer: Viewer, number: str) -> TicketDetail: ...

    async def history(self, viewer: Viewer, number: str) -> list[StepView]: ...

    async def repeats(self, viewer: Viewer, number: str) -> tuple[Repeat, ...]: ...

    async def parts(self, viewer: Viewer, number: str) -> tuple[PartView, ...]: ...

    async def tickets(self, viewer: Viewer, query: TicketQuery) -> TicketPage: ...


class RulesDesk(Protocol):
    """The city's rules as they are in force; implemented by ``core.loop.rules``."""

    async def rules(self, viewer: Viewer) -> PolicyView: ...

    async def reload(self, viewer: Viewer) -> PolicyView:
        """Read them anew. For administrators; refused as a whole if they are not sound."""
        ...


class RecordingShelf(Protocol):
    """Knows where a call's recording lies; used by the console for playback."""

    async def recording(self, viewer: Viewer, call_id: str, leg: Leg) -> str:
        """The file of one leg, relative to the recording folder (as ``RecordingKept.file``).

        Raises ``core.errors.NotFound``, also for a call that is not the viewer's to hear.
        """
        ...


@dataclass(frozen=True, slots=True)
class Restriction:
    """Whether a number is limited (article 47), and until when.

    ``measure`` is the id to which the caller may object. Whatever a number has done, help in an
    emergency stays open to it: there is no restriction that says otherwise.
    """

    limited: bool = False
    until: datetime | None = None
    measure: int | None = None
    emergency_open: Literal[True] = True


class Restrictions(Protocol):
    """Asked by the telephone's side before a caller is let into a queue."""

    async def restriction(self, caller_number: str | None) -> Restriction:
        """For a number in any spelling; None (withheld) is never limited.

        Never raises: when nothing can be known nobody is limited.
        """
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told. ``key`` stays the same when it is tried again.

    ``recipient`` is caller, unit:<key>, head:<key>, authority, government or police; ``address`` a
    telephone number where one is known (callers), else empty: the adapter knows its units.
    """

    key: str
    number: str
    template: str
    recipient: str
    channel: str
    address: str
    text: str
    at: datetime


class Notifier(Protocol):
    """Sends notices outside: an SMS gateway, a letter office, a file."""

    async def send(self, notice: Notice) -> str:
        """Returns the receipt. A key that was sent before is not sent again: same receipt.

        Raises ``core.errors.HotlineError`` when it was not, or not surely, sent.
        """
        ...
