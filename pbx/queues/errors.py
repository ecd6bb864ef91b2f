"""What the switchboard refuses."""

from __future__ import annotations

from core.errors import Conflict, Invalid, NotFound


class AgentUnknown(NotFound):
    """Nobody has this number (工号)."""

    error_id = "agent_unknown"


class AgentNotSignedIn(Conflict):
    """The agent is a member of no queue."""

    error_id = "agent_not_signed_in"


class SwitchboardRefused(Conflict):
    """Asterisk refused; ``details["refused"]`` has its words by queue."""

    error_id = "switchboard_refused"


class PauseReasonInvalid(Invalid):
    """The reason is empty, too long for Asterisk, or the one that stands for wrap-up."""

    error_id = "pause_reason_invalid"
