"""What listeners are told: snapshot first, then everything in order, and every gap by name."""

from __future__ import annotations

import asyncio
import logging

import pytest

from pbx.ami.api import AmiEvent, LinkState, Snapshot
from pbx.ami.link import AmiLink
from tests.pbx.ami.fake_ami import FakeAmi, Fields, Peer, Recorder
from tests.pbx.ami.running_link import MakeLink, StartLink


def numbered(peer: Peer, number: int) -> None:
    peer.event("Numbered", ("N", str(number)))


def numbers(recorder: Recorder) -> list[int]:
    return [int(event.get("N")) for event in recorder.events("Numbered")]


async def test_a_first_connection_gives_a_snapshot_without_a_gap(
    fake: FakeAmi, start_link: StartLink
) -> None:
    fake.channels = [("CoreShowChannel", {"Channel": "PJSIP/carrier-1", "CallerIDName": "张三"})]
    fake.queues = [
        ("QueueParams", {"Queue": "common"}),
        ("QueueMember", {"Queue": "common", "Name": "8001"}),
        ("QueueEntry", {"Queue": "common", "Channel": "PJSIP/carrier-1"}),
    ]
    fake.devices = [("DeviceStateChange", {"Device": "PJSIP/8001", "State": "NOT_INUSE"})]
    recorder = Recorder()
    await start_link(recorder)
    await recorder.until(lambda: len(recorder.mail) == 2)
    assert recorder.told == ["snapshot", "FullyBooted"]
    (snapshot,) = recorder.snapshots
    assert [channel.get("CallerIDName") for channel in snapshot.channels] == ["张三"]
    assert [queue.get("Queue") for queue in snapshot.queue_params] == ["common"]
    assert [member.get("Name") for member in snapshot.queue_members] == ["8001"]
    assert [entry.get("Channel") for entry in snapshot.queue_entries] == ["PJSIP/carrier-1"]
    assert [device.get("Device") for device in snapshot.device_states] == ["PJSIP/8001"]
    assert snapshot.asterisk_started == "2026-03-01 08:00:00"


async def test_after_a_reconnect_come_the_gap_a_new_snapshot_and_then_events(
    fake: FakeAmi, start_link: StartLink
) -> None:
    recorder = Recorder()
    running = await start_link(recorder)
    numbered(fake.peer, 1)
    await recorder.until(lambda: numbers(recorder) == [1])
    await fake.stop()
    await running.until(lambda: len(running.faults) >= 2)
    fake.started = "09:30:00"
    await fake.start()
    await running.up(times=2)
    numbered(fake.peer, 2)
    await recorder.until(lambda: numbers(recorder) == [1, 2])
    first = ["snapshot", "FullyBooted", "Numbered"]
    assert recorder.told == [*first, "gap", *first]
    (gap,) = recorder.gaps
    assert gap.reason == "ami_lost"
    assert gap.since < gap.until
    before, after = recorder.snapshots
    assert before.asterisk_started != after.asterisk_started


async def test_events_that_come_while_the_snapshot_is_taken_follow_it_in_order(
    fake: FakeAmi, make_link: MakeLink
) -> None:
    def busy(peer: Peer, action: Fields) -> None:
        number = len(fake.actions)
        numbered(peer, 10 * number)
        fake.answer(peer, action)
        numbered(peer, 10 * number + 1)

    fake.answers = dict.fromkeys(("CoreStatus", "CoreShowChannels", "QueueStatus"), busy)
    recorder = Recorder()
    running = make_link(recorder)
    running.start()
    await recorder.until(lambda: len(numbers(recorder)) == 6)
    assert recorder.told == ["snapshot", "FullyBooted", *["Numbered"] * 6]
    assert numbers(recorder) == sorted(numbers(recorder))


async def test_a_listener_may_act_as_soon_as_it_is_told_anything(
    fake: FakeAmi, make_link: MakeLink
) -> None:
    answered: list[AmiEvent] = []

    class Acting(Recorder):
        link: AmiLink

        async def snapshot(self, snapshot: Snapshot) -> None:
            answered.append(await self.link.action("QueueAdd", {"Queue": "common"}))
            await super().snapshot(snapshot)

    acting = Acting()
    running = make_link(acting)
    acting.link = running.link
    running.start()
    await acting.until(lambda: acting.snapshots)
    assert [reply.get("Response") for reply in answered] == ["Success"]


