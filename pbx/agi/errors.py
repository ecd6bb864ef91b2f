"""What can go wrong on a FastAGI connection. None of it may cost the caller the call:
whoever meets one of these closes the connection, and the dialplan goes on by itself."""

from __future__ import annotations

from core.errors import Conflict, HotlineError, Invalid, Unavailable


class AgiError(HotlineError):
    """Any trouble on one AGI connection."""

    error_id = "agi"


class AgiProtocolError(AgiError):
    """The peer said something that is not FastAGI, or too much of it."""

    error_id = "agi_protocol"


class AgiHangup(AgiError):
    """The caller hung up, or the dialplan's watchdog took the call back."""

    error_id = "agi_hangup"


class AgiDead(AgiError):
    """The connection is gone or unusable; Asterisk may be fine, we cannot tell."""

    error_id = "agi_dead"


class AgiTimeout(AgiError):
    """Asterisk did not answer within the deadline."""

    error_id = "agi_timeout"


class AgiRefused(AgiError):
    """Asterisk does not know the command (510), its form (520) or the application."""

    error_id = "agi_refused"


class AgiInjection(Invalid):
    """A value could have broken out of its command; nothing was sent."""

    error_id = "agi_injection"


class AgiPortTaken(Conflict):
    """The FastAGI port belongs to another program."""

    error_id = "agi_port_taken"


class AgiPortUnusable(Unavailable):
    """The FastAGI address cannot be listened on (no such address, no right to the port)."""

    error_id = "agi_port_unusable"
