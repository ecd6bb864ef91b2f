"""Recordings of state secrets leave the disk once their call has ended."""

from __future__ import annotations

from pathlib import Path

from core.calls import CallEnded, Leg, RecordingKept
from core.loop.states import Act
from hotline.eraser import RecordingEraser
from tests.core.conftest import (
    database_url,
    pack,
    policies,
    postgres,
    postgres_template,
    sqlite_template,
)
from tests.core.loop.city import AGENT, City
from tests.core.loop.conftest import city

__all__ = [
    "city",
    "database_url",
    "pack",
    "policies",
    "postgres",
    "postgres_template",
    "sqlite_template",
]


async def recorded(city: City, folder: Path, file: str) -> str:
    await city.talk("c1", "15400000005", said="涉密内容")
    await city.desk.record(RecordingKept("c1", city.clock.moment, Leg.CALLER, file))
    if "/" not in file:
        (folder / file).write_bytes(b"RIFF")
    await city.desk.set_field(AGENT, "c1", "title", "涉密")
    return (await city.desk.submit(AGENT, "c1")).number


async def test_a_secret_recording_is_deleted_when_its_call_has_ended(
    city: City, tmp_path: Path
) -> None:
    eraser = RecordingEraser(city.desk.shelf, tmp_path)
    number = await recorded(city, tmp_path, "c1-caller.wav")
    assert await eraser.erase_due() == 0
    await city.does(AGENT, number, Act.REFUSE, ground="state_secret")
    assert await eraser.erase_due() == 0, "it is still being written"
    await city.desk.record(CallEnded("c1", city.clock.moment, 16))
    assert (tmp_path / "c1-caller.wav").exists()
    assert await eraser.erase_due() == 1
    assert not (tmp_path / "c1-caller.wav").exists()
    assert await eraser.erase_due() == 0


async def test_nothing_outside_the_folder_is_deleted(city: City, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    (tmp_path / "precious").write_text("keep")
    number = await recorded(city, folder, "../precious")
    await city.does(AGENT, number, Act.REFUSE, ground="state_secret")
    await city.desk.record(CallEnded("c1", city.clock.moment, 16))
    assert await RecordingEraser(city.desk.shelf, folder).erase_due() == 0
    assert (tmp_path / "precious").exists()
