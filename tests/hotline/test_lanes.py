"""Each call's items in their order, no call behind another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from core.calls import CallFact, CallQueued, Leg
from core.errors import Conflict
from core.transcript import Segment, StreamReport, StreamState
from core.views import AgentView
from hotline.lanes import SENTENCES_AT_ONCE, Lanes

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SECONDS = 5.0


class Slow:
    """Takes an item of a call only when its gate is open."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, object]] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.fault: Exception | None = None
        self.change = asyncio.Condition()

    async def record(self, fact: CallFact) -> None:
        await self._take(fact.call_id, fact)

    async def segment(self, segment: Segment) -> None:
        await self._take(segment.call_id, segment)

    async def stream(self, report: StreamReport) -> None:
        await self._take(report.call_id, report)

    async def engine(self, name: str | None, reason: str) -> None:
        await self._take("", name)

    async def agent(self, view: AgentView) -> None:
        await self._take(view.agent, view)

    async def ami(self, state: str) -> None:
        await self._take("", state)

    async def _take(self, call_id: str, item: object) -> None:
        if call_id in self.gates:
            await self.gates[call_id].wait()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        async with self.change:
            self.taken.append((call_id, item))
            self.change.notify_all()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(SECONDS), self.change:
            await self.change.wait_for(lambda: len(self.taken) >= count)


@asynccontextmanager
async def running(lanes: Lanes) -> AsyncIterator[None]:
    task = asyncio.create_task(lanes.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def queued(call_id: str, queue: str = "q") -> CallQueued:
    return CallQueued(call_id, NOW, queue)


def said(call_id: str, *, final: bool = True) -> Segment:
    return Segment("t.0", call_id, Leg.CALLER, "caller", 0, 1, "x", "fake", final)


async def test_a_call_that_waits_keeps_no_other_waiting():
    sink = Slow()
    sink.gates["slow"] = asyncio.Event()
    lanes = Lanes(sink, sink, sink)
    async with running(lanes):
        await lanes.record(queued("slow"))
        await lanes.record(queued("quick"))
        await sink.until(1)
        assert [call_id for call_id, _ in sink.taken] == ["quick"]
        sink.gates["slow"].set()
        await sink.until(2)


async def test_a_fact_is_announced_before_it_waits_for_anything():
    sink, announced = Slow(), []
    sink.gates["c"] = asyncio.Event()
    lanes = Lanes(sink, sink, sink, announced.append, most=1)
    async with running(lanes):
        await lanes.record(queued("c", "first"))
        waiting = asyncio.create_task(lanes.record(queued("c", "second")))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert announced == [queued("c", "first"), queued("c", "second")]
        assert sink.taken == []
        sink.gates["c"].set()
        await sink.until(2)


async def test_a_fact_that_could_not_be_announced_is_kept_all_the_same(caplog):
    def broken(fact: CallFact) -> None:
        raise RuntimeError("words of a caller")

    sink = Slow()
    lanes = Lanes(sink, sink, sink, broken)
    async with running(lanes):
        await lanes.record(queued("c"))
        await sink.until(1)
    assert "not announced" in caplog.text
    assert "words of a caller" not in caplog.text


async def test_facts_words_and_streams_of_one_call_stay_in_order():
    sink = Slow()
    sink.gates["c"] = asyncio.Event()
    lanes = Lanes(sink, sink, sink)
    items = [queued("c", "a"), said("c"), StreamReport("t", "c", Leg.CALLER, StreamState.ENDED)]
    async with running(lanes):
        await lanes.record(items[0])
        await lanes.segment(items[1])
        await lanes.stream(items[2])
        sink.gates["c"].set()
        await sink.until(3)
    assert [item for _, item in sink.taken] == items


async def test_a_partial_passes_at_once():
    sink = Slow()
    await Lanes(sink, sink, sink).segment(said("c", final=False))
    assert len(sink.taken) == 1


@pytest.mark.parametrize("fault", [Conflict("no"), RuntimeError("words of a caller")])
async def test_an_item_that_is_refused_does_not_keep_back_the_next(fault, caplog):
    sink = Slow()
    sink.fault = fault
    lanes = Lanes(sink, sink, sink)
    async with running(lanes):
        await lanes.record(queued("c", "first"))
        await lanes.record(queued("c", "second"))
        await sink.until(1)
    assert sink.taken[0][1] == queued("c", "second")
    assert "not kept" in caplog.text
    assert "words of a caller" not in caplog.text


async def test_when_too_much_waits_the_bringer_waits():
    sink = Slow()
    sink.gates["c"] = asyncio.Event()
    lanes = Lanes(sink, sink, sink, most=2)
    async with running(lanes):
        await lanes.record(queued("c"))
        await lanes.record(queued("c"))
        third = asyncio.create_task(lanes.record(queued("d")))
        await asyncio.sleep(0)
        assert not third.done()
        sink.gates["c"].set()
        async with asyncio.timeout(SECONDS):
            await third
        await sink.until(3)


async def test_what_waits_is_handed_on_before_the_end():
    sink = Slow()
    lanes = Lanes(sink, sink, sink)
    for number in range(50):
        await lanes.record(queued(f"c{number % 7}"))
    await lanes.stop()
    async with asyncio.timeout(SECONDS):
        await lanes.run()
    assert len(sink.taken) == 50
    assert lanes._lanes == {}


async def test_an_agents_states_stay_in_order_and_behind_no_call():
    sink = Slow()
    sink.gates["c"] = asyncio.Event()
    lanes = Lanes(sink, sink, sink)
    views = [AgentView(agent="801", name="x", state=state) for state in ("ringing", "talking")]
    async with running(lanes):
        await lanes.record(queued("c"))
        for view in views:
            await lanes.agent(view)
        await sink.until(2)
    assert [item for _, item in sink.taken] == views


async def test_a_fact_does_not_stand_behind_many_sentences():
    sink = Slow()
    lanes = Lanes(sink, sink, sink)
    calls = [f"c{number}" for number in range(SENTENCES_AT_ONCE + 3)]
    sink.gates = {call_id: asyncio.Event() for call_id in calls}
    async with running(lanes):
        for call_id in calls:
            await lanes.segment(said(call_id))
        await lanes.record(queued("pop"))
        await sink.until(1)
        assert sink.taken[0][0] == "pop"
        sink.gates[calls[-1]].set()  # its turn has not come
        await lanes.record(queued("another"))
        await sink.until(2)
        assert sink.taken[1][0] == "another"


async def test_what_still_waits_when_time_is_over_is_kept_in_its_order():
    slow = Slow()
    slow.gates = {"c1": asyncio.Event(), "c2": asyncio.Event()}  # never opened
    kept: list[object] = []
    lanes = Lanes(slow, slow, slow, keep=kept.extend)
    told = [queued("c1"), queued("c2"), queued("c1", "r"), said("c2"), queued("c3")]
    async with running(lanes):
        for item in told:
            await (lanes.segment(item) if isinstance(item, Segment) else lanes.record(item))
        await slow.until(1)
        await lanes.stop()
    assert slow.taken == [("c3", told[4])]
    assert kept == [told[0], told[2], told[1], told[3]]


async def test_whoever_ends_in_time_keeps_nothing_back():
    slow = Slow()
    kept: list[object] = []
    lanes = Lanes(slow, slow, slow, keep=kept.extend)
    async with running(lanes):
        await lanes.record(queued("c1"))
        await slow.until(1)
        await lanes.stop()
    assert kept == []
