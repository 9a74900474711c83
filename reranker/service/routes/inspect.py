"""``/v1/inspect``, our own: how the score moved along a candidate, for the page's heat strip."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from fastapi import APIRouter
from pydantic import BaseModel, Field
from pygments import lex
from pygments.token import STANDARD_TYPES

from multipl_e.errors import UserError
from multipl_e.highlighting import lexer_for
from reranker.scoring import Scorer
from reranker.service.errors import REFUSALS
from reranker.service.routes.best_of_n import Language
from reranker.service.service import Body, ServiceOf, Text
from reranker.trajectory import trajectory

router = APIRouter(tags=["best of N"], responses=REFUSALS)


class InspectRequest(Body):
    """A candidate to look at closely."""

    prompt: Text
    candidate: Text
    language: Language = "py"


class Step(BaseModel):
    """A token and the score of the candidate up to it."""

    text: str
    score: float


class Span(BaseModel):
    """A piece of text of one kind, by Pygments' short class names."""

    kind: str
    text: str


class InspectResponse(BaseModel):
    """The candidate's tokens with their scores, and its text with its syntax."""

    steps: list[Step] = Field(description="Empty if the model is not causal.")
    spans: list[Span]
    truncated: bool


@router.post("/v1/inspect")
async def inspect(body: InspectRequest, service: ServiceOf) -> InspectResponse:
    """How the score moved along a candidate, token by token, and its syntax."""
    service.check_length(body.prompt, body.candidate)
    engine = service.engine
    work = partial(_steps, engine.scorer, body.prompt, body.candidate)
    steps, truncated = await service.while_connected(engine.call(work))
    spans = await service.while_connected(
        engine.aside(partial(_spans, body.candidate, body.language))
    )
    return InspectResponse(steps=steps, spans=spans, truncated=truncated)


def _steps(scorer: Scorer, prompt: str, candidate: str) -> tuple[list[Step], bool]:
    (encoded,) = scorer.encode(prompt, [candidate])
    try:
        values = trajectory(scorer.model, encoded)
    except UserError:
        return [], encoded.truncated
    texts = _token_texts(scorer, candidate, encoded.completion_ids)
    steps = [Step(text=text, score=value) for text, value in zip(texts, values, strict=True)]
    return steps, encoded.truncated


def _token_texts(scorer: Scorer, candidate: str, completion_ids: Sequence[int]) -> list[str]:
    """The piece of the candidate that each token stands for; the end-of-text token's is empty.

    Pieces come from offsets, so that a character that two tokens share is shown once, whole.
    """
    encoding = scorer.tokenizer(candidate, add_special_tokens=False, return_offsets_mapping=True)
    offsets = encoding["offset_mapping"]
    if len(offsets) + 1 != len(completion_ids):  # cut to fit the model
        return [scorer.tokenizer.decode([token]) for token in completion_ids]
    ends = [end for _, end in offsets]
    pieces = [candidate[start:end] for start, end in pairwise([0, *ends])]
    return [*pieces, ""]


def _spans(candidate: str, language: str) -> list[Span]:
    pieces = lex(candidate, lexer_for(language))
    return [Span(kind=STANDARD_TYPES.get(kind, ""), text=text) for kind, text in pieces]
