"""Lawful deletion of an archived ticket's text, its call's included (article 39)."""

from __future__ import annotations

from core.loop.acts.intake import Key
from core.loop.acts.registry import ActDef
from core.loop.errors import AlreadyErased, ReasonUnknown
from core.loop.scene import Body, Outcome, Scene
from core.loop.states import Act
from core.store.erasure import erase_ticket


class Erase(Body):
    """``ground`` is a key of the rules."""

    ground: Key


def erase(scene: Scene, body: Erase) -> Outcome:
    """What was decided, by whom and when stays; what people said and who they are is gone.

    Raises ``ReasonUnknown``, ``AlreadyErased``.
    """
    ground = scene.policy.conduct.erasure(body.ground)
    if ground is None:
        raise ReasonUnknown(reason=body.ground)
    if scene.vault.erased(scene.rows.session, scene.number):
        raise AlreadyErased(number=scene.number)
    erase_ticket(scene.rows.session, scene.vault, scene.ticket)
    return Outcome(reason=ground.key, article=ground.article)


DELETING = (ActDef(Act.ERASE, Erase, erase),)
