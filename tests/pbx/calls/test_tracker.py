"""Facts from what a real Asterisk said (see ``recorded_ami``)."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core import calls
from core.calls import Leg
from core.errors import Unavailable
from pbx.ami.api import AmiEvent, Gap
from tests.pbx.scripted import EMPTY, NOON, events, load, snapshots, tell


def call_id_of(name: str) -> str:
    return next(e.channel_vars["CALL_ID"] for e in events(name) if e.channel_vars.get("CALL_ID"))


async def test_an_answered_call_is_told_from_its_arrival_to_its_end(desk):
    await tell(desk.tracker, *load("answered_caller_hangs_up"))
    call_id = call_id_of("answered_caller_hangs_up")
    arrived, *others = desk.facts.told
    answered = next(e for e in events("answered_caller_hangs_up") if e.name == "MixMonitorStart")
    assert arrived == calls.CallArrived(
        call_id,
        datetime.fromtimestamp(float(answered.channel_vars["CALL_ANSWERED"]), UTC),
        dialled="12345",
        source_line="main",
        caller_number="15400000001",
        caller_name=None,
        channel=answered.get("Channel"),
        linkedid=answered.get("Linkedid"),
    )
    agent_channel = next(
        e.get("DestChannel") for e in events("answered_caller_hangs_up") if e.name == "AgentConnect"
    )
    assert others == [
        calls.CallQueued(call_id, NOON, "common"),
        calls.CallOffered(call_id, NOON, "1001", "common"),
        calls.CallConnected(call_id, NOON, "1001", "common", agent_channel),
        calls.TalkEnded(call_id, NOON, "1001", "caller"),
        calls.CallEnded(call_id, NOON, 16),
    ]


@pytest.mark.parametrize(
    ("recording", "kinds"),
    [
        ("abandoned_in_queue", "CallArrived CallQueued QueueLeft CallEnded"),
        ("abandoned_while_ringing", "CallArrived CallQueued CallOffered QueueLeft CallEnded"),
        (
            "withdrawn_and_queued_again",
            "CallArrived CallQueued QueueLeft CallQueued QueueLeft CallEnded",
        ),
        (
            "ring_no_answer",
            "CallArrived CallQueued CallOffered OfferMissed CallOffered CallConnected TalkEnded "
            "CallEnded",
        ),
        ("agent_hangs_up", "CallArrived CallQueued CallOffered CallConnected TalkEnded CallEnded"),
        ("tapped", "CallArrived CallQueued CallOffered CallConnected TalkEnded CallEnded"),
        (
            "transferred",
            "CallArrived CallQueued CallOffered CallConnected CallConnected CallEnded",
        ),
        ("members", ""),
    ],
)
async def test_each_kind_of_call_gives_its_facts(desk, recording, kinds):
    await tell(desk.tracker, *load(recording))
    assert desk.facts.kinds == kinds.split()


async def test_an_abandoned_call_says_so(desk):
    await tell(desk.tracker, *events("abandoned_in_queue"))
    left = next(fact for fact in desk.facts.told if isinstance(fact, calls.QueueLeft))
    assert (left.queue, left.reason) == ("common", "ABANDON")


async def test_a_withheld_number_is_none_and_a_merged_line_is_recognised(desk):
    await tell(desk.tracker, *events("agent_hangs_up"))
    arrived = desk.facts.told[0]
    assert (arrived.caller_number, arrived.dialled) == (None, "12333")
    assert arrived.source_line == "human_resources"


async def test_a_call_taken_over_by_another_agent_is_his(desk):
    await tell(desk.tracker, *events("transferred"))
    talks = [fact for fact in desk.facts.told if isinstance(fact, calls.CallConnected)]
    assert [talk.agent for talk in talks] == ["1001", "1002"]
    assert talks[1].agent_channel.startswith("PJSIP/1002-")
    assert talks[1].queue == "common"


async def test_an_answer_in_the_future_is_told_as_now(desk):
    heard = next(e for e in events("answered_caller_hangs_up") if e.name == "MixMonitorStart")
    tomorrow = str((NOON + timedelta(days=1)).timestamp())
    ahead = AmiEvent(heard.name, heard.fields, {**heard.channel_vars, "CALL_ANSWERED": tomorrow})
    await tell(desk.tracker, ahead)
    assert desk.facts.told[0].at == NOON


async def test_recordings_that_exist_are_told_before_the_end(desk):
    heard = next(e for e in events("agent_hangs_up") if e.name == "MixMonitorStart")
    answered = float(heard.channel_vars["CALL_ANSWERED"])
    day = desk.recordings / datetime.fromtimestamp(answered, UTC).date().isoformat()
    day.mkdir()
    call_id = heard.channel_vars["CALL_ID"]
    (day / f"{call_id}.caller.wav").write_bytes(b"RIFF")
    await tell(desk.tracker, *events("agent_hangs_up"))
    assert desk.facts.kinds[-2:] == ["RecordingKept", "CallEnded"]
    kept = desk.facts.told[-2]
    assert (kept.leg, kept.file) == (Leg.CALLER, f"{day.name}/{call_id}.caller.wav")


async def test_one_refused_fact_does_not_keep_back_the_others(desk, caplog):
    told = []

    async def record(fact):
        if isinstance(fact, calls.CallQueued):
            raise Unavailable("away")
        told.append(type(fact).__name__)

    desk.facts.record = record
    await tell(desk.tracker, *events("abandoned_in_queue"))
    assert told == ["CallArrived", "QueueLeft", "CallEnded"]
    assert "CallQueued not recorded (unavailable)" in caplog.text


# Gaps and restarts.

GAP = Gap(1.0, 2.0, "ami_lost")


def until(name: str, last: str) -> list[AmiEvent]:
    """The events of a recording up to the first ``last``."""
    heard = events(name)
    return heard[: next(i for i, e in enumerate(heard) if e.name == last) + 1]


def after(name: str, first: str) -> list[AmiEvent]:
    heard = events(name)
    return heard[next(i for i, e in enumerate(heard) if e.name == first) :]


async def test_a_talk_that_began_in_a_gap_is_told_from_the_snapshot(desk):
    name = "answered_caller_hangs_up"
    await tell(desk.tracker, *until(name, "QueueCallerJoin"), GAP, snapshots(name)[1])
    assert desk.facts.kinds == ["CallArrived", "CallQueued", "CallConnected"]
    await tell(desk.tracker, *after(name, "AgentConnect"))
    assert desk.facts.kinds[3:] == ["TalkEnded", "CallEnded"]


async def test_a_call_that_ended_in_a_gap_is_told_once_with_an_unknown_cause(desk):
    name = "answered_caller_hangs_up"
    await tell(desk.tracker, *until(name, "AgentConnect"), GAP, EMPTY)
    assert desk.facts.told[-1] == calls.CallEnded(call_id_of(name), NOON, 0)
    told = len(desk.facts.told)
    await tell(desk.tracker, *after(name, "AgentConnect"), EMPTY)  # what the snapshot overtook
    assert len(desk.facts.told) == told


async def test_a_call_that_came_and_went_in_a_gap_is_not_invented(desk):
    await tell(desk.tracker, EMPTY, GAP, EMPTY)
    await tell(desk.tracker, *after("answered_caller_hangs_up", "AgentComplete"))
    assert desk.facts.told == []


async def test_after_a_gap_nothing_is_told_twice(desk):
    name = "abandoned_while_ringing"
    await tell(desk.tracker, *until(name, "AgentCalled"))
    told = list(desk.facts.told)
    await tell(desk.tracker, GAP, snapshots(name)[1], GAP, snapshots(name)[1])
    assert desk.facts.told == told


async def test_an_offer_that_ended_in_a_gap_is_missed(desk):
    ringing = snapshots("abandoned_while_ringing")[1]
    await tell(desk.tracker, *until("abandoned_while_ringing", "AgentCalled"))
    waiting = [c for c in ringing.channels if not c.get("Channel").startswith("PJSIP/1001")]
    await tell(desk.tracker, GAP, replace(ringing, channels=tuple(waiting)))
    assert desk.facts.kinds[-1] == "OfferMissed"


@pytest.mark.parametrize(
    ("recording", "number", "kinds"),
    [
        ("abandoned_in_queue", 1, "CallArrived CallQueued"),
        ("abandoned_while_ringing", 1, "CallArrived CallQueued CallOffered"),
        ("answered_caller_hangs_up", 1, "CallArrived CallQueued CallConnected"),
        ("tapped", 0, "CallArrived CallQueued CallConnected"),
    ],
)
async def test_after_our_restart_the_snapshot_tells_what_stands(desk, recording, number, kinds):
    await tell(desk.tracker, snapshots(recording)[number])
    assert desk.facts.kinds == kinds.split()


async def test_a_transferred_call_stands_with_the_agent_who_has_it_now(desk):
    await tell(desk.tracker, snapshots("transferred")[1])
    assert desk.facts.told[-1].agent == "1002"


async def test_after_our_restart_calls_that_are_gone_are_ended(desk):
    gone, standing = "0" * 8 + "-0000-4000-8000-" + "0" * 12, call_id_of("tapped")
    desk.open = [gone, standing]
    snapshot = snapshots("tapped")[0]
    desk.ami.listings["CoreShowChannels"] = lambda _: list(snapshot.channels)
    day = desk.recordings / "2026-11-22"
    day.mkdir()
    (day / f"{gone}.agent.wav").write_bytes(b"RIFF")
    await desk.tracker.end_unseen()
    assert desk.facts.told == [
        calls.RecordingKept(gone, NOON, Leg.AGENT, f"2026-11-22/{gone}.agent.wav"),
        calls.CallEnded(gone, NOON, 0),
    ]


async def test_the_check_of_open_calls_waits_for_the_link(desk, monkeypatch):
    monkeypatch.setattr("pbx.calls.stale._RETRY_SECONDS", 0.0)
    answers = [Unavailable("away"), Unavailable("away"), []]

    def listing(_):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    desk.ami.listings["CoreShowChannels"] = listing
    desk.open = [call_id_of("tapped")]
    await desk.tracker.end_unseen()
    assert desk.facts.kinds == ["CallEnded"]


async def test_after_each_snapshot_the_open_calls_are_checked(desk):
    """FastAGI told of a call while the link was down; it was gone before the link was back."""
    running = asyncio.create_task(desk.tracker.run())
    try:
        for number in range(2):
            desk.open = [f"00000000-0000-4000-8000-00000000000{number}"]
            await tell(desk.tracker, EMPTY)
            await desk.facts.until(lambda number=number: len(desk.facts.told) == number + 1)
            assert desk.facts.told[number] == calls.CallEnded(desk.open[0], NOON, 0)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_after_a_restart_of_asterisk_all_calls_have_ended(desk):
    await tell(
        desk.tracker,
        *until("answered_caller_hangs_up", "AgentConnect"),
        *until("abandoned_in_queue", "QueueCallerJoin"),
        GAP,
        EMPTY,
    )
    assert desk.facts.kinds.count("CallEnded") == 2


@pytest.mark.parametrize("call_id", ["", "../../etc/passwd", "1", "x" * 36])
async def test_an_id_that_is_no_uuid_is_no_call(desk, call_id):
    for event in events("answered_caller_hangs_up"):
        forged = {**event.channel_vars, "CALL_ID": call_id}
        await tell(desk.tracker, AmiEvent(event.name, event.fields, forged))
    assert desk.facts.told == []


async def test_half_an_event_harms_nobody(desk):
    for event in events("ring_no_answer"):
        await tell(desk.tracker, AmiEvent(event.name, {}, event.channel_vars))
        await tell(desk.tracker, AmiEvent(event.name, {}))
    assert "CallConnected" not in desk.facts.kinds


async def test_a_late_ring_of_another_telephone_does_not_break_into_a_talk(desk):
    name = "answered_caller_hangs_up"
    await tell(desk.tracker, *until(name, "AgentConnect"))
    told = list(desk.facts.told)
    ring = next(event for event in events(name) if event.name == "AgentCalled")
    other = {"Interface": "PJSIP/1002", "DestChannel": "PJSIP/1002-00000099"}
    await tell(desk.tracker, AmiEvent("AgentCalled", {**ring.fields, **other}, ring.channel_vars))
    assert desk.facts.told == told


async def test_an_agent_who_took_a_call_over_and_hangs_up_ends_the_talk(desk):
    heard = events("transferred")
    joined = max(i for i, event in enumerate(heard) if event.name == "BridgeEnter")
    await tell(desk.tracker, *heard[: joined + 1])
    gone = next(
        event
        for event in heard[joined:]
        if event.name == "Hangup" and event.get("Channel").startswith("PJSIP/1002")
    )
    await tell(desk.tracker, gone)
    ended = desk.facts.told[-1]
    assert (desk.facts.kinds[-1], ended.agent, ended.reason) == ("TalkEnded", "1002", "agent")


async def test_a_call_that_nobody_has_answered_yet_is_no_call(desk):
    snapshot = snapshots("abandoned_in_queue")[1]
    channel = snapshot.channels[0]
    ringing = {**channel.channel_vars, "CALL_ANSWERED": ""}
    unanswered = AmiEvent(channel.name, {**channel.fields, "ChannelState": "4"}, ringing)
    await tell(desk.tracker, replace(snapshot, channels=(unanswered,), queue_entries=()))
    assert desk.facts.told == []
