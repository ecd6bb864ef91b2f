"""Calls and segments for drafts, without a telephone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from core.calls import Leg
from core.draft import CallContext, DraftBuilder, OpenTicket
from core.pack import CityPack
from core.transcript import Segment

# Thursday, 16:30 in the city.
AFTERNOON = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)


def _spoken(*turns: str, call_id: str = "c1") -> list[Segment]:
    segments = []
    for number, turn in enumerate(turns):
        leg, text = turn.split(": ", 1)
        segments.append(
            Segment(
                segment_id=f"{call_id}-{number}",
                call_id=call_id,
                leg=Leg(leg),
                party=leg,
                start_ms=number * 5000,
                end_ms=number * 5000 + 4000,
                text=text,
                engine="fake",
                final=True,
            )
        )
    return segments


@pytest.fixture(scope="session")
def spoken() -> Callable[..., list[Segment]]:
    """Segments from lines such as ``caller: …`` and ``agent: …``, one every five seconds."""
    return _spoken


@pytest.fixture
def context(pack: CityPack) -> Callable[..., CallContext]:
    def make(
        number: str | None = "15400000001",
        dialled: str = "12345",
        keys: str = "",
        enterprise: bool = False,
        history: tuple[OpenTicket, ...] = (),
        at: datetime = AFTERNOON,
    ) -> CallContext:
        line = pack.line_for(dialled)
        return CallContext("c1", at, number, dialled, line, keys, enterprise, history)

    return make


@pytest.fixture
def drafted(pack: CityPack, context: Callable[..., CallContext]) -> Callable[..., DraftBuilder]:
    """A draft after these turns."""

    def make(*turns: str, **known: object) -> DraftBuilder:
        builder = DraftBuilder(pack, context(**known))
        for segment in _spoken(*turns):
            builder.add(segment)
        return builder

    return make
