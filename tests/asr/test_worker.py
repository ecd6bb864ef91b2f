"""What the speech process does when the hotline does not read."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from asr import protocol
from asr.settings import AsrSettings
from asr.worker import Worker
from core.calls import Leg
from core.transcript import Segment

PARTIAL = Segment("s.0", "c", Leg.CALLER, "caller", 0, 1, "半句", "fake", final=False)
FINAL = replace(PARTIAL, text="一句", final=True)


class Pipe:
    """A writer whose other end reads nothing; ``unread`` bytes are waiting."""

    def __init__(self) -> None:
        self.unread = 0
        self.lines: list[bytes] = []
        self.aborted = False
        self.transport = self

    def get_write_buffer_size(self) -> int:
        return self.unread

    def write(self, line: bytes) -> None:
        self.lines.append(line)

    def abort(self) -> None:
        self.aborted = True


@pytest.fixture
async def pipe() -> Pipe:
    return Pipe()


@pytest.fixture
async def worker(pipe) -> Worker:
    return Worker(asyncio.StreamReader(), pipe)


async def test_partials_go_first_and_finals_stay(worker, pipe):
    worker._say(PARTIAL)
    pipe.unread = 1_000_000
    worker._say(PARTIAL)
    worker._say(FINAL)
    said = [protocol.decode_notice(line) for line in pipe.lines]
    assert [one.segment for one in said] == [PARTIAL, FINAL]
    assert worker._partials_dropped == 1


async def test_a_hotline_that_reads_nothing_for_hours_counts_as_gone(worker, pipe):
    pipe.unread = 100_000_000
    worker._say(FINAL)
    assert pipe.aborted
    assert pipe.lines == []


@pytest.mark.parametrize("line", [b"{}\n", b"not json\n", b'{"kind":"start","version":2}\n'])
async def test_what_is_not_of_this_protocol_is_refused(line):
    with pytest.raises(ValueError, match="validation error"):
        protocol.decode_command(line)


async def test_messages_survive_the_wire():
    heard = protocol.Said(segment=FINAL)
    assert protocol.decode_notice(protocol.encode(heard)) == heard
    start = protocol.Start(settings=AsrSettings(engines=("fake",)), engines=("fake",))
    assert protocol.decode_command(protocol.encode(start)) == start
    assert protocol.encode(start).count(b"\n") == 1
