"""What becomes of tickets merged into a main one when that one moves on.

Whoever told of the same event is owed an answer and a follow-up of his own; a main ticket that ends
without an answer takes nobody else's matter with it. A repeat shares its main ticket's fate: caller
and matter are the same.
"""

from __future__ import annotations

from functools import partial

from core.loop.dating import plan_follow_up
from core.loop.reach import reach
from core.loop.repeats import REPEAT
from core.loop.scene import Outcome, Scene, known
from core.loop.states import UNSETTLED, Act, TicketState
from core.store.tables import TicketRow

# By whom and in what time the matter was handled: the same for whoever told of it.
HANDLED_AS = (
    "unit", "first_unit", "sign_due", "handle_due", "handle_unit", "signed_at", "handled_at",
    "countersigned_by",
)  # fmt: skip
ANSWERS = frozenset({TicketState.ANSWERED, TicketState.ANSWERED_AT_ONCE})


def settle_merged(scene: Scene) -> None:
    """After every act: whatever hangs on the ticket hangs on it rightly, or does not any more."""
    main = scene.ticket
    _cut_own_tie(scene)
    for child in scene.rows.tied_to(main):
        if child.state != TicketState.MERGED:
            child.parent = None  # it went its own way long ago; its history keeps the number
            scene.rows.add(child)
        elif child.secrecy != main.secrecy:
            # The line of secrecy came to lie between the two.
            reach(scene, child, Act.RELEASE, partial(release_from, main, "secrecy"))
        elif scene.state in UNSETTLED:
            continue
        elif child.parent_kind == REPEAT:
            reach(scene, child, Act.EXEMPT, _exempted)
        elif scene.state in ANSWERS:
            reach(scene, child, Act.PARENT_ANSWERED, partial(_answered, main))
        else:
            reach(scene, child, Act.RELEASE, partial(release_from, main, scene.state.value))


def _cut_own_tie(scene: Scene) -> None:
    """No tie crosses the line of secrecy, not even that of a ticket on its own way again."""
    ticket = scene.ticket
    if ticket.parent is None or scene.state is TicketState.MERGED:
        return
    main = scene.rows.ticket(ticket.parent)
    if main is not None and main.secrecy != ticket.secrecy:
        ticket.parent = None
        scene.rows.add(ticket)


def _exempted(scene: Scene) -> Outcome:
    """The caller is asked once: about the main ticket."""
    reason = known(scene.policy.limits.follow_up.exemptions, "merged")
    return Outcome(TicketState.EXEMPTED, reason=reason.key)


def _answered(main: TicketRow, scene: Scene) -> Outcome:
    """Told and called back by himself; it is the main ticket's unit that he then rates."""
    ticket = scene.ticket
    ticket.answered_at = scene.now
    for name in HANDLED_AS:
        setattr(ticket, name, getattr(main, name))
    plan_follow_up(scene)
    scene.tell("answered")
    return Outcome(TicketState.ANSWERED, details={"unit": main.unit})


def release_from(main: TicketRow | None, why: str, scene: Scene) -> Outcome:
    """A ticket of its own again, which a person classifies and decides."""
    ticket = scene.ticket
    former = main.number if main is not None else ticket.parent or ""
    ticket.parent, ticket.parent_kind = None, ""
    scene.tell("released", parent=former)
    return Outcome(TicketState.REGISTERED, details={"main": former, "why": why})
