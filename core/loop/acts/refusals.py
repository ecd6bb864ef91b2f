"""What an act may refuse, read from its own code: a list by hand would be wrong within a week."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from core.errors import HotlineError, Invalid, NotFound
from core.loop.acts.registry import ActDef
from core.loop.errors import ActForbidden, ActOutOfOrder, VersionStale
from core.store.vault import RecordErased

# What ``Loop.perform`` itself refuses, whatever the act.
OF_EVERY_ACT: tuple[type[HotlineError], ...] = (
    NotFound,
    ActForbidden,
    ActOutOfOrder,
    VersionStale,
    Invalid,
    RecordErased,
)


def refusals(known: ActDef) -> tuple[type[HotlineError], ...]:
    """Every error of ours that is named in the act's code, or in what that calls within ``core``.

    Followed are functions, and methods of what a function is given as a parameter.
    """
    named = set(_errors(known.run, None, set()))
    return (*OF_EVERY_ACT, *sorted(named - set(OF_EVERY_ACT), key=lambda kind: kind.error_id))


def _errors(run: Any, owner: type | None, seen: set[object]) -> Iterator[type[HotlineError]]:
    if not isinstance(run, FunctionType) or run in seen or not run.__module__.startswith("core."):
        return
    seen.add(run)
    names, attributes = _names(run.__code__)
    for name in names:
        found = run.__globals__.get(name)
        if isinstance(found, type) and issubclass(found, HotlineError):
            yield found
        yield from _errors(found, None, seen)
    for kind in (owner, *_given(run)):
        for name in attributes if kind is not None else ():
            yield from _errors(getattr(kind, name, None), kind, seen)


def _given(run: FunctionType) -> Iterator[type]:
    """The classes of the parameters, as far as they are annotated by one name."""
    for told in run.__annotations__.values():
        found = run.__globals__.get(told) if isinstance(told, str) else told
        if isinstance(found, type):
            yield found


@cache  # the same few functions stand behind all acts, and this is read at every start
def _names(code: CodeType) -> tuple[list[str], list[str]]:
    """Global names and names of attributes, also of the functions inside."""
    names, attributes = [], []
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            names.append(step.argval)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            attributes.append(step.argval)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            more, deeper = _names(inner)
            names += more
            attributes += deeper
    return names, attributes
