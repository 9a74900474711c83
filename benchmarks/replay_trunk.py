"""A small Python language model from text that every user of the project has.

The reranker of `replay_codegen16b.py` needs a trunk that has read Python, and the benchmark must
run without a network. So the trunk is trained here, from scratch, on the functions of the
standard library and of the algorithmic packages that torch and scikit-learn bring along. Functions
that stand on their own (only builtins, arguments and locals) come twice, the second time at the
end: they are what the problems look like.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import random
import sysconfig
import textwrap
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from reranker.batching import collate, forward
from reranker.encoding import Encoded, encode
from reranker.model import new_reranker

END_OF_TEXT, PADDING = "<|endoftext|>", "<|pad|>"
PACKAGES = ("networkx", "sympy", "mpmath", "numpy", "scipy", "sklearn")
KNOWN_MODULES = frozenset({"math", "re", "string", "itertools", "collections", "functools"})


@dataclass(frozen=True)
class TrunkOptions:
    """How the trunk is made.

    Attributes:
        vocab_size: Entries of the byte-level BPE vocabulary.
        hidden_size: Width of the transformer.
        num_layers: Its depth.
        block: Tokens per training row.
        batch: Rows per step.
        num_tokens: Training tokens; whole functions are dropped at random beyond it.
        matrix_lr: Learning rate of Muon, on the matrices inside the blocks.
        other_lr: Learning rate of AdamW, on embeddings and norms.
    """

    vocab_size: int = 4096
    hidden_size: int = 192
    num_layers: int = 4
    block: int = 384
    batch: int = 16
    num_tokens: int = 2_000_000
    matrix_lr: float = 0.02
    other_lr: float = 3e-3


@dataclass(frozen=True)
class Function:
    """The source of one function, its docstring shortened; `standalone` if it needs no globals."""

    text: str
    standalone: bool


def installed_functions() -> list[Function]:
    """Value-returning functions of the standard library and of `PACKAGES`."""
    paths = sysconfig.get_paths()
    library = Path(paths["stdlib"])
    files = [p for p in library.rglob("*.py") if "site-packages" not in p.parts]
    files += [p for name in PACKAGES for p in (Path(paths["purelib"]) / name).rglob("*.py")]
    found: dict[bytes, Function] = {}
    for path in sorted(files):
        if "/test" in path.as_posix():
            continue
        try:
            source = path.read_text(encoding="utf-8")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(source)
        except (OSError, ValueError, SyntaxError, RecursionError):
            continue
        lines = source.split("\n")
        for node in ast.walk(tree):
            function = isinstance(node, ast.FunctionDef) and _render(node, lines)
            if function:
                words = " ".join(function.text.split())
                found.setdefault(hashlib.md5(words.encode()).digest(), function)
    return list(found.values())


def _render(node: ast.FunctionDef, lines: list[str]) -> Function | None:
    num_lines = (node.end_lineno or 0) - node.lineno + 1
    arguments = {a.arg for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]}
    if not 3 <= num_lines <= 80 or arguments & {"self", "cls"}:
        return None
    inside = list(ast.walk(node))
    if not any(isinstance(n, ast.Return) and n.value is not None for n in inside):
        return None
    has_loop = any(isinstance(n, ast.For | ast.While | ast.comprehension) for n in inside)
    docstring = ast.get_docstring(node)
    if not (has_loop or docstring):
        return None
    body = lines[node.lineno - 1 : node.end_lineno]
    if docstring:
        quoted = node.body[0]
        indent = " " * quoted.col_offset
        short = docstring.split("\n\n")[0].replace("\n", "\n" + indent)[:300]
        first, last = quoted.lineno - node.lineno, (quoted.end_lineno or 0) - node.lineno
        body = [*body[:first], f'{indent}"""{short}', f'{indent}"""', *body[last + 1 :]]
    text = textwrap.dedent("\n".join(body)).strip("\n") + "\n"
    if len(text) > 2500:
        return None
    stored = {n.id for n in inside if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    stored |= arguments | {node.name}
    stored |= {n.name for n in inside if isinstance(n, ast.FunctionDef)}
    stored |= {n.arg for n in inside if isinstance(n, ast.arg)}
    loaded = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return Function(text, has_loop and loaded <= stored | set(dir(builtins)) | KNOWN_MODULES)


def train_tokenizer(texts: Sequence[str], vocab_size: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE; a line break and its indentation are one piece, digits are split singly."""
    tokenizer = Tokenizer(models.BPE())
    pieces = Regex(r"\n *| +(?= )|\d| ?[A-Za-z]+| ?[^\sA-Za-z\d]+|\s")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(pieces, "isolated"), byte_level]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=[END_OF_TEXT, PADDING],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END_OF_TEXT, pad_token=PADDING, bos_token=END_OF_TEXT
    )


