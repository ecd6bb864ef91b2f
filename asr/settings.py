"""What a site can set about recognition. Times in seconds unless the name says ms."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


def default_models_folder() -> Path:
    """Where models are kept when nothing is set: the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "hotline-12345" / "models"


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AudioSocketSettings(_Settings):
    """The server that takes the taps."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0  # 0: any free one, new after each restart
    max_streams: Count = 400
    id_seconds: Positive = 2.0  # from the connection to its id frame
    expect_seconds: Positive = 20.0  # from the announcement of a tap to its connection
    idle_seconds: Positive = 15.0  # of neither sending nor taking our silence: the peer is dead
    forget_seconds: Positive = 2.0  # from the end of the call to closing its streams
    max_audio_bytes: Count = 4096  # longest audio payload; Asterisk sends 320 or 640
    max_junk_frames: Count = 100  # in a row without audio
    burst_seconds: Positive = 30.0  # audio that may arrive at once, after a stall of the network


class DecodingSettings(_Settings):
    """Between the audio and the engine."""

    threads: Count = Field(default_factory=lambda: os.cpu_count() or 1)
    chunk_ms: Count = 40  # audio collected before an engine is woken
    stall_ms: Count = 600  # without audio before what is being said counts as ended
    turn_ms: Count = 1000  # audio taken from one leg before another leg's turn
    buffer_seconds: Positive = 30.0  # audio kept per leg when the engine is behind
    max_failures: Count = 3  # decodings that fail in a row before the engine is given up


class GateSettings(_Settings):
    """The voice gate that cuts utterances for engines that do not stream."""

    aggressiveness: Annotated[int, Field(ge=0, le=3)] = 2
    pause_ms: Count = 550
    max_utterance_seconds: Annotated[float, Field(ge=2)] = 12.0
    pre_roll_ms: Count = 240
    min_speech_ms: Count = 180


class VoskSettings(_Settings):
    model: str = "vosk-model-small-cn-0.22"
    folder: Path | None = None  # wins over the name
    spare_recognisers: Annotated[int, Field(ge=0)] = 2  # made ahead: a new one is dear
    partial_every_ms: Count = 200


class WhisperSettings(_Settings):
    """Figures behind the defaults: docs/decisions/0042."""

    folder: Path | None = None  # of another faster-whisper model
    workers: Count = 1
    cpu_threads: Count = 2
    beam: Count = 2
    careful_beam: Count = 5  # for the second try on what looks wrong
    language: str = "zh"
    prompt: str = "以下是普通话的句子。"  # brings punctuation; empty for none
    window_margin_seconds: Annotated[float, Field(ge=0)] = 5.0  # of silence after the utterance
    max_repetition: Positive = 2.4  # compression ratio of the text
    min_log_probability: float = -1.0
    max_no_speech: Positive = 0.7  # above, and below the next line: nobody spoke
    min_speech_log_probability: float = -0.5


class FakeSettings(_Settings):
    """The engine of the tests: no speech, only loudness."""

    loudness: Count = 500  # mean absolute sample value from which on somebody speaks
    pause_ms: Count = 300
    partial_every_ms: Count = 200
    texts: tuple[str, ...] = ()  # what is "said", utterance by utterance; then 第n句


class SupervisionSettings(_Settings):
    """How the child process is watched."""

    heartbeat_seconds: Positive = 0.5
    missed_heartbeats: Count = 6
    decoding_seconds: Positive = 30.0  # longest single decoding before it counts as hung
    load_seconds: Positive = 120.0  # from the start of an engine's loading to its end
    expect_seconds: Positive = 10.0  # that a tap waits for a child that is starting
    stop_seconds: Positive = 5.0
    backoff_seconds: Positive = 0.5
    max_backoff_seconds: Positive = 30.0
    bench_seconds: Positive = 300.0  # that an engine which died stands behind the others
    max_waiting: Count = 20_000  # segments kept while the hotline does not take them


class AsrSettings(_Settings):
    """``engines``: the order of fall-back; the first that loads is used.

    A name is one of ``vosk``, ``whisper``, ``fake``, or ``module:function`` of an engine that a
    site brings: the function takes these settings and returns an ``asr.engine.Engine``.
    """

    engines: tuple[str, ...] = ("vosk", "whisper")
    models: Path = Field(default_factory=default_models_folder)
    audiosocket: AudioSocketSettings = AudioSocketSettings()
    decoding: DecodingSettings = DecodingSettings()
    gate: GateSettings = GateSettings()
    vosk: VoskSettings = VoskSettings()
    whisper: WhisperSettings = WhisperSettings()
    fake: FakeSettings = FakeSettings()
    supervision: SupervisionSettings = SupervisionSettings()
