"""What happens to facts and words while the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import calls
from core.calls import CallFact, Leg
from core.spool import Spool, SpoolBroken, decode, encode
from core.store.database import DatabaseAway
from core.store.vault import Vault
from core.transcript import Segment, StreamReport

MOMENT = datetime(2026, 1, 12, tzinfo=UTC)
VAULT = Vault(bytes(32))


class Desk:
    """Keeps what it is given, unless its database is away."""

    def __init__(self) -> None:
        self.kept: list[CallFact | Segment] = []
        self.away = False
        self.arrived = asyncio.Condition()

    async def record(self, fact: CallFact) -> None:
        await self._keep(fact)

    async def segment(self, segment: Segment) -> None:
        await self._keep(segment)

    async def stream(self, report: StreamReport) -> None:
        if self.away:
            raise DatabaseAway

    async def engine(self, name: str | None, reason: str) -> None:
        if self.away:
            raise DatabaseAway

    async def _keep(self, item: CallFact | Segment) -> None:
        if self.away:
            raise DatabaseAway
        async with self.arrived:
            self.kept.append(item)
            self.arrived.notify_all()

    async def has(self, count: int) -> None:
        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: len(self.kept) >= count)


def fact(number: int) -> CallFact:
    return calls.CallQueued(f"c{number}", MOMENT, "general")


def words(text: str) -> Segment:
    return Segment("s1", "c1", Leg.CALLER, "caller", 0, 900, text, "fake", True)


@asynccontextmanager
async def running(desk: Desk, file: Path, limit: int = 10**6) -> AsyncIterator[Spool]:
    spool = Spool(desk, desk, VAULT, file, retry_seconds=0.01, limit=limit)
    task = asyncio.create_task(spool.run())
    try:
        yield spool
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_nothing_is_lost_and_the_order_is_kept_over_an_outage(tmp_path: Path) -> None:
    desk = Desk()
    async with running(desk, tmp_path / "spool") as spool:
        await spool.record(fact(0))
        desk.away = True
        await spool.record(fact(1))
        await spool.segment(words("路灯不亮"))
        await spool.record(fact(2))
        assert desk.kept == [fact(0)]
        desk.away = False
        await desk.has(4)
        await spool.record(fact(3))
        await desk.has(5)
    assert desk.kept == [fact(0), fact(1), words("路灯不亮"), fact(2), fact(3)]


async def test_what_was_spooled_before_a_crash_is_handed_on_at_the_next_start(
    tmp_path: Path,
) -> None:
    desk = Desk()
    desk.away = True
    crashed = Spool(desk, desk, VAULT, tmp_path / "spool")
    await crashed.record(fact(1))
    desk.away = False
    async with running(desk, tmp_path / "spool"):
        await desk.has(1)
    assert desk.kept == [fact(1)]


async def test_a_line_cut_in_half_is_set_aside_and_the_rest_is_handed_on(tmp_path: Path) -> None:
    desk = Desk()
    desk.away = True
    file = tmp_path / "spool"
    spool = Spool(desk, desk, VAULT, file)
    await spool.record(fact(1))
    await spool.record(fact(2))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0][:20] + b"\n" + lines[1])
    desk.away = False
    async with running(desk, file):
        await desk.has(1)
    assert desk.kept == [fact(2)]
    assert file.with_suffix(".broken").read_bytes() == lines[0][:20] + b"\n"


async def test_a_full_spool_counts_what_it_cannot_keep(tmp_path: Path) -> None:
    desk = Desk()
    desk.away = True
    spool = Spool(desk, desk, VAULT, tmp_path / "spool", limit=400)
    for number in range(5):
        await spool.record(fact(number))
    assert 0 < spool.lost < 5
    assert (tmp_path / "spool").stat().st_size <= 400


async def test_what_the_disk_does_not_take_waits_and_nothing_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()
    file = tmp_path / "spool"
    file.mkdir()  # as refused as on a full disk
    async with running(desk, file) as spool:
        desk.away = True
        for number in range(3):
            await spool.record(fact(number))
        desk.away = False
        async with asyncio.timeout(10):  # it tries, and goes on trying
            while caplog.text.count("spool_full") < 6:  # noqa: ASYNC110 - a log sets no event
                await asyncio.sleep(0)
        assert (desk.kept, spool.lost) == ([], 0)
        file.rmdir()
        await desk.has(3)
    assert desk.kept == [fact(0), fact(1), fact(2)]


async def test_it_tells_what_is_in_its_way_and_when_it_is_gone(tmp_path: Path) -> None:
    desk, told = Desk(), list[str]()
    desk.away = True
    file = tmp_path / "spool"
    file.mkdir()
    spool = Spool(desk, desk, VAULT, file, retry_seconds=0.01, tell=told.append)
    await spool.record(fact(1))
    assert told == ["spool_full"]
    file.rmdir()
    await spool.record(fact(2))
    assert told[-1] == "database_away"
    desk.away = False
    task = asyncio.create_task(spool.run())
    await desk.has(2)
    async with asyncio.timeout(10):
        while told[-1]:  # noqa: ASYNC110 - what is told is a list
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert set(told) == {"spool_full", "database_away", ""}


async def test_what_was_lost_is_told_for_good(tmp_path: Path) -> None:
    desk, told = Desk(), list[str]()
    desk.away = True
    spool = Spool(desk, desk, VAULT, tmp_path / "spool", limit=400, tell=told.append)
    for number in range(5):
        await spool.record(fact(number))
    assert (told[0], told[-1]) == ("database_away", "spool_lost")


async def test_what_waited_is_written_once_there_is_room(tmp_path: Path) -> None:
    desk = Desk()
    desk.away = True
    file = tmp_path / "spool"
    file.mkdir()
    spool = Spool(desk, desk, VAULT, file)
    await spool.record(fact(1))
    file.rmdir()
    spool.keep([fact(2)])
    desk.away = False
    async with running(desk, file):
        await desk.has(2)
    assert desk.kept == [fact(1), fact(2)]


async def test_memory_is_bounded_too(tmp_path: Path) -> None:
    desk = Desk()
    desk.away = True
    (tmp_path / "spool").mkdir()
    spool = Spool(desk, desk, VAULT, tmp_path / "spool", most=2)
    for number in range(5):
        await spool.record(fact(number))
    assert spool.lost == 3


async def test_half_a_line_at_the_end_harms_only_itself(tmp_path: Path) -> None:
    desk = Desk()
    desk.away = True
    file = tmp_path / "spool"
    spool = Spool(desk, desk, VAULT, file)
    await spool.record(fact(1))
    file.write_bytes(file.read_bytes()[:20])  # the crash came in between
    await Spool(desk, desk, VAULT, file).record(fact(2))
    desk.away = False
    async with running(desk, file):
        await desk.has(1)
    assert desk.kept == [fact(2)]


async def test_no_words_lie_open_in_the_spool(tmp_path: Path) -> None:
    desk = Desk()
    desk.away = True
    spool = Spool(desk, desk, VAULT, tmp_path / "spool")
    await spool.segment(words("路北区"))
    assert "路北区" not in (tmp_path / "spool").read_text()
    assert b"general" not in (tmp_path / "spool").read_bytes()


async def test_partials_and_states_are_not_spooled(tmp_path: Path) -> None:
    desk = Desk()
    desk.away = True
    spool = Spool(desk, desk, VAULT, tmp_path / "spool")
    await spool.engine("fake", "")
    assert not (tmp_path / "spool").exists()


@given(st.text(), st.integers(0, 10**9), st.sampled_from(Leg))
def test_a_segment_survives_the_way_to_disk_and_back(text: str, start: int, leg: Leg) -> None:
    segment = Segment("s", "c", leg, "1001", start, start + 5, text, "e", True, 0.5)
    assert decode(encode(segment)) == segment


@given(st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
def test_a_broken_line_is_one_clear_error(line: str) -> None:
    with pytest.raises(SpoolBroken):
        decode(line)
