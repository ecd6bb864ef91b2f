"""The road of a call on a real Asterisk, and every way in which the backend can be away."""

from __future__ import annotations

import array
import asyncio
import re
import signal
import sys
import wave
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.pbx.asterisk.conftest import ami_session
from tests.pbx.conftest import agent
from tests.pbx.sip_peer import SipPeer, strength, telephones

pytestmark = pytest.mark.real

CALLER, AGENT = 500, 900  # Hz: who is heard where
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


@asynccontextmanager
async def hotline(start_asterisk, signed_in=1, **overrides):
    """An Asterisk whose agents share one telephone, and the carrier's side of a line.

    Several agents spare a test the guard that Asterisk keeps after each talk of one of them.
    """
    numbers = [f"8{n:03}" for n in range(1, max(signed_in, 1) + 1)]
    async with telephones(CALLER, AGENT) as (carrier, desk):
        asterisk = await start_asterisk(
            agents=[agent(number, contact=desk.contact) for number in numbers], **overrides
        )
        for number in numbers[:signed_in]:
            await sign_in(asterisk, number=number)
        yield asterisk, carrier, desk


async def sign_in(asterisk, queue="common", number="8001"):
    """As the backend does it, but without it."""
    await asterisk.cli(f"queue add member PJSIP/{number} to {queue} penalty 0 as {number}")


async def offered(desk, deadline=15):
    return await asyncio.wait_for(desk.calls.get(), deadline)


async def over(dialog):
    await asyncio.wait_for(dialog.over.wait(), 10)


def calls_logged(asterisk) -> list[list[str]]:
    """The CALL lines of queue_log: [call id, dialled, answered] each."""
    lines = (asterisk.folder / "log/queue_log").read_text().splitlines()
    return [line.split("|")[5:] for line in lines if "|CALL|" in line]


def samples(path: Path) -> list[int]:
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        return list(array.array("h", sound.readframes(sound.getnframes())))


