"""What the rules about people refuse, each with a stable id."""

from __future__ import annotations

from core.errors import Conflict, HotlineError, Invalid


class NoConsole(HotlineError):
    """This role has no telephone console; the work-order side is open to it."""

    error_id = "no_console"
    status = 403


class AdminOnly(HotlineError):
    """Accounts are an administrator's business."""

    error_id = "admin_only"
    status = 403


class LogClosed(HotlineError):
    """Who read what is read by auditors and the hotline's head only."""

    error_id = "access_log_closed"
    status = 403


class AccountInvalid(Invalid):
    """The role, the place and the password do not make an account. ``fields`` says what."""

    error_id = "account_invalid"


class AccountExists(Conflict):
    error_id = "account_exists"


class LastAdmin(Conflict):
    """Somebody must be left who can give accounts."""

    error_id = "last_admin"


class RecordingClosed(HotlineError):
    """A confidential matter's recording is heard by approval only (article 39)."""

    error_id = "recording_closed"
    status = 403


class OwnRequest(HotlineError):
    """Nobody approves what he asked for himself."""

    error_id = "own_request"
    status = 403
