"""The runtime as a machine: every key, every silence, and a person on every path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.ivr.effects import HangUp, NoDecision, Rated, ReadKey, Route, Say
from pbx.ivr.model import ALL_KEYS, Flow
from pbx.ivr.walk import MAX_KEYS, MAX_QUEUES, MAX_STEPS, Journey, Walker
from tests.pbx.ivr.flows import PACK, drive, flow, shipped

MAIN = PACK.main_line
KEYS = st.sampled_from([None, *ALL_KEYS, "A"])


def walker(a_flow: Flow, line=MAIN, journey: Journey | None = None) -> Walker:
    return Walker(a_flow, line, PACK, journey or Journey())


def line(key: str):
    return next(line for line in PACK.lines if line.key == key)


def queue_of(decision) -> str:
    assert isinstance(decision, Route)
    return decision.queue


# ---- the shipped main flow: [answers to greeting, emergency hint, menu ...]


@pytest.mark.parametrize(
    ("answers", "queue", "keys", "enterprise"),
    [
        ([], MAIN.queue, "", False),
        ([None, None, "0"], MAIN.queue, "0", False),
        ([None, None, "2"], "enterprise", "2", True),
        ([None, "2"], "enterprise", "2", True),
        (["2"], "enterprise", "2", True),
        ([None, "0"], MAIN.queue, "0", False),
        (["0"], MAIN.queue, "0", False),
        ([None, None, "7"], MAIN.queue, "7", False),
        ([None, None, "7", "2"], "enterprise", "72", True),
        ([None, None, "7", "*"], MAIN.queue, "7*", False),
        (["#", None], MAIN.queue, "#", False),
        (["9", "2"], "enterprise", "92", True),
        ([None, None, "A", "2"], "enterprise", "2", True),  # some telephones have a fourth column
    ],
)
def test_the_main_line_leads_each_key_where_it_says(answers, queue, keys, enterprise):
    walk = walker(shipped("main"))
    _, decision = drive(walk.begin(), answers)
    assert queue_of(decision) == queue
    assert (walk.journey.keys, walk.journey.enterprise) == (keys, enterprise)


def test_the_recording_notice_comes_first_and_then_the_emergency_hint():
    effects, _ = drive(walker(shipped("main")).begin())
    assert effects == [
        Say(("greeting",), ALL_KEYS, whole=True),
        Say(("emergency_hint",), ALL_KEYS),
        ReadKey(("menu_2", "menu_0"), ALL_KEYS, 3.0),
    ]


@pytest.mark.parametrize("key", ["0", "2"])
def test_a_key_pressed_during_the_notice_leads_on_without_hint_and_menu(key):
    effects, _ = drive(walker(shipped("main")).begin(), [key])
    assert effects == [Say(("greeting",), ALL_KEYS, whole=True)]


@pytest.mark.parametrize("name", ["main", "enterprise", "merged"])
def test_no_key_cuts_the_recording_notice_short(name):
    effects, _ = drive(walker(shipped(name)).begin())
    assert effects[0] == Say(("greeting",), ALL_KEYS, whole=True)


def test_the_first_key_counts_and_what_may_not_be_cut_is_played_all_the_same():
    steps = """
    hello: {do: say, prompts: [greeting], barge_in: false, next: more}
    more: {do: say, prompts: [emergency_hint], barge_in: false, next: ask}
    ask: {do: menu, prompts: [menu_2], keys: {1: desk, 2: people}}
    desk: {do: queue, queue: enterprise}
    """
    effects, decision = drive(walker(flow(steps)).begin(), ["1", "2"])
    assert [effect.prompts for effect in effects] == [("greeting",), ("emergency_hint",)]
    assert queue_of(decision) == "enterprise"


@pytest.mark.parametrize("merged", [line for line in PACK.lines if line.flow == "merged"])
def test_a_merged_hotline_leads_to_its_own_queue_without_a_key(merged):
    effects, decision = drive(walker(shipped("merged"), merged).begin())
    assert queue_of(decision) == merged.queue
    assert all(isinstance(effect, Say) for effect in effects)


def test_the_priority_is_the_queues_unless_the_step_says_otherwise():
    steps = "hello: {do: queue, queue: enterprise, priority: 77}"
    _, decision = drive(walker(flow(steps)).begin())
    assert decision == Route("enterprise", 77, None, None)
    _, decision = drive(walker(shipped("main")).begin(), ["2"])
    assert decision == Route("enterprise", PACK.queue("enterprise").priority, 90, "enterprise_desk")


@given(st.sampled_from(PACK.lines), st.lists(KEYS, max_size=12))
def test_whatever_a_caller_presses_he_reaches_a_person(a_line, answers):
    _, decision = drive(walker(shipped(a_line.flow), a_line).begin(), answers)
    assert decision.queue in {queue.key for queue in PACK.queues}


# ---- the rules of each step


MENU = """
hello:
  do: menu
  prompts: [greeting]
  keys: {1: desk, "*": hello}
  tries: 3
