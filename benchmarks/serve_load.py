"""Half an hour's mixed load on `reranker.serve` within five minutes: failures, memory, p99."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psutil
from machine import provenance
from servers import ROOT, free_port, our_command, random_reranker, server, text_of

RESULT = ROOT / "benchmarks" / "results" / "serve_load.json"
KINDS = {"valid": 0.7, "invalid": 0.12, "oversized": 0.06, "aborted": 0.12}


def valid(rng: random.Random) -> tuple[str, dict[str, Any]]:
    prompt = text_of(rng.randint(5, 200), rng)
    texts = [text_of(rng.randint(1, 80), rng) for _ in range(rng.randint(1, 12))]
    return rng.choice(
        [
            ("/v1/rerank", {"query": prompt, "documents": texts}),
            ("/v2/rerank", {"query": prompt, "documents": texts, "top_n": 3}),
            ("/rerank", {"query": prompt, "texts": texts}),
            ("/score", {"text_1": prompt, "text_2": texts}),
            ("/predict", {"inputs": [[prompt, text] for text in texts]}),
            ("/v1/best_of_n", {"prompt": prompt, "candidates": texts, "strategy": "frequent"}),
            ("/v1/inspect", {"prompt": prompt, "candidate": texts[0]}),
        ]
    )


def invalid(rng: random.Random) -> bytes:
    return rng.choice(
        [b"", b"{", b"[" * 50_000, b'{"query": 1}', b'{"query": "a", "documents": []}',
         b'{"query": "\\ud800", "documents": ["a"]}', b'{"query": NaN}', b"\xff\xfe"]
    )  # fmt: skip


class Load:
    def __init__(self, url: str, seconds: float) -> None:
        self.url, self.end = url, time.monotonic() + seconds
        self.statuses: dict[str, Counter[int]] = {kind: Counter() for kind in KINDS}
        self.seconds: list[float] = []
        self.unanswered = 0

    async def client(self, seed: int, pause: float) -> None:
        rng = random.Random(seed)
        headers = {"Content-Type": "application/json"}
        async with httpx.AsyncClient(base_url=self.url, timeout=120, headers=headers) as http:
            while time.monotonic() < self.end:
                kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
                path, body = valid(rng)
                content = json.dumps(body).encode()
                if kind == "invalid":
                    content = invalid(rng)
                elif kind == "oversized":
                    content = json.dumps({"query": "x" * 9_000_000, "documents": ["a"]}).encode()
                patience = rng.uniform(0.0, 0.2) if kind == "aborted" else 120
                start = time.perf_counter()
                try:
                    response = await http.post(path, content=content, timeout=patience)
                except httpx.TimeoutException:
                    self.unanswered += kind != "aborted"
                except httpx.TransportError:
                    # A refused body may close the connection while it is still being sent.
                    self.unanswered += kind not in ("aborted", "oversized")
                else:
                    self.statuses[kind][response.status_code] += 1
                    if kind == "valid" and response.status_code == 200:
                        self.seconds.append(time.perf_counter() - start)
                await asyncio.sleep(rng.expovariate(1 / pause))


async def watch(process: psutil.Process, end: float) -> list[float]:
    resident = []
    while time.monotonic() < end:
        resident.append(process.memory_info().rss / 2**20)
        await asyncio.sleep(0.5)
    return resident


async def attack(url: str, pid: int, minutes: float, clients: int) -> tuple[Load, list[float]]:
    load = Load(url, minutes * 60)
    work = [load.client(seed, pause=0.2) for seed in range(clients)]
    resident, *_ = await asyncio.gather(watch(psutil.Process(pid), load.end), *work)
    return load, resident


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        parameters = random_reranker(model, hidden=256, layers=4)
        port = free_port()
        command = our_command(model, port, "--log-level", "warning")
        with server(command, port, Path(folder) / "log") as process:
            url = f"http://127.0.0.1:{port}"
            # What fills once (caches, thread stacks, the allocator's arenas) is not a leak.
            asyncio.run(attack(url, process.pid, options.minutes / 10, options.clients))
            load, resident = asyncio.run(attack(url, process.pid, options.minutes, options.clients))
            metrics = httpx.get(f"{url}/metrics").text
    fifth = max(1, len(resident) // 5)
    first, last = (statistics.median(part) for part in (resident[:fifth], resident[-fifth:]))
    ordered = sorted(load.seconds)
    result = {
        **provenance(),
        "parameters": parameters,
        "minutes": options.minutes,
        "clients": options.clients,
        "statuses": {kind: dict(sorted(c.items())) for kind, c in load.statuses.items()},
        "status_5xx": sum(n for c in load.statuses.values() for s, n in c.items() if s >= 500),
        "accepted_but_unanswered": load.unanswered,
        "still_waiting_at_the_end": "rerank_waiting_requests 0.0" not in metrics,
        "seconds_p50": round(statistics.median(ordered), 3),
        "seconds_p99": round(ordered[int(0.99 * (len(ordered) - 1))], 3),
        "rss_mib_first_fifth": round(first, 1),
        "rss_mib_last_fifth": round(last, 1),
        "rss_growth": round(last / first - 1, 4),
    }
    options.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
