"""Dials the line as a citizen would and tells what happened and how fast, for monitoring.

From outside only sound can be heard. So the probe says whether the line answered, when sound
began, and whether that sound is a recording it was given (so the flow runs), the music of our queue
(so the caller waits for people: the flow did not greet), a bare tone (ringing, busy), a voice or
something else. A voice that speaks none of the line's recordings is taken for a person: whoever
has other announcements on the way gives them as ``recordings``, too.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.clock import Clock
from pbx.phone.call import Call
from pbx.phone.ear import KNOWN_BY_SAMPLES, MUSIC_KNOWN_BY_SAMPLES, Ear, is_voice
from pbx.phone.errors import CallOver, CallRefused, NotInTime
from pbx.phone.g711 import SAMPLE_RATE
from pbx.phone.listen import first_sound_ms, strongest_tone_share
from pbx.phone.phone import Phone
from pbx.phone.probing import ANSWERERS, ProbeResult, ProbeSettings, SoundKind
from pbx.phone.wav import read_wav

_TONE_SHARE = 0.8


async def probe(settings: ProbeSettings, clock: Clock | None = None) -> ProbeResult:
    """Place one call and hang up.

    Raises only for what is wrong on this side: ``WavInvalid``, ``OSError`` for a prompt,
    ``PortTaken``, ``NumberInvalid``, ``RegistrationRefused``.
    """
    known = [(path, KNOWN_BY_SAMPLES) for path in settings.prompts]
    if settings.waiting is not None:
        known.append((settings.waiting, MUSIC_KNOWN_BY_SAMPLES))
    ear = Ear(await asyncio.to_thread(_read, known))
    more = [(path, KNOWN_BY_SAMPLES) for path in settings.recordings]
    # A digit, or a beep, is too short to be told from a voice.
    long = [read for read in await asyncio.to_thread(_read, more) if len(read[1]) > 2 * SAMPLE_RATE]
    others = Ear(long)
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
    if ear.prompt is None:
        await asyncio.to_thread(others.recognise, call.sound)
        ear = others if others.prompt is not None else ear
    return _judged(call, settings, ear)


def _read(known: list[tuple[Path, int]]) -> list[tuple[Path, bytes, int]]:
    return [(path, read_wav(path), by) for path, by in known]


def _judged(call: Call, settings: ProbeSettings, ear: Ear) -> ProbeResult:
    """What the call's sound says."""
    pcm = call.heard
    sound_ms = first_sound_ms(pcm, settings.above_dbfs)
    known = ear.prompt
    kind = _kind(pcm, sound_ms, settings, known)
    first = _since_invite(call, call.sound.first_packet_at)
    prompt_ms = _sum(first, ear.match.at_ms) if known else None
    by = ANSWERERS.get(kind)
    looked_for = settings.prompts or settings.recordings or settings.waiting
    return _report(call, _reason(kind, settings)).model_copy(
        update={
            "first_packet_ms": first,
            "first_sound_ms": _sum(first, sound_ms),
            "answered_by": by,
            "answered_by_ms": (prompt_ms if known else _sum(first, sound_ms)) if by else None,
            "heard": kind,
            "prompt": known.name if known else None,
            "prompt_score": round(ear.match.score, 3) if looked_for else None,
            "prompt_ms": prompt_ms,
        }
    )


def _kind(
    pcm: bytes, sound_ms: float | None, settings: ProbeSettings, known: Path | None
) -> SoundKind:
    if known is not None:
        return SoundKind.QUEUE if known == settings.waiting else SoundKind.PROMPT
    if sound_ms is None:
        return SoundKind.SILENCE
    if strongest_tone_share(pcm, settings.above_dbfs) >= _TONE_SHARE:
        return SoundKind.TONE
    return SoundKind.VOICE if is_voice(pcm, settings) else SoundKind.OTHER


def _reason(kind: SoundKind, settings: ProbeSettings) -> str:
    if kind is SoundKind.SILENCE:
        return "no_sound"
    by = ANSWERERS.get(kind)
    if by is not None:
        return "" if by in settings.expected or not settings.expected else "unexpected_answerer"
    return "unexpected_sound" if settings.prompts or settings.expected else ""


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
