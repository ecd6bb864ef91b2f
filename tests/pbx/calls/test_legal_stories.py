"""Whatever is lost, doubled or out of order: the facts of each call are a legal story."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core import calls
from core.calls import CALL_TRANSITIONS, CallFact, CallState
from core.pack import load_pack
from pbx.ami.api import AmiEvent, Gap, Snapshot
from pbx.calls import CallTracker
from tests.pbx.scripted import Facts, FakeAmi, FakeClock, events, snapshots, tell

PACK = load_pack(Path(__file__).parents[3] / "cities/tangshan")
IDS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(3)]
AGENTS = ["1001", "1002"]
RECORDED = [
    "answered_caller_hangs_up",
    "agent_hangs_up",
    "ring_no_answer",
    "abandoned_while_ringing",
    "withdrawn_and_queued_again",
    "transferred",
]


def legal(facts: list[CallFact]) -> None:
    """Assert that one call's facts follow the table: announced first, ended last, each once."""
    state, ringing = CallState.ARRIVED, set()
    assert isinstance(facts[0], calls.CallArrived)
    for number, fact in enumerate(facts[1:], start=1):
        match fact:
            case calls.CallQueued():
                target = CallState.QUEUED
                ringing.clear()
            case calls.CallOffered(agent=agent):
                assert agent not in ringing
                ringing.add(agent)
                target = CallState.OFFERED
            case calls.OfferMissed(agent=agent):
                ringing.remove(agent)
                target = CallState.OFFERED if ringing else CallState.QUEUED
            case calls.CallConnected():
                target = CallState.CONNECTED
                ringing.clear()
            case calls.TalkEnded():
                assert state is CallState.CONNECTED
                target = CallState.ARRIVED
            case calls.QueueLeft():
                assert state in (CallState.QUEUED, CallState.OFFERED)
                target = CallState.ARRIVED
                ringing.clear()
            case calls.CallEnded():
                assert number == len(facts) - 1
                target = CallState.ENDED
            case _:
                raise AssertionError(type(fact).__name__)
        assert target is state or target in CALL_TRANSITIONS[state], (state, fact)
        state = target


async def facts_of(mail: list[AmiEvent | Snapshot | Gap]) -> dict[str, list[CallFact]]:
    facts = Facts()

    async def nothing_open() -> list[str]:
        return []

    with tempfile.TemporaryDirectory() as folder:
        tracker = CallTracker(FakeAmi(), facts, PACK, Path(folder), nothing_open, FakeClock())
        await tell(tracker, *mail)
    by_call = defaultdict(list)
    for fact in facts.told:
        by_call[fact.call_id].append(fact)
    return by_call


@st.composite
def any_event(draw: st.DrawFn) -> AmiEvent:
    """One event about one of three calls and two agents, not necessarily a sensible one."""
    number = draw(st.integers(0, 2))
    agent = draw(st.sampled_from(AGENTS))
    variables = {"CALL_ID": IDS[number], "CALL_DIALLED": "12345", "CALL_ANSWERED": "1795395000"}
    caller = {
        "Channel": f"PJSIP/carrier-0000000{number}",
        "Uniqueid": f"1.{number}",
        "Linkedid": f"1.{number}",
    }
    phone = {
        "Channel": f"PJSIP/{agent}-0000001{number}",
        "Uniqueid": f"2.{agent}{number}",
        "Linkedid": f"1.{number}",
    }
    of_queue = {
        "Queue": draw(st.sampled_from(["common", "enterprise"])),
        "Interface": f"PJSIP/{agent}",
        "DestChannel": phone["Channel"],
        "DestUniqueid": phone["Uniqueid"],
        "DialStatus": draw(st.sampled_from(["ANSWER", "CANCEL", "NOANSWER"])),
        "Reason": "caller",
        "Cause": "16",
        "BridgeUniqueid": draw(st.sampled_from(["b1", "b2"])),
    }
    name = draw(
        st.sampled_from(
            [
                "MixMonitorStart",
                "QueueCallerJoin",
                "AgentCalled",
                "AgentRingNoAnswer",
                "DialEnd",
                "QueueCallerAbandon",
                "QueueCallerLeave",
                "AgentConnect",
                "BridgeEnter",
                "BridgeLeave",
                "AgentComplete",
                "Hangup",
            ]
        )
    )
    bridged = name in ("BridgeEnter", "BridgeLeave", "Hangup")
    who = draw(st.sampled_from([caller, phone])) if bridged else caller
    return AmiEvent(name, {**of_queue, **who}, variables)


@st.composite
def any_snapshot(draw: st.DrawFn) -> Snapshot:
    """Each call is gone, in the flow, waiting, offered or talking."""
    channels, entries = [], []
    for number, call_id in enumerate(IDS):
        stands = draw(st.sampled_from(["gone", "flow", "waiting", "offered", "talking"]))
        if stands == "gone":
            continue
        agent = draw(st.sampled_from(AGENTS))
        variables = {"CALL_ID": call_id, "CALL_DIALLED": "12345", "CALL_ANSWERED": "1795395000"}
        bridge = "b1" if stands == "talking" else ""
        caller = {
            "Channel": f"PJSIP/carrier-0000000{number}",
            "Uniqueid": f"1.{number}",
            "Linkedid": f"1.{number}",
            "ChannelState": "6",
            "BridgeId": bridge,
            "Application": "Queue",
            "ApplicationData": "common,c,,,",
        }
        channels.append(AmiEvent("CoreShowChannel", caller, variables))
        if stands in ("waiting", "offered"):
            entries.append(AmiEvent("QueueEntry", {**caller, "Queue": "common"}))
        if stands in ("offered", "talking"):
            phone = {
                "Channel": f"PJSIP/{agent}-0000001{number}",
                "Uniqueid": f"2.{agent}{number}",
                "Linkedid": f"1.{number}",
                "ChannelState": "6" if bridge else "5",
                "BridgeId": bridge,
            }
            channels.append(AmiEvent("CoreShowChannel", phone, variables))
    return Snapshot(tuple(channels), (), (), tuple(entries), (), "now")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(any_event(), any_event(), any_event(), any_snapshot()), max_size=40))
def test_any_stream_of_events_and_snapshots_gives_legal_facts(mail):
    for facts in asyncio.run(facts_of(mail)).values():
        legal(facts)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_recorded_calls_with_losses_and_repeats_give_legal_facts(data):
    """Events are lost, doubled and delayed; then the link says so and a snapshot follows."""
    names = data.draw(st.lists(st.sampled_from(RECORDED), min_size=1, max_size=3, unique=True))
    mail = []
    for name in names:
        for event in events(name):
            mail += [event] * data.draw(st.sampled_from([0, 1, 1, 1, 2]))
    for _ in range(data.draw(st.integers(0, 4))):
        if mail:
            late = mail.pop(data.draw(st.integers(0, len(mail) - 1)))
            mail.insert(data.draw(st.integers(0, len(mail))), late)
    middle = data.draw(st.integers(0, len(mail)))
    known = data.draw(st.sampled_from([s for name in RECORDED for s in snapshots(name)]))
    gap = Gap(0.0, 1.0, "ami_lost")
    for facts in asyncio.run(facts_of([*mail[:middle], gap, known, *mail[middle:]])).values():
        legal(facts)
