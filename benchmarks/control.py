"""DQN and PPO of the lessons beside stable-baselines3's tuned settings, on CartPole."""

from __future__ import annotations

import statistics
import time

import torch

from benchmarks.borrow import borrow
from benchmarks.report import Table

DQN_LESSON = "chapters/05_reinforcement_learning/03_deep_q_learning.ipynb"
PPO_LESSON = "chapters/05_reinforcement_learning/04_policy_gradients.ipynb"
SEEDS, GOAL, EPISODES = 5, 475, 20
CARTS, LOOK = 16, 100  # the lesson's DQN: carts side by side, and steps of each between two looks


def library(name: str, seed: int, every: int) -> tuple[float, int, bool]:
    """Seconds, environment steps and success of stable-baselines3 with the Zoo's settings.

    Every `every` steps it is evaluated; the evaluations' time is not counted.
    """
    from stable_baselines3 import DQN, PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy

    judge = make_vec_env("CartPole-v1", n_envs=EPISODES, seed=10_000 + seed)
    spent = {"evaluation": 0.0}

    class UntilSolved(BaseCallback):
        solved, due = False, every

        def _on_step(self) -> bool:
            if self.num_timesteps >= self.due:
                self.due += every
                start = time.process_time()
                mean, _ = evaluate_policy(self.model, judge, EPISODES, deterministic=True)
                spent["evaluation"] += time.process_time() - start
                self.solved = mean >= GOAL
            return not self.solved

    def falling(start: float):
        return lambda left: start * left

    begin, stop = time.process_time(), UntilSolved()
    if name == "PPO":
        model = PPO(
            "MlpPolicy", make_vec_env("CartPole-v1", n_envs=8, seed=seed), n_steps=32,
            batch_size=256, gae_lambda=0.8, gamma=0.98, n_epochs=20, ent_coef=0.0,
            learning_rate=falling(0.001), clip_range=falling(0.2), seed=seed, device="cpu",
        )  # fmt: skip
        model.learn(100_000, callback=stop)
    else:
        model = DQN(
            "MlpPolicy", make_vec_env("CartPole-v1", n_envs=1, seed=seed), learning_rate=2.3e-3,
            batch_size=64, buffer_size=100_000, learning_starts=1000, gamma=0.99,
            target_update_interval=10, train_freq=256, gradient_steps=128,
            exploration_fraction=0.16, exploration_final_eps=0.04, seed=seed, device="cpu",
            policy_kwargs={"net_arch": [256, 256]},
        )  # fmt: skip
        model.learn(50_000, callback=stop)
    seconds = time.process_time() - begin - spent["evaluation"]
    return seconds, model.num_timesteps, stop.solved


def dqn_of_the_lesson(seed: int) -> tuple[float, int, bool]:
    """The same of the lesson's DQN; its evaluations' time is counted."""
    lesson = borrow(DQN_LESSON, "train_cartpole", SEED=0)
    _, seconds, scores = lesson.train_cartpole(seed)
    return seconds, LOOK * CARTS * len(scores), scores[-1] >= GOAL


def row(name: str, runs: list[tuple[float, int, bool]]) -> tuple[str, ...]:
    """A line of the table; a run that never got there counts with the time it was given."""
    seconds, steps, solved = zip(*runs, strict=True)
    return (
        name,
        f"{statistics.median(seconds):.1f} s ({min(seconds):.1f} – {max(seconds):.1f})",
        f"{statistics.median(steps):,.0f}",
        f"{sum(solved)} of {len(runs)}",
    )


def measure() -> list[Table]:
    """One table."""
    torch.set_num_threads(1)
    ppo = borrow(PPO_LESSON, "ppo").ppo
    ours = [ppo(seed)[1:4] for seed in range(SEEDS)]
    rows = [
        row("DQN of the lesson", [dqn_of_the_lesson(seed) for seed in range(SEEDS)]),
        row("DQN, stable-baselines3", [library("DQN", seed, 2_560) for seed in range(SEEDS)]),
        row("PPO of the lesson", ours),
        row("PPO, stable-baselines3", [library("PPO", seed, 2_560) for seed in range(SEEDS)]),
    ]
    return [
        Table(
            "CartPole",
            f"Seconds until {EPISODES} evaluation episodes reach a mean of {GOAL}, median of "
            f"{SEEDS} seeds, looked at every 2,560 steps, the lesson's DQN every {CARTS * LOOK:,}. "
            "stable-baselines3 has the settings that its Zoo found; its evaluations are not "
            "counted, the lessons' own are.",
            ("Method", "Processor time", "Environment steps", "Solved"),
            rows,
        )
    ]
