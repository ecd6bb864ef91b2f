"""What the witness in the house wrote down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.transcript import StreamState

FRAME_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class StreamNote:
    """The last report of one stream."""

    call_id: str
    state: StreamState
    frames: int
    dropped_frames: int
    max_lag_ms: float
    seconds: float
    audio_seconds: float

    @property
    def missing_seconds(self) -> float:
        """Of audio that should have come meanwhile and did not, by its samples."""
        return max(0.0, round(self.seconds - self.audio_seconds, 3))

    @property
    def missing(self) -> int:
        """The same in frames of 20 ms, whatever the size of those that came."""
        return int(round(self.missing_seconds / FRAME_SECONDS, 3))  # a part of one is the clock's


@dataclass(slots=True)
class Notes:
    """``finals``: segment id -> when the parent got it. ``opened``: call id -> when each tap stood.

    ``lags``: one (p50, p99, max) in ms per second, of the speech process's latest 5,000 decodings.
    """

    finals: dict[str, float] = field(default_factory=dict)
    opened: dict[str, list[float]] = field(default_factory=dict)
    streams: dict[str, StreamNote] = field(default_factory=dict)
    lags: list[tuple[float, float, float]] = field(default_factory=list)
    speech_pid: int | None = None
    partials_dropped: int = 0


def read_notes(file: Path) -> Notes:
    """Blocks; a last line that is not finished yet is left out."""
    notes = Notes()
    for line in _lines(file):
        match line["note"]:
            case "segment":
                notes.finals[line["segment_id"]] = line["at"]
            case "stream":
                _stream(notes, line)
            case "health":
                notes.speech_pid = line["pid"]
                notes.partials_dropped = line["partials_dropped"]
                if line["lag_max_ms"]:
                    notes.lags.append((line["lag_p50_ms"], line["lag_p99_ms"], line["lag_max_ms"]))
    return notes


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)


def _stream(notes: Notes, line: dict[str, Any]) -> None:
    state = StreamState(line["state"])
    if state is StreamState.OPEN and line["reason"] == "":
        notes.opened.setdefault(line["call_id"], []).append(line["at"])
    notes.streams[line["tap_id"]] = StreamNote(
        line["call_id"],
        state,
        line["frames"],
        line["dropped_frames"],
        line["max_lag_ms"],
        line["seconds"],
        line["audio_seconds"],
    )
