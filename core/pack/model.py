"""The form of a city pack's files. One model per file; the folder is the pack."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.pack.base import Dialled, Key, PackModel
from core.pack.emergency import Emergency
from core.pack.form import TicketForm
from core.pack.places import Places
from core.pack.rules import DraftRules
from core.pack.taxonomy import Taxonomy
from core.pack.units import Units


class City(PackModel):
    """``city.yaml``: names and the numbers that stand for the city."""

    key: Key
    name: str
    hotline_name: str
    hotline_number: Dialled
    area_code: Dialled
    timezone: str
    country: str = "CN"
    ticket_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{0,4}$")] = ""


class QueueSpec(PackModel):
    """One entry of ``queues.yaml``: an ``app_queue`` queue, which is one skill.

    ``priority`` is the caller's priority (higher is sooner); ``wrap_up_seconds`` the time an agent
    is held free after a talk unless the ticket is submitted earlier.
    """

    key: Key
    name: str
    priority: int = Field(default=0, ge=0, le=100)
    ring_seconds: int = Field(default=15, ge=3, le=120)
    wrap_up_seconds: int = Field(default=30, ge=0, le=600)


class Line(PackModel):
    """One entry of ``lines.yaml``: a dialled number (or several) that comes in on this hotline.

    ``mode`` is how the line was merged (article 7): wholly merged, kept in parallel, or a branch
    centre. ``flow`` names the file under ``ivr_flows/`` that answers, ``queue`` where it leads.
    """

    key: Key
    name: str
    numbers: tuple[Dialled, ...] = Field(min_length=1)
    mode: Literal["main", "merged", "parallel", "branch"]
    flow: Key
    queue: Key
    enterprise: bool = False


class CityPack(PackModel):
    """A whole pack, cross-checked."""

    city: City
    queues: tuple[QueueSpec, ...] = Field(min_length=1)
    lines: tuple[Line, ...] = Field(min_length=1)
    places: Places
    taxonomy: Taxonomy
    units: Units
    form: TicketForm
    emergency: Emergency
    rules: DraftRules

    def queue(self, key: str) -> QueueSpec:
        """The queue of that key. Raises ``KeyError``."""
        for queue in self.queues:
            if queue.key == key:
                return queue
        raise KeyError(key)

    def line_for(self, dialled: str) -> Line:
        """The line that owns a dialled number; an unknown number belongs to the main line.

        A citizen who reached us is never turned away because a number is missing in a file.
        """
        for line in self.lines:
            if dialled in line.numbers:
                return line
        return self.main_line

    @property
    def recogniser_prompt(self) -> str:
        """A text that tells a speech recogniser where it is: the hotline and its districts.

        Names only: it must hold nothing that callers say, or recognition is measured on its own
        answers.
        """
        names = [
            district.aliases[0] if district.kind == "zone" and district.aliases else district.name
            for district in self.places.districts
        ]
        return f"{self.city.hotline_name}。{'、'.join(names)}。"

    @property
    def main_line(self) -> Line:
        return next(line for line in self.lines if line.mode == "main")

    @property
    def fallback_queue(self) -> QueueSpec:
        """Where callers go when no process of ours runs."""
        return self.queue(self.main_line.queue)
