"""A real Chromium, driven by Playwright, in front of a served console."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.agent_console.conftest import Running
from tests.agent_console.fakes import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Skips the test where no Chromium is installed."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def console_page(
    browser: Browser, served: Running, agent: str = "8026", size: tuple[int, int] = (1366, 768)
) -> AsyncIterator[Page]:
    """The page of an agent who has just logged in; it must not have complained when we leave."""
    context = await browser.new_context(
        base_url=served.base,
        viewport={"width": size[0], "height": size[1]},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    complaints: list[str] = []
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
    )
    try:
        await page.goto("/")
        await log_in(page, agent)
        yield page
    finally:
        await context.close()
    assert complaints == []


async def log_in(page: Page, agent: str, password: str = PASSWORD) -> None:
    await page.get_by_label("工号").fill(agent)
    await page.get_by_label("密码").fill(password)
    await page.get_by_role("button", name="登录").click()
    await page.locator("#status [data-light=link][data-tone=good]").wait_for()
