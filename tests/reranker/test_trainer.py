from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from reranker.batching import SharedPromptBatch, collate, forward
from reranker.model import new_reranker
from reranker.optimizer import OptimizerGroup, make_optimizer
from reranker.trainer import ComparisonCollator, comparison_loss
from reranker.tree import Tree

ROW = {
    "prompt_ids": [5, 6, 7],
    "chosen_ids": [[8, 0], [9, 0]],
    "rejected_ids": [[10, 11, 0], [8, 8, 0]],
    "weights": [1.0, 2.0],
}


def test_loss_is_the_weighted_mean_of_log_sigmoids():
    scores = torch.tensor([1.0, -0.5, 2.0])
    loss = comparison_loss(
        scores, torch.tensor([0, 0]), torch.tensor([1, 2]), torch.tensor([1.0, 3.0])
    )
    expected = (1 * math.log1p(math.exp(-1.5)) + 3 * math.log1p(math.exp(1.0))) / 4
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_a_weight_scales_its_pair_in_the_gradient():
    scores = torch.zeros(4, requires_grad=True)
    better, worse = torch.tensor([0, 2]), torch.tensor([1, 3])
    comparison_loss(scores, better, worse, torch.tensor([1.0, 2.0])).backward()
    assert scores.grad is not None
    assert scores.grad[3].item() == pytest.approx(2 * scores.grad[1].item())


def test_every_passing_candidate_meets_every_failing_one():
    tensors = ComparisonCollator(pad_id=1)([ROW, {**ROW, "prompt_ids": [4]}])
    comparisons = list(
        zip(
            tensors["better"].tolist(),
            tensors["worse"].tolist(),
            tensors["weights"].tolist(),
            strict=True,
        )
    )
    assert comparisons[:4] == [(0, 2, 1.0), (0, 3, 2.0), (1, 2, 1.0), (1, 3, 2.0)]
    assert comparisons[4:] == [(4, 6, 1.0), (4, 7, 2.0), (5, 6, 1.0), (5, 7, 2.0)]
    assert tensors["passing"].tolist() == [0, 1, 4, 5]
    assert tensors["owner"].tolist() == [0] * 4 + [1] * 4


def test_repeated_completion_is_computed_once():
    row = {**ROW, "chosen_ids": [[8, 0], [8, 0]]}
    tensors = ComparisonCollator(pad_id=1)([row])
    assert len(tensors["owner"]) == 3
    assert tensors["passing"].tolist() == [0]


@pytest.mark.parametrize("head", ["anchored", "plain"])
def test_gradients_through_a_shared_prompt_are_those_of_whole_texts(base: Path, head):
    gradients = []
    for share in (True, False):
        model = new_reranker(base, head, seed=1)[0]
        batch = collate([((5, 6, 7), [(8, 0), (9, 10, 0)]), ((4,), [(12, 0)])], 1)
        (
            forward(model, batch, share=share).logits[:, 0] * torch.tensor([1.0, -2.0, 0.5])
        ).sum().backward()
        gradients.append({n: p.grad for n, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][name], atol=1e-4), name


def test_gradients_along_a_tree_are_those_of_padded_rows(base: Path):
    gradients = []
    for trees in (False, True):
        model = new_reranker(base, seed=1)[0]
        tensors = ComparisonCollator(pad_id=1, trees=trees)([ROW, {**ROW, "prompt_ids": [4]}])
        if trees:
            output = model(tree=tensors["tree"])
        else:
            names = SharedPromptBatch.__dataclass_fields__
            output = forward(model, SharedPromptBatch(*(tensors[name] for name in names)))
        better, worse = tensors["better"], tensors["worse"]
        loss = comparison_loss(output.logits[:, 0], better, worse, tensors["weights"])
        (loss - output.mean_logprob[tensors["passing"]].mean()).backward()
        gradients.append({n: p.grad for n, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][name], atol=1e-4), name


@pytest.mark.parametrize(("head", "trees"), [("anchored", 0), ("anchored", 1), ("plain", 0)])
def test_gradients_are_the_same_each_time(base: Path, head: str, trees: int):
    # Two threads add what the completions of one prompt say of it; they meet there in any order.
    before = torch.get_num_threads()
    model = new_reranker(base, head, seed=1)[0]
    random = torch.Generator().manual_seed(0)
    rows = torch.randint(2, 9, (64, 24), generator=random).tolist()
    prompt = [2, 3, 4, 5] * 10
    batch, tree = collate([(prompt, rows)], 1), Tree([(prompt, row) for row in rows])
    found = []
    try:
        torch.set_num_threads(2)
        for _ in range(20):
            model.zero_grad()
            output = model(tree=tree) if trees else forward(model, batch)
            (output.logits**2).sum().backward()
            gradients = [p.grad for p in model.parameters() if p.grad is not None]
            found.append(torch.cat([gradient.flatten() for gradient in gradients]))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(found[0], other) for other in found)


def test_a_tree_is_learnt_from_in_bfloat16(base: Path):
    model = new_reranker(base, seed=1)[0]
    tree = ComparisonCollator(pad_id=1, trees=True)([ROW])["tree"]
    exact = model(tree=tree).logits
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model(tree=tree).logits
    rounded.sum().backward()
    assert torch.allclose(exact, rounded.float(), atol=0.05 * float(exact.detach().abs().max()))


def test_batch_counts_its_tokens_and_marks_completions():
    batch = collate([((5, 6, 7), [(8, 0), (9, 10, 0)])], 1)
    assert batch.num_tokens == 2 + (1 + 2) + (1 + 3)
    assert batch.completion_mask.tolist() == [[0, 1, 1, 0], [0, 1, 1, 1]]
    assert isinstance(batch.to(torch.device("cpu")), SharedPromptBatch)


def test_muon_gets_the_trunks_matrices_and_adamw_the_rest(base: Path):
    model = new_reranker(base)[0]
    optimizer = make_optimizer(model, 1e-3, 1e-2)
    assert isinstance(optimizer, OptimizerGroup)
    muon, adamw = (group["params"] for group in optimizer.param_groups)
    names = {id(p): name for name, p in model.named_parameters()}
    assert {names[id(p)].rsplit(".", 2)[1] for p in muon} == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    }  # fmt: skip
    assert len(muon) + len(adamw) == len(names)


def test_without_muon_everything_is_adamw(base: Path):
    assert isinstance(make_optimizer(new_reranker(base)[0], 1e-3, None), torch.optim.AdamW)


def test_schedule_reaches_both_optimizers_and_state_survives():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
    optimizer = make_optimizer(model, 1e-3, 1e-2)
    optimizer.load_state_dict(optimizer.state_dict())
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    before = [p.clone() for p in model.parameters()]
    model(torch.randn(3, 4)).square().sum().backward()
    optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    optimizer.zero_grad()
    assert all(p.grad is None for p in model.parameters())
