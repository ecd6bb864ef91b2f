"""What the rest of ``pbx`` sees of the AMI link: events, snapshots, gaps and actions.

The link itself (``pbx.ami.link``) owns the connection. Listeners get everything in order, each from
a bounded queue of its own, so that a slow or failing listener harms nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from core.errors import Conflict, Invalid, Unavailable


class LinkState(StrEnum):
    DOWN = "down"
    CONNECTING = "connecting"
    LOGGING_IN = "logging_in"
    SYNCING = "syncing"  # taking the snapshot
    UP = "up"
    BACKING_OFF = "backing_off"
    CLOSED = "closed"


class AmiUnavailable(Unavailable):
    """The link is down; nothing was sent."""

    error_id = "ami_unavailable"


class AmiLoginRefused(AmiUnavailable):
    """The link is down because Asterisk refused our user and secret; nothing was sent."""

    error_id = "ami_login_refused"


class AmiTimeout(Unavailable):
    """Sent, but no reply in time (or the link broke first): what happened is unknown."""

    error_id = "ami_timeout"


class AmiRefused(Conflict):
    """Asterisk answered Response: Error; ``details["asterisk"]`` is its message."""

    error_id = "ami_refused"


class AmiInjection(Invalid):
    """A field could have become a second action (CR, LF, NUL, a header of ours); nothing was sent.

    ``details["reason"]``: ``line_break``, ``header``, or ``encoding`` (text with no UTF-8 form).
    """

    error_id = "ami_injection"


@dataclass(frozen=True, slots=True)
class AmiEvent:
    """One AMI event. ``fields`` has Asterisk's own header names (last value wins on repeats).

    ``channel_vars`` are the ``ChanVariable: NAME=value`` headers of the event's main channel (those
    named in manager.conf ``channelvars``), ``dest_vars`` the ``DestChanVariable`` ones. Variables
    of further channels stay in ``fields``: ``TransfererChanVariable(NAME)``. Asterisk writes
    quotes, backslashes and control characters of names and variables as in C: ``\\"``, ``\\r``.
    """

    name: str
    fields: Mapping[str, str]
    channel_vars: Mapping[str, str] = field(default_factory=dict)
    dest_vars: Mapping[str, str] = field(default_factory=dict)

    def get(self, header: str, default: str = "") -> str:
        return self.fields.get(header, default)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What Asterisk said of itself right after a (re)connect, before any later event is delivered.

    ``channels``: CoreShowChannel events; ``queue_params``, ``queue_members``, ``queue_entries``: of
    QueueStatus; ``device_states``: DeviceStateChange, one of each device that Asterisk knows
    (``PJSIP/<agent>`` is UNAVAILABLE while his telephone is not signed on). ``asterisk_started``:
    the core's start-up time as Asterisk printed it, so that a restart can be told from a lost link.
    """

    channels: tuple[AmiEvent, ...]
    queue_params: tuple[AmiEvent, ...]
    queue_members: tuple[AmiEvent, ...]
    queue_entries: tuple[AmiEvent, ...]
    device_states: tuple[AmiEvent, ...]
    asterisk_started: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Events may have been lost: ``since``/``until`` are monotonic seconds, ``reason`` says why."""

    since: float
    until: float
    reason: str


class AmiListener(Protocol):
    """Gets, after each (re)connect: ``gap`` (not the first time), ``snapshot``, then events."""

    async def gap(self, gap: Gap) -> None: ...

    async def snapshot(self, snapshot: Snapshot) -> None: ...

    async def event(self, event: AmiEvent) -> None: ...


class Ami(Protocol):
    """Actions on Asterisk. Nothing is ever sent twice, nothing is queued while the link is down."""

    @property
    def state(self) -> LinkState: ...

    async def action(
        self, name: str, fields: Mapping[str, str] | None = None, *, deadline: float = 5.0
    ) -> AmiEvent:
        """Send one action, return its response (an ``AmiEvent`` named ``Response``).

        Raises ``AmiUnavailable``, ``AmiTimeout``, ``AmiRefused`` or ``AmiInjection``.
        """
        ...

    async def listing(
        self, name: str, fields: Mapping[str, str] | None = None, *, deadline: float = 5.0
    ) -> list[AmiEvent]:
        """Send an action that answers with a list of events; return the events before its end."""
        ...

    def listen(self, listener: AmiListener) -> None:
        """Register before ``run``; events reach listeners in Asterisk's order."""
        ...