desk: {do: queue, queue: enterprise}
"""


def test_an_unquoted_key_is_the_key_that_was_meant():
    assert queue_of(drive(walker(flow(MENU)).begin(), ["1"])[1]) == "enterprise"


@pytest.mark.parametrize(("tries", "asked"), [(["7"], 2), (["7", "8"], 3), (["7", "8", "9"], 3)])
def test_wrong_keys_are_counted_and_then_a_person_comes(tries, asked):
    effects, decision = drive(walker(flow(MENU)).begin(), tries)
    assert len(effects) == asked
    assert queue_of(decision) == MAIN.queue


@pytest.mark.parametrize(("answers", "queue"), [([], "human_resources"), (["7"], "enterprise")])
def test_silence_and_wrong_keys_can_have_ways_of_their_own(answers, queue):
    steps = """
    hello: {do: menu, prompts: [greeting], keys: {1: people}, tries: 1,
            no_input: silent, no_match: wrong}
    silent: {do: queue, queue: human_resources}
    wrong: {do: queue, queue: enterprise}
    """
    assert queue_of(drive(walker(flow(steps)).begin(), answers)[1]) == queue


def test_only_zero_interrupts_a_menu_without_barge_in():
    steps = "hello: {do: menu, prompts: [menu_2], keys: {1: people}, barge_in: false}"
    effects, _ = drive(walker(flow(steps)).begin())
    assert effects == [ReadKey(("menu_2",), "0", 3.0)]


def test_zero_during_a_prompt_is_a_person_at_once_and_not_in_the_next_menu_only():
    steps = """
    hello: {do: say, prompts: [greeting], next: more}
    more: {do: say, prompts: [emergency_hint], next: desk}
    desk: {do: queue, queue: enterprise}
    """
    walk = walker(flow(steps))
    effects, decision = drive(walk.begin(), ["0"])
    assert len(effects) == 1
    assert queue_of(decision) == MAIN.queue
    assert walk.journey.keys == "0"


@pytest.mark.parametrize(("a_line", "queue"), [("market", "enterprise"), ("main", "common")])
def test_ways_part_by_source_line(a_line, queue):
    steps = """
    hello: {do: by_line, lines: {market: desk}, otherwise: people}
    desk: {do: queue, queue: enterprise}
    """
    assert queue_of(drive(walker(flow(steps), line(a_line)).begin())[1]) == queue


def test_a_caller_who_presses_keys_in_circles_gets_a_person():
    effects, decision = drive(walker(flow(MENU)).begin(), ["*"] * (2 * MAX_STEPS))
    assert queue_of(decision) == MAIN.queue
    assert len(effects) == MAX_STEPS


def test_only_so_many_keys_are_kept():
    walk = walker(flow(MENU))
    drive(walk.begin(), ["*"] * (2 * MAX_STEPS))
    assert walk.journey.keys == "*" * MAX_KEYS


def test_two_full_queues_that_lead_to_each_other_do_not_spin():
    steps = """
    hello: {do: queue, queue: common, after: {full: other}}
    other: {do: queue, queue: enterprise, after: {full: hello}}
    """
    a_flow, journey = flow(steps), Journey()
    step, decision = "hello", drive(walker(a_flow, journey=journey).begin())[1]
    for _ in range(MAX_QUEUES - 1):
        assert isinstance(decision, Route)
        step = decision.resume_step
        decision = drive(walker(a_flow, journey=journey).resume(step, "FULL"))[1]
    assert isinstance(decision, Route)
    last = drive(walker(a_flow, journey=journey).resume(step, "FULL"))[1]
    assert last == NoDecision("flow_exhausted")


# ---- after a queue


AFTER = """
hello:
  do: queue
  queue: enterprise
  timeout_seconds: 30
  after: {talk_ended: rating, timeout: a, full: b, join_empty: c, leave_empty: d}
