"""What callers, carriers and administrators get wrong: a clear error, the calls go on."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asr.settings import AsrSettings
from core.calls import CallState
from core.errors import HotlineError
from hotline.app import Hotline
from hotline.console_client import ConsoleClient
from hotline.stage import Stage, serving
from pbx.phone import Phone
from tests.hotline import shell
from tests.hotline.stagehands import (
    CITIZEN_HZ,
    FIRST,
    NUMBER,
    SECOND,
    Desk,
    Talk,
    desk_of,
    each_is_written,
    is_silent,
    popped,
    stands,
    talks,
    with_speech,
)
from tests.pbx.sip_peer import telephones

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


async def ends(console: ConsoleClient, talk: Talk) -> None:
    await talk.citizen.hang_up()
    await stands(console, talk.call_id, CallState.ENDED)


# Who calls.


async def test_two_calls_with_one_number_at_once_are_two_and_know_of_each_other(
    stage: Stage, hotline: Hotline, desk: Desk, citizen: Phone
) -> None:
    async with desk_of(stage, hotline.url, SECOND) as other, Phone(stage.citizen()) as again:
        first = await talks(citizen, desk, "15400000031")
        second = await talks(again, other, "15400000031")
        assert first.call_id != second.call_id
        await desk.console.set_field(first.call_id, "title", "路灯不亮")
        await other.console.set_field(second.call_id, "title", "噪声")
        assert other.console.calls[second.call_id].open_tickets == ()
        ticket = await desk.console.submit(first.call_id)
        assert ticket.fields["title"] == "路灯不亮"
        # Both still talk; who has the second call learns of the first one's ticket at once.
        await other.console.until(
            lambda: other.console.calls[second.call_id].open_tickets == (ticket.number,)
        )
        await ends(desk.console, first)
        await ends(other.console, second)
        assert (await other.console.submit(second.call_id)).fields["title"] == "噪声"
    await is_silent(stage)


async def test_a_withheld_number_stays_withheld_and_becomes_a_ticket(
    desk: Desk, citizen: Phone
) -> None:
    talk = await talks(citizen, desk, None)
    call = desk.console.calls[talk.call_id]
    assert call.caller_number is None
    assert call.open_tickets == ()  # not those of everybody else who withheld his number
    await ends(desk.console, talk)
    ticket = await desk.console.submit(talk.call_id)
    assert ticket.fields.get("caller_number") is None
    talk = await talks(citizen, desk, None)
    assert desk.console.calls[talk.call_id].open_tickets == ()
    await ends(desk.console, talk)


INJECTION = r"\r\nAction: Originate\r\nChannel: PJSIP/802\r\n"  # as AMI would write line breaks


@pytest.mark.parametrize(
    ("number", "display", "shown"),
    [
        ("15400000041", "张三 😀🏮", "15400000041"),
        ("15400000042", "<b onmouseover='alert(1)'>李四</b><script>", "15400000042"),
        ("15400000043", f"王五{INJECTION}", "15400000043"),
        ("15400000044", '"; DROP TABLE call; -- ${SHELL(id)} \\', "15400000044"),
        ("15400000045%0D%0AAction%3A%20Hangup", "赵六", "15400000045"),
        ("%E5%BC%A0%E4%B8%89", None, None),
        ("+8615400000046", "名" * 128, "+8615400000046"),
    ],
)
async def test_a_caller_with_any_name_becomes_a_ticket(
    desk: Desk, citizen: Phone, number: str, display: str | None, shown: str | None
) -> None:
    call = await citizen.dial("12345", caller=number, display=display)
    await call.answered()
    await call.hears_sound(10)
    await call.press("0")
    ringing = await desk.rings()
    call_id = await popped(desk)
    await ringing.answer()
    await stands(desk.console, call_id, CallState.CONNECTED)
    talk = Talk(call_id, call, ringing)
    await ends(desk.console, talk)
    ticket = await desk.console.submit(call_id)
    assert desk.console.calls[call_id].caller_number == shown
    assert ticket.fields["caller_number"] == shown


async def test_control_characters_in_a_name_reach_nobody(
    stage: Stage, chief: ConsoleClient
) -> None:
    names = ("\rAction: Hangup\rChannel: all\r", "\x01\x02\x1b[2J\x7f\t")
    async with telephones(CITIZEN_HZ) as (carrier,):
        for end, name in enumerate(names):
            number = f"1540000005{end}"
            caller = f'"{name}" <sip:{number}@127.0.0.1>'
            call = await carrier.call(stage.site.pbx.sip.port, "12345", caller)
            await chief.until(
                lambda number=number: any(
                    call.caller_number == number and call.state is not CallState.ENDED
                    for call in chief.calls.values()
                )
            )
            call.hang_up()
    await is_silent(stage)
    log = (stage.site.asterisk / "log/queue_log").read_bytes()
    assert not any(bytes([code]) in log for code in range(32) if code != 10)


# What becomes of the recording.


async def test_a_recording_folder_that_is_gone_is_said_and_the_talk_goes_on(
    stage: Stage, desk: Desk, citizen: Phone
) -> None:
    with folder_replaced(stage.site.recordings):
        talk = await talks(citizen, desk)
        await recorder_says(desk.console, "recording_folder_closed")
        await each_is_written(talk, desk.console)
        await talk.carries_sound()
        await ends(desk.console, talk)
    await desk.console.submit(talk.call_id)
    assert desk.console.calls[talk.call_id].recordings == ()
    # The folder is there again, but that call has no recording: it is said until one has.
    await recorder_says(desk.console, "recording_missing")
    talk = await talks(citizen, desk)
    await talk.carries_sound()
    await ends(desk.console, talk)
    assert desk.console.calls[talk.call_id].recordings == ("agent", "caller")
    await recorder_says(desk.console, "")


async def test_a_full_disk_for_the_recording_is_said_and_the_talk_goes_on(
    stage: Stage, desk: Desk, citizen: Phone
) -> None:
    with full_disk(stage.site.recordings):
        talk = await talks(citizen, desk)
        await recorder_says(desk.console, "recording_disk_low")
        await each_is_written(talk, desk.console)
        await talk.carries_sound()
        await ends(desk.console, talk)
        ticket = await desk.console.submit(talk.call_id)
    assert ticket.call_id == talk.call_id
    await recorder_says(desk.console, "")


async def recorder_says(console: ConsoleClient, fault: str) -> None:
    await console.until(lambda: console.system is not None and console.system.recording == fault)


@contextmanager
def folder_replaced(folder: Path) -> Iterator[None]:
    """A file stands where the folder should be; nobody, not even root, can write into that."""
    aside = folder.rename(folder.with_suffix(".aside"))
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """The folder lies on a disk of its own with room for two seconds of a call."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a full disk needs the right to mount one")
    try:
        yield
    finally:
        # Asterisk may still have a file of the call open.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


