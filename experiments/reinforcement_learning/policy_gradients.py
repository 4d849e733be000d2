"""What the passes and the clip of PPO are worth, for the lesson on policy gradients."""

from experiments import experiment, lesson_code

AGENTS = 8


@experiment(
    seeds=range(5),
    by=("steps", "passes", "clip"),
    tolerance={"score": 250.0},
)
def passes_and_clip(seed):
    """One row an agent: its mean return on 20 episodes of CartPole after a short training."""
    lesson = lesson_code("reinforcement_learning/policy_gradients", seed)
    rows = []
    for steps, passes, clip in (
        (5_120, 1, 0.2),
        (5_120, 20, 0.2),
        (12_000, 20, 0.2),
        (12_000, 20, 1e9),
    ):
        for agent in range(AGENTS):
            actor, *_ = lesson.ppo(1_000 * seed + agent, passes=passes, clip=clip, most=steps)
            row = {"steps": steps, "passes": passes, "clip": "yes" if clip < 1 else "no"}
            row |= {"agent": agent, "score": float(lesson.score_of(actor, 80_000 + agent))}
            rows.append(row)
    return rows
