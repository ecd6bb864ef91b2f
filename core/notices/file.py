"""The default way out: one JSON line a notice, for whatever a city sends it on with.

The files hold people's numbers: they and their folder are their owner's only.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import threading
from pathlib import Path

from core.errors import Unavailable
from core.ports import Notice


class NoticeNotWritten(Unavailable):
    """The folder of notices takes no more; the operating system's word is in ``why``."""

    error_id = "notice_not_written"


class FileNotifier:
    """A ``Notifier``. A day's notices stand in one file, named by the day they were written up.

    What a crash left half written is not taken for a notice. One process writes a folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._open: tuple[Path, set[str]] | None = None  # the file last used and its keys

    async def send(self, notice: Notice) -> str:
        """On the disk when it returns. Raises ``NoticeNotWritten``."""
        try:
            return await asyncio.to_thread(self._send, notice)
        except OSError as refused:
            self._open = None  # the line may stand there half or whole: look again
            raise NoticeNotWritten(why=refused.strerror or type(refused).__name__) from refused

    def _send(self, notice: Notice) -> str:
        file = self._folder / f"{notice.at:%Y-%m-%d}.jsonl"
        receipt = f"{file.name}#{notice.key}"
        with self._lock:
            keys = self._keys(file)
            if notice.key not in keys:
                self._append(file, json.dumps(_plain(notice), ensure_ascii=False))
                keys.add(notice.key)
        return receipt

    def _keys(self, file: Path) -> set[str]:
        if self._open is None or self._open[0] != file:
            self._open = file, keys_in(file)
        return self._open[1]

    def _append(self, file: Path, line: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not file.exists()
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b") as out:
            end = out.seek(0, os.SEEK_END)
            torn = end > 0 and os.pread(out.fileno(), 1, end - 1) != b"\n"
            out.write((b"\n" if torn else b"") + line.encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())
        if new:
            _sync_folder(self._folder)


def keys_in(file: Path) -> set[str]:
    """Keys of the whole lines of a file; none if there is no file."""
    keys = set()
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return set()
    for line in lines:
        try:
            keys.add(str(json.loads(line)["key"]))
        except (ValueError, KeyError, TypeError):  # a line that a crash cut short, or the end
            continue
    return keys


def _plain(notice: Notice) -> dict[str, str]:
    return dataclasses.asdict(notice) | {"at": notice.at.isoformat()}


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
