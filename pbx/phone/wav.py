"""WAV files in and out of the phone's one form: 8 kHz, 16 bit, mono PCM."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pbx.phone.errors import WavInvalid
from pbx.phone.g711 import SAMPLE_RATE

_LONGEST_SECONDS = 1800


def read_wav(path: Path) -> bytes:
    """The file's sound as 16-bit little-endian mono PCM at 8 kHz.

    Takes PCM of 8, 16, 24 or 32 bits, any rate, any number of channels (they are averaged).
    Raises ``WavInvalid`` for a file that is not such a WAV, is empty or is longer than half an
    hour; ``OSError`` when it cannot be read at all. Blocks: call it in a thread.
    """
    try:
        with wave.open(str(path), "rb") as wav:
            rate, width, channels = wav.getframerate(), wav.getsampwidth(), wav.getnchannels()
            if not 1000 <= rate <= 384_000 or not 1 <= width <= 4 or channels < 1:
                raise WavInvalid("the WAV's form is not usable", rate=rate, bytes_per_sample=width)
            raw = wav.readframes(_LONGEST_SECONDS * rate + 1)
    except (wave.Error, EOFError, RuntimeError) as error:
        raise WavInvalid("the file is not a WAV of PCM samples", file=path.name) from error
    frames = len(raw) // (width * channels)
    if frames == 0:
        raise WavInvalid("the WAV holds no sound", file=path.name)
    if frames > _LONGEST_SECONDS * rate:
        raise WavInvalid("the WAV is too long", file=path.name, limit_seconds=_LONGEST_SECONDS)
    if (rate, width, channels) == (SAMPLE_RATE, 2, 1):
        return raw[: frames * 2]
    samples = _samples(raw[: frames * width * channels], width)
    samples = _resample(samples.reshape(frames, channels).mean(axis=1), rate)
    return np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()


def write_wav(path: Path, pcm: bytes) -> None:
    """Write 16-bit mono PCM at 8 kHz. Blocks: call it in a thread."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE)
        wav.writeframes(pcm)


def _samples(raw: bytes, width: int) -> NDArray[np.float64]:
    """Samples of any width on the scale of 16 bits. WAV's 8 bits are unsigned, the others not."""
    if width == 1:
        return (np.frombuffer(raw, dtype=np.uint8).astype(np.float64) - 128) * 256
    octets = np.zeros((len(raw) // width, 4), dtype=np.uint8)
    octets[:, 4 - width :] = np.frombuffer(raw, dtype=np.uint8).reshape(-1, width)
    return octets.reshape(-1).view("<i4").astype(np.float64) / 65536


def _resample(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """To 8 kHz by cutting (or lengthening) the spectrum: nothing above 4 kHz folds back."""
    if rate == SAMPLE_RATE:
        return samples
    length = max(1, round(len(samples) * SAMPLE_RATE / rate))
    spectrum = np.fft.rfft(samples)[: length // 2 + 1]
    resampled: NDArray[np.float64] = np.fft.irfft(spectrum, n=length)
    return resampled * (length / len(samples))
