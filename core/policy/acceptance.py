"""``acceptance.yaml``: what is accepted (article 10) and the grounds of refusal (article 11)."""

from __future__ import annotations

from pydantic import Field

from core.pack.base import Key, Name, PackModel
from core.policy.figures import Article, Sourced


class Accepted(Sourced):
    """What article 10 accepts: the types of matter, with the decision's article."""

    article: Article
    types: tuple[Name, ...] = Field(min_length=1)


class RefusalGround(Sourced):
    """One ground of article 11.

    ``channel`` is the lawful way that the caller is told of, ``told`` the sentence.
    ``keeps_content`` False: the category is kept and nothing else (state secrets).
    """

    key: Key
    name: Name
    article: Article
    channel: Name
    told: str = Field(min_length=4, max_length=400)
    keeps_content: bool = True


class Acceptance(PackModel):
    """All of ``acceptance.yaml``."""

    accepted: Accepted
    grounds: tuple[RefusalGround, ...] = Field(min_length=1)

    def ground(self, key: str) -> RefusalGround | None:
        return next((ground for ground in self.grounds if ground.key == key), None)
