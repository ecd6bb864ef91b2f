"""Rows that a unit of work asks for again and again."""

from __future__ import annotations

from sqlmodel import Session


def hold(session: Session, *rows: object) -> None:
    """Keep rows at hand until the unit of work ends: whoever asks for one of them by its key then
    asks the session, which otherwise remembers a row only as long as somebody else does.

    For rows that nobody else changes meanwhile, or of which that does not matter.
    """
    session.info.setdefault("held", []).extend(rows)
