"""Measures against numbers that abuse the line, each by two people, on evidence (article 47)."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Len
from fastapi import APIRouter, Path
from pydantic import StringConstraints

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import asked, guarded
from core.errors import NotFound
from core.loop.acts.intake import Key, Words
from core.loop.coordination import LARGEST
from core.loop.errors import (
    ActForbidden,
    AskedAlready,
    EvidenceMissing,
    EvidenceUsed,
    NothingAsked,
    OwnDecision,
    ReasonUnknown,
    StepMissing,
)
from core.loop.measures import MeasureView
from core.loop.scene import Body
from core.policy.book import PolicyUnknown
from core.policy.calendar import YearUnknown
from core.transitions import IllegalTransition

router = APIRouter(prefix="/api/measures", tags=["measures"])

MeasureId = Annotated[int, Path(ge=1, le=LARGEST)]
Piece = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,80}$")]


class Proposal(Body):
    """``number`` is the caller's, in any spelling; ``measure`` and ``reason`` are the rules' keys,
    ``evidence`` ids of calls and numbers of tickets; ``words`` say what happened."""

    number: Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\x00]*$")]
    measure: Key
    reason: Key
    words: Words
    evidence: Annotated[tuple[Piece, ...], Len(1, 100)]


class MeasureDecided(Body):
    """``granted``: it is in force from now on."""

    granted: bool
    words: Words


class MeasureReviewed(Body):
    """``upheld`` False: lifted at once, as if it had never been."""

    upheld: bool
    words: Words


@router.get("", responses=guarded(ActForbidden))
async def to_decide(parts: PartsOf, viewer: ViewerOf) -> list[MeasureView]:
    """What waits for a decision or a review, the oldest first."""
    return [*await parts.offices.abuse.to_decide(viewer)]


@router.post(
    "",
    status_code=201,
    responses=asked(
        ActForbidden,
        ReasonUnknown,
        EvidenceMissing,
        EvidenceUsed,
        StepMissing,
        AskedAlready,
        PolicyUnknown,
    ),
)
async def propose(body: Proposal, parts: PartsOf, viewer: ViewerOf) -> MeasureView:
    """Nothing is in force before another person has decided."""
    return await parts.offices.abuse.propose(
        viewer, body.number, body.measure, body.reason, body.words, body.evidence
    )


@router.post(
    "/{measure}/decision",
    responses=asked(
        NotFound,
        ActForbidden,
        OwnDecision,
        StepMissing,
        EvidenceMissing,
        EvidenceUsed,
        IllegalTransition,
        PolicyUnknown,
        YearUnknown,
    ),
)
async def decide(
    measure: MeasureId, body: MeasureDecided, parts: PartsOf, viewer: ViewerOf
) -> MeasureView:
    """By a supervisor of the city who did not propose it."""
    return await parts.offices.abuse.decide(viewer, measure, body.granted, body.words)


@router.post(
    "/{measure}/objection", responses=asked(NotFound, ActForbidden, AskedAlready, NothingAsked)
)
async def ask_review(measure: MeasureId, parts: PartsOf, viewer: ViewerOf) -> MeasureView:
    """The caller objects: somebody reviews it."""
    return await parts.offices.abuse.ask_review(viewer, measure)


@router.post(
    "/{measure}/review", responses=asked(NotFound, ActForbidden, NothingAsked, OwnDecision)
)
async def review(
    measure: MeasureId, body: MeasureReviewed, parts: PartsOf, viewer: ViewerOf
) -> MeasureView:
    """By somebody who neither proposed nor decided it."""
    return await parts.offices.abuse.review(viewer, measure, body.upheld, body.words)


@router.get("/{measure}/package", responses=asked(NotFound, ActForbidden))
async def package(measure: MeasureId, parts: PartsOf, viewer: ViewerOf) -> dict[str, Any]:
    """The evidence for the police or a review: ids, times and digests, neither words nor number."""
    return await parts.offices.abuse.package(viewer, measure)
