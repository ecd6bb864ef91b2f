"""What a unit asks for and the hotline decides: at most one open request of a kind on a ticket."""

from __future__ import annotations

from core.loop.errors import AskedAlready, NothingAsked
from core.loop.scene import Scene
from core.store.loop_tables import RequestRow

RETURN, POSTPONEMENT = "return", "postponement"
SUSPENSION, TERMINATION = "suspension", "termination"
# Void as soon as the unit has handled the ticket, or another one has it.
OF_THE_UNIT = (RETURN, POSTPONEMENT, SUSPENSION, TERMINATION)
# What came of it is told to the unit that asked; of a return its own act tells more.
_TOLD = (POSTPONEMENT, SUSPENSION, TERMINATION)


def ask(
    scene: Scene, kind: str, reason: str, words: str, *, workdays: int = 0, level: int = 1
) -> None:
    """Write the request down; the clock runs on. Raises ``AskedAlready``."""
    if scene.rows.open_request(scene.number, kind) is not None:
        raise AskedAlready(kind=kind)
    scene.rows.add(
        RequestRow(
            number=scene.number,
            kind=kind,
            unit=scene.viewer.unit,
            asked_by=scene.viewer.agent,
            asked_at=scene.now,
            reason=reason,
            words_sealed=scene.seal(words),
            workdays=workdays,
            level=level,
        )
    )


def asked(scene: Scene, kind: str) -> RequestRow:
    """The open request. Raises ``NothingAsked``."""
    request = scene.rows.open_request(scene.number, kind)
    if request is None:
        raise NothingAsked(kind=kind)
    return request


def decide(scene: Scene, request: RequestRow, granted: bool) -> None:
    """Write the decision down, and tell the unit that asked."""
    request.state = "granted" if granted else "refused"
    request.decided_by = scene.viewer.agent
    request.decided_at = scene.now
    scene.rows.add(request)
    scene.rows.session.flush()  # what is decided is not made void by what follows from it
    if request.unit and request.kind in _TOLD:
        scene.tell(f"{request.kind}_{request.state}", unit=request.unit)
