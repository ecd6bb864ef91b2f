"""What all pack models share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Dialled = Annotated[str, StringConstraints(pattern=r"^[0-9]{3,15}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]


class PackModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
