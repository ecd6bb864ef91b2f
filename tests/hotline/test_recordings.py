"""What the watch over the recordings says of a folder."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from hotline.recordings import DISK_LOW, FOLDER_CLOSED, LEAST_FREE, folder_fault

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(("free", "fault"), [(LEAST_FREE, ""), (LEAST_FREE - 1, DISK_LOW)])
def test_a_disk_with_little_room_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, fault: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10 * LEAST_FREE, 0, free))
    assert folder_fault(tmp_path) == fault


def test_a_folder_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert folder_fault(tmp_path / "file") == FOLDER_CLOSED
    assert folder_fault(tmp_path / "missing") == FOLDER_CLOSED
