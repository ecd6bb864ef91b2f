"""The sound of waiting: a soft chime over a quiet chord, so that the line never seems dead.

Made here rather than shipped, so that no recording's licence has to be minded.
"""

from __future__ import annotations

import math
import wave
from array import array
from functools import cache
from pathlib import Path

RATE = 8000
SECONDS = 12
# Pentatonic, as hertz: nothing in it can clash with itself.
NOTES = (392.0, 523.25, 587.33, 440.0, 659.25, 523.25)
CHORD = (130.81, 196.0, 261.63)
PEAK = 3000  # of 32767: about 21 dB below full scale, under a prompt's level


@cache
def _samples() -> bytes:
    every = SECONDS / len(NOTES)
    samples = array("h")
    for index in range(RATE * SECONDS):
        now = index / RATE
        note, since = divmod(now, every)
        # Each chime dies away before the next, and the chord comes and goes once in the loop:
        # both are silent where the loop closes, so that it closes without a click.
        chime = math.sin(2 * math.pi * NOTES[int(note)] * since) * since * math.exp(-3.5 * since)
        swell = math.sin(math.pi * now / SECONDS) ** 2
        chord = sum(math.sin(2 * math.pi * pitch * now) for pitch in CHORD) / len(CHORD)
        samples.append(round(PEAK * (5.0 * chime + 0.3 * swell * chord)))
    return samples.tobytes()


def write_comfort(path: Path) -> None:
    """Write the loop to ``path``: WAV, 8 kHz, 16 bit, mono, 12 s."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(_samples())
