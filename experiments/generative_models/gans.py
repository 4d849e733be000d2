"""Six rivals on the ring of eight towns, for the lesson on generative adversarial networks."""

from scipy import stats

from experiments import experiment, lesson_code


@experiment(
    seeds=range(5),
    by=("rival",),
    tolerance={"towns": 2.5, "good": 0.2},
)
def eight_towns(seed):
    """One row a game: towns served halfway and at the end, and what the losses say of quality."""
    lesson = lesson_code("generative_models/gans", seed)
    rows = []
    for rival, setting in lesson.six_rivals().items():
        _, diary = lesson.compete(*setting)
        for game in range(lesson.GAMES):
            served, good, loss, marks = diary[:, :, game].T.numpy()  # twenty notes of each
            row = {"rival": rival, "game": game}
            row |= {"towns_halfway": int(served[9]), "towns": int(served[-1])}
            row |= {"good": round(float(good[-1]), 3)}
            row["loss_and_good"] = round(stats.spearmanr(loss, good).statistic, 3)
            row["marks_and_good"] = round(stats.spearmanr(marks, good).statistic, 3)
            rows.append(row)
    return rows


@experiment(seeds=[0], by=("rival",), tolerance={"distance": 0.4})
def ring_drawings(seed):
    """250 drawings of the first game of each rival, with their distance to the nearest town."""
    lesson = lesson_code("generative_models/gans", seed)
    rows = []
    for rival, setting in lesson.six_rivals().items():
        drawn, _ = lesson.compete(*setting)
        for point in drawn[0, :250]:
            distance = (point - lesson.centres).norm(dim=1).min().item()
            x, y = point.tolist()
            rows.append(
                {"rival": rival, "x": round(x, 3), "y": round(y, 3), "distance": round(distance, 3)}
            )
    return rows
