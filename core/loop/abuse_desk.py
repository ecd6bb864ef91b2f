"""Article 47 as people and the telephone's side use it: rights, the access log, limits."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from annotated_types import Len
from pydantic import StringConstraints, TypeAdapter, ValidationError
from sqlmodel import Session

from core.clock import Clock
from core.errors import Invalid
from core.loop.abuse import Proceedings
from core.loop.acts.intake import Words
from core.loop.columns import caller_digest
from core.loop.errors import ActForbidden
from core.loop.evidence import Evidence
from core.loop.measures import Measures, MeasureView, record_of, view
from core.people.access import AccessLog
from core.people.logged import tried
from core.people.roles import HOTLINE, Role
from core.policy.book import PolicyBook
from core.ports import Restriction, Viewer
from core.store.database import DatabaseAway
from core.store.loop_tables import AbuseRow
from core.store.vault import Vault

log = logging.getLogger(__name__)
T = TypeVar("T")
Work = Callable[[Callable[[Session], Any]], Awaitable[Any]]

_WORDS: TypeAdapter[str] = TypeAdapter(Words)
_PIECE = StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,80}$")
_PIECES: TypeAdapter[tuple[str, ...]] = TypeAdapter(
    Annotated[tuple[Annotated[str, _PIECE], ...], Len(1, 100)]
)
_DECIDE = frozenset({Role.SUPERVISOR})
_REVIEW = frozenset({Role.SUPERVISOR, Role.AUTHORITY})
TO_DECIDE = 200


class AbuseDesk:
    """Implements ``Restrictions``. Every other method raises ``ActForbidden`` for a role that may
    not, and what was done or tried is in the access log."""

    def __init__(
        self,
        write: Work,
        read: Work,
        vault: Vault,
        policies: Callable[[], PolicyBook],
        access: AccessLog,
        clock: Clock,
    ) -> None:
        self._write = write
        self._read = read
        self._vault = vault
        self._policies = policies
        self._access = access
        self._clock = clock

    async def propose(
        self,
        viewer: Viewer,
        number: str,
        measure: str,
        reason: str,
        words: str,
        evidence: tuple[str, ...],
    ) -> MeasureView:
        """Propose a measure against a number, in any spelling; ``words`` say what happened.

        Raises ``Invalid``, ``ReasonUnknown``, ``EvidenceMissing``, ``EvidenceUsed``,
        ``StepMissing``, ``AskedAlready``.
        """
        told, pieces = _checked(_WORDS, words), _checked(_PIECES, evidence)
        return await self._act(
            viewer,
            "propose_measure",
            HOTLINE,
            lambda acts: acts.propose(number, measure, reason, told, pieces),
        )

    async def decide(self, viewer: Viewer, id: int, granted: bool, words: str) -> MeasureView:
        """By a supervisor of the city, and not by who proposed it.

        Raises ``NotFound``, ``OwnDecision``, ``StepMissing``, ``EvidenceMissing``,
        ``EvidenceUsed``, ``IllegalTransition``.
        """
        why = _checked(_WORDS, words)
        return await self._act(
            viewer, "decide_measure", _DECIDE, lambda acts: acts.decide(id, granted, why), id
        )

    async def ask_review(self, viewer: Viewer, id: int) -> MeasureView:
        """The caller objects: by an agent, or by a key that he presses.

        Raises ``NotFound``, ``AskedAlready``, ``NothingAsked`` where nothing is in force.
        """
        roles = HOTLINE | {Role.SYSTEM}
        return await self._act(
            viewer, "ask_measure_review", roles, lambda acts: acts.ask_review(id), id
        )

    async def review(self, viewer: Viewer, id: int, upheld: bool, words: str) -> MeasureView:
        """By somebody who neither proposed nor decided it. Not upheld: lifted at once.

        Raises ``NotFound``, ``NothingAsked``, ``OwnDecision``.
        """
        why = _checked(_WORDS, words)
        return await self._act(
            viewer, "review_measure", _REVIEW, lambda acts: acts.review(id, upheld, why), id
        )

    async def to_decide(self, viewer: Viewer) -> tuple[MeasureView, ...]:
        """What waits for a decision or a review, the oldest first."""

        def work(session: Session) -> tuple[MeasureView, ...]:
            self._access.enter(session, viewer, "list_measures", "")
            now = self._clock.now()
            return tuple(view(row, now) for row in Measures(session).to_decide(TO_DECIDE))

        return await self._guarded(viewer, "list_measures", _REVIEW, work, None)

    async def package(self, viewer: Viewer, id: int) -> dict[str, Any]:
        """The evidence as JSON, for the police or a review. Raises ``NotFound``."""

        def work(session: Session) -> dict[str, Any]:
            measures = Measures(session)
            row = measures.row(id)
            self._access.enter(session, viewer, "export_measure", record_of(row))
            earlier = measures.of(row.caller_digest)
            return Evidence(session, self._vault).package(row, earlier, self._clock.now())

        return await self._guarded(viewer, "export_measure", _REVIEW, work, id)

    async def restriction(self, caller_number: str | None) -> Restriction:
        """Never raises: without the database nobody is limited."""
        digest = caller_digest(self._vault, caller_number or "")
        if digest is None:
            return Restriction()
        now = self._clock.now()
        try:
            row = await self._read(lambda session: Measures(session).limit(digest, now))
        except DatabaseAway:
            log.warning("limits not known: database away, nobody is limited")
            return Restriction()
        return Restriction(True, row.until, row.id) if row else Restriction()

    async def _act(
        self,
        viewer: Viewer,
        act: str,
        roles: frozenset[Role],
        play: Callable[[Proceedings], AbuseRow],
        id: int | None = None,
    ) -> MeasureView:
        def work(session: Session) -> MeasureView:
            now = self._clock.now()
            row = play(Proceedings(session, viewer, self._policies(), self._vault, now))
            session.add(row)
            self._access.enter(session, viewer, act, record_of(row))
            return view(row, now)

        return await self._guarded(viewer, act, roles, work, id)

    async def _guarded(
        self,
        viewer: Viewer,
        act: str,
        roles: frozenset[Role],
        work: Callable[[Session], T],
        id: int | None,
    ) -> T:
        """A measure holds for the whole line: a county's people may propose, the city decides."""

        def allowed(session: Session) -> T:
            if viewer.role not in roles or (roles <= _REVIEW and viewer.county):
                raise ActForbidden(act=act, role=viewer.role)
            return work(session)

        subject = "" if id is None else f"measure-{id}"
        return await tried(self._write, self._access, viewer, act, subject, allowed)


def _checked(form: TypeAdapter[T], given: Any) -> T:
    try:
        return form.validate_python(given)
    except ValidationError:
        raise Invalid("not in the form of a measure") from None
