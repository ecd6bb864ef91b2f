"""How a rule of the engine is switched off, and which scenarios must not hold without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from core.loop import acts, states
from core.loop.scene import Outcome
from core.loop.states import Act
from core.policy.book import Policy, PolicyBook
from core.policy.figures import Count, Limit
from core.policy.limits import Limits

Off = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Switch:
    """``rule`` says what is off; ``kills`` are scenarios of the row, without their ``test_``."""

    rule: str
    off: Off
    kills: tuple[str, ...]


def switch(rule: str, off: Off, *kills: str) -> Switch:
    return Switch(rule, off, kills)


def move(act: Act, **changes: Any) -> Off:
    """The table of moves with one line changed."""
    line = replace(states.MOVES[act], **changes)
    return lambda patch: patch.setitem(states.MOVES, act, line)


def without(module: Any, name: str, result: Any = None) -> Off:
    """A function of the engine that checks (or does) nothing any more."""
    return lambda patch: patch.setattr(module, name, lambda *_, **__: result)


def act(which: Act, run: Callable[..., Outcome], **changes: Any) -> Off:
    """An act that does something else."""
    other = replace(acts.ACTS[which], run=run, **changes)
    return lambda patch: patch.setitem(acts.ACTS, which, other)


def both(*offs: Off) -> Off:
    """A rule that is held in more than one place, off in all of them."""

    def all_off(patch: pytest.MonkeyPatch) -> None:
        for off in offs:
            off(patch)

    return all_off


def wrapped(module: Any, name: str, after: Callable[..., None]) -> Off:
    """A function of the engine after which something else happens."""
    real = getattr(module, name)

    def then(*args: Any, **more: Any) -> Any:
        result = real(*args, **more)
        after(*args)
        return result

    return lambda patch: patch.setattr(module, name, then)


def limits(**parts: dict[str, Any]) -> Off:
    """Other figures in force: of each part of the limits, these ones changed."""

    def changed(policy: Policy) -> Policy:
        old: Limits = policy.limits
        new = {part: getattr(old, part).model_copy(update=to) for part, to in parts.items()}
        return replace(policy, limits=old.model_copy(update=new))

    real = PolicyBook.named
    return lambda patch: patch.setattr(
        PolicyBook, "named", lambda book, version: changed(real(book, version))
    )


def times(count: int) -> Count:
    return Count(times=count, source="none", kind="gap", confidence="none")


def workdays(amount: int) -> Limit:
    return Limit(amount=amount, unit="workdays", source="none", kind="gap", confidence="none")
