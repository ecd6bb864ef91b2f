"""Every party of a talk is tapped, and stays so, and nothing of it touches the call."""

from dataclasses import replace
from uuid import UUID

import pytest

from core.calls import Leg
from core.errors import Unavailable
from core.transcript import StreamState
from pbx.ami.api import AmiEvent, AmiRefused, AmiTimeout, AmiUnavailable, Gap
from pbx.settings import TapSettings
from tests.pbx.scripted import EMPTY, events, snapshots, tell

ANSWERED = "answered_caller_hangs_up"


def until(name, last):
    heard = events(name)
    return heard[: next(i for i, e in enumerate(heard) if e.name == last) + 1]


def after(name, last):
    heard = events(name)
    return heard[next(i for i, e in enumerate(heard) if e.name == last) + 1 :]


def connect(name=ANSWERED):
    return next(event for event in events(name) if event.name == "AgentConnect")


async def test_both_legs_of_a_talk_are_tapped_when_it_begins(studio):
    await tell(studio.taps, *until(ANSWERED, "AgentConnect"))
    placed = await studio.placed(2)
    talk = connect()
    caller, agent = studio.transcriber.expected
    assert (caller.leg, caller.party) == (Leg.CALLER, "caller")
    assert (agent.leg, agent.party) == (Leg.AGENT, "1001")
    for tap, channel, sent in zip(
        (caller, agent), (talk.get("Channel"), talk.get("DestChannel")), placed, strict=True
    ):
        assert tap.call_id == talk.channel_vars["CALL_ID"]
        assert tap.origin == float(talk.channel_vars["CALL_ANSWERED"])
        assert str(UUID(tap.tap_id)) == tap.tap_id
        assert sent == {
            "Channel": f"AudioSocket/127.0.0.1:9092/{tap.tap_id}/c(slin)",
            "Application": "ChanSpy",
            "Data": f"{channel},qoESl",
            "Async": "true",
        }


async def test_a_talk_is_tapped_once_and_let_go_at_its_end(studio):
    await tell(studio.taps, *events(ANSWERED))
    await studio.transcriber.until(lambda: bool(studio.transcriber.forgotten))
    await studio.quiet()
    assert studio.transcriber.forgotten == [connect().channel_vars["CALL_ID"]]
    assert len(studio.ami.actions("Originate")) <= 2
    assert studio.ami.actions("Hangup") == []


@pytest.mark.parametrize(
    "recording", ["abandoned_in_queue", "abandoned_while_ringing", "withdrawn_and_queued_again"]
)
async def test_who_talks_to_nobody_is_not_tapped(studio, recording):
    await tell(studio.taps, *events(recording))
    await studio.quiet()
    assert studio.transcriber.expected == []


async def test_whoever_takes_the_call_over_is_tapped_too(studio):
    await tell(studio.taps, *until("transferred", "AgentConnect"))
    await studio.placed(2)
    await tell(studio.taps, *after("transferred", "AgentConnect")[:-8])
    await studio.placed(3)
    assert [tap.party for tap in studio.transcriber.expected] == ["caller", "1001", "1002"]
    assert {tap.leg for tap in studio.transcriber.expected[1:]} == {Leg.AGENT}
    assert len({tap.call_id for tap in studio.transcriber.expected}) == 1


async def test_our_own_taps_are_never_tapped(studio):
    await tell(studio.taps, *until("tapped", "ChanSpyStart"))
    await studio.placed(2)
    await studio.quiet()
    assert len(studio.transcriber.expected) == 2


@pytest.mark.parametrize("state", [StreamState.LOST, StreamState.ENDED])
async def test_a_tap_that_the_recogniser_lost_is_placed_again(studio, state):
    await tell(studio.taps, connect())
    await studio.placed(2)
    await studio.report(0, state)
    await studio.placed(3)
    first, again = studio.tap(0), studio.tap(2)
    assert again.tap_id != first.tap_id
    assert (again.leg, again.party, again.origin) == (first.leg, first.party, first.origin)
    # The old one is cleared away first, so that nobody is heard twice.
    names = [name for name, _ in studio.ami.sent]
    assert names == ["Originate", "Originate", "Hangup", "Originate"]
    assert studio.ami.actions("Hangup") == [
        {"Channel": f"AudioSocket/127.0.0.1:9092-{first.tap_id}"}
    ]


async def test_a_stream_that_opens_is_no_loss(studio):
    await tell(studio.taps, connect())
    await studio.placed(2)
    await studio.report(0, StreamState.OPEN)
    await studio.quiet()
    assert len(studio.transcriber.expected) == 2


