"""The default way out: whole lines, once each, for their owner only."""

from __future__ import annotations

import asyncio
import json
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.notices import FileNotifier
from core.notices.file import NoticeNotWritten, keys_in
from core.ports import Notice

NOTICE = Notice(
    key="7",
    number="TS2026011200001",
    template="registered",
    recipient="caller",
    channel="sms",
    address="15400000001",
    text="您的诉求已登记\n第二行",
    at=datetime(2026, 1, 12, 1, 0, tzinfo=UTC),
)


def lines(folder: Path) -> list[str]:
    return [line for file in sorted(folder.iterdir()) for line in file.read_text().splitlines()]


async def test_a_notice_is_one_line_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "notices"
    receipt = await FileNotifier(folder).send(NOTICE)
    assert receipt == "2026-01-12.jsonl#7"
    (line,) = lines(folder)
    told = json.loads(line)
    assert (told["key"], told["address"], told["text"]) == ("7", NOTICE.address, NOTICE.text)
    file = folder / "2026-01-12.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_the_same_key_is_written_once_also_after_a_restart(tmp_path: Path) -> None:
    first = FileNotifier(tmp_path)
    receipt = await first.send(NOTICE)
    assert await first.send(NOTICE) == receipt
    assert await FileNotifier(tmp_path).send(NOTICE) == receipt
    await FileNotifier(tmp_path).send(replace(NOTICE, key="8"))
    assert [json.loads(line)["key"] for line in lines(tmp_path)] == ["7", "8"]


@pytest.mark.parametrize("cut", [1, 40, -2, -1])
async def test_a_line_that_a_crash_cut_short_is_written_again_whole(
    tmp_path: Path, cut: int
) -> None:
    await FileNotifier(tmp_path).send(NOTICE)
    file = tmp_path / "2026-01-12.jsonl"
    file.write_bytes(file.read_bytes()[:cut])
    risen = FileNotifier(tmp_path)
    await risen.send(NOTICE)
    await risen.send(replace(NOTICE, key="8"))
    assert keys_in(file) == {"7", "8"}
    whole = [line for line in lines(tmp_path) if line.endswith("}")]
    assert [json.loads(line)["key"] for line in whole] == ["7", "8"]


async def test_many_at_once_are_whole_lines(tmp_path: Path) -> None:
    notifier = FileNotifier(tmp_path)
    await asyncio.gather(*(notifier.send(replace(NOTICE, key=str(n))) for n in range(40)))
    assert {json.loads(line)["key"] for line in lines(tmp_path)} == {str(n) for n in range(40)}


async def test_a_folder_that_is_none_is_an_error_without_the_text(tmp_path: Path) -> None:
    (tmp_path / "notices").write_text("a file")
    notifier = FileNotifier(tmp_path / "notices")
    with pytest.raises(NoticeNotWritten) as refused:
        await notifier.send(NOTICE)
    assert NOTICE.text not in str(refused.value.as_dict())
    (tmp_path / "notices").unlink()
    assert await notifier.send(NOTICE), "and it goes on once it is mended"
