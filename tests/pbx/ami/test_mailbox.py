"""One listener's mail: in order, in bounds, and never less than it says."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.ami.api import AmiEvent, Gap, Snapshot
from pbx.ami.mailbox import Mailbox
from pbx.ami.stats import LinkStats

CAPACITY = 4


class Ticks:
    """A clock that moves by one second each time somebody looks."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.monotonic(), UTC)

    def monotonic(self) -> float:
        self.seconds += 1
        return self.seconds


class Turnstile:
    """A listener that takes one piece of mail for each permit."""

    def __init__(self) -> None:
        self.permits = asyncio.Semaphore(0)
        self.taken: list[Gap | Snapshot | AmiEvent] = []

    async def _take(self, mail: Gap | Snapshot | AmiEvent) -> None:
        self.taken.append(mail)
        await self.permits.acquire()

    gap = snapshot = event = _take


def numbered(number: int) -> AmiEvent:
    return AmiEvent("Numbered", {"N": str(number)})


def snapshot_at(number: int) -> Snapshot:
    """A snapshot that knows of all events before ``number``."""
    return Snapshot((), (), (), (), (), asterisk_started=str(number))


def check_story(taken: list[Gap | Snapshot | AmiEvent]) -> None:
    """Nothing missing but what a gap announces, nothing out of order."""
    expected: int | None = None
    gap: Gap | None = None
    for mail in taken:
        match mail:
            case Gap():
                assert expected is not None, "a gap before the first snapshot"
                assert mail.since <= mail.until
                gap = mail
            case Snapshot():
                assert (gap is None) == (expected is None), "a later snapshot has its gap"
                expected, gap = int(mail.asterisk_started), None
            case AmiEvent():
                assert gap is None, "the snapshot follows its gap"
                assert int(mail.get("N")) == expected, "an event was lost or came twice"
                expected = int(mail.get("N")) + 1


async def settle() -> None:
    """Let the delivering task run until it waits again; it needs a turn or two for each piece."""
    for _ in range(4 * CAPACITY):
        await asyncio.sleep(0)


async def play(steps: list[str]) -> list[Gap | Snapshot | AmiEvent]:
    """Run ``steps`` against a mailbox, then serve its wishes and empty it."""
    listener, wished = Turnstile(), asyncio.Event()
    box = Mailbox(listener, capacity=CAPACITY, clock=Ticks(), stats=LinkStats(), on_wish=wished.set)
    delivering = asyncio.create_task(box.deliver())
    posted = held_at = 0
    holding = False

    def hold() -> None:
        nonlocal held_at, holding
        box.hold()
        held_at, holding = posted, True

    hold()
    for step in steps:
        match step:
            case "post":
                box.post(numbered(posted))
                posted += 1
            case "take":
                listener.permits.release()
                await settle()
            case "hold" if not holding:
                hold()
            case "resume" if holding:
                box.resume(snapshot_at(held_at))
                holding = False
            case "lost" if not holding:
                posted += 1  # Asterisk sent one that never came
                box.lost(0, "ami_lost")
                hold()
        assert len(box._queue) + len(box._held or ()) <= CAPACITY + 2

    for _ in range(100):  # from now on the listener is quick
        listener.permits.release()
    if holding:
        box.resume(snapshot_at(held_at))
    await settle()
    while wished.is_set():
        wished.clear()
        if box.wants_snapshot:
            hold()
            box.resume(snapshot_at(held_at))
        await settle()
    box.post(numbered(posted))
    await settle()
    delivering.cancel()
    assert listener.taken[-1] == numbered(posted), "the listener ends up in step"
    return listener.taken


STEPS = st.sampled_from(["post", "post", "post", "take", "hold", "resume", "lost"])


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_whatever_happens_a_listener_is_told_of_every_loss(steps: list[str]) -> None:
    check_story(asyncio.run(play(steps)))


async def test_mail_that_runs_over_goes_with_a_gap_from_the_first_lost_event() -> None:
    listener, clock, stats = Turnstile(), Ticks(), LinkStats()
    wished = asyncio.Event()
    box = Mailbox(listener, capacity=CAPACITY, clock=clock, stats=stats, on_wish=wished.set)
    delivering = asyncio.create_task(box.deliver())
    box.hold()
    box.resume(snapshot_at(0))
    await settle()  # busy with the snapshot
    before = clock.seconds
    for number in range(CAPACITY + 1):
        box.post(numbered(number))
    assert stats.listener_overflows == 1
    assert not wished.is_set()
    listener.permits.release()
    await asyncio.wait_for(wished.wait(), 10)
    box.hold()
    box.resume(snapshot_at(CAPACITY + 1))
    listener.permits.release()
    await settle()
    gap = listener.taken[1]
    assert isinstance(gap, Gap)
    assert gap.reason == "listener_too_slow"
    assert gap.since == before + 1
    delivering.cancel()


@pytest.mark.parametrize("error", [ValueError("张三 15412345678"), asyncio.CancelledError()])
async def test_a_failing_listener_goes_on_and_the_log_holds_no_words(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Turnstile):
        async def event(self, event: AmiEvent) -> None:
            self.taken.append(event)
            raise error

    listener, stats = Failing(), LinkStats()
    box = Mailbox(listener, capacity=9, clock=Ticks(), stats=stats, on_wish=lambda: None)
    delivering = asyncio.create_task(box.deliver())
    with caplog.at_level(logging.DEBUG):
        for name in ("Newstate", "张三\r\n"):
            box.post(AmiEvent(name, {"CallerIDName": "张三"}))
        await settle()
    assert len(listener.taken) == 2
    assert stats.listener_failures == 2
    assert not delivering.done()
    kind = type(error).__name__
    assert caplog.messages == [
        f"listener Failing failed at Newstate: {kind}",
        f"listener Failing failed at ?: {kind}",
    ]
    assert "张三" not in caplog.text
    assert "154" not in caplog.text
    delivering.cancel()


async def test_a_listener_in_the_middle_of_its_work_can_be_cancelled() -> None:
    listener = Turnstile()
    stats = LinkStats()
    box = Mailbox(listener, capacity=9, clock=Ticks(), stats=stats, on_wish=lambda: None)
    delivering = asyncio.create_task(box.deliver())
    box.post(numbered(1))
    await settle()
    delivering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivering
    assert stats.listener_failures == 0
