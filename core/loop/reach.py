"""A step on another ticket than the one that is acted on, in the same unit of work."""

from __future__ import annotations

from collections.abc import Callable

from core.loop.errors import ActOutOfOrder
from core.loop.scene import Outcome, Scene
from core.loop.states import MOVES, Act, TicketState, allowed
from core.loop.steps import write_step
from core.people.roles import Role
from core.ports import Viewer
from core.store.tables import TicketRow

# Who does what follows by itself from a person's act; no account has this role.
HOUSE = Viewer(agent="system", name="", role=Role.SYSTEM)


def reach(
    scene: Scene, ticket: TicketRow, act: Act, run: Callable[[Scene], Outcome]
) -> TicketState:
    """Play ``act`` on ``ticket`` as the house, by its own rules; its step says from where it came.

    ``ticket`` was read for change. Returns its new state. Raises ``ActOutOfOrder``.
    """
    source = TicketState(ticket.state)
    last = scene.rows.last_at(ticket.number)
    other = Scene(
        viewer=HOUSE,
        now=max(scene.now, last) if last is not None else scene.now,
        policy=scene.rules_of(ticket.policy),
        ticket=ticket,
        rows=scene.rows,
        vault=scene.vault,
        rules_of=scene.rules_of,
    )
    outcome = run(other)
    target = outcome.target or source
    if Role.SYSTEM not in MOVES[act].roles or not allowed(source, act, target):
        raise ActOutOfOrder(act=act.value, state=source.value, target=target.value)
    outcome.details.setdefault("because_of", scene.number)
    write_step(other, act, source, target, outcome)
    return target
