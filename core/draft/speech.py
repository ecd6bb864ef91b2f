"""The final segments of a call as two running texts, with the way back to the segments."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from core.calls import Leg
from core.draft.text import Folded, fold
from core.transcript import Segment
from core.views import Evidence

# A speaker who goes on within this time was only cut by the voice gate.
SAME_BREATH_MS = 1200
_STOPS = "，。？！；：…—"


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment inside a running text: it begins at ``start`` there."""

    segment_id: str
    start: int
    folded: Folded

    @property
    def end(self) -> int:
        return self.start + len(self.folded.text)


@dataclass(frozen=True, slots=True)
class Passage:
    """Everything one leg said, in order of time, as one text."""

    text: str
    pieces: tuple[Piece, ...]

    def evidence(self, start: int, end: int) -> tuple[Evidence, ...]:
        """The words behind ``text[start:end]``, one piece of evidence per segment touched."""
        found: list[Evidence] = []
        for piece in self.pieces:
            first, last = max(start, piece.start), min(end, piece.end)
            if first < last:
                words = piece.folded.quote(first - piece.start, last - piece.start)
                found.append(
                    Evidence(source="segment", segment_id=piece.segment_id, words=words.strip())
                )
        return tuple(found)

    def piece_at(self, offset: int) -> Piece | None:
        """The segment in which ``offset`` lies (or after which it follows)."""
        starts = [piece.start for piece in self.pieces]
        index = bisect_right(starts, offset) - 1
        return self.pieces[index] if index >= 0 else None


@dataclass(frozen=True, slots=True)
class Turn:
    """One segment in the order of the talk: ``text[start:end]`` of its leg's passage."""

    leg: Leg
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Speech:
    """Both legs. ``turns`` are all segments by the time they began."""

    caller: Passage
    agent: Passage
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A final segment with its folded text."""

    segment: Segment
    folded: Folded

    @classmethod
    def of(cls, segment: Segment) -> Said:
        return cls(segment, fold(segment.text))


def speech_of(segments: Iterable[Segment]) -> Speech:
    """Put final segments together by the time they were spoken, whatever order they came in."""
    return speech_from(map(Said.of, segments))


def speech_from(said: Iterable[Said]) -> Speech:
    """The same from segments that were folded when they came."""
    ordered = sorted(said, key=_time)
    texts: dict[Leg, str] = {Leg.CALLER: "", Leg.AGENT: ""}
    pieces: dict[Leg, list[Piece]] = {Leg.CALLER: [], Leg.AGENT: []}
    last_end: dict[Leg, int] = {}
    turns: list[Turn] = []
    for part in ordered:
        segment, folded, leg = part.segment, part.folded, part.segment.leg
        if not folded.text:
            continue
        if texts[leg] and texts[leg][-1] not in _STOPS:
            pause = segment.start_ms - last_end[leg]
            texts[leg] += "，" if pause < SAME_BREATH_MS else "。"
        start = len(texts[leg])
        texts[leg] += folded.text
        pieces[leg].append(Piece(segment.segment_id, start, folded))
        turns.append(Turn(leg, start, len(texts[leg])))
        last_end[leg] = segment.end_ms
    return Speech(
        caller=Passage(texts[Leg.CALLER], tuple(pieces[Leg.CALLER])),
        agent=Passage(texts[Leg.AGENT], tuple(pieces[Leg.AGENT])),
        turns=tuple(turns),
    )


def _time(said: Said) -> tuple[int, int, Leg, str]:
    segment = said.segment
    return segment.start_ms, segment.end_ms, segment.leg, segment.segment_id
