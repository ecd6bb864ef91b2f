"""Errors that only the console room raises; their ids are part of its API."""

from __future__ import annotations

from core.errors import HotlineError, Invalid


class TokenMissing(HotlineError):
    """The request carries no session token: log in first."""

    error_id = "token_missing"
    status = 401


class OriginRefused(HotlineError):
    """A browser sent this on behalf of another site."""

    error_id = "origin_refused"
    status = 403


class TooManyAttempts(HotlineError):
    """``retry_after_seconds`` in the details says when the next attempt counts."""

    error_id = "too_many_attempts"
    status = 429


class TooManyConsoles(HotlineError):
    """One agent has more consoles open than a person can look at."""

    error_id = "too_many_consoles"
    status = 429


class BodyTooBig(HotlineError):
    error_id = "body_too_big"
    status = 413


class BodyTooSlow(HotlineError):
    error_id = "body_too_slow"
    status = 408


class GoingAway(HotlineError):
    """The server is shutting down; another one, or the next start, takes the request."""

    error_id = "going_away"
    status = 503


class PortTaken(HotlineError):
    """Somebody else listens on the console's port."""

    error_id = "port_taken"


class AddressRefused(HotlineError):
    """The console's address is not one of this machine, or needs more rights."""

    error_id = "address_refused"


class MessageTooBig(Invalid):
    error_id = "message_too_big"


class TooManyMessages(Invalid):
    error_id = "too_many_messages"


class HelloExpected(Invalid):
    """The first message must be ``hello``, and come soon."""

    error_id = "hello_expected"


class VersionUnsupported(Invalid):
    error_id = "version_unsupported"


class ReaderTooSlow(HotlineError):
    """The console does not read as fast as things happen; it should connect again and resume."""

    error_id = "reader_too_slow"
    status = 503
