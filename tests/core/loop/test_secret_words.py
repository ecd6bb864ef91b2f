"""Of a state secret the category is kept and nothing else, whatever is said afterwards (11, 39)."""

from __future__ import annotations

from core.loop.states import Act
from tests.core.loop.city import AGENT, SUPERVISOR, City


async def test_what_is_said_about_a_state_secret_later_is_not_kept_either(city: City) -> None:
    number = await city.classified()
    await city.does(AGENT, number, Act.REFUSE, ground="state_secret", words="不该留下的话")
    await city.does(AGENT, number, Act.ASK_REVIEW, words="再说一遍不该留下的话")
    await city.does(SUPERVISOR, number, Act.REVIEW_REFUSAL, upheld=True, words="维持原决定")
    assert await city.words(number) == []
    assert [step.act for step in await city.history(number)][-1] == "review_refusal"
