"""What the engine refuses, each with a stable id."""

from __future__ import annotations

from core.errors import Conflict, HotlineError, Invalid


class ActForbidden(HotlineError):
    """This role may not do this; the attempt is logged."""

    error_id = "act_forbidden"
    status = 403


class ActOutOfOrder(Conflict):
    """The ticket is not in a state in which this may be done."""

    error_id = "act_out_of_order"


class VersionStale(Conflict):
    """The ticket has moved on since it was looked at; ``version`` is what it is now."""

    error_id = "version_stale"


class TicketIncomplete(Invalid):
    """``missing`` names the form fields without which it may not be dispatched."""

    error_id = "ticket_incomplete"


class ReasonUnknown(Invalid):
    """The rules of this ticket know no such reason."""

    error_id = "reason_unknown"


class FieldUnknown(Invalid):
    error_id = "field_unknown"


class AccusedHandles(Conflict):
    """A unit never handles what is told against it (articles 33, 46, 48)."""

    error_id = "accused_handles"


class WayClosed(Conflict):
    """The decision table does not leave this way open to such a ticket."""

    error_id = "way_closed"


class MergeRefused(Conflict):
    """The two tickets stay apart; ``why`` says for which of the reasons."""

    error_id = "merge_refused"


class NotSettled(Conflict):
    """The earlier ticket named is not a settled one about this matter, or none is found."""

    error_id = "not_settled"


class EvidenceMissing(Invalid):
    """Too few pieces, or some that do not exist, tell nothing, or belong to another number.

    How often somebody called is no evidence (article 47).
    """

    error_id = "evidence_missing"


class EvidenceUsed(EvidenceMissing):
    """``used`` names the pieces that carried such a measure, or a milder one, before."""

    error_id = "evidence_used"


class StepMissing(Conflict):
    """The milder measure that has to come first was not taken."""

    error_id = "step_missing"


class OwnDecision(HotlineError):
    """Nobody decides about what he proposed, or reviews what he decided."""

    error_id = "own_decision"
    status = 403


class UnitUnknown(Invalid):
    error_id = "unit_unknown"


class PlaceMissing(Invalid):
    """Who is responsible depends on the district, and none is given."""

    error_id = "place_missing"


class TooLate(Conflict):
    """The term in which this could be asked for is over."""

    error_id = "too_late"


class NothingAsked(Conflict):
    """There is no open request of this kind to decide."""

    error_id = "nothing_asked"


class NotDue(Conflict):
    """What a timer was set for has come about otherwise, or does not matter any more."""

    error_id = "not_due"


class TimerUnknown(Invalid):
    """Nobody handles timers of this kind."""

    error_id = "timer_unknown"


class AskedAlready(Conflict):
    error_id = "asked_already"


class TooOften(Conflict):
    """The rules allow this no more often on one ticket."""

    error_id = "too_often"


class NotYourTask(HotlineError):
    """The unit has no part in this ticket, or not this one."""

    error_id = "not_your_task"
    status = 403


class PartsOpen(Conflict):
    """Assisting units have not concluded their parts yet."""

    error_id = "parts_open"


class SignatureMissing(Conflict):
    """The head of the unit has not signed (article 32)."""

    error_id = "signature_missing"


class SecretContent(Invalid):
    """What touches state secrets keeps its category and nothing else."""

    error_id = "secret_content"


class HigherLevel(HotlineError):
    """This is decided one level higher."""

    error_id = "higher_level"
    status = 403


class AlreadyErased(Conflict):
    """Its text was deleted before."""

    error_id = "already_erased"
