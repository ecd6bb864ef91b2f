"""Why a console ends, and with which close code."""

from __future__ import annotations

from agent_console.errors import ReaderTooSlow
from agent_console.messages import CloseCode
from core.bus import Overrun
from core.errors import HotlineError


class Closing(Exception):
    """The way out of every task of a console: the code to close with, and why."""

    def __init__(self, code: CloseCode, error: HotlineError | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.error = error


def closing_for(error: HotlineError) -> Closing:
    """How a console ends when the desk fails it."""
    if error.status == 401:
        return Closing(CloseCode.LOG_IN, error)
    if isinstance(error, ReaderTooSlow | Overrun):
        return Closing(CloseCode.RESUME, error)
    return Closing(CloseCode.INTERNAL, error)


def first_of(closings: BaseExceptionGroup[Closing]) -> Closing:
    """The closing that came first; the others only followed it."""
    while True:
        first = closings.exceptions[0]
        if isinstance(first, Closing):
            return first
        closings = first
