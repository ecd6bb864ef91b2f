"""A whole call over AGI, Asterisk's side played by the test: what is heard, decided, recorded."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.calls import CallArrived, CallFact, CallRated, FlowTaken
from core.pack.model import CityPack
from pbx.agi.server import AgiLimits, AgiServer
from pbx.ivr.agi_runner import IvrRunner
from pbx.ivr.book import FlowBook, FlowVersion
from pbx.ivr.prompts import PromptBook
from tests.pbx.agi.fake_asterisk import CALL_ID, DEADLINE, call_to, environment
from tests.pbx.ivr.flows import FLOWS, PACK, PROMPTS, flow, shipped

WATCHDOG = 8
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NOTHING_SET: dict[str, str] = {}
COMMAND = re.compile(r'([A-Z ]+?)(?: "(.*)")?')


class StillClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@dataclass
class Facts:
    """A store that can be slow (``gate`` closed) or broken."""

    kept: list[CallFact] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    broken: bool = False

    def __post_init__(self) -> None:
        self.gate.set()

    async def record(self, fact: CallFact) -> None:
        await self.gate.wait()
        if self.broken:
            raise RuntimeError(f"disk full at {fact}")
        self.kept.append(fact)


@dataclass
class Caller:
    """A caller at an Asterisk: ``presses`` one key (or None) per prompt or wait.

    ``odd`` may answer a command in its own way; ``leaves_at`` closes instead of that reply.
    """

    presses: list[str | None] = field(default_factory=list)
    dialled: str = "12345"
    status: str = ""
    odd: Callable[[str], str | None] = lambda command: None
    leaves_at: int | None = None
    commands: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    async def call(self, port: int, **env: str) -> Caller:
        async with call_to(port, environment(**env)) as asterisk:
            while command := await asterisk.command():
                if len(self.commands) == self.leaves_at:
                    asterisk.leave()
                    return self
                self.commands.append(command)
                asterisk.send((self.odd(command) or self.reply(command)) + "\n")
        return self

    def reply(self, command: str) -> str:
        match = COMMAND.fullmatch(command)
        assert match is not None
        verb, arguments = match[1], (match[2] or "").split('" "')
        if verb == "GET FULL VARIABLE":
            return f"200 result=1 ({self.dialled}|1795394247.0|{self.status})"
        if verb == "EXEC":
            pairs = arguments[1].split(",")
            self.variables = dict(pair.split("=", 1) for pair in pairs)
            return "200 result=0"
        if verb in ("STREAM FILE", "GET OPTION", "WAIT FOR DIGIT"):
            key = self.presses.pop(0) if self.presses else None
            heard = key is not None and (verb == "WAIT FOR DIGIT" or key in arguments[1])
            return f"200 result={ord(key) if heard else 0} endpos=800"
        return "200 result=0"

    @property
    def verbs(self) -> list[str]:
        return [COMMAND.fullmatch(command)[1] for command in self.commands]

    @property
    def decided(self) -> tuple[str, str, str, str]:
        return tuple(
            self.variables[f"HOTLINE_{name}"] for name in ("ACTION", "QUEUE", "PRIORITY", "TIMEOUT")
        )


class Site:
    """A FastAGI server with the shipped flows."""

    def __init__(
        self,
        pack: CityPack = PACK,
        prompts: PromptBook = PROMPTS,
        fact_seconds: float = DEADLINE,
        command_seconds: float = DEADLINE,
        flows: tuple[str, ...] = ("main", "enterprise", "merged"),
    ) -> None:
        self.facts = Facts()
        self.book = FlowBook(FlowVersion.of(shipped(name)) for name in flows)
        self.runner = IvrRunner(
            self.book, pack, prompts, self.facts, StillClock(), WATCHDOG, fact_seconds
        )
        self.server = AgiServer(
            self.runner, "127.0.0.1", 0, AgiLimits(command_seconds=command_seconds)
        )

    async def __aenter__(self) -> Site:
        await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.close()

    async def call(self, caller: Caller, **env: str) -> Caller:
        return await caller.call(self.server.port, **env)

    async def resume(self, token: str, status: str, *presses: str | None, **odd) -> Caller:
        caller = Caller(list(presses), status=status, **odd)
        return await self.call(caller, agi_arg_2=token)


async def one_call(caller: Caller | None = None, **env: str) -> tuple[Caller, list[CallFact]]:
    """A call at a site of its own, and the facts it left."""
    async with Site() as site:
        caller = await site.call(caller or Caller(), **env)
    return caller, site.facts.kept


# ---- decisions


async def test_a_silent_caller_goes_to_a_person_of_the_main_line():
    caller, facts = await one_call()
    assert caller.decided == ("queue", PACK.main_line.queue, "0", "")
    assert facts == [
        CallArrived(
            call_id=CALL_ID,
            at=NOW,
            dialled="12345",
            source_line="main",
            caller_number="15400000001",
            caller_name=None,
            channel="PJSIP/carrier-00000001",
            linkedid="1795394247.0",
        ),
        FlowTaken(CALL_ID, NOW, "main", "", PACK.main_line.queue, False),
    ]


async def test_key_2_is_the_enterprise_line():
    caller, facts = await one_call(Caller(["2"]))
    assert caller.decided == ("queue", "enterprise", "10", "90")
    assert facts[1] == FlowTaken(CALL_ID, NOW, "main", "2", "enterprise", True)


async def test_a_merged_hotline_leads_to_the_queue_of_the_dialled_number():
    caller, facts = await one_call(Caller(dialled="12333"))
    assert caller.decided[:2] == ("queue", "human_resources")
    assert facts[0].source_line == "human_resources"
    assert facts[1].flow == "merged"


async def test_the_enterprise_number_speaks_for_an_enterprise_without_a_key():
    caller, facts = await one_call(Caller(dialled="0315123456"))
    assert caller.decided[1] == "enterprise"
    assert facts[1] == FlowTaken(CALL_ID, NOW, "enterprise", "", "enterprise", True)


async def test_an_unknown_number_is_the_main_line():
    caller, facts = await one_call(Caller(dialled="99999"))
    assert caller.decided[1] == PACK.main_line.queue
    assert facts[0].dialled == "99999"


async def test_a_call_takes_no_needless_round_trips():
    caller, _ = await one_call()
    assert caller.verbs == [
        "GET FULL VARIABLE",
        *("SET AUTOHANGUP", "STREAM FILE"),  # greeting
        *("SET AUTOHANGUP", "STREAM FILE"),  # emergency hint
        *("SET AUTOHANGUP", "STREAM FILE"),  # enterprise: key 2
        *("SET AUTOHANGUP", "GET OPTION"),  # a person: key 0, and the wait
        "EXEC",
    ]


@pytest.mark.parametrize(("key", "queue"), [("0", PACK.main_line.queue), ("2", "enterprise")])
async def test_a_key_during_the_notice_acts_after_the_whole_of_it(key, queue):
    caller, _ = await one_call(Caller([key, "9"]))
    assert caller.verbs == [
        "GET FULL VARIABLE",
        *("SET AUTOHANGUP", "STREAM FILE"),  # up to the key
        *("SET AUTOHANGUP", "STREAM FILE"),  # and from there, deaf
        "EXEC",
    ]
    up_to, onward = [command for command in caller.commands if "STREAM" in command]
    path = PROMPTS.find("greeting").path
    assert (up_to, onward) == (
        f'STREAM FILE "{path}" "0123456789*#"',
        f'STREAM FILE "{path}" "" "800"',
    )
    assert caller.decided[1] == queue


async def test_the_first_key_counts_through_all_prompts_that_may_not_be_cut():
    notice = flow("""
        hello: {do: say, prompts: [greeting, emergency_hint], barge_in: false, next: ask}
        ask: {do: menu, prompts: [menu_2], keys: {2: desk}}
        desk: {do: queue, queue: enterprise}
    """)
    async with Site() as site:
        site.book.publish([FlowVersion.of(notice.model_copy(update={"flow": "main"}))])
        caller = await site.call(Caller(["2", None, "0"]))
    played = [command.split('"')[1:] for command in caller.commands if "STREAM" in command]
    assert [(Path(path).name, *rest) for path, *rest in played] == [
        ("greeting", " ", "0123456789*#", ""),
        ("greeting", " ", "", " ", "800", ""),
        ("emergency_hint", " ", "", ""),
    ]
    assert caller.decided[1] == "enterprise"


async def test_the_watchdog_is_always_ahead_of_what_the_caller_hears():
    caller, _ = await one_call()
    pushes = [command for command in caller.commands if command.startswith("SET AUTOHANGUP")]
    seconds = [PROMPTS.find(name).seconds for name in ("greeting", "emergency_hint", "menu_2")]
    seconds.append(PROMPTS.find("menu_0").seconds + 3)
    for push, least in zip(pushes, seconds, strict=True):
        assert least + WATCHDOG <= int(push.split('"')[1]) < least + WATCHDOG + 1


async def test_asterisk_is_told_paths_without_extension():
    caller, _ = await one_call()
    played = [command.split('"')[1] for command in caller.commands if "STREAM" in command]
    assert [Path(path).name for path in played] == ["greeting", "emergency_hint", "menu_2"]
    assert played[0] == str((FLOWS / "prompts/zh/greeting").absolute())


# ---- who calls


@pytest.mark.parametrize(
    ("number", "presentation", "known"),
    [
        ("15400000001", "0", "15400000001"),
        ("+8615400000001", "0", "+8615400000001"),
        ("15400000001", "35", None),  # restricted, though the network told us
        ("15400000001", "67", None),  # unavailable
        ("15400000001", "", None),
        ("unknown", "0", None),
        ("anonymous", "0", None),
        ("", "0", None),
        ("1540000*001", "0", None),
        ("٠٣١٥١٢٣٤٥", "0", None),
        ("1" * 500, "0", None),
    ],
)
async def test_a_number_that_is_withheld_or_none_is_no_number(number, presentation, known):
    _, facts = await one_call(agi_callerid=number, agi_callingpres=presentation)
    assert facts[0].caller_number == known


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("张三", "张三"),
        ("unknown", None),
        ("", None),
        ("  ", None),
        ("🙂 a\x1b[31m\x7f", "🙂 a[31m"),
        ("x" * 500, "x" * 80),
    ],
)
async def test_a_caller_name_is_kept_printable_and_short(name, known):
    _, facts = await one_call(agi_calleridname=name)
    assert facts[0].caller_name == known


@pytest.mark.parametrize(("number", "presentation"), [("15400000001", "35"), ("", "0")])
async def test_a_withheld_number_takes_the_name_with_it(number, presentation):
    names = {"agi_callerid": number, "agi_calleridname": "Anonymous"}
    _, facts = await one_call(**names, agi_callingpres=presentation)
    assert facts[0].caller_name is None


async def test_a_caller_name_with_line_breaks_goes_to_the_people(caplog):
    caller, facts = await one_call(agi_calleridname="x\r\nagi_arg_2: forged")
    assert caller.commands == []
    assert facts == []
    assert [record.getMessage() for record in caplog.records] == [
        "agi_protocol: an AGI session ended early"
    ]


@pytest.mark.parametrize("call_id", ["", "x", "'; drop", CALL_ID + "0"])
async def test_a_session_without_a_call_id_is_let_go(call_id, caplog):
    caller, facts = await one_call(agi_arg_1=call_id)
    assert (caller.commands, facts) == ([], [])
    assert "agi_call_unknown" in caplog.text


async def test_a_dialplan_that_sets_no_dialled_number_is_read_from_the_extension():
    _, facts = await one_call(Caller(dialled=""), agi_extension="12333")
    assert facts[0].dialled == "12333"


# ---- after the queue


async def token_of(site: Site, *presses: str | None) -> str:
    caller = await site.call(Caller(list(presses)))
    return caller.variables["HOTLINE_RESUME"]


async def test_after_the_talk_the_caller_rates_and_the_call_ends():
    async with Site() as site:
        token = await token_of(site)
        site.facts.kept.clear()
        caller = await site.resume(token, "CONTINUE", "1")
    assert caller.decided == ("hangup", "", "", "")
    assert caller.variables["HOTLINE_RESUME"] == ""
    assert site.facts.kept == [CallRated(CALL_ID, NOW, "1")]


async def test_an_overflow_keeps_what_the_caller_pressed():
    async with Site() as site:
        token = await token_of(site, "2")
        site.facts.kept.clear()
        caller = await site.resume(token, "TIMEOUT")
    assert caller.decided[:2] == ("queue", PACK.main_line.queue)
    assert site.facts.kept == [FlowTaken(CALL_ID, NOW, "main", "2", PACK.main_line.queue, True)]


async def test_a_call_goes_on_in_the_flow_it_started_with():
    async with Site() as site:
        token = await token_of(site)
        changed = shipped("main").model_copy(update={"start": "choose"})
        steps = {name: step for name, step in changed.steps.items() if name != "rating"}
        site.book.publish([FlowVersion.of(changed.model_copy(update={"steps": steps}))])
        caller = await site.resume(token, "CONTINUE")
    assert "rating" in caller.commands[2]


async def test_a_call_goes_on_after_a_restart_of_the_backend():
    async with Site() as site:
        token = await token_of(site)
    async with Site() as restarted:
        caller = await restarted.resume(token, "CONTINUE", "5")
    assert restarted.facts.kept == [CallRated(CALL_ID, NOW, "5")]
    assert caller.decided[0] == "hangup"


@pytest.mark.parametrize("token", ["x", "main:000000000000:people:1:0:", "gone:0:x", "\x01"])
async def test_an_unknown_token_is_no_decision_and_so_a_person(token):
    async with Site() as site:
        caller = await site.resume(token, "TIMEOUT")
    assert caller.variables == NOTHING_SET
    assert caller.verbs == ["GET FULL VARIABLE"]


async def test_an_unknown_token_after_the_talk_ends_the_call():
    async with Site() as site:
        caller = await site.resume("main:000000000000:people:1:0:", "CONTINUE")
    assert caller.decided[0] == "hangup"


# ---- trouble: no decision, so the dialplan leads the caller to people


ROUND_TRIPS = 10


def left_alone(caller: Caller) -> bool:
    return caller.variables == NOTHING_SET


@pytest.mark.parametrize("stage", range(ROUND_TRIPS))
async def test_a_caller_who_leaves_at_any_stage_is_no_trouble(stage, caplog):
    caller, facts = await one_call(Caller(leaves_at=stage))
    assert left_alone(caller)
    assert [type(fact) for fact in facts] == [CallArrived][: stage and 1]
    assert all(record.levelno <= logging.INFO for record in caplog.records)


@pytest.mark.parametrize("reply", ["HANGUP", "511 dead", "200 result=-1 endpos=5\nHANGUP"])
@pytest.mark.parametrize("stage", range(1, ROUND_TRIPS - 1))
async def test_every_way_of_hanging_up_at_every_stage_ends_the_session(stage, reply, caplog):
    count = iter(range(ROUND_TRIPS))
    caller = Caller(odd=lambda _: reply if next(count) == stage else None)
    caller, facts = await one_call(caller)
    assert len(caller.commands) == stage + 1
    assert left_alone(caller)
    assert [type(fact) for fact in facts] == [CallArrived]
    assert all(record.levelno <= logging.INFO for record in caplog.records)


@pytest.mark.parametrize("reply", ["510 Invalid", "520-Usage\nx\n520 End", "garbage", "200 ok"])
@pytest.mark.parametrize("stage", [0, 1, 2, 8])
async def test_any_wrong_reply_at_any_stage_is_no_decision(stage, reply, caplog):
    count = iter(range(ROUND_TRIPS))
    caller, _ = await one_call(Caller(odd=lambda _: reply if next(count) == stage else None))
    assert left_alone(caller)
    assert f"no decision on call {CALL_ID}" in caplog.text


async def test_an_asterisk_that_answers_no_more_is_given_up(caplog):
    async with Site(command_seconds=0.05) as site, call_to(site.server.port, environment()) as call:
        await call.command()
        await call.closed()
    assert f"agi_timeout: no decision on call {CALL_ID}" in caplog.text


async def test_variables_of_another_form_are_no_decision(caplog):
    caller, _ = await one_call(Caller(odd=lambda _: "200 result=1 (12345)"))
    assert left_alone(caller)
    assert "agi_protocol" in caplog.text


async def test_a_line_whose_flow_cannot_be_used_goes_to_the_people(caplog):
    async with Site(flows=()) as site:
        caller = await site.call(Caller())
    assert left_alone(caller)
    assert [type(fact) for fact in site.facts.kept] == [CallArrived]
    assert "flow_unknown" in caplog.text


async def test_a_fault_in_the_runtime_goes_to_the_people_and_names_no_caller(caplog):
    steps = "hello: {do: queue, queue: no_such_queue}"
    broken = flow(steps).model_copy(update={"flow": "main"})
    async with Site() as site:
        site.book.publish([FlowVersion.of(broken)])
        caller = await site.call(Caller())
    assert left_alone(caller)
    [record] = caplog.records
    assert re.fullmatch(
        rf"flow_failed: no decision on call {CALL_ID}: KeyError at model.py:[0-9]+",
        record.getMessage(),
    )


async def test_no_log_line_holds_what_a_caller_said_or_pressed(caplog):
    caplog.set_level(logging.DEBUG, "pbx")
    secrets = {"agi_callerid": "15400009876", "agi_calleridname": "张三"}
    count = iter(range(2 * ROUND_TRIPS))
    async with Site() as site:
        site.facts.broken = True
        await site.call(Caller(["7", "2"]), **secrets)
        await site.call(Caller(leaves_at=3), **secrets)
        await site.call(Caller(odd=lambda _: "x" if next(count) == 4 else None), **secrets)
        await site.call(Caller(odd=lambda _: "200 result=0"), **secrets)
    lines = "\n".join(record.getMessage() for record in caplog.records)
    assert CALL_ID in lines
    assert not re.search("15400009876|9876|张三", lines)


# ---- prompts that cannot be heard


async def test_a_missing_prompt_is_logged_and_the_step_goes_on(caplog):
    kept = {name: PROMPTS.find(name) for name in PROMPTS.names - {"greeting", "menu_0"}}
    async with Site(prompts=PromptBook(kept)) as site:
        caller = await site.call(Caller([None, None, "2"]))
    assert caller.decided[1] == "enterprise"
    assert caller.verbs[-3:] == ["SET AUTOHANGUP", "WAIT FOR DIGIT", "EXEC"]
    assert [record.getMessage() for record in caplog.records] == [
        "prompt_missing: greeting is not there, the step goes on",
        "prompt_missing: menu_0 is not there, the step goes on",
    ]


async def test_a_prompt_that_asterisk_cannot_play_is_logged_and_the_step_goes_on(caplog):
    def unplayable(command: str) -> str | None:
        return "200 result=-1 endpos=0" if re.search("greeting|menu_0", command) else None

    caller, _ = await one_call(Caller([None, None, "2"], odd=unplayable))
    assert caller.decided[1] == "enterprise"
    assert caller.verbs[-3:] == ["SET AUTOHANGUP", "WAIT FOR DIGIT", "EXEC"]
    assert [record.getMessage() for record in caplog.records] == [
        "prompt_missing: Asterisk cannot play greeting",
        "prompt_missing: Asterisk cannot play menu_0",
    ]


async def test_a_menu_without_barge_in_hears_every_key_after_its_prompts():
    menu = flow("""
        hello: {do: menu, prompts: [menu_2], keys: {2: desk}, barge_in: false}
        desk: {do: queue, queue: enterprise}
    """)
    async with Site() as site:
        site.book.publish([FlowVersion.of(menu.model_copy(update={"flow": "main"}))])
        during = await site.call(Caller(["2"]))
        after = await site.call(Caller([None, "2"]))
        person = await site.call(Caller(["0"]))
    assert [call.decided[1] for call in (during, after, person)] == [
        PACK.main_line.queue,
        "enterprise",
        PACK.main_line.queue,
    ]
    assert "WAIT FOR DIGIT" not in person.verbs


# ---- facts never stand in the caller's way


async def test_a_store_that_hangs_does_not_delay_the_caller(caplog):
    async with Site(fact_seconds=0.05) as site:
        site.facts.gate.clear()
        caller = await site.call(Caller(["0"]))
        assert caller.decided[0] == "queue"
    assert site.facts.kept == []
    assert [record.getMessage() for record in caplog.records] == [
        f"fact_not_recorded: CallArrived of call {CALL_ID} (late)",
        f"fact_not_recorded: FlowTaken of call {CALL_ID} (late)",
    ]


async def test_the_caller_goes_on_before_a_slow_store_is_done():
    async with Site() as site:
        site.facts.gate.clear()
        caller = await site.call(Caller(["0"]))  # returns when the connection is closed
        assert caller.decided[0] == "queue"
        assert site.facts.kept == []
        site.facts.gate.set()
    assert [type(fact) for fact in site.facts.kept] == [CallArrived, FlowTaken]


async def test_a_broken_store_does_not_break_the_call(caplog):
    async with Site() as site:
        site.facts.broken = True
        caller = await site.call(Caller(["0"]))
    assert caller.decided[0] == "queue"
    assert [record.getMessage() for record in caplog.records] == [
        f"fact_not_recorded: CallArrived of call {CALL_ID} (RuntimeError)",
        f"fact_not_recorded: FlowTaken of call {CALL_ID} (RuntimeError)",
    ]


async def test_many_calls_at_once_do_not_mix():
    async with Site() as site:
        keys = ["2", "0", "7"] * 10
        callers = await asyncio.gather(
            *(
                site.call(Caller([key]), agi_arg_1=f"{number:08d}-0000-4000-8000-000000000000")
                for number, key in enumerate(keys)
            )
        )
    assert [caller.decided[1] == "enterprise" for caller in callers] == [k == "2" for k in keys]
    assert len({fact.call_id for fact in site.facts.kept}) == len(keys)
