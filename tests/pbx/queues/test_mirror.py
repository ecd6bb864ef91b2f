"""What the console sees of agents and queues, from what a real Asterisk said."""

from itertools import pairwise

import pytest

from core.errors import Unavailable
from pbx.ami.api import AmiEvent, Gap
from pbx.queues import QueueCount, QueueMirror
from tests.pbx.scripted import EMPTY, Agents, events, load, snapshots, tell

NAMES = {"1001": "张晓明", "1002": "李华", "1003": "王芳"}


@pytest.fixture
def agents():
    return Agents()


@pytest.fixture
def mirror(agents):
    return QueueMirror(agents, NAMES)


def member(agent="1003", queue="common", **fields):
    base = {"Status": "1", "Paused": "0", "PausedReason": "", "LastPause": "0"}
    return AmiEvent(
        "QueueMemberStatus", {"Queue": queue, "Interface": f"PJSIP/{agent}", **base, **fields}
    )


async def test_an_agents_day_is_mirrored(mirror, agents):
    await tell(mirror, *load("members"))
    states = []
    for view in agents.of("1003"):
        if not states or states[-1] != (view.state, view.reason):
            states.append((view.state, view.reason))
    assert states == [
        ("signed_out", ""),
        ("unreachable", ""),
        ("free", ""),
        ("paused", "午餐"),
        ("free", ""),
        ("wrap_up", "wrap-up"),
        ("unreachable", "wrap-up"),
        ("signed_out", ""),
    ]
    assert agents.of("1003")[-1].name == "王芳"


async def test_a_call_rings_and_is_talked(mirror, agents):
    await tell(mirror, *load("answered_caller_hangs_up"))
    call_id = next(
        e.channel_vars["CALL_ID"]
        for e in events("answered_caller_hangs_up")
        if e.name == "AgentCalled"
    )
    told = [(view.state, view.call_id) for view in agents.of("1001")]
    assert ("ringing", call_id) in told
    assert ("talking", call_id) in told
    assert told[-1] == ("free", None)


async def test_nothing_is_told_twice(mirror, agents):
    await tell(mirror, *load("members"), *load("answered_caller_hangs_up"))
    for number in NAMES:
        views = agents.of(number)
        assert all(one != other for one, other in pairwise(views))


async def test_taps_are_no_agents_and_no_talks(mirror, agents):
    await tell(mirror, *load("tapped"))
    assert {view.agent for view in agents.told} == set(NAMES)


async def test_agents_are_signed_out_until_asterisk_says_otherwise(mirror, agents):
    assert agents.told == []
    await tell(mirror, EMPTY)
    assert [(view.agent, view.state) for view in agents.told] == [
        (number, "signed_out") for number in sorted(NAMES)
    ]


async def test_a_member_whom_no_setting_names_is_shown_by_his_number(mirror, agents):
    await tell(mirror, member("9"), member("8999"))
    assert [(view.agent, view.name) for view in agents.told] == [("8999", "8999")]


async def test_a_snapshot_mends_what_a_gap_hid(mirror, agents):
    await tell(mirror, EMPTY, member(), Gap(0, 1, "ami_lost"), snapshots("members")[1])
    assert agents.now("1003") == "wrap_up"
    await tell(mirror, Gap(0, 1, "ami_lost"), EMPTY)
    assert agents.now("1003") == "signed_out"


async def test_a_talk_in_the_snapshot_shows_its_call(mirror, agents):
    snapshot = snapshots("answered_caller_hangs_up")[1]
    await tell(mirror, snapshot)
    view = agents.of("1001")[-1]
    assert view.state == "talking"
    assert view.call_id == snapshot.channels[0].channel_vars["CALL_ID"]


@pytest.mark.parametrize(
    ("fields", "state", "reason"),
    [
        ({}, "free", ""),
        ({"Status": "0"}, "unreachable", ""),
        ({"Status": "2"}, "talking", ""),
        ({"Status": "3"}, "talking", ""),
        ({"Status": "4"}, "unreachable", ""),
        ({"Status": "5"}, "unreachable", ""),
        ({"Status": "6"}, "ringing", ""),
        ({"Status": "7"}, "talking", ""),
        ({"Status": "8"}, "talking", ""),
        ({"Status": "x"}, "unreachable", ""),
        ({"Status": "2", "Paused": "1", "PausedReason": "培训"}, "talking", "培训"),
        ({"Paused": "1", "PausedReason": "培训"}, "paused", "培训"),
        ({"Paused": "1", "PausedReason": ""}, "paused", ""),
        ({"Paused": "1", "PausedReason": "wrap-up"}, "wrap_up", "wrap-up"),
    ],
)
async def test_each_state_has_its_cause_in_asterisk(mirror, agents, fields, state, reason):
    await tell(mirror, member(**fields))
    view = agents.of("1003")[-1]
    assert (view.state, view.reason) == (state, reason)


async def test_an_agent_paused_in_one_queue_only_is_still_free(mirror, agents):
    await tell(mirror, member(), member(queue="enterprise", Paused="1", PausedReason="培训"))
    assert agents.now("1003") == "free"
    assert agents.of("1003")[-1].queues == ("common", "enterprise")


async def test_own_pause_beside_a_wrap_up_is_a_pause(mirror, agents):
    lunch = member(queue="enterprise", Paused="1", PausedReason="午餐")
    await tell(mirror, member(Paused="1", PausedReason="wrap-up"), lunch)
    view = agents.of("1003")[-1]
    assert (view.state, view.reason) == ("paused", "午餐")


async def test_queue_lengths_follow_the_callers(mirror):
    heard = load("abandoned_in_queue")
    joined = next(
        i for i, m in enumerate(heard) if isinstance(m, AmiEvent) and m.name == "QueueCallerJoin"
    )
    await tell(mirror, *heard[: joined + 1], member())
    assert mirror.queues()["common"] == QueueCount(waiting=1, members=1)
    assert mirror.queues()["enterprise"] == QueueCount()
    await tell(mirror, *heard[joined + 1 :])
    assert mirror.queues()["common"].waiting == 0


async def test_what_could_not_be_told_is_told_with_the_next_event(mirror, agents, caplog):
    works, agents.agent = agents.agent, refuse
    await tell(mirror, member(), member("1001"))
    agents.agent = works
    await tell(mirror, member(), member("1001"))
    assert [(view.agent, view.state) for view in agents.told] == [
        ("1003", "free"),
        ("1001", "free"),
    ]
    assert "not told (unavailable)" in caplog.text


async def refuse(view):
    raise Unavailable("away")


async def test_half_an_event_harms_nobody(mirror, agents):
    for name in ("QueueMemberStatus", "QueueMemberRemoved", "QueueCallerJoin", "Hangup"):
        await tell(mirror, AmiEvent(name, {}))
    assert agents.told == []
