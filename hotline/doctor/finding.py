"""What one check found."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"  # works, but less than it could
    BROKEN = "broken"


class Finding(BaseModel):
    """``check`` is a stable name; ``advice`` says what to do, empty when all is well."""

    model_config = ConfigDict(frozen=True)

    check: str
    verdict: Verdict
    detail: str
    advice: str = ""


def ok(check: str, detail: str) -> Finding:
    return Finding(check=check, verdict=Verdict.OK, detail=detail)


def warning(check: str, detail: str, advice: str) -> Finding:
    return Finding(check=check, verdict=Verdict.WARNING, detail=detail, advice=advice)


def broken(check: str, detail: str, advice: str) -> Finding:
    return Finding(check=check, verdict=Verdict.BROKEN, detail=detail, advice=advice)
