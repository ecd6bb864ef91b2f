"""The ticket form as the page draws it; its content comes from the city pack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

FieldKind = Literal["text", "multiline", "choice", "path", "flag", "phone", "time", "list"]


class FormField(BaseModel):
    """One field of the ticket form, in the order of the form.

    ``kind`` decides how it is drawn and what its value is: a string, but true/false for ``flag``
    and a list of strings for ``list`` and ``path``. ``options`` are the values to choose from; for
    ``path`` (a category of several levels) each option is the levels joined with ``/``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    title: str
    kind: FieldKind = "text"
    options: tuple[str, ...] = ()
    required: bool = False


FormSource = Callable[[], Sequence[FormField]]