async def test_a_tap_whose_channel_ends_in_the_talk_is_placed_again(studio):
    await tell(studio.taps, connect())
    await studio.placed(2)
    await studio.hang_up(1)
    await studio.placed(3)
    assert studio.tap(2).party == "1001"


async def test_a_connection_that_was_refused_is_tried_again(studio):
    await tell(studio.taps, connect())
    (_, agent) = await studio.placed(2)
    failed = {"Response": "Failure", "Channel": agent["Channel"], "Reason": "0"}
    await tell(studio.taps, AmiEvent("OriginateResponse", failed))
    await studio.placed(3)
    assert studio.tap(2).party == "1001"


async def test_old_news_of_an_earlier_tap_change_nothing(studio):
    await tell(studio.taps, connect())
    await studio.placed(2)
    await studio.hang_up(0)
    await studio.placed(3)
    await studio.hang_up(0)
    await studio.report(0, StreamState.LOST)
    await studio.quiet()
    assert len(studio.transcriber.expected) == 3


async def test_the_callers_tap_is_not_placed_again_when_nobody_talks_to_him(studio):
    await tell(studio.taps, connect())
    await studio.placed(2)
    talk = connect()
    gone = {"Channel": talk.get("DestChannel"), "Uniqueid": talk.get("DestUniqueid")}
    await tell(studio.taps, AmiEvent("Hangup", gone, talk.dest_vars))
    await studio.hang_up(0)
    await studio.quiet()
    assert len(studio.transcriber.expected) == 2
    await tell(studio.taps, talk)  # the next agent takes him
    await studio.placed(4)


async def test_without_a_recogniser_it_is_said_and_tried_again_until_one_is_back(studio):
    studio.transcriber.error = Unavailable("away")
    await tell(studio.taps, connect())
    await studio.transcript.until(lambda: len(studio.transcript.reports) >= 8)
    await studio.quiet()
    assert len(studio.transcript.reports) == 8  # one try and three more, for each leg
    report = studio.transcript.reports[0]
    assert (report.state, report.reason) == (StreamState.LOST, "unavailable")
    assert {report.leg for report in studio.transcript.reports} == set(Leg)
    assert studio.ami.sent == []
    studio.transcriber.error = None
    studio.taps.transcriber_up()
    await studio.placed(2)


async def test_a_recogniser_that_never_answers_is_not_waited_for(studio):
    studio.begin(TapSettings(expect_seconds=0.02, retry_first=5.0, retry_cap=5.0))

    async def never(tap):
        await studio.ami.until(lambda: False, deadline=60)

    studio.transcriber.expect = never
    await tell(studio.taps, connect())
    await studio.transcript.until(lambda: len(studio.transcript.reports) == 2)
    assert studio.transcript.reports[0].reason == "transcriber_timeout"


async def test_a_recogniser_that_breaks_is_like_none(studio):
    studio.transcriber.error = RuntimeError("a bug")
    await tell(studio.taps, connect())
    await studio.transcript.until(lambda: len(studio.transcript.reports) == 8)
    assert studio.transcript.reports[0].reason == "RuntimeError"
    studio.transcriber.error = None
    studio.taps.transcriber_up()
    await studio.placed(2)


@pytest.mark.parametrize(
    "error", [AmiRefused(asterisk="no"), AmiUnavailable(action="Originate", reason="ami_lost")]
)
async def test_a_refused_originate_is_said_and_tried_again(studio, error):
    answers = [error, None, None]

    def answer(_):
        if failure := answers.pop(0):
            raise failure
        return AmiEvent("Response", {"Response": "Success"})

    studio.ami.answers["Originate"] = answer
    await tell(studio.taps, connect())
    await studio.placed(3)
    assert [report.reason for report in studio.transcript.reports] == [error.error_id]


async def test_an_originate_without_a_reply_counts_as_placed(studio):
    def silent(_):
        raise AmiTimeout(action="Originate", reason="deadline")

    studio.ami.answers["Originate"] = silent
    await tell(studio.taps, connect())
    await studio.placed(2)
    await studio.quiet()
    assert len(studio.transcriber.expected) == 2
    assert not studio.transcript.reports


async def test_a_tap_that_lasted_is_tried_as_often_as_a_new_one(studio):
    studio.transcriber.error = None
    await tell(studio.taps, connect())
    await studio.placed(2)
    for number in range(2, 12):  # far more often than a failing one would be
        studio.clock.go(60)
        last = max(i for i, tap in enumerate(studio.transcriber.expected) if tap.party == "1001")
        await studio.hang_up(last)
        await studio.placed(number + 1)


