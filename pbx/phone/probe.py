"""Dials the line as a citizen would and tells what happened and how fast, for monitoring.

From outside only sound can be heard. So the probe says whether the line answered, when sound
began, and whether that sound is a recording it was given (the greeting, so the flow runs), a bare
tone (ringing, busy), the music of our queue (so the caller waits for people) or something else: a
person, other music, speech that is no recording we know. It never claims to have recognised a
person.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.clock import Clock
from pbx.phone.call import Call
from pbx.phone.errors import CallOver, CallRefused, NotInTime
from pbx.phone.g711 import SAMPLE_RATE
from pbx.phone.listen import Match, find, first_sound_ms, strongest_tone_share
from pbx.phone.phone import Phone
from pbx.phone.settings import PhoneSettings
from pbx.phone.sound import SOUND_DBFS, CallSound
from pbx.phone.wav import read_wav

# Two seconds of a recording are enough to know it by; it is the same above this score. Other
# speech stays under 0.3, the same recording through G.711 above 0.98.
_KNOWN_BY_SAMPLES = 2 * SAMPLE_RATE
# Of music more: one note of it is too much like any tone of that pitch.
_MUSIC_KNOWN_BY_SAMPLES = 5 * SAMPLE_RATE
_SAME = 0.7
_TONE_SHARE = 0.8
_STEP = SAMPLE_RATE // 5
_Seconds = Annotated[float, Field(gt=0, le=300)]


class SoundKind(StrEnum):
    """What was heard after the answer."""

    PROMPT = "prompt"
    QUEUE = "queue"
    TONE = "tone"
    OTHER = "other"
    SILENCE = "silence"


class ProbeSettings(BaseModel):
    """One probing call.

    ``prompts`` are recordings of which one is expected to be heard; without them any sound will
    do. ``waiting``: the queue's music, by which a caller knows that he waits for people; it is
    well, too. Times are in seconds; ``listen_seconds`` counts from the answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    phone: PhoneSettings = PhoneSettings()
    dialled: str
    caller: str | None = None
    answer_seconds: _Seconds = 20.0
    listen_seconds: _Seconds = 15.0
    above_dbfs: Annotated[float, Field(ge=-90, le=0)] = SOUND_DBFS
    prompts: tuple[Path, ...] = ()
    waiting: Path | None = None


class ProbeResult(BaseModel):
    """What a probing call found. Times are milliseconds from the INVITE; None: never.

    ``reason`` is empty when all is well, else ``refused`` (``sip_code`` says how), ``no_answer``,
    ``no_sound`` or ``unexpected_sound``. ``packet_loss`` is a share 0..1, ``prompt_score`` the
    best likeness to a known recording, 0..1, ``prompt`` the name of the one that was heard.
    """

    ok: bool
    reason: str
    sip_code: int | None
    ringing_ms: float | None = None
    answer_ms: float | None = None
    first_packet_ms: float | None = None
    first_sound_ms: float | None = None
    heard: SoundKind | None = None
    prompt: str | None = None
    prompt_score: float | None = None
    prompt_ms: float | None = None
    codec: str | None = None
    packets: int = 0
    packet_loss: float = 0.0
    jitter_ms: float = 0.0

    @property
    def exit_status(self) -> int:
        """0 when all is well, else 1."""
        return 0 if self.ok else 1


async def probe(settings: ProbeSettings, clock: Clock | None = None) -> ProbeResult:
    """Place one call and hang up.

    Raises only for what is wrong on this side: ``WavInvalid``, ``OSError`` for a prompt,
    ``PortTaken``, ``NumberInvalid``, ``RegistrationRefused``.
    """
    known = [(path, _KNOWN_BY_SAMPLES) for path in settings.prompts]
    if settings.waiting is not None:
        known.append((settings.waiting, _MUSIC_KNOWN_BY_SAMPLES))
    ear = _Ear([(path, await asyncio.to_thread(read_wav, path), by) for path, by in known])
    async with Phone(settings.phone, clock) as phone:
        call = await phone.dial(settings.dialled, caller=settings.caller)
        try:
            await call.answered(settings.answer_seconds)
        except NotInTime:
            return _report(call, "no_answer")
        except CallRefused as refused:
            return _report(call, "no_answer" if refused.details["code"] == 408 else "refused")
        try:
            await ear.listen(call.sound, settings)
        except (NotInTime, CallOver):
            ear.recognise(call.sound)
        await call.hang_up()
    return _judged(call, settings, ear)


