"""A PPO trainer's state as plain data and tensors, so that a run can go on where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.ppo_rollouts import RewardScale

if TYPE_CHECKING:
    from generator.ppo import PPOTrainer


def trainer_state(trainer: PPOTrainer) -> dict[str, Any]:
    """Policy, value head, optimizers and everything else that decides the next step."""
    return {
        "module": trainer.accelerator.unwrap_model(trainer.module).state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in trainer.optimizers],
        "kl_coef": trainer.kl_controller.coef,
        "scale": (trainer.scale.mean, trainer.scale.sd),
        "num_steps_done": trainer.num_steps_done,
        "shuffle": trainer._shuffle.get_state(),
    }


def restore_trainer(trainer: PPOTrainer, state: dict[str, Any]) -> None:
    """Put a trainer, made with the same settings, into a state."""
    trainer.accelerator.unwrap_model(trainer.module).load_state_dict(state["module"])
    for optimizer, saved in zip(trainer.optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    trainer.kl_controller.coef = state["kl_coef"]
    trainer.scale = RewardScale(*state["scale"])
    trainer.num_steps_done = state["num_steps_done"]
    trainer._shuffle.set_state(state["shuffle"])
