"""What is refused, and in which words: keys, sizes, and each family's form of an error."""

from __future__ import annotations

import base64
import json
import logging
import socket

import httpx
import pytest

from reranker.service.logs import JsonLines

RERANK = {"query": "q", "documents": ["a", "b"]}


def test_key_is_demanded_everywhere_but_health_and_metrics(serve):
    served = serve(api_key="säcret")
    paths = ["/", "/docs", "/openapi.json", "/ready", "/info", "/v1/models", "/assets/page.js"]
    for path in paths:
        assert served.client.get(path).status_code == 401, path
    for path in ("/v1/rerank", "/rerank", "/score", "/predict", "/v1/best_of_n", "/nowhere"):
        assert served.client.post(path, json=RERANK).status_code == 401, path
    assert served.client.get("/health").status_code == 200
    assert served.client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer säcret", 200),
        ("bearer säcret", 200),
        ("Bearer säcret1", 401),
        ("Bearer", 401),
        ("säcret", 401),
        ("Basic " + base64.b64encode("me:säcret".encode()).decode(), 200),
        ("Basic " + base64.b64encode(b"me:other").decode(), 401),
        ("Basic %%%", 401),
    ],
)
def test_key_as_bearer_token_or_browser_password(serve, header, status):
    served = serve(api_key="säcret")
    headers = {"Authorization": header.encode()}
    response = served.client.get("/info", headers=headers)
    assert response.status_code == status
    if status == 401:
        assert response.headers["www-authenticate"].startswith("Basic")
        assert response.json()["error_type"] == "Unauthorized"


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank"])
def test_large_bodies_are_refused_whether_or_not_they_say_so(serve, path):
    served = serve(max_body_bytes=1000)
    body = json.dumps({"query": "q" * 2000, "texts": ["a"], "documents": ["a"]}).encode()

    def pieces():
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    headers = {"Content-Type": "application/json"}
    for content in (body, pieces()):
        response = served.client.post(path, content=content, headers=headers)
        assert response.status_code == 413
        assert response.json()["error"]


def test_limits_of_texts_and_batch_in_each_family(serve):
    served = serve(max_client_batch_size=3, max_text_chars=10)
    many, long = ["a"] * 4, ["a" * 11]
    for texts in (many, long):
        tei = served.client.post("/rerank", json={"query": "q", "texts": texts})
        assert tei.status_code == 422 and tei.json()["error_type"] == "Validation"
        openai = served.client.post("/v1/rerank", json={"query": "q", "documents": texts})
        assert openai.status_code == 400
        error = openai.json()["error"]
        assert error["type"] == "invalid_request_error" and error["code"] == 400
        score = served.client.post("/score", json={"text_1": "q", "text_2": texts})
        assert score.status_code == 400


def test_errors_name_the_field_and_never_quote_the_value(served):
    secret = "SECRET_PROGRAM"
    response = served.client.post("/v1/rerank", json={"query": "q", "documents": [{"x": secret}]})
    error = response.json()["error"]
    assert response.status_code == 400
    assert error["param"] == "documents.0.text" and "missing" in error["message"]
    response = served.client.post("/v1/rerank", json={"query": [secret], "documents": ["a"]})
    assert response.json()["error"]["param"] == "query"
    assert secret not in response.text


def test_unknown_routes_and_methods(served):
    assert served.client.get("/nowhere").json()["error"]["code"] == 404
    response = served.client.get("/v1/rerank")
    assert response.status_code == 405 and response.headers["allow"] == "POST"
    assert served.client.get("/assets/../config.py").status_code == 404


def test_a_mismatch_of_pairs_says_how_many(served):
    response = served.client.post("/v1/score", json={"text_1": ["a", "b"], "text_2": ["c"] * 3})
    assert response.status_code == 400
    assert "2 texts in text_1 for 3" in response.json()["error"]["message"]


def test_a_body_that_never_ends_is_given_up(serve):
    served = serve(timeout=0.3)
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(
            b"POST /v1/rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        assert b" 408 " in connection.recv(4096).split(b"\r\n")[0]


def test_request_ids_are_kept_if_they_are_harmless(served):
    sent = served.client.get("/health", headers={"X-Request-ID": "abc-1"})
    assert sent.headers["x-request-id"] == "abc-1"
    made = served.client.get("/health", headers={"X-Request-ID": 'a"b\\c' + "x" * 99})
    assert made.headers["x-request-id"].isalnum()


def test_logs_hold_counts_and_no_code(served, caplog):
    logging.getLogger("reranker.service").propagate = True
    with caplog.at_level(logging.INFO, logger="reranker.service"):
        served.client.post("/v1/rerank", json={"query": "MY_PROMPT", "documents": ["MY_CODE"]})
        served.client.post("/v1/rerank?MY_CODE", json={"query": 3})
        served.client.get("/MY_CODE")
        for _ in range(100):
            if len(caplog.records) >= 3:
                break
            served.client.get("/health")
    lines = [JsonLines().format(record) for record in caplog.records]
    first = json.loads(lines[0])
    assert first["route"] == "/v1/rerank" and first["status"] == 200
    assert first["candidates"] == 1 and first["tokens"] > 5
    assert not any("MY_" in line for line in lines)


def test_an_exceptions_text_is_not_logged():
    try:
        raise ValueError("MY_CODE")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "batch_failed", None, info)
    line = JsonLines().format(record)
    assert "MY_CODE" not in line
    assert json.loads(line)["error"] == "ValueError"


def test_openai_style_client_reads_models_and_errors(serve):
    served = serve(api_key="k")
    with httpx.Client(base_url=f"{served.url}/v1", headers={"Authorization": "Bearer k"}) as client:
        assert client.get("/models").json()["object"] == "list"
        answer = client.post("/score", json={"model": "m", "text_1": "a", "text_2": ["b", "c"]})
        assert len(answer.json()["data"]) == 2
        refused = client.post("/score", json={"model": "m", "text_1": "a"}).json()["error"]
        assert set(refused) == {"message", "type", "param", "code"}