async def test_a_tap_that_keeps_breaking_off_is_given_up(studio):
    await tell(studio.taps, connect())
    await studio.placed(2)
    for _ in range(3):
        number = len(studio.transcriber.expected)
        last = max(i for i, tap in enumerate(studio.transcriber.expected) if tap.party == "1001")
        await studio.hang_up(last)
        await studio.placed(number + 1)
    await studio.hang_up(len(studio.transcriber.expected) - 1)
    await studio.quiet()
    assert len(studio.transcriber.expected) == 5


# Gaps and restarts.


async def test_a_talk_that_stands_untapped_after_a_gap_is_tapped(studio):
    await tell(studio.taps, EMPTY, Gap(0, 1, "ami_lost"), snapshots(ANSWERED)[1])
    await studio.placed(2)
    assert {tap.party for tap in studio.transcriber.expected} == {"caller", "1001"}


async def test_after_our_restart_standing_taps_are_kept(studio):
    tapped = snapshots("tapped")[0]
    await tell(studio.taps, tapped)
    await studio.quiet()
    assert studio.transcriber.expected == []
    for event in after("tapped", "ChanSpyStart"):  # they end with the call, without more ado
        await tell(studio.taps, event)
    await studio.transcriber.until(lambda: bool(studio.transcriber.forgotten))
    await studio.quiet()
    assert studio.transcriber.expected == []


async def test_a_kept_tap_that_breaks_off_is_placed_again(studio):
    tapped = snapshots("tapped")[0]
    await tell(studio.taps, tapped)
    tap = next(c for c in tapped.channels if c.get("Channel").startswith("AudioSocket"))
    await tell(studio.taps, AmiEvent("Hangup", tap.fields))
    await studio.placed(1)
    assert studio.ami.actions("Hangup") == [{"Channel": tap.get("Channel")}]


async def test_a_tap_that_is_gone_after_a_gap_is_placed_again(studio):
    await tell(studio.taps, *until("tapped", "AgentConnect"))
    await studio.placed(2)
    tapped = snapshots("tapped")[0]
    bare = [c for c in tapped.channels if not c.get("Channel").startswith("AudioSocket")]
    await tell(studio.taps, Gap(0, 1, "ami_lost"), replace(tapped, channels=tuple(bare)))
    await studio.placed(4)


async def test_a_talk_that_ended_in_a_gap_is_let_go(studio):
    await tell(studio.taps, connect())
    await studio.placed(2)
    await tell(studio.taps, Gap(0, 1, "ami_lost"), EMPTY)
    await studio.transcriber.until(lambda: bool(studio.transcriber.forgotten))
    await studio.hang_up(0)
    await studio.quiet()
    assert len(studio.transcriber.expected) == 2


async def test_a_snapshot_wakes_what_had_given_up(studio):
    studio.ami.answers["Originate"] = _away
    await tell(studio.taps, *until("tapped", "AgentConnect"))
    await studio.transcript.until(lambda: len(studio.transcript.reports) == 8)
    await studio.quiet()
    del studio.ami.answers["Originate"]
    tapped = snapshots("tapped")[0]
    bare = [c for c in tapped.channels if not c.get("Channel").startswith("AudioSocket")]
    placed = len(studio.ami.actions("Originate"))
    await tell(studio.taps, Gap(0, 1, "ami_lost"), replace(tapped, channels=tuple(bare)))
    await studio.placed(placed + 2)


def _away(_):
    raise AmiUnavailable(action="Originate", reason="ami_lost")


async def test_forgetting_that_fails_harms_nobody(studio):
    await tell(studio.taps, connect())
    await studio.placed(2)
    studio.transcriber.error = RuntimeError("a bug")
    await tell(studio.taps, *after(ANSWERED, "AgentConnect"))
    await studio.transcriber.until(lambda: bool(studio.transcriber.forgotten))
    studio.transcriber.error = None
    await tell(studio.taps, connect("tapped"))
    await studio.placed(4)


async def test_half_an_event_harms_nobody(studio):
    for name in ("AgentConnect", "BridgeEnter", "Hangup", "OriginateResponse"):
        await tell(studio.taps, AmiEvent(name, {}), AmiEvent(name, {}, connect().channel_vars))
    await studio.quiet()
    assert studio.transcriber.expected == []
