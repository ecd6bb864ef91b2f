"""The connection: every way up, every way down, and how patiently it is tried again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random

import pytest
from pydantic import ValidationError

from core.errors import Conflict
from core.transitions import IllegalTransition
from pbx.ami.api import AmiLoginRefused, AmiTimeout, AmiUnavailable, LinkState
from pbx.ami.link import AmiLink
from pbx.ami.states import LINK_TRANSITIONS, LinkFault, StateBoard
from pbx.settings import AmiLinkSettings, AmiSettings
from tests.pbx.ami.fake_ami import FakeAmi, Fields, Peer, Recorder
from tests.pbx.ami.running_link import MakeLink, RunningLink, StartLink

OFTEN = {"ping_every": 0.02}
SOON = {"ping_every": 0.02, "ping_deadline": 0.2}


class Dice(Random):
    """Always throws zero, and remembers between what."""

    def __init__(self) -> None:
        super().__init__(0)
        self.ranges: list[tuple[float, float]] = []

    def uniform(self, a: float, b: float) -> float:
        self.ranges.append((a, b))
        return 0.0


class StandingClock:
    """Time moves only when a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds


def ignore(peer: Peer, action: Fields) -> None:
    """Never answer."""


async def test_the_way_up_is_seen_state_by_state(start_link: StartLink) -> None:
    running = await start_link()
    assert running.states == ["down", "connecting", "logging_in", "syncing", "up"]
    assert running.link.fault is None


async def test_a_wrong_secret_is_named_and_retried_slowly(
    fake: FakeAmi, make_link: MakeLink
) -> None:
    dice = Dice()
    dice.uniform = lambda a, b: dice.ranges.append((a, b)) or 60.0  # type: ignore[method-assign]
    running = make_link(secret="wrong", random=dice, refused_pause=60.0)
    running.start()
    await running.fault(LinkFault.LOGIN_REFUSED)
    assert running.link.fault == "ami_login_refused"
    assert dice.ranges == [(0.5, 1)]
    with pytest.raises(AmiLoginRefused) as refused:
        await running.link.action("Ping")
    assert refused.value.error_id == "ami_login_refused"
    assert isinstance(refused.value, AmiUnavailable)
    assert fake.names() == ["Login"]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("Asterisk is shutting down", LinkFault.SHUTDOWN),
        ("Login Already In Use", LinkFault.LOGIN_IN_USE),
    ],
)
async def test_a_login_refused_for_a_passing_reason_is_tried_again_soon(
    fake: FakeAmi, make_link: MakeLink, said: str, fault: LinkFault
) -> None:
    fake.answers["Login"] = lambda peer, action: peer.reply(action, "Error", ("Message", said))
    running = make_link(refused_pause=3600)
    running.start()
    await running.fault(fault)
    del fake.answers["Login"]
    await running.up()


async def test_pauses_double_up_to_the_cap_and_start_anew_after_a_stable_time(
    fake: FakeAmi, make_link: MakeLink
) -> None:
    dice, clock = Dice(), StandingClock()
    running = make_link(
        random=dice, clock=clock, backoff_base=0.5, backoff_cap=30.0, stable_after=30.0
    )
    await fake.stop()
    running.start()
    await running.until(lambda: len(dice.ranges) >= 9)
    assert dice.ranges[:9] == [(0, ceiling) for ceiling in (0.5, 1, 2, 4, 8, 16, 30, 30, 30)]
    await fake.start()
    await running.up(times=1)
    clock.seconds += 29
    fake.peer.close()
    await running.up(times=2)
    assert dice.ranges[-1] == (0, 30)
    clock.seconds += 31
    fake.peer.close()
    await running.up(times=3)
    assert dice.ranges[-1] == (0, 0.5)


async def test_a_half_open_link_is_found_by_its_silence(
    fake: FakeAmi, start_link: StartLink
) -> None:
    running = await start_link(**SOON)
    fake.peer.mute = True
    waiting = asyncio.create_task(running.link.action("Originate", {"Async": "true"}, deadline=60))
    with pytest.raises(AmiTimeout):
        await waiting
    await running.fault(LinkFault.SILENT)
    await running.up(times=2)
    assert fake.peers[0].gone
    assert len(fake.peers) == 2


