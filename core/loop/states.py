"""A ticket's states and the one table of acts that lead from one to the next.

The closed loop (articles 4 to 6): accepted in one place, registered, classified, handled in time,
supervised, followed up and rated, archived. Only ``RATED`` and ``EXEMPTED`` lead to the archive:
the follow-up is either done or was lawfully left out, with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.people.roles import Role


class TicketState(StrEnum):
    REGISTERED = "registered"
    CLASSIFIED = "classified"
    ANSWERED_AT_ONCE = "answered_at_once"
    DISPATCHED = "dispatched"
    TRANSFERRED = "transferred"  # to an organ outside the units: an emergency line, a supervisor
    REFUSED = "refused"
    SIGNED = "signed"
    SUSPENDED = "suspended"
    HANDLED = "handled"
    ANSWERED = "answered"
    FOLLOWED_UP = "followed_up"
    RATED = "rated"
    EXEMPTED = "exempted"  # no follow-up, for a recorded reason
    MERGED = "merged"  # into a main ticket, whose answer is also this one's
    TERMINATED = "terminated"
    ARCHIVED = "archived"


S = TicketState

# No unit's clock runs any more, and nothing that is handled can be changed by it.
OVER = frozenset({S.ARCHIVED})
# A unit has it in its hands.
WITH_UNIT = frozenset({S.DISPATCHED, S.SIGNED, S.SUSPENDED, S.HANDLED})
# A unit's clock runs: until the caller has his answer.
RUNNING = frozenset({S.DISPATCHED, S.SIGNED, S.HANDLED})
# The matter itself is not settled; a repeat of it belongs to this ticket.
UNSETTLED = frozenset({S.REGISTERED, S.CLASSIFIED, S.TRANSFERRED}) | WITH_UNIT


class Act(StrEnum):
    """Everything that can be done to a ticket; also the last part of its address in the API."""

    REGISTER = "register"
    AMEND = "amend"
    NOTE = "note"
    CLASSIFY = "classify"
    ANSWER_AT_ONCE = "answer_at_once"
    REFUSE = "refuse"
    ASK_REVIEW = "ask_review"
    REVIEW_REFUSAL = "review_refusal"
    DISPATCH = "dispatch"
    ASSIST = "assist"
    ASSIST_DONE = "assist_done"
    TRANSFER = "transfer"
    RECEIPT = "receipt"
    TRANSFER_RESULT = "transfer_result"
    SIGN = "sign"
    ASK_RETURN = "ask_return"
    DECIDE_RETURN = "decide_return"
    DESIGNATE = "designate"
    ASK_POSTPONEMENT = "ask_postponement"
    DECIDE_POSTPONEMENT = "decide_postponement"
    ASK_SUSPENSION = "ask_suspension"
    DECIDE_SUSPENSION = "decide_suspension"
    REVIEW_SUSPENSION = "review_suspension"
    RESUME = "resume"
    ASK_TERMINATION = "ask_termination"
    DECIDE_TERMINATION = "decide_termination"
    URGE = "urge"
    SUPERVISE = "supervise"
    FEED_BACK = "feed_back"
    RAISE_PROBLEM = "raise_problem"
    DECIDE_PROBLEM = "decide_problem"
    RESOLVE = "resolve"  # a joint meeting's resolution is written back
    HANDLE = "handle"
    COUNTERSIGN = "countersign"  # by the unit's head
    ANSWER = "answer"
    FOLLOW_UP = "follow_up"
    EXEMPT = "exempt"
    RATE = "rate"
    REDO = "redo"
    MERGE = "merge"
    RELEASE = "release"  # out of the main ticket again
    SPLIT = "split"
    NEW_FACTS = "new_facts"  # told again after it was settled, with something new
    SET_SECRECY = "set_secrecy"
    ARCHIVE = "archive"
    ERASE = "erase"  # lawful deletion
    # The clock's own.
    TOLD_AGAIN = "told_again"  # another ticket was merged into this one
    PARENT_ANSWERED = "parent_answered"  # the main ticket's answer reaches one merged into it
    RUNG = "rung"  # a step of the supervision ladder
    REMIND = "remind"
    INHERIT = "inherit"  # an abolished unit's part goes to its successor


@dataclass(frozen=True, slots=True)
class Move:
    """``act`` leads from any of ``sources`` to one of ``targets`` (none: the state stays).

    ``article`` is where the act comes from, ``roles`` who may do it. ``stays``: it may also leave
    the ticket where it was, as a decision does that refuses what was asked.
    """

    act: Act
    sources: frozenset[TicketState]
    targets: frozenset[TicketState]
    article: str
    roles: frozenset[Role]
    stays: bool = False


def _move(
    act: Act,
    sources: frozenset[S] | set[S],
    targets: set[S],
    article: str,
    roles: set[Role],
    *,
    stays: bool = False,
) -> tuple[Act, Move]:
    return act, Move(act, frozenset(sources), frozenset(targets), article, frozenset(roles), stays)


_ALIVE = frozenset(S) - OVER
_STAFF = {Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR}
_DESK = {Role.DISPATCHER, Role.SUPERVISOR}
_UNIT = {Role.UNIT, Role.UNIT_HEAD}
_UP = {Role.SUPERVISOR, Role.AUTHORITY, Role.GOVERNMENT}
_A = Act

# Where only a range of articles is known, the range is given (see the table of the regulation).
MOVES: Mapping[Act, Move] = dict(
    (
        # Into the hotline's hands again, where it comes out that the unit may not have it.
        _move(_A.AMEND, _ALIVE - {S.MERGED}, {S.CLASSIFIED}, "12-26", _STAFF, stays=True),
        _move(_A.NOTE, _ALIVE, set(), "12-26", _STAFF | _UNIT),
        _move(_A.CLASSIFY, {S.REGISTERED, S.CLASSIFIED}, {S.CLASSIFIED}, "12-26", _STAFF),
        _move(_A.ANSWER_AT_ONCE, {S.CLASSIFIED}, {S.ANSWERED_AT_ONCE}, "12-26", _STAFF),
        _move(_A.REFUSE, {S.REGISTERED, S.CLASSIFIED}, {S.REFUSED}, "11", _STAFF),
        _move(_A.ASK_REVIEW, {S.REFUSED}, set(), "11", _STAFF),
        _move(_A.REVIEW_REFUSAL, {S.REFUSED}, {S.REGISTERED, S.REFUSED}, "11", {Role.SUPERVISOR}),
        _move(_A.DISPATCH, {S.CLASSIFIED}, {S.DISPATCHED}, "12-26", _DESK),
        _move(_A.ASSIST, {S.DISPATCHED, S.SIGNED}, set(), "12-26", _DESK),
        _move(_A.ASSIST_DONE, WITH_UNIT, set(), "12-26", _UNIT),
        _move(_A.TRANSFER, {S.CLASSIFIED}, {S.TRANSFERRED}, "7, 33, 48", _STAFF),
        _move(_A.RECEIPT, {S.TRANSFERRED}, set(), "33", _DESK),
        _move(_A.TRANSFER_RESULT, {S.TRANSFERRED}, {S.ANSWERED, S.CLASSIFIED}, "33", _DESK),
        _move(_A.SIGN, {S.DISPATCHED}, {S.SIGNED}, "12-26", _UNIT),
        _move(_A.ASK_RETURN, {S.DISPATCHED, S.SIGNED}, set(), "12-26", _UNIT),
        _move(
            _A.DECIDE_RETURN,
            {S.DISPATCHED, S.SIGNED},
            {S.DISPATCHED},
            "12-26",
            _DESK,
            stays=True,
        ),
        _move(_A.DESIGNATE, {S.DISPATCHED, S.SIGNED}, {S.DISPATCHED}, "12-26", _DESK, stays=True),
        _move(_A.ASK_POSTPONEMENT, {S.DISPATCHED, S.SIGNED}, set(), "12-26", _UNIT),
        _move(
            _A.DECIDE_POSTPONEMENT,
            {S.DISPATCHED, S.SIGNED},
            set(),
            "12-26",
            _DESK | {Role.AUTHORITY},
        ),
        _move(_A.ASK_SUSPENSION, {S.SIGNED}, set(), "12-26", _UNIT),
        _move(_A.DECIDE_SUSPENSION, {S.SIGNED}, {S.SUSPENDED}, "12-26", _DESK, stays=True),
        _move(_A.REVIEW_SUSPENSION, {S.SUSPENDED}, set(), "12-26", _DESK),
        _move(_A.RESUME, {S.SUSPENDED}, {S.SIGNED}, "12-26", _DESK),
        _move(_A.ASK_TERMINATION, UNSETTLED - {S.HANDLED}, set(), "12-26", _UNIT | _STAFF),
        _move(
            _A.DECIDE_TERMINATION,
            UNSETTLED - {S.HANDLED},
            {S.TERMINATED},
            "12-26",
            _DESK,
            stays=True,
        ),
        _move(_A.URGE, WITH_UNIT, set(), "37", _STAFF | _UNIT),
        _move(_A.SUPERVISE, WITH_UNIT | {S.TRANSFERRED}, set(), "37", _UP),
        _move(_A.FEED_BACK, WITH_UNIT | {S.ANSWERED}, set(), "37", _UNIT),
        _move(_A.RAISE_PROBLEM, WITH_UNIT, set(), "27", _UNIT | _UP | {Role.DISPATCHER}),
        _move(_A.DECIDE_PROBLEM, WITH_UNIT, set(WITH_UNIT), "27", _UP),
        _move(_A.RESOLVE, WITH_UNIT, {S.DISPATCHED, S.SIGNED, S.HANDLED, S.SUSPENDED}, "21", _UP),
        _move(_A.HANDLE, {S.SIGNED}, {S.HANDLED}, "12-26", _UNIT),
        _move(_A.COUNTERSIGN, RUNNING, set(), "32", {Role.UNIT_HEAD}),
        _move(_A.ANSWER, {S.HANDLED}, {S.ANSWERED}, "12-26", _UNIT),
        _move(
            _A.FOLLOW_UP,
            {S.ANSWERED, S.ANSWERED_AT_ONCE, S.TERMINATED},
            {S.ANSWERED, S.ANSWERED_AT_ONCE, S.TERMINATED, S.FOLLOWED_UP},
            "38",
            _STAFF,
        ),
        _move(
            _A.EXEMPT,
            {S.ANSWERED, S.ANSWERED_AT_ONCE, S.REFUSED, S.TERMINATED, S.MERGED, S.FOLLOWED_UP}
            | {S.RATED},
            {S.EXEMPTED},
            "38",
            _DESK | {Role.SYSTEM},
        ),
        _move(_A.RATE, {S.FOLLOWED_UP}, {S.RATED}, "38", _STAFF),
        _move(_A.REDO, {S.FOLLOWED_UP, S.RATED}, {S.DISPATCHED, S.CLASSIFIED}, "38", _DESK),
        _move(
            _A.MERGE,
            {S.REGISTERED, S.CLASSIFIED, S.MERGED},
            {S.MERGED},
            "12-26",
            _STAFF | {Role.SYSTEM},
        ),
        _move(_A.RELEASE, {S.MERGED}, {S.REGISTERED}, "12-26", _STAFF | {Role.SYSTEM}),
        _move(_A.SPLIT, {S.REGISTERED, S.CLASSIFIED}, {S.REGISTERED}, "12-26", _STAFF),
        _move(_A.NEW_FACTS, {S.REGISTERED, S.CLASSIFIED}, set(), "12-26", _STAFF),
        _move(_A.SET_SECRECY, _ALIVE, set(), "39", _STAFF),
        _move(_A.ARCHIVE, {S.RATED, S.EXEMPTED}, {S.ARCHIVED}, "4-6", _DESK),
        _move(
            _A.ERASE,
            {S.ARCHIVED},
            set(),
            "39",
            {Role.SUPERVISOR, Role.AUDITOR, Role.SYSTEM},
        ),
        _move(_A.TOLD_AGAIN, UNSETTLED, set(), "12-26, 37", {Role.SYSTEM}),
        _move(_A.PARENT_ANSWERED, {S.MERGED}, {S.ANSWERED}, "12-26", {Role.SYSTEM}),
        # Not while its clock is stopped.
        _move(_A.RUNG, RUNNING, set(), "37", {Role.SYSTEM}),
        _move(_A.REMIND, _ALIVE, set(), "12-26", {Role.SYSTEM}),
        _move(_A.INHERIT, _ALIVE, set(), "12-26", {Role.SYSTEM}),
    )
)


def allowed(state: TicketState, act: Act, target: TicketState) -> bool:
    """Whether ``act`` may lead from ``state`` to ``target``; staying needs no target of its own."""
    move = MOVES[act]
    if state not in move.sources:
        return False
    if target is state and (move.stays or not move.targets):
        return True
    return target in move.targets