async def test_a_failing_listener_harms_neither_the_others_nor_the_link(
    fake: FakeAmi, start_link: StartLink, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(event: AmiEvent) -> None:
        raise RuntimeError(event.get("CallerIDName"))

    failing, sound = Recorder(on=fail), Recorder()
    running = await start_link(failing, sound)
    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            fake.peer.event("Newstate", ("CallerIDName", "张三政务热线"))
        await sound.until(lambda: len(sound.events("Newstate")) == 3)
        await failing.until(lambda: len(failing.events("Newstate")) == 3)
        await running.link.action("Ping")
    assert running.link.stats.listener_failures == 4  # FullyBooted failed as well
    assert running.link.state is LinkState.UP
    assert running.faults == []
    assert "张三" not in caplog.text
    assert "Newstate: RuntimeError" in caplog.text


async def test_a_listener_that_hangs_for_ever_keeps_nobody_from_anything(
    fake: FakeAmi, start_link: StartLink
) -> None:
    async def hang(event: AmiEvent) -> None:
        await asyncio.Event().wait()

    hanging, sound = Recorder(on=hang), Recorder()
    running = await start_link(hanging, sound, listener_queue=5)
    await hanging.until(lambda: hanging.events("FullyBooted"))
    for number in range(20):
        numbered(fake.peer, number)
        await sound.until(lambda number=number: numbers(sound)[-1:] == [number])
    assert (await running.link.action("Ping")).get("Response") == "Success"
    assert running.link.stats.listener_overflows == 1
    await running.stop()
    assert running.states[-1] == "closed"


async def test_a_listener_too_slow_for_its_mail_gets_a_gap_and_a_fresh_snapshot(
    fake: FakeAmi, start_link: StartLink
) -> None:
    hurry = asyncio.Event()

    async def slow(event: AmiEvent) -> None:
        await hurry.wait()

    late, sound = Recorder(on=slow), Recorder()
    running = await start_link(late, sound, listener_queue=5)
    await late.until(lambda: late.events("FullyBooted"))
    for number in range(20):
        numbered(fake.peer, number)
        await sound.until(lambda number=number: numbers(sound)[-1:] == [number])
    hurry.set()
    await late.until(lambda: len(late.snapshots) == 2)
    numbered(fake.peer, 20)
    await late.until(lambda: numbers(late) == [20])
    assert late.told == ["snapshot", "FullyBooted", "gap", "snapshot", "Numbered"]
    assert late.gaps[0].reason == "listener_too_slow"
    await sound.until(lambda: numbers(sound) == list(range(21)))
    assert sound.gaps == []
    assert running.states.count("up") == 1


async def test_a_message_too_long_to_read_is_a_gap_not_a_silent_loss(
    fake: FakeAmi, start_link: StartLink
) -> None:
    recorder = Recorder()
    running = await start_link(recorder, max_message=4096)
    numbered(fake.peer, 1)
    fake.peer.event("Newexten", ("AppData", "x" * 10_000))
    numbered(fake.peer, 2)
    await recorder.until(lambda: len(recorder.snapshots) == 2)
    assert numbers(recorder) == [1, 2]
    assert [gap.reason for gap in recorder.gaps] == ["message_too_long"]
    assert running.link.stats.oversized == 1
    assert running.states.count("up") == 1


async def test_a_wish_that_a_reconnect_fulfilled_costs_no_second_snapshot(
    fake: FakeAmi, start_link: StartLink
) -> None:
    recorder = Recorder()
    running = await start_link(recorder, max_message=4096, resync_every=3600)
    for count in (1, 2):  # the second wish has to wait for resync_every
        fake.peer.event("Newexten", ("AppData", "x" * 10_000))
        await running.link.action("Marker")
        assert running.link.stats.oversized == count
        await recorder.until(lambda: len(recorder.snapshots) == 2)
    fake.peer.close()
    await running.up(times=2)
    await recorder.until(lambda: len(recorder.snapshots) == 3)
    await running.link.action("Marker")
    assert len(fake.sent("CoreStatus")) == 3


async def test_garbage_between_messages_is_borne_and_counted(
    fake: FakeAmi, start_link: StartLink
) -> None:
    recorder = Recorder()
    running = await start_link(recorder)
    fake.peer.send(b"\x00\xff\xfe nonsense\r\n\r\nNo: message\r\n\r\nResponse: Success\r\n\r\n")
    numbered(fake.peer, 1)
    await recorder.until(lambda: numbers(recorder) == [1])
    assert running.link.stats.garbage == 2
    assert running.link.stats.late_replies == 1
    assert running.faults == []
