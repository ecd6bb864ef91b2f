"""The link on a real Asterisk with the configuration that this project renders."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime

import pytest
from pydantic import SecretStr

from pbx.ami.api import AmiRefused, AmiTimeout, LinkState
from pbx.ami.states import LinkFault
from pbx.phone import Phone, PhoneSettings
from tests.pbx.ami.fake_ami import Recorder
from tests.pbx.ami.proxy import Proxy
from tests.pbx.ami.running_link import RunningLink, StartLink
from tests.pbx.conftest import RunningAsterisk, StartAsterisk, agent

pytestmark = pytest.mark.real

CALLER = '"张三政务热线" <15412345678>'
DIAL_IN = {"Channel": "Local/12345@from-trunk", "Application": "Wait", "Data": "30"}
MEMBER = {"Queue": "common", "Interface": "PJSIP/8001", "MemberName": "8001"}


async def link_to(
    asterisk: RunningAsterisk, start_link: StartLink, *listeners: Recorder, **options: object
) -> RunningLink:
    """A link with the settings that Asterisk was rendered from."""
    ami = asterisk.settings.ami
    usual = {"port": ami.port, "user": ami.user, "secret": ami.secret.get_secret_value()}
    return await start_link(*listeners, **usual | options)


async def test_a_call_is_told_with_its_variables_and_the_callers_name_whole(
    start_asterisk: StartAsterisk, start_link: StartLink
) -> None:
    asterisk = await start_asterisk()
    recorder = Recorder()
    async with Proxy(asterisk.settings.ami.port, piece=1) as drop_by_drop:
        running = await link_to(asterisk, start_link, recorder, port=drop_by_drop.port)
        reply = await running.link.action(
            "Originate", DIAL_IN | {"CallerID": CALLER, "Async": "true"}
        )
        assert reply.get("Message") == "Originate successfully queued"
        await recorder.until(lambda: recorder.events("QueueCallerJoin"))
        await recorder.until(lambda: recorder.events("OriginateResponse"))
        (joined,) = recorder.events("QueueCallerJoin")
        assert joined.get("CallerIDName") == "张三政务热线"
        assert joined.get("CallerIDNum") == "15412345678"
        assert joined.channel_vars["CALL_DIALLED"] == "12345"
        assert re.fullmatch(r"[0-9a-f-]{36}", joined.channel_vars["CALL_ID"])

        channels = await running.link.listing("CoreShowChannels")
        (waiting,) = [one for one in channels if one.get("Application") == "Queue"]
        assert waiting.channel_vars == joined.channel_vars
        await running.stop()

    later = Recorder()
    await link_to(asterisk, start_link, later)
    await later.until(lambda: later.snapshots)
    (snapshot,) = later.snapshots
    assert [entry.get("Queue") for entry in snapshot.queue_entries] == ["common"]
    assert joined.get("Channel") in {channel.get("Channel") for channel in snapshot.channels}


async def test_queue_members_come_and_go_and_asterisk_says_no_in_words(
    start_asterisk: StartAsterisk, start_link: StartLink
) -> None:
    asterisk = await start_asterisk()
    recorder = Recorder()
    running = await link_to(asterisk, start_link, recorder)
    reply = await running.link.action("QueueAdd", MEMBER)
    assert reply.get("Response") == "Success"
    with pytest.raises(AmiRefused) as twice:
        await running.link.action("QueueAdd", MEMBER)
    assert twice.value.details["asterisk"] == "Unable to add interface: Already there"
    listed = await running.link.listing("QueueStatus", {"Queue": "common"})
    assert [one.get("Name") for one in listed if one.name == "QueueMember"] == ["8001"]
    assert await running.link.listing("QueueStatus", {"Queue": "no-such-queue"}) == []
    with pytest.raises(AmiRefused):
        await running.link.action("NoSuchAction")
    await running.link.action("QueueRemove", MEMBER)
    await recorder.until(lambda: recorder.events("QueueMemberRemoved"))
    assert running.faults == []


async def test_a_telephone_that_signs_on_and_off_is_told(
    start_asterisk: StartAsterisk, start_link: StartLink
) -> None:
    desk = "sip:8002@127.0.0.1:9"  # a fixed contact; nobody has to be there
    asterisk = await start_asterisk(agents=[agent("8001"), agent("8002", contact=desk)])

    async def now() -> list[str]:
        late = Recorder()
        link = await link_to(asterisk, start_link, late)
        await late.until(lambda: late.snapshots)
        await link.stop()
        states = {one.get("Device"): one.get("State") for one in late.snapshots[0].device_states}
        return [states[f"PJSIP/{number}"] for number in ("8001", "8002")]

    recorder = Recorder()
    await link_to(asterisk, start_link, recorder)

    def last() -> str:
        changes = recorder.events("DeviceStateChange")
        return next(
            (one.get("State") for one in reversed(changes) if one.get("Device") == "PJSIP/8001"), ""
        )

    assert await now() == ["UNAVAILABLE", "NOT_INUSE"]
    settings = PhoneSettings(
        role="agent",
        user="8001",
        password=SecretStr("secret-8001"),
        server_port=asterisk.settings.sip.port,
    )
    async with Phone(settings):
        await recorder.until(lambda: last() == "NOT_INUSE")
        assert await now() == ["NOT_INUSE", "NOT_INUSE"]
    await recorder.until(lambda: last() == "UNAVAILABLE")
    assert await now() == ["UNAVAILABLE", "NOT_INUSE"]


async def test_a_line_too_long_for_asterisk_is_refused_and_the_link_stays_in_step(
    start_asterisk: StartAsterisk, start_link: StartLink
) -> None:
    asterisk = await start_asterisk()
    running = await link_to(asterisk, start_link)
    with pytest.raises(AmiRefused) as refused:
        await running.link.action("Ping", {"Long": "x" * 2000})
    assert "line too long" in refused.value.details["asterisk"]
    assert (await running.link.action("Ping")).get("Ping") == "Pong"


async def test_originate_without_async_waits_for_its_outcome_and_blocks_nothing(
    start_asterisk: StartAsterisk, start_link: StartLink
) -> None:
    asterisk = await start_asterisk()
    running = await link_to(asterisk, start_link, ping_every=0.1, ping_deadline=2)
    reply = await running.link.action("Originate", DIAL_IN)
    assert (reply.name, reply.get("Response")) == ("Response", "Success")
    # Nobody ever answers this one; a synchronous Originate would silence the link for 1.5 s.
    ringing = {"Channel": "Local/T@hotline", "Application": "Wait", "Data": "1"}
    unanswered = asyncio.create_task(
        running.link.action("Originate", ringing | {"Timeout": "1500"})
    )
    assert (await running.link.action("Ping", deadline=1)).get("Ping") == "Pong"
    with pytest.raises((AmiRefused, AmiTimeout)):
        await unanswered
    assert running.faults == []


async def test_chinese_and_emoji_come_back_as_they_were_sent(
    start_asterisk: StartAsterisk, start_link: StartLink
) -> None:
    asterisk = await start_asterisk()
    rights = "\n[tester]\nsecret = tester\nread = system,user\nwrite = user,reporting\n"
    with (asterisk.folder / "etc/manager.conf").open("a", encoding="utf-8") as manager:
        manager.write(rights)
    await asterisk.cli("manager reload")
    recorder = Recorder()
    words = "路灯坏了😀，唐山市路南区；“引号”\\ 'x'"
    async with Proxy(asterisk.settings.ami.port, piece=1) as drop_by_drop:
        running = await link_to(
            asterisk,
            start_link,
            recorder,
            port=drop_by_drop.port,
            user="tester",
            secret="tester",
        )
        await running.link.action("UserEvent", {"UserEvent": "Words", "Words": words})
        await recorder.until(lambda: recorder.events("UserEvent"))
        assert recorder.events("UserEvent")[0].get("Words") == words


async def test_a_restart_of_asterisk_is_a_gap_and_a_snapshot_with_another_start(
    start_asterisk: StartAsterisk, start_link: StartLink
) -> None:
    asterisk = await start_asterisk()
    recorder = Recorder()
    running = await link_to(asterisk, start_link, recorder)
    await running.link.action("QueueAdd", MEMBER)
    await recorder.until(lambda: recorder.events("QueueMemberAdded"))
    await asyncio.sleep(1)  # Asterisk prints its start-up time in whole seconds
    await asterisk.restart()
    await recorder.until(lambda: len(recorder.snapshots) == 2)
    kinds = [kind for kind in recorder.told if kind in ("gap", "snapshot")]
    assert kinds == ["snapshot", "gap", "snapshot"]
    before, after = recorder.snapshots
    for snapshot in (before, after):
        datetime.strptime(snapshot.asterisk_started, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    assert before.asterisk_started < after.asterisk_started
    assert [member.get("Name") for member in after.queue_members] == ["8001"]
    assert running.faults[0] in (LinkFault.SHUTDOWN, LinkFault.LOST)
    assert (await running.link.action("Ping")).get("Ping") == "Pong"


async def test_a_half_open_link_is_found_and_replaced(
    start_asterisk: StartAsterisk, start_link: StartLink
) -> None:
    asterisk = await start_asterisk()
    recorder = Recorder()
    async with Proxy(asterisk.settings.ami.port) as proxy:
        running = await link_to(
            asterisk, start_link, recorder, port=proxy.port, ping_every=0.1, ping_deadline=0.5
        )
        proxy.freeze()
        with pytest.raises(AmiTimeout):
            await running.link.action("Originate", DIAL_IN, deadline=60)
        await running.fault(LinkFault.SILENT)
        proxy.thaw()
        await running.up(times=2)
        await recorder.until(lambda: len(recorder.snapshots) == 2)
        assert recorder.gaps[0].reason == "ami_silent"
        assert running.link.state is LinkState.UP
        await running.stop()


async def test_a_wrong_secret_is_refused_by_name(start_asterisk: StartAsterisk, make_link) -> None:
    asterisk = await start_asterisk()
    running = make_link(port=asterisk.settings.ami.port, user="hotline", secret="wrong")
    running.start()
    await running.fault(LinkFault.LOGIN_REFUSED)
    await running.stop()
