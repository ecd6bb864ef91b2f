"""What is known of a call before a word is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.pack import Line


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A ticket of this caller that is not closed yet, as far as the draft needs it.

    ``category`` holds the names of the three levels (or fewer); ``created_at`` carries its zone.
    """

    number: str
    title: str
    category: tuple[str, ...]
    district: str | None
    address: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CallContext:
    """The call as the telephone knows it.

    ``started_at`` is timezone-aware; relative times ("yesterday") count from it, in the city's
    zone. ``caller_number`` is None when withheld; ``keys`` is what the caller pressed,
    ``enterprise`` the flow's decision that this is an enterprise call; ``history`` the caller's
    open tickets, newest first.
    """

    call_id: str
    started_at: datetime
    caller_number: str | None
    dialled: str
    line: Line
    keys: str = ""
    enterprise: bool = False
    history: tuple[OpenTicket, ...] = ()
