"""Lawful deletion of an archived ticket's text, its call's included (article 39)."""

from __future__ import annotations

from core.loop.acts.intake import Key
from core.loop.acts.registry import ActDef
from core.loop.errors import AlreadyErased, ReasonUnknown
from core.loop.origin import at_work, call_of
from core.loop.scene import Body, Outcome, Scene
from core.loop.states import Act
from core.store.erasure import erase_call, erase_ticket


class Erase(Body):
    """``ground`` is a key of the rules."""

    ground: Key


def erase(scene: Scene, body: Erase) -> Outcome:
    """What was decided, by whom and when stays; what people said and who they are is gone.

    The call goes with it, also where the ticket was split off from the call's own; unless another
    ticket about the call is still at work and needs it. Then it goes with the last of them that is
    erased, or when its own keep span is over.

    Raises ``ReasonUnknown``, ``AlreadyErased``.
    """
    ground = scene.policy.conduct.erasure(body.ground)
    if ground is None:
        raise ReasonUnknown(reason=body.ground)
    if scene.vault.erased(scene.rows.session, scene.number):
        raise AlreadyErased(number=scene.number)
    session = scene.rows.session
    call_id = call_of(session, scene.ticket)
    erase_ticket(session, scene.vault, scene.number)
    if call_id is not None and not at_work(session, call_id, but=scene.number):
        erase_call(session, scene.vault, call_id)
    return Outcome(reason=ground.key, article=ground.article)


DELETING = (ActDef(Act.ERASE, Erase, erase),)
