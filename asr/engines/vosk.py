"""Vosk: a streaming engine, the default.

Its recognisers are reused: a new one costs about a CPU-second in its first second of audio, a used
one a thirtieth of that (each builds its own view of the language model as it goes).
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from typing import Any

import vosk

from asr.arrival import SAMPLE_BYTES
from asr.engine import HeardWord, Hypothesis
from asr.errors import ModelBroken
from asr.models import find_vosk_folder
from asr.settings import AsrSettings
from asr.text import tidy

_TELEPHONE_RATE = 8000
_WARM_UP_SECONDS = 1
# The first words of an utterance show about this long after they began.
_FIRST_WORDS_SECONDS = 1.0


class _Kaldi:
    """A native recogniser, and how much audio it has had in its life.

    Its word times count from its first sample ever, over all legs it has served.
    """

    def __init__(self, model: vosk.Model, sample_rate: int) -> None:
        self.native = vosk.KaldiRecognizer(model, sample_rate)
        self.native.SetWords(True)
        self.sample_rate = sample_rate
        self.samples = 0

    def accept(self, pcm: bytes) -> bool:
        """Whether an utterance ended in it."""
        self.samples += len(pcm) // SAMPLE_BYTES
        return bool(self.native.AcceptWaveform(pcm))


class VoskEngine:
    threads = None  # the interpreter lock is free while it decodes

    def __init__(self, settings: AsrSettings) -> None:
        own = settings.vosk
        folder = find_vosk_folder(own.model, own.folder, settings.models)
        vosk.SetLogLevel(-1)  # errors only
        self.name = f"vosk:{own.model if own.folder is None else folder.name}"
        self._partial_every_ms = own.partial_every_ms
        try:
            self._model = vosk.Model(str(folder))
        except Exception as problem:  # it has no class of its own for this
            raise ModelBroken(f"Vosk cannot load {folder.name}", model=folder.name) from problem
        # Threads take and give back here; a deque's own operations are atomic.
        self._idle: defaultdict[int, deque[_Kaldi]] = defaultdict(deque)
        for _ in range(own.spare_recognisers):
            spare = _Kaldi(self._model, _TELEPHONE_RATE)
            spare.accept(bytes(_TELEPHONE_RATE * SAMPLE_BYTES * _WARM_UP_SECONDS))
            self.give_back(spare)

    def recogniser(self, sample_rate: int) -> VoskRecogniser:
        try:
            kaldi = self._idle[sample_rate].pop()
        except IndexError:
            kaldi = _Kaldi(self._model, sample_rate)
        return VoskRecogniser(self, kaldi, sample_rate * self._partial_every_ms // 1000)

    def give_back(self, kaldi: _Kaldi) -> None:
        kaldi.native.Reset()
        self._idle[kaldi.sample_rate].append(kaldi)


class VoskRecogniser:
    def __init__(self, engine: VoskEngine, kaldi: _Kaldi, partial_every: int) -> None:
        self._engine = engine
        self._kaldi = kaldi
        self._before = kaldi.samples  # what it heard from others
        self._partial_every = partial_every
        self._partial_at = 0
        self._partial = ""
        self._since: int | None = None  # where the open utterance began, roughly

    def accept(self, pcm: bytes) -> list[Hypothesis]:
        if self._kaldi.accept(pcm):
            return self._final(self._kaldi.native.Result())
        heard = self._heard
        if heard - self._partial_at < self._partial_every:
            return []
        self._partial_at = heard
        text = tidy(json.loads(self._kaldi.native.PartialResult()).get("partial", ""))
        if not text or text == self._partial:
            return []
        self._partial = text
        if self._since is None:
            self._since = max(heard - int(self._kaldi.sample_rate * _FIRST_WORDS_SECONDS), 0)
        return [Hypothesis(text, self._since, heard, final=False)]

    def finish(self) -> list[Hypothesis]:
        finals = self._final(self._kaldi.native.FinalResult())
        self._engine.give_back(self._kaldi)
        return finals

    @property
    def _heard(self) -> int:
        return self._kaldi.samples - self._before

    def _final(self, result: str) -> list[Hypothesis]:
        self._partial = ""
        self._since = None
        found = json.loads(result)
        text = tidy(found.get("text", ""))
        words = tuple(self._word(word) for word in found.get("result", ()))
        if not text or not words:
            return []
        confidence = sum(word.confidence or 0.0 for word in words) / len(words)
        return [Hypothesis(text, words[0].start, words[-1].end, True, round(confidence, 3), words)]

    def _word(self, word: dict[str, Any]) -> HeardWord:
        return HeardWord(
            text=tidy(word["word"]),
            start=self._sample(word["start"]),
            end=self._sample(word["end"]),
            confidence=round(word["conf"], 3),
        )

    def _sample(self, seconds: float) -> int:
        position = round(seconds * self._kaldi.sample_rate) - self._before
        return min(max(position, 0), self._heard)


def load(settings: AsrSettings) -> VoskEngine:
    """Raises ``ModelMissing``, ``ModelBroken``."""
    return VoskEngine(settings)
