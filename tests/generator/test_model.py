"""Loading models: what is there, and what is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoTokenizer,
    BloomConfig,
    BloomForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from generator import model as model_module
from generator.model import (
    end_token_ids,
    load_generator,
    load_tokenizer,
    max_positions,
    resolve_model,
)
from multipl_e.errors import UserError


def test_a_saved_model_comes_back(llama: PreTrainedModel, llama_folder: Path) -> None:
    model, tokenizer = load_generator(llama_folder, device="cpu")
    assert not model.training
    assert tokenizer.padding_side == "left"
    for name, weights in llama.state_dict().items():
        assert torch.equal(weights, model.state_dict()[name])


def test_a_dtype_can_be_asked_for(llama_folder: Path) -> None:
    model, _ = load_generator(llama_folder, dtype="bfloat16", device="cpu")
    assert model.dtype == torch.bfloat16


def test_missing_models_are_user_errors(tmp_path: Path) -> None:
    for missing in (tmp_path / "none", "./none", "a/b/c"):
        with pytest.raises(UserError, match="no model"):
            load_generator(missing)
    with pytest.raises(UserError, match="holds no config"):
        load_generator(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="is a file"):
        load_generator(tmp_path / "file")


def test_a_folder_without_weights_or_with_a_broken_config_is_a_user_error(
    llama_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text((llama_folder / "config.json").read_text())
    with pytest.raises(UserError, match="cannot load the model"):
        load_generator(tmp_path)
    (tmp_path / "config.json").write_text("{not json")
    with pytest.raises(UserError, match="cannot load the model"):
        load_generator(tmp_path)


def test_a_tokenizer_without_padding_pads_with_the_end(
    kata_tokenizer: PreTrainedTokenizerFast, llama_folder: Path, tmp_path: Path
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama_folder)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text((llama_folder / "config.json").read_text())
    loaded = load_tokenizer(tmp_path)
    assert loaded.pad_token_id == loaded.eos_token_id == kata_tokenizer.eos_token_id


def test_a_tokenizer_without_an_end_is_refused(llama_folder: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama_folder)
    tokenizer.eos_token = None
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text((llama_folder / "config.json").read_text())
    with pytest.raises(UserError, match="eos_token"):
        load_tokenizer(tmp_path)


def test_shipped_names_are_folders_or_say_how_to_make_them(
    llama_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_module, "DEFAULT_WEIGHTS", tmp_path)
    with pytest.raises(UserError, match=r"generator\.pretrain"):
        resolve_model("default")
    (tmp_path / "generator").symlink_to(llama_folder)
    assert resolve_model("default") == str(tmp_path / "generator")


def test_hub_names_pass_through() -> None:
    assert resolve_model("Qwen/Qwen2.5-Coder-0.5B") == "Qwen/Qwen2.5-Coder-0.5B"


def test_every_end_token_counts(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama.generation_config, "eos_token_id", [300, 301])
    assert end_token_ids(llama, kata_tokenizer) == {kata_tokenizer.eos_token_id, 300, 301}


def test_max_positions(llama: PreTrainedModel) -> None:
    assert max_positions(llama) == 320


def test_a_model_that_states_no_limit_has_none(kata_tokenizer: PreTrainedTokenizerFast) -> None:
    config = BloomConfig(vocab_size=len(kata_tokenizer), hidden_size=16, n_layer=1, n_head=2)
    assert max_positions(BloomForCausalLM(config)) is None


def test_a_damaged_model_is_a_user_error(llama_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(llama_folder, folder)
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cannot load the model"):
        load_generator(folder)
    weights.write_bytes(whole)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": "wide"}))
    with pytest.raises(UserError, match="cannot load the model"):
        load_generator(folder)
