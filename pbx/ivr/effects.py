"""What a walk asks for (effects) and what comes out of it (decisions). Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """Play prompts one after the other; answer with the key of ``stop_keys`` that cut them short,
    or None.

    ``whole``: nothing cuts them short; answer with the first key pressed meanwhile, or None.
    """

    prompts: tuple[str, ...]
    stop_keys: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class ReadKey:
    """Play prompts like ``Say``, then wait ``seconds`` for any key; answer with it, or None."""

    prompts: tuple[str, ...]
    stop_keys: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Rated:
    """The caller rated the agent with this key; answer with None."""

    key: str


Effect = Say | ReadKey | Rated


@dataclass(frozen=True, slots=True)
class Route:
    """To the people of ``queue``. ``resume_step`` names the queue step whose ``after`` takes the
    call up again, None when the dialplan needs not come back."""

    queue: str
    priority: int
    timeout_seconds: int | None
    resume_step: str | None


@dataclass(frozen=True, slots=True)
class HangUp:
    """The call is over."""


@dataclass(frozen=True, slots=True)
class NoDecision:
    """Leave the call to the dialplan, which leads it to people. ``reason`` is an error id."""

    reason: str


Decision = Route | HangUp | NoDecision
