"""The form of a flow file (``ivr_flows/<flow>.yaml``). Designers write it, so it is strict.

A flow is a set of named steps; each step says with ``do`` what it does. One rule holds everywhere
and is not written in the files: key 0, silence and any trouble lead to the ``person`` step.
What several steps must fulfil together is checked in ``pbx.ivr.checks``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from core.pack.base import Key as PackKey

PERSON_KEY = "0"
ALL_KEYS = "0123456789*#"
LINE_QUEUE = "@line"

StepName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
PromptName = StepName


def _as_text(key: Any) -> Any:
    """YAML reads an unquoted ``2:`` as a number; a designer means the key 2."""
    return str(key) if type(key) is int and 0 <= key <= 9 else key


DialKey = Annotated[
    str, BeforeValidator(_as_text), StringConstraints(pattern=r"^[0-9*#]$", max_length=1)
]
Seconds = Annotated[float, Field(gt=0, le=10)]


class FlowModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SayStep(FlowModel):
    """Play prompts. With ``barge_in`` a key cuts them short and counts in the next menu.

    Without it they are heard to their end, whatever is pressed (a notice that the law wants to be
    heard); the first key pressed meanwhile counts right after them.
    """

    do: Literal["say"]
    prompts: tuple[PromptName, ...] = Field(min_length=1, max_length=20)
    barge_in: bool = True
    next: StepName


class MenuStep(FlowModel):
    """Play prompts and take one key.

    ``first_key_seconds``: the silence after the prompts that leads to ``no_input``. After ``tries``
    keys that lead nowhere: ``no_match``. Both are the flow's person unless said otherwise.
    Without ``barge_in`` only 0 cuts the prompts short.
    """

    do: Literal["menu"]
    prompts: tuple[PromptName, ...] = Field(min_length=1, max_length=20)
    keys: dict[DialKey, StepName] = Field(min_length=1)
    first_key_seconds: Seconds = 3.0
    tries: int = Field(default=2, ge=1, le=5)
    no_input: StepName | None = None
    no_match: StepName | None = None
    barge_in: bool = True


class AfterQueue(FlowModel):
    """Where the call goes on after a queue; what is not named leads to a person (or, after a talk,
    ends the call). ``talk_ended``: the agent hung up and the caller is still there."""

    talk_ended: StepName | None = None
    timeout: StepName | None = None
    full: StepName | None = None
    join_empty: StepName | None = None
    leave_empty: StepName | None = None


class QueueStep(FlowModel):
    """Lead the caller to people: a queue of the city pack, or ``@line``, the dialled line's own.

    ``priority`` (higher is sooner) is the pack's unless given. ``timeout_seconds``: the longest
    wait; then ``after.timeout``.
    """

    do: Literal["queue"]
    queue: PackKey | Literal["@line"]
    priority: int | None = Field(default=None, ge=0, le=100)
    timeout_seconds: int | None = Field(default=None, ge=10, le=3600)
    after: AfterQueue = AfterQueue()


class ByLineStep(FlowModel):
    """Part the ways by source line: keys of the pack's lines to steps."""

    do: Literal["by_line"]
    lines: dict[PackKey, StepName] = Field(min_length=1)
    otherwise: StepName


class SetStep(FlowModel):
    """Note that the caller speaks for an enterprise (or not); it goes into the call's facts."""

    do: Literal["set"]
    enterprise: bool
    next: StepName


class RateStep(FlowModel):
    """Take the caller's rating of the agent after the talk, then end the call."""

    do: Literal["rate"]
    prompts: tuple[PromptName, ...] = Field(min_length=1, max_length=20)
    keys: tuple[DialKey, ...] = ("1", "2", "3", "4", "5")
    first_key_seconds: Seconds = 5.0
    tries: int = Field(default=2, ge=1, le=5)


class HangUpStep(FlowModel):
    """End the call; allowed only after a talk."""

    do: Literal["hang_up"]


Step = Annotated[
    SayStep | MenuStep | QueueStep | ByLineStep | SetStep | RateStep | HangUpStep,
    Field(discriminator="do"),
]


class Flow(FlowModel):
    """A whole file. ``flow`` repeats the file's name, ``start`` is the first step, ``person`` the
    queue step where 0, silence and wrong keys lead."""

    flow: StepName
    start: StepName
    person: StepName
    steps: dict[StepName, Step] = Field(min_length=1, max_length=200)