def test_half_open_links_are_always_found_within_15_seconds() -> None:
    usual = AmiLinkSettings()
    assert usual.ping_every + 2 * usual.ping_deadline <= 15
    with pytest.raises(ValidationError):
        AmiLinkSettings(ping_every=10, ping_deadline=5)


async def test_a_link_that_is_too_busy_to_answer_pings_is_not_thought_dead_at_once(
    fake: FakeAmi, start_link: StartLink
) -> None:
    running = await start_link(**SOON)
    fake.answers["Ping"] = lambda peer, action: peer.event("Newexten")
    await fake.until(lambda: len(fake.sent("Ping")) == 2)
    assert running.faults == []
    await running.fault(LinkFault.SILENT)
    assert len(fake.sent("Ping")) == 3


async def test_pings_go_on_while_nothing_else_happens(fake: FakeAmi, start_link: StartLink) -> None:
    running = await start_link(**OFTEN)
    await fake.until(lambda: len(fake.sent("Ping")) >= 4)
    assert running.faults == []


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"220 mail ready\r\n"])
async def test_something_else_on_the_port_is_named(
    fake: FakeAmi, make_link: MakeLink, greeting: bytes
) -> None:
    fake.greeting = greeting
    running = make_link()
    running.start()
    await running.fault(LinkFault.NOT_ASTERISK)


async def test_a_server_that_takes_the_connection_and_says_nothing_is_left(
    fake: FakeAmi, make_link: MakeLink
) -> None:
    fake.answers["Login"] = ignore
    running = make_link(login_deadline=0.05)
    running.start()
    await running.fault(LinkFault.NO_LOGIN_ANSWER)


async def test_a_booting_asterisk_is_asked_nothing_before_it_has_booted(
    fake: FakeAmi, make_link: MakeLink
) -> None:
    fake.answers["Login"] = lambda peer, action: peer.reply(action)
    running = make_link(**OFTEN)
    running.start()
    await fake.until(lambda: "Ping" in fake.names())
    assert set(fake.names()) == {"Login", "Ping"}
    assert running.link.state is LinkState.LOGGING_IN
    fake.peer.event("FullyBooted")
    await running.up()


async def test_an_asterisk_that_never_boots_is_named(fake: FakeAmi, make_link: MakeLink) -> None:
    fake.answers["Login"] = lambda peer, action: peer.reply(action)
    running = make_link(boot_deadline=0.05)
    running.start()
    await running.fault(LinkFault.NOT_BOOTED)


async def test_a_link_lost_while_booting_is_noticed_at_once(
    fake: FakeAmi, make_link: MakeLink
) -> None:
    fake.answers["Login"] = lambda peer, action: (peer.reply(action), peer.writer.close())
    running = make_link()
    running.start()
    await running.fault(LinkFault.LOST)


async def test_without_a_snapshot_the_link_is_not_up(fake: FakeAmi, make_link: MakeLink) -> None:
    fake.answers["QueueStatus"] = lambda peer, action: peer.reply(action, "Error")
    running = make_link()
    running.start()
    await running.fault(LinkFault.SYNC_FAILED)
    assert "up" not in running.states
    del fake.answers["QueueStatus"]
    await running.up()


async def test_a_snapshot_that_takes_too_long_is_given_up(
    fake: FakeAmi, make_link: MakeLink
) -> None:
    fake.answers["CoreShowChannels"] = ignore
    running = make_link(sync_deadline=0.05)
    running.start()
    await running.fault(LinkFault.SYNC_FAILED)


async def test_a_shutdown_is_told_and_the_link_does_not_wait_for_the_end(
    fake: FakeAmi, start_link: StartLink
) -> None:
    recorder = Recorder()
    running = await start_link(recorder)
    fake.peer.event("Shutdown", ("Shutdown", "Cleanly"), ("Restart", "True"))
    await recorder.until(lambda: recorder.events("Shutdown"))
    await running.up(times=2)
    assert running.faults == [LinkFault.SHUTDOWN]
    assert recorder.gaps[0].reason == "ami_shutdown"


