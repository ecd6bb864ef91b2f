"""A state secret keeps its category and nothing else, anywhere (articles 11, 39).

Text is overwritten in the rows, and the keys that opened it are destroyed: the call's for good, the
ticket's and its meetings' for new ones. The call's recording is marked to be deleted from the disk.
The secret was said in the call, whatever else was told there: it goes although other tickets that
were split off, or this one was split off from, are still at work.
"""

from __future__ import annotations

from core.loop.columns import fill_columns
from core.loop.coordination import Coordination, record_of
from core.loop.origin import call_of
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
    call_id = call_of(scene.rows.session, ticket)
    if call_id is not None:
        erase_call(scene.rows.session, scene.vault, call_id)
    for meeting in Coordination(scene.rows.session).meetings_on(ticket.number):
        meeting.minutes_sealed = None
        scene.rows.add(meeting)
        scene.vault.renew(scene.rows.session, record_of(meeting))
    scene.vault.renew(scene.rows.session, ticket.number)
    scene.put_fields(kept)
    fill_columns(scene, kept)
