"""What a benchmark was asked for, and the sizes that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asr.settings import AsrSettings, FakeSettings
from hotline.bench.crowd import numbers
from hotline.site import AgentEntry
from pbx.asterisk.locate import AsteriskInstall
from pbx.phone.crowd import SippAgents, Sound

GREETING_SECONDS = 12.0  # what a caller may hear before he is in the queue
RATE = 5.0  # calls a second: 50 calls ramp up in 10 s
SPARE_AGENTS = 5
LIMIT_SECONDS = 600.0

_DIGITS = "零幺二三四五六七八九"
_OPENING = (
    "您好，我在路北区，小区门口的路灯坏了，晚上黑得看不见路。",
    "还有，楼下的饭店半夜还在放音响，太吵了。",
)


def _corrections(count: int) -> tuple[str, ...]:
    """A number given anew each time, so that each of them changes the draft."""
    return tuple(
        "不对，我的电话是幺五四，零零零零，" + "".join(_DIGITS[int(c)] for c in f"{n:04d}") + "。"
        for n in range(1000, 1000 + count)
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """``calls`` at once, watched for ``seconds``; ``engine`` is the speech scene's recogniser.

    ``dialogues`` holds pairs NAME.caller.wav and NAME.agent.wav.
    """

    folder: Path
    install: AsteriskInstall
    calls: int
    seconds: float
    engine: str
    dialogues: Path
    city: str

    @property
    def agents(self) -> list[str]:
        return numbers(self.calls + SPARE_AGENTS)

    @property
    def ramp(self) -> float:
        """Seconds until every caller has dialled, been greeted and been answered."""
        return self.calls / RATE + GREETING_SECONDS


def desk_agents(agents: Sequence[str], desks: SippAgents | None = None) -> list[AgentEntry]:
    """Agents whose telephones SIPp plays, or who register one themselves."""
    return [
        AgentEntry(number=number, name=f"座席{number}", contact=desks and desks.contact(number))
        for number in agents
    ]


def fake_engine(utterances: int = 200) -> AsrSettings:
    """The recogniser of load: everything but the recognition, with words that fill the draft."""
    return AsrSettings(
        engines=("fake",), fake=FakeSettings(texts=_OPENING + _corrections(utterances))
    )


def talk(hz: int, tone_ms: int, pause_ms: int) -> Sound:
    """A tone and a pause, which the fake engine takes for an utterance."""
    return Sound(hz, tone_ms, pause_ms)
