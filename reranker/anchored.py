"""The anchored reward model: a language model's own opinion plus a learned correction.

``score(x, y) = scale * mean_t log p(y_t | x, y_<t) + w_last . h_last + w_mean . mean_t h_t``

`p` and `h` are the trunk's own next-token probabilities and hidden states; the mean runs over the
completion's tokens, end-of-text included. It is a mean and never a sum, so that length is not what
is scored. Both corrections start at zero: an untrained anchored reranker ranks by its trunk's
likelihood, and training can only move away from that where the pairs say so.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    CONFIG_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    Cache,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.utils import ModelOutput

from reranker.tree import Tree, along

MODEL_TYPE = "anchored_reranker"


class AnchoredConfig(PreTrainedConfig):
    """Configuration of `AnchoredReranker`.

    Attributes:
        text_config: The trunk's configuration (transformers' name for the language model inside).
        anchor_scale: What the mean log-probability, in nats per token, is multiplied by.
    """

    model_type = MODEL_TYPE
    sub_configs = {"text_config": AutoConfig}  # noqa: RUF012 (transformers reads a class attribute)

    text_config: dict[str, Any] | PreTrainedConfig | None = None
    anchor_scale: float = 10.0
    tie_word_embeddings: bool = False

    def __post_init__(self, **kwargs: Any) -> None:
        trunk = self.text_config
        if trunk is None:
            # transformers builds an empty configuration to find out which fields were changed.
            trunk = CONFIG_MAPPING["llama"]()
        elif isinstance(trunk, dict):
            fields = dict(trunk)
            trunk = CONFIG_MAPPING[fields.pop("model_type")](**fields)
        self.text_config = trunk
        self.tie_word_embeddings = trunk.tie_word_embeddings
        super().__post_init__(**kwargs)


@dataclass
class AnchoredOutput(ModelOutput):
    """What `AnchoredReranker` returns.

    Attributes:
        logits: Scores, (batch, 1), as sequence classifiers call them.
        mean_logprob: Mean log-probability of the completion's tokens, (batch,), nats per token.
        past_key_values: The trunk's cache.
    """

    logits: Tensor | None = None
    mean_logprob: Tensor | None = None
    past_key_values: Cache | None = None


class AnchoredReranker(PreTrainedModel):
    """A causal language model of any kind with an anchored scalar score."""

    config_class = AnchoredConfig
    base_model_prefix = "trunk"
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True

    def __init__(self, config: AnchoredConfig) -> None:
        super().__init__(config)
        self.trunk = AutoModelForCausalLM.from_config(config.text_config)
        self._add_heads()
        self.post_init()

    def _add_heads(self) -> None:
        hidden = self.config.text_config.hidden_size
        self.last_head = nn.Linear(hidden, 1, bias=False)
        self.mean_head = nn.Linear(hidden, 1, bias=False)
        self._init_weights(self.last_head)
        self._init_weights(self.mean_head)
        self._keeps_logits = "logits_to_keep" in inspect.signature(self.trunk.forward).parameters

    @classmethod
    def from_trunk(cls, trunk: PreTrainedModel, anchor_scale: float = 10.0) -> AnchoredReranker:
        """Wrap a loaded causal language model; its weights are used, not copied."""
        config = AnchoredConfig(text_config=trunk.config, anchor_scale=anchor_scale, num_labels=1)
        config.dtype = trunk.config.dtype
        with torch.device("meta"):
            model: AnchoredReranker = cls(config)
        model.trunk = trunk
        model._add_heads()
        model.to(device=trunk.device, dtype=trunk.dtype)
        return model

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        """Zero corrections (the trunk initialises itself)."""
        if isinstance(module, nn.Linear):
            module.weight.zero_()

    @property
    def backbone(self) -> PreTrainedModel:
        """The trunk without its vocabulary head: what a prompt's cache is computed with."""
        return self.trunk.base_model

    def run_trunk(self, places: Tensor, **inputs: Any) -> tuple[ModelOutput, Tensor]:
        """The trunk's output with all hidden states, and its logits at some places of each row.

        The vocabulary head is the widest layer, so it runs nowhere else if the trunk can tell.
        """
        if self._keeps_logits:
            inputs["logits_to_keep"] = places
        output = self.trunk(**inputs, output_hidden_states=True)
        return output, output.logits if self._keeps_logits else output.logits[:, places]

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        completion_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Cache | None = None,
        use_cache: bool | None = None,
        tree: Tree | None = None,
    ) -> AnchoredOutput:
        """Score completions: those of a padded batch, or the rows of a tree.

        Args:
            input_ids: (batch, length); with a cache, what follows the cached prefix. The token
                before each completion must be among them.
            attention_mask: (batch, cached + length).
            completion_mask: (batch, length), 1 at the completion's tokens.
            position_ids: (batch, length).
            past_key_values: Cache of a prefix of the prompt.
            use_cache: Whether the trunk extends and returns the cache.
            tree: Prompts and completions, in place of everything but the cache.

        Raises:
            ValueError: no completion mask, or a completion begins at the first token.
        """
        if tree is not None:
            return self.score_tree(tree, past_key_values)
        if input_ids is None or completion_mask is None:
            raise ValueError("an anchored reranker needs completion_mask to know what it scores")
        is_completion = completion_mask.bool()
        if bool(is_completion[:, 0].any()):
            raise ValueError("a completion cannot begin at the first token: nothing predicts it")
        # Logits are needed from the token before the earliest completion on.
        start = int(is_completion.any(0).int().argmax()) - 1
        output, logits_btv = self.run_trunk(
            torch.arange(start, input_ids.shape[1], device=input_ids.device),
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            use_cache=use_cache,
        )
        targets_bt = input_ids[:, start + 1 :]
        weights_bt = is_completion[:, start + 1 :].float()
        weights_bt = weights_bt / weights_bt.sum(1, keepdim=True).clamp(min=1)
        logprobs_bt = -nn.functional.cross_entropy(
            logits_btv[:, :-1].float().transpose(1, 2), targets_bt, reduction="none"
        )
        mean_logprob = (logprobs_bt * weights_bt).sum(1)

        hidden_bth = output.hidden_states[-1][:, start + 1 :]
        last = weights_bt.shape[1] - 1 - weights_bt.flip(1).bool().int().argmax(1)
        last_hidden = hidden_bth[torch.arange(len(last), device=last.device), last]
        mean_hidden = (hidden_bth * weights_bt.unsqueeze(2).to(hidden_bth.dtype)).sum(1)
        correction = self.last_head(last_hidden) + self.mean_head(mean_hidden)
        score = self.config.anchor_scale * mean_logprob.unsqueeze(1) + correction.float()
        return AnchoredOutput(
            logits=score, mean_logprob=mean_logprob, past_key_values=output.past_key_values
        )

    def score_tree(self, tree: Tree, past_key_values: Cache | None = None) -> AnchoredOutput:
        """Score the rows of a tree, see `forward`; the cache, if any, grows by its tokens."""
        places = [tree.completion_places(row) for row in range(len(tree.rows))]
        counts_b = torch.tensor([len(p) for p in places], device=self.device)
        owner = torch.repeat_interleave(torch.arange(len(places), device=self.device), counts_b)
        # Tokens that rows share are looked at once; `inverse` deals them out again.
        scored_s, inverse = torch.cat(places).to(self.device).unique(return_inverse=True)
        # The token before is many tokens' where texts part. Its logits are computed once, and dealt
        # out by index_select: indexing twice at one place adds gradients in no fixed order.
        before_s = tree.before().to(self.device)[scored_s]
        before_p, place_s = before_s.unique(return_inverse=True)
        inputs = tree.inputs(self.device)
        with along(tree, self.backbone):
            output, logits_1pv = self.run_trunk(
                before_p,
                past_key_values=past_key_values,
                use_cache=past_key_values is not None,
                **inputs,
            )
        logits_sv = logits_1pv[0].index_select(0, place_s).float()
        targets_s = inputs["input_ids"][0, scored_s]
        logprobs_s = -nn.functional.cross_entropy(logits_sv, targets_s, reduction="none")
        hidden_sh = output.hidden_states[-1][0, scored_s]

        def mean(values_s: Tensor) -> Tensor:
            sums_b = torch.zeros(len(places), device=self.device)
            return sums_b.index_add_(0, owner, values_s.index_select(0, inverse).float()) / counts_b

        last_b = inverse[counts_b.cumsum(0) - 1]
        mean_logprob = mean(logprobs_s)
        correction = self.last_head(hidden_sh.index_select(0, last_b))[:, 0].float()
        correction = correction + mean(self.mean_head(hidden_sh)[:, 0])
        score = self.config.anchor_scale * mean_logprob + correction
        return AnchoredOutput(
            logits=score[:, None],
            mean_logprob=mean_logprob,
            past_key_values=output.past_key_values,
        )
