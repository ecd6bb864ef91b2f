"""What a probing call is given, and what it brings back."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pbx.phone.settings import PhoneSettings
from pbx.phone.sound import SOUND_DBFS

_Seconds = Annotated[float, Field(gt=0, le=300)]


class SoundKind(StrEnum):
    """What was heard after the answer."""

    PROMPT = "prompt"
    QUEUE = "queue"
    VOICE = "voice"
    TONE = "tone"
    OTHER = "other"
    SILENCE = "silence"


class Answerer(StrEnum):
    """Who or what took the call."""

    FLOW = "flow"
    PERSON = "person"
    QUEUE = "queue"


ANSWERERS = {
    SoundKind.PROMPT: Answerer.FLOW,
    SoundKind.VOICE: Answerer.PERSON,
    SoundKind.QUEUE: Answerer.QUEUE,
}


class ProbeSettings(BaseModel):
    """One probing call.

    ``prompts`` are recordings of which one is expected to be heard first, ``recordings`` others
    that the line may play; ``waiting``: the music of its queue. ``expected``: who is well as
    answerer, empty: anybody; without ``prompts`` either, any sound will do. Times are in seconds;
    ``listen_seconds`` counts from the answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    phone: PhoneSettings = PhoneSettings()
    dialled: str
    caller: str | None = None
    answer_seconds: _Seconds = 20.0
    listen_seconds: _Seconds = 15.0
    above_dbfs: Annotated[float, Field(ge=-90, le=0)] = SOUND_DBFS
    prompts: tuple[Path, ...] = ()
    recordings: tuple[Path, ...] = ()
    waiting: Path | None = None
    expected: frozenset[Answerer] = frozenset()


class ProbeResult(BaseModel):
    """What a probing call found. Times are milliseconds from the INVITE; None: never.

    ``reason`` is empty when all is well, else ``refused`` (``sip_code`` says how), ``no_answer``,
    ``no_sound``, ``unexpected_answerer`` (``answered_by`` says who) or ``unexpected_sound``.
    ``answered_by`` is None if that could not be told, ``answered_by_ms`` when he began to be heard.
    ``packet_loss`` is a share 0..1, ``prompt_score`` the best likeness to a known recording, 0..1,
    ``prompt`` the name of the one that was heard.
    """

    ok: bool
    reason: str
    sip_code: int | None
    ringing_ms: float | None = None
    answer_ms: float | None = None
    first_packet_ms: float | None = None
    first_sound_ms: float | None = None
    answered_by: Answerer | None = None
    answered_by_ms: float | None = None
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
