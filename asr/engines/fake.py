"""An engine without speech: loudness opens and closes utterances, a script says their words.

Its finals depend on the audio alone, not on its chunks. It is the tool of every test that needs
segments but no model, and of load tests that measure everything except recognition.
"""

from __future__ import annotations

from asr.engine import Hypothesis
from asr.gate import Utterance, VoiceGate, loud
from asr.settings import AsrSettings, FakeSettings


class FakeRecogniser:
    def __init__(self, settings: FakeSettings, gate: VoiceGate, sample_rate: int) -> None:
        self._settings = settings
        self._gate = gate
        self._every = sample_rate * settings.partial_every_ms // 1000
        self._heard = 0  # samples
        self._spoken = 0  # utterances
        self._shown = 0  # partials of the open utterance

    def accept(self, pcm: bytes) -> list[Hypothesis]:
        said = [self._final(utterance) for utterance in self._gate.push(pcm)]
        self._heard += len(pcm) // 2
        since = self._gate.speaking_since
        if since is not None and (steps := (self._heard - since) // self._every) > self._shown:
            self._shown = steps
            said.append(Hypothesis(self._text()[:steps], since, self._heard, final=False))
        return said

    def finish(self) -> list[Hypothesis]:
        return [self._final(utterance) for utterance in self._gate.flush()]

    def _final(self, utterance: Utterance) -> Hypothesis:
        text = self._text()
        self._spoken += 1
        self._shown = 0
        return Hypothesis(text, utterance.start, utterance.end, final=True, confidence=1.0)

    def _text(self) -> str:
        texts = self._settings.texts
        return texts[self._spoken] if self._spoken < len(texts) else f"第{self._spoken + 1}句"


class FakeEngine:
    name = "fake"
    threads = None

    def __init__(self, settings: AsrSettings) -> None:
        self._settings = settings.fake
        self._gate = settings.gate.model_copy(update={"pause_ms": settings.fake.pause_ms})

    def recogniser(self, sample_rate: int) -> FakeRecogniser:
        gate = VoiceGate(loud(self._settings.loudness), sample_rate, self._gate)
        return FakeRecogniser(self._settings, gate, sample_rate)


def load(settings: AsrSettings) -> FakeEngine:
    return FakeEngine(settings)