@asynccontextmanager
async def backend_process(asterisk):
    """A backend that plays to every caller, as a process to be killed or stopped."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("backend.py")),
        str(asterisk.settings.agi.port),
        str(asterisk.folder / "moh/comfort"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_call_reaches_a_person_with_a_dead_backend(start_asterisk):
    async with hotline(start_asterisk) as (asterisk, carrier, desk):
        caller = await carrier.call(asterisk.settings.sip.port, "12345")
        talk = await offered(desk)
        await caller.until_hears(AGENT)
        await talk.until_hears(CALLER)
        talk.hang_up()
        await over(caller)


async def test_each_leg_is_recorded_from_the_answer_with_a_dead_backend(start_asterisk):
    async with hotline(start_asterisk) as (asterisk, carrier, desk):
        caller = await carrier.call(asterisk.settings.sip.port, "12345")
        talk = await offered(desk)
        await caller.until_hears(AGENT)
        await asyncio.sleep(1)  # something to record
        talk.hang_up()
        await over(caller)
        await asterisk.stop()
        [(call_id, _, answered)] = calls_logged(asterisk)
        day = asterisk.settings.recordings / next(asterisk.settings.recordings.iterdir()).name
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", day.name)
        kept = {path.name.removeprefix(call_id): samples(path) for path in day.iterdir()}
        assert kept.keys() == {".caller.wav", ".agent.wav"}
        assert strength(kept[".caller.wav"][-4000:], CALLER) > 0.5
        assert strength(kept[".agent.wav"][-4000:], AGENT) > 0.5
        assert abs(len(kept[".caller.wav"]) - len(kept[".agent.wav"])) <= 320  # in step
        assert re.fullmatch(r"\d+\.\d{3}", answered)
        assert (day.stat().st_mode & 0o077) == 0


async def test_a_caller_waits_for_the_first_agent_and_hears_that_he_waits(start_asterisk):
    async with hotline(start_asterisk, signed_in=0) as (asterisk, carrier, desk):
        caller = await carrier.call(asterisk.settings.sip.port, "12345")
        await caller.until_hears_something()
        await sign_in(asterisk)
        await offered(desk)
        await caller.until_hears(AGENT)


async def test_a_call_goes_on_when_the_backend_is_killed_in_mid_prompt(start_asterisk):
    async with hotline(start_asterisk) as (asterisk, carrier, desk):
        async with backend_process(asterisk) as backend:
            caller = await carrier.call(asterisk.settings.sip.port, "12345")
            await caller.until_hears_something()
            assert desk.calls.empty()
            backend.send_signal(signal.SIGKILL)
            await offered(desk)
        await caller.until_hears(AGENT)


async def test_a_hung_backend_does_not_trap_a_caller(start_asterisk):
    async with (
        hotline(start_asterisk, agi={"watchdog_seconds": 2}) as (asterisk, carrier, desk),
        backend_process(asterisk) as backend,
    ):
        backend.send_signal(signal.SIGSTOP)
        caller = await carrier.call(asterisk.settings.sip.port, "12345")
        await offered(desk)
        await caller.until_hears(AGENT)


async def test_a_backend_that_hangs_in_mid_prompt_does_not_trap_even_a_silent_caller(
    start_asterisk,
):
    async with hotline(start_asterisk) as (asterisk, carrier, desk):

        async def prompt_then_silence(reader, writer):
            writer.write(b"SET AUTOHANGUP 2\n")
            await reader.read()  # until Asterisk gives up
            writer.close()

        port = asterisk.settings.agi.port
        async with await asyncio.start_server(prompt_then_silence, "127.0.0.1", port):
            caller = await carrier.call(asterisk.settings.sip.port, "12345")
            caller.media.remote = None  # not a packet comes from him any more
            await offered(desk)
            await caller.until_hears(AGENT)


async def test_a_hung_backend_does_not_keep_the_line_of_a_caller_who_has_gone(start_asterisk):
    async with hotline(start_asterisk, agi={"watchdog_seconds": 60}) as (asterisk, carrier, _):

        async def silence(reader, writer):
            await reader.read()
            writer.close()

        port = asterisk.settings.agi.port
        async with (
            await asyncio.start_server(silence, "127.0.0.1", port),
            ami_session(asterisk) as ami,
        ):
            caller = await carrier.call(asterisk.settings.sip.port, "12345")
            caller.hang_up()
            await ami.event("Hangup")


async def test_the_backend_s_decision_is_followed_and_it_is_asked_again_after_the_talk(
    start_asterisk, backend_for
):
    async with hotline(start_asterisk, signed_in=0) as (asterisk, carrier, desk):
        await sign_in(asterisk, "enterprise")
        queue = {"HOTLINE_QUEUE": "enterprise", "HOTLINE_PRIORITY": "10"}
        async with backend_for(
            asterisk,
            start=queue | {"HOTLINE_RESUME": "rating", "HOTLINE_ACTION": "queue"},
            rating={"HOTLINE_ACTION": "hangup"},
        ) as backend:
            caller = await carrier.call(asterisk.settings.sip.port, "12345")
            talk = await offered(desk)
            await caller.until_hears(AGENT)
            talk.hang_up()
            await over(caller)
        assert backend.asked == [("start", ""), ("rating", "CONTINUE")]


async def test_the_watchdog_does_not_bite_once_the_backend_has_decided(start_asterisk, backend_for):
    async with (
        hotline(start_asterisk, agi={"watchdog_seconds": 2}) as (asterisk, carrier, desk),
        backend_for(asterisk, start={"HOTLINE_ACTION": "queue", "HOTLINE_QUEUE": "common"}),
    ):
        caller = await carrier.call(asterisk.settings.sip.port, "12345")
        talk = await offered(desk)
        await asyncio.sleep(3)  # past its time
        await caller.until_hears(AGENT)
        assert not talk.over.is_set()


async def test_a_queue_that_took_too_long_leads_back_to_the_backend_then_to_the_people(
    start_asterisk, backend_for
):
    async with hotline(start_asterisk) as (asterisk, carrier, desk):
        async with backend_for(
            asterisk,
            start={
                "HOTLINE_QUEUE": "enterprise",
                "HOTLINE_TIMEOUT": "1",
                "HOTLINE_RESUME": "overflow",
                "HOTLINE_ACTION": "queue",
            },
        ) as backend:
            caller = await carrier.call(asterisk.settings.sip.port, "12345")
            await offered(desk)
            await caller.until_hears(AGENT)
        assert backend.asked == [("start", ""), ("overflow", "TIMEOUT")]


@pytest.mark.parametrize(
    "decision",
    [
        {"HOTLINE_ACTION": "queue", "HOTLINE_QUEUE": "none_such"},
        {"HOTLINE_ACTION": "queue"},
        {"HOTLINE_ACTION": "dance", "HOTLINE_QUEUE": "enterprise"},
        {"HOTLINE_ACTION": "queue", "HOTLINE_QUEUE": "enterprise", "HOTLINE_TIMEOUT": "1"},
        {"HOTLINE_QUEUE": "enterprise"},
    ],
    ids=["unknown queue", "no queue", "unknown action", "nobody and no resume", "no action"],
)
async def test_a_decision_that_leads_nowhere_leads_to_the_people(
    start_asterisk, backend_for, decision
):
    async with (
        hotline(start_asterisk) as (asterisk, carrier, desk),
        backend_for(asterisk, start=decision),
    ):
        caller = await carrier.call(asterisk.settings.sip.port, "12345")
        await offered(desk)
        await caller.until_hears(AGENT)


async def test_a_caller_who_was_served_is_let_go_when_the_backend_died_meanwhile(
    start_asterisk, backend_for
):
    async with hotline(start_asterisk) as (asterisk, carrier, desk):
        queue = {"HOTLINE_QUEUE": "common", "HOTLINE_RESUME": "rating", "HOTLINE_ACTION": "queue"}
        async with backend_for(asterisk, start=queue):
            caller = await carrier.call(asterisk.settings.sip.port, "12345")
            talk = await offered(desk)
            await caller.until_hears(AGENT)
        talk.hang_up()
        await over(caller)
        assert desk.calls.empty()


async def test_every_event_of_the_call_s_channels_carries_the_call(start_asterisk):
    async with hotline(start_asterisk) as (asterisk, carrier, desk):
        async with ami_session(asterisk) as ami:
            caller = await carrier.call(asterisk.settings.sip.port, "12345")
            await offered(desk)
            connected = "\n".join(await ami.event("AgentConnect"))
            caller.hang_up()
            gone = "\n".join(await ami.event("Hangup"))
        [(call_id, dialled, answered)] = calls_logged(asterisk)
        assert re.fullmatch(UUID, call_id)
        assert dialled == "12345"
        for prefix in ("ChanVariable", "DestChanVariable"):
            assert f"\n{prefix}: CALL_ID={call_id}\n" in connected
            assert f"\n{prefix}: CALL_DIALLED=12345\n" in connected
            assert f"\n{prefix}: CALL_ANSWERED={answered}\n" in connected
        assert "\nMemberName: 8001\n" in connected
        assert "\nInterface: PJSIP/8001\n" in connected
        assert f"\nChanVariable: CALL_ID={call_id}\n" in gone


LINE = "sip:15400000001@127.0.0.1"


async def test_whatever_was_dialled_the_call_is_taken(start_asterisk):
    cases = {
        "031512345": ("031512345", ()),
        "+86-315-12345": ("8631512345", ()),
        "12345;phone-context=+86": ("12345", ()),
        "": ("", ()),
        "hotline%2C1%29%7D%24%7BEPOCH%7D": ("1", ()),
        "12345 forwarded by a merged hotline": (
            "12333",
            ("Diversion: <sip:12333@10.0.0.1>;reason=unconditional",),
        ),
        "12345 forwarded by a citizen's own telephone": (
            "12345",
            ("Diversion: <sip:15400000003@10.0.0.1>;reason=no-answer",),
        ),
    }
    async with hotline(start_asterisk, signed_in=len(cases)) as (asterisk, carrier, desk):
        for case, (_, extra) in cases.items():
            caller = await carrier.call(asterisk.settings.sip.port, case.split(" ")[0], LINE, extra)
            talk = await offered(desk)
            caller.hang_up()
            await over(talk)
        counted = [dialled for _, dialled, _ in calls_logged(asterisk)]
        assert dict(zip(cases, counted, strict=True)) == {
            case: dialled for case, (dialled, _) in cases.items()
        }


async def test_whoever_calls_only_digits_of_his_number_pass_on(start_asterisk):
    asserted = "P-Asserted-Identity: <sip:15400000002@10.0.0.1>"
    cases = [
        (f'"张三\U0001f600" <{LINE}>', (), "15400000001", "张三\U0001f600"),
        (f'"a\tb\x01Action: x" <{LINE}>', (), "15400000001", "abAction: x"),
        ("<sip:+8615400000001@10.0.0.1>", (), "+8615400000001", "<unknown>"),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>', (), "<unknown>", "Anonymous"),
        ("<sip:anonymous@a.invalid>", (asserted, "Privacy: id"), "<unknown>", "<unknown>"),
        (f"<{LINE}>", (asserted,), "15400000002", "<unknown>"),
        ("<sip:1%2C2%29%24%7BEPOCH%7D@10.0.0.1>", (), "12", "<unknown>"),
    ]
    async with (
        hotline(start_asterisk, signed_in=len(cases)) as (asterisk, carrier, desk),
        ami_session(asterisk) as ami,
    ):
        for sent, extra, number, name in cases:
            caller = await carrier.call(asterisk.settings.sip.port, "12345", sent, extra)
            called = await ami.event("AgentCalled")
            assert (f"CallerIDNum: {number}" in called, f"CallerIDName: {name}" in called) == (
                True,
                True,
            ), sent
            caller.hang_up()
            await over(await offered(desk))


async def test_an_agent_s_telephone_can_dial_nothing_and_a_stranger_nobody(start_asterisk):
    async with SipPeer() as stranger:
        asterisk = await start_asterisk(trunks=[{"name": "carrier", "match": ["192.0.2.1/32"]}])
        for caller in ("sip:8001@127.0.0.1", "sip:15400000001@127.0.0.1"):
            with pytest.raises(ConnectionRefusedError) as refused:
                await stranger.call(asterisk.settings.sip.port, "12345", caller)
            assert refused.value.args == (401,)
        assert "-= 0 extensions (0 priorities) in 1 context" in (
            await asterisk.cli("dialplan show agents")
        )


async def test_a_call_goes_on_when_its_recording_cannot_be_written(start_asterisk):
    async with hotline(start_asterisk) as (asterisk, carrier, desk):
        recordings = asterisk.settings.recordings
        recordings.rmdir()
        recordings.write_bytes(b"")  # a file where the folder was
        caller = await carrier.call(asterisk.settings.sip.port, "12345")
        await offered(desk)
        await caller.until_hears(AGENT)
