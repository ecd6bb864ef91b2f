"""A ticket's history: one step an act, never changed, never removed."""

from __future__ import annotations

from core.loop.scene import Outcome, Scene
from core.loop.states import MOVES, OVER, Act, TicketState
from core.store.loop_tables import StepRow
from core.store.outbox import NOBODY, note


def write_step(
    scene: Scene, act: Act, source: TicketState, target: TicketState, outcome: Outcome
) -> None:
    """The act's line in the history and its event, in the same unit of work."""
    ticket = scene.ticket
    ticket.state = target.value
    ticket.open = target not in OVER
    ticket.version += 1
    scene.rows.add(ticket)
    if not ticket.open:
        scene.rows.close_lists(ticket.number)
    scene.rows.add(
        StepRow(
            number=ticket.number,
            seq=ticket.version,
            act=act.value,
            source=source.value,
            target=target.value,
            actor=scene.viewer.agent,
            role=scene.viewer.role,
            unit=scene.viewer.unit,
            at=scene.now,
            article=outcome.article or (MOVES[act].article if act in MOVES else "10"),
            reason=outcome.reason,
            words_sealed=scene.seal(outcome.words),
            details=outcome.details,
            policy=scene.policy.version,
        )
    )
    scene.rows.session.flush()
    note(scene.rows.session, "ticket", ticket.number, ticket.agent or NOBODY, scene.now)
