"""Loading a causal language model and its tokenizer, from a folder, the Hub's cache or by a name.

``default`` and ``default-trunk`` name the tiny models that ship with the project (see
`generator.pretrain`, which makes them).
"""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from multipl_e.errors import UserError

SHIPPED_MODELS = {"default": "generator", "default-trunk": "reranker-trunk"}

# What loading raises for folders that are damaged or not what they seem.
_LOAD_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
    SafetensorError,
    StrictDataclassError,
)

DEFAULT_WEIGHTS = Path(__file__).resolve().parent.parent / "artifacts" / "default"


def resolve_model(name_or_path: str | Path) -> str:
    """The folder of a shipped model for its short name, else `name_or_path` itself.

    Raises:
        UserError: a path (not a Hub name) at which there is no model.
    """
    name = str(name_or_path)
    if name in SHIPPED_MODELS:
        folder = DEFAULT_WEIGHTS / SHIPPED_MODELS[name]
        if not (folder / "config.json").is_file():
            raise UserError(
                f"the shipped model '{name}' is missing from {folder}; "
                "rebuild it with `python -m generator.pretrain`"
            )
        return str(folder)
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise UserError(f"{path} is not a model folder: it holds no config.json")
        return str(path)
    if path.exists():
        raise UserError(f"{path} is a file; a model is a folder with config.json and weights")
    if path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise UserError(f"there is no model at {path}; give a folder, a Hub name or 'default'")
    return name


def check_model(name_or_path: str | Path) -> None:
    """Find out that there is no such model before work starts; reads its configuration alone.

    Raises:
        UserError: if there is none, or its configuration cannot be read.
    """
    source = resolve_model(name_or_path)
    try:
        AutoConfig.from_pretrained(source, trust_remote_code=False)
    except _LOAD_ERRORS as error:
        raise UserError(f"cannot load the model '{name_or_path}': {_first_line(error)}") from error


def load_generator(
    name_or_path: str | Path,
    *,
    dtype: str | torch.dtype = "auto",
    device: str | torch.device | None = None,
) -> tuple[PreTrainedModel, Tokenizer]:
    """Load a causal language model for sampling or tuning, in eval mode.

    Weights are read from safetensors only and code that came with a model is never run.

    Args:
        name_or_path: A folder in Hugging Face format, a Hub name, ``default``, ``default-trunk``.
        dtype: A torch dtype, its name, or ``auto`` for the dtype the weights were saved in.
        device: Where the model goes; by default the first GPU if there is one, else the CPU.

    Returns:
        The model and its tokenizer, which pads on the left and has eos and pad tokens.

    Raises:
        UserError: if there is no such model or it cannot be read.
    """
    source = resolve_model(name_or_path)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            source, dtype=dtype, use_safetensors=True, trust_remote_code=False
        )
    except _LOAD_ERRORS as error:
        raise UserError(f"cannot load the model '{name_or_path}': {_first_line(error)}") from error
    tokenizer = load_tokenizer(source)
    if model.get_input_embeddings().num_embeddings < len(tokenizer):
        raise UserError(
            f"the tokenizer of '{name_or_path}' has more tokens than the model has embeddings; "
            "they do not belong together"
        )
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device).eval(), tokenizer


def load_tokenizer(name_or_path: str | Path) -> Tokenizer:
    """Load a tokenizer that is ready for sampling: left padding, an eos and a pad token.

    Raises:
        UserError: if there is none, or it has no end-of-text token.
    """
    source = resolve_model(name_or_path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except _LOAD_ERRORS as error:
        raise UserError(
            f"cannot load the tokenizer of '{name_or_path}': {_first_line(error)}"
        ) from error
    if tokenizer.eos_token_id is None:
        raise UserError(f"the tokenizer of '{name_or_path}' has no eos_token; set one")
    if tokenizer.pad_token_id is None:
        # Padding is always masked, so any token will do.
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    return tokenizer


def end_token_ids(model: PreTrainedModel, tokenizer: Tokenizer) -> frozenset[int]:
    """Every token that ends a text: the tokenizer's and those of the generation configuration."""
    config = getattr(model, "generation_config", None)
    ends = getattr(config, "eos_token_id", None)
    listed = ends if isinstance(ends, list) else [] if ends is None else [ends]
    return frozenset([tokenizer.eos_token_id, *listed])


def max_positions(model: PreTrainedModel) -> int | None:
    """How many tokens the model can hold (prompt and completion), or None where it does not say."""
    config = model.config.get_text_config()
    limit = getattr(config, "max_position_embeddings", None)
    return int(limit) if isinstance(limit, int) and limit > 0 else None


def silence_transformers() -> None:
    """Keep transformers' own warnings and bars off the screen; ours say what matters."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