# What an administrator leaves behind.


async def test_prompts_that_are_no_sound_are_said_and_callers_reach_people(
    stage: Stage, citizen: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    greeting = stage.site.prompts / "greeting.wav"
    sound = greeting.read_bytes()
    greeting.write_bytes(b"RIFF is all that this has in common with a recording")
    try:
        async with serving(stage.site) as hotline, desk_of(stage, hotline.url, FIRST) as desk:
            assert "prompt_file_broken: greeting.wav is not a WAV file" in caplog.text
            talk = await talks(citizen, desk)
            await talk.carries_sound()
            await ends(desk.console, talk)
            await desk.console.submit(talk.call_id)
    finally:
        greeting.write_bytes(sound)


async def test_a_second_hotline_on_the_same_ports_says_so_and_harms_nobody(
    stage: Stage, hotline: Hotline, desk: Desk, citizen: Phone, tmp_path: Path
) -> None:
    talk = await talks(citizen, desk)
    second = await asyncio.to_thread(shell.hotline, tmp_path, "serve", "--site", stage.site.folder)
    assert second.returncode == 2
    assert second.stderr.startswith("hotline: port_taken:")
    assert str(stage.site.console.port) in second.stderr
    await each_is_written(talk, desk.console)
    await ends(desk.console, talk)
    await desk.console.submit(talk.call_id)


async def test_a_taken_port_of_the_flow_listener_is_said(stage: Stage) -> None:
    agi = stage.site.pbx.agi
    with socket.create_server((str(agi.host), agi.port)), pytest.raises(HotlineError) as refused:
        async with serving(stage.site):
            pass
    assert refused.value.error_id == "agi_port_taken"
    assert refused.value.details["port"] == agi.port


@pytest.mark.parametrize(
    ("fault", "error_id"), [("port", "audio_port_taken"), ("model", "no_recogniser")]
)
async def test_without_a_recogniser_calls_become_tickets_and_the_console_says_why(
    stage: Stage, citizen: Phone, tmp_path: Path, fault: str, error_id: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        if fault == "port":
            audiosocket = {"port": taken.getsockname()[1]}
            speech = AsrSettings.model_validate({"engines": ["fake"], "audiosocket": audiosocket})
        else:
            speech = AsrSettings(engines=("vosk",), models=tmp_path)
        async with (
            serving(with_speech(stage.site, speech)) as hotline,
            desk_of(stage, hotline.url, FIRST) as desk,
        ):
            told = await desk.console.until(
                lambda: desk.console.system is not None and desk.console.system.engine_reason
            )
            talk = await talks(citizen, desk)
            await talk.carries_sound()
            await ends(desk.console, talk)
            ticket = await desk.console.submit(talk.call_id)
            assert ticket.fields["caller_number"] == NUMBER
            assert told.startswith(f"{error_id}: ")
            assert desk.console.system is not None
            assert desk.console.system.engine is None
            assert not any(s.call_id == talk.call_id for s in desk.console.segments.values())


async def test_a_caller_who_is_no_wav_is_said_before_anything_starts(tmp_path: Path) -> None:
    wrong = tmp_path / "caller.wav"
    wrong.write_bytes(b"ID3 this is something else")
    done = await asyncio.to_thread(shell.hotline, tmp_path, "demo", "--once", "--caller", wrong)
    assert done.returncode == 2
    assert done.stderr.startswith("hotline: wav_invalid:")
