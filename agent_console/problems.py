"""The documented side of errors: which ids a route may answer with, by status, in one form."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from agent_console.errors import BodyTooBig, BodyTooSlow, OriginRefused, TokenMissing
from core.desk.sessions import NotLoggedIn
from core.errors import HotlineError, Invalid
from core.store.database import DatabaseAway


class Problem(BaseModel):
    """Every error of ours. ``error_id`` is stable; the sentence is not, and ``details`` hold ids
    and figures only."""

    model_config = ConfigDict(extra="forbid")

    error_id: str
    message: str
    details: dict[str, JsonValue]


Kinds = Iterable[type[HotlineError]]
Responses = dict[int | str, dict[str, Any]]

# By its name: a model of its own for each of six hundred answers would cost half a second of every
# start. ``agent_console.openapi`` puts the schema itself into the document.
_PROBLEM = {"$ref": f"#/components/schemas/{Problem.__name__}"}

# What stands before every route: the body's bounds and, for browsers, whose page it is.
DOOR: tuple[type[HotlineError], ...] = (OriginRefused, BodyTooBig, BodyTooSlow)
# What stands before every route that only people who are logged in may use.
SESSION: tuple[type[HotlineError], ...] = (TokenMissing, NotLoggedIn, DatabaseAway)


def problems(*kinds: type[HotlineError], elsewhere: Kinds = ()) -> Responses:
    """The ``responses`` of a route that may raise these; ids of one status stand together.

    ``elsewhere`` are raised by rooms whose more exact errors only they know: there the document
    names the ids, but does not say that there are no others.
    """
    by_status: dict[int, dict[str, type[HotlineError]]] = {}
    for kind in (*DOOR, *kinds, *elsewhere):
        by_status.setdefault(kind.status, {}).setdefault(kind.error_id, kind)
    unknown = {kind.status for kind in elsewhere}
    return {
        status: _response(by_id, exact=status not in unknown)
        for status, by_id in sorted(by_status.items())
    }


def guarded(*kinds: type[HotlineError], elsewhere: Kinds = ()) -> Responses:
    """``problems`` of a route behind the log-in."""
    return problems(*SESSION, *kinds, elsewhere=elsewhere)


def asked(*kinds: type[HotlineError], elsewhere: Kinds = ()) -> Responses:
    """``guarded``, of a route that takes parameters or a body."""
    return guarded(Invalid, *kinds, elsewhere=elsewhere)


def _response(by_id: dict[str, type[HotlineError]], *, exact: bool) -> dict[str, Any]:
    described = [f"- `{error_id}`{_told(kind)}" for error_id, kind in by_id.items()]
    form: dict[str, Any] = dict(_PROBLEM)
    if exact:
        form["properties"] = {"error_id": {"enum": list(by_id)}}
    else:
        described.append("- or a more exact id")
    return {
        "description": "\n".join(described),
        "content": {"application/json": {"schema": form}},
    }


def _told(kind: type[HotlineError]) -> str:
    """What its class says of itself; not what a base class says."""
    own = vars(kind).get("__doc__")
    return ": " + " ".join(cleandoc(own).split()) if own else ""
