"""The page's reducer by itself: pure functions, run in the browser that will run them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

from core.calls import CallState
from core.views import AgentView, FieldView, SnapshotView, SystemView, TicketView
from tests.agent_console.browser import chromium
from tests.agent_console.conftest import serve_console
from tests.agent_console.fakes import START, a_call, a_draft, a_segment

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

# Every state on the way is frozen: a reducer that writes into it throws.
RUN = """async (actions) => {
  const { empty, reduce } = await import("/state.js");
  const frozen = (thing) => {
    if (thing && typeof thing === "object") {
      Object.values(thing).forEach(frozen);
      Object.freeze(thing);
    }
    return thing;
  };
  return frozen(actions).reduce((state, action) => frozen(reduce(state, action)), frozen(empty()));
}"""

Action = dict[str, Any]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def page() -> AsyncIterator[Page]:
    async with serve_console() as served, chromium() as browser:
        page = await browser.new_page()
        await page.goto(f"{served.base}/")
        yield page


async def run(page: Page, *actions: Action) -> dict[str, Any]:
    return await page.evaluate(RUN, list(actions))  # type: ignore[no-any-return]


def log_in(agent: str = "8026") -> Action:
    viewer = {"agent": agent, "name": "王座席", "role": "agent"}
    return {"type": "logged-in", "viewer": viewer, "form": []}


def event(cursor: int = 1, **payload: Any) -> Action:
    ((kind, view),) = payload.items()
    happened = {"cursor": cursor, "kind": kind, kind: view.model_dump(mode="json")}
    return heard(type="event", cursor=cursor, previous=cursor - 1, event=happened)


def partial(segment: Any) -> Action:
    happened = {"cursor": 0, "kind": "partial", "segment": segment.model_dump(mode="json")}
    return heard(type="passing", event=happened)


def told(call: Any) -> Action:
    happened = {"cursor": 0, "kind": "call", "call": call.model_dump(mode="json")}
    return heard(type="passing", event=happened)


def heard(**message: Any) -> Action:
    return {"type": "message", "message": message}


def snapshot(cursor: int = 9, **parts: Any) -> Action:
    known: dict[str, Any] = {"calls": (), "segments": (), "drafts": (), "agents": ()}
    view = SnapshotView(
        cursor=cursor, system=SystemView(ami="up", engine=None), **{**known, **parts}
    )
    return heard(type="snapshot", snapshot=view.model_dump(mode="json"))


def edit(text: str, call: str = "call-1") -> Action:
    return {"type": "edit", "call": call, "field": "title", "text": text}


def saved(text: str, version: int = 2) -> Action:
    draft = a_draft("call-1", version, title=FieldView(value=text, confidence=1, touched=True))
    return {
        "type": "saved",
        "call": "call-1",
        "field": "title",
        "text": text,
        "draft": draft.model_dump(mode="json"),
    }


async def test_a_snapshot_replaces_what_is_known_but_not_what_is_typed(page: Page) -> None:
    state = await run(
        page,
        log_in(),
        event(call=a_call()),
        event(2, call=a_call("call-2")),
        event(3, segment=a_segment(1)),
        edit("写到一半"),
        {"type": "select", "call": "call-2"},
        snapshot(calls=(a_call("call-3"),)),
    )
    assert state["cursor"] == 9
    assert set(state["calls"]) == {"call-1", "call-2", "call-3"}, "typed in, looked at, and new"
    assert state["edits"]["call-1"]["title"]["text"] == "写到一半"
    assert state["selected"] == "call-2"
    state = await run(page, log_in(), event(call=a_call()), event(2, call=a_call("b")), snapshot())
    assert set(state["calls"]) == {state["selected"]}


async def test_a_partial_that_comes_after_its_final_text_changes_nothing(page: Page) -> None:
    state = await run(
        page,
        log_in(),
        event(segment=a_segment(1, text="定稿")),
        partial(a_segment(1, text="半句", final=False)),
    )
    assert state["segments"]["call-1"]["call-1-s1"]["text"] == "定稿"


async def test_a_call_pops_up_before_it_is_stored_and_stays_when_it_is(page: Page) -> None:
    before = (log_in(), event(4, call=a_call("old", state=CallState.ENDED)))
    state = await run(page, *before, told(a_call(open_tickets=None)))
    assert (state["selected"], state["cursor"]) == ("call-1", 4), "not a step of the stored ones"
    assert state["calls"]["call-1"]["open_tickets"] is None
    look = {"type": "select", "call": "old"}
    stored = event(5, call=a_call(open_tickets=("T1",)))
    state = await run(page, *before, told(a_call(open_tickets=None)), look, stored)
    assert state["calls"]["call-1"]["open_tickets"] == ["T1"]
    assert state["selected"] == "old", "it does not pop up twice"


async def test_an_offer_that_passed_on_leaves_unless_something_is_typed(page: Page) -> None:
    offered, missed = told(a_call()), told(a_call(agent=None, state=CallState.QUEUED))
    assert (await run(page, log_in(), offered, missed))["calls"] == {}
    assert "call-1" in (await run(page, log_in(), offered, edit("一"), missed))["calls"]
    again = await run(page, log_in(), offered, missed, told(a_call()))
    assert again["selected"] == "call-1"


async def test_an_older_draft_does_not_replace_a_newer_one(page: Page) -> None:
    state = await run(
        page, log_in(), event(draft=a_draft(version=5)), event(2, draft=a_draft(version=4))
    )
    assert state["drafts"]["call-1"]["version"] == 5


async def test_what_was_typed_while_saving_stays_to_be_saved(page: Page) -> None:
    begin = (log_in(), event(call=a_call()), event(2, draft=a_draft()), edit("一"))
    state = await run(page, *begin, edit("一二"), saved("一"))
    assert state["edits"]["call-1"]["title"]["text"] == "一二"
    state = await run(page, *begin, saved("一"))
    assert state["edits"] == {}
    assert state["drafts"]["call-1"]["fields"]["title"]["value"] == "一"


async def test_another_agent_at_the_same_desk_starts_empty(page: Page) -> None:
    actions = (log_in(), event(call=a_call()), edit("一"), {"type": "session-over"})
    assert "call-1" in (await run(page, *actions, log_in()))["edits"]
    other = await run(page, *actions, log_in("8031"))
    assert (other["calls"], other["edits"], other["cursor"]) == ({}, {}, None)
    assert (await run(page, *actions, {"type": "logged-out"}))["owner"] is None


async def test_a_ringing_call_is_looked_at_unless_the_agent_is_busy(page: Page) -> None:
    ended = event(call=a_call("old", state=CallState.ENDED))
    ringing = event(2, call=a_call("new"))
    assert (await run(page, log_in(), ended, ringing))["selected"] == "new"
    typing = edit("一", call="old")
    assert (await run(page, log_in(), ended, typing, ringing))["selected"] == "old"
    focus = {"type": "cite", "citing": {"call": "old", "field": "title", "focused": True}}
    assert (await run(page, log_in(), ended, focus, ringing))["selected"] == "old"
    talking = event(call=a_call("old", state=CallState.CONNECTED))
    assert (await run(page, log_in(), talking, ringing))["selected"] == "old"


async def test_a_long_day_does_not_fill_the_page(page: Page) -> None:
    day = []
    for number in range(100):
        name = f"call-{number}"
        day += [
            event(draft=a_draft(name).model_copy(update={"submitted": f"T{number}"})),
            event(segment=a_segment(1, name)),
            event(call=a_call(name, state=CallState.ENDED)),
        ]
    state = await run(page, log_in(), *day)
    assert len(state["calls"]) <= 31
    assert len(state["segments"]) <= 32
    assert len(state["drafts"]) <= 32


async def test_a_ticket_of_our_own_is_shown_before_its_event_comes(page: Page) -> None:
    ticket = TicketView(
        number="T1", call_id="call-1", state="registered", created_at=START, agent="1", fields={}
    )
    done = {"type": "submitted", "ticket": ticket.model_dump(mode="json")}
    state = await run(page, log_in(), event(draft=a_draft()), edit("一"), done)
    assert state["drafts"]["call-1"]["submitted"] == "T1"
    assert state["submits"] == {}


names = st.sampled_from(["call-1", "call-2", "call-3"])
numbers = st.integers(0, 3)
actions = st.one_of(
    st.builds(
        lambda name, state, agent: event(call=a_call(name, state=state, agent=agent)),
        names,
        st.sampled_from(list(CallState)),
        st.sampled_from(["8026", "8031", None]),
    ),
    st.builds(lambda name, n: event(segment=a_segment(n, name)), names, st.integers(0, 3)),
    st.builds(lambda name, n: partial(a_segment(n, name, final=False)), names, st.just(1)),
    st.builds(lambda name, version: event(draft=a_draft(name, version)), names, st.integers(0, 5)),
    st.builds(lambda name, text: edit(text, name), names, st.text(max_size=5)),
    st.builds(saved, st.text(max_size=5)),
    st.builds(lambda name: {"type": "select", "call": name}, names),
    st.builds(
        lambda name, agent: told(a_call(name, agent=agent, open_tickets=None)),
        names,
        st.sampled_from(["8026", "8031", None]),
    ),
    st.builds(lambda name: snapshot(calls=(a_call(name),), drafts=(a_draft(name),)), names),
    st.just(event(agent=AgentView(agent="8026", name="王", state="free"))),
    st.just(log_in()),
)


async def test_whatever_happens_the_state_stays_whole(page: Page) -> None:
    days: list[list[Action]] = []

    @given(st.lists(actions, max_size=25))
    @settings(max_examples=80, database=None)
    def collect(day: list[Action]) -> None:
        days.append(day)

    collect()
    for day in days:
        state = await run(page, log_in(), *day)
        selected = state["selected"]
        assert selected is None or selected in state["calls"] or _chosen(day), json.dumps(day)
        typed = [act for act in day if act["type"] == "edit"]
        for call, edits in state["edits"].items():
            last = [act["text"] for act in typed if act["call"] == call][-1]
            assert edits["title"]["text"] == last


def _chosen(day: list[Action]) -> bool:
    """A call may be chosen by hand before it is known."""
    return any(act["type"] == "select" for act in day)
