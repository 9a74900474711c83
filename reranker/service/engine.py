"""Requests become batches: a queue, one thread that tokenizes, one that runs the model.

The model thread feeds `Scorer.stream` from the queue for as long as requests wait, so requests
that arrive together share batches (and prompts), and one that arrives later joins the stream
rather than waiting for its end. Answers come in the order of arrival.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from multipl_e.errors import UserError
from multipl_e.records import Score
from reranker.encoding import Truncation, encode
from reranker.scoring import Scorer
from reranker.service.errors import BACKEND, OVERLOADED, UNHEALTHY, VALIDATION, ServiceError
from reranker.service.metrics import Metrics

Result = TypeVar("Result")
Group = tuple[str, Sequence[str]]

log = logging.getLogger("reranker.service")

FAILED = "the model failed on this request; the server's log says why"


@dataclass(frozen=True, slots=True)
class Scored:
    """What a request's groups got.

    Attributes:
        scores: Per group, a score per candidate.
        truncated: Per group, whether each candidate was cut to fit the model.
        num_tokens: Tokens of all prompts (once per group) and candidates.
    """

    scores: list[list[Score]]
    truncated: list[list[bool]]
    num_tokens: int


@dataclass(eq=False)
class _Job:
    """Groups to score on one scorer, or a function to call on the model's thread."""

    future: asyncio.Future[Any]
    num_tokens: int = 0
    groups: Sequence[Group] = ()
    scorer: Scorer | None = None
    call: Callable[[], Any] | None = None
    scores: list[list[Score]] = field(default_factory=list)


