"""The environments: gymnasium's own checker, the dynamics, the exact model, the picture."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from utils.course import ROOT
from utils.envs import CLIFF, FROZEN_LAKE, GridWorld, LaneKeeping, LaneKeepingVector

UP, RIGHT, DOWN, LEFT = range(4)
LAKE = {"rewards": {"G": 1.0}, "step_reward": 0.0, "slip": 2 / 3}
MAPS = {
    "small grid": GridWorld(),
    "cliff": GridWorld(CLIFF, rewards={"C": -100}),
    "frozen lake": GridWorld(FROZEN_LAKE, **LAKE),
    "walls and tiles": GridWorld("S.#N\n.b.X\n..CG", rewards={"b": 1, "N": 2, "C": -5}, slip=0.2),
}
# The colours of the pictures (Okabe and Ito's, told apart by colour-blind readers).
BLUE, GREEN, ORANGE, YELLOW = (0, 114, 178), (0, 158, 115), (213, 94, 0), (240, 228, 66)
every_map = pytest.mark.parametrize("grid", MAPS.values(), ids=MAPS)


# --- gymnasium's interface --------------------------------------------------------------------


@pytest.mark.parametrize("id", ["course/GridWorld-v0", "course/LaneKeeping-v0"])
def test_gymnasiums_checker_has_nothing_to_say(id):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(id).unwrapped)


@pytest.mark.parametrize(
    "options",
    [
        {"rows": CLIFF, "rewards": {"C": -100}, "time_limit": 5},
        {"rows": FROZEN_LAKE, **LAKE},
        {"rows": ("S.#", "bCX"), "slip": 0.5},
    ],
)
def test_the_checker_accepts_other_maps_too(options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make("course/GridWorld-v0", **options).unwrapped)


def test_the_vector_is_made_by_gymnasium_too():
    cars = gym.make_vec("course/LaneKeeping-v0", num_envs=3)
    assert isinstance(cars.unwrapped, LaneKeepingVector)
    seen, _ = cars.reset(seed=0)
    assert seen in cars.observation_space
    assert cars.unwrapped.metadata["autoreset_mode"] == AutoresetMode.DISABLED


def test_importing_is_light_and_registers_once():
    script = (
        "import importlib, sys, utils.envs; importlib.reload(utils.envs)\n"
        "print(*[m for m in ('torch', 'sklearn', 'matplotlib', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.split(), done.stderr) == ([], "")


# --- the grid world's model -------------------------------------------------------------------


@every_map
def test_probabilities_add_up_and_ends_keep_themselves(grid):
    count = len(grid.cells)
    assert grid.P.shape == (count, 4, count)
    assert grid.R.shape == (count, 4)
    assert grid.start.shape == grid.terminal.shape == (count,)
    np.testing.assert_allclose(grid.P.sum(axis=2), 1, atol=1e-12)
    assert (grid.P >= 0).all()
    assert grid.start.sum() == pytest.approx(1)
    assert not grid.start[grid.terminal].any()
    for state in np.flatnonzero(grid.terminal):
        assert (grid.P[state, :, state] == 1).all()
        assert (grid.R[state] == 0).all()


@pytest.mark.parametrize(
    ("grid", "id", "order"),
    [
        ("cliff", "CliffWalking-v1", [UP, RIGHT, DOWN, LEFT]),
        ("frozen lake", "FrozenLake-v1", [LEFT, DOWN, RIGHT, UP]),
    ],
)
def test_the_model_is_that_of_gymnasiums_environment(grid, id, order):
    grid, table = MAPS[grid], gym.make(id).unwrapped.P
    P, R = np.zeros_like(grid.P), np.zeros_like(grid.R)
    for state, actions in table.items():
        for theirs, outcomes in actions.items():
            for chance, after, reward, ends in outcomes:
                P[state, order[theirs], after] += chance
                R[state, order[theirs]] += chance * reward
                assert ends == grid.terminal[after]
    live = ~grid.terminal
    np.testing.assert_allclose(grid.P[live], P[live], atol=1e-12)
    np.testing.assert_allclose(grid.R[live], R[live], atol=1e-12)


def test_the_random_policy_on_the_small_grid_has_the_values_of_the_textbook():
    grid = MAPS["small grid"]
    live = ~grid.terminal
    P, R = grid.P.mean(axis=1)[np.ix_(live, live)], grid.R.mean(axis=1)[live]
    values = np.zeros(16)
    values[live] = np.linalg.solve(np.eye(14) - P, R)
    expected = [[0, -14, -20, -22], [-14, -18, -20, -20], [-20, -20, -18, -14], [-22, -20, -14, 0]]
    np.testing.assert_allclose(grid.picture(values), expected, atol=1e-9)


@every_map
def test_what_happens_is_what_the_model_says(grid):
    # Every action in every state, 600 times: within 4.5 standard errors, or 1.5 of 600.
    grid.reset(seed=3)
    for state in np.flatnonzero(~grid.terminal)[::3]:
        for action in range(4):
            counts, received = np.zeros(len(grid.cells)), []
            for _ in range(600):
                grid.reset(options={"state": int(state)})
                after, reward, terminated, truncated, _ = grid.step(action)
                counts[after] += 1
                received.append(reward)
                assert (terminated, truncated) == (grid.terminal[after], False)
            p = grid.P[state, action]
            room = 4.5 * np.sqrt(600 * p * (1 - p)) + 1.5 * (p > 0)
            assert (np.abs(counts - 600 * p) <= room).all()
            room = 0.1 * np.ptp(received)  # 0 where nothing is left to chance
            assert np.mean(received) == pytest.approx(grid.R[state, action], abs=room + 1e-9)


# --- moves on the grid ------------------------------------------------------------------------


def test_moves_and_walls():
    grid = GridWorld(("S#", ".."))
    assert grid.reset() == (0, {})
    assert [grid.step(a)[0] for a in (UP, LEFT, RIGHT)] == [0, 0, 0]  # edges and a wall
    assert [grid.step(a)[0] for a in (DOWN, RIGHT, UP)] == [1, 2, 2]
    assert grid.state_at(1, 0) == 1
    with pytest.raises(ValueError, match="no state"):
        grid.state_at(0, 1)
    np.testing.assert_array_equal(grid.picture([5, 6, 7]), [[5, np.nan], [6, 7]])


def test_the_cliff_puts_back_and_goes_on():
    grid = MAPS["cliff"]
    start, _ = grid.reset(seed=0)
    assert grid.step(RIGHT) == (start, -100.0, False, False, {})
    assert grid.step(UP)[:2] == (start - 12, -1.0)


def test_a_goal_terminates_and_nothing_happens_afterwards():
    grid = GridWorld(("SG",), rewards={"G": 7})
    grid.reset()
    assert grid.step(RIGHT) == (1, 7.0, True, False, {})
    assert grid.step(LEFT) == (1, 0.0, True, False, {})


def test_truncated_is_not_terminated():
    grid = GridWorld(("S.G",), time_limit=2)
    grid.reset()
    assert grid.step(LEFT)[2:4] == (False, False)
    assert grid.step(LEFT)[2:4] == (False, True)
    grid.reset()  # the count begins anew
    grid.step(RIGHT)
    assert grid.step(RIGHT)[2:4] == (True, False)  # reached in the last moment


def test_starts():
    several = GridWorld(("S.S", "..G"))
    several.reset(seed=1)
    assert {several.reset()[0] for _ in range(50)} == {0, 2}
    anywhere = GridWorld(("#.C", "..G"))
    anywhere.reset(seed=1)
    assert {anywhere.reset()[0] for _ in range(60)} == {0, 2, 3}  # not the cliff, not the goal
    assert anywhere.reset(options={"state": 1})[0] == 1


def test_the_same_seed_gives_the_same_episode():
    grid = MAPS["frozen lake"]

    def episode(seed):
        seen = [grid.reset(seed=seed)[0]]
        return seen + [grid.step(i % 4)[0] for i in range(30)]

    assert episode(5) == episode(5)
    assert len({tuple(episode(seed)) for seed in range(8)}) > 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rows": ("..", "...")}, "one length"),
        ({"rows": ()}, "one length"),
        ({"rows": ("",)}, "one length"),
        ({"rows": ("GX",)}, "begin"),
        ({"slip": 1.5}, "probability"),
    ],
)
def test_impossible_maps_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        GridWorld(**options)


def test_impossible_calls_are_refused():
    grid = GridWorld()
    with pytest.raises(gym.error.ResetNeeded):
        grid.step(UP)
    grid.reset()
    with pytest.raises(ValueError, match="action"):
        grid.step(4)
    with pytest.raises(ValueError, match="state 16"):
        grid.reset(options={"state": 16})


def test_the_picture_of_a_grid():
    grid = GridWorld(("S#b", "XCG"), rewards={"b": 1}, render_mode="rgb_array")
    grid.reset()
    image = grid.render()
    assert image.shape == (48, 72, 3)
    assert image.dtype == np.uint8
    assert tuple(image[12, 12]) == BLUE  # the agent
    assert tuple(image[12, 36]) == (70, 70, 70)
    assert tuple(image[12, 60]) == YELLOW
    assert tuple(image[26, 60]) == GREEN
    assert (image[24:48, :48] == ORANGE).all(axis=2).any()
    assert GridWorld().render() is None


# --- lane keeping -----------------------------------------------------------------------------


def keep_lane(seen):
    """Steering by hand: follow the bend, go back to the middle."""
    return (seen[:, 2] - 0.8 * seen[:, 0] - 2.0 * seen[:, 1])[:, None]


def drive(policy, cars=64, seed=0, **options):
    vector = LaneKeepingVector(cars, **options)
    seen, _ = vector.reset(seed=seed)
    totals, done = np.zeros(cars), np.zeros(cars, dtype=bool)
    while not done.all():
        seen, rewards, terminated, truncated, _ = vector.step(policy(seen))
        assert seen in vector.observation_space
        assert not (terminated & truncated).any()
        totals += rewards
        done = terminated | truncated
    return vector, totals


def test_steering_decides_how_long_a_car_stays_on_the_road():
    rng = np.random.default_rng(0)
    vector, totals = drive(keep_lane)
    assert (totals == 200).all()
    assert vector.truncated.all()
    assert not vector.terminated.any()
    for policy in (lambda seen: np.zeros(64), lambda seen: rng.uniform(-1, 1, 64)):
        vector, totals = drive(policy)
        assert 10 < totals.mean() < 60
        assert vector.terminated.mean() > 0.9
        assert (np.abs(vector.offset[vector.terminated]) > 2).all()
        assert (totals == vector.steps - vector.terminated).all()  # no reward for leaving


def test_the_time_limit_truncates():
    vector, totals = drive(keep_lane, cars=3, time_limit=17)
    assert totals.tolist() == [17, 17, 17]
    assert vector.truncated.all()


def test_each_car_does_what_a_single_one_does_with_its_seed():
    vector = LaneKeepingVector(5, time_limit=60)
    singles = [LaneKeeping(time_limit=60) for _ in range(5)]
    ours = vector.reset(seed=11)[0]
    theirs = np.stack([car.reset(seed=11 + i)[0] for i, car in enumerate(singles)])
    rng = np.random.default_rng(2)
    for _ in range(70):
        np.testing.assert_array_equal(ours, theirs)
        actions = keep_lane(ours) + rng.normal(scale=0.5, size=(5, 1))
        actions[:2] = 0.7  # two of them drive in a circle
        ours, *mine = vector.step(actions)
        steps = [car.step(action) for car, action in zip(singles, actions, strict=True)]
        theirs = np.stack([step[0] for step in steps])
        for i in range(3):
            np.testing.assert_array_equal(mine[i], [step[i + 1] for step in steps])
    assert vector.terminated.tolist() == [True, True, False, False, False]  # both ends were seen
    again = vector.reset(options={"reset_mask": vector.terminated.copy()})[0]
    for i in np.flatnonzero(vector.steps == 0):
        np.testing.assert_array_equal(again[i], singles[i].reset()[0])


def test_finished_cars_wait_until_they_are_reset():
    vector = LaneKeepingVector(2)
    seen, _ = vector.reset(seed=0)
    while not vector.terminated[0]:
        seen, *_ = vector.step(np.array([[1.0], [keep_lane(seen)[1, 0]]]))
    before = [vector.station[0], vector.offset[0], vector.steps[0]]
    _, rewards, terminated, _, _ = vector.step(np.zeros((2, 1)))
    assert rewards.tolist() == [0, 1]
    assert terminated.tolist() == [True, False]
    assert [vector.station[0], vector.offset[0], vector.steps[0]] == before
    steps = int(vector.steps[1])
    vector.reset(options={"reset_mask": np.array([True, False])})
    assert vector.steps.tolist() == [0, steps]
    assert not vector.terminated.any()


def test_what_was_returned_does_not_change_later():
    vector = LaneKeepingVector(2)
    vector.reset(seed=0)
    kept = vector.step([[1.0], [1.0]])
    copies = [part.copy() for part in kept[:4]]
    for _ in range(40):
        vector.step([[1.0], [1.0]])
    for part, copy in zip(kept, copies, strict=False):
        np.testing.assert_array_equal(part, copy)


def test_left_is_positive():
    vector = LaneKeepingVector(2)
    vector.reset(seed=0)
    vector.amplitude[:] = vector.offset[:] = vector.angle[:] = 0  # a straight road
    seen, *_ = vector.step([[0.5], [-0.5]])
    np.testing.assert_allclose(seen[:, 1], [0.05, -0.05], atol=1e-6)  # 1 m at 0.05 per metre
    np.testing.assert_allclose(vector.offset, np.sin([0.05, -0.05]), atol=1e-9)
    np.testing.assert_allclose(vector.station, 1.0)


def test_a_car_on_a_bend_follows_it_by_steering_its_curvature():
    vector = LaneKeepingVector(1)
    vector.reset(seed=0)
    vector.offset[:] = vector.angle[:] = 0
    for _ in range(100):
        vector.step(vector.curvature([0.0]) / vector.SHARPEST)
    assert abs(vector.offset[0]) < 1e-9
    assert vector.station[0] == pytest.approx(100)


def test_steering_beyond_the_stop_is_the_stop():
    vector = LaneKeepingVector(2)
    vector.reset(seed=4)
    for array in (vector.amplitude, vector.phase, vector.offset, vector.angle):
        array[1] = array[0]
    seen, *_ = vector.step([[1.0], [99.0]])
    np.testing.assert_array_equal(seen[0], seen[1])


def test_seeds_of_the_cars():
    first, second = LaneKeepingVector(3), LaneKeepingVector(3)
    np.testing.assert_array_equal(first.reset(seed=7)[0], second.reset(seed=[7, 8, 9])[0])
    np.testing.assert_array_equal(first.reset()[0], second.reset()[0])  # and on from there
    assert len(np.unique(first.reset()[0], axis=0)) == 3


def test_impossible_cars_are_refused():
    with pytest.raises(ValueError, match="at least"):
        LaneKeepingVector(0)
    vector = LaneKeepingVector(2)
    with pytest.raises(gym.error.ResetNeeded):
        vector.step([[0], [0]])
    vector.reset()
    with pytest.raises(ValueError, match="finite"):
        vector.step([[0], [np.nan]])
    with pytest.raises(ValueError, match="reset_mask"):
        vector.reset(options={"reset_mask": [True]})


def test_the_view_from_above():
    car = LaneKeeping(render_mode="rgb_array")
    car.reset(seed=0)
    image = car.render()
    assert image.shape == (96, 96, 3)
    assert image.dtype == np.uint8
    assert tuple(image[72, 48]) == BLUE  # the car, and road to both sides of it
    assert tuple(image[72, 5]) == tuple(image[72, 90]) == (90, 130, 80)
    assert LaneKeeping().render() is None
    car.car.offset[:], car.car.angle[:] = 1.5, 0.0  # far to the left: most road is on the right
    green = (car.render()[72] == (90, 130, 80)).all(axis=1)
    assert green[:48].sum() > green[48:].sum()
    cars = LaneKeepingVector(2, render_mode="rgb_array")
    cars.reset(seed=0)
    assert [one.shape for one in cars.render()] == [(96, 96, 3)] * 2
