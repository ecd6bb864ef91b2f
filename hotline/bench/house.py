"""``python -m hotline.bench.house SITE NOTES``: what `hotline serve` runs, with a witness inside.

The witness writes down when this process got each final segment and each report of a stream, and
once a second how the speech process is: one JSON line each (``hotline.bench.notes`` reads them).
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from core.transcript import Segment, StreamReport
from hotline.app import Hotline
from hotline.site import load_site

HEALTH_SECONDS = 1.0


class Witness:
    """A ``TranscriptSink`` that only takes notes."""

    def __init__(self, notes: TextIO) -> None:
        self._notes = notes

    def note(self, kind: str, fields: dict[str, Any]) -> None:
        line = {"note": kind, "at": time.monotonic(), **fields}
        self._notes.write(json.dumps(line) + "\n")

    async def segment(self, segment: Segment) -> None:
        if segment.final:
            self.note("segment", {"segment_id": segment.segment_id, "call_id": segment.call_id})

    async def stream(self, report: StreamReport) -> None:
        self.note("stream", asdict(report))

    async def engine(self, name: str | None, reason: str) -> None:
        self.note("engine", {"name": name})


async def _watch_speech(hotline: Hotline, witness: Witness) -> None:
    while True:
        await asyncio.sleep(HEALTH_SECONDS)
        health = hotline.speech.health.model_dump(exclude={"kind"})
        witness.note("health", {"pid": hotline.speech.pid, **health})


async def _serve(folder: Path, notes: TextIO) -> None:
    witness = Witness(notes)
    hotline = Hotline(await asyncio.to_thread(load_site, folder), witness=witness)
    stop, started = asyncio.Event(), asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    watching = [
        asyncio.create_task(_watch_speech(hotline, witness)),
        asyncio.create_task(_announce(hotline, started)),
    ]
    try:
        await hotline.run(stop, started)
    finally:
        for task in watching:
            task.cancel()


async def _announce(hotline: Hotline, started: asyncio.Event) -> None:
    await started.wait()
    print(hotline.url, flush=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    with Path(sys.argv[2]).open("w", encoding="utf-8", buffering=1) as file:
        asyncio.run(_serve(Path(sys.argv[1]), file))