def optimizers(
    model: LlamaForCausalLM, matrix_lr: float, other_lr: float
) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for everything else."""
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=matrix_lr, weight_decay=0.01),
        torch.optim.AdamW(others, lr=other_lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def optimize(
    model: LlamaForCausalLM,
    losses: Iterator[torch.Tensor],
    num_steps: int,
    *,
    matrix_lr: float,
    other_lr: float,
    warmup: float = 0.02,
    log: str = "trunk",
) -> float:
    """Minimise each of `losses` as it is computed; linear warm-up, then linear decay to zero.

    Returns:
        The mean loss of the last tenth of the steps, nats per token.
    """
    groups = optimizers(model, matrix_lr, other_lr)
    peaks = [matrix_lr, other_lr]
    values: list[float] = []
    start = time.monotonic()
    model.train()
    for step in range(num_steps):
        progress = step / num_steps
        factor = min(1.0, (step + 1) / max(1, warmup * num_steps)) * (1 - progress)
        for optimizer, peak in zip(groups, peaks, strict=True):
            optimizer.param_groups[0]["lr"] = peak * factor
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = next(losses)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in groups:
            optimizer.step()
        model.zero_grad(set_to_none=True)
        values.append(float(loss.detach()))
        if step % 50 == 49:
            mean, seconds = sum(values[-50:]) / 50, time.monotonic() - start
            print(
                f"{log}: step {step + 1}/{num_steps}, loss {mean:.3f}, {seconds:.0f} s", flush=True
            )
    tail = values[-max(1, num_steps // 10) :]
    return sum(tail) / len(tail)


def train_trunk(output_dir: Path, options: TrunkOptions, seed: int) -> dict[str, float]:
    """Make the trunk and its tokenizer and save both in Hugging Face format.

    Returns:
        Sizes, the final training loss in nats per token, and seconds.
    """
    start = time.monotonic()
    rng = random.Random(seed)
    torch.manual_seed(seed)
    functions = installed_functions()
    rng.shuffle(functions)
    standalone = [f.text for f in functions if f.standalone]
    other = [f.text for f in functions if not f.standalone]
    tokenizer = train_tokenizer((standalone + other)[:12_000], options.vocab_size)

    def encode(texts: Sequence[str]) -> list[list[int]]:
        return [[*ids, tokenizer.eos_token_id] for ids in tokenizer(list(texts))["input_ids"]]

    tail = encode(standalone)
    room = options.num_tokens - 2 * sum(map(len, tail))
    body = []
    for ids in encode(other):
        room -= len(ids)
        if room < 0:
            break
        body.append(ids)
    body += tail
    rng.shuffle(body)
    repeated = list(tail)
    rng.shuffle(repeated)
    stream = [token for ids in body + repeated for token in ids]
    num_rows = len(stream) // options.block
    rows = torch.tensor(stream[: num_rows * options.block]).view(num_rows, options.block)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=options.hidden_size,
            num_hidden_layers=options.num_layers,
            num_attention_heads=options.hidden_size // 64,
            num_key_value_heads=options.hidden_size // 64,
            intermediate_size=options.hidden_size * 11 // 4,
            tie_word_embeddings=True,
            max_position_embeddings=1024,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    num_steps = num_rows // options.batch
    losses = (
        model(input_ids=rows_bt, labels=rows_bt).loss for rows_bt in rows.split(options.batch)
    )
    loss = optimize(
        model, losses, num_steps, matrix_lr=options.matrix_lr, other_lr=options.other_lr
    )
    model.save_pretrained(output_dir)
    tokenizer.save_pretrained(output_dir)
    return {
        "num_functions": len(functions),
        "num_standalone_functions": len(standalone),
        "num_tokens": num_steps * options.batch * options.block,
        "num_parameters": sum(p.numel() for p in model.parameters()),
        "final_loss": loss,
        "seconds": time.monotonic() - start,
    }


def adapt_trunk(
    base: Path,
    groups: Sequence[tuple[str, Sequence[str]]],
    output_dir: Path,
    *,
    num_epochs: float = 1.0,
    per_step: int = 32,
    longest: int = 200,
    matrix_lr: float = 0.01,
    other_lr: float = 1e-3,
    seed: int = 0,
) -> dict[str, float]:
    """Go on training the trunk as a language model of unlabelled candidates.

    Afterwards its likelihood says how much a candidate resembles what the sampling model writes
    for this prompt: a consensus of the samples, read off their text. No label enters.

    Args:
        base: The trunk.
        groups: Prompts, each with its candidates; equal candidates count as often as they occur.
        output_dir: Where the adapted trunk is saved.
        num_epochs: Passes over the candidates.
        per_step: Candidates per step, half of them of one task, half of another.
        longest: Candidates are cut to so many tokens: the rest of a long one is mostly repetition.
        matrix_lr: See `TrunkOptions`.
        other_lr: See `TrunkOptions`.
        seed: Of the order.
    """
    start = time.monotonic()
    rng = random.Random(seed)
    model, tokenizer, _ = new_reranker(base)
    rows: list[list[Encoded]] = []
    for prompt, texts in groups:
        encoded = rng.sample(encode(tokenizer, prompt, list(texts)), len(texts))
        # Rows of about equal length waste little on padding.
        encoded.sort(key=lambda row: len(row.completion_ids) // 40)
        rows += [encoded[i : i + per_step // 2] for i in range(0, len(encoded), per_step // 2)]
    num_steps = int(num_epochs * len(rows) / 2)
    order: list[list[Encoded]] = []

    def losses() -> Iterator[torch.Tensor]:
        while True:
            if len(order) < 2:
                order.extend(rng.sample(rows, len(rows)))
            chosen = [order.pop(), order.pop()]
            batch = collate(
                [(r[0].prompt_ids, [x.completion_ids[:longest] for x in r]) for r in chosen],
                tokenizer.pad_token_id,
            )
            yield -forward(model, batch).mean_logprob.mean()

    loss = optimize(
        model.trunk, losses(), num_steps, matrix_lr=matrix_lr, other_lr=other_lr, log="adaptation"
    )
    model.trunk.save_pretrained(output_dir)
    tokenizer.save_pretrained(output_dir)
    return {"num_steps": num_steps, "final_loss": loss, "seconds": time.monotonic() - start}
