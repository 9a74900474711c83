"""What all scoring routes share: limits, waiting for the scores, leaving when the client leaves."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import AfterValidator, BaseModel, ConfigDict

from multipl_e.records import Score
from reranker.encoding import Truncation
from reranker.service.chooser import Chooser
from reranker.service.config import ServeConfig
from reranker.service.engine import Engine, Group, Scored
from reranker.service.errors import EMPTY, GONE, TIMEOUT, VALIDATION, ServiceError

Result = TypeVar("Result")


def _without_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds a lone surrogate, which no text can") from None
    return text


Text = Annotated[str, AfterValidator(_without_surrogates)]
"""Text that can be encoded (JSON may escape what cannot)."""


class Body(BaseModel):
    """Base of request bodies: nothing is coerced, fields that others' clients add are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")


class Service:
    """What a route needs to answer one request."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.engine: Engine = request.app.state.engine
        self.chooser: Chooser = request.app.state.chooser
        self.config: ServeConfig = request.app.state.config
        self.model_name: str = request.app.state.model_name
        self.id: str = request.state.request_id

    async def score(self, groups: Sequence[Group], truncation: Truncation | None = None) -> Scored:
        """Check the limits, then score groups while the client is there.

        Raises:
            ServiceError: a limit, no time left, the client left, or the model failed.
        """
        num_candidates = sum(len(texts) for _, texts in groups)
        if not num_candidates:
            raise ServiceError(EMPTY, "there is nothing to score")
        if num_candidates > self.config.max_client_batch_size:
            most = self.config.max_client_batch_size
            message = f"{num_candidates} candidates in one request, and this server takes {most}"
            raise ServiceError(VALIDATION, message)
        for prompt, texts in groups:
            self.check_length(prompt, *texts)
        scored = await self.while_connected(self.engine.score(groups, truncation))
        self.request.state.candidates = num_candidates
        self.request.state.tokens = scored.num_tokens
        return scored

    def check_length(self, *texts: str) -> None:
        """Refuse texts of too many characters.

        Raises:
            ServiceError: one is too long.
        """
        longest, most = max(map(len, texts)), self.config.max_text_chars
        if longest > most:
            message = f"a text has {longest} characters, and this server takes {most}"
            raise ServiceError(VALIDATION, message)

    async def while_connected(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do the work unless its time runs out or the client leaves.

        Raises:
            ServiceError: one of the two happened; the work was cancelled.
        """
        task = asyncio.ensure_future(work)
        watcher = asyncio.ensure_future(_gone(self.request))
        try:
            await asyncio.wait(
                {task, watcher},
                timeout=self.config.timeout,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if task.done():
                return task.result()
            if watcher.done():
                raise ServiceError(GONE, "the client closed the connection")
            message = f"not answered within {self.config.timeout:g} seconds"
            raise ServiceError(TIMEOUT, message)
        finally:
            task.cancel()
            watcher.cancel()


ServiceOf = Annotated[Service, Depends(Service)]


def relevance(score: Score, *, raw: bool = False) -> float:
    """The one number that the common interfaces have: P(correct), or the raw score.

    An uncalibrated reranker's is the logistic function of its score, as other servers give for
    one-label classifiers.
    """
    if raw:
        return score.value
    if score.probability is not None:
        return score.probability
    return 1 / (1 + math.exp(-score.value)) if score.value > -700 else 0.0


def ranked(scores: Sequence[Score]) -> list[int]:
    """Positions from the best score down; equal ones in their order."""
    return sorted(range(len(scores)), key=lambda i: -scores[i].value)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
