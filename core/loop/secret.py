"""A state secret keeps its category and nothing else, anywhere (articles 11, 39).

Text is overwritten in the rows, and the keys that opened it are destroyed: the call's for good, the
ticket's for a new one. The call's recording is marked to be deleted from the disk.
"""

from __future__ import annotations

from core.loop.columns import fill_columns
from core.loop.scene import Scene
from core.store.erasure import empty_ticket, erase_call

STATE_SECRET = 3
# The category, and what a ticket cannot be without; none of it tells what was said.
KEPT = ("channel", "source_line", "type", "category", "urgency", "verdict")


def keep_category_only(scene: Scene) -> None:
    """Nothing of the content stays, neither in the form nor in what was written before."""
    ticket, fields = scene.ticket, scene.fields()
    kept = {key: fields[key] for key in KEPT if fields.get(key) is not None}
    ticket.secrecy = STATE_SECRET
    scene.rows.add(ticket)
    empty_ticket(scene.rows.session, ticket.number)
    if ticket.call_id is not None:
        erase_call(scene.rows.session, scene.vault, ticket.call_id)
    scene.vault.renew(scene.rows.session, ticket.number)
    scene.put_fields(kept)
    fill_columns(scene, kept)