class Engine:
    """Scores what requests bring; made before the event loop, started inside it."""

    def __init__(
        self, scorer: Scorer, metrics: Metrics, *, max_concurrent_requests: int, timeout: float
    ) -> None:
        """Take a loaded scorer.

        Args:
            scorer: It is used by one thread only.
            metrics: Where the work is counted.
            max_concurrent_requests: Requests accepted and not yet answered.
            timeout: Seconds; a request that would wait longer is refused.
        """
        self.scorer, self.metrics = scorer, metrics
        self.max_concurrent_requests, self.timeout = max_concurrent_requests, timeout
        self.tokens_per_second = 0.0
        # A tokenizer is not safe to share between threads.
        self._tokenizer = copy.deepcopy(scorer.tokenizer)
        self._encoder = ThreadPoolExecutor(1, "tokenizer")
        self._aside = ThreadPoolExecutor(1, "aside")
        self._queue: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._num_requests = self._waiting_tokens = 0
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Finish what was accepted, then end."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._encoder.shutdown()
        self._aside.shutdown(cancel_futures=True)

    @property
    def healthy(self) -> bool:
        """Whether the model's thread works."""
        return self._thread.is_alive()

    def check_ready(self) -> None:
        """Pass if another request would be accepted.

        Raises:
            ServiceError: why not.
        """
        if not self.healthy or self._closing:
            raise ServiceError(UNHEALTHY, "the server is shutting down or its model has failed")
        if self._num_requests >= self.max_concurrent_requests:
            self._refuse()

    async def score(self, groups: Sequence[Group], truncation: Truncation | None = None) -> Scored:
        """Score groups of one request; cancelling it takes it out of the queue.

        Args:
            groups: Prompts, each with at least one candidate.
            truncation: What to do with over-long texts; by default what the server was told.

        Raises:
            ServiceError: too long, too many requests, or the model failed.
        """
        with self._admitted():
            policy = truncation or self.scorer.truncation
            loop = asyncio.get_running_loop()
            truncated, num_tokens = await loop.run_in_executor(
                self._encoder, self._measure, groups, policy
            )
            # Where nothing is cut the policy does not matter, and any requests may share a batch.
            own = policy != self.scorer.truncation and any(map(any, truncated))
            scorer = self._with(policy) if own else self.scorer
            job = _Job(loop.create_future(), num_tokens, groups, scorer)
            await self._submit(job)
        self.metrics.candidates.inc(sum(len(texts) for _, texts in groups))
        self.metrics.tokens.inc(num_tokens)
        return Scored(job.scores, truncated, num_tokens)

    async def call(self, function: Callable[[], Result], num_tokens: int = 0) -> Result:
        """Run a function on the model's thread, in its turn."""
        with self._admitted():
            job = _Job(asyncio.get_running_loop().create_future(), num_tokens, call=function)
            result: Result = await self._submit(job)
        return result

    async def aside(self, function: Callable[[], Result]) -> Result:
        """Run what needs no model on a thread of its own, in its turn."""
        return await asyncio.get_running_loop().run_in_executor(self._aside, function)

    def _with(self, truncation: Truncation) -> Scorer:
        scorer = copy.copy(self.scorer)
        scorer.truncation = truncation
        return scorer

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        self.check_ready()
        self._num_requests += 1
        self.metrics.waiting.set(self._num_requests)
        try:
            yield
        finally:
            self._num_requests -= 1
            self.metrics.waiting.set(self._num_requests)

    def _refuse(self) -> None:
        raise ServiceError(
            OVERLOADED,
            "too many requests are waiting; try again later",
            retry_after=self._expected_wait(),
        )

    def _expected_wait(self) -> float:
        """Seconds until what waits now will be done, as far as known."""
        return self._waiting_tokens / self.tokens_per_second if self.tokens_per_second else 0.0

    def _measure(
        self, groups: Sequence[Group], truncation: Truncation
    ) -> tuple[list[list[bool]], int]:
        truncated, num_tokens = [], 0
        for prompt, texts in groups:
            try:
                rows = encode(
                    self._tokenizer,
                    prompt,
                    texts,
                    max_length=self.scorer.max_length,
                    truncation=truncation,
                )
            except UserError:
                limit = self.scorer.max_length
                message = f"prompt and candidate together have more than the model's {limit} tokens"
                raise ServiceError(VALIDATION, message) from None
            truncated.append([row.truncated for row in rows])
            num_tokens += max(len(row.prompt_ids) for row in rows)
            num_tokens += sum(len(row.completion_ids) for row in rows)
        return truncated, num_tokens

    async def _submit(self, job: _Job) -> Any:
        if self._expected_wait() > self.timeout:
            self._refuse()
        self._waiting_tokens += job.num_tokens
        with self._wake:
            self._queue.append(job)
            self._wake.notify()
        try:
            return await job.future
        except asyncio.CancelledError:
            self.metrics.dropped.inc()
            raise
        finally:
            self._waiting_tokens -= job.num_tokens

    # What follows runs on the model's thread.

    def _work(self) -> None:
        while (job := self._next(wait=True)) is not None:
            if job.scorer is None:
                self._attempt(job)
            else:
                self._stream(job.scorer, job)

    def _next(self, *, wait: bool, scorer: Scorer | None = None) -> _Job | None:
        """The next job whose client is still there.

        Args:
            wait: Whether to wait for one; None then means the end.
            scorer: Take it only if it runs on this scorer.
        """
        with self._wake:
            while True:
                while self._queue and self._queue[0].future.done():
                    self._queue.popleft()
                if self._queue:
                    if scorer is not None and self._queue[0].scorer is not scorer:
                        return None
                    return self._queue.popleft()
                if self._closing or not wait:
                    return None
                self._wake.wait()

    def _stream(self, scorer: Scorer, first: _Job) -> None:
        """Score from the queue, without a pause, as long as jobs for this scorer wait."""
        begun: deque[_Job] = deque()

        def feed() -> Iterator[Group]:
            job: _Job | None = first
            while job is not None:
                begun.append(job)
                yield from job.groups
                job = self._next(wait=False, scorer=scorer)

        start, num_tokens = time.perf_counter(), 0
        try:
            for scores in scorer.stream(feed()):
                job = begun[0]
                job.scores.append(scores)
                if len(job.scores) == len(job.groups):
                    begun.popleft()
                    num_tokens += job.num_tokens
                    self._measured(num_tokens, time.perf_counter() - start)
                    self._finish(job)
        except Exception as error:
            log.error("batch_failed", exc_info=error)
            # Whoever is to blame fails alone.
            for job in begun:
                job.scores.clear()
                self._attempt(job)

    def _attempt(self, job: _Job) -> None:
        try:
            if job.scorer is not None:
                job.scores += [job.scorer.score(prompt, texts) for prompt, texts in job.groups]
                self._finish(job)
            elif job.call is not None:
                self._finish(job, job.call())
        except Exception as error:
            log.error("model_failed", exc_info=error)
            self._finish(job, error=ServiceError(BACKEND, FAILED))

    def _measured(self, num_tokens: int, seconds: float) -> None:
        speed = num_tokens / max(seconds, 1e-6)
        old = self.tokens_per_second or speed
        self.tokens_per_second = 0.8 * old + 0.2 * speed

    @staticmethod
    def _finish(job: _Job, result: Any = None, error: Exception | None = None) -> None:
        def settle() -> None:
            if job.future.done():
                return
            if error is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(error)

        job.future.get_loop().call_soon_threadsafe(settle)
