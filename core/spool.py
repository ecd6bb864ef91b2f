"""Keeps facts and final segments on disk while the database is away, and hands them on afterwards.

One sealed line each, in the order in which they came. While anything is spooled, everything that
comes later is spooled behind it, so that no call's story is told out of order.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from core import calls
from core.calls import CallFact, Leg
from core.errors import HotlineError
from core.ports import FactSink, TranscriptSink
from core.store.database import DatabaseAway
from core.store.vault import Vault
from core.transcript import Segment, StreamReport

log = logging.getLogger(__name__)

KINDS: dict[str, type[CallFact]] = {
    kind.__name__: kind
    for kind in vars(calls).values()
    if isinstance(kind, type) and issubclass(kind, CallFact) and kind is not CallFact
}


class SpoolBroken(HotlineError):
    """A spooled line cannot be read (cut short by a crash, or changed); it is set aside."""

    error_id = "spool_broken"


class SpoolFull(HotlineError):
    """The disk has no room for what is to be kept: it waits in memory, as much as fits there."""

    error_id = "spool_full"


class SpoolLost(HotlineError):
    """Neither the disk nor memory had room: something that happened is not kept anywhere."""

    error_id = "spool_lost"


def encode(item: CallFact | Segment) -> str:
    """One fact or final segment as JSON."""
    fields = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in dataclasses.asdict(item).items()
        if name != "words"
    }
    return json.dumps({"kind": type(item).__name__, **fields}, ensure_ascii=False)


def decode(line: str) -> CallFact | Segment:
    """The item of a line. Raises ``SpoolBroken``."""
    try:
        fields: dict[str, Any] = dict(json.loads(line))
        kind = fields.pop("kind")
        if "leg" in fields:
            fields["leg"] = Leg(fields["leg"])
        if kind == Segment.__name__:
            return Segment(**fields)
        return KINDS[kind](**{**fields, "at": datetime.fromisoformat(fields["at"])})
    except (ValueError, KeyError, TypeError) as broken:
        raise SpoolBroken(type(broken).__name__) from broken


class Spool:
    """Stands before the desk as ``FactSink`` and ``TranscriptSink``. Own its ``run``.

    ``limit`` bounds the file in bytes. What the disk does not take waits in memory, ``most`` items
    of it; past these bounds items are counted in ``lost`` and logged. ``tell`` is given the error
    id of what stands in the way (of what was lost as long as this process lives), "" for nothing.
    """

    def __init__(
        self,
        facts: FactSink,
        words: TranscriptSink,
        vault: Vault,
        file: Path,
        *,
        retry_seconds: float = 2.0,
        limit: int = 64 * 1024 * 1024,
        most: int = 20_000,
        tell: Callable[[str], None] = lambda fault: None,
    ) -> None:
        self._tell = tell
        self._facts = facts
        self._words = words
        self._vault = vault
        self._file = file
        self._retry = retry_seconds
        self._limit = limit
        self._most = most
        self._waiting: deque[bytes] = deque()  # lines that the disk did not take yet
        self._lock = asyncio.Lock()
        self._writing = threading.RLock()  # ``keep`` may meet a write of before that still runs
        self._away = file.exists()
        self._wake = asyncio.Event()
        self.lost = 0

    async def record(self, fact: CallFact) -> None:
        await self._pass(fact)

    async def segment(self, segment: Segment) -> None:
        if segment.final:
            await self._pass(segment)
        else:
            await self._words.segment(segment)

    async def stream(self, report: StreamReport) -> None:
        """How a stream stands is worth nothing later: without a database it is not kept."""
        try:
            await self._words.stream(report)
        except DatabaseAway:
            log.warning("database away: the state of a stream was not kept")

    async def engine(self, name: str | None, reason: str) -> None:
        try:
            await self._words.engine(name, reason)
        except DatabaseAway:
            log.warning("database away: the engine's state was not told")

    async def run(self) -> None:
        """Hand on what is spooled whenever the database is back; until cancelled."""
        while True:
            if self._away:
                try:
                    await self._drain()
                except OSError as full:
                    log.error("%s: %s", SpoolFull.error_id, full.strerror or full)
                self._tell(self.fault)
            if self._away:
                await asyncio.sleep(self._retry)
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _pass(self, item: CallFact | Segment) -> None:
        if not self._away:
            try:
                await self._hand_on(item)
                return
            except DatabaseAway:
                log.error("database away: facts are spooled to disk")
        async with self._lock:
            self._away = True
            await asyncio.to_thread(self._append, item)
        self._tell(self.fault)
        self._wake.set()

    @property
    def fault(self) -> str:
        """The error id of what is wrong, the worst first; "" while all goes to the database."""
        if self.lost:
            return SpoolLost.error_id
        if self._waiting:
            return SpoolFull.error_id
        return DatabaseAway.error_id if self._away else ""

    async def _hand_on(self, item: CallFact | Segment) -> None:
        if isinstance(item, Segment):
            await self._words.segment(item)
        else:
            await self._facts.record(item)

    def keep(self, items: Iterable[CallFact | Segment]) -> None:
        """Put on disk what will not be handed on any more, for the next start. Blocks."""
        for item in items:
            self._append(item)

    def _append(self, item: CallFact | Segment) -> None:
        line = base64.b64encode(self._vault.seal_loose(encode(item))) + b"\n"
        with self._writing:
            self._waiting.append(line)
            try:
                self._write()
            except OSError as full:
                reason = full.strerror or full
                log.error("%s: %d items wait (%s)", SpoolFull.error_id, len(self._waiting), reason)
                if len(self._waiting) > self._most:
                    self._lose(self._waiting.pop)

    def _lose(self, drop: Callable[[], object]) -> None:
        drop()
        self.lost += 1
        log.error("%s: an item was lost, %d so far", SpoolLost.error_id, self.lost)

    def _write(self) -> None:
        """Put on disk what waits in memory. Raises ``OSError``; then the rest goes on waiting."""
        with self._writing:
            if self._waiting:
                self._write_lines()

    def _write_lines(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("ab", buffering=0) as out:
            if _cut_short(self._file):
                out.write(b"\n")
            while self._waiting:
                line = self._waiting[0]
                if out.tell() + len(line) > self._limit:
                    self._lose(self._waiting.popleft)
                    continue
                if out.write(line) != len(line):
                    raise OSError("the disk took a part of a line")
                self._waiting.popleft()

    async def _drain(self) -> None:
        """Raises ``OSError``; nothing is lost by that, but some of it may be handed on again."""
        async with self._lock:  # nothing may be appended behind our back
            spooled = await asyncio.to_thread(_lines, self._file)
            lines = [*spooled, *self._waiting]
            for done, line in enumerate(lines):
                try:
                    await self._replay(line)
                except DatabaseAway:
                    if done:
                        await asyncio.to_thread(_rewrite, self._file, lines[done:])
                        self._waiting.clear()
                    else:
                        await asyncio.to_thread(self._write)
                    return
            await asyncio.to_thread(self._file.unlink, missing_ok=True)
            self._waiting.clear()
            self._away = False
            if lines:
                log.warning("database back: %d spooled items handed on", len(lines))

    async def _replay(self, line: bytes) -> None:
        try:
            await self._hand_on(decode(self._vault.open_loose(base64.b64decode(line))))
        except DatabaseAway:
            raise
        except (HotlineError, ValueError) as broken:
            name = broken.error_id if isinstance(broken, HotlineError) else "spool_broken"
            log.error("spool: a line was set aside (%s)", name)
            await asyncio.to_thread(_set_aside, self._file, line)


def _lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines() if file.exists() else []


def _cut_short(file: Path) -> bool:
    """Whether a crash or a full disk left half a line at the end: the next one begins anew."""
    with file.open("rb") as there:
        size = there.seek(0, os.SEEK_END)
        there.seek(max(0, size - 1))
        return size > 0 and there.read(1) != b"\n"


def _rewrite(file: Path, lines: list[bytes]) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_bytes(b"".join(line.rstrip(b"\n") + b"\n" for line in lines))
    fresh.replace(file)


def _set_aside(file: Path, line: bytes) -> None:
    with file.with_suffix(".broken").open("ab") as out:
        out.write(line + b"\n")
