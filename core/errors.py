"""Errors with a stable identity: the ``error_id`` is API, the sentence is not."""

from __future__ import annotations

from typing import Any, ClassVar


class HotlineError(Exception):
    """Base of every error that leaves a room.

    ``error_id`` is stable and machine-readable, ``status`` the HTTP status it maps to,
    ``details`` holds ids and figures only: never a caller's words, name or number.
    Subclasses set the two class variables; nothing else decides on them.
    """

    error_id: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str = "", **details: Any) -> None:
        super().__init__(message or self.error_id)
        self.details: dict[str, Any] = details

    def as_dict(self) -> dict[str, Any]:
        """The form in which the error goes over HTTP, WebSocket and ``--json``."""
        return {"error_id": self.error_id, "message": str(self), "details": self.details}


class NotFound(HotlineError):
    error_id = "not_found"
    status = 404


class Conflict(HotlineError):
    """The thing is not in a state in which this may be done."""

    error_id = "conflict"
    status = 409


class Invalid(HotlineError):
    """What came from outside does not have the form that was agreed."""

    error_id = "invalid"
    status = 422


class Unavailable(HotlineError):
    """A part this depends on is away; the caller may try again later."""

    error_id = "unavailable"
    status = 503
