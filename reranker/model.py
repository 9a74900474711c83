"""Making, loading and saving rerankers of both kinds.

* ``plain``: transformers' sequence classifier with one label, a scalar read at the last token.
  Anything that serves classifiers loads it as it is.
* ``anchored``: the trunk's own mean log-likelihood plus a learned correction (`reranker.anchored`).

Weights are read from safetensors only, and code that comes with a model is never run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from safetensors import SafetensorError
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from multipl_e.errors import UserError
from reranker.anchored import MODEL_TYPE, AnchoredReranker
from reranker.card import model_card

Head = Literal["anchored", "plain"]
Loaded = tuple[PreTrainedModel, PreTrainedTokenizerBase, "RerankerSpec"]

# Smaller models gain nothing from half precision on a CPU: their time goes into small operations.
MIN_BYTES_FOR_HALF = 40_000_000

SHIPPED_TRUNK = Path(__file__).resolve().parent.parent / "artifacts" / "default" / "reranker-trunk"


@dataclass(frozen=True, slots=True)
class RerankerSpec:
    """What kind of reranker a folder holds.

    Attributes:
        head: ``anchored`` or ``plain``.
        anchor_scale: Factor of the mean log-probability; None for a plain head.
        max_length: Most tokens of prompt and completion together; None where the model has no
            limit of its own.
        source: The folder or name it was loaded from.
    """

    head: Head
    anchor_scale: float | None
    max_length: int | None
    source: str


def new_reranker(
    base: str | Path,
    head: Head = "anchored",
    *,
    anchor_scale: float = 10.0,
    seed: int = 0,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype = torch.float32,
) -> Loaded:
    """An untrained reranker on any causal language model.

    The anchored kind then scores by `anchor_scale` times the trunk's mean log-probability, which
    is the likelihood baseline; the plain kind's head is random (from `seed`).

    Args:
        base: A folder or Hub name of a causal language model, or ``default-trunk``.
        head: Which kind.
        anchor_scale: See `reranker.anchored`.
        seed: For the plain head's first weights.
        device: By default the first GPU if there is one, else the CPU.
        dtype: Of the weights in memory.

    Raises:
        UserError: there is no such model, or it is not a causal language model.
    """
    source = resolve_base(base)
    tokenizer = _load_tokenizer(source)
    with quiet_transformers(), _readable(str(base)):
        if head == "anchored":
            trunk = AutoModelForCausalLM.from_pretrained(
                source, dtype=dtype, use_safetensors=True, trust_remote_code=False
            )
            model: PreTrainedModel = AnchoredReranker.from_trunk(trunk, anchor_scale)
        elif head == "plain":
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                model = AutoModelForSequenceClassification.from_pretrained(
                    source, num_labels=1, dtype=dtype, use_safetensors=True, trust_remote_code=False
                )
        else:
            raise UserError(f"there is no reranker head '{head}'; choose anchored or plain")
    return _ready(model, tokenizer, str(base), device)


def load_reranker(
    directory: str | Path,
    *,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype = torch.float32,
) -> Loaded:
    """Load a trained reranker of either kind, in eval mode.

    Args:
        directory: A folder that `save_reranker` (or any trainer of one-label classifiers) wrote.
        device: By default the first GPU if there is one, else the CPU.
        dtype: Of the weights in memory; ``auto`` for the one they were saved in.

    Raises:
        UserError: there is no such folder, it is damaged, or it holds something else.
    """
    directory = Path(directory).expanduser()
    config = _read_config(directory)
    architecture = (config.get("architectures") or [""])[0]
    anchored = config.get("model_type") == MODEL_TYPE
    if not anchored and not architecture.endswith("ForSequenceClassification"):
        raise UserError(
            f"{directory} holds a {architecture or 'model of an unknown kind'}, not a reranker; "
            "make one of it with `python -m reranker.train --model`, or use it as it is with "
            "--strategy likelihood"
        )
    loader = AnchoredReranker if anchored else AutoModelForSequenceClassification
    tokenizer = _load_tokenizer(str(directory))
    with quiet_transformers(), _readable(str(directory)):
        model = loader.from_pretrained(directory, dtype=dtype, use_safetensors=True)
    if model.config.num_labels != 1:
        raise UserError(
            f"{directory} is a classifier with {model.config.num_labels} labels; "
            "a reranker has one (train it with num_labels=1)"
        )
    return _ready(model, tokenizer, str(directory), device)


def suited_dtype(directory: str | Path, device: str | torch.device | None = None) -> torch.dtype:
    """What to score with: bfloat16 where it is several times faster, else float32.

    Faster it is on GPUs, and on CPUs with matrix units (AMX) for models of 40 MB and more, which is
    10 million parameters in float32.

    Args:
        directory: The reranker's folder; need not be there yet.
        device: As for `load_reranker`.
    """
    on_gpu = torch.cuda.is_available() if device is None else torch.device(device).type != "cpu"
    if on_gpu:
        return torch.bfloat16
    weights = Path(directory).expanduser().glob("*.safetensors")
    large = sum(file.stat().st_size for file in weights) >= MIN_BYTES_FOR_HALF
    half = large and bool(torch.cpu.get_capabilities().get("amx_bf16"))
    return torch.bfloat16 if half else torch.float32


def save_reranker(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    directory: str | Path,
    *,
    base: str = "",
    metrics: dict[str, float] | None = None,
) -> None:
    """Write weights (safetensors), configuration, tokenizer and model card.

    A plain head's tokenizer is saved so that it appends the end-of-text token itself: servers that
    encode (prompt, candidate) as a pair then see the very tokens that training saw.
    """
    directory = Path(directory)
    anchored = isinstance(model, AnchoredReranker)
    with quiet_transformers():
        model.save_pretrained(directory, safe_serialization=True)
        if not anchored:
            _append_end_token(tokenizer)
        tokenizer.save_pretrained(directory)
    card = model_card(
        head="anchored" if anchored else "plain",
        anchor_scale=model.config.anchor_scale if anchored else None,
        base=base,
        metrics=metrics or {},
    )
    (directory / "README.md").write_text(card, encoding="utf-8")


def resolve_base(base: str | Path) -> str:
    """The folder of a base model, or its Hub name.

    Raises:
        UserError: it looks like a path and there is no model folder at it.
    """
    if str(base) == "default-trunk":
        base = SHIPPED_TRUNK
    path = Path(base).expanduser()
    if path.is_dir():
        if _read_config(path).get("model_type") == MODEL_TYPE:
            raise UserError(
                f"{path} is a reranker already; every training starts from a base language model, "
                "so name that instead"
            )
        return str(path)
    if path.exists() or path.is_absolute() or str(base).startswith((".", "~")):
        raise UserError(f"there is no model folder at {path}; give a folder or a Hub name")
    return str(base)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep loading reports and bars off the screen: a new head on an old trunk is no surprise."""
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def _readable(source: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        first_line = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UserError(f"cannot load the model '{source}': {first_line}") from error


def _read_config(directory: Path) -> dict[str, Any]:
    if not directory.is_dir():
        raise UserError(f"there is no model folder at {directory}")
    try:
        config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{directory} holds no config.json, so it is not a model folder") from None
    except ValueError as error:
        raise UserError(f"{directory / 'config.json'} is not valid JSON: {error}") from error
    if not isinstance(config, dict):
        raise UserError(f"{directory / 'config.json'} does not hold a JSON object")
    return config


def _load_tokenizer(source: str) -> PreTrainedTokenizerBase:
    with quiet_transformers(), _readable(source):
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    if tokenizer.eos_token_id is None:
        raise UserError(f"the tokenizer of '{source}' has no end-of-text token; set eos_token")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _ready(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    source: str,
    device: str | torch.device | None,
) -> Loaded:
    config = model.config.get_text_config()
    # A sequence classifier finds the last token of a padded row by it.
    model.config.pad_token_id = config.pad_token_id = tokenizer.pad_token_id
    limit = getattr(config, "max_position_embeddings", None)
    anchored = isinstance(model, AnchoredReranker)
    spec = RerankerSpec(
        head="anchored" if anchored else "plain",
        anchor_scale=model.config.anchor_scale if anchored else None,
        max_length=limit if isinstance(limit, int) and limit > 0 else None,
        source=source,
    )
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device).eval(), tokenizer, spec


def _append_end_token(tokenizer: PreTrainedTokenizerBase) -> None:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:  # a tokenizer in Python: nothing to configure, the card says what to append
        return
    bos, eos = tokenizer.bos_token, tokenizer.eos_token
    adds_bos = bos is not None and tokenizer("x")["input_ids"][:1] == [tokenizer.bos_token_id]
    start = [bos] if adds_bos else []
    used = {token: tokenizer.convert_tokens_to_ids(token) for token in [*start, eos]}
    backend.post_processor = TemplateProcessing(
        single=[*start, "$A", eos],
        pair=[*start, "$A", "$B", eos],
        special_tokens=list(used.items()),
    )
