"""What the demo prints while the call runs, and what it leaves behind as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from core.calls import CallState, Leg
from core.errors import HotlineError
from core.pack import CityPack
from core.views import CallView, Event, FieldView
from hotline.demo.play import Performance

WHO = {Leg.CALLER: ("诉求人", "cyan"), Leg.AGENT: ("座  席", "green")}
STATES = {
    CallState.ARRIVED: "来电",
    CallState.QUEUED: "排队",
    CallState.OFFERED: "振铃",
    CallState.CONNECTED: "通话中",
    CallState.ENDED: "已结束",
}
RATING = "评价"  # back in the flow after the talk


class ResultUnwritten(HotlineError):
    """The file named by ``--json`` cannot be written."""

    error_id = "result_unwritten"


class Show:
    """Prints events as they come, each once."""

    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._state = ""
        self._said: set[str] = set()

    def event(self, event: Event) -> None:
        segment = event.segment if event.kind == "segment" else None
        # A sentence is told at once and told again when it is stored.
        if segment is not None and segment.segment_id not in self._said:
            self._said.add(segment.segment_id)
            who, colour = WHO[segment.leg]
            start = segment.start_ms / 1000
            self._screen.print(
                f"  [{colour}]{start:6.1f}s {who}[/{colour}]  ", end="", highlight=False
            )
            self._screen.print(segment.text, markup=False, highlight=False)
        if event.call is not None and (state := _state(event.call)) != self._state:
            self._state = state
            self._screen.print(f"  [dim]通话: {state}[/dim]")

    def performance(self, done: Performance, pack: CityPack) -> None:
        """The draft as it became the ticket, and how long each stage took."""
        titles = {field.key: field.title for field in pack.form.fields}
        table = Table(title=f"工单 {done.ticket.number}", title_justify="left")
        for heading in ("字段", "内容", "把握", "依据"):
            table.add_column(heading, overflow="fold")
        for key, field in done.draft.fields.items():
            if field.value not in (None, "", [], False):
                words = "；".join(e.words for e in field.evidence if e.words)
                table.add_row(
                    titles.get(key, key), _plain(field), f"{field.confidence:.2f}", words[:60]
                )
        self._screen.print(table)
        for name, seconds in done.timings.items():
            self._screen.print(f"  {name:24} {seconds:8.3f} s", highlight=False)


def _state(call: CallView) -> str:
    if call.state is CallState.ARRIVED and call.connected_at is not None:
        return RATING
    return STATES[call.state]


def _plain(field: FieldView) -> str:
    value = field.value
    return " / ".join(map(str, value)) if isinstance(value, list) else str(value)


def result(done: Performance) -> dict[str, Any]:
    """The demo's result; times of segments in seconds from the answer."""
    return {
        "call": done.call.model_dump(mode="json"),
        "segments": [
            {
                "id": part.segment_id,
                "leg": part.leg,
                "start": part.start_ms / 1000,
                "end": part.end_ms / 1000,
                "text": part.text,
                "engine": part.engine,
            }
            for part in done.segments
        ],
        "draft": {
            key: {
                "value": field.value,
                "confidence": field.confidence,
                "evidence": [evidence.model_dump(mode="json") for evidence in field.evidence],
            }
            for key, field in done.draft.fields.items()
        },
        "ticket": done.ticket.model_dump(mode="json"),
        "timings": done.timings,
        **({"history": done.steps} if done.steps else {}),
    }


def check_writable(file: Path) -> None:
    """Raises ``ResultUnwritten`` when ``file`` could not be written; writes nothing."""
    if not file.parent.is_dir():
        raise ResultUnwritten(f"{file}: there is no such folder")
    if file.is_dir():
        raise ResultUnwritten(f"{file}: this is a folder")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise ResultUnwritten(f"{file}: it may not be written")


def write_result(done: Performance, file: Path) -> None:
    """Raises ``ResultUnwritten``."""
    try:
        file.write_text(json.dumps(result(done), ensure_ascii=False, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise ResultUnwritten(f"{file.name}: {error.strerror}") from error
