"""Two phones that call each other directly: sound, keys and endings without a server."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pbx.phone import Call, EndedBy, Phone, PhoneSettings
from pbx.phone.errors import CallOver, KeysInvalid, NotInTime, WavInvalid
from pbx.phone.g711 import Law, decode, encode
from pbx.phone.listen import SILENCE_DBFS, find
from pbx.phone.wav import read_wav, write_wav
from tests.pbx.phone.far_end import tone


@asynccontextmanager
async def talk() -> AsyncIterator[tuple[Call, Call]]:
    """A caller's and a callee's end of one answered call."""
    async with (
        Phone(PhoneSettings(user="line", auto_answer_ms=0)) as line,
        Phone(PhoneSettings(server_port=line.port)) as citizen,
    ):
        call = await citizen.dial("line")
        other = await asyncio.wait_for(anext(line.incoming()), 5)
        await call.answered(5)
        await other.answered(5)
        yield call, other


async def test_what_one_says_the_other_hears(tmp_path):
    sound = tone(300, 0.2) + tone(700, 0.2) + tone(1500, 0.2)
    write_wav(tmp_path / "said.wav", sound)
    async with talk() as (call, other):
        await call.play(tmp_path / "said.wav")
        await other.sound.until(lambda: find(sound, other.heard).score > 0.99 or None, 5)
        match = find(sound, other.heard)
        start = round(match.at_ms * 8) * 2
        # Not one sample lost, added or changed on the way.
        assert other.heard[start : start + len(sound)] == decode(encode(sound, Law.MU), Law.MU)
        await other.sound.save_heard(tmp_path / "heard.wav")
        assert find(sound, read_wav(tmp_path / "heard.wav")).score > 0.99
        assert other.sound.reception().lost == 0
        assert other.sound.reception().law is Law.MU


async def test_both_speak_at_once():
    async with talk() as (call, other), asyncio.TaskGroup() as doing:
        doing.create_task(call.play(tone(700, 1)))
        doing.create_task(other.play(tone(1100, 1)))
        doing.create_task(call.hears_tone(1100, 5))
        doing.create_task(other.hears_tone(700, 5))


async def test_sound_is_waited_for_and_silence_has_no_sound():
    async with talk() as (call, other):
        with pytest.raises(NotInTime):
            await other.hears_sound(0.2)
        assert other.heard_level() == SILENCE_DBFS
        saying = asyncio.create_task(call.play(tone(500, 0.5)))
        await other.hears_sound(5, from_now=True)
        await other.hears_tone(500, 5)
        assert other.heard_level(100) > -20
        with pytest.raises(NotInTime):
            await other.hears_tone(900, 0.3)
        await saying
        assert await other.hears_sound(5) > 0  # heard before, still there


async def test_whoever_stops_playing_is_silent():
    async with talk() as (call, other):
        saying = asyncio.create_task(call.play(tone(500, 30)))
        await other.hears_tone(500, 5)
        saying.cancel()
        await asyncio.wait([saying])
        await other.sound.until(lambda: other.heard_level(40) == SILENCE_DBFS or None, 5)
        await call.play(tone(800, 0.3))  # and can say something else
        await other.hears_tone(800, 5, from_now=False)


async def test_recordings_are_said_one_after_the_other():
    async with talk() as (call, other):
        await asyncio.gather(call.play(tone(500, 0.3)), call.play(tone(900, 0.3)))
        await other.hears_tone(900, 5, from_now=False)
        both = tone(500, 0.3) + tone(900, 0.3)
        await other.sound.until(lambda: find(both, other.heard).score > 0.95 or None, 5)


async def test_a_goodbye_ends_whatever_was_going_on():
    async with talk() as (call, other):
        playing = asyncio.create_task(call.play(tone(500, 30)))
        listening = asyncio.create_task(call.hears_tone(1000, 30))
        await other.hears_tone(500, 5)
        await other.hang_up()
        for broken in (playing, listening):
            with pytest.raises(CallOver):
                await asyncio.wait_for(broken, 5)
        assert (call.ended_by, other.ended_by) == (EndedBy.FAR_END, EndedBy.US)
        assert call.times.answered < call.times.ended


async def test_what_cannot_be_said_is_told_before_anything_is_said(tmp_path):
    (tmp_path / "letter.wav").write_text("not a WAV")
    async with talk() as (call, other):
        with pytest.raises(WavInvalid):
            await call.play(tmp_path / "letter.wav")
        with pytest.raises(KeysInvalid):
            await call.press("1x")
        assert call.state == "answered"
        assert other.heard_level() == SILENCE_DBFS


async def test_every_thread_and_socket_is_gone_afterwards():
    before = set(threading.enumerate())
    async with talk() as (call, _):
        during = {thread.name for thread in set(threading.enumerate()) - before}
        assert len([name for name in during if name.startswith("phone-rtp-")]) == 2
        await call.play(tone(500, 0.1))
    assert not {t for t in threading.enumerate() if t.name.startswith("phone-rtp-")} - before


async def test_packets_leave_every_20_ms_though_the_event_loop_is_busy():
    async with talk() as (call, other):
        playing = asyncio.create_task(call.play(tone(500, 1)))
        await asyncio.sleep(0)
        while not playing.done():
            deadline = asyncio.get_running_loop().time() + 0.2
            while asyncio.get_running_loop().time() < deadline:
                sum(range(1000))  # nothing else runs on the loop meanwhile
            await asyncio.sleep(0)
        await playing
        assert call.sound.pacing().mean_late_ms < 50  # the loop stood still for 200 at a time
        await other.sound.until(lambda: find(tone(500, 0.9), other.heard).score > 0.99 or None, 5)


async def test_a_flood_on_the_sound_port_does_not_end_the_call():
    loop = asyncio.get_running_loop()
    async with talk() as (call, other):
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )
        for number in range(2000):
            transport.sendto(
                bytes([number & 0xFF]) * (number % 100 + 1), ("127.0.0.1", other.sound.port)
            )
        playing = asyncio.create_task(call.play(tone(500, 0.5)))
        await other.hears_tone(500, 5)
        await playing
        transport.close()


async def test_calls_at_the_same_time_do_not_mix():
    async with (
        Phone(PhoneSettings(user="line", auto_answer_ms=0)) as line,
        Phone(PhoneSettings(server_port=line.port)) as citizen,
    ):
        calls, others = [], []
        for number in range(4):
            call = await citizen.dial("line", caller=f"1540000000{number}")
            await call.answered(5)
            other = await asyncio.wait_for(anext(line.incoming()), 5)
            assert other.caller == f"1540000000{number}"
            calls.append(call)
            others.append(other)
        async with asyncio.TaskGroup() as doing:
            for number, (call, other) in enumerate(zip(calls, others, strict=True)):
                doing.create_task(call.play(tone(400 + 300 * number, 0.8)))
                doing.create_task(other.hears_tone(400 + 300 * number, 5))
        await calls[0].hang_up()
        await asyncio.wait_for(others[0].ended.wait(), 5)
        assert not any(other.ended.is_set() for other in others[1:])


async def test_a_failure_inside_the_phone_is_seen_by_its_owner(monkeypatch):
    with pytest.raises(BaseExceptionGroup) as failed:
        async with talk() as (call, _):
            monkeypatch.setattr(call.sound._media, "_send", None)
            await asyncio.wait_for(call.sound._media._finished.wait(), 5)
            await call.hang_up()
    assert failed.value.subgroup(TypeError)