async def _until_state(running: RunningLink, state: str) -> None:
    await running.until(lambda: running.states[-1:] == [state])


@pytest.mark.parametrize("state", ["logging_in", "syncing", "up"])
async def test_cancelling_closes_the_socket_in_every_state(
    fake: FakeAmi, make_link: MakeLink, state: str
) -> None:
    if state == "logging_in":
        fake.answers["Login"] = ignore
    if state == "syncing":
        fake.answers["QueueStatus"] = ignore
    running = make_link(Recorder())
    running.start()
    await _until_state(running, state)
    await running.stop()
    assert running.states[-1] == "closed"
    assert running.history[-1].fault is LinkFault.STOPPED
    await fake.until(lambda: fake.peer.gone)
    with pytest.raises(AmiUnavailable):
        await running.link.action("Ping")


async def test_cancelling_fails_the_actions_under_way(fake: FakeAmi, start_link: StartLink) -> None:
    fake.answers["Slow"] = ignore
    running = await start_link()
    waiting = asyncio.create_task(running.link.action("Slow", deadline=60))
    await fake.until(lambda: fake.sent("Slow"))
    await running.stop()
    with pytest.raises(AmiTimeout):
        await waiting


async def test_cancelling_ends_a_pause_and_a_connection_attempt(
    fake: FakeAmi, make_link: MakeLink
) -> None:
    await fake.stop()
    dice = Dice()
    dice.uniform = lambda a, b: 3600.0  # type: ignore[method-assign]
    running = make_link(random=dice)
    running.start()
    await _until_state(running, "backing_off")
    await running.stop()
    assert running.states[-1] == "closed"


async def test_a_link_runs_once_and_takes_its_listeners_before(start_link: StartLink) -> None:
    running = await start_link()
    with pytest.raises(Conflict):
        running.link.listen(Recorder())
    with pytest.raises(Conflict):
        await running.link.run()


async def test_one_who_watches_late_sees_the_present_state_first(start_link: StartLink) -> None:
    running = await start_link()
    changes = running.link.changes()
    assert (await anext(changes)).state is LinkState.UP
    await running.stop()
    assert [change.state async for change in changes] == [LinkState.CLOSED]


def test_the_reason_stays_known_until_the_link_is_up_again() -> None:
    board = StateBoard(StandingClock())
    board.move(LinkState.CONNECTING)
    board.move(LinkState.BACKING_OFF, LinkFault.LOGIN_REFUSED)
    for state in (LinkState.CONNECTING, LinkState.LOGGING_IN, LinkState.SYNCING):
        board.move(state)
        assert board.current.fault is LinkFault.LOGIN_REFUSED
    board.move(LinkState.UP)
    assert board.current.fault is None
    with pytest.raises(IllegalTransition):
        board.move(LinkState.CONNECTING)


async def test_panoramisks_own_pings_without_deadline_are_off(start_link: StartLink) -> None:
    running = await start_link()
    manager = running.link._manager
    assert manager is not None
    assert manager.pinger.cancelled()


def test_every_state_can_be_reached_and_closed_is_the_end() -> None:
    reached = {LinkState.DOWN}
    for _ in LinkState:
        reached |= {target for state in reached for target in LINK_TRANSITIONS[state]}
    assert reached == set(LinkState) == set(LINK_TRANSITIONS)
    assert LINK_TRANSITIONS[LinkState.CLOSED] == frozenset()
    for state in reached - {LinkState.CLOSED}:
        assert LinkState.CLOSED in LINK_TRANSITIONS[state]


async def test_secrets_are_not_shown_by_the_links_parts() -> None:
    settings = AmiSettings.model_validate({"secret": "very-secret"})
    assert "very-secret" not in repr(settings) + repr(AmiLink(settings).__dict__)
