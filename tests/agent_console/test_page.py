"""The page as an agent uses it, in a real Chromium, against the real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from core.calls import CallState
from core.views import Evidence, FieldView, SystemView
from tests.agent_console.browser import chromium, console_page, log_in
from tests.agent_console.conftest import Running, serve_console, until
from tests.agent_console.fakes import PASSWORD, FakeDesk, a_call, a_draft, a_segment

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

HOSTILE = '<img src=x onerror="document.title=1">\u202egnp\u2066😀&amp;'


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@dataclass
class Desk:
    """An agent at his page, and the hotline behind it."""

    page: Page
    served: Running

    @property
    def hotline(self) -> FakeDesk:
        return self.served.desk

    def field(self, key: str):  # type: ignore[no-untyped-def]
        return self.page.locator(f"#field-{key}")

    def call(self, name: str = "call-1", **change: object) -> None:
        self.hotline.publish(call=a_call(name, **change))

    def draft(self, version: int = 1, name: str = "call-1", **fields: FieldView) -> None:
        known = {
            key: FieldView(value=None, confidence=0)
            for key in ("type", "title", "emergency_transfer")
        }
        self.hotline.publish(draft=a_draft(name, version, **{**known, **fields}))


@pytest.fixture
def at_desk(browser: Browser):  # type: ignore[no-untyped-def]
    @asynccontextmanager
    async def opened(agent: str = "8026", **settings: object) -> AsyncIterator[Desk]:
        async with (
            serve_console(**settings) as served,
            console_page(browser, served, agent) as page,
        ):
            yield Desk(page, served)

    return opened


async def test_log_in_refuses_a_wrong_password_and_takes_the_right_one(browser: Browser) -> None:
    async with serve_console() as served:
        page = await browser.new_page(base_url=served.base)
        await page.goto("/")
        await page.get_by_label("工号").fill("8026")
        await page.get_by_label("密码").fill("wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("工号或密码不正确")
        await log_in(page, "8026", PASSWORD)
        await expect(page.locator("#agent .name")).to_have_text("王座席 8026")
        await page.reload()
        await expect(page.locator("#agent .name")).to_have_text("王座席 8026")
        await page.get_by_role("button", name="退出").click()
        await expect(page.get_by_label("密码")).to_be_visible()
        assert served.desk.tokens == {}
        await page.close()


async def test_a_ringing_call_pops_up_with_the_callers_open_tickets(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(open_tickets=("TS1", "TS2"))
        pop = desk.page.locator("#pop")
        await expect(pop).to_contain_text("来电 154 0723 3195")
        await expect(pop).to_contain_text("唐山12345（拨打 12345）")
        await expect(pop).to_contain_text("未办结工单 2 件")
        await expect(pop).to_have_attribute("role", "alert")
        desk.call(state=CallState.CONNECTED)
        await expect(pop).to_be_hidden()
        await expect(desk.page.locator("#call-head")).to_contain_text("154 0723 3195")


async def test_a_call_pops_up_before_the_desk_has_looked_up_its_tickets(at_desk) -> None:
    async with at_desk() as desk:
        desk.hotline.told(a_call(open_tickets=None))
        pop = desk.page.locator("#pop")
        await expect(pop).to_contain_text("来电 154 0723 3195")
        await expect(pop).to_contain_text("正在查询未办结工单")
        desk.call(open_tickets=())
        await expect(pop).to_contain_text("无未办结工单")


async def test_a_withheld_number_is_told_as_such(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(caller_number=None)
        await expect(desk.page.locator("#pop")).to_contain_text("号码未显示")


async def test_a_partial_is_grey_until_its_final_text_takes_its_place(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED, transcript="live")
        desk.hotline.partial(a_segment(1, text="你好我是", final=False))
        turn = desk.page.locator("#talk .turn")
        await expect(turn).to_have_attribute("data-partial", "true")
        await expect(turn.locator(".words")).to_have_text("你好我是")
        desk.hotline.publish(segment=a_segment(1, text="你好，我是路北区的。"))
        await expect(turn).to_have_count(1)
        await expect(turn.locator(".words")).to_have_text("你好，我是路北区的。")
        assert await turn.get_attribute("data-partial") is None
        desk.hotline.publish(segment=a_segment(0, leg="agent", text="您好，请讲。"))
        await expect(turn.locator(".words")).to_have_text(["您好，请讲。", "你好，我是路北区的。"])


async def test_a_field_shows_where_its_value_comes_from(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED, transcript="live")
        desk.hotline.publish(segment=a_segment(1, text="垃圾没人收，垃圾味儿大"))
        desk.hotline.publish(segment=a_segment(2, text="别的话"))
        quote = Evidence(source="segment", segment_id="call-1-s1", words="垃圾")
        desk.draft(title=FieldView(value="垃圾清运", confidence=0.62, evidence=(quote,)))
        row = desk.page.locator("[data-key=title]")
        await expect(row.locator(".mark")).to_have_text("62%")
        await expect(row).to_have_attribute("data-sure", "no")
        await expect(desk.page.locator("mark")).to_have_count(0)
        await desk.field("title").focus()
        await expect(desk.page.locator("mark")).to_have_text(["垃圾", "垃圾"])
        await expect(desk.page.locator("[data-cited] .words")).to_have_count(1)
        await expect(desk.page.locator("#evidence")).to_have_text("依据：通话 00:01“垃圾”")
        await desk.field("type").focus()
        await expect(desk.page.locator("mark")).to_have_count(0)
        await desk.field("type").blur()
        await row.hover()
        await expect(desk.page.locator("mark")).to_have_count(2)


async def test_an_edit_is_sent_to_the_desk_and_marked(at_desk) -> None:
    async with at_desk() as desk:
        desk.call()
        desk.draft(title=FieldView(value="旧", confidence=0.9))
        await expect(desk.field("title")).to_have_value("旧")
        await desk.field("title").fill("路灯不亮")
        await expect(desk.page.locator("[data-key=title] .mark")).to_have_text("已改")
        await until(lambda: desk.hotline.set_fields == [("call-1", "title", "路灯不亮")])
        await desk.field("type").select_option("投诉")
        await desk.field("emergency_transfer").fill("119、120")
        await desk.field("emergency_transfer").blur()
        await until(lambda: len(desk.hotline.set_fields) == 3)
        assert {field: value for _, field, value in desk.hotline.set_fields} == {
            "title": "路灯不亮",
            "type": "投诉",
            "emergency_transfer": ["119", "120"],
        }


async def test_nothing_that_is_being_typed_is_lost_when_events_arrive(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED)
        desk.draft(title=FieldView(value="草稿", confidence=0.5))
        await expect(desk.field("title")).to_have_value("草稿")
        await desk.field("title").focus()
        await desk.page.keyboard.press("End")
        for number, key in enumerate("一二三四五六"):
            await desk.page.keyboard.insert_text(key)
            desk.draft(2 + number, title=FieldView(value=f"机器{number}", confidence=0.9))
            desk.hotline.publish(segment=a_segment(number))
            desk.call("call-2", state=CallState.OFFERED, caller_number="15422609033")
        await expect(desk.page.locator("#talk .turn")).to_have_count(6)
        await expect(desk.field("title")).to_have_value("草稿一二三四五六")
        await expect(desk.field("title")).to_be_focused()
        await expect(desk.page.locator("#pop")).to_contain_text("154 2260 9033")
        await desk.field("title").blur()
        await until(lambda: bool(desk.hotline.set_fields))
        assert desk.hotline.set_fields[-1] == ("call-1", "title", "草稿一二三四五六")
        await desk.page.get_by_role("button", name="切换到这通电话").click()
        await expect(desk.page.locator("#call-head")).to_contain_text("154 2260 9033")


async def test_a_character_that_is_being_composed_is_left_alone(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED)
        desk.draft(title=FieldView(value="", confidence=0))
        await desk.field("title").focus()
        devtools = await desk.page.context.new_cdp_session(desk.page)
        composing = {"text": "lu'deng", "selectionStart": 7, "selectionEnd": 7}
        await devtools.send("Input.imeSetComposition", composing)
        desk.draft(2, title=FieldView(value="机器的话", confidence=0.9))
        desk.hotline.publish(segment=a_segment(1))
        await expect(desk.page.locator("#talk .turn")).to_have_count(1)
        await expect(desk.field("title")).to_have_value("lu'deng")
        assert desk.hotline.set_fields == []
        await devtools.send("Input.insertText", {"text": "路灯"})
        await desk.field("title").blur()
        await until(lambda: bool(desk.hotline.set_fields))
        assert [value for *_, value in desk.hotline.set_fields] == ["路灯"]


async def test_ctrl_enter_submits_after_saving_and_shows_the_number(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED)
        desk.draft()
        await desk.field("title").fill("小区停水")
        await desk.page.keyboard.press("Control+Enter")
        note = desk.page.locator("#submit-note")
        await expect(note).to_have_text("工单已提交 TS2026011200001")
        assert desk.hotline.tickets["TS2026011200001"].fields["title"] == "小区停水"
        await expect(desk.page.get_by_role("button", name="提交工单")).to_be_hidden()
        await expect(desk.field("title")).to_be_disabled()
        await expect(desk.field("title")).to_have_value("小区停水")


async def test_a_refused_submission_says_why_and_keeps_everything(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED)
        desk.draft(title=FieldView(value="停水", confidence=0.9))
        await expect(desk.field("title")).to_have_value("停水")
        kept = desk.hotline.drafts.pop("call-1")
        await desk.page.get_by_role("button", name="提交工单").click()
        await expect(desk.page.locator("#submit-note")).to_have_text("没有提交：找不到")
        desk.hotline.drafts["call-1"] = kept
        await desk.page.get_by_role("button", name="提交工单").click()
        await expect(desk.page.locator("#submit-note")).to_contain_text("工单已提交")


async def test_a_lost_line_is_told_and_everything_is_there_again_afterwards(
    browser: Browser,
) -> None:
    async with serve_console(close_seconds=0.2) as first:
        port = first.server.address[1]
        async with console_page(browser, first) as page:
            desk = Desk(page, first)
            desk.call(state=CallState.CONNECTED)
            desk.draft()
            await expect(desk.field("title")).to_have_value("")
            desk.hotline.publish(segment=a_segment(1, text="断线以前"))
            await expect(page.locator("#talk .turn")).to_have_count(1)
            hotline = first.desk
            first.server.stop()
            await expect(page.locator("#link-banner")).to_be_visible()
            await expect(page.locator("#link-banner")).to_contain_text("连接中断，正在重连")
            await until(lambda: first.server.connections == 0)
            await desk.field("title").fill("断线时填写的")
            hotline.publish(segment=a_segment(2, text="断线期间"))
            await expect(page.locator("#draft-state")).to_contain_text("未保存")
            async with serve_console(hotline, port=port) as second:
                await expect(page.locator("#link-banner")).to_be_hidden(timeout=20_000)
                await expect(page.locator("#talk .turn .words")).to_have_text(
                    ["断线以前", "断线期间"]
                )
                await until(lambda: ("call-1", "title", "断线时填写的") in hotline.set_fields)
                await expect(desk.field("title")).to_have_value("断线时填写的")
                assert hotline.snapshots == 1, "it resumed, it did not start again"
                hotline.publish(segment=a_segment(3, text="恢复以后"))
                await expect(page.locator("#talk .turn")).to_have_count(3)
                assert len(second.parts.consoles) == 1


async def test_drafts_of_a_hotline_that_was_killed_are_shown_though_it_forgot_its_versions(
    browser: Browser,
) -> None:
    async with serve_console(close_seconds=0.2) as first:
        port = first.server.address[1]
        async with console_page(browser, first) as page:
            desk = Desk(page, first)
            desk.call(state=CallState.CONNECTED)
            desk.draft(7, type=FieldView(value="咨询", confidence=0.9))
            await expect(desk.field("type")).to_have_value("咨询")
            first.server.stop()
            await expect(page.locator("#link-banner")).to_be_visible()
            await until(lambda: first.server.connections == 0)
            async with serve_console(first.desk, port=port) as second:
                await expect(page.locator("#link-banner")).to_be_hidden(timeout=20_000)
                Desk(page, second).draft(2, type=FieldView(value="投诉", confidence=0.9))
                await expect(desk.field("type")).to_have_value("投诉")


async def test_a_gap_in_the_stream_makes_the_page_ask_again(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED)
        await expect(desk.page.locator("#calls .call")).to_have_count(1)
        # An event that the live stream never carried: only the numbers show it.
        whole, desk.hotline.bus.publish = desk.hotline.bus.publish, lambda _: None
        desk.hotline.publish(segment=a_segment(1, text="漏掉的"))
        desk.hotline.bus.publish = whole
        await _skip_one(desk)
        await expect(desk.page.locator("#talk .turn .words")).to_have_text(["漏掉的", "后来的"])


async def _skip_one(desk: Desk) -> None:
    """The server believes that it has sent what it has not."""
    (console,) = desk.served.parts.consoles._open
    console._cursor = desk.hotline.events[-1].cursor  # type: ignore[attr-defined]
    desk.hotline.publish(segment=a_segment(2, text="后来的"))


async def test_a_session_that_is_over_asks_for_the_password_and_keeps_the_text(
    at_desk,
) -> None:
    async with at_desk(session_check_seconds=0.1) as desk:
        desk.call(state=CallState.CONNECTED)
        desk.draft()
        await expect(desk.field("title")).to_have_value("")
        await desk.field("title").fill("还没保存")
        desk.hotline.expire()
        await expect(desk.page.get_by_label("密码")).to_be_visible()
        await expect(desk.page.get_by_label("工号")).to_have_value("8026")
        await log_in(desk.page, "8026")
        await expect(desk.field("title")).to_have_value("还没保存")
        await until(lambda: ("call-1", "title", "还没保存") in desk.hotline.set_fields)


async def test_the_agent_signs_in_pauses_with_a_reason_and_comes_back(at_desk) -> None:
    async with at_desk() as desk:
        page, badge = desk.page, desk.page.locator("#agent .badge")
        await expect(badge).to_have_text("未签入")
        await page.get_by_role("button", name="签入").click()
        await expect(badge).to_have_text("空闲")
        await page.locator("summary").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(badge).to_have_text("示忙·用餐")
        await page.get_by_role("button", name="恢复接听").click()
        await expect(badge).to_have_text("空闲")
        me = desk.hotline.agents["8026"]
        desk.hotline.publish(agent=me.model_copy(update={"state": "wrap_up"}))
        await page.get_by_role("button", name="整理完毕").click()
        await expect(badge).to_have_text("空闲")
        await page.get_by_role("button", name="签出").click()
        await expect(badge).to_have_text("未签入")
        assert [ask[0] for ask in desk.served.switchboard.asked] == [
            "sign_in",
            "pause",
            "resume",
            "resume",
            "sign_out",
        ]


async def test_without_a_recogniser_it_says_so_and_why(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED)
        away = SystemView(ami="backing_off", engine=None, engine_reason="model_missing: small")
        desk.hotline.publish(system=away)
        page = desk.page
        await expect(page.locator("#talk-notice")).to_contain_text("暂无转写：缺少语音模型")
        await expect(page.locator("[data-light=engine]")).to_contain_text("暂无转写：缺少语音模型")
        await expect(page.locator("[data-light=ami]")).to_contain_text("断开")
        await expect(page.locator("[data-light=keeping]")).to_have_count(0)
        full = SystemView(ami="up", engine="vosk", keeping="spool_full")
        desk.hotline.publish(system=full)
        await expect(page.locator("[data-light=keeping]")).to_contain_text("通话照常")
        desk.hotline.publish(system=SystemView(ami="up", engine="vosk"))
        await expect(page.locator("[data-light=keeping]")).to_have_count(0)
        desk.call(state=CallState.CONNECTED, transcript="lost")
        await expect(page.locator("#talk-notice")).to_have_text("暂无转写：转写中断")
        desk.call(state=CallState.CONNECTED, transcript="live")
        await expect(page.locator("#talk-notice")).to_be_hidden()


async def test_an_emergency_is_a_red_banner(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED)
        quote = Evidence(source="segment", segment_id="call-1-s1", words="厨房着火了")
        found = FieldView(value=["119"], confidence=0.97, evidence=(quote,))
        desk.draft(emergency_transfer=found)
        banner = desk.page.locator("#emergency")
        await expect(banner).to_contain_text("请立即转接 119")
        await expect(banner).to_contain_text("厨房着火了")
        assert await banner.evaluate("e => getComputedStyle(e).backgroundColor") == (
            "rgb(179, 38, 30)"
        )
        desk.call(state=CallState.ENDED)
        await expect(banner).to_be_hidden()


async def test_hostile_text_is_only_text(at_desk) -> None:
    async with at_desk() as desk:
        page = desk.page
        desk.call(caller_number=HOSTILE, line_name=HOSTILE, dialled=HOSTILE, keys=HOSTILE)
        desk.hotline.publish(segment=a_segment(1, text=HOSTILE))
        quote = Evidence(source="segment", segment_id="call-1-s1", words=HOSTILE[:9])
        view = FieldView(value=HOSTILE, confidence=0.9, evidence=(quote,))
        desk.draft(title=view, type=view, emergency_transfer=view)
        await expect(page.locator("#talk .turn .words")).to_have_text(HOSTILE)
        await desk.field("title").focus()
        await expect(page.locator("mark")).to_have_text(HOSTILE[:9])
        assert await page.locator("img").count() == 2, "the two of our own"
        assert await page.title() == "热线座席台"
        for place in ("#pop", "#call-head", "#calls", "#emergency"):
            await expect(page.locator(place)).to_contain_text("onerror")


async def test_a_call_that_went_to_another_agent_leaves_the_desk(at_desk) -> None:
    async with at_desk() as desk:
        desk.call()
        await expect(desk.page.locator("#calls .call")).to_have_count(1)
        # The one who had it is told that it is gone.
        gone = a_call(agent="8031")
        desk.hotline._sees = lambda *_: True  # type: ignore[method-assign]
        desk.hotline.publish(call=gone)
        await expect(desk.page.locator("#calls .call")).to_have_count(0)
        await expect(desk.page.locator("#pop")).to_be_hidden()


async def test_an_earlier_ticket_of_the_caller_can_be_read(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED)
        desk.draft(title=FieldView(value=HOSTILE, confidence=1))
        await desk.hotline.submit(desk.hotline.people["8026"], "call-1")
        desk.call("call-2", open_tickets=("TS2026011200001",))
        await desk.page.locator("#pop").get_by_role("button", name="TS2026011200001").click()
        dialog = desk.page.get_by_role("dialog")
        await expect(dialog).to_contain_text("工单 TS2026011200001")
        await expect(dialog).to_contain_text(HOSTILE)
        await desk.page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()


async def test_the_whole_page_can_be_reached_by_keyboard_and_every_control_has_a_name(
    at_desk,
) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED)
        desk.draft()
        await expect(desk.field("title")).to_be_visible()
        nameless = await desk.page.evaluate(
            """() => [...document.querySelectorAll("#console :is(input, select, textarea, button)")]
              .filter((e) => !(e.labels?.length || e.textContent.trim() || e.ariaLabel))
              .map((e) => e.outerHTML)"""
        )
        assert nameless == []
        await desk.page.evaluate("document.activeElement.blur()")
        reached = []
        for _ in range(14):
            await desk.page.keyboard.press("Tab")
            reached.append(
                await desk.page.evaluate(
                    "document.activeElement.id || document.activeElement.textContent"
                )
            )
        order = ["签入", "退出", "talk", "field-type", "field-title"]
        assert [name for name in reached if name in order][: len(order)] == order
        assert any("提交工单" in name or name == "submit" for name in reached)


CONTRASTS = """() => {
  const rgb = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const e of document.querySelectorAll("#console *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own && !e.value || !e.checkVisibility() || e.disabled || e.tagName === "OPTION") continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${e.tagName} ${e.className} ${e.textContent} ${ratio.toFixed(2)}`);
  }
  return bad;
}"""


async def test_every_text_has_the_contrast_that_wcag_asks_for(at_desk) -> None:
    async with at_desk() as desk:
        desk.call(state=CallState.CONNECTED, transcript="lost")
        desk.call("call-2", state=CallState.ENDED)
        desk.call("call-3", open_tickets=("TS1",))
        desk.hotline.publish(segment=a_segment(1))
        desk.hotline.publish(segment=a_segment(2, leg="agent"))
        desk.hotline.partial(a_segment(3, final=False))
        quote = Evidence(source="segment", segment_id="call-1-s1", words="第")
        desk.draft(
            title=FieldView(value="一", confidence=0.5, evidence=(quote,)),
            type=FieldView(value="投诉", confidence=0.9),
            emergency_transfer=FieldView(value=["119"], confidence=1, touched=True),
        )
        for state in ("paused", "free", "unreachable"):
            me = desk.hotline.agents["8026"]
            desk.hotline.publish(agent=me.model_copy(update={"state": state}))
            await expect(desk.page.locator("#agent .badge")).to_have_attribute("data-state", state)
            await desk.field("title").focus()
            await expect(desk.page.locator("mark")).to_have_count(1)
            assert await desk.page.evaluate(CONTRASTS) == []


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
async def test_nothing_is_cut_off_at_the_sizes_agents_have(
    browser: Browser, size: tuple[int, int]
) -> None:
    async with serve_console() as served, console_page(browser, served, size=size) as page:
        desk = Desk(page, served)
        desk.call(state=CallState.CONNECTED)
        desk.draft()
        long = SystemView(ami="backing_off", engine=None, engine_reason="很长的原因" * 30)
        desk.hotline.publish(system=long)
        await expect(page.locator("[data-light=engine]")).to_contain_text("很长的原因")
        outside = await page.evaluate(
            """() => [...document.querySelectorAll("#console button, #submit, #agent *")]
              .filter((e) => e.checkVisibility())
              .map((e) => [e.textContent, e.getBoundingClientRect()])
              .filter(([, r]) => r.right > innerWidth || r.bottom > innerHeight || r.left < 0)
              .map(([name]) => name)"""
        )
        assert outside == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
