"""Listens on a probing call: a recording that is known, or a voice that speaks none of them."""

from __future__ import annotations

from pathlib import Path

from pbx.phone.g711 import SAMPLE_RATE
from pbx.phone.listen import Match, find, first_sound_ms, voiced_ms
from pbx.phone.probing import ProbeSettings
from pbx.phone.sound import SOUND_DBFS, CallSound

# Two seconds of a recording are enough to know it by; it is the same above this score. Other
# speech stays under 0.3, the same recording through G.711 above 0.98.
KNOWN_BY_SAMPLES = 2 * SAMPLE_RATE
# Of music more: one note of it is too much like any tone of that pitch.
MUSIC_KNOWN_BY_SAMPLES = 5 * SAMPLE_RATE
_SAME = 0.7
_STEP = SAMPLE_RATE // 5
_VOICE_MS = 600
# Sound for so long, and still none that is known: whoever speaks need not be kept any longer.
_UNKNOWN_SAMPLES = 6 * SAMPLE_RATE


def is_voice(pcm: bytes, settings: ProbeSettings) -> bool:
    """Whether somebody speaks in it, longer than a cough or a detector's error over noise."""
    return voiced_ms(pcm, settings.above_dbfs) >= _VOICE_MS


class Ear:
    """Listens for recordings, each known by its first seconds of sound."""

    def __init__(self, known: list[tuple[Path, bytes, int]]) -> None:
        self._prompts = [(path, *_first_of(pcm, samples)) for path, pcm, samples in known]
        self._searched = self._judged = 0
        self._likest: Path | None = None
        self.match = Match(0.0, 0.0)

    @property
    def prompt(self) -> Path | None:
        """The recording that was recognised."""
        return self._likest if self.match.score >= _SAME else None

    async def listen(self, sound: CallSound, settings: ProbeSettings) -> None:
        """Until a recording was recognised, or sound has lasted and is none of them; expecting
        none, until there was sound for a second.

        Raises ``NotInTime``, ``CallOver``.
        """
        if self._prompts:

            def decided() -> bool | None:
                return self.recognise(sound, _STEP) or self._unknown(sound, settings)

            await sound.until(decided, settings.listen_seconds)
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
                self._likest = path
                at_ms = begin * 1000 / SAMPLE_RATE + match.at_ms - lead_ms
                self.match = Match(match.score, at_ms)
        self._searched = samples
        return self.prompt is not None or None

    def _unknown(self, sound: CallSound, settings: ProbeSettings) -> bool | None:
        """A voice, for longer than any known recording needs."""
        if self._searched < _UNKNOWN_SAMPLES or self._searched == self._judged:
            return None
        self._judged = self._searched
        pcm = sound.heard_since(0)
        begun = first_sound_ms(pcm, settings.above_dbfs)
        if begun is None or len(pcm) // 2 - begun * SAMPLE_RATE / 1000 < _UNKNOWN_SAMPLES:
            return None
        return is_voice(pcm, settings) or None


def _first_of(pcm: bytes, samples: int) -> tuple[bytes, float]:
    """The part of a recording that is searched for, and how many ms lie before it."""
    lead_ms = first_sound_ms(pcm, SOUND_DBFS) or 0.0
    start = round(lead_ms * SAMPLE_RATE / 1000)
    return pcm[2 * start : 2 * (start + samples)], lead_ms