rating: {do: rate, prompts: [rating], tries: 2}
a: {do: queue, queue: human_resources}
b: {do: queue, queue: medical_insurance}
c: {do: queue, queue: housing_fund}
d: {do: queue, queue: common}
"""


@pytest.mark.parametrize(
    ("status", "queue"),
    [
        ("TIMEOUT", "human_resources"),
        ("FULL", "medical_insurance"),
        ("JOINEMPTY", "housing_fund"),
        ("JOINUNAVAIL", "housing_fund"),
        ("LEAVEEMPTY", "common"),
        ("LEAVEUNAVAIL", "common"),
    ],
)
def test_a_queue_that_ends_leads_on_by_its_status(status, queue):
    assert queue_of(drive(walker(flow(AFTER)).resume("hello", status))[1]) == queue


@pytest.mark.parametrize("status", ["", "WITHDRAW", "something new"])
def test_an_unknown_status_leaves_the_caller_to_the_people(status):
    decision = drive(walker(flow(AFTER)).resume("hello", status))[1]
    assert decision == NoDecision("flow_no_way_on")


@pytest.mark.parametrize("step", ["a", "rating", "gone"])
def test_a_step_that_names_no_way_on_leaves_the_caller_to_the_people(step):
    assert isinstance(drive(walker(flow(AFTER)).resume(step, "TIMEOUT"))[1], NoDecision)
    assert drive(walker(flow(AFTER)).resume(step, "CONTINUE"))[1] == HangUp()


@pytest.mark.parametrize(
    ("answers", "rated", "asked"),
    [
        (["1"], "1", 1),
        (["5"], "5", 1),
        (["9", "3"], "3", 2),
        (["9", "9", "3"], None, 2),
        ([], None, 1),
        (["9"], None, 2),
    ],
)
def test_after_the_talk_the_caller_rates_and_the_call_ends(answers, rated, asked):
    effects, decision = drive(walker(flow(AFTER)).resume("hello", "CONTINUE"), answers)
    assert decision == HangUp()
    assert [effect for effect in effects if isinstance(effect, Rated)] == [
        Rated(key) for key in [rated] if key
    ]
    assert sum(isinstance(effect, ReadKey) for effect in effects) == asked


def test_zero_instead_of_a_rating_is_a_person():
    effects, decision = drive(walker(flow(AFTER)).resume("hello", "CONTINUE"), ["0"])
    assert queue_of(decision) == MAIN.queue
    assert not any(isinstance(effect, Rated) for effect in effects)


def test_a_flow_may_end_the_call_after_the_talk():
    steps = """
    hello: {do: queue, queue: common, after: {talk_ended: bye}}
    bye: {do: hang_up}
    """
    assert drive(walker(flow(steps)).resume("hello", "CONTINUE")) == ([], HangUp())
