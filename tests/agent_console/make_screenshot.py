"""Takes the picture of the console for the README, from a served page with a played dialogue.

Run ``python -m tests.agent_console.make_screenshot docs/console.png [dialogue] [width height]``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.calls import CallState, Leg
from core.draft import CallContext, DraftBuilder
from core.pack import CityPack, load_pack
from core.transcript import Segment
from core.views import DraftView, SegmentView, TicketView
from tests.agent_console.browser import chromium, console_page
from tests.agent_console.conftest import serve_console
from tests.agent_console.fakes import FakeDesk, a_call, a_draft

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass
class Scene:
    """One call, played as far as its last turn; the draft is what the real builder makes of it."""

    pack: CityPack
    turns: list[dict[str, Any]]
    call_id: str = "call-now"

    def play(self, desk: FakeDesk, answered: datetime) -> None:
        line = self.pack.main_line
        caller = "15403158826"
        call = a_call(
            self.call_id,
            state=CallState.CONNECTED,
            caller_number=caller,
            dialled=line.numbers[0],
            source_line=line.key,
            line_name=line.name,
            arrived_at=answered - timedelta(seconds=14),
            offered_at=answered - timedelta(seconds=4),
            connected_at=answered,
            transcript="live",
            open_tickets=("TS2026010900031",),
        )
        builder = DraftBuilder(
            self.pack, CallContext(self.call_id, answered, caller, call.dialled, line)
        )
        desk.publish(call=call)
        *said, last = self.turns
        for number, turn in enumerate(said):
            view = self._view(number, turn)
            builder.add(self._heard(view))
            desk.publish(segment=view)
        self._show(desk, builder)
        desk.partial(self._view(len(said), last, final=False))

    def _view(self, number: int, turn: dict[str, Any], final: bool = True) -> SegmentView:
        agent = turn["speaker"] == "agent"
        return SegmentView(
            segment_id=f"{self.call_id}-{number}",
            call_id=self.call_id,
            leg=Leg.AGENT if agent else Leg.CALLER,
            party="8026" if agent else "caller",
            start_ms=int(turn["start"] * 1000),
            end_ms=int(turn["end"] * 1000),
            text=turn["text"] if final else turn["text"][: len(turn["text"]) // 2],
            engine="whisper",
            final=final,
        )

    def _heard(self, view: SegmentView) -> Segment:
        return Segment(**view.model_dump())

    def _show(self, desk: FakeDesk, builder: DraftBuilder) -> None:
        known = {field.key for field in self.pack.form.fields}
        fields = {key: view for key, view in builder.fields().items() if key in known}
        desk.publish(draft=DraftView(call_id=self.call_id, version=1, fields=fields))


def earlier(desk: FakeDesk, now: datetime, line_name: str) -> None:
    """What the agent has done before: one call done, one whose ticket waits."""
    desk.tickets["TS2026010900031"] = TicketView(
        number="TS2026010900031",
        call_id=None,
        state="dispatched",
        created_at=now - timedelta(days=3),
        agent="8031",
        fields={"title": "小区东门垃圾桶无人清运"},
    )
    for number, (minutes, caller, ticket) in enumerate(
        ((31, "15422609033", "TS2026011200007"), (12, "15463072281", None))
    ):
        name = f"call-{number}"
        at = now - timedelta(minutes=minutes)
        desk.publish(
            call=a_call(
                name,
                state=CallState.ENDED,
                caller_number=caller,
                line_name=line_name,
                arrived_at=at,
                connected_at=at,
                ended_at=at + timedelta(minutes=4),
            )
        )
        desk.publish(draft=a_draft(name).model_copy(update={"submitted": ticket}))


async def picture(target: Path, dialogue: str, size: tuple[int, int]) -> None:
    pack = load_pack(ROOT / "cities" / "tangshan")
    turns = json.loads((HERE / "data" / f"{dialogue}.json").read_text(encoding="utf-8"))["turns"]
    desk = FakeDesk()
    now = datetime.now(UTC)
    desk.system = desk.system.model_copy(update={"engine": "whisper"})
    desk.agents["8026"] = desk.agents["8026"].model_copy(update={"state": "talking"})
    earlier(desk, now, pack.main_line.name)
    async with (
        serve_console(desk, form=pack.form) as served,
        chromium() as browser,
        console_page(browser, served, size=size) as page,
    ):
        Scene(pack, turns).play(served.desk, now - timedelta(seconds=turns[-1]["end"]))
        await page.locator("[data-partial]").wait_for()
        await page.locator("#field-contact_phone").focus()
        await page.screenshot(path=target)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    width, height = (int(part) for part in arguments[2:4] or ("1366", "768"))
    asyncio.run(picture(Path(arguments[0]), (arguments[1:2] or ["D1"])[0], (width, height)))
