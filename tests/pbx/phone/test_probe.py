"""The probe, on lines that behave in every way."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pbx.asterisk.comfort import write_comfort
from pbx.phone import (
    Answerer,
    IncomingCall,
    Phone,
    PhoneSettings,
    ProbeResult,
    ProbeSettings,
    SoundKind,
    probe,
)
from pbx.phone.errors import NumberInvalid, WavInvalid
from pbx.phone.wav import read_wav, write_wav
from tests.pbx.phone.far_end import tone

AUDIO = Path(__file__).parents[2] / "audio"
PROMPTS = Path(__file__).parents[3] / "ivr_flows/prompts/zh"
Script = Callable[[IncomingCall], Coroutine[Any, Any, None]]


def samples(pcm: bytes) -> Any:
    return np.frombuffer(pcm, dtype="<i2")


def speech(seed: int, seconds: float = 3) -> bytes:
    """Noise that comes and goes like syllables, after a little silence; each seed another."""
    draw = np.random.default_rng(seed)
    noise = draw.normal(0, 4000, int(8000 * seconds))
    syllables = np.repeat(draw.uniform(0.2, 1, int(seconds * 8)), 1000)[: len(noise)]
    samples = np.clip(noise * syllables, -32768, 32767)
    return bytes(4800) + samples.astype("<i2").tobytes()


CHORD = (samples(tone(440, 3)) // 2 + samples(tone(554, 3)) // 2).astype("<i2").tobytes()


@asynccontextmanager
async def line(script: Script) -> AsyncIterator[PhoneSettings]:
    """A line that treats every caller by the script; gives the settings to reach it."""
    async with Phone(PhoneSettings(user="line")) as phone:

        async def serve() -> None:
            async for call in phone.incoming():
                await script(call)

        serving = asyncio.create_task(serve())
        try:
            yield PhoneSettings(server_port=phone.port)
        finally:
            serving.cancel()
            await asyncio.wait([serving])


def says(pcm: bytes) -> Script:
    async def script(call: IncomingCall) -> None:
        await call.answer()
        await call.play(pcm)

    return script


async def test_a_line_that_plays_the_greeting_is_well(tmp_path):
    write_wav(tmp_path / "greeting.wav", speech(1))
    write_wav(tmp_path / "closed.wav", speech(2))
    async with line(says(bytes(3200) + speech(1))) as settings:
        result = await probe(
            ProbeSettings(
                phone=settings,
                dialled="12345",
                prompts=(tmp_path / "closed.wav", tmp_path / "greeting.wav"),
            )
        )
    assert (result.ok, result.reason, result.exit_status) == (True, "", 0)
    assert (result.heard, result.prompt) == (SoundKind.PROMPT, "greeting.wav")
    assert result.answered_by is Answerer.FLOW
    assert result.answered_by_ms == result.prompt_ms
    assert result.prompt_score > 0.95
    assert (result.sip_code, result.codec, result.packet_loss) == (200, "PCMU", 0.0)
    assert 0 < result.ringing_ms <= result.answer_ms <= result.first_packet_ms
    # 200 ms of silence before it, 300 ms of its own.
    assert result.prompt_ms - result.first_packet_ms >= 200
    assert result.first_sound_ms == pytest.approx(result.prompt_ms + 300, abs=40)


async def test_other_sound_than_the_greeting_is_told_apart(tmp_path):
    write_wav(tmp_path / "greeting.wav", speech(1))
    async with line(says(CHORD)) as settings:
        result = await probe(
            ProbeSettings(
                phone=settings,
                dialled="12345",
                listen_seconds=2,
                prompts=(tmp_path / "greeting.wav",),
            )
        )
    assert (result.ok, result.reason, result.exit_status) == (False, "unexpected_sound", 1)
    assert (result.heard, result.prompt, result.prompt_ms) == (SoundKind.OTHER, None, None)
    assert result.prompt_score < 0.5


PEOPLE = ("D1.agent", "D2.caller", "D3.agent")


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("expected", [Answerer.PERSON, Answerer.FLOW])
async def test_a_person_who_answers_is_told_from_the_flow(tmp_path, name, expected):
    write_wav(tmp_path / "greeting.wav", speech(1))
    async with line(says(read_wav(AUDIO / f"dialogues/{name}.wav"))) as settings:
        result = await probe(
            ProbeSettings(
                phone=settings,
                dialled="12345",
                prompts=(tmp_path / "greeting.wav",),
                recordings=tuple(PROMPTS.glob("*.wav")),
                expected=frozenset({expected}),
            )
        )
    assert (result.answered_by, result.heard) == (Answerer.PERSON, SoundKind.VOICE)
    assert result.answered_by_ms == result.first_sound_ms
    reason = "" if expected is Answerer.PERSON else "unexpected_answerer"
    assert (result.ok, result.reason) == (not reason, reason)


async def test_another_announcement_of_the_line_is_the_flow(tmp_path):
    write_wav(tmp_path / "greeting.wav", speech(1))
    announced = PROMPTS / "blocked_1.wav"
    async with line(says(read_wav(announced))) as settings:
        result = await probe(
            ProbeSettings(
                phone=settings,
                dialled="12345",
                prompts=(tmp_path / "greeting.wav",),
                recordings=tuple(PROMPTS.glob("*.wav")),
                listen_seconds=8,
            )
        )
    assert (result.answered_by, result.prompt) == (Answerer.FLOW, "blocked_1.wav")


async def test_a_voice_is_not_listened_to_for_longer_than_it_takes_to_know_it(tmp_path):
    write_wav(tmp_path / "greeting.wav", speech(1))
    voice = read_wav(AUDIO / "dialogues/D1.agent.wav")
    async with line(says(voice * 5)) as settings:
        result = await probe(
            ProbeSettings(
                phone=settings,
                dialled="12345",
                listen_seconds=120,
                prompts=(tmp_path / "greeting.wav",),
            )
        )
    assert result.answered_by is Answerer.PERSON
    assert result.packets < 50 * 60, "well before the two minutes"


@pytest.mark.parametrize("pitch", [0, 392.0])
async def test_the_music_of_the_queue_is_told_from_other_sound(tmp_path, pitch):
    write_wav(tmp_path / "greeting.wav", speech(1))
    write_comfort(tmp_path / "comfort.wav")
    music = read_wav(tmp_path / "comfort.wav")
    async with line(says(tone(pitch, 8) if pitch else music)) as settings:
        result = await probe(
            ProbeSettings(
                phone=settings,
                dialled="12345",
                listen_seconds=7,
                prompts=(tmp_path / "greeting.wav",),
                waiting=tmp_path / "comfort.wav",
            )
        )
    if pitch:  # that of the music's first note
        assert (result.ok, result.heard, result.prompt) == (False, SoundKind.TONE, None)
    else:
        assert (result.ok, result.reason, result.heard) == (True, "", SoundKind.QUEUE)
        assert result.prompt == "comfort.wav"


@pytest.mark.parametrize(
    ("sound", "kind"),
    [(CHORD, SoundKind.OTHER), (speech(4), SoundKind.VOICE), (tone(450, 3), SoundKind.TONE)],
)
async def test_without_an_expected_prompt_any_sound_will_do(sound, kind):
    async with line(says(sound)) as settings:
        result = await probe(ProbeSettings(phone=settings, dialled="12345"))
    assert (result.ok, result.heard) == (True, kind)
    assert result.first_sound_ms >= result.answer_ms
    assert result.prompt_score is None


async def test_a_silent_line_is_not_well():
    async with line(says(bytes(64000))) as settings:
        result = await probe(ProbeSettings(phone=settings, dialled="12345", listen_seconds=0.5))
    assert (result.ok, result.reason, result.heard) == (False, "no_sound", SoundKind.SILENCE)
    assert result.answer_ms is not None
    assert result.first_sound_ms is None


async def test_a_line_that_hangs_up_at_once_is_not_well():
    async def script(call: IncomingCall) -> None:
        await call.answer()
        await call.hang_up()

    async with line(script) as settings:
        result = await probe(ProbeSettings(phone=settings, dialled="12345"))
    assert (result.ok, result.reason, result.sip_code) == (False, "no_sound", 200)


async def test_a_refusal_is_told_with_its_code():
    async def script(call: IncomingCall) -> None:
        await call.decline()

    async with line(script) as settings:
        result = await probe(ProbeSettings(phone=settings, dialled="12345"))
    assert (result.ok, result.reason, result.sip_code) == (False, "refused", 486)
    assert result.answer_ms is None
    assert result.heard is None


async def test_a_line_that_only_rings_is_left_in_time():
    left = asyncio.Event()

    async def script(call: IncomingCall) -> None:
        await call.ended.wait()
        left.set()

    async with line(script) as settings:
        result = await probe(ProbeSettings(phone=settings, dialled="12345", answer_seconds=0.3))
        await asyncio.wait_for(left.wait(), 5)
    assert (result.ok, result.reason) == (False, "no_answer")
    assert result.ringing_ms is not None


async def test_a_dead_line_is_told(far_end, monkeypatch):
    monkeypatch.setattr("pbx.phone.outgoing.GIVE_UP", 0.4)
    settings = PhoneSettings(server_port=far_end.port)
    result = await probe(ProbeSettings(phone=settings, dialled="12345"))
    assert (result.ok, result.reason, result.sip_code) == (False, "no_answer", 408)


async def test_the_result_goes_through_json():
    async with line(says(tone(450, 2))) as settings:
        result = await probe(ProbeSettings(phone=settings, dialled="12345"))
    assert ProbeResult.model_validate(json.loads(result.model_dump_json())) == result


async def test_what_is_wrong_on_our_side_is_no_verdict_on_the_line(tmp_path):
    (tmp_path / "letter.wav").write_text("not a WAV")
    with pytest.raises(WavInvalid):
        await probe(ProbeSettings(dialled="12345", prompts=(tmp_path / "letter.wav",)))
    with pytest.raises(NumberInvalid):
        await probe(ProbeSettings(dialled="1 2"))
