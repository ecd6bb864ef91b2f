"""faster-whisper behind a voice gate: one final per utterance, no partials.

Whisper looks at a window of 30 s, and most of its time goes there, however short the speech. The
window here is the utterance plus some seconds of silence: as good by measurement, in half the
time (docs/decisions/0042). What looks wrong is decoded once more with the whole window.
"""

from __future__ import annotations

import copy
import math
import threading
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import webrtcvad
from faster_whisper import WhisperModel

from asr.arrival import SAMPLE_BYTES
from asr.engine import Hypothesis
from asr.gate import Utterance, VoiceGate
from asr.models import join_whisper_base
from asr.settings import AsrSettings, WhisperSettings
from asr.text import tidy

_RATE = 16000  # what Whisper hears
_WINDOW_SECONDS = 30
_TOKENS_PER_SECOND = 12  # nobody speaks faster; a decoder that runs away is stopped there
_SPARE_TOKENS = 20

Audio = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one decoding gave: mean log probability per token, and how far it repeats itself."""

    text: str
    log_probability: float
    no_speech: float
    repetition: float

    def invented(self, settings: WhisperSettings) -> bool:
        """Whisper writes sentences over noise too, but does not believe in them."""
        return (
            self.no_speech > settings.max_no_speech
            and self.log_probability < settings.min_speech_log_probability
        )

    def doubtful(self, settings: WhisperSettings) -> bool:
        return (
            self.repetition > settings.max_repetition
            or self.log_probability < settings.min_log_probability
        )


class WhisperEngine:
    def __init__(self, settings: AsrSettings) -> None:
        self._settings = settings
        own = settings.whisper
        folder = own.folder or join_whisper_base(settings.models)
        self.name = f"whisper:{folder.name.removeprefix('whisper-')}"
        self.threads = own.workers
        self._model = WhisperModel(
            str(folder),
            device="cpu",
            compute_type="int8",
            cpu_threads=own.cpu_threads,
            num_workers=own.workers,
            local_files_only=True,
        )
        self._own = threading.local()

    def recogniser(self, sample_rate: int) -> WhisperRecogniser:
        gate = self._settings.gate
        judge = partial(webrtcvad.Vad(gate.aggressiveness).is_speech, sample_rate=sample_rate)
        return WhisperRecogniser(self, VoiceGate(judge, sample_rate, gate), sample_rate)

    def read(self, audio: Audio) -> _Reading | None:
        """The words in ``audio`` (16 kHz, -1..1), or None when nobody spoke."""
        settings = self._settings.whisper
        seconds = len(audio) / _RATE
        window = min(math.ceil(seconds + settings.window_margin_seconds), _WINDOW_SECONDS)
        reading = self._decode(audio, window, settings.beam)
        if reading.invented(settings):
            return None
        if reading.doubtful(settings) and window < _WINDOW_SECONDS:
            reading = self._decode(audio, _WINDOW_SECONDS, settings.careful_beam)
        if reading.invented(settings) or reading.doubtful(settings):
            return None
        return reading

    def _decode(self, audio: Audio, window: int, beam: int) -> _Reading:
        settings = self._settings.whisper
        segments, _ = self._model_of_this_thread().transcribe(
            audio,
            language=settings.language,
            beam_size=beam,
            temperature=0.0,
            initial_prompt=settings.prompt or None,
            condition_on_previous_text=False,
            without_timestamps=True,
            no_speech_threshold=None,  # judged above, together with the rest
            log_prob_threshold=None,
            compression_ratio_threshold=None,
            max_new_tokens=int(len(audio) / _RATE * _TOKENS_PER_SECOND) + _SPARE_TOKENS,
            chunk_length=window,
        )
        found = list(segments)
        if not found:
            return _Reading("", 0.0, 1.0, 0.0)
        return _Reading(
            text="".join(one.text for one in found),
            log_probability=min(one.avg_logprob for one in found),
            no_speech=max(one.no_speech_prob for one in found),
            repetition=max(one.compression_ratio for one in found),
        )

    def _model_of_this_thread(self) -> WhisperModel:
        """``transcribe`` notes the window in its feature extractor, so each thread has its own."""
        if not hasattr(self._own, "model"):
            self._own.model = copy.copy(self._model)
            self._own.model.feature_extractor = copy.copy(self._model.feature_extractor)
        model: WhisperModel = self._own.model
        return model


class WhisperRecogniser:
    def __init__(self, engine: WhisperEngine, gate: VoiceGate, sample_rate: int) -> None:
        self._engine = engine
        self._gate = gate
        self._sample_rate = sample_rate

    def accept(self, pcm: bytes) -> list[Hypothesis]:
        return self._finals(self._gate.push(pcm))

    def finish(self) -> list[Hypothesis]:
        return self._finals(self._gate.flush())

    def _finals(self, utterances: list[Utterance]) -> list[Hypothesis]:
        finals = []
        for utterance in utterances:
            reading = self._engine.read(to_16k(utterance.pcm, self._sample_rate))
            text = tidy(reading.text) if reading is not None else ""
            if reading is None or not text:
                continue
            finals.append(
                Hypothesis(
                    text,
                    utterance.start,
                    utterance.end,
                    final=True,
                    confidence=round(math.exp(min(reading.log_probability, 0.0)), 3),
                )
            )
        return finals


def to_16k(pcm: bytes, sample_rate: int) -> Audio:
    """16-bit samples at 8 or 16 kHz as floats at 16 kHz (band-limited, by Fourier transform)."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
    if sample_rate == _RATE or not len(pcm) // SAMPLE_BYTES:
        return samples
    length = len(samples) * _RATE // sample_rate
    spectrum = np.fft.rfft(samples)
    wider = np.zeros(length // 2 + 1, dtype=spectrum.dtype)
    wider[: len(spectrum)] = spectrum
    return np.fft.irfft(wider * (length / len(samples)), length).astype(np.float32)


def load(settings: AsrSettings) -> WhisperEngine:
    """Raises ``ModelMissing``, ``ModelBroken``."""
    return WhisperEngine(settings)
