"""How requests become batches: together, in turn, or not at all."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from reranker.scoring import Scorer


class Gate:
    """A scorer whose streams wait, and that remembers what it was given."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = copy.copy(scorer)
        self.open = threading.Event()
        self.entered = threading.Event()
        self.streams: list[list[str]] = []
        stream = scorer.stream

        def gated(groups, on_done=None):
            seen: list[str] = []
            self.streams.append(seen)

            def watched():
                for prompt, texts in groups:
                    seen.append(prompt)
                    self.entered.set()
                    assert self.open.wait(30)
                    if prompt == "poison":
                        raise RuntimeError("MY_CODE")
                    yield prompt, texts

            return stream(watched(), on_done)

        self.scorer.stream = gated  # type: ignore[method-assign]


@pytest.fixture
def gate(scorers) -> Iterator[Gate]:
    made = Gate(scorers["anchored"])
    yield made
    made.open.set()


def post(client: httpx.Client, prompt: str) -> httpx.Response:
    return client.post("/v1/rerank", json={"query": prompt, "documents": ["a", "bc"]})


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited in vain")


@contextmanager
def posted(served, *prompts: str) -> Iterator[list]:
    """Requests under way, each known to the engine before the next is sent."""
    with ThreadPoolExecutor(8) as pool:
        futures = []
        for prompt in prompts:
            waiting = len(served.engine._queue)
            futures.append(pool.submit(post, served.client, prompt))
            if served.engine.scorer.entered.is_set():
                until(lambda before=waiting: len(served.engine._queue) > before)
            else:
                assert served.engine.scorer.entered.wait(30)
        try:
            yield futures
        finally:
            served.engine.scorer.gate.set()


@pytest.fixture
def gated(serve, gate):
    """A server behind the gate."""
    gate.scorer.entered, gate.scorer.gate = gate.entered, gate.open  # type: ignore[attr-defined]

    def start(**options):
        return serve(gate.scorer, **options)

    return start


def test_requests_that_wait_together_are_scored_in_one_stream(gated, gate, scorers):
    served = gated()
    with posted(served, "one", "two", "three") as futures:
        gate.open.set()
        answers = {p: f.result() for p, f in zip(("one", "two", "three"), futures, strict=True)}
    assert gate.streams == [["one", "two", "three"]]
    for prompt, answer in answers.items():
        found = {r["index"]: r["relevance_score"] for r in answer.json()["results"]}
        for i, score in enumerate(scorers["anchored"].score(prompt, ["a", "bc"])):
            assert found[i] == pytest.approx(score.probability, abs=1e-4)


def test_a_full_queue_answers_429_with_a_time_to_try_again(gated, gate):
    served = gated(max_concurrent_requests=2)
    with posted(served, "one", "two"):
        refused = post(served.client, "three")
        assert served.client.get("/ready").status_code == 429
        assert served.client.get("/health").status_code == 200
        gate.open.set()
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["error"]["type"] == "overloaded_error"
    until(lambda: served.client.get("/ready").status_code == 200)


def test_a_wait_beyond_the_timeout_is_refused_at_once(gated, gate):
    served = gated(timeout=10)
    with posted(served, "one"):
        served.engine.tokens_per_second = 0.1
        refused = served.client.post("/rerank", json={"query": "q", "texts": ["a"]})
        gate.open.set()
    assert refused.status_code == 429
    assert refused.json()["error_type"] == "Overloaded"
    assert int(refused.headers["retry-after"]) == 60


def test_a_request_whose_client_left_is_not_scored(gated, gate):
    served = gated()
    with posted(served, "one"):
        with pytest.raises(httpx.ReadTimeout):
            served.client.post(
                "/v1/rerank", json={"query": "left", "documents": ["a"]}, timeout=0.5
            )
        until(lambda: served.engine.metrics.dropped._value.get() == 1)
        gate.open.set()
    assert post(served.client, "after").status_code == 200
    assert [prompt for seen in gate.streams for prompt in seen] == ["one", "after"]


def test_a_request_that_takes_too_long_ends_with_504(gated):
    served = gated(timeout=0.3)
    response = post(served.client, "one")
    assert response.status_code == 504
    assert response.json()["error"]["type"] == "timeout_error"


def test_who_breaks_a_batch_fails_alone(gated, gate, monkeypatch):
    served = gated()
    real = type(gate.scorer).score

    def score(self, prompt, texts):
        if prompt == "poison":
            raise RuntimeError("MY_CODE")
        return real(served_scorer, prompt, texts)

    served_scorer = copy.copy(gate.scorer)
    del served_scorer.stream
    monkeypatch.setattr(gate.scorer, "score", score.__get__(gate.scorer), raising=False)
    with posted(served, "one", "poison", "two") as futures:
        gate.open.set()
        one, poison, two = (future.result() for future in futures)
    assert (one.status_code, poison.status_code, two.status_code) == (200, 500, 200)
    assert "MY_CODE" not in poison.text


def test_shutdown_finishes_what_was_accepted(gated, gate):
    with posted(served := gated(), "one", "two") as futures:
        closing = threading.Thread(target=served.engine.close)
        closing.start()
        until(lambda: served.client.get("/ready").status_code == 503)
        assert post(served.client, "late").status_code == 503
        gate.open.set()
        assert [future.result().status_code for future in futures] == [200, 200]
        closing.join()
    assert served.client.get("/health").status_code == 503
