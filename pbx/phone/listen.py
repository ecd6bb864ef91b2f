"""Telling what was heard: level, tones, and where a known recording begins.

All functions take 16-bit little-endian mono PCM at 8 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from pbx.phone.g711 import SAMPLE_RATE

SILENCE_DBFS = -100.0
_WINDOW = SAMPLE_RATE // 50  # 20 ms
_STRETCH = SAMPLE_RATE // 5


@dataclass(frozen=True, slots=True)
class Match:
    """A known recording in what was heard: ``score`` 0..1 (1 = the same), ``at_ms`` its start."""

    score: float
    at_ms: float


def level_dbfs(pcm: bytes) -> float:
    """Root mean square level against full scale; ``SILENCE_DBFS`` for silence or nothing."""
    samples = _floats(pcm)
    power = float(np.mean(samples**2)) if len(samples) else 0.0
    return max(SILENCE_DBFS, 10 * float(np.log10(power))) if power > 0 else SILENCE_DBFS


def tone_share(pcm: bytes, hz: float) -> float:
    """How much of the sound's energy (0..1) lies in one tone: Goertzel's sum at ``hz``."""
    samples = _floats(pcm)
    energy = float(np.sum(samples**2))
    if energy == 0.0:
        return 0.0
    turn = np.exp(-2j * np.pi * hz / SAMPLE_RATE * np.arange(len(samples)))
    return min(1.0, 2 * float(np.abs(np.dot(samples, turn)) ** 2) / (len(samples) * energy))


def strongest_tone_share(pcm: bytes, above_dbfs: float) -> float:
    """How much of the sound's energy lies in one tone of whatever pitch, 0..1.

    The median over stretches of 200 ms that are louder than ``above_dbfs``; 0 without any.
    """
    samples = _floats(pcm)
    count = len(samples) // _STRETCH
    stretches = samples[: count * _STRETCH].reshape(count, _STRETCH)
    loud = stretches[np.mean(stretches**2, axis=1) > 10 ** (above_dbfs / 10)]
    if not len(loud):
        return 0.0
    power = np.abs(np.fft.rfft(loud * np.hanning(_STRETCH), axis=1)) ** 2
    # Hann's window spreads a tone over the neighbouring two bins on either side.
    padded = np.pad(power, ((0, 0), (2, 2)))
    band = sum(padded[:, shift : shift + power.shape[1]] for shift in range(5))
    return float(np.median(np.max(band, axis=1) / np.sum(power, axis=1)))


def voiced_ms(pcm: bytes, above_dbfs: float) -> int:
    """How much of the sound is a voice by WebRTC's detector at its strictest, in ms.

    Counted in frames of 20 ms that are louder than ``above_dbfs``.
    """
    gate = webrtcvad.Vad(3)
    size = 2 * _WINDOW
    frames = [pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size)]
    loud = [frame for frame in frames if level_dbfs(frame) > above_dbfs]
    return 20 * len([frame for frame in loud if gate.is_speech(frame, SAMPLE_RATE)])


def first_sound_ms(pcm: bytes, above_dbfs: float, lasting_ms: int = 60) -> float | None:
    """Where sound louder than ``above_dbfs`` first lasts ``lasting_ms``; None if it never does.

    A length is asked for because a single click is not a voice.
    """
    samples = _floats(pcm)
    count = len(samples) // _WINDOW
    power = np.mean(samples[: count * _WINDOW].reshape(count, _WINDOW) ** 2, axis=1)
    loud = power > 10 ** (above_dbfs / 10)
    run = 0
    needed = max(1, -(-lasting_ms // 20))
    for index, is_loud in enumerate(loud):
        run = run + 1 if is_loud else 0
        if run == needed:
            return (index - needed + 1) * 20.0
    return None


def find(recording: bytes, heard: bytes) -> Match:
    """Where ``recording`` fits best in ``heard``, by normalised cross-correlation.

    Loudness does not matter, the wave form does. A recording longer than what was heard matches
    with score 0: it cannot have been played whole.
    """
    known, sound = _floats(recording), _floats(heard)
    if not len(known) or len(sound) < len(known) or not np.any(known):
        return Match(0.0, 0.0)
    size = 1 << (len(sound) + len(known) - 1).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(known, size))
    fit = np.fft.irfft(spectrum, size)[: len(sound) - len(known) + 1]
    sums = np.concatenate(([0.0], np.cumsum(sound**2)))
    energy = sums[len(known) :] - sums[: -len(known)]
    # Stretches quieter than a millionth of the recording are silence, not a faint copy of it.
    floor = float(np.sum(known**2)) * 1e-6
    score = fit / np.sqrt(np.maximum(energy, floor) * np.sum(known**2))
    best = int(np.argmax(score))
    return Match(float(np.clip(score[best], 0.0, 1.0)), best * 1000 / SAMPLE_RATE)


def _floats(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64) / 32768
