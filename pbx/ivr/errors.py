"""What can go wrong in a flow. The caller never notices: he is led to a person."""

from __future__ import annotations

from core.errors import Conflict, HotlineError, Invalid, NotFound


class FlowUnknown(NotFound):
    """No usable flow of that name, or no longer in that version."""

    error_id = "flow_unknown"


class PromptMissing(NotFound):
    """A flow names a prompt that cannot be played."""

    error_id = "prompt_missing"


class ResumeTokenInvalid(Invalid):
    """The token that came back after a queue is not one of ours."""

    error_id = "resume_token_invalid"


class CallUnknown(Invalid):
    """An AGI session does not say which call it is for."""

    error_id = "agi_call_unknown"


class FlowExhausted(Conflict):
    """A call went through too many queues of its flow and is left to the dialplan."""

    error_id = "flow_exhausted"


class NoWayOn(HotlineError):
    """A queue ended in a way for which the flow names no step."""

    error_id = "flow_no_way_on"


class FlowFailed(HotlineError):
    """A fault in the runtime itself."""

    error_id = "flow_failed"


class FactNotRecorded(HotlineError):
    """A fact of a call could not be handed over in time."""

    error_id = "fact_not_recorded"
