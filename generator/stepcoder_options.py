"""The settings of StepCoder, checked when they are made."""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.ppo_options import PPOOptions
from multipl_e.errors import UserError


def _ppo() -> PPOOptions:
    # Rewards as published: neither rescaled nor lowered for programs that ran out of tokens.
    return PPOOptions(num_steps=40, kl_coef=0.02, normalise_reward=False, missing_eos_penalty=None)


@dataclass(frozen=True)
class StepCoderOptions:
    """PPO from compiler feedback, with the two parts that make it StepCoder.

    Attributes:
        curriculum: CCCS: begin near the end of the canonical solution and move toward plain
            generation. Off, every rollout writes the whole program.
        fine_grained: FGO: only executed tokens enter the policy loss. Off, all do.
        pass_rate: ρ: a task's start point moves when more than this share of its rollouts there
            have passed.
        test_share_weight: Added to the reward of a program that fails a test, times the share of
            tests that it passes, where the language tells; 0 leaves the reward as published.
        num_parts: Parts in which a batch is sampled; one is executed while the next is sampled.
        save_every: Steps after which the run is saved, so that it can go on from there.
        num_eval_tasks: Tasks on which pass@1 is measured before and after; 0 for none.
        num_eval_candidates: Samples of each of them.
        ppo: Settings of PPO.
    """

    curriculum: bool = True
    fine_grained: bool = True
    pass_rate: float = 0.5
    test_share_weight: float = 0.0
    num_parts: int = 2
    save_every: int = 5
    num_eval_tasks: int = 64
    num_eval_candidates: int = 4
    ppo: PPOOptions = field(default_factory=_ppo)

    def __post_init__(self) -> None:
        """Refuse settings that cannot work.

        Raises:
            UserError: names the setting, its value and what it may be.
        """
        if not 0 <= self.pass_rate < 1:
            raise UserError(f"pass_rate is {self.pass_rate}; it must be at least 0 and below 1")
        if not 0 <= self.test_share_weight < 1.3:
            raise UserError(
                f"test_share_weight is {self.test_share_weight}; it must be at least 0 and below "
                "1.3, so that nothing earns more than passing"
            )
        for name, least in (
            ("num_parts", 1),
            ("save_every", 1),
            ("num_eval_tasks", 0),
            ("num_eval_candidates", 1),
        ):
            if getattr(self, name) < least:
                raise UserError(f"{name} is {getattr(self, name)}; it must be at least {least}")
