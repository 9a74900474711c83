"""Whatever is sent, the answer is a clear refusal and never a failure of ours."""

from __future__ import annotations

import contextlib
import json

import pytest

POSTS = ["/v1/rerank", "/v2/rerank", "/rerank", "/score", "/v1/score", "/predict",
         "/v1/best_of_n", "/v1/inspect"]  # fmt: skip

GOOD = {
    "query": "q", "documents": ["a"], "texts": ["a"], "text_1": "q", "text_2": "a",
    "inputs": ["q", "a"], "prompt": "q", "candidates": ["a"], "candidate": "a",
}  # fmt: skip

BROKEN_BODIES = {
    "empty": b"",
    "no json": b"{not json",
    "not utf-8": b'{"query": "\xff\xfe"}',
    "a list": b"[]",
    "null": b"null",
    "a string": b'"query"',
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"query":' * 50_000 + b"1" + b"}" * 50_000,
    "deep field": b'{"query": "q", "documents": ' + b"[" * 900 + b"]" * 900 + b"}",
    "huge number": b'{"query": ' + b"9" * 10_000 + b"}",
    "cut off": json.dumps(GOOD).encode()[:-5],
}

WRONG_VALUES = {
    "null": None,
    "number": 3,
    "boolean": True,
    "object": {"a": 1},
    "nested": [[["a"]]],
    "mixed": ["a", 3],
    "lone surrogate": "\ud800",
    "surrogates": ["\udfff a \ud800"],
    "NaN": float("nan"),
    "infinities": [float("inf"), float("-inf")],
}


@pytest.mark.parametrize("name", BROKEN_BODIES)
@pytest.mark.parametrize("path", POSTS)
def test_broken_bodies(served, path, name):
    headers = {"Content-Type": "application/json"}
    response = served.client.post(path, content=BROKEN_BODIES[name], headers=headers)
    assert 400 <= response.status_code < 500
    assert response.json()["error"]


@pytest.mark.parametrize("name", WRONG_VALUES)
@pytest.mark.parametrize("path", POSTS)
def test_wrong_values_in_every_field(served, path, name):
    for field in GOOD:
        body = json.dumps({**GOOD, field: WRONG_VALUES[name]}).encode()
        headers = {"Content-Type": "application/json"}
        response = served.client.post(path, content=body, headers=headers)
        assert response.status_code < 500, field
        if response.status_code != 200:
            assert response.json()["error"]


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/v1/rerank", "top_n", float("nan")),
        ("/v1/rerank", "top_n", 0),
        ("/v1/rerank", "top_n", 1.5),
        ("/v1/rerank", "return_documents", "yes"),
        ("/v1/rerank", "query", "\ud800"),
        ("/v1/rerank", "documents", ["\udc00"]),
        ("/v1/best_of_n", "abstain_below", float("inf")),
        ("/v1/best_of_n", "abstain_below", 2),
        ("/v1/best_of_n", "candidates", [{"text": "a", "logprobs": [float("nan")]}]),
        ("/v1/best_of_n", "seed", 1e400),
        ("/rerank", "truncation_direction", "up"),
        ("/predict", "inputs", ["a", "b", "c"]),
        ("/predict", "inputs", [[]]),
        ("/predict", "inputs", []),
    ],
)
def test_values_out_of_bounds_are_refused(served, path, field, value):
    body = json.dumps({**GOOD, field: value}).encode()
    headers = {"Content-Type": "application/json"}
    response = served.client.post(path, content=body, headers=headers)
    assert 400 <= response.status_code < 500
    assert response.json()["error"]


def test_ten_megabytes_of_text_are_too_much(served):
    body = b'{"query": "' + b"x" * 10_000_000 + b'"}'
    for path in ("/v1/rerank", "/rerank", "/v1/best_of_n"):
        response = served.client.post(
            path, content=body, headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 413
        assert response.json()["error"]


@pytest.mark.parametrize("path", POSTS)
def test_other_content_types_are_refused(served, path):
    for kind in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        body = json.dumps(GOOD).encode()
        response = served.client.post(path, content=body, headers={"Content-Type": kind})
        assert 400 <= response.status_code < 500


def test_nul_and_control_characters_are_text_like_any_other(served):
    documents = ["a\0b", "\x1b[2J", "\u202e", "", "😀"]
    response = served.client.post("/v1/rerank", json={"query": "\0", "documents": documents})
    assert response.status_code == 200
    assert len(response.json()["results"]) == len(documents)


@pytest.mark.slow
def test_requests_made_from_our_own_description_never_fail(served):
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]
    tried = 0
    for operation in (found.ok() for found in schema.get_all_operations()):
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            strategy = operation.as_strategy(generation_mode=mode)

            @settings(
                max_examples=10,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=strategy)
            def attempt(case) -> None:
                nonlocal tried
                tried += 1
                case.call_and_validate(checks=checks)

            # Without a body or parameters there is nothing to get wrong.
            with contextlib.suppress(Unsatisfiable):
                attempt()
    assert tried > 50