class _Ear:
    """Listens for recordings, each known by its first seconds of sound."""

    def __init__(self, known: list[tuple[Path, bytes, int]]) -> None:
        self._prompts = [(path, *_known_by(pcm, samples)) for path, pcm, samples in known]
        self._searched = 0
        self.prompt: Path | None = None
        self.match = Match(0.0, 0.0)

    async def listen(self, sound: CallSound, settings: ProbeSettings) -> None:
        """Until a recording was recognised; expecting none, until there was sound for a second.

        Raises ``NotInTime``, ``CallOver``.
        """
        if self._prompts:
            await sound.until(lambda: self.recognise(sound, _STEP), settings.listen_seconds)
            return
        await sound.hears_sound(settings.listen_seconds, settings.above_dbfs)
        enough = sound.samples() + SAMPLE_RATE  # to tell a tone from a voice
        await sound.until(lambda: sound.samples() >= enough or None, settings.listen_seconds)

    def recognise(self, sound: CallSound, step: int = 0) -> bool | None:
        """Search what came since the last search, if it is at least ``step`` samples."""
        samples = sound.samples()
        if samples - self._searched < step:
            return None
        for path, known, lead_ms in self._prompts:
            begin = max(0, self._searched - len(known) // 2)
            match = find(known, sound.heard_since(begin))
            if match.score > self.match.score:
                self.prompt = path
                at_ms = begin * 1000 / SAMPLE_RATE + match.at_ms - lead_ms
                self.match = Match(match.score, at_ms)
        self._searched = samples
        return self.match.score >= _SAME or None


def _known_by(pcm: bytes, samples: int) -> tuple[bytes, float]:
    """The part of a recording that is searched for, and how many ms lie before it."""
    lead_ms = first_sound_ms(pcm, SOUND_DBFS) or 0.0
    start = round(lead_ms * SAMPLE_RATE / 1000)
    return pcm[2 * start : 2 * (start + samples)], lead_ms


def _judged(call: Call, settings: ProbeSettings, ear: _Ear) -> ProbeResult:
    """What the call's sound says."""
    pcm = call.heard
    sound_ms = first_sound_ms(pcm, settings.above_dbfs)
    if ear.match.score >= _SAME:
        kind = SoundKind.QUEUE if ear.prompt == settings.waiting else SoundKind.PROMPT
    elif sound_ms is None:
        kind = SoundKind.SILENCE
    elif strongest_tone_share(pcm, settings.above_dbfs) >= _TONE_SHARE:
        kind = SoundKind.TONE
    else:
        kind = SoundKind.OTHER
    reason = ""
    if kind is SoundKind.SILENCE:
        reason = "no_sound"
    elif settings.prompts and kind not in (SoundKind.PROMPT, SoundKind.QUEUE):
        reason = "unexpected_sound"
    first = _since_invite(call, call.sound.first_packet_at)
    known = ear.prompt if kind in (SoundKind.PROMPT, SoundKind.QUEUE) else None
    return _report(call, reason).model_copy(
        update={
            "first_packet_ms": first,
            "first_sound_ms": _sum(first, sound_ms),
            "heard": kind,
            "prompt": known.name if known else None,
            "prompt_score": round(ear.match.score, 3)
            if settings.prompts or settings.waiting
            else None,
            "prompt_ms": _sum(first, ear.match.at_ms) if known else None,
        }
    )


def _report(call: Call, reason: str) -> ProbeResult:
    reception = call.sound.reception()
    return ProbeResult(
        ok=not reason,
        reason=reason,
        sip_code=call.code,
        ringing_ms=_since_invite(call, call.times.ringing),
        answer_ms=_since_invite(call, call.times.answered),
        codec=reception.law,
        packets=reception.packets,
        packet_loss=round(reception.loss, 4),
        jitter_ms=round(reception.jitter_ms, 2),
    )


def _since_invite(call: Call, moment: float | None) -> float | None:
    return None if moment is None else round((moment - call.times.begun) * 1000, 1)


def _sum(first: float | None, more: float | None) -> float | None:
    return None if first is None or more is None else round(first + more, 1)
