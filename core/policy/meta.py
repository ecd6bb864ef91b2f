"""``policy.yaml``: which rules these are, and from when on."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from core.pack.base import Name, PackModel


class Meta(PackModel):
    """``effective_from``: tickets registered on that day or later are dated by this version."""

    version: Name
    effective_from: date
    regulation: Name
    articles: int = Field(ge=1)
    undescribed: tuple[str, ...] = ()  # articles of which no text was available
    note: str = ""
